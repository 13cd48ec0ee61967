"""Our own files are kept by browsers, and replaced when they change."""

import re

import pytest

pytestmark = pytest.mark.database("sqlite")


def test_the_stylesheet_of_a_page_may_be_kept_for_a_year(client):
    page = client.get("/organiser/sign-in").text
    address = re.search(r'href="(/static/css/eventhub\.css\?v=\w{10})"', page)
    assert address is not None
    answer = client.get(address[1])
    assert answer.cache_control.max_age == 365 * 24 * 3600
    assert answer.cache_control.immutable


def test_a_file_asked_for_without_its_mark_is_checked_again_each_time(client):
    answer = client.get("/static/css/eventhub.css")
    assert answer.cache_control.no_cache


def test_the_font_that_a_page_preloads_is_the_one_its_stylesheet_names(client):
    page = client.get("/organiser/sign-in").text
    address = re.search(r'rel="preload" href="([^"]+)"', page)
    assert address is not None
    answer = client.get(address[1])
    assert answer.status_code == 200
    assert answer.cache_control.max_age == 365 * 24 * 3600
    assert address[1].rpartition("/")[2] in client.get("/static/css/eventhub.css").text
