"""A private Dovecot on loopback: no root needed, nothing of the system's own Dovecot is touched."""

import grp
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import imapclient

from tests.servers.certificates import certificate

BINARY = Path("/usr/sbin/dovecot")
MISSING = (
    f"no {BINARY}: the tests on a real IMAP server do not run; try: apt-get install dovecot-imapd"
)
PASSWORD = "secret"

CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_login_user = {owner}
default_internal_user = {owner}
default_internal_group = {group}
first_valid_uid = 0
first_valid_gid = 0
mail_uid = {owner}
mail_gid = {group}
mail_location = {form}:{folder}/mail/%u
mailbox_list_index = yes
disable_plaintext_auth = no
auth_mechanisms = plain login
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
mail_max_userip_connections = 100
imap_idle_notify_interval = 5s
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}/mail/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
}}
protocol imap {{
  mail_max_userip_connections = 100
}}
{extra}
"""

LIFELINE = 'cat >/dev/null; kill -TERM "-$1" 2>/dev/null; true'
"""Ends the whole group (logged-in connections outlive their master) once we let go, however we
end.
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(condition: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


class Dovecot:
    """A running server. Any user name logs in with `password`; every user has a mailbox of its
    own.
    """

    host = "127.0.0.1"
    password = PASSWORD

    def __init__(self, folder: Path, form: str, extra: str) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self.ca_file, _ = certificate(folder)
        self._names = itertools.count(1)
        # Dovecot refuses to run its login processes as root.
        owner = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        group = grp.getgrgid(pwd.getpwnam(owner).pw_gid).gr_name
        for name in ("run", "state", "mail"):
            (folder / name).mkdir()
        self._conf = folder / "dovecot.conf"
        self._conf.write_text(
            CONFIGURATION.format(
                folder=folder,
                owner=owner,
                group=group,
                form=form,
                port=self.port,
                tls_port=self.tls_port,
                password=PASSWORD,
                extra=extra,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: subprocess.Popen[bytes] | None = None
        self._prefix: tuple[str, ...] = ()
        if os.getuid() == 0:
            numbers = (f"--reuid={owner}", f"--regid={pwd.getpwnam(owner).pw_gid}")
            self._prefix = ("setpriv", *numbers, "--clear-groups", "--")
            for place in (folder, *folder.rglob("*")):
                shutil.chown(place, owner, group)

    def start(self) -> None:
        command = [*self._prefix, str(BINARY), "-F", "-c", str(self._conf)]
        with (self.folder / "start.log").open("w") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        self._lifeline = subprocess.Popen(
            ["sh", "-c", LIFELINE, "sh", str(self._process.pid)], stdin=subprocess.PIPE
        )
        _wait(
            self._answers,
            10,
            f"Dovecot does not answer; see {self.folder}/start.log and dovecot.log",
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), 1):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """End the server and every connection to it. The mail stays; `start` brings it back on the
        same ports.
        """
        if self._lifeline is None or self._process is None:
            return
        self._lifeline.communicate()
        self._process.wait(20)
        self._lifeline = self._process = None
        _wait(lambda: not self._answers(), 20, "Dovecot does not end")

    def user(self) -> str:
        """A user nobody had before: an empty mailbox."""
        return f"user{next(self._names)}"

    def doveadm(self, *arguments: str) -> str:
        command = [*self._prefix, "doveadm", "-c", str(self._conf), *arguments]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"doveadm {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def set_uid_validity(self, user: str, value: int, folder: str = "INBOX") -> None:
        """The nasty reset: UIDVALIDITY changes, the UIDs stay as they were."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(value), folder)

    @contextmanager
    def client(self, user: str) -> Iterator[imapclient.IMAPClient]:
        """A plain client with the right to write: what the user's own mail program is."""
        with imapclient.IMAPClient(self.host, self.port, ssl=False, timeout=30) as client:
            client.login(user, PASSWORD)
            yield client

    def append(
        self,
        user: str,
        *mails: bytes,
        folder: str = "INBOX",
        when: datetime | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        """Put mails into a folder (made when it is missing), in this order, received at `when`
        (default: now).
        """
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail, flags=flags, msg_time=when or datetime.now(UTC))

    def burst(self, user: str, mails: Sequence[bytes], folder: str = "INBOX") -> None:
        """Append very many mails, 500 in one command."""
        with self.client(user) as client:
            for start in range(0, len(mails), 500):
                client.multiappend(folder, mails[start : start + 500])

    def files(self, user: str) -> dict[str, bytes]:
        """Every file of the user's mail that is mail, with its bytes: names of a Maildir hold the
        flags.
        """
        root = self.folder / "mail" / user
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.parent.name in ("cur", "new")
        }


@contextmanager
def running(form: str = "maildir", extra: str = "") -> Iterator[Dovecot]:
    """Start a Dovecot (mail stored as `maildir`, `mdbox` or `sdbox`) and end it. Needs the binary
    (see `MISSING`).
    """
    # Not below pytest's folder: that one is closed to other users, and the path of a Unix socket
    # has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
    folder.chmod(0o755)
    server = Dovecot(folder, form, extra)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
