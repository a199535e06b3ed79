"""Access tokens for mailboxes that take no passwords, from a login of our own.

It is the device flow of RFC 8628: a code is typed into a browser anywhere. What it gives is a
refresh token,
which lies in the state folder, for its owner alone. Providers may change it at every use, so that
the new one is on
disk before the access token that came with it is used.
"""

import fcntl
import json
import os
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from daemon.atomic import write_file
from daemon.http import WebError, post
from daemon.mailbox.errors import MailboxError, MailboxErrorKind, said
from daemon.mailbox.login import LOOPBACK

HTTP_SECONDS = 20
SHARE = 0.8
"""Of an access token's life; then a new one is fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthProvider:
    """Where a provider hands out tokens, and what for."""

    device_url: str
    token_url: str
    scope: str


PROVIDERS: Mapping[str, OAuthProvider] = {
    # learn.microsoft.com: “Authenticate an IMAP, POP or SMTP connection using OAuth”, “OAuth 2.0
    # device authorization”
    "microsoft": OAuthProvider(
        device_url="https://login.microsoftonline.com/common/oauth2/v2.0/devicecode",
        token_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106
        scope="https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What lies in the token file. Times are seconds of the Unix epoch."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str
    refresh_token: str
    access_token: str = ""
    refresh_at: float = 0
    expires_at: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What the user has to do: open `address` in any browser and type `user_code`."""

    address: str
    user_code: str
    device_code: str
    interval: float
    """Seconds between two questions."""
    seconds: float
    """How long the code lives."""


# the device login


def begin(provider: OAuthProvider, client_id: str) -> Code:
    """Ask for a code to show to the user. Raises MailboxError."""
    answer = _post(provider.device_url, {"client_id": client_id, "scope": provider.scope})
    if "error" in answer:
        raise _refused(answer, provider.device_url)
    try:
        return Code(
            address=str(answer["verification_uri"]),
            user_code=str(answer["user_code"]),
            device_code=str(answer["device_code"]),
            interval=float(answer.get("interval") or 5),
            seconds=float(answer.get("expires_in") or 900),
        )
    except (KeyError, TypeError, ValueError):
        raise _odd(provider.device_url) from None


def finish(
    provider: OAuthProvider,
    code: Code,
    client_id: str,
    client_secret: str = "",
    *,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.time,
) -> Grant:
    """Wait until the user has typed the code. Raises MailboxError when it was refused or ran
    out.
    """
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": code.device_code,
        "client_id": client_id,
    } | ({"client_secret": client_secret} if client_secret else {})
    interval, waited = code.interval, 0.0
    while waited < code.seconds:
        sleep(interval)
        waited += interval
        try:
            answer = _post(provider.token_url, form)
        except MailboxError as error:
            if error.permanent:
                raise
            interval *= 2  # RFC 8628 §3.5: after a time-out ask less often
            continue
        match answer.get("error"):
            case None:
                empty = Grant(
                    token_url=provider.token_url,
                    client_id=client_id,
                    client_secret=client_secret,
                    scope=provider.scope,
                    refresh_token="",
                )
                return _granted(empty, answer, now())
            case "authorization_pending":
                pass
            case "slow_down":
                interval += 5
            case _:
                raise _refused(answer, provider.token_url)
    raise MailboxError(
        MailboxErrorKind.EXPIRED_TOKEN,
        "the code ran out before it was typed",
        "start the login again",
    )


# the token file


def save(path: Path, grant: Grant) -> None:
    """Replace the token file at once and for good: for its owner alone, on the disk before this
    returns.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _hand_over(path.parent)
    folder = path.parent.stat()
    owner = (folder.st_uid, folder.st_gid) if os.geteuid() == 0 else None
    write_file(path, json.dumps(asdict(grant)), keep=True, owner=owner)


def _hand_over(path: Path) -> None:
    """What root makes belongs to whom the folder belongs: root signs in, the service reads and
    renews the token.
    """
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def load(path: Path) -> Grant:
    """Read the token file. Raises MailboxError when there is none, or others can read it."""
    again = f"sign in: orderbell login {path.stem}"
    try:
        if path.stat().st_mode & 0o077:
            raise MailboxError(
                MailboxErrorKind.EXPIRED_TOKEN, f"others can read {path}", f"chmod 600 {path}"
            )
        return Grant(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise MailboxError(
            MailboxErrorKind.EXPIRED_TOKEN, f"nobody has signed in for {path.stem} yet", again
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise MailboxError(
            MailboxErrorKind.EXPIRED_TOKEN, f"{path} cannot be read: {error}", again
        ) from None


def access_token(path: Path, *, fresh: bool = False, now: Callable[[], float] = time.time) -> str:
    """A valid access token from the token file, fetched anew when 80 % of its life are over.

    `fresh`: the server refused the last one, fetch another. Raises MailboxError; the kind is
    `expired_token` when only
    a new login helps. Blocks while another process does the same for this file.
    """
    with _alone(path):
        grant = load(path)
        if not fresh and now() < grant.refresh_at:
            return grant.access_token
        form = {
            "grant_type": "refresh_token",
            "refresh_token": grant.refresh_token,
            "client_id": grant.client_id,
        }
        form |= {"scope": grant.scope}
        form |= {"client_secret": grant.client_secret} if grant.client_secret else {}
        try:
            answer = _post(grant.token_url, form)
            if "error" in answer:
                raise _refused(answer, grant.token_url, path.stem)
        except MailboxError as error:
            if not error.permanent and not fresh and now() < grant.expires_at:
                return grant.access_token
            raise
        grant = _granted(grant, answer, now())
        save(path, grant)
        return grant.access_token


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two processes that refresh at once would each spoil the other's refresh token."""
    if not path.parent.exists():
        yield  # nothing to be alone with: `load` says so
        return
    lock = path.with_suffix(".lock")
    number = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _hand_over(lock)
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _granted(grant: Grant, answer: Mapping[str, Any], now: float) -> Grant:
    try:
        life = float(answer.get("expires_in") or 3600)
        grant = replace(
            grant,
            access_token=str(answer["access_token"]),
            refresh_token=str(answer.get("refresh_token") or grant.refresh_token),
            refresh_at=now + life * SHARE,
            expires_at=now + life,
        )
    except (KeyError, TypeError, ValueError):
        raise _odd(grant.token_url) from None
    if not grant.refresh_token:
        what = "the provider gave no refresh token, so the login would end within the hour"
        raise MailboxError(
            MailboxErrorKind.EXPIRED_TOKEN, what, "allow offline access for this client"
        )
    return grant


# HTTP


def _post(url: str, form: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object a server answers to a form, be it a token or an error. Raises
    MailboxError.
    """
    host = urllib.parse.urlsplit(url).hostname or ""
    if not url.startswith("https://") and host not in LOOPBACK:
        raise MailboxError(
            MailboxErrorKind.TLS, f"{url} is not encrypted", "use an https:// address"
        )
    try:
        status, text = post(url, form, seconds=HTTP_SECONDS)
    except WebError as error:
        raise MailboxError(
            MailboxErrorKind.UNREACHABLE, f"{host} {error}", "it is tried again by itself"
        ) from None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict) and (status == 200 or "error" in found):
        return found
    if status == 429 or status >= 500:
        raise MailboxError(
            MailboxErrorKind.TEMPORARY,
            f"{host} answers with {status}",
            "it is tried again by itself",
        )
    raise _odd(url)


def _refused(answer: Mapping[str, Any], url: str, mailbox: str = "") -> MailboxError:
    host = urllib.parse.urlsplit(url).hostname
    reason = said(str(answer.get("error_description") or answer["error"]))
    error = answer["error"]
    if error in ("temporarily_unavailable", "server_error", "slow_down"):
        return MailboxError(
            MailboxErrorKind.TEMPORARY,
            f"{host} cannot answer now: “{reason}”",
            "it is tried again by itself",
        )
    try_this = {
        "invalid_client": "check the client id and its secret",
        "unauthorized_client": "allow the device login for this client at the provider",
        "invalid_scope": (
            "this provider gives no mail access by device login; use an app password or"
            " token_command"
        ),
        "access_denied": "the login was declined; start it again",
        "expired_token": "the code ran out; start the login again",
    }.get(str(error), f"sign in again: orderbell login {mailbox}".rstrip())
    return MailboxError(MailboxErrorKind.EXPIRED_TOKEN, f"{host} refused: “{reason}”", try_this)


def _odd(url: str) -> MailboxError:
    host = urllib.parse.urlsplit(url).hostname
    return MailboxError(
        MailboxErrorKind.PROTOCOL,
        f"the answer of {host} is no token and no error",
        "it is tried again",
    )
