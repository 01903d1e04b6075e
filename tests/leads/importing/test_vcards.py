"""Visiting cards of telephones and mail programs."""

import base64
import os
import tracemalloc
from pathlib import Path

import pytest

from logicrm.leads.importing.reading import open_table
from logicrm.leads.importing.vcards import HEADINGS


def cards(content):
    opened = open_table(content if isinstance(content, bytes) else content.encode(), "contacts.vcf")
    assert opened.kind == "vcard"
    return [(row.line, dict(zip(HEADINGS, row.cells, strict=True)), row.problem) for row in opened.rows()]


def card(*lines, version="3.0"):
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def one(*lines, version="3.0"):
    [(_, values, problem)] = cards(card(*lines, version=version))
    assert problem is None
    return values


def test_a_card_becomes_a_row():
    values = one(
        "FN:Ana Pop",
        "N:Pop;Ana;;;",
        "ORG:Transalp SRL;Sales",
        "TITLE:Dispatcher",
        "EMAIL;TYPE=WORK:ana@transalp.ro",
        "EMAIL:ana@home.ro",
        "TEL;TYPE=CELL:+40 721 000 111",
        "TEL;TYPE=WORK,VOICE:021 2345678",
        "TEL;TYPE=FAX:021 999",
        "ADR;TYPE=WORK:;;Str. Lungă 5;Brașov;BV;500001;România",
        "URL:https://transalp.ro",
        "NOTE:one\\ntwo\\, three",
        "CATEGORIES:vip,lead",
    )
    assert values == {
        "Full name": "Ana Pop",
        "First name": "Ana",
        "Last name": "Pop",
        "Company": "Transalp SRL",
        "Job title": "Dispatcher",
        "E-mail": "ana@transalp.ro",
        "Other e-mails": "ana@home.ro",
        "Mobile": "+40 721 000 111",
        "Phone": "021 2345678",
        "Other phones": "",
        "Street": "Str. Lungă 5",
        "City": "Brașov",
        "Region": "BV",
        "Postcode": "500001",
        "Country": "România",
        "Website": "https://transalp.ro",
        "Note": "one\ntwo, three",
        "Categories": "vip; lead",
        "UID": "",
    }


def test_quoted_printable_with_soft_line_ends_and_a_charset():
    values = one("FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C8=98tefan =", "Ionescu", version="2.1")
    assert values["Full name"] == "Ștefan Ionescu"
    assert one("N;CHARSET=ISO-8859-1;QUOTED-PRINTABLE:M=FCller;J=F6rg", version="2.1")["Last name"] == "Müller"


def test_folded_lines_groups_and_preferred_values():
    values = one(
        "FN:Ana", "NOTE:far", " away", "item1.EMAIL:b@x.ro", "item2.EMAIL;type=pref:a@x.ro", "item2.X-ABLabel:work"
    )
    assert values["Note"] == "faraway"
    assert (values["E-mail"], values["Other e-mails"]) == ("a@x.ro", "b@x.ro")


def test_version_4_numbers_are_addresses():
    values = one('TEL;VALUE=uri;TYPE="work,voice":tel:+1-418-656-9254;ext=102', "FN:S", version="4.0")
    assert values["Phone"] == "+1-418-656-9254 ext. 102"


def test_lines_are_those_of_begin_and_broken_cards_do_not_stop_the_others():
    content = card("FN:A") + "BEGIN:VCARD\r\nFN:B\r\n" + card("FN:C") + card() + "BEGIN:VCARD\r\nFN:E"
    found = cards(content)
    assert [line for line, _, _ in found] == [1, 5, 7, 11, 14]
    assert ["no end" in str(problem) for _, _, problem in found] == [False, True, False, False, True]
    assert "empty" in found[3][2]
    assert found[2][1]["Full name"] == "C"


@pytest.mark.parametrize(
    "picture",
    [
        "PHOTO;ENCODING=b;TYPE=JPEG:" + base64.b64encode(b"x" * 15_000_000).decode(),
        "PHOTO;ENCODING=BASE64:\r\n" + (" " + "QUJD" * 18 + "\r\n") * 60_000,
        "PHOTO;ENCODING=BASE64:\r\n" + ("QUJD" * 18 + "\r\n") * 60_000,
    ],
    ids=["one line of 20 MB", "folded", "not indented"],
)
def test_pictures_are_passed_over_without_being_kept(picture):
    content = card("FN:Ana", picture, "TEL:+40212345678").encode()
    tracemalloc.start()
    [(_, values, problem)] = cards(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (values["Full name"], values["Phone"], problem) == ("Ana", "+40212345678", None)
    assert peak < 4 * 1024 * 1024


def test_utf_16_and_older_encodings():
    assert cards(card("FN:Nguyễn").encode("utf-16"))[0][1]["Full name"] == "Nguyễn"
    assert cards(card("FN:Jörg Müller").encode("cp1252"))[0][1]["Full name"] == "Jörg Müller"


def test_sample_cards():
    folder = Path(os.environ.get("LOGICRM_SAMPLES") or Path(__file__).parents[4] / "shared" / "data") / "vcard"
    if not folder.is_dir():
        pytest.skip(f"no sample data at {folder}; set LOGICRM_SAMPLES")
    found = {file.stem: cards(file.read_bytes()) for file in folder.glob("*.vcf")}
    assert {name: len(rows) for name, rows in found.items() if "ANDROID" in name} == {"John_Doe_ANDROID": 6}
    for rows in found.values():
        assert all(problem is None for _, _, problem in rows)
    outlook = found["outlook-2003"][0][1]
    assert (outlook["Company"], outlook["City"], outlook["E-mail"]) == ("Company, The", "Austin", "jdoe@hotmail.com")
    assert found["John_Doe_IPHONE"][0][1]["Street"] == "Street4, Building 6, Floor 8"
