"""Which words of a mail say what it is: subjects, headlines, labels, and the one that leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parsers.body import Page
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


def recognise(page: Page, home: str | None) -> Recognised | None:
    """What the page's phrases say; None when no phrase fits. `home`: the store's own language."""
    headlines = page.headlines
    subjects = _in_one_language(page, headlines, home)
    lead = _lead(subjects, [hit for _, hit in headlines]) or _verdict(page)
    return None if lead is None else Recognised(lead=lead, subjects=subjects, headlines=headlines)


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
