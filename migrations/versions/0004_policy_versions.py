"""published policies: drafts, versions that never change, who knows of which

Revision ID: 0004
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
import logicrm.core.schema
from logicrm.core.ddl import row_security, row_security_gone
from logicrm.privacy import policy_fence
revision = '0004'
down_revision = '0001'
branch_labels = None
depends_on = None

# Tables that PostgreSQL narrows to one workspace (row-level security).
FENCED = ("policy_draft", "policy_reading", "policy_version")


def upgrade():
    op.create_table('policy_draft',
    sa.Column('document', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('changed_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('changed_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_policy_draft_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_policy_draft')),
    sa.UniqueConstraint('workspace_id', name=op.f('uq_policy_draft_workspace_id'))
    )
    op.create_table('policy_version',
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('document', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('last_updated', sa.Date(), nullable=False),
    sa.Column('effective_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('published_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('published_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('material', sa.Boolean(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_policy_version_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_policy_version')),
    sa.UniqueConstraint('workspace_id', 'number', name=op.f('uq_policy_version_workspace_id_number'))
    )
    op.create_table('policy_reading',
    sa.Column('version_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('account_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('told_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('seen_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('accepted_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('accepted_how', sa.String(length=12), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['user.id'], name=op.f('fk_policy_reading_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'subject_id'], ['data_subject.workspace_id', 'data_subject.id'], name=op.f('fk_policy_reading_workspace_id_subject_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'version_id'], ['policy_version.workspace_id', 'policy_version.id'], name=op.f('fk_policy_reading_workspace_id_version_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_policy_reading_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_policy_reading'))
    )
    with op.batch_alter_table('policy_reading', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_policy_reading_account_id'), ['account_id'], unique=False)
        batch_op.create_index('ix_policy_reading_of_subject', ['workspace_id', 'subject_id'], unique=False)
        batch_op.create_index('uq_policy_reading_account', ['workspace_id', 'version_id', 'account_id'], unique=True)
        batch_op.create_index('uq_policy_reading_subject', ['workspace_id', 'version_id', 'subject_id'], unique=True)

    # Not in a batch: SQLite would copy the table, and every other one refers to it.
    op.add_column('workspace', sa.Column('policy_number', sa.Integer(), server_default='0', nullable=False))
    dialect = op.get_bind().dialect.name
    for statement in policy_fence.statements(dialect, closing=False):
        op.execute(statement)
    if dialect == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security(table)):
            op.execute(statement)


def downgrade():
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        for statement in (statement for table in FENCED for statement in row_security_gone(table)):
            op.execute(statement)
    for statement in policy_fence.gone(dialect):
        op.execute(statement)
    op.drop_column('workspace', 'policy_number')
    op.drop_table('policy_reading')
    op.drop_table('policy_version')
    op.drop_table('policy_draft')
