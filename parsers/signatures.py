"""An own check of DKIM signatures (RFC 6376), for mailboxes whose server stamps nothing.

The key arrives as an argument: who looks it up is not our matter. A signature counts that covers
the whole text and, each once, what people are shown: From, Subject, Date and Content-Type.
"""

import logging
from collections.abc import Mapping, Sequence

from parsers.frame import MAX_KEYS, is_key_of
from parsers.limits import trimmed
from parsers.mail import ParsedMail

SIGNED = frozenset(("from", "subject", "date", "content-type"))
PLAIN = frozenset(("7bit", "8bit", "binary"))
"""Encodings of a body that change nothing, so that nobody needs to sign them."""
MAX_SIGNATURES = 4
MIN_BITS = 1024

QUIET = logging.getLogger("orderbell.dkim")
QUIET.propagate = False
QUIET.addHandler(logging.NullHandler())


def key_names(mail: ParsedMail, domains: Sequence[str]) -> tuple[str, ...]:
    """DNS names (TXT) of the keys by which the mail says that these domains signed it."""
    names = []
    for signature in mail.all("dkim-signature")[:MAX_SIGNATURES]:
        pairs = (tag.partition("=")[::2] for tag in signature.split(";"))
        tags = {name.strip(): value.strip().lower() for name, value in pairs}
        names.append(f"{tags.get('s', '')}._domainkey.{tags.get('d', '')}")
    return tuple(dict.fromkeys(name for name in names if is_key_of(name, domains)))[:MAX_KEYS]


def signer(raw: bytes, mail: ParsedMail, keys: Mapping[str, str]) -> str:
    """The domain that signed `mail`, which was parsed from `raw`; empty where no signature of a
    domain in `keys` (DNS name → text) holds, or where the extra `dkim` is missing.
    """
    try:
        import dkim  # noqa: PLC0415 - an extra that most do without
    except ImportError:
        return ""
    letter = dkim.DKIM(trimmed(raw), logger=QUIET, minkey=MIN_BITS)
    read = [name for name, _ in mail.fields]
    if mail.strays or [name.decode("latin-1").lower() for name, _ in letter.headers] != read:
        return ""  # it sees another header than we do
    for index in range(min(read.count("dkim-signature"), MAX_SIGNATURES)):
        try:
            holds = letter.verify(idx=index, dnsfunc=lambda name, **_: _key(name, keys))
        except Exception:  # noqa: BLE001, S112 - hostile fields raise whatever they like; the next signature may hold
            continue
        tags = {tag.decode(): value.decode() for tag, value in letter.signature_fields.items()}
        domain = tags.get("d", "").strip().lower()
        text = keys.get(f"{tags.get('s', '').strip().lower()}._domainkey.{domain}", "")
        if holds and _covers(tags, mail) and not _is_bound(text, tags, domain):
            return str(domain)
    return ""


def _key(name: bytes, keys: Mapping[str, str]) -> bytes | None:
    text = keys.get(name.decode("ascii").rstrip(".").lower())
    return None if text is None else text.encode()


def _covers(tags: Mapping[str, str], mail: ParsedMail) -> bool:
    """Whether the signature covers all of the text, and what is shown of the header."""
    if tags.get("a", "").strip() != "rsa-sha256" or "l" in tags or "bh" not in tags:
        return False
    signed = {name.strip().lower() for name in tags.get("h", "").split(":")}
    counts = [len(mail.all(name)) for name in ("from", "subject", "date")]
    if not signed >= SIGNED or counts != [1, 1, 1] or len(mail.all("content-type")) > 1:
        return False
    encodings = {value.strip().lower() for value in mail.all("content-transfer-encoding")}
    return "content-transfer-encoding" in signed or encodings <= PLAIN


def _is_bound(key: str, tags: Mapping[str, str], domain: str) -> bool:
    """Whether the key is only being tested (t=y), or is not for signers below its domain (t=s)."""
    pairs = (tag.partition("=")[::2] for tag in key.split(";"))
    flags = {name.strip(): value for name, value in pairs}.get("t", "").split(":")
    plain = {flag.strip() for flag in flags}
    signer_domain = tags.get("i", domain).rpartition("@")[2].strip().lower()
    return "y" in plain or ("s" in plain and signer_domain != domain)
