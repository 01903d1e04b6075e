"""The audit trail in words: what was done, and the facts of it. None of them names a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString

from logicrm.accounts.wording import ROLES, SCOPES
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.words import show_number

#: After the name of whoever did it.
ACTIONS = {
    "account.changed": _l("changed their account"),
    "account.demo_sign_in": _l("signed in by a demo link"),
    "account.email": _l("changed their e-mail address"),
    "account.over": _l("deleted an account that had left its last business"),
    "account.password": _l("changed their password"),
    "account.signed_in": _l("signed in"),
    "account.unused": _l("deleted an account that nobody used"),
    "account.warned": _l("warned the owner of an unused account"),
    "activity.added": _l("noted what happened"),
    "breach.changed": _l("wrote down what else is known of a breach"),
    "breach.closed": _l("closed a breach"),
    "breach.decided": _l("decided how high the risk of a breach is"),
    "breach.recorded": _l("recorded a breach"),
    "breach.reopened": _l("opened a breach again"),
    "breach.told": _l("told somebody of a breach"),
    "breach.triaged": _l("looked into a breach"),
    "company.added": _l("added a company"),
    "company.changed": _l("changed a company"),
    "consent.ended_by_policy": _l("ended consents, because the policy changed"),
    "consent.given": _l("recorded a consent"),
    "consent.withdrawn": _l("recorded that a consent was taken back"),
    "contact.added": _l("added a person"),
    "contact.changed": _l("changed a person"),
    "control.evidence": _l("added evidence of a control"),
    "control.owner": _l("said who sees to a control"),
    "deletion.cancelled": _l("recorded that a deletion was taken back"),
    "deletion.hastened": _l("brought a deletion forward"),
    "deletion.purged": _l("carried out a deletion"),
    "deletion.scheduled": _l("scheduled a deletion"),
    "demo.loaded": _l("loaded the demo"),
    "disclosure.decided": _l("decided what an authority gets"),
    "disclosure.given": _l("recorded that data was given to an authority"),
    "disclosure.not_told": _l("recorded why people are not told of a disclosure"),
    "disclosure.recorded": _l("recorded what an authority asks for"),
    "disclosure.told": _l("told people of a disclosure"),
    "export.asked": _l("asked for a copy of personal data"),
    "history.undo": _l("took a change back"),
    "hold.lifted": _l("lifted a legal hold"),
    "hold.set": _l("set a legal hold"),
    "import.cancelled": _l("cancelled an import"),
    "import.discarded": _l("deleted a file that was not imported"),
    "import.done": _l("finished an import"),
    "import.failed": _l("stopped an import"),
    "import.received": _l("uploaded a file to import"),
    "import.started": _l("started an import"),
    "import.undo": _l("asked for an import to be undone"),
    "import.undone": _l("undid an import"),
    "job.cancelled": _l("cancelled a job"),
    "job.retried": _l("set a job to run again"),
    "lead.added": _l("added a lead"),
    "lead.changed": _l("changed a lead"),
    "lead.changed_many": _l("changed several leads"),
    "lead.converted": _l("made a customer of a lead"),
    "lead.deleted": _l("deleted leads"),
    "lead.moved": _l("moved a lead on the board"),
    "marketing.objection": _l("recorded an objection to advertising"),
    "member.invited": _l("invited somebody"),
    "member.joined": _l("joined"),
    "member.left": _l("left the workspace"),
    "member.removed": _l("removed somebody"),
    "member.role": _l("changed a role"),
    "member.uninvited": _l("withdrew an invitation"),
    "person.corrected": _l("corrected their own data in the portal"),
    "pipeline.added": _l("made a pipeline"),
    "policy.draft_discarded": _l("discarded a draft of the privacy policy"),
    "policy.draft_saved": _l("saved a draft of the privacy policy"),
    "policy.draft_started": _l("started a draft of the privacy policy"),
    "policy.published": _l("published the privacy policy"),
    "recipient.saved": _l("changed the register of recipients"),
    "recipients.public": _l("chose how the policy page names recipients"),
    "record.saved": _l("answered questions of the record of processing"),
    "request.answered": _l("answered a privacy request"),
    "request.begun": _l("began to work on a privacy request"),
    "request.extended": _l("took longer for a privacy request, with reasons"),
    "request.filed": _l("received a privacy request"),
    "request.taken_back": _l("recorded that a privacy request was taken back"),
    "retention.let_run": _l("let a stopped rule of deletion run once"),
    "shipment.added": _l("registered a shipment"),
    "shipment.changed": _l("changed a shipment"),
    "shipment.event": _l("added an event to a shipment"),
    "shipment.event_corrected": _l("corrected an event of a shipment"),
    "task.added": _l("planned a task"),
    "task.done": _l("did a task"),
    "token.made": _l("made an API token"),
    "token.revoked": _l("revoked an API token"),
    "workspace.changed": _l("changed the workspace"),
    "workspace.closed": _l("closed the workspace"),
    "workspace.made": _l("made the workspace"),
    "workspace.reopened": _l("opened the workspace again"),
    "workspace.unused": _l("closed the workspace, which nobody used any more"),
}

_FACTS = {
    "created": _l("added"), "due": _l("answer by"), "duplicates": _l("who is known already"), "fields": _l("fields"),
    "how": _l("by way of"), "instead_of": _l("instead of"), "known": _l("was known already"),
    "left_alone": _l("left alone"), "part": _l("part"), "restored": _l("put back"),
    "answered": _l("answered"), "category": _l("category"), "channel": _l("channel"), "count": _l("count"),
    "country": _l("country"), "days": _l("days"), "ended": _l("ended"), "failed": _l("failed"), "ground": _l("ground"),
    "kind": _l("kind"), "late": _l("late"), "leads": _l("leads"), "letters": _l("letters"), "number": _l("number"),
    "pieces": _l("pieces"), "profile": _l("profile"), "purpose": _l("purpose"), "reason": _l("reason"),
    "risk": _l("risk"), "role": _l("role"), "rows": _l("rows"), "scope": _l("scope"), "scopes": _l("scopes"),
    "shipments": _l("shipments"), "skipped": _l("skipped"), "source": _l("source"), "state": _l("state"),
    "status": _l("status"), "until": _l("until"), "updated": _l("updated"),
}  # fmt: skip

#: What the codes in a fact mean. Others are shown in plain letters.
_VALUES: dict[str, dict[str, LazyString]] = {
    "category": {
        "hosting": _l("Hosting and storage"), "storage": _l("Cloud storage"), "payments": _l("Payments"),
        "carriers": _l("Carriers and other systems that you connect"), "support_tools": _l("Help-desk tools"),
        "messaging": _l("E-mail and marketing automation"), "analytics": _l("Analytics and monitoring"),
    },
    "channel": {
        "email": _l("e-mail"), "sms": _l("text message"), "newsletter": _l("newsletter"), "survey": _l("survey"),
        "in_app": _l("notification in the service"),
    },
    "field": {
        "name": _l("Name"), "first_name": _l("First name"), "last_name": _l("Last name"), "company": _l("Company"),
        "email": _l("E-mail"), "phone": _l("Phone"), "mobile": _l("Mobile"), "job_title": _l("Job title"),
        "title": _l("Job title"), "note": _l("Note"), "street": _l("Street"), "postcode": _l("Postcode"),
        "city": _l("City"), "region": _l("Region"), "country": _l("Country"), "tags": _l("Tags"),
        "language": _l("Language"), "currency": _l("Currency"), "time_zone": _l("Time zone"), "tax_code": _l("Tax code"),
        "industry": _l("Industry"), "size": _l("Size"), "address": _l("Address"), "website": _l("Website"),
        "privacy_contact": _l("Privacy contact"), "owner_id": _l("Owner"), "stage_id": _l("Stage"),
        "value_amount": _l("Value"), "source": _l("Source"),
    },
    "how": {"portal": _l("customer portal"), "deletion": _l("deletion"), "unsubscribe": _l("link to unsubscribe")},
    "kind": {
        "account": _l("account"), "person": _l("person"), "note": _l("Note"), "call": _l("Call"), "email": _l("E-mail"),
        "visit": _l("Visit"), "access": _l("access"), "rectification": _l("correction"), "erasure": _l("erasure"),
        "restriction": _l("restriction"), "objection": _l("objection"), "portability": _l("portability"),
        "complaint": _l("complaint"), "minor": _l("data of a child"), "inquiry": _l("question"),
    },
    "purpose": {
        "marketing": _l("Offers and advertising"), "product_updates": _l("News about the product"),
        "personalisation": _l("Fitting pages to a person"), "recommendations": _l("Suggestions"),
        "surveys": _l("Surveys"), "insights": _l("News of the trade"), "analytics": _l("Counting visits"),
        "location": _l("Finding the way: position of field staff"), "partners": _l("Sharing with partners"),
    },
    "source": {
        "you": _l("typed in by hand"), "import": _l("came with an import"), "automatic": _l("sent by the person"),
        "lead": _l("from a lead"), "person": _l("Somebody of ours"), "carrier": _l("Carrier"),
    },
    "state": {"fulfilled": _l("Done"), "denied": _l("Refused"), "approved": _l("approved"), "refused": _l("Refused")},
    "status": {
        "pending": _l("Registered"), "picked_up": _l("Picked up"), "in_transit": _l("In transit"),
        "on_hold": _l("On hold"), "delayed": _l("Delayed"), "out_for_delivery": _l("Out for delivery"),
        "ready_for_pickup": _l("Ready for pickup"), "attempt_failed": _l("Delivery attempt failed"),
        "exception": _l("Exception"), "return_to_sender": _l("Returning to sender"), "delivered": _l("Delivered"),
        "cancelled": _l("Cancelled"), "unknown": _l("Unknown"),
    },
}  # fmt: skip


def done(action: str) -> str:
    """'changed a role' for "member.role"; the code in plain letters where there are no words yet."""
    return str(ACTIONS[action]) if action in ACTIONS else _plain(action)


def facts(given: Mapping[str, Any]) -> list[str]:
    """['fields: e-mail, phone', 'rows: 1,200'] for what an event holds; what is empty is left out."""
    return [
        f"{_FACTS.get(key, _plain(key))}: {_value(key, value)}"
        for key, value in given.items()
        if value not in ("", [], None)
    ]


def _value(key: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(key.removesuffix("s"), one) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return show_number(value)
    if key == "role" and value in ROLES:
        return str(ROLES[value][0])
    if key == "scope" and value in SCOPES:
        return str(SCOPES[value])
    if value in (words := _VALUES.get(key, {})):
        return str(words[value])
    return value[:12] if key == "hash" else _plain(value)


def _plain(code: str) -> str:
    return code.replace(".", ": ", 1).replace("_", " ")
