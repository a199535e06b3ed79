"""Alembic's entry: runs the revisions on the connection that `daemon.store.migrate` passes."""

from alembic import context

from daemon.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
