"""Which words of a mail say what it is: subjects, headlines, labels, and the one that leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parsers.body import HEAD, Page
from parsers.codes import MailCode
from parsers.labels import Fact
from parsers.notice import Evidence, Kind, Proof
from parsers.phrase import Hit, Phrase
from parsers.template import Template

DISPUTE_KINDS = frozenset(kind for kind in Kind if kind.value.startswith("dispute.")) - {
    Kind.DISPUTE_CLOSED
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """The phrases met in a mail or in a part of it; `lead` settles the kind."""

    lead: Hit[Template]
    subjects: tuple[Hit[Template], ...]
    headlines: tuple[tuple[int, Hit[Template]], ...]
    code: MailCode | None = None
    """What the mail calls itself, where that is known and bears the lead out."""

    @property
    def kind(self) -> Kind:
        return self.lead.value.kind

    @property
    def news(self) -> tuple[tuple[int, Hit[Template]], ...]:
        """The headlines that say a kind by themselves."""
        return tuple(
            (place, hit)
            for place, hit in self.headlines
            if hit.value.where == "headline" and not hit.value.vague
        )

    @property
    def sure(self) -> bool:
        """Whether the subject says what the mail is."""
        return any(not hit.value.vague for hit in self.subjects)

    def agreeing(self) -> list[tuple[int, Hit[Template]]]:
        """Phrases that say the same kind: the fullest of the subject's (-1), then headlines in
        their order.

        What one leaves unknown a later one may settle; nothing else is overruled.
        """
        titles = [hit for hit in self.subjects if hit.value.kind is self.kind]
        return [(-1, hit) for hit in titles[-1:]] + [
            (place, hit) for place, hit in self.headlines if hit.value.kind is self.kind
        ]

    def judged(self, facts: Sequence[Fact]) -> "Recognised":
        """A verdict with its label in a dispute mail is the news, whatever the title says."""
        if self.kind not in DISPUTE_KINDS or all(fact.name != "judgement" for fact in facts):
            return self
        template = replace(self.lead.value, kind=Kind.DISPUTE_JUDGED, fixed={})
        return replace(self, lead=replace(self.lead, value=template))


def recognise(page: Page) -> Recognised | None:
    """What the page's code and phrases say; None when neither says anything, or one against the
    other.
    """
    headlines = page.headlines
    subjects = _in_one_language(page, headlines, page.home)
    lead = _lead(subjects, [hit for _, hit in headlines]) or _verdict(page)
    said = Recognised(lead=lead, subjects=subjects, headlines=headlines) if lead else None
    code = page.own_code
    if code is None or not code.kinds or not all(map(page.allows, code.kinds)):
        return said
    return _coded(page, code, said)


def _coded(page: Page, code: MailCode, said: Recognised | None) -> Recognised | None:
    """What a mail says whose code is known: the code names the kind, its words tell the rest. A
    guess or a title that settles nothing gives way to it.
    """
    kinds = code.kinds
    if said is not None and said.kind not in kinds and _settles(said.lead.value):
        words = f"its code {code.name} says {kinds[0].value}, and its words {said.kind.value}"
        page.refuse(page.subject, said.lead.phrase, said.kind, words)
        page.contradiction = words
        return None
    own = said.lead if said is not None and said.kind in kinds else None
    subjects = said.subjects if said else ()
    headlines = said.headlines if said else ()
    return Recognised(
        lead=_by_code(page, code, own),
        subjects=tuple(hit for hit in subjects if hit.value.kind in kinds),
        headlines=tuple(one for one in headlines if one[1].value.kind in kinds),
        code=code,
    )


def _settles(template: Template) -> bool:
    """Whether a phrase says its kind by itself, and somebody has seen it."""
    return not template.vague and template.proof is not Proof.GUESS


def _by_code(page: Page, code: MailCode, own: Hit[Template] | None) -> Hit[Template]:
    """The phrase that says what the code names, borne out by it; else the code by itself."""
    assert code.means is not None  # noqa: S101 - it has kinds
    role, proof = code.means.role, Proof(code.means.proof)
    if own is not None:
        known = min(own.value.proof, proof, key=list(Proof).index)
        return replace(own, value=replace(own.value, role=own.value.role or role, proof=known))
    template = Template(
        kind=code.kinds[0],
        language=_spoken(page),
        proof=proof,
        role=role,
        fixed={},
        vague=False,
        where="code",
    )
    return Hit(Phrase(code.name, (), (), code.source), {}, template)


def _spoken(page: Page) -> str:
    """The language most of whose labels and verbs the page shows: no phrase tells it."""

    def weight(code: str) -> tuple[int, bool]:
        clauses = page.pack.clauses.get(code)
        lines = (page.subject, *page.text.lines[:HEAD])
        said = sum(bool(clauses.families(line)) for line in lines) if clauses else 0
        return len(page.facts((code,))) + said, code == (page.home or "en")

    return max(sorted(page.pack.languages), key=weight, default="en")


def _verdict(page: Page) -> Hit[Template] | None:
    """The label of a judgement says what a mail is, where nothing else does."""
    if not page.allows(Kind.DISPUTE_JUDGED):
        return None
    for code in sorted(
        page.pack.judging, key=lambda code: (code not in page.scripts, code != "en")
    ):
        for fact in page.facts((code,)):
            if fact.name == "judgement":
                template = Template(
                    kind=Kind.DISPUTE_JUDGED,
                    language=code,
                    proof=Proof.RECONSTRUCTED,
                    role=None,
                    fixed={},
                    vague=False,
                    where="label",
                )
                proof = fact.evidence
                return Hit(Phrase(proof.phrase, (), (), proof.source), {}, template)
    return None


def of_phrase(page: Page, place: int, hit: Hit[Template]) -> Evidence:
    """The line that is this phrase: the subject for place -1."""
    return Evidence(
        where="subject" if place < 0 else "headline",
        phrase=hit.phrase.written,
        line=page.subject if place < 0 else page.lines.printed[place],
        source=hit.phrase.source,
    )


def _in_one_language(
    page: Page, headlines: Sequence[tuple[int, Hit[Template]]], home: str | None
) -> tuple[Hit[Template], ...]:
    """Subjects that two languages share (`Pedido …: pedido confirmado`), in the one the rest of the
    mail speaks.
    """
    subjects = page.subjects
    codes = dict.fromkeys(hit.value.language for hit in subjects)
    if len(codes) < 2 or len({hit.value.kind for hit in subjects}) > 1:
        return subjects
    spoken = {
        code: (
            len(page.facts((code,))) + sum(hit.value.language == code for _, hit in headlines),
            code == home,
        )
        for code in codes
    }
    most = max(spoken.values())
    return tuple(hit for hit in subjects if spoken[hit.value.language] == most)


def _lead(
    subjects: Sequence[Hit[Template]], headlines: Sequence[Hit[Template]]
) -> Hit[Template] | None:
    """The phrase that settles the kind: the subject's, unless it is vague and a headline or a
    sentence of the body says more.
    """
    sure = [hit for hit in subjects if not hit.value.vague]
    if sure:
        backed = {hit.value.kind for hit in headlines}
        return max(
            sure,
            key=lambda hit: (
                hit.value.kind in backed,
                hit.value.proof is not Proof.GUESS,
                hit.phrase.own,
            ),
        )
    plain = [hit for hit in headlines if not hit.value.vague]
    plain = [hit for hit in plain if hit.value.where == "headline"] or plain
    if plain:
        return next((hit for hit in plain if hit.value.kind is Kind.DISPUTE_JUDGED), plain[0])
    return max([*headlines, *subjects], key=lambda hit: hit.phrase.own, default=None)
