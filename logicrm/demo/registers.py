"""The demo's registers: controls with evidence, one of them overdue; an exercise; an authority that was refused."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from werkzeug.datastructures import FileStorage

from logicrm.core import workspaces
from logicrm.core.access import Role
from logicrm.core.tenancy import current
from logicrm.demo.drawing import Drawing
from logicrm.privacy import sites
from logicrm.privacy.promises.controls import demanded
from logicrm.privacy.registers import breaches, controls, disclosures
from logicrm.privacy.registers.breaches import Facts
from logicrm.privacy.registers.disclosures import Asked


@dataclass(frozen=True)
class Shown:
    """Evidence of a control. `paper`: the title of its document, where it has one."""

    key: str
    days_ago: int
    words: str
    paper: str = ""


#: Whatever the profile asks for of these is shown; the rest stays without evidence, as in life.
SHOWN = (
    Shown("training", 410, "Course for all staff, two hours, ten of eleven took part."),
    Shown("training", 52, "Course for all staff and the drivers, twelve of twelve took part.", "Course on data protection"),
    Shown("patching", 66, "Server and program updated."),
    Shown("patching", 38, "Server updated; the program waits for the next quiet weekend."),
    Shown("transport", 71, "TLS 1.3 only; the certificate renews itself.", "Report on the proxy"),
    Shown("contracts", 120, "Seven contracts looked through, one renewed.", "List of contracts"),
    Shown("mailbox", 9, "A letter from a private address was answered on the same day."),
    Shown("firewall", 84, "Rules looked through, two old ones removed."),
    Shown("backups", 30, "Last week's backup restored on a spare machine in 40 minutes."),
    Shown("incidents", 41, "Exercise “lost scanner”; see the register of breaches."),
    Shown("disclosures", 200, "Looked through the post of half a year: the register is complete."),
    Shown("data_centre", 250, "Certificate of the provider, valid for another year.", "Certificate of the data centre"),
    Shown("audit", 355, "Audit by a firm from outside, four findings, all mended.", "Report of the audit"),
)  # fmt: skip


def fill(draw: Drawing, members: dict[Role, uuid.UUID]) -> None:
    """Fill the registers by the way that people take, in the past. Inside the workspace."""
    _controls(draw.now, members)
    _exercise(draw.now, members)
    _refused(draw.now, members)


def _controls(now: datetime, members: dict[Role, uuid.UUID]) -> None:
    asked = {demand.key for demand in demanded(sites.here().profile)}
    zone = ZoneInfo("Europe/Bucharest")
    owners = {"patching": Role.MANAGER, "backups": Role.MANAGER, "training": Role.DPO, "audit": Role.OWNER}
    for one in SHOWN:
        if one.key in asked:
            at = now - timedelta(days=one.days_ago)
            day = at.astimezone(zone).date()
            upload = FileStorage(io.BytesIO(paper(one.paper)), f"{one.key}.pdf") if one.paper else None
            controls.add_evidence(
                one.key, done_on=day, words=one.words, upload=upload, by=members[Role.DPO], today=day, now=at
            )
    for key, role in owners.items():
        if key in asked:
            controls.set_owner(key, members[role], by=members[Role.DPO], today=now.astimezone(zone).date())


def _exercise(now: datetime, members: dict[Role, uuid.UUID]) -> None:
    here, pia = current(), members[Role.DPO]
    business = workspaces.by_id(here) if here else None
    if business is None:
        return
    found = (now - timedelta(days=41)).replace(minute=12)
    facts = Facts(
        "Lost scanner in the depot",
        "A driver's scanner with the day's shipments was not handed back in the evening. It had no lock.",
        ("contact", "business"), ("recipients",), 34, 36, found - timedelta(hours=3), found + timedelta(hours=1),
    )  # fmt: skip
    breach = breaches.record(
        business, facts, detected_at=found, aware_at=found + timedelta(minutes=20), is_exercise=True, by=pia,
        now=found + timedelta(minutes=30),
    )  # fmt: skip
    own = breach.id
    breaches.triage(
        own, at=found + timedelta(hours=1), measures="The device was locked from afar within the hour.", by=pia,
        now=found + timedelta(hours=1),
    )  # fmt: skip
    breaches.decide(
        own, risk="risk", reasons="Names and addresses of 34 recipients could have been read for three hours.",
        consequences="Somebody could pass for a driver.",
        measures="Locked from afar; every scanner now asks for a code after two minutes.", by=pia,
        now=found + timedelta(hours=5),
    )  # fmt: skip
    breaches.tell_authority(
        own, way="form", reference="", sent_at=found + timedelta(hours=20), late_reason="",
        words="Written as in a real case; not sent.", by=pia, now=found + timedelta(hours=20),
    )  # fmt: skip
    breaches.close(own, by=pia, now=found + timedelta(days=3))


def _refused(now: datetime, members: dict[Role, uuid.UUID]) -> None:
    policy, at = sites.here().profile, now - timedelta(days=63)
    asked = Asked(
        "Local police station", "law" if "law" in policy.disclosures else policy.disclosures[0],
        "All shipments of a street in one month, by phone and without an order.", "not named", 40, at, "", "none named",
    )  # fmt: skip
    letter = FileStorage(io.BytesIO(paper("Note of a phone call")), "note.pdf")
    made = disclosures.record(policy, asked, upload=letter, by=members[Role.DPO], now=at + timedelta(hours=2))
    disclosures.refuse(
        made.id, reason="No order and no article was named. They may come back with one.", by=members[Role.OWNER],
        now=at + timedelta(hours=6),
    )  # fmt: skip


def paper(title: str) -> bytes:
    """A PDF of one page with one line, made by hand: demo data must not need what prints real ones."""
    line = title.encode("ascii", "replace").replace(b"(", b"").replace(b")", b"")
    drawn = b"BT /F1 20 Tf 60 760 Td (" + line + b") Tj ET"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(made))
    return made + b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1) + table + tail
