"""Rows 18 to 21: fuzz, HTML bombs, large mail and odd charsets. Every mail ends as a typed reading,
soon, in little
memory, as text any database and any JSON can hold, and without a word of it in the log.
"""

import base64
import io
import json
import os
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from daemon.worker.reading import ReadingChild, ReadingError
from parsers.limits import MAX_BYTES
from parsers.notice import Outcome, reading_to_json
from tests.fuzz import CHUNK, FRAME, fuzz, wrong
from tests.servers import sample_mail


@pytest.mark.parametrize(
    "chunks",
    [
        2,
        pytest.param(30, marks=pytest.mark.soak),
        pytest.param(200, marks=[pytest.mark.endurance, pytest.mark.timeout(7200)]),
    ],
    ids=["some", "many", "very many"],
)
def test_a_wounded_mail_is_read_refused_or_not_understood(chunks, record_property):
    seeds = range(chunks)
    if chunks < 10:
        found = [one for seed in seeds for one in fuzz(seed)]
    else:
        with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
            found = [one for part in pool.map(fuzz, seeds) for one in part]
    record_property("tried", chunks * CHUNK)
    record_property("lost", len(found))

    assert found == []


def html(body: str) -> bytes:
    head = sample_mail.amazon("Your Amazon.com order #249-0000000-0000001 has shipped").partition(
        b"Content-Type:"
    )[0]
    return (
        head
        + b"Content-Type: text/html; charset=utf-8\r\nMIME-Version: 1.0\r\n\r\n"
        + body.encode()
    )


def parts(count: int) -> bytes:
    part = b"--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n"
    return sample_mail.amazon("Parts").partition(b"Content-Type:")[0] + (
        b"Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\n\r\n"
        + part * count
        + b"--x--\r\n"
    )


def zipped(size: int) -> bytes:
    """A mail about a shipment with an archive attached that unpacks to `size` bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("invoice.txt", b"\0" * size)
    packed = base64.encodebytes(out.getvalue())
    head = sample_mail.shipped("249-0000000-0000001").partition(b"Content-Type:")[0]
    text = b"Your package was shipped!\r\nOrder # 249-0000000-0000001\r\n"
    return head + (
        b"Content-Type: multipart/mixed; boundary=x\r\nMIME-Version: 1.0\r\n\r\n"
        b"--x\r\nContent-Type: text/plain\r\n\r\n"
        + text
        + b"--x\r\nContent-Type: application/zip; name=invoice.zip\r\nContent-Transfer-Encoding:"
        b" base64\r\nContent-Disposition: attachment; filename=invoice.zip\r\n\r\n"
        + packed
        + b"--x--\r\n"
    )


BOMBS = {
    "1e6 nested tables": lambda: html("<table><tr><td>" * 333_333),
    "1e6 nested divs": lambda: html("<div>" * 1_000_000),
    "as many divs as are allowed": lambda: html("<div>" * 59_000 + "deep"),
    "as many nested tables as are allowed": lambda: html("<table><tr><td>" * 19_000 + "deep"),
    "1e5 attributes": lambda: html("<p " + " ".join(f"a{n}=b" for n in range(100_000)) + ">x"),
    "as many attributes as fit": lambda: html("<p " + "a=b " * 250_000 + ">x"),
    "250k comments left open": lambda: html("<!--" * 250_000),
    "as many comments as are allowed": lambda: html("<!--" * 59_000),
    "CDATA": lambda: html("<![CDATA[" * 59_000),
    "entities": lambda: html("&amp;" * 200_000),
    "style": lambda: html("<style>" + "a{b:c}" * 100_000 + "</style>x"),
    "10 MB of text": lambda: html("word " * 2_000_000),
    "1 MB on one line": lambda: sample_mail.amazon("Big") + b"word " * 200_000,
    "60,000 short lines": lambda: (
        sample_mail.amazon("Long") + b"Order # 249-0000000-0000001\r\n" * 60_000
    ),
    "digits": lambda: sample_mail.amazon("Digits") + b"9" * 1_000_000,
    "100 MB": lambda: sample_mail.amazon("Huge") + b"x" * 100_000_000,
    "the first 8 MiB of 100 MB": lambda: (sample_mail.amazon("Huge") + b"x\r\n" * (MAX_BYTES // 3))[
        :MAX_BYTES
    ],
    "299 parts": lambda: parts(299),
    "3,000 parts": lambda: parts(3000),
    "an archive of 2 GB": lambda: zipped(500_000_000),
}


@pytest.fixture(scope="module")
def child():
    with ReadingChild(None) as one:
        one(sample_mail.private(), FRAME)
        yield one


def memory(child) -> int:
    """Megabytes the reading process has had at most."""
    status = Path(f"/proc/{child._worker.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def work(child) -> float:
    """Seconds of processor time the reading process has had so far."""
    child.warm()
    fields = Path(f"/proc/{child._worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_neither_time_nor_memory(child, name, record_property):
    raw = BOMBS[name]()
    before = work(child)
    try:
        outcome = child(raw, FRAME).outcome
    except ReadingError as failure:
        outcome = str(failure)
    record_property("tried", 1)

    assert child(sample_mail.private(), FRAME).outcome is Outcome.FOREIGN, (
        "the next mail is read as ever"
    )
    assert outcome in Outcome, "the limits refuse it before it needs the process's own"
    assert work(child) - before < 5
    assert memory(child) < 400


def test_an_attached_archive_is_never_opened_and_the_mail_around_it_is_read(child, record_property):
    reading = child(zipped(500_000_000), FRAME)
    record_property("tried", 1)

    assert [notice.kind.value for notice in reading.notices] == ["shipment.shipped"]


def charset(name: str, body: bytes, *, encoding: bytes = b"8bit") -> bytes:
    head = sample_mail.amazon("Your Amazon.com order #249-0000000-0000001 has shipped").partition(
        b"Content-Type:"
    )[0]
    kind = (
        b"Content-Type: text/plain; charset="
        + name.encode()
        + b"\r\nContent-Transfer-Encoding: "
        + encoding
    )
    return head + kind + b"\r\nMIME-Version: 1.0\r\n\r\n" + body


BODY = "Your package was shipped!\nOrder # 249-0000000-0000001\n"
JAPANESE = "商品①㈱髙島を発送しました\n注文番号： 249-0000000-0000001\n"
CHARSETS = {
    "a wrong one": charset("us-ascii", JAPANESE.encode()),
    "an unknown one": charset("x-martian", BODY.encode()),
    "a codec that is none": charset("zip", zlib.compress(BODY.encode())),
    "base64 as charset": charset("base64", base64.b64encode(BODY.encode())),
    "rot13": charset("rot13", BODY.encode()),
    "unicode_escape": charset("unicode_escape", BODY.encode() + rb"\ud800 \x00 \N{SNOWMAN}"),
    "raw_unicode_escape": charset("raw_unicode_escape", rb"\ud800\udfff" + BODY.encode()),
    "punycode": charset("punycode", BODY.encode() * 300),
    "idna": charset("idna", b"xn--" * 5000),
    "ISO-2022-JP with ①": charset(
        "iso-2022-jp", JAPANESE.encode("iso2022_jp_ext", "replace") + b"\x1b$B-!\x1b(B"
    ),
    "ISO-2022-JP cut in the middle": charset("iso-2022-jp", b"\x1b$B>&IJ\x1b"),
    "cp932 under the name of Shift_JIS": charset("shift_jis", JAPANESE.encode("cp932")),
    "cp932 without a name": charset("", JAPANESE.encode("cp932")),
    "utf-7": charset("utf-7", b"+2AA- +AAA- +//8- " + BODY.encode()),
    "UTF-16 without a mark": charset("utf-16", BODY.encode("utf-16-be")),
    "UTF-16 in base64": charset(
        "utf-16le", base64.encodebytes(BODY.encode("utf-16-le")), encoding=b"base64"
    ),
    "lone surrogates": charset(
        "utf-8", BODY.encode() + "\ud800\udfff".encode("utf-8", "surrogatepass")
    ),
    "NUL": charset("utf-8", b"\0" + BODY.encode().replace(b"#", b"\0#")),
    "NUL in the name": charset('"\0"', BODY.encode()),
    "a name of 30,000 letters": charset("x" * 30_000, BODY.encode()),
    "bytes of no charset at all": charset("utf-8", bytes(range(128, 256)) * 10),
}


@pytest.mark.parametrize("name", CHARSETS)
def test_any_charset_becomes_text_that_every_database_takes(child, name, record_property):
    before = work(child)
    reading = child(CHARSETS[name], FRAME)
    record_property("tried", 1)

    assert wrong(reading, work(child) - before) is None
    assert "\0" not in json.dumps(reading_to_json(reading), ensure_ascii=False)
    assert "\\u0000" not in json.dumps(reading_to_json(reading))


def test_the_reading_process_writes_no_word_of_a_mail_anywhere(capfd, record_property):
    torn = b"Subject: =?utf-8?b?5rOo5paH5riI44G/OiD,gIzjg6njg7Pjgr/jg7MuLi7jgI0=?="
    with ReadingChild(None) as child:
        child(sample_mail.amazon("x").replace(b"Subject: x", torn), FRAME)
    record_property("tried", 1)

    assert capfd.readouterr() == ("", "")
