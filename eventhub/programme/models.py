"""What came from documents: each entry as read, and by how many weeks a demonstration moved."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from eventhub.db import Base


class ProgrammeEntry(Base):
    """One entry of a programme's file (an event with all its rows) and what became of it.

    ``rows`` keeps the cells as the document gives them, note and source included. ``left`` is a
    digest of the record as the import left it: when the record says something else now, somebody
    edited it since, and it is theirs. ``event_id`` for entries of ``events.csv``.
    """

    __tablename__ = "programme_entry"
    __table_args__ = (UniqueConstraint("file", "network_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str]
    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    key: Mapped[str]
    event_id: Mapped[int | None] = mapped_column(
        ForeignKey("event.id", ondelete="SET NULL"), index=True
    )
    rows: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    left: Mapped[str]
    imported_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class DemonstrationLoad(Base):
    """The first load of the demonstration programme. At most one row."""

    __tablename__ = "demonstration_load"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_weeks: Mapped[int]
    loaded_at: Mapped[datetime]
