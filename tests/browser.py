"""Pages in a real Chromium, and what axe-core says about them."""

import functools
import importlib.resources
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # as root there is none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
]
#: WCAG 2.2 AA and what axe's authors call good practice.
AXE_OPTIONS = {"resultTypes": ["violations"]}


@contextmanager
def chromium(executable: Path) -> Iterator[Browser]:
    """A headless Chromium that can reach this machine only."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=CHROMIUM_ARGUMENTS, headless=True
        )
        yield browser
        browser.close()


def assert_accessible(page: Page) -> None:
    """Fail with what axe-core finds on the page as it is now; it must find nothing."""
    page.evaluate(_axe())
    found: dict[str, Any] = page.evaluate("options => axe.run(document, options)", AXE_OPTIONS)
    report = [
        f"{violation['id']} ({violation['impact']}): {node['html']}\n    {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
    assert not report, f"axe-core on {page.url}:\n" + "\n".join(report)


def assert_no_sideways_scroll(page: Page) -> None:
    """Fail when the page is wider than its window."""
    wider = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert wider <= 0, f"{page.url} is {wider} px wider than its window"


@functools.cache
def _axe() -> str:
    package = importlib.resources.files("axe_playwright_python")
    return package.joinpath("axe.min.js").read_text(encoding="utf-8")
