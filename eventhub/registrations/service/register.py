"""Registering: one form, one place or one number in the line, one mail."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import IntegrityError

from eventhub import clock, tokens
from eventhub.db import session
from eventhub.errors import Invalid
from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.i18n import LOCALES, fold
from eventhub.mail import address as addresses
from eventhub.people import service as people
from eventhub.people.models import Person
from eventhub.registrations import rules
from eventhub.registrations.models import Registration
from eventhub.registrations.service import seats, telling

FORM_AGE = "registrations.form_age"
ACTIVE_STATES = ("pending", "confirmed", "waitlisted")


@dataclass(frozen=True)
class Outcome:
    """What the page after a registration says. The same for an address that was registered.

    ``state``: confirmed, waitlisted (at ``position``), check_mail (the address must be
    confirmed). ``registration`` is for this program only: the page must not tell a stranger
    whether an address was registered already (A12).
    """

    state: str
    position: int | None
    registration: Registration


@dataclass(frozen=True)
class Asked:
    """A form's values, checked."""

    name: str
    email: str
    organisation: str
    mode: str
    cohort: Cohort | None
    locale: str

    @property
    def email_key(self) -> str:
        """The address's normal form."""
        return addresses.key(self.email)


def new_form_key() -> str:
    """Return a form's own key: it makes the form idempotent (S2) and tells its age (S6)."""
    mark = f"{secrets.token_hex(16)}.{int(clock.now().timestamp())}"
    return f"{mark}.{tokens.digest(FORM_AGE, mark)[:24]}"


def form_age(form_key: str) -> timedelta | None:
    """Return how long ago a form was made; None when its key is not ours."""
    mark, _, mac = form_key.rpartition(".")
    expected = tokens.digest(FORM_AGE, mark)[:24]
    if not hmac.compare_digest(mac.encode(), expected.encode()):
        return None
    made = datetime.fromtimestamp(int(mark.partition(".")[2]), UTC)
    return clock.now() - made


def register(
    event: Event,
    *,
    name: str,
    email: str,
    organisation: str = "",
    mode: str = "",
    cohort: str = "",
    locale: str = "fr",
    form_key: str,
    suspicious: bool = False,
) -> Outcome:
    """Register somebody for an event that the asker may see.

    ``mode`` may be empty when the event has one only; ``cohort`` is a cohort's public id.
    ``form_key`` is the form's own key: the same form sent again is the same registration (S2).
    ``suspicious``: the form was filled as a robot would; the address must be confirmed (S6).
    Raises Invalid with the fields to mend, and RegistrationClosed.
    """
    asked = check(event, name, email, organisation, mode, cohort, locale)
    key, before = _find_before(event, asked, _form_key(event, asked, form_key))
    if before is not None and before.form_key == key:
        return _outcome(before)
    rules.check_open(event, clock.now(), asked.cohort)
    pool = seats.pool_for(event, asked.mode, asked.cohort)
    if before is not None:
        return _again(before, pool, suspicious)
    person = people.find_or_add_person(asked.name, asked.email, asked.locale)
    try:
        with session.begin_nested():
            registration, scarce = _add(event, pool, person, asked, key)
    except IntegrityError:  # somebody sent the same form, or the same address, just before us
        key, before = _find_before(event, asked, key)
        if before is None:
            raise
        return _outcome(before) if before.form_key == key else _again(before, pool, suspicious)
    if suspicious or _must_confirm(event, scarce):
        _hold(registration)
        telling.owe(registration, "confirm_address")
    elif registration.state == "waitlisted":
        telling.owe(registration, "waitlisted")
    else:
        telling.owe(registration, "confirmation", calendar="REQUEST")
    return _outcome(registration)


def check(
    event: Event,
    name: str,
    email: str,
    organisation: str,
    mode: str,
    cohort: str,
    locale: str,
) -> Asked:
    """Return a form's values, tidied. Raises Invalid with every field to mend."""
    wrong = Invalid({})
    values = {
        "name": _cleaned(wrong, lambda: rules.one_line(name, "name", rules.NAME_MISSING)),
        "email": _cleaned(wrong, lambda: addresses.clean(email)),
        "organisation": _cleaned(wrong, lambda: rules.one_line(organisation, "organisation")),
    }
    group = next((c for c in event.cohorts if c.public_id == cohort), None)
    if event.cohorts and group is None:
        wrong.fields["cohort"] = rules.COHORT_MISSING
    offered = rules.modes(event)
    chosen = mode or (offered[0] if len(offered) == 1 else "")
    if chosen not in offered:
        wrong.fields["mode"] = rules.MODE_MISSING
    if wrong.fields:
        raise wrong
    return Asked(
        **values,
        mode=chosen,
        cohort=group,
        locale=locale if locale in LOCALES else LOCALES[0],
    )


def search_text(name: str, email: str, organisation: str) -> str:
    """Return what an organiser's search looks into; it begins with the name, for the sort."""
    return fold(f"{name} {email} {organisation}")


def _cleaned(wrong: Invalid, clean: Callable[[], str]) -> str:
    """Return what ``clean`` returns; add its refusal to ``wrong`` otherwise."""
    try:
        return clean()
    except Invalid as refusal:
        wrong.fields |= refusal.fields
        wrong.values |= refusal.values
        return ""


def _form_key(event: Event, asked: Asked, form_key: str) -> str:
    """Return the key under which this form is kept: a mended address is another registration."""
    cohort_id = asked.cohort.id if asked.cohort is not None else 0
    value = f"{form_key}\x00{event.id}\x00{cohort_id}\x00{asked.email_key}"
    return tokens.digest("registrations.form", value)


def _find_before(event: Event, asked: Asked, key: str) -> tuple[str, Registration | None]:
    """Return the registration that this form made, or else the address's active one.

    A form that comes back after its registration was withdrawn means to register again: it goes
    under another key, which is returned.
    """
    cohort_id = asked.cohort.id if asked.cohort is not None else None
    found = session.scalars(
        select(Registration)
        .where(
            or_(
                Registration.form_key == key,
                and_(
                    Registration.event_id == event.id,
                    Registration.cohort_id.is_(None)
                    if cohort_id is None
                    else Registration.cohort_id == cohort_id,
                    Registration.email_key == asked.email_key,
                    Registration.state.in_(ACTIVE_STATES),
                ),
            )
        )
        .execution_options(populate_existing=True)
    ).all()
    made = next((row for row in found if row.form_key == key), None)
    if made is not None and made.state == "cancelled":
        return _find_before(event, asked, tokens.digest("registrations.form", made.public_id))
    return key, made or (found[0] if found else None)


def _add(
    event: Event, pool: SeatPool, person: Person, asked: Asked, key: str
) -> tuple[Registration, bool]:
    turn = seats.enter(pool)
    now = clock.now()
    registration = Registration(
        event=event,
        cohort=asked.cohort,
        pool=pool,
        person=person,
        form_key=key,
        name=asked.name,
        email=asked.email,
        email_key=asked.email_key,
        organisation=asked.organisation,
        folded_text=search_text(asked.name, asked.email, asked.organisation),
        mode=asked.mode,
        locale=asked.locale,
        state="confirmed" if turn.number is None else "waitlisted",
        waitlist_number=turn.number,
        mail_version=0,
        created_at=now,
        changed_at=now,
        confirmed_at=now if turn.number is None else None,
    )
    session.add(registration)
    session.flush()
    return registration, turn.scarce


def _must_confirm(event: Event, scarce: bool) -> bool:
    return event.confirm_address == "always" or (event.confirm_address == "when_scarce" and scarce)


def _hold(registration: Registration) -> None:
    """Keep the place, or the number in the line, until the address is confirmed (S5)."""
    registration.held_until = clock.now() + rules.HOLD
    registration.confirmed_at = None
    if registration.state == "confirmed":
        registration.state = "pending"


def _again(known: Registration, pool: SeatPool, suspicious: bool) -> Outcome:
    """Answer for an address that has a registration as for one that has none (A12).

    What is true goes to the address only, in a mail.
    """
    kind = "already_registered" if known.held_until is None else "confirm_address"
    telling.owe_again(known, kind)
    turn = seats.peek(pool)
    if suspicious or _must_confirm(known.event, turn.scarce):
        return Outcome("check_mail", None, known)
    return Outcome("confirmed" if turn.number is None else "waitlisted", turn.number, known)


def _outcome(registration: Registration) -> Outcome:
    if registration.held_until is not None:
        return Outcome("check_mail", None, registration)
    position = seats.position(registration)
    return Outcome("confirmed" if position is None else "waitlisted", position, registration)
