"""`/dev/mailbox`: what a newcomer reads in place of a mailbox, and nobody else ever sees."""

from collections.abc import Callable
from email.headerregistry import Address

import pytest
from flask import Flask

from eventhub import clock
from eventhub.mail import mailbox, mime
from eventhub.mail.message import CalendarPart, Message
from eventhub.mail.render import Rendered
from eventhub.settings import current_settings

pytestmark = pytest.mark.database("sqlite")

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Réunion\r\nEND:VCALENDAR\r\n".encode()


@pytest.fixture
def local(make_app: Callable[..., Flask]) -> Flask:
    return make_app(local_mailbox=True)


def receive(app: Flask, subject: str = "Votre place est confirmée") -> None:
    with app.app_context():
        message = Message(
            name="mail/test",
            locale="fr",
            sender=Address("Réseau, inc.", addr_spec="bonjour@reseau.example"),
            recipient=Address("Léa", addr_spec="lea@example.org"),
            values={},
            calendar=CalendarPart(CALENDAR, "REQUEST"),
        )
        html = "<html><head></head><body><h1>Bonjour</h1><script>alert(1)</script></body></html>"
        raw = mime.build(
            message, Rendered(subject, "Bonjour Léa", html), public_id="x", date=clock.now()
        )
        mailbox.keep(mailbox.folder(current_settings().data_dir), raw)


def the_mail(app: Flask) -> str:
    with app.app_context():
        return mailbox.list_mails(mailbox.folder(current_settings().data_dir))[0].name


@pytest.mark.parametrize("path", ["", "/x", "/x/html", "/x/source", "/x/parts/1"])
def test_it_is_nowhere_but_in_the_local_form(client, path: str):
    assert client.get(f"/dev/mailbox{path}").status_code == 404


def test_an_empty_mailbox_says_how_to_fill_it(local: Flask):
    assert "Aucun courriel" in local.test_client().get("/dev/mailbox").text


def test_the_newest_mail_stands_first(local: Flask):
    receive(local, "Premier")
    receive(local, "Second & <dernier>")
    page = local.test_client().get("/dev/mailbox").text
    assert page.index("Second &amp; &lt;dernier&gt;") < page.index("Premier")
    assert "lea@example.org" in page


def test_a_mail_is_shown_with_its_text_its_calendar_and_its_html_in_a_frame_where_nothing_runs(
    local: Flask,
):
    receive(local)
    client = local.test_client()
    name = the_mail(local)
    page = client.get(f"/dev/mailbox/{name}").text
    assert "Bonjour Léa" in page
    assert "SUMMARY:Réunion" in page
    assert "alert(1)" not in page
    framed = client.get(f"/dev/mailbox/{name}/html")
    policy = framed.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert '<base target="_blank">' in framed.text


def test_a_mail_s_source_and_its_parts_can_be_saved(local: Flask):
    receive(local)
    client = local.test_client()
    name = the_mail(local)
    source = client.get(f"/dev/mailbox/{name}/source")
    assert source.content_type.startswith("text/plain")
    assert b"Content-Type: multipart/alternative" in source.data
    part = client.get(f"/dev/mailbox/{name}/parts/3")
    assert part.data == CALENDAR
    assert part.headers["Content-Disposition"] == "attachment; filename=calendar.ics"
    assert client.get(f"/dev/mailbox/{name}/parts/0").status_code == 404


@pytest.mark.parametrize("name", ["..%2F..%2Fsecret_key", "secret_key", ".x", "%2e%2e"])
def test_no_other_file_is_reached_through_it(local: Flask, name: str):
    receive(local)
    assert local.test_client().get(f"/dev/mailbox/{name}/source").status_code == 404
