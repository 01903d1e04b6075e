"""Cells turned into values: what is understood, what is refused and how the refusal reads."""

import string
from datetime import UTC, date, timedelta, timezone
from decimal import Decimal

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from logicrm.leads.importing import countries, dates, emails, money, names, phones
from logicrm.leads.importing.cleaning import clean_row
from logicrm.leads.importing.headings import FIELDS, Mapping
from logicrm.leads.importing.wording import said

TODAY = date(2026, 3, 1)


def clean(country="RO", zone=None, **cells):
    """Clean a row whose columns are the given fields; a name is added, so that the row has one."""
    cells.setdefault("company", "Transalp")
    mapping = [Mapping(i, field, 1.0, said("test")) for i, field in enumerate(cells)]
    return clean_row(list(cells.values()), mapping, default_country=country, today=TODAY, zone=zone)


def value(field, text, **options):
    row = clean(**{field: text}, **options)
    assert not row.errors, row.errors
    return row.values.get(field)


def test_emails_are_normalised_and_several_are_kept():
    row = clean(email="Ana@Transalp.RO; Bo <bo@x.ro>\nana@transalp.ro", email2="c@x.ro")
    assert row.values["email"] == "ana@transalp.ro"
    assert row.values["other_emails"] == ["bo@x.ro", "c@x.ro"]


@pytest.mark.parametrize(
    "cell",
    [
        '["a@x.ro", "b@x.ro"]',
        '[{"value":"a@x.ro","label":"work"},{"value":"b@x.ro"}]',
        "a@x.ro, b@x.ro",
        "mailto:a@x.ro b@x.ro",
        "a@x.ro, Pop, Ana <b@x.ro>",
        "<a@x.ro>; <b@x.ro>",
    ],
)
def test_lists_of_emails_in_one_cell(cell):
    row = clean(email=cell)
    assert (row.values["email"], row.values["other_emails"]) == ("a@x.ro", ["b@x.ro"])


@pytest.mark.parametrize(
    "cell", ["ana@", "ana.example.ro", "a@b", "b@c", "ana@@x.ro", "ana@x..ro", "a@localhost", "a@x.test"]
)
def test_what_is_no_address_is_an_error_that_names_the_cell(cell):
    [error] = clean(email=cell).errors
    assert (error.field, error.column) == ("email", 0)
    assert error.message == "This is not an e-mail address."
    assert error.value


@settings(max_examples=400, deadline=None)
@given(st.text(string.ascii_letters + string.digits + "._+-@", max_size=40) | st.emails())
def test_the_short_way_with_emails_has_the_verdict_of_the_validator(address):
    try:
        wanted = validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        wanted = None
    assert emails.normal(address) == wanted


@pytest.mark.parametrize(
    ("country", "written", "number"),
    [
        ("RO", "0721 234 567", "+40721234567"),
        ("RO", "+40 (0)721-234-567", "+40721234567"),
        ("RO", "0040721234567", "+40721234567"),
        ("VN", "090 123 4567", "+84901234567"),
        ("DE", "030/1234567", "+49301234567"),
        ("US", "(415) 555-2671", "+14155552671"),
        ("IT", "06 6982 1234", "+390669821234"),
        ("", "+44 20 7946 0018", "+442079460018"),
    ],
)
def test_phones_become_e164(country, written, number):
    assert value("phone", written, country=country) == number


def test_a_phone_that_is_none_is_kept_with_a_warning():
    row = clean(phone="ask Maria")
    assert row.values["phone"] == "ask Maria"
    assert not row.errors
    assert row.warnings[0].field == "phone"


def test_the_country_of_the_row_reads_its_phones():
    mapping = [Mapping(0, "phone", 1.0, said("t")), Mapping(1, "country", 1.0, said("t"))]
    row = clean_row(["030 1234567", "Deutschland"], mapping, default_country="RO", today=TODAY)
    assert row.values == {"phone": "+49301234567", "country": "DE"}


def test_several_phones_and_an_extension():
    row = clean(phone="021 234 5678; 0721 234 567", phone2="+1-418-656-9254 ext. 102")
    assert row.values["phone"] == "+40212345678"
    assert row.values["other_phones"] == ["+40721234567", "+14186569254"]
    assert "ext. 102" in row.values["note"]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)),
    st.integers(0, 2),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 9)), max_size=4),
    st.sampled_from(["RO", "US", "DE", "VN", "IT", "BR", "RU", ""]),
)
def test_the_short_way_with_phones_has_the_verdict_of_the_library(region, form, changes, default):
    text = phonenumbers.format_number(phonenumbers.example_number(region), form)
    for place, digit in changes:
        if place < len(text) and text[place].isdigit():
            text = text[:place] + str(digit) + text[place + 1 :]
    for home in (default, region):
        assert phones.normal(text, home) == phones._parsed.__wrapped__(text, home) or not phones._quickly(text, home)


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("1.234,56 €", "1234.56", "EUR"),
        ("$1,234.56", "1234.56", "USD"),
        ("12 000 000 ₫", "12000000", "VND"),
        ("1 234,5 lei", "1234.5", "RON"),
        ("1'234.50 CHF", "1234.50", "CHF"),
        ("EUR 900", "900", "EUR"),
        ("1.234", "1234", ""),
        ("1.5", "1.5", ""),
        ("1,50", "1.50", ""),
        ("-5,00", "-5.00", ""),
        ("(1,000.00)", "-1000.00", ""),
        ("1.234.567", "1234567", ""),
        ("50000", "50000", ""),
        ("0.125", "0.125", ""),
        ("1\u202f234,00\u00a0€", "1234.00", "EUR"),
        ("12.000.000 VNĐ", "12000000", "VND"),
    ],
)
def test_money_in_the_notations_of_its_countries(written, amount, currency):
    assert money.parse(written) == (Decimal(amount), currency)


@pytest.mark.parametrize("cell", ["much", "1,2,3", "12 apples", "1.2.3,4", "9" * 40, "=1+1"])
def test_what_is_no_amount_is_an_error(cell):
    assert clean(value=cell).errors[0].field == "value"


@pytest.mark.parametrize(
    ("written", "order", "day"),
    [
        ("2024-03-04", "dmy", (2024, 3, 4)),
        ("03/04/2024", "dmy", (2024, 4, 3)),
        ("03/04/2024", "mdy", (2024, 3, 4)),
        ("25/04/2024", "mdy", (2024, 4, 25)),
        ("4.3.24", "dmy", (2024, 3, 4)),
        ("2010-10-14T12:00:00.000Z-0300", "dmy", (2010, 10, 14)),
        ("14 Oct 2010", "dmy", (2010, 10, 14)),
        ("October 14th, 2010", "dmy", (2010, 10, 14)),
        ("14. März 2024", "dmy", (2024, 3, 14)),
        ("14 martie 2024", "dmy", (2024, 3, 14)),
        ("14 tháng 10, 2010", "dmy", (2010, 10, 14)),
        ("45356", "dmy", (2024, 3, 5)),
        ("20240304", "dmy", (2024, 3, 4)),
        ("03/04/2024 14:05", "mdy", (2024, 3, 4)),
        ("1 août 2023", "dmy", (2023, 8, 1)),
    ],
)
def test_dates_as_people_write_them(written, order, day):
    assert dates.parse(written, order=order) == date(*day)


def test_a_moment_becomes_the_day_it_had_in_the_zone_asked_for():
    hanoi = timezone(timedelta(hours=7))
    assert value("created_on", "2024-03-04T23:30:00Z", zone=hanoi) == date(2024, 3, 5)
    assert value("created_on", "2024-03-04T23:30:00-0300", zone=UTC) == date(2024, 3, 5)
    assert value("created_on", "2024-03-04 23:30", zone=hanoi) == date(2024, 3, 4)


def test_ambiguous_dates_follow_the_country_and_the_evidence_goes_before_it():
    assert value("created_on", "03/04/2024", country="US") == date(2024, 3, 4)
    assert value("created_on", "03/04/2024", country="RO") == date(2024, 4, 3)
    mapping = [Mapping(0, "created_on", 1.0, said("t"), "mdy"), Mapping(1, "company", 1.0, said("t"))]
    assert clean_row(["03/04/2024", "X"], mapping, default_country="RO", today=TODAY).values["created_on"] == date(
        2024, 3, 4
    )


@pytest.mark.parametrize("cell", ["soon", "2024-02-30", "31/31/2024", "1234-01-01", "0001-01-01T00:00:00Z"])
def test_what_is_no_date_is_an_error(cell):
    assert clean(created_on=cell, zone=timezone(timedelta(hours=7))).errors[0].field == "created_on"


def test_a_day_in_the_future_is_a_warning():
    assert clean(created_on="2027-01-01").warnings[0].field == "created_on"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Vietnam", "VN"),
        ("Việt Nam", "VN"),
        ("ROMÂNIA", "RO"),
        ("Allemagne", "DE"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("ROU", "RO"),
        ("nl", "NL"),
        ("Țările de Jos", "NL"),
        ("Czech Republic", "CZ"),
        ("Frankreich", "FR"),
        ("Đức", "DE"),
    ],
)
def test_countries_by_name_or_code(name, code):
    assert countries.alpha2(name) == code


def test_an_unknown_country_is_an_error():
    mapping = [Mapping(0, "country", 1.0, said("t")), Mapping(1, "company", 1.0, said("t"))]
    assert clean_row(["Narnia", "X"], mapping, default_country="RO", today=TODAY).errors[0].field == "country"


def test_websites_are_http_or_nothing():
    assert value("website", "transalp.ro") == "https://transalp.ro"
    assert value("website", "http://transalp.ro/x") == "http://transalp.ro/x"
    for bad in (
        "javascript:alert(1)",
        "ftp://x.ro",
        "data:text/html,x",
        "just words",
        "http://",
        "http://[::1",
        'http://x.ro/"><script>',
    ):
        assert clean(website=bad).errors[0].field == "website"


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Ana Pop", "Ana", "Pop"),
        ("Pop, Ana Maria", "Ana Maria", "Pop"),
        ("Dr. Jan van der Berg", "Jan", "van der Berg"),
        ("Madonna", "Madonna", ""),
        ("John Doe Jr.", "John", "Doe Jr."),
        ("Herr Jörg Müller", "Jörg", "Müller"),
        ("Nguyễn Văn An", "Văn An", "Nguyễn"),
        ("John Doe, Jr.", "John", "Doe Jr."),
    ],
)
def test_whole_names_are_parted(full, first, last):
    assert names.split(full) == (first, last)


def test_names_are_completed_either_way():
    assert clean(full_name="Ana Pop").values["last_name"] == "Pop"
    assert clean(first_name="Ana", last_name="Pop").values["full_name"] == "Ana Pop"
    assert clean(first_name="Null").values["first_name"] == "Null"


def test_invisible_characters_and_needless_spaces_go_line_ends_stay_in_notes():
    row = clean(company="\u200bTrans\u0000alp \u00a0 SRL\ufeff", note="one\r\n two\x07  three")
    assert row.values["company"] == "Transalp SRL"
    assert row.values["note"] == "one\ntwo three"


def test_decomposed_letters_are_composed():
    assert value("city", "Ias\u0326i") == "Ia\u0219i"


def test_too_long_is_an_error_with_the_figures():
    [error] = clean(company="x" * 201).errors
    assert "201" in error.message
    assert "200" in error.message
    assert clean(note="x" * 10_001).errors
    assert not clean(note="x" * 10_000).errors


def test_a_row_that_names_nobody_is_an_error():
    row = clean(company="", city="Iași", email="-")
    assert row.errors[0].column is None
    assert row.errors[0].message.startswith("There is nothing to identify this lead by")


def test_consent_is_never_guessed():
    assert value("consent_marketing", "Da") is True
    assert value("consent_marketing", "không") is False
    row = clean(consent_marketing="perhaps")
    assert row.values["consent_marketing"] is False
    assert row.warnings


def test_tags_streets_and_notes_from_several_cells():
    row = clean(tags="vip; lead, vip", street="Str. Lungă 5\nEt. 2", street2="Sc. A", note="one", note2="two")
    assert row.values["tags"] == ["vip", "lead"]
    assert row.values["street"] == "Str. Lungă 5, Et. 2, Sc. A"
    assert row.values["note"] == "one\n\ntwo"


def test_currency_by_sign_code_or_beside_the_amount():
    assert value("currency", "lei") == "RON"
    assert value("currency", "eur") == "EUR"
    assert clean(value="100 €").values["currency"] == "EUR"
    assert clean(currency="bananas").errors[0].field == "currency"


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=len(FIELDS), max_size=len(FIELDS)))
def test_no_text_makes_cleaning_stumble(cells):
    mapping = [Mapping(i, field, 1.0, said("t")) for i, field in enumerate(FIELDS)]
    row = clean_row(cells, mapping, default_country="RO", today=TODAY, zone=UTC)
    for text in row.values.values():
        if isinstance(text, str):
            assert "\0" not in text
            text.encode()
