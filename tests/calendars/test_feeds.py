"""Feeds as calendar programs read them: the format, the versions, what is in and what is not."""

import gzip
from datetime import UTC, date, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from eventhub import clock
from eventhub.db import session, transaction
from eventhub.events.models import Event
from eventhub.events.service.listing import access_token
from eventhub.networks.service import touch_calendar
from tests import factories
from tests.calendars.reading import is_well_formed, lines, values, vevents
from tests.client import FormClient
from tests.libical import Libical

NOW = datetime(2027, 1, 15, 15, 0, tzinfo=UTC)
HOSTILE = (
    "Fin\r\nEND:VEVENT\r\nBEGIN:VEVENT",
    "a\u2028b\u2029c\u0085d\x0be\x0cf\x01g\x7fh\x9fi",
    "guillemets \" ' ; , : \\ \\n \\, ^n",
    "é" * 300 + "🎉" * 60,
    "\ttabulation\t",
    "<b>gras</b> [lien](javascript:alert(1)) ![x](https://pisteur.example/p.gif)",
)


@pytest.fixture(autouse=True)
def _january(app: object) -> None:
    clock.fix(NOW)


def change(event: Event, **changed: object) -> None:
    """Change an event as a service does: with its time, and its network's calendars told."""
    with factories.context(), transaction():
        found = factories.attached(event)
        for name, value in changed.items():
            setattr(found, name, value)
        found.changed_at = clock.now()
        session.flush()
        touch_calendar(found.network_id)


@pytest.mark.requirement("C1", "C2", "C3", "C4", "C5", "C6", "C8", "F1", "F2", "F8")
def test_a_feed_holds_each_event_as_the_format_asks(client: FormClient, libical: Libical):
    network = factories.a_network(name="Réseau, Tests; \\ Inc.", accent="#7a3b69")
    event = factories.a_published_event(
        network,
        title_fr="Été, soleil; pluie \\ vent",
        starts_on=date(2027, 7, 15),
        starts_at=factories.at(date(2027, 7, 15), 13, 30),
        ends_at=factories.at(date(2027, 7, 15), 15),
        sequence=2,
        description_fr="Première ligne\n\n- point",
    )
    response = client.get(f"/calendars/{network.slug}.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = response.data
    assert is_well_formed(calendar)
    for name, value in {
        "VERSION": "2.0",
        "NAME": "Réseau\\, Tests\\; \\\\ Inc.",
        "X-WR-CALNAME": "Réseau\\, Tests\\; \\\\ Inc.",
        "X-WR-TIMEZONE": "America/Toronto",
        "REFRESH-INTERVAL": ";VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL": "PT1H",
        "COLOR": "darkslateblue",
        "SOURCE": f";VALUE=URI:http://localhost/calendars/{network.slug}.ics",
        "UID": f"{event.public_id}@hub.example",
        "DTSTART": ";TZID=America/Toronto:20270715T133000",
        "DTEND": ";TZID=America/Toronto:20270715T150000",
        "DTSTAMP": "20270115T150000Z",
        "LAST-MODIFIED": "20270115T150000Z",
        "CREATED": "20270115T150000Z",
        "SEQUENCE": "2",
        "STATUS": "CONFIRMED",
        "SUMMARY": "Été\\, soleil\\; pluie \\\\ vent",
        "URL": None,
    }.items():
        found = values(calendar, name)
        assert found[:1] == [value] if value else found, name
    assert len(values(calendar, "PRODID")) == len(values(calendar, "VERSION")) == 1
    for absent in ("METHOD", "ATTENDEE", "ORGANIZER", "BEGIN:VALARM"):
        assert values(calendar, absent) == []
    assert lines(calendar).count("TZID:America/Toronto") == 1
    assert not values(calendar, "RDATE")
    (read,) = libical.events(calendar)
    assert read.summary == "Été, soleil; pluie \\ vent"
    assert read.start == int(datetime(2027, 7, 15, 17, 30, tzinfo=UTC).timestamp())
    assert libical.parse_errors(calendar) == []
    (other,) = vevents(calendar)
    assert other.dtstart.value == datetime(2027, 7, 15, 17, 30, tzinfo=UTC)
    assert client.get(f"/calendars/{network.slug}.ics").data == calendar


@pytest.mark.requirement("C6")
@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("America/Toronto", "2027-07-15T13:30:00", "2027-07-15T17:30Z"),
        ("America/Toronto", "2027-03-14T03:30:00", "2027-03-14T07:30Z"),
        ("America/Toronto", "2027-03-13T18:00:00", "2027-03-13T23:00Z"),
        ("America/Toronto", "2027-11-07T18:00:00", "2027-11-07T23:00Z"),
        ("America/Toronto", "2027-11-06T18:00:00", "2027-11-06T22:00Z"),
        ("America/Halifax", "2027-07-15T13:30:00", "2027-07-15T16:30Z"),
        ("America/Blanc-Sablon", "2027-07-15T13:30:00", "2027-07-15T17:30Z"),
        ("America/Vancouver", "2027-07-15T20:30:00", "2027-07-15T20:30Z"),  # not ours: in UTC
    ],
)
def test_every_parser_reads_the_same_moment(
    client: FormClient, libical: Libical, zone: str, local: str, utc: str
):
    moment = datetime.fromisoformat(utc)
    event = factories.a_published_event(
        time_zone=zone,
        starts_on=moment.date(),
        starts_at=moment,
        ends_at=moment + timedelta(hours=1),
    )
    calendar = client.get(f"/events/{event.slug}.ics").data
    (read,) = libical.events(calendar)
    assert read.start == int(moment.timestamp())
    assert vevents(calendar)[0].dtstart.value == moment
    assert read.start_local == local


@pytest.mark.requirement("C6")
def test_the_hour_that_comes_twice_in_autumn_is_not_mistaken(client: FormClient, libical: Libical):
    second = datetime(2027, 11, 7, 6, 30, tzinfo=UTC)  # 01:30 EST, an hour after 01:30 EDT
    event = factories.a_published_event(
        starts_on=date(2027, 11, 7), starts_at=second, ends_at=second + timedelta(hours=2)
    )
    (read,) = libical.events(client.get(f"/events/{event.slug}.ics").data)
    assert read.start == int(second.timestamp())


@pytest.mark.requirement("C2", "C6")
def test_an_unknown_end_is_an_hour_and_no_time_is_all_day(client: FormClient):
    evening = factories.a_published_event(starts_on=date(2027, 2, 1), ends_at=None)
    week = factories.a_published_event(
        starts_on=date(2027, 11, 14), ends_on=date(2027, 11, 20), starts_at=None, ends_at=None
    )
    known = client.get(f"/events/{evening.slug}.ics").data
    assert values(known, "DTEND") == [";TZID=America/Toronto:20270201T190000"]
    whole = client.get(f"/events/{week.slug}.ics").data
    assert values(whole, "DTSTART") == [";VALUE=DATE:20271114"]
    assert values(whole, "DTEND") == [";VALUE=DATE:20271121"]
    assert b"VTIMEZONE" not in whole


@pytest.mark.requirement("C8")
def test_what_is_not_sure_says_so_before_its_title(client: FormClient):
    network = factories.a_network()
    unsure = {"date_status": "to_be_confirmed"}
    factories.a_published_event(network, title_fr="Forum", starts_on=date(2027, 2, 1), **unsure)
    factories.a_published_event(
        network, title_fr="Congrès", starts_on=date(2027, 2, 2), state="cancelled"
    )
    for month in ("2027-03", None):
        factories.a_published_event(network, starts_on=None, ends_on=None, month=month, **unsure)
    calendar = client.get(f"/calendars/{network.slug}.ics").data
    assert values(calendar, "SUMMARY") == ["[À confirmer] Forum", "ANNULÉ : Congrès"]
    assert values(calendar, "STATUS") == ["TENTATIVE", "CANCELLED"]
    assert values(calendar, "TRANSP") == ["TRANSPARENT", "TRANSPARENT"]


@pytest.mark.requirement("C3", "R1")
def test_each_session_of_a_training_is_an_event_of_its_own(client: FormClient, libical: Libical):
    event = factories.a_published_event(title_fr="Formation", kind="training")
    factories.a_cohort(event, date(2027, 2, 16), date(2027, 3, 23), name_fr="Groupe 1")
    factories.a_cohort(event, date(2027, 4, 1), name_fr="Groupe 2")
    calendar = client.get("/calendars/tout.ics").data
    assert len(set(values(calendar, "UID"))) == 3
    assert {read.summary for read in libical.events(calendar)} == {
        "Formation – Groupe 1, séance 1 de 2",
        "Formation – Groupe 1, séance 2 de 2",
        "Formation – Groupe 2",
    }


@pytest.mark.requirement("C9", "F8")
def test_private_and_members_events_and_join_links_are_in_no_public_feed(client: FormClient):
    network = factories.a_network()
    shown = factories.a_published_event(
        network, mode="online", join_url="https://visio.example/secret-room"
    )
    members = factories.a_published_event(network, audience="members")
    hidden = [
        members,
        factories.a_published_event(network, audience="private"),
        factories.an_event(network),
        factories.an_event(network, state="cancelled"),
    ]
    for address in (f"/calendars/{network.slug}.ics", "/calendars/tout.ics"):
        calendar = client.get(address).data
        assert values(calendar, "UID") == [f"{shown.public_id}@hub.example"]
        assert b"secret-room" not in calendar
    assert values(calendar, "LOCATION") == ["En ligne"]
    for event in hidden:
        assert client.get(f"/events/{event.slug}.ics").status_code == 404
    with factories.context():
        token = access_token(factories.attached(members))
    opened = client.get(f"/events/{members.slug}.ics?access={token}")
    assert opened.status_code == 200
    assert token.encode() not in opened.data.replace(b"\r\n ", b"")
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert "private" in opened.headers["Cache-Control"]


@pytest.mark.requirement("A5", "C1", "C7")
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_never_breaks_a_feed(client: FormClient, libical: Libical, text: str):
    for field in ("title_fr", "venue_name", "venue_address", "description_fr"):
        factories.a_published_event(**{field: text, "folded_text": "x"})
    factories.a_published_event(title_fr="Témoin", starts_on=factories.in_days(60))
    calendar = client.get("/calendars/tout.ics").data
    assert is_well_formed(calendar)
    read = libical.events(calendar)
    assert [len(read), len(vevents(calendar))] == [5, 5]
    assert read[-1].summary == "Témoin"
    assert libical.parse_errors(calendar) == []


@pytest.mark.requirement("A5", "C7")
def test_hostile_names_of_networks_and_series_never_break_a_feed(client: FormClient):
    for name in HOSTILE:
        network = factories.a_network(name=name)
        factories.a_published_event(network)
        assert is_well_formed(client.get(f"/calendars/{network.slug}.ics").data)
    assert len(vevents(client.get("/calendars/tout.ics").data)) == len(HOSTILE)


@pytest.mark.requirement("C10")
def test_one_broken_event_is_skipped_and_the_others_are_served(client: FormClient):
    last_day = date(9999, 12, 31)  # no day comes after it to end on
    broken = factories.a_published_event(
        starts_on=last_day, starts_at=None, ends_at=None, ends_on=last_day
    )
    sound = factories.a_published_event(title_fr="Sain")
    with capture_logs() as logs:
        response = client.get("/calendars/tout.ics")
    assert response.status_code == 200
    assert values(response.data, "SUMMARY") == ["Sain"]
    skipped = [line["event"] for line in logs if line["log_level"] == "warning"]
    assert skipped == ["calendar.event_skipped"]
    assert broken.public_id not in response.text
    assert sound.public_id in response.text


@pytest.mark.requirement("F3")
def test_a_client_that_has_this_version_gets_304_without_a_body(client: FormClient):
    event = factories.a_published_event()
    address = f"/calendars/{event.network.slug}.ics"
    first = client.get(address)
    tag, moment = first.headers["ETag"], first.headers["Last-Modified"]
    assert tag.startswith('"')
    for headers in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"autre", {tag}'},
        {"If-Modified-Since": moment},
        {"If-None-Match": tag, "If-Modified-Since": "Thu, 01 Jan 2015 00:00:00 GMT"},
    ):
        answer = client.get(address, headers=headers)
        assert [answer.status_code, answer.data] == [304, b""], headers
        assert answer.headers["ETag"] == tag
    stale = client.get(address, headers={"If-None-Match": '"autre"', "If-Modified-Since": moment})
    assert stale.status_code == 200


@pytest.mark.requirement("F3")
@pytest.mark.parametrize(
    "changed",
    [
        {"state": "draft"},
        {"state": "cancelled"},
        {"audience": "private"},
        {"title_fr": "Un autre titre"},
    ],
    ids=["unpublished", "cancelled", "made private", "renamed"],
)
def test_a_change_gives_the_feed_two_new_validators(client: FormClient, changed: dict[str, object]):
    event = factories.a_published_event()
    for address in (f"/calendars/{event.network.slug}.ics", "/calendars/tout.ics?kind=forum"):
        before = client.get(address)
        change(event, **changed)
        after = client.get(
            address,
            headers={"If-Modified-Since": before.headers["Last-Modified"]},
        )
        assert after.status_code == 200
        assert after.headers["ETag"] != before.headers["ETag"]
        assert after.headers["Last-Modified"] != before.headers["Last-Modified"]
        change(event, state="published", audience="public", title_fr="Forum")


@pytest.mark.requirement("F3")
def test_the_feed_changes_at_midnight_because_its_window_does(client: FormClient):
    factories.a_published_event()
    before = client.get("/calendars/tout.ics")
    clock.fix(NOW + timedelta(days=1))
    after = client.get("/calendars/tout.ics", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["Last-Modified"] != before.headers["Last-Modified"]


@pytest.mark.requirement("F3")
def test_head_and_gzip_answer_the_same_calendar(client: FormClient):
    factories.a_published_event()
    plain = client.get("/calendars/tout.ics", headers={"Accept-Encoding": "identity"})
    small = client.get("/calendars/tout.ics", headers={"Accept-Encoding": "gzip, br"})
    assert small.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in small.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(small.data) == plain.data
    assert small.headers["ETag"] != plain.headers["ETag"]
    known = client.get("/calendars/tout.ics", headers={"If-None-Match": small.headers["ETag"]})
    assert known.status_code == 304
    head = client.head("/calendars/tout.ics")
    assert [head.status_code, head.data] == [200, b""]
    assert head.headers["Content-Length"] == str(len(plain.data))
    assert head.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.requirement("F4")
@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "text/calendar,*/*;q=0.1", "¿?"])
def test_whatever_a_client_accepts_it_gets_the_calendar(client: FormClient, accept: str | None):
    event = factories.a_published_event()
    headers = {"Accept": accept} if accept else {}
    for address in ("/calendars/tout.ics", f"/events/{event.slug}.ics"):
        answer = client.get(address, headers=headers)
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.data.startswith(b"BEGIN:VCALENDAR\r\n")
    assert "/calendars" not in client.get("/robots.txt").text


@pytest.mark.requirement("F5")
def test_past_events_stay_a_year_and_cancelled_ones_a_month(client: FormClient):
    network = factories.a_network()
    for title, ago, values_ in (
        ("hier", 1, {}),
        ("il y a un an", 366, {}),
        ("il y a deux ans", 730, {}),
        ("annulé récemment", 30, {"state": "cancelled"}),
        ("annulé jadis", 31, {"state": "cancelled"}),
    ):
        factories.a_published_event(
            network, title_fr=title, starts_on=factories.in_days(-ago), **values_
        )
    calendar = client.get(f"/calendars/{network.slug}.ics").data
    assert values(calendar, "SUMMARY") == ["il y a un an", "ANNULÉ : annulé récemment", "hier"]


@pytest.mark.requirement("F5")
def test_filters_narrow_a_feed_and_unknown_ones_are_refused(client: FormClient):
    network = factories.a_network()
    factories.a_published_event(network, title_fr="A", kind="training", mode="online")
    factories.a_published_event(
        title_fr="B", kind="forum", mode="hybrid", starts_on=factories.in_days(31)
    )

    def titles(query: str) -> list[str]:
        return values(client.get(f"/calendars/tout.ics?{query}").data, "SUMMARY")

    assert titles("") == titles("mode=online") == ["A", "B"]
    assert titles("kind=training") == titles(f"network={network.slug}") == ["A"]
    assert titles("mode=in_person") == ["B"]
    one, two = (
        client.get(f"/calendars/tout.ics?{query}")
        for query in ("kind=forum&mode=hybrid", "mode=hybrid&kind=forum")
    )
    assert one.headers["ETag"] == two.headers["ETag"]
    assert b"SOURCE;VALUE=URI:http://localhost/calendars/tout.ics?kind=forum&mode=hyb" in one.data
    for query in (
        "kind=inconnu",
        "kind=",
        "couleur=bleu",
        "mode=x",
        "network=x",
        "series=x",
        "lang=de",
        "kind=forum&kind=training",
    ):
        assert client.get(f"/calendars/tout.ics?{query}").status_code == 400, query
    assert client.get(f"/calendars/{network.slug}.ics?network={network.slug}").status_code == 400
    assert client.get("/calendars/inconnu.ics").status_code == 404


def test_a_feed_can_be_had_in_english(client: FormClient):
    factories.a_published_event(title_fr="Été", title_en="Summer", mode="online")
    english = client.get("/calendars/tout.ics?lang=en").data
    assert values(english, "SUMMARY") == ["Summer"]
    assert values(english, "LOCATION") == ["Online"]
    client.set_cookie("language", "en")
    assert values(client.get("/calendars/tout.ics").data, "SUMMARY") == ["Été"]


def test_an_empty_feed_is_still_a_calendar(client: FormClient, libical: Libical):
    network = factories.a_network()
    calendar = client.get(f"/calendars/{network.slug}.ics").data
    assert is_well_formed(calendar)
    assert libical.events(calendar) == []


@pytest.mark.requirement("C3", "C5")
def test_a_renamed_and_moved_event_keeps_its_uid(client: FormClient):
    event = factories.a_published_event()
    before = client.get(f"/events/{event.slug}.ics").data
    change(event, title_fr="Autre titre", starts_on=date(2028, 1, 1), sequence=1)
    after = client.get(f"/events/{event.slug}.ics", headers={"Host": "ailleurs.example"}).data
    assert values(after, "UID") == values(before, "UID")
    assert values(after, "SEQUENCE") == ["1"]
    assert values(after, "URL") == [f"http://localhost/events/{event.slug}"]


def test_the_single_file_has_an_ascii_name_and_an_event_without_a_date_has_no_file(
    client: FormClient,
):
    event = factories.a_published_event()
    answer = client.get(f"/events/{event.slug}.ics")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{event.slug}.ics"'
    assert client.get(
        f"/events/{event.slug}.ics", headers={"If-None-Match": answer.headers["ETag"]}
    ).status_code == 304  # fmt: skip
    undated = factories.a_published_event(
        starts_on=None, ends_on=None, date_status="to_be_confirmed"
    )
    assert client.get(f"/events/{undated.slug}.ics").status_code == 404
