"""What the page shows and does, asked without a network."""

import re
from html import unescape
from pathlib import Path

import pytest

from daemon.web.application import WAYS

WEB = Path(__file__).parents[3] / "daemon" / "web"
KNIFE, LAMP, CHARGER = "8100000000000001", "8100000000000002", "249-0000000-0000001"
PAGES = (
    "/",
    "/orders",
    "/orders?show=all",
    "/orders?q=knife",
    f"/orders/aliexpress:buyer:{KNIFE}",
    "/alerts",
    "/alerts?all=1",
    "/alerts/1",
    "/disputes",
    "/calendar",
    "/unread",
    "/mails/1",
    "/rules",
    f"/rules/dispute-judged-invalid?order={KNIFE}",
    "/routes",
    "/routes?name=dispute-judged-invalid&marketplace=aliexpress",
    "/health",
    "/numbers",
    "/told",
    "/sign-in",
)
LIVE = ("firing", "acked", "snoozed")


def text_of(answer) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.text))


def alert_of(visits, rule):
    rows = visits.me.get("/api/v1/alerts").json()["rows"]
    return next(row for row in rows if row["rule"] == rule)


def undo_last(visits):
    with visits.store.read() as ledger:
        last = ledger.told.standing(1)[0].id
    return visits.me.post("/undo", data={"number": str(last), "back": "/told"})


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_is_there_in_both_languages(sample, path, language):
    answer = sample.me.get(path, headers={"accept-language": language})

    assert answer.status_code == 200, answer.text
    assert f'<html lang="{language}">' in answer.text
    assert "style=" not in answer.text
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in PAGES
        if "/alerts/1" not in path
        and "KNIFE" not in path
        and KNIFE not in path
        and "/mails/1" not in path
    ],
)
def test_an_empty_ledger_has_a_page_for_everything(fresh, path):
    assert fresh.me.get(path).status_code == 200


def test_an_empty_ledger_says_what_will_come(fresh):
    assert "The ledger is empty" in text_of(fresh.me.get("/"))
    assert "There are no orders yet" in text_of(fresh.me.get("/orders?show=all"))
    assert "Nothing rings" in text_of(fresh.me.get("/alerts"))


def test_today_tells_deadline_stake_and_the_one_thing_to_do(sample):
    shown = text_of(sample.me.get("/"))

    assert "4 matters need you" in shown
    assert "Dispute judged Invalid: Folding kitchen knife" in shown
    assert "$46.80" in shown
    assert "$78.00" in shown
    assert "in 5 days" in shown
    assert "add evidence and appeal by" in shown


def test_one_order_is_drawn_and_told_as_a_list(sample):
    answer = sample.me.get(f"/orders/aliexpress:buyer:{KNIFE}")

    assert re.search(r'<svg[^>]+role="img"[^>]+aria-describedby="steps"', answer.text)
    steps = re.search(r'<ol class="steps" id="steps">(.*?)</ol>', answer.text, re.DOTALL)[1]
    assert steps.count("<li") == 5
    assert "Judgement of the dispute" in steps
    assert steps.count('href="/mails/') == 5


def test_a_number_alone_leads_to_its_order(sample):
    answer = sample.me.get(f"/orders/{KNIFE}")

    assert answer.headers["location"] == f"/orders/aliexpress:buyer:{KNIFE}"


@pytest.mark.parametrize(
    ("text", "number"),
    [("81000000000000", KNIFE), ("kitchen", KNIFE), ("charger", CHARGER), ("249-", CHARGER)],
)
def test_orders_are_found_by_number_and_item(sample, text, number):
    assert number in sample.me.get("/orders", params={"q": text}).text


@pytest.mark.parametrize("text", ["%", "_", "' OR 1=1 --", "zzz", "\\"])
def test_signs_of_the_database_are_no_more_than_text(sample, text):
    assert "No order fits" in text_of(sample.me.get("/orders", params={"q": text}))


@pytest.mark.parametrize(
    ("do", "state"), [("ack", "acked"), ("snooze", "snoozed"), ("resolve", "settled")]
)
def test_what_a_button_did_is_done_and_can_be_taken_back(sample, do, state):
    number = alert_of(sample, "dispute-judged-invalid")["alert"]

    answer = sample.me.post(
        "/alerts/answer",
        data={"alert": str(number), "do": do, "span": "8h", "back": f"/alerts/{number}?all=1"},
    )
    done = sample.me.get(f"/api/v1/alerts/{number}").json()["state"]
    after = sample.me.get(answer.headers["location"])
    back = undo_last(sample)

    assert answer.status_code == 303
    assert "Done: " in text_of(after)
    assert "Take it back" in text_of(after)
    assert back.status_code == 303
    assert alert_of(sample, "dispute-judged-invalid")["state"] == "firing"
    assert done == state


def test_a_double_click_changes_once(sample):
    number = alert_of(sample, "dispute-judged-valid")["alert"]
    form = {"alert": str(number), "do": "ack", "back": "/"}

    first, second = (sample.me.post("/alerts/answer", data=form) for _ in range(2))
    undo_last(sample)

    assert (first.status_code, second.status_code) == (303, 303)
    assert alert_of(sample, "dispute-judged-valid")["state"] == "firing"


def test_a_note_is_told_and_taken_back(sample):
    path = f"/orders/amazon:buyer:{CHARGER}"
    answer = sample.me.post(
        f"{path}/note", data={"kind": "contacted_seller", "text": "I wrote <b>", "back": path}
    )
    shown = sample.me.get(answer.headers["location"])
    undo_last(sample)

    assert "I wrote &lt;b&gt;" in shown.text
    assert "I wrote" not in sample.me.get(path).text


def test_the_routes_say_who_is_told_and_a_test_goes_out_once(sample):
    tried = []
    sample.site.tried.clear()
    sample.site.tries = lambda target: tried.append(target.id)
    shown = text_of(sample.me.get("/routes"))
    told = text_of(sample.me.get("/routes", params={"name": "dispute-judged-invalid"}))
    answers = [sample.me.post("/targets/phone/test") for _ in range(2)]

    assert "Otherwise critical → phone" in " ".join(shown.split())
    assert "because of alerts: critical" in told
    assert [one.headers["location"] for one in answers] == ["/routes?sent=phone"] * 2
    assert "A test message went to phone" in text_of(sample.me.get("/routes?sent=phone"))
    assert "went to" not in text_of(sample.me.get("/routes?sent=nobody"))
    assert tried == ["phone"], "a double click"


def test_a_test_that_does_not_arrive_says_why(sample):
    sample.site.tried.clear()
    sample.site.tries = lambda _target: "answered 404; check the URL and orderbell's access to it"
    answer = sample.me.post("/targets/phone/test")

    assert answer.status_code == 400
    assert "phone: answered 404; check the URL" in text_of(answer)
    assert sample.me.post("/targets/nobody/test").status_code == 400


def test_an_order_says_what_is_at_stake(sample):
    assert "At stake: $46.80" in text_of(sample.me.get(f"/orders/aliexpress:buyer:{KNIFE}"))


def test_a_mail_that_is_not_there_cannot_be_assigned(fresh):
    answer = fresh.me.post("/mails/1/assign", data={"order": "none", "back": "/"})

    assert answer.status_code == 400
    assert "no mail number 1" in text_of(answer)


@pytest.mark.parametrize(
    ("path", "data", "status", "says"),
    [
        ("/alerts/answer", {"alert": "999", "do": "ack"}, 404, "no alert '999' is open"),
        ("/routes?name=nothing", None, 404, "no rule 'nothing'"),
        ("/routes?name=99999", None, 404, "no alert has the number 99999"),
        ("/alerts/answer", {"alert": KNIFE, "do": "burn"}, 400, "nothing was said to be done"),
        ("/undo", {"number": "x"}, 400, "nothing was named"),
        ("/undo", {"number": "99999"}, 400, "99999"),
        (f"/orders/{KNIFE}/note", {"kind": "nonsense"}, 400, "no kind 'nonsense'"),
        (f"/orders/{KNIFE}/note", {"kind": "promise", "at": "soon"}, 400, "no time 'soon'"),
        (f"/orders/{KNIFE}/note", {"kind": "promise", "at": "2199-01-01"}, 400, "has not come"),
        ("/orders/1/note", {"kind": "promise"}, 404, "no order '1'"),
    ],
)
def test_what_cannot_be_done_is_a_page_that_says_why(sample, path, data, status, says):
    answer = sample.me.post(path, data=data) if data is not None else sample.me.get(path)

    assert answer.status_code == status, answer.text
    assert says in text_of(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/orders/404",
        "/alerts/999",
        "/mails/999",
        "/rules/none",
        "/alerts/99999999999999999999",
        "/x",
    ],
)
def test_what_is_not_there_is_a_page_of_its_own(sample, path):
    answer = sample.me.get(path)

    assert answer.status_code == 404
    assert "Not found" in text_of(answer)


def test_a_long_calendar_goes_on_behind_a_link(sample, monkeypatch):
    monkeypatch.setattr("daemon.web.pages.PER_PAGE", 1)
    first = sample.me.get("/calendar")
    then = sample.me.get(unescape(re.search(r'href="(/calendar\?[^"]+)"', first.text)[1]))

    assert first.text.count('class="due') == 1
    assert then.status_code == 200
    assert "No deadline of yours" not in then.text


@pytest.mark.parametrize("place", ["soon", "2026-03-02T09:00:00", "9999-01-01T00:00:00+00:00"])
def test_a_place_in_the_calendar_that_is_none_is_said(sample, place):
    assert sample.me.get("/calendar", params={"from": place}).status_code == 400


def test_no_state_changes_by_looking(sample):
    before = sample.household.rows("alerts")
    for way in WAYS:
        if way.method == "POST":
            path = re.sub(r"\{[^}]+\}", "1", way.path)
            sample.me.get(path)

    assert sample.household.rows("alerts") == before


def test_the_style_is_small_and_asks_no_network():
    style = (WEB / "style.css").read_text()

    assert len(style.encode()) <= 20_000
    assert "http" not in style
    assert "@import" not in style
