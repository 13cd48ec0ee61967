"""What another library finds in a calendar request before it leaves."""

import pytest

from eventhub.calendars.reading import is_sound_request

SOUND = b"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//FR
METHOD:REQUEST
BEGIN:VEVENT
UID:1@hub.example
DTSTAMP:20270101T000000Z
DTSTART:20270715T220000Z
SEQUENCE:0
ORGANIZER:mailto:reseau@example.org
ATTENDEE;PARTSTAT=ACCEPTED:mailto:someone@example.org
END:VEVENT
END:VCALENDAR
""".replace(b"\n", b"\r\n")
VEVENT = SOUND[SOUND.index(b"BEGIN:VEVENT") : SOUND.index(b"END:VCALENDAR")]
ATTENDEE = b"ATTENDEE;PARTSTAT=ACCEPTED:mailto:someone@example.org\r\n"


@pytest.mark.requirement("M2")
def test_a_request_with_one_organiser_and_one_attendee_may_leave():
    assert is_sound_request(SOUND, "REQUEST")


@pytest.mark.requirement("M1", "M2")
@pytest.mark.parametrize(
    ("written", "method"),
    [
        (SOUND, "CANCEL"),
        (SOUND.replace(ATTENDEE, b""), "REQUEST"),
        (SOUND.replace(ATTENDEE, ATTENDEE + ATTENDEE.replace(b"someone", b"other")), "REQUEST"),
        (SOUND.replace(b"ORGANIZER:mailto:reseau@example.org\r\n", b""), "REQUEST"),
        (SOUND.replace(b"SEQUENCE:0\r\n", b""), "REQUEST"),
        (SOUND.replace(b"END:VEVENT\r\n", b""), "REQUEST"),
        (SOUND.replace(VEVENT, VEVENT + VEVENT.replace(b"UID:1", b"UID:2")), "REQUEST"),
        (b"", "REQUEST"),
        (b"\xff\xfe", "REQUEST"),
    ],
)
def test_a_request_that_another_reader_finds_wrong_does_not_leave(written: bytes, method: str):
    assert not is_sound_request(written, method)
