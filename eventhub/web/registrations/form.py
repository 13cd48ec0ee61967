"""The forms of a registration. What is typed goes to the service as it is: it decides."""

from collections.abc import Mapping

from flask_babel import gettext
from wtforms import BooleanField, EmailField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired

from eventhub.events import words
from eventhub.events.models import Event
from eventhub.i18n import event_when
from eventhub.registrations import rules
from eventhub.web.forms import Form, lazy_gettext


class PlaceForm(Form):
    """How one takes part: mode and cohort, where there is a choice."""

    mode = RadioField(lazy_gettext("How will you take part?"), [InputRequired()])
    cohort = RadioField(lazy_gettext("Which group?"), [InputRequired()])

    def offer(self, event: Event) -> None:
        """Offer what an event has; a field without a choice goes."""
        modes = rules.modes(event)
        if len(modes) > 1:
            self.mode.choices = [(mode, words.mode(mode)) for mode in modes]
        else:
            del self.mode
        if event.cohorts:
            self.cohort.choices = [(cohort.public_id, cohort.name) for cohort in event.cohorts]
        else:
            del self.cohort

    def chosen(self, name: str) -> str:
        """Return what was chosen in a field; "" when there is no such choice."""
        return str(self[name].data or "") if name in self else ""


class RegisterForm(PlaceForm):
    """Who registers. ``website`` is a trap for robots, ``form_key`` the form's own key."""

    name = StringField(lazy_gettext("Your name"), [InputRequired()])
    email = EmailField(lazy_gettext("E-mail address"), [InputRequired()])
    organisation = StringField(lazy_gettext("Organisation"))
    website = StringField(lazy_gettext("Leave this field empty"))
    form_key = HiddenField()


class ChangeForm(PlaceForm):
    """What somebody may change in their registration."""

    name = StringField(lazy_gettext("Your name"), [InputRequired()])
    organisation = StringField(lazy_gettext("Organisation"))
    wait = BooleanField(lazy_gettext("I give up my present place and wait for one there"))


class LinkForm(Form):
    """To which address the links of its registrations go."""

    email = EmailField(lazy_gettext("E-mail address"), [InputRequired()])


def places_words(event: Event) -> Mapping[str, str]:
    """Return what to know of each choice: a cohort's dates, how many places are left."""
    found = {}
    if len(rules.modes(event)) > 1 and not event.cohorts:
        for mode in rules.modes(event):
            found[mode] = _left(rules.places_left(event, mode))
    for cohort in event.cohorts:
        dates = [event_when(item) for item in cohort.sessions]
        left = _left(rules.places_left(event, "", cohort))
        found[cohort.public_id] = " · ".join(part for part in (*dates, left) if part)
    return found


def _left(left: int | None) -> str:
    if left is None:
        return ""
    if left == 0:
        return gettext("Full: you will be on the waitlist")
    if left == 1:
        return gettext("1 place left")
    return gettext("%(count)s places left", count=left)
