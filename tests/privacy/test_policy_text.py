"""What the pages say: every promise once, every figure from the profile, every cookie of the registry."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import jinja2
import pytest
from flask import Flask, render_template
from flask_babel import Babel

import logicrm
from logicrm.core import promises, words
from logicrm.core.promises import Evidence, State
from logicrm.privacy import chain, policy, profile
from logicrm.privacy import cookies_registry as registry
from logicrm.privacy.authorities import AUTHORITIES, authority_for
from logicrm.privacy.clocks import Duration

LOGICRM = profile.load("logicrm")
PACKAGE = Path(logicrm.__file__).parent


def written(values: dict[str, object] | None = None, lang: str = "en") -> policy.Document:
    return policy.policy_document(LOGICRM.with_values(values or {}), workspace_name="Alpha Freight", lang=lang)


def sentence(document: policy.Document, promise_id: str) -> str:
    [found] = [s.text for part in document.sections for s in part.paragraphs if s.promise_id == promise_id]
    return found


def part(document: policy.Document, name: str) -> policy.Section:
    return next(section for section in document.sections if section.id == name)


def texts(document: policy.Document) -> str:
    return " ".join(s.text for section in document.sections for s in section.paragraphs)


# The policy --------------------------------------------------------------------------------------


@pytest.mark.promise("policy.page")
def test_both_dates_stand_at_the_top_and_come_from_the_file() -> None:
    assert written().dates == ("Last updated: 15 January 2025", "Applies from: 15 January 2025")
    later = written({"last_updated": "2025-02-03", "effective": "2025-03-01"})
    assert later.dates == ("Last updated: 3 February 2025", "Applies from: 1 March 2025")
    assert (
        sentence(later, "P-LOGI-01") == "This policy was last changed on 3 February 2025 and applies from 1 March 2025."
    )


def test_every_promise_of_the_profile_stands_on_the_page_exactly_once() -> None:
    said = [s.promise_id for section in written().sections for s in section.paragraphs if s.promise_id]
    assert sorted(said) == [row.id for row in promises.registry.all("logicrm")]
    assert len(said) == 66


def test_anchors_are_those_of_the_promises_and_unique() -> None:
    document = written()
    anchors = [s.anchor for section in document.sections for s in section.paragraphs if s.promise_id]
    assert "p-logi-54" in anchors
    names = anchors + [section.id for section in document.sections]
    assert len(names) == len(set(names))


def test_no_figure_is_typed_into_a_sentence() -> None:
    for row in promises.registry.all():
        assert not re.search(r"\d", re.sub(r"%\(\w+\)s", "", str(row.says))), row.id


@pytest.mark.parametrize(
    ("promise_id", "field", "value", "says"),
    [
        ("P-LOGI-42", "requests.answer", "P14D", "within 14 days"),
        ("P-LOGI-66", "requests.inquiry", "P2M", "within 2 months"),
        ("P-LOGI-54", "retention.support.keep_for", "P2Y", "for 2 years after"),
        ("P-LOGI-52", "retention.usage.keep_for", "P1Y6M", "up to 1 year and 6 months"),
        ("P-LOGI-58", "minimum_age", 18, "under 18"),
        ("P-LOGI-19", "security.in_transit", "tls12", "(TLS 1.2)"),
        ("P-LOGI-28", "security.audits", "monthly", "every month"),
        ("P-LOGI-17", "disclosures", ["law"], "a law or a court orders it."),
    ],
)
def test_a_changed_figure_changes_the_sentence(promise_id: str, field: str, value: object, says: str) -> None:
    assert says not in sentence(written(), promise_id)
    assert says in sentence(written({field: value}), promise_id)


def test_the_retention_table_is_the_engine_s_figures() -> None:
    [table] = part(written(), "retention").tables
    triggers = [trigger for rule in LOGICRM.retention.values() for trigger in rule.triggers]
    assert len(table.rows) == len(triggers)
    assert ("30 days", "you unsubscribed") in [row[1:3] for row in table.rows]
    assert ("7 years", "the invoice was issued") in [row[1:3] for row in table.rows]
    assert all(cell for row in table.rows for cell in row)


def test_the_steps_of_a_deletion_are_told_with_their_days() -> None:
    said = " ".join(s.text for s in part(written(), "deletion").paragraphs)
    assert "30 days after you ask" in said
    assert "14, 7, and 1" in said
    at_once = written({"deletion.grace_days": 0, "deletion.reminders": []})
    assert "after you ask" not in texts(at_once)


@pytest.mark.promise("policy.page", "P-LOGI-46")
@pytest.mark.parametrize(
    ("country", "web", "elsewhere"),
    [("RO", "dataprotection.ro", False), ("US", "reportfraud.ftc.gov", True), ("VN", "bocongan.gov.vn", True),
     ("JP", "edpb.europa.eu", True)],
)  # fmt: skip
def test_the_authority_of_the_country_is_named(country: str, web: str, elsewhere: bool) -> None:
    recipients = [{**row, "mechanism": "scc"} for row in LOGICRM.data["recipient"]]
    document = written({"identity.country": country, "recipient": recipients})
    said = [s.text for s in part(document, "complaint").paragraphs]
    assert web in said[0]
    assert any("where you live" in text for text in said) is elsewhere
    assert "go to court" in sentence(document, "P-LOGI-46")


def test_every_authority_has_a_name_and_a_secure_address() -> None:
    for authority in AUTHORITIES.values():
        assert authority.name
        assert authority.web.startswith("https://")
    assert authority_for("XX").web.startswith("https://www.edpb.europa.eu/")


@pytest.mark.promise("policy.page")
def test_the_officer_is_reached_by_mail_and_by_post() -> None:
    said = sentence(
        written({"identity.dpo_email": "officer@alpha.ro", "identity.dpo_address": ["1 Quay", "Galați"]}), "P-LOGI-45"
    )
    assert "officer@alpha.ro" in said
    assert "1 Quay, Galați" in said


@pytest.mark.promise("policy.page")
def test_the_privacy_team_has_a_postal_address() -> None:
    assert "1 Quay, Galați" in sentence(written({"identity.address": ["1 Quay", "Galați"]}), "P-LOGI-65")


def test_a_profile_without_a_figure_for_a_request_says_the_law_s_month() -> None:
    show = policy.Show(LOGICRM.with_values({"requests.answer": None}), "en")
    assert "We answer within one month (GDPR Art. 12(3))." in policy._asking(show)
    with pytest.raises(LookupError, match=r"requests\.answer"):
        show.figure("requests.answer")


def test_sentences_are_short() -> None:
    lengths = [len(s.text.split()) for section in written().sections for s in section.paragraphs if not s.promise_id]
    lengths += [len(str(row.says).split()) for row in promises.registry.all()]
    assert max(lengths) <= 30
    assert sum(lengths) / len(lengths) <= 15


@pytest.mark.parametrize(
    ("lang", "figure"), [("en", "1 year and 6 months"), ("ro", "1 an și 6 luni"), ("vi", "1 năm và 6 tháng")]
)
def test_figures_are_written_in_the_reader_s_language(lang: str, figure: str) -> None:
    assert policy.Show(LOGICRM, lang).duration(Duration(years=1, months=6)) == figure
    assert written(lang=lang).lang == lang


def test_json_holds_the_whole_document() -> None:
    data = json.loads(json.dumps(policy.as_json(written())))
    assert data["last_updated"] == "2025-01-15"
    assert data["profile_hash"] == LOGICRM.hash
    assert len(data["sections"]) == len(written().sections)


# The cookie policy -------------------------------------------------------------------------------


def cookie_policy(cookies: tuple[registry.Cookie, ...] | None = None) -> policy.Document:
    listed = registry.registered() if cookies is None else cookies
    return policy.cookie_document(LOGICRM, listed, workspace_name="Alpha Freight", lang="en")


@pytest.mark.promise("policy.cookies")
def test_the_cookie_policy_lists_every_cookie_that_the_program_can_set() -> None:
    rows = [row for section in cookie_policy().sections for table in section.tables for row in table.rows]
    assert [row[0].split()[0] for row in rows] == [cookie.name for cookie in registry.registered()]
    assert all(all(row) for row in rows)


def test_each_category_of_the_policy_has_its_part_even_an_empty_one() -> None:
    document = cookie_policy(())
    assert [section.id for section in document.sections if section.id.startswith("kind-")] == [
        "kind-essential", "kind-analytics", "kind-marketing", "kind-preference",
    ]  # fmt: skip
    assert "We have none of this kind at present." in texts(document)


# The pages ---------------------------------------------------------------------------------------

FRAME = """<title>{% block title %}{% endblock %}</title><h1>{% block heading %}{% endblock %}</h1>
{% block actions %}{% endblock %}{% block content %}{% endblock %}"""
RUN = uuid.UUID(int=1)
STATES = {
    "P-LOGI-54": Evidence(State.KEPT, "0 rows overdue", 3, datetime(2026, 3, 2, tzinfo=UTC), RUN),
    "P-LOGI-55": Evidence(State.BREACHED, "2 rows overdue"),
}


@pytest.fixture
def pages() -> Iterator[None]:
    """The real templates in a bare frame."""
    app = Flask(__name__)
    app.jinja_loader = jinja2.ChoiceLoader([
        jinja2.DictLoader({"public.html": FRAME}),
        jinja2.FileSystemLoader(PACKAGE / "templates"),
        jinja2.FileSystemLoader(PACKAGE / "privacy" / "templates"),
    ])  # fmt: skip
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.globals["asset"] = lambda name: f"/static/{name}"
    app.jinja_env.globals["draw_icon"] = lambda name, label="": ""
    words.install(app)
    app.add_template_filter(lambda at: at.isoformat(), "datetime")
    Babel(app)
    with app.test_request_context():
        yield


def line(html: str, anchor: str) -> str:
    found = re.search(rf'<li id="{anchor}">.*?</li>', html, re.DOTALL)
    assert found is not None
    return found[0]


@pytest.mark.usefixtures("pages")
class TestPages:
    def test_each_sentence_shows_its_state_and_grey_where_nothing_is_known(self) -> None:
        html = render_template("privacy/policy.html", promises_url="/promises", **policy.page_values(written(), STATES))
        assert "Kept" in line(html, "p-logi-54")
        assert "Not kept" in line(html, "p-logi-55")
        assert "No evidence yet" in line(html, "p-logi-25")
        assert 'href="/promises#p-logi-54"' in html

    def test_without_states_none_is_shown(self) -> None:
        html = render_template("privacy/policy.html", **policy.page_values(written()))
        assert "No evidence yet" not in html
        assert "Last updated: 15 January 2025" in html

    def test_the_table_of_contents_leads_to_every_part(self) -> None:
        html = render_template("privacy/policy.html", **policy.page_values(written()))
        for section in written().sections:
            assert f'href="#{section.id}"' in html
            assert f'id="{section.id}"' in html

    def test_what_a_business_types_is_not_markup(self) -> None:
        document = written({"identity.controller": "<script>alert(1)</script>"})
        html = render_template("privacy/policy.html", **policy.page_values(document))
        assert "<script" not in html

    def test_the_body_for_paper_has_words_instead_of_pictures(self) -> None:
        html = policy.html_body(written(), STATES)
        assert '<em class="state">(Kept)</em>' in line(html, "p-logi-54")
        assert "<svg" not in html
        assert "style=" not in html

    def test_the_cookie_page(self) -> None:
        html = render_template("privacy/cookies.html", preferences_url="/choose", **policy.page_values(cookie_policy()))
        assert 'href="/choose"' in html
        assert "__Host-sid" in html

    def test_the_promises_page_shows_state_figure_and_time(self) -> None:
        rows = chain.page_rows(LOGICRM, STATES, "en")
        html = render_template("privacy/promises.html", rows=rows, counts={}, state_words=policy.STATES)
        found = re.search(r'<tr id="p-logi-54">.*?</tr>', html, re.DOTALL)
        assert found is not None
        for shown in ("Kept", "0 rows overdue", "2026-03-02T00:00:00+00:00"):
            assert shown in found[0]
        assert html.count("<tr id=") == 66
