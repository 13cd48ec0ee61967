"""The demonstration: a season ahead, the same weekdays and hours, and its inventions named."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from eventhub import clock
from eventhub.db import session, transaction
from eventhub.events.models import Event, SeatPool
from eventhub.mail.models import Delivery
from eventhub.networks.models import Network
from eventhub.people.models import Person
from eventhub.programme import rules
from eventhub.programme.demonstration import FOLDER, NotDemonstration, load_demonstration
from eventhub.programme.reading import read_programme
from eventhub.programme.service import Report, import_programme
from eventhub.registrations.models import Registration
from eventhub.subscriptions.models import Consent, Subscription
from tests import factories
from tests.programme.test_import import event_of, everything

NOVEMBER = datetime(2026, 11, 21, 15, tzinfo=UTC)
TORONTO = ZoneInfo("America/Toronto")

# Each test loads the whole of it: the other database runs those where it could differ.
pytestmark = pytest.mark.database("sqlite")
on_both = pytest.mark.database("sqlite", "postgresql")


def load() -> Report:
    """Load the demonstration, as the command does."""
    with factories.context(), transaction():
        return load_demonstration()


@pytest.mark.parametrize(
    ("today", "weeks"),
    [
        (date(2021, 8, 24), 0),
        (date(2021, 8, 25), 1),
        (date(2026, 11, 21), 274),
        (date(2026, 11, 25), 275),
    ],
)
def test_the_season_is_moved_by_the_least_weeks_that_put_it_after_today(today: date, weeks: int):
    assert rules.weeks_ahead(today) == weeks
    if weeks:
        assert rules.SEASON_STARTS_ON + timedelta(weeks=weeks) > today


@on_both
def test_every_date_moves_by_the_same_weeks_and_keeps_its_weekday_and_hour(app: Flask):
    clock.fix(NOVEMBER)
    assert load().weeks == 274
    for entry in read_programme(FOLDER).events:
        event, sitting = event_of(entry.key), entry.sittings[0]
        if sitting.starts_on is None:
            assert event.starts_on is None
            continue
        assert event.starts_on is not None
        assert event.starts_on - sitting.starts_on == timedelta(weeks=274)
        assert event.starts_on.weekday() == sitting.starts_on.weekday()
        if sitting.start_time and event.starts_at:
            assert event.starts_at.astimezone(TORONTO).time() == sitting.start_time
            assert event.starts_at.astimezone(TORONTO).date() == event.starts_on


def test_the_season_lies_ahead_and_what_came_before_it_does_not(app: Flask):
    clock.fix(NOVEMBER)
    load()
    with factories.context():
        past = session.scalars(
            select(Event.programme_key).where(Event.ends_on < NOVEMBER.date())
        ).all()
    assert len(past) == 3
    first = event_of("gte-comite-organisateur-de-la-grande-matinee-2021-08-25")
    assert first.starts_on == date(2026, 11, 25)


def test_a_month_moves_with_its_middle(app: Flask):
    clock.fix(NOVEMBER)
    load()
    assert event_of("gte-reunion-regionale-2022-02").month == "2027-05"
    assert event_of("gte-reunion-regionale-2022-05").month == "2027-08"


@on_both
def test_loading_again_months_later_changes_nothing(app: Flask):
    clock.fix(NOVEMBER)
    load()
    before = everything()
    clock.fix(NOVEMBER + timedelta(days=200))
    report = load()
    assert everything() == before
    assert (report.weeks, report.unchanged["events.csv"]) == (274, 48)


def test_importing_the_same_documents_into_the_demonstration_moves_them_alike(app: Flask):
    clock.fix(NOVEMBER)
    load()
    before = everything()
    with factories.context(), transaction():
        report = import_programme(FOLDER)
    assert everything() == before
    assert report.weeks == 274


def test_a_real_programme_is_not_moved(app: Flask):
    clock.fix(NOVEMBER)
    with factories.context(), transaction():
        import_programme(FOLDER)
    assert event_of("aqpsc-pleniere").starts_on == date(2022, 6, 1)
    with pytest.raises(NotDemonstration):
        load()


def test_invented_values_are_named_and_all_others_come_from_the_documents(app: Flask):
    load()
    with factories.context():
        events = session.scalars(select(Event)).unique().all()
        for event in events:
            invented = set(event.invented.split(","))
            assert "title_en" in invented
            assert ("capacity" in invented) == bool(event.seat_pools)
            assert ("price_cents" in invented) == (event.price_cents is not None)
            for name in ("venue_name", "venue_address", "join_url", "description_fr"):
                assert (name in invented) == bool(getattr(event, name)), (event.slug, name)


@on_both
def test_places_are_counted_by_mode_and_by_group_and_agree_with_the_registrations(app: Flask):
    load()
    with factories.context():
        for pool in session.scalars(select(SeatPool)):
            by_state = dict(
                session.execute(
                    select(Registration.state, func.count())
                    .where(Registration.pool_id == pool.id)
                    .group_by(Registration.state)
                ).all()
            )
            assert pool.taken == by_state.get("confirmed", 0)
            assert pool.waiting == by_state.get("waitlisted", 0)
            assert pool.capacity is not None
            assert pool.taken <= pool.capacity
        plenary = factories.attached(event_of("aqpsc-pleniere"))
        assert [(p.mode, p.capacity) for p in plenary.seat_pools] == [
            ("in_person", 50),
            ("online", 80),
        ]
        training = factories.attached(event_of("gte-le-soutien-des-pratiques-parentales-liees-au"))
        assert [p.left for p in training.seat_pools] == [4, 0]
        assert training.seat_pools[1].waiting == 3


def test_registration_closes_before_the_event_at_a_local_hour(app: Flask):
    clock.fix(NOVEMBER)
    load()
    closes = event_of("gte-grande-matinee-des-tout-petits-2021").registration_closes_at
    assert closes is not None
    assert closes.astimezone(TORONTO) == datetime(2027, 2, 16, 17, tzinfo=TORONTO)
    assert event_of("gte-investir-en-contexte-de-pauvrete-aupres-des").confirm_address == "always"


@pytest.mark.requirement("L3", "L6")
def test_subscribers_are_invented_at_example_org_with_a_consent_each(app: Flask):
    load()
    assert factories.count(Subscription, state="confirmed") == 48
    with factories.context():
        consents = session.scalars(select(Consent)).all()
        assert {consent.statement for consent in consents} == {"granted"}
        assert all(consent.wording and consent.source for consent in consents)
        addresses = session.scalars(select(Person.email)).all()
    assert all(address.endswith("@example.org") for address in addresses)


def test_each_network_has_an_identity_marked_as_a_demonstration(app: Flask):
    load()
    with factories.context():
        networks = session.scalars(select(Network)).all()
    assert len(networks) == 4
    for network in networks:
        assert network.demonstration
        assert "démonstration" in network.postal_address
        assert network.from_address.endswith("@example.org")
        assert network.person_in_charge
        assert network.person_in_charge_email


def test_loading_it_sends_nothing(app: Flask):
    load()
    assert factories.count(Delivery) == 0


def test_the_command_loads_it_and_says_by_how_much_it_moved(app: Flask):
    clock.fix(NOVEMBER)
    result = app.test_cli_runner().invoke(args=["load-demonstration"])
    assert result.exit_code == 0, result.output
    assert "demonstration: dates are 274 weeks after the documents'" in result.stdout
