"""`config`: whether the configuration is right, what it comes to, and its schema for editors."""

import json

import click

from daemon.cli.listing import say
from daemon.cli.paths import Paths


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command()
@click.pass_obj
def check(paths: Paths) -> None:
    """Check the configuration and the packs, and say every fault as file:line:column."""
    settings = paths.settings()
    paths.check_packs()
    boxes, targets = len(settings.mailboxes), len(settings.targets)
    say(
        f"{paths.config}: right; {_count(boxes, 'mailbox', 'mailboxes')},"
        f" {_count(targets, 'target', 'targets')}"
    )
    if not targets:
        say(
            "There are no targets yet, so nothing would be pushed; add one under targets:", err=True
        )


@config.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def show(paths: Paths, as_json: bool) -> None:
    """Print the configuration with every default filled in, as YAML; secrets stay where they
    are.
    """
    from daemon.settings import shown

    tree = shown(paths.settings())
    if as_json:
        click.echo(json.dumps(tree, indent=2, ensure_ascii=False))
        return
    from yaml import safe_dump

    click.echo(safe_dump(tree, sort_keys=False, allow_unicode=True, width=100), nl=False)


@config.command()
def schema() -> None:
    """Print the JSON Schema of config.yaml, for editors."""
    from daemon.settings import schema as settings_schema

    click.echo(json.dumps(settings_schema(), indent=2, ensure_ascii=False))


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, such as: eval "$(orderbell completion bash)"."""
    from click.shell_completion import get_completion_class

    maker = get_completion_class(shell)
    if maker is None:
        raise click.UsageError(f"no completion for {shell}", ctx)
    click.echo(maker(ctx.find_root().command, {}, "orderbell", "_ORDERBELL_COMPLETE").source())
