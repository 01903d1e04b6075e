"""What must be true of somebody who receives data: one list of rules for the form, the gate, the page and the checks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from logicrm.core.phrases import gettext as _
from logicrm.core.places import country_name
from logicrm.core.promises import registry
from logicrm.privacy import vocabulary
from logicrm.privacy.datamap import words
from logicrm.privacy.profile import Profile
from logicrm.privacy.profile_rules import WHERE_DATA_LIES


@dataclass(frozen=True)
class Entry:
    """A recipient as values, wherever it is known from: the register, the settings, or the policy alone."""

    category: str
    name: str
    role: str
    country: str
    mechanism: str
    data: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    contract_on: date | None = None
    contract_ends: date | None = None
    contract_file_id: uuid.UUID | None = None
    secrecy_on: date | None = None
    contact_email: str = ""
    ended_on: date | None = None
    id: uuid.UUID | None = None
    origin: str = "register"
    revision: int = 0

    def active(self, today: date) -> bool:
        """True while it may receive something."""
        return self.ended_on is None or self.ended_on > today


@dataclass(frozen=True)
class Problem:
    """Something that is not as it must be. `blocks`: the gate lets nothing through until it is mended."""

    code: str
    field: str
    says: str
    blocks: bool = True


def asks(policy: Profile, promise_id: str) -> bool:
    """True when the policy makes this promise, or one that says the same."""
    return any(promise_id in row.served_by for row in registry.all(policy.name))


def problems(entry: Entry, policy: Profile, today: date) -> list[Problem]:
    """Everything that is wrong with a recipient under a policy, the worst first."""
    found = [
        *_place(entry, policy),
        *_relation(entry, policy, today),
        *_papers(entry, policy, today),
    ]
    if entry.role == "controller":
        found.append(_partners(policy))
    return sorted(found, key=lambda one: not one.blocks)


def _place(entry: Entry, policy: Profile) -> list[Problem]:
    home, regions = policy.identity.country, policy.hosting.regions
    where = entry.country or home
    abroad = bool(entry.country) and vocabulary.area(entry.country) != vocabulary.area(home)
    named = country_name(where) or where
    found = []
    if entry.mechanism in vocabulary.VOID_MECHANISMS:
        found.append(Problem("void", "mechanism", str(words.WHY_VOID[entry.mechanism])))
    lies = entry.category in WHERE_DATA_LIES or policy.hosting.pinned
    if lies and where and not vocabulary.lies_in(entry.country, regions, home):
        says = _(
            "Your policy keeps the data in %(places)s; %(country)s is none of these.",
            places=", ".join(str(vocabulary.REGIONS[one]) for one in regions), country=named,
        )  # fmt: skip
        found.append(Problem("place", "country", says))
    if abroad and entry.mechanism == "home":
        says = _("%(country)s is outside your region: name what protects the data there.", country=named)
        found.append(Problem("safeguard", "mechanism", says))
    elif abroad and entry.mechanism not in (*policy.mechanisms, *vocabulary.VOID_MECHANISMS):
        found.append(Problem("safeguard", "mechanism", _("Your policy does not name this safeguard.")))
    return found


def _relation(entry: Entry, policy: Profile, today: date) -> list[Problem]:
    found = []
    if not entry.active(today):
        found.append(Problem("ended", "ended_on", _("The relation has ended.")))
    if entry.category not in {one.category for one in policy.recipients}:
        says = _("Your policy names nobody for this job. Change the policy first, then publish it.")
        found.append(Problem("not_in_policy", "category", says))
    return found


def _papers(entry: Entry, policy: Profile, today: date) -> list[Problem]:
    """Contract and secrecy. Missing ones stop the gate where the policy promises them, and are pointed out elsewhere."""
    found = []
    if entry.contract_ends is not None and entry.contract_ends < today:
        found.append(Problem("contract", "contract_ends", _("The contract has ended.")))
    elif entry.contract_on is None:
        bound = asks(policy, "P-NET-16")
        found.append(Problem("contract", "contract_on", _("No contract is written down (GDPR Art. 28(3))."), bound))
    if entry.secrecy_on is None:
        bound = asks(policy, "P-TRACK-18")
        found.append(
            Problem("secrecy", "secrecy_on", _("Nobody has written down that it keeps the data secret."), bound)
        )
    return found


def _partners(policy: Profile) -> Problem:
    if "partners" in policy.consent_purposes():
        says = _("It may get data only of people who said yes to that, and the program asks nobody for it yet.")
    else:
        says = _("It uses data for ends of its own, and your policy does not ask people whether they agree.")
    return Problem("partners", "role", says)
