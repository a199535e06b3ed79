"""`notify test`: a message to each target, the way an alert goes there."""

from typing import TYPE_CHECKING

import click

from daemon.cli.exits import Exit, ExitError
from daemon.cli.paths import Paths

if TYPE_CHECKING:
    from daemon.push.notifier import Notifier
    from daemon.settings import Settings, Target

TEXTS = {
    "en": (
        "Orderbell: this is a test",
        "If you can read this, alerts reach you here. Nothing has happened.",
    ),
    "ja": (
        "Orderbell：テストです",
        "この通知が読めれば、お知らせはここに届きます。何も起きていません。",
    ),
}


@click.group()
def notify() -> None:
    """Look after the targets alerts are pushed to."""


@notify.command()
@click.argument("target", required=False)
@click.pass_obj
def test(places: Paths, target: str | None) -> None:
    """Send a test message to TARGET, or to every target."""
    settings = places.settings()
    chosen = targets(settings, target)
    failures = []
    with sender() as post:
        for one in chosen:
            why = try_target(one, post)
            if why is None:
                click.echo(f"{one.id}: sent")
            else:
                failures.append(f"{one.id}: {why}")
    if failures:
        raise ExitError(Exit.DELIVERY, *failures)


def targets(settings: "Settings", name: str | None) -> "tuple[Target, ...]":
    """The target called `name`, else all. Raises Stop when there is none."""
    from parsers.user_yaml import did_you_mean

    known = [one.id for one in settings.targets]
    if not known:
        raise ExitError(
            Exit.CONFIGURATION, "the configuration has no targets: yet, so there is nobody to tell"
        )
    if name is not None and name not in known:
        raise ExitError(
            Exit.USAGE, f"no target {name!r} in the configuration{did_you_mean(name, known)}"
        )
    return tuple(one for one in settings.targets if name in (None, one.id))


def sender() -> "Notifier":
    from daemon.push.notifier import Notifier

    return Notifier()


def try_target(target: "Target", post: "Notifier") -> str | None:
    """Send a test message; why it did not arrive, in one sentence, or None."""
    from uuid import uuid4

    from daemon.push.delivery import Delivery, SendOutcome

    url, why = address_of(target, post)
    if why:
        return why
    title, body = TEXTS[target.language]
    answer = post.send(
        Delivery(
            target=target.id,
            url=url,
            title=title,
            body=body,
            severity="info",
            key=f"test-{uuid4()}",
        )
    )
    match answer.outcome:
        case SendOutcome.SENT:
            return None
        case SendOutcome.UNSURE:
            return f"sent, but no answer came: {answer.reason}; look whether it arrived"
        case SendOutcome.FAILED:
            return f"{answer.reason}; check the URL and orderbell's access to it"


def address_of(target: "Target", post: "Notifier") -> tuple[str, str | None]:
    """The target's URL, and why it cannot be used, in one sentence without the URL, or None."""
    from daemon.secrets import SecretError, resolve

    try:
        url = resolve(target.url, what=f"the URL of target {target.id}")
    except SecretError as error:
        return "", str(error)
    reason = post.check(url)
    return url, f"its URL {reason}" if reason else None
