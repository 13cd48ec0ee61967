"""What people are told when the event changes, and with which calendar sequence."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from eventhub.db import session
from eventhub.registrations import service
from eventhub.registrations.service import seats
from tests import factories as a
from tests.registrations.crowd import wait_for_a_lock
from tests.registrations.people import deliveries, mails, register

pytestmark = pytest.mark.usefixtures("app")


def tell(event: a.Event) -> None:
    with a.writing():
        while service.tell_event_changed(event.id, limit=2):
            pass


def move(event: a.Event, **values: object) -> None:
    """An organiser moves the event by a week, or changes what is given."""
    with a.writing():
        mine = a.attached(event)
        week = timedelta(days=7)
        moved = values or {
            "starts_on": mine.starts_on + week,
            "ends_on": mine.ends_on + week,
            "starts_at": mine.starts_at + week,
            "ends_at": mine.ends_at + week,
        }
        for name, value in moved.items():
            setattr(mine, name, value)
        mine.sequence += 1


def calendar_of(address: str) -> list[tuple[str, object, object]]:
    return [
        (
            row.message.removeprefix("registrations."),
            row.arguments.get("calendar"),
            row.arguments.get("sequence"),
        )
        for row in deliveries(address)
    ]


@pytest.mark.requirement("M3")
def test_a_moved_event_is_told_once_to_each_who_was_told_the_old_date():
    event = a.a_published_event(places=3)
    for name in ("lise", "omar", "anne", "jean"):
        register(event, f"{name}@example.org")
    with a.writing():
        service.withdraw(service.list_registrations(a.attached(event), search="omar").rows[0])
    move(event)
    tell(event)
    tell(event)
    register(event, "late@example.org")

    assert calendar_of("lise@example.org") == [
        ("confirmation", "REQUEST", 0),
        ("updated", "REQUEST", 1),
    ]
    assert mails("omar@example.org") == ["confirmation", "withdrawn"]
    assert calendar_of("jean@example.org")[1:] == [
        ("promoted", "REQUEST", 0),
        ("updated", "REQUEST", 1),
    ]
    assert calendar_of("late@example.org") == [("waitlisted", None, None)]


@pytest.mark.requirement("M4")
def test_a_cancelled_event_is_cancelled_in_each_calendar_that_has_it():
    event = a.a_published_event(places=1)
    register(event, "lise@example.org")
    register(event, "omar@example.org")
    move(event, state="cancelled")
    tell(event)
    assert calendar_of("lise@example.org")[-1] == ("cancelled_event", "CANCEL", 1)
    assert calendar_of("omar@example.org")[-1] == ("cancelled_event", None, None)


@pytest.mark.requirement("M4")
def test_each_calendar_message_to_a_person_has_a_higher_sequence_than_the_one_before():
    event = a.a_published_event(mode="hybrid")
    row = register(event, mode="online").registration
    with a.writing():
        service.change(a.attached(row), name="Lise", organisation="", mode="in_person")
    move(event)
    tell(event)
    with a.writing():
        service.withdraw(a.attached(row))
    register(event, mode="online")

    assert calendar_of("lise@example.org") == [
        ("confirmation", "REQUEST", 0),
        ("updated", "REQUEST", 1),
        ("updated", "REQUEST", 2),
        ("withdrawn", "CANCEL", 3),
        ("confirmation", "REQUEST", 4),
    ]


def test_an_event_that_gets_its_date_sends_its_first_calendar_request():
    event = a.a_published_event(starts_on=None, ends_on=None, date_status="to_be_confirmed")
    register(event)
    day = a.in_days(20)
    move(
        event,
        date_status="confirmed",
        starts_on=day,
        ends_on=day,
        starts_at=a.at(day, 9),
        ends_at=a.at(day, 12),
    )
    tell(event)
    assert calendar_of("lise@example.org") == [
        ("confirmation", None, None),
        ("updated", "REQUEST", 1),
    ]


def test_an_event_that_loses_its_date_leaves_the_calendars():
    event = a.a_published_event()
    register(event)
    move(event, starts_on=None, ends_on=None, starts_at=None, ends_at=None)
    tell(event)
    assert calendar_of("lise@example.org")[-1] == ("updated", "CANCEL", 1)


@pytest.mark.requirement("M5")
def test_a_mail_sent_again_carries_the_same_sequence():
    event = a.a_published_event()
    row = register(event).registration
    with a.writing():
        service.resend(a.attached(event), row.public_id)
    assert calendar_of("lise@example.org") == [("confirmation", "REQUEST", 0)] * 2


@pytest.mark.requirement("A11", "A12")
def test_links_are_sent_again_to_those_who_have_some_and_once_an_hour():
    event, past = a.a_published_event(), a.a_published_event(starts_on=a.in_days(-2))
    register(event, "lise@example.org")
    a.a_registration(past, "omar@example.org")
    for address in ("lise@example.org", "lise@example.org", "omar@example.org", "x@example.org"):
        with a.writing():
            service.send_links(address, "fr")
    assert mails("lise@example.org") == ["confirmation", "links"]
    assert mails("omar@example.org") == []
    assert mails("x@example.org") == []


@pytest.mark.requirement("M3")
def test_a_new_room_is_told_to_those_who_come_to_it_only():
    event = a.a_published_event(mode="hybrid")
    register(event, "lise@example.org", mode="in_person")
    register(event, "omar@example.org", mode="online")
    move(event, venue_name="Bibliothèque")
    tell(event)
    assert mails("lise@example.org") == ["confirmation", "updated"]
    assert mails("omar@example.org") == ["confirmation"]


@pytest.mark.requirement("M3")
def test_a_moved_session_is_told_to_its_group_only():
    event = a.a_published_event(kind="training")
    first, second = (a.a_cohort(event, a.in_days(10 + n), a.in_days(17 + n)) for n in range(2))
    register(event, "lise@example.org", cohort=first.public_id)
    register(event, "omar@example.org", cohort=second.public_id)
    with a.writing():
        session = a.attached(first.sessions[0])
        session.starts_at += timedelta(hours=1)
        session.sequence += 1
    tell(event)
    assert calendar_of("lise@example.org")[2:] == [
        ("updated", "REQUEST", 1),
        ("session", "REQUEST", 1),
    ]
    assert mails("omar@example.org") == ["confirmation", "session"]


@pytest.mark.requirement("M3")
def test_an_event_that_moves_online_is_told_to_those_who_were_to_come_in_person():
    event = a.a_published_event(places=3)
    lise = register(event, "lise@example.org")
    move(event, mode="online", join_url="https://video.example/1")
    tell(event)
    tell(event)
    assert calendar_of("lise@example.org")[1:] == [("updated", "REQUEST", 1)]
    assert a.reload(lise.registration).mode == "online"


@pytest.mark.database("postgresql")
def test_telling_waits_for_a_change_of_places_and_neither_is_lost(app: Flask):
    event = a.a_published_event(places=3)
    lise = register(event, "lise@example.org").registration
    omar = register(event, "omar@example.org").registration
    move(event)

    def tell_beside() -> None:
        with app.app_context():
            tell(event)
            session.remove()

    with ThreadPoolExecutor(1) as beside:
        with a.writing():
            seats.lock_registration(a.attached(omar))
            told = beside.submit(tell_beside)
            wait_for_a_lock()
            session.refresh(a.attached(lise), with_for_update=True)
        told.result(timeout=30)
    assert mails("lise@example.org") == mails("omar@example.org") == ["confirmation", "updated"]


@pytest.mark.requirement("A11")
def test_a_training_of_many_dates_does_not_flood_an_address():
    event = a.a_published_event(kind="training")
    cohort = a.a_cohort(event, *(a.in_days(day) for day in range(10, 30)))
    register(event, "lise@example.org", cohort=cohort.public_id)
    assert mails("lise@example.org") == ["confirmation"] + ["session"] * 7
