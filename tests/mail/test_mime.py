"""What leaves: bytes that strict servers take, and headers that nobody can break out of."""

from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.mail import batch, mime
from eventhub.mail.message import CalendarPart, Message
from eventhub.mail.render import Rendered

DATE = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
LONG = "Réunion « très » longue, " * 60
TEXT = f"Bonjour Léa,\n.\n.un point\n{LONG}\nhttps://hub.example/{'x' * 400}\n"
HTML = f'<html><body><p>{LONG}</p><a href="https://hub.example/{"y" * 1200}">Ici</a></body></html>'
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:R\xc3\xa9union\r\nEND:VCALENDAR\r\n"


def a_message(**changed) -> Message:
    values = {
        "name": "mail/test",
        "locale": "fr",
        "sender": Address("Réseau, « Québec »", addr_spec="bonjour@reseau.example"),
        "recipient": Address("Léa Côté", addr_spec="lea@example.org"),
        "values": {},
    }
    return Message(**values | changed)


def build(message: Message, subject: str = "Votre place est confirmée") -> bytes:
    return mime.build(message, Rendered(subject, TEXT, HTML), public_id="abc123", date=DATE)


def parse(raw: bytes) -> EmailMessage:
    parsed = BytesParser(policy=policy.default).parsebytes(raw)
    assert isinstance(parsed, EmailMessage)
    return parsed


def read(part: EmailMessage) -> str:
    content = part.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def assert_travels_anywhere(raw: bytes) -> None:
    assert all(byte < 128 for byte in raw)
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


@pytest.fixture
def _settings(app) -> None:
    with app.app_context():
        yield


pytestmark = [pytest.mark.database("sqlite"), pytest.mark.usefixtures("_settings")]


@pytest.mark.requirement("W2")
def test_a_mail_is_seven_bit_with_short_lines_whatever_is_in_it():
    calendar = CalendarPart(CALENDAR, "REQUEST")
    assert_travels_anywhere(build(a_message(calendar=calendar), subject=LONG))


@pytest.mark.requirement("W1", "W4", "W7")
def test_a_transactional_mail_has_each_header_once_and_text_before_html():
    mail = parse(build(a_message(headers={"Auto-Submitted": "auto-generated"})))
    for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Auto-Submitted"):
        assert len(mail.get_all(name)) == 1, name
    assert mail["Message-ID"] == "<abc123@hub.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] is None
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    plain, html = mail.iter_parts()
    assert read(plain) == TEXT
    assert read(html).rstrip("\n") == HTML


@pytest.mark.requirement("M1")
def test_a_calendar_request_is_an_alternative_in_base64_whose_method_is_its_own():
    mail = parse(build(a_message(calendar=CalendarPart(CALENDAR, "REQUEST"))))
    part = list(mail.iter_parts())[-1]
    assert part.get_content_type() == "text/calendar"
    assert part["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert part["Content-Transfer-Encoding"] == "base64"
    assert part.get_payload(decode=True) == CALENDAR


@pytest.mark.requirement("W3")
@pytest.mark.parametrize(
    "name",
    [
        "Réseau des centres, région de Québec (RCQ)",
        'Le "grand" réseau, inc.',
        "Plain, but with a comma",
        'ASCII "quoted" (and) \\ more',
        "=?utf-8?q?pas_un_mot_cod=C3=A9?=",
        "Très " * 40 + "long",
        "日本語のネットワーク",
    ],
)
def test_a_sender_name_survives_with_its_comma_and_keeps_its_address(name: str):
    sender = Address(name, addr_spec="bonjour@reseau.example")
    mail = BytesParser(policy=policy.compat32).parsebytes(build(a_message(sender=sender)))
    [(found, address)] = getaddresses([mail["From"]])
    assert address == "bonjour@reseau.example"
    assert str(make_header(decode_header(found))) == name


@pytest.mark.requirement("W3")
def test_a_subject_survives_whatever_its_length():
    assert parse(build(a_message(), subject=LONG.strip()))["Subject"] == LONG.strip()


@pytest.mark.requirement("W3")
@pytest.mark.parametrize("bad", ["\r\nBcc: x@example.org", "\n", "\r", "\u2028", "\x00", "\x85"])
def test_a_line_break_in_a_name_is_refused_before_anything_leaves(bad: str):
    with pytest.raises(mime.UnsafeHeader):
        mime.phrase(f"Léa{bad}Côté")
    with pytest.raises(mime.UnsafeHeader):
        build(a_message(headers={"X-Topic": f"a{bad}b"}))
    with pytest.raises(mime.UnsafeHeader):
        build(a_message(unsubscribe_url=f"https://hub.example/{bad}"))


@pytest.mark.requirement("W5", "W6", "W7")
def test_a_newsletter_says_how_to_leave_it_in_links_that_are_not_broken():
    url = f"https://hub.example/subscriptions/{'t' * 120}/unsubscribe"
    message = a_message(
        bulk=True,
        unsubscribe_url=url,
        list_id="Infolettre d’été <ete.reseau.example>",
        archive_url="https://hub.example/newsletters/ete",
    )
    raw = build(message)
    mail = parse(raw)
    assert mail["List-Unsubscribe"] == f"<{url}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == "Infolettre d’été <ete.reseau.example>"
    assert mail["List-Archive"] == "<https://hub.example/newsletters/ete>"
    assert mail["List-Post"] == "NO"
    assert mail["Precedence"] == "bulk"
    assert mail["Auto-Submitted"] is None
    assert url.encode() in raw


@pytest.mark.requirement("W3")
def test_an_accented_domain_leaves_in_its_ascii_form():
    sender = Address("Café", username="bonjour", domain="réseau.example")
    assert parse(build(a_message(sender=sender)))["From"].addresses[0].domain == (
        "xn--rseau-bsa.example"
    )


def prepared(text: str, html: str) -> batch.Prepared:
    message = a_message(bulk=True, list_id="<lettre.hub.example>")
    return batch.Prepared(message, Rendered("Infolettre d’été", text, html))


def assemble(template: batch.Template, **values: str) -> EmailMessage:
    personal = batch.Personal(
        Address("Léa", addr_spec="lea@example.org"),
        "https://hub.example/u/1",
        {f"@@{name}@@": value for name, value in values.items()},
    )
    raw = template.assemble(personal, public_id="abc123", date=DATE)
    assert_travels_anywhere(raw)
    return parse(raw)


@pytest.mark.requirement("J1", "W2")
def test_a_batch_puts_each_person_s_values_in_place_escaped_in_html_and_raw_in_text():
    template = batch.Template(
        prepared(
            f"{LONG}\nBonjour @@name@@, @@link@@\nau revoir\n",
            f"<html><body><p>{LONG}</p><a href='@@link@@'>@@name@@</a></body></html>",
        )
    )
    link = f"https://h.example/?a=1&b={'x' * 90}"
    mail = assemble(template, name="Léa <& Co> @@link@@", link=link)
    plain, html = mail.iter_parts()
    assert read(plain).rstrip("\n") == (f"{LONG}\nBonjour Léa <& Co> @@link@@, {link}\nau revoir")
    assert "Léa &lt;&amp; Co&gt; @@link@@</a>" in read(html)
    assert f"href='https://h.example/?a=1&amp;b={'x' * 90}'" in read(html)
    assert mail["Message-ID"] == "<abc123@hub.example>"
    assert mail["List-Unsubscribe"] == "<https://hub.example/u/1>"


@pytest.mark.requirement("J1")
def test_a_token_that_nobody_declared_stays_as_it_was_written():
    mail = assemble(batch.Template(prepared("@@autre@@ {{ name }}", "<body>@@autre@@</body>")))
    assert read(next(mail.iter_parts())).strip() == "@@autre@@ {{ name }}"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=1, max_size=6))
def test_whatever_surrounds_a_token_arrives_as_it_was(pieces: list[str]):
    body = "@@name@@".join(pieces)
    mail = assemble(batch.Template(prepared(body, f"<body>{body}</body>")), name="é")
    plain, html = mail.iter_parts()
    expected = body.replace("@@name@@", "é")
    assert plain.get_payload(decode=True).decode().removesuffix("\r\n") == expected
    assert html.get_payload(decode=True).decode().removesuffix("\r\n") == f"<body>{expected}</body>"
