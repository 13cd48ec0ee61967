"""Calendar requests (iTIP, RFC 5546): what puts a registration in a person's own calendar."""

from typing import Literal
from urllib.parse import quote

import structlog

from eventhub.calendars import content
from eventhub.calendars.document import document, header
from eventhub.calendars.reading import is_sound_request
from eventhub.calendars.vevent import Sitting, component, location, sittings
from eventhub.events.models import Event, Session
from eventhub.i18n import gettext, in_locale
from eventhub.settings import current_settings

log = structlog.get_logger()

Method = Literal["REQUEST", "CANCEL"]
Partstat = Literal["ACCEPTED", "NEEDS-ACTION", "TENTATIVE"]


def request(
    event: Event,
    item: Session | None = None,
    *,
    method: Method,
    attendee_name: str,
    attendee_email: str,
    sequence: int,
    locale: str,
    partstat: Partstat = "ACCEPTED",
    mode: str = "",
    organizer_email: str = "",
    organizer_name: str = "",
) -> bytes | None:
    """Return the VCALENDAR of a calendar request to one person (M1-M5), or None.

    ``item``: the session it is about; None: the event itself, when it has no sessions. One
    request speaks of one UID (RFC 5546, 3.2.2 and 3.2.5), the one that the feeds have (C3): who
    comes to several sessions is sent several. ``method`` must also stand in the MIME part
    (``mail.message.CalendarPart``). ``sequence`` is this person's
    (``registrations.models.Registration.calendar_sequence``, M4). ``mode``: how the person comes
    ("in_person" or "online"); whoever comes online and has a place gets the join link.
    ``organizer_*``: other than the network's own sender address and name.

    None: nothing to put in a calendar, the mail goes without the part: a REQUEST for an event
    whose date is not known or not confirmed, or that is cancelled. A CANCEL is always made, even
    when the date was taken back. What another reader finds unsound is logged and not sent.
    """
    with in_locale(locale):
        (sitting,) = sittings(event, [item] if item is not None else [])
        unsure = event.state == "cancelled" or event.date_status != "confirmed"
        if method == "REQUEST" and (unsure or not sitting.dated):
            return None
        people = [
            _organizer(event, organizer_name, organizer_email),
            _attendee(attendee_name, attendee_email, method, partstat),
        ]
        online = (mode or event.mode) == "online"
        join_url = content.url(event.join_url) if online and partstat == "ACCEPTED" else ""
        written = document(
            header([f"METHOD:{method}"]),
            [sitting.zone],
            [content.lines(_component(sitting, method, sequence, mode, join_url, people))],
        )
    if not is_sound_request(written, method):
        log.error("calendar_request.unsound", event=event.public_id)
        return None
    return written


def _component(
    sitting: Sitting, method: Method, sequence: int, mode: str, join_url: str, people: list[str]
) -> list[str]:
    event = sitting.event
    replaced = {
        "sequence": str(sequence),
        "status": "CANCELLED" if method == "CANCEL" else "CONFIRMED",
    }
    if event.audience != "public":
        replaced["url"] = ""  # the page opens by a token, and a token never stands here (A9)
    if mode:
        replaced["location"] = location(event, mode)
    extra = list(people)
    if join_url and method == "REQUEST":
        replaced["location"] = join_url  # for programs that do not know CONFERENCE (C9)
        label = content.parameter(gettext("Join online"))
        extra.append(f"CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL={label}:{join_url}")
    return component(sitting, extra, **replaced)


def _organizer(event: Event, name: str, email: str) -> str:
    """The network's sender, as in ``networks.service.sender``, whatever its name holds."""
    network = event.network
    address = email or network.from_address or current_settings().mail_default_sender
    shown = content.parameter(name or network.from_name or network.name)
    return f"ORGANIZER;CN={shown}:{_mailto(address)}"


def _attendee(name: str, email: str, method: Method, partstat: Partstat) -> str:
    asks = ";RSVP=TRUE" if method == "REQUEST" and partstat == "NEEDS-ACTION" else ""
    shown = content.parameter(name or email)
    return (
        f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={partstat}{asks}"
        f";CN={shown}:{_mailto(email)}"
    )


def _mailto(address: str) -> str:
    """Return a CAL-ADDRESS; what an address can't hold is encoded, so that no line breaks."""
    return "mailto:" + quote(content.one_line(address), safe="@!#$&'*+-./=?^_`{|}~")
