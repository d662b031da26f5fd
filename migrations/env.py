"""How Alembic reaches the database: always on a connection that app.store.migrate hands over.

The connection acts as the owner role; a statement before begin_transaction() would start a
transaction of its own, in which Alembic then commits nothing: none is executed here.
"""

from alembic import context

from app.store.migrate import is_ours
from app.store.tables import metadata


def run() -> None:
    """Run the wanted revisions on the connection given."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        raise SystemExit("Run `lagesbild migrate`: it knows the database and the owner role.")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_name=is_ours,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
