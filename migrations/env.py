"""Where alembic begins: runs the migrations in the caller's transaction, which holds the advisory lock."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection

from queues.postgres.migrate import is_ours, over_locked_connection
from queues.postgres.tables import metadata


def run(connection: Connection) -> None:
    """Migrate over *connection*."""
    context.configure(connection=connection, target_metadata=metadata, include_object=is_ours, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(url="postgresql://", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    # Alembic's own command, for people who write migrations.
    asyncio.run(over_locked_connection(os.environ["CONNECTOR_DATABASE_URL"], run))
