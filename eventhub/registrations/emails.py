"""What the mails about a registration say. Each builder reads what is true when the mail leaves."""

from collections.abc import Callable
from email.headerregistry import Address
from typing import Any

from eventhub import links
from eventhub.calendars import service as calendars
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.events import words
from eventhub.events.models import Cohort, Event, Session
from eventhub.events.service.listing import access_token
from eventhub.i18n import event_when, gettext, in_locale, time_words, zone_words
from eventhub.mail.message import CalendarPart, Message, Unneeded
from eventhub.mail.models import Delivery
from eventhub.networks.service import reply_to, sender
from eventhub.people.models import Person
from eventhub.registrations import rules
from eventhub.registrations.models import Registration
from eventhub.registrations.service import manage, seats

Condition = Callable[[Registration], bool]


def _confirmed(registration: Registration) -> bool:
    return registration.state == "confirmed"


def _waits(registration: Registration) -> bool:
    return registration.state == "waitlisted"


def _is_active(registration: Registration) -> bool:
    return registration.state in {"confirmed", "waitlisted"}


def _asks(registration: Registration) -> bool:
    return registration.held_until is not None


def _left(registration: Registration) -> bool:
    return registration.state == "cancelled"


def _exists(_registration: Registration) -> bool:
    return True


def confirmation(delivery: Delivery) -> Message:
    """The place is reserved: when, where, the calendar request, how to change (M1, M2)."""
    return _about(delivery, _confirmed)


def promoted(delivery: Delivery) -> Message:
    """A place came free and is theirs."""
    return _about(delivery, _confirmed)


def waitlisted(delivery: Delivery) -> Message:
    """All places are taken: which number in the line."""
    return _about(delivery, _waits)


def confirm_address(delivery: Delivery) -> Message:
    """One more step: the address must be confirmed, until when the place is kept (S5)."""
    return _about(delivery, _asks)


def updated(delivery: Delivery) -> Message:
    """The event, or how they take part, changed: when and where now (M3)."""
    return _about(delivery, _is_active, while_cancelled=False)


def withdrawn(delivery: Delivery) -> Message:
    """The registration is cancelled, and leaves the calendar (M4)."""
    return _about(delivery, _left)


def left_cohort(delivery: Delivery) -> Message:
    """They changed groups: the former one's dates leave the calendar (M4)."""
    return _about(delivery, _is_active)


def cancelled_event(delivery: Delivery) -> Message:
    """The event will not take place, and leaves the calendar (M4)."""
    return _about(delivery, _is_active)


def already_registered(delivery: Delivery) -> Message:
    """Somebody registered the same address again: nothing changed (A12)."""
    return _about(delivery, _is_active)


def calendar_session(delivery: Delivery) -> Message:
    """One more session of a registration enters the calendar, or leaves it (M2, M4)."""
    leaves = delivery.arguments["calendar"] == "CANCEL"
    message = _about(delivery, _exists if leaves else _confirmed, while_cancelled=leaves)
    if message.calendar is None:
        raise Unneeded
    return message


def registration_links(delivery: Delivery) -> Message:
    """The links of all of a person's registrations. Raises Unneeded when none is left."""
    person = session.get(Person, delivery.subject_id)
    current = manage.list_current(person.id) if person is not None else []
    if not current:
        raise Unneeded
    network = current[-1].event.network
    with in_locale(delivery.locale):
        listed = [
            (
                rules.occasion(row.event, row.cohort, row.mode),
                links.manage_registration(manage.manage_token(row)),
                gettext("Your place is reserved.")
                if row.state == "confirmed"
                else gettext("On the waitlist"),
            )
            for row in current
        ]
    return Message(
        name="registrations/links",
        locale=delivery.locale,
        sender=sender(network),
        reply_to=reply_to(network),
        recipient=Address(addr_spec=delivery.address),
        values={"network": network, "links": {}, "registrations": listed},
        headers={"Auto-Submitted": "auto-generated"},
    )


def _about(delivery: Delivery, still: Condition, *, while_cancelled: bool = True) -> Message:
    """Return the message of a delivery about one registration.

    Raises NotFound, and Unneeded when what it would say is no longer so: what happened since
    owes its own mail.
    """
    registration = session.get(Registration, delivery.subject_id)
    if registration is None:
        raise NotFound
    event = registration.event
    if not still(registration) or (event.state == "cancelled" and not while_cancelled):
        raise Unneeded
    with in_locale(delivery.locale):
        cohort = _cohort(registration, delivery)
        item = _session(event, delivery)
        part = _calendar_part(registration, item, delivery)
        values = _values(registration, cohort, delivery)
    return Message(
        name=delivery.message.replace(".", "/"),
        locale=delivery.locale,
        sender=sender(event.network),
        reply_to=reply_to(event.network),
        recipient=Address(registration.name, addr_spec=delivery.address),
        values=values
        | {
            "session": event_when(item) if item is not None else "",
            "carries_request": part is not None and part.method == "REQUEST",
            "carries_cancel": part is not None and part.method == "CANCEL",
        },
        calendar=part,
        headers={"Auto-Submitted": "auto-generated"},
    )


def _cohort(registration: Registration, delivery: Delivery) -> Cohort | None:
    """Return the cohort that a mail is about: the one that was left, when it names one."""
    left = delivery.arguments.get("cohort_id")
    return registration.cohort if left is None else session.get(Cohort, left)


def _session(event: Event, delivery: Delivery) -> Session | None:
    """Return the session that a mail's calendar request is about, if it is still there."""
    public_id = delivery.arguments.get("session")
    return next((item for item in event.sessions if item.public_id == public_id), None)


def _calendar_part(
    registration: Registration, item: Session | None, delivery: Delivery
) -> CalendarPart | None:
    method = delivery.arguments.get("calendar")
    if not method or (item is None and registration.event.sessions):
        return None
    content = calendars.request(
        registration.event,
        item,
        method=method,
        attendee_name=registration.name,
        attendee_email=delivery.address,
        sequence=delivery.arguments["sequence"],
        locale=delivery.locale,
        mode=registration.mode,
    )
    return CalendarPart(content, method) if content is not None else None


def _values(
    registration: Registration, cohort: Cohort | None, delivery: Delivery
) -> dict[str, Any]:
    event = registration.event
    access = _access(event)
    place = _confirmed(registration) and event.state == "published"
    held_until = registration.held_until
    return {
        "event": rules.occasion(event, cohort, registration.mode),
        "network": event.network,
        "name": registration.name,
        "state": registration.state,
        "position": seats.position(registration),
        "by": delivery.arguments.get("by", "person"),
        "cohort": cohort.name if cohort is not None else "",
        "until": time_words(held_until, event.time_zone) if held_until is not None else "",
        "has_date": rules.has_date(event, cohort),
        "dates": _dates(event, cohort),
        "facts": _facts(registration),
        "links": {
            "event": links.event(event.slug, access),
            "events": links.events(),
            "calendar": links.event_calendar(
                event.slug, access, cohort.public_id if cohort else ""
            ),
            "register": links.register(event.slug, access),
            "manage": links.manage_registration(manage.manage_token(registration)),
            "confirm": links.confirm_registration(manage.confirm_token(registration)),
            "join": event.join_url if place and registration.mode == "online" else "",
        },
    }


def _access(event: Event) -> str:
    if event.audience != "members":
        return ""
    return access_token(event)


def _dates(event: Event, cohort: Cohort | None) -> list[tuple[str, str]]:
    """Return the sittings in words when there are several, or when they are a cohort's."""
    sittings = rules.sittings(event, cohort)
    if len(sittings) == 1 and cohort is None:
        return []
    total = len(sittings)
    return [
        (
            words.session_name(item.title, "", number, total) if isinstance(item, Session) else "",
            event_when(item),
        )
        for number, item in enumerate(sittings, start=1)
    ]


def _facts(registration: Registration) -> list[tuple[str, str]]:
    event, cohort = registration.event, registration.cohort
    begins = rules.starts(event, cohort)
    online = registration.mode == "online"
    found = [
        (gettext("Group"), cohort.name if cohort is not None else ""),
        (gettext("Address"), "" if online else event.venue_address),
        (gettext("Time zone"), zone_words(begins, event.time_zone) if online and begins else ""),
        (
            gettext("In the name of"),
            ", ".join(part for part in (registration.name, registration.organisation) if part),
        ),
    ]
    return [(label, value) for label, value in found if value]
