"""The register in words: one row for page, CSV, PDF and JSON, and what strangers read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, url_for

from logicrm.core import clock, tenancy
from logicrm.core.phrases import gettext as _
from logicrm.core.words import show_date
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import owner, register, words
from logicrm.privacy.datamap.rules import Entry, Problem
from logicrm.privacy.profile import Profile
from logicrm.privacy.sites import Site


@dataclass(frozen=True)
class Row:
    """An entry in words, with what is wrong with it."""

    entry: Entry
    problems: tuple[Problem, ...]
    job: str
    name: str
    role: str
    country: str
    safeguard: str
    data: tuple[str, ...]
    contract: str
    secrecy: str
    url: str

    @property
    def blocked(self) -> bool:
        return any(one.blocks for one in self.problems)


def row(entry: Entry, policy: Profile, found: Sequence[Problem]) -> Row:
    """An entry in words."""
    if entry.id is not None:
        url = url_for("privacy.recipient", recipient_id=entry.id)
    else:
        url = url_for("privacy.new_recipient", job=entry.category, host=entry.hosts[0] if entry.hosts else None)
    return Row(
        entry, tuple(found), str(vocabulary.RECIPIENTS[entry.category]), entry.name or _("nobody chosen yet"),
        str(words.ROLES[entry.role]), register.country_words(entry, policy), register.safeguard_words(entry),
        tuple(str(words.KINDS[one]) for one in entry.data), _contract(entry),
        show_date(entry.secrecy_on) if entry.secrecy_on else "", url,
    )  # fmt: skip


def _contract(entry: Entry) -> str:
    if entry.contract_on is None:
        return ""
    since = show_date(entry.contract_on)
    return _("%(since)s to %(end)s", since=since, end=show_date(entry.contract_ends)) if entry.contract_ends else since


def table(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Rows as texts, the head first."""
    head = (
        _("Job"), _("Firm"), _("What it is"), _("Country"), _("What protects the data"), _("Kinds of data"),
        _("Servers"), _("Contract"), _("Secrecy confirmed"), _("Not as it should be"),
    )  # fmt: skip
    return [head, *(
        (
            one.job, one.name, one.role, one.country, one.safeguard, ", ".join(one.data), ", ".join(one.entry.hosts),
            one.contract or "–", one.secrecy or "–", " ".join(p.says for p in one.problems) or "–",
        )
        for one in rows
    )]  # fmt: skip


def plain(one: Row) -> dict[str, Any]:
    """A row as plain values."""
    entry = one.entry
    return {
        "job": entry.category, "name": entry.name, "role": entry.role, "country": entry.country,
        "mechanism": entry.mechanism, "data": list(entry.data), "hosts": list(entry.hosts),
        "contract_on": entry.contract_on.isoformat() if entry.contract_on else None,
        "contract_ends": entry.contract_ends.isoformat() if entry.contract_ends else None,
        "secrecy_on": entry.secrecy_on.isoformat() if entry.secrecy_on else None,
        "ended_on": entry.ended_on.isoformat() if entry.ended_on else None, "known_from": entry.origin,
        "problems": [{"code": p.code, "says": p.says, "blocks": p.blocks} for p in one.problems],
    }  # fmt: skip


# For strangers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Public:
    """What strangers read: by name (`named`) or by job; rows of (job, firms or their number, countries, safeguards)."""

    named: bool
    rows: tuple[tuple[str, str, str, str], ...]


def public(site: Site) -> Public | None:
    """The recipients that receive something now, for the policy page of a business; None where nobody is registered.

    In a context of its own: the page may be opened by somebody who works elsewhere.
    """
    if site.workspace_id is None:
        return None
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with tenancy.working_in(app, site.workspace_id):
        today = clock.now().date()
        known = [one for one in (*register.written(), *register.listed()) if one.active(today)]
        named = owner.known().public_names
    if not known:
        return None
    found: list[tuple[str, str, str, str]] = []
    for job in dict.fromkeys(one.category for one in known):
        those = [one for one in known if one.category == job]
        firms = ", ".join(one.name for one in those) if named else str(len(those))
        places = ", ".join(dict.fromkeys(register.country_words(one, site.profile) for one in those))
        safe = "; ".join(dict.fromkeys(register.safeguard_words(one) for one in those))
        found.append((str(vocabulary.RECIPIENTS[job]), firms, places, safe))
    return Public(named, tuple(found))


def public_json(found: Public | None) -> dict[str, Any] | None:
    """The same as plain values."""
    if found is None:
        return None
    names = ("job", "firms" if found.named else "number_of_firms", "countries", "safeguards")
    return {"named": found.named, "recipients": [dict(zip(names, one, strict=True)) for one in found.rows]}
