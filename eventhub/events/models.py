"""Events, their sessions, cohorts and series, and the places that are counted together."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.i18n import pick
from eventhub.networks.models import Network

STATES = ("draft", "published", "cancelled")
DATE_STATUSES = ("confirmed", "to_be_confirmed")
MODES = ("in_person", "online", "hybrid")
AUDIENCES = ("public", "members", "private")
CONFIRM_ADDRESS = ("never", "when_scarce", "always")
KINDS = (
    "assembly",
    "awareness_week",
    "board",
    "committee",
    "congress",
    "consultation",
    "forum",
    "grande_matinee",
    "hearing",
    "meeting",
    "plenary",
    "reading_circle",
    "summit",
    "support_group",
    "survey",
    "talk",
    "training",
    "workshop",
)


class When:
    """Mixin: when something takes place.

    ``starts_on`` and ``ends_on`` (inclusive) are local dates; ``starts_at`` and ``ends_at`` are
    moments in UTC. No ``starts_at``: all day. ``starts_at`` without ``ends_at``: the end is not
    known. No ``starts_on``: no date yet.
    """

    starts_on: Mapped[date | None] = mapped_column(index=True)
    ends_on: Mapped[date | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class Series(Row, Base):
    """Events that belong together under one name ("Réunions régionales 2021-2022")."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("network_id", "slug"),)

    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    slug: Mapped[str]
    name_fr: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return pick(self.name_fr, self.name_en)


class Event(When, Row, Base):
    """A meeting that a network organises.

    ``public_id`` @ the identity domain is the calendar UID for ever (C3). ``month`` (YYYY-MM) is
    known before the date is. ``sequence`` is iCalendar's (C5). ``folded_text`` serves the search
    without accents. ``invented`` names the fields whose value is a demonstration value.
    """

    __tablename__ = "event"
    __table_args__ = (
        UniqueConstraint("network_id", "programme_key"),
        Index("ix_event_listing", "state", "audience", "starts_on"),
    )

    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    programme_key: Mapped[str | None]
    kind: Mapped[str]
    title_fr: Mapped[str]
    title_en: Mapped[str] = mapped_column(default="")
    description_fr: Mapped[str] = mapped_column(default="")
    description_en: Mapped[str] = mapped_column(default="")
    folded_text: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="draft")
    audience: Mapped[str] = mapped_column(default="public")
    date_status: Mapped[str] = mapped_column(default="to_be_confirmed")
    month: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(default="America/Toronto")
    mode: Mapped[str] = mapped_column(default="in_person")
    venue_name: Mapped[str] = mapped_column(default="")
    venue_address: Mapped[str] = mapped_column(default="")
    join_url: Mapped[str] = mapped_column(default="")
    price_cents: Mapped[int | None]
    registration_open: Mapped[bool] = mapped_column(default=False)
    registration_opens_at: Mapped[datetime | None]
    registration_closes_at: Mapped[datetime | None]
    confirm_address: Mapped[str] = mapped_column(default="never")
    access_version: Mapped[int] = mapped_column(default=1)
    invented: Mapped[str] = mapped_column(default="")
    sequence: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]

    network: Mapped[Network] = relationship(lazy="joined", innerjoin=True)
    series: Mapped[Series | None] = relationship(lazy="joined")
    cohorts: Mapped[list["Cohort"]] = relationship(
        back_populates="event", order_by="Cohort.position", cascade="all, delete-orphan"
    )
    sessions: Mapped[list["Session"]] = relationship(
        back_populates="event",
        order_by="Session.position",
        cascade="all, delete-orphan",
    )
    seat_pools: Mapped[list["SeatPool"]] = relationship(
        back_populates="event", order_by="SeatPool.id", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def title(self) -> str:
        """The title in the reader's language, French when there is no other."""
        return pick(self.title_fr, self.title_en)

    @property
    def description(self) -> str:
        """The description (Markdown, as typed) in the reader's language."""
        return pick(self.description_fr, self.description_en)


class Cohort(Row, Base):
    """A group of a training: one registers for it and gets all its sessions."""

    __tablename__ = "cohort"
    __table_args__ = (UniqueConstraint("event_id", "name_fr"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    name_fr: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")

    event: Mapped[Event] = relationship(back_populates="cohorts")
    sessions: Mapped[list["Session"]] = relationship(
        back_populates="cohort", order_by="Session.position"
    )

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return pick(self.name_fr, self.name_en)


class Session(When, Row, Base):
    """One sitting of an event; it has a calendar UID of its own (R1)."""

    __tablename__ = "event_session"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    cohort_id: Mapped[int | None] = mapped_column(
        ForeignKey("cohort.id", ondelete="CASCADE"), index=True
    )
    programme_key: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=0)
    title_fr: Mapped[str] = mapped_column(default="")
    title_en: Mapped[str] = mapped_column(default="")
    sequence: Mapped[int] = mapped_column(default=0)

    event: Mapped[Event] = relationship(back_populates="sessions")
    cohort: Mapped[Cohort | None] = relationship(back_populates="sessions")

    @property
    def title(self) -> str:
        """The title in the reader's language; may be empty."""
        return pick(self.title_fr, self.title_en)


class SeatPool(Row, Base):
    """Places counted together: of the event or a cohort, for one mode or ("") for all (S1).

    ``capacity`` None: no limit. ``taken`` never passes it: the gate is one UPDATE whose row
    count is checked, in the transaction of the insert. ``last_number`` numbers the waitlist and
    ``waiting`` counts it, in the same row, so that one UPDATE knows that nobody jumps the line.
    """

    __tablename__ = "seat_pool"
    __table_args__ = (
        CheckConstraint("taken >= 0", name="taken_not_negative"),
        CheckConstraint("waiting >= 0", name="waiting_not_negative"),
        Index(
            "uq_seat_pool_event",
            "event_id",
            "mode",
            unique=True,
            sqlite_where=text("cohort_id IS NULL"),
            postgresql_where=text("cohort_id IS NULL"),
        ),
        Index(
            "uq_seat_pool_cohort",
            "cohort_id",
            "mode",
            unique=True,
            sqlite_where=text("cohort_id IS NOT NULL"),
            postgresql_where=text("cohort_id IS NOT NULL"),
        ),
    )

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    cohort_id: Mapped[int | None] = mapped_column(ForeignKey("cohort.id", ondelete="CASCADE"))
    mode: Mapped[str] = mapped_column(default="")
    capacity: Mapped[int | None]
    taken: Mapped[int] = mapped_column(default=0)
    last_number: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)

    event: Mapped[Event] = relationship(back_populates="seat_pools")
    cohort: Mapped[Cohort | None] = relationship()

    @property
    def left(self) -> int | None:
        """Places left; None when there is no limit."""
        return None if self.capacity is None else max(self.capacity - self.taken, 0)
