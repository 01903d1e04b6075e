"""recipients of data, answers for the record of processing, connections to the outside

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
import logicrm.core.schema
from logicrm.core import ddl
from logicrm.core.ddl import row_security, row_security_gone
revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

FENCED = ("processing_record", "recipient")
JSON = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql')
Id, UtcDateTime = logicrm.core.schema.Id, logicrm.core.schema.UtcDateTime


def upgrade():
    op.create_table('outgoing_connection',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('workspace_id', Id(), nullable=True),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('service', sa.String(length=20), nullable=False),
    sa.Column('host', sa.String(length=253), nullable=False),
    sa.Column('recipient_id', Id(), nullable=True),
    sa.Column('allowed', sa.Boolean(), nullable=False),
    sa.Column('code', sa.String(length=20), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('first_at', UtcDateTime(), nullable=False),
    sa.Column('last_at', UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_outgoing_connection'))
    )
    op.create_index('ix_outgoing_connection_place', 'outgoing_connection', ['workspace_id', 'day'])
    op.create_table('processing_record',
    sa.Column('texts', JSON, nullable=False),
    sa.Column('public_names', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('changed_at', UtcDateTime(), nullable=False),
    sa.Column('changed_by', Id(), nullable=True),
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_processing_record_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_processing_record')),
    sa.UniqueConstraint('workspace_id', name=op.f('uq_processing_record_workspace_id'))
    )
    op.create_table('recipient',
    sa.Column('category', sa.String(length=20), nullable=False),
    sa.Column('name', sa.String(length=160), nullable=False),
    sa.Column('role', sa.String(length=12), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('mechanism', sa.String(length=20), nullable=False),
    sa.Column('data', JSON, nullable=False),
    sa.Column('hosts', JSON, nullable=False),
    sa.Column('contract_on', sa.Date(), nullable=True),
    sa.Column('contract_ends', sa.Date(), nullable=True),
    sa.Column('contract_file_id', Id(), nullable=True),
    sa.Column('secrecy_on', sa.Date(), nullable=True),
    sa.Column('contact_email', sa.String(length=254), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('changed_at', UtcDateTime(), nullable=False),
    sa.Column('changed_by', Id(), nullable=True),
    sa.Column('workspace_id', Id(), nullable=False),
    sa.Column('id', Id(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_recipient_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_recipient'))
    )
    op.create_index('ix_recipient_email', 'recipient', ['workspace_id', 'contact_email'])
    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security(table)):
            op.execute(statement)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security_gone(table)):
            op.execute(statement)
    # What waits for a recipient to be listed is a state that the program did not know before.
    op.execute("update outgoing_mail set state = 'withheld' where state = 'waiting'")
    op.drop_table('recipient')
    op.drop_table('processing_record')
    op.drop_table('outgoing_connection')
