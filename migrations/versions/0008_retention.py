"""retention: legal holds, unused accounts, workspaces that close, runs that say more

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

import logicrm.core.schema
from logicrm.core.ddl import row_security, row_security_gone
from logicrm.privacy import policy_fence

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Tables that PostgreSQL narrows to one workspace (row-level security).
FENCED = ("held_row", "legal_hold", "retention_release")
Id, Utc = logicrm.core.schema.Id, logicrm.core.schema.UtcDateTime


def upgrade():
    op.create_table(
        "legal_hold",
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("record_id", Id(), nullable=True),
        sa.Column("subject_kind", sa.String(length=20), nullable=False),
        sa.Column("subject_id", Id(), nullable=True),
        sa.Column("data_class", sa.String(length=20), nullable=False),
        sa.Column("ground", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("set_by", Id(), nullable=True),
        sa.Column("set_at", Utc(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("lifted_at", Utc(), nullable=True),
        sa.Column("lifted_by", Id(), nullable=True),
        sa.Column("lift_reason", sa.String(length=300), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.ForeignKeyConstraint(["lifted_by"], ["user.id"], name=op.f("fk_legal_hold_lifted_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["set_by"], ["user.id"], name=op.f("fk_legal_hold_set_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_legal_hold_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_legal_hold")),
    )
    op.create_index("ix_legal_hold_until", "legal_hold", ["workspace_id", "until"])
    op.create_index(op.f("ix_legal_hold_subject_id"), "legal_hold", ["subject_id"])
    op.create_table(
        "held_row",
        sa.Column("hold_id", Id(), nullable=False),
        sa.Column("table_name", sa.String(length=60), nullable=False),
        sa.Column("row_id", Id(), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "hold_id"],
            ["legal_hold.workspace_id", "legal_hold.id"],
            name=op.f("fk_held_row_workspace_id_hold_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_held_row_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_held_row")),
        sa.UniqueConstraint(
            "workspace_id",
            "hold_id",
            "table_name",
            "row_id",
            name=op.f("uq_held_row_workspace_id_hold_id_table_name_row_id"),
        ),
    )
    op.create_index("ix_held_row_row", "held_row", ["table_name", "row_id"])
    op.create_table(
        "account_warning",
        sa.Column("id", Id(), nullable=False),
        sa.Column("user_id", Id(), nullable=False),
        sa.Column("unused_since", Utc(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("sent_at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_account_warning_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_warning")),
        sa.UniqueConstraint(
            "user_id", "unused_since", "days", name=op.f("uq_account_warning_user_id_unused_since_days")
        ),
    )
    op.create_table(
        "retention_release",
        sa.Column("executor", sa.String(length=80), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("released_by", Id(), nullable=True),
        sa.Column("released_at", Utc(), nullable=False),
        sa.Column("used_at", Utc(), nullable=True),
        sa.Column("workspace_id", Id(), nullable=False),
        sa.Column("id", Id(), nullable=False),
        sa.ForeignKeyConstraint(
            ["released_by"], ["user.id"], name=op.f("fk_retention_release_released_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspace.id"], name=op.f("fk_retention_release_workspace_id")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_retention_release")),
    )
    op.create_index("ix_retention_release_executor", "retention_release", ["workspace_id", "executor"])

    # Not in a batch: SQLite would copy the table.
    op.add_column("retention_run", sa.Column("action", sa.String(length=10), server_default="delete", nullable=False))
    for name in ("held", "considered"):
        op.add_column("retention_run", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("retention_run", sa.Column("oldest_left", Utc(), nullable=True))
    op.add_column("user", sa.Column("ended_at", Utc(), nullable=True))
    op.add_column("user", sa.Column("ended_in", Id(), nullable=True))
    op.create_index(op.f("ix_user_ended_in"), "user", ["ended_in"])
    op.add_column("workspace", sa.Column("closes_at", Utc(), nullable=True))
    op.add_column("privacy_request", sa.Column("extended_at", Utc(), nullable=True))
    op.add_column("privacy_request", sa.Column("extension_reason", sa.Text(), server_default="", nullable=False))
    for statement in policy_fence.anew(op.get_bind().dialect.name, closing=True):
        op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security(table)):
            op.execute(statement)


def downgrade():
    for statement in policy_fence.anew(op.get_bind().dialect.name, closing=False):
        op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security_gone(table)):
            op.execute(statement)
    op.drop_column("privacy_request", "extension_reason")
    op.drop_column("privacy_request", "extended_at")
    op.drop_column("workspace", "closes_at")
    op.drop_index(op.f("ix_user_ended_in"), table_name="user")
    op.drop_column("user", "ended_in")
    op.drop_column("user", "ended_at")
    for name in ("oldest_left", "considered", "held", "action"):
        op.drop_column("retention_run", name)
    op.drop_table("retention_release")
    op.drop_table("account_warning")
    op.drop_table("held_row")
    op.drop_table("legal_hold")
