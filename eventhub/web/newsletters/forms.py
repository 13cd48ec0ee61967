"""Forms of the organisers' pages of newsletters."""

from wtforms import DateField, EmailField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired

from eventhub.web.forms import Form, lazy_gettext, tidy

LANGUAGES = [("fr", lazy_gettext("French")), ("en", lazy_gettext("English"))]


class ComposeForm(Form):
    """Which dates an issue announces."""

    starts_on = DateField(
        lazy_gettext("Events from"), [InputRequired(lazy_gettext("Enter a first day."))]
    )
    ends_on = DateField(lazy_gettext("until"), [InputRequired(lazy_gettext("Enter a last day."))])


class VersionedForm(Form):
    """Base of a change to an issue: it says which version was looked at."""

    version = HiddenField()


class SubjectForm(VersionedForm):
    """The subject of an issue."""

    subject_fr = StringField(
        lazy_gettext("Subject in French"),
        [InputRequired(lazy_gettext("Write a subject in French."))],
        filters=[tidy],
    )
    subject_en = StringField(lazy_gettext("Subject in English"), filters=[tidy])


class TextForm(VersionedForm):
    """The words of a text block (Markdown)."""

    text_fr = TextAreaField(lazy_gettext("Text in French"))
    text_en = TextAreaField(lazy_gettext("Text in English"))


class TrialForm(Form):
    """Where to send a test."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter an e-mail address."))],
        filters=[tidy],
    )
    locale = RadioField(lazy_gettext("Language"), choices=LANGUAGES, default="fr")


class SubscriberForm(Form):
    """Somebody whose consent the network already holds (L6)."""

    email = EmailField(
        lazy_gettext("E-mail address"),
        [InputRequired(lazy_gettext("Enter an e-mail address."))],
        filters=[tidy],
    )
    name = StringField(lazy_gettext("Name"), filters=[tidy])
    locale = RadioField(lazy_gettext("Language"), choices=LANGUAGES, default="fr")
    basis = RadioField(
        lazy_gettext("Why may this person receive it?"),
        choices=[
            ("membership", lazy_gettext("They are a member of the network")),
            ("express", lazy_gettext("They asked for it")),
        ],
        validate_choice=False,
    )
    source = StringField(lazy_gettext("Where does this consent come from?"), filters=[tidy])
