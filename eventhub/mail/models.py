"""Deliveries (one owed mail to one address), their batches, and suppressions."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row

OPEN_STATES = ("pending", "claimed", "sending", "deferred")


class Batch(Row, Base):
    """The deliveries of one issue, which run, pause and stop together.

    ``state``: preparing, running, paused, cancelled, done.
    """

    __tablename__ = "mail_batch"

    message: Mapped[str]
    subject_id: Mapped[int]
    state: Mapped[str] = mapped_column(default="running")
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Delivery(Row, Base):
    """One owed mail to one address. The only truth about what was sent.

    ``message`` names a registered message ("registrations.confirmation"); ``subject_id`` and
    ``arguments`` are what its builder needs. ``state``: pending, claimed, sending, sent,
    deferred, refused, suppressed, cancelled, uncertain.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("batch_id", "address_key"),
        Index(
            "ix_delivery_open",
            "batch_id",
            "state",
            "id",
            sqlite_where=text("state IN ('pending','claimed','sending','deferred','uncertain')"),
            postgresql_where=text(
                "state IN ('pending','claimed','sending','deferred','uncertain')"
            ),
        ),
        Index("ix_delivery_subject", "message", "subject_id"),
    )

    batch_id: Mapped[int | None] = mapped_column(ForeignKey("mail_batch.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    message: Mapped[str]
    subject_id: Mapped[int]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    key: Mapped[str | None] = mapped_column(unique=True)
    address: Mapped[str]
    address_key: Mapped[str] = mapped_column(index=True)
    locale: Mapped[str]
    state: Mapped[str] = mapped_column(default="pending")
    claim: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    reply_code: Mapped[int | None]
    reply_text: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    batch: Mapped[Batch | None] = relationship()


class Suppression(Base):
    """An address we must not write to. ``reason``: hard_bounce, complaint, manual."""

    __tablename__ = "suppression"

    address_key: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    created_at: Mapped[datetime]
