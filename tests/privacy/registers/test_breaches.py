"""Breaches: clocks, states, who is affected, who is told, and what the promises say about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from logicrm.core import checks, jobs_worker, mail, pii, promises, tenancy
from logicrm.core.errors import Refused
from logicrm.core.promises import State
from logicrm.extensions import db
from logicrm.privacy import clocks, contact, jobs_checks, profile
from logicrm.privacy.registers import breach_clock, breach_letters, breaches
from logicrm.privacy.registers.models_breach import DATA_KINDS, BreachNotice, BreachPerson, BreachState
from logicrm.privacy.subjects import make_known
from tests.conftest import Cast
from tests.privacy.policies import lone_firm
from tests.privacy.registers.acting import business, decided_breach, found_breach, runs

FOUND = datetime(2033, 3, 4, 16, 30, tzinfo=UTC)  # a Friday: the hours run through the weekend
KNEW = FOUND + timedelta(hours=5)
H = timedelta(hours=1)


# Clocks ---------------------------------------------------------------------------------------------


@pytest.mark.promise("P-NET-27")
@pytest.mark.parametrize(
    ("name", "found", "knew", "authority", "people", "by"),
    [
        ("logicnet", "2033-03-04T16:30", "2033-03-04T21:30", "2033-03-07T21:30", "", "GDPR Art. 33(1)"),
        ("logicrm", "2028-02-27T23:59", "2028-02-27T23:59", "2028-03-01T23:59", "", "GDPR Art. 33(1)"),  # a leap year
        ("logitrack", "2033-01-30T08:00", "2033-01-30T10:00", "2033-02-02T10:00", "2033-01-31T08:00", "Law 91/2025 Art. 23"),
    ],
)  # fmt: skip
def test_the_clocks_of_a_breach(name: str, found: str, knew: str, authority: str, people: str, by: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    due = breach_clock.of_breach(profile.load(name), detected_at=at(found), aware_at=at(knew))
    assert due.authority == breach_clock.Clock(at(authority), by)
    assert (due.people.due_at if due.people else None) == (at(people) if people else None)


@pytest.mark.parametrize("given", ["PT48H", "PT96H"])
def test_the_stricter_of_law_and_policy_rules(given: str) -> None:
    known = profile.load("logicnet").with_values({"breach.authority": given}) if given == "PT48H" else None
    if known is None:  # a policy that gives itself more time than the law has no say
        known = profile.load("logicnet")
        object.__setattr__(known.breach, "authority", clocks.Duration(hours=96))
        try:
            due = breach_clock.of_breach(known, detected_at=FOUND, aware_at=FOUND)
        finally:
            object.__setattr__(known.breach, "authority", clocks.Duration(hours=72))
        assert due.authority == breach_clock.Clock(FOUND + 72 * H, "GDPR Art. 33(1)")
    else:
        due = breach_clock.of_breach(known, detected_at=FOUND, aware_at=FOUND)
        assert due.authority == breach_clock.Clock(FOUND + 48 * H, "policy")


def test_a_law_counts_from_its_first_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new law is a new row with its first day; before it the old one rules."""
    old, *others = [one for one in clocks.LEGAL_CLOCKS if (one.regime, one.events) == ("gdpr", ("breach",))]
    assert not others
    until = datetime(2033, 6, 30, tzinfo=UTC).date()
    changed = (
        clocks.LegalClock("gdpr", ("breach",), old.within, None, old.valid_from, until, old.source),
        clocks.LegalClock("gdpr", ("breach",), clocks.Duration(hours=24), None, until + timedelta(days=1), None, "New"),
    )
    monkeypatch.setattr(clocks, "LEGAL_CLOCKS", changed)
    known = profile.load("logicnet")
    for day, hours in (("2033-06-30", 72), ("2033-07-01", 24)):
        at = datetime.fromisoformat(f"{day}T12:00+00:00")
        assert breach_clock.of_breach(known, detected_at=at, aware_at=at).authority.due_at == at + hours * H


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("hours", "words", "tone"),
    [(71.9, "71 hours left", "info"), (24, "24 hours left", "warn"), (1, "1 hour left", "warn"),
     (0.5, "Less than an hour left", "bad"), (-0.5, "Less than an hour late", "bad"), (-5, "5 hours late", "bad"),
     (-100, "4 days late", "bad")],
)  # fmt: skip
def test_what_is_left_in_words(app: Flask, hours: float, words: str, tone: str) -> None:
    with app.test_request_context():
        assert breach_clock.left_words(FOUND + hours * H, FOUND) == (words, tone)


def test_every_category_of_data_has_words_for_the_authority() -> None:
    assert tuple(DATA_KINDS) == pii.CATEGORIES


# States ---------------------------------------------------------------------------------------------


@pytest.mark.promise("P-NET-24")
@pytest.mark.promise("P-LOGI-27")
def test_a_breach_goes_through_its_states_and_only_through_them(cast: Cast, inside: Any) -> None:
    pia = cast.users["pia"]
    with inside():
        breach = found_breach(pia, FOUND, KNEW + H, aware_at=KNEW)
        own, now = breach.id, KNEW + 2 * H
        assert (breach.number, breach.state) == (1, BreachState.FOUND)
        assert breach.authority_due_at == KNEW + 72 * H
        said = {"reasons": "r", "consequences": "c", "measures": "m"}
        with pytest.raises(Refused, match="First somebody looks into it"):
            breaches.decide(own, risk="risk", by=pia, now=now, **said)
        with pytest.raises(Refused, match="before it was found"):
            breaches.triage(own, at=FOUND - H, measures="m", by=pia, now=now)
        with pytest.raises(Refused, match="what was done"):
            breaches.triage(own, at=now, measures=" ", by=pia, now=now)
        breaches.triage(own, at=now, measures="m", by=pia, now=now)
        with pytest.raises(Refused, match="done this already"):
            breaches.triage(own, at=now, measures="m", by=pia, now=now)
        for missing in said:
            with pytest.raises(Refused, match="the law asks for it"):
                breaches.decide(own, risk="none", by=pia, now=now, **{**said, missing: ""})
        breaches.decide(own, risk="none", by=pia, now=now, **said)
        breaches.close(own, by=pia, now=now)
        closed = breaches.get(own)
        assert closed is not None and closed.state == BreachState.CLOSED
        with pytest.raises(Refused, match="closed"):
            breaches.change(own, breaches.Facts("t", "h"), by=pia)
        breaches.reopen(own, by=pia)
        assert found_breach(pia, FOUND, KNEW).number == 2


@pytest.mark.parametrize(
    ("detected", "aware", "match"),
    [(KNEW + H, None, "still to come"), (FOUND, KNEW + H, "still to come"), (FOUND, FOUND - H, "Nobody knew before")],
)
def test_times_that_cannot_be_are_refused(cast: Cast, inside: Any, detected: datetime, aware: Any, match: str) -> None:
    with inside(), pytest.raises(Refused, match=match):
        found_breach(cast.users["pia"], detected, KNEW, aware_at=aware)


# Telling the authority ------------------------------------------------------------------------------


def tell(breach: Any, by: Any, sent_at: datetime, reason: str = "") -> BreachNotice:
    return breaches.tell_authority(
        breach.id, way="form", reference="17/2033", sent_at=sent_at, late_reason=reason, words="", by=by, now=sent_at
    )


@pytest.mark.promise("P-NET-27")
def test_late_without_a_reason_is_refused_and_late_with_one_stands_as_late(cast: Cast, inside: Any) -> None:
    pia = cast.users["pia"]
    with inside():
        breach = decided_breach(pia, FOUND, KNEW, risk="risk")
        due = breach.authority_due_at
        assert due is not None
        with pytest.raises(Refused, match="Say why") as refused:
            tell(breach, pia, due + timedelta(seconds=1))
        assert refused.value.field == "late_reason"
        with pytest.raises(Refused, match="The authority must be told first"):
            breaches.close(breach.id, by=pia, now=due)
        late = tell(breach, pia, due + H, "The provider answered on Monday.")
        assert (late.phase, late.is_late) == ("first", True)
        further = tell(breach, pia, due + 50 * H)
        assert (further.phase, further.is_late, further.due_at) == ("further", False, None)
        breaches.close(breach.id, by=pia, now=due + 51 * H)


def test_in_time_to_the_second(cast: Cast, inside: Any) -> None:
    with inside():
        breach = decided_breach(cast.users["pia"], FOUND, KNEW, risk="risk")
        assert breach.authority_due_at is not None
        assert not tell(breach, cast.users["pia"], breach.authority_due_at).is_late


def test_the_letter_says_what_the_article_asks_for(cast: Cast, inside: Any) -> None:
    with inside():
        breach = decided_breach(cast.users["pia"], FOUND, KNEW)
        policy = profile.load("logicrm")
        sections = dict(breach_letters._sections(policy, breach, "More to come.", "It was a holiday."))
        text = "\n".join(line for lines in sections.values() for line in lines)
        for wanted in ("A scanner was lost.", "phone numbers", "About 12 people", "About 30 records", "Spam.", "Locked.",
                       "It had no lock.", "It was a holiday.", "More to come.", policy.identity.dpo_email):  # fmt: skip
            assert wanted in text
        pdf = breach_letters.to_authority(
            business(), breach, phase="first", extra="", late_reason="", lang="en", now=KNEW
        )
        assert pdf.startswith(b"%PDF-") and len(pdf) > 5000


# Telling the people ---------------------------------------------------------------------------------


def listed(breach: Any, *emails: str) -> None:
    for email in emails:
        db.session.add(BreachPerson(breach_id=breach.id, email=email, found_in=["lead"], found_at=KNEW))
    db.session.flush()


def people_letters(app: Flask, place: Any) -> dict[str, list[str]]:
    with tenancy.working_in(app, place):
        found: dict[str, list[str]] = {}
        for one in mail.recent(500):
            if one.subject_kind == "breach_person":
                found.setdefault(one.to_address, []).append(str(one.state))
        return found


@pytest.mark.promise("P-NET-25")
@pytest.mark.promise("P-TRACK-23")
def test_everybody_gets_the_letter_once_whatever_they_chose(app: Flask, cast: Cast) -> None:
    pia, now = cast.users["pia"], datetime.now(UTC)
    everybody = [f"p{n}@customer.example" for n in range(breach_letters.BATCH + 7)]
    with tenancy.working_in(app, cast.alpha):
        objector = make_known(everybody[3], now=now, language="en")
        contact.object_to_marketing(objector.id, everybody[3], how="portal", now=now)
        breach = decided_breach(pia, now - 2 * H, now)
        with pytest.raises(Refused, match="who is affected"):
            breaches.tell_people(breach.id, words="Change your password.", late_reason="", by=pia, now=now)
        listed(breach, *everybody)
        breaches.tell_people(breach.id, words="Change your password.", late_reason="", by=pia, now=now)
        own = breach.id
        db.session.commit()
    jobs_worker.run_worker(app, until_idle=True)
    assert people_letters(app, cast.alpha) == {one: ["sent"] for one in everybody}
    with tenancy.working_in(app, cast.alpha):
        assert breaches.told_count(own) == breaches.people_count(own) == len(everybody)
        text = next(one.text for one in mail.recent(500) if one.to_address == everybody[3])
        for wanted in ("Change your password.", "Spam.", "Locked.", "how to reach you", "ANSPDCP"):
            assert wanted in text
        again = breaches.get(own)
        listed(again, "late@customer.example")
        breaches.tell_people(own, words="It was nobody after all.", late_reason="", by=pia, now=now)
        db.session.commit()
    jobs_worker.run_worker(app, until_idle=True)
    found = people_letters(app, cast.alpha)
    assert found.pop("late@customer.example") == ["sent"]
    assert found == {one: ["sent", "sent"] for one in everybody}, "a further notice goes once, too"
    with tenancy.working_in(app, cast.alpha):
        subjects = {one.to_address: one.subject for one in mail.recent(len(everybody) + 1)}
        assert "something went wrong" in subjects["late@customer.example"], "it is their first"
        assert "what we know now" in subjects[everybody[0]]


def test_a_letter_that_two_workers_write_is_written_once(app: Flask, cast: Cast) -> None:
    pia, now = cast.users["pia"], datetime.now(UTC)
    with tenancy.working_in(app, cast.alpha):
        breach = decided_breach(pia, now - H, now)
        listed(breach, "one@customer.example")
        notice = breaches.tell_people(breach.id, words="w", late_reason="", by=pia, now=now)
        assert breach_letters.send_some(business(), notice, breach, now=now) == 1
        assert breach_letters.send_some(business(), notice, breach, now=now) == 0
        db.session.commit()
    assert len(people_letters(app, cast.alpha)["one@customer.example"]) == 1


def test_nobody_is_written_to_in_an_exercise(app: Flask, cast: Cast, pia: FlaskClient) -> None:
    with tenancy.working_in(app, cast.alpha):
        breach = decided_breach(cast.users["pia"], FOUND, KNEW, exercise=True)
        own = breach.id
        with pytest.raises(Refused, match="exercise"):
            breaches.tell_people(own, words="w", late_reason="", by=cast.users["pia"], now=KNEW)
        assert breaches.missing_notices(breach, []) == ["authority"], "its letter is tried out, nobody is written to"
        db.session.commit()
    assert pia.post(f"/privacy/breaches/{own}/affected", data={"kinds": "staff"}).status_code == 303
    with tenancy.working_in(app, cast.alpha):
        assert breaches.people_count(own) == 0


def test_a_policy_with_a_time_for_the_people_wants_them_told_at_any_risk(cast: Cast, inside: Any) -> None:
    with inside():
        runs("logitrack", cast.alpha)
        breach = decided_breach(cast.users["pia"], FOUND, KNEW, risk="risk")
        assert breaches.missing_notices(breach, []) == ["authority", "people"]
        assert [name for name, _at in breaches.running(breach, [])] == ["people", "authority"]
        runs("logicnet", cast.alpha)
        other = decided_breach(cast.users["pia"], FOUND, KNEW, risk="risk")
        assert breaches.missing_notices(other, []) == ["authority"]


def test_closing_forgets_who_was_listed_and_never_written_to(cast: Cast, inside: Any) -> None:
    with inside():
        breach = decided_breach(cast.users["pia"], FOUND, KNEW, risk="none")
        listed(breach, "one@customer.example")
        breaches.close(breach.id, by=cast.users["pia"], now=KNEW)
        db.session.flush()
        assert breaches.people_count(breach.id) == 0


# Evidence -------------------------------------------------------------------------------------------


def night(app: Flask, at: datetime) -> None:
    with app.app_context():
        list(jobs_checks.check_everywhere(app, now=at))


def shown(name: str, at: datetime) -> State:
    promises.load_all()
    return promises.registry.look_at(name, at).state


NAMES = ("P-NET-24", "P-NET-25", "P-NET-27", "P-TRACK-23")


@pytest.mark.promise("P-NET-25")
@pytest.mark.promise("P-NET-27")
def test_without_a_breach_there_is_no_evidence(app: Flask, cast: Cast, inside: Any) -> None:
    """Nothing was put to the test, and a green tick would say that it was."""
    night(app, KNEW)
    with inside():
        assert {name: shown(name, KNEW) for name in NAMES} == dict.fromkeys(NAMES, State.NO_EVIDENCE)


@pytest.mark.promise("P-NET-24")
def test_an_exercise_shows_that_incidents_are_looked_into_and_nothing_else(app: Flask, cast: Cast, inside: Any) -> None:
    with inside():
        decided_breach(cast.users["pia"], FOUND, KNEW, exercise=True)
        db.session.commit()
    night(app, KNEW)
    with inside():
        found = {name: shown(name, KNEW) for name in NAMES}
    assert found == {**dict.fromkeys(NAMES, State.NO_EVIDENCE), "P-NET-24": State.KEPT}


@pytest.mark.promise("P-NET-24")
@pytest.mark.parametrize(("after", "expected"), [(24 * H, State.KEPT), (25 * H, State.BREACHED)])
def test_looked_into_within_a_day_or_not(
    app: Flask, cast: Cast, inside: Any, after: timedelta, expected: State
) -> None:
    with inside():
        found_breach(cast.users["pia"], FOUND, FOUND)
        db.session.commit()
    night(app, FOUND + after)
    with inside():
        assert shown("P-NET-24", FOUND + after) is expected


@pytest.mark.promise("P-NET-27")
@pytest.mark.parametrize(
    ("sent_after", "looked_after", "expected"),
    [(72 * H, 80 * H, State.KEPT), (73 * H, 80 * H, State.BREACHED), (None, 71 * H, State.KEPT), (None, 73 * H, State.BREACHED)],
)  # fmt: skip
def test_the_authority_was_told_in_time_or_not(
    app: Flask, cast: Cast, inside: Any, sent_after: timedelta | None, looked_after: timedelta, expected: State
) -> None:
    with inside():
        breach = decided_breach(cast.users["pia"], FOUND, FOUND, risk="risk")
        if sent_after:
            tell(breach, cast.users["pia"], FOUND + sent_after, "late" if sent_after > 72 * H else "")
        db.session.commit()
    night(app, FOUND + looked_after)
    with inside():
        assert shown("P-NET-27", FOUND + looked_after) is expected


@pytest.mark.promise("P-NET-27")
@pytest.mark.promise("P-TRACK-23")
def test_a_clock_that_gives_more_time_than_promised_is_noticed(
    app: Flask, cast: Cast, inside: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = breach_clock.of_breach

    def generous(policy: Any, *, detected_at: datetime, aware_at: datetime) -> Any:
        return right(policy, detected_at=detected_at + 30 * H, aware_at=aware_at + 30 * H)

    with inside():
        runs("logitrack", cast.alpha)
        monkeypatch.setattr(breach_clock, "of_breach", generous)
        found_breach(cast.users["pia"], FOUND, FOUND)
        db.session.commit()
    night(app, FOUND + H)
    with inside():
        assert shown("P-NET-27", FOUND + H) is State.BREACHED
        assert shown("P-TRACK-23", FOUND + H) is State.BREACHED


@pytest.mark.promise("P-TRACK-23")
@pytest.mark.parametrize(("hours", "expected"), [(23, State.KEPT), (25, State.BREACHED)])
def test_people_of_logitrack_hear_within_24_hours(app: Flask, hours: int, expected: State) -> None:
    place, owner = lone_firm(app, "fast", profile="logitrack", country="VN", zone="Asia/Ho_Chi_Minh")
    with tenancy.working_in(app, place):
        breach = decided_breach(owner, FOUND, FOUND, risk="risk")
        listed(breach, "one@customer.example")
        at = FOUND + hours * H
        notice = breaches.tell_people(breach.id, words="w", late_reason="late" if hours > 24 else "", by=owner, now=at)
        breach_letters.send_some(business(), notice, breach, now=at)
        db.session.commit()
    night(app, at + H)
    with tenancy.working_in(app, place):
        assert shown("P-TRACK-23", at + H) is expected


@pytest.mark.promise("P-NET-25")
def test_somebody_whose_letter_never_left_turns_the_promise_red(app: Flask, cast: Cast, inside: Any) -> None:
    with inside():
        breach = decided_breach(cast.users["pia"], FOUND, FOUND)
        listed(breach, "one@customer.example", "two@customer.example")
        notice = breaches.tell_people(breach.id, words="w", late_reason="", by=cast.users["pia"], now=FOUND)
        breach_letters.send_some(business(), notice, breach, now=FOUND, limit=1)
        db.session.commit()
    night(app, FOUND + H)
    with inside():
        assert shown("P-NET-25", FOUND + H) is State.KEPT, "the worker has some hours"
    night(app, FOUND + 7 * H)
    with inside():
        assert shown("P-NET-25", FOUND + 7 * H) is State.BREACHED


@pytest.mark.promise("P-NET-25")
def test_a_high_risk_that_nobody_is_told_of_turns_red(app: Flask, cast: Cast, inside: Any) -> None:
    with inside():
        decided_breach(cast.users["pia"], FOUND, FOUND)
        db.session.commit()
    for hours, expected in ((72, State.KEPT), (73, State.BREACHED)):
        night(app, FOUND + hours * H)
        with inside():
            assert shown("P-NET-25", FOUND + hours * H) is expected


def test_the_checks_are_of_the_nightly_run() -> None:
    assert {"breach.triage", "breach.authority", "breach.people", "disclosures"} <= set(checks.CHECKS)
