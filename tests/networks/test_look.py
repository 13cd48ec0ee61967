"""A network's colour always reads, whatever an organiser picks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventhub.networks import look
from tests import factories

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colours)
def test_any_colour_becomes_readable_in_both_schemes(colour):
    tones = look.tones(colour)
    assert look.contrast(tones.accent, look.LIGHT_PAGE) >= look.ENOUGH
    assert look.contrast(tones.accent_ink, tones.accent) >= look.ENOUGH
    assert look.contrast(tones.dark_accent, look.DARK_PAGE) >= look.ENOUGH
    assert look.contrast(tones.dark_accent_ink, tones.dark_accent) >= look.ENOUGH


def test_a_colour_that_reads_stays_as_it_was_chosen():
    assert look.tones("#1F5F5B").accent == "#1f5f5b"
    assert look.is_readable("#1F5F5B")


def test_a_pale_colour_is_darkened_and_said_to_be():
    assert not look.is_readable("#ffcc00")


def test_contrast_is_what_wcag_says():
    assert look.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert look.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "#1f5f5b}body{display:none"])
def test_what_is_not_a_colour_is_refused(text):
    with pytest.raises(ValueError, match="not a colour"):
        look.stylesheet(text)


def test_a_network_answers_its_own_colour_as_a_stylesheet(client):
    factories.a_network(slug="tout-petits", accent="#a3285a")
    answer = client.get("/networks/tout-petits/look.css")
    assert answer.mimetype == "text/css"
    assert "--accent:#a3285a;--accent-ink:#ffffff" in answer.text
    assert "prefers-color-scheme:dark" in answer.text


def test_a_network_whose_stored_colour_is_broken_answers_the_default_one(client):
    factories.a_network(slug="casse", accent="red;}")
    answer = client.get("/networks/casse/look.css")
    assert answer.status_code == 200
    assert "red" not in answer.text


def test_the_colour_of_an_unknown_network_is_not_found(client):
    assert client.get("/networks/nulle-part/look.css").status_code == 404
