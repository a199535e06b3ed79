"""Whom a mail is from, and how we know: Authentication-Results (RFC 8601), exact domain lists,
look-alikes.

Only fields that the account's own provider wrote count: they carry one of the account's
authserv-ids and stand in one
run above the first `Received`, or directly below the `Received` that provider wrote. There a sender
can put a field of
the same look right behind, so that only the first can speak for a mail; the others can speak
against it.
"""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from parsers.mail import ParsedMail
from parsers.notice import Trust
from parsers.pack import Library, Pack
from parsers.relays import relay_of, unwrapped

MAX_RESULTS = 16 << 10
MAX_DOMAIN = 253
ADDRESS = re.compile(r"[^\s<>\"(),;:@]{1,128}@[^\s<>\"(),;:@]{1,255}")
OUTLOOK = ("outlook.com", "office365.com")
"""Hosts of the one provider that writes no authserv-id."""
NOTES = frozenset(("received-spf", "x-dmarc-info", "x-dmarc-policy"))
"""What providers write between their results (iCloud)."""
MAX_RECEIVED = 2000
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
    """The relay that rewrote From, if one did, as `relays:` names it."""
    sure: bool = True
    """Whether the relay says who wrote, and not perhaps the sender."""
    pack: Pack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One method of an Authentication-Results field, such as dkim=pass with its properties."""

    method: str
    value: str
    properties: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderResults:
    """What the account's own provider found: one group of results for each of its fields."""

    fields: tuple[tuple[Result, ...], ...]
    speaking: int
    """How many of the fields can speak for a mail; all can speak against it."""

    @property
    def all(self) -> tuple[Result, ...]:
        return tuple(result for field in self.fields for result in field)

    @property
    def first(self) -> tuple[Result, ...]:
        return tuple(result for field in self.fields[: self.speaking] for result in field)


def sender_of(letter: ParsedMail, library: Library) -> Sender | None:
    """The one sender, with a relay's rewriting undone; None unless there is exactly one From with
    one address.
    """
    if len(letter.senders) != 1 or len(letter.all("from")) > 1 or not letter.senders[0][1]:
        return None
    name, address = letter.senders[0]
    local, _, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    listed = [domain for pack in library.packs for domain in pack.domains]
    relayed = unwrapped(name, local, domain, listed)
    if relayed is not None:
        domain = ascii_domain(relayed.domain)
        return Sender(
            name=name,
            address=f"{relayed.local}@{domain}",
            local=relayed.local,
            domain=domain,
            relay=relayed.relay,
            sure=relayed.sure,
            pack=library.pack_of(domain),
        )
    found = relay_of(domain)
    nameless = found is not None and not found[0].people
    return Sender(
        name=name,
        address=f"{local}@{domain}",
        local=local,
        domain=domain,
        relay=found[1] if found is not None and nameless else None,
        sure=not nameless,
        pack=_named_pack(name, library) if nameless else library.pack_of(domain),
    )


def _named_pack(name: str, library: Library) -> Pack | None:
    """The marketplace that a relay without a word about the sender shows as his name."""
    return next((pack for pack in library.packs if _named(name, pack)), None)


def trust_of(
    mail: ParsedMail,
    sender: Sender,
    authserv_ids: Collection[str],
    relays: Collection[str],
    *,
    trust_all: bool = False,
) -> tuple[Trust, str]:
    """How far a mail with a listed sender may be believed, and why in one sentence."""
    stamps = trusted_stamps(mail, authserv_ids)
    trust, why = _by_stamps(sender, stamps)
    doubt = _doubt(mail, sender)
    if stamps is None and trust_all:
        trust, why = Trust.VERIFIED, "taken as genuine, as asked"
    elif stamps is None and mail.signer and _is_or_below(mail.signer, _aligned(sender)):
        trust, why = Trust.VERIFIED, f"the signature of {mail.signer} holds"
    elif sender.relay and trust is Trust.FORGED:
        return Trust.UNVERIFIED, f"the mailbox provider could not confirm {sender.relay}"
    elif sender.relay and not _is_or_below(_from(mail), tuple(relays)):
        doubt = doubt or f"it came through {sender.relay}, which is not among your relays"
    return (Trust.UNVERIFIED, doubt) if doubt and trust is not Trust.FORGED else (trust, why)


def _doubt(mail: ParsedMail, sender: Sender) -> str | None:
    """Why a mail is never verified, whoever signed it."""
    if mail.repeated:
        return f"suspicious: it has more than one {mail.repeated[0].title()}"
    if mail.strays:
        return "suspicious: a line of its header is none"
    if any(_in_part(value, sender) for value in mail.all("dkim-signature")):
        return "suspicious: its signature covers only the beginning of it (l=)"
    if not sender.sure:
        return f"{sender.relay} does not say for certain whom it is from"
    return None


def _in_part(signature: str, sender: Sender) -> bool:
    """Whether a DKIM-Signature of the sender's allows anything to be put behind the text."""
    pairs = (tag.partition("=")[::2] for tag in signature.split(";"))
    tags = {name.strip().lower(): "".join(value.split()) for name, value in pairs}
    return "l" in tags and _is_or_below(ascii_domain(tags.get("d", "")), _aligned(sender))


def _aligned(sender: Sender) -> tuple[str, ...]:
    """Domains whose signature or DMARC result speaks for the sender."""
    if sender.relay:
        return (sender.relay,)
    return tuple(sender.pack.domains) if sender.pack else ()


def _by_stamps(sender: Sender, stamps: ProviderResults | None) -> tuple[Trust, str]:
    """What the provider's results say of a sender."""
    if stamps is None:
        return Trust.UNVERIFIED, "no trusted Authentication-Results field to judge by"
    domain = sender.relay or sender.domain
    aligned = _aligned(sender)
    failed = f"claims {sender.domain}, and the mailbox provider could not confirm it"
    if any(result.method == "dmarc" and result.value == "fail" for result in stamps.all):
        return Trust.FORGED, failed
    if any(_passes(result, aligned, domain) for result in stamps.first):
        if _contradicted(stamps, aligned, domain):
            return Trust.UNVERIFIED, "the results of the mailbox provider contradict one another"
        return Trust.VERIFIED, f"{domain} is confirmed by the mailbox provider"
    return _unconfirmed(stamps, aligned, failed)


def _unconfirmed(stamps: ProviderResults, aligned: Sequence[str], failed: str) -> tuple[Trust, str]:
    """What it means that no result confirms the sender: nothing was checked, or it is not he."""
    judged = [result.value for result in stamps.all if result.method in ("dkim", "dmarc")]
    if not judged and all(
        _spf_agrees(result, aligned) for result in stamps.all if result.method == "spf"
    ):
        return Trust.UNVERIFIED, "the mailbox provider checked neither DKIM nor DMARC"
    if "temperror" in judged:
        return Trust.UNVERIFIED, "the mailbox provider could not check the sender"
    return Trust.FORGED, failed


def _contradicted(stamps: ProviderResults, aligned: Sequence[str], domain: str) -> bool:
    """Whether one result confirms the sender and another of the same method denies it, or two
    fields tell different things by the same method.
    """
    for method in ("dkim", "dmarc"):
        told = [{result for result in field if result.method == method} for field in stamps.fields]
        told = [results for results in told if results]
        if any(results != told[0] for results in told):
            return True
        passed = any(_passes(result, aligned, domain) for results in told for result in results)
        if passed and any(_denies(result, aligned) for result in told[0]):
            return True
    return False


def _denies(result: Result, aligned: Sequence[str]) -> bool:
    """A failure for the sender's own domain, or for one that is not named."""
    if result.value not in ("fail", "softfail", "policy", "permerror"):
        return False
    properties = dict(result.properties)
    named = [
        properties[name] for name in ("header.d", "header.i", "header.from") if name in properties
    ]
    return not named or any(
        _is_or_below(ascii_domain(name.rpartition("@")[2]), aligned) for name in named
    )


def _from(mail: ParsedMail) -> str:
    return ascii_domain(mail.senders[0][1].rpartition("@")[2]) if mail.senders else ""


def own_forward(mail: ParsedMail, authserv_ids: Collection[str]) -> bool:
    """Whether a mail from one of the user's own addresses may be believed to be: not when its check
    failed.
    """
    stamps = trusted_stamps(mail, authserv_ids)
    return stamps is None or not any(
        result.method == "dmarc" and result.value == "fail" for result in stamps.all
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


def trusted_stamps(mail: ParsedMail, authserv_ids: Collection[str]) -> ProviderResults | None:
    """The results of the account's own provider, or None when it wrote none, or when the mail was
    never received (`Received`), so that all of it may be its writer's.
    """
    if not authserv_ids or not mail.all("received"):
        return None
    values, above = _trusted_fields(mail.fields, set(map(str.lower, authserv_ids)))
    if not values:
        return None
    fields = tuple(tuple(_results(value)) for value in values)
    return ProviderResults(fields=fields, speaking=len(fields) if above else 1)


PIECE = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.?)*)"?|(?P<plain>\)|[^\s;=()"]+)|(?P<apart>[;=]|\s+)|\(',
    re.DOTALL,
)
"""What stands in a field value: quoted text, plain text, what is between tokens, or a comment."""
IN_COMMENT = re.compile(r"\\.?|[()]", re.DOTALL)
ESCAPED = re.compile(r"\\(.?)", re.DOTALL)


def tokens(value: str, limit: int = MAX_RESULTS) -> Iterator[str]:
    """RFC 8601 tokens: comments dropped, quotes joined to their word, `;` and `=` alone. Linear, no
    recursion.
    """
    word: list[str] = []
    for match in _pieces(value[:limit]):
        if match.lastgroup == "apart":
            yield from _ended(word, match[0])
        elif text := match["plain"] or ESCAPED.sub(r"\1", match["quoted"]):
            word.append(text)
    yield from _ended(word, "")


def _pieces(value: str) -> Iterator[re.Match[str]]:
    place = 0
    while match := PIECE.match(value, place):
        if match[0] == "(":
            place = _comment_end(value, place)
        else:
            yield match
            place = match.end()


def _comment_end(value: str, start: int) -> int:
    """Behind the parenthesis that closes the one at `start`; comments nest (RFC 5322 §3.2.2)."""
    depth = 0
    for match in IN_COMMENT.finditer(value, start):
        depth += (match[0] == "(") - (match[0] == ")")
        if not depth:
            return match.end()
    return len(value)


def _ended(word: list[str], sign: str) -> Iterator[str]:
    if word:
        yield "".join(word)
        word.clear()
    if sign in (";", "="):
        yield sign


def ascii_domain(domain: str) -> str:
    """A domain as IDNA A-labels in lower case, without a closing dot."""
    domain = domain[: MAX_DOMAIN + 1].strip().rstrip(".").lower()
    if domain.isascii() or len(domain) > MAX_DOMAIN:
        return domain
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


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


def _trusted_fields(
    fields: Sequence[tuple[str, str]], ids: Collection[str]
) -> tuple[list[str], bool]:
    """Authentication-Results values in the topmost trace block that carry one of `ids`, and whether
    they stand above all `Received`.
    """
    if "" in ids and (unnamed := _unnamed(fields)):
        return unnamed, False
    ids = {name for name in ids if name}
    first = next(index for index, (name, _) in enumerate(fields) if name == "received")
    above = _run(fields[:first], ids)
    if above:
        return above, True
    for index in range(first, len(fields)):
        name, value = fields[index]
        if name != "received":
            continue
        if _belongs(_by(value), ids):
            block = itertools.takewhile(lambda field: field[0] in TRACE, fields[index + 1 :])
            return _run(list(block), ids), False
        if value.lower().startswith("from "):
            break  # somebody else's hop: everything below could be the sender's
    return [], False


def _run(fields: Sequence[tuple[str, str]], ids: Collection[str]) -> list[str]:
    """The first run of fields of `ids` that nothing but the same provider's notes interrupts."""
    found: list[str] = []
    for name, value in fields:
        if name == "authentication-results" and _carries(value, ids):
            found.append(value)
        elif found and name not in NOTES:
            break
    return found


def _unnamed(fields: Sequence[tuple[str, str]]) -> list[str]:
    """Outlook's field, which carries no authserv-id: the topmost, below nothing but hops within
    Outlook; a second one beneath it speaks against.
    """
    for index, (name, value) in enumerate(fields):
        if name == "authentication-results":
            return _run(fields[index:], ("",)) if _carries(value, ("",)) else []
        if name == "received" and not _is_or_below(_by(value), OUTLOOK):
            break
    return []


def _by(received: str) -> str:
    """The host that wrote a `Received`; comments are no part of it."""
    words = list(tokens(received, MAX_RECEIVED))
    if ";" in words:
        words = words[: words.index(";")]
    places = [place for place, word in enumerate(words[:-1]) if word.lower() == "by"]
    return words[places[-1] + 1].lower().rstrip(".") if places else ""


def _belongs(host: str, ids: Collection[str]) -> bool:
    return any(host == name or host.endswith("." + name) for name in ids if name)


def _carries(value: str, ids: Collection[str]) -> bool:
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
            counts = Counter(name for name, _ in pairs)
            once = tuple(pair for pair in pairs if counts[pair[0]] == 1)
            yield Result(method=method, value=statement[2].lower(), properties=once)
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
