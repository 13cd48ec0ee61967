"""The browser that the browser tests stand on."""

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser import PHONE, assert_accessible, assert_no_sideways_scroll

pytestmark = pytest.mark.database("sqlite")


def test_a_page_that_does_not_exist_says_so_and_is_accessible(site: str, page: Page):
    page.set_viewport_size(PHONE)
    page.goto(f"{site}/nowhere")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.lang").startswith("fr")
    assert_accessible(page)
    assert_no_sideways_scroll(page)


def test_the_browser_can_not_leave_this_machine(page: Page):
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")
