"""The logs name pages, never people: no address, token, query or message of an error."""

import json
import logging

import pytest
import structlog
from flask import Flask

from eventhub import logs

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def lines(app: Flask, capsys: pytest.CaptureFixture[str]):
    def read() -> list[dict[str, object]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return read


def test_a_request_is_logged_by_its_route_alone(app: Flask, lines):
    app.test_client().get("/registrations/s3cr3t-token?email=lea@example.org")
    app.test_client().get("/calendars/lea.ics?key=s3cr3t")
    logged = [line for line in lines() if line["event"] == "request"]
    assert [(line["method"], line["status"]) for line in logged][-1] == ("GET", 404)
    assert all("ms" in line for line in logged)
    assert "s3cr3t" not in json.dumps(logged)
    assert "lea" not in json.dumps(logged)


def test_an_error_is_logged_as_its_class_and_place_without_its_message(app: Flask, lines):
    try:
        int("lea@example.org")
    except ValueError:
        structlog.get_logger("eventhub.test").exception("something.failed")
        logging.getLogger("some.library").exception("it failed")
    ours, theirs = lines()
    assert str(ours["error"]).startswith("ValueError in test_an_error_is_logged")
    assert str(theirs["error"]).startswith("ValueError in ")
    assert "lea@example.org" not in json.dumps([ours, theirs])


def test_an_error_s_place_is_told_from_the_inside_out():
    def inner() -> None:
        raise KeyError("secret")

    with pytest.raises(KeyError) as caught:
        inner()
    assert logs.describe(caught.value).startswith("KeyError in inner:")
