"""The stylesheet, the icons, the frame of pages and of mails keep their promises."""

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import mjml
import pytest
from flask import render_template_string
from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.loaders import ChoiceLoader
from wtforms import BooleanField, EmailField, Form, RadioField, StringField
from wtforms.validators import InputRequired

from eventhub import i18n
from eventhub.networks.look import contrast

# Nothing here touches the database: once is enough.
pytestmark = pytest.mark.database("sqlite")

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "eventhub" / "static"
CSS = (STATIC / "css" / "eventhub.css").read_text(encoding="utf-8")
PAGES = list((ROOT / "templates").rglob("*.html"))

#: (text, behind it): every pair of tokens that carries words.
PAIRS = [
    ("ink", "paper"), ("ink", "leaf"), ("ink", "sunk"), ("ink-soft", "paper"),
    ("ink-soft", "leaf"), ("ink-soft", "sunk"), ("accent", "paper"), ("accent", "leaf"),
    ("accent", "sunk"), ("accent-ink", "accent"), ("date-ink", "date"), ("date-ink", "paper"),
    ("good", "good-wash"), ("bad", "bad-wash"), ("bad", "leaf"), ("bad", "paper"),
    ("ink", "good-wash"), ("ink", "bad-wash"),
]  # fmt: skip


def tokens(scheme: str) -> dict[str, str]:
    """The colours of the light scheme, or of the dark one."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, flags=re.DOTALL)
    light = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0]))
    dark = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[1]))
    return light if scheme == "light" else {**light, **dark}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "behind"), PAIRS)
def test_words_read_on_their_surface(scheme, text, behind):
    colours = tokens(scheme)
    assert contrast(colours[text], colours[behind]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("behind", ["paper", "leaf"])
def test_the_border_of_a_field_is_seen(scheme, behind):
    colours = tokens(scheme)
    assert contrast(colours["edge"], colours[behind]) >= 3


def test_every_file_the_stylesheet_names_is_shipped():
    named = re.findall(r'url\("\.\./([^"]+)"\)', CSS)
    assert named
    assert [name for name in named if not (STATIC / name).is_file()] == []


def test_each_font_ships_with_its_licence():
    families = {path.name.split("-latin")[0] for path in (STATIC / "fonts").glob("*.woff2")}
    for family in families:
        licence = STATIC / "fonts" / f"{family}-OFL.txt"
        assert "SIL Open Font License" in licence.read_text(encoding="utf-8")


def test_every_icon_that_a_page_names_is_drawn():
    drawn = set(re.findall(r'^  "([\w-]+)":', (ROOT / "templates/_layout/icons.html").read_text(
        encoding="utf-8"), flags=re.MULTILINE))  # fmt: skip
    named = {
        (page.name, name)
        for page in PAGES
        for name in re.findall(
            r'(?:\bicon\(|icon_name=)"([\w-]+)"', page.read_text(encoding="utf-8")
        )
    }
    assert {(page, name) for page, name in named if name not in drawn} == set()


def an_event(**named: object) -> SimpleNamespace:
    """An event as pages see it."""
    values: dict[str, object] = {
        "title": "Grande Matinée", "kind": "grande_matinee", "slug": "grande-matinee",
        "starts_on": date(2026, 11, 25), "ends_on": date(2026, 11, 25), "starts_at": None,
        "ends_at": None, "time_zone": "America/Toronto", "month": None, "state": "published",
        "date_status": "confirmed", "mode": "in_person", "audience": "public",
        "venue_name": "Centre Lebourgneuf", "network": SimpleNamespace(name="Tout-petits"),
    }  # fmt: skip
    return SimpleNamespace(**{**values, **named})


def drawn_date(app, **named: object) -> str:
    """The text of a date block."""
    source = '{% from "_layout/date_block.html" import date_block %}{{ date_block(event) }}'
    with app.test_request_context("/"):
        html = render_template_string(source, event=an_event(**named))
    return re.sub(r"[ \n]+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_date_block_says_the_day_at_a_glance_and_the_whole_phrase_to_a_screen_reader(app):
    text = drawn_date(app)
    assert "le mercredi 25\u00a0novembre 2026" in text
    assert "mer." in text
    assert "nov." in text


def test_a_date_block_of_a_week_shows_both_days(app):
    text = drawn_date(app, starts_on=date(2026, 11, 22), ends_on=date(2026, 11, 28))
    assert "22–28" in text


def test_a_date_block_across_two_months_says_until_when(app):
    text = drawn_date(app, starts_on=date(2026, 12, 1), ends_on=date(2027, 1, 31))
    assert "au 31\u00a0janv." in text


def test_a_date_block_without_a_date_says_to_be_confirmed_and_its_month(app):
    text = drawn_date(
        app, starts_on=None, ends_on=None, month="2027-02", date_status="to_be_confirmed"
    )
    assert "à confirmer" in text
    assert "févr. 2027" in text


def test_a_date_block_of_a_cancelled_event_says_so(app):
    assert "annulé" in drawn_date(app, state="cancelled")


class RegistrationForm(Form):
    """A form with one field of each sort that needs care."""

    name = StringField("Nom", [InputRequired("Écrivez votre nom.")])
    email = EmailField("Courriel", [InputRequired("Écrivez votre courriel.")], description="Aide")
    mode = RadioField("Mode", [InputRequired("Choisissez.")], choices=["a", "b"])
    news = BooleanField("Infolettre")


def drawn_form(app, source: str, form: Form) -> str:
    """What the form macros make of a form."""
    head = '{% import "_layout/forms.html" as forms %}'
    with app.test_request_context("/"):
        return render_template_string(head + source, form=form)


@pytest.mark.requirement("S7")
def test_the_error_summary_is_focusable_and_leads_to_each_field(app):
    form = RegistrationForm()
    form.validate()
    html = drawn_form(app, "{{ forms.error_summary(form) }}", form)
    assert 'role="alert" tabindex="-1"' in html
    assert re.findall(r'href="#([\w-]+)"', html) == ["name", "email", "mode-0"]


@pytest.mark.requirement("S7")
def test_a_field_is_described_by_its_help_and_its_error(app):
    form = RegistrationForm()
    form.validate()
    html = drawn_form(app, '{{ forms.field(form.email, autocomplete="email") }}', form)
    assert 'aria-describedby="email-help email-error"' in html
    assert 'aria-invalid="true"' in html
    assert 'autocomplete="email"' in html


def test_a_form_without_errors_has_no_summary_and_marks_what_is_optional(app):
    form = RegistrationForm()
    html = drawn_form(app, "{{ forms.error_summary(form) }}{{ forms.field(form.news) }}", form)
    assert "error-summary" not in html
    assert "checked" not in html
    assert "(facultatif)" in drawn_form(app, "{{ forms.field(form.name) }}", NicknameForm())


class NicknameForm(Form):
    """One field that may stay empty."""

    name = StringField("Surnom")


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 422, 429, 500])
@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_an_error_page_says_what_to_do_next(app, status, locale):
    source = '{% include "errors/error.html" %}'
    with app.test_request_context(f"/?lang={locale}"):
        html = render_template_string(source, status=status)
    assert f'lang="{locale}-CA"' in html
    assert html.count("<h1>") == 1
    assert f"{status}" in html
    assert 'href="/events/"' in html


MAIL = {
    "body.mjml": """{% extends "_layout/mail.mjml" %}
{% import "_layout/pieces.mjml" as mail with context %}
{% block title %}{{ words }}{% endblock %}{% block preview %}{{ words }}{% endblock %}
{% block body %}{{ mail.heading(words) }}{{ mail.subheading(words) }}{{ mail.text(words) }}
{{ mail.small(words) }}{{ mail.note(words) }}{{ mail.facts([(words, words)]) }}
{{ mail.event_block(event, "https://example.org/e", extra=words) }}{{ mail.divider() }}
{{ mail.link_line(words, "https://example.org/l") }}
{{ mail.button(words, "https://example.org/b", show_address=true) }}{% endblock %}
{% block why %}{{ words }}{% endblock %}""",
    "body.txt": """{% extends "_layout/mail.txt" %}
{% import "_layout/pieces.txt" as mail with context %}
{% block body %}{{ mail.event_block(event, "https://example.org/e") }}
{{ mail.action(words, "https://example.org/b") }}{% endblock %}""",
}
NASTY = 'Un <b>&"{{ 7 * 7 }}" @@tout@@'


def mail_part(name: str, event: SimpleNamespace, locale: str = "fr", trim: bool = True) -> str:
    """A mail made of every piece, whose words hold everything that could break it."""
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(ROOT / "emails"), DictLoader(MAIL)]),
        autoescape=lambda template: str(template).endswith(".mjml"),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=trim,
        lstrip_blocks=trim,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        i18n.translations_for(locale), newstyle=True
    )
    environment.filters.update(i18n.DATE_FILTERS)
    return environment.get_template(name).render(
        locale=locale, event=event, words=NASTY, links={"unsubscribe": "https://example.org/u"},
        network={
            "name": "Tout-petits", "from_name": "Infolettre", "accent": "#1f5f5b",
            "postal_address": "1, rue des Érables\nQuébec", "person_in_charge": "Marie Roy",
            "website": "https://example.org/",
        },
    )  # fmt: skip


EVENTS = {
    "dated": {},
    "a week": {"ends_on": date(2026, 11, 28)},
    "two months": {"ends_on": date(2027, 1, 31)},
    "month only": {"starts_on": None, "ends_on": None, "month": "2027-02",
                   "date_status": "to_be_confirmed"},
    "no date": {"starts_on": None, "ends_on": None, "date_status": "to_be_confirmed"},
    "cancelled": {"state": "cancelled"},
}  # fmt: skip


@pytest.mark.requirement("J1", "J3", "J5", "J8")
@pytest.mark.parametrize("named", EVENTS.values(), ids=EVENTS)
@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_piece_of_a_mail_compiles_and_escapes_what_people_typed(app, named, locale):
    with app.test_request_context("/"):
        source = mail_part("body.mjml", an_event(**named), locale)
    html = mjml.mjml2html(source, fonts={}, disable_comments=True)
    assert "<mj-" not in html
    assert "Un <b>" not in html
    assert "49" not in html
    assert f'lang="{locale}-CA"' in html
    assert html.count("<h1") == 1
    assert "https://example.org/u" in html
    assert sum(map(len, re.findall(r"<style.*?</style>", html, flags=re.DOTALL))) < 8192
    outside = set(re.findall(r'(?:src|href)="(https?://[^/"]+)', html))
    assert outside == {"https://example.org"}
    assert all(int(size) >= 14 for size in re.findall(r"font-size:(\d+)px", html) if int(size) > 1)


@pytest.mark.requirement("J7", "L1")
@pytest.mark.parametrize("trim", [True, False])
def test_the_text_part_carries_links_on_lines_of_their_own_and_the_senders_address(app, trim):
    with app.test_request_context("/"):
        lines = mail_part("body.txt", an_event(), trim=trim).splitlines()
    for line in ("https://example.org/e", "https://example.org/b", "https://example.org/u"):
        assert line in lines
    assert "1, rue des Érables" in lines
    assert lines[0] == "Tout-petits"
