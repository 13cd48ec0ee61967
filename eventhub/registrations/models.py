"""Registrations: a person's place at an event."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.people.models import Person

STATES = ("pending", "confirmed", "waitlisted", "cancelled")
_ACTIVE = "state IN ('pending', 'confirmed', 'waitlisted')"
ACTIVE_EVENT = text(f"{_ACTIVE} AND cohort_id IS NULL")
ACTIVE_COHORT = text(f"{_ACTIVE} AND cohort_id IS NOT NULL")


class Registration(Row, Base):
    """A person's place, or their wait for one.

    ``state``: pending (seat kept until the address is confirmed, at ``held_until``), confirmed,
    waitlisted (in order of ``waitlist_number`` in the pool; with ``held_until`` when the address
    is not confirmed yet), cancelled. ``form_key`` makes the form idempotent (S2).
    ``manage_version`` revokes manage links. ``calendar_sequence`` is the last SEQUENCE this
    person was sent (M4); None: never sent a calendar request. ``told`` is the
    digest of the dates and place that this person was last told. ``mail_version`` counts the
    mails owed, so that each is owed once (S4).
    """

    __tablename__ = "registration"
    __table_args__ = (
        Index(
            "uq_registration_event_address",
            "event_id",
            "email_key",
            unique=True,
            sqlite_where=ACTIVE_EVENT,
            postgresql_where=ACTIVE_EVENT,
        ),
        Index(
            "uq_registration_cohort_address",
            "cohort_id",
            "email_key",
            unique=True,
            sqlite_where=ACTIVE_COHORT,
            postgresql_where=ACTIVE_COHORT,
        ),
        UniqueConstraint("pool_id", "waitlist_number"),
        Index("ix_registration_event_state", "event_id", "state", "id"),
        Index("ix_registration_event_newest", "event_id", "id"),
        Index("ix_registration_event_name", "event_id", "folded_text", "id"),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohort.id"))
    pool_id: Mapped[int] = mapped_column(ForeignKey("seat_pool.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    form_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    organisation: Mapped[str] = mapped_column(default="")
    folded_text: Mapped[str] = mapped_column(default="")
    mode: Mapped[str]
    locale: Mapped[str]
    state: Mapped[str]
    waitlist_number: Mapped[int | None]
    held_until: Mapped[datetime | None] = mapped_column(index=True)
    manage_version: Mapped[int] = mapped_column(default=1)
    calendar_sequence: Mapped[int | None]
    told: Mapped[str | None]
    mail_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()
    cohort: Mapped[Cohort | None] = relationship()
    pool: Mapped[SeatPool] = relationship()
    person: Mapped[Person] = relationship()
