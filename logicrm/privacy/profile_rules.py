"""Rules that hold two parts of a policy profile against each other: a policy must not contradict itself.

Each notes what it finds, with the field to mend; `profile.from_data` calls them all when every table was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logicrm.privacy import vocabulary
from logicrm.privacy.profile_reading import LONGEST_WAIT_DAYS
from logicrm.privacy.profile_schema import Reader

if TYPE_CHECKING:
    from logicrm.privacy.profile import Profile

WHERE_DATA_LIES = ("hosting", "storage")


def check(top: Reader, profile: Profile) -> None:
    """Note every contradiction between the parts."""
    _dates(top, profile)
    _cookies(top, profile)
    _transfers(top, profile)
    _automation(top, profile)
    _partners(top, profile)
    _grace(top, profile)


def _dates(top: Reader, profile: Profile) -> None:
    if profile.last_updated and profile.effective and profile.effective < profile.last_updated:
        top.note("effective", "is before last_updated.", "It cannot rule before it was written.")


def _cookies(top: Reader, profile: Profile) -> None:
    if "essential" not in profile.cookie_categories:
        top.source.note(("cookies", "categories"), "lacks 'essential'.", "Signing in needs a cookie; add 'essential'.")


def _transfers(top: Reader, profile: Profile) -> None:
    """Nobody outside the home region without a safeguard, nobody at all outside what is pinned."""
    home, hosting = profile.identity.country, profile.hosting
    if hosting.pinned and home and not vocabulary.lies_in(home, hosting.regions, home):
        regions = ", ".join(hosting.regions)
        top.source.note(
            ("hosting", "pinned"), f"nothing may leave {regions}, but the business itself is in {home}.",
            "Write false, or have this policy run by a business that is there.",
        )  # fmt: skip
    for number, one in enumerate(profile.recipients):
        place = ("recipient", number)
        inside = vocabulary.lies_in(one.country, hosting.regions, home)
        if one.mechanism == "home" and one.country and vocabulary.area(one.country) != vocabulary.area(home):
            top.source.note(
                (*place, "mechanism"), f"{one.country} is outside the home region.", "Name a safeguard, such as scc."
            )
        if hosting.pinned and one.country and not inside:
            top.source.note(
                (*place, "country"), f"{one.country} is outside {', '.join(hosting.regions)}, which nothing may leave.",
                "Choose somebody there, or write hosting.pinned = false.",
            )  # fmt: skip
        elif one.category in WHERE_DATA_LIES and (one.country or home) and not inside:
            top.source.note(
                (*place, "country"),
                f"{one.country or home} is none of hosting.regions.",
                "Add it there, or move the data.",
            )


def _automation(top: Reader, profile: Profile) -> None:
    if profile.automation.profiling != "none":
        return
    for number, name in enumerate(profile.purposes):
        if name in vocabulary.PROFILING_PURPOSES:
            top.source.note(
                ("purpose", number, "name"), f"{name} draws conclusions about people, which this policy rules out.",
                'Take it out, or write automation.profiling = "consent".',
            )  # fmt: skip


def _partners(top: Reader, profile: Profile) -> None:
    """Whoever works for us is no third party; whoever answers for the data itself gets it on a yes only."""
    if "partners" in profile.purposes:
        return
    for number, one in enumerate(profile.recipients):
        if one.contract == "controller":
            top.source.note(
                ("recipient", number, "contract"), "answers for the data itself, so people must be asked.",
                "Add the [[purpose]] partners (consent), or make it a processor (art28).",
            )  # fmt: skip


def _grace(top: Reader, profile: Profile) -> None:
    """The account's own figure for a request bounds the wait."""
    rule = profile.retention.get("account")
    figure = rule.counted_from("deletion_requested") if rule else None
    days = profile.deletion.grace_days
    if figure is not None and 0 < days <= LONGEST_WAIT_DAYS and profile.deletion.grace.is_longer_than(figure):
        top.source.note(
            ("deletion", "grace_days"),
            f"is longer than retention.account leaves after a request, {figure}.", "Lower it.",
        )  # fmt: skip
