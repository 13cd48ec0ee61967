"""The network: the tenant, its identity, and the version of its calendars."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from eventhub.db import Base, Row

DEFAULT_ACCENT = "#1f5f5b"


class Network(Row, Base):
    """A network of non-profits that publishes events and newsletters under its own name.

    ``code`` is the network's mark in a programme ("AQPSC"). The identity (From, postal address,
    person in charge) is what CASL (L1) and Law 25 (L8) have each mail and form show.
    ``calendar_version`` rises with every change that a feed of this network could show (F3).
    """

    __tablename__ = "network"

    code: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    from_name: Mapped[str] = mapped_column(default="")
    from_address: Mapped[str] = mapped_column(default="")
    reply_to: Mapped[str] = mapped_column(default="")
    postal_address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    person_in_charge: Mapped[str] = mapped_column(default="")
    person_in_charge_email: Mapped[str] = mapped_column(default="")
    accent: Mapped[str] = mapped_column(default=DEFAULT_ACCENT)
    time_zone: Mapped[str] = mapped_column(default="America/Toronto")
    demonstration: Mapped[bool] = mapped_column(default=False)
    calendar_version: Mapped[int] = mapped_column(default=0)
    calendar_changed_at: Mapped[datetime]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class AccountNetwork(Base):
    """An organiser's right over a network."""

    __tablename__ = "account_network"

    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True
    )
    network_id: Mapped[int] = mapped_column(
        ForeignKey("network.id", ondelete="CASCADE"), primary_key=True, index=True
    )
