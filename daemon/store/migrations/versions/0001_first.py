"""The first ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("episode", sa.Integer, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("since", WHOLE, nullable=False),
        sa.Column("fired_at", WHOLE, nullable=True),
        sa.Column("resolved_at", WHOLE, nullable=True),
        sa.Column("next_at", WHOLE, nullable=True),
        sa.Column("due_at", WHOLE, nullable=True),
        sa.Column("order_key", sa.Text, nullable=True),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint(
            "rule", "about", "subject", "episode", name="uq_alert_rule_about_subject_episode"
        ),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_alert_live",
        "alert",
        ["scope"],
        sqlite_where=sa.text("(state NOT IN ('resolved', 'dropped'))"),
    )
    op.create_index("ix_alert_order_key", "alert", ["order_key"])
    op.create_index("ix_alert_since", "alert", ["since"])
    op.create_table(
        "cursor",
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("uidvalidity", WHOLE, nullable=False),
        sa.Column("last_uid", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "folder", name="pk_cursor"),
        sqlite_strict=True,
    )
    op.create_table(
        "health",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_health"),
        sqlite_strict=True,
    )
    op.create_table(
        "mail",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("uidvalidity", WHOLE, nullable=False),
        sa.Column("uid", WHOLE, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("arrived", WHOLE, nullable=False),
        sa.Column("seen", WHOLE, nullable=False),
        sa.Column("size", WHOLE, nullable=False),
        sa.Column("outcome", sa.Text, nullable=True),
        sa.Column("reason", sa.Text, nullable=True),
        sa.Column("digest", sa.Text, nullable=True),
        sa.Column("message_id", sa.Text, nullable=True),
        sa.Column("marketplace", sa.Text, nullable=True),
        sa.Column("trust", sa.Text, nullable=True),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("sender", sa.Text, nullable=True),
        sa.Column("sent_at", WHOLE, nullable=True),
        sa.Column("same_as", WHOLE, nullable=True),
        sa.Column("near", sa.Text, nullable=True),
        sa.Column("claims", sa.Text, nullable=True),
        sa.Column("raw", sa.LargeBinary, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.ForeignKeyConstraint(["same_as"], ["mail.id"], name="fk_mail_same_as"),
        sa.UniqueConstraint(
            "mailbox", "folder", "uidvalidity", "uid", name="uq_mail_mailbox_folder_uidvalidity_uid"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_mail_digest", "mail", ["digest"])
    op.create_index("ix_mail_outcome_seen", "mail", ["outcome", "seen"])
    op.create_index(
        "ix_mail_unfinished",
        "mail",
        ["state"],
        sqlite_where=sa.text("state IN ('new', 'quarantine')"),
    )
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="0"),
        sa.Column("first_run", sa.Integer, nullable=False, server_default="1"),
        sa.Column("next_poll_at", WHOLE, nullable=True),
        sa.Column("last_ok_at", WHOLE, nullable=True),
        sa.Column("failing_since", WHOLE, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.Column("last_error_kind", sa.Text, nullable=True),
        sa.Column("permanent", sa.Integer, nullable=False, server_default="0"),
        sa.Column("last_mail_at", WHOLE, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sqlite_strict=True,
    )
    op.create_table(
        "message",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sqlite_strict=True,
    )
    op.create_table(
        "order",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("store", sa.Text, nullable=True),
        sa.Column("total", sa.Text, nullable=True),
        sa.Column("ordered_at", WHOLE, nullable=True),
        sa.Column("first_at", WHOLE, nullable=False),
        sa.Column("last_at", WHOLE, nullable=False),
        sa.Column("problem", sa.Integer, nullable=False),
        sa.Column("stub", sa.Integer, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_order"),
        sqlite_strict=True,
    )
    op.create_index("ix_order_last_at", "order", ["last_at"])
    op.create_index("ix_order_marketplace_status", "order", ["marketplace", "status"])
    op.create_index("ix_order_number", "order", ["number"])
    op.create_table(
        "tally",
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("mails", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("marketplace", "day", "outcome", name="pk_tally"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "target",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("permanent", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failing_since", WHOLE, nullable=True),
        sa.Column("last_ok_at", WHOLE, nullable=True),
        sa.Column("last_error", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_target"),
        sqlite_strict=True,
    )
    op.create_table(
        "unjudged",
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "scope", name="pk_unjudged"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wake",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_wake"),
        sqlite_strict=True,
    )
    op.create_index("ix_wake_at", "wake", ["at"])
    op.create_table(
        "announcement",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("alert", WHOLE, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("delivery", sa.Integer, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("not_before", WHOLE, nullable=False),
        sa.Column("batch", sa.Text, nullable=False),
        sa.Column("message", WHOLE, nullable=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
        sa.ForeignKeyConstraint(["alert"], ["alert.id"], name="fk_announcement_alert"),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name="fk_announcement_message"),
        sqlite_strict=True,
    )
    op.create_index("ix_announcement_alert", "announcement", ["alert"])
    op.create_index("ix_announcement_message", "announcement", ["message"])
    op.create_index(
        "ix_announcement_waiting",
        "announcement",
        ["not_before"],
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "event",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("seen", WHOLE, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("mail", WHOLE, nullable=True),
        sa.Column("assigns", sa.Text, nullable=True),
        sa.Column("loose", sa.Integer, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        sa.ForeignKeyConstraint(["mail"], ["mail.id"], name="fk_event_mail"),
        sa.UniqueConstraint("origin", name="uq_event_origin"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_event_assigns", "event", ["assigns"], sqlite_where=sa.text("assigns IS NOT NULL")
    )
    op.create_index(
        "ix_event_loose", "event", ["marketplace", "role", "at"], sqlite_where=sa.text("loose = 1")
    )
    op.create_index("ix_event_mail", "event", ["mail"])
    op.create_table(
        "finding",
        sa.Column("order_key", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("amount", sa.Text, nullable=True),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("inferred", sa.Integer, nullable=False),
        sa.Column("rests_on", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_key", "id", name="pk_finding"),
        sa.ForeignKeyConstraint(
            ["order_key"], ["order.key"], name="fk_finding_order_key", ondelete="CASCADE"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_finding_kind_at", "finding", ["kind", "at"])
    op.create_table(
        "outbox",
        sa.Column("id", WHOLE, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("message", WHOLE, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", WHOLE, nullable=False),
        sa.Column("next_try_at", WHOLE, nullable=True),
        sa.Column("sent_at", WHOLE, nullable=True),
        sa.Column("error", sa.Text, nullable=True),
        sa.Column("doubt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("limited", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["message"], ["message.id"], name="fk_outbox_message"),
        sa.UniqueConstraint("key", "target", name="uq_outbox_key_target"),
        sqlite_strict=True,
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["next_try_at"],
        sqlite_where=sa.text("state IN ('new', 'unsure')"),
    )
    op.create_index("ix_outbox_message", "outbox", ["message"])
    op.create_index(
        "ix_outbox_sending", "outbox", ["state"], sqlite_where=sa.text("state = 'sending'")
    )
    op.create_index("ix_outbox_target_sent_at", "outbox", ["target", "sent_at"])
    op.create_table(
        "watch",
        sa.Column("order_key", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("opened_at", WHOLE, nullable=False),
        sa.Column("due_at", WHOLE, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("stated", sa.Integer, nullable=False),
        sa.Column("inferred", sa.Integer, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("order_key", "id", name="pk_watch"),
        sa.ForeignKeyConstraint(
            ["order_key"], ["order.key"], name="fk_watch_order_key", ondelete="CASCADE"
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_watch_due_at", "watch", ["due_at"], sqlite_where=sa.text("state = 'open'"))
    op.create_table(
        "naming",
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("at", WHOLE, nullable=False),
        sa.Column("order_key", sa.Text, nullable=False),
        sa.Column("event", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint(
            "marketplace", "role", "at", "order_key", "event", name="pk_naming"
        ),
        sa.ForeignKeyConstraint(
            ["event"], ["event.id"], name="fk_naming_event", ondelete="CASCADE"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_naming_event", "naming", ["event"])
    op.create_table(
        "reference",
        sa.Column("marketplace", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("event", WHOLE, nullable=False),
        sa.PrimaryKeyConstraint("marketplace", "kind", "value", "event", name="pk_reference"),
        sa.ForeignKeyConstraint(
            ["event"], ["event.id"], name="fk_reference_event", ondelete="CASCADE"
        ),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_reference_event", "reference", ["event"])
