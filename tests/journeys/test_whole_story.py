"""From the networks' programme to the newsletter in a mailbox, with nobody reading code.

Everything is real: processes, database, queue, SMTP, pages without script. Another reader than ours
(vobject, libical) opens each calendar.
"""

import csv
import io
import re
import urllib.request
from datetime import date, timedelta

import pytest
import vobject

from eventhub.programme.demonstration import FOLDER
from tests import factories
from tests.journeys.visitor import Visitor
from tests.libical import Libical
from tests.live import LiveServer
from tests.mailserver import MailServer, ReceivedMail

ORGANISER = "organisation@example.org"
TITLE = "Soirée des bénévoles d’été"


def feed_titles(live: LiveServer, address: str) -> list[str]:
    """The titles in a feed, as vobject reads it."""
    with urllib.request.urlopen(f"{live.url}{address}", timeout=30) as answer:
        calendar = vobject.readOne(answer.read().decode())
    return [event.summary.value for event in calendar.contents.get("vevent", [])]


def one_click(mail: ReceivedMail) -> int:
    """Unsubscribe as a mailbox provider does (RFC 8058); the status."""
    address = re.search(r"<(https?://[^>]+)>", str(mail.message["List-Unsubscribe"]))
    assert address is not None
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = b"List-Unsubscribe=One-Click"
    with urllib.request.urlopen(urllib.request.Request(address[1], data=body), timeout=30) as done:
        return int(done.status)


def organiser_of(live: LiveServer, *networks: str) -> Visitor:
    """An organiser of these networks, signed in."""
    arguments = [part for network in networks for part in ("--network", network)]
    output = live.command("create-organiser", ORGANISER, "--name", "Dominique", *arguments)
    password = re.search(r"password: (\S+)", output)
    assert password is not None, output
    organiser = Visitor(live.url)
    organiser.open("/organiser/")
    organiser.press("Ouvrir une session", email=ORGANISER, password=password[1])
    assert "Bonjour Dominique" in organiser.words
    return organiser


def publish(organiser: Visitor, day: date) -> str:
    """Create an event with one place on the pages and publish it; the path of its page."""
    organiser.follow("Nouvel événement")
    organiser.press(
        "Enregistrer le brouillon",
        network="gte",
        title_fr=TITLE,
        title_en="Summer volunteers’ evening",
        kind="meeting",
        description_fr="Pour **vous remercier**. <script>alert(1)</script>",
        starts_on=day.isoformat(),
        start_time="18:00",
        end_time="20:30",
        mode="in_person",
        venue_name="Centre Monseigneur-Marcoux",
        venue_address="1885, chemin de la Canardière, Québec",
        places="1",
    )
    assert TITLE in organiser.words, organiser.words
    draft = organiser.url
    assert Visitor(organiser.site).open("/events/soiree-des-benevoles-d-ete").status == 404
    organiser.open(draft).press("Publier")
    assert "C’est publié" in organiser.words
    address = re.search(r"/events/([a-z0-9-]+)", organiser.html.partition("Son adresse")[2])
    assert address is not None, "its address is on the page"
    return f"/events/{address[1]}"


def register(live: LiveServer, path: str, name: str, email: str) -> Visitor:
    """Register somebody on the pages."""
    person = Visitor(live.url).open(f"{path}/register")
    button = "S’inscrire" if person.has_button("S’inscrire") else "Me mettre en liste d’attente"
    return person.press(button, name=name, email=email, organisation="Maison des familles")


@pytest.mark.timeout(300)
@pytest.mark.requirement("M1", "M2", "M7", "S2", "S5", "F1", "N7", "W6", "L2")
def test_the_programme_comes_in_and_the_newsletter_goes_out(
    fresh_live_server: LiveServer, smtp: MailServer, libical: Libical
):
    live = fresh_live_server

    # The programme of four networks comes in, and a second time changes nothing.
    assert "48 added" in live.command("load-demonstration")
    assert "48 unchanged" in live.command("load-demonstration")
    assert (FOLDER / "events.csv").exists()
    reader = Visitor(live.url).open("/events/?q=grande+matinee")
    assert "Grande Matinée des Tout-petits 2021" in reader.words
    assert "Comité organisateur" not in reader.words  # private

    # An organiser signs in, creates an event and publishes it.
    organiser = organiser_of(live, "gte", "aqpsc")
    day = factories.in_days(40)
    path = publish(organiser, day)
    reader.open(path)
    assert (reader.status, TITLE in reader.words) == (200, True)
    assert "Il reste 1 place" in reader.words
    assert "<script>alert" not in reader.html
    assert "<strong>vous remercier</strong>" in reader.html

    # A participant registers; the mail carries a calendar request.
    lise = register(live, path, "Lise Côté", "lise@example.org")
    assert lise.status == 200
    (confirmation,) = smtp.wait_for("lise@example.org")
    calendar = confirmation.calendar
    assert b"METHOD:REQUEST" in calendar
    assert libical.parse_errors(calendar) == []
    assert libical.restriction_errors(calendar) == []
    (seen,) = libical.events(calendar)
    assert (seen.summary, seen.start_local) == (TITLE, f"{day}T18:00:00")
    assert seen.timezone == "America/Toronto"
    part = next(p for p in confirmation.message.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"

    # The next person waits. The first withdraws by the link of the mail: the place moves on.
    paul = register(live, path, "Paul Roy", "paul@example.org")
    assert "liste d’attente" in paul.words
    smtp.wait_for("paul@example.org")
    link = confirmation.link("/registrations/")
    for _ in range(2):  # a scanner that fetches the link changes nothing
        assert Visitor(live.url).open(link).status == 200
    Visitor(live.url).open(link).press("Annuler mon inscription")
    promoted = smtp.wait_for("paul@example.org", 2)[1]
    assert b"METHOD:REQUEST" in promoted.calendar
    withdrawn = smtp.wait_for("lise@example.org", 2)[1]
    assert b"METHOD:CANCEL" in withdrawn.calendar
    assert libical.restriction_errors(withdrawn.calendar) == []

    # The feed of the network lists it; the page and the file of the event agree.
    assert TITLE in feed_titles(live, "/calendars/gte.ics")
    with urllib.request.urlopen(f"{live.url}/calendars/gte.ics", timeout=30) as answer:
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        content = answer.read()
    assert libical.parse_errors(content) == []
    (in_feed,) = [event for event in libical.events(content) if event.summary == TITLE]
    assert in_feed.uid == seen.uid
    assert feed_titles(live, f"{path}.ics") == [TITLE]

    # A reader subscribes: asked twice, confirmed by one button.
    newsletter = "/newsletters/gte-infolettre-grandissons-tous-ensemble"
    reader.open(newsletter).take_time()
    reader.press("S’abonner", email="zoe@example.org", name="Zoé", agreed="y")
    (asked,) = smtp.wait_for("zoe@example.org")
    confirm = asked.link("/subscriptions/")
    assert Visitor(live.url).open(confirm).has_button("Oui, je m’abonne")
    Visitor(live.url).open(confirm).press("Oui, je m’abonne")

    # The organiser composes the issue from the calendar, adds words, previews, tests, sends.
    issue = send_issue(organiser, smtp, day)
    readers = [f"abonnement-{number:02}@example.org" for number in range(1, 13)]
    readers.append("zoe@example.org")
    for address in readers:
        before = 1 if address == "zoe@example.org" else 0
        smtp.wait_for(address, before + 1, seconds=60)
    received = {address: smtp.to(address)[-1] for address in readers}
    for address, mail in received.items():
        assert len(smtp.to(address)) == (2 if address == "zoe@example.org" else 1)
        assert mail.recipients == [address]
    french = received["zoe@example.org"]
    assert TITLE in french.text
    assert TITLE in french.html
    assert "Bonne lecture" in french.text
    assert "Summer volunteers’ evening" in received["abonnement-06@example.org"].text
    assert_plain(french)

    # One click unsubscribes, at once and for good; a second click is harmless.
    assert [one_click(french), one_click(french)] == [200, 200]
    organiser.open("/organiser/newsletters/")
    organiser.open(f"/organiser{newsletter}/subscribers")
    assert "zoe@example.org" in organiser.words

    # A web version is in the archive, without anybody's address.
    reader.open(newsletter).follow(issue)
    assert TITLE in reader.words
    assert "zoe@example.org" not in reader.html

    # The organiser reads the list of registrations and exports it.
    read_list(organiser, path)


def send_issue(organiser: Visitor, smtp: MailServer, day: date) -> str:
    """Compose, preview, test and send an issue; its subject."""
    subject = "Nos rendez-vous de la saison"
    organiser.open("/organiser/newsletters/")
    composing = [
        form
        for form in organiser.forms
        if form.action.endswith("/gte-infolettre-grandissons-tous-ensemble/issues")
    ]
    organiser.submit(
        composing[0],
        starts_on=factories.in_days(0).isoformat(),
        ends_on=(day + timedelta(days=2)).isoformat(),
    )
    composed = organiser.url
    assert TITLE in organiser.words, organiser.words
    organiser.press("Enregistrer l’objet", subject_fr=subject, subject_en="Our season")
    organiser.open(composed)
    organiser.press("Enregistrer le texte", text_fr="Bonne lecture!", text_en="Enjoy!")
    organiser.open(composed)
    organiser.press("Envoyer l’essai", email="essai@example.org", locale="fr")
    (test,) = smtp.wait_for("essai@example.org")
    assert subject in test.subject
    organiser.open(composed).follow("Aperçu")
    assert organiser.status == 200
    organiser.open(composed).follow("Envoyer le numéro")
    organiser.press("Envoyer le numéro maintenant")
    return subject


def assert_plain(mail: ReceivedMail) -> None:
    """What every mail must be: short lines, 7-bit, nothing left uncompiled or unfilled."""
    assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))
    assert all(byte < 128 for byte in mail.raw)
    for text in (mail.html, mail.text):
        assert "<mj-" not in text
        assert "@@" not in text
        assert "{{" not in text


def read_list(organiser: Visitor, path: str) -> None:
    """The list of the event's registrations, its search, and its export."""
    organiser.open("/organiser/events/").follow(TITLE)
    organiser.follow("Voir la liste")
    assert "Paul Roy" in organiser.words
    page = organiser.url
    organiser.open(f"{page}?q=roy")
    assert "Paul Roy" in organiser.words
    organiser.open(f"{page}.csv")
    assert organiser.headers["Content-Type"].startswith("text/csv")
    assert exported_addresses(organiser) == ["paul@example.org"]
    organiser.open(f"{page}.csv?state=all")
    assert sorted(exported_addresses(organiser)) == ["lise@example.org", "paul@example.org"]


def exported_addresses(organiser: Visitor) -> list[str]:
    """The addresses in the CSV file that was just opened."""
    rows = csv.reader(io.StringIO(organiser.body.decode("utf-8-sig")))
    return [cell for row in rows for cell in row if "@" in cell]
