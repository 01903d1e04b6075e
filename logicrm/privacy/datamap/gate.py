"""Who decides at the gate of outgoing connections (core/egress.py): the register, under the policy in force."""

from __future__ import annotations

from logicrm.core import clock, egress, tenancy
from logicrm.core.egress import Verdict
from logicrm.core.phrases import gettext as _
from logicrm.core.promises import promise
from logicrm.privacy import sites, versions
from logicrm.privacy.datamap import register, rules
from logicrm.privacy.profile import Profile


def policy_here() -> Profile:
    """The policy that counts for a connection now: the workspace's; outside any, the installation's."""
    place = tenancy.current()
    return versions.of_workspace(place, clock.now()) if place else sites.installation().profile


@egress.gate
@promise("egress")
def decide(service: str, host: str) -> Verdict:
    """Say yes only to a server that the register (or the settings) lists for this work, with nothing wrong about it."""
    listed = [*(register.written() if tenancy.current() else ()), *register.listed()]
    known = register.at(host, listed)
    if not known:
        says = _("%(host)s is not in the register of recipients, so nothing is sent there.", host=host)
        return Verdict(False, egress.UNLISTED, says)
    policy, jobs = policy_here(), egress.SERVICES[service].jobs
    able = [one for one in known if one.category in jobs]
    if not able:
        says = _("%(host)s is in the register of recipients, but for another job.", host=host)
        return Verdict(False, "job", says)
    entry = able[0]
    wrong = [one for one in rules.problems(entry, policy, clock.now().date()) if one.blocks]
    if wrong:
        says = _("Nothing is sent to %(name)s (%(host)s): %(why)s", name=entry.name, host=host, why=wrong[0].says)
        return Verdict(False, wrong[0].code, says, entry.id)
    return Verdict(True, egress.LISTED, recipient_id=entry.id)
