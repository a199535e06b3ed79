"""The API: rows as `--json` prints them, and four commands that do what the terminal's do."""

import pytest

from tests.daemon.web.test_pages import CHARGER, KNIFE, alert_of, undo_last


@pytest.fixture(scope="module")
def program(sample):
    """A program with a token that may read and write."""
    secret = sample.site.access.issue("program", ["read", "write"])
    client = sample.stranger(headers={"authorization": f"Bearer {secret}"})
    yield client
    for token in sample.site.access.tokens():
        if token.name == "program":
            sample.site.access.revoke(token.id)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("orders?all=1", ["orders", "--all"]),
        ("alerts", ["alerts", "--full"]),
        ("watches?mine=1", ["watches", "--mine"]),
        ("cases", ["cases"]),
        ("mails", ["mails", "unread"]),
    ],
)
def test_rows_are_those_of_the_command(sample, program, name, words):
    told = program.get(f"/api/v1/{name}").json()["rows"]
    printed = sample.household.rows(*words)

    assert len(told) == len(printed)
    for row, other in zip(told, printed, strict=True):
        assert {key: row[key] for key in other if key in row} == {
            key: value for key, value in other.items() if key in row
        }
        assert set(row) & set(other)


@pytest.mark.parametrize(
    ("do", "body", "words", "state"),
    [
        ("ack", {}, ["ack"], "acked"),
        ("snooze", {"for": "2d"}, ["snooze", "--for", "2d"], "snoozed"),
        ("resolve", {}, ["resolve"], "settled"),
    ],
)
def test_what_a_program_does_to_an_alert_is_what_the_command_does(
    sample, program, do, body, words, state
):
    number = alert_of(sample, "dispute-judged-invalid")["alert"]
    answer = program.post(f"/api/v1/alerts/{number}/{do}", json=body)
    by_program = dict(answer.json())
    back = undo_last(sample)
    sample.household.call(*words, str(number))
    by_command = program.get(f"/api/v1/alerts/{number}").json()
    again = sample.household.call("undo", "--last")

    assert (answer.status_code, back.status_code, again.exit_code) == (200, 303, 0), answer.text
    assert by_program["state"] == by_command["state"] == state
    for row in (by_program, by_command):  # asked for a moment apart
        row |= {name: bool(row[name]) for name in ("snoozed_until", "resolved_at")}
    assert by_program == by_command
    assert alert_of(sample, "dispute-judged-invalid")["state"] == "firing"


def test_a_note_of_a_program_is_a_note_and_the_terminal_takes_it_back(sample, program):
    said = {"kind": "promise", "text": "sends a new one", "due": "2031-03-09"}
    answer = program.post(f"/api/v1/orders/{CHARGER}/note", json=said)
    listed = sample.household.rows("undo")[0]
    [order] = program.get(f"/api/v1/orders/{CHARGER}").json()["rows"]
    back = sample.household.call("undo", "--last")
    [after] = program.get(f"/api/v1/orders/{CHARGER}").json()["rows"]

    assert (answer.status_code, answer.json(), back.exit_code) == (201, {"noted": True}, 0)
    assert "sends a new one" in listed["what"]
    assert listed["by"] == "page"
    assert "sends a new one" in str(order["timeline"])
    assert "sends a new one" not in str(after["timeline"])


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("alerts/999/ack", {}, 404, "no alert '999' is open"),
        ("alerts/1/burn", {}, 400, "no command 'burn'; known are ack, snooze, resolve"),
        ("alerts/{open}/snooze", {"for": "soon"}, 400, "expected a duration such as 30m"),
        ("alerts/{open}/snooze", {"for": 8}, 400, "a JSON object whose values are texts"),
        ("alerts/{open}/ack", [], 400, "a JSON object"),
        (f"orders/{KNIFE}/note", {"kind": "appeal"}, 400, "appeal.submitted"),
        (f"orders/{KNIFE}/note", {"kind": "promise", "colour": "red"}, 400, "unknown: colour"),
        ("orders/404/note", {"kind": "promise"}, 404, "no order '404'"),
    ],
)
def test_what_cannot_be_done_says_why(sample, program, path, body, status, says):
    number = alert_of(sample, "dispute-judged-invalid")["alert"]
    answer = program.post(f"/api/v1/{path.format(open=number)}", json=body)

    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_address_that_is_described_is_there(program):
    document = program.get("/api/v1/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method in operations:
            asked = f"/api/v1{path.format(order='404', alert='999')}"
            answer = program.request(method.upper(), asked)
            assert answer.status_code != 405, asked
            assert "nothing at this address" not in answer.text


@pytest.mark.parametrize("guess", ["", "ob_", "ob_00000000_aaaa", "a" * 5000, "\x7f", "Bearer"])
def test_a_guessed_token_or_session_opens_nothing(sample, guess):
    by_header = sample.stranger().get(
        "/api/v1/orders", headers={"authorization": f"Bearer {guess}"}
    )
    visitor = sample.stranger()
    visitor.cookies.set("orderbell", guess.replace("\x7f", "x"))

    assert by_header.status_code == 401
    assert visitor.get("/").status_code == 303


def test_a_secret_that_is_nearly_right_opens_nothing(sample):
    secret = sample.site.access.issue("near", ["read"])
    try:
        for near in (secret[:-1], secret + "a", secret.swapcase(), secret.replace("_", "-")):
            answer = sample.stranger().get(
                "/api/v1/orders", headers={"authorization": f"Bearer {near}"}
            )
            assert answer.status_code == 401
    finally:
        for token in sample.site.access.tokens():
            if token.name == "near":
                sample.site.access.revoke(token.id)
