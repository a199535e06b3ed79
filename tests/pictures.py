"""The README's pictures, of the demo's ledger in Debian's Chromium: `python -m tests.pictures [FOLDER]`.

Each page four times: on a phone, on a desk, in the dark, in Japanese; and one message as a phone
shows it. Small on purpose: all of them together stay below LARGEST.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from daemon.web.server import PageServer
from tests.daemon.web.conftest import told
from tests.daemon.web.test_pages import KNIFE
from tests.daemon.web.visits import Visits

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
LARGEST = 600_000
"""Bytes."""
SCALE = 0.7
PHONE, DESK = {"width": 390, "height": 720}, {"width": 1100, "height": 720}
VARIANTS = {
    "phone": {"viewport": PHONE, "locale": "en-GB"},
    "desk": {"viewport": DESK, "locale": "en-GB"},
    "dark": {"viewport": PHONE, "locale": "en-GB", "color_scheme": "dark"},
    "japanese": {"viewport": PHONE, "locale": "ja-JP"},
}
PAGES = {
    "today": "/",
    "orders": "/orders?show=all",
    "order": f"/orders/aliexpress:buyer:{KNIFE}",
    "disputes": "/disputes",
    "calendar": "/calendar",
    "alerts": "/alerts",
    "alert": "/alerts/1",
    "unread": "/unread",
    "rules": "/rules",
    "routes": "/routes",
    "numbers": "/numbers",
    "health": "/health",
}
PUSH = """<!doctype html><meta charset=utf-8><style>
body{margin:0;padding:26px 20px;background:linear-gradient(160deg,#27364d,#5b3a2e);
font:15px/1.45 system-ui,"Noto Sans CJK JP",sans-serif;color:#1f2328}
article{background:#ffffffe8;border-radius:18px;padding:14px 16px}
b{display:block;margin-bottom:4px}small{color:#5b6068}p{margin:2px 0;white-space:pre-line;overflow-wrap:anywhere}
</style><article><small>ntfy · Orderbell</small><b></b><p></p></article>"""


def main(words: list[str]) -> int:
    folder = Path(words[0]) if words else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, browser() as chromium:
        household = told(Path(name))
        with served(household) as visits:
            for variant, options in VARIANTS.items():
                take(chromium, visits, folder, variant, options)
        push(chromium, household.sent, folder)
    (folder / "README.md").write_text(index())
    size = sum(one.stat().st_size for one in folder.iterdir())
    print(f"{folder}: {len(list(folder.glob('*.webp')))} pictures, {size // 1000} kB")
    return int(size > LARGEST)


def index() -> str:
    """All of them on one page."""
    head = "| | " + " | ".join(VARIANTS) + " |\n|" + " --- |" * (len(VARIANTS) + 1)
    rows = [
        f"| {name} | "
        + " | ".join(f"![{name}, {variant}]({name}-{variant}.webp)" for variant in VARIANTS)
        + " |"
        for name in PAGES
    ]
    return "\n".join(("# Every page", "", "Made by `make pictures`.", "", head, *rows, ""))


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Raises FileNotFoundError."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        raise FileNotFoundError("Chromium is missing (apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@contextmanager
def served(household) -> Iterator[Visits]:
    """The page of a household on a free port; `address` says where."""
    visits = Visits(household, listen="127.0.0.1:0")
    server = PageServer(visits.site)
    server.start()
    visits.address = server.address
    try:
        yield visits
    finally:
        server.close()
        visits.close()


def take(chromium: Browser, visits: Visits, folder: Path, variant: str, options) -> None:
    """Every page in one variant."""
    context = chromium.new_context(base_url=visits.address, **options)
    page = context.new_page()
    page.goto(f"/sign-in/{visits.site.access.invite()}")
    page.locator("main form button").click()
    for name, path in PAGES.items():
        page.goto(path)
        keep(page, folder / f"{name}-{variant}.webp")
    context.close()


def push(chromium: Browser, sent, folder: Path) -> None:
    """The message about the dispute, as a lock screen shows it."""
    said = next(one for one in sent if "Invalid" in one.title)
    context = chromium.new_context(viewport={"width": 390, "height": 300})
    page = context.new_page()
    page.set_content(PUSH)
    page.evaluate(
        "([title, body]) => { document.querySelector('b').textContent = title;"
        " document.querySelector('p').textContent = body }",
        [said.title, said.body],
    )
    keep(page, folder / "push.webp", full_page=True)
    context.close()


def keep(page: Page, path: Path, *, full_page: bool = False) -> None:
    raw = page.screenshot(full_page=full_page)
    with Image.open(io.BytesIO(raw)) as image:
        size = (round(image.width * SCALE), round(image.height * SCALE))
        image.convert("RGB").resize(size).save(path, "WEBP", quality=36, method=6)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
