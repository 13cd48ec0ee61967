"""What the domains ask of the mail: owe a message, take one back, stop writing to an address."""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from eventhub import clock, outbox
from eventhub.db import insert_or_ignore, session
from eventhub.errors import NotFound
from eventhub.mail import address as addresses
from eventhub.mail.models import Delivery, Suppression


def owe(
    message: str,
    *,
    subject_id: int,
    address: str,
    locale: str,
    key: str,
    arguments: dict[str, Any] | None = None,
    person_id: int | None = None,
) -> Delivery | None:
    """Owe one message to one address; it is rendered and sent by a worker after the commit.

    ``message`` names a builder registered in ``jobs/registry.py`` ("registrations.confirmation");
    ``subject_id`` and ``arguments`` are what it needs. ``key`` makes it owed once: None is
    returned when a delivery under this key exists already.
    """
    delivery_id = insert_or_ignore(
        Delivery,
        message=message,
        subject_id=subject_id,
        arguments=arguments or {},
        key=key,
        address=address,
        address_key=addresses.key(address),
        locale=locale,
        person_id=person_id,
        created_at=clock.now(),
    )
    if delivery_id is None:
        return None
    outbox.add("mail.deliver", key=f"mail.deliver:{delivery_id}", delivery_id=delivery_id)
    return session.get(Delivery, delivery_id)


def get_delivery(delivery_id: int) -> Delivery:
    """Return a delivery as the database has it now. Raises NotFound."""
    delivery = session.get(Delivery, delivery_id, populate_existing=True)
    if delivery is None:
        raise NotFound
    return delivery


def owed_since(message: str, address: str, since: datetime) -> list[datetime]:
    """Return when each message of this name was owed to an address, after ``since``."""
    return list(
        session.scalars(
            select(Delivery.created_at).where(
                Delivery.address_key == addresses.key(address),
                Delivery.message == message,
                Delivery.created_at > since,
            )
        )
    )


def cancel_open(message: str, subject_id: int) -> int:
    """Close what is still owed of a message to a subject; the number of deliveries closed.

    A sender that holds one of them loses it: its own write asks for a delivery still claimed.
    """
    closed = session.scalars(
        update(Delivery)
        .where(
            Delivery.message == message,
            Delivery.subject_id == subject_id,
            Delivery.state.in_(("pending", "claimed", "deferred", "uncertain")),
        )
        .values(state="cancelled", claim=None, lease_until=None, next_at=None)
        .returning(Delivery.id)
        .execution_options(synchronize_session="fetch")
    )
    return len(closed.all())


def suppress(address: str, reason: str) -> None:
    """Never write to an address again. ``reason``: hard_bounce, complaint, manual."""
    insert_or_ignore(
        Suppression,
        address_key=addresses.key(address),
        reason=reason,
        created_at=clock.now(),
    )


def is_suppressed(address: str) -> bool:
    """Tell whether an address must not be written to."""
    found = select(Suppression.reason).where(Suppression.address_key == addresses.key(address))
    return session.scalar(found) is not None
