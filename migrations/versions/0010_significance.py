"""How a hot spot compares with chance, and how sure its place is; nothing for runs before the question."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COLUMNS = {"p_value": sa.Double, "is_significant": sa.Boolean, "place_certainty": sa.Double}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("run_hotspots", sa.Column(name, kind))


def downgrade() -> None:
    for name in reversed(COLUMNS):
        op.drop_column("run_hotspots", name)
