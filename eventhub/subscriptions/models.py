"""Newsletters one may subscribe to, subscriptions, and the consents behind them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from eventhub.db import Base, Row
from eventhub.i18n import pick
from eventhub.networks.models import Network
from eventhub.people.models import Person

CADENCES = ("monthly", "six_per_year", "not_stated")


class Newsletter(Row, Base):
    """A publication of a network. ``audience``: public (anyone subscribes) or members.

    ``scheduled_for`` is the first day of the last period whose draft the schedule looked after.
    """

    __tablename__ = "newsletter"
    __table_args__ = (UniqueConstraint("network_id", "name_fr"),)

    network_id: Mapped[int] = mapped_column(ForeignKey("network.id"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name_fr: Mapped[str]
    name_en: Mapped[str] = mapped_column(default="")
    cadence: Mapped[str] = mapped_column(default="monthly")
    rule: Mapped[str] = mapped_column(default="")
    audience: Mapped[str] = mapped_column(default="public")
    scheduled_for: Mapped[date | None]
    created_at: Mapped[datetime]

    network: Mapped[Network] = relationship(lazy="joined", innerjoin=True)

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return pick(self.name_fr, self.name_en)


class Subscription(Row, Base):
    """A person's link to a newsletter. ``state``: unconfirmed, confirmed, unsubscribed.

    ``confirm_version`` revokes confirmation links; unsubscribe links never expire (L2).
    """

    __tablename__ = "subscription"
    __table_args__ = (
        UniqueConstraint("newsletter_id", "person_id"),
        Index("ix_subscription_audience", "newsletter_id", "state", "locale"),
    )

    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletter.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    locale: Mapped[str]
    state: Mapped[str] = mapped_column(default="unconfirmed")
    confirm_version: Mapped[int] = mapped_column(default=1)
    confirmation_owed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    unsubscribed_at: Mapped[datetime | None]

    newsletter: Mapped[Newsletter] = relationship()
    person: Mapped[Person] = relationship()


class Consent(Base):
    """An appended statement, never changed: who agreed to or withdrew what, when, in which words.

    ``statement``: requested, granted, withdrawn. ``basis``: express (L3). ``source``: the page or
    link it came through.
    """

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), index=True)
    statement: Mapped[str]
    basis: Mapped[str]
    wording: Mapped[str]
    source: Mapped[str]
    created_at: Mapped[datetime]

    subscription: Mapped[Subscription] = relationship()
