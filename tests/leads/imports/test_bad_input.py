"""What people really send: a clear message at the field or row, nothing half done, never a fault of ours."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from logicrm.core.files import StoredFile
from logicrm.leads.imports.models import ImportRun, RunState
from logicrm.leads.models import Lead
from tests.leads.imports.helping import count_of, counts, csv_of, filled, imported, leads, run_of, send, sent, start

ROW = "Ana,Pop,Trans SRL,ana@trans.example,,,,,"
SAMPLES = Path(os.environ.get("LOGICRM_SAMPLES", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "no rows"),
        (b'""""\n""\n"""', "no rows"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
        (b"<!doctype html><table>", "web page"),
        (b"Name,Email\n", "only one row"),
        (b"PK\x03\x04" + bytes(200), "damaged"),
        (b"BEGIN:VCARD\nEND:VCARD", ""),
    ],
)
def test_an_unreadable_file_is_refused_at_the_field_and_nothing_is_stored(
    content: bytes, words: str, bob: Any, inside: Any
) -> None:
    answer = send(bob, content, "strange.csv")
    assert answer.status_code in ((422,) if words else (303, 422))
    assert words in answer.text
    if answer.status_code == 422:
        assert 'id="file-error"' in answer.text and 'href="#file"' in answer.text
        with inside():
            assert count_of(ImportRun) == 0 and count_of(StoredFile) == 0


def test_no_file_at_all(bob: Any) -> None:
    answer = bob.post("/leads/import", data={})
    assert answer.status_code == 422 and "Choose a file." in answer.text


def test_a_file_of_100_mb_gets_a_page_that_says_the_limit(bob: Any, inside: Any) -> None:
    answer = send(bob, bytes(100 * 1024 * 1024))
    assert answer.status_code == 413 and "32 MB" in answer.text
    with inside():
        assert count_of(ImportRun) == 0


def test_a_card_with_a_photo_of_20_mb(app: Any, bob: Any, inside: Any) -> None:
    photo = base64.b64encode(os.urandom(20_000_000)).decode()
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Pop;Ana;;;\r\nFN:Ana Pop\r\nEMAIL:ana@x.example\r\nPHOTO;ENCODING=b:{photo}\r\nEND:VCARD\r\n"
    place = imported(app, bob, card.encode(), "card.vcf")
    with inside():
        assert counts(place) == (1, 0, 0, 0) and leads()[0]["last_name"] == "Pop"


def test_a_wrong_encoding_is_said_with_the_line_and_can_be_mended(bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of("Ștefan,Țăran,Fân SRL,s@x.example,,,,,", "Đặng,Trần,,d@x.example,,,,,"))
    answer = bob.post(f"{place}/read", data={"encoding": "cp1252", "separator": ",", "header": "yes"})
    assert answer.status_code == 422 and "is not written in cp1252" in answer.text
    assert bob.post(f"{place}/read", data={"encoding": "rot13", "separator": ",", "header": "yes"}).status_code == 422
    assert bob.post(f"{place}/read", data={"encoding": "utf-8", "separator": "", "header": ""}).status_code in (
        303,
        422,
    )
    assert "Ștefan" in bob.get(place).text
    assert (
        bob.post(f"{place}/read", data={"encoding": "iso-8859-2", "separator": ",", "header": "yes"}).status_code == 303
    )
    assert "Ștefan" not in bob.get(place).text
    with inside():
        assert run_of(place).reading["encoding"] == "iso8859-2"


def test_another_separator_gives_other_columns(bob: Any) -> None:
    place = sent(bob, csv_of(ROW))
    assert bob.post(f"{place}/read", data={"encoding": "utf-8", "separator": ";", "header": "no"}).status_code == 303
    assert "Column 1" in bob.get(place).text


def test_columns_that_changed_meanwhile_are_not_imported_blindly(bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of(ROW))
    form = filled(bob.get(place).text)
    bob.post(f"{place}/read", data={"encoding": "utf-8", "separator": ",", "header": "no"})
    answer = bob.post(f"{place}/start", data=form)
    assert answer.status_code == 422 and "read in another way" in answer.text
    with inside():
        assert run_of(place).state == RunState.READY


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"col-0": "email"}, "fills this field already"),
        ({f"col-{n}": "" for n in range(9)}, "Say which column holds a name"),
        ({"col-0": "password"}, "Choose one of the list"),
        ({"col-99": "email", "col-3": ""}, "Choose one of the list"),
        ({"stage": "0190aaaa-0000-7000-8000-000000000000"}, "The import did not start"),
        ({"owner": "0190aaaa-0000-7000-8000-000000000000"}, "The import did not start"),
        ({"owner": "x"}, "The import did not start"),
        ({"duplicates": "destroy"}, "The import did not start"),
        ({"country": "XX"}, "The import did not start"),
        ({"tag": "x" * 41}, "Use at most 40 characters"),
    ],
)
def test_a_refused_choice_is_named_and_nothing_starts(changed: Any, words: str, bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of(ROW))
    if changed == {"col-0": "email"}:
        changed = {"col-0": "company"}
    answer = start(bob, place, **changed)
    assert answer.status_code == 422 and words in answer.text
    with inside():
        assert run_of(place).state == RunState.READY and count_of(Lead) == 0


def test_the_mapping_is_remembered_for_the_same_headings_in_any_order(app: Any, bob: Any, mallory: Any) -> None:
    imported(app, bob, csv_of("x,Ana,Cluj", headings="Zorb,First name,Kind"), **{"col-0": "company", "col-2": "note"})
    again = filled(bob.get(sent(bob, csv_of("Iasi,y,Ion", headings="kind,ZORB,First Name"))).text)
    assert (again["col-0"], again["col-1"], again["col-2"]) == ("note", "company", "first_name")
    fewer = filled(bob.get(sent(bob, csv_of("Ion,z", headings="First name,Zorb"))).text)
    assert (fewer["col-0"], fewer["col-1"]) == ("first_name", "")  # a column is missing: guessed, and nothing breaks
    theirs = filled(mallory.get(sent(mallory, csv_of("x,Ana,Cluj", headings="Zorb,First name,Kind"))).text)
    assert theirs["col-0"] == ""


def test_ragged_and_hostile_rows_are_named_one_by_one(app: Any, bob: Any, inside: Any) -> None:
    place = imported(
        app, bob,
        csv_of(ROW, "one,two,three,four,five,six,seven,eight,nine,ten,eleven", f"{'x' * 150},,,l@x.example,,,,,", ",,,,,,,,",
               "\x00Nul,Pop,,nul@x.example,,,,,", "<script>alert(1)</script>,Pop,,s@x.example,,,,,"),
    )  # fmt: skip
    with inside():
        assert counts(place) == (3, 0, 0, 2)
    page = bob.get(place).text
    assert "at most 100 fit" in page and "Line 3" in page and "Line 4" in page


def test_a_file_that_is_not_kept_any_more(app: Any, bob: Any, inside: Any) -> None:
    place = sent(bob, csv_of(ROW))
    with inside():
        from logicrm.core import files
        from logicrm.extensions import db
        from logicrm.leads.imports import queries

        file = queries.file_of(run_of(place))
        assert file is not None
        files.delete(file)
        db.session.commit()
    assert bob.get(place).status_code == 200
    answer = start(bob, place)
    assert answer.status_code == 422 and "send it again" in answer.text
    answer = bob.post(f"{place}/read", data={"encoding": "utf-8", "separator": ",", "header": "yes"})
    assert answer.status_code == 422 and "send it again" in answer.text


@pytest.mark.parametrize("name", ["crm_csv", "vcard"])
def test_files_of_other_programs(name: str, app: Any, bob: Any, inside: Any) -> None:
    if not (SAMPLES / name).is_dir():
        pytest.skip(f"no sample files of other programs here (LOGICRM_SAMPLES/{name})")
    seen = 0
    for path in sorted((SAMPLES / name).iterdir()):
        if path.suffix not in (".csv", ".vcf"):
            continue
        place = sent(bob, path.read_bytes(), path.name)
        answer = start(bob, place, duplicates="create")
        if answer.status_code == 422:  # nothing in it says who somebody is: a column is chosen by hand
            assert "Say which column" in answer.text, path.name
            answer = start(bob, place, duplicates="create", **{"col-0": "company"})
        assert answer.status_code == 303, path.name
        from logicrm.core.jobs_worker import run_worker

        run_worker(app, until_idle=True, threads=1)
        with inside():
            run = run_of(place)
            assert run.state == RunState.DONE and run.next_row == run.total, path.name
            assert run.created + run.failed == run.total, path.name
            seen += run.created
        assert bob.get(place).status_code == 200
    assert seen
