"""Organisers' pages of their events."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventhub.accounts.models import Account
from eventhub.events.models import Event
from eventhub.networks.models import Network
from tests import factories
from tests.client import FormClient, hidden_value
from tests.factories import (
    PASSWORD,
    a_cohort,
    a_network,
    a_published_event,
    a_registration,
    an_event,
    an_organiser,
    in_days,
    reload,
)
from tests.mailserver import MailServer
from tests.registrations import people

FIELDS = {
    "title_fr": "Forum régional",
    "kind": "forum",
    "date_status": "confirmed",
    "starts_on": "2027-11-17",
    "start_time": "09:00",
    "end_time": "16:30",
    "time_zone": "America/Toronto",
    "mode": "in_person",
    "venue_name": "Centre Durocher",
    "places": "40",
    "price": "12,50",
    "audience": "public",
    "registration_open": "y",
    "confirm_address": "never",
    "action": "save",
}


@pytest.fixture
def network(app: Flask) -> Network:
    return a_network(slug="aqpsc")


@pytest.fixture
def account(network: Network) -> Account:
    return an_organiser(network, email="dominique@example.org")


@pytest.fixture
def organiser(client: FormClient, account: Account) -> FormClient:
    sign_in(client)
    return client


def sign_in(client: FormClient, **more: str) -> TestResponse:
    typed = {"email": "dominique@example.org", "password": PASSWORD, **more}
    return client.post("/organiser/sign-in", data=typed)


def page_of(event: Event, rest: str = "") -> str:
    return f"/organiser/events/{event.public_id}{rest}"


def the_event() -> Event:
    with factories.context():
        factories.session.rollback()
        return factories.session.query(Event).one()


def value_of(page: TestResponse, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', page.text)
    assert found is not None, f"no field {name}"
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


def typed_in(page: TestResponse) -> dict[str, Any]:
    """What a browser would send back from the page's form of an event, as it is."""
    form = page.text[page.text.index('<form class="form"') :]
    data: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        kind = attributes.get("type", "text")
        if "name" in attributes and (kind not in {"radio", "checkbox"} or " checked" in tag):
            data[attributes["name"]] = unescape(attributes.get("value", ""))
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>([^<]*)</textarea>', form):
        data[name] = unescape(text).strip()
    for tag, options in re.findall(r"<select([^>]*)>(.*?)</select>", form, re.DOTALL):
        chosen = [o for o in re.findall(r"<option([^>]*)>", options) if "selected" in o]
        name, value = (re.search(r'(?:name|value)="([^"]*)"', part) for part in (tag, chosen[0]))
        assert name
        assert value
        data[name[1]] = value[1]
    data.pop("csrf_token", None)
    return data


def test_an_organiser_writes_an_event_looks_at_it_and_publishes_it(organiser: FormClient) -> None:
    form = organiser.get("/organiser/events/new")
    answer = organiser.post("/organiser/events/new", data={**typed_in(form), **FIELDS})
    event = the_event()
    assert (answer.status_code, answer.location) == (303, page_of(event))
    assert (event.state, event.slug, event.price_cents) == ("draft", "forum-regional", 1250)
    assert organiser.get(f"/events/{event.slug}").status_code == 404
    preview = organiser.get(page_of(event, "/preview"))
    assert "Forum régional" in preview.text
    assert preview.headers["X-Robots-Tag"] == "noindex"
    answer = organiser.post(page_of(event, "/publish"), follow_redirects=True)
    assert "paraît sur le site" in answer.text
    assert organiser.get(f"/events/{event.slug}").status_code == 200


def test_a_form_that_is_sent_back_as_it_is_changes_nothing(
    organiser: FormClient, network: Network
) -> None:
    training = a_published_event(network, kind="training", starts_at=None, ends_at=None)
    with factories.writing():
        for pool in factories.attached(training).seat_pools:
            factories.session.delete(pool)
    a_cohort(training, in_days(30), in_days(31), places=12)
    hybrid = a_published_event(
        network,
        mode="hybrid",
        places=30,
        join_url="https://example.org/j",
        price_cents=0,
        description_fr="Bonjour <b>tout le monde</b>\n\n- un",
        registration_closes_at=factories.at(in_days(20), 17),
    )
    with factories.writing():  # as the service would have kept it
        owner = factories.attached(training)
        owner.starts_on, owner.ends_on = in_days(30), in_days(31)
        owner.starts_at = owner.ends_at = None
    for event in (training, hybrid):
        before = reload(event).changed_at
        form = organiser.get(page_of(event, "/edit"))
        answer = organiser.post(page_of(event, "/edit"), data=typed_in(form))
        assert answer.status_code == 303, answer.text
        assert reload(event).changed_at == before


def test_a_refusal_says_why_and_keeps_what_was_typed(organiser: FormClient) -> None:
    answer = organiser.post(
        "/organiser/events/new",
        data=FIELDS
        | {
            "network": "aqpsc",
            "title_fr": "",
            "description_fr": "Un texte & <b>long</b>",
            "starts_on": "17 novembre",
            "start_time": "midi",
            "end_time": "08:00",
            "places": "beaucoup",
            "price": "-3",
            "join_url": "zoom.us",
        },
    )
    assert answer.status_code == 422
    for words in (
        "Entrez le titre en français",
        "Entrez une date, par exemple",
        "Entrez une heure, par exemple",
        "Entrez un nombre en chiffres",
        "Entrez un prix, par exemple",
        "Entrez une adresse qui commence par https://",
    ):
        assert words in answer.text
    assert "Un texte &amp; &lt;b&gt;long&lt;/b&gt;" in answer.text
    assert value_of(answer, "starts_on") == "17 novembre"
    assert value_of(answer, "start_time") == "midi"
    assert value_of(answer, "venue_name") == "Centre Durocher"
    assert factories.count(Event) == 0


def test_a_refusal_of_the_service_stands_beside_its_field(organiser: FormClient) -> None:
    typed = FIELDS | {
        "network": "aqpsc",
        "sessions-0-starts_on": "2027-11-17",
        "sessions-4-starts_on": "2027-11-18",
        "sessions-4-ends_on": "2027-11-17",
    }
    answer = organiser.post("/organiser/events/new", data=typed)
    assert answer.status_code == 422
    assert 'href="#sessions-1-ends_on"' in answer.text
    assert 'id="sessions-1-ends_on-error"' in answer.text


@pytest.mark.database("sqlite")
def test_hours_and_prices_are_read_as_people_type_them(organiser: FormClient) -> None:
    typed = {"network": "aqpsc", "start_time": "9 h", "end_time": "16h30", "price": "1 250,00 $"}
    assert organiser.post("/organiser/events/new", data=FIELDS | typed).status_code == 303
    event = the_event()
    assert (event.starts_at, event.price_cents) == (
        factories.at(factories.date(2027, 11, 17), 9),
        125_000,
    )


def test_rows_are_added_and_removed_without_a_script_and_nothing_is_lost(
    organiser: FormClient,
) -> None:
    url = "/organiser/events/new"
    page = organiser.post(url, data=FIELDS | {"network": "aqpsc", "action": "add:sessions"})
    assert page.status_code == 200
    assert value_of(page, "sessions-0-starts_on") == "2027-11-17"
    assert value_of(page, "sessions-1-starts_on") == ""
    assert value_of(page, "title_fr") == "Forum régional"
    assert "data-unsaved" in page.text
    typed = typed_in(page) | {"sessions-1-starts_on": "2027-11-24", "action": "add:sessions"}
    page = organiser.post(url, data=typed)
    assert value_of(page, "sessions-1-starts_on") == "2027-11-24"
    page = organiser.post(url, data=typed_in(page) | {"action": "remove:sessions-0"})
    assert value_of(page, "sessions-0-starts_on") == "2027-11-24"
    assert "sessions-2-starts_on" not in page.text
    page = organiser.post(url, data=typed_in(page) | {"action": "remove:sessions-1"})
    answer = organiser.post(url, data=typed_in(page) | {"action": "save"})
    assert answer.status_code == 303, answer.text
    with factories.context():
        days = [item.starts_on.isoformat() for item in factories.attached(the_event()).sessions]
    assert days == ["2027-11-24"]


def test_groups_have_their_own_dates_and_places(organiser: FormClient) -> None:
    url = "/organiser/events/new"
    page = organiser.post(url, data=FIELDS | {"network": "aqpsc", "action": "add:cohorts"})
    assert value_of(page, "cohorts-0-sessions-0-starts_on") == "2027-11-17"
    typed = typed_in(page) | {
        "cohorts-0-name_fr": "Groupe A",
        "cohorts-0-places": "12",
        "action": "add:cohorts-0-sessions",
    }
    page = organiser.post(url, data=typed)
    typed = typed_in(page) | {"cohorts-0-sessions-1-starts_on": "2027-11-18", "action": "save"}
    assert organiser.post(url, data=typed).status_code == 303
    with factories.context():
        event = factories.attached(the_event())
        assert [len(cohort.sessions) for cohort in event.cohorts] == [2]
        assert [
            (pool.cohort.name_fr, pool.capacity) for pool in event.seat_pools if pool.cohort
        ] == [("Groupe A", 12)]


def test_removing_the_last_row_gives_its_date_back_to_the_event(organiser: FormClient) -> None:
    url = "/organiser/events/new"
    typed = FIELDS | {"network": "aqpsc", "sessions-0-starts_on": "2027-12-01"}
    typed.pop("starts_on")
    page = organiser.post(url, data=typed | {"action": "remove:sessions-0"})
    assert value_of(page, "starts_on") == "2027-12-01"


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("action", ["add:nothing", "remove:nothing", "add:", "remove:", "zzz"])
def test_a_button_that_does_not_exist_breaks_nothing(organiser: FormClient, action: str) -> None:
    typed = FIELDS | {"network": "aqpsc", "action": action}
    assert organiser.post("/organiser/events/new", data=typed).status_code in {200, 303}


def test_the_second_of_two_who_save_keeps_what_they_typed_and_sees_the_first(
    organiser: FormClient, network: Network
) -> None:
    event = an_event(network)
    mine = typed_in(organiser.get(page_of(event, "/edit")))
    organiser.post(page_of(event, "/edit"), data=mine | {"title_fr": "Le leur", "kind": "board"})
    answer = organiser.post(page_of(event, "/edit"), data=mine | {"title_fr": "Le mien"})
    assert answer.status_code == 409
    assert value_of(answer, "title_fr") == "Le mien"
    assert "Le leur" in answer.text
    assert reload(event).title_fr == "Le leur"
    again = organiser.post(page_of(event, "/edit"), data=typed_in(answer))
    assert again.status_code == 303
    assert reload(event).title_fr == "Le mien"


@pytest.mark.requirement("S7")
def test_an_ended_session_loses_nothing_of_what_was_typed(
    client: FormClient, account: Account, network: Network
) -> None:
    event = an_event(network)
    sign_in(client)
    typed = typed_in(client.get(page_of(event, "/edit")))
    client.delete_cookie("session")
    answer = client.post(
        page_of(event, "/edit"), data=typed | {"title_fr": "Écrit longtemps"}, csrf=False
    )
    assert answer.status_code == 401
    assert "conservé" in answer.text
    kept = hidden_value(answer, "kept").replace("&#34;", '"').replace("&amp;", "&")
    assert "csrf" not in kept
    page = sign_in(client, next=page_of(event, "/edit"), kept=kept)
    assert "Retourner à mon formulaire" in page.text
    back = client.post(page_of(event, "/edit"), data=typed_in(page))
    assert back.status_code == 200
    assert value_of(back, "title_fr") == "Écrit longtemps"
    assert reload(event).title_fr == event.title_fr
    assert client.post(page_of(event, "/edit"), data=typed_in(back)).status_code == 303
    assert reload(event).title_fr == "Écrit longtemps"


@pytest.mark.requirement("A2")
def test_a_form_of_an_older_session_is_shown_again_and_not_saved(
    organiser: FormClient, network: Network
) -> None:
    event = an_event(network)
    typed = typed_in(organiser.get(page_of(event, "/edit"))) | {"title_fr": "Forgé"}
    answer = organiser.post(page_of(event, "/edit"), data=typed, csrf=False)
    assert answer.status_code == 400
    assert value_of(answer, "title_fr") == "Forgé"
    assert reload(event).title_fr == event.title_fr


def test_an_event_is_taken_off_the_site_and_put_back(
    organiser: FormClient, network: Network
) -> None:
    event = a_published_event(network)
    organiser.post(page_of(event, "/unpublish"))
    assert reload(event).state == "draft"
    assert organiser.get(f"/events/{event.slug}").status_code == 404
    organiser.post(page_of(event, "/publish"))
    assert reload(event).state == "published"


def test_a_cancellation_says_whom_it_tells_and_can_be_undone(
    organiser: FormClient, network: Network
) -> None:
    event = a_published_event(network, places=5)
    a_registration(event)
    assert "Une personne est inscrite" in organiser.get(page_of(event)).text
    answer = organiser.post(page_of(event, "/cancel"), follow_redirects=True)
    assert "recevront un message" in answer.text
    assert reload(event).state == "cancelled"
    assert organiser.get(page_of(event, "/edit")).status_code == 303
    organiser.post(page_of(event, "/restore"))
    assert reload(event).state == "published"


def test_more_places_on_the_form_give_a_place_to_who_waited_and_tell_them(
    organiser: FormClient, network: Network, run_jobs: Callable[..., int], smtp: MailServer
) -> None:
    event = a_published_event(network, places=1)
    a_registration(event)
    waiting = a_registration(event, "attente@example.org", state="waitlisted")
    form = typed_in(organiser.get(page_of(event, "/edit")))
    assert organiser.post(page_of(event, "/edit"), data=form | {"places": "2"}).status_code == 303
    run_jobs()
    assert reload(waiting).state == "confirmed"
    assert smtp.only("attente@example.org").calendar


@pytest.mark.requirement("M3", "M4")
def test_a_move_and_a_cancellation_reach_the_calendars_of_those_registered(
    organiser: FormClient, network: Network, run_jobs: Callable[..., int], smtp: MailServer
) -> None:
    event = a_published_event(network, places=5)
    people.register(event, "inscrit@example.org")
    run_jobs()
    assert b"SEQUENCE:0" in smtp.only("inscrit@example.org").calendar
    smtp.reset()
    form = typed_in(organiser.get(page_of(event, "/edit")))
    organiser.post(page_of(event, "/edit"), data=form | {"start_time": "17:00"})
    run_jobs()
    moved = smtp.only("inscrit@example.org").calendar
    assert b"METHOD:REQUEST" in moved
    assert b"SEQUENCE:1" in moved
    smtp.reset()
    organiser.post(page_of(event, "/cancel"))
    run_jobs()
    cancelled = smtp.only("inscrit@example.org").calendar
    assert b"METHOD:CANCEL" in cancelled
    assert b"SEQUENCE:2" in cancelled


def test_a_draft_can_not_be_cancelled(organiser: FormClient, network: Network) -> None:
    event = an_event(network)
    assert organiser.post(page_of(event, "/cancel")).status_code == 409
    assert reload(event).state == "draft"


def test_a_network_without_an_identity_is_told_before_it_publishes(
    organiser: FormClient, account: Account
) -> None:
    with factories.writing():
        factories.attached(account.networks[0]).postal_address = ""
    event = an_event(account.networks[0])
    assert "Remplissez d’abord la page de votre réseau" in organiser.get(page_of(event)).text
    answer = organiser.post(page_of(event, "/publish"), follow_redirects=True)
    assert "Remplissez d’abord la page de votre réseau" in answer.text
    assert reload(event).state == "draft"
    assert "doit encore se présenter" in organiser.get("/organiser/").text


def test_a_copy_opens_at_its_form(organiser: FormClient, network: Network) -> None:
    event = a_published_event(network, places=8)
    answer = organiser.post(page_of(event, "/duplicate"))
    assert answer.status_code == 303
    form = organiser.get(answer.location)
    assert "Voici une copie" in form.text
    assert value_of(form, "title_fr") == event.title_fr


def test_a_members_event_gives_the_link_to_send_and_a_private_one_gives_none(
    organiser: FormClient, network: Network
) -> None:
    members = a_published_event(network, audience="members")
    link = value_of_id(organiser.get(page_of(members)), "public-url")
    assert "?access=" in link
    path = link.removeprefix("http://localhost").replace("&amp;", "&")
    assert organiser.get(path).status_code == 200
    private = a_published_event(network, audience="private")
    assert "public-url" not in organiser.get(page_of(private)).text


def value_of_id(page: TestResponse, element: str) -> str:
    found = re.search(rf'<input[^>]*id="{element}"[^>]*value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def test_the_front_page_shows_what_comes_what_waits_and_what_needs_somebody(
    organiser: FormClient, network: Network
) -> None:
    event = a_published_event(network, title_fr="Congrès", places=10, venue_name="Centre")
    a_registration(event)
    an_event(network, title_fr="Brouillon du printemps", starts_on=in_days(3))
    an_event(a_network(), title_fr="Le secret des autres")
    page = organiser.get("/organiser/").text
    assert "Congrès" in page
    assert "1 inscription pour 10 places" in page
    assert "encore un brouillon" in page
    assert "secret" not in page


def test_the_list_is_searched_and_filtered(organiser: FormClient, network: Network) -> None:
    a_published_event(network, title_fr="Congrès d’été")
    an_event(network, title_fr="Autre chose")

    def titles(query: str) -> list[str]:
        page = organiser.get(f"/organiser/events/?{query}").text
        return [t for t in ("Congrès d’été", "Autre chose") if t in page]

    assert titles("") == ["Congrès d’été", "Autre chose"]
    assert titles("q=CONGRES") == ["Congrès d’été"]
    assert titles("state=draft") == ["Autre chose"]
    assert titles("period=past") == []
    assert titles("state=zzz&period=zzz&page=zzz") == ["Congrès d’été", "Autre chose"]
    assert titles("page=99999999999999999999") == ["Congrès d’été", "Autre chose"]


ROUTES = [
    ("GET", ""),
    ("GET", "/edit"),
    ("POST", "/edit"),
    ("GET", "/preview"),
    ("POST", "/publish"),
    ("POST", "/unpublish"),
    ("POST", "/cancel"),
    ("POST", "/restore"),
    ("POST", "/duplicate"),
]


@pytest.mark.requirement("A1")
@pytest.mark.parametrize(("method", "rest"), ROUTES)
@pytest.mark.database("sqlite")
def test_the_event_of_another_network_looks_like_one_that_does_not_exist(
    organiser: FormClient, method: str, rest: str
) -> None:
    theirs = a_published_event(a_network())
    forbidden = organiser.open(page_of(theirs, rest), method=method, data=FIELDS)
    unknown = organiser.open(f"/organiser/events/{'0' * 32}{rest}", method=method, data=FIELDS)
    assert forbidden.status_code == unknown.status_code == 404
    after = reload(theirs)
    assert (after.state, after.version) == ("published", theirs.version)
    assert factories.count(Event) == 1


@pytest.mark.requirement("A1")
@pytest.mark.database("sqlite")
def test_an_event_is_not_put_into_another_network(organiser: FormClient) -> None:
    a_network(slug="petales")
    answer = organiser.post("/organiser/events/new", data=FIELDS | {"network": "petales"})
    assert answer.status_code == 422
    assert factories.count(Event) == 0


@pytest.mark.parametrize(("method", "rest"), ROUTES)
@pytest.mark.database("sqlite")
def test_nobody_comes_in_without_signing_in(
    client: FormClient, network: Network, method: str, rest: str
) -> None:
    event = a_published_event(network)
    answer = client.open(page_of(event, rest), method=method, data=FIELDS)
    assert answer.status_code in {302, 303, 401}
    assert event.title_fr not in answer.text
    assert reload(event).version == event.version


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("rest", [rest for method, rest in ROUTES if method == "POST"])
@pytest.mark.database("sqlite")
def test_a_post_without_the_token_of_its_form_changes_nothing(
    organiser: FormClient, network: Network, rest: str
) -> None:
    event = a_published_event(network)
    answer = organiser.post(page_of(event, rest), data=FIELDS, csrf=False)
    assert answer.status_code == 400
    assert reload(event).version == event.version
    assert factories.count(Event) == 1


@pytest.mark.requirement("A6")
@pytest.mark.database("sqlite")
def test_what_an_organiser_types_is_never_markup_on_a_page(
    organiser: FormClient, network: Network
) -> None:
    bad = '"><script>alert(1)</script>'
    typed = FIELDS | {
        "network": "aqpsc",
        "title_fr": bad,
        "series": bad,
        "venue_name": bad,
        "description_fr": f"{bad} [x](javascript:alert(1)) <img src=x onerror=alert(1)>",
        "cohorts-0-name_fr": bad,
        "cohorts-0-sessions-0-starts_on": "2027-11-17",
        "cohorts-0-sessions-0-title_fr": bad,
    }
    assert organiser.post("/organiser/events/new", data=typed).status_code == 303
    event = the_event()
    pages = [page_of(event), page_of(event, "/edit"), page_of(event, "/preview"), "/organiser/"]
    for page in pages:
        text = organiser.get(page).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text


@pytest.mark.requirement("A20")
@pytest.mark.database("sqlite")
def test_a_template_in_a_title_stays_text(organiser: FormClient, network: Network) -> None:
    event = an_event(network, title_fr="{{ 7 * 7 }}")
    assert "{{ 7 * 7 }}" in organiser.get(page_of(event)).text


def test_an_account_without_a_network_is_told_what_to_do(client: FormClient, app: Flask) -> None:
    account = an_organiser(email="dominique@example.org")
    with factories.writing():
        factories.attached(account).networks = []
    sign_in(client)
    for path in ("/organiser/", "/organiser/events/", "/organiser/events/new"):
        assert client.get(path).status_code == 200
    assert "ajouter votre réseau" in client.get("/organiser/network/").text
    assert client.post("/organiser/events/new", data=FIELDS).status_code == 422
