"""What every page is protected by: limits, what may be kept, what an address or a form may hold."""

import json
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from eventhub import tokens
from eventhub.db import session
from eventhub.web.limits import client as limited_client
from tests import factories as a
from tests.client import FormClient

SIGN_IN = "/organiser/sign-in"


@pytest.mark.parametrize(
    "path",
    [
        "/events/%00",
        "/events/?q=%00",
        "/events/?series=%00",
        "/calendars/%00.ics",
        "/calendars/tout.ics?series=%00",
        "/networks/%00/look.css",
        "/organiser/password/%00.abc",
    ],
)
def test_an_address_with_a_nul_is_refused_alike_on_both_databases(
    client: FormClient, path: str
) -> None:
    assert client.get(path).status_code == 400


@pytest.mark.parametrize("path", [SIGN_IN, "/organiser/password"])
def test_a_form_with_a_nul_is_refused_alike_on_both_databases(
    client: FormClient, path: str
) -> None:
    answer = client.post(path, data={"email": "a\x00b@example.org", "password": "x"})
    assert answer.status_code == 400


@pytest.mark.requirement("A8")
@pytest.mark.parametrize("path", [SIGN_IN, "/organiser/password", "/organiser/password/a.b"])
@pytest.mark.database("sqlite")
def test_guessing_is_slowed_down_and_says_when_to_try_again(
    make_app: Callable[..., Flask], path: str
) -> None:
    client = make_app(rate_limits=True).test_client()
    guess = {"email": "dominique@example.org", "password": "not this one either"}
    answers = [client.post(path, data=guess) for _ in range(6)]
    assert [answer.status_code == 429 for answer in answers] == [False] * 5 + [True]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 61
    assert client.get(SIGN_IN).status_code == 200


@pytest.mark.database("sqlite")
def test_a_whole_ipv6_network_counts_as_one_client(app: Flask) -> None:
    def named(address: str) -> str:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            return limited_client()

    assert named("2001:db8:1:2::1") == named("2001:db8:1:2:ffff::9")
    assert named("2001:db8:1:2::1") != named("2001:db8:1:3::1")
    assert named("::ffff:192.0.2.1") == named("192.0.2.1") != named("192.0.2.2")


def test_pages_for_one_person_are_kept_nowhere(client: FormClient) -> None:
    account = a.an_organiser(email="dominique@example.org")
    client.post(SIGN_IN, data={"email": account.email, "password": a.PASSWORD})
    event = a.a_published_event(audience="members")
    with a.context():
        access = tokens.make("event.access", event.public_id, event.access_version)
    for path in ("/organiser/account", f"/events/{event.slug}?access={access}"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"] == "noindex"
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"


def test_a_form_behind_https_works_without_a_referer(client: FormClient) -> None:
    account = a.an_organiser(email="dominique@example.org")
    answer = client.post(
        SIGN_IN,
        data={"email": account.email, "password": a.PASSWORD},
        base_url="https://localhost",
    )
    assert answer.status_code == 303


@pytest.mark.requirement("A2")
def test_typed_text_that_comes_with_a_request_is_handed_to_no_form_that_would_act(
    client: FormClient,
) -> None:
    account = a.an_organiser(email="dominique@example.org")
    planted = {
        "email": account.email,
        "password": a.PASSWORD,
        "next": "/organiser/sign-out",
        "kept": json.dumps([["planted", "by somebody else"]]),
    }
    answer = client.post(SIGN_IN, data=planted)
    assert (answer.status_code, answer.location) == (303, "/organiser/sign-out")
    assert "planted" not in answer.text


def test_a_fault_of_the_database_still_shows_a_page_that_helps_whoever_is_signed_in(
    make_app: Callable[..., Flask],
) -> None:
    app = make_app()

    @app.get("/fault")
    def fault() -> str:
        return str(session.execute(text("SELECT * FROM nowhere")))

    app.testing = False
    client = app.test_client()
    account = a.an_organiser(email="dominique@example.org")
    client.post(SIGN_IN, data={"email": account.email, "password": a.PASSWORD})
    answer = client.get("/fault")
    assert answer.status_code == 500
    assert "de notre côté" in answer.text
    assert client.get("/organiser/account").status_code == 200


@pytest.mark.requirement("A9")
@pytest.mark.database("sqlite")
def test_a_fault_on_a_secret_page_is_logged_without_its_address(
    make_app: Callable[..., Flask], capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_app()

    @app.get("/secrets/<token>")
    def broken(token: str) -> str:
        raise RuntimeError(token)

    app.testing = False
    assert app.test_client().get("/secrets/abc123").status_code == 500
    logged = capsys.readouterr().err
    assert "/secrets/<token>" in logged
    assert "RuntimeError" in logged
    assert "abc123" not in logged


def test_a_language_that_is_chosen_wins_over_the_one_in_the_address(client: FormClient) -> None:
    switched = {"language": "fr", "next": "/events/?lang=en&q=forum"}
    answer = client.post("/language", data=switched)
    assert answer.location == "/events/?q=forum"
    assert 'lang="fr-CA"' in client.get(answer.location).text
