"""What people write in pack.yaml, in a block of a phrase file and in languages/*.yaml, checked key
by key.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from parsers.marketplaces import ELSE
from parsers.notice import CURRENCIES, NAMES, FieldValue, Kind, Role, field_from_json
from parsers.user_yaml import did_you_mean


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {name!r}; write one such as Asia/Tokyo") from None
    return name


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError(f"no currency {code!r}; write one such as JPY (ISO 4217)")
    return code


class Storefront(_Written):
    """What a sending domain tells about the shop behind it."""

    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    """Whose holidays and rules count for its orders (ISO 3166-1 alpha-2)."""
    zone: Annotated[str, AfterValidator(_zone)] | None = None
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    """What a bare $ means."""
    numeric: Literal["dmy", "mdy", "ymd"] | None = None
    language: str | None = None
    """What a mail is in whose words several languages share (ISO 639-1)."""


class Senders(_Written):
    """Local parts by what they send; `local@host` or a bare host are possible too."""

    transactional: tuple[str, ...] = ()
    shipping: tuple[str, ...] = ()
    """Addresses that tell of parcels alone."""
    seller: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    """Hosts through which the other side's own words come."""
    noise: tuple[str, ...] = ()


class Coded(_Written):
    """What a code stands for: a kind, or a map that says more."""

    kind: str
    also: tuple[str, ...] = ()
    """Kinds that a phrase of such a mail may say instead: a request that is granted at once."""
    role: Role | None = None
    proof: Literal["real", "reconstructed"] = "reconstructed"
    set: dict[str, Any] = Field(default_factory=dict)
    """Fields that hold whenever no phrase says otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("kind", "also")
    @classmethod
    def _known(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        known = [kind.value for kind in Kind]
        for kind in (value,) if isinstance(value, str) else value:
            if kind not in known:
                raise ValueError(f"{kind!r} is no kind{did_you_mean(kind, known)}")
        return value

    @field_validator("set")
    @classmethod
    def _fields(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, one in value.items():
            field_from_json(name, one)
        return value

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(map(Kind, (self.kind, *self.also)))

    @property
    def fixed(self) -> dict[str, FieldValue]:
        return {NAMES.get(name, name): field_from_json(name, one) for name, one in self.set.items()}


class Digits(_Written):
    """How order numbers of nothing but digits resemble one another."""

    whole: Annotated[int, Field(ge=8, le=40)]
    """So many, or more, in a number from which none is missing; links were seen without the
    first.
    """
    lines: bool = False
    """Whether the lines of an order bear numbers some 10,000 steps above it."""
    era: Annotated[int, Field(ge=0, le=20)] = 0
    """First ones that tell when it was placed, and not which order it is."""
    person: Annotated[int, Field(ge=0, le=20)] = 0
    """Last ones that tell who placed it."""


class Spoken(_Written):
    """A text for people; where it lacks their language, in English."""

    en: str
    ja: str = ""

    def words(self, language: str) -> str:
        return (self.ja if language == "ja" else "") or self.en


class Appeal(_Written):
    """How a person appeals a result there, in a chat."""

    lead: Spoken
    """What to have ready, and why."""
    steps: Spoken
    """The way to whoever takes it."""


MAX_RUN, MAX_RUNS = 40, 2
"""Digits in a run of a shape, and runs in a shape: several can share a long number in many ways."""
SHAPE = re.compile(r"(?:#\*[0-9]{1,4}+(?:-[0-9]{1,4}+)?+|[#@A-Za-z0-9./_-]){1,40}+")
RUN = re.compile(r"#\*([0-9]+)(?:-([0-9]+))?")
NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")


def _shape(text: str) -> str:
    if not SHAPE.fullmatch(text):
        raise ValueError(
            f"{text!r} is no shape of a number: # is a digit, @ a capital letter, #*6-8 a run of"
            " six to eight digits; letters, digits and - . / _ stand for themselves"
        )
    if len(RUN.findall(text)) > MAX_RUNS:
        raise ValueError(
            f"{text!r} has more than {MAX_RUNS} runs, which takes too long to look for; write out"
            " the digits of one: ####"
        )
    for low, high in RUN.findall(text):
        _check_run(low, high, text)
    return text


def _check_run(low: str, high: str, text: str) -> None:
    if not 1 <= int(low) <= int(high or low) <= MAX_RUN:
        raise ValueError(
            f"a run of {low}{high and '-' + high} digits in {text!r}; write 1 to {MAX_RUN},"
            " the smaller number first"
        )


Shapes = tuple[Annotated[str, AfterValidator(_shape)], ...]


def _page(text: str) -> str:
    rest = text.replace("{order}", "").replace("{store}", "")
    if not text.startswith("https://") or "{order}" not in text or re.search(r"[{}\s]", rest):
        raise ValueError(
            f"{text!r} is no page of an order; write https://… with {{order}} where the number"
            " stands, and {store} where the store's domain stands"
        )
    return text


Page = Annotated[str, AfterValidator(_page)]


class Pages(_Written):
    """The page of an order, for its buyer and its seller."""

    order: Page
    sale: Page | None = None


class PackFile(_Written):
    """What stands in pack.yaml."""

    marketplace: str
    """As commands, rules and JSON name it."""
    name: str = ""
    """As people write it; left out, as `marketplace`."""
    contact: Spoken | None = None
    """How to reach its support."""
    pages: Pages | None = None
    appeal: Appeal | None = None
    charges: Literal["placed", "shipped"] = "shipped"
    """When the buyer's money is taken, where no mail says so."""
    digits: Digits | None = None
    aliases: tuple[str, ...] = ()
    """Beginnings of hosts through which a person writes under an address that stays the same."""
    example: str = ""
    """An order number, for those who are asked for one."""
    stores: dict[str, Storefront]
    """Domains that send its mail, exactly; each also with every prefix of `hosts`."""
    hosts: tuple[str, ...] = ()
    brand: tuple[str, ...]
    """Words by which a stranger would claim to be this marketplace."""
    beside: tuple[str, ...] = ()
    """Words that go with the brand in a claimed name: support, orders."""
    strangers: tuple[str, ...] = ()
    """Domains that hold the brand's name and are somebody else, honestly."""
    senders: Senders
    kinds: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """The ceiling of a group of senders: the kinds it may speak of, `shipment.*` for a whole
    family. A group that is not listed has none.
    """
    ids: dict[str, str] = Field(default_factory=dict)
    """X-Marketplace-ID -> store."""
    prefixes: dict[str, str] = Field(default_factory=dict)
    """First digits of an order number -> store."""
    order: Shapes
    """Shapes of order numbers: # is a digit, @ a capital letter, `#*14-19` a run of 14 to 19
    digits.
    """
    package: Shapes = ()
    order_alone: bool = False
    """Whether an order number is known by its shape alone, without a label."""
    one_parcel: bool = False
    """Whether several numbers in one shipment mail are one parcel (else one notice each)."""
    links: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """order, tracking, package, case, code: the link parameters that carry them."""
    code_headers: tuple[str, ...] = ()
    """Fields of the header that name what a mail is; links say it again."""
    codes: dict[str, Coded] = Field(default_factory=dict)
    """Code -> the kind that it names. A code that is not listed is told as such."""

    @field_validator("marketplace")
    @classmethod
    def _plain(cls, value: str) -> str:
        if not NAME.fullmatch(value) or value == ELSE:
            raise ValueError(f"{value!r} is no name of a marketplace; write it small: minatoya")
        return value

    @field_validator("kinds")
    @classmethod
    def _ceilings(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for group, patterns in value.items():
            if group not in Senders.model_fields:
                hint = did_you_mean(group, Senders.model_fields)
                raise ValueError(f"{group!r} is no group of senders{hint}")
            for pattern in patterns:
                if not any(fnmatchcase(kind.value, pattern) for kind in Kind):
                    hint = did_you_mean(pattern, [kind.value for kind in Kind])
                    raise ValueError(f"{pattern!r} is no kind{hint}")
        return value

    @model_validator(mode="after")
    def _stores(self) -> Self:
        for table in (self.ids, self.prefixes):
            for store in table.values():
                if store not in self.stores:
                    raise ValueError(
                        f"{store!r} is none of the stores{did_you_mean(store, self.stores)}"
                    )
        return self

    def allows(self, group: str | None, kind: Kind) -> bool:
        """Whether senders of this group may speak of this kind."""
        patterns = self.kinds.get(group or "")
        return patterns is None or any(fnmatchcase(kind.value, one) for one in patterns)


class PhraseBlock(_Written):
    proof: Literal["real", "reconstructed"] = "reconstructed"
    role: Role | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    vague: bool = False
    subject: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    sentence: tuple[str, ...] = ()
    """Words in order within one sentence that is stated as fact."""
    under: tuple[str, ...] = ()
    """Words of the subject or of a line above, without which its sentences say nothing."""


FAMILIES = (
    *("placed", "paid", "charged", "held", "cancelled", "requested", "approved", "refused"),
    *("shipped", "in_transit", "delayed", "attempted", "ready", "delivered", "lost", "failed"),
    *("returned", "received", "refunded", "opened", "judged", "closed", "withdrawn", "expired"),
    *("restricted", "messaged", "proposed", "changed", "released"),
)
"""What a predicate of a marketplace's mail can say of its subject. A language need not tell finer
than its words do: one word may stand in two families.
"""


class Predicate(_Written):
    """The words of one family, by where they say something and are no part of an item's title.

    A closing * stands for the rest of a word: `anulowan*`. Case and kind of quotes do not count.
    """

    verbs: tuple[str, ...] = ()
    """Say it wherever they stand: `could not be delivered`, `anulowano`, `キャンセルされました`."""
    participles: tuple[str, ...] = ()
    """Say it behind an auxiliary, behind a dash, colon or quote, and at the end."""
    adjectives: tuple[str, ...] = ()
    """As participles, but titles end with them too (`toe closed`): not at a bare end."""
    nouns: tuple[str, ...] = ()
    """Say it as a heading (`Cancellation: …`), behind a dash at the end, behind a possessive."""


TOPICS = (
    *("dispute", "refund", "return", "cancel", "claim", "chargeback", "payment"),
    *("parcel", "pickup", "customs", "account", "fee", "message"),
)
"""What a mail can be about when no phrase fits it; the closed list of `read --json`."""


class Cues(_Written):
    """Words beside which a date or a span of time is a deadline, or is none."""

    by: tuple[str, ...] = ()
    """Stand before the date: by, until, no later than."""
    after: tuple[str, ...] = ()
    """Stand behind the date: までに."""
    labels: tuple[str, ...] = ()
    """Name a deadline whose date follows somewhere in the line or on the next: respond by."""
    within: tuple[str, ...] = ()
    """Stand before a span: within three days."""
    left: tuple[str, ...] = ()
    """Stand behind a span: 3日以内, three days left."""
    yours: tuple[str, ...] = ()
    """Say that the span is the reader's: you have three days."""
    elsewhere: tuple[str, ...] = ()
    """Say, beside a span, that it is not counted from the mail: after, from."""
    here: tuple[str, ...] = ()
    """Say that it is after all: after this notice."""
    acts: tuple[str, ...] = ()
    """What a reader can be asked to do."""
    arrivals: tuple[str, ...] = ()
    """Make a date one of arrival, unless the sentence also asks for an act."""
    promises: tuple[str, ...] = ()
    """Behind the date, in the same clause: what will be done for the reader."""
    others: tuple[str, ...] = ()
    """Before the date: somebody else's time, or a date of the past: the seller has until."""
    adverts: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    """May stand between a cue and its date: on, the end of."""


class Units(_Written):
    days: tuple[str, ...] = ()
    business_days: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    weeks: tuple[str, ...] = ()


class GistFile(_Written):
    """What lets a mail that fits no phrase still say what it is about, and until when."""

    cues: Cues = Field(default_factory=Cues)
    numbers: dict[str, int] = Field(default_factory=dict)
    """Numbers as words: three: 3."""
    units: Units = Field(default_factory=Units)
    topics: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Topic (`TOPICS`) -> words of the field."""

    @field_validator("topics")
    @classmethod
    def _known_topics(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for topic in value:
            if topic not in TOPICS:
                hint = did_you_mean(topic, TOPICS) or f"; known: {', '.join(TOPICS)}"
                raise ValueError(f"{topic!r} is no topic{hint}")
        return value


class LanguageFile(_Written):
    """What stands in languages/<language>.yaml. A user's file adds to the shipped one."""

    months: dict[str, int] = Field(default_factory=dict)
    weekdays: dict[str, int] = Field(default_factory=dict)
    relative: dict[str, int] = Field(default_factory=dict)
    numeric: Literal["dmy", "mdy", "ymd", "unclear"] = "unclear"
    forward: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Header words of forwarded mails: from, date, subject, to."""
    predicates: dict[str, Predicate] = Field(default_factory=dict)
    """Family (`FAMILIES`) -> its words."""
    auxiliaries: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    """What makes a noun of a participle behind it: The Returned."""
    possessives: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    futures: tuple[str, ...] = ()
    """What is to come, may come or is wished for."""
    questions: tuple[str, ...] = ()
    """What asks without a question mark."""
    finite: tuple[str, ...] = ()
    """Written small behind an item's title, they make a sentence of it: was, will be, soon."""
    reports: tuple[str, ...] = ()
    """Make a sentence somebody else's, or an example: the seller claims, for example."""
    retractions: tuple[str, ...] = ()
    """Take back what a mail said: sent in error, is not true."""
    formulas: tuple[str, ...] = ()
    """Hold a word of the lists above and mean nothing by it: not only, no later than."""
    clause_opens: tuple[str, ...] = ()
    """Begin a clause under another, which ends at a comma: because, `, who`."""
    clause_ends: tuple[str, ...] = ()
    """End a clause under another, which began before them: ため、"""
    abbreviations: tuple[str, ...] = ()
    """Their full stop ends no sentence."""
    goods: tuple[str, ...] = ()
    """What a mail is about: order, parcel, refund. A sentence without any of them is about
    something else.
    """
    gist: GistFile = Field(default_factory=GistFile)

    @field_validator("predicates")
    @classmethod
    def _families(cls, value: dict[str, Predicate]) -> dict[str, Predicate]:
        for family in value:
            if family not in FAMILIES:
                hint = did_you_mean(family, FAMILIES) or f"; known: {', '.join(FAMILIES)}"
                raise ValueError(f"{family!r} is no family of predicates{hint}")
        return value

    def over(self, older: "LanguageFile") -> "LanguageFile":
        """This file laid over an older one of the same language: what it says is added."""
        told = _added(older.model_dump(), self.model_dump(exclude_unset=True))
        return LanguageFile.model_validate(told)


def _added(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        both = {key: _added(old[key], new[key]) for key in old.keys() & new.keys()}
        return {**old, **new, **both}
    if isinstance(old, tuple) and isinstance(new, tuple):
        return tuple(dict.fromkeys((*old, *new)))
    return new
