"""Accounts: organisers who sign in."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.networks.models import AccountNetwork, Network


class Account(Row, Base):
    """An organiser. ``session_version`` rises with the password: older sessions end."""

    __tablename__ = "account"

    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str] = mapped_column(unique=True)
    locale: Mapped[str] = mapped_column(default="fr")
    password_hash: Mapped[str]
    session_version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]

    networks: Mapped[list[Network]] = relationship(
        secondary=AccountNetwork.__table__, order_by=Network.name
    )
