"""What people write in pack.yaml, in a block of a phrase file and in languages/*.yaml, checked key
by key.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from parsers.notice import Role


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Storefront(_Written):
    """What a sending domain tells about the shop behind it."""

    zone: str | None = None
    currency: str | None = None
    """What a bare $ means."""
    numeric: Literal["dmy", "mdy", "ymd"] | None = None
    language: str | None = None
    """What a mail is in whose words several languages share (ISO 639-1)."""


class Senders(_Written):
    """Local parts by what they send; `local@host` or a bare host are possible too."""

    transactional: tuple[str, ...] = ()
    seller: tuple[str, ...] = ()
    message: tuple[str, ...] = ()
    """Hosts through which the other side's own words come."""
    noise: tuple[str, ...] = ()


class PackFile(_Written):
    """What stands in pack.yaml."""

    marketplace: str
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
    order: tuple[str, ...]
    """Shapes of order numbers: # is a digit, @ a capital letter, `#*14-19` a run of 14 to 19
    digits.
    """
    package: tuple[str, ...] = ()
    order_alone: bool = False
    """Whether an order number is known by its shape alone, without a label."""
    one_parcel: bool = False
    """Whether several numbers in one shipment mail are one parcel (else one notice each)."""
    links: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """order, tracking, package, case: the link parameters that carry them."""


class PhraseBlock(_Written):
    proof: Literal["real", "reconstructed"] = "reconstructed"
    role: Role | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    vague: bool = False
    subject: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()


class LanguageFile(_Written):
    """What stands in languages/<language>.yaml."""

    months: dict[str, int] = Field(default_factory=dict)
    weekdays: dict[str, int] = Field(default_factory=dict)
    relative: dict[str, int] = Field(default_factory=dict)
    numeric: Literal["dmy", "mdy", "ymd", "unclear"] = "unclear"
    forward: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Header words of forwarded mails: from, date, subject, to."""
