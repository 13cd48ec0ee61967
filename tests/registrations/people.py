"""People who register, as tests speak of them."""

import secrets
from typing import Any

from eventhub.db import session
from eventhub.events.models import Event, SeatPool
from eventhub.mail.models import Delivery
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from eventhub.registrations.service import Outcome
from tests import factories as a


def register(event: Event, email: str = "lise@example.org", **values: Any) -> Outcome:
    """Register somebody by the service, in a transaction of its own unless one is open."""
    defaults = {"name": "Lise Côté", "form_key": secrets.token_hex(16)}
    with a.writing():
        return service.register(a.attached(event), email=email, **defaults | values)


def deliveries(address: str | None = None) -> list[Delivery]:
    """The mails owed (to an address), in the order they came about."""
    with a.context():
        session.rollback()
        query = session.query(Delivery).order_by(Delivery.id)
        return query.all() if address is None else query.filter_by(address=address).all()


def mails(address: str | None = None) -> list[str]:
    """The kinds of the mails owed (to an address), in the order they came about."""
    return [row.message.removeprefix("registrations.") for row in deliveries(address)]


def states(event: Event) -> dict[str, str]:
    """The state of each address that ever registered for an event."""
    with a.context():
        session.rollback()
        rows = session.query(Registration).filter_by(event_id=event.id).order_by(Registration.id)
        return {row.email: row.state for row in rows}


def assert_counts_hold(event: Event) -> None:
    """The pools say what the registrations say, and no place was sold twice."""
    with a.context():
        session.rollback()
        session.expire_all()
        for pool in session.query(SeatPool).filter_by(event_id=event.id):
            rows = session.query(Registration).filter_by(pool_id=pool.id).all()
            holding = [row for row in rows if row.state in {"confirmed", "pending"}]
            waiting = [row for row in rows if row.state == "waitlisted"]
            assert pool.taken == len(holding)
            assert pool.waiting == len(waiting)
            assert pool.capacity is None or pool.taken <= pool.capacity
            numbers = [row.waitlist_number for row in waiting]
            assert None not in numbers
            assert len(set(numbers)) == len(numbers)
            assert all(row.waitlist_number is None for row in holding)
            assert not (waiting and pool.capacity is None)
            assert not waiting or pool.taken == pool.capacity, "a place is free and people wait"
