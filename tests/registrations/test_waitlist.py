"""The line: who comes next when a place is freed, and what is kept meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from eventhub import clock, tokens
from eventhub.db import session
from eventhub.errors import Conflict, NotFound
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from eventhub.registrations.service import seats
from tests import factories as a
from tests.registrations.crowd import at_once, wait_for_a_lock
from tests.registrations.people import assert_counts_hold, deliveries, mails, register, states

pytestmark = pytest.mark.usefixtures("app")


def withdraw(registration: Registration) -> None:
    with a.writing():
        service.withdraw(a.attached(registration))


@pytest.mark.requirement("S3")
def test_a_withdrawal_promotes_exactly_the_first_of_the_line():
    event = a.a_published_event(places=1)
    first = register(event, "lise@example.org")
    register(event, "omar@example.org")
    register(event, "anne@example.org")
    withdraw(first.registration)

    assert states(event) == {
        "lise@example.org": "cancelled",
        "omar@example.org": "confirmed",
        "anne@example.org": "waitlisted",
    }
    assert mails("omar@example.org") == ["waitlisted", "promoted"]
    assert mails("lise@example.org") == ["confirmation", "withdrawn"]
    assert_counts_hold(event)


def test_withdrawing_twice_frees_one_place_and_sends_one_mail():
    event = a.a_published_event(places=2)
    first = register(event, "lise@example.org")
    register(event, "omar@example.org")
    withdraw(first.registration)
    withdraw(first.registration)
    assert mails("lise@example.org") == ["confirmation", "withdrawn"]
    assert_counts_hold(event)


def test_somebody_who_leaves_the_line_is_not_offered_a_place():
    event = a.a_published_event(places=1)
    first = register(event, "lise@example.org")
    leaver = register(event, "omar@example.org")
    register(event, "anne@example.org")
    withdraw(leaver.registration)
    withdraw(first.registration)
    assert states(event)["omar@example.org"] == "cancelled"
    assert states(event)["anne@example.org"] == "confirmed"
    assert_counts_hold(event)


@pytest.mark.requirement("S3")
def test_no_place_is_given_after_closing_time():
    closes = clock.now() + timedelta(hours=1)
    event = a.a_published_event(places=1, registration_closes_at=closes)
    first = register(event, "lise@example.org")
    register(event, "omar@example.org")
    clock.fix(closes)
    withdraw(first.registration)
    assert states(event)["omar@example.org"] == "waitlisted"


@pytest.mark.requirement("A21", "S3")
def test_withdrawals_and_registrations_at_once_never_oversell_and_leave_no_place_empty(app: Flask):
    event = a.a_published_event(places=10)
    present = [register(event, f"present{number}@example.org") for number in range(20)]
    leaving = [outcome.registration for outcome in present[::2]]
    tasks = [lambda row=row: service.withdraw(a.attached(row)) for row in leaving * 2]
    tasks += [lambda n=n: register(event, f"nouveau{n}@example.org") for n in range(20)]
    at_once(app, tasks, threads=40)

    assert_counts_hold(event)
    assert a.count(Registration, state="confirmed") == 10
    assert a.count(Registration, state="waitlisted") == 20
    assert a.count(Registration, state="cancelled") == 10
    assert mails().count("withdrawn") == 10


@pytest.mark.requirement("A21")
def test_people_who_change_places_at_once_keep_the_counts_right(app: Flask):
    event = a.a_published_event(mode="hybrid", places=6)
    here = [register(event, f"ici{n}@example.org", mode="in_person") for n in range(8)]
    there = [register(event, f"loin{n}@example.org", mode="online") for n in range(8)]

    def move(row: Registration, mode: str) -> Registration:
        return service.change(a.attached(row), name=row.name, organisation="", mode=mode)

    tasks = [lambda o=o: move(o.registration, "online") for o in here]
    tasks += [lambda o=o: move(o.registration, "in_person") for o in there]
    tasks += [lambda o=o: service.withdraw(a.attached(o.registration)) for o in here[:3]]
    answers = at_once(app, tasks, threads=19)

    refusals = [answer for answer in answers if isinstance(answer, Exception)]
    assert {type(refusal) for refusal in refusals} <= {service.PoolFull, Conflict}
    assert_counts_hold(event)


def test_a_move_to_full_places_keeps_the_present_one_unless_one_chooses_to_wait():
    event = a.a_published_event(mode="hybrid", places=1)
    here = register(event, "lise@example.org", mode="in_person").registration
    register(event, "omar@example.org", mode="in_person")
    register(event, "anne@example.org", mode="online")

    with pytest.raises(service.PoolFull), a.writing():
        service.change(a.attached(here), name="Lise", organisation="", mode="online")
    assert states(event)["lise@example.org"] == "confirmed"

    with a.writing():
        service.change(a.attached(here), name="Lise", organisation="", mode="online", wait=True)
    assert states(event) == {
        "lise@example.org": "waitlisted",
        "omar@example.org": "confirmed",
        "anne@example.org": "confirmed",
    }
    last = deliveries("lise@example.org")[-1]
    assert (last.message, last.arguments["calendar"]) == ("registrations.waitlisted", "CANCEL")
    assert_counts_hold(event)


def test_a_move_to_a_free_place_frees_the_other_one_for_the_line():
    event = a.a_published_event(mode="hybrid", places=1)
    here = register(event, "lise@example.org", mode="in_person").registration
    register(event, "omar@example.org", mode="in_person")
    with a.writing():
        service.change(a.attached(here), name="Lise Roy", organisation="CPE", mode="online")

    moved = a.reload(here)
    assert (moved.state, moved.mode, moved.organisation) == ("confirmed", "online", "CPE")
    assert "lise roy" in moved.folded_text
    assert states(event)["omar@example.org"] == "confirmed"
    assert mails("lise@example.org") == ["confirmation", "updated"]
    assert_counts_hold(event)


@pytest.mark.requirement("M4")
def test_a_change_of_group_takes_the_old_dates_out_of_the_calendar_and_puts_the_new_ones_in():
    event = a.a_published_event(kind="training")
    first, second = (a.a_cohort(event, a.in_days(10 + n), places=1) for n in range(2))
    row = register(event, cohort=first.public_id).registration
    with a.writing():
        service.change(a.attached(row), name="Lise", organisation="", cohort=second.public_id)

    left, updated = deliveries("lise@example.org")[1:]
    assert left.message == "registrations.left_cohort"
    (old,), (new,) = first.sessions, second.sessions
    assert left.arguments == {
        "calendar": "CANCEL",
        "sequence": 1,
        "cohort_id": first.id,
        "session": old.public_id,
    }
    assert updated.arguments == {"calendar": "REQUEST", "sequence": 2, "session": new.public_id}
    assert_counts_hold(event)


def test_a_group_where_the_address_is_registered_already_is_refused():
    event = a.a_published_event(kind="training")
    first, second = (a.a_cohort(event, a.in_days(10 + n)) for n in range(2))
    row = register(event, cohort=first.public_id).registration
    register(event, cohort=second.public_id)
    with pytest.raises(service.AlreadyRegistered), a.writing():
        service.change(a.attached(row), name="Lise", organisation="", cohort=second.public_id)
    assert_counts_hold(event)


@pytest.mark.requirement("S5")
@pytest.mark.parametrize(
    ("policy", "places", "asked"),
    [
        ("never", 1, False),
        ("always", None, True),
        ("when_scarce", 10, True),
        ("when_scarce", 11, False),
    ],
)
def test_the_address_is_confirmed_as_the_event_asks(policy: str, places: int, asked: bool):
    event = a.a_published_event(places=places, confirm_address=policy)
    if places == 10:
        for number in range(9):
            a.a_registration(event, f"personne{number}@example.org")
    outcome = register(event)
    assert outcome.state == ("check_mail" if asked else "confirmed")
    assert mails() == ["confirm_address" if asked else "confirmation"]


@pytest.mark.requirement("S6")
def test_a_form_filled_as_by_a_robot_has_its_address_confirmed():
    assert register(a.a_published_event(), suspicious=True).state == "check_mail"


@pytest.mark.requirement("S5")
def test_a_place_is_kept_until_the_address_is_confirmed():
    clock.fix(clock.now())
    event = a.a_published_event(places=1, confirm_address="always")
    row = register(event).registration
    assert (row.state, row.held_until) == ("pending", row.created_at + timedelta(minutes=45))
    assert register(event, "omar@example.org").state == "check_mail"
    assert states(event)["omar@example.org"] == "waitlisted"

    for _ in range(2):
        with a.writing():
            found = service.get_by_token(service.confirm_token(row), service.CONFIRM)
            service.confirm_address(found)
    assert a.reload(row).state == "confirmed"
    assert mails("lise@example.org") == ["confirm_address", "confirmation"]
    assert_counts_hold(event)


@pytest.mark.requirement("S3", "S5")
def test_a_place_that_nobody_confirms_goes_to_the_line():
    event = a.a_published_event(places=1, confirm_address="always")
    held = register(event, "lise@example.org").registration
    waiting = register(event, "omar@example.org").registration
    with a.writing():
        service.confirm_address(a.attached(waiting))
    clock.fix(clock.now() + timedelta(minutes=46))
    with a.writing():
        assert service.expire_holds() == 1

    assert states(event) == {"lise@example.org": "cancelled", "omar@example.org": "confirmed"}
    assert mails("lise@example.org") == ["confirm_address"]
    with pytest.raises(service.HoldEnded), a.writing():
        service.confirm_address(a.attached(held))
    assert_counts_hold(event)


def test_a_place_freed_for_an_unconfirmed_address_is_kept_until_its_time_ends():
    event = a.a_published_event(places=1)
    first = register(event, "lise@example.org")
    unsure = register(event, "omar@example.org", suspicious=True).registration
    withdraw(first.registration)
    assert a.reload(unsure).state == "pending"
    assert mails("omar@example.org") == ["confirm_address"]
    assert_counts_hold(event)


@pytest.mark.requirement("A1", "A8")
def test_a_link_opens_its_own_registration_only_and_not_for_ever():
    event = a.a_published_event()
    mine = register(event, "lise@example.org").registration
    other = register(event, "omar@example.org").registration
    with a.context():
        token = service.manage_token(mine)
        assert service.get_by_token(token).id == mine.id
        forged = other.public_id + token[32:]
        for wrong in (forged, token[:-1], token + "x", "", "é", service.confirm_token(mine)):
            with pytest.raises(NotFound):
                service.get_by_token(wrong)
        old_key = tokens.make(service.MANAGE, mine.public_id, mine.manage_version + 1)
        with pytest.raises(NotFound):
            service.get_by_token(old_key)
        clock.fix(event.ends_at + timedelta(days=29))
        assert service.get_by_token(token).id == mine.id
        clock.fix(event.ends_at + timedelta(days=31))
        with pytest.raises(NotFound):
            service.get_by_token(token)


@pytest.mark.database("postgresql")
def test_leaving_a_place_that_was_just_changed_blocks_nobody_who_moves(app: Flask):
    event = a.a_published_event(places=5, mode="hybrid")
    lise = register(event, "lise@example.org", mode="online").registration
    in_person, online = [pool.id for pool in event.seat_pools]
    has_read, moved = threading.Event(), threading.Event()

    def leave() -> None:
        with app.app_context():
            with a.writing():
                row = a.attached(lise)
                has_read.set()
                moved.wait(timeout=30)
                service.withdraw(row)
            session.remove()

    with ThreadPoolExecutor(1) as other:
        left = other.submit(leave)
        has_read.wait(timeout=30)
        with a.writing():
            service.change(a.attached(lise), name="Lise", organisation="", mode="in_person")
        with a.writing():  # somebody else, half-way through taking both
            seats.lock(in_person)
            moved.set()
            wait_for_a_lock()
            seats.lock(online)
        left.result(timeout=30)
    assert states(event) == {"lise@example.org": "cancelled"}
    assert_counts_hold(event)


def test_an_unconfirmed_address_that_moves_to_a_free_place_still_has_to_be_confirmed():
    event = a.a_published_event(places=1, mode="hybrid", confirm_address="always")
    register(event, "lise@example.org", mode="in_person")
    waiting = register(event, "omar@example.org", mode="in_person").registration
    with a.writing():
        service.change(a.attached(waiting), name="Omar Diop", organisation="", mode="online")
    moved = a.reload(waiting)
    assert moved.state == "pending"
    assert moved.held_until is not None
    assert mails("omar@example.org") == ["confirm_address"]
    assert_counts_hold(event)
