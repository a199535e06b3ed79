"""The package as people get it: built, checked, installed into an empty environment, and run."""

import subprocess
import tarfile
import venv
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from daemon import __version__
from daemon.demo.play import STAMP
from tests.manual import page
from tests.missing import without

pytestmark = [pytest.mark.shipping, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Orderbell alone in an environment, from the wheels of `make wheels`; no network, no checkout."""
    if not list((ROOT / "wheels").glob("orderbell-*.whl")):
        without("no wheels: the package is NOT installed; try: make shipping")
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder / "venv", with_pip=True)
    subprocess.run(
        [
            folder / "venv/bin/pip", "install", "--quiet", "--no-index", "--find-links",
            ROOT / "wheels", "orderbell",
        ],
        check=True, cwd=folder,
    )  # fmt: skip
    return SimpleNamespace(folder=folder, prefix=folder / "venv")


def call(installed, *words, env=(), **more):
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(installed.folder), "LANG": "C.UTF-8", **dict(env)}
    return subprocess.run(
        [installed.prefix / "bin/orderbell", *words],
        cwd=installed.folder, env=clean, capture_output=True, text=True, check=False, timeout=300,
        **more,
    )  # fmt: skip


def test_wheel_and_source_are_one_version():
    built = sorted(path.name for path in (ROOT / "dist").glob("orderbell-*"))

    assert built == [f"orderbell-{__version__}-py3-none-any.whl", f"orderbell-{__version__}.tar.gz"]
    with tarfile.open(ROOT / "dist" / built[1]) as source:
        names = source.getnames()
    assert any(name.endswith("/tests/test_project.py") for name in names)
    assert not [name for name in names if "/wheels/" in name or name.endswith(".sqlite")]


def test_the_manual_and_completions_are_installed(installed):
    share = installed.prefix / "share"

    assert (share / "man/man1/orderbell.1").read_text() == page()
    assert (share / "bash-completion/completions/orderbell").exists()
    assert (share / "zsh/site-functions/_orderbell").exists()
    assert (share / "fish/vendor_completions.d/orderbell.fish").exists()


def test_bash_completes_commands(installed):
    script = (
        f"PATH={installed.prefix}/bin:$PATH; . {installed.prefix}/share/bash-completion/completions/"
        "orderbell; COMP_WORDS=(orderbell dos); COMP_CWORD=1; _orderbell_completion orderbell;"
        ' echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "dossier"


def test_the_demo_runs_from_the_package(installed):
    shown = call(installed, "demo", "--once")

    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "All four stories were seen" in shown.stdout


def test_init_and_once_run_from_the_package(installed, dovecot):
    user = dovecot.user()
    config = installed.folder / "config.yaml"
    config.write_text(
        f"version: 1\nmailboxes:\n  - {{id: main, host: 127.0.0.1, port: {dovecot.port}, tls: none,"
        f" user: {user}, password: {{env: SECRET}}, authserv_ids: [{STAMP}]}}\n"
    )
    options = ("--config", str(config), "--state", str(installed.folder / "state"))
    checked = call(installed, *options, "config", "check")
    once = call(installed, *options, "once", env={"SECRET": dovecot.password}.items())
    asked = call(installed, "init", stdin=subprocess.DEVNULL)

    assert checked.returncode == 0, checked.stderr
    assert once.returncode == 0, once.stdout + once.stderr
    assert "Traceback" not in asked.stderr


ELSEWHERE = ("/packs/", "/migrations/", "daemon/web/")
"""Data, what Alembic loads, and the room of an extra that this environment does not have."""


def test_every_module_of_the_wheel_can_be_imported(installed):
    [wheel] = (ROOT / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        modules = [
            name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name in archive.namelist()
            if name.endswith(".py") and not any(part in name for part in ELSEWHERE)
        ]
    code = f"import importlib\nfor name in {modules!r}: importlib.import_module(name)"
    done = subprocess.run(
        [installed.prefix / "bin/python", "-I", "-c", code],
        capture_output=True, text=True, check=False, cwd=installed.folder,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
