"""Alembic's entry: run the migrations on the connection, and in the transaction, that ``schema.upgrade`` opened."""

from alembic import context

from daypass.adapters.storage.schema import VERSION_TABLE
from daypass.adapters.storage.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
