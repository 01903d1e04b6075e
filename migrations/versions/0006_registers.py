"""registers of the officer: controls with their evidence, breaches, disclosures

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
import logicrm.core.schema
from logicrm.core.ddl import row_security, row_security_gone
revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

# Tables that PostgreSQL narrows to one workspace (row-level security), in the order in which they can be dropped.
FENCED = (
    "disclosure_person", "disclosure", "control_evidence", "control", "breach_person", "breach_notice", "breach",
)
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
Id, UtcDateTime = logicrm.core.schema.Id, logicrm.core.schema.UtcDateTime


def upgrade():
    op.create_table('breach',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=150), nullable=False),
    sa.Column('is_exercise', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('detected_at', UtcDateTime(), nullable=False),
    sa.Column('aware_at', UtcDateTime(), nullable=False),
    sa.Column('triaged_at', UtcDateTime(), nullable=True),
    sa.Column('began_at', UtcDateTime(), nullable=True),
    sa.Column('ended_at', UtcDateTime(), nullable=True),
    sa.Column('happened', sa.Text(), nullable=False),
    sa.Column('data_kinds', JSON, nullable=False),
    sa.Column('people_kinds', JSON, nullable=False),
    sa.Column('people_count', sa.Integer(), nullable=True),
    sa.Column('record_count', sa.Integer(), nullable=True),
    sa.Column('consequences', sa.Text(), nullable=False),
    sa.Column('measures', sa.Text(), nullable=False),
    sa.Column('risk', sa.String(length=5), nullable=False),
    sa.Column('reasons', sa.Text(), nullable=False),
    sa.Column('authority_due_at', UtcDateTime(), nullable=True),
    sa.Column('authority_by', sa.String(length=60), nullable=False),
    sa.Column('people_due_at', UtcDateTime(), nullable=True),
    sa.Column('recorded_at', UtcDateTime(), nullable=False),
    sa.Column('recorded_by', Id(), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('decided_by', Id(), nullable=True),
    sa.Column('closed_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['decided_by'], ['user.id'], name=op.f('fk_breach_decided_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['recorded_by'], ['user.id'], name=op.f('fk_breach_recorded_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_breach_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_breach')),
    sa.UniqueConstraint('workspace_id', 'number', name=op.f('uq_breach_workspace_id_number'))
    )
    with op.batch_alter_table('breach', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_breach_decided_by'), ['decided_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_breach_recorded_by'), ['recorded_by'], unique=False)
        batch_op.create_index('ix_breach_state', ['workspace_id', 'state', 'aware_at'], unique=False)

    op.create_table('control',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('key', sa.String(length=30), nullable=False),
    sa.Column('owner_id', Id(), nullable=True),
    sa.Column('began_on', sa.Date(), nullable=False),
    sa.Column('reminded_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_control_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_control_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_control')),
    sa.UniqueConstraint('workspace_id', 'key', name=op.f('uq_control_workspace_id_key'))
    )
    with op.batch_alter_table('control', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_control_owner_id'), ['owner_id'], unique=False)

    op.create_table('breach_notice',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('breach_id', Id(), nullable=False),
    sa.Column('audience', sa.String(length=10), nullable=False),
    sa.Column('phase', sa.String(length=8), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('way', sa.String(length=10), nullable=False),
    sa.Column('reference', sa.String(length=100), nullable=False),
    sa.Column('sent_at', UtcDateTime(), nullable=False),
    sa.Column('due_at', UtcDateTime(), nullable=True),
    sa.Column('late_reason', sa.Text(), nullable=False),
    sa.Column('file_id', Id(), nullable=True),
    sa.Column('sent_by', Id(), nullable=True),
    sa.ForeignKeyConstraint(['sent_by'], ['user.id'], name=op.f('fk_breach_notice_sent_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'breach_id'], ['breach.workspace_id', 'breach.id'], name=op.f('fk_breach_notice_workspace_id_breach_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'file_id'], ['stored_file.workspace_id', 'stored_file.id'], name=op.f('fk_breach_notice_workspace_id_file_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_breach_notice_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_breach_notice'))
    )
    with op.batch_alter_table('breach_notice', schema=None) as batch_op:
        batch_op.create_index('ix_breach_notice_breach', ['workspace_id', 'breach_id', 'audience', 'sent_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_breach_notice_sent_by'), ['sent_by'], unique=False)

    op.create_table('breach_person',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('breach_id', Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('found_in', JSON, nullable=False),
    sa.Column('found_at', UtcDateTime(), nullable=False),
    sa.Column('asked_for', Id(), nullable=True),
    sa.Column('asked_at', UtcDateTime(), nullable=True),
    sa.Column('told_for', Id(), nullable=True),
    sa.Column('told_at', UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'breach_id'], ['breach.workspace_id', 'breach.id'], name=op.f('fk_breach_person_workspace_id_breach_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_breach_person_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_breach_person')),
    sa.UniqueConstraint('workspace_id', 'breach_id', 'email', name=op.f('uq_breach_person_workspace_id_breach_id_email'))
    )
    with op.batch_alter_table('breach_person', schema=None) as batch_op:
        batch_op.create_index('ix_breach_person_asked', ['workspace_id', 'breach_id', 'asked_for', 'told_for'], unique=False)
        batch_op.create_index('ix_breach_person_email', ['workspace_id', 'email'], unique=False)

    op.create_table('control_evidence',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('control_id', Id(), nullable=False),
    sa.Column('done_on', sa.Date(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('file_id', Id(), nullable=True),
    sa.Column('given_at', UtcDateTime(), nullable=False),
    sa.Column('given_by', Id(), nullable=True),
    sa.ForeignKeyConstraint(['given_by'], ['user.id'], name=op.f('fk_control_evidence_given_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'control_id'], ['control.workspace_id', 'control.id'], name=op.f('fk_control_evidence_workspace_id_control_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'file_id'], ['stored_file.workspace_id', 'stored_file.id'], name=op.f('fk_control_evidence_workspace_id_file_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_control_evidence_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_control_evidence'))
    )
    with op.batch_alter_table('control_evidence', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_control_evidence_given_by'), ['given_by'], unique=False)
        batch_op.create_index('ix_control_evidence_latest', ['workspace_id', 'control_id', 'done_on'], unique=False)

    op.create_table('disclosure',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('authority', sa.String(length=200), nullable=False),
    sa.Column('reference', sa.String(length=100), nullable=False),
    sa.Column('ground', sa.String(length=20), nullable=False),
    sa.Column('law', sa.String(length=300), nullable=False),
    sa.Column('wanted', sa.Text(), nullable=False),
    sa.Column('whose', sa.String(length=300), nullable=False),
    sa.Column('people_count', sa.Integer(), nullable=False),
    sa.Column('file_id', Id(), nullable=True),
    sa.Column('asked_at', UtcDateTime(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('recorded_at', UtcDateTime(), nullable=False),
    sa.Column('recorded_by', Id(), nullable=True),
    sa.Column('decided_at', UtcDateTime(), nullable=True),
    sa.Column('decided_by', Id(), nullable=True),
    sa.Column('four_eyes', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('given', sa.Text(), nullable=False),
    sa.Column('given_at', UtcDateTime(), nullable=True),
    sa.Column('told_at', UtcDateTime(), nullable=True),
    sa.Column('not_told', sa.String(length=12), nullable=False),
    sa.Column('not_told_why', sa.String(length=300), nullable=False),
    sa.ForeignKeyConstraint(['decided_by'], ['user.id'], name=op.f('fk_disclosure_decided_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['recorded_by'], ['user.id'], name=op.f('fk_disclosure_recorded_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'file_id'], ['stored_file.workspace_id', 'stored_file.id'], name=op.f('fk_disclosure_workspace_id_file_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_disclosure_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_disclosure')),
    sa.UniqueConstraint('workspace_id', 'number', name=op.f('uq_disclosure_workspace_id_number'))
    )
    with op.batch_alter_table('disclosure', schema=None) as batch_op:
        batch_op.create_index('ix_disclosure_asked', ['workspace_id', 'asked_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_disclosure_decided_by'), ['decided_by'], unique=False)
        batch_op.create_index(batch_op.f('ix_disclosure_recorded_by'), ['recorded_by'], unique=False)

    op.create_table('disclosure_person',
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.Column('disclosure_id', Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('told_at', UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'disclosure_id'], ['disclosure.workspace_id', 'disclosure.id'], name=op.f('fk_disclosure_person_workspace_id_disclosure_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_disclosure_person_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_disclosure_person')),
    sa.UniqueConstraint('workspace_id', 'disclosure_id', 'email', name=op.f('uq_disclosure_person_workspace_id_disclosure_id_email'))
    )
    with op.batch_alter_table('disclosure_person', schema=None) as batch_op:
        batch_op.create_index('ix_disclosure_person_email', ['workspace_id', 'email'], unique=False)

    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security(table)):
            op.execute(statement)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security_gone(table)):
            op.execute(statement)
    for table in FENCED:
        op.drop_table(table)
