"""The file of failed rows: can be mended and imported again, and runs nothing in a spreadsheet."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logicrm.leads.importing.cleaning import clean_row
from logicrm.leads.importing.headings import guess_mapping
from logicrm.leads.importing.problems import error_lines, escape_formula, unescape_formula, write_error_rows
from logicrm.leads.importing.reading import open_table


def written(headings, failed, **options):
    out = io.BytesIO()
    count = write_error_rows(out, headings, failed, **options)
    return out.getvalue(), count


def test_the_file_has_the_original_columns_and_the_problem():
    content, count = written(["Nume", "E-mail"], [(["Ștefan", "x@"], ["This is not an e-mail address."])])
    assert count == 1
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig") == "Nume,E-mail,Problem\r\nȘtefan,x@,This is not an e-mail address.\r\n"


def test_mended_it_imports_again_with_the_same_mapping():
    headings = ["Nume", "E-mail", "Observații"]
    content, _ = written(headings, [(["Ana", "ana@x.ro", "=SUM(A1)\nline two; and, more"], ["why"])])
    opened = open_table(content, "problems.csv")
    assert opened.headings == [*headings, "Problem"]
    [row] = opened.rows()
    mapping = guess_mapping(opened.headings, [row.cells])
    assert [m.field for m in mapping] == [*[m.field for m in guess_mapping(headings, [])], None]
    values = clean_row(row.cells, mapping, default_country="RO", today=date(2026, 1, 1)).values
    assert values["note"] == "=SUM(A1)\nline two; and, more"


def test_a_second_round_replaces_the_problem():
    content, _ = written(["Email", "Problem"], [(["x@", "old"], ["new"])])
    assert content.decode("utf-8-sig") == "Email,Problem\r\nx@,new\r\n"


def test_ragged_rows_lose_nothing():
    content, _ = written(["A", "B"], [(["1"], ["short"]), (["1", "2", "3"], ["long"])])
    assert content.decode("utf-8-sig").splitlines()[1:] == ["1,,short", "1,2 3,long"]


def test_it_comes_in_pieces():
    pieces = list(error_lines(["A"], ((["x"], ["p"]) for _ in range(3)), separator=";"))
    assert len(pieces) == 4


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "'=1", "\n=1", "|x", "%0A"]
)
def test_formulas_are_made_harmless_and_come_back(cell):
    assert escape_formula(cell).startswith("'")
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Ana", "+40 721 234 567", "-5,00", "O'Neil", "a=b", "'t Hooft"])
def test_ordinary_cells_stay_as_they_are(cell):
    assert escape_formula(cell) == cell


@given(st.text(max_size=30))
def test_escaping_can_always_be_undone(cell):
    assert unescape_formula(escape_formula(cell)) == cell or cell.startswith("'")
