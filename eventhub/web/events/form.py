"""The form of an event: every field, its rows of sessions and groups, and its values."""

from dataclasses import MISSING, fields
from typing import Any

import wtforms
from flask_babel import gettext
from wtforms import (
    BooleanField,
    FieldList,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    URLField,
)
from wtforms.validators import InputRequired

from eventhub.events.models import KINDS
from eventhub.events.service import CohortValues, EventValues, SessionValues
from eventhub.web.fields import DateField, NumberField, PriceField, TimeField, TypedField
from eventhub.web.forms import Form, lazy_gettext, text, tidy

TIME_ZONES = (
    ("America/Toronto", lazy_gettext("Eastern time (most of Québec)")),
    ("America/Halifax", lazy_gettext("Atlantic time (Îles-de-la-Madeleine)")),
    ("America/Blanc-Sablon", lazy_gettext("Atlantic standard time (Lower North Shore)")),
    ("America/Winnipeg", lazy_gettext("Central time")),
    ("America/Edmonton", lazy_gettext("Mountain time")),
    ("America/Vancouver", lazy_gettext("Pacific time")),
)
_LINE: dict[str, Any] = {"filters": [tidy]}
_NEEDED = [InputRequired(lazy_gettext("Choose one of the proposed answers."))]


class MonthField(TypedField):
    """A month, "2027-02"."""

    widget = wtforms.widgets.MonthInput()

    def read(self, typed: str) -> str:
        """Return it as typed: the service knows what a month is."""
        return typed


class SessionForm(wtforms.Form):
    """One date of an event that has several."""

    public_id = HiddenField()
    starts_on = DateField(lazy_gettext("Date"))
    start_time = TimeField(lazy_gettext("Begins at"))
    end_time = TimeField(lazy_gettext("Ends at"))
    ends_on = DateField(lazy_gettext("Last day"))
    title_fr = StringField(lazy_gettext("Theme in French"), **_LINE)
    title_en = StringField(lazy_gettext("Theme in English"), **_LINE)


class CohortForm(wtforms.Form):
    """A group, its places and its dates."""

    public_id = HiddenField()
    name_fr = StringField(lazy_gettext("Name of the group, in French"), **_LINE)
    name_en = StringField(lazy_gettext("Name in English"), **_LINE)
    places = NumberField(lazy_gettext("Places"))
    places_online = NumberField(lazy_gettext("Places online"))
    sessions = FieldList(FormField(SessionForm))


class EventForm(Form):
    """An event, its fields in the order of the page.

    ``version`` is the one that the person saw: two people may edit at once.
    """

    version = HiddenField()
    network = SelectField(lazy_gettext("Which network organises it?"), _NEEDED, choices=[])
    title_fr = StringField(
        lazy_gettext("Title in French"),
        [InputRequired(lazy_gettext("Enter the title in French."))],
        **_LINE,
    )
    kind = SelectField(
        lazy_gettext("Kind of event"), _NEEDED, choices=[(kind, kind) for kind in KINDS]
    )
    series = StringField(lazy_gettext("Series"), **_LINE)
    description_fr = TextAreaField(lazy_gettext("Text in French"))
    date_status = RadioField(
        lazy_gettext("Is the date certain?"),
        _NEEDED,
        choices=[
            ("confirmed", lazy_gettext("Yes, the date is set")),
            ("to_be_confirmed", lazy_gettext("Not yet: date to be confirmed")),
        ],
    )
    starts_on = DateField(lazy_gettext("Date"))
    start_time = TimeField(lazy_gettext("Begins at"))
    end_time = TimeField(lazy_gettext("Ends at"))
    ends_on = DateField(lazy_gettext("Last day"))
    month = MonthField(lazy_gettext("Month"))
    sessions = FieldList(FormField(SessionForm))
    cohorts = FieldList(FormField(CohortForm))
    time_zone = SelectField(lazy_gettext("Time zone"), _NEEDED, choices=TIME_ZONES)
    mode = RadioField(
        lazy_gettext("How does one take part?"),
        _NEEDED,
        choices=[
            ("in_person", lazy_gettext("In person")),
            ("online", lazy_gettext("Online")),
            ("hybrid", lazy_gettext("In person or online")),
        ],
    )
    venue_name = StringField(lazy_gettext("Name of the place"), **_LINE)
    venue_address = StringField(lazy_gettext("Address of the place"), **_LINE)
    join_url = URLField(lazy_gettext("Link to join online"), **_LINE)
    audience = RadioField(
        lazy_gettext("Who can see it and register?"),
        _NEEDED,
        choices=[
            ("public", lazy_gettext("Everyone")),
            ("members", lazy_gettext("The members who receive its link")),
            ("private", lazy_gettext("Only the organisers")),
        ],
    )
    registration_open = BooleanField(lazy_gettext("People register here"))
    places = NumberField(lazy_gettext("Number of places"))
    places_online = NumberField(lazy_gettext("Number of places online"))
    price = PriceField(lazy_gettext("Price in dollars"))
    registration_opens_on = DateField(lazy_gettext("Opens on"))
    registration_opens_time = TimeField(lazy_gettext("at"))
    registration_closes_on = DateField(lazy_gettext("Closes on"))
    registration_closes_time = TimeField(lazy_gettext("at"))
    confirm_address = RadioField(
        lazy_gettext("Must people confirm their address before they have a place?"),
        _NEEDED,
        choices=[
            ("never", lazy_gettext("No, their place is theirs at once")),
            ("when_scarce", lazy_gettext("Only when few places are left")),
            ("always", lazy_gettext("Yes, always")),
        ],
    )
    title_en = StringField(lazy_gettext("Title in English"), **_LINE)
    description_en = TextAreaField(lazy_gettext("Text in English"))


def fill(form: EventForm, values: EventValues) -> None:
    """Show values in a form."""
    for name in _PLAIN:
        form[name].data = getattr(values, name)
    form.price.data = values.price_cents
    for session in values.sessions:
        form.sessions.append_entry(_shown(session))
    for cohort in values.cohorts:
        shown = {name: getattr(cohort, name) for name in _OF_COHORT}
        form.cohorts.append_entry(shown | {"sessions": [_shown(s) for s in cohort.sessions]})


def values_in(form: EventForm) -> EventValues:
    """Return what was typed. Rows of dates that were left empty are not there."""
    plain = {name: form[name].data for name in _PLAIN}
    return EventValues(
        **{name: value if value is not None else _DEFAULTS[name] for name, value in plain.items()},
        price_cents=form.price.data,
        sessions=_sessions(form.sessions),
        cohorts=tuple(
            CohortValues(
                public_id=text(entry.form.public_id),
                name_fr=text(entry.form.name_fr),
                name_en=text(entry.form.name_en),
                places=entry.form.places.data,
                places_online=entry.form.places_online.data,
                sessions=_sessions(entry.form.sessions),
            )
            for entry in form.cohorts
        ),
    )


def differences(form: EventForm, theirs: EventValues) -> list[tuple[str, str, str]]:
    """Return what a saved version says otherwise than the form: field, label, value in words."""
    mine = values_in(form)
    found = [
        (name, _label(form, name), _in_words(form[name], getattr(theirs, name)))
        for name in _PLAIN
        if getattr(mine, name) != getattr(theirs, name)
    ]
    if mine.price_cents != theirs.price_cents:
        found.append(("price", _label(form, "price"), _in_words(form.price, theirs.price_cents)))
    if (mine.sessions, mine.cohorts) != (theirs.sessions, theirs.cohorts):
        found.append(("sessions", gettext("Dates and groups"), gettext("changed")))
    return found


def _label(form: EventForm, name: str) -> str:
    return str(form[name].label.text)


def _in_words(field: Any, value: Any) -> str:
    if value is None or value == "":
        return gettext("(nothing)")
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(field, TypedField):
        return field.show(value)
    return str(dict(getattr(field, "choices", None) or ()).get(value, value))


def change_rows(form: EventForm, action: str) -> str:
    """Add or remove a row of dates or a group, as a button asked; return the row's id, to show.

    ``action``: "add:sessions", "add:cohorts", "add:cohorts-1-sessions" or "remove:<row>". The
    first row takes over the date that was typed for the event.
    """
    verb, _, name = action.partition(":")
    if verb == "add":
        rows = _rows(form, name)
        return _add(form, rows) if rows is not None else ""
    for rows in _all_rows(form):
        gone = [entry for entry in rows.entries if entry.name == name]
        _keep(rows, [entry for entry in rows.entries if entry not in gone])
        if gone and not form.sessions.entries and not form.cohorts.entries:
            _take_back(form, gone[0])
    return ""


def drop_empty_rows(form: EventForm) -> None:
    """Forget the rows in which nothing was typed."""
    for rows in _all_rows(form):
        if rows is not form.cohorts:
            _keep(rows, [entry for entry in rows.entries if not _is_empty(entry)])


def _add(form: EventForm, rows: Any) -> str:
    first: dict[str, Any] = {}
    if not form.sessions.entries and not form.cohorts.entries:
        first = {name: form[name].data for name in _WHEN}
    if rows is form.cohorts:
        entry = rows.append_entry({"sessions": [first]})
    else:
        entry = rows.append_entry(first)
        if first:
            entry = rows.append_entry()
    return str(entry.id)


def _take_back(form: EventForm, entry: Any) -> None:
    """Give the event the date of its last row, which goes."""
    dates = [entry, *(entry.form.sessions if "sessions" in entry.form else ())]
    for name in _WHEN:
        found = [row.form[name].data for row in dates if name in row.form]
        form[name].data = next((value for value in found if value is not None), None)
        form[name].raw_data = None


def _keep(rows: Any, entries: list[Any]) -> None:
    """Keep these rows of a list, numbered from 0: the numbers are their names on the page."""
    rows.entries = entries
    rows.last_index = len(entries) - 1
    for number, entry in enumerate(entries):
        _rename(entry, entry.name, f"{rows.name}-{number}")


def _rename(field: Any, old: str, new: str) -> None:
    for part in _parts(field):
        _rename(part, old, new)
    field.name = field.id = new + field.name.removeprefix(old)
    field.label.field_id = field.id


def _parts(field: Any) -> list[Any]:
    """Return the fields inside a field."""
    if isinstance(field, FormField):
        return list(field.form)
    return list(field.entries) if isinstance(field, FieldList) else []


def _rows(form: EventForm, name: str) -> Any:
    return next((rows for rows in _all_rows(form) if rows.name == name), None)


def _all_rows(form: EventForm) -> list[Any]:
    return [form.sessions, form.cohorts, *(entry.form.sessions for entry in form.cohorts)]


def _is_empty(entry: Any) -> bool:
    typed = [field for field in entry.form if field.short_name != "public_id"]
    return not any(field.raw_data and field.raw_data[0] for field in typed)


def _sessions(rows: Any) -> tuple[SessionValues, ...]:
    return tuple(
        SessionValues(
            public_id=text(entry.form.public_id),
            title_fr=text(entry.form.title_fr),
            title_en=text(entry.form.title_en),
            **{name: entry.form[name].data for name in _WHEN},
        )
        for entry in rows
    )


def _shown(session: SessionValues) -> dict[str, Any]:
    return {name: getattr(session, name) for name in ("public_id", "title_fr", "title_en", *_WHEN)}


_DEFAULTS: dict[str, Any] = {
    item.name: item.default for item in fields(EventValues) if item.default is not MISSING
}
_WHEN = ("starts_on", "start_time", "ends_on", "end_time")
_OF_COHORT = ("public_id", "name_fr", "name_en", "places", "places_online")
_PLAIN = tuple(
    item.name
    for item in fields(EventValues)
    if item.name not in {"sessions", "cohorts", "price_cents", "invented"}
)
