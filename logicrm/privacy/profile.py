"""A policy profile: the one file that pages, retention, clocks, cookies and deletion read.

`load("logicrm")` returns it checked and unchangeable, or raises `ProfileError` with every mistake in the
file. The file is described in docs/policy-profile.md.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import MetaData

from logicrm.core.pii import declaration
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile_parts import (
    DeletionTerms,
    Identity,
    Purpose,
    RecipientTerms,
    Requests,
    RetentionRule,
    Security,
    Trigger,
)
from logicrm.privacy.profile_schema import Problem, ProfileError, Reader, Source, lines_of

FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True, eq=False)
class Profile:
    """A checked policy profile. Two are equal when their content is; `hash` names that content."""

    name: str
    title: str
    file: str
    hash: str
    data: Mapping[str, Any]  # what was read; for versions, differences and edited copies
    last_updated: date
    effective: date
    minimum_age: int
    regimes: tuple[str, ...]
    identity: Identity
    requests: Requests
    deletion: DeletionTerms
    retention: Mapping[str, RetentionRule]
    purposes: Mapping[str, Purpose]
    recipients: tuple[RecipientTerms, ...]
    mechanisms: tuple[str, ...]
    disclosures: tuple[str, ...]
    cookie_categories: tuple[str, ...]
    cookie_choice: Duration
    channels: tuple[str, ...]
    security: Security
    change_notice: tuple[str, ...]
    children: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Profile) and other.hash == self.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def consent_purposes(self) -> tuple[str, ...]:
        """Purposes that wait for a yes."""
        return tuple(name for name, purpose in self.purposes.items() if purpose.needs_consent)

    def with_values(self, values: Mapping[str, Any]) -> Profile:
        """Return a copy with other figures, checked again: `{"identity.controller": "X"}`; None takes a field out."""
        data = copy.deepcopy(dict(self.data))
        for path, value in values.items():
            *tables, last = path.split(".")
            place = data
            for table in tables:
                place = place[table]
            if value is None:
                place.pop(last, None)
            else:
                place[last] = value
        return from_data(data, file=f"{self.name}, edited")


def available() -> list[str]:
    """Names of the profiles that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@cache
def load(name: str) -> Profile:
    """Return a profile by name. Raises ProfileError when it cannot be used, LookupError when there is none."""
    if name not in available():
        raise LookupError(f"no policy profile {name!r}; there is {', '.join(available())}")
    return read(FOLDER / f"{name}.toml")


def read(path: Path) -> Profile:
    """Return the profile in a file. Raises ProfileError with every mistake, its line, and what to mend."""
    text = path.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        mend = "Strings stand in quotes, lists in [ ], each field on a line of its own."
        raise ProfileError([Problem(path.name, "(the file)", line, f"is no TOML: {error}.", mend)]) from error
    return from_data(data, file=path.name, lines=lines_of(text))


def from_data(data: dict[str, Any], *, file: str, lines: dict[tuple[str | int, ...], int] | None = None) -> Profile:
    """Return the profile that these tables describe (as TOML or JSON gives them). Raises ProfileError."""
    source = Source(file, lines or {})
    top = Reader(source, data)
    if top.whole("schema", 1, 1) != 1:
        source.stop()
    profile = Profile(
        name=top.text("name"),
        title=top.text("title"),
        file=file,
        hash=hashlib.sha256(canonical(data)).hexdigest(),
        data=MappingProxyType(data),
        last_updated=top.day("last_updated"),
        effective=top.day("effective"),
        minimum_age=top.whole("minimum_age", 13, 21),
        regimes=top.many_of("regimes", vocabulary.REGIMES),
        identity=_identity(top.table("identity")),
        requests=_requests(top.table("requests")),
        deletion=_deletion(top.table("deletion")),
        retention=_retention(top),
        purposes=_purposes(top),
        mechanisms=top.many_of("mechanisms", vocabulary.ANY_MECHANISM, empty=True),
        recipients=_recipients(top),
        disclosures=top.many_of("disclosures", vocabulary.DISCLOSURES),
        cookie_categories=(cookies := top.table("cookies")).many_of("categories", vocabulary.COOKIE_CATEGORIES),
        cookie_choice=cookies.duration("choice_lasts"),
        channels=top.many_of("channels", vocabulary.CHANNELS, empty=True),
        security=_security(top.table("security")),
        change_notice=top.many_of("change_notice", vocabulary.CHANGE_NOTICES),
        children=top.many_of("children", vocabulary.CHILDREN),
    )
    cookies.done()
    top.done()
    _void(top, "mechanisms", profile.mechanisms)
    if "essential" not in profile.cookie_categories:
        cookies.note("categories", "lacks 'essential'.", "Signing in needs a cookie; add 'essential'.")
    if profile.effective < profile.last_updated:
        top.note("effective", "is before last_updated.", "It cannot rule before it was written.")
    if source.problems:
        source.stop()
    return profile


def canonical(data: Mapping[str, Any]) -> bytes:
    """The content as JSON with sorted keys, so that order and comments of the file do not change the hash."""
    return json.dumps(
        dict(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=lambda day: day.isoformat()
    ).encode()


def _identity(at: Reader) -> Identity:
    identity = Identity(
        controller=at.text("controller"),
        country=at.text("country"),
        governing_law=at.text("governing_law"),
        address=at.many_of("address"),
        privacy_email=at.email("privacy_email"),
        dpo_email=at.email("dpo_email") if at.has("dpo_email") else "",
        dpo_address=at.many_of("dpo_address"),
    )
    at.text("dpo_email", empty=True)
    if identity.country and not re.fullmatch("[A-Z]{2}", identity.country):
        at.note("country", f"{identity.country!r} is no country code.", "Write two capitals (ISO 3166-1) such as RO.")
    at.done()
    return identity


def _requests(at: Reader) -> Requests:
    requests = Requests(
        answer=at.optional_duration("answer"),
        answer_working_days=at.whole("answer_working_days", 1, 60, default=0),
        inquiry=at.optional_duration("inquiry"),
        extension=at.duration("extension"),
    )
    if requests.answer is not None and requests.answer_working_days:
        at.note("answer_working_days", "stands beside answer.", "Keep one of the two.")
    if requests.extension.is_longer_than(Duration(months=2)):
        at.note("extension", "is longer than the law allows.", "Write P2M or less (GDPR Art. 12(3)).")
    at.done()
    return requests


def _deletion(at: Reader) -> DeletionTerms:
    deletion = DeletionTerms(
        grace_days=at.whole("grace_days", 0, 30),
        reminders=at.wholes("reminders"),
        accessible=at.many_of("accessible", vocabulary.GRACE_ACCESS),
        delete_now=at.flag("delete_now"),
        minors_wait=at.flag("minors_wait"),
    )
    if any(day >= max(deletion.grace_days, 1) for day in deletion.reminders):
        at.note("reminders", "has a day before the request itself.", "Each must be less than grace_days.")
    if "cancel" not in deletion.accessible:
        at.note("accessible", "lacks 'cancel'.", "A grace that cannot be cancelled is only a delay; add 'cancel'.")
    if deletion.minors_wait:
        at.note("minors_wait", "makes a child's data wait.", "Write false: it goes as soon as it is found.")
    at.done()
    return deletion


def _retention(top: Reader) -> Mapping[str, RetentionRule]:
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
            warn_days=at.whole("warn_days", 1, 90, default=0),
            also=tuple(_trigger(row) for row in at.rows("also", optional=True)),
        )
        _in_order(at, rule)
        at.done()
    return MappingProxyType(rules)


def _trigger(at: Reader) -> Trigger:
    trigger = Trigger(
        keep_for=at.duration("keep_for"),
        anchor=at.one_of("anchor", tuple(vocabulary.ANCHORS)),
        ground=at.one_of("ground", tuple(vocabulary.GROUNDS)),
    )
    at.done()
    return trigger


def _in_order(at: Reader, rule: RetentionRule) -> None:
    """minimum ≤ keep_for ≤ maximum, and no event twice."""
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


def _purposes(top: Reader) -> Mapping[str, Purpose]:
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


def _recipients(top: Reader) -> tuple[RecipientTerms, ...]:
    found = []
    home = str((top._data.get("identity") or {}).get("country", ""))
    for at in top.rows("recipient", optional=True):
        recipient = RecipientTerms(
            category=at.one_of("category", tuple(vocabulary.RECIPIENTS)),
            name=at.text("name", empty=True),
            country=at.text("country"),
            mechanism=at.one_of("mechanism", ("home", *vocabulary.ANY_MECHANISM)),
            contract=at.one_of("contract", tuple(vocabulary.CONTRACTS)),
        )
        _void(at, "mechanism", [recipient.mechanism])
        if recipient.mechanism == "home" and vocabulary.area(recipient.country) != vocabulary.area(home):
            at.note("mechanism", f"{recipient.country} is outside the home region.", "Name a safeguard, such as scc.")
        at.done()
        found.append(recipient)
    return tuple(found)


def _void(at: Reader, key: str, mechanisms: Iterable[str]) -> None:
    for mechanism in mechanisms:
        if mechanism in vocabulary.VOID_MECHANISMS:
            why = vocabulary.VOID_MECHANISMS[mechanism]
            at.note(key, f"{mechanism!r} protects nothing: {why}.", 'Use "scc" or "adequacy".')


def _security(at: Reader) -> Security:
    security = Security(
        in_transit=at.one_of("in_transit", tuple(vocabulary.IN_TRANSIT)),
        at_rest=at.one_of("at_rest", tuple(vocabulary.AT_REST)),
        measures=at.many_of("measures", tuple(vocabulary.MEASURES)),
        audits=at.one_of("audits", tuple(vocabulary.AUDITS)),
    )
    at.done()
    return security


# What the code needs of a profile ----------------------------------------------------------------


def columns_without_rule(profile: Profile, metadata: MetaData) -> list[str]:
    """Return 'table.column: …' for each personal column whose class or purpose the profile does not know."""
    missing = []
    for table in metadata.tables.values():
        for column in table.columns:
            mark = declaration(column)
            keep, purpose = getattr(mark, "keep", None), getattr(mark, "purpose", "")
            if keep is not None and keep not in profile.retention:
                missing.append(f"{table.name}.{column.name}: no [retention.{keep}] in {profile.file}")
            if purpose and purpose not in profile.purposes:
                missing.append(f"{table.name}.{column.name}: no [[purpose]] {purpose!r} in {profile.file}")
    return missing


def before_publishing(profile: Profile) -> list[Problem]:
    """What a profile that loads still lacks before strangers may rely on it: contacts that nobody reads."""
    who = profile.identity
    return [
        Problem(profile.file, f"identity.{name}", None, f"{value} is an example.", "Write one that somebody reads.")
        for name, value in (("privacy_email", who.privacy_email), ("dpo_email", who.dpo_email))
        if value.endswith((".example", "@example.com", ".invalid", ".test"))
    ]
