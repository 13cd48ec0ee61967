"""Colleges: who a seat of a body is for."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.networks.models import Network


class College(Row, Base):
    """The seats that a body (a steering committee) keeps for one electoral college."""

    __tablename__ = "college"
    __table_args__ = (UniqueConstraint("network_id", "body", "name"),)

    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    body: Mapped[str]
    name: Mapped[str]
    seats: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)

    network: Mapped[Network] = relationship()
