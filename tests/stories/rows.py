"""The described situations and storyboards, each with its state: the table of docs/stories.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import RootModel

from parsers.user_yaml import check, read
from tests.stories.story import FOLDER, ROWS, states, stories

TITLES: Mapping[str, str] = {
    "S000-1": "Out of stock, known only from the seller's apology without an order number",
    "S000-2": "The delivered mail carries another parcel's data",
    "S000-3": "Shipping fails without any mail; refunded a month later",
    "S000-4a": "Two things ordered, one shipped",
    "S000-4b": "Six weeks of promises",
    "S000-4c": "A dispute over ¥293 in process",
    "S000-5": "Evidence is uploaded in the dispute form",
    "S001-0": "Escrow: silence counts as receipt",
    "S001-1": "First step: write to the seller with the facts",
    "S001-2": "Second step: open the dispute, always",
    "S001-3": "Third step: amount, reason, evidence",
    "S001-4": "Fourth step: the seller's proposal; Accept ends the case",
    "S001-5": "Fifth step: keep talking; do not close",
    "S001-6": "Sixth step: Judgement from AE, Valid or Invalid",
    "S001-7": "The same apology again and again",
    "S002-1": "Dispute ended with return and refund, or nothing: two deadlines at once",
    "S002-2": "The appeal is filed in a chat that ends after three minutes",
    "S002-3": "Closed lists of reasons",
    "S002-4": "The result masks the number: not returned in time",
    "S002-5": "The result: cannot be reprocessed; one appeal only",
    "S002-6": "A dispute survey is no appeal",
    "S002-7": "The result comes late, by mail",
    "S003-1": "Keep the order number",
    "S003-2": "Cancelled; the coupon's share is not returned",
    "S003-3": "Payment failed, unpaid order closes",
    "S003-4": "A tracking number per parcel",
    "S003-5": "Not arrived: the dispute has a last day",
    "S003-6": "How to reach support",
    "S003-7": "Alerts in English and Japanese",
    "S004-1": "Seller: a complaint about a cancel request that never came",
    "S004-2": "Seller: several of them within days",
    "S004-3": "Seller: the list of orders for the compensation",
    "S004-4": "Seller: the fee rate changed silently",
    "S004-5": "Seller: shipped, but the sale was never booked",
    "S004-6": "Buyer: cancel request, and it shipped the next day",
    "S004-7": "Buyer: the routes to the marketplace guarantee",
    "S004-8": "Seller: proof that no request came",
    "S004-9": "Seller: a cancel request buried among many mails",
    "board-1": "Cancel request, then shipped",
    "board-2": "Complaints become an outage",
    "board-3": "Stop before the parcel leaves",
    "board-4": "Nothing ships; the refund is late",
    "board-5": "Half shipped, two broken promises",
    "board-6": "Proposal, judged Valid, refund short",
    "board-7": "Return missed; masked appeal result",
    "board-8": "Return in time; masked result says otherwise",
    "board-9": "Two candidates for one masked result",
    "board-10": "Delivered arrives before shipped",
    "board-11": "One parcel in several languages; two packages in one mail",
    "board-12": "Forged refund mail",
    "board-13": "Template change",
    "board-14": "Ten days asleep",
    "board-15": "Policy change",
}


class Elsewhere(RootModel[dict[str, str]]):
    """Row → the test outside the stories that shows it, `file::function`."""


def elsewhere() -> Mapping[str, str]:
    path = FOLDER / "elsewhere.yaml"
    found, faults = check(read(path), Elsewhere)
    assert found is not None, "\n".join(map(str, faults))
    return found.root


def table() -> Iterator[str]:
    """Markdown: every row, its state, and where it is shown."""
    told, others = states(stories()), elsewhere()
    letters = {one.folder.name: one.story.needs.letter for one in stories() if one.story.needs}
    yield from (
        "| Row | Situation | State | Shown by | Letter |",
        "| --- | --- | --- | --- | --- |",
    )
    for row in ROWS:
        state, names = told.get(row, ("covered" if row in others else "open", ()))
        shown = [f"`{name}`" for name in names]
        if row in others:
            shown.append(f"`{Path(others[row].partition('::')[0]).name}`")
        fit = dict.fromkeys(f"`{letters[name]}`" for name in names if letters.get(name))
        cells = (row, TITLES[row], state, ", ".join(shown), ", ".join(fit) or "–")
        yield f"| {' | '.join(cells)} |"
