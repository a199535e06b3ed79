"""The configuration as its user writes it: one YAML file, checked at once, secrets kept
elsewhere.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import time, timedelta, tzinfo
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from daemon import bounds
from orders.deadlines.policy import check_overrides
from parsers.amount import amount, currency_code
from parsers.frame import Frame
from parsers.notice import Money
from parsers.relays import known_domains, relay_of
from parsers.user_yaml import (
    Fault,
    UserFileError,
    check,
    clock,
    did_you_mean,
    duration,
    duration_text,
    read,
)
from rules.alert import Severity
from rules.fields import ABOUTS
from rules.matchers import compile_when
from rules.quiet import QuietWish, quiet_form, wish_of
from rules.routes import Route

ABBREVIATIONS = {
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "HKT": "Asia/Hong_Kong",
    "SGT": "Asia/Singapore",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "EDT": "America/New_York",
    "CDT": "America/Chicago",
    "MDT": "America/Denver",
    "BST": "Europe/London",
    "CEST": "Europe/Berlin",
    "EEST": "Europe/Helsinki",
    "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney",
}
"""Names people give their zone that are no zone of the tz database."""


def zone(name: object) -> ZoneInfo:
    """The time zone called so. Raises ValueError with a suggestion."""
    if isinstance(name, ZoneInfo):
        return name
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no time zone {bounds.shown(name)}{_zone_meant(str(name))}") from None


def _zone_meant(name: str) -> str:
    """What somebody means who writes a zone's abbreviation, or the city alone."""
    if meant := ABBREVIATIONS.get(name.upper()):
        return f"; did you mean {meant!r}?"
    short, zones = name[: bounds.SHOWN], available_timezones()
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(zones) if "/" in zone}
    near = get_close_matches(short.casefold().replace(" ", "_"), cities, n=1, cutoff=0.75)
    if near and "/" not in short:
        return f"; did you mean {cities[near[0]]!r}?"
    return did_you_mean(short, zones) or "; write one such as Asia/Tokyo or Europe/Berlin"


def zone_here() -> str:
    """This machine's zone by name, UTC when it has none."""
    named = os.environ.get("TZ", "").lstrip(":")
    link = os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    for name in (named, link):
        try:
            return ZoneInfo(name).key if name else "UTC"
        except (ValueError, OSError, KeyError):
            continue
    return "UTC"


def _amount(value: object) -> Money:
    return value if isinstance(value, Money) else amount(bounds.text(str(value)))


def _identifier(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", text):
        raise ValueError("an id is letters, digits, '-', '_' and '.', such as main or iphone")
    return text


def _listen(text: str) -> str:
    kind, _, path = text.partition("unix:")
    if not kind and path.startswith("/") and len(path) <= SOCKET_PATH:
        return text
    host, _, port = text.rpartition(":")
    if not (port.isdigit() and 0 <= int(port) <= 65535 and host):
        raise ValueError('expected "127.0.0.1:8470" or "unix:/run/orderbell/page.sock"')
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        if host != "localhost":
            raise ValueError(f"{host!r} is no address; write 127.0.0.1, [::1] or 0.0.0.0") from None
    return text


def _network(text: str) -> str:
    if text != "unix":
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            raise ValueError(f"{error}; write 127.0.0.1, 10.0.0.0/24 or unix") from None
    return text


def _endpoint(text: str) -> str:
    try:
        parts = urlsplit(bounds.line(text))
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username:
        raise ValueError("expected an address such as http://127.0.0.1:11434/v1")
    return text


SPAN, CLOCK = r"^(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?$", r"^\d{1,2}:\d{2}$"
WRITTEN: dict[str, Callable[[str], str]] = {
    SPAN: lambda iso: duration_text(TypeAdapter(timedelta).validate_python(iso)),
    CLOCK: lambda iso: iso[:5],
}
"""Defaults as people write them, where pydantic's schema has ISO 8601."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SOCKET_PATH = 100
"""Characters of a Unix socket's path; the kernel takes 107 bytes."""
METRICS_BEGIN = b"# HELP orderbell_"
"""How a file of ours for node_exporter begins."""
MOST_MAILBOXES = 1000
MOST_TARGETS = 200
MOST = 500
"""Entries of any other list or map."""

Duration = Annotated[
    timedelta,
    BeforeValidator(duration),
    PlainSerializer(duration_text),
    WithJsonSchema({"type": "string", "pattern": SPAN, "examples": ["5m", "90d"]}),
]
Zone = Annotated[
    ZoneInfo,
    BeforeValidator(zone),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["Asia/Tokyo", "Europe/Berlin"]}),
]
Clock = Annotated[
    time,
    BeforeValidator(clock),
    PlainSerializer(lambda clock: f"{clock:%H:%M}"),
    WithJsonSchema({"type": "string", "pattern": CLOCK, "examples": ["22:30"]}),
]
Amount = Annotated[
    Money,
    BeforeValidator(_amount),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["500 JPY", "26.12 USD"]}),
]
Identifier = Annotated[str, AfterValidator(_identifier)]
Currency = Annotated[str, AfterValidator(currency_code)]
Whole = Annotated[int, BeforeValidator(bounds.whole_number)]
Text = Annotated[str, AfterValidator(bounds.text)]
Line = Annotated[str, AfterValidator(bounds.line)]
Host = Annotated[str, AfterValidator(bounds.host)]
Listen = Annotated[str, AfterValidator(_listen)]
Network = Annotated[str, AfterValidator(_network)]
FilePath = Annotated[Path, BeforeValidator(bounds.path)]
OrdinaryFile = Annotated[FilePath, AfterValidator(bounds.ordinary)]
Command = Annotated[tuple[Text, ...], Field(min_length=1, max_length=100)]
Poll = Annotated[Duration, AfterValidator(bounds.between(timedelta(seconds=10), DAY))]
GroupWait = Annotated[Duration, AfterValidator(bounds.between(timedelta(0), DAY))]


class Written(BaseModel):
    """Base of everything in config.yaml: unknown keys are faults."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, use_attribute_docstrings=True
    )


class Secret(Written):
    """Where a secret lies; exactly one place. `value` is allowed only in a file that its owner
    alone can read.
    """

    credential: Text | None = None
    """Name of a systemd credential (LoadCredential= in the unit)."""
    file: FilePath | None = None
    """A file with the secret as its first line, readable by its owner alone."""
    env: Text | None = None
    """Name of an environment variable."""
    command: Command | None = None
    """A command that prints it, as a list: [pass, show, imap]."""
    keyring: Text | None = None
    """Name of an entry in the desktop's keyring, service orderbell."""
    value: Annotated[str, Field(max_length=10_000)] | None = None
    """The secret itself; only in a file that nobody else can read."""

    @model_validator(mode="before")
    @classmethod
    def not_in_the_open(cls, written: Any) -> Any:
        if isinstance(written, (str, int, float)):
            raise ValueError(  # noqa: TRY004 - pydantic collects ValueError only
                "a secret may not stand here, where backups and screens show it; write"
                " {file: ~/.config/orderbell/NAME.secret}, and in a terminal"
                " (umask 077; cat > ~/.config/orderbell/NAME.secret), then the secret, Enter,"
                " Ctrl-D"
            )
        return written

    @model_validator(mode="after")
    def one_place(self) -> "Secret":
        places = [name for name in Secret.model_fields if getattr(self, name) is not None]
        if len(places) != 1:
            raise ValueError(
                "a secret is one of {credential: …} {file: …} {env: …} {command: […]} {keyring: …}"
            )
        return self


class MailProvider(Written):
    """What is known of a mail provider, so that `provider: gmail` is enough."""

    host: str
    authserv_ids: tuple[str, ...] = ()
    help: str = ""


PROVIDERS: dict[str, MailProvider] = {
    "gmail": MailProvider(
        host="imap.gmail.com",
        authserv_ids=("mx.google.com",),
        help=(
            "Gmail wants an app password (Google account, Security, 2-Step Verification, App"
            " passwords)."
        ),
    ),
    "outlook": MailProvider(
        host="outlook.office365.com",
        authserv_ids=("",),  # it writes none
        help=(
            "Outlook.com takes no passwords over IMAP: sign in (login: microsoft, then orderbell"
            " login), use token_command, or forward its mail to another mailbox."
        ),
    ),
    "yahoo-japan": MailProvider(
        host="imap.mail.yahoo.co.jp",
        help=(
            "Yahoo! JAPAN: allow IMAP in the mail settings (IMAP/POP/SMTPアクセス) and use the mail"
            " password."
        ),
    ),
    "icloud": MailProvider(
        host="imap.mail.me.com",
        help="iCloud wants an app-specific password (account.apple.com, Sign-In and Security).",
    ),
    "fastmail": MailProvider(
        host="imap.fastmail.com", help="Fastmail wants an app password with IMAP access."
    ),
}


def _relay(domain: str) -> str:
    name = domain.lower()
    if relay_of(name) is None:
        known = known_domains()
        raise ValueError(
            f"{domain!r} is no forwarding service whose addresses are known"
            f"{did_you_mean(name, known)}; known are {', '.join(known)}"
        )
    return name


RelayDomain = Annotated[str, AfterValidator(_relay)]


class Mailbox(Written):
    """One IMAP account that is watched."""

    id: Identifier
    """Its name in commands, alerts and logs."""
    provider: Literal["gmail", "outlook", "yahoo-japan", "icloud", "fastmail"] | None = None
    """A provider whose server is known."""
    host: Host = ""
    """IMAP server, when the provider is another."""
    port: Annotated[Whole, Field(ge=1, le=65535)] = 993
    """Left out with starttls or none: 143."""
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    """none is for loopback only."""
    tls_ca_file: OrdinaryFile | None = None
    """PEM file with the certificate of your own server or its authority."""
    user: Text
    """Name the server knows you by, usually your address."""
    password: Secret | None = None
    """Often an app password."""
    token_command: Command | None = None
    """Prints an OAuth2 access token."""
    login: Literal["microsoft"] | None = None
    """Sign in with `orderbell login`; the refresh token lies in the state folder."""
    folders: Annotated[tuple[Text, ...], Field(max_length=MOST)] = ("INBOX",)
    """Folders that are watched; they are only ever read."""
    role: Literal["buyer", "seller", "both"] = "buyer"
    """What you are in the mails of this mailbox."""
    authserv_ids: Annotated[tuple[Line, ...], Field(max_length=MOST)] = ()
    """Who stamps Authentication-Results for this mailbox (RFC 8601); `doctor` tells."""
    addresses: Annotated[tuple[Text, ...], Field(max_length=MOST)] = ()
    """Your own addresses, for mail you forward; left out: user, if it is an address."""
    relays: tuple[RelayDomain, ...] = ()
    """Forwarding services that rewrite the sender and that you use, by their domain: duck.com,
    mozmail.com.
    """
    dkim: bool = False
    """Check signatures ourselves, for a server that stamps nothing (extra orderbell[dkim]); keys
    are asked of your DNS.
    """
    unverified: Literal["open", "trust", "ignore"] = "open"
    """Mail whose sender cannot be verified: may open alerts and close none, counts in full, or is
    left out.
    """

    @model_validator(mode="before")
    @classmethod
    def port_of_tls(cls, written: Any) -> Any:
        if (
            isinstance(written, Mapping)
            and "port" not in written
            and written.get("tls") in ("starttls", "none")
        ):
            return {**written, "port": 143}
        return written

    @model_validator(mode="after")
    def complete(self) -> "Mailbox":
        if not self.host and not self.provider:
            raise ValueError("a mailbox needs host: imap.example.org or provider: gmail")
        if self.tls == "none" and self.server not in LOOPBACK:
            raise ValueError(
                "tls: none is for loopback only; use implicit (port 993) or starttls (port 143)"
            )
        if not (self.password or self.token_command or self.login):
            raise ValueError(
                "a mailbox needs password: {file: …}, token_command: […], or login: microsoft"
            )
        if self.dkim and self.stamps:
            raise ValueError(
                "dkim: true is for a mailbox whose server stamps nothing; leave dkim or"
                " authserv_ids out"
            )
        if not self.folders:
            raise ValueError("folders is empty; leave it out for INBOX")
        return self

    @property
    def server(self) -> str:
        return self.host or PROVIDERS[str(self.provider)].host

    @property
    def stamps(self) -> tuple[str, ...]:
        """The authserv-ids (RFC 8601) whose word on authentication counts."""
        known = PROVIDERS[self.provider].authserv_ids if self.provider else ()
        return tuple(name.lower() for name in self.authserv_ids or known)

    @property
    def own_addresses(self) -> tuple[str, ...]:
        own = self.addresses or ((self.user,) if "@" in self.user else ())
        return tuple(address.lower() for address in own)

    def frame(self, zone: tzinfo, beside: Iterable["Mailbox"] = ()) -> Frame:
        """How its mails are read for somebody who lives in `zone`. What the owner of the mailboxes
        `beside` it forwards is his own, too.
        """
        own = [address for box in (self, *beside) for address in box.own_addresses]
        return Frame(
            authserv_ids=self.stamps,
            addresses=tuple(dict.fromkeys(own)),
            relays=self.relays,
            zone=zone,
            role=self.role,
            trust_all=self.unverified == "trust",
        )


class Target(Written):
    """One place alerts are pushed to: an Apprise URL, which is a secret."""

    id: Identifier
    """Its name in notify groups and logs."""
    url: Secret
    """An Apprise URL, such as ntfys://ntfy.sh/a-long-random-topic."""
    language: Literal["en", "ja"] = "en"
    """Of the messages."""
    timezone: Zone | None = None
    """Of the times in messages, when another than timezone."""
    unsure: Literal["repeat", "skip"] = "repeat"
    """After a lost answer: send again marked as a maybe, or leave it."""
    click: bool = False
    """A tap on the message opens the order's page at the marketplace (ntfy, Pushover)."""
    monthly: Annotated[Whole, Field(ge=1, le=10_000_000)] | None = None
    """Messages your plan allows in a month, to be warned at three quarters; LINE's free plan is
    known: 200.
    """
    answers: Secret | None = None
    """ntfy only: the web address of a second topic, such as
    https://ntfy.sh/another-long-random-topic. Messages get a
    button that acknowledges their alerts; it writes to that topic, which is read every minute.
    """


class Mqtt(Written):
    """A broker that Home Assistant, or anything else that speaks MQTT, listens to."""

    host: str
    """The broker, such as homeassistant.local or 127.0.0.1."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Left out: 1883, with tls 8883."""
    user: str | None = None
    """Name the broker knows you by."""
    password: Secret | None = None
    """Its password."""
    tls: bool = False
    """Speak TLS; the certificate is checked."""
    tls_ca_file: OrdinaryFile | None = None
    """PEM file with the certificate of your own broker or its authority."""
    topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "orderbell"
    """Everything is published below it; another for a second Orderbell at the same broker."""
    discovery: Annotated[str, Field(pattern=r"^[A-Za-z0-9_/-]{1,64}$")] = "homeassistant"
    """Home Assistant's discovery prefix."""
    language: Literal["en", "ja"] = "en"
    """Of names and alert texts."""

    @property
    def broker_port(self) -> int:
        return self.port or (8883 if self.tls else 1883)


class Web(Written):
    """The page, the calendar and the API (extra orderbell[web])."""

    listen: Listen = "127.0.0.1:8470"
    """Address and port, or unix:/run/orderbell/page.sock. Beyond loopback only with a password or
    trusted_proxies.
    """
    hosts: Annotated[tuple[Host, ...], Field(max_length=MOST)] = ()
    """Names it is reached under besides its address and localhost, such as bell.example.org."""
    password: Secret | None = None
    """What `orderbell web password` printed: an argon2 hash, never the password itself."""
    trusted_proxies: Annotated[tuple[Network, ...], Field(max_length=MOST)] = ()
    """Addresses or networks of reverse proxies whose user_header is believed; unix for the
    socket.
    """
    user_header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$")] = "Remote-User"
    """The header in which such a proxy names who has signed in there."""
    language: Literal["en", "ja"] | None = None
    """Left out: as the browser asks."""

    @model_validator(mode="after")
    def guarded(self) -> "Web":
        if not (self.local or self.password or self.trusted_proxies):
            raise ValueError(
                f"listen: {self.listen} lets the whole network in; add password (see orderbell web"
                " password) or trusted_proxies, or listen on 127.0.0.1"
            )
        return self

    @property
    def socket(self) -> str | None:
        """Path of the Unix socket, if it is one."""
        kind, _, path = self.listen.partition("unix:")
        return None if kind else path

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def local(self) -> bool:
        """Only this machine reaches it."""
        return self.socket is not None or self.address[0] in LOOPBACK


class TeachEndpoint(Written):
    """A language model that may propose phrases to `orderbell teach --ask`."""

    endpoint: Annotated[str, AfterValidator(_endpoint)]
    """Base address of an OpenAI-compatible server, such as http://127.0.0.1:11434/v1 (Ollama)."""
    model: Line
    """Its name there."""
    key: Secret | None = None
    """The API key, where the server wants one."""
    timeout: Annotated[Duration, AfterValidator(bounds.between(timedelta(seconds=1), HOUR))] = (
        timedelta(seconds=60)
    )
    """How long an answer may take, up to 1h."""

    @model_validator(mode="after")
    def key_hidden(self) -> "TeachEndpoint":
        if self.key and not self.endpoint.startswith("https://") and not self.local:
            raise ValueError(
                "endpoint: http:// would show the key to everybody on the way; write https://"
            )
        return self

    @property
    def local(self) -> bool:
        """It is on this machine."""
        return urlsplit(self.endpoint).hostname in LOOPBACK


class SeverityPolicy(Written):
    notify: tuple[str, ...] = ()
    """Groups of targets; without any groups at all, every target."""
    quiet_hours: Literal["hold", "ignore"] = "hold"
    """hold waits for the end of the quiet hours, or for a deadline within them."""
    group: Literal["now", "digest"] = "now"
    """digest waits for the daily digest."""


class AlertSettings(Written):
    critical: SeverityPolicy = SeverityPolicy(quiet_hours="ignore")
    warning: SeverityPolicy = SeverityPolicy()
    info: SeverityPolicy = SeverityPolicy(group="digest")

    @model_validator(mode="before")
    @classmethod
    def others_as_left_out(cls, written: Any) -> Any:
        """A severity of which only the groups are named keeps the rest of its own defaults: who
        says whom critical alerts go to has not said that they may wait until the morning.
        """
        if not isinstance(written, Mapping):
            return written
        return {level: _policy(cls, str(level), one) for level, one in written.items()}


def _policy(settings: type[AlertSettings], level: str, written: object) -> object:
    field = settings.model_fields.get(level)
    if field is None or not isinstance(written, Mapping):
        return written
    return {**field.default.model_dump(exclude_unset=True), **written}


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


Names = Annotated[
    tuple[Line, ...],
    BeforeValidator(_several),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class QuietHours(Written):
    from_: Clock = Field(alias="from")
    """Begin."""
    to: Clock
    """End; before the begin means the next day."""
    timezone: Zone | None = None
    """When another than timezone."""

    @property
    def wish(self) -> QuietWish:
        return QuietWish(begin=self.from_, end=self.to, zone=self.timezone)


QuietText = (
    Annotated[
        Annotated[Literal["hold", "ignore"], Tag("word")] | Annotated[QuietHours, Tag("hours")],
        Discriminator(quiet_form),
    ]
    | None
)


class WrittenRoute(Written):
    """Alerts that are all of this go to these groups."""

    notify: Annotated[Names, Field(min_length=1)]
    """Groups of targets."""
    rule: Names = ()
    """Ids of rules, or patterns such as dispute-*."""
    about: Names = ()
    """What rules speak of: order, dispute, watch …"""
    severity: tuple[Severity, ...] = ()
    """A list of critical, warning, info."""
    marketplace: Names = ()
    """As the JSON names them."""
    amount: Annotated[dict[str, Any], Field(max_length=2)] | None = Field(
        None, alias="order.amount"
    )
    """A test as in rules: {at_least: 20000 JPY}."""
    goes_on: bool = Field(False, alias="continue")
    """true: the routes behind it are asked too."""
    quiet_hours: QuietText = None
    """hold or ignore them, whatever the severity; or its own: {from: "22:30", to: "07:00"}."""

    @model_validator(mode="after")
    def sensible(self) -> "WrittenRoute":
        for about in self.about:
            if about not in ABOUTS:
                hint = did_you_mean(about, ABOUTS) or f"; known are {', '.join(ABOUTS)}"
                raise ValueError(f"no rule is about {about!r}{hint}")
        if self.amount is not None:
            _, slips = compile_when("order", {"order.amount": self.amount})
            for slip in slips:
                raise ValueError(f"order.amount: {slip.what}")
        return self

    @property
    def quiet_wish(self) -> QuietWish | None:
        return wish_of(self.quiet_hours)

    @property
    def compiled(self) -> Route:
        amount = {"order.amount": self.amount}
        return Route(
            notify=self.notify,
            rules=self.rule,
            abouts=self.about,
            severities=self.severity,
            marketplaces=self.marketplace,
            amount=compile_when("order", amount)[0] if self.amount is not None else None,
            goes_on=self.goes_on,
            quiet=self.quiet_wish,
        )


class Digest(Written):
    at: Clock = time(8, 0)
    """When the daily digest goes out, if there is anything to say."""
    all_quiet: bool = False
    """Once a week, say that there was nothing to say."""


class Settings(Written):
    """All of config.yaml."""

    version: Literal[1]
    """Of this file's form."""
    mailboxes: tuple[Mailbox, ...] = Field(min_length=1, max_length=MOST_MAILBOXES)
    """IMAP accounts that are watched."""
    targets: Annotated[tuple[Target, ...], Field(max_length=MOST_TARGETS)] = ()
    """Where alerts go."""
    notify: Annotated[
        dict[Text, Annotated[tuple[Text, ...], Field(max_length=MOST)]], Field(max_length=MOST)
    ] = {}
    """Groups: name → ids of targets."""
    alerts: AlertSettings = AlertSettings()
    routes: Annotated[tuple[WrittenRoute, ...], Field(max_length=MOST)] = ()
    """Who is told by what it is; the first that fits, unless it says continue."""
    quiet_hours: QuietHours | None = None
    digest: Digest = Digest()
    language: Literal["en", "ja"] | None = None
    """Of the terminal and the page; left out: as LC_ALL or LANG say. Each target has its own."""
    timezone: Zone = ZoneInfo("UTC")
    """Yours: dates without a time end with the day there."""
    poll: Poll = timedelta(minutes=5)
    """How often every mailbox is read even when it tells of nothing new; from 10s to 1d."""
    backfill: Duration = timedelta(days=90)
    """How far back the first run reads; 0d: only new mail."""
    rate_limit: Annotated[Whole, Field(ge=1, le=1000)] = 20
    """Messages an hour and target before the rest become one line."""
    group_wait: GroupWait = timedelta(seconds=60)
    """Alerts of one order that come within it go out as one message; up to 1d."""
    ping_url: Secret | None = None
    """A dead man's switch: called after every good cycle."""
    metrics_file: FilePath | None = None
    """Prometheus text for node_exporter, replaced every minute; the whole path of a file of its
    own.
    """
    metrics_port: Annotated[Whole, Field(ge=1, le=65535)] | None = None
    """The same over HTTP on loopback."""
    mqtt: Mqtt | None = None
    """State and alerts for Home Assistant (extra orderbell[mqtt])."""
    web: Web | None = None
    """The page, the calendar and the API (extra orderbell[web]), served by `run`."""
    teach: TeachEndpoint | None = None
    """A language model that may propose phrases to `orderbell teach --ask`; left out: none is
    asked.
    """
    policy: dict[str, dict[str, str | int]] = {}
    """Deadlines of orders/deadlines/policy.yaml changed by key, such as {D-AE-13: {days: 5}}."""
    worth_it: Amount | None = None
    """Under this amount you are told once and not reminded, such as 500 JPY."""
    rates: Annotated[dict[Currency, Amount], Field(max_length=MOST)] = {}
    """Your own exchange rates, such as {USD: 155 JPY}: amounts at stake are then also one sum. None
    is fetched.
    """
    contact: Annotated[dict[Text, Text], Field(max_length=MOST)] = {}
    """Marketplace → how to reach its support, for alert texts."""

    def mailbox(self, name: str | None = None) -> Mailbox:
        """The mailbox called `name`, else the first. Raises KeyError."""
        if name is None:
            return self.mailboxes[0]
        return {mailbox.id: mailbox for mailbox in self.mailboxes}[name]


def load(path: Path, ours: Iterable[Path] = ()) -> Settings:
    """Read and check config.yaml; `ours` are files that nothing it names may overwrite. Raises
    UserFileError with every fault of the file.
    """
    document = read(path, missing="no such file; try: orderbell init")
    settings, faults = check(document, Settings)
    if settings is None:
        raise UserFileError(faults)
    found = [
        *_cross_faults(settings, document.fault),
        *_exposed_values(settings, path),
        *(document.fault(["metrics_file"], what) for what in _unwritable(settings, path, ours)),
    ]
    if found:
        raise UserFileError(found)
    return settings


def check_web(settings: Settings | None, listen: str) -> Web:
    """The configured page on another address. Raises UserFileError where that is no address, or
    one that lets strangers in.
    """
    written = settings.web.model_dump(exclude_unset=True) if settings and settings.web else {}
    try:
        return Web.model_validate({**written, "listen": listen})
    except ValidationError as error:
        what = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
        raise UserFileError([Fault(file="--listen", line=0, column=0, what=what)]) from None


def schema() -> dict[str, Any]:
    """The JSON Schema of config.yaml; optional keys are left out instead of null, so editors offer
    no null.
    """
    tree: dict[str, Any] = _without_null(Settings.model_json_schema(by_alias=True))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **tree}


def shown(settings: Settings) -> dict[str, Any]:
    """The configuration with every default filled in, as JSON; a secret written out is not
    shown.
    """
    tree = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    parts = (tree[name] for name in ("mqtt", "web", "teach") if name in tree)
    for thing in (*tree["mailboxes"], *tree["targets"], *parts, tree):
        for key, value in thing.items():
            if isinstance(value, dict) and "value" in value:
                thing[key] = {"value": "(not shown)"}
    return tree


def _without_null(node: Any) -> Any:
    match node:
        case {"default": str(default), "pattern": str(pattern), **rest} if pattern in WRITTEN:
            return rest | {"pattern": pattern, "default": WRITTEN[pattern](default)}
        case {"anyOf": [only, {"type": "null"}], **rest}:
            return _without_null(
                {key: value for key, value in rest.items() if key != "default"} | only
            )
        case dict():
            return {key: _without_null(value) for key, value in node.items()}
        case list():
            return [_without_null(value) for value in node]
        case _:
            return node


def _cross_faults(
    settings: Settings, fault: Callable[[Sequence[str | int], str], Fault]
) -> list[Fault]:
    """What one value alone cannot show: doubled ids, names of nothing."""
    deadlines = check_overrides(settings.policy) if settings.policy else ()
    return [
        *(fault(path, what) for path, what in _doubled("mailboxes", settings.mailboxes)),
        *(fault(path, what) for path, what in _doubled("targets", settings.targets)),
        *(fault(path, what) for path, what in _nameless(settings)),
        *(fault(["policy", *path], what) for path, what in deadlines),
    ]


def _unwritable(settings: Settings, config: Path, ours: Iterable[Path]) -> Iterator[str]:
    """Why `metrics_file` cannot be written: it is replaced as a whole, whatever lies there."""
    path = settings.metrics_file
    if path is None:
        return
    if not path.is_absolute():
        yield f"{path} depends on where the program starts; write the whole path"
        return
    known = {one.resolve() for one in (config, *ours, *_named_files(settings))}
    try:
        if path.resolve() in known:
            yield f"{path} is needed for something else; name a file of its own"
        elif path.is_dir():
            yield f"{path} is a folder; name a file in it, such as orderbell.prom"
        elif path.exists() and not _is_metrics(path):
            yield f"{path} holds something else, and would be overwritten; name a file of its own"
    except OSError as error:
        yield f"{path} cannot be written: {error.strerror}"


def _named_files(settings: Settings) -> Iterator[Path]:
    """Files that are only read."""
    for box in settings.mailboxes:
        if box.tls_ca_file is not None:
            yield box.tls_ca_file.expanduser()
    for secret in _secrets(settings):
        if secret.file is not None:
            yield secret.file.expanduser()


def _is_metrics(path: Path) -> bool:
    """Whether we wrote the file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(METRICS_BEGIN)) in (b"", METRICS_BEGIN)


def _secrets(settings: Settings) -> tuple[Secret, ...]:
    written = [mailbox.password for mailbox in settings.mailboxes] + [settings.ping_url]
    written += [settings.web.password] if settings.web else []
    written += [settings.mqtt.password] if settings.mqtt else []
    written += [settings.teach.key] if settings.teach else []
    for target in settings.targets:
        written += [target.url, target.answers]
    return tuple(secret for secret in written if secret is not None)


def _doubled(
    what: str, things: Sequence[Mailbox | Target]
) -> Iterator[tuple[list[str | int], str]]:
    seen: set[str] = set()
    for index, thing in enumerate(things):
        if thing.id in seen:
            yield [what, index, "id"], f"id {thing.id!r} is used twice; give each its own"
        seen.add(thing.id)


def _nameless(settings: Settings) -> Iterator[tuple[list[str | int], str]]:
    """Groups that name no target, severities that name no group."""
    targets = {target.id for target in settings.targets}
    for group, names in settings.notify.items():
        for index, name in enumerate(names):
            if name not in targets:
                known = f"; targets are {', '.join(sorted(targets))}" if targets else ""
                hint = did_you_mean(name, targets) or known
                yield ["notify", group, index], f"no target {name!r}{hint}"
    for level in ("critical", "warning", "info"):
        for index, group in enumerate(getattr(settings.alerts, level).notify):
            if group not in settings.notify:
                what = f"no notify group {group!r}{_group_meant(group, settings)}"
                yield ["alerts", level, "notify", index], what
    for at, route in enumerate(settings.routes):
        for index, group in enumerate(route.notify):
            if group not in settings.notify:
                what = f"no notify group {group!r}{_group_meant(group, settings)}"
                yield ["routes", at, "notify", index], what


def _group_meant(name: str, settings: Settings) -> str:
    groups = ", ".join(settings.notify)
    if any(target.id == name for target in settings.targets):
        known = f"; groups are {groups}" if groups else f"; write notify: {{{name}: [{name}]}}"
        return f"; {name} is a target{known}"
    hint = did_you_mean(name, settings.notify)
    return hint or (f"; groups are {groups}" if groups else "; there are none under notify:")


def _exposed_values(settings: Settings, path: Path) -> list[Fault]:
    """A secret written out is accepted only in a file that its owner alone can read."""
    if (
        any(secret.value is not None for secret in _secrets(settings))
        and path.stat().st_mode & 0o077
    ):
        what = f"holds a secret as {{value: …}} but others can read the file; try: chmod 600 {path}"
        return [Fault(file=str(path), line=0, column=0, what=what)]
    return []
