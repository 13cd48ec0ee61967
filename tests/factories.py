"""What tests start from: plain functions that put one thing in the database and return it.

They need the `app` fixture (or `client`, which stands on it) and nothing else: called outside an
application context each opens one and commits. Whatever a test cares about it names, as in
`a_published_event(places=10, title_fr="Forum")`; the rest is plausible.

What is returned has left its session: columns and what was passed in can be read; to see what the
application changed since, use `reload(thing)`.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import argon2
from flask import Flask, has_app_context

from eventhub import clock, i18n
from eventhub.accounts.models import Account
from eventhub.db import Base, session, transaction
from eventhub.events.models import Cohort, Event, SeatPool, Session
from eventhub.mail import address as addresses
from eventhub.networks.models import Network
from eventhub.people.models import Person
from eventhub.registrations.models import Registration
from eventhub.subscriptions.models import Newsletter, Subscription

Thing = TypeVar("Thing", bound=Base)

PASSWORD = "correct horse battery staple"
#: Weak on purpose: the suite signs in often.
PASSWORD_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
TORONTO = ZoneInfo("America/Toronto")

_numbers = itertools.count(1)
_apps: list[Flask] = []


def use(app: Flask | None) -> None:
    """Choose the application that things are put into (the `app` fixture does)."""
    _apps[:] = [app] if app is not None else []


@contextmanager
def context() -> Iterator[None]:
    """The running application context, or one of the test's application."""
    if has_app_context():
        yield
        return
    assert _apps, "a factory needs the fixture `app`"
    with _apps[0].app_context():
        yield


@contextmanager
def writing() -> Iterator[None]:
    """The transaction that is open, or one of our own."""
    with context():
        if session().info.get("in_transaction"):
            yield
        else:
            with transaction():
                yield


def save(thing: Thing) -> Thing:
    """Put one thing in the database."""
    with writing():
        session.add(thing)
        session.flush()
    return thing


def attached(thing: Thing) -> Thing:
    """The same row, in the session of the transaction that is open."""
    found = session.get(type(thing), thing.id)  # type: ignore[attr-defined]
    assert found is not None, f"{thing!r} is not in the database"
    return found


def reload(thing: Thing) -> Thing:
    """The same row as the database has it now."""
    with context():
        session.rollback()
        found = session.get(type(thing), thing.id, populate_existing=True)  # type: ignore[attr-defined]
        assert found is not None, f"{thing!r} is no longer in the database"
        return found


def count(model: type[Base], **columns: Any) -> int:
    """How many rows of a model have these values."""
    with context():
        session.rollback()
        return session.query(model).filter_by(**columns).count()


def in_days(days: int) -> date:
    """The date, in Toronto, this many days from now."""
    return clock.today("America/Toronto") + timedelta(days=days)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """The moment (UTC) of a local time in Toronto."""
    return datetime.combine(day, time(hour, minute), TORONTO).astimezone(UTC)


def a_network(**values: Any) -> Network:
    """A network with the identity that its mails and forms must show."""
    number, now = next(_numbers), clock.now()
    defaults = {
        "code": f"RES{number}",
        "slug": f"reseau-{number}",
        "name": f"Réseau des centres {number}",
        "from_name": f"Réseau des centres {number}",
        "from_address": f"bonjour@reseau-{number}.example",
        "reply_to": f"bonjour@reseau-{number}.example",
        "postal_address": "100, rue Principale, Québec (Québec) G1K 1A1",
        "phone": "418 555-0100",
        "website": f"https://reseau-{number}.example",
        "person_in_charge": "Camille Tremblay",
        "person_in_charge_email": f"vie.privee@reseau-{number}.example",
        "calendar_changed_at": now,
        "created_at": now,
        "changed_at": now,
    }
    return save(Network(**defaults | values))


def an_organiser(*networks: Network, **values: Any) -> Account:
    """An account that may manage these networks (or a new one). Its password is `PASSWORD`."""
    number = next(_numbers)
    email = values.pop("email", f"organisation{number}@example.org")
    defaults = {
        "name": "Dominique Roy",
        "email": email,
        "email_key": addresses.key(email),
        "password_hash": PASSWORD_HASH,
        "created_at": clock.now(),
    }
    account = Account(**defaults | values)
    account.networks = list(networks) or [a_network()]
    return save(account)


def an_event(network: Network | None = None, *, places: int | None = None, **values: Any) -> Event:
    """A draft of an in-person evening in 30 days, with one pool of `places` (None: no limit)."""
    number, now, day = next(_numbers), clock.now(), values.get("starts_on", in_days(30))
    defaults = {
        "slug": f"evenement-{number}",
        "kind": "forum",
        "title_fr": f"Forum régional {number}",
        "date_status": "confirmed",
        "starts_on": day,
        "ends_on": day,
        "venue_name": "Centre communautaire",
        "venue_address": "200, rue du Parc, Québec",
        "registration_open": True,
        "created_at": now,
        "changed_at": now,
    }
    if day is not None and "starts_at" not in values:
        defaults |= {"starts_at": at(day, 18), "ends_at": at(day, 20)}
    event = Event(**defaults | values)
    event.folded_text = values.get("folded_text") or i18n.fold(f"{event.title_fr} {event.title_en}")
    event.network = network or a_network()
    modes = ("in_person", "online") if event.mode == "hybrid" else ("",)
    event.seat_pools = [SeatPool(mode=mode, capacity=places) for mode in modes]
    return save(event)


def a_published_event(
    network: Network | None = None, *, places: int | None = None, **values: Any
) -> Event:
    """A public event that everyone sees and can register for."""
    defaults = {"state": "published", "published_at": clock.now()}
    return an_event(network, places=places, **defaults | values)


def a_cohort(event: Event, *days: date, places: int | None = None, **values: Any) -> Cohort:
    """A group of a training, with one session on each of these days, and its own places."""
    sittings = [
        Session(
            event_id=event.id,
            position=position,
            starts_on=day,
            ends_on=day,
            starts_at=at(day, 9),
            ends_at=at(day, 16),
        )
        for position, day in enumerate(days)
    ]
    with writing():
        defaults = {"name_fr": f"Groupe {next(_numbers)}", "event_id": event.id}
        cohort = save(Cohort(sessions=sittings, **defaults | values))
        save(SeatPool(event_id=event.id, cohort_id=cohort.id, capacity=places))
    return cohort


def a_person(email: str | None = None, **values: Any) -> Person:
    """Somebody with an address."""
    address = email or f"personne{next(_numbers)}@example.org"
    defaults = {
        "name": "Maxime Gagnon",
        "email": address,
        "email_key": addresses.key(address),
        "created_at": clock.now(),
    }
    return save(Person(**defaults | values))


def a_registration(event: Event, email: str | None = None, **values: Any) -> Registration:
    """A confirmed registration that takes a place in the event's first pool.

    It owes no mail. Where the way to a place matters, call the service instead.
    """
    number, now = next(_numbers), clock.now()
    state = values.get("state", "confirmed")
    with writing():
        owner = attached(event)
        person = values.pop("person", None) or a_person(email)
        pool = values.pop("pool", None) or owner.seat_pools[0]
        if state in {"pending", "confirmed"}:
            pool.taken += 1
        elif state == "waitlisted":
            pool.last_number += 1
            pool.waiting += 1
            values.setdefault("waitlist_number", pool.last_number)
        defaults = {
            "form_key": f"form-{number}",
            "name": person.name,
            "email": person.email,
            "email_key": person.email_key,
            "folded_text": i18n.fold(f"{values.get('name', person.name)} {person.email}"),
            "mode": pool.mode or owner.mode,
            "locale": "fr",
            "state": state,
            "created_at": now,
            "changed_at": now,
            "confirmed_at": now if state == "confirmed" else None,
            "event": owner,
            "pool": pool,
            "person": person,
        }
        return save(Registration(**defaults | values))


def a_newsletter(network: Network | None = None, **values: Any) -> Newsletter:
    """A public, monthly newsletter."""
    number = next(_numbers)
    defaults = {
        "slug": f"infolettre-{number}",
        "name_fr": f"Infolettre {number}",
        "created_at": clock.now(),
    }
    return save(Newsletter(network=network or a_network(), **defaults | values))


def a_subscription(newsletter: Newsletter, email: str | None = None, **values: Any) -> Subscription:
    """A confirmed subscription, without the statements of consent behind it."""
    now = clock.now()
    defaults = {
        "locale": "fr",
        "state": "confirmed",
        "created_at": now,
        "changed_at": now,
        "confirmed_at": now,
    }
    with writing():
        person = values.pop("person", None) or a_person(email)
        owner = attached(newsletter)
        return save(Subscription(newsletter=owner, person=person, **defaults | values))
