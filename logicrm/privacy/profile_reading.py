"""The tables of a policy profile, one reader each. What is wrong is noted in the `Reader`; nothing here raises.

Rules that look at one table stand here; those that hold two tables against each other are in `profile_rules.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile_parts import (
    Automation,
    BreachTerms,
    DeletionTerms,
    Hosting,
    Identity,
    Purpose,
    RecipientTerms,
    Requests,
    RetentionRule,
    Security,
    Termination,
    Trigger,
)
from logicrm.privacy.profile_schema import Reader

LONGEST_EXTENSION = Duration(months=2)  # GDPR Art. 12(3)
LONGEST_SILENCE = Duration(hours=72)  # GDPR Art. 33(1); Vietnam, Law 91/2025 Art. 23
LONGEST_WAIT_DAYS = 30  # longer would not be "without undue delay" (GDPR Art. 17(1))
LONGEST_WARNING_DAYS = 90
#: Events that happen while a service is used: no clock of theirs may run where data stays as long as that.
IN_USE = ("last_used", "recorded", "last_contact", "consent_given", "made")


def identity(at: Reader) -> Identity:
    """[identity]. A field that is left out is one that the policy does not state; an empty one is a mistake."""
    read = Identity(
        controller=at.text("controller"),
        country=_stated(at, "country"),
        governing_law=_stated(at, "governing_law"),
        court=_stated(at, "court"),
        address=at.many_of("address") if at.has("address") else (),
        privacy_email=_mailbox(at, "privacy_email"),
        dpo_email=_mailbox(at, "dpo_email"),
        dpo_address=at.many_of("dpo_address") if at.has("dpo_address") else (),
    )
    if read.country and not re.fullmatch("[A-Z]{2}", read.country):
        at.note("country", f"{read.country!r} is no country code.", "Write two capitals (ISO 3166-1) such as RO.")
    at.done()
    return read


def _stated(at: Reader, key: str) -> str:
    return at.text(key) if at.has(key) else at.text(key, empty=True)


def _mailbox(at: Reader, key: str) -> str:
    return at.email(key) if at.has(key) else at.text(key, empty=True)


def requests(at: Reader) -> Requests:
    """[requests]."""
    read = Requests(
        answer=at.optional_duration("answer"),
        answer_working_days=at.whole("answer_working_days", 1, 60, default=0),
        inquiry=at.optional_duration("inquiry"),
        extension=at.optional_duration("extension"),
    )
    if read.answer is not None and read.answer_working_days:
        at.note("answer_working_days", "stands beside answer.", "Keep one of the two.")
    if read.extension is not None and read.extension.is_longer_than(LONGEST_EXTENSION):
        at.note("extension", "is longer than the law allows.", f"Write {LONGEST_EXTENSION} or less (GDPR Art. 12(3)).")
    at.done()
    return read


def deletion(at: Reader) -> DeletionTerms:
    """[deletion]: of a person's data, when they ask."""
    read = DeletionTerms(
        grace_days=at.whole("grace_days", 0, LONGEST_WAIT_DAYS),
        reminders=at.wholes("reminders"),
        accessible=at.many_of("accessible", vocabulary.GRACE_ACCESS),
        delete_now=at.flag("delete_now"),
        minors_wait=at.flag("minors_wait"),
    )
    if any(day >= max(read.grace_days, 1) for day in read.reminders):
        at.note("reminders", "has a day before the request itself.", "Each must be less than grace_days.")
    if "cancel" not in read.accessible:
        at.note("accessible", "lacks 'cancel'.", "A grace that cannot be cancelled is only a delay; add 'cancel'.")
    if read.minors_wait:
        at.note("minors_wait", "makes a child's data wait.", "Write false: it goes as soon as it is found.")
    at.done()
    return read


def termination(at: Reader) -> Termination:
    """[termination]: of the business's own use of the service."""
    read = Termination(
        keep_days=at.whole("keep_days", 0, LONGEST_WAIT_DAYS),
        accessible=at.many_of("accessible", vocabulary.TERMINATION_ACCESS, empty=True),
    )
    if read.keep_days and "export" not in read.accessible:
        at.note("accessible", "lacks 'export'.", "Days in which nobody can take the data along help nobody.")
    at.done()
    return read


def breach(at: Reader) -> BreachTerms:
    """[breach]."""
    read = BreachTerms(authority=at.duration("authority"), people=at.optional_duration("people"))
    for key, within in (("authority", read.authority), ("people", read.people)):
        if within is not None and within.is_longer_than(LONGEST_SILENCE):
            at.note(key, f"{within} is longer than the law allows.", f"Write {LONGEST_SILENCE} or less.")
    at.done()
    return read


def hosting(at: Reader) -> Hosting:
    """[hosting]."""
    read = Hosting(regions=at.many_of("regions", vocabulary.REGIONS), pinned=at.flag("pinned"))
    if read.pinned and "protected" in read.regions:
        at.note("pinned", "promises that nothing leaves, but 'protected' is anywhere.", "Keep one of the two.")
    at.done()
    return read


def automation(at: Reader) -> Automation:
    """[automation]."""
    read = Automation(
        profiling=at.one_of("profiling", tuple(vocabulary.PROFILING)),
        decisions=at.one_of("decisions", tuple(vocabulary.DECISIONS)),
    )
    at.done()
    return read


def retention(top: Reader) -> Mapping[str, RetentionRule]:
    """[retention.CLASS], one for each class of data that the program holds."""
    rules = {}
    tables = top.tables("retention", tuple(vocabulary.DATA_CLASSES))
    for name in vocabulary.DATA_CLASSES:
        if name not in tables:
            top.source.note(
                ("retention", name), "has no rule, but the program holds such data.", f"Add [retention.{name}]."
            )
    for name, at in tables.items():
        rules[name] = rule = RetentionRule(
            name=name,
            keep_for=at.duration("keep_for"),
            anchor=at.one_of("anchor", tuple(vocabulary.ANCHORS)),
            action=at.one_of("action", tuple(vocabulary.ACTIONS)),
            ground=at.one_of("ground", tuple(vocabulary.GROUNDS)),
            criterion=at.one_of("criterion", tuple(vocabulary.CRITERIA)),
            minimum=at.optional_duration("minimum"),
            maximum=at.optional_duration("maximum"),
            warn_days=_warnings(at),
            while_used=at.has("while_used") and at.flag("while_used"),
            also=tuple(_trigger(row) for row in at.rows("also", optional=True)),
        )
        _in_order(at, rule)
        at.done()
    return MappingProxyType(rules)


def _warnings(at: Reader) -> tuple[int, ...]:
    """Days before the end; none where the field is left out."""
    days = at.wholes("warn_days") if at.has("warn_days") else ()
    if days and days[0] > LONGEST_WARNING_DAYS:
        at.note("warn_days", f"warns {days[0]} days before.", f"Write {LONGEST_WARNING_DAYS} or less.")
    return days


def _trigger(at: Reader) -> Trigger:
    read = Trigger(
        keep_for=at.duration("keep_for"),
        anchor=at.one_of("anchor", tuple(vocabulary.ANCHORS)),
        ground=at.one_of("ground", tuple(vocabulary.GROUNDS)),
    )
    at.done()
    return read


def _in_order(at: Reader, rule: RetentionRule) -> None:
    """minimum ≤ keep_for ≤ maximum, no event twice, and no clock that runs while data stays in any case."""
    low, high = rule.minimum, rule.maximum
    if low and high and low.is_longer_than(high):
        at.note("minimum", f"{low} is more than the maximum, {high}.", "Lower it, or raise the maximum.")
    elif low and low.is_longer_than(rule.keep_for):
        at.note("keep_for", f"{rule.keep_for} is less than the minimum, {low}.", f"Write {low} or more.")
    elif high and rule.keep_for.is_longer_than(high):
        at.note("keep_for", f"{rule.keep_for} is more than the maximum, {high}.", f"Write {high} or less.")
    counted = {rule.anchor}
    for number, trigger in enumerate(rule.also):
        place = (*at.path, "also", number)
        if low and low.is_longer_than(trigger.keep_for):
            at.source.note(place, f"{trigger.keep_for} is less than the minimum, {low}.", f"Write {low} or more.")
        if trigger.anchor in counted:
            at.source.note(place, f"{trigger.anchor} is counted twice.", "Keep the shorter period.")
        counted.add(trigger.anchor)
    early = [trigger.anchor for trigger in rule.triggers if trigger.anchor in IN_USE]
    if rule.while_used and early:
        at.note(
            "while_used", f"promises that nothing goes while the service is used, but {early[0]} counts then.",
            "Take out the one or the other.",
        )  # fmt: skip


def purposes(top: Reader) -> Mapping[str, Purpose]:
    """[[purpose]]."""
    rows = [
        (
            at,
            Purpose(
                name=at.one_of("name", tuple(vocabulary.PURPOSES)),
                basis=at.one_of("basis", tuple(vocabulary.BASES)),
                data=at.many_of("data", tuple(vocabulary.DATA_CATEGORIES)),
            ),
        )
        for at in top.rows("purpose")
    ]
    top.unique(((at, purpose.name) for at, purpose in rows), "name")
    for at, purpose in rows:
        if purpose.name in vocabulary.CONSENT_ONLY and purpose.basis not in ("consent", ""):
            at.note("basis", f"{purpose.name} cannot rest on {purpose.basis}.", 'Write "consent".')
        at.done()
    for needed in vocabulary.ALWAYS_USED:
        if needed not in {purpose.name for _at, purpose in rows}:
            top.source.note(("purpose",), f"{needed} is missing, but the program needs it.", "Add a [[purpose]].")
    return MappingProxyType({purpose.name: purpose for _at, purpose in rows})


def recipients(top: Reader) -> tuple[RecipientTerms, ...]:
    """[[recipient]]. Without a country it is one at home."""
    found = []
    for at in top.rows("recipient", optional=True):
        recipient = RecipientTerms(
            category=at.one_of("category", tuple(vocabulary.RECIPIENTS)),
            name=at.text("name", empty=True),
            country=_stated(at, "country"),
            mechanism=at.one_of("mechanism", ("home", *vocabulary.ANY_MECHANISM)),
            contract=at.one_of("contract", tuple(vocabulary.CONTRACTS)),
        )
        if not recipient.country and recipient.mechanism not in ("home", ""):
            at.note("country", "is missing.", 'Name the country, or write mechanism = "home".')
        void(at, "mechanism", [recipient.mechanism])
        at.done()
        found.append(recipient)
    return tuple(found)


def void(at: Reader, key: str, mechanisms: Iterable[str]) -> None:
    """Note a mechanism that a court has struck down."""
    for mechanism in mechanisms:
        if mechanism in vocabulary.VOID_MECHANISMS:
            why = vocabulary.VOID_MECHANISMS[mechanism]
            at.note(key, f"{mechanism!r} protects nothing: {why}.", 'Use "scc" or "adequacy".')


def security(at: Reader) -> Security:
    """[security]."""
    read = Security(
        in_transit=at.one_of("in_transit", tuple(vocabulary.IN_TRANSIT)),
        at_rest=at.one_of("at_rest", tuple(vocabulary.AT_REST)),
        measures=at.many_of("measures", tuple(vocabulary.MEASURES)),
        audits=at.one_of("audits", tuple(vocabulary.AUDITS)),
    )
    at.done()
    return read
