"""The page in Chromium, as people use it: with buttons and keys, small, dark, in Japanese, without
JavaScript; and as an attacker would have them use it.
"""

import re
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from daemon.web.server import PageServer
from tests.daemon.cli.household import reads
from tests.daemon.web import hostile
from tests.daemon.web.conftest import told
from tests.daemon.web.test_pages import KNIFE, LAMP, PAGES, undo_last
from tests.daemon.web.visits import Visits
from tests.missing import without
from tests.servers import sample_mail

pytestmark = pytest.mark.chromium

PHONE = {"width": 360, "height": 740}
FOUND = "[...document.querySelectorAll('%s')].map(one => one.outerHTML.slice(0, 200))"
STRANGE = (
    "script, iframe, base, style, link[href*=evil], img:not([src^=data]), [onload], [onerror],"
    " [onmouseover], [onfocus], a[href^=javascript]"
)
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"
SHUT = "<svg onload=pwned()>"
"""In the sender's name of a mail that nobody reads."""


@pytest.fixture(scope="module")
def page_at(tmp_path_factory):
    """The page over the demo's ledger, a mail not understood, and one made of attacks."""
    household = told(tmp_path_factory.mktemp("browser"))
    household.take(
        sample_mail.mail(
            "transaction@notice.aliexpress.com",
            f"Dispute {SHUT}: please answer",
            f"Please answer the dispute of order {KNIFE} by 2031-01-05.",
        )
    )
    hostile.taken_in(household)
    visits = Visits(household, listen="127.0.0.1:0")
    plain = reads()
    visits.site.reads = lambda raw, frame: (
        hostile.reads(raw, frame) if b"hostile" in raw else plain(raw, frame)
    )
    server = PageServer(visits.site)
    server.start()
    visits.address = server.address
    yield visits
    server.close()
    visits.close()


@pytest.fixture(scope="module")
def chromium():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        without(
            "Chromium is missing: the page was NOT opened in a browser (apt-get install chromium)"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def window(chromium, visits, *, signed_in=True, **options):
    """A browser of its own, on a phone unless said otherwise, signed in by a link."""
    context = chromium.new_context(
        **{"viewport": PHONE, "locale": "en-GB", "base_url": visits.address, **options}
    )
    context.set_default_timeout(15_000)
    try:
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append("dialog"), dialog.dismiss()))
        if signed_in:
            page.goto(f"/sign-in/{visits.site.access.invite()}")
            page.locator("main form button").click()
            page.wait_for_url(f"{visits.address}/")
        yield page
    finally:
        context.close()


@pytest.fixture(scope="module")
def plain(chromium, page_at):
    """A phone without JavaScript."""
    with window(chromium, page_at, java_script_enabled=False) as page:
        yield page


@pytest.fixture(scope="module")
def lively(chromium, page_at):
    """A phone with it: what a mail smuggled in would run here."""
    with window(chromium, page_at) as page:
        page.context.add_init_script("window.pwned = () => { window.stolen = true }")
        yield page


EVERY = (*PAGES, f"/orders/aliexpress:buyer:{hostile.ORDER}", "/mails/{unread}", "/none")


def judged(visits):
    """The alert of the demo's order that was judged Invalid."""
    rows = visits.me.get("/api/v1/alerts").json()["rows"]
    return next(
        row for row in rows if row["rule"] == "dispute-judged-invalid" and row["orders"] == [KNIFE]
    )


@pytest.fixture(scope="module")
def addresses(page_at):
    unread = page_at.me.get("/api/v1/mails").json()["rows"][0]["mail"]
    return {path: path.format(unread=unread) for path in EVERY}


@pytest.mark.parametrize("path", EVERY)
def test_a_page_has_no_fault_for_ears_dark_rooms_small_screens_and_hostile_mail(
    lively, addresses, path, record_property
):
    """One look for all four: nothing that a mail says becomes more than text, axe finds nothing, in
    the dark no text is too faint, and 360 pixels are wide enough.
    """
    axe, faults = Axe(), {}
    lively.complaints.clear()
    lively.emulate_media(color_scheme="light")
    lively.goto(addresses[path])
    faults["alive"] = lively.evaluate(FOUND % STRANGE)
    faults["stolen"] = lively.evaluate("window.stolen || false")
    faults["said"] = [said for said in lively.complaints if "404" not in said]
    light = axe.run(lively, options={"resultTypes": ["violations"]})
    faults["light"] = light.generate_snapshot()
    faults["wide"] = lively.evaluate(TOO_WIDE)
    lively.emulate_media(color_scheme="dark")
    contrast = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
    faults["dark"] = axe.run(lively, options=contrast).generate_snapshot()
    record_property("axe", f"{path}: {len(light.response['passes'])} rules hold")

    nothing = {"alive": [], "stolen": False, "said": []}
    assert faults == {**nothing, "light": "", "dark": "", "wide": False}


@pytest.fixture(scope="module")
def japanese(chromium, page_at):
    with window(chromium, page_at, locale="ja-JP", color_scheme="dark") as page:
        yield page


@pytest.mark.parametrize("path", EVERY)
def test_a_page_is_japanese_for_who_asks_for_it_and_fits_a_phone(japanese, addresses, path):
    japanese.goto(addresses[path])
    shown = japanese.locator("body").inner_text()

    assert japanese.locator("html").get_attribute("lang") == "ja"
    assert re.search("[ぁ-ん]", shown)
    assert not japanese.evaluate(TOO_WIDE)
    assert japanese.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert japanese.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 26)"


def test_the_language_is_changed_by_a_button_and_stays(chromium, page_at):
    with window(chromium, page_at, java_script_enabled=False) as page:
        page.get_by_role("button", name="日本語").click()
        assert page.get_by_role("heading", level=1).inner_text().startswith("対応が必要なもの")
        page.goto("/orders")
        assert page.get_by_role("heading", level=1).inner_text() == "注文"


@pytest.mark.parametrize(
    ("button", "state"), [("Seen", "acked"), ("Silence", "snoozed"), ("Done", "settled")]
)
def test_an_alert_is_answered_by_a_button_and_the_answer_taken_back(plain, page_at, button, state):
    number = judged(page_at)["alert"]
    plain.goto(f"/alerts/{number}")
    plain.get_by_label("Silent for").select_option("1d")
    plain.get_by_role("button", name=button, exact=True).click()

    assert "Done: " in plain.get_by_role("status").inner_text()
    assert page_at.me.get(f"/api/v1/alerts/{number}").json()["state"] == state
    plain.get_by_role("button", name="Take it back").click()
    assert judged(page_at)["state"] == "firing"
    assert plain.get_by_role("status").count() == 0


def test_a_mail_is_assigned_to_another_order_and_taken_back(plain, page_at):
    plain.goto(f"/orders/aliexpress:buyer:{KNIFE}")
    plain.get_by_role("link", name="order shipped").first.click()
    plain.get_by_text("It belongs to another order").click()
    plain.get_by_label("Number of the order, or none").fill(LAMP)
    plain.get_by_role("button", name="Assign").click()

    assert LAMP in plain.get_by_role("status").inner_text()
    undo_last(page_at)


def test_an_order_is_found_by_what_is_remembered_of_it(plain):
    plain.goto("/orders")
    plain.get_by_role("searchbox").fill("kitchen")
    plain.get_by_role("button", name="Search").click()
    plain.get_by_role("link", name="Folding kitchen knife").click()

    assert plain.url.endswith(KNIFE)
    assert plain.get_by_role("img", name="The way of this order").is_visible()


def test_a_note_is_told_by_a_form(plain, page_at):
    plain.goto(f"/orders/aliexpress:buyer:{KNIFE}")
    plain.get_by_text("Tell what leaves no mail").click()
    plain.get_by_label("In your own words").fill("I sent photos")
    plain.get_by_role("button", name="Note it").click()

    assert "I sent photos" in plain.get_by_role("list").filter(has_text="Judgement").inner_text()
    undo_last(page_at)


def test_everything_is_done_with_the_keyboard_alone(plain, page_at):
    """From the top: past the menu by the link for that, to the first card's button, and back."""
    plain.goto("/")
    plain.keyboard.press("Tab")
    assert plain.evaluate("document.activeElement.textContent") == "Skip to the content"
    plain.keyboard.press("Enter")
    seen = []
    while "Seen" not in seen[-1:] and len(seen) < 20:
        plain.keyboard.press("Tab")
        seen.append(plain.evaluate("document.activeElement.textContent.trim()"))
        assert plain.evaluate("getComputedStyle(document.activeElement).outlineStyle != 'none'"), (
            seen
        )
    plain.keyboard.press("Enter")

    plain.get_by_role("status").wait_for()
    assert "Seen" in seen
    undo_last(page_at)


# what an attacker would do


def test_the_attacks_of_the_mails_are_really_shown(lively, addresses):
    """Or the looks above would be at pages that hold none."""
    for path in (f"/orders/aliexpress:buyer:{hostile.ORDER}", "/mails/{unread}", "/", "/unread"):
        lively.goto(addresses[path])
        shown = lively.locator("main").inner_text()
        assert "pwned()" in shown, path
        assert "{{ 7 * 7 }}" not in shown or "49{% raw %}" not in shown


@contextmanager
def elsewhere(body: str):
    """Another site, on another port and name of this machine."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            """In silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://localhost:{server.server_address[1]}/"
        finally:
            server.shutdown()


def test_no_other_site_can_frame_the_page(chromium, page_at):
    with (
        window(chromium, page_at) as page,
        elsewhere(f"<iframe src='{page_at.address}/'></iframe>") as site,
    ):
        page.goto(site)
        page.wait_for_load_state("networkidle")

        assert "Today" not in page.frames[1].locator("body").inner_text()
        assert "frame-ancestors" in " ".join(page.complaints)


def test_a_form_on_another_site_changes_nothing(chromium, page_at):
    alert = judged(page_at)
    form = (
        f"<form method=post action='{page_at.address}/alerts/answer'><input name=alert"
        f" value={alert['alert']}><input name=do value=ack><button>A prize</button></form>"
    )
    with window(chromium, page_at) as page, elsewhere(form) as site:
        page.goto(site)
        page.get_by_role("button").click()

        assert "sent from another site; nothing was done" in page.locator("body").inner_text()
    assert judged(page_at)["state"] == "firing"


def test_an_old_button_changes_nothing_and_says_what_was_done(plain, page_at):
    """Pressed in a window that was left open while the alert was answered elsewhere."""
    number = judged(page_at)["alert"]
    plain.goto(f"/alerts/{number}")
    page_at.me.post("/alerts/answer", data={"alert": str(number), "do": "resolve"})
    plain.get_by_role("button", name="Seen").click()

    assert "Done: resolved" in plain.get_by_role("status").inner_text()
    assert page_at.me.get(f"/api/v1/alerts/{number}").json()["state"] == "settled"
    plain.goto("/told")
    undo_last(page_at)
    plain.get_by_role("button", name="Take it back").first.click()
    assert "was taken back before" in plain.locator("main").inner_text()
    assert judged(page_at)["state"] == "firing"
