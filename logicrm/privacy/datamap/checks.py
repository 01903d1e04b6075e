"""Checks on recipients and sources: what really went out, held against the register; and the evidence of them.

They read the log of connections and the rows themselves, never the gate: a gate that lets too much through shows here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from logicrm.core import checks, egress, tenancy
from logicrm.core.checks import Checked, check
from logicrm.core.egress import OutgoingConnection
from logicrm.core.promises import Evidence, evidence
from logicrm.core.schema import Base
from logicrm.extensions import db
from logicrm.privacy import versions
from logicrm.privacy.datamap import register
from logicrm.privacy.datamap.rules import Entry
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_rules import WHERE_DATA_LIES
from logicrm.privacy.vocabulary import lies_in

LOOKS_BACK = timedelta(days=30)
#: The three ways that the policy names. Typed again here: the check must not ask the rule that it checks.
SOURCES = ("you", "import", "automatic")


def _policy(now: datetime) -> Profile | None:
    here = tenancy.current()
    return versions.of_workspace(here, now) if here else None


def _went_out(now: datetime) -> list[OutgoingConnection]:
    """Connections of the last weeks that were let out of this machine or stayed on it, not those that were refused."""
    return [one for one in egress.seen((now - LOOKS_BACK).date(), allowed=True) if one.code != egress.TAKEN_BACK]


def _known(host: str, entries: Sequence[Entry]) -> list[Entry]:
    return [one for one in entries if host in one.hosts]


@check("egress")
def nothing_went_to_strangers(now: datetime) -> Checked | None:
    """Deliveries of the last weeks, and how many went to a server that nobody listed. None: nothing was delivered."""
    went, entries = _went_out(now), [*register.written(), *register.listed()]
    if not went:
        return None
    wrong = sum(one.times for one in went if one.host and not _known(one.host, entries))
    return Checked(sum(one.times for one in went), wrong)


@check("egress.jobs")
def only_the_jobs_of_the_policy(now: datetime) -> Checked | None:
    """The same deliveries, and how many went to somebody whose job the policy does not name."""
    went, policy = _went_out(now), _policy(now)
    if not went or policy is None:
        return None
    jobs = {one.category for one in policy.recipients}
    entries = [one for one in (*register.written(), *register.listed()) if one.category in jobs]
    wrong = sum(one.times for one in went if one.host and not _known(one.host, entries))
    return Checked(sum(one.times for one in went), wrong)


def _receiving(now: datetime) -> list[Entry]:
    """Entries whose servers were called in the last weeks, and those that receive by other ways (no servers named)."""
    called = {one.host for one in _went_out(now) if one.host}
    active = [one for one in (*register.written(), *register.listed()) if one.active(now.date())]
    return [one for one in active if not one.hosts or called & set(one.hosts)]


@check("egress.contracts")
def everybody_has_a_contract(now: datetime) -> Checked | None:
    """Recipients that work for us, and how many have no contract in force. None: nobody receives anything."""
    workers = [one for one in _receiving(now) if one.role == "processor"]
    day = now.date()
    wrong = [one for one in workers if one.contract_on is None or (one.contract_ends and one.contract_ends < day)]
    return Checked(len(workers), len(wrong)) if workers else None


@check("egress.secrecy")
def everybody_is_bound_to_secrecy(now: datetime) -> Checked | None:
    """Recipients, and how many have not confirmed that they keep the data secret."""
    receiving = _receiving(now)
    return Checked(len(receiving), sum(one.secrecy_on is None for one in receiving)) if receiving else None


@check("egress.partners")
def partners_get_nothing_unasked(now: datetime) -> Checked | None:
    """Recipients that answer for the data themselves, and how many were sent something. None: there are none."""
    partners = [one for one in register.written() if one.role == "controller"]
    if not partners:
        return None
    called = {one.host for one in _went_out(now) if one.host}
    return Checked(len(partners), sum(bool(called & set(one.hosts)) for one in partners))


@check("egress.regions")
def data_lies_where_the_policy_says(now: datetime) -> Checked | None:
    """Recipients where data lies (hosting, storage), and how many are outside the places of the policy.

    None while nobody has written down who that is: then no place is known.
    """
    policy = _policy(now)
    known = [*register.written(), *register.listed()]
    where = [one for one in known if one.category in WHERE_DATA_LIES and one.active(now.date())]
    if policy is None or not where:
        return None
    home, regions = policy.identity.country, policy.hosting.regions
    return Checked(len(where), sum(not lies_in(one.country, regions, home) for one in where))


@check("sources")
def everybody_came_by_a_known_way(now: datetime) -> Checked | None:
    """Records that say where they came from, and how many name a source that the policy does not know."""
    seen = wrong = 0
    for mapper in Base.registry.mappers:
        model: Any = mapper.class_
        if "source_kind" in model.__table__.columns and tenancy.is_tenant(model.__table__):
            asked = select(model.source_kind, func.count()).group_by(model.source_kind)
            for source, number in db.session.execute(asked):
                seen += number
                wrong += 0 if source in SOURCES else number
    return Checked(seen, wrong) if seen else None


def _of(name: str) -> Any:
    def found(now: datetime) -> Evidence:
        return checks.evidence_of(name, now)

    return found


for _proof, _check in (
    ("egress", "egress"), ("P-LOGI-16", "egress.jobs"), ("egress.contracts", "egress.contracts"),
    ("egress.secrecy", "egress.secrecy"), ("egress.partners", "egress.partners"),
    ("egress.regions", "egress.regions"), ("sources", "sources"),
):  # fmt: skip
    evidence(_proof)(_of(_check))
