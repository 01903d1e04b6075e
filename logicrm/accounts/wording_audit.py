"""The audit trail in words: what was done, and the facts of it. None of them names a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logicrm.accounts.wording import ROLES, SCOPES
from logicrm.core.phrases import gettext as _
from logicrm.core.phrases import lazy_gettext as _l
from logicrm.core.words import show_number

#: After the name of whoever did it.
ACTIONS = {
    "account.changed": _l("changed their account"),
    "account.demo_sign_in": _l("signed in by a demo link"),
    "account.email": _l("changed their e-mail address"),
    "account.password": _l("changed their password"),
    "account.signed_in": _l("signed in"),
    "activity.added": _l("noted what happened"),
    "company.added": _l("added a company"),
    "company.changed": _l("changed a company"),
    "consent.ended_by_policy": _l("ended consents, because the policy changed"),
    "consent.given": _l("recorded a consent"),
    "consent.withdrawn": _l("recorded that a consent was taken back"),
    "contact.added": _l("added a person"),
    "contact.changed": _l("changed a person"),
    "deletion.cancelled": _l("recorded that a deletion was taken back"),
    "deletion.hastened": _l("brought a deletion forward"),
    "deletion.purged": _l("carried out a deletion"),
    "deletion.scheduled": _l("scheduled a deletion"),
    "demo.loaded": _l("loaded the demo"),
    "export.asked": _l("asked for a copy of personal data"),
    "history.undo": _l("took a change back"),
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
    "request.answered": _l("answered a privacy request"),
    "request.begun": _l("began to work on a privacy request"),
    "request.filed": _l("received a privacy request"),
    "request.taken_back": _l("recorded that a privacy request was taken back"),
    "shipment.added": _l("registered a shipment"),
    "shipment.changed": _l("changed a shipment"),
    "shipment.event": _l("added an event to a shipment"),
    "shipment.event_corrected": _l("corrected an event of a shipment"),
    "task.added": _l("planned a task"),
    "task.done": _l("did a task"),
    "token.made": _l("made an API token"),
    "token.revoked": _l("revoked an API token"),
    "workspace.changed": _l("changed the workspace"),
    "workspace.made": _l("made the workspace"),
}

_FACTS = {
    "created": _l("added"), "due": _l("answer by"), "duplicates": _l("who is known already"), "fields": _l("fields"),
    "how": _l("by way of"), "instead_of": _l("instead of"), "known": _l("was known already"),
    "left_alone": _l("left alone"), "part": _l("part"), "restored": _l("put back"),
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
    return value[:12] if key == "hash" else _plain(value)


def _plain(code: str) -> str:
    return code.replace(".", ": ", 1).replace("_", " ")
