"""The command `orderbell`."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Read the mail AliExpress and Amazon send, and ring before money or rights are lost."""
