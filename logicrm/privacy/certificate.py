"""The certificate of an erasure: what was deleted, made anonymous, or kept until a day because of a law.

It holds counts, times and codes. The code is the one that the person was given when they asked.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask_babel import force_locale, format_date, format_datetime

from logicrm.core import crypto
from logicrm.core.barcodes import qr_svg
from logicrm.core.pdf import Attachment, paper_css, render_pdf
from logicrm.core.phrases import gettext as _
from logicrm.core.subjects import WORKSPACE, Subject
from logicrm.privacy import letters, signing, vocabulary, walk
from logicrm.privacy.clocks import Duration
from logicrm.privacy.models import Deletion
from logicrm.privacy.profile import Profile
from logicrm.privacy.walk import TablePlan

FORMAT = "logicrm.erasure-certificate/1"


@dataclass(frozen=True)
class Tally:
    """Counts of one class of data. `until` and `law` only where something is kept."""

    data_class: str
    deleted: int
    anonymised: int
    kept: int
    until: date | None
    law: str

    @property
    def label(self) -> str:
        return str(vocabulary.DATA_CLASSES.get(self.data_class, self.data_class))

    @property
    def because(self) -> str:
        if self.law in vocabulary.HOLD_GROUNDS:
            return _("a legal hold: %(ground)s", ground=vocabulary.HOLD_GROUNDS[self.law])
        return vocabulary.cited(vocabulary.GROUNDS, self.law)

    def as_json(self) -> dict[str, Any]:
        until = self.until.isoformat() if self.until else None
        return {
            "class": self.data_class, "deleted": self.deleted, "anonymised": self.anonymised, "kept": self.kept,
            "kept_until": until, "kept_because": self.law,
        }  # fmt: skip


def read_tally(row: dict[str, Any]) -> Tally:
    """The tally that `as_json` wrote."""
    until = date.fromisoformat(row["kept_until"]) if row["kept_until"] else None
    return Tally(row["class"], row["deleted"], row["anonymised"], row["kept"], until, row["kept_because"])


def tally(plans: dict[str, TablePlan], subject: Subject, profile: Profile, *, now: datetime) -> list[Tally]:
    """Count what a plan does, by class of data."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    until: dict[str, date] = {}
    law: dict[str, str] = {}
    held: dict[tuple[str, str], list[date]] = defaultdict(list)
    for one in plans.values():
        name = walk.data_class(one.model)
        sums[name][0] += len(one.delete)
        sums[name][1] += len(set().union(*one.blank.values()))
        sums[name][2] += len(one.keep)
        if one.keep:
            end = _end_of_keeping(one, subject, profile, now)
            until[name] = max(end, until.get(name, end))
            law[name] = one.law
        for ground, last in one.held.values():
            held[name, ground].append(last)
    tallies = [Tally(name, *_three(counts), until.get(name), law.get(name, "")) for name, counts in sums.items()]
    # A hold has lines of its own: another ground, another day, and it may end earlier.
    tallies += [Tally(name, 0, 0, len(days), max(days), ground) for (name, ground), days in held.items()]
    order = list(vocabulary.DATA_CLASSES)
    return sorted(tallies, key=lambda one: (order.index(one.data_class), one.law in vocabulary.HOLD_GROUNDS, one.law))


def _three(counts: list[int]) -> tuple[int, int, int]:
    deleted, anonymised, kept = counts
    return deleted, anonymised, kept


def _end_of_keeping(one: TablePlan, subject: Subject, profile: Profile, now: datetime) -> date:
    keep = next(iter(getattr(one.model, "__retention__", ())), None)
    if keep is not None and keep.days is not None:
        period = Duration(days=keep.days)
    else:
        period = profile.retention[keep.data_class if keep else walk.data_class(one.model)].keep_for
    return period.expires(walk.latest_anchor(one, subject) or now).date()


# The paper -----------------------------------------------------------------------------------------


def secret_of(deletion: Deletion) -> str:
    """The secret of the certificate's link: derived, so that it can be written into every letter."""
    return crypto.keyed_hash("certificate-link", str(deletion.id))


def url_of(deletion: Deletion) -> str:
    """The address that only the person has."""
    return letters.absolute("privacy.certificate", secret=secret_of(deletion))


def contents(deletion: Deletion, *, controller: str, backups_until: date | None) -> dict[str, Any]:
    """What is certified and signed, as JSON."""
    if deletion.begun_at is None:
        raise ValueError("a certificate speaks of an erasure that has begun")
    return {
        "format": FORMAT,
        "reference": deletion.reference,
        "controller": controller,
        "scope": deletion.subject_kind,
        "requested_at": deletion.asked_at.astimezone(UTC).isoformat(),
        "begun_at": deletion.begun_at.astimezone(UTC).isoformat(),
        "completed_at": deletion.purged_at.astimezone(UTC).isoformat() if deletion.purged_at else None,
        "classes": deletion.facts.get("classes", []),
        "mail_copies": deletion.facts.get("mail", 0),
        "files": deletion.facts.get("files", 0),
        "pages": deletion.facts.get("pages", ""),
        "notes": ["notice_sealed", "proof_row", "ledger_hash"],
        "backups_until": backups_until.isoformat() if backups_until else None,
        "public_key": signing.public_key(),
    }


def backups_end(profile: Profile, at: datetime) -> date:
    """The day on which the last backup that still holds the person ends."""
    return (profile.retention["backups"].keep_for.expires(at) + timedelta(days=1)).date()


def _long_date(text: str | None) -> str:
    return format_date(date.fromisoformat(text), "long") if text else ""


def _scope(kind: str) -> str:
    return {"account": _("an account"), WORKSPACE: _("a business that closed")}.get(kind) or _("a customer's data")


def pdf(deletion: Deletion) -> bytes:
    """The certificate on paper, with the signed data inside as certificate.json."""
    data = deletion.certificate
    lang = deletion.language or "en"
    with force_locale(lang):
        rows = [read_tally(row) for row in data["classes"]]
        completed = datetime.fromisoformat(data["completed_at"])
        verify = letters.absolute("privacy.check_certificate", reference=deletion.reference)
        html = letters.on_paper(
            "paper/certificate.html", lang=lang, title=_("Certificate of erasure"),
            workspace={"name": data["controller"]}, certificate_id=deletion.reference, subject=deletion.reference,
            scope=_scope(deletion.subject_kind),
            requested_on=format_date(deletion.asked_at, "long"),
            completed_at=format_datetime(completed, "long"),
            classes=[
                {
                    "label": row.label, "deleted": row.deleted, "anonymised": row.anonymised, "kept": row.kept,
                    "kept_until": format_date(row.until, "long") if row.until else "", "kept_because": row.because,
                }
                for row in rows
            ],
            totals={
                "deleted": sum(r.deleted for r in rows), "anonymised": sum(r.anonymised for r in rows),
                "kept": sum(r.kept for r in rows),
            },
            backups_until=_long_date(data["backups_until"]),
            signature={
                "algorithm": signing.ALGORITHM, "fingerprint": signing.fingerprint(signing.canonical(data)),
                "signed_at": format_datetime(completed, "long"),
            },
            verify_url=verify, qr_svg=qr_svg(verify),
        )  # fmt: skip
        title = _("Certificate of erasure")
    signed = signing.canonical(data | {"signature": deletion.signature})
    attached = Attachment("certificate.json", signed, "application/json", "The signed data of this certificate")
    return render_pdf(html, css=[paper_css()], attachments=[attached], title=title, lang=lang, created=completed)
