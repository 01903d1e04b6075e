"""first tables

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
import logicrm.core.schema
from logicrm.core.ddl import after_first_tables, before_first_tables, tables_gone
from logicrm.leads.pipelines import sums
revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

# Tables that PostgreSQL narrows to one workspace (row-level security).
FENCED = (
    "activity",
    "audit_event",
    "audit_head",
    "change",
    "change_set",
    "company",
    "consent",
    "contact",
    "data_subject",
    "import_mapping",
    "import_problem",
    "import_run",
    "invitation",
    "lead",
    "lead_address",
    "pipeline",
    "privacy_request",
    "shipment",
    "shipment_piece",
    "stage",
    "stage_sum",
    "stored_file",
    "suppression",
    "task",
    "tracking_event",
    "watermark",
    "waybill_counter",
)


def upgrade():
    for statement in before_first_tables(op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table('deletion',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('subject_kind', sa.String(length=20), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('due_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('at_once', sa.Boolean(), nullable=False),
    sa.Column('cancelled_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('begun_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('purged_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('step', sa.String(length=20), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('certificate_hash', sa.String(length=64), nullable=False),
    sa.Column('signature', sa.String(length=128), nullable=False),
    sa.Column('certificate', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deletion')),
    sa.UniqueConstraint('reference', name=op.f('uq_deletion_reference'))
    )
    with op.batch_alter_table('deletion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deletion_certificate_hash'), ['certificate_hash'], unique=False)
        batch_op.create_index('ix_deletion_due', ['state', 'due_at'], unique=False)
        batch_op.create_index('ix_deletion_subject', ['subject_kind', 'subject_id', 'asked_at'], unique=False)
        batch_op.create_index('uq_deletion_open', ['subject_kind', 'subject_id'], unique=True, sqlite_where=sa.text("state in ('scheduled', 'purging')"), postgresql_where=sa.text("state in ('scheduled', 'purging')"))

    op.create_table('file_tombstone',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('storage_key', sa.String(length=80), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_file_tombstone'))
    )
    op.create_table('job',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('args', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('run_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('max_attempts', sa.BigInteger(), nullable=False),
    sa.Column('lease_until', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('leased_by', sa.String(length=32), nullable=True),
    sa.Column('progress_done', sa.BigInteger(), nullable=False),
    sa.Column('progress_total', sa.BigInteger(), nullable=True),
    sa.Column('progress_note', sa.String(length=200), nullable=False),
    sa.Column('error', sa.String(length=300), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('started_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('finished_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('created_by', logicrm.core.schema.Id(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    sa.UniqueConstraint('key', name=op.f('uq_job_key'))
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_state_run_at_id'), ['state', 'run_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_job_workspace_id_id'), ['workspace_id', 'id'], unique=False)

    op.create_table('outgoing_mail',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('to_address', sa.String(length=254), nullable=False),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), nullable=False),
    sa.Column('headers', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('attachments', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('mail_class', sa.String(length=20), nullable=False),
    sa.Column('purpose', sa.String(length=60), nullable=False),
    sa.Column('subject_kind', sa.String(length=40), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('sent_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outgoing_mail'))
    )
    with op.batch_alter_table('outgoing_mail', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outgoing_mail_to_address'), ['to_address'], unique=False)
        batch_op.create_index(batch_op.f('ix_outgoing_mail_workspace_id_id'), ['workspace_id', 'id'], unique=False)

    op.create_table('privacy_export',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('subject_kind', sa.String(length=20), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('ready_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('downloads', sa.Integer(), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.Column('fault', sa.String(length=200), nullable=False),
    sa.Column('job_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('files', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_privacy_export'))
    )
    with op.batch_alter_table('privacy_export', schema=None) as batch_op:
        batch_op.create_index('ix_privacy_export_subject', ['subject_kind', 'subject_id', 'asked_at'], unique=False)

    op.create_table('retention_run',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('run_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('executor', sa.String(length=80), nullable=False),
    sa.Column('data_class', sa.String(length=20), nullable=False),
    sa.Column('cutoff', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('due', sa.BigInteger(), nullable=False),
    sa.Column('acted', sa.BigInteger(), nullable=False),
    sa.Column('braked', sa.Boolean(), nullable=False),
    sa.Column('ran_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_retention_run'))
    )
    with op.batch_alter_table('retention_run', schema=None) as batch_op:
        batch_op.create_index('ix_retention_run_executor', ['executor', 'ran_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_retention_run_run_id'), ['run_id'], unique=False)

    op.create_table('search_entry',
    sa.Column('seq', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), sa.Identity(always=False), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('ref_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_search_entry'))
    )
    with op.batch_alter_table('search_entry', schema=None) as batch_op:
        batch_op.create_index('ix_search_entry_trigram', ['body'], unique=False, postgresql_using='gin', postgresql_ops={'body': 'gin_trgm_ops'})
        batch_op.create_index('uq_search_entry_ref', ['workspace_id', 'kind', 'ref_id'], unique=True)

    op.create_table('throttle',
    sa.Column('name', sa.String(length=64), nullable=False),
    sa.Column('window_end', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_throttle'))
    )
    op.create_table('user',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('job_title', sa.String(length=120), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('password_set_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('of_age', sa.Boolean(), nullable=False),
    sa.Column('terms_version', sa.String(length=64), nullable=False),
    sa.Column('terms_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('security_epoch', sa.Integer(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('last_seen_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('deletion_due_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user')),
    sa.UniqueConstraint('email', name=op.f('uq_user_email'))
    )
    op.create_table('workspace',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('slug', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('size', sa.String(length=20), nullable=False),
    sa.Column('industry', sa.String(length=60), nullable=False),
    sa.Column('tax_code', sa.String(length=40), nullable=False),
    sa.Column('address', sa.String(length=400), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('time_zone', sa.String(length=60), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('privacy_contact', sa.String(length=254), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_workspace')),
    sa.UniqueConstraint('slug', name=op.f('uq_workspace_slug'))
    )
    op.create_table('api_token',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('scopes', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('created_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('last_used_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['user.id'], name=op.f('fk_api_token_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_api_token_workspace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_api_token_token_hash'))
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_index('ix_api_token_workspace_id', ['workspace_id', 'id'], unique=False)

    op.create_table('audit_event',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('actor', logicrm.core.schema.Id(), nullable=True),
    sa.Column('action', sa.String(length=60), nullable=False),
    sa.Column('object_kind', sa.String(length=40), nullable=False),
    sa.Column('object_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('link', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_audit_event_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_audit_event'))
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index('ix_audit_event_object', ['workspace_id', 'object_kind', 'object_id'], unique=False)
        batch_op.create_index('uq_audit_event_sequence', ['workspace_id', 'sequence'], unique=True)

    op.create_table('audit_head',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('link', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_audit_head_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_audit_head'))
    )
    op.create_table('change_set',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('made_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('made_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('undone_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['made_by'], ['user.id'], name=op.f('fk_change_set_made_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_change_set_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_change_set'))
    )
    op.create_table('company',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('name_key', sa.String(length=120).with_variant(sa.String(length=120, collation='C'), 'postgresql'), nullable=False),
    sa.Column('tax_code', sa.String(length=40), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('street', sa.String(length=300), nullable=False),
    sa.Column('city', sa.String(length=120), nullable=False),
    sa.Column('region', sa.String(length=120), nullable=False),
    sa.Column('postcode', sa.String(length=20), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('industry', sa.String(length=80), nullable=False),
    sa.Column('size', sa.String(length=40), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('owner_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_company_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_company_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_company'))
    )
    with op.batch_alter_table('company', schema=None) as batch_op:
        batch_op.create_index('ix_company_created', ['workspace_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_company_name', ['workspace_id', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_company_owner', ['owner_id'], unique=False)
        batch_op.create_index('ix_company_tax_code', ['workspace_id', 'tax_code'], unique=False)

    op.create_table('cookie_choice',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('visitor_hash', sa.String(length=64), nullable=False),
    sa.Column('account_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('person_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('allowed', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('refused', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('how', sa.String(length=12), nullable=False),
    sa.Column('gpc', sa.Boolean(), nullable=False),
    sa.Column('wording', sa.String(length=16), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('profile', sa.String(length=40), nullable=False),
    sa.Column('policy_hash', sa.String(length=64), nullable=False),
    sa.Column('at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('ends_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['user.id'], name=op.f('fk_cookie_choice_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cookie_choice'))
    )
    with op.batch_alter_table('cookie_choice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cookie_choice_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_cookie_choice_person_id'), ['person_id'], unique=False)
        batch_op.create_index('ix_cookie_choice_visitor', ['visitor_hash', 'at'], unique=False)

    op.create_table('data_subject',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('last_seen_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('deletion_due_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_data_subject_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_data_subject')),
    sa.UniqueConstraint('workspace_id', 'key_hash', name=op.f('uq_data_subject_workspace_id_key_hash'))
    )
    with op.batch_alter_table('data_subject', schema=None) as batch_op:
        batch_op.create_index('ix_data_subject_email', ['workspace_id', 'email'], unique=False)

    op.create_table('deletion_link',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('deletion_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['deletion_id'], ['deletion.id'], name=op.f('fk_deletion_link_deletion_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deletion_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_deletion_link_token_hash'))
    )
    with op.batch_alter_table('deletion_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deletion_link_deletion_id'), ['deletion_id'], unique=False)

    op.create_table('import_mapping',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('headings_hash', sa.String(length=64), nullable=False),
    sa.Column('fields', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('used_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_import_mapping_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_import_mapping'))
    )
    with op.batch_alter_table('import_mapping', schema=None) as batch_op:
        batch_op.create_index('uq_import_mapping_headings', ['workspace_id', 'headings_hash'], unique=True)

    op.create_table('import_run',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('file_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('reading', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('headings', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('sample', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('columns', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('choices', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('notes', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('failure', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True),
    sa.Column('faults', sa.Integer(), nullable=False),
    sa.Column('job_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('total', sa.Integer(), nullable=True),
    sa.Column('about_total', sa.Integer(), nullable=False),
    sa.Column('next_row', sa.Integer(), nullable=False),
    sa.Column('created', sa.Integer(), nullable=False),
    sa.Column('updated', sa.Integer(), nullable=False),
    sa.Column('skipped', sa.Integer(), nullable=False),
    sa.Column('failed', sa.Integer(), nullable=False),
    sa.Column('change_set_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('undo_step', sa.String(length=8), nullable=False),
    sa.Column('undo_after', logicrm.core.schema.Id(), nullable=True),
    sa.Column('undo_done', sa.Integer(), nullable=False),
    sa.Column('undo_total', sa.Integer(), nullable=False),
    sa.Column('removed', sa.Integer(), nullable=False),
    sa.Column('restored', sa.Integer(), nullable=False),
    sa.Column('left_alone', sa.Integer(), nullable=False),
    sa.Column('created_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('draft_until', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('started_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('finished_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['user.id'], name=op.f('fk_import_run_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_import_run_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_import_run'))
    )
    with op.batch_alter_table('import_run', schema=None) as batch_op:
        batch_op.create_index('ix_import_run_by', ['created_by'], unique=False)
        batch_op.create_index('ix_import_run_created', ['workspace_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_import_run_draft', ['workspace_id', 'draft_until'], unique=False)

    op.create_table('invitation',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('invited_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('accepted_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['invited_by'], ['user.id'], name=op.f('fk_invitation_invited_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_invitation_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_token_hash'))
    )
    op.create_table('membership',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('user_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('role', sa.String(length=20), nullable=False),
    sa.Column('joined_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_membership_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_membership_workspace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership'))
    )
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_user_id'), ['user_id'], unique=False)
        batch_op.create_index('uq_membership_user', ['workspace_id', 'user_id'], unique=True)

    op.create_table('one_time_link',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=20), nullable=False),
    sa.Column('user_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('used_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_one_time_link_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_one_time_link_workspace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_link')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_one_time_link_token_hash'))
    )
    with op.batch_alter_table('one_time_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_one_time_link_user_id'), ['user_id'], unique=False)

    op.create_table('pipeline',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_pipeline_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_pipeline'))
    )
    with op.batch_alter_table('pipeline', schema=None) as batch_op:
        batch_op.create_index('uq_pipeline_position', ['workspace_id', 'position'], unique=True)

    op.create_table('portal_code',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('browser_hash', sa.String(length=64), nullable=False),
    sa.Column('purpose', sa.String(length=10), nullable=False),
    sa.Column('code_hash', sa.String(length=64), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('used_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_portal_code_workspace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_portal_code'))
    )
    with op.batch_alter_table('portal_code', schema=None) as batch_op:
        batch_op.create_index('ix_portal_code_browser', ['browser_hash', 'purpose'], unique=False)
        batch_op.create_index(batch_op.f('ix_portal_code_email'), ['email'], unique=False)
        batch_op.create_index(batch_op.f('ix_portal_code_workspace_id'), ['workspace_id'], unique=False)

    op.create_table('stored_file',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('kind', sa.String(length=30), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=100), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('storage_key', sa.String(length=80), nullable=False),
    sa.Column('wrapped_key', sa.LargeBinary(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('entity_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_stored_file_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_stored_file'))
    )
    with op.batch_alter_table('stored_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stored_file_workspace_id_entity_id'), ['workspace_id', 'entity_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_stored_file_workspace_id_storage_key'), ['workspace_id', 'storage_key'], unique=False)

    op.create_table('suppression',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('purpose', sa.String(length=30), nullable=False),
    sa.Column('since', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('how', sa.String(length=20), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_suppression_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_suppression'))
    )
    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.create_index('uq_suppression', ['workspace_id', 'address_hash', 'channel', 'purpose'], unique=True)

    op.create_table('user_session',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('seen_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('proven_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('browser', sa.String(length=120), nullable=False),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_user_session_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_user_session_workspace_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_session_token_hash'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)

    op.create_table('watermark',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('executor', sa.String(length=80), nullable=False),
    sa.Column('ran_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('rows_considered', sa.Integer(), nullable=False),
    sa.Column('rows_acted', sa.Integer(), nullable=False),
    sa.Column('rows_overdue', sa.Integer(), nullable=False),
    sa.Column('oldest_left', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('run_id', logicrm.core.schema.Id(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_watermark_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_watermark')),
    sa.UniqueConstraint('workspace_id', 'executor', name=op.f('uq_watermark_workspace_id_executor'))
    )
    op.create_table('waybill_counter',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('last', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_waybill_counter_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_waybill_counter'))
    )
    op.create_table('change',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('change_set_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('row_kind', sa.String(length=40), nullable=False),
    sa.Column('row_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('before', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True),
    sa.Column('after', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'change_set_id'], ['change_set.workspace_id', 'change_set.id'], name=op.f('fk_change_workspace_id_change_set_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_change_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_change'))
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index('ix_change_email', ['workspace_id', 'email'], unique=False)
        batch_op.create_index('ix_change_row', ['workspace_id', 'row_id'], unique=False)
        batch_op.create_index('ix_change_set', ['workspace_id', 'change_set_id'], unique=False)

    op.create_table('consent',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('purpose', sa.String(length=30), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('given_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('withdrawn_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('how', sa.String(length=20), nullable=False),
    sa.Column('withdrawn_how', sa.String(length=20), nullable=False),
    sa.Column('wording', sa.Text(), nullable=False),
    sa.Column('wording_hash', sa.String(length=64), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('policy_hash', sa.String(length=64), nullable=False),
    sa.Column('proof', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'subject_id'], ['data_subject.workspace_id', 'data_subject.id'], name=op.f('fk_consent_workspace_id_subject_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_consent_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_consent'))
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index('ix_consent_subject', ['workspace_id', 'subject_id', 'given_at'], unique=False)
        batch_op.create_index('uq_consent_current', ['workspace_id', 'subject_id', 'purpose', 'channel'], unique=True, sqlite_where=sa.text('withdrawn_at is null'), postgresql_where=sa.text('withdrawn_at is null'))

    op.create_table('contact',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('first_name', sa.String(length=100), nullable=False),
    sa.Column('last_name', sa.String(length=100), nullable=False),
    sa.Column('job_title', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=40), nullable=True),
    sa.Column('phone_typed', sa.String(length=60), nullable=False),
    sa.Column('mobile', sa.String(length=40), nullable=True),
    sa.Column('street', sa.String(length=300), nullable=False),
    sa.Column('city', sa.String(length=120), nullable=False),
    sa.Column('region', sa.String(length=120), nullable=False),
    sa.Column('postcode', sa.String(length=20), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('tags', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('last_contact_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('relationship_ended_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('source_kind', sa.String(length=10), nullable=False),
    sa.Column('import_run_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('company_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('owner_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('name_key', sa.String(length=120).with_variant(sa.String(length=120, collation='C'), 'postgresql'), nullable=False),
    sa.Column('restricted', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_contact_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'company_id'], ['company.workspace_id', 'company.id'], name=op.f('fk_contact_workspace_id_company_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_contact_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_contact'))
    )
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.create_index('ix_contact_company', ['workspace_id', 'restricted', 'company_id', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_contact_created', ['workspace_id', 'restricted', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_contact_email', ['workspace_id', 'email'], unique=False)
        batch_op.create_index('ix_contact_ended', ['workspace_id', 'relationship_ended_at', 'id'], unique=False)
        batch_op.create_index('ix_contact_name', ['workspace_id', 'restricted', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_contact_owner', ['owner_id'], unique=False)
        batch_op.create_index('ix_contact_phone', ['workspace_id', 'phone'], unique=False)

    op.create_table('import_problem',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('import_run_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('cells', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('sentences', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('email_key', sa.String(length=254), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'import_run_id'], ['import_run.workspace_id', 'import_run.id'], name=op.f('fk_import_problem_workspace_id_import_run_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_import_problem_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_import_problem'))
    )
    with op.batch_alter_table('import_problem', schema=None) as batch_op:
        batch_op.create_index('ix_import_problem_created', ['workspace_id', 'created_at'], unique=False)
        batch_op.create_index('ix_import_problem_email', ['workspace_id', 'email_key'], unique=False)
        batch_op.create_index('ix_import_problem_run', ['workspace_id', 'import_run_id', 'line', 'id'], unique=False)

    op.create_table('portal_session',
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('seen_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('expires_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'subject_id'], ['data_subject.workspace_id', 'data_subject.id'], name=op.f('fk_portal_session_workspace_id_subject_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_portal_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_portal_session_token_hash'))
    )
    with op.batch_alter_table('portal_session', schema=None) as batch_op:
        batch_op.create_index('ix_portal_session_subject', ['workspace_id', 'subject_id'], unique=False)

    op.create_table('privacy_request',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('subject_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('language', sa.String(length=5), nullable=False),
    sa.Column('came_by', sa.String(length=10), nullable=False),
    sa.Column('received_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('policy_due_on', sa.Date(), nullable=True),
    sa.Column('legal_due_on', sa.Date(), nullable=True),
    sa.Column('regime', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('closed_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('handled_by', logicrm.core.schema.Id(), nullable=True),
    sa.ForeignKeyConstraint(['handled_by'], ['user.id'], name=op.f('fk_privacy_request_handled_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'subject_id'], ['data_subject.workspace_id', 'data_subject.id'], name=op.f('fk_privacy_request_workspace_id_subject_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_privacy_request_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_privacy_request'))
    )
    with op.batch_alter_table('privacy_request', schema=None) as batch_op:
        batch_op.create_index('ix_privacy_request_due', ['workspace_id', 'state', 'due_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_privacy_request_handled_by'), ['handled_by'], unique=False)
        batch_op.create_index('ix_privacy_request_subject', ['workspace_id', 'subject_id', 'id'], unique=False)

    op.create_table('stage',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('pipeline_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=4), nullable=False),
    sa.Column('probability', sa.Integer(), nullable=False),
    sa.Column('stale_after_days', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'pipeline_id'], ['pipeline.workspace_id', 'pipeline.id'], name=op.f('fk_stage_workspace_id_pipeline_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_stage_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_stage'))
    )
    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.create_index('ix_stage_pipeline', ['workspace_id', 'pipeline_id', 'position'], unique=False)

    op.create_table('lead',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('first_name', sa.String(length=100), nullable=False),
    sa.Column('last_name', sa.String(length=100), nullable=False),
    sa.Column('company', sa.String(length=200), nullable=False),
    sa.Column('job_title', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=40), nullable=True),
    sa.Column('phone_typed', sa.String(length=60), nullable=False),
    sa.Column('mobile', sa.String(length=40), nullable=True),
    sa.Column('website', sa.String(length=300), nullable=False),
    sa.Column('street', sa.String(length=300), nullable=False),
    sa.Column('city', sa.String(length=120), nullable=False),
    sa.Column('region', sa.String(length=120), nullable=False),
    sa.Column('postcode', sa.String(length=20), nullable=False),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('source', sa.String(length=60), nullable=False),
    sa.Column('industry', sa.String(length=80), nullable=False),
    sa.Column('company_size', sa.String(length=40), nullable=False),
    sa.Column('tax_code', sa.String(length=40), nullable=False),
    sa.Column('value_amount', sa.Numeric(precision=14, scale=2), nullable=True),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('tags', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('external_id', sa.String(length=120), nullable=True),
    sa.Column('next_step', sa.String(length=200), nullable=False),
    sa.Column('next_task_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('last_contact_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('converted_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('stage_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('stage_since', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('position', sa.String(length=80).with_variant(sa.String(length=80, collation='C'), 'postgresql'), nullable=False),
    sa.Column('owner_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('contact_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('company_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('name_key', sa.String(length=120).with_variant(sa.String(length=120, collation='C'), 'postgresql'), nullable=False),
    sa.Column('company_key', sa.String(length=120).with_variant(sa.String(length=120, collation='C'), 'postgresql'), nullable=False),
    sa.Column('source_kind', sa.String(length=10), nullable=False),
    sa.Column('import_run_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('restricted', sa.Boolean(), nullable=False),
    sa.Column('cold_from', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['user.id'], name=op.f('fk_lead_owner_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'company_id'], ['company.workspace_id', 'company.id'], name=op.f('fk_lead_workspace_id_company_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_lead_workspace_id_contact_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'stage_id'], ['stage.workspace_id', 'stage.id'], name=op.f('fk_lead_workspace_id_stage_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_lead_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_lead'))
    )
    with op.batch_alter_table('lead', schema=None) as batch_op:
        batch_op.create_index('ix_lead_board', ['workspace_id', 'restricted', 'stage_id', 'position', 'id'], unique=False)
        batch_op.create_index('ix_lead_board_owner', ['workspace_id', 'restricted', 'owner_id', 'stage_id', 'position', 'id'], unique=False)
        batch_op.create_index('ix_lead_cold', ['workspace_id', 'cold_from', 'id'], unique=False)
        batch_op.create_index('ix_lead_company', ['workspace_id', 'restricted', 'company_key', 'id'], unique=False)
        batch_op.create_index('ix_lead_contact', ['workspace_id', 'contact_id'], unique=False)
        batch_op.create_index('ix_lead_contacted', ['workspace_id', 'restricted', 'last_contact_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_created', ['workspace_id', 'restricted', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_customer', ['workspace_id', 'company_id'], unique=False)
        batch_op.create_index('ix_lead_email', ['workspace_id', 'email'], unique=False)
        batch_op.create_index('ix_lead_external', ['workspace_id', 'external_id'], unique=False)
        batch_op.create_index('ix_lead_import', ['workspace_id', 'import_run_id'], unique=False)
        batch_op.create_index('ix_lead_mobile', ['workspace_id', 'mobile'], unique=False)
        batch_op.create_index('ix_lead_name', ['workspace_id', 'restricted', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_lead_owner', ['owner_id'], unique=False)
        batch_op.create_index('ix_lead_owner_created', ['workspace_id', 'restricted', 'owner_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_owner_name', ['workspace_id', 'restricted', 'owner_id', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_lead_owner_value', ['workspace_id', 'restricted', 'owner_id', 'value_amount', 'id'], unique=False)
        batch_op.create_index('ix_lead_phone', ['workspace_id', 'phone'], unique=False)
        batch_op.create_index('ix_lead_source_created', ['workspace_id', 'restricted', 'source', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_stage_contacted', ['workspace_id', 'restricted', 'stage_id', 'last_contact_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_stage_created', ['workspace_id', 'restricted', 'stage_id', 'created_at', 'id'], unique=False)
        batch_op.create_index('ix_lead_stage_name', ['workspace_id', 'restricted', 'stage_id', 'name_key', 'id'], unique=False)
        batch_op.create_index('ix_lead_stage_value', ['workspace_id', 'restricted', 'stage_id', 'value_amount', 'id'], unique=False)
        batch_op.create_index('ix_lead_value', ['workspace_id', 'restricted', 'value_amount', 'id'], unique=False)

    op.create_table('shipment',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('waybill_number', sa.String(length=30), nullable=False),
    sa.Column('tracking_key', sa.String(length=32), nullable=False),
    sa.Column('contact_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('company_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('sender_name', sa.String(length=200), nullable=False),
    sa.Column('sender_company', sa.String(length=200), nullable=False),
    sa.Column('sender_street', sa.String(length=300), nullable=False),
    sa.Column('sender_city', sa.String(length=120), nullable=False),
    sa.Column('sender_postcode', sa.String(length=20), nullable=False),
    sa.Column('sender_country', sa.String(length=2), nullable=False),
    sa.Column('sender_phone', sa.String(length=40), nullable=False),
    sa.Column('sender_email', sa.String(length=254), nullable=False),
    sa.Column('recipient_name', sa.String(length=200), nullable=False),
    sa.Column('recipient_company', sa.String(length=200), nullable=False),
    sa.Column('recipient_street', sa.String(length=300), nullable=False),
    sa.Column('recipient_city', sa.String(length=120), nullable=False),
    sa.Column('recipient_postcode', sa.String(length=20), nullable=False),
    sa.Column('recipient_country', sa.String(length=2), nullable=False),
    sa.Column('recipient_phone', sa.String(length=40), nullable=False),
    sa.Column('recipient_email', sa.String(length=254), nullable=False),
    sa.Column('goods', sa.String(length=500), nullable=False),
    sa.Column('service', sa.String(length=60), nullable=False),
    sa.Column('incoterm', sa.String(length=3), nullable=False),
    sa.Column('references', sa.String(length=200), nullable=False),
    sa.Column('instructions', sa.Text(), nullable=False),
    sa.Column('promised_on', sa.Date(), nullable=True),
    sa.Column('eta_first', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('eta_latest', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('due_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('late_from', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('attention_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('status_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('must_act', sa.String(length=20), nullable=False),
    sa.Column('delivered_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('created_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('restricted', sa.Boolean(), nullable=False),
    sa.Column('total_weight_kg', sa.Numeric(precision=10, scale=3), nullable=False),
    sa.Column('pieces_count', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['created_by'], ['user.id'], name=op.f('fk_shipment_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'company_id'], ['company.workspace_id', 'company.id'], name=op.f('fk_shipment_workspace_id_company_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_shipment_workspace_id_contact_id')),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_shipment_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_shipment'))
    )
    with op.batch_alter_table('shipment', schema=None) as batch_op:
        batch_op.create_index('ix_shipment_attention', ['workspace_id', 'restricted', 'attention_at', 'id'], unique=False)
        batch_op.create_index('ix_shipment_company', ['workspace_id', 'company_id', 'id'], unique=False)
        batch_op.create_index('ix_shipment_contact', ['workspace_id', 'contact_id', 'id'], unique=False)
        batch_op.create_index('ix_shipment_created', ['workspace_id', 'restricted', 'id'], unique=False)
        batch_op.create_index('ix_shipment_created_by', ['created_by'], unique=False)
        batch_op.create_index('ix_shipment_due', ['workspace_id', 'restricted', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_shipment_late', ['workspace_id', 'restricted', 'late_from', 'id'], unique=False)
        batch_op.create_index('ix_shipment_news', ['workspace_id', 'restricted', 'status_at', 'id'], unique=False)
        batch_op.create_index('ix_shipment_recipient_email', ['workspace_id', 'recipient_email'], unique=False)
        batch_op.create_index('ix_shipment_sender_email', ['workspace_id', 'sender_email'], unique=False)
        batch_op.create_index('ix_shipment_status_created', ['workspace_id', 'restricted', 'status', 'id'], unique=False)
        batch_op.create_index('ix_shipment_status_due', ['workspace_id', 'restricted', 'status', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_shipment_status_news', ['workspace_id', 'restricted', 'status', 'status_at', 'id'], unique=False)
        batch_op.create_index('uq_shipment_number', ['workspace_id', 'waybill_number'], unique=True)

    op.create_table('stage_sum',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('stage_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('currency', sa.String(length=3), nullable=False),
    sa.Column('leads', sa.BigInteger(), nullable=False),
    sa.Column('hundredths', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'stage_id'], ['stage.workspace_id', 'stage.id'], name=op.f('fk_stage_sum_workspace_id_stage_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_stage_sum_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_stage_sum'))
    )
    with op.batch_alter_table('stage_sum', schema=None) as batch_op:
        batch_op.create_index('uq_stage_sum_stage', ['workspace_id', 'stage_id', 'currency'], unique=True)

    op.create_table('activity',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('lead_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('contact_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('facts', sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), 'postgresql'), nullable=False),
    sa.Column('at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('author_id', logicrm.core.schema.Id(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_activity_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_activity_workspace_id_contact_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'lead_id'], ['lead.workspace_id', 'lead.id'], name=op.f('fk_activity_workspace_id_lead_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_activity_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_activity'))
    )
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.create_index('ix_activity_author', ['author_id'], unique=False)
        batch_op.create_index('ix_activity_contact', ['workspace_id', 'contact_id', 'at', 'id'], unique=False)
        batch_op.create_index('ix_activity_lead', ['workspace_id', 'lead_id', 'at', 'id'], unique=False)

    op.create_table('lead_address',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('lead_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('kind', sa.String(length=5), nullable=False),
    sa.Column('value', sa.String(length=254), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'lead_id'], ['lead.workspace_id', 'lead.id'], name=op.f('fk_lead_address_workspace_id_lead_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_lead_address_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_lead_address'))
    )
    with op.batch_alter_table('lead_address', schema=None) as batch_op:
        batch_op.create_index('ix_lead_address_lead', ['workspace_id', 'lead_id'], unique=False)
        batch_op.create_index('ix_lead_address_value', ['workspace_id', 'kind', 'value'], unique=False)

    op.create_table('shipment_piece',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('shipment_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('description', sa.String(length=200), nullable=False),
    sa.Column('weight_kg', sa.Numeric(precision=10, scale=3), nullable=True),
    sa.Column('length_cm', sa.Numeric(precision=8, scale=1), nullable=True),
    sa.Column('width_cm', sa.Numeric(precision=8, scale=1), nullable=True),
    sa.Column('height_cm', sa.Numeric(precision=8, scale=1), nullable=True),
    sa.ForeignKeyConstraint(['workspace_id', 'shipment_id'], ['shipment.workspace_id', 'shipment.id'], name=op.f('fk_shipment_piece_workspace_id_shipment_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_shipment_piece_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_shipment_piece'))
    )
    with op.batch_alter_table('shipment_piece', schema=None) as batch_op:
        batch_op.create_index('ix_shipment_piece', ['workspace_id', 'shipment_id', 'number'], unique=False)

    op.create_table('task',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('lead_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('contact_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('due_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('done_at', logicrm.core.schema.UtcDateTime(), nullable=True),
    sa.Column('done_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('assignee_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_by', logicrm.core.schema.Id(), nullable=True),
    sa.Column('created_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['assignee_id'], ['user.id'], name=op.f('fk_task_assignee_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['created_by'], ['user.id'], name=op.f('fk_task_created_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['done_by'], ['user.id'], name=op.f('fk_task_done_by'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'contact_id'], ['contact.workspace_id', 'contact.id'], name=op.f('fk_task_workspace_id_contact_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id', 'lead_id'], ['lead.workspace_id', 'lead.id'], name=op.f('fk_task_workspace_id_lead_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_task_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_task'))
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index('ix_task_assignee', ['workspace_id', 'assignee_id', 'done_at', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_task_assignee_user', ['assignee_id'], unique=False)
        batch_op.create_index('ix_task_contact', ['workspace_id', 'contact_id', 'done_at', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_task_due', ['workspace_id', 'done_at', 'due_at', 'id'], unique=False)
        batch_op.create_index('ix_task_lead', ['workspace_id', 'lead_id', 'done_at', 'due_at', 'id'], unique=False)

    op.create_table('tracking_event',
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('shipment_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('occurred_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('offset_minutes', sa.Integer(), nullable=False),
    sa.Column('received_at', logicrm.core.schema.UtcDateTime(), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('description', sa.String(length=500), nullable=False),
    sa.Column('status', sa.String(length=20), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('must_act', sa.String(length=20), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('latitude', sa.Numeric(precision=9, scale=6), nullable=True),
    sa.Column('longitude', sa.Numeric(precision=9, scale=6), nullable=True),
    sa.Column('source', sa.String(length=10), nullable=False),
    sa.Column('actor_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('public', sa.Boolean(), nullable=False),
    sa.Column('idempotency_key', sa.String(length=100), nullable=True),
    sa.Column('corrects_id', logicrm.core.schema.Id(), nullable=True),
    sa.Column('raw_code', sa.String(length=100), nullable=False),
    sa.Column('raw_text', sa.String(length=1000), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['user.id'], name=op.f('fk_tracking_event_actor_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['workspace_id', 'corrects_id'], ['tracking_event.workspace_id', 'tracking_event.id'], name=op.f('fk_tracking_event_workspace_id_corrects_id')),
    sa.ForeignKeyConstraint(['workspace_id', 'shipment_id'], ['shipment.workspace_id', 'shipment.id'], name=op.f('fk_tracking_event_workspace_id_shipment_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['workspace_id'], ['workspace.id'], name=op.f('fk_tracking_event_workspace_id')),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_tracking_event'))
    )
    with op.batch_alter_table('tracking_event', schema=None) as batch_op:
        batch_op.create_index('ix_tracking_event', ['workspace_id', 'shipment_id', 'occurred_at', 'id'], unique=False)
        batch_op.create_index('ix_tracking_event_actor', ['actor_id'], unique=False)
        batch_op.create_index('uq_tracking_event_corrects', ['workspace_id', 'corrects_id'], unique=True)
        batch_op.create_index('uq_tracking_event_key', ['workspace_id', 'shipment_id', 'idempotency_key'], unique=True)

    op.create_table('tracking_link',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('workspace_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('shipment_id', logicrm.core.schema.Id(), nullable=False),
    sa.Column('waybill_number', sa.String(length=30), nullable=False),
    sa.ForeignKeyConstraint(['workspace_id', 'shipment_id'], ['shipment.workspace_id', 'shipment.id'], name=op.f('fk_tracking_link_workspace_id_shipment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_tracking_link'))
    )
    with op.batch_alter_table('tracking_link', schema=None) as batch_op:
        batch_op.create_index('ix_tracking_link_number', ['waybill_number'], unique=False)
        batch_op.create_index('ix_tracking_link_shipment', ['workspace_id', 'shipment_id'], unique=False)


    for statement in after_first_tables(op.get_bind().dialect.name, FENCED):
        op.execute(statement)
    for statement in sums.statements(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade():
    for statement in tables_gone(op.get_bind().dialect.name, FENCED):
        op.execute(statement)
    if op.get_bind().dialect.name == "postgresql":
        for statement in sums.POSTGRESQL_GONE:
            op.execute(statement)
    with op.batch_alter_table('tracking_link', schema=None) as batch_op:
        batch_op.drop_index('ix_tracking_link_shipment')
        batch_op.drop_index('ix_tracking_link_number')

    op.drop_table('tracking_link')
    with op.batch_alter_table('tracking_event', schema=None) as batch_op:
        batch_op.drop_index('uq_tracking_event_key')
        batch_op.drop_index('uq_tracking_event_corrects')
        batch_op.drop_index('ix_tracking_event_actor')
        batch_op.drop_index('ix_tracking_event')

    op.drop_table('tracking_event')
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_index('ix_task_lead')
        batch_op.drop_index('ix_task_due')
        batch_op.drop_index('ix_task_contact')
        batch_op.drop_index('ix_task_assignee_user')
        batch_op.drop_index('ix_task_assignee')

    op.drop_table('task')
    with op.batch_alter_table('shipment_piece', schema=None) as batch_op:
        batch_op.drop_index('ix_shipment_piece')

    op.drop_table('shipment_piece')
    with op.batch_alter_table('lead_address', schema=None) as batch_op:
        batch_op.drop_index('ix_lead_address_value')
        batch_op.drop_index('ix_lead_address_lead')

    op.drop_table('lead_address')
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.drop_index('ix_activity_lead')
        batch_op.drop_index('ix_activity_contact')
        batch_op.drop_index('ix_activity_author')

    op.drop_table('activity')
    with op.batch_alter_table('stage_sum', schema=None) as batch_op:
        batch_op.drop_index('uq_stage_sum_stage')

    op.drop_table('stage_sum')
    with op.batch_alter_table('shipment', schema=None) as batch_op:
        batch_op.drop_index('uq_shipment_number')
        batch_op.drop_index('ix_shipment_status_news')
        batch_op.drop_index('ix_shipment_status_due')
        batch_op.drop_index('ix_shipment_status_created')
        batch_op.drop_index('ix_shipment_sender_email')
        batch_op.drop_index('ix_shipment_recipient_email')
        batch_op.drop_index('ix_shipment_news')
        batch_op.drop_index('ix_shipment_late')
        batch_op.drop_index('ix_shipment_due')
        batch_op.drop_index('ix_shipment_created_by')
        batch_op.drop_index('ix_shipment_created')
        batch_op.drop_index('ix_shipment_contact')
        batch_op.drop_index('ix_shipment_company')
        batch_op.drop_index('ix_shipment_attention')

    op.drop_table('shipment')
    with op.batch_alter_table('lead', schema=None) as batch_op:
        batch_op.drop_index('ix_lead_value')
        batch_op.drop_index('ix_lead_stage_value')
        batch_op.drop_index('ix_lead_stage_name')
        batch_op.drop_index('ix_lead_stage_created')
        batch_op.drop_index('ix_lead_stage_contacted')
        batch_op.drop_index('ix_lead_source_created')
        batch_op.drop_index('ix_lead_phone')
        batch_op.drop_index('ix_lead_owner_value')
        batch_op.drop_index('ix_lead_owner_name')
        batch_op.drop_index('ix_lead_owner_created')
        batch_op.drop_index('ix_lead_owner')
        batch_op.drop_index('ix_lead_name')
        batch_op.drop_index('ix_lead_mobile')
        batch_op.drop_index('ix_lead_import')
        batch_op.drop_index('ix_lead_external')
        batch_op.drop_index('ix_lead_email')
        batch_op.drop_index('ix_lead_customer')
        batch_op.drop_index('ix_lead_created')
        batch_op.drop_index('ix_lead_contacted')
        batch_op.drop_index('ix_lead_contact')
        batch_op.drop_index('ix_lead_company')
        batch_op.drop_index('ix_lead_cold')
        batch_op.drop_index('ix_lead_board_owner')
        batch_op.drop_index('ix_lead_board')

    op.drop_table('lead')
    with op.batch_alter_table('stage', schema=None) as batch_op:
        batch_op.drop_index('ix_stage_pipeline')

    op.drop_table('stage')
    with op.batch_alter_table('privacy_request', schema=None) as batch_op:
        batch_op.drop_index('ix_privacy_request_subject')
        batch_op.drop_index(batch_op.f('ix_privacy_request_handled_by'))
        batch_op.drop_index('ix_privacy_request_due')

    op.drop_table('privacy_request')
    with op.batch_alter_table('portal_session', schema=None) as batch_op:
        batch_op.drop_index('ix_portal_session_subject')

    op.drop_table('portal_session')
    with op.batch_alter_table('import_problem', schema=None) as batch_op:
        batch_op.drop_index('ix_import_problem_run')
        batch_op.drop_index('ix_import_problem_email')
        batch_op.drop_index('ix_import_problem_created')

    op.drop_table('import_problem')
    with op.batch_alter_table('contact', schema=None) as batch_op:
        batch_op.drop_index('ix_contact_phone')
        batch_op.drop_index('ix_contact_owner')
        batch_op.drop_index('ix_contact_name')
        batch_op.drop_index('ix_contact_ended')
        batch_op.drop_index('ix_contact_email')
        batch_op.drop_index('ix_contact_created')
        batch_op.drop_index('ix_contact_company')

    op.drop_table('contact')
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_index('uq_consent_current', sqlite_where=sa.text('withdrawn_at is null'), postgresql_where=sa.text('withdrawn_at is null'))
        batch_op.drop_index('ix_consent_subject')

    op.drop_table('consent')
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.drop_index('ix_change_set')
        batch_op.drop_index('ix_change_row')
        batch_op.drop_index('ix_change_email')

    op.drop_table('change')
    op.drop_table('waybill_counter')
    op.drop_table('watermark')
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_session_user_id'))

    op.drop_table('user_session')
    with op.batch_alter_table('suppression', schema=None) as batch_op:
        batch_op.drop_index('uq_suppression')

    op.drop_table('suppression')
    with op.batch_alter_table('stored_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_stored_file_workspace_id_storage_key'))
        batch_op.drop_index(batch_op.f('ix_stored_file_workspace_id_entity_id'))

    op.drop_table('stored_file')
    with op.batch_alter_table('portal_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_portal_code_workspace_id'))
        batch_op.drop_index(batch_op.f('ix_portal_code_email'))
        batch_op.drop_index('ix_portal_code_browser')

    op.drop_table('portal_code')
    with op.batch_alter_table('pipeline', schema=None) as batch_op:
        batch_op.drop_index('uq_pipeline_position')

    op.drop_table('pipeline')
    with op.batch_alter_table('one_time_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_one_time_link_user_id'))

    op.drop_table('one_time_link')
    with op.batch_alter_table('membership', schema=None) as batch_op:
        batch_op.drop_index('uq_membership_user')
        batch_op.drop_index(batch_op.f('ix_membership_user_id'))

    op.drop_table('membership')
    op.drop_table('invitation')
    with op.batch_alter_table('import_run', schema=None) as batch_op:
        batch_op.drop_index('ix_import_run_draft')
        batch_op.drop_index('ix_import_run_created')
        batch_op.drop_index('ix_import_run_by')

    op.drop_table('import_run')
    with op.batch_alter_table('import_mapping', schema=None) as batch_op:
        batch_op.drop_index('uq_import_mapping_headings')

    op.drop_table('import_mapping')
    with op.batch_alter_table('deletion_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deletion_link_deletion_id'))

    op.drop_table('deletion_link')
    with op.batch_alter_table('data_subject', schema=None) as batch_op:
        batch_op.drop_index('ix_data_subject_email')

    op.drop_table('data_subject')
    with op.batch_alter_table('cookie_choice', schema=None) as batch_op:
        batch_op.drop_index('ix_cookie_choice_visitor')
        batch_op.drop_index(batch_op.f('ix_cookie_choice_person_id'))
        batch_op.drop_index(batch_op.f('ix_cookie_choice_account_id'))

    op.drop_table('cookie_choice')
    with op.batch_alter_table('company', schema=None) as batch_op:
        batch_op.drop_index('ix_company_tax_code')
        batch_op.drop_index('ix_company_owner')
        batch_op.drop_index('ix_company_name')
        batch_op.drop_index('ix_company_created')

    op.drop_table('company')
    op.drop_table('change_set')
    op.drop_table('audit_head')
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.drop_index('uq_audit_event_sequence')
        batch_op.drop_index('ix_audit_event_object')

    op.drop_table('audit_event')
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.drop_index('ix_api_token_workspace_id')

    op.drop_table('api_token')
    op.drop_table('workspace')
    op.drop_table('user')
    op.drop_table('throttle')
    with op.batch_alter_table('search_entry', schema=None) as batch_op:
        batch_op.drop_index('uq_search_entry_ref')
        batch_op.drop_index('ix_search_entry_trigram', postgresql_using='gin', postgresql_ops={'body': 'gin_trgm_ops'})

    op.drop_table('search_entry')
    with op.batch_alter_table('retention_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_retention_run_run_id'))
        batch_op.drop_index('ix_retention_run_executor')

    op.drop_table('retention_run')
    with op.batch_alter_table('privacy_export', schema=None) as batch_op:
        batch_op.drop_index('ix_privacy_export_subject')

    op.drop_table('privacy_export')
    with op.batch_alter_table('outgoing_mail', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outgoing_mail_workspace_id_id'))
        batch_op.drop_index(batch_op.f('ix_outgoing_mail_to_address'))

    op.drop_table('outgoing_mail')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_workspace_id_id'))
        batch_op.drop_index(batch_op.f('ix_job_state_run_at_id'))

    op.drop_table('job')
    op.drop_table('file_tombstone')
    with op.batch_alter_table('deletion', schema=None) as batch_op:
        batch_op.drop_index('uq_deletion_open', sqlite_where=sa.text("state in ('scheduled', 'purging')"), postgresql_where=sa.text("state in ('scheduled', 'purging')"))
        batch_op.drop_index('ix_deletion_subject')
        batch_op.drop_index('ix_deletion_due')
        batch_op.drop_index(batch_op.f('ix_deletion_certificate_hash'))

    op.drop_table('deletion')
