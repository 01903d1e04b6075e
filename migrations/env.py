"""How migrations reach the database: through the application's own engine, so keys and settings are the same."""

from alembic import context
from flask import current_app
from sqlalchemy import text

import logicrm.core.schema
from logicrm.core import ddl

db = current_app.extensions["migrate"].db


def render_item(kind, item, autogen_context):
    """Write our own column types by their import, not by their repr."""
    if kind == "type" and type(item).__module__ == logicrm.core.schema.__name__:
        autogen_context.imports.add("import logicrm.core.schema")
        return f"logicrm.core.schema.{type(item).__name__}()"
    return False


def run(connection):
    arguments = {**current_app.extensions["migrate"].configure_args}
    arguments["render_as_batch"] = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_item=render_item,
        transaction_per_migration=True,
        **arguments,
    )
    with context.begin_transaction():
        context.run_migrations()
    # Whatever the last migration made: no samples of personal text (PostgreSQL).
    for statement in ddl.without_samples(connection, db.metadata):
        connection.execute(text(statement))


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with db.engine.connect() as opened:
        run(opened)
        opened.commit()
