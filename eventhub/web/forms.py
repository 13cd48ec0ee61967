"""What every form shares: tidy text, and a service's refusal beside the field it concerns."""

from collections.abc import Iterable
from typing import Any

import flask_babel
from flask import request
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, FormField
from wtforms.form import BaseForm

from eventhub.errors import Invalid


class Form(FlaskForm):
    """Base of every form. Filled from the request when it is a POST."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)  # type: ignore[no-untyped-call]

    @property
    def resumed(self) -> bool:
        """Whether it only comes back after a session ended: to be shown, not saved."""
        return "resume" in request.form


def lazy_gettext(text: str) -> str:
    """Mark the text of a form: it is translated when the page is made (typed as WTForms asks)."""
    return flask_babel.lazy_gettext(text)  # type: ignore[return-value]


def tidy(value: Any) -> Any:
    """Filter of a one-line field: no spaces around, and one line."""
    return " ".join(value.split()) if isinstance(value, str) else value


def text(field: Field) -> str:
    """Return what was typed in a field; "" when nothing was."""
    return str(field.data) if field.data else ""


def refuse(form: Form, refusal: Invalid) -> None:
    """Put each sentence of a refusal on its field, or on the form when no field has that name.

    "sessions-1-starts_on" is the field of the second entry of a list, by its place. A field
    that could not be read has said so already.
    """
    for name, sentence in refusal.fields.items():
        words = gettext(sentence, **refusal.values)
        if not _put(form, name.split("-"), words):
            form.form_errors.append(words)


def _put(form: BaseForm, path: list[str], words: str) -> bool:
    """Put an error at the end of a path of names and places; False when nothing is there."""
    if path[0] not in form:
        return False
    field = form[path[0]]
    if len(path) == 1:
        field.errors = field.errors or [words]
        return True
    if not isinstance(field, FieldList) or len(path) < 3:
        return False
    entry = _at(field.entries, path[1])
    if not isinstance(entry, FormField) or not _put(entry.form, path[2:], words):
        return False
    field.errors = [*field.errors, words]
    return True


def _at(entries: Iterable[Any], place: str) -> Any:
    return dict(enumerate(entries)).get(int(place)) if place.isdigit() else None
