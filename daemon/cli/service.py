"""`service`: the systemd unit, printed or put where systemd looks."""

import shutil
import sys
from importlib.resources import files
from pathlib import Path

import click

from daemon.cli.exits import Exit, Stop
from daemon.cli.places import Places

user_unit = click.option("--user", is_flag=True, help="A service of your own account instead of the whole system.")


@click.group()
def service() -> None:
    """Run as a service of systemd."""


@service.command(name="print")
@user_unit
@click.pass_obj
def print_unit(places: Places, user: bool) -> None:
    """Print the unit as it would be installed."""
    click.echo(unit(places, user=user), nl=False)


@service.command()
@user_unit
@click.option("--force", is_flag=True, help="Replace a unit that is already there.")
@click.pass_obj
def install(places: Places, user: bool, force: bool) -> None:
    """Put the unit where systemd looks, and say how to start it."""
    path = (
        Path.home() / ".config/systemd/user/orderbell.service"
        if user
        else Path("/etc/systemd/system/orderbell.service")
    )
    text = unit(places, user=user)
    if path.exists() and path.read_text() != text and not force:
        raise Stop(
            Exit.ERROR, f"{path} is there already and differs; compare with: orderbell service print; then --force"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except PermissionError:
        raise Stop(Exit.ERROR, f"{path}: permission denied; try: sudo orderbell service install, or --user") from None
    ctl = "systemctl --user" if user else "systemctl"
    click.echo(f"{path} is in place. Start it now and at every boot:")
    click.echo(f"  {ctl} daemon-reload && {ctl} enable --now orderbell")
    if user:
        click.echo("  loginctl enable-linger    # so that it runs while you are logged out")


def unit(places: Places, *, user: bool) -> str:
    """The unit's text with the command of this installation in it."""
    name = "user/orderbell.service" if user else "orderbell.service"
    shipped = files("daemon").joinpath("units", *name.split("/"))
    text = (shipped if shipped.is_file() else _checkout(name)).read_text(encoding="utf-8")
    return "".join(_with_command(line, _command(places)) for line in text.splitlines(keepends=True))


def _checkout(name: str) -> Path:
    """In a checkout the units lie in the folder the wheel takes them from."""
    return Path(__file__).parents[2] / "systemd" / name


def _with_command(line: str, command: str) -> str:
    return f"ExecStart={command} run\n" if line.startswith("ExecStart=") else line


def _command(places: Places) -> str:
    found = shutil.which("orderbell") or str(Path(sys.executable).parent / "orderbell")
    return f"{found} --config {places.given_config.resolve()}" if places.given_config else found
