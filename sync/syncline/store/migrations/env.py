"""Alembic's way in: runs on the connection that `syncline.store.migrate` hands over."""

from alembic import context

from syncline.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
