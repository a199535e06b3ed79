"""What people told can be taken back: a row for each thing told, and how an event stands."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("answers", sa.Text, nullable=True),
        sa.Column("undoes", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_told"),
        sa.ForeignKeyConstraint(["undoes"], ["told.id"], name="fk_told_undoes"),
        sqlite_strict=True,
    )
    op.create_index("ix_told_undoes", "told", ["undoes"])
    for column in (
        "retracted INTEGER DEFAULT '0' NOT NULL",
        "trust TEXT",
        "told INTEGER",
    ):
        op.execute(f"ALTER TABLE event ADD COLUMN {column}")
    op.create_index("ix_event_told", "event", ["told"], sqlite_where=sa.text("told IS NOT NULL"))
    # What was told before: what came in together was told together.
    op.execute(
        "INSERT INTO told (at, kind, channel, what)"
        " SELECT seen, source, 'terminal', '' FROM event"
        " WHERE source IN ('note', 'assignment', 'import') GROUP BY source, seen ORDER BY seen"
    )
    op.execute(
        "UPDATE event SET told = (SELECT told.id FROM told"
        " WHERE told.at = event.seen AND told.kind = event.source)"
        " WHERE source IN ('note', 'assignment', 'import')"
    )
