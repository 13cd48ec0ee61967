"""Dates, times and texts as a reader in Québec expects them."""

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from babel.messages.pofile import read_po
from flask import Flask

from eventhub.i18n import (
    CATALOGUES,
    date_words,
    event_when,
    fold,
    local_day,
    moment_words,
    month_words,
    time_words,
)

NBSP = "\u00a0"


def moment(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def an_item(**values: object) -> SimpleNamespace:
    empty = dict.fromkeys(("starts_on", "ends_on", "starts_at", "ends_at", "month"))
    return SimpleNamespace(**{**empty, "time_zone": "America/Toronto", **values})


@pytest.mark.parametrize(
    ("locale", "words"),
    [("fr", f"le mercredi 17{NBSP}novembre 2027"), ("en", "Wednesday, November 17, 2027")],
)
def test_a_date_reads_in_words(app: Flask, locale: str, words: str) -> None:
    with app.app_context():
        assert date_words(date(2027, 11, 17), locale) == words


def test_a_moment_has_the_date_of_its_zone_and_none_without_one(app: Flask) -> None:
    evening = moment(2027, 11, 18, 1, 30)
    with app.app_context():
        assert local_day(evening, "America/Toronto") == date(2027, 11, 17)
        with pytest.raises(TypeError):
            date_words(evening, "fr")


def test_the_first_of_a_month_is_an_ordinal_in_french(app: Flask) -> None:
    with app.app_context():
        assert date_words(date(2027, 2, 1), "fr") == f"le lundi 1er{NBSP}février 2027"


@pytest.mark.parametrize(
    ("hour", "minute", "french", "english"),
    [
        (9, 0, f"9{NBSP}h", f"9{NBSP}a.m."),
        (13, 30, f"13{NBSP}h{NBSP}30", f"1:30{NBSP}p.m."),
        (0, 5, f"0{NBSP}h{NBSP}05", f"12:05{NBSP}a.m."),
        (12, 0, f"12{NBSP}h", f"12{NBSP}p.m."),
    ],
)
def test_a_time_reads_in_words(
    app: Flask, hour: int, minute: int, french: str, english: str
) -> None:
    with app.app_context():
        at = datetime(2027, 7, 1, hour, minute, tzinfo=UTC)
        assert time_words(at, "UTC", "fr") == french
        assert time_words(at, "UTC", "en") == english


@pytest.mark.requirement("N12")
def test_half_past_one_stays_so_in_summer_and_in_winter(app: Flask) -> None:
    with app.app_context():
        for at in (moment(2027, 7, 5, 17, 30), moment(2027, 12, 6, 18, 30)):
            assert time_words(at, "America/Toronto", "fr") == f"13{NBSP}h{NBSP}30"


@pytest.mark.requirement("N12")
def test_both_nights_that_change_the_clocks_are_told_as_the_clocks_say(app: Flask) -> None:
    with app.app_context():
        for at, said in (
            (moment(2027, 3, 14, 6, 30), "le dimanche 14 mars 2027 à 1 h 30"),
            (moment(2027, 3, 14, 7, 30), "le dimanche 14 mars 2027 à 3 h 30"),
            (moment(2026, 11, 1, 5, 30), "le dimanche 1er novembre 2026 à 1 h 30"),
            (moment(2026, 11, 1, 6, 30), "le dimanche 1er novembre 2026 à 1 h 30"),
            (moment(2026, 11, 1, 7, 30), "le dimanche 1er novembre 2026 à 2 h 30"),
        ):
            assert moment_words(at, "America/Toronto", "fr").replace(NBSP, " ") == said


def test_an_event_says_when_in_one_phrase(app: Flask) -> None:
    with app.app_context():
        day = date(2027, 11, 17)
        assert event_when(an_item(starts_on=day, ends_on=day), "fr") == date_words(day, "fr")
        nine, eleven = moment(2027, 11, 17, 14, 0), moment(2027, 11, 17, 16, 0)
        known = an_item(starts_on=day, ends_on=day, starts_at=nine, ends_at=eleven)
        assert event_when(known, "fr") == (
            f"le mercredi 17{NBSP}novembre 2027, de 9{NBSP}h à 11{NBSP}h"
        )
        unknown_end = an_item(starts_on=day, ends_on=day, starts_at=nine)
        assert event_when(unknown_end, "en") == f"Wednesday, November 17, 2027, at 9{NBSP}a.m."


def test_a_week_long_event_reads_from_its_first_day_to_its_last(app: Flask) -> None:
    with app.app_context():
        week = an_item(starts_on=date(2027, 11, 14), ends_on=date(2027, 11, 20))
        assert event_when(week, "fr") == (
            f"du dimanche 14{NBSP}novembre au samedi 20{NBSP}novembre 2027"
        )


def test_a_date_to_be_confirmed_is_said_as_such_with_its_month_when_known(app: Flask) -> None:
    with app.app_context():
        assert event_when(an_item(), "fr") == "Date à confirmer"
        assert "février 2027" in event_when(an_item(month="2027-02"), "fr")
        assert "February 2027" in event_when(an_item(month="2027-02"), "en")
        assert month_words("2027-08", "fr") == "août 2027"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Évènement à  Québec", "evenement a quebec"),
        ("L’ŒUVRE cœur", "l'oeuvre coeur"),
        ("ÎÏÔÛÇ", "iiouc"),
    ],
)
def test_search_ignores_case_accents_and_typographic_apostrophes(typed: str, folded: str) -> None:
    assert fold(typed) == folded


def test_french_punctuation_carries_its_non_breaking_space() -> None:
    """Before : ; ! ? and inside guillemets. The calendar prefix is the one of C8, to the letter."""
    with (CATALOGUES / "fr" / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale="fr")
    forms = [
        form
        for message in catalogue
        if message.id and not str(message.id).startswith("CANCELLED: ")
        for form in ([message.string] if isinstance(message.string, str) else message.string)
    ]
    loose = re.compile(rf"[^{NBSP}][!?;:](?=\s|$)|«[^{NBSP}]|[^{NBSP}]»")
    assert [form for form in forms if loose.search(form)] == []
