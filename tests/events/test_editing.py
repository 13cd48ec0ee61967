"""Organisers create, change, publish, cancel and duplicate events."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from eventhub import clock
from eventhub.db import transaction
from eventhub.errors import Invalid, NotFound
from eventhub.events import service
from eventhub.events.models import Event
from eventhub.events.service import (
    CohortValues,
    EventValues,
    Filter,
    SessionValues,
)
from eventhub.networks.models import Network
from eventhub.outbox import OutboxRow
from tests import factories
from tests.factories import a_network, a_published_event, a_registration, an_organiser, reload

pytestmark = pytest.mark.usefixtures("context")

NOON = datetime(2026, 9, 1, 16, tzinfo=UTC)
FORUM = EventValues(
    title_fr="Forum régional",
    kind="forum",
    starts_on=date(2026, 11, 17),
    start_time=time(9),
    end_time=time(16, 30),
    venue_name="Centre Durocher",
    places=40,
)
HYBRID = replace(FORUM, mode="hybrid", places=30, places_online=100)
ONE_DAY = (SessionValues(starts_on=date(2026, 10, 6)),)
TRAINING = EventValues(
    title_fr="Formation",
    kind="training",
    cohorts=(
        CohortValues(
            name_fr="Groupe A",
            places=12,
            sessions=(
                SessionValues(starts_on=date(2026, 10, 6), start_time=time(9)),
                SessionValues(starts_on=date(2026, 10, 13), start_time=time(9)),
            ),
        ),
        CohortValues(
            name_fr="Groupe B",
            places=15,
            sessions=(SessionValues(starts_on=date(2026, 10, 7), start_time=time(13)),),
        ),
    ),
)


@pytest.fixture(autouse=True)
def _in_september() -> None:
    clock.fix(NOON)


def created(values: EventValues = FORUM, network: Network | None = None) -> Event:
    network = network or a_network()
    with transaction():
        return service.create_event(factories.attached(network), values)


def published(values: EventValues = FORUM) -> Event:
    event = created(values)
    with transaction():
        return service.publish(event)


def changed(event: Event, **values: Any) -> Event:
    event = reload(event)
    with transaction():
        return service.update_event(
            event, replace(service.values_of(event), **values), event.version
        )


def refused(values: EventValues) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        created(values)
    return caught.value.fields


def owed(task: str) -> list[OutboxRow]:
    return [row for row in factories.session.query(OutboxRow) if row.task == task]


def pools(event: Event) -> dict[tuple[str, str], int | None]:
    return {
        (pool.cohort.name_fr if pool.cohort else "", pool.mode): pool.capacity
        for pool in reload(event).seat_pools
    }


def test_a_new_event_is_a_draft_with_its_moments_in_utc_and_its_places_counted() -> None:
    event = reload(created())
    assert (event.state, event.slug, event.sequence) == ("draft", "forum-regional", 0)
    assert event.starts_at == datetime(2026, 11, 17, 14, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 11, 17, 21, 30, tzinfo=UTC)
    assert (event.starts_on, event.ends_on) == (date(2026, 11, 17), date(2026, 11, 17))
    assert pools(event) == {("", ""): 40}
    assert "forum regional" in event.folded_text


def test_an_address_that_is_taken_gains_the_date() -> None:
    created()
    assert created().slug == "forum-regional-2026-11-17"
    assert created().slug == "forum-regional-2026-11-17-2"


def test_a_draft_follows_its_title_and_a_published_event_keeps_its_address() -> None:
    event = created()
    assert changed(event, title_fr="Congrès annuel").slug == "congres-annuel"
    with transaction():
        service.publish(reload(event))
    assert changed(event, title_fr="Autre chose").slug == "congres-annuel"


def test_values_come_back_as_they_went_in() -> None:
    for values in (FORUM, HYBRID):
        assert service.values_of(reload(created(values))) == values
    back = service.values_of(reload(created(TRAINING)))
    assert [c.name_fr for c in back.cohorts] == ["Groupe A", "Groupe B"]
    assert [s.starts_on for s in back.cohorts[0].sessions] == [
        date(2026, 10, 6),
        date(2026, 10, 13),
    ]
    assert [c.places for c in back.cohorts] == [12, 15]


def test_a_training_has_its_dates_from_its_groups_and_places_for_each() -> None:
    event = reload(created(TRAINING))
    assert (event.starts_on, event.ends_on) == (date(2026, 10, 6), date(2026, 10, 13))
    assert event.starts_at is None
    assert pools(event) == {("Groupe A", ""): 12, ("Groupe B", ""): 15}
    assert [len(cohort.sessions) for cohort in event.cohorts] == [2, 1]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title_fr": "  "}, "title_fr"),
        ({"title_fr": "x" * 201}, "title_fr"),
        ({"description_fr": "x" * 20_001}, "description_fr"),
        ({"kind": "party"}, "kind"),
        ({"mode": "by_post"}, "mode"),
        ({"audience": "friends"}, "audience"),
        ({"time_zone": "America/Nowhere"}, "time_zone"),
        ({"starts_on": None, "start_time": None, "end_time": None}, "starts_on"),
        ({"starts_on": None}, "starts_on"),
        ({"starts_on": date(1926, 11, 17)}, "starts_on"),
        ({"ends_on": date(2026, 11, 16)}, "ends_on"),
        ({"ends_on": date(2028, 11, 16)}, "ends_on"),
        ({"end_time": time(9)}, "end_time"),
        ({"end_time": time(8)}, "end_time"),
        ({"start_time": None}, "start_time"),
        ({"month": "2026-13"}, "month"),
        ({"places": -1}, "places"),
        ({"places": 100_001}, "places"),
        ({"price_cents": -1}, "price"),
        ({"price_cents": 1_000_001}, "price"),
        ({"join_url": "javascript:alert(1)"}, "join_url"),
        ({"join_url": "data:text/html,x"}, "join_url"),
        ({"join_url": "zoom.us/j/1"}, "join_url"),
        ({"registration_closes_time": time(9)}, "registration_closes_on"),
        (
            {
                "registration_opens_on": date(2026, 10, 2),
                "registration_closes_on": date(2026, 10, 1),
            },
            "registration_closes_on",
        ),
        ({"sessions": (SessionValues(title_fr="Matin"),)}, "sessions-0-starts_on"),
        ({"cohorts": (CohortValues(name_fr="A"),)}, "date_status"),
        ({"cohorts": (CohortValues(sessions=ONE_DAY),)}, "cohorts-0-name_fr"),
        (
            {"cohorts": (CohortValues(name_fr="A", sessions=ONE_DAY), CohortValues(name_fr="A"))},
            "cohorts-1-name_fr",
        ),
        (
            {
                "cohorts": (
                    CohortValues(
                        name_fr="A",
                        sessions=(
                            SessionValues(starts_on=date(2026, 11, 2), ends_on=date(2026, 11, 1)),
                        ),
                    ),
                )
            },
            "cohorts-0-sessions-0-ends_on",
        ),
    ],
)
@pytest.mark.database("sqlite")
def test_values_that_can_not_be_are_refused_on_their_field(
    change: dict[str, Any], field: str
) -> None:
    assert list(refused(replace(FORUM, **change))) == [field]
    assert factories.count(Event) == 0


@pytest.mark.database("sqlite")
def test_an_hour_that_the_clocks_skip_is_refused() -> None:
    spring = replace(FORUM, starts_on=date(2027, 3, 14), start_time=time(2, 30), end_time=time(4))
    assert "does not exist" in refused(spring)["start_time"]


@pytest.mark.database("sqlite")
def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    autumn = replace(FORUM, starts_on=date(2026, 11, 1), start_time=time(1, 30), end_time=time(4))
    event = created(autumn)
    assert event.starts_at == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.mark.requirement("R3")
@pytest.mark.database("sqlite")
def test_six_in_the_evening_stays_so_across_the_change_of_clocks() -> None:
    days = [date(2026, 10, 26), date(2026, 11, 2), date(2027, 3, 8), date(2027, 3, 15)]
    event = created(
        EventValues(
            title_fr="Cercle",
            sessions=tuple(SessionValues(starts_on=day, start_time=time(18)) for day in days),
        )
    )
    assert [s.starts_at.hour for s in event.sessions if s.starts_at] == [22, 23, 23, 22]


def test_an_evening_may_end_after_midnight() -> None:
    late = replace(FORUM, ends_on=date(2026, 11, 18), start_time=time(20), end_time=time(1))
    assert created(late).ends_at == datetime(2026, 11, 18, 6, tzinfo=UTC)


def test_only_the_month_may_be_known() -> None:
    event = created(EventValues(title_fr="Congrès", date_status="to_be_confirmed", month="2027-02"))
    assert (event.starts_on, event.month) == (None, "2027-02")
    dated = changed(event, starts_on=date(2027, 2, 10), date_status="confirmed")
    assert (dated.starts_on, dated.month) == (date(2027, 2, 10), None)
    odd = EventValues(title_fr="Congrès", date_status="to_be_confirmed", month="20２７-02")
    assert set(refused(odd)) == {"month"}


@pytest.mark.requirement("A5")
@pytest.mark.database("sqlite")
def test_invisible_characters_and_line_breaks_never_reach_a_title() -> None:
    event = created(
        replace(FORUM, title_fr="Forum\r\nBcc: x\u2028y\x00z\u202e", description_fr="a\r\nb\x07")
    )
    assert event.title_fr == "Forum Bcc: x yz"
    assert event.description_fr == "a\nb"


@pytest.mark.requirement("C5", "C4")
@pytest.mark.parametrize(
    ("change", "raised"),
    [
        ({"start_time": time(10)}, 1),
        ({"end_time": time(17)}, 1),
        ({"starts_on": date(2026, 11, 18)}, 1),
        ({"mode": "online", "venue_name": ""}, 1),
        ({"venue_name": "Ailleurs"}, 1),
        ({"venue_address": "1, rue A"}, 1),
        ({"date_status": "to_be_confirmed"}, 1),
        ({"description_fr": "Bienvenue"}, 0),
        ({"title_fr": "Forum regional"}, 0),
        ({"places": 60}, 0),
        ({}, 0),
    ],
)
@pytest.mark.database("sqlite")
def test_the_sequence_rises_with_dates_and_place_and_not_with_wording(
    change: dict[str, Any], raised: int
) -> None:
    event = published()
    clock.fix(datetime(2026, 9, 2, tzinfo=UTC))
    after = changed(event, **change)
    assert after.sequence == raised
    assert after.changed_at == (clock.now() if change else NOON)
    assert len(owed("registrations.event_changed")) == raised


def test_a_draft_that_nobody_saw_has_no_sequence_to_raise() -> None:
    event = changed(created(), start_time=time(10))
    assert event.sequence == 0
    assert not owed("registrations.event_changed")


@pytest.mark.requirement("F3")
def test_what_a_feed_could_show_raises_its_version() -> None:
    network = a_network()
    event = created(network=network)
    seen = [reload(network).calendar_version]

    def step(use_case: Any, **named: Any) -> bool:
        with transaction():
            use_case(factories.attached(event), **named)
        seen.append(reload(network).calendar_version)
        return seen[-1] > seen[-2]

    assert step(service.publish)
    assert not step(service.publish)
    changed(event, title_fr="Autre titre")
    assert reload(network).calendar_version > seen[-1]
    assert step(service.unpublish)
    assert step(service.publish)
    assert step(service.cancel)
    assert step(service.restore)


def test_two_people_who_edit_at_once_do_not_overwrite_each_other() -> None:
    event = created()
    seen = event.version
    changed(event, title_fr="Premier")
    with pytest.raises(service.ChangedMeanwhile), transaction():
        service.update_event(reload(event), replace(FORUM, title_fr="Second"), seen)
    assert reload(event).title_fr == "Premier"


def test_saving_without_a_change_leaves_the_version_to_the_others() -> None:
    event = created()
    assert changed(event).version == reload(event).version == 1


def test_places_never_go_below_the_people_who_have_one() -> None:
    event = a_published_event(places=5)
    a_registration(event)
    a_registration(event)
    with pytest.raises(Invalid) as caught:
        changed(event, places=1)
    assert (list(caught.value.fields), caught.value.values) == (["places"], {"taken": 2})
    assert pools(event) == {("", ""): 5}
    changed(event, places=2)
    assert pools(event) == {("", ""): 2}


@pytest.mark.requirement("S3")
def test_more_places_call_those_who_wait() -> None:
    event = a_published_event(places=1)
    a_registration(event)
    a_registration(event, state="waitlisted")
    with transaction():
        pool = factories.attached(event).seat_pools[0]
        pool.waiting = 1
    changed(event, places=3)
    assert [row.arguments for row in owed("registrations.promote")] == [
        {"pool_id": reload(event).seat_pools[0].id}
    ]


def test_an_event_that_also_goes_online_keeps_the_places_taken_in_the_room() -> None:
    event = a_published_event(places=10)
    a_registration(event)
    changed(event, mode="hybrid", places=10, places_online=50)
    assert pools(event) == {("", "in_person"): 10, ("", "online"): 50}
    taken = {pool.mode: pool.taken for pool in reload(event).seat_pools}
    assert taken == {"in_person": 1, "online": 0}


def test_a_way_of_taking_part_with_people_in_it_does_not_go() -> None:
    event = a_published_event(mode="hybrid", places=10)
    room = next(pool for pool in event.seat_pools if pool.mode == "in_person")
    a_registration(event, pool=factories.attached(room))
    with pytest.raises(Invalid) as caught:
        changed(event, mode="online", places_online=10)
    assert list(caught.value.fields) == ["mode"]
    changed(event, mode="in_person", places=20, places_online=None)
    assert pools(event) == {("", ""): 20}
    assert reload(event).seat_pools[0].taken == 1


def test_groups_can_exchange_their_names_and_new_ones_come() -> None:
    event = created(TRAINING)
    before = service.values_of(reload(event)).cohorts
    after = changed(
        event,
        cohorts=(
            replace(before[0], name_fr="Groupe B"),
            replace(before[1], name_fr="Groupe A"),
            CohortValues(
                name_fr="Groupe C",
                places=8,
                sessions=(SessionValues(starts_on=date(2026, 10, 9)),),
            ),
        ),
    )
    assert [c.name_fr for c in after.cohorts] == ["Groupe B", "Groupe A", "Groupe C"]
    assert [c.public_id for c in after.cohorts][:2] == [c.public_id for c in before]
    assert pools(event)["Groupe C", ""] == 8


def test_sessions_that_stay_keep_their_identity() -> None:
    event = created(TRAINING)
    first, second = service.values_of(reload(event)).cohorts
    kept = first.sessions[1].public_id
    after = changed(event, cohorts=(replace(first, sessions=first.sessions[1:]), second))
    assert [s.public_id for s in after.cohorts[0].sessions] == [kept]


def test_a_group_with_people_in_it_does_not_go() -> None:
    event = published(TRAINING)
    pool = next(p for p in reload(event).seat_pools if p.cohort and p.cohort.name_fr == "Groupe A")
    a_registration(event, pool=pool, cohort=pool.cohort)
    first, second = service.values_of(reload(event)).cohorts
    with pytest.raises(Invalid) as caught:
        changed(event, cohorts=(second,))
    assert "group that would go" in caught.value.fields["date_status"]
    assert len(changed(event, cohorts=(first,)).cohorts) == 1
    assert pools(event) == {("Groupe A", ""): 12}


def test_an_event_with_people_registered_as_a_whole_is_not_divided_into_groups() -> None:
    event = a_published_event(places=10)
    a_registration(event)
    with pytest.raises(Invalid) as caught:
        changed(event, cohorts=TRAINING.cohorts)
    assert "whole event" in caught.value.fields["date_status"]


def test_publishing_needs_the_identity_of_the_network() -> None:
    event = created(network=a_network(postal_address=""))
    with pytest.raises(Invalid) as caught, transaction():
        service.publish(event)
    assert list(caught.value.fields) == ["network"]
    assert reload(event).state == "draft"


@pytest.mark.requirement("C5")
def test_a_cancelled_event_raises_its_sequence_and_tells_those_registered() -> None:
    event = published()
    with transaction():
        service.cancel(factories.attached(event))
    gone = reload(event)
    assert (gone.state, gone.sequence, gone.cancelled_at) == ("cancelled", 1, NOON)
    assert len(owed("registrations.event_changed")) == 1
    with pytest.raises(service.EventCancelled):
        changed(event, title_fr="Autre")
    with transaction():
        service.restore(factories.attached(event))
    back = reload(event)
    assert (back.state, back.sequence, back.cancelled_at) == ("published", 2, None)
    assert len(owed("registrations.event_changed")) == 2


def test_a_draft_is_not_cancelled() -> None:
    event = created()
    with pytest.raises(service.NotPublished), transaction():
        service.cancel(event)


def test_a_copy_is_a_draft_on_the_same_weekday_after_today_and_the_original() -> None:
    event = published(
        replace(FORUM, registration_closes_on=date(2026, 11, 10), description_fr="Bienvenue")
    )
    with transaction():
        copy = service.duplicate(factories.attached(event))
    copy = reload(copy)
    assert (copy.state, copy.date_status, copy.sequence) == ("draft", "to_be_confirmed", 0)
    assert copy.starts_on == date(2026, 11, 24)
    assert copy.starts_at == datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert copy.public_id != event.public_id
    assert copy.slug == "forum-regional-2026-11-24"
    assert service.values_of(copy).registration_closes_on == date(2026, 11, 17)
    assert (copy.description_fr, pools(copy)) == ("Bienvenue", {("", ""): 40})


def test_a_copied_training_keeps_its_groups_and_their_rhythm() -> None:
    event = created(TRAINING)
    with transaction():
        copy = service.duplicate(factories.attached(event))
    values = service.values_of(reload(copy))
    days = [[s.starts_on for s in cohort.sessions] for cohort in values.cohorts]
    assert days == [[date(2026, 10, 20), date(2026, 10, 27)], [date(2026, 10, 21)]]


@pytest.mark.requirement("A1")
def test_an_organiser_gets_the_events_of_their_networks_only() -> None:
    own, other = a_network(), a_network()
    account = an_organiser(own)
    mine, theirs = created(network=own), created(network=other)
    assert service.get_managed(account, mine.public_id).id == mine.id
    for public_id in (theirs.public_id, "unknown"):
        with pytest.raises(NotFound):
            service.get_managed(account, public_id)
    assert [e.id for e in service.list_managed(account, Filter(period="all"))[0]] == [mine.id]
    assert [e.id for e in service.list_drafts(account)] == [mine.id]


def test_the_list_of_events_can_be_searched_without_accents_and_filtered() -> None:
    network = a_network(slug="aqpsc")
    account = an_organiser(network)
    forum = created(network=network)
    past = created(replace(FORUM, title_fr="Ancien", starts_on=date(2026, 5, 1)), network)
    undated = created(EventValues(title_fr="Plus tard", date_status="to_be_confirmed"), network)

    def found(**wanted: Any) -> list[int]:
        return [event.id for event in service.list_managed(account, Filter(**wanted))[0]]

    assert found() == [forum.id, undated.id]
    assert found(period="past") == [past.id]
    assert found(text="REGIONAL") == [forum.id]
    assert found(text="100%") == []
    assert found(state="published") == []
    assert found(network="aqpsc", period="all") == [forum.id, past.id, undated.id]
    assert found(network="other", period="all") == []


def test_what_needs_attention_is_said() -> None:
    network = a_network()
    account = an_organiser(network)
    soon = date(2026, 9, 8)
    created(replace(FORUM, starts_on=soon, date_status="to_be_confirmed", venue_name=""), network)
    created(replace(FORUM, starts_on=soon, mode="online"), network)
    created(FORUM, network)
    full = created(FORUM, network)
    with transaction():
        factories.attached(full).seat_pools[0].waiting = 2
    needs = [codes for _, codes in service.list_needing_attention(account)]
    assert needs == [
        ["draft_soon", "date_soon", "place_soon"],
        ["draft_soon", "link_soon"],
        ["waiting"],
    ]


def test_a_group_that_someone_left_stays_in_the_books() -> None:
    event = published(TRAINING)
    pool = next(p for p in reload(event).seat_pools if p.cohort and p.cohort.name_fr == "Groupe A")
    a_registration(event, pool=pool, cohort=pool.cohort, state="cancelled")
    _, second = service.values_of(reload(event)).cohorts
    with pytest.raises(Invalid) as caught:
        changed(event, cohorts=(second,))
    assert "can’t be removed" in caught.value.fields["date_status"]


def test_a_way_of_taking_part_that_someone_left_closes() -> None:
    event = a_published_event(mode="hybrid", places=10)
    online = next(pool for pool in event.seat_pools if pool.mode == "online")
    a_registration(event, pool=factories.attached(online), state="cancelled")
    changed(event, mode="in_person", places=20, places_online=None)
    assert pools(event) == {("", ""): 20, ("", "online"): 0}
    changed(event, mode="hybrid", places=20, places_online=30)
    assert pools(event) == {("", "in_person"): 20, ("", "online"): 30}


@pytest.mark.requirement("M3")
def test_what_changed_while_an_event_was_withdrawn_is_owed_when_it_is_published_again() -> None:
    event = published()
    with transaction():
        service.unpublish(reload(event))
    changed(event, starts_on=date(2026, 11, 24))
    assert not owed("registrations.event_changed")
    with transaction():
        service.publish(reload(event))
    assert [row.arguments["event_id"] for row in owed("registrations.event_changed")] == [event.id]
