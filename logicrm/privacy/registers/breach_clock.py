"""By when a breach must be told to whom. The clocks are data: laws with their first and last days (`clocks.LEGAL_CLOCKS`),
and the figures of the policy that was in force when the breach was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import ngettext
from logicrm.core.promises import promise
from logicrm.privacy import clocks
from logicrm.privacy.profile import Profile

POLICY = "policy"


@dataclass(frozen=True)
class Clock:
    """One clock of a breach. `by`: the source of a law ("GDPR Art. 33(1)"), or "policy"."""

    due_at: datetime
    by: str


@dataclass(frozen=True)
class Clocks:
    """The clock towards the authority that rules, all of them, and the policy's towards the people (or None)."""

    authority: Clock
    all_authority: tuple[Clock, ...]
    people: Clock | None


@promise("P-NET-27")
@promise("P-TRACK-23")
def of_breach(profile: Profile, *, detected_at: datetime, aware_at: datetime) -> Clocks:
    """Both clocks of a breach.

    The authority's counts from the instant at which we knew, by each regime that the policy stands under and by the
    policy itself; the earliest rules, and of equal ones the law is named. The people's is what the policy promises,
    counted from when the breach was found; where the policy is silent there is no figure ("without undue delay").

    Hours are counted through nights and holidays: stricter than Regulation 1182/71 Art. 3(5), never later.
    """
    found = [Clock(profile.breach.authority.expires(aware_at), POLICY)]
    for regime in profile.regimes:
        law = clocks.legal_clock(regime, "breach", aware_at.date())
        if law is not None:
            found.append(Clock(law.within.expires(aware_at), law.source))
    ruling = min(found, key=lambda one: (one.due_at, one.by == POLICY))
    people = profile.breach.people
    return Clocks(ruling, tuple(found), Clock(people.expires(detected_at), POLICY) if people else None)


def left_words(due_at: datetime, now: datetime) -> tuple[str, str]:
    """("17 hours left", tone) until an instant; ("5 hours late", "bad") after it."""
    away = due_at - now
    hours = int(abs(away) / timedelta(hours=1))
    if away < timedelta(0):
        if hours < 1:
            return _("Less than an hour late"), "bad"
        if hours >= 72:
            return ngettext("%(num)d day late", "%(num)d days late", hours // 24), "bad"
        return ngettext("%(num)d hour late", "%(num)d hours late", hours), "bad"
    if hours < 1:
        return _("Less than an hour left"), "bad"
    return ngettext("%(num)d hour left", "%(num)d hours left", hours), "warn" if hours <= 24 else "info"
