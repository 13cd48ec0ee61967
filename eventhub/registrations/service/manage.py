"""What a person does with their registration: confirm the address, change, withdraw."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from eventhub import clock, tokens
from eventhub.db import session
from eventhub.errors import Conflict, NotFound
from eventhub.events.models import Cohort, Event
from eventhub.events.service.places import lock_places
from eventhub.mail import address as addresses
from eventhub.people import service as people
from eventhub.registrations import rules
from eventhub.registrations.models import Registration
from eventhub.registrations.service import seats, telling
from eventhub.registrations.service.register import check, search_text

MANAGE = "registration.manage"
CONFIRM = "registration.confirm"
EXPIRED_AT_ONCE = 100


def manage_token(registration: Registration) -> str:
    """Return the token that opens a registration to its person."""
    return tokens.make(MANAGE, registration.public_id, registration.manage_version)


def confirm_token(registration: Registration) -> str:
    """Return the token that proves that an address receives its mail."""
    return tokens.make(CONFIRM, registration.public_id, registration.manage_version)


def get_by_token(token: str, purpose: str = MANAGE) -> Registration:
    """Return the registration that a link opens.

    Raises NotFound, the same for a token that is unknown, altered, revoked, or past the event's
    end by 30 days (S5, A1).
    """
    claimed = tokens.public_id_of(token)
    found = session.scalar(select(Registration).where(Registration.public_id == claimed))
    version = found.manage_version if found is not None else 0
    known = tokens.verify(token, purpose, claimed, version)
    if found is None or not known:
        raise NotFound
    return _alive(found)


def get_opened(public_id: str, manage_version: int) -> Registration:
    """Return the registration that a browser opened by its link. Raises NotFound."""
    found = session.scalar(
        select(Registration).where(
            Registration.public_id == public_id, Registration.manage_version == manage_version
        )
    )
    if found is None:
        raise NotFound
    return _alive(found)


def confirm_address(registration: Registration) -> Registration:
    """Confirm the address: the place kept becomes the person's. Repeating it is harmless.

    Raises HoldEnded when the place was given back meanwhile, RegistrationClosed when the event
    was cancelled.
    """
    seats.lock_registration(registration)
    if registration.state == "cancelled":
        raise rules.HoldEnded
    if registration.held_until is None:
        return registration
    if registration.event.state == "cancelled":
        raise rules.RegistrationClosed("event_cancelled")
    now = clock.now()
    registration.held_until = None
    registration.changed_at = now
    if registration.state == "waitlisted":
        telling.owe(registration, "waitlisted")
    else:
        registration.state = "confirmed"
        registration.confirmed_at = now
        telling.owe(registration, "confirmation", calendar="REQUEST")
    return registration


def withdraw(registration: Registration, *, by: str = "person") -> Registration:
    """Give the place back; whoever waits first gets it in the same transaction (S3).

    ``by``: person or organiser. Repeating it is harmless. Raises RegistrationClosed when the
    event is over.
    """
    seats.lock_registration(registration)
    if registration.state == "cancelled":
        return registration
    over = rules.ends(registration.event, registration.cohort)
    if over is not None and over < clock.now():
        raise rules.RegistrationClosed("over")
    confirmed_address = registration.held_until is None
    _cancel(registration)
    if confirmed_address:
        telling.owe(registration, "withdrawn", calendar="CANCEL", by=by)
    seats.promote(registration.pool_id)
    return registration


def change(
    registration: Registration,
    *,
    name: str,
    organisation: str,
    mode: str = "",
    cohort: str = "",
    wait: bool = False,
) -> Registration:
    """Change a registration; moving to other places keeps a place or waits, in one transaction.

    When the other places are full the present one is kept and PoolFull is raised, unless
    ``wait``: then it is given up for a number in the line. Raises Invalid with the fields to
    mend, RegistrationClosed (for a move), AlreadyRegistered, Conflict when it was withdrawn.
    """
    event = registration.event
    present = registration.cohort.public_id if registration.cohort is not None else ""
    asked = check(
        event,
        name,
        registration.email,
        organisation,
        mode or registration.mode,
        cohort or present,
        registration.locale,
    )
    target = seats.pool_for(event, asked.mode, asked.cohort)
    seats.lock_registration(registration)
    if registration.state == "cancelled":
        raise Conflict
    registration.name = asked.name
    registration.organisation = asked.organisation
    registration.folded_text = search_text(asked.name, registration.email, asked.organisation)
    registration.changed_at = clock.now()
    new_cohort_id = asked.cohort.id if asked.cohort is not None else None
    if (registration.mode, registration.cohort_id) == (asked.mode, new_cohort_id):
        return registration
    rules.check_open(event, clock.now(), asked.cohort)
    _move(registration, event, asked.mode, asked.cohort, target.id, wait)
    return registration


def expire_holds(limit: int = EXPIRED_AT_ONCE) -> int:
    """Free the places kept for addresses that nobody confirmed, and give them on.

    Return how many were freed.
    """
    now = clock.now()
    ended = session.scalars(
        select(Registration)
        .where(Registration.held_until < now)
        .order_by(Registration.pool_id, Registration.id)
        .limit(limit)
    ).all()
    freed = 0
    lock_places({registration.event_id for registration in ended})
    for registration in ended:
        seats.lock_registration(registration)
        if registration.held_until is not None and registration.held_until < now:
            _cancel(registration)
            freed += 1
    for pool_id in sorted({registration.pool_id for registration in ended}):
        seats.promote(pool_id)
    return freed


def promote(pool_id: int) -> int:
    """Give a pool's free places to those who wait (after its capacity was raised).

    Return how many were given; at most some dozens at once: call again until 0.
    """
    seats.lock(pool_id)
    return seats.promote(pool_id)


def send_links(email: str, locale: str) -> None:
    """Send somebody the links of their registrations, if there are any (S5).

    The asker is told the same in each case (A12). Raises Invalid when it is no address.
    """
    person = people.find_person(addresses.clean(email))
    if person is not None and list_current(person.id):
        telling.owe_links(person, locale)


def list_current(person_id: int) -> list[Registration]:
    """Return a person's registrations whose event is not over, the soonest first."""
    now = clock.now()
    found = session.scalars(
        select(Registration).where(
            Registration.person_id == person_id,
            Registration.state.in_(("confirmed", "waitlisted")),
        )
    )
    current = [
        row for row in found if (over := rules.ends(row.event, row.cohort)) is None or over > now
    ]
    return sorted(current, key=lambda row: (str(row.event.starts_on or "9999"), row.id))


def _alive(registration: Registration) -> Registration:
    over = rules.ends(registration.event, registration.cohort)
    if over is not None and clock.now() > over + rules.LINK_LIFE:
        raise NotFound
    return registration


def _cancel(registration: Registration) -> None:
    seats.leave(registration)
    registration.state = "cancelled"
    registration.held_until = None
    registration.cancelled_at = registration.changed_at = clock.now()
    session.flush()


def _move(
    registration: Registration,
    event: Event,
    mode: str,
    cohort: Cohort | None,
    pool_id: int,
    wait: bool,
) -> None:
    """Move a registration whose present and future pools are locked."""
    before, old_cohort_id = registration.pool_id, registration.cohort_id
    new_cohort_id = cohort.id if cohort is not None else None
    was_confirmed = registration.state == "confirmed"
    if pool_id != before:
        pool = next(pool for pool in event.seat_pools if pool.id == pool_id)
        if (
            registration.waitlist_number is None
            and not wait
            and seats.peek(pool).number is not None
        ):
            raise rules.PoolFull
        seats.leave(registration)
        turn = seats.enter(pool)
        registration.pool = pool
        registration.waitlist_number = turn.number
        kept = "confirmed" if registration.held_until is None else "pending"
        registration.state = kept if turn.number is None else "waitlisted"
    registration.mode = mode
    registration.cohort = cohort
    try:
        session.flush()
    except IntegrityError:
        raise rules.AlreadyRegistered from None
    if pool_id != before:
        seats.promote(before)
    _tell_moved(registration, was_confirmed, old_cohort_id, old_cohort_id != new_cohort_id)


def _tell_moved(
    registration: Registration, was_confirmed: bool, old_cohort_id: int | None, left_cohort: bool
) -> None:
    if registration.held_until is not None:
        return
    if registration.state == "waitlisted":
        if was_confirmed:
            old = {"cohort_id": old_cohort_id} if old_cohort_id is not None else {}
            telling.owe(registration, "waitlisted", calendar="CANCEL", **old)
        else:
            telling.owe(registration, "waitlisted")
        return
    if was_confirmed and left_cohort and old_cohort_id is not None:
        telling.owe(registration, "left_cohort", calendar="CANCEL", cohort_id=old_cohort_id)
    if registration.confirmed_at is None:
        registration.confirmed_at = clock.now()
    telling.owe(registration, "updated" if was_confirmed else "promoted", calendar="REQUEST")
