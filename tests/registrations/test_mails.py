"""The mails about a registration, as a real SMTP server receives them."""

import re
from datetime import timedelta
from email.message import EmailMessage

import pytest

from eventhub import clock
from eventhub.jobs import tasks
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.libical import Libical
from tests.mailserver import MailServer
from tests.registrations.people import deliveries, register

pytestmark = pytest.mark.usefixtures("context")

MEETING = "https://meet.example/forum-42"


def parts(message: EmailMessage) -> dict[str, EmailMessage]:
    return {part.get_content_type(): part for part in message.walk() if not part.is_multipart()}


def unfolded(calendar: bytes) -> str:
    return calendar.decode().replace("\r\n ", "")


@pytest.mark.requirement("M1", "M2", "M7")
def test_the_confirmation_says_all_and_carries_the_calendar_request(
    smtp: MailServer, libical: Libical
):
    network = a.a_network(from_name="Réseau, du Nord", from_address="bonjour@nord.example")
    event = a.a_published_event(network, title_fr="Forum « à venir »", join_url=MEETING)
    row = register(event, "lise@example.org", name='Lise "Lili" Côté').registration
    tasks.run_owed()

    mail = smtp.only("lise@example.org")
    assert mail.message["From"].addresses[0].addr_spec == "bonjour@nord.example"
    assert mail.message["From"].addresses[0].display_name == "Réseau, du Nord"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert "Forum « à venir »" in mail.message["Subject"]
    assert list(parts(mail.message))[:3] == ["text/plain", "text/html", "text/calendar"]
    assert parts(mail.message)["text/calendar"].get_param("method") == "REQUEST"
    link = f"http://localhost/registrations/{service.manage_token(row)}"
    for body in (mail.text, mail.html):
        assert link in body
        assert "Centre communautaire" in body
        assert "200, rue du Parc" in body
        assert "Camille Tremblay" in body
        assert MEETING not in body

    calendar = mail.calendar
    assert libical.restriction_errors(calendar) == []
    assert libical.parse_errors(calendar) == []
    (entry,) = libical.events(calendar)
    assert entry.uid == f"{event.public_id}@hub.example"
    assert entry.start == event.starts_at.timestamp()
    lines = unfolded(calendar)
    assert len(re.findall("^ATTENDEE", lines, re.MULTILINE)) == 1
    assert "PARTSTAT=ACCEPTED" in lines
    assert "mailto:lise@example.org" in lines
    assert "mailto:bonjour@nord.example" in lines
    assert MEETING not in lines


@pytest.mark.requirement("C9")
def test_the_private_link_goes_to_those_who_come_online_and_have_a_place(smtp: MailServer):
    event = a.a_published_event(mode="hybrid", places=1, join_url=MEETING)
    for email, mode in (
        ("ici@example.org", "in_person"),
        ("loin@example.org", "online"),
        ("attend@example.org", "online"),
    ):
        register(event, email, mode=mode)
    tasks.run_owed()

    there = smtp.only("loin@example.org")
    assert MEETING in there.text
    assert MEETING in there.html
    assert MEETING in unfolded(there.calendar)
    for email in ("ici@example.org", "attend@example.org"):
        mail = smtp.only(email)
        assert MEETING not in mail.text + mail.html
    assert "text/calendar" not in parts(smtp.only("attend@example.org").message)


@pytest.mark.requirement("R1", "M2", "M7")
def test_each_session_of_a_cohort_comes_in_a_calendar_request_of_its_own(
    smtp: MailServer, libical: Libical
):
    """A request speaks of one UID (RFC 5546, 3.2.2): programs keep the first of several."""
    event = a.a_published_event(kind="training")
    cohort = a.a_cohort(event, a.in_days(10), a.in_days(17), name_fr="Groupe du matin")
    a.a_cohort(event, a.in_days(11), a.in_days(18))
    register(event, "lise@example.org", cohort=cohort.public_id)
    tasks.run_owed()

    mails = smtp.to("lise@example.org")
    assert ["Groupe du matin" in mail.text for mail in mails] == [True, True]
    assert "chaque date vous arrive dans son propre message" in mails[0].text.replace("\u00a0", " ")
    found = [libical.events(mail.calendar) for mail in mails]
    assert [[entry.uid for entry in entries] for entries in found] == [
        [f"{session.public_id}@hub.example"] for session in a.attached(cohort).sessions
    ]
    assert [libical.restriction_errors(mail.calendar) for mail in mails] == [[], []]


@pytest.mark.requirement("M4")
def test_leaving_a_training_takes_each_of_its_dates_out_of_the_calendar(
    smtp: MailServer, libical: Libical
):
    event = a.a_published_event(kind="training")
    cohort = a.a_cohort(event, a.in_days(10), a.in_days(17))
    row = register(event, "lise@example.org", cohort=cohort.public_id).registration
    tasks.run_owed()
    with a.writing():
        service.withdraw(a.attached(row))
    tasks.run_owed()

    cancels = smtp.to("lise@example.org")[2:]
    assert [parts(mail.message)["text/calendar"].get_param("method") for mail in cancels] == [
        "CANCEL",
        "CANCEL",
    ]
    assert {entry.uid for mail in cancels for entry in libical.events(mail.calendar)} == {
        f"{session.public_id}@hub.example" for session in a.attached(cohort).sessions
    }


def test_mails_are_in_the_language_of_the_registration(smtp: MailServer):
    event = a.a_published_event(title_en="Regional forum")
    register(event, "ann@example.org", locale="en")
    tasks.run_owed()
    mail = smtp.only()
    assert mail.message["Subject"] == "Registered: Regional forum"
    assert "your place is reserved" in mail.text


@pytest.mark.requirement("M4", "M7")
def test_a_withdrawal_takes_the_event_out_of_that_persons_calendar_only(
    smtp: MailServer, libical: Libical
):
    event = a.a_published_event(places=1)
    leaving = register(event, "lise@example.org").registration
    register(event, "omar@example.org")
    tasks.run_owed()
    with a.writing():
        service.withdraw(a.attached(leaving))
    tasks.run_owed()

    mail = smtp.to("lise@example.org")[-1]
    assert parts(mail.message)["text/calendar"].get_param("method") == "CANCEL"
    (entry,) = libical.events(mail.calendar)
    assert (entry.status, entry.sequence) == ("CANCELLED", 1)
    assert libical.restriction_errors(mail.calendar) == []
    promoted = smtp.to("omar@example.org")[-1]
    assert parts(promoted.message)["text/calendar"].get_param("method") == "REQUEST"


def every_kind(event: a.Event) -> list[Registration]:
    """Registrations of two languages whose mails are of every kind."""
    rows = []
    for locale in ("fr", "en"):
        for name in ("moved", "left", "waits"):
            outcome = register(event, f"{name}.{locale}@example.org", locale=locale)
            rows.append(outcome.registration)
    return rows


def test_every_kind_of_mail_is_rendered_in_both_languages(smtp: MailServer):
    event = a.a_published_event(places=4)
    rows = every_kind(event)
    tasks.run_owed()
    for locale in ("fr", "en"):
        register(event, f"moved.{locale}@example.org", locale=locale)
        with a.writing():
            service.send_links(f"waits.{locale}@example.org", locale)
        register(event, f"robot.{locale}@example.org", locale=locale, suspicious=True)
    tasks.run_owed()
    with a.writing():
        mine = a.attached(event)
        mine.starts_at += timedelta(hours=1)
        mine.sequence += 1
        service.tell_event_changed(event.id)
    tasks.run_owed()
    with a.writing():
        service.withdraw(a.attached(rows[1]))
    tasks.run_owed()
    with a.writing():
        service.cancel_registration(a.attached(event), rows[4].public_id)
    tasks.run_owed()
    with a.writing():
        mine = a.attached(event)
        mine.state = "cancelled"
        mine.sequence += 1
        service.tell_event_changed(event.id)
    tasks.run_owed()

    sent = {(row.message.removeprefix("registrations."), row.locale) for row in deliveries()}
    kinds = {kind for kind, _locale in sent}
    assert kinds == {
        "already_registered",
        "cancelled_event",
        "confirm_address",
        "confirmation",
        "links",
        "promoted",
        "updated",
        "waitlisted",
        "withdrawn",
    }
    assert {row.state for row in deliveries()} == {"sent"}
    for received in smtp.mails:
        assert "%(" not in received.text + received.html
        assert "<mj-" not in received.html


def test_a_mail_that_became_pointless_is_not_sent(smtp: MailServer):
    event = a.a_published_event()
    row = register(event).registration
    with a.writing():
        service.withdraw(a.attached(row))
    tasks.run_owed()
    subjects = [mail.subject for mail in smtp.to("lise@example.org")]
    assert len(subjects) == 1
    assert "annulée" in subjects[0]


def test_the_mail_that_asks_to_confirm_says_until_when(smtp: MailServer):
    clock.fix(a.at(a.in_days(1), 10))
    event = a.a_published_event(confirm_address="always")
    row = register(event).registration
    tasks.run_owed()
    mail = smtp.only()
    assert "10\u00a0h\u00a045" in mail.text
    assert f"/registrations/{service.confirm_token(row)}/confirm" in mail.text
    assert "text/calendar" not in parts(mail.message)
