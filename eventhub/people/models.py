"""People and organisations: who we know."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.networks.models import Network


class Person(Row, Base):
    """Somebody who registered or subscribed. ``email_key`` is the normalised address."""

    __tablename__ = "person"

    name: Mapped[str] = mapped_column(default="")
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    locale: Mapped[str] = mapped_column(default="fr")
    created_at: Mapped[datetime]


class Organisation(Row, Base):
    """A member organisation of a network. ``sector`` is what it does."""

    __tablename__ = "organisation"
    __table_args__ = (UniqueConstraint("network_id", "name"),)

    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"))
    name: Mapped[str]
    folded_name: Mapped[str] = mapped_column(index=True)
    sector: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    network: Mapped[Network] = relationship()
