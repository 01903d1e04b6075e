"""Whatever the bytes: a table, or a refusal in words; never another exception, never slow."""

import random
import time
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from logicrm.leads.importing.cleaning import clean_row
from logicrm.leads.importing.headings import guess_mapping
from logicrm.leads.importing.reading import UnreadableFile, open_table

SEEDS = [
    b'Name,Email,Phone\n"Pop, Ana",ana@x.ro,+40721234567\n"Bo ""B""",bo@x.ro,"021\n234"\n',
    "Nume;Oraş;Valoare\nŞtefan;Braşov;1.234,50 lei\n".encode("cp1250") * 3,
    "Name\tDate\nHà\t03/04/2024\n".encode("utf-16"),
    b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=91;=C3=\r\n=91;;;\r\nTEL;CELL:0721234567\r\n"
    b"PHOTO;ENCODING=BASE64:\r\n QUJD\r\n\r\nitem1.ADR;type=WORK:;;a\\, b;c;d;e;f\r\nEND:VCARD\r\n",
]
TOKENS = [
    b'"',
    b"\0",
    b",",
    b";",
    b"\r",
    b"\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"BEGIN:VCARD\n",
    b"END:VCARD\n",
    b"N;CHARSET=foo;ENCODING=BASE64:",
    b"\xc3",
    b"sep=",
    b"\\",
    b'"' * 50,
    b"," * 300,
    b"[[[[",
    b'TEL;TYPE="a;b:',
    b"+99999999999999999",
    b"2024-13-45",
    b"http://[::1",
    b"@",
]


def go_through(content, **options):
    try:
        opened = open_table(content, "leads", **options)
        rows = list(opened.rows())
    except UnreadableFile as refused:
        assert refused.message
        assert refused.hint
        return
    mapping = guess_mapping(opened.headings, [row.cells for row in rows[:30]])
    for row in rows:
        assert row.problem or len(row.cells) == len(opened.headings)
        clean_row(row.cells, mapping, default_country="RO", today=date(2026, 1, 1))


def mutated(dice, content):
    bent = bytearray(content)
    for _ in range(dice.randrange(1, 12)):
        place = dice.randrange(len(bent) + 1)
        match dice.randrange(4):
            case 0:
                bent[place:place] = dice.choice(TOKENS)
            case 1 if bent:
                bent[place - 1] = dice.randrange(256)
            case 2:
                del bent[place : place + dice.randrange(40)]
            case _:
                bent[place:place] = dice.randbytes(dice.randrange(20))
    return bytes(bent)


def test_two_thousand_mutated_files():
    dice = random.Random(20)
    for _ in range(2_000):
        content = mutated(dice, dice.choice(SEEDS))
        options = dice.choice(
            [{}, {}, {"encoding": "cp1258"}, {"separator": ";"}, {"header": False}, {"encoding": "utf-16"}]
        )
        start = time.monotonic()
        go_through(content, **options)
        assert time.monotonic() - start < 2


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(content):
    go_through(content)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_text(text, encoding):
    go_through(text.encode(encoding, "replace"))
