"""The memory of a demonstration's load: by how many weeks its dates were moved."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from eventhub.db import Base


class DemonstrationLoad(Base):
    """The first load of the demonstration programme. At most one row."""

    __tablename__ = "demonstration_load"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_weeks: Mapped[int]
    loaded_at: Mapped[datetime]
