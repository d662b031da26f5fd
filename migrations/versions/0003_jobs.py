"""Background jobs: procrastinate's own schema, in a schema of its own beside ours."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Names inside are unqualified: the migration and every connection of ours search `jobs` too."""
    op.execute("CREATE SCHEMA jobs")
    op.execute("SET LOCAL search_path = jobs, public")
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute("SET LOCAL search_path = public")
    op.execute("GRANT USAGE ON SCHEMA jobs TO lagesbild_app")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO lagesbild_app")
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO lagesbild_app")


def downgrade() -> None:
    op.execute("DROP SCHEMA jobs CASCADE")
