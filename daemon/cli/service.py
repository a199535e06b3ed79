"""`service`: the systemd unit, printed or put where systemd looks."""

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.listing import say
from daemon.cli.paths import Paths

user_unit = click.option(
    "--user", is_flag=True, help="A service of your own account instead of the whole system."
)


@click.group()
def service() -> None:
    """Run as a service of systemd."""


@service.command(name="print")
@user_unit
@click.pass_obj
def print_unit(paths: Paths, user: bool) -> None:
    """Print the unit as it would be installed."""
    from daemon.units import program, unit

    click.echo(unit(user=user, command=program(), config=paths.given_config), nl=False)


@service.command()
@user_unit
@click.option("--force", is_flag=True, help="Replace a unit that differs.")
@click.pass_obj
def install(paths: Paths, user: bool, force: bool) -> None:
    """Put the unit where systemd looks, and say how to start it."""
    from daemon.units import obstacle, program, unit, unit_path

    path, command = unit_path(user=user), program()
    if reason := obstacle(user=user, command=command):
        raise ExitError(Exit.ERROR, reason)
    text = unit(user=user, command=command, config=paths.given_config)
    if path.exists() and path.read_text() != text and not force:
        raise ExitError(
            Exit.ERROR,
            f"{path} is there already and differs; compare with: orderbell service print; then"
            " --force",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except PermissionError:
        raise ExitError(
            Exit.ERROR, f"{path}: permission denied; try: sudo orderbell service install, or --user"
        ) from None
    ctl = "systemctl --user" if user else "systemctl"
    say(f"{path} is in place. Start it now and at every boot:")
    say(f"  {ctl} daemon-reload && {ctl} enable --now orderbell")
    if user:
        say("  loginctl enable-linger    # so that it runs while you are logged out")
