"""People: the one row that an address stands for."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from eventhub import clock
from eventhub.db import session
from eventhub.mail import address as addresses
from eventhub.people.models import Organisation, Person


def find_person(email: str) -> Person | None:
    """Return the person with this address, or None."""
    return session.scalar(select(Person).where(Person.email_key == addresses.key(email)))


def find_or_add_person(name: str, email: str, locale: str) -> Person:
    """Return the person with this (clean) address, added when nobody has it.

    What is known of a person is never changed by somebody who only typed their address.
    """
    known = find_person(email)
    if known is not None:
        return known
    person = Person(
        name=name,
        email=email,
        email_key=addresses.key(email),
        locale=locale,
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError:
        known = find_person(email)
        if known is None:
            raise
        return known
    return person


def list_organisation_names(network_id: int) -> list[str]:
    """Return the names of a network's member organisations, as a form proposes them."""
    return list(
        session.scalars(
            select(Organisation.name)
            .where(Organisation.network_id == network_id)
            .order_by(Organisation.folded_name)
        )
    )
