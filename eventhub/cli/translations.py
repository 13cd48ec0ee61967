"""`eventhub translations`: bring both catalogues up to date with the texts in the code."""

from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from eventhub.i18n import CATALOGUES, LOCALES

METHODS = [
    ("**.py", "python"),
    ("**.html", "jinja2"),
    ("**.txt", "jinja2"),
    ("**.mjml", "jinja2"),
]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "msgid": None,
    "ngettext": (1, 2),
    "_l": None,
}


@click.command()
def translations() -> None:
    """Extract the texts and update the French and English catalogues; say what is missing."""
    found = extract()
    for locale in LOCALES:
        missing = _update(CATALOGUES / locale / "LC_MESSAGES" / "messages.po", locale, found)
        click.echo(f"{locale}: {len(found)} texts, {len(missing)} without translation")
        for text in missing:
            click.echo(f"  {text!r}")


def extract() -> Catalog:
    """Return every text of the checkout's code, pages and mails, without translations."""
    root = CATALOGUES.parent.parent
    found = Catalog(charset="utf-8")
    for folder in ("eventhub", "templates", "emails"):
        for _file, _line, message, comments, context in extract_from_dir(
            root / folder,
            method_map=METHODS,
            keywords=KEYWORDS,
            comment_tags=("translators:",),
            directory_filter=lambda path: True,  # Babel skips _layout by default
        ):
            found.add(message, context=context, auto_comments=comments)
    return found


def _update(path: Path, locale: str, found: Catalog) -> list[str]:
    """Write the catalogue of a language; return the texts that have no translation."""
    old = Catalog(locale=locale)
    if path.exists():
        with path.open("rb") as source:
            old = read_po(source, locale=locale)
    new = Catalog(locale=locale, charset="utf-8", fuzzy=False)
    missing = []
    for message in found:
        if not message.id:
            continue
        known = old.get(message.id, message.context)
        text = known.string if known is not None else ""
        if locale == "en" and not _complete(text):
            text = message.id
        new.add(message.id, text, context=message.context)
        if not _complete(text):
            missing.append(str(message.id))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, new, sort_output=True, no_location=True, width=0, omit_header=False)
    return missing


def _complete(text: object) -> bool:
    if isinstance(text, (tuple, list)):
        return bool(text) and all(text)
    return bool(text)
