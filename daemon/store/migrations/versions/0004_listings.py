"""Listings cost by what they show: indexes for what is under way, and orders know their cases."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {
    "under_way": "status NOT IN ('completed', 'cancelled', 'returned', 'delivered')",
    "problem": "problem = 1",
    "cases": "cases != 0",
    "open_cases": "open_cases != 0",
}


def upgrade() -> None:
    for column in ("cases", "open_cases"):
        op.execute(f"""ALTER TABLE "order" ADD COLUMN {column} INTEGER DEFAULT '-1' NOT NULL""")
    for name, only in INDEXES.items():
        op.create_index(f"ix_order_{name}", "order", ["last_at"], sqlite_where=sa.text(only))
    op.create_index("ix_watch_all_due_at", "watch", ["due_at"])
