"""Whom a mail is from, and how we know: Authentication-Results (RFC 8601), exact domain lists,
look-alikes.

Only a field that the account's own provider wrote counts: it carries one of the account's
authserv-ids and stands
above the first `Received`, or directly below the `Received` that provider wrote. Whatever a sender
could have written
is ignored.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from parsers.mail import ParsedMail
from parsers.notice import Trust
from parsers.pack import Library, Pack

MAX_RESULTS = 16 << 10
RELAYS = ("privaterelay.appleid.com", "duck.com")
"""Relays whose way of writing an address is known; which of them vouch for a sender is the user's
to say.
"""

APPLE = re.compile(r"(?P<local>.+?)_at_(?P<domain>[a-z0-9_.\-]+?)(?:_[0-9a-z]{6,12}){1,2}")
DUCK = re.compile(r"(?P<local>.+?)_at_(?P<domain>[a-z0-9.\-]+?)_[0-9a-z]{4,}")
ADDRESS = re.compile(r"[^\s<>\"(),;:@]+@[^\s<>\"(),;:@]+")
BY = re.compile(r"\bby\s+([a-z0-9.\-:\[\]]+)", re.IGNORECASE)
OUTLOOK = ("outlook.com", "office365.com")
"""Hosts of the one provider that writes no authserv-id."""
TRACE = frozenset(
    [
        "authentication-results",
        "received-spf",
        "return-path",
        "x-received",
        "arc-seal",
        "arc-message-signature",
        "arc-authentication-results",
        "delivered-to",
        "x-original-to",
        "envelope-to",
        "x-forwarded-to",
        "x-forwarded-for",
        "dkim-filter",
        "x-virus-scanned",
    ]
)

# Signs that look like Latin letters; enough to see through amаzon, arnazon, amaz0n and a1iexpress.
LOOKALIKES = str.maketrans("аеорсхуіјѕһԁԛԝɑαεοικνρτυ01|ıłℓ3５", "aeopcxyijshdqwaaeoiknptuolllile5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One address, split, and the pack that lists its domain."""

    name: str
    address: str
    local: str
    domain: str
    relay: str | None
    """The relay that rewrote From, if one did."""
    pack: Pack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One method of an Authentication-Results field, such as dkim=pass with its properties."""

    method: str
    value: str
    properties: tuple[tuple[str, str], ...]


def sender_of(letter: ParsedMail, library: Library) -> Sender | None:
    """The one sender, with a relay's rewriting undone; None unless there is exactly one From with
    one address.
    """
    if len(letter.senders) != 1 or len(letter.all("from")) > 1 or not letter.senders[0][1]:
        return None
    name, address = letter.senders[0]
    local, _, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    relay = None
    if domain in RELAYS:
        inner = _unwrapped(local, domain, library)
        if inner:
            relay, (local, domain) = domain, inner
    return Sender(
        name=name,
        address=f"{local}@{domain}",
        local=local,
        domain=domain,
        relay=relay,
        pack=library.pack_of(domain),
    )


def trust_of(
    letter: ParsedMail,
    sender: Sender,
    authserv_ids: Collection[str],
    relays: Collection[str],
    *,
    trust_all: bool = False,
) -> tuple[Trust, str]:
    """How far a mail with a listed sender may be believed, and why in one sentence."""
    results = trusted_results(letter, authserv_ids)
    if results is None:
        if trust_all:
            return Trust.VERIFIED, "taken as genuine, as asked"
        return Trust.UNVERIFIED, "no trusted Authentication-Results field to judge by"
    aligned = (sender.relay,) if sender.relay else tuple(sender.pack.domains) if sender.pack else ()
    if sender.relay and sender.relay not in relays:
        return Trust.UNVERIFIED, f"it came through {sender.relay}, which is not among your relays"
    if any(_passes(result, aligned, sender.relay or sender.domain) for result in results):
        return (
            Trust.VERIFIED,
            f"{sender.relay or sender.domain} is confirmed by the mailbox provider",
        )
    judged = [result.value for result in results if result.method in ("dkim", "dmarc")]
    if not judged and all(
        _spf_agrees(result, aligned) for result in results if result.method == "spf"
    ):
        return Trust.UNVERIFIED, "the mailbox provider checked neither DKIM nor DMARC"
    if "temperror" in judged:
        return Trust.UNVERIFIED, "the mailbox provider could not check the sender"
    return Trust.FORGED, f"claims {sender.domain}, and the mailbox provider could not confirm it"


def own_forward(letter: ParsedMail, authserv_ids: Collection[str]) -> bool:
    """Whether a mail from one of the user's own addresses may be believed to be: not when its check
    failed.
    """
    results = trusted_results(letter, authserv_ids)
    return results is None or not any(
        result.method == "dmarc" and result.value == "fail" for result in results
    )


def claim(letter: ParsedMail, library: Library) -> str | None:
    """The marketplace a stranger pretends to be, by display name or look-alike domain; None for
    everybody else.
    """
    for pack in library.packs:
        for name, address in letter.senders:
            domain = ascii_domain(address.rpartition("@")[2])
            if pack.listed(domain) and (len(letter.senders) > 1 or len(letter.all("from")) > 1):
                return pack.marketplace
            if _is_or_below(domain, pack.file.strangers) or _is_or_below(
                domain, tuple(pack.file.stores)
            ):
                continue
            if _cousin(domain, pack) or _named(name, pack):
                return pack.marketplace
    return None


def trusted_results(letter: ParsedMail, authserv_ids: Collection[str]) -> tuple[Result, ...] | None:
    """The results of the account's own provider, or None when it wrote none."""
    if not authserv_ids:
        return None
    fields = list(_trusted_fields(letter.fields, {name.lower() for name in authserv_ids}))
    return tuple(result for field in fields for result in _results(field)) if fields else None


def tokens(value: str) -> Iterator[str]:  # noqa: C901, PLR0912 - one small machine, one state a branch
    """RFC 8601 tokens: comments dropped, quotes joined to their word, `;` and `=` alone. Linear, no
    recursion.
    """
    depth = 0
    word: list[str] = []
    quoted = escaped = False
    for sign in value[:MAX_RESULTS]:
        if escaped:
            escaped = False
            if not depth:
                word.append(sign)
        elif sign == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            quoted = sign != '"'
            if quoted:
                word.append(sign)
        elif sign == "(":
            depth += 1
        elif depth:
            depth -= sign == ")"
        elif sign == '"':
            quoted = True
        elif sign in ";=" or sign.isspace():
            if word:
                yield "".join(word)
                word = []
            if not sign.isspace():
                yield sign
        else:
            word.append(sign)
    if word:
        yield "".join(word)


def ascii_domain(domain: str) -> str:
    """A domain as IDNA A-labels in lower case, without a closing dot."""
    domain = domain.strip().rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _unwrapped(local: str, relay: str, library: Library) -> tuple[str, str] | None:
    match = (DUCK if relay == "duck.com" else APPLE).fullmatch(local)
    if match is None:
        return None
    domain = match["domain"] if relay == "duck.com" else match["domain"].replace("_", ".")
    # The hash behind an Apple address looks like one more label; only a listed domain settles where
    # it begins.
    known = next(
        (
            name
            for pack in library.packs
            for name in pack.domains
            if name.replace("-", ".") == domain.replace("-", ".")
        ),
        None,
    )
    return match["local"], known or domain


def _passes(result: Result, aligned: Sequence[str], sender_domain: str) -> bool:
    if result.value != "pass":
        return False
    properties = dict(result.properties)
    if result.method == "dmarc":
        domain = ascii_domain(properties.get("header.from", "").rpartition("@")[2])
        return bool(domain) and (domain == sender_domain or domain in aligned)
    if result.method == "dkim":
        signers = {
            ascii_domain(properties.get(name, "").rpartition("@")[2])
            for name in ("header.d", "header.i")
        } - {""}
        return bool(signers) and all(_is_or_below(signer, aligned) for signer in signers)
    return False


def _spf_agrees(result: Result, aligned: Sequence[str]) -> bool:
    """Whether the envelope does not speak against the sender: SPF alone proves nothing, but it can
    disprove.
    """
    envelope = ascii_domain(dict(result.properties).get("smtp.mailfrom", "").rpartition("@")[2])
    return result.value not in ("fail", "softfail") and (
        not envelope or _is_or_below(envelope, aligned)
    )


def _is_or_below(domain: str, parents: Sequence[str]) -> bool:
    return any(domain == parent or domain.endswith("." + parent) for parent in parents)


def _trusted_fields(fields: Sequence[tuple[str, str]], ids: set[str]) -> Iterator[str]:
    """Authentication-Results values in the topmost trace block that carry one of `ids`."""
    if "" in ids:
        yield from _unnamed(fields)
        ids = ids - {""}
    first = next(
        (index for index, (name, _) in enumerate(fields) if name == "received"), len(fields)
    )
    above = [
        value
        for name, value in fields[:first]
        if name == "authentication-results" and _carries(value, ids)
    ]
    if above:
        yield from above
        return
    for index in range(first, len(fields)):
        name, value = fields[index]
        if name != "received":
            continue
        host = _by(value)
        if _belongs(host, ids):
            yield from _directly_below(fields, index + 1, ids)
            return
        if value.lower().startswith("from "):
            return  # somebody else's hop: everything below could be the sender's


def _unnamed(fields: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Outlook's field, which carries no authserv-id: the topmost, below nothing but hops within
    Outlook.
    """
    for name, value in fields:
        if name == "authentication-results":
            if _carries(value, {""}):
                yield value
            return
        if name == "received" and not _is_or_below(_by(value), OUTLOOK):
            return


def _directly_below(fields: Sequence[tuple[str, str]], start: int, ids: set[str]) -> Iterator[str]:
    for name, value in fields[start:]:
        if name not in TRACE:
            return
        if name == "authentication-results" and _carries(value, ids):
            yield value


def _by(received: str) -> str:
    found = BY.findall(received.split(";", maxsplit=1)[0])
    return found[-1].lower().rstrip(".") if found else ""


def _belongs(host: str, ids: set[str]) -> bool:
    return any(host == name or host.endswith("." + name) for name in ids if name)


def _carries(value: str, ids: set[str]) -> bool:
    """Whether the field starts with one of `ids`; the empty id stands for providers that write none
    (Outlook).
    """
    stream = tokens(value)
    first = next(stream, "").lower()
    second = next(stream, "")
    if second == "=":
        return "" in ids
    return first in ids


def _results(value: str) -> Iterator[Result]:
    statement: list[str] = []
    for word in [*tokens(value), ";"]:
        if word != ";":
            statement.append(word)
            continue
        if len(statement) >= 3 and statement[1] == "=":
            method = statement[0].lower().partition("/")[0]
            pairs = [
                (statement[place - 1].lower(), statement[place + 1].lower())
                for place in range(3, len(statement) - 1)
                if statement[place] == "="
            ]
            yield Result(method=method, value=statement[2].lower(), properties=tuple(pairs))
        statement = []


def skeleton(text: str) -> str:
    """Text with look-alike signs made plain Latin: what the eye takes it for."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return plain.translate(LOOKALIKES).replace("rn", "m").replace("vv", "w")


def _shown(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def _cousin(domain: str, pack: Pack) -> bool:
    """A word of the domain looks like the brand, alone or grown together with a shop's words;
    Amazonas does not.
    """
    shown = _shown(domain)
    words = [
        word
        for text in (shown, re.sub(r"\d+", "", shown))
        for word in re.split(r"[^\w]+|_", skeleton(text))
    ]
    beside = [skeleton(word) for word in pack.file.beside]
    for brand in pack.file.brand:
        plain = skeleton(brand)
        if any(
            plain in word and all(_made_of(part, beside) for part in word.split(plain))
            for word in words
        ):
            return True
    return False


def _made_of(text: str, words: Sequence[str]) -> bool:
    """Whether `text` is nothing but some of `words`, one after another."""
    if not text:
        return True
    return len(text) < 40 and any(
        word and text.startswith(word) and _made_of(text[len(word) :], words) for word in words
    )


def _named(name: str, pack: Pack) -> bool:
    """A display name that is the brand and words a shop would add, or one that shows a listed
    address.
    """
    lowered = name.lower()
    if any(pack.listed(found.rpartition("@")[2]) for found in ADDRESS.findall(lowered)):
        return True
    shape = skeleton(name)
    for brand in pack.file.brand:
        plain = skeleton(brand)
        if plain not in shape:
            continue
        rest = re.split(r"[\W_]+", shape.replace(plain, " ", 1))
        beside = {skeleton(word) for word in pack.file.beside}
        if all(word in beside or not word or _only_cjk(word) for word in rest):
            return True
    return False


def _only_cjk(word: str) -> bool:
    return all(ord(sign) > 0x2E7F for sign in word)
