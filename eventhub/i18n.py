"""Languages: French first. Catalogues, dates in words, folding, and picking a text's language."""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale
from flask_babel import gettext as gettext  # the domains' way to it: they do not know Flask
from flask_babel import lazy_gettext as lazy_gettext
from flask_babel import ngettext as ngettext

LOCALES = ("fr", "en")
DEFAULT_LOCALE = "fr"
COOKIE = "language"
CATALOGUES = Path(__file__).parent / "translations"
NBSP = "\u00a0"

_CLDR = {"fr": "fr_CA", "en": "en_CA"}


class _Timed(Protocol):
    """What has a place in time (an event or a session, see ``events.models.When``)."""

    starts_on: date | None
    ends_on: date | None
    starts_at: datetime | None
    ends_at: datetime | None


def init_i18n(app: Flask) -> None:
    """Give the application its languages and its date filters."""
    babel = Babel(app, default_locale=DEFAULT_LOCALE, locale_selector=_reader_locale)
    # Flask-Babel makes its domain from a name; ours reads the .po files, so it is put in place.
    babel.domain_instance = _PoDomain()
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.filters.update(DATE_FILTERS)
    app.jinja_env.globals["current_locale"] = current_locale


def current_locale() -> str:
    """Return the reader's language: ``fr`` or ``en``."""
    locale = get_locale()
    return locale.language if locale and locale.language in LOCALES else DEFAULT_LOCALE


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    """Speak another language for a while (a worker that writes to a person)."""
    with force_locale(locale if locale in LOCALES else DEFAULT_LOCALE):
        yield


def pick(french: str, english: str) -> str:
    """Return the text in the reader's language; French when there is no English."""
    return english if english and current_locale() == "en" else french


def msgid(text: str) -> str:
    """Mark a sentence for the catalogues where it is written; the edge translates it later."""
    return text


def fold(text: str) -> str:
    """Return a text in lower case and without accents, for search and sort."""
    decomposed = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe"))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", bare.replace("’", "'")).strip().lower()


def date_words(day: date, locale: str | None = None, year: bool = True) -> str:
    """Return "le mercredi 17 novembre 2026" or "Wednesday, November 17, 2026"."""
    if isinstance(day, datetime):
        raise TypeError("a moment has no date without a zone: see local_day")
    language = locale or current_locale()
    if language == "en":
        return format_date(day, "EEEE, MMMM d, y" if year else "EEEE, MMMM d", locale="en_CA")
    number = "1er" if day.day == 1 else str(day.day)
    tail = format_date(day, "MMMM y" if year else "MMMM", locale="fr_CA")
    return f"le {format_date(day, 'EEEE', locale='fr_CA')} {number}{NBSP}{tail}"


def time_words(moment: datetime | time, time_zone: str = "", locale: str | None = None) -> str:
    """Return "13 h 30", "9 h" or "1:30 p.m.", in ``time_zone`` when a moment is given."""
    clock_time = moment
    if isinstance(moment, datetime):
        clock_time = moment.astimezone(ZoneInfo(time_zone)) if time_zone else moment
    if (locale or current_locale()) == "en":
        half = "a.m." if clock_time.hour < 12 else "p.m."
        minutes = f":{clock_time.minute:02d}" if clock_time.minute else ""
        return f"{clock_time.hour % 12 or 12}{minutes}{NBSP}{half}"
    minutes = f"{NBSP}{clock_time.minute:02d}" if clock_time.minute else ""
    return f"{clock_time.hour}{NBSP}h{minutes}"


def local_day(moment: datetime, time_zone: str) -> date:
    """Return the date of a moment, as the calendars of ``time_zone`` say it."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def moment_words(moment: datetime, time_zone: str, locale: str | None = None) -> str:
    """Return "le mercredi 17 novembre 2026 à 9 h", as the clocks of ``time_zone`` say it."""
    language = locale or current_locale()
    day = date_words(local_day(moment, time_zone), language)
    return f"{day} {'à' if language == 'fr' else 'at'} {time_words(moment, time_zone, language)}"


def month_words(month: str | date, locale: str | None = None) -> str:
    """Return "février 2027" for "2027-02" or for a date."""
    day = date.fromisoformat(f"{month}-01") if isinstance(month, str) else month
    return format_date(day, "MMMM y", locale=_CLDR[locale or current_locale()])


def month_abbr(month: str | date, locale: str | None = None) -> str:
    """Return a short month name: "févr.", "Feb"."""
    day = date.fromisoformat(f"{month}-01") if isinstance(month, str) else month
    return format_date(day, "MMM", locale=_CLDR[locale or current_locale()])


def weekday_abbr(day: date, locale: str | None = None) -> str:
    """Return a short weekday name: "mer.", "Wed"."""
    return format_date(day, "EEE", locale=_CLDR[locale or current_locale()]).rstrip(".") + (
        "." if (locale or current_locale()) == "fr" else ""
    )


def zone_words(moment: datetime, time_zone: str, locale: str | None = None) -> str:
    """Return the zone's name in words: "heure de l'Est"."""
    return get_timezone_name(
        moment.astimezone(ZoneInfo(time_zone)),
        width="long",
        locale=_CLDR[locale or current_locale()],
        zone_variant="generic",
    )


def event_when(item: _Timed, locale: str | None = None) -> str:
    """Return when something takes place, in one phrase that a person would say.

    An event that has no date says so, with its month when that is known.
    """
    language = locale or current_locale()
    if item.starts_on is None:
        month = getattr(item, "month", None)
        with in_locale(language):
            if month:
                return gettext(
                    "Date to be confirmed, %(month)s",
                    month=month_words(month, language),
                )
            return gettext("Date to be confirmed")
    time_zone = getattr(item, "time_zone", None) or item.event.time_zone  # type: ignore[attr-defined]
    words = date_words(item.starts_on, language)
    several_days = item.ends_on is not None and item.ends_on != item.starts_on
    if several_days and item.ends_on and item.starts_at is None:
        return _day_range(item.starts_on, item.ends_on, language)
    if item.starts_at is None:
        return words
    start = time_words(item.starts_at, time_zone, language)
    if item.ends_at is None:
        return f"{words}, {'à' if language == 'fr' else 'at'} {start}"
    end = time_words(item.ends_at, time_zone, language)
    if several_days and item.ends_on:
        until = date_words(item.ends_on, language)
        middle, at = ("jusqu’au", "à") if language == "fr" else ("until", "at")
        until = until.removeprefix("le ") if language == "fr" else until
        return f"{words}, {at} {start}, {middle} {until}, {at} {end}"
    return f"{words}, {f'de {start} à {end}' if language == 'fr' else f'{start} to {end}'}"


def _day_range(first: date, last: date, language: str) -> str:
    same_year = first.year == last.year
    if language == "en":
        return f"{date_words(first, 'en', not same_year)} to {date_words(last, 'en')}"
    start = date_words(first, "fr", not same_year).removeprefix("le ")
    return f"du {start} au {date_words(last, 'fr').removeprefix('le ')}"


DATE_FILTERS: dict[str, Any] = {
    "date_words": date_words,
    "local_day": local_day,
    "time_words": time_words,
    "moment_words": moment_words,
    "month_words": month_words,
    "month_abbr": month_abbr,
    "weekday_abbr": weekday_abbr,
    "zone_words": zone_words,
    "event_when": event_when,
}


def translations_for(locale: str) -> NullTranslations:
    """Return the catalogue of a language, for an environment that is not Flask's (mails)."""
    return _catalogue(locale if locale in LOCALES else DEFAULT_LOCALE)


class _PoDomain(Domain):
    """Catalogues read straight from the .po files: no compile step to forget."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_translations(self) -> NullTranslations:
        return _catalogue(current_locale())


@cache
def _catalogue(locale: str) -> NullTranslations:
    path = CATALOGUES / locale / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale))
    compiled.seek(0)
    return Translations(compiled)


def _reader_locale() -> str:
    """French, unless the reader asked for English here (``?lang=``) or before (cookie)."""
    if not has_request_context():
        return DEFAULT_LOCALE
    asked = request.args.get("lang") or request.cookies.get(COOKIE)
    return asked if asked in LOCALES else DEFAULT_LOCALE
