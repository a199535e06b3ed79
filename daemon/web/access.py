"""Who may see the page: sessions of a browser, tokens of programs, a password, and patience with
those who guess.

The ledger keeps fingerprints (sha256) of random secrets only; what is random need not be slow to
check. A password is checked by argon2, which is slow on purpose, one at a time.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from daemon.store.ledger import Ledger
from daemon.store.state import WEB_ACCESS
from daemon.store.store import Store
from parsers.errors import OrderbellError

SESSION_LIFE = timedelta(days=30)
INVITATION_LIFE = timedelta(minutes=15)
MOST_SESSIONS = 50
MOST_TOKENS = 100
PREFIX = "ob"
GUESSES = 5
"""Wrong passwords from one address before it has to wait."""
ALL_GUESSES = 50
"""From all addresses together."""
WAIT = timedelta(minutes=15)
MOST_ADDRESSES = 1000


class AccessError(OrderbellError):
    """Access cannot be given as asked for; says what to do."""


class AccessScope(StrEnum):
    """What a token may do."""

    READ = "read"
    WRITE = "write"
    METRICS = "metrics"
    CALENDAR = "calendar"


EVERYTHING = frozenset(AccessScope)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrant:
    """A session, a token, or an invitation to open a session, known by its fingerprint."""

    id: str
    name: str
    fingerprint: str
    scopes: tuple[str, ...]
    made_at: str
    """ISO 8601."""
    ends_at: str | None = None

    def valid(self, now: datetime) -> bool:
        return self.ends_at is None or datetime.fromisoformat(self.ends_at) > now


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGrants:
    """All that is given, as one value of the ledger."""

    sessions: tuple[AccessGrant, ...] = ()
    tokens: tuple[AccessGrant, ...] = ()
    invitations: tuple[AccessGrant, ...] = ()

    @classmethod
    def of(cls, ledger: Ledger) -> "AccessGrants":
        row = ledger.state.get(WEB_ACCESS)
        kept: Mapping[str, Any] = row.value if row else {}
        return cls(**{kind: tuple(_grant(one) for one in kept.get(kind, ())) for kind in KINDS})

    def to_json(self) -> dict[str, Any]:
        return {kind: [asdict(one) for one in getattr(self, kind)] for kind in KINDS}


KINDS = ("sessions", "tokens", "invitations")


def _grant(kept: Mapping[str, Any]) -> AccessGrant:
    return AccessGrant(**{**kept, "scopes": tuple(kept["scopes"])})


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Access:
    """Gives, checks and takes back access to one ledger's page. Raises StoreError."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    # browsers

    def invite(self) -> str:
        """A secret that opens one session within a quarter of an hour."""
        return self._give("invitations", "terminal", EVERYTHING, INVITATION_LIFE)

    def accept(self, secret: str) -> str | None:
        """The secret of a new session for that of an invitation, which is used up."""
        if not self._take("invitations", lambda one: self._same(one, secret)):
            return None
        return self.open_session("invited")

    def open_session(self, name: str) -> str:
        """The secret of a new session: nothing that a browser brought along becomes one."""
        return self._give("sessions", name, EVERYTHING, SESSION_LIFE)

    def close_session(self, secret: str) -> None:
        self._take("sessions", lambda one: self._same(one, secret))

    def session(self, secret: str) -> AccessGrant | None:
        return self._known(self._grants().sessions, secret)

    # programs

    def issue(self, name: str, scopes: Iterable[str]) -> str:
        """A token for a program; it is shown once. Raises AccessError."""
        wanted = tuple(dict.fromkeys(scopes))
        if not wanted:
            raise AccessError(f"a token needs a scope: {', '.join(AccessScope)}")
        if len(self._grants().tokens) >= MOST_TOKENS:
            raise AccessError(
                f"there are {MOST_TOKENS} tokens already", "revoke some: orderbell web revoke ID"
            )
        return self._give("tokens", name, wanted, None)

    def tokens(self) -> tuple[AccessGrant, ...]:
        return self._grants().tokens

    def revoke(self, name: str) -> None:
        """Take back the token with that id. Raises AccessError."""
        if not self._take("tokens", lambda one: one.id == name):
            raise AccessError(f"no token has the id {name!r}", "orderbell web tokens lists them")

    def token(self, secret: str) -> AccessGrant | None:
        return self._known(self._grants().tokens, secret)

    def _grants(self) -> AccessGrants:
        with self._store.read() as ledger:
            return AccessGrants.of(ledger)

    def _known(self, grants: Iterable[AccessGrant], secret: str) -> AccessGrant | None:
        now = self._clock()
        return next((one for one in grants if one.valid(now) and self._same(one, secret)), None)

    def _give(self, kind: str, name: str, scopes: Iterable[str], life: timedelta | None) -> str:
        now, number = self._clock(), secrets.token_hex(4)
        secret = f"{PREFIX}_{number}_{secrets.token_urlsafe(32)}"
        grant = AccessGrant(
            id=number,
            name=name[:60],
            fingerprint=fingerprint(secret),
            scopes=tuple(sorted(map(str, scopes))),
            made_at=now.isoformat(timespec="seconds"),
            ends_at=(now + life).isoformat(timespec="seconds") if life else None,
        )
        with self._store.write() as ledger:
            kept = AccessGrants.of(ledger).to_json()
            valid = [one for one in kept[kind] if _grant(one).valid(now)]
            most = MOST_TOKENS if kind == "tokens" else MOST_SESSIONS
            ledger.state.set(WEB_ACCESS, now, kept | {kind: [*valid, asdict(grant)][-most:]})
        return secret

    def _take(self, kind: str, chosen: Callable[[AccessGrant], bool]) -> bool:
        """Take the chosen ones away; whether there was a valid one."""
        now = self._clock()
        with self._store.write() as ledger:
            grants = AccessGrants.of(ledger)
            gone = [one for one in getattr(grants, kind) if chosen(one)]
            if gone:
                left = [asdict(one) for one in getattr(grants, kind) if one not in gone]
                ledger.state.set(WEB_ACCESS, now, grants.to_json() | {kind: left})
        return any(one.valid(now) for one in gone)

    @staticmethod
    def _same(grant: AccessGrant, secret: str) -> bool:
        return hmac.compare_digest(grant.fingerprint, fingerprint(secret))


def hash_password(password: str) -> str:
    """What the configuration keeps of a password."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - most who look have no password

    return PasswordHasher().hash(password)


class PasswordCheck:
    """Compares what was typed with the configured hash, one at a time."""

    def __init__(self) -> None:
        self._turn = threading.Lock()

    def fits(self, password: str, hashed: str) -> bool:
        """Raises AccessError when the configured secret is no argon2 hash."""
        from argon2 import PasswordHasher  # noqa: PLC0415
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

        with self._turn:
            try:
                return PasswordHasher().verify(hashed, password)
            except InvalidHashError:
                raise AccessError(
                    "web: password is no argon2 hash", "make one with: orderbell web password"
                ) from None
            except VerificationError:
                return False


@dataclass(slots=True)
class Throttle:
    """Counts wrong guesses, by address and in all."""

    clock: Callable[[], datetime]
    _wrong: dict[str, list[datetime]] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, address: str) -> timedelta | None:
        """How long this address has to wait, if at all."""
        now = self.clock()
        with self._turn:
            self._forget(now)
            own = self._wrong.get(address, [])
            every = sorted(at for times in self._wrong.values() for at in times)
        if len(own) >= GUESSES:
            return own[0] + WAIT - now
        return every[0] + WAIT - now if len(every) >= ALL_GUESSES else None

    def wrong(self, address: str) -> None:
        now = self.clock()
        with self._turn:
            if address in self._wrong or len(self._wrong) < MOST_ADDRESSES:
                self._wrong.setdefault(address, []).append(now)

    def right(self, address: str) -> None:
        with self._turn:
            self._wrong.pop(address, None)

    def _forget(self, now: datetime) -> None:
        for address, times in list(self._wrong.items()):
            times[:] = [at for at in times if now - at < WAIT]
            if not times:
                del self._wrong[address]
