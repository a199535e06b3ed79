"""What is not whole, not known or not possible: one clear sentence with its place, and nothing half
done.
"""

import io
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from daemon.files.importers import read
from parsers.notice import Kind, Money
from parsers.user_yaml import UserFileError

FOLDER = Path(__file__).parents[3] / "fixtures" / "imports"
SEEN = datetime(2026, 6, 1, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
HISTORY = (
    "Website,Order ID,Order Date,Currency,Total Amount,Unit Price,ASIN,Original Quantity,Order Status,Ship Date,"
    "Product Name\r\n"
)


def imported(tmp_path, content, name="orders.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path, seen=SEEN, zone=TOKYO)


def refused(tmp_path, content, name="orders.csv"):
    with pytest.raises(UserFileError) as caught:
        imported(tmp_path, content, name)
    (fault,) = caught.value.faults
    return str(fault).replace(f"{tmp_path}/", "")


def line(**cells):
    row = {
        "Website": "Amazon.co.jp", "Order ID": "249-0000000-0000001", "Order Date": "2026-02-01", "Currency": "JPY",
        "Total Amount": "100", "Unit Price": "100", "ASIN": "B000000001", "Original Quantity": "1",
        "Order Status": "Closed", "Ship Date": "", "Product Name": "Lamp",
    } | {name.replace("_", " "): value for name, value in cells.items()}  # fmt: skip
    return ",".join(row.values()) + "\r\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "orders.csv: the file is empty"),
        (" \r\n\r\n", "orders.csv: the file is empty"),
        (HISTORY + line() + "Amazon.co.jp,249-00000", "orders.csv:3:1: the last line is cut short: half a file? Export or download it again"),
        (HISTORY + line() + 'Amazon.co.jp,"249-00000', "orders.csv:3:1: ends inside a quoted cell: half a file? Export or download it again"),
        ("Date,Payee,Amount\r\n2026-01-01,Shop,3\r\n", "orders.csv: not an export this program knows; its columns are 'Date', 'Payee', 'Amount'"),
        (HISTORY.replace("Order Date,", ""), "orders.csv: looks like Amazon “Request your data”: Order History, but the columns 'Order Date' are missing"),
        ('[{"orderId": "8100000000000001", "title": "La', "orders.csv:1:43: is not whole JSON here (Unterminated string starting at): half a file? Export it again"),
        ('{"orders": {}}', "orders.csv: holds no list of orders"),
        ("[]", "orders.csv: the list of orders is empty"),
        ("[1, 2]", "orders.csv: holds no list of orders"),
        ("[" * 100_000, "orders.csv: is nested too deeply to be an export"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe", "orders.csv: is not text; expected a CSV, TSV, JSON, XLSX or zip file as the shop gave it"),
        (b"PK\x05\x06" + b"\0" * 18, "orders.csv: the zip file is empty"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path, content, expected):
    assert expected == refused(tmp_path, content)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(UserFileError, match="no such file"):
        read(tmp_path / "nothing.csv", seen=SEEN, zone=TOKYO)
    with pytest.raises(UserFileError, match="is a folder"):
        read(tmp_path, seen=SEEN, zone=TOKYO)


@pytest.mark.parametrize("name", ["your-orders.zip", "aliexpress-personal-data.xlsx"])
def test_half_a_zip_is_refused(tmp_path, name):
    whole = (FOLDER / name).read_bytes()

    assert f"{name}: is no whole zip file: half a file? Download it again" == refused(
        tmp_path, whole[:-60], name
    )


@pytest.mark.parametrize(
    "name", sorted(path.name for path in FOLDER.iterdir() if path.suffix in {".csv", ".txt"})
)
def test_every_text_format_cut_in_its_last_line_gives_one_sentence_and_no_events(tmp_path, name):
    whole = (FOLDER / name).read_bytes().rstrip()
    last = whole.rfind(b"\n") + 1

    assert "half a file" in refused(tmp_path, whole[: last + 8], name)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Order_ID": "8.1E+15"}, "2:2: 'Order ID' is '8.1E+15', which is no Amazon order number such as 249-0000000-0000001"),
        ({"Order_ID": ""}, "2:2: 'Order ID' is empty"),
        ({"Order_Date": "2026-02-30"}, "2:3: 'Order Date' is '2026-02-30', which is no date; expected one such as 2025-03-31"),
        ({"Order_Date": "soon"}, "2:3: 'Order Date' is 'soon', which is no date; expected one such as 2025-03-31"),
        ({"Order_Date": ""}, "2:3: 'Order Date' is empty"),
        ({"Order_Date": "2027-02-01"}, "2:1: order 249-0000000-0000001 would have happened on 2027-02-01, which is in the future"),
        ({"Currency": "XXB"}, "2:4: 'Currency' is 'XXB', which is no currency code such as JPY or USD"),
        ({"Total_Amount": "a lot"}, "2:5: 'Total Amount' is 'a lot', which is no amount"),
        ({"Original_Quantity": "-2"}, "2:8: 'Original Quantity' is '-2', which is no number of things"),
        ({"Website": "", "Order_Date": "03/04/2026"}, "2:3: 'Order Date' is '03/04/2026': day or month first? Nothing else in the file tells"),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_by_line_and_the_rest_is_imported(tmp_path, cells, expected):
    good = line(Order_ID="249-0000000-0000002", ASIN="B000000002")
    result = imported(tmp_path, HISTORY + line(**cells) + good)

    assert [f"{tmp_path}/orders.csv:{expected}"] == [str(fault) for fault in result.faults]
    assert {"249-0000000-0000002"} == {event.order_numbers[0] for event in result.events}


def test_rows_with_too_many_cells_are_told_and_the_rest_is_imported(tmp_path):
    result = imported(tmp_path, HISTORY + "a,b\r\n" + line())

    assert [fault.what for fault in result.faults] == ["2 cells under 11 columns"]
    assert Kind.ORDER_PLACED in {event.kind for event in result.events}


def test_a_rounded_order_number_says_that_a_spreadsheet_did_it(tmp_path):
    header = "Order Date,Order ID,Title,Qty,Price,Store,Product ID,Currency,Status\n"
    result = imported(tmp_path, header + "2026-03-05,8.1E+15,Lamp,1,5,Lamp Town,1,USD,Completed\n")

    assert "a spreadsheet program rounded the order number" in result.faults[0].what
    assert result.events == ()


@pytest.mark.parametrize(
    ("site", "written", "expected"),
    [
        ("Amazon.com", "03/04/2026", "2026-03-04"),
        ("Amazon.co.uk", "03/04/2026", "2026-04-03"),
        ("Amazon.co.jp", "2026/03/04", "2026-03-04"),
        ("Amazon.de", "03.04.2026", "2026-04-03"),
        ("", "31/03/2026", "2026-03-31"),
        ("Amazon.com", "Mar 4, 2026", "2026-03-04"),
        ("Amazon.com", "4 March 2026", "2026-03-04"),
    ],
)
def test_dates_are_read_in_the_habit_of_their_site(tmp_path, site, written, expected):
    row = line(Website=site, Order_Date=f'"{written}"')

    assert expected == imported(tmp_path, HISTORY + row).events[0].fields["ordered_at"].isoformat()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1,234", "1234"),
        ("12,34", "12.34"),
        ("￥ 1,234", "1234"),
    ],
)
def test_amounts_are_read_in_every_writing(tmp_path, written, expected):
    row = line(Total_Amount=f'"{written}"')
    total = imported(tmp_path, HISTORY + row).events[0].fields["total"]

    assert Money(value=Decimal(expected), currency="JPY") == total


def test_reports_in_shift_jis_and_windows_1252_are_told_apart(tmp_path):
    header = "order-id\torder-item-id\tpurchase-date\tsku\tquantity-purchased\tproduct-name\tcurrency\titem-price\n"
    row = "249-0000000-0000001\t1\t2026-03-04\tA\t1\t{}\t{}\t5\n"
    titles = {
        encoding: imported(tmp_path, (header + row.format(title, unit)).encode(encoding), encoding).events[0]
        .fields["items"][0].title
        for encoding, title, unit in (("cp932", "傘", "JPY"), ("cp1252", "Größe für Ärmel", "EUR"), ("utf-16", "傘", "JPY"))
    }  # fmt: skip

    assert titles == {"cp932": "傘", "cp1252": "Größe für Ärmel", "utf-16": "傘"}


def test_a_zip_of_only_unknown_tables_says_what_is_known(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("a.csv", "x,y\n1,2\n")
        package.writestr("b.csv", "p,q\n1,2\n")

    assert refused(tmp_path, held.getvalue(), "a.zip").startswith(
        "a.zip: found 2 tables, none of them known; known are: "
    )


def test_a_zip_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked(tmp_path):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as package:
        for index in range(3):
            package.writestr(f"{index}.csv", b"a" * (90 << 20))

    assert "holds far more than an export" in refused(tmp_path, held.getvalue(), "bomb.zip")


def test_entities_of_a_workbook_are_not_expanded(tmp_path):
    held = io.BytesIO()
    names = ["order_id", "parent_orderid", "gmt_create_order_time", "order_status", "item_name"]
    bomb = '<!DOCTYPE x [<!ENTITY a "boom">]>'
    cells = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in names)
    row = "".join(
        f'<c t="inlineStr"><is><t>{v}</t></is></c>'
        for v in ("8100000000000001", "0", "2026-01-01", "FINISH", "&a;x")
    )
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("xl/workbook.xml", "<workbook/>")
        package.writestr(
            "xl/worksheets/sheet1.xml",
            f'{bomb}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            f"<row>{cells}</row><row>{row}</row></sheetData></worksheet>",
        )

    assert "boom" not in repr(imported(tmp_path, held.getvalue(), "a.xlsx").events)
