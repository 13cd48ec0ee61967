"""What people are told by mail, owed in the transaction of what happened."""

from sqlalchemy import func, select, update

from eventhub import clock
from eventhub.db import session
from eventhub.events.models import Cohort, Event, Session
from eventhub.events.service.places import lock_places
from eventhub.mail import service as mails
from eventhub.people.models import Person
from eventhub.registrations import rules
from eventhub.registrations.models import Registration

TOLD_AT_ONCE = 200
#: One form never sends an address more than this (A11); the calendar file has every date.
MOST_CALENDAR_MAILS = 8


def owe(
    registration: Registration, kind: str, *, calendar: str = "", **arguments: int | str
) -> None:
    """Owe a registration's person one mail of a kind, under the next mail version (S4).

    ``calendar`` is the iTIP method that goes along: REQUEST (left out while the date is not
    confirmed) or CANCEL (left out when this person never had a request). Its SEQUENCE is above
    every one that this person was sent for the event, and never below the event's (M4).
    """
    event = registration.event
    if calendar == "REQUEST" and not rules.has_date(event, registration.cohort):
        calendar = ""
    if calendar == "CANCEL" and registration.calendar_sequence is None:
        calendar = ""
    if calendar:
        registration.calendar_sequence = _next_sequence(registration)
        arguments = {
            "calendar": calendar,
            "sequence": registration.calendar_sequence,
            **arguments,
        }
    registration.mail_version += 1
    registration.told = rules.news(event, registration.cohort, registration.mode)
    session.flush()
    _owe_mails(registration, kind, str(registration.mail_version), arguments)


def owe_again(registration: Registration, kind: str) -> None:
    """Owe a mail that tells nothing new, at most once an hour (A11).

    It carries the same SEQUENCE as before (M5). The row is locked: two who ask at once are one.
    """
    session.refresh(registration, with_for_update=True)
    arguments: dict[str, int | str] = {}
    if registration.state == "confirmed" and registration.calendar_sequence is not None:
        arguments = {"calendar": "REQUEST", "sequence": registration.calendar_sequence}
    _owe_mails(registration, kind, f"again:{clock.now():%Y%m%d%H}", arguments)


def owe_links(person: Person, locale: str) -> None:
    """Owe a person one mail with the links of all their registrations, at most once an hour."""
    session.refresh(person, with_for_update=True)
    mails.owe(
        "registrations.links",
        subject_id=person.id,
        address=person.email,
        locale=locale,
        key=f"registrations.links:{person.id}:{clock.now():%Y%m%d%H}",
        person_id=person.id,
    )


def tell_event_changed(event_id: int, limit: int = TOLD_AT_ONCE) -> bool:
    """Tell those concerned that an event moved, changed place, or was cancelled (M3, M4).

    Concerned: who holds a place or waits for one and was told an older date or place. Return
    whether some are left for another transaction.
    """
    event = session.get(Event, event_id, populate_existing=True)
    if event is None or event.state not in {"published", "cancelled"}:
        return False
    over = rules.ends(event)
    if over is not None and over < clock.now():
        return False
    lock_places([event.id])
    _follow_mode(event)
    told = 0
    for cohort in [None, *event.cohorts]:
        for mode in rules.modes(event):
            told += _tell_some(event, cohort, mode, limit - told)
            if told >= limit:
                return True
    return False


def _owe_mails(
    registration: Registration, kind: str, version: str, arguments: dict[str, int | str]
) -> None:
    """Owe the mail of a kind and, when sessions stand in the calendar, one for each other session.

    A calendar request speaks of one UID only (RFC 5546, 3.2.2 and 3.2.5), and each session has its
    own (R1): the first goes with the mail itself, the others in short ones.
    """
    sessions = _sessions(registration, arguments) if "calendar" in arguments else []
    for number, public_id in enumerate(sessions[:MOST_CALENDAR_MAILS] or [""]):
        name = f"registrations.{'session' if number else kind}"
        mails.owe(
            name,
            subject_id=registration.id,
            address=registration.email,
            locale=registration.locale,
            key=":".join(
                filter(None, (name, str(registration.id), version, public_id if number else ""))
            ),
            arguments=arguments | ({"session": public_id} if public_id else {}),
            person_id=registration.person_id,
        )


def _sessions(registration: Registration, arguments: dict[str, int | str]) -> list[str]:
    """Return the public ids of the sessions that a calendar request is about, in order."""
    left = arguments.get("cohort_id")
    cohort = registration.cohort if left is None else session.get(Cohort, left)
    return [
        item.public_id
        for item in rules.sittings(registration.event, cohort)
        if isinstance(item, Session)
        and (item.starts_on is not None or arguments["calendar"] == "CANCEL")
    ]


def _follow_mode(event: Event) -> None:
    """Have everybody take part in the one way that an event still offers."""
    modes = rules.modes(event)
    if len(modes) == 1:
        session.execute(
            update(Registration)
            .where(
                Registration.event_id == event.id,
                Registration.state != "cancelled",
                Registration.mode != modes[0],
            )
            .values(mode=modes[0])
            .execution_options(synchronize_session=False)
        )


def _tell_some(event: Event, cohort: Cohort | None, mode: str, limit: int) -> int:
    in_cohort = (
        Registration.cohort_id.is_(None) if cohort is None else Registration.cohort_id == cohort.id
    )
    concerned = session.scalars(
        select(Registration)
        .where(
            Registration.event_id == event.id,
            Registration.state.in_(("confirmed", "waitlisted")),
            Registration.held_until.is_(None),
            in_cohort,
            Registration.mode == mode,
            Registration.told != rules.news(event, cohort, mode),
        )
        .order_by(Registration.id)
        .limit(limit)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for registration in concerned:
        if event.state == "cancelled":
            owe(registration, "cancelled_event", calendar="CANCEL")
        elif registration.state == "waitlisted":
            owe(registration, "updated")
        elif rules.has_date(event, cohort):
            owe(registration, "updated", calendar="REQUEST")
        else:
            owe(registration, "updated", calendar="CANCEL")
    return len(concerned)


def _next_sequence(registration: Registration) -> int:
    last = session.scalar(
        select(func.max(Registration.calendar_sequence)).where(
            Registration.person_id == registration.person_id,
            Registration.event_id == registration.event_id,
        )
    )
    feeds = rules.sequence(registration.event, registration.cohort)
    return feeds if last is None else max(feeds, last + 1)
