"""Five policies run. The figures below were typed from the policies' own words, not read from the files."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from logicrm.core import promises
from logicrm.core.schema import new_id
from logicrm.extensions import db
from logicrm.privacy import clocks, contact, cookies_registry, policy, profile, retention
from logicrm.privacy.clocks import Duration
from logicrm.privacy.consent_models import Consent
from logicrm.privacy.subjects import make_known

FIVE = ("logicrm", "logicnet", "crmsoftware", "logitrack", "loro")

#: profile -> what its policy says. None = it is silent; then the program's own figure is not tested here.
SAID: dict[str, dict[str, Any]] = {
    "logicrm": {
        "title": "LogiCRM", "country": "US", "regimes": ("gdpr",), "last_updated": date(2025, 1, 15),
        "effective": date(2025, 1, 15), "answer": "P30D", "working_days": 0, "inquiry": "P30D", "minimum_age": 16,
        "channels": ("email",), "in_transit": "TLS 1.3", "at_rest": "AES-256", "audits": "regularly",
        "cookies": {"essential", "analytics", "marketing", "preference"},
        "change_notice": {"page", "date", "email_if_material", "prominent"},
        "mechanisms": {"adequacy", "scc", "certification", "measures"}, "recipients": 5, "disclosures": 4,
    },
    "logicnet": {
        "title": "Logicnet CRM", "country": "RO", "regimes": ("gdpr",), "last_updated": None, "effective": None,
        "answer": None, "working_days": 0, "inquiry": None, "minimum_age": 16, "channels": ("email",),
        "in_transit": None, "at_rest": None, "audits": "regularly",
        "cookies": {"preference", "analytics", "personalisation"},
        "change_notice": {"page", "email_if_material", "prominent"}, "mechanisms": set(), "recipients": 3,
        "disclosures": 2,
    },
    "crmsoftware": {
        "title": "CRMSoftware.ai", "country": "US", "regimes": ("gdpr",), "last_updated": date(2025, 1, 1),
        "effective": None, "answer": None, "working_days": 0, "inquiry": None, "minimum_age": 16,
        "channels": ("email", "sms", "newsletter", "survey"), "in_transit": None, "at_rest": "AES-256",
        "audits": "every month", "cookies": {"essential", "preference", "analytics", "marketing"},
        "change_notice": {"email_if_material", "earlier_versions"}, "mechanisms": {"scc"}, "recipients": 4,
        "disclosures": 2,
    },
    "logitrack": {
        "title": "Logitrack", "country": "VN", "regimes": ("vn",), "last_updated": None, "effective": None,
        "answer": None, "working_days": 7, "inquiry": None, "minimum_age": 16, "channels": ("in_app", "newsletter"),
        "in_transit": "HTTPS", "at_rest": None, "audits": None, "cookies": {"essential", "analytics", "marketing"},
        "change_notice": {"page"}, "mechanisms": None, "recipients": 3, "disclosures": 1,
    },
    "loro": {
        "title": "LORO CRM", "country": "", "regimes": None, "last_updated": date(2025, 11, 28), "effective": None,
        "answer": None, "working_days": 0, "inquiry": None, "minimum_age": None, "channels": ("email",),
        "in_transit": None, "at_rest": "AES-256", "audits": "regularly", "cookies": {"analytics"},
        "change_notice": {"page", "date"}, "mechanisms": None, "recipients": 2, "disclosures": 4,
    },
}  # fmt: skip

#: (profile, class, event, how long) that a policy states.
KEPT = [
    ("logicrm", "account", "account_ended", "P3Y"),
    ("logicrm", "usage", "recorded", "P2Y"),
    ("logicrm", "marketing", "consent_given", "P7Y"),
    ("logicrm", "support", "case_closed", "P3Y"),
    ("logicrm", "financial", "issued", "P7Y"),
    ("crmsoftware", "account", "last_used", "P3Y"),
    ("crmsoftware", "account", "deletion_requested", "P30D"),
    ("crmsoftware", "financial", "issued", "P7Y"),
    ("crmsoftware", "marketing", "opted_out", "P30D"),
    ("crmsoftware", "support", "case_closed", "P2Y"),
    ("logitrack", "account", "account_ended", "P30D"),
    ("logitrack", "account", "deletion_requested", "P30D"),
    ("loro", "account", "account_ended", "P30D"),
]


@pytest.mark.parametrize("name", FIVE)
def test_the_figures_are_those_of_the_policy(name: str) -> None:
    known, said = profile.load(name), SAID[name]
    show = policy.Show(known, "en")
    assert known.title == said["title"]
    assert known.identity.country == said["country"]
    assert (known.last_updated, known.effective) == (said["last_updated"], said["effective"])
    assert known.requests.answer_working_days == said["working_days"]
    for field in ("answer", "inquiry"):
        stated = getattr(known.requests, field)
        assert (str(stated) if stated else None) == said[field]
    assert known.channels == said["channels"]
    assert known.minimum_age == (said["minimum_age"] or 16)
    for field in ("in_transit", "at_rest", "audits"):
        if said[field] is not None:
            assert show.figure(f"security.{field}") == said[field]
    assert said["cookies"] <= set(known.cookie_categories)
    assert said["change_notice"] <= set(known.change_notice)
    if said["mechanisms"] is not None:
        assert said["mechanisms"] <= set(known.mechanisms)
        assert bool(said["mechanisms"]) == bool(known.mechanisms)
    assert "privacy_shield" not in known.mechanisms
    if said["regimes"] is not None:
        assert known.regimes == said["regimes"]
    assert len(known.recipients) == said["recipients"]
    assert len(known.disclosures) == said["disclosures"]


@pytest.mark.parametrize(("name", "data_class", "event", "how_long"), KEPT)
def test_how_long_each_policy_keeps(name: str, data_class: str, event: str, how_long: str) -> None:
    assert str(profile.load(name).retention[data_class].counted_from(event)) == how_long


@pytest.mark.parametrize("name", FIVE)
def test_after_thirty_days_a_deletion_and_the_end_of_a_contract_are_final(name: str) -> None:
    known = profile.load(name)
    assert known.deletion.grace == known.termination.wait == Duration(days=30)
    assert known.deletion.minors_wait is False
    assert known.deletion.delete_now is True


def test_what_sets_each_policy_apart() -> None:
    assert profile.load("logicnet").hosting.regions == ("EEA",)
    assert profile.load("logicnet").hosting.pinned is True
    assert profile.load("logicnet").automation.profiling == "none"
    assert profile.load("crmsoftware").hosting.regions == ("EEA", "US")
    assert profile.load("crmsoftware").retention["account"].warn_days == (30, 7)
    assert "VN" in profile.load("logitrack").hosting.regions
    assert profile.load("logitrack").identity.court == "People's Court in Ho Chi Minh City"
    assert profile.load("logitrack").retention["account"].while_used is True
    assert profile.load("logitrack").requests.extension is None
    assert profile.load("logitrack").breach.people == Duration(hours=24)
    assert profile.load("loro").location_uses == ("tracking", "routes")
    assert profile.load("loro").termination.accessible == ("export", "reactivate")
    for name in FIVE:
        assert profile.load(name).breach.authority == Duration(hours=72)
        assert profile.load(name).purposes["location"].basis == "consent"


@pytest.mark.promise("policy.contact")
@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("logicrm", ["identity.privacy_email", "identity.dpo_email"]),
        ("logicnet", ["identity.address", "identity.privacy_email"]),
        ("crmsoftware", ["identity.privacy_email"]),
        ("logitrack", ["identity.address", "identity.privacy_email"]),
        ("loro", ["identity.country", "identity.governing_law", "identity.address", "identity.privacy_email"]),
    ],
)
def test_what_a_business_must_add_before_it_publishes(name: str, lacks: list[str]) -> None:
    known = profile.load(name)
    found = profile.before_publishing(known)
    assert [problem.path for problem in found] == lacks
    assert all(problem.line for problem in found), "each names its line"
    assert all(problem.mend for problem in found)
    stated = {
        "identity.country": known.identity.country or "RO",
        "identity.governing_law": known.identity.governing_law or "Romania; the GDPR",
        "identity.address": ["1 Quay", "Galați"],
        "identity.privacy_email": "privacy@alpha.ro",
        "identity.dpo_email": "dpo@alpha.ro",
    }
    assert profile.before_publishing(known.with_values(stated)) == []


@pytest.mark.promise("census", "purposes")
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("name", FIVE)
def test_every_personal_column_is_covered_by_each_policy(name: str) -> None:
    assert profile.columns_without_rule(profile.load(name), db.metadata) == []


@pytest.mark.promise("cookies.registry")
@pytest.mark.parametrize("name", FIVE)
def test_no_cookie_is_of_a_kind_that_the_policy_lacks(name: str) -> None:
    assert cookies_registry.outside_policy(profile.load(name)) == []


# Clocks ------------------------------------------------------------------------------------------


@pytest.mark.promise("P-TRACK-29", "clock.requests")
@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 2, 9), date(2026, 2, 25)),  # Tết lies between: seven days are worked in two weeks and a bit
        (date(2026, 3, 2), date(2026, 3, 11)),
        (date(2026, 3, 6), date(2026, 3, 17)),  # a Friday; two weekends do not count
    ],
)
def test_logitrack_deals_with_every_request_in_seven_working_days(received: date, due: date) -> None:
    logitrack = profile.load("logitrack")
    for kind in clocks.REQUEST_KINDS:
        asked = clocks.due(logitrack, received, "VN", kind=kind)
        assert asked.policy_on == due, kind
        assert asked.on <= due
        stretched = clocks.due(logitrack, received, "VN", kind=kind, extended=True)
        assert stretched.policy_on == due, "every request: no extension"


@pytest.mark.promise("clock.requests")
@pytest.mark.parametrize("name", ["logicnet", "crmsoftware", "loro"])
def test_where_a_policy_is_silent_the_law_s_month_counts(name: str) -> None:
    due = clocks.due(profile.load(name), date(2025, 1, 31), "RO")
    assert (due.policy_on, due.on, due.ruled_by) == (None, date(2025, 2, 28), "law")


@pytest.mark.promise("rights.everywhere")
@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize("country", ["RO", "US", "VN", "BR", "XX"])
def test_every_right_can_be_used_from_everywhere(name: str, country: str) -> None:
    for kind in clocks.REQUEST_KINDS:
        due = clocks.due(profile.load(name), date(2026, 3, 2), country, kind=kind)
        assert date(2026, 3, 2) < due.on <= date(2026, 4, 3), kind


# Consent and keeping -----------------------------------------------------------------------------


@pytest.mark.promise("gate.marketing", "consent.opt_in", "P-SOFT-21")
@pytest.mark.parametrize("name", FIVE)
def test_each_way_of_advertising_is_asked_for_by_itself(in_workspace: None, now: datetime, name: str) -> None:
    known = profile.load(name)
    person = make_known("carla@example.com", now=now)
    assert contact.current(person.id, now) == []
    first, *others = known.channels
    given = {"business": "Alpha", "language": "en", "how": "portal", "proof": {}, "now": now}
    contact.give(person.id, "marketing", first, profile=known, **given)
    assert contact.may_contact("carla@example.com", "marketing", first, now=now)[0]
    for other in {"email", "sms", "newsletter", "survey", "in_app", *others} - {first}:
        assert not contact.may_contact("carla@example.com", "marketing", other, now=now)[0], other


@pytest.mark.promise("retention.marketing")
@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize("days, left", [(-1, 0), (0, 0), (1, 1)])
def test_a_yes_to_advertising_ends_after_seven_years_in_every_policy(
    in_workspace: None, name: str, days: int, left: int
) -> None:
    """Also under crmsoftware, whose main figure for marketing (30 days) counts from the opt-out, not from the yes."""
    now = datetime(2033, 3, 1, 12, tzinfo=UTC)
    person = make_known("carla@example.com", now=now)
    db.session.add(
        Consent(
            id=new_id(), subject_id=person.id, purpose="marketing", channel="email", how="portal", wording="w",
            wording_hash="h", given_at=datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=days),
        )
    )  # fmt: skip
    db.session.flush()
    retention.run(profile.load(name), now=now, tenant=True)
    assert len(db.session.scalars(select(Consent)).all()) == left


@pytest.mark.promise("retention.while_used")
def test_under_logitrack_no_time_ends_what_is_in_use(app: Any) -> None:
    logitrack = profile.load("logitrack")
    rules = retention.rules(tenant=True) + retention.rules(tenant=False)
    due = [rule for rule in rules if rule.is_promised and rule.keep.data_class == "account"]
    assert {rule.keep.event: rule.period(logitrack) for rule in due} == {
        "account_ended": Duration(days=30), "last_used": None,
    }  # fmt: skip
    assert {trigger.anchor for trigger in logitrack.retention["account"].triggers} == {
        "account_ended", "deletion_requested",
    }  # fmt: skip
    with pytest.raises(profile.ProfileError, match="nothing goes while the service is used, but last_used counts"):
        logitrack.with_values({"retention.account.anchor": "last_used"})


# The page ----------------------------------------------------------------------------------------


def written(name: str, lang: str = "en", **values: Any) -> policy.Document:
    return policy.policy_document(profile.load(name).with_values(values), workspace_name="Alpha Freight", lang=lang)


@pytest.mark.promise("policy.page")
@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize("lang", ["en", "ro", "vi"])
def test_every_promise_of_each_policy_stands_in_its_text_once(name: str, lang: str) -> None:
    document = written(name, lang)
    said = [s for section in document.sections for s in section.paragraphs if s.promise_id]
    assert sorted(s.promise_id for s in said) == [row.id for row in promises.registry.all(name)]
    anchors = [s.anchor for s in said] + [section.id for section in document.sections]
    assert len(anchors) == len(set(anchors))
    assert not [s.text for s in said if "%(" in s.text or not s.text.strip()]


@pytest.mark.promise("policy.page")
@pytest.mark.parametrize("name", FIVE)
def test_a_stranger_reads_the_policy_of_a_business_that_runs_it(app: Any, cast: Any, stranger: Any, name: str) -> None:
    with app.app_context():
        workspace = db.metadata.tables["workspace"]
        db.session.execute(workspace.update().where(workspace.c.id == cast.alpha).values(profile=name, country=""))
        db.session.commit()
    for page in ("", "/cookies", "/promises"):
        answer = stranger.get(f"/w/alpha/privacy{page}")
        assert answer.status_code == 200, page
    html = stranger.get("/w/alpha/privacy").get_data(as_text=True)
    assert "Alpha Freight" in html
    assert [row.id for row in promises.registry.all(name) if f'id="{row.anchor}"' not in html] == []
    assert html.count("No evidence yet") >= len(promises.registry.all(name)), "nothing is green before anything ran"


@pytest.mark.parametrize("name", FIVE)
def test_nothing_on_a_page_is_empty_or_speaks_of_another_policy(name: str) -> None:
    document = written(name)
    text = " ".join(s.text for section in document.sections for s in section.paragraphs)
    assert not re.search(r"[:(] ?[.)]|  |\bNone\b|\(\)", text), text
    others = {profile.load(other).title for other in FIVE} - {profile.load(name).title}
    assert not [title for title in others if title in text]
    assert all(cell for section in document.sections for table in section.tables for row in table.rows for cell in row)
    assert len(document.sections) >= 13


@pytest.mark.parametrize(
    ("name", "promise_id", "says"),
    [
        ("logicrm", "P-LOGI-54", "3 years after the case is closed"),
        ("crmsoftware", "P-SOFT-54", "2 years after the case is closed"),
        ("crmsoftware", "P-SOFT-36", "every month"),
        ("crmsoftware", "P-SOFT-28", "encrypted with AES-256, data on its way with TLS 1.2"),
        ("crmsoftware", "P-SOFT-53", "within 30 days of your unsubscribing"),
        ("crmsoftware", "P-SOFT-21", "e-mail, text message, newsletter, and survey"),
        ("logicnet", "P-NET-39", "lies in the European Economic Area"),
        ("logicnet", "P-NET-27", "within 72 hours"),
        ("logitrack", "P-TRACK-29", "within 7 working days"),
        ("logitrack", "P-TRACK-40", "The law of Vietnam rules, and this court decides: People's Court in Ho Chi Minh"),
        ("logitrack", "P-TRACK-23", "within 24 hours"),
        ("loro", "P-LORO-01", "28 November 2025"),
        ("loro", "P-LORO-28", "(not stated yet)"),
        ("loro", "P-LORO-23", "for 30 days"),
    ],
)
def test_the_sentence_carries_the_policy_s_own_figure(name: str, promise_id: str, says: str) -> None:
    document = written(name)
    [text] = [s.text for part in document.sections for s in part.paragraphs if s.promise_id == promise_id]
    assert says in text


def test_articles_of_the_gdpr_stand_where_the_gdpr_rules() -> None:
    def grounds(name: str) -> str:
        return " ".join(
            cell for part in written(name).sections for table in part.tables for row in table.rows for cell in row
        )

    assert "GDPR Art. 6(1)(b)" in grounds("logicnet")
    assert "GDPR Art. 6" not in grounds("logitrack")


def test_a_policy_whose_figure_was_taken_out_says_so_in_words() -> None:
    """A business may edit its figures: no promise may break the page for want of one."""
    document = policy.policy_document(
        profile.load("logicrm").with_values({"requests.answer": None, "requests.inquiry": None, "mechanisms": []}),
        workspace_name="Alpha", lang="en",
    )  # fmt: skip
    text = " ".join(s.text for section in document.sections for s in section.paragraphs)
    assert "within the time that the law sets" in text
    edited = profile.load("logitrack").with_values({"requests.answer_working_days": None, "requests.answer": "P5D"})
    said = policy.policy_document(edited, workspace_name="Alpha", lang="en").sections
    assert any("dealt with within 5 days" in s.text for section in said for s in section.paragraphs)
