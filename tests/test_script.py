"""The small script: what it adds for people who have scripts."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

STATIC = Path(__file__).resolve().parent.parent / "eventhub" / "static"
SITE = "http://localhost:1"
FORM = """<form method="post" action="/sent" data-autosave="event-7">
  {summary}
  <input type="hidden" name="csrf_token" value="secret">
  <label for="title">Titre</label><input id="title" name="title" value="{title}">
  <label for="word">Mot de passe</label><input id="word" name="word" type="password">
  <label><input type="checkbox" name="online" value="y"> En ligne</label>
  <button>Enregistrer</button></form>"""
SUMMARY = """<div role="alert" tabindex="-1" data-error-summary>
  <a href="#title">Écrivez un titre</a></div>"""


@pytest.fixture
def pages(page: Page) -> Callable[[str, str], None]:
    """Give a page of an imaginary site its content; the script is the real one."""
    contents: dict[str, str] = {}

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(SITE).split("?")[0]
        if path == "/eventhub.js":
            route.fulfill(path=STATIC / "js" / "eventhub.js", content_type="text/javascript")
            return
        body = contents.get(path, "<p>rien</p>").replace(
            "{query}", route.request.url.partition("?")[2]
        )
        html = f'<!doctype html><html lang="fr-CA"><body>{body}<script src="/eventhub.js"></script>'
        route.fulfill(body=html, content_type="text/html; charset=utf-8")

    page.route(f"{SITE}/**", answer)
    page.on("dialog", lambda dialog: dialog.accept())
    return contents.__setitem__


def type_a_title(page: Page, text: str) -> None:
    """Type, and wait until the browser keeps it."""
    page.get_by_label("Titre").fill(text)
    page.get_by_label("En ligne").check()
    page.wait_for_function("Object.keys(localStorage).length > 0")


def test_text_that_was_not_sent_is_offered_back_after_a_reload(pages, page: Page):
    pages("/form", FORM.format(title="", summary=""))
    page.goto(f"{SITE}/form")
    page.get_by_label("Mot de passe").fill("un secret")
    type_a_title(page, "Grande Matinée")
    page.reload()
    expect(page.get_by_label("Titre")).to_have_value("")
    page.get_by_role("button", name="Reprendre mon texte").click()
    expect(page.get_by_label("Titre")).to_have_value("Grande Matinée")
    expect(page.get_by_label("En ligne")).to_be_checked()
    assert "secret" not in page.evaluate("JSON.stringify(localStorage)")


def test_leaving_with_unsent_text_asks_first(pages, page: Page):
    pages("/form", FORM.format(title="", summary=""))
    page.goto(f"{SITE}/form")
    type_a_title(page, "Forum")
    page.get_by_label("Titre").press("End")
    with page.expect_event("dialog") as asked:
        page.goto(f"{SITE}/elsewhere")
    assert asked.value.type == "beforeunload"


def test_a_form_that_was_sent_is_forgotten(pages, page: Page):
    pages("/form", FORM.format(title="", summary=""))
    page.goto(f"{SITE}/form")
    type_a_title(page, "Forum")
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url(f"{SITE}/sent")
    assert page.evaluate("localStorage.length") == 0


def test_a_form_that_comes_back_with_errors_is_still_kept_and_its_summary_has_the_focus(
    pages, page: Page
):
    pages("/form", FORM.format(title="", summary=""))
    pages("/sent", FORM.format(title="Forum", summary=SUMMARY))
    page.goto(f"{SITE}/form")
    type_a_title(page, "Forum")
    page.get_by_role("button", name="Enregistrer").click()
    page.wait_for_url(f"{SITE}/sent")
    expect(page.get_by_role("alert")).to_be_focused()
    assert page.evaluate("localStorage.length") == 1
    page.get_by_role("link", name="Écrivez un titre").click()
    expect(page.get_by_label("Titre")).to_be_focused()


def test_a_list_answers_as_one_types_and_the_address_follows(pages, page: Page):
    pages(
        "/list",
        """<form data-live-search data-results="#found"><label for="q">Chercher</label>
        <input id="q" name="q"><input name="empty" aria-label="vide"></form>
        <div id="found">{query}</div>""",
    )
    page.goto(f"{SITE}/list")
    page.get_by_label("Chercher").press_sequentially("forum")
    expect(page.locator("#found")).to_have_text("q=forum")
    assert page.url == f"{SITE}/list?q=forum"
    expect(page.get_by_label("Chercher")).to_be_focused()


def test_a_copy_button_appears_and_says_that_it_copied(pages, page: Page):
    pages(
        "/feed",
        """<input id="feed" value="https://example.org/a.ics">
        <button data-copy="#feed" data-copied="Copié" hidden><span>Copier</span></button>""",
    )
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{SITE}/feed")
    page.get_by_role("button", name="Copier").click()
    expect(page.get_by_role("button", name="Copié")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "https://example.org/a.ics"
