"""How roles, scopes and a workspace's facts are called, for people."""

from __future__ import annotations

from logicrm.core.access import Role, Scope
from logicrm.core.jobs_models import JobState
from logicrm.core.phrases import lazy_gettext as _l

ROLES = {
    Role.OWNER: (_l("Owner"), _l("Everything, and the workspace itself")),
    Role.MANAGER: (_l("Manager"), _l("Leads, customers, shipments and requests; sees people and settings")),
    Role.SALES: (_l("Sales"), _l("Leads and customers; sees shipments")),
    Role.DISPATCHER: (_l("Dispatcher"), _l("Customers and shipments, with their events")),
    Role.DRIVER: (_l("Driver"), _l("Adds tracking events")),
    Role.SUPPORT: (_l("Support"), _l("Privacy requests; sees customers and shipments")),
    Role.DPO: (_l("Data protection officer"), _l("Privacy, requests and the audit trail; changes no business data")),
}

SCOPES = {
    Scope.READ_SHIPMENTS: _l("Read shipments and their tracking"),
    Scope.WRITE_EVENTS: _l("Add tracking events"),
}

SIZES = [
    ("", _l("Not said")), ("1", _l("Just me")), ("2-9", _l("2 to 9 people")), ("10-49", _l("10 to 49 people")),
    ("50-249", _l("50 to 249 people")), ("250+", _l("250 people or more")),
]  # fmt: skip

INDUSTRIES = [
    ("", _l("Not said")), ("courier", _l("Courier and parcels")), ("road", _l("Road freight")),
    ("forwarding", _l("Freight forwarding")), ("warehouse", _l("Warehousing and fulfilment")),
    ("moving", _l("Moving and removals")), ("field", _l("Field service")), ("other", _l("Something else")),
]  # fmt: skip

JOB_STATES = {
    JobState.WAITING: (_l("Waiting"), "neutral", "clock"),
    JobState.RUNNING: (_l("Running"), "info", "refresh"),
    JobState.DONE: (_l("Done"), "good", "check-circle"),
    JobState.FAILED: (_l("Failed"), "bad", "error"),
    JobState.CANCELLED: (_l("Cancelled"), "neutral", "close"),
}
