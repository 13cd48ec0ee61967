"""The rules that the values of an event must satisfy: no database, every refusal at once."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventhub.errors import Invalid
from eventhub.events.models import AUDIENCES, CONFIRM_ADDRESS, DATE_STATUSES, KINDS, MODES
from eventhub.events.rules import exists, moment
from eventhub.events.service.values import CohortValues, EventValues, SessionValues, WhenValues
from eventhub.i18n import msgid
from eventhub.texts import is_web_address, lines, one_line

LINE_LENGTH = 200
TEXT_LENGTH = 20_000
URL_LENGTH = 1_000
MOST_PLACES = 100_000
HIGHEST_PRICE = 1_000_000  # cents
MOST_SESSIONS = 60
MOST_COHORTS = 30
LONGEST = timedelta(days=366)
YEARS = (2000, 2100)
END_OF_DAY = time(23, 59)

_LINES = ("title_fr", "title_en", "series", "venue_name", "venue_address", "join_url")
_TEXTS = ("description_fr", "description_en")
_CODES = {
    "kind": KINDS,
    "mode": MODES,
    "audience": AUDIENCES,
    "date_status": DATE_STATUSES,
    "confirm_address": CONFIRM_ADDRESS,
}


@dataclass
class Refusals:
    """The refusals found so far, by field name; the first one of a field stays."""

    fields: dict[str, str]
    values: dict[str, object]

    def add(self, name: str, sentence: str, **values: object) -> None:
        """Refuse a field. All sentences share their values: another value waits its turn."""
        if any(self.values.get(key, value) != value for key, value in values.items()):
            return
        if self.fields.setdefault(name, sentence) == sentence:
            self.values.update(values)

    def stop(self) -> None:
        """Raise Invalid when anything was refused."""
        if self.fields:
            raise Invalid(self.fields, **self.values)


def check(values: EventValues) -> EventValues:
    """Return the values tidied: one-line texts on one line, nothing invisible, defaults filled.

    Raises Invalid with a sentence for each field that is refused; the fields of a session or a
    cohort are named "sessions-0-starts_on", "cohorts-1-sessions-0-end_time" by their place.
    """
    refusals = Refusals({}, {})
    tidy = _tidy(values)
    for name, known in _CODES.items():
        if getattr(tidy, name) not in known:
            refusals.add(name, msgid("Choose one of the proposed answers."))
    _check_texts(tidy, refusals)
    zone = _zone(tidy.time_zone, refusals)
    if zone is not None:
        tidy = _check_dates(tidy, refusals)
        _check_window(tidy, refusals)
    _check_places(tidy, refusals)
    _check_cohorts(tidy, refusals)
    if tidy.join_url and not is_web_address(tidy.join_url):
        refusals.add(
            "join_url", msgid("Enter an address that begins with https://, as copied from Zoom.")
        )
    if tidy.price_cents is not None and not 0 <= tidy.price_cents <= HIGHEST_PRICE:
        refusals.add("price", msgid("Enter a price from 0 to 10,000 dollars."))
    refusals.stop()
    return tidy


def window(values: EventValues) -> tuple[datetime | None, datetime | None]:
    """Return the moments from which and until which registrations are taken."""
    opens = closes = None
    if values.registration_opens_on:
        start = values.registration_opens_time or time()
        opens = moment(values.registration_opens_on, start, values.time_zone)
    if values.registration_closes_on:
        end = values.registration_closes_time or END_OF_DAY
        closes = moment(values.registration_closes_on, end, values.time_zone)
    return opens, closes


def _tidy(values: EventValues) -> EventValues:
    changed: dict[str, object] = {name: one_line(getattr(values, name)) for name in _LINES}
    changed |= {name: lines(getattr(values, name)) for name in _TEXTS}
    changed["sessions"] = tuple(_tidy_session(s) for s in values.sessions)
    changed["cohorts"] = tuple(
        replace(
            cohort,
            name_fr=one_line(cohort.name_fr),
            name_en=one_line(cohort.name_en),
            sessions=tuple(_tidy_session(s) for s in cohort.sessions),
        )
        for cohort in values.cohorts
    )
    return replace(values, **changed)  # type: ignore[arg-type]


def _tidy_session(session: SessionValues) -> SessionValues:
    return replace(
        session, title_fr=one_line(session.title_fr), title_en=one_line(session.title_en)
    )


def _check_texts(values: EventValues, refusals: Refusals) -> None:
    if not values.title_fr:
        refusals.add("title_fr", msgid("Enter the title in French."))
    named: list[tuple[str, str]] = [(n, getattr(values, n)) for n in _LINES[:-1]]
    for prefix, session in every_session(values):
        named += [(f"{prefix}{n}", getattr(session, n)) for n in ("title_fr", "title_en")]
    for index, cohort in enumerate(values.cohorts):
        named += [(f"cohorts-{index}-{n}", getattr(cohort, n)) for n in ("name_fr", "name_en")]
    for name, text in named:
        if len(text) > LINE_LENGTH:
            refusals.add(name, msgid("This is too long: 200 characters at most."))
    if len(values.join_url) > URL_LENGTH:
        refusals.add("join_url", msgid("This address is too long."))
    for name in _TEXTS:
        if len(getattr(values, name)) > TEXT_LENGTH:
            refusals.add(name, msgid("This text is too long: 20,000 characters at most."))


def _zone(name: str, refusals: Refusals) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        refusals.add("time_zone", msgid("Choose one of the proposed answers."))
        return None


def every_session(values: EventValues) -> Iterator[tuple[str, SessionValues]]:
    """Return each session with the prefix of its fields' names."""
    for index, session in enumerate(values.sessions):
        yield f"sessions-{index}-", session
    for number, cohort in enumerate(values.cohorts):
        for index, session in enumerate(cohort.sessions):
            yield f"cohorts-{number}-sessions-{index}-", session


def _check_dates(values: EventValues, refusals: Refusals) -> EventValues:
    """Check every date; return the values with the event's own dates as they will be kept."""
    sessions = list(every_session(values))
    confirmed = values.date_status == "confirmed"
    if values.month is not None and not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", values.month):
        refusals.add("month", msgid("Enter a month, for example 2027-02."))
    if sessions or values.cohorts:
        for prefix, session in sessions:
            _check_when(prefix, session, values.time_zone, refusals, needed=confirmed)
        days = [s.starts_on for _, s in sessions if s.starts_on]
        last = [s.ends_on or s.starts_on for _, s in sessions if s.starts_on]
        if not days and confirmed and not refusals.fields:
            refusals.add("date_status", msgid("Add a date, or say that it is to be confirmed."))
        return replace(
            values,
            starts_on=min(days, default=None),
            ends_on=max(last, default=None),
            start_time=None,
            end_time=None,
            month=None if days else values.month,
        )
    _check_when("", values, values.time_zone, refusals, needed=confirmed)
    return replace(
        values,
        ends_on=(values.ends_on or values.starts_on) if values.starts_on else None,
        month=None if values.starts_on else values.month,
    )


def _check_when(
    prefix: str, when: WhenValues, zone: str, refusals: Refusals, *, needed: bool
) -> None:
    start, end = when.starts_on, when.ends_on
    for name, day in (("starts_on", start), ("ends_on", end)):
        if day is not None and not YEARS[0] <= day.year <= YEARS[1]:
            refusals.add(f"{prefix}{name}", msgid("Check the year of this date."))
            return
    if start is None:
        if when.ends_on or when.start_time or when.end_time:
            refusals.add(f"{prefix}starts_on", msgid("Enter the date it begins."))
        elif needed:
            refusals.add(
                f"{prefix}starts_on",
                msgid("Enter the date, or say above that it is to be confirmed."),
            )
        return
    last = end or start
    if last < start:
        refusals.add(f"{prefix}ends_on", msgid("The last day comes before the first."))
        return
    if last - start > LONGEST:
        refusals.add(f"{prefix}ends_on", msgid("An event lasts one year at most."))
    if when.end_time and not when.start_time:
        refusals.add(f"{prefix}start_time", msgid("Enter the time it begins as well."))
    _check_hours(prefix, start, last, when, zone, refusals)


def _check_hours(
    prefix: str, first: date, last: date, when: WhenValues, zone: str, refusals: Refusals
) -> None:
    for name, day, hour in (
        ("start_time", first, when.start_time),
        ("end_time", last, when.end_time),
    ):
        if hour is not None and not exists(day, hour, zone):
            refusals.add(
                f"{prefix}{name}",
                msgid(
                    "That night the clocks go forward and this hour does not exist: "
                    "choose a time before 2:00 a.m. or from 3:00 a.m."
                ),
            )
    if when.start_time and when.end_time:
        begins = moment(first, when.start_time, zone)
        if moment(last, when.end_time, zone) <= begins:
            refusals.add(
                f"{prefix}end_time",
                msgid(
                    "The end must come after the beginning. "
                    "If it ends after midnight, enter the next day as the last day."
                ),
            )


def _check_window(values: EventValues, refusals: Refusals) -> None:
    for name in ("opens", "closes"):
        day = getattr(values, f"registration_{name}_on")
        hour = getattr(values, f"registration_{name}_time")
        if hour and not day:
            refusals.add(f"registration_{name}_on", msgid("Enter the date as well."))
        if day and not YEARS[0] <= day.year <= YEARS[1]:
            refusals.add(f"registration_{name}_on", msgid("Check the year of this date."))
            return
    opens, closes = window(values)
    if opens and closes and closes <= opens:
        refusals.add(
            "registration_closes_on", msgid("Registration must close after it has opened.")
        )


def _check_places(values: EventValues, refusals: Refusals) -> None:
    scopes: list[tuple[str, EventValues | CohortValues]] = [("", values)]
    scopes += [(f"cohorts-{index}-", cohort) for index, cohort in enumerate(values.cohorts)]
    for prefix, scope in scopes:
        for name in ("places", "places_online"):
            number = getattr(scope, name)
            if number is not None and not 0 <= number <= MOST_PLACES:
                refusals.add(
                    f"{prefix}{name}",
                    msgid("Enter a number of places, or nothing when there is no limit."),
                )


def _check_cohorts(values: EventValues, refusals: Refusals) -> None:
    if len(list(every_session(values))) > MOST_SESSIONS:
        refusals.add("date_status", msgid("An event has 60 dates at most."))
    if len(values.cohorts) > MOST_COHORTS:
        refusals.add("date_status", msgid("An event has 30 groups at most."))
    names = set()
    for index, cohort in enumerate(values.cohorts):
        name = f"cohorts-{index}-name_fr"
        if not cohort.name_fr:
            refusals.add(name, msgid("Enter the name of the group, for example: Group A."))
        elif cohort.name_fr in names:
            refusals.add(name, msgid("Another group has this name already."))
        names.add(cohort.name_fr)
