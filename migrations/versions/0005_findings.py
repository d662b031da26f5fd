"""What a run found besides its hot spots: the rule it used and why, and what to ask about."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("analysis_runs", sa.Column("findings", sa.JSON))


def downgrade() -> None:
    op.drop_column("analysis_runs", "findings")
