"""Rendering: a message's three files become a subject, a text and an HTML document.

The templates of ``emails/`` have their own Jinja environment: Flask's would not escape MJML.
What a person wrote is only ever a value, never a template.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from mjml import mjml2html

from eventhub import i18n
from eventhub.mail.message import Message
from eventhub.settings import tree

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")


class RenderError(Exception):
    """A template can't become a mail. The message names the template, no personal data."""


@dataclass(frozen=True)
class Rendered:
    """One mail in one language."""

    subject: str
    text: str
    html: str


def render(message: Message) -> Rendered:
    """Return a message as its recipient reads it. Raises RenderError, or Jinja's errors."""
    return render_parts(message.name, message.locale, message.values)


def render_parts(name: str, locale: str, values: Mapping[str, Any]) -> Rendered:
    """Return the three files of ``emails/<name>/`` in a language.

    Raises RenderError when the MJML does not compile, and UndefinedError when a template asks
    for a value that is missing.
    """
    environment = _environment(locale)
    with i18n.in_locale(locale):
        subject, text, mjml = (
            environment.get_template(f"{name}/{file}").render({"locale": locale, **values})
            for file in ("subject.txt", "body.txt", "body.mjml")
        )
    return Rendered(
        subject=re.sub(r"[ \t\r\n]+", " ", subject).strip(" "),
        text=re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip() + "\n",
        html=compile_mjml(mjml, name),
    )


def compile_mjml(mjml: str, name: str = "") -> str:
    """Return MJML as HTML that asks no other host for anything. Raises RenderError."""
    try:
        html = mjml2html(mjml, fonts={}, disable_comments=True, social_icon_origin="")
    except ValueError as error:
        raise RenderError(f"{name}: {error}") from None
    if "<mj-" in html or "<body" not in html:
        raise RenderError(f"{name}: an MJML tag was not understood")
    return html


def warm() -> None:
    """Compile every template once, so that processes forked from here share the result."""
    for locale in i18n.LOCALES:
        environment = _environment(locale)
        for name in environment.list_templates():
            environment.get_template(name)


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(tree("emails")),
        autoescape=select_autoescape(enabled_extensions=("mjml",), default=False),
        undefined=StrictUndefined,
        finalize=_without_controls,
        extensions=["jinja2.ext.i18n"],
        cache_size=-1,
        auto_reload=False,
    )
    catalogue = i18n.translations_for(locale)
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        catalogue, newstyle=True
    )
    environment.filters.update(i18n.DATE_FILTERS)
    environment.globals["current_locale"] = i18n.current_locale
    return environment


def _without_controls(value: Any) -> Any:
    """Drop control characters, which no XML may hold, from what is written out."""
    if isinstance(value, str) and _CONTROLS.search(value):
        return type(value)(_CONTROLS.sub("", value))
    return value
