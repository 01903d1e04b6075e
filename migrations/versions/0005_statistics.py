"""PostgreSQL: the fence reads its settings once per statement, and a common word is found among the newest rows

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

FENCED = (
    "activity", "audit_event", "audit_head", "change", "change_set", "company", "consent", "contact", "data_subject",
    "import_mapping", "import_problem", "import_run", "invitation", "lead", "lead_address", "pipeline", "policy_draft",
    "policy_reading", "policy_version", "privacy_request", "shipment", "shipment_piece", "stage", "stage_sum", "task",
    "tracking_event",
)
ONCE = (
    "workspace_id = (SELECT nullif(current_setting('app.workspace', true), '')::uuid)",
    "(SELECT current_setting('app.across', true)) = 'on'",
)
PER_ROW = (
    "workspace_id = nullif(current_setting('app.workspace', true), '')::uuid",
    "current_setting('app.across', true) = 'on'",
)


def _fence(here, everywhere):
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in FENCED:
        condition = f"({here} OR {everywhere})"
        op.execute(sa.text(f'ALTER POLICY in_workspace ON "{table}" USING {condition} WITH CHECK {condition}'))


def upgrade():
    _fence(*ONCE)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_search_entry_latest", "search_entry", ["workspace_id", "kind", sa.text("(-seq)")])


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_search_entry_latest", "search_entry")
    _fence(*PER_ROW)
