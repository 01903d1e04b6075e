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
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import MetaData

from logicrm.core.pii import Personal, declaration
from logicrm.privacy import profile_reading as reading
from logicrm.privacy import profile_rules, vocabulary
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
)
from logicrm.privacy.profile_schema import Path as FieldPath
from logicrm.privacy.profile_schema import Problem, ProfileError, Reader, Source, dotted, lines_of

FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True, eq=False)
class Profile:
    """A checked policy profile. Two are equal when their content is; `hash` names that content."""

    name: str
    title: str
    file: str
    hash: str
    data: Mapping[str, Any]  # what was read; for versions, differences and edited copies
    lines: Mapping[FieldPath, int]  # where each field stands; empty when it comes from no file
    last_updated: date | None  # None: not stated; publishing sets it
    effective: date | None
    minimum_age: int
    regimes: tuple[str, ...]
    identity: Identity
    requests: Requests
    deletion: DeletionTerms
    termination: Termination
    breach: BreachTerms
    hosting: Hosting
    automation: Automation
    retention: Mapping[str, RetentionRule]
    purposes: Mapping[str, Purpose]
    location_uses: tuple[str, ...]
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
        lines=MappingProxyType(source.lines),
        last_updated=top.optional_day("last_updated"),
        effective=top.optional_day("effective"),
        minimum_age=top.whole("minimum_age", 13, 21),
        regimes=top.many_of("regimes", vocabulary.REGIMES),
        identity=reading.identity(top.table("identity")),
        requests=reading.requests(top.table("requests")),
        deletion=reading.deletion(top.table("deletion")),
        termination=reading.termination(top.table("termination")),
        breach=reading.breach(top.table("breach")),
        hosting=reading.hosting(top.table("hosting")),
        automation=reading.automation(top.table("automation")),
        retention=reading.retention(top),
        purposes=reading.purposes(top),
        location_uses=top.many_of("location_uses", vocabulary.LOCATION_USES, empty=True),
        mechanisms=top.many_of("mechanisms", vocabulary.ANY_MECHANISM, empty=True),
        recipients=reading.recipients(top),
        disclosures=top.many_of("disclosures", vocabulary.DISCLOSURES),
        cookie_categories=(cookies := top.table("cookies")).many_of("categories", vocabulary.COOKIE_CATEGORIES),
        cookie_choice=cookies.duration("choice_lasts"),
        channels=top.many_of("channels", vocabulary.CHANNELS, empty=True),
        security=reading.security(top.table("security")),
        change_notice=top.many_of("change_notice", vocabulary.CHANGE_NOTICES),
        children=top.many_of("children", vocabulary.CHILDREN),
    )
    cookies.done()
    top.done()
    reading.void(top, "mechanisms", profile.mechanisms)
    profile_rules.check(top, profile)
    if source.problems:
        source.stop()
    return profile


def canonical(data: Mapping[str, Any]) -> bytes:
    """The content as JSON with sorted keys, so that order and comments of the file do not change the hash."""
    return json.dumps(
        dict(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=lambda day: day.isoformat()
    ).encode()


# What the code needs of a profile ----------------------------------------------------------------


def columns_without_rule(profile: Profile, metadata: MetaData) -> list[str]:
    """Return 'table.column: …' for each personal column that the profile does not cover: its class has no figure,
    its purpose is not there, or the purpose does not say that it uses such data."""
    missing = []
    for table in metadata.tables.values():
        for column in table.columns:
            mark = declaration(column)
            if isinstance(mark, Personal):
                missing += [f"{table.name}.{column.name}: {why} in {profile.file}" for why in _uncovered(profile, mark)]
    return missing


def _uncovered(profile: Profile, mark: Personal) -> list[str]:
    purpose = profile.purposes.get(mark.purpose)
    missing = [] if mark.keep in profile.retention else [f"no [retention.{mark.keep}]"]
    if mark.purpose and purpose is None:
        missing.append(f"no [[purpose]] {mark.purpose!r}")
    elif purpose is not None and mark.category not in purpose.data:
        missing.append(f"[[purpose]] {mark.purpose!r} does not name the data {mark.category!r}")
    return missing


#: What a business must say about itself before strangers may rely on its policy, and what to write.
MUST_STATE = {
    "country": "Write the two capitals of the home country (ISO 3166-1).",
    "governing_law": "Write the law that governs the policy.",
    "address": "Write the lines of a postal address.",
    "privacy_email": "Write a mailbox that somebody reads.",
}


def before_publishing(profile: Profile) -> list[Problem]:
    """What a profile that loads still lacks before strangers may rely on it: who answers, and where.

    Its two days are not asked for: publishing sets them.
    """
    found = []
    for name, mend in MUST_STATE.items():
        if not getattr(profile.identity, name):
            found.append(_lacks(profile, ("identity", name), "is not stated.", mend))
    for name in ("privacy_email", "dpo_email"):
        value = getattr(profile.identity, name)
        if value.endswith((".example", "@example.com", ".invalid", ".test")):
            found.append(
                _lacks(profile, ("identity", name), f"{value} is an example.", "Write one that somebody reads.")
            )
    return found


def _lacks(profile: Profile, path: FieldPath, says: str, mend: str) -> Problem:
    return Problem(profile.file, dotted(path), Source(profile.file, dict(profile.lines)).line(path), says, mend)
