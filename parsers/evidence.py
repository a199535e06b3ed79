"""Which words of a mail say what it is: subjects, headlines, hooks, and the one that leads."""

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
    headlines = (*page.headlines, *_told(page))
    subjects = _in_one_language(page, headlines, home)
    lead = _lead(subjects, [hit for _, hit in headlines])
    return None if lead is None else Recognised(lead=lead, subjects=subjects, headlines=headlines)


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


def _told(page: Page) -> tuple[tuple[int, Hit[Template]], ...]:
    """What a hook of the pack makes of the lines, filed like a headline."""
    hooks = page.pack.hooks
    if hooks is None or not hasattr(hooks, "tell"):
        return ()
    told = hooks.tell(page.subject, page.text.lines)
    if told is None:
        return ()
    place, kind, language, fields = told
    template = Template(
        kind=Kind(kind),
        language=language,
        proof=Proof.RECONSTRUCTED,
        role=None,
        fixed=fields,
        vague=False,
        where="hook",
    )
    source = f"packs/{page.pack.marketplace}/hooks.py:{hooks.tell.__code__.co_firstlineno}"
    return ((place, Hit(Phrase("", (page.lines.folded[place],), (), source), {}, template)),)


def _lead(
    subjects: Sequence[Hit[Template]], headlines: Sequence[Hit[Template]]
) -> Hit[Template] | None:
    """The phrase that settles the kind: the subject's, unless it is vague and a headline says
    more.
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
    if plain:
        return next((hit for hit in plain if hit.value.kind is Kind.DISPUTE_JUDGED), plain[0])
    return max([*headlines, *subjects], key=lambda hit: hit.phrase.own, default=None)
