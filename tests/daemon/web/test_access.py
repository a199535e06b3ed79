"""Who may see the page, and what an attacker gets."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from daemon.settings import Secret, Web
from daemon.web.access import Access, AccessError, Throttle, hash_password
from daemon.web.application import WAYS, application
from daemon.web.site import InForce
from tests.daemon.web.test_pages import PAGES, alert_of
from tests.daemon.web.visits import cookies_of

PASSWORD = "a long and secret word"


def with_web(visits, **web):
    """Clients of the same site under another configuration."""
    before = visits.site.files
    now = before()
    visits.site.files = lambda: InForce(
        settings=now.settings, setup=now.setup, web=Web.model_validate(web)
    )
    return before


@pytest.fixture
def guarded(sample, tmp_path):
    file = tmp_path / "hash"
    file.write_text(hash_password(PASSWORD))
    file.chmod(0o600)
    before = with_web(sample, password=Secret(file=file))
    sample.site.throttle = Throttle(sample.site.clock)
    yield sample
    sample.site.files = before
    sample.site.throttle = Throttle(sample.site.clock)


@pytest.mark.parametrize("path", [path for path in PAGES if path != "/sign-in"])
def test_strangers_are_led_to_the_door(sample, path):
    answer = sample.stranger().get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_strangers_get_nothing_and_change_nothing_anywhere(sample):
    before = sample.household.rows("alerts")
    for way in WAYS:
        if way.scope is not None:
            path = re.sub(r"\{[^}]+\}", "1", way.path)
            answer = sample.stranger().request(way.method, path)
            assert answer.status_code in (303, 401), way
            assert "knife" not in answer.text

    assert sample.household.rows("alerts") == before


def test_an_invitation_opens_one_session_once(sample):
    secret = sample.site.access.invite()
    visitor = sample.stranger()

    shown = visitor.get(f"/sign-in/{secret}")
    looked = visitor.get("/")
    first = visitor.post("/sign-in", data={"invitation": secret})
    second = sample.stranger().post("/sign-in", data={"invitation": secret})

    assert shown.status_code == 200
    assert looked.status_code == 303, "looking at the link signs nobody in"
    assert first.status_code == 303
    assert visitor.get("/").status_code == 200
    assert second.status_code == 403


def test_a_session_brought_along_is_never_taken_over(sample):
    """Session fixation: the secret after signing in is new, and only that one opens the page."""
    visitor = sample.stranger()
    visitor.cookies.set("orderbell", "ob_00000000_chosenbyanattacker")
    answer = visitor.post("/sign-in", data={"invitation": sample.site.access.invite()})
    morsel = cookies_of(answer)["orderbell"]

    planted = sample.stranger()
    planted.cookies.set("orderbell", "ob_00000000_chosenbyanattacker")

    assert morsel.value != "ob_00000000_chosenbyanattacker"
    assert (morsel["samesite"], morsel["httponly"]) == ("Strict", True)
    assert planted.get("/").status_code == 303


def test_signing_out_ends_the_session_everywhere(sample):
    secret = sample.site.access.open_session("x")
    one, other = sample.stranger(), sample.stranger()
    for client in (one, other):
        client.cookies.set("orderbell", secret)

    assert other.get("/").status_code == 200
    one.post("/sign-out")
    assert other.get("/").status_code == 303


def test_a_password_opens_a_session_and_guessing_has_to_wait(guarded):
    right = guarded.stranger().post("/sign-in", data={"password": PASSWORD})
    wrong = [guarded.stranger().post("/sign-in", data={"password": f"guess {n}"}) for n in range(6)]
    then = guarded.stranger().post("/sign-in", data={"password": PASSWORD})

    assert right.status_code == 303
    assert [one.status_code for one in wrong] == [403] * 5 + [429]
    assert then.status_code == 429, "the right word, too, waits"
    assert int(then.headers["retry-after"]) > 0


def test_the_throttle_forgets_after_a_quarter_of_an_hour():
    now = [datetime(2026, 3, 2, tzinfo=UTC)]
    throttle = Throttle(lambda: now[0])
    for _ in range(5):
        throttle.wrong("10.0.0.1")

    assert throttle.wait("10.0.0.1")
    assert throttle.wait("10.0.0.2") is None
    now[0] += timedelta(minutes=15)
    assert throttle.wait("10.0.0.1") is None


def test_many_addresses_together_have_to_wait_too():
    throttle = Throttle(lambda: datetime(2026, 3, 2, tzinfo=UTC))
    for number in range(50):
        throttle.wrong(f"10.0.0.{number}")

    assert throttle.wait("10.9.9.9")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::", "localhost.evil"]
)
def test_another_host_is_refused(sample, host):
    answer = sample.me.get("/", headers={"host": host})

    assert answer.status_code == 421
    assert "knife" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://localhost:9912"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:8471"},
    ],
)
def test_a_form_of_another_site_changes_nothing(sample, headers):
    number = alert_of(sample, "dispute-judged-invalid")["alert"]

    answer = sample.me.post(
        "/alerts/answer", data={"alert": str(number), "do": "ack"}, headers=headers
    )

    assert answer.status_code == 403
    assert alert_of(sample, "dispute-judged-invalid")["state"] == "firing"


@pytest.mark.parametrize("path", [*PAGES, "/style.css", "/nope", "/api/v1/orders", "/healthz"])
def test_every_answer_says_that_nothing_runs_and_nobody_frames_it(sample, path):
    headers = sample.me.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        "/orders/..%2f..%2fetc%2fpasswd",
        "/../../etc/passwd",
        "/style.css/../config.yaml",
        "/orders/%00",
        "/rules/%2e%2e",
        "/calendar/..%2f.ics",
        "/mails/1%2f..%2f2",
    ],
)
def test_tricks_with_paths_find_nothing(sample, path):
    answer = sample.me.get(path)

    assert answer.status_code in (404, 307)
    assert "root:" not in answer.text


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_a_form_leads_back_to_this_page_only(sample, back):
    answer = sample.me.post("/language", data={"language": "en", "back": back})

    assert answer.headers["location"] == "/"


def test_ten_megabytes_are_not_taken(sample):
    answer = sample.me.post("/orders/1/note", content=b"x" * (10 << 20))
    streamed = sample.me.post("/orders/1/note", content=iter([b"x" * 60_000] * 200))

    assert (answer.status_code, streamed.status_code) == (413, 413)


def test_a_token_may_what_its_scopes_say(sample):
    number = alert_of(sample, "dispute-judged-invalid")["alert"]
    secrets = {
        scope: sample.site.access.issue(scope, [scope]) for scope in ("read", "metrics", "calendar")
    }

    def ask(scope, method, path):
        headers = {"authorization": f"Bearer {secrets[scope]}"}
        return sample.stranger().request(method, path, headers=headers).status_code

    assert ask("read", "GET", "/api/v1/orders") == 200
    assert ask("read", "POST", f"/api/v1/alerts/{number}/ack") == 403
    assert ask("read", "GET", "/metrics") == 403
    assert ask("metrics", "GET", "/metrics") == 200
    assert ask("metrics", "GET", "/api/v1/orders") == 403
    assert sample.stranger().get(f"/calendar/{secrets['read']}.ics").status_code == 404
    assert sample.stranger().get(f"/calendar/{secrets['calendar']}.ics").status_code == 200
    for token in sample.site.access.tokens():
        sample.site.access.revoke(token.id)
    assert ask("read", "GET", "/api/v1/orders") == 401


def test_the_ledger_keeps_no_secret(sample):
    secret = sample.site.access.issue("x", ["read"])

    with sample.store.read() as ledger:
        from daemon.web.access import AccessGrants

        kept = str(AccessGrants.of(ledger).to_json())
    assert secret not in kept
    assert secret.rpartition("_")[2] not in kept


def test_a_wrong_scope_or_id_is_a_sentence(sample):
    access = Access(sample.store, sample.site.clock)

    with pytest.raises(AccessError, match="needs a scope"):
        access.issue("x", [])
    with pytest.raises(AccessError, match="no token has the id"):
        access.revoke("nothing")


@pytest.mark.parametrize(
    ("proxies", "client", "header", "status"),
    [
        (["10.0.0.0/8"], "10.1.2.3", "kei", 200),
        (["10.0.0.0/8"], "192.168.0.9", "kei", 303),
        (["10.0.0.0/8"], "10.1.2.3", "", 303),
        ([], "127.0.0.1", "kei", 303),
    ],
)
def test_the_word_of_a_proxy_counts_from_its_address_only(sample, proxies, client, header, status):
    before = with_web(sample, trusted_proxies=proxies)
    try:
        visitor = TestClient(
            application(sample.site),
            base_url="http://127.0.0.1",
            client=(client, 1),
            follow_redirects=False,
        )
        answer = visitor.get("/", headers={"remote-user": header} if header else {})
    finally:
        sample.site.files = before

    assert answer.status_code == status


@pytest.mark.parametrize("listen", ["0.0.0.0:8470", "[::]:8470", "192.168.1.5:80"])
def test_nobody_opens_the_page_to_the_network_without_a_lock(listen):
    with pytest.raises(ValueError, match="lets the whole network in; add password"):
        Web.model_validate({"listen": listen})


@pytest.mark.parametrize(
    "listen", ["8470", "x:y", "page.sock", "unix:page.sock", "example.org:80", "127.0.0.1:99999"]
)
def test_an_address_that_is_none_is_a_fault(listen):
    with pytest.raises(ValueError, match=r"expected|is no address"):
        Web.model_validate({"listen": listen})
