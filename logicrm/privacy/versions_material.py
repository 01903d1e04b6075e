"""Which changes of a policy are material: those that leave people worse off than they were told, or that they must
know of. What these rules do not know counts as material. An owner may say more, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from logicrm.core.phrases import gettext as _
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile
from logicrm.privacy.versions_diff import Change

#: Days between publishing a material change and its beginning, by the ways in which the policy promises to tell it.
#: A policy that promises its page only owes nobody a wait; one that writes to people gives them time to read.
NOTICE_DAYS = {"email_if_material": 14, "prominent": 14}


@dataclass(frozen=True)
class Reason:
    """Why a change is material."""

    label: str
    says: str


def reasons(changes: Iterable[Change]) -> list[Reason]:
    """Every change that is material, with why. Empty: none is."""
    found = ((one, _why(one)) for one in changes)
    return [Reason(one.label, says) for one, says in found if says]


def earliest(policies: Iterable[Profile], *, material: bool, told: int, today: date) -> date:
    """The first day on which a change may begin. `policies`: the one in force and the new one; `told`: how many
    people there are to be told of it."""
    if not material or not told:
        return today
    ways = {way for policy in policies for way in policy.change_notice}
    return today + timedelta(days=max((NOTICE_DAYS.get(way, 0) for way in ways), default=0))


# The rules: each says why, or "" ------------------------------------------------------------------


def _why(one: Change) -> str:
    name = one.key.rpartition(".")[2]
    steps = one.key.split(".")
    if steps[0] == "retention":
        return _keeping(one, name, also="also" in steps)
    if steps[0] in ("purpose", "recipient"):
        return _RULES.get(f"{steps[0]}.{name}", _any)(one)
    return _RULES.get(one.key, _any)(one)


def _keeping(one: Change, name: str, *, also: bool) -> str:
    if name == "keep_for":
        if also and one.old is None:
            return ""  # one more event that ends the keeping
        if also and one.new is None:
            return _("this event does not end the keeping any more")
        return _("kept longer than before") if _is_longer(one) else ""
    if also or name in ("criterion", "minimum", "maximum", "warn_days"):
        return ""
    if name == "action":
        return "" if one.new == "delete" else _("no longer deleted when the time is up")
    if name == "anchor":
        return _("counted from another event")
    return _any(one)


def _is_longer(one: Change) -> bool:
    return one.old is None or one.new is None or Duration.parse(one.new).is_longer_than(Duration.parse(one.old))


def _never(one: Change) -> str:
    return ""


def _any(one: Change) -> str:
    return _("changed")


def _later(one: Change) -> str:
    """A time by which something is promised."""
    if one.old is None:
        return ""
    return _("later than promised before") if _is_longer(one) else ""


def _lasting(one: Change) -> str:
    """A time that is better short; none at all is best."""
    if one.new is None:
        return ""
    return _("longer than before") if _is_longer(one) else ""


def _more_days(one: Change) -> str:
    if one.old is None:
        return ""
    return _("later than promised before") if one.new is None or int(one.new) > int(one.old) else ""


def _more_words(one: Change) -> str:
    """A list in which each word lets the business do more."""
    added = set(one.new or []) - set(one.old or [])
    return _("more than before") if added else ""


def _fewer_words(one: Change) -> str:
    """A list in which each word is a promise."""
    gone = set(one.old or []) - set(one.new or [])
    return _("less than promised before") if gone else ""


def _stated_otherwise(one: Change) -> str:
    return _any(one) if one.old is not None else ""


def _added_or_changed(one: Change) -> str:
    if one.new is None:
        return ""
    return _("new") if one.old is None else _any(one)


def _promise_gone(one: Change) -> str:
    return _("no longer promised") if one.old and not one.new else ""


def _weaker_in(words: vocabulary.Words) -> Callable[[Change], str]:
    """Words in the order of their strength, the strongest first."""
    order = list(words)

    def judge(one: Change) -> str:
        if one.old not in order or one.new not in order:
            return _any(one)
        return _("weaker than before") if order.index(one.new) > order.index(one.old) else ""

    return judge


_RULES: dict[str, Callable[[Change], str]] = {
    "identity.controller": _stated_otherwise, "identity.country": _stated_otherwise,
    "identity.governing_law": _stated_otherwise, "identity.court": _stated_otherwise,
    "identity.address": _never, "identity.privacy_email": _never, "identity.dpo_email": _never,
    "identity.dpo_address": _never,
    "regimes": _fewer_words,
    "requests.answer": _later, "requests.answer_working_days": _more_days, "requests.inquiry": _later,
    "requests.extension": _lasting,
    "deletion.grace_days": _more_days, "deletion.reminders": _never, "deletion.accessible": _fewer_words,
    "deletion.delete_now": _promise_gone, "termination.accessible": _fewer_words,
    "breach.authority": _later, "breach.people": _later,
    "purpose.basis": _added_or_changed, "purpose.data": _more_words,
    "recipient.category": _added_or_changed, "recipient.name": _stated_otherwise,
    "recipient.country": _added_or_changed, "recipient.mechanism": _added_or_changed,
    "recipient.contract": _added_or_changed,
    "location_uses": _more_words, "mechanisms": _more_words, "disclosures": _more_words,
    "hosting.regions": _more_words, "hosting.pinned": _promise_gone,
    "cookies.categories": _more_words, "cookies.choice_lasts": _lasting, "channels": _more_words,
    "security.in_transit": _weaker_in(vocabulary.IN_TRANSIT), "security.at_rest": _weaker_in(vocabulary.AT_REST),
    "security.measures": _fewer_words, "children": _fewer_words, "change_notice": _fewer_words,
}  # fmt: skip
