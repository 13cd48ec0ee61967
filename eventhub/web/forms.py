"""What every form shares: tidy text, and a service's refusal beside the field it concerns."""

from typing import Any

import flask_babel
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import Field

from eventhub.errors import Invalid


class Form(FlaskForm):
    """Base of every form. Filled from the request when it is a POST."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)  # type: ignore[no-untyped-call]


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
    """Put each sentence of a refusal on its field, or on the form when no field has that name."""
    for name, sentence in refusal.fields.items():
        words = gettext(sentence, **refusal.values)
        if name in form:
            form[name].errors = [*form[name].errors, words]
        else:
            form.form_errors.append(words)
