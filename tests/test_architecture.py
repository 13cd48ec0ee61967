"""What the layers of imports can't show: each of these is a rule that CONTRIBUTING.md names."""

import ast
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import mjml
import pytest
from babel.messages.pofile import read_po
from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from eventhub import links
from eventhub.cli.translations import extract
from eventhub.i18n import CATALOGUES, LOCALES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "eventhub"
PAGES, MAILS = ROOT / "templates", ROOT / "emails"
MODULES = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]
TREES = {"eventhub", "templates", "emails", "tests", "bench"}
VAGUE = {"utils", "util", "helpers", "common", "misc", "shared", "base"}
MOST_LINES = 400
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
#: What a page may not hold: the Content-Security-Policy refuses it, or it calls a third party.
FORBIDDEN_IN_PAGES = {
    "an inline style": re.compile(r"\sstyle\s*="),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
    "an inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']"),
    "a third party's file": re.compile(r"(src|srcset)\s*=\s*[\"']https?:|<link[^>]*https?:"),
}
THIRD_PARTY_IN_CSS = re.compile(r"(@import|url\()\s*[\"']?(https?:)?//")


def relative(path: Path) -> str:
    """How a failure names a file."""
    return str(path.relative_to(ROOT))


def trees(paths: list[Path]) -> Iterator[tuple[str, ast.Module]]:
    """The parsed modules, with their names."""
    for path in paths:
        yield relative(path), ast.parse(path.read_text(encoding="utf-8"))


def folders(parent: Path) -> list[Path]:
    """The subjects of a tree."""
    if not parent.is_dir():
        return []
    return [path for path in parent.iterdir() if path.is_dir() and path.name != "_layout"]


def subjects() -> set[str]:
    """The words that name a domain or a module of the web."""
    domains = {path.name for path in folders(PACKAGE) if (path / "__init__.py").exists()}
    return domains | {path.stem for path in (PACKAGE / "web").iterdir()}


def test_only_the_database_module_commits():
    committing = {
        name
        for name, tree in trees(MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    }
    assert committing == {"eventhub/db.py"}


def test_no_model_is_queried_through_its_class():
    queried = {
        f"{name}: {node.value.id}.query"
        for name, tree in trees(MODULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "query"
        and isinstance(node.value, ast.Name)
        and node.value.id[:1].isupper()
    }
    assert not queried


def test_no_module_is_longer_than_a_reader_can_hold():
    lengths = {relative(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert not {relative(path) for path in MODULES if path.stem in VAGUE}
    assert not {relative(path.parent) for path in MODULES if path.parent.name in VAGUE}


def test_nothing_is_marked_as_unfinished():
    suffixes = {".py", ".html", ".mjml", ".txt", ".css", ".js"}
    marked = {
        relative(path)
        for tree in TREES
        for path in (ROOT / tree).rglob("*")
        if path.suffix in suffixes and path != Path(__file__)
        if UNFINISHED.search(path.read_text(encoding="utf-8"))
    }
    assert not marked


def test_every_public_function_says_what_it_does():
    silent = {
        f"{name}: {node.name}"
        for name, tree in trees(MODULES)
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and ast.get_docstring(node) is None
    }
    assert not silent


def test_every_folder_of_pages_and_of_mails_is_a_subject():
    words = {path.name for path in [*folders(PAGES), *folders(MAILS)]}
    assert words <= subjects()


def test_every_mail_has_its_three_files():
    incomplete = {
        relative(mail)
        for subject in folders(MAILS)
        for mail in folders(subject)
        if {path.name for path in mail.iterdir()} != {"subject.txt", "body.txt", "body.mjml"}
    }
    assert not incomplete


@pytest.mark.requirement("L11")
def test_no_page_holds_an_inline_script_or_style_or_calls_a_third_party():
    found = {
        f"{relative(path)}: {what}"
        for path in PAGES.rglob("*.html")
        for what, pattern in FORBIDDEN_IN_PAGES.items()
        if pattern.search(path.read_text(encoding="utf-8"))
    }
    sheets = (PACKAGE / "static").rglob("*.css")
    found |= {relative(path) for path in sheets if THIRD_PARTY_IN_CSS.search(path.read_text())}
    assert not found


@pytest.mark.database("sqlite")
def test_every_link_that_leaves_matches_a_page(make_app: Callable[..., Flask]):
    app = make_app(local_mailbox=True)
    routes = app.url_map.bind("localhost")
    dead = {}
    with app.app_context():
        for name, link in inspect.getmembers(links, inspect.isfunction):
            if link.__module__ != links.__name__ or name.startswith("_"):
                continue
            url = link(
                *[
                    f"{parameter.name}-1"
                    for parameter in inspect.signature(link).parameters.values()
                    if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
                    and parameter.default is parameter.empty
                ]
            )
            path = url.removeprefix("http://localhost").partition("?")[0]
            try:
                routes.match(path, method="GET")
            except RequestRedirect as redirect:
                dead[name] = f"{path} redirects to {redirect.new_url}"
            except HTTPException:
                dead[name] = path
    assert not dead


def test_the_catalogue_of_each_language_is_complete():
    texts = [message for message in extract() if message.id]
    missing, unlike = [], []
    for locale in LOCALES:
        with (CATALOGUES / locale / "LC_MESSAGES" / "messages.po").open("rb") as source:
            catalogue = read_po(source, locale=locale)
        for message in texts:
            known = catalogue.get(message.id, message.context)
            strings = known.string if known is not None else ""
            strings = [strings] if isinstance(strings, str) else list(strings)
            identifiers = [message.id] if isinstance(message.id, str) else list(message.id)
            if not all(strings) or known.fuzzy:
                missing.append((locale, message.id))
                continue
            wanted = set(PLACEHOLDER.findall(" ".join(identifiers)))
            if set(PLACEHOLDER.findall(" ".join(strings))) != wanted:
                unlike.append((locale, message.id))
    assert not missing, "run `python -m eventhub translations`, then fill these in"
    assert not unlike, "the translation has other placeholders than the text"


@pytest.mark.requirement("J9")
def test_mjml_comes_from_mjml_python():
    owners = importlib.metadata.packages_distributions()["mjml"]
    assert set(owners) == {"mjml-python"}
    assert mjml.mjml2html("<mjml><mj-body></mj-body></mjml>").startswith("<!doctype html>")
