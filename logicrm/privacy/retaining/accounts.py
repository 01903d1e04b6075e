"""Accounts whose time is over: nobody has used them for as long as the policy says, or nobody works with them any more.

An unused account is warned first, by letters some days before; whoever signs in has stopped it. Then the account goes
the way that it goes when somebody asks for it (`deletion.py`), at once, for the waiting is over. An account is ruled by
the policy of the workspace that it joined first; one that has left its last workspace, by that one's. Accounts are read
from their tables by name: this half imports no area.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import force_locale
from sqlalchemy import delete, func, select

from logicrm.core import audit, mail, subjects, tenancy
from logicrm.core.errors import Refused
from logicrm.core.promises import promise
from logicrm.core.schema import new_id
from logicrm.core.subjects import WORKSPACE, Subject
from logicrm.extensions import db
from logicrm.privacy import deletion, letters, retention
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile
from logicrm.privacy.retaining import holds
from logicrm.privacy.retaining.models import AccountWarning
from logicrm.privacy.retaining.rules import Rule, here, rules
from logicrm.privacy.retention import Force, Outcome

UNUSED = "last_used"
LEAST_WARNING = timedelta(days=7)  # a warning of yesterday, because nothing ran for a while, is none


@dataclass(frozen=True)
class Idle:
    """An account and the instant from which its time counts."""

    id: uuid.UUID
    since: datetime


def of_accounts() -> list[Rule]:
    """The rules that go through the deletion of an account."""
    return [rule for rule in rules(tenant=False) if rule.through]


@promise("retention.account")
@promise("retention.account_unused")
def run(
    profile: Profile, *, now: datetime, dry: bool = False, force: Force = False,
    commit: Callable[[], None] = lambda: None,
) -> list[Outcome]:  # fmt: skip
    """Warn, and delete the accounts whose home this workspace is and whose time is over."""
    run_id = new_id()
    outcomes = []
    local = here(now)
    for rule in of_accounts():
        period = rule.period(profile)
        if period is None:
            continue
        if not dry and rule.keep.event == UNUSED:
            warn(rule, profile, now=local, commit=commit)
        outcome = _carry_out(rule, profile, period, local, dry=dry, force=force, commit=commit)
        outcomes.append(outcome)
        if not dry:
            retention.leave_line(outcome, run_id, now, tenant=True)
            commit()
    return outcomes


def _carry_out(
    rule: Rule, profile: Profile, period: Duration, now: datetime, *, dry: bool, force: Force,
    commit: Callable[[], None],
) -> Outcome:  # fmt: skip
    cutoff = period.cutoff(now)
    waiting = list(_at_home(rule, until=cutoff))
    held = holds.of_rows("user", [one.id for one in waiting], now.astimezone(UTC))
    free = [one for one in waiting if one.id not in held]
    outcome = Outcome(
        rule, cutoff, len(free), retention.usual(rule), _count(rule), samples=[one.id for one in free[: retention.SAMPLES]],
        held=len(waiting) - len(free),
    )  # fmt: skip
    if dry:
        return outcome
    released = retention.is_released(rule, outcome)
    forced = force is True or (isinstance(force, frozenset) and rule.executor in force) or released
    outcome.braked, outcome.released = not forced and retention.stops(outcome), released
    if released:
        retention.use_release(rule, now.astimezone(UTC))
    if not outcome.braked:
        for one in free:
            done = _delete(one, rule, profile, now)
            outcome.acted += done == "gone"
            outcome.excused += done == "excused"
            commit()
    outcome.oldest_left = next((one.since for one in _at_home(rule) if one.id not in held), None)
    if outcome.excused:
        # Whoever must stay because of others is not left over; what is older than the figure otherwise is.
        outcome.oldest_left = None
    return outcome


def _tables() -> tuple[Any, Any]:
    return db.metadata.tables["user"], db.metadata.tables["membership"]


def _home() -> Any:
    """The workspace whose policy rules an account: the one joined first, or the last one left."""
    user, member = _tables()
    first = (
        select(member.c.workspace_id)
        .where(member.c.user_id == user.c.id)
        .order_by(member.c.joined_at, member.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(first, user.c.ended_in)


def _at_home(rule: Rule, *, until: datetime | None = None) -> Iterator[Idle]:
    """Accounts of this workspace by age, the oldest first; those whose deletion is under way are left out."""
    user, _member = _tables()
    anchor = user.c[rule.keep.anchor]
    wanted = select(user.c.id, anchor).where(
        _home() == tenancy.current(), anchor.is_not(None), user.c.deletion_due_at.is_(None)
    )
    if until is not None:
        wanted = wanted.where(anchor <= until.astimezone(UTC))
    for own, since in db.session.execute(wanted.order_by(anchor, user.c.id)).all():
        yield Idle(own, since)


def _count(rule: Rule) -> int:
    user, _member = _tables()
    return db.session.scalar(
        select(func.count()).where(_home() == tenancy.current(), user.c[rule.keep.anchor].is_not(None))
    ) or 0  # fmt: skip


def _delete(one: Idle, rule: Rule, profile: Profile, now: datetime) -> str:
    """Start the deletion of one account: "gone", "waiting" (warned too late) or "excused" (others need its owner)."""
    if rule.keep.event == UNUSED and not _warned(one, profile, now):
        return "waiting"
    user, _member = _tables()
    # The row is locked: whoever signs in at this moment either stops it or finds the door closed.
    same = db.session.scalar(
        select(user.c.id).where(user.c.id == one.id, user.c[rule.keep.anchor] == one.since).with_for_update()
    )
    subject = subjects.load("account", one.id) if same else None
    if subject is None:
        return "waiting"
    try:
        with db.session.begin_nested():
            started = deletion.schedule(subject, at_once=True)
            started.facts = started.facts | {"because": rule.keep.event}
    except Refused:
        _close_if_abandoned(rule, now, profile)
        return "excused"
    audit.record(
        "account.unused" if rule.keep.event == UNUSED else "account.over", object_kind="user", object_id=one.id
    )
    return "gone"


def _close_if_abandoned(rule: Rule, now: datetime, profile: Profile) -> None:
    """The only owner of a business in which nobody has worked for as long: then the business closes, with its days."""
    period, here_ = rule.period(profile), tenancy.current()
    user, member = _tables()
    if period is None or rule.keep.event != UNUSED or here_ is None:
        return
    awake = (
        select(user.c.id)
        .join(member, member.c.user_id == user.c.id)
        .where(
            member.c.workspace_id == here_,
            db.or_(user.c.last_seen_at.is_(None), user.c.last_seen_at > period.cutoff(now).astimezone(UTC)),
        )
    )  # fmt: skip
    business = subjects.load(WORKSPACE, here_)
    if business is not None and business.deletion_due_at is None and db.session.scalar(awake.limit(1)) is None:
        started = deletion.schedule(business)
        started.facts = started.facts | {"because": rule.keep.event}
        audit.record("workspace.unused", object_kind="workspace", object_id=here_)


# Warnings -----------------------------------------------------------------------------------------


def warn(rule: Rule, profile: Profile, *, now: datetime, commit: Callable[[], None] = lambda: None) -> int:
    """Write to whoever has not used their account for nearly as long as the policy keeps it; return the letters.

    A warning that comes late (nothing ran for a while) is sent once, and the account stays until it has had its days.
    """
    days, period = warning_days(profile), rule.period(profile)
    if not days or period is None:
        return 0
    sent = 0
    for one in list(_at_home(rule, until=period.cutoff(now + timedelta(days=days[0])))):
        ends = max(period.expires(one.since), (first_warning(one) or now) + _least(days))
        reached = [number for number in days if now >= period.expires(one.since) - timedelta(days=number)]
        known = set(db.session.scalars(_warnings(one, AccountWarning.days)))
        fresh = [number for number in reached if number not in known]
        subject = subjects.load("account", one.id) if fresh else None
        if subject is None:
            continue
        for number in fresh:
            row = AccountWarning(
                id=new_id(), user_id=one.id, unused_since=one.since, days=number, sent_at=now.astimezone(UTC)
            )
            db.session.add(row)
        _letter(subject, ends)
        audit.record("account.warned", object_kind="user", object_id=one.id, days=min(fresh))
        sent += 1
        commit()
    return sent


def warning_days(profile: Profile) -> tuple[int, ...]:
    """Days before the end on which an unused account is warned, the earliest warning first."""
    return tuple(sorted(profile.retention["account"].warn_days, reverse=True))


def _least(days: tuple[int, ...]) -> timedelta:
    return min(timedelta(days=min(days)), LEAST_WARNING)


def _warnings(one: Idle, *columns: Any) -> Any:
    return select(*columns).where(AccountWarning.user_id == one.id, AccountWarning.unused_since == one.since)


def first_warning(one: Idle) -> datetime | None:
    """When the account was first warned of this end."""
    return db.session.scalar(_warnings(one, func.min(AccountWarning.sent_at)))


def _warned(one: Idle, profile: Profile, now: datetime) -> bool:
    days = warning_days(profile)
    first = first_warning(one)
    return not days or (first is not None and now >= first + _least(days))


def _letter(subject: Subject, ends: datetime) -> None:
    with force_locale(subject.language or "en"):
        for address in subject.emails:
            mail.send(
                address, "account_unused", mail_class=mail.TRANSACTIONAL, purpose="notices", subject_kind=subject.kind,
                subject_id=subject.id, language=subject.language or "en", name=subject.name, ends=ends,
                sign_in_url=letters.absolute("accounts.sign_in"),
            )  # fmt: skip


def about_to_go(profile: Profile, *, now: datetime) -> list[tuple[uuid.UUID, datetime, datetime]]:
    """(account, unused since, goes on) of those who were warned; for the page, which shows ids and dates."""
    period = next((rule.period(profile) for rule in of_accounts() if rule.keep.event == UNUSED), None)
    user, _member = _tables()
    if period is None:
        return []
    warned = db.session.execute(
        select(user.c.id, user.c.last_seen_at)
        .where(
            _home() == tenancy.current(), user.c.deletion_due_at.is_(None),
            user.c.id.in_(select(AccountWarning.user_id).where(AccountWarning.unused_since == user.c.last_seen_at)),
        )
        .order_by(user.c.last_seen_at, user.c.id)
        .limit(50)
    )  # fmt: skip
    local = here(now)
    return [(own, since, period.expires(since.astimezone(local.tzinfo))) for own, since in warned]


@promise("retention.account_unused")
def stopped(user_id: uuid.UUID) -> bool:
    """Somebody signed in: forget the warnings; True when there were any. The caller commits."""
    gone = db.session.execute(
        delete(AccountWarning).where(AccountWarning.user_id == user_id).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount) > 0  # type: ignore[attr-defined]
