"""The networks' real programme as one feed, read by parsers that nobody here wrote."""

import pytest

from eventhub.db import session, transaction
from eventhub.events.models import Event
from eventhub.programme import demonstration
from tests.calendars.reading import is_well_formed, vevents
from tests.client import FormClient
from tests.libical import Libical


@pytest.fixture
def programme(context: None) -> list[Event]:
    """The demonstration programme, and its public events that have a date."""
    with transaction():
        demonstration.load_demonstration()
    return [
        event
        for event in session.query(Event).filter_by(audience="public", state="published")
        if event.starts_on
    ]


@pytest.mark.requirement("C1", "C2", "C3", "C6", "F1", "R1")
def test_the_whole_programme_is_read_alike_by_vobject_and_libical(
    client: FormClient, libical: Libical, programme: list[Event]
):
    calendar = client.get("/calendars/tout.ics").data
    assert is_well_formed(calendar)
    assert libical.parse_errors(calendar) == []
    read = {event.uid: event for event in libical.events(calendar)}
    other = {event.uid.value: event for event in vevents(calendar)}
    expected = [item for event in programme for item in event.sessions or [event]]
    uids = {f"{item.public_id}@hub.example": item for item in expected}
    assert set(read) == set(other)
    assert set(read) <= set(uids)
    assert len(read) >= 7
    for uid, event in read.items():
        item = uids[uid]
        assert event.summary == other[uid].summary.value
        assert event.all_day == (item.starts_at is None)
        if item.starts_at is not None:
            assert event.start == int(item.starts_at.timestamp())
            assert other[uid].dtstart.value == item.starts_at
        else:
            assert other[uid].dtstart.value == item.starts_on
