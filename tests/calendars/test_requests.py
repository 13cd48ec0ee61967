"""Calendar requests: what a person's own calendar is told."""

from datetime import date

import pytest

from eventhub.calendars.service import request
from eventhub.db import session
from eventhub.events.models import Cohort, Event
from tests import factories
from tests.calendars.reading import is_well_formed, lines, values, vevents
from tests.libical import Libical

pytestmark = pytest.mark.usefixtures("context")


def ask(event: Event, **changed: object) -> bytes:
    """A calendar request as a confirmation carries it."""
    usual: dict[str, object] = {
        "method": "REQUEST",
        "attendee_name": "Maxime Gagnon",
        "attendee_email": "maxime@exemple.org",
        "sequence": 0,
        "locale": "fr",
    }
    answer = request(factories.attached(event), **usual | changed)  # type: ignore[arg-type]
    assert answer is not None
    return answer


@pytest.mark.requirement("M2", "C3", "C6")
def test_a_confirmation_names_one_organiser_and_one_attendee():
    network = factories.a_network(from_name="Réseau; des, centres", from_address="a@reseau.example")
    event = factories.a_published_event(network, starts_on=date(2027, 7, 15))
    calendar = ask(event)
    assert is_well_formed(calendar)
    assert values(calendar, "METHOD") == ["REQUEST"]
    assert values(calendar, "ORGANIZER") == [';CN="Réseau; des, centres":mailto:a@reseau.example']
    assert values(calendar, "ATTENDEE") == [
        (
            ";CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED"
            ';CN="Maxime Gagnon":mailto:maxime@exemple.org'
        )
    ]
    assert values(calendar, "UID") == [f"{event.public_id}@hub.example"]
    assert values(calendar, "SEQUENCE") == ["0"]
    assert values(calendar, "DTSTART") == [";TZID=America/Toronto:20270715T180000"]
    assert values(calendar, "STATUS") == ["CONFIRMED"]
    assert lines(calendar).count("BEGIN:VTIMEZONE") == 1


@pytest.mark.requirement("M2")
def test_a_formal_invitation_asks_for_an_answer():
    calendar = ask(factories.a_published_event(), partstat="NEEDS-ACTION")
    assert "PARTSTAT=NEEDS-ACTION;RSVP=TRUE" in values(calendar, "ATTENDEE")[0]


@pytest.mark.requirement("M7")
@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
@pytest.mark.parametrize(
    "when",
    [
        {"starts_on": date(2027, 7, 15)},
        {"starts_on": date(2027, 7, 15), "starts_at": None, "ends_at": None},
        {"starts_on": date(2027, 7, 15), "ends_on": date(2027, 7, 18), "starts_at": None},
        {"starts_on": date(2027, 7, 15), "ends_at": None},
    ],
    ids=["timed", "all day", "several days", "unknown end"],
)
def test_libical_has_nothing_against_a_calendar_request(
    libical: Libical, method: str, when: dict[str, object]
):
    event = factories.a_published_event(
        mode="online", join_url="https://visio.example/x?a=1&b=2", **when
    )
    calendar = ask(event, method=method, sequence=3)
    assert libical.restriction_errors(calendar) == []
    assert libical.parse_errors(calendar) == []
    assert len(libical.events(calendar)) == len(vevents(calendar)) == 1


@pytest.mark.requirement("M4", "M7")
def test_a_withdrawal_is_cancelled_for_that_person_only(libical: Libical):
    event = factories.a_published_event(title_fr="Forum")
    calendar = ask(event, method="CANCEL", sequence=2)
    assert values(calendar, "METHOD") == ["CANCEL"]
    assert values(calendar, "STATUS") == ["CANCELLED"]
    assert values(calendar, "SEQUENCE") == ["2"]
    assert values(calendar, "SUMMARY") == ["Forum"]
    assert values(calendar, "UID") == values(ask(event), "UID")
    assert values(calendar, "ORGANIZER") == values(ask(event), "ORGANIZER")
    assert libical.restriction_errors(calendar) == []


@pytest.mark.requirement("M4", "M7")
def test_a_date_that_was_taken_back_can_still_be_cancelled(libical: Libical):
    event = factories.a_published_event(
        starts_on=None, ends_on=None, date_status="to_be_confirmed", month="2027-02"
    )
    calendar = ask(event, method="CANCEL", sequence=2)
    assert values(calendar, "DTSTART") == []
    assert libical.restriction_errors(calendar) == []


@pytest.mark.requirement("C8")
@pytest.mark.parametrize(
    "state",
    [
        {"starts_on": None, "ends_on": None, "date_status": "to_be_confirmed"},
        {"date_status": "to_be_confirmed"},
        {"state": "cancelled"},
    ],
    ids=["no date", "date to be confirmed", "cancelled"],
)
def test_nothing_is_put_in_a_calendar_before_it_is_sure(state: dict[str, object]):
    event = factories.attached(factories.a_published_event(**state))
    answer = request(
        event,
        method="REQUEST",
        attendee_name="",
        attendee_email="a@b.example",
        sequence=0,
        locale="fr",
    )
    assert answer is None


@pytest.mark.requirement("M2", "M7", "C3")
def test_each_session_of_a_cohort_is_asked_for_by_its_own_uid(libical: Libical):
    event = factories.a_published_event(title_fr="Formation", kind="training")
    first = factories.a_cohort(event, date(2027, 2, 16), date(2027, 3, 23), name_fr="Groupe 1")
    factories.a_cohort(event, date(2027, 4, 1), name_fr="Groupe 2")
    session.expire_all()
    cohort = session.get_one(Cohort, first.id)
    calendars = [ask(event, item=item) for item in cohort.sessions]
    assert [values(calendar, "UID") for calendar in calendars] == [
        [f"{item.public_id}@hub.example"] for item in cohort.sessions
    ]
    assert [values(calendar, "SUMMARY") for calendar in calendars] == [
        ["Formation – Groupe 1\\, séance 1 de 2"],
        ["Formation – Groupe 1\\, séance 2 de 2"],
    ]
    for calendar in calendars:
        assert len(values(calendar, "ATTENDEE")) == len(values(calendar, "ORGANIZER")) == 1
        assert libical.restriction_errors(calendar) == []


@pytest.mark.requirement("C9")
def test_only_who_comes_online_with_a_place_gets_the_join_link():
    event = factories.a_published_event(mode="hybrid", join_url="https://visio.example/secret")
    online = ask(event, mode="online")
    assert values(online, "LOCATION") == ["https://visio.example/secret"]
    assert values(online, "CONFERENCE")[0].endswith(":https://visio.example/secret")
    for other in (
        ask(event, mode="in_person"),
        ask(event, mode="online", partstat="NEEDS-ACTION"),
        ask(event, mode="online", method="CANCEL"),
    ):
        assert b"secret" not in other


@pytest.mark.requirement("A5", "M7")
@pytest.mark.parametrize(
    "hostile",
    [
        'Eve"\r\nATTENDEE:mailto:all@victim.example',
        "Eve\u2028ATTENDEE:mailto:a@b\u0085\x01\x0b\x7f",
        'x";X=1:mailto:z@z.example',
    ],
)
def test_a_hostile_name_adds_nothing_to_the_request(libical: Libical, hostile: str):
    network = factories.a_network(from_name=hostile, from_address="a@reseau.example")
    event = factories.a_published_event(network, title_fr=hostile, venue_name=hostile)
    calendar = ask(event, attendee_name=hostile, attendee_email="eve@exemple.org\r\nX:1")
    assert is_well_formed(calendar)
    assert len(values(calendar, "ATTENDEE")) == len(values(calendar, "ORGANIZER")) == 1
    assert values(calendar, "X") == []
    assert libical.restriction_errors(calendar) == []
    (parsed,) = vevents(calendar)
    assert parsed.organizer.value == "mailto:a@reseau.example"


def test_a_request_speaks_the_language_of_the_person():
    event = factories.a_published_event(mode="online", title_fr="Formation", title_en="Training")
    assert values(ask(event, locale="en"), "SUMMARY") == ["Training"]
    assert values(ask(event, locale="fr"), "LOCATION") == ["En ligne"]
