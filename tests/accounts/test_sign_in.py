"""Organisers sign in, sign out, and choose their password."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventhub.accounts import service
from tests import factories
from tests.client import FormClient
from tests.factories import PASSWORD, a_network, an_organiser

NEW = "une autre phrase longue"


def sign_in(client: FormClient, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
    return client.post("/organiser/sign-in", data={"email": email, "password": password, **more})


def test_an_organiser_signs_in_and_comes_back_to_where_they_were(client: FormClient) -> None:
    an_organiser(email="dominique@example.org")
    sent = client.get("/organiser/account?a=1")
    assert sent.status_code == 302
    assert 'value="/organiser/account?a=1"' in client.get(sent.location).text
    answer = sign_in(client, "Dominique@Example.org", next="/organiser/account?a=1")
    assert (answer.status_code, answer.location) == (303, "/organiser/account?a=1")
    assert client.get("/organiser/account").status_code == 200


@pytest.mark.requirement("A12")
def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(client: FormClient) -> None:
    an_organiser(email="dominique@example.org")
    wrong = sign_in(client, "dominique@example.org", "not the password")
    unknown = sign_in(client, "stranger@example.org", "not the password")
    assert wrong.status_code == unknown.status_code == 422
    assert "ne vont pas ensemble" in wrong.text

    def lines(page: TestResponse, address: str) -> list[str]:
        return [x.replace(address, "") for x in page.text.splitlines() if "csrf" not in x]

    assert lines(wrong, "dominique@example.org") == lines(unknown, "stranger@example.org")


@pytest.mark.requirement("A12")
@pytest.mark.database("sqlite")
def test_an_unknown_address_costs_a_verification_too(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    verify = service._verify
    monkeypatch.setattr(
        service, "_verify", lambda kept, given: checked.append(kept) or verify(kept, given)
    )
    with app.app_context(), pytest.raises(service.WrongCredentials):
        service.authenticate("stranger@example.org", PASSWORD)
    assert checked == [service._NOBODY]


@pytest.mark.requirement("A7")
@pytest.mark.parametrize(
    "target", ["//evil.example", "/\\evil.example", "https:evil.example", "https://evil.example"]
)
@pytest.mark.database("sqlite")
def test_sign_in_never_leads_to_another_site(client: FormClient, target: str) -> None:
    an_organiser(email="dominique@example.org")
    assert sign_in(client, "dominique@example.org", next=target).location == "/organiser/"


def test_signing_in_starts_a_new_session(client: FormClient) -> None:
    an_organiser(email="dominique@example.org")
    with client.session_transaction() as session:
        session["left_by_somebody"] = "x"
    sign_in(client, "dominique@example.org")
    with client.session_transaction() as session:
        assert "left_by_somebody" not in session
        assert session.permanent


def test_sign_out_is_a_post_and_ends_the_session(client: FormClient) -> None:
    an_organiser(email="dominique@example.org")
    sign_in(client, "dominique@example.org")
    assert client.get("/organiser/sign-out").status_code == 405
    assert client.post("/organiser/sign-out").status_code == 303
    assert client.get("/organiser/account").status_code == 302


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(app: Flask) -> None:
    an_organiser(email="dominique@example.org")
    here, elsewhere = app.test_client(), app.test_client()
    sign_in(here, "dominique@example.org")
    sign_in(elsewhere, "dominique@example.org")
    answer = here.post("/organiser/account", data={"current": PASSWORD, "password": NEW})
    assert answer.status_code == 303
    assert here.get("/organiser/account").status_code == 200
    assert elsewhere.get("/organiser/account").status_code == 302
    assert sign_in(elsewhere, "dominique@example.org").status_code == 422
    assert sign_in(elsewhere, "dominique@example.org", NEW).status_code == 303


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"current": "wrong", "password": NEW}, "mot de passe actuel"),
        ({"current": PASSWORD, "password": "court"}, "au moins 12"),
        ({"current": PASSWORD, "password": "x" * 201}, "au plus 200"),
    ],
)
@pytest.mark.database("sqlite")
def test_a_password_that_can_not_be_is_refused_in_words(
    client: FormClient, typed: dict[str, str], words: str
) -> None:
    an_organiser(email="dominique@example.org")
    sign_in(client, "dominique@example.org")
    answer = client.post("/organiser/account", data=typed)
    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.requirement("A2")
@pytest.mark.parametrize("path", ["sign-in", "sign-out", "password", "password/x", "account"])
@pytest.mark.database("sqlite")
def test_a_post_without_the_token_of_its_form_is_refused(client: FormClient, path: str) -> None:
    account = an_organiser(email="dominique@example.org")
    sign_in(client, "dominique@example.org")
    data = {"email": "dominique@example.org", "password": NEW, "current": PASSWORD}
    assert client.post(f"/organiser/{path}", data=data, csrf=False).status_code == 400
    assert client.get("/organiser/account").status_code == 200
    assert factories.reload(account).password_hash == account.password_hash


def test_create_organiser_prints_a_password_that_opens_the_session(app: Flask) -> None:
    network = a_network(slug="aqpsc")
    run = app.test_cli_runner().invoke(
        args=["create-organiser", "Dominique@Example.org", "--name", "D", "--network", "aqpsc"]
    )
    assert run.exit_code == 0, run.output
    password = run.output.split("password: ")[1].strip()
    with app.app_context():
        account = service.authenticate("dominique@example.org", password)
        assert [n.id for n in account.networks] == [network.id]


def test_create_organiser_again_adds_networks_and_keeps_the_password(app: Flask) -> None:
    a_network(slug="aqpsc")
    a_network(slug="petales")
    runner = app.test_cli_runner()
    known = ["create-organiser", "d@example.org", "--name", "D"]
    runner.invoke(args=[*known, "--network", "aqpsc", "--password-stdin"], input=f"{PASSWORD}\n")
    again = runner.invoke(args=[*known, "--network", "petales", "--network", "aqpsc"])
    assert "password" not in again.output
    with app.app_context():
        account = service.authenticate("d@example.org", PASSWORD)
        assert {n.slug for n in account.networks} == {"aqpsc", "petales"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["d@example.org", "--name", "D", "--network", "nobody"], "unknown network"),
        (["not an address", "--name", "D", "--network", "aqpsc"], "e-mail address"),
        (["d@example.org", "--name", " ", "--network", "aqpsc"], "Enter a name"),
    ],
)
@pytest.mark.database("sqlite")
def test_create_organiser_refuses_what_can_not_be_in_one_line(
    app: Flask, arguments: list[str], words: str
) -> None:
    a_network(slug="aqpsc")
    run = app.test_cli_runner().invoke(args=["create-organiser", *arguments])
    assert run.exit_code == 1
    assert words in run.output


def test_generated_passwords_are_long_enough_and_never_the_same() -> None:
    made = {service.generate_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) >= 12 for password in made)


@pytest.mark.requirement("A8")
@pytest.mark.database("sqlite")
def test_guessing_a_password_is_slowed_down_and_loses_no_typed_text(
    make_app: Callable[..., Flask],
) -> None:
    client = make_app(rate_limits=True, redis_url="").test_client()
    an_organiser(email="dominique@example.org")
    answers = [sign_in(client, "dominique@example.org", f"guess {n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    last = sign_in(client, "dominique@example.org", PASSWORD, kept='[["title_fr", "Forum"]]')
    assert last.status_code == 429
    assert "Trop d’essais" in last.text
    assert "Forum" in last.text


@pytest.mark.requirement("A8")
@pytest.mark.database("sqlite")
def test_many_machines_together_can_not_guess_one_address(make_app: Callable[..., Flask]) -> None:
    client = make_app(rate_limits=True, redis_url="").test_client()
    codes = [
        client.post(
            "/organiser/sign-in",
            data={"email": "Dominique@example.org", "password": ""},
            environ_overrides={"REMOTE_ADDR": f"192.0.2.{number}"},
        ).status_code
        for number in range(51)
    ]
    assert codes == [422] * 50 + [429]
