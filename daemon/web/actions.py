"""What is done: every change is a POST that calls what the terminal's commands call, and leads back
to the page it came from, where it can be taken back.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from daemon.pipeline.commands import CommandError, Commands
from daemon.pipeline.lookup import find_orders, note_home
from daemon.pipeline.notes import Note, instant, kind_of
from daemon.queries.alerts import open_alerts
from daemon.secrets import SecretError, resolve
from daemon.web.render import page
from daemon.web.visitor import LANGUAGE, LANGUAGES, SESSION, Ask, cookie, is_trusted, peer
from parsers.amount import amount
from rules.lifecycle import snooze_until

DAYS, YEAR = 30, 365
TRY_AGAIN = timedelta(seconds=10)
"""Between two test messages to one target."""


def answer(ask: Ask) -> Response:
    """Acknowledge, silence or resolve the alerts of the form."""
    commands = ask.site.commands
    answer_alerts(commands, ask.form.get("alert", []), ask.field("do"), ask.field("span"))
    return _back(ask, commands)


def answer_alerts(commands: Commands, wanted: list[str], do: str, span: str) -> int:
    """How many alerts were answered. Raises UnknownAlertError for one that is not open (any more),
    CommandError for what cannot be done.
    """
    with commands.store.read() as ledger:
        rows = open_alerts(ledger, wanted)
    match do:
        case "ack":
            commands.acknowledge(rows)
        case "resolve":
            commands.resolve(rows)
        case "snooze":
            now = commands.clock()
            try:
                untils = [snooze_until(span or "8h", row.alert, now) for row in rows]
            except ValueError as error:
                raise CommandError(str(error)) from None
            for row, until in zip(rows, untils, strict=True):
                commands.snooze([row], until)
        case _:
            raise CommandError("nothing was said to be done; known are ack, snooze and resolve")
    return len(rows)


def note(ask: Ask) -> Response:
    commands = ask.site.commands
    with commands.store.read() as ledger:
        row = find_orders(ledger, ask.part("order"))[0]
    fields = {name: ask.field(name) for name in NOTE_FIELDS}
    tell(commands, {**fields, "order": row.number, "role": row.role})
    return _back(ask, commands)


NOTE_FIELDS = ("kind", "at", "text", "amount", "tracking", "due")


def tell(commands: Commands, said: dict[str, str]) -> bool:
    """Note what was told (fields as `orderbell note` has options); whether it is new. Raises
    CommandError, UnknownOrderError, AmbiguousOrderError.
    """
    zone = commands.setup.zone
    try:
        told = Note(
            kind=kind_of(said.get("kind", "")),
            order=said.get("order", "").strip(),
            at=instant(said["at"], zone) if said.get("at") else datetime.now(UTC),
            text=said.get("text", ""),
            amount=amount(said["amount"]) if said.get("amount") else None,
            tracking=said.get("tracking") or None,
            due=instant(said["due"], zone, until=True) if said.get("due") else None,
        )
        with commands.store.read() as ledger:
            home = note_home(ledger, told, said.get("role") or None)
        return bool(commands.note(told, home.marketplace, home.role))
    except ValueError as error:
        raise CommandError(str(error)) from None


def assign(ask: Ask) -> Response:
    """The mail belongs to that order, or to none."""
    commands, named = ask.site.commands, ask.field("order")
    if not named:
        raise CommandError("no order was named; write its number, or none")
    row = None
    if named.casefold() != "none":
        with commands.store.read() as ledger:
            row = find_orders(ledger, named)[0]
    commands.assign(ask.number("mail"), row)
    return _back(ask, commands)


def try_target(ask: Ask) -> Response:
    """Send a test message to a target, as `orderbell notify test` does; a double click sends
    one.
    """
    site, name = ask.site, ask.part("target")
    try:
        target = site.setup.target(name)
    except KeyError:
        raise CommandError(
            f"no target {name!r} in the configuration", "the page Routes lists them"
        ) from None
    now = site.clock()
    last = site.tried.get(name)
    if last is None or now - last > TRY_AGAIN:
        site.tried[name] = now
        reason = site.tries(target)
        if reason is not None:
            raise CommandError(f"{name}: {reason}")
    return RedirectResponse(f"/routes?{urlencode({'sent': name})}", status_code=303)


def undo(ask: Ask) -> Response:
    number = ask.field("number")
    if not (number.isdigit() and len(number) <= 15):
        raise CommandError("nothing was named that could be taken back")
    ask.site.commands.take_back(int(number))
    return RedirectResponse(_path(ask.field("back")), status_code=303)


def choose_language(ask: Ask) -> Response:
    chosen = ask.field("language")
    answer = RedirectResponse(_path(ask.field("back")), status_code=303)
    if chosen in LANGUAGES:
        answer.headers.append("set-cookie", _cookie(ask, LANGUAGE, chosen, YEAR))
    return answer


# signing in and out


def sign_in_page(ask: Ask) -> Response:
    return _sign_in(ask)


def sign_in(ask: Ask) -> Response:
    """By an invitation from the terminal, or by the password; a new session either way."""
    site, address = ask.site, peer(ask.request)
    wait = site.throttle.wait(address)
    if wait is not None:
        answer = _sign_in(ask, wrong="wait", status=429)
        answer.headers["retry-after"] = str(int(wait.total_seconds()) + 1)
        return answer
    session = _opened(ask)
    if session is None:
        site.throttle.wrong(address)
        return _sign_in(ask, wrong="wrong", status=403)
    site.throttle.right(address)
    answer = RedirectResponse(_path(ask.field("back")), status_code=303)
    answer.headers.append("set-cookie", _cookie(ask, SESSION, session, DAYS))
    return answer


def sign_out(ask: Ask) -> Response:
    if ask.visitor.session:
        ask.site.access.close_session(ask.visitor.session)
    answer = RedirectResponse("/sign-in", status_code=303)
    answer.headers.append("set-cookie", _cookie(ask, SESSION, "", 0))
    return answer


def _opened(ask: Ask) -> str | None:
    """The secret of a new session, if what was typed opens one. Raises AccessError."""
    invitation, password = ask.field("invitation"), ask.form.get("password", [""])[0]
    if invitation:
        return ask.site.access.accept(invitation)
    configured = ask.site.web.password
    if not password or configured is None:
        return None
    try:
        hashed = resolve(configured, what="the password of the page")
    except SecretError as error:
        raise CommandError(str(error)) from None
    fits = ask.site.passwords.fits(password, hashed)
    return ask.site.access.open_session("password") if fits else None


def _sign_in(ask: Ask, *, wrong: str = "", status: int = 200) -> Response:
    return page(
        ask,
        "sign_in.html",
        status=status,
        invitation=str(ask.request.path_params.get("invitation", "")),
        with_password=ask.site.web.password is not None,
        wrong=wrong,
    )


def _cookie(ask: Ask, name: str, value: str, days: int) -> str:
    """Over HTTPS, which only a proxy of the user's can tell us, the cookie never goes without."""
    forwarded = ask.request.headers.get("x-forwarded-proto", "")
    secure = forwarded == "https" and is_trusted(peer(ask.request), ask.site.web)
    return cookie(name, value, secure=secure, days=days)


def _back(ask: Ask, commands: Commands) -> Response:
    """Where the form was, with what was just told."""
    with commands.store.read() as ledger:
        told = next(
            (row for row in ledger.told.standing(5) if row.channel == commands.channel), None
        )
    parts = urlsplit(_path(ask.field("back")))
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "done"]
    query += [("done", str(told.id))] if told else []
    return RedirectResponse(f"{parts.path}?{urlencode(query)}", status_code=303)


def _path(text: str) -> str:
    """A place on this page; whatever is none is the first one."""
    own = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if own and text.isprintable() and len(text) < 2000 else "/"
