"""What the other tests start from can be made, on both databases."""

import pytest

from eventhub.events.models import SeatPool
from eventhub.registrations.models import Registration
from tests import factories as a

pytestmark = pytest.mark.usefixtures("app")


def test_things_are_in_the_database_when_the_factory_returns():
    network = a.a_network()
    account = a.an_organiser(network)
    event = a.a_published_event(network, places=2)
    training = a.an_event(network, kind="training", starts_on=None)
    cohort = a.a_cohort(training, a.in_days(10), a.in_days(17), places=8)
    newsletter = a.a_newsletter(network)
    subscription = a.a_subscription(newsletter, "lise@example.org")

    assert [item.slug for item in account.networks] == [network.slug]
    assert event.network.name == network.name
    assert len(cohort.sessions) == 2
    assert subscription.person.email == "lise@example.org"
    assert a.count(SeatPool) == 3


def test_a_registration_takes_its_place_in_the_pool():
    event = a.a_published_event(places=2)
    a.a_registration(event, "lise@example.org")
    waiting = a.a_registration(event, "omar@example.org", state="waitlisted")

    assert a.count(SeatPool, taken=1) == 1
    assert waiting.waitlist_number == 1
    assert a.count(Registration, event_id=event.id) == 2


def test_a_hybrid_event_counts_the_two_modes_apart():
    event = a.an_event(mode="hybrid", places=5)
    assert sorted(str(pool.mode) for pool in event.seat_pools) == ["in_person", "online"]
