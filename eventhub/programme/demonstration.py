"""The demonstration: a season that lies ahead, with what its documents don't give invented.

Every invented value of an event is named in ``Event.invented``. The people don't exist; all
addresses are at example.org. Nothing here sends a mail.
"""

import tomllib
from collections.abc import Sequence
from datetime import time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from eventhub import clock, tokens
from eventhub.db import session
from eventhub.errors import Conflict
from eventhub.events.models import Cohort, Event, SeatPool
from eventhub.events.rules import moment, search_text
from eventhub.i18n import fold
from eventhub.mail import address as addresses
from eventhub.networks import service as networks
from eventhub.networks.models import Network
from eventhub.people.models import Organisation, Person
from eventhub.people.service import find_person
from eventhub.programme import rules
from eventhub.programme.models import DemonstrationLoad
from eventhub.programme.service import NETWORK_NAMES, Report, find_offset, import_programme
from eventhub.registrations.models import Registration
from eventhub.subscriptions import service as subscriptions
from eventhub.subscriptions.models import Newsletter

FOLDER = Path(__file__).parent.parent / "demonstration"
TIME_ZONE = "America/Toronto"
CLOSING_TIME = time(17)
SUBSCRIBERS = 12  # of each newsletter; every sixth reads English
CONSENT_SOURCE = "Démonstration : abonnement fictif"
CONSENT_WORDING = "J’accepte de recevoir cette infolettre par courriel (texte de démonstration)."

# The texts, and other columns, that the data file may give an event as they are.
_TEXTS = ("title_en", "description_fr", "description_en")
_PLAIN = ("venue_name", "venue_address", "join_url", "price_cents", "confirm_address")


class NotDemonstration(Conflict):
    """A network of the demonstration's programme is here already, and it is a real one."""


def load_demonstration() -> Report:
    """Load the demonstration, or say that nothing changed when it was loaded before.

    The first load moves its dates by the weeks that put its season ahead of today, and keeps
    that number: later loads move by the same. Raises NotDemonstration.
    """
    if find_offset() is not None:
        return import_programme(FOLDER, demonstration=True)
    for code in NETWORK_NAMES:
        network = networks.find_by_code(code)
        if network is not None and not network.demonstration:
            raise NotDemonstration(code)
    weeks = rules.weeks_ahead(clock.today(TIME_ZONE))
    session.add(DemonstrationLoad(id=1, offset_weeks=weeks, loaded_at=clock.now()))
    session.flush()
    report = import_programme(FOLDER, demonstration=True)
    _invent()
    session.flush()
    return report


@cache
def _invented() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "invented.toml").read_text(encoding="utf-8"))


def _invent() -> None:
    """Fill in what the documents of the demonstration don't give."""
    invented = _invented()
    for code, identity in invented["networks"].items():
        network = networks.find_by_code(code)
        if network is not None:
            for name, value in identity.items():
                setattr(network, name, value)
            for newsletter in session.scalars(
                select(Newsletter).where(Newsletter.network_id == network.id)
            ):
                newsletter.name_en = invented["newsletters"].get(newsletter.name_fr, "")
                _invent_subscribers(newsletter)
    events = session.scalars(
        select(Event)
        .join(Event.network)
        .where(Network.demonstration, Event.programme_key.is_not(None))
        .order_by(Event.id)
    ).unique()
    for event in events:
        values = invented["events"].get(event.programme_key, {})
        _invent_event(event, values, invented)


def _invent_event(event: Event, values: dict[str, Any], invented: dict[str, Any]) -> None:
    named = []
    for name in _TEXTS:
        if name in values:
            setattr(event, name, values[name].strip())
            named.append(name)
    for name in _PLAIN:
        if name in values:
            setattr(event, name, values[name])
            named.append(name)
    if event.series is not None:
        event.series.name_en = invented["series"].get(event.series.name_fr, "")
    for cohort in event.cohorts:
        cohort.name_en = invented["cohorts"].get(cohort.name_fr, "")
    if "capacity" in values:
        _invent_places(event, values)
        named += ["capacity", "registration_open"]
        windows = ("registration_opens_at", "registration_closes_at")
        named += [name for name in windows if getattr(event, name) is not None]
    event.folded_text = search_text(event)
    event.invented = ",".join(named)
    session.flush()


def _invent_places(event: Event, values: dict[str, Any]) -> None:
    """Open the registration, with places and some people in them.

    Places are told by cohort, or by mode; an event that has one mode counts them all together.
    """
    cohorts = {cohort.name_fr: cohort for cohort in event.cohorts}
    organisations = session.scalars(
        select(Organisation.name)
        .where(Organisation.network_id == event.network_id)
        .order_by(Organisation.id)
    ).all()
    before = session.scalar(select(func.count(Registration.id))) or 0
    for scope, capacity in values["capacity"].items():
        cohort = cohorts.get(scope)
        pool = SeatPool(
            event=event,
            cohort=cohort,
            mode=scope if event.mode == "hybrid" and cohort is None else "",
            capacity=capacity,
            taken=0,
            last_number=0,
            waiting=0,
        )
        session.add(pool)
        session.flush()
        mode = event.mode if cohort is not None else scope
        states = ["confirmed"] * values.get("registered", {}).get(scope, 0)
        states += ["waitlisted"] * values.get("waiting", {}).get(scope, 0)
        with session.no_autoflush:
            for number, state in enumerate(states, start=before + 1):
                _register(event, pool, cohort, mode, state, number, organisations)
        before += len(states)
    event.registration_open = True
    if event.starts_on is None:
        return
    zone = event.time_zone
    last_day = event.starts_on - timedelta(days=values["closes_days_before"])
    event.registration_closes_at = moment(last_day, CLOSING_TIME, zone)
    if "opens_weeks_before" in values:
        first_day = event.starts_on - timedelta(weeks=values["opens_weeks_before"])
        event.registration_opens_at = moment(first_day, time(9), zone)


def _register(
    event: Event,
    pool: SeatPool,
    cohort: Cohort | None,
    mode: str,
    state: str,
    number: int,
    organisations: Sequence[str],
) -> None:
    """Add somebody who doesn't exist; ``number`` tells them apart."""
    name, email = f"Personne fictive {number:03}", f"personne-{number:03}@example.org"
    # Some leave the organisation empty, as people do.
    organisation = (
        organisations[number % len(organisations)] if organisations and number % 5 else ""
    )
    asked_at = clock.now() - timedelta(days=1 + (number * 7) % 20)
    registration = Registration(
        event=event,
        cohort=cohort,
        pool=pool,
        person=_person(name, email),
        form_key=tokens.digest("demonstration", email),
        name=name,
        email=email,
        email_key=addresses.key(email),
        organisation=organisation,
        folded_text=fold(f"{name} {email} {organisation}"),
        mode=mode,
        locale="fr",
        state=state,
        created_at=asked_at,
        changed_at=asked_at,
        confirmed_at=asked_at if state == "confirmed" else None,
    )
    if state == "confirmed":
        pool.taken += 1
    else:
        pool.last_number += 1
        pool.waiting += 1
        registration.waitlist_number = pool.last_number
    session.add(registration)


def _person(name: str, email: str) -> Person:
    known = find_person(email)
    return known or Person(
        name=name, email=email, email_key=addresses.key(email), locale="fr", created_at=clock.now()
    )


def _invent_subscribers(newsletter: Newsletter) -> None:
    for number in range(1, SUBSCRIBERS + 1):
        locale = "en" if number % 6 == 0 else "fr"
        subscriptions.add_subscriber(
            newsletter,
            email=f"abonnement-{number:02}@example.org",
            name=f"Abonnement fictif {number:02}",
            locale=locale,
            basis="express",
            source=CONSENT_SOURCE,
            wording=CONSENT_WORDING,
        )
