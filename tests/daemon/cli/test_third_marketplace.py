"""A marketplace that is nothing but a folder of data, made from docs/packs.md, in every command."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from daemon.cli import main
from daemon.cli.exits import Exit
from daemon.worker.reading import inline
from parsers import marketplaces
from parsers.frame import Frame
from tests import packs_page
from tests.daemon.cli.household import CONFIG, Household
from tests.daemon.web.visits import Visits
from tests.packs_page import NUMBER
from tests.servers import sample_mail

SOLD, AMAZON = "MN-2026-000002", "249-0000000-0000001"
RULES = """\
version: 1
rules:
  - id: minatoya-decided
    about: dispute
    when: {order.marketplace: minatoya, dispute.judgement: invalid}
    severity: info
    title: {en: "Decided: [@minatoya {order.number}][@else elsewhere]"}
"""
ROUTES = "routes: [{marketplace: [minatoya], notify: [all]}]\n"


def minatoya(who, subject, *lines, at):
    return sample_mail.mail(f"{who}@minatoya.example", subject, *lines, at=at, name="Minatoya")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A ledger after an order of the shop, bought, complained about and decided; a sale; and an
    order of another marketplace.
    """
    folder = tmp_path_factory.mktemp("third")
    packs_page.write(folder / "packs")
    (folder / "rules.yaml").write_text(RULES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHONE", "json://127.0.0.1/")
        marketplaces.use(folder / "packs")
        home = Household(folder, CONFIG + ROUTES)
        day = (home.now + timedelta(days=4)).date()
        home.take(
            minatoya(
                "orders",
                f"Thank you for your Minatoya order {NUMBER}",
                "Goods: Brass lantern",
                "You paid: ¥4,800",
                "Sold by: Lantern Hut",
                f"We send it by {day}.",
                at=home.now,
            ),
            minatoya("shop", f"You sold something: {SOLD}", "Goods: Tray", at=home.now),
            sample_mail.placed(AMAZON, at=home.now),
        )
        home.take(
            minatoya("case", f"Complaint about order {NUMBER} received", at=home.now),
            minatoya(
                "case",
                f"Complaint about order {NUMBER}: our decision",
                "Decision: Against you",
                f"You can appeal until {day}.",
                at=home.now,
            ),
            minatoya("news", "Lanterns, lanterns, lanterns", at=home.now),
        )
        yield home
        marketplaces.use(None)


def test_a_saved_mail_is_read(shop, tmp_path):
    file = tmp_path / "mail.eml"
    file.write_bytes(
        minatoya("orders", f"【みなと屋】発送のお知らせ（{NUMBER}）", "商品: 行灯", at=shop.now)
    )
    [row] = shop.rows("read", str(file))
    why = shop.call("why", str(file)).stdout
    copy = shop.call("scrub", str(file)).stdout

    [notice] = row["notices"]
    assert (row["outcome"], row["marketplace"], row["trust"]) == (
        "notices",
        "minatoya",
        "verified",
    )
    assert (notice["kind"], notice["order_numbers"], notice["fields"]["items"][0]["title"]) == (
        "shipment.shipped",
        [NUMBER],
        "行灯",
    )
    assert "phrases/ja.yaml:" in why
    assert NUMBER not in copy
    assert "minatoya.example" in copy


def test_its_orders_watches_and_cases_are_listed_beside_those_of_others(shop):
    numbers = {row["number"] for row in shop.rows("orders")}
    only = shop.rows("orders", "--marketplace", "minatoya")
    [order] = shop.rows("order", NUMBER)
    kinds = {row["kind"] for row in shop.rows("watches") if row["order"] == NUMBER}
    [case] = [row for row in shop.rows("cases") if row["order"] == NUMBER]
    nothing = shop.call("orders", "--marketplace", "minatoja")

    assert numbers >= {NUMBER, SOLD, AMAZON}
    assert {(row["role"], row["number"]) for row in only} >= {("buyer", NUMBER), ("seller", SOLD)}
    assert {row["marketplace"] for row in only} == {"minatoya"}
    assert (order["title"], order["total"]) == ("Brass lantern", "4800 JPY")
    assert kinds >= {"not_shipped", "appeal"}
    assert case["marketplace"] == "minatoya"
    assert "did you mean 'minatoya'?" in nothing.stderr


def test_its_alerts_ring_with_its_page_its_name_and_the_way_to_its_support(shop):
    rows = [row for row in shop.rows("alerts") if NUMBER in row["orders"]]
    own = next(row for row in rows if row["rule"] == "minatoya-decided")
    judged = next(row for row in rows if row["rule"] == "dispute-judged-invalid")
    text = shop.call("alert", str(judged["alert"])).stdout
    sent = [one for one in shop.sent if NUMBER in one.body]

    assert own["title"] == f"Decided: {NUMBER}"
    assert "Minatoya" in text
    assert "[@" not in text
    assert any("minatoya.example/orders" in one.body for one in sent)


def test_letters_stores_stake_dossier_and_export_know_it(shop, tmp_path):
    letter = shop.call("letter", NUMBER, "where-is-it")
    stake = shop.rows("stake")
    stores = shop.call("stores", "Lantern Hut").output
    page = tmp_path / "page.html"
    dossier = shop.call("dossier", NUMBER, "-o", str(page))
    table = shop.call("export", "orders", "--format", "csv").stdout
    doctor = shop.call("doctor").output

    assert (letter.exit_code, dossier.exit_code) == (Exit.DONE, Exit.DONE), letter.output
    assert NUMBER in letter.stdout
    assert any(row["marketplace"] == "minatoya" for row in stake)
    assert "Lantern Hut" in stores
    assert f"https://www.minatoya.example/orders/{NUMBER}" in page.read_text(encoding="utf-8")
    assert "minatoya" in table
    assert "aliexpress, amazon, minatoya" in doctor


def test_a_note_a_route_and_a_rule_are_about_it(shop):
    told = shop.call("note", "MN-2026-000009", "order.placed", "--amount", "900 JPY")
    wrong = shop.call("note", "MX-1", "order.placed")
    routed = shop.call("routes", "test", "dispute-judged-invalid", "--marketplace", "minatoya")
    schema = json.loads(shop.call("rules", "schema").stdout)

    assert told.exit_code == Exit.DONE
    assert "Minatoya (MN-2026-000001)" in wrong.stderr
    assert routed.exit_code == Exit.DONE
    assert "minatoya" in json.dumps(schema)


def test_its_mail_is_fetched_by_its_senders_and_its_adverts_are_dull(shop):
    wanted = inline(shop.paths.packs).wanted

    assert wanted(b"From: orders@minatoya.example\r\n\r\n", Frame())
    assert not wanted(b"From: orders@elsewhere.example\r\n\r\n", Frame())
    assert shop.rows("mails", "unread") == []


def test_the_page_lists_it_and_offers_it_as_a_filter(shop):
    visits = Visits(shop)
    try:
        orders = visits.me.get("/orders?marketplace=minatoya&show=all").text
        one = visits.me.get(f"/orders/minatoya:buyer:{NUMBER}").text
    finally:
        visits.close()

    assert '<option value="minatoya" selected>Minatoya</option>' in orders
    assert NUMBER in orders
    assert AMAZON not in orders
    assert "Minatoya" in one


def test_a_fault_in_its_folder_is_told_by_every_command_and_stops_none(shop, tmp_path):
    folder = tmp_path / "wrong"
    packs_page.write(folder / "packs", pack=("'promo'", "'promos'"))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "config.yaml").chmod(0o600)
    mail = tmp_path / "mail.eml"
    mail.write_bytes(sample_mail.placed(AMAZON))
    where = f"{folder / 'packs' / 'minatoya' / 'pack.yaml'}:"

    def call(*words):
        words = ("--config", str(folder / "config.yaml"), "--state", str(folder / "s"), *words)
        return CliRunner().invoke(main, words, catch_exceptions=False)

    read, checked, doctor = (
        call("read", "--json", str(mail)),
        call("config", "check"),
        call("doctor"),
    )
    marketplaces.use(shop.paths.packs)

    assert (read.exit_code, checked.exit_code) == (Exit.DONE, Exit.CONFIGURATION)
    assert json.loads(read.stdout)["marketplace"] == "amazon"
    assert read.stderr.startswith(where)
    assert checked.stderr.startswith(where)
    assert "did you mean 'promo'?" in checked.stderr
    assert "aliexpress, amazon" in doctor.output
    assert where in doctor.output
