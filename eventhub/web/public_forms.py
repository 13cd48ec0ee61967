"""Forms that anybody may fill: a trap that people never see, and the time it took (N9, S6)."""

from datetime import UTC, datetime, timedelta

from wtforms import HiddenField, StringField

from eventhub import clock, tokens
from eventhub.i18n import gettext
from eventhub.web.forms import Form, lazy_gettext

PURPOSE = "form.started"
#: Nobody reads a form, fills it in and sends it in less.
SHORTEST = timedelta(seconds=2)


def stamp() -> str:
    """Return the present moment, signed: a form carries it from its page to its POST."""
    seconds = str(int(clock.now().timestamp()))
    return f"{seconds}.{tokens.digest(PURPOSE, seconds)}"


class PublicForm(Form):
    """Base of a form that needs no account.

    ``is_trapped``: the field that only robots fill was filled; answer as if all were well and do
    nothing.
    """

    website = StringField(lazy_gettext("Leave this field empty"))
    started = HiddenField(default=stamp)

    @property
    def is_trapped(self) -> bool:
        """Whether a robot filled the field that people do not see."""
        return bool(self.website.data)

    def check_pace(self) -> bool:
        """Tell whether the form took a person's time; say on the form to try again otherwise."""
        started_at = _signed_moment(str(self.started.data or ""))
        if started_at is not None and clock.now() - started_at >= SHORTEST:
            return True
        if started_at is None:
            self.started.data = stamp()
        self.form_errors.append(
            gettext("That went very fast. Please check what you typed and press the button again.")
        )
        return False


def _signed_moment(value: str) -> datetime | None:
    seconds, _, mac = value.partition(".")
    if not seconds.isdecimal() or len(seconds) > 12 or mac != tokens.digest(PURPOSE, seconds):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
