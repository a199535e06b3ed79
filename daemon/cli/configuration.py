"""`config`: whether the configuration is right, what it comes to, and its schema for editors."""

import json

import click

from daemon.cli.places import Places


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@click.pass_obj
def check(places: Places) -> None:
    """Check the configuration and say every fault as file:line:column."""
    settings = places.settings()
    places.library()
    boxes, targets = len(settings.mailboxes), len(settings.targets)
    click.echo(
        f"{places.config}: right; {_count(boxes, 'mailbox', 'mailboxes')}, {_count(targets, 'target', 'targets')}"
    )
    if not targets:
        click.echo("There are no targets yet, so nothing would be pushed; add one under targets:", err=True)


@config.command()
@click.pass_obj
def show(places: Places) -> None:
    """Print the configuration with every default filled in, as JSON; secrets stay where they are."""
    from daemon.settings import shown

    click.echo(json.dumps(shown(places.settings()), indent=2, ensure_ascii=False))


@config.command()
def schema() -> None:
    """Print the JSON Schema of config.yaml, for editors."""
    from daemon.settings import schema as settings_schema

    click.echo(json.dumps(settings_schema(), indent=2, ensure_ascii=False))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
