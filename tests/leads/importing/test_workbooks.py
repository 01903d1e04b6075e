"""Workbooks: cells as they were typed, and hostile ones refused quickly by a process that may die."""

import io
import random
import time
import zipfile
from datetime import date, datetime

import openpyxl
import pytest

from logicrm.leads.importing.reading import UnreadableFile, open_table


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for position, rows in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet {position}")
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def package(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def test_cells_come_as_they_were_typed():
    content = workbook(
        [
            ["Name", "Phone", "Since", "Seen", "Ok", "Rate"],
            ["Ana", 40712345678, date(2024, 5, 6), datetime(2024, 5, 6, 7, 8), True, 1.5],
        ]
    )
    opened = open_table(content, "leads.xlsx")
    assert opened.kind == "xlsx"
    assert opened.headings[:2] == ["Name", "Phone"]
    row = next(opened.rows())
    assert row.line == 2
    assert row.cells == ["Ana", "40712345678", "2024-05-06", "2024-05-06 07:08:00", "TRUE", "1.5"]


def test_the_first_sheet_with_cells_is_read_and_short_rows_are_filled():
    opened = open_table(workbook([], [["Name", "Email"], ["Ana"], [None, None], ["Bo", "b@x.ro"]]), "leads.xlsx")
    assert [(row.line, row.cells) for row in opened.rows()] == [(2, ["Ana", ""]), (4, ["Bo", "b@x.ro"])]
    assert opened.row_count == 2
    assert opened.row_count_exact


def test_a_row_wider_than_the_headings_has_a_problem():
    rows = list(open_table(workbook([["Name", "Email"], ["Ana", "a@x.ro", "more"], ["Bo", "b@x.ro"]]), "x").rows())
    assert "3 cells" in rows[0].problem
    assert rows[1].problem is None


def far_corner():
    book = openpyxl.Workbook()
    book.active["A1"] = "Name"
    book.active["XFD1048576"] = 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        package({"xl/worksheets/sheet1.xml": b"0" * 60_000_000}),
        package({f"xl/{i}": b"" for i in range(2_500)}),
        package({"leads.csv": b"Name\nAna\n"}),
        far_corner(),
        workbook([]),
        workbook([["Name", "Email"]])[:-40],
    ],
    ids=["bomb", "many parts", "no workbook", "far corner", "empty", "cut off"],
)
def test_hostile_workbooks_are_refused_within_two_seconds(content):
    start = time.monotonic()
    with pytest.raises(UnreadableFile) as refused:
        open_table(content, "leads.xlsx")
    assert refused.value.hint
    assert time.monotonic() - start < 2


def test_damaged_workbooks_raise_nothing_else():
    dice = random.Random(7)
    good = workbook([["Name", "Email"], *([f"N{i}", f"n{i}@x.ro"] for i in range(30))])
    for _ in range(12):
        content = bytearray(good)
        for _ in range(dice.randrange(1, 12)):
            content[dice.randrange(len(content))] = dice.randrange(256)
        try:
            list(open_table(bytes(content), "leads.xlsx").rows())
        except UnreadableFile as refused:
            assert refused.message
