"""What everyone sees of events: the front page, the list, and each event's page."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from eventhub import clock
from eventhub.db import session, transaction
from eventhub.events.models import Event, Series
from eventhub.events.service.listing import access_token
from tests import factories
from tests.client import FormClient

NOW = datetime(2027, 1, 15, 15, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _january(app: object) -> None:
    clock.fix(NOW)


def token_of(event: Event) -> str:
    """The token of a members' event's link."""
    with factories.context():
        return access_token(factories.attached(event))


def titles(client: FormClient, query: str = "") -> list[str]:
    """The titles on the list of events, in their order."""
    page = client.get(f"/events/?{query}")
    assert page.status_code == 200
    return re.findall(r'event-row__title"><a href="[^"]+">([^<]+)</a>', page.text)


def words(html: str) -> str:
    """A page's text, its white space made plain."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def a_full_programme() -> None:
    """Five events that differ in all that can be filtered."""
    one = factories.a_network(slug="gte", name="Grandissons tous ensemble", code="GTE")
    other = factories.a_network(slug="laval", name="Développement social de Laval")
    factories.a_published_event(
        one, title_fr="Été des tout-petits", kind="forum", starts_on=date(2027, 2, 17)
    )
    factories.a_published_event(
        one, title_fr="Formation", kind="training", mode="online", starts_on=date(2027, 3, 3)
    )
    factories.a_published_event(
        other, title_fr="Assemblée", kind="assembly", mode="hybrid", starts_on=date(2027, 2, 20)
    )
    open_date = {"starts_on": None, "ends_on": None, "date_status": "to_be_confirmed"}
    factories.a_published_event(other, title_fr="En février", month="2027-02", **open_date)
    factories.a_published_event(other, title_fr="Un jour", **open_date)


def test_the_front_page_welcomes_and_shows_what_comes_next(client: FormClient):
    a_full_programme()
    page = client.get("/")
    assert page.status_code == 200
    text = words(page.text)
    assert "Ce qui se passe dans nos réseaux" in text
    assert text.index("Été des tout-petits") < text.index("Assemblée") < text.index("Formation")
    assert "Grandissons tous ensemble" in text
    assert "2 événements à venir" in text
    assert 'href="/newsletters/"' in page.text


def test_an_empty_house_says_what_to_do(client: FormClient):
    assert "Aucune date n’est encore fixée" in client.get("/").text
    assert "Pas encore d’événement" in client.get("/events/").text


@pytest.mark.requirement("C8")
def test_events_are_listed_by_month_and_those_without_a_day_close_it(client: FormClient):
    a_full_programme()
    assert titles(client) == [
        "Été des tout-petits",
        "Assemblée",
        "En février",
        "Formation",
        "Un jour",
    ]
    headings = re.findall(r'month-heading">([^<]+)<', client.get("/events/").text)
    assert headings == ["février 2027", "mars 2027", "Date à confirmer"]
    assert "5 événements à venir" in words(client.get("/events/").text)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("network=gte", ["Été des tout-petits", "Formation"]),
        ("kind=assembly", ["Assemblée"]),
        ("mode=online", ["Assemblée", "Formation"]),
        ("mode=in_person", ["Été des tout-petits", "Assemblée", "En février", "Un jour"]),
        ("month=2027-02", ["Été des tout-petits", "Assemblée", "En février"]),
        ("network=laval&month=2027-02&kind=&mode=", ["Assemblée", "En février"]),
        ("q=ete+TOUT-petits", ["Été des tout-petits"]),
        ("q=assemblee", ["Assemblée"]),
        ("q=grandissons", ["Été des tout-petits", "Formation"]),
        ("q=formation+gte", ["Formation"]),
        ("q=%25", []),
        ("q=rien+de+tel", []),
        ("utm_source=infolettre&kind=assembly", ["Assemblée"]),
    ],
)
def test_filters_and_search_narrow_the_list(client: FormClient, query: str, found: list[str]):
    a_full_programme()
    assert titles(client, query) == found


@pytest.mark.parametrize("query", ["kind=x", "mode=x", "month=2027-13", "network=x", "month=mars"])
def test_a_choice_that_does_not_exist_is_refused_in_words(client: FormClient, query: str):
    a_full_programme()
    page = client.get(f"/events/?{query}")
    assert page.status_code == 400
    assert "Ce choix n’existe pas" in page.text
    assert "Formation" not in re.findall(r'event-row__title"><a[^>]*>([^<]+)', page.text)


def test_past_events_can_be_found_latest_first(client: FormClient):
    factories.a_published_event(title_fr="Récent", starts_on=factories.in_days(-3))
    factories.a_published_event(title_fr="Ancien", starts_on=factories.in_days(-300))
    factories.a_published_event(title_fr="Bientôt")
    factories.a_published_event(title_fr="Aujourd’hui", starts_on=factories.in_days(0))
    assert titles(client) == ["Aujourd’hui", "Bientôt"]
    assert titles(client, "past=1") == ["Récent", "Ancien"]
    assert 'past=1"' in client.get("/events/").text


def test_a_week_that_has_begun_is_still_to_come(client: FormClient):
    factories.a_published_event(
        title_fr="Semaine",
        starts_on=factories.in_days(-3),
        ends_on=factories.in_days(3),
        starts_at=None,
        ends_at=None,
    )
    assert titles(client) == ["Semaine"]


def test_a_long_list_has_pages_and_no_others(client: FormClient):
    network = factories.a_network()
    for number in range(31):
        factories.a_published_event(
            network, title_fr=f"Rencontre {number}", starts_on=factories.in_days(number + 1)
        )
    assert len(titles(client)) == 30
    assert titles(client, "page=2") == ["Rencontre 30"]
    assert "Page 2 de 2" in client.get("/events/?page=2").text
    for page in ("0", "3", "-1", "x", "99999999999999999999", "٢"):
        assert client.get(f"/events/?page={page}").status_code == 404, page


def test_a_series_has_its_own_list(client: FormClient):
    network = factories.a_network()
    series = factories.save(
        Series(
            network_id=network.id,
            slug="reunions",
            name_fr="Réunions régionales",
            created_at=clock.now(),
        )
    )
    factories.a_published_event(network, title_fr="Dans la série", series_id=series.id)
    factories.a_published_event(network, title_fr="Hors série")
    assert titles(client, "series=reunions") == ["Dans la série"]
    assert "Série : Réunions régionales" in words(client.get("/events/").text.replace("\xa0", " "))


def test_an_event_page_says_when_where_for_whom_and_how_much(client: FormClient):
    event = factories.a_published_event(
        title_fr="Grande Matinée",
        starts_on=date(2027, 2, 17),
        price_cents=2500,
        places=4,
        invented="price_cents",
        description_fr="Accueil et **café**",
    )
    page = client.get(f"/events/{event.slug}")
    text = words(page.text.replace("\xa0", " "))
    for phrase in (
        "le mercredi 17 février 2027, de 18 h à 20 h",
        "Centre communautaire",
        "200, rue du Parc, Québec",
        "Ouvert à tout le monde",
        "25 $ valeur de démonstration",
        "Il reste 4 places",
        "S’inscrire",
        "Organisé par",
        "418 555-0100",
    ):
        assert phrase in text, phrase
    assert re.search("heure (normale )?de l’Est", text)
    assert "<strong>café</strong>" in page.text
    assert page.text.count(f'href="/events/{event.slug}/register"') == 2
    assert f'href="/events/{event.slug}.ics"' in page.text
    assert "calendar.google.com" in page.text
    assert "outlook.live.com" in page.text


@pytest.mark.parametrize(
    ("taken", "waiting", "phrase", "button"),
    [
        (9, 0, "Il reste 1 place", "S’inscrire"),
        (10, 0, "Complet, liste d’attente", "Me mettre en liste d’attente"),
        (9, 2, "Complet, liste d’attente", "Me mettre en liste d’attente"),
    ],
)
def test_places_left_are_said_in_words(
    client: FormClient, taken: int, waiting: int, phrase: str, button: str
):
    event = factories.a_published_event(places=10)
    with factories.writing():
        pool = factories.attached(event).seat_pools[0]
        pool.taken, pool.waiting = taken, waiting
    text = words(client.get(f"/events/{event.slug}").text)
    assert phrase in text
    assert button in text
    assert phrase in words(client.get("/events/").text)


def test_a_training_shows_its_groups_each_with_its_dates_and_places(client: FormClient):
    event = factories.a_published_event(kind="training")
    factories.a_cohort(event, date(2027, 2, 16), date(2027, 3, 23), name_fr="Groupe A", places=5)
    factories.a_cohort(event, date(2027, 4, 1), name_fr="Groupe B", places=8)
    with factories.writing():
        own, *_first, last = factories.attached(event).seat_pools
        session.delete(own)
        last.taken = 8
    text = words(client.get(f"/events/{event.slug}").text.replace("\xa0", " "))
    first, second = text.split("Groupe A")[1].split("Groupe B")
    assert "Il reste 5 places" in first
    assert "le mardi 16 février 2027" in first
    assert "le mardi 23 mars 2027" in first
    assert "Complet" in second
    assert "le jeudi 1er avril 2027" in second


@pytest.mark.parametrize(
    ("values", "phrase"),
    [
        ({"state": "cancelled"}, "Cet événement est annulé"),
        ({"registration_open": False}, "L’inscription ne se fait pas ici"),
        ({"registration_opens_at": NOW + timedelta(days=2)}, "ouvrent le dimanche 17 janvier 2027"),
        ({"registration_closes_at": NOW - timedelta(days=2)}, "Les inscriptions sont terminées"),
        ({"starts_on": date(2027, 1, 10)}, "Cet événement a eu lieu"),
    ],
)
def test_an_event_that_takes_nobody_says_why(
    client: FormClient, values: dict[str, object], phrase: str
):
    event = factories.a_published_event(**values)
    page = client.get(f"/events/{event.slug}")
    assert phrase in words(page.text).replace("\xa0", " ")
    assert "/register" not in page.text


def test_an_open_date_is_said_as_such(client: FormClient):
    event = factories.a_published_event(
        starts_on=None, ends_on=None, date_status="to_be_confirmed", month="2027-02"
    )
    text = words(client.get(f"/events/{event.slug}").text)
    assert "Date à confirmer, février 2027" in text
    assert "le jour sera annoncé ici" in text
    assert "Fichier d’agenda" not in text


@pytest.mark.requirement("C9")
def test_the_join_link_is_never_public(client: FormClient):
    event = factories.a_published_event(mode="online", join_url="https://visio.example/secret")
    for address in (f"/events/{event.slug}", "/events/", "/"):
        assert "visio.example" not in client.get(address).text


@pytest.mark.requirement("A6")
def test_a_description_cannot_carry_code(client: FormClient):
    event = factories.a_published_event(
        title_fr="<script>alert(1)</script>",
        description_fr=(
            "<script>alert(2)</script><img src=x onerror=alert(3)> "
            "[a](javascript:alert(4)) [b](data:text/html,x) [c](JaVaScRiPt&colon;alert(5)) "
            "![p](https://pisteur.example/p.gif) <javascript:alert(6)>\n\n# Titre\n\n"
            "[bon](https://exemple.org)"
        ),
    )
    page = client.get(f"/events/{event.slug}").text
    body = page.split("<main")[1]
    assert not re.search(r"<(script|img)", body)
    assert not re.search(r'href="\s*(javascript|data):', page, re.IGNORECASE)
    assert "<h1>Titre" not in page
    assert '<a href="https://exemple.org" rel="noopener nofollow">bon</a>' in page


@pytest.mark.requirement("A9")
def test_a_members_event_opens_by_its_link_only_and_keeps_quiet(client: FormClient):
    event = factories.a_published_event(audience="members", title_fr="Rencontre des membres")
    other = factories.a_published_event(audience="members")
    token = token_of(event)
    opened = client.get(f"/events/{event.slug}?access={token}")
    assert opened.status_code == 200
    assert "Pour les membres" in opened.text
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert opened.headers["X-Robots-Tag"] == "noindex"
    assert opened.headers["Cache-Control"] == "no-store"
    assert f'href="/events/{event.slug}/register?access={token}"' in opened.text
    unknown = client.get("/events/inconnu")
    private = factories.a_published_event(audience="private")
    draft = factories.an_event()
    for address in (
        f"/events/{event.slug}",
        f"/events/{event.slug}?access={token_of(other)}",
        f"/events/{event.slug}?access={token[:-1]}",
        f"/events/{private.slug}",
        f"/events/{private.slug}?access={token_of(private)}",
        f"/events/{draft.slug}",
        f"/events/{draft.slug}?access={token_of(draft)}",
    ):
        answer = client.get(address)
        assert answer.status_code == unknown.status_code == 404, address
        assert main_of(answer.text) == main_of(unknown.text)
    assert "Rencontre des membres" not in client.get("/events/").text + client.get("/").text
    assert event.slug not in client.get("/sitemap.xml").text
    with factories.context(), transaction():
        factories.attached(event).access_version += 1
    assert client.get(f"/events/{event.slug}?access={token}").status_code == 404


def main_of(page: str) -> str:
    """A page's own content, without the frame that repeats its address."""
    return page.split("<main")[1].split("</main>")[0]


def test_pages_speak_english_to_who_asks(client: FormClient):
    event = factories.a_published_event(
        title_fr="Assemblée", title_en="Assembly", starts_on=date(2027, 2, 17), price_cents=0
    )
    client.set_cookie("language", "en")
    text = words(client.get(f"/events/{event.slug}").text.replace("\xa0", " "))
    assert "Assembly" in text
    assert "Wednesday, February 17, 2027, 6 p.m. to 8 p.m." in text
    assert "Free" in text
    assert "What is going on in our networks" in client.get("/").text


@pytest.mark.requirement("F6")
def test_the_calendar_page_names_every_public_feed(client: FormClient):
    network = factories.a_network(slug="gte", name="Grandissons tous ensemble")
    factories.a_published_event(network, kind="training")
    page = client.get("/calendars/")
    assert page.status_code == 200
    for address in (
        "http://localhost/calendars/tout.ics",
        "http://localhost/calendars/gte.ics",
        "http://localhost/calendars/tout.ics?kind=training",
    ):
        assert f'value="{address}"' in page.text
        assert client.get(address.removeprefix("http://localhost")).status_code == 200
    assert 'href="webcal://localhost/calendars/gte.ics"' in page.text
    assert "cid=webcal%3A%2F%2Flocalhost%2Fcalendars%2Fgte.ics" in page.text
    assert "addfromweb?url=http%3A%2F%2Flocalhost%2Fcalendars%2Fgte.ics" in page.text
    assert "trois heures" in page.text


def test_search_engines_find_the_public_pages(client: FormClient):
    event = factories.a_published_event()
    robots = client.get("/robots.txt")
    assert "Sitemap: http://localhost/sitemap.xml" in robots.text
    assert "Disallow: /organiser/" in robots.text
    assert f"<loc>http://localhost/events/{event.slug}</loc>" in client.get("/sitemap.xml").text
    assert client.get("/favicon.ico").status_code == 301


def test_what_lasts_all_day_comes_before_what_has_an_hour_on_both_databases(
    client: FormClient,
) -> None:
    day = factories.in_days(5)
    timed = factories.a_published_event(starts_on=day)
    whole = factories.a_published_event(starts_on=day, starts_at=None, ends_at=None)
    for path in ("/", "/events/", "/calendars/tout.ics"):
        page = client.get(path).text
        assert page.index(f"/events/{whole.slug}") < page.index(f"/events/{timed.slug}"), path


def test_places_are_not_offered_in_the_list_when_nobody_can_register(client: FormClient):
    factories.a_published_event(places=10)
    assert "Il reste 10 places" in words(client.get("/events/").text)
    factories.a_published_event(places=7, registration_closes_at=NOW - timedelta(days=1))
    assert "Il reste 7 places" not in words(client.get("/events/").text)


@pytest.mark.parametrize("month", ["0000-01", "9999-12", "２０２６-０１", "2026-13"])
def test_a_month_that_no_calendar_has_is_refused(client: FormClient, month: str) -> None:
    assert client.get("/events/", query_string={"month": month}).status_code == 400
