"""Secrets, read from where the configuration says they lie, at the moment they are needed.

Nothing is kept: a password that was changed works at the next login without a restart.
"""

import os
import signal
import stat
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon.logs import hide, veil
from daemon.settings import Secret
from parsers.errors import OrderbellError

COMMAND_SECONDS = 10.0
MAX_BYTES = 64 * 1024
KEYRING_SERVICE = "orderbell"
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd lays what LoadCredential= names, readable by the service alone."""


class SecretError(OrderbellError):
    """A secret cannot be had. `what` says why, `try_this` what to do; neither ever holds the
    secret.

    `said` is what a command wrote to stderr, veiled: for the eyes of who asks for it, and for no
    log, ledger or message, since nobody knows what a stranger's program prints.
    """

    def __init__(self, what: str, try_this: str, said: str = "") -> None:
        self.said = said
        super().__init__(what, try_this)


def resolve(secret: Secret, *, what: str, environment: Mapping[str, str] = os.environ) -> str:
    """The secret: the first line of what lies in its place. `what` names its use: "the password of
    mailbox main".

    Raises SecretError. A command may take ten seconds.
    """
    match secret:
        case Secret(credential=str(name)):
            found = _credential(name, what, environment)
        case Secret(file=Path() as path):
            found = _file(path, what)
        case Secret(command=tuple(argv)):
            found = _command(argv, what)
        case Secret(keyring=str(name)):
            found = _keyring(name, what)
        case Secret(env=str(name)):
            found = environment.get(name, "").encode()
            if not found:
                raise SecretError(
                    f"{what}: the environment variable {name} is not set",
                    "set it for the service (systemctl edit orderbell), or better keep the secret"
                    " in a {file: …}",
                )
        case _:
            found = (secret.value or "").encode()
    line = _first_line(found, what)
    hide(line)
    return line


def _credential(name: str, what: str, environment: Mapping[str, str]) -> bytes:
    folder = environment.get(CREDENTIALS)
    if not folder:
        raise SecretError(
            f"{what}: the credential {name} is given by systemd, and this was not started by it",
            "run it as the service, or use {file: …} when you start it by hand",
        )
    if name in (".", "..") or "/" in name:
        raise SecretError(
            f"{what}: {name!r} is no name of a credential",
            "write the part before ':' of LoadCredential=",
        )
    try:
        return _read(Path(folder, name))
    except FileNotFoundError:
        cure = f"add LoadCredential={name}:/path/of/the/file to the unit (systemctl edit orderbell)"
        raise SecretError(f"{what}: systemd has no credential {name}", cure) from None
    except OSError as error:
        raise SecretError(
            f"{what}: the credential {name} cannot be read: {error.strerror}", "see the unit"
        ) from None


def _file(path: Path, what: str) -> bytes:
    path = path.expanduser()
    if not path.is_absolute():
        raise SecretError(
            f"{what}: {path} depends on where the program starts", "write the whole path, or ~/…"
        )
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SecretError(
            f"{what}: there is no file {path}", "create it with the secret as its one line"
        ) from None
    except OSError as error:
        why = f"{what}: {path} cannot be read: {error.strerror}"
        raise SecretError(why, f"let {_me()} own it: chown {_me()} {path}") from None
    try:
        seen = os.fstat(handle)
        if not stat.S_ISREG(seen.st_mode):
            raise SecretError(
                f"{what}: {path} is no ordinary file", "write the path of a file with one line"
            )
        if seen.st_uid not in (os.geteuid(), 0):
            raise SecretError(
                f"{what}: {path} belongs to another user, who could change it",
                f"chown {_me()} {path}",
            )
        if seen.st_mode & 0o077:
            raise SecretError(f"{what}: others can read or change {path}", f"chmod 600 {path}")
        return os.read(handle, MAX_BYTES)
    except OSError as error:
        raise SecretError(
            f"{what}: {path} cannot be read: {error.strerror}", "see the disk"
        ) from None
    finally:
        os.close(handle)


def _command(argv: Sequence[str], what: str) -> bytes:
    if not argv:
        raise SecretError(f"{what}: its command is empty", "write it as a list: [pass, show, imap]")
    program = argv[0]
    named = f"{what}: the command {Path(program).name}"
    cure = (
        f"run it by hand as {_me()}, as it is written; orderbell doctor --verbose shows what it"
        " says"
    )
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            [str(Path(program).expanduser()) if program.startswith("~") else program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that what it starts ends with it
        )
    except OSError as error:
        raise SecretError(f"{named} cannot be started: {error.strerror}", cure) from None
    with process:
        try:
            found, complaint = process.communicate(timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            raise SecretError(f"{named} took more than {COMMAND_SECONDS:.0f} s", cure) from None
        finally:
            _end(process)
    if process.returncode:
        raise SecretError(
            f"{named} ended with {process.returncode}",
            cure,
            said=veil(complaint[:MAX_BYTES].decode(errors="replace")),
        )
    return found[:MAX_BYTES]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill the command and its children if they still run. Its group is still ours to kill until it
    is waited for.
    """
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _keyring(name: str, what: str) -> bytes:
    try:
        import keyring  # noqa: PLC0415 - an extra that most do without, 119 ms
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        cure = "install it into Orderbell's own environment: pipx inject orderbell keyring"
        raise SecretError(f"{what}: the keyring extra is not installed", cure) from None
    try:
        found: str | None = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError as error:
        why = f"{what}: the keyring does not open ({type(error).__name__})"
        raise SecretError(
            why, "unlock it, or use {file: …}: a service often has no desktop session"
        ) from None
    if found is None:
        raise SecretError(
            f"{what}: the keyring has no {name}", f"store it: keyring set {KEYRING_SERVICE} {name}"
        )
    return found.encode()


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)


def _first_line(found: bytes, what: str) -> str:
    try:
        line = found.decode("utf-8-sig").split("\n", 1)[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(
            f"{what}: what lies there is no text", "save it as UTF-8, one line"
        ) from None
    if not line or "\0" in line:
        raise SecretError(f"{what}: its first line is empty", "put the secret on the first line")
    return line


def _me() -> str:
    try:
        import pwd  # noqa: PLC0415 - not on every system

        return pwd.getpwuid(os.geteuid()).pw_name
    except (ImportError, KeyError):
        return "the user that runs Orderbell"
