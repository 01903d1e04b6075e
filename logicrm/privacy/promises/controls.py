"""What people do, not the program: what each profile asks of the register of controls, and how often.

`cadence` is a period (ISO 8601), or the field of the profile whose word says how often ("security.audits").
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import LazyString

from logicrm.core.phrases import lazy_gettext as _
from logicrm.core.promises import control, registry
from logicrm.privacy import vocabulary
from logicrm.privacy.clocks import Duration
from logicrm.privacy.profile import Profile

# fmt: off
control("contracts", _("Contracts with everybody who receives data: purpose, secrecy, no sale"), "P1Y")
control("confidentiality", _("Everybody outside who sees data has signed to keep it secret"), "P1Y")
control("disclosures", _("Each handing over to an authority: which ground, which document"), "P1Y")
control("business_transfer", _("A notice is ready for a sale or a merger of the business"), "P1Y")
control("transfers", _("A safeguard with its document for each recipient abroad"), "P1Y")
control("regions", _("The hosting firms' word on where the data lies"), "P1Y")
control("transport", _("The settings of the proxy: version of TLS, certificate and its end"), "P3M")
control("disks", _("Encryption of the disks and of the backups outside the program"), "P1Y")
control("backups", _("A backup was restored as a trial"), "P3M")
control("firewall", _("Firewall and detection of intruders are on and looked at"), "P3M")
control("patching", _("Security updates of system and program are in"), "P1M")
control("training", _("Data protection course: who took part, when"), "P1Y")
control("screening", _("Background of staff with access to personal data is checked"), "P1Y")
control("incidents", _("The plan for incidents was exercised; lessons are written down"), "P1Y")
control("emergencies", _("The plan for threats and emergencies was gone through"), "P1Y")
control("audit", _("Security audit with its report"), "security.audits")
control("pentest", _("Somebody outside tried to break in, with a report"), "P1Y")
control("assurance", _("Report of an outside auditor (SOC 2): period, end"), "P1Y")
control("data_centre", _("Certificate of the data centre: guards, doors, cooling, power"), "P1Y")
control("mailbox", _("A letter to the privacy mailbox arrived and was answered"), "P1M")
control("officer", _("The officer was reached by mail and by post"), "P1Y")
control("jurisdiction", _("A lawyer looked at law and court that the policy names"), "P1Y")
# fmt: on


@dataclass(frozen=True)
class Demand:
    """A control that a policy asks for: what is done, how often, for which promises."""

    key: str
    says: str | LazyString
    cadence: Duration
    promises: tuple[str, ...]


def demanded(profile: Profile) -> list[Demand]:
    """The controls that a profile's promises ask for, in the order of their keys."""
    asked: dict[str, list[str]] = {}
    for promise_id, row in sorted(registry.rows.items()):  # not `all`: nobody asks for rules here, and pages ask often
        if profile.name in row.profiles:
            for key in row.controls:
                asked.setdefault(key, []).append(promise_id)
    return [
        Demand(key, registry.controls[key].says, cadence(profile, registry.controls[key].cadence), tuple(ids))
        for key, ids in sorted(asked.items())
    ]


def cadence(profile: Profile, written: str) -> Duration:
    """How often: a period, or the period behind the profile's own word ("security.audits": monthly)."""
    if written.startswith("P"):
        return Duration.parse(written)
    table, _dot, field = written.partition(".")
    return Duration.parse(vocabulary.CADENCES[getattr(getattr(profile, table), field)])
