"""Rendering: three files become a mail in a reader's language, and ask no one for anything."""

import pytest
from jinja2 import UndefinedError

from eventhub.mail import render

pytestmark = pytest.mark.database("sqlite")

NETWORK = {
    "name": "Réseau <des> centres & amis",
    "from_name": "",
    "postal_address": "100, rue Principale",
    "website": "https://reseau.example",
    "person_in_charge": "Camille",
    "accent": "#1f5f5b",
}


def parts(context, locale: str = "fr", **changed) -> render.Rendered:
    values = {"network": NETWORK, "links": {"home": "https://hub.example/?a=1&b=2"}}
    return render.render_parts("mail/test", locale, values | changed)


def test_a_mail_speaks_its_reader_s_language(context):
    assert parts(context).subject == "EventHub peut vous écrire"
    assert parts(context, "en").subject == "EventHub can write to you"
    assert 'lang="fr-CA"' in parts(context).html


@pytest.mark.requirement("J1")
def test_what_a_person_wrote_is_escaped_in_html_and_left_alone_in_text(context):
    written = 'Léa <b>&"{{ 7 * 7 }} @@x@@ <mj-text>'
    mail = parts(context, network=NETWORK | {"name": written})
    assert "Léa &lt;b&gt;&amp;" in mail.html
    assert "{{ 7 * 7 }}" in mail.html
    assert "<b>" not in mail.html
    assert mail.text.startswith(written)


@pytest.mark.requirement("J3")
def test_no_compiled_mail_holds_an_mjml_tag_or_asks_another_host_for_anything(context):
    html = parts(context).html
    assert "<mj-" not in html
    assert "fonts.googleapis" not in html
    assert "@import" not in html


def test_a_missing_value_stops_the_mail(context):
    with pytest.raises(UndefinedError):
        render.render_parts("mail/test", "fr", {"network": NETWORK})


def test_an_unknown_tag_stops_the_mail(app):
    with pytest.raises(render.RenderError):
        render.compile_mjml("<mjml><mj-body><mj-tex>a</mj-tex></mj-body></mjml>")
    with pytest.raises(render.RenderError):
        render.compile_mjml("<mjml><mj-body><mj-section></mj-body></mjml>")


def test_control_characters_never_reach_a_mail(context):
    mail = parts(context, network=NETWORK | {"name": "Ré\x00se\x0bau\u2028"})
    assert mail.text.startswith("Réseau\n")


def test_every_template_compiles(app):
    render.warm()
