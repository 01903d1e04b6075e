"""Tables as other programs write them: what is found out, what is refused and how, what becomes a row's problem."""

import os
import tracemalloc
from pathlib import Path

import pytest

from logicrm.leads.importing.reading import Limits, UnreadableFile, open_table


def table(content, **options):
    return open_table(content if isinstance(content, bytes) else content.encode(), "leads.csv", **options)


def cells(content, **options):
    return [row.cells for row in table(content, **options).rows()]


def refusal(content, **options):
    with pytest.raises(UnreadableFile) as refused:
        opened = table(content, **options)
        opened.count_rows()
    assert refused.value.message
    assert refused.value.hint
    return refused.value


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8"])
def test_unicode_is_recognised_for_sure_with_and_without_a_mark(encoding):
    opened = table("Name,City\nNguyễn,Iași\nHà,Đà Nẵng\n".encode(encoding))
    assert opened.encoding_sure
    assert opened.headings == ["Name", "City"]
    assert [row.cells for row in opened.rows()] == [["Nguyễn", "Iași"], ["Hà", "Đà Nẵng"]]


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Name;Straße\nJürgen Müller;Königstraße\nFrançoise;Allée\n"),
        ("cp1250", "Nume;Oraş\nŞtefan Ionescu;Braşov\nGheorghiţă;Galaţi\n"),
        ("cp1251", "Имя;Город\nИван Петров;София\n"),
    ],
)
def test_older_encodings_are_guessed_and_the_guess_is_owned_up_to(encoding, text):
    opened = table(text.encode(encoding))
    assert opened.encoding == encoding
    assert not opened.encoding_sure
    assert "check the preview" in opened.notes[0]
    assert opened.sample(1)[0].cells[0] == text.splitlines()[1].split(";")[0]


def test_a_wrong_guess_is_mended_by_choosing_a_candidate():
    content = "Nume;Oraș\nȘtefan;Iași\n".encode("iso8859-16")
    assert "iso8859-16" in table(content).encoding_candidates
    assert cells(content, encoding="iso8859-16") == [["Ștefan", "Iași"]]


def test_an_encoding_that_does_not_fit_is_refused_with_the_line():
    refused = refusal(b"Name\nAna\nM\xfcller\n", encoding="utf-8")
    assert refused.line == 3
    assert refusal(b"Name\nAna\n", encoding="klingon").hint


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_are_found(separator):
    content = f"Name{separator}Note\nAna{separator}a: b. c\nBo{separator}x\n"
    assert table(content).separator == separator
    assert cells(content)[0] == ["Ana", "a: b. c"]


def test_decimal_commas_do_not_pass_for_separators():
    assert table("Name;Price;Weight\nA;1,5;2,5\nB;3,5;4,5\n").separator == ";"


def test_any_sign_can_be_chosen_as_separator_but_no_letter():
    assert cells("a!b\n1!2\n", separator="!") == [["1", "2"]]
    refusal("a,b\n1,2\n", separator="x")
    refusal("a,b\n1,2\n", separator=";;")


def test_a_sep_line_is_obeyed_and_lines_are_counted_with_it():
    opened = table("sep=|\r\nName|Note\r\nA,B|x\r\n")
    assert [(row.line, row.cells) for row in opened.rows()] == [(3, ["A,B", "x"])]


def test_quotes_escaped_quotes_and_line_ends_inside_cells():
    content = 'Name,Note\n"The ""Best"", Ltd","one\ntwo"\nBo,x\n'
    assert [(row.line, row.cells) for row in table(content).rows()] == [
        (2, ['The "Best", Ltd', "one\ntwo"]),
        (4, ["Bo", "x"]),
    ]


def test_backslashes_before_quotes_are_understood():
    assert cells('Name,Note\nA,"he said \\"hi\\", twice"\nB,"x"\n')[0] == ["A", 'he said "hi", twice']


def test_a_quote_that_is_never_closed_costs_one_row_not_the_file():
    opened = table('Name,Email\nA,"a@x.ro\nB,b@x.ro\nC,c@x.ro\n')
    rows = list(opened.rows())
    assert "line 2" in rows[0].problem
    assert [row.cells for row in rows[1:]] == [["B", "b@x.ro"], ["C", "c@x.ro"]]


def test_rows_of_another_width_carry_a_problem():
    rows = list(table("Name,Email,City\nA,a@x.ro\nB,b@x.ro,Iași,more\nC,c@x.ro,Cluj\n").rows())
    assert "only 2 cells" in rows[0].problem
    assert "4 cells" in rows[1].problem
    assert rows[2].problem is None


def test_separators_at_the_end_of_every_line_make_no_column():
    opened = table("Name;Email;\nA;a@x.ro;\nB;b@x.ro;\n")
    assert opened.headings == ["Name", "Email"]
    assert all(row.problem is None for row in opened.rows())


def test_line_ends_of_old_macs_zero_bytes_and_empty_rows():
    assert cells(b"Name,Email\rA\0na,a@x.ro\r\r,\rB,b@x.ro\r") == [["Ana", "a@x.ro"], ["B", "b@x.ro"]]


def test_columns_without_a_name_and_twice_the_same_name():
    assert table("Name,,Email,Email\nA,1,a@x.ro,b@x.ro\n").headings == ["Name", "Column 2", "Email", "Email (2)"]


def test_a_file_without_headings_keeps_its_first_row():
    opened = table("Ana Pop;ana@x.ro;0212345678\nBo Li;bo@x.ro;0212345679\n")
    assert not opened.has_header
    assert opened.headings == ["Column 1", "Column 2", "Column 3"]
    assert len(list(opened.rows())) == 2
    assert table("ana@x.ro\nbo@x.ro\n").row_count == 2
    assert cells("Ana,Pop\nBo,Li\n", header=False) == [["Ana", "Pop"], ["Bo", "Li"]]


def test_a_title_above_the_table_is_passed_over():
    opened = table("Leads of May,,\n,,\nName,Email,Phone\nA,a@x.ro,1\nB,b@x.ro,2\n")
    assert opened.headings == ["Name", "Email", "Phone"]
    assert [row.line for row in opened.rows()] == [4, 5]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 50,
        b"\n\n\n",
        b'"' * 10_000,
        b'"' * 9_999,
        b'"",""\n' * 500,
        b"\xff\xfe",
        b"%PDF-1.7",
        b"\x89PNG\r\n",
        b"PK\x03\x04junk",
        b"<html><table></table>",
        b'[{"name": "Ana"}]',
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
        bytes(range(256)) * 40,
        b"Name,Email\n",
    ],
)
def test_what_is_no_table_is_refused_in_words(content):
    refusal(content)


def test_limits_are_told_with_the_line():
    assert refusal("a\n" * 50, limits=Limits(max_rows=10), header=False).line == 11
    assert "MB" in refusal("a\n" * 50, limits=Limits(max_bytes=20)).message
    assert "columns" in refusal(",".join(f"c{i}" for i in range(300)) + "\n1\n").message
    assert refusal(b"x" * 5_000_000).line == 1
    rows = list(table("Name,Note\nA," + "x" * 40_000 + "\nB,y\n").rows())
    assert "32000" in rows[0].problem
    assert rows[1].cells == ["B", "y"]


def test_rows_can_be_read_again_and_counted():
    opened = table("Name,Email\n" + "".join(f"N{i},n{i}@x.ro\n" for i in range(5_000)))
    assert not opened.row_count_exact
    assert abs(opened.row_count - 5_000) < 100
    assert opened.count_rows() == 5_000
    assert opened.sample(3) == opened.sample(300)[:3]
    assert len(opened.sample(300)) == 300


def test_a_large_file_is_read_in_constant_memory(tmp_path):
    file = tmp_path / "large.csv"
    file.write_text("Name,Email\n" + "".join(f"Name {i},n{i}@example.ro\n" for i in range(60_000)))
    tracemalloc.start()
    assert sum(1 for _ in open_table(file, "large.csv").rows()) == 60_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def samples():
    folder = Path(os.environ.get("LOGICRM_SAMPLES") or Path(__file__).parents[4] / "shared" / "data")
    if not (folder / "crm_csv").is_dir():
        pytest.skip(f"no sample data at {folder}; set LOGICRM_SAMPLES")
    return folder / "crm_csv"


def test_sample_tables_open_as_their_authors_meant():
    folder = samples()
    for file in sorted(folder.glob("*.csv")):
        opened = open_table(file, file.name)
        rows = list(opened.rows())
        assert opened.encoding_sure
        assert opened.has_header, file.name
        assert len(rows) == 2
        assert all(row.problem is None for row in rows), file.name
    quoted = open_table(folder / "csvEscapedQuotes.csv", "x")
    assert [row.cells[0] for row in quoted.rows()] == ['"The Best" Account', 'The "Best" Account']
