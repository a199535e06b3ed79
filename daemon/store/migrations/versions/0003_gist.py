"""What a mail names and asks for that no phrase fits."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE mail ADD COLUMN gist TEXT")
