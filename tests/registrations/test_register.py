"""Registering: the gate, the line, and the same form sent twice."""

from datetime import timedelta

import pytest
from flask import Flask

from eventhub import clock
from eventhub.errors import Invalid
from eventhub.events.models import SeatPool
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.registrations.crowd import at_once
from tests.registrations.people import assert_counts_hold, deliveries, mails, register, states

pytestmark = pytest.mark.usefixtures("app")


def test_a_registration_takes_a_place_and_owes_one_confirmation():
    event = a.a_published_event(places=10)
    outcome = register(event, "lise@example.org", organisation="Centre de la petite enfance")

    assert outcome.state == "confirmed"
    assert states(event) == {"lise@example.org": "confirmed"}
    assert mails() == ["confirmation"]
    assert a.count(SeatPool, event_id=event.id, taken=1) == 1


def test_a_full_event_puts_the_next_person_on_the_waitlist():
    event = a.a_published_event(places=1)
    register(event, "lise@example.org")
    second = register(event, "omar@example.org")
    third = register(event, "anne@example.org")

    assert (second.state, second.position) == ("waitlisted", 1)
    assert (third.state, third.position) == ("waitlisted", 2)
    assert mails("omar@example.org") == ["waitlisted"]


def test_an_event_without_limit_takes_everyone_even_before_it_has_a_pool():
    event = a.a_published_event()
    with a.writing():
        a.attached(event).seat_pools = []
    assert register(event).state == "confirmed"
    assert_counts_hold(event)


@pytest.mark.requirement("S1")
def test_fifty_people_at_once_on_ten_places_make_ten_confirmed_and_a_line_of_forty(app: Flask):
    event = a.a_published_event(places=10)
    people = [f"personne{number}@example.org" for number in range(50)]
    at_once(app, [lambda email=email: register(event, email) for email in people])

    assert a.count(Registration, event_id=event.id, state="confirmed") == 10
    with a.context():
        waiting = service.list_registrations(
            a.attached(event), state="waitlisted", sort="line", size=100
        )
        numbers = [row.waitlist_number for row in waiting.rows]
    assert numbers == list(range(1, 41))
    assert sorted(mails()) == ["confirmation"] * 10 + ["waitlisted"] * 40
    assert_counts_hold(event)


@pytest.mark.requirement("S2")
def test_the_same_form_sent_at_once_ten_times_is_one_registration_and_one_mail(app: Flask):
    event = a.a_published_event(places=10)
    outcomes = at_once(app, [lambda: register(event, form_key="one form")] * 10)

    assert {outcome.state for outcome in outcomes} == {"confirmed"}
    assert a.count(Registration) == 1
    assert mails() == ["confirmation"]
    assert_counts_hold(event)


@pytest.mark.requirement("S2")
def test_the_same_address_at_once_from_ten_forms_is_one_registration(app: Flask):
    event = a.a_published_event(places=10)
    at_once(app, [lambda: register(event, "lise@example.org")] * 10)

    assert a.count(Registration) == 1
    assert mails() == ["confirmation", "already_registered"]
    assert_counts_hold(event)


@pytest.mark.requirement("S2")
def test_a_form_sent_again_after_closing_time_still_shows_its_registration():
    event = a.a_published_event(registration_closes_at=clock.now() + timedelta(hours=1))
    register(event, form_key="one form")
    clock.fix(clock.now() + timedelta(hours=2))
    assert register(event, form_key="one form").state == "confirmed"


def test_the_same_form_with_a_mended_address_is_another_registration():
    event = a.a_published_event()
    register(event, "lsie@example.org", form_key="one form")
    register(event, "lise@example.org", form_key="one form")
    assert set(states(event)) == {"lsie@example.org", "lise@example.org"}


def test_the_same_form_after_a_withdrawal_registers_again():
    event = a.a_published_event(places=1)
    first = register(event, form_key="one form")
    with a.writing():
        service.withdraw(a.attached(first.registration))
    again = register(event, form_key="one form")

    assert again.state == "confirmed"
    assert again.registration.id != first.registration.id
    assert register(event, form_key="one form").registration.id == again.registration.id
    assert_counts_hold(event)


@pytest.mark.requirement("A12")
def test_a_registered_address_gets_the_same_answer_as_a_new_one_and_the_truth_by_mail():
    event = a.a_published_event(places=10)
    register(event, "lise@example.org")
    known = register(event, "LISE@example.org", name="Somebody else")
    new = register(event, "omar@example.org")

    assert (known.state, known.position) == (new.state, new.position)
    assert mails("lise@example.org") == ["confirmation", "already_registered"]
    assert a.reload(known.registration).name == "Lise Côté"


@pytest.mark.requirement("A12")
def test_a_waiting_address_gets_the_same_answer_as_a_new_one():
    event = a.a_published_event(places=1)
    for email in ("lise@example.org", "omar@example.org"):
        register(event, email)
    known = register(event, "omar@example.org")
    new = register(event, "anne@example.org")
    assert (known.state, known.position) == (new.state, new.position) == ("waitlisted", 2)


@pytest.mark.requirement("A11")
def test_registering_somebody_again_and_again_sends_them_one_mail_an_hour():
    event = a.a_published_event()
    for _ in range(5):
        register(event, "lise@example.org")
    assert mails("lise@example.org") == ["confirmation", "already_registered"]


def test_nobody_jumps_the_line_when_places_were_added_but_not_given_yet():
    event = a.a_published_event(places=1)
    register(event, "lise@example.org")
    register(event, "omar@example.org")
    with a.writing():
        a.attached(event).seat_pools[0].capacity = 5
    newcomer = register(event, "anne@example.org")
    assert (newcomer.state, newcomer.position) == ("waitlisted", 2)

    with a.writing():
        assert service.promote(event.seat_pools[0].id) == 2
    assert set(states(event).values()) == {"confirmed"}
    assert mails("omar@example.org") == ["waitlisted", "promoted"]
    assert_counts_hold(event)


def test_a_hybrid_event_counts_each_mode_apart():
    event = a.a_published_event(mode="hybrid", places=1)
    assert register(event, "lise@example.org", mode="in_person").state == "confirmed"
    assert register(event, "omar@example.org", mode="in_person").state == "waitlisted"
    assert register(event, "anne@example.org", mode="online").state == "confirmed"
    with pytest.raises(Invalid) as refusal:
        register(event, "jean@example.org")
    assert set(refusal.value.fields) == {"mode"}


def test_a_training_is_registered_for_by_cohort():
    event = a.a_published_event(kind="training")
    first = a.a_cohort(event, a.in_days(10), a.in_days(17), places=1)
    second = a.a_cohort(event, a.in_days(11), a.in_days(18), places=1)
    register(event, "lise@example.org", cohort=first.public_id)
    assert register(event, "omar@example.org", cohort=first.public_id).state == "waitlisted"
    assert register(event, "anne@example.org", cohort=second.public_id).state == "confirmed"
    with pytest.raises(Invalid) as refusal:
        register(event, "jean@example.org", cohort="another event's")
    assert set(refusal.value.fields) == {"cohort"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"registration_open": False}, "not_open"),
        ({"state": "cancelled"}, "event_cancelled"),
        ({"state": "draft"}, "not_open"),
        ({"audience": "private"}, "not_open"),
        ({"registration_opens_at": clock.now() + timedelta(days=1)}, "not_yet"),
        ({"registration_closes_at": clock.now() - timedelta(hours=1)}, "over"),
        ({"starts_on": a.in_days(-3)}, "over"),
    ],
)
def test_a_closed_registration_takes_nobody(values: dict[str, object], reason: str):
    event = a.a_published_event(**values)
    with pytest.raises(service.RegistrationClosed) as refusal:
        register(event)
    assert refusal.value.reason == reason
    assert a.count(Registration) == 0


def test_an_event_without_date_takes_registrations_and_sends_no_calendar_request():
    event = a.a_published_event(starts_on=None, ends_on=None, date_status="to_be_confirmed")
    assert register(event).state == "confirmed"
    (owed,) = deliveries()
    assert "calendar" not in owed.arguments


@pytest.mark.requirement("A3")
@pytest.mark.parametrize("separator", ["\r\n", "\n", "\u2028", "\u2029", "\u0085", "\x00"])
def test_a_line_break_in_a_name_or_an_organisation_is_refused(separator: str):
    event = a.a_published_event()
    with pytest.raises(Invalid) as refusal:
        register(
            event,
            name=f"Lise{separator}Bcc: all@example.org",
            organisation=f"Centre{separator}X",
        )
    assert set(refusal.value.fields) == {"name", "organisation"}


def test_every_field_to_mend_is_named_at_once():
    event = a.a_published_event(mode="hybrid")
    with pytest.raises(Invalid) as refusal:
        register(event, "not an address", name=" ", organisation="x" * 200)
    assert set(refusal.value.fields) == {"name", "email", "organisation", "mode"}
