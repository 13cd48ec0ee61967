"""A forgotten password is replaced by mail."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from eventhub import clock
from eventhub.accounts import service
from eventhub.accounts.models import Account
from eventhub.mail.models import Delivery
from tests import factories
from tests.client import FormClient, hidden_value
from tests.factories import an_organiser
from tests.mailserver import MailServer

NEW = "une autre phrase longue"


@pytest.fixture
def account(app: object) -> Account:
    return an_organiser(email="dominique@example.org")


def ask(client: FormClient, email: str = "dominique@example.org") -> None:
    assert client.post("/organiser/password", data={"email": email}).status_code == 200


def test_the_mail_carries_a_link_that_works_once(
    client: FormClient, account: Account, run_jobs: Callable[..., int], smtp: MailServer
) -> None:
    ask(client, "Dominique@example.org ")
    run_jobs()
    mail = smtp.only("dominique@example.org")
    path = mail.link("/organiser/password/").removeprefix("http://localhost")
    assert path in mail.text
    assert path in mail.html
    page = client.get(path)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    short = client.post(path, data={"password": "court"})
    assert short.status_code == 422
    assert "au moins 12" in short.text
    answer = client.post(path, data={"password": NEW})
    assert (answer.status_code, answer.location) == (303, "/organiser/")
    assert client.get("/organiser/account").status_code == 200
    assert client.get(path).status_code == 404
    assert client.post(path, data={"password": NEW}).status_code == 404
    with factories.context():
        assert service.authenticate("dominique@example.org", NEW).id == account.id


@pytest.mark.requirement("A12")
def test_a_stranger_gets_the_same_page_and_no_mail(
    client: FormClient, account: Account, run_jobs: Callable[..., int], smtp: MailServer
) -> None:
    pages = [
        client.post("/organiser/password", data={"email": email}).text.replace(email, "")
        for email in ("stranger@example.org", "dominique@example.org")
    ]
    without_token = [re.sub(r'value="[^"]*"', "", page) for page in pages]
    assert without_token[0] == without_token[1]
    run_jobs()
    assert smtp.only().message["To"] == "Dominique Roy <dominique@example.org>"


@pytest.mark.requirement("A11")
def test_asking_many_times_sends_one_mail_in_ten_minutes(
    client: FormClient, account: Account, run_jobs: Callable[..., int]
) -> None:
    clock.fix(clock.now().replace(minute=1))
    for _ in range(5):
        ask(client)
        run_jobs()
    assert factories.count(Delivery) == 1


def test_the_link_lives_one_hour(client: FormClient, account: Account) -> None:
    start = clock.now().replace(minute=9, second=59)
    clock.fix(start)
    with factories.context():
        path = f"/organiser/password/{service.reset_token(account)}"
    clock.fix(start + timedelta(minutes=60))
    assert client.get(path).status_code == 200
    clock.fix(start + timedelta(minutes=71))
    assert client.get(path).status_code == 404


def test_a_changed_password_revokes_the_link(client: FormClient, account: Account) -> None:
    with factories.context():
        path = f"/organiser/password/{service.reset_token(account)}"
    with factories.writing():
        service.change_password(factories.attached(account), factories.PASSWORD, NEW)
    assert client.get(path).status_code == 404


@pytest.mark.requirement("A1")
@pytest.mark.database("sqlite")
@pytest.mark.parametrize("token", ["x", "x.y", "é.è", "." * 300])
def test_a_token_that_was_never_given_opens_nothing(client: FormClient, token: str) -> None:
    assert client.get(f"/organiser/password/{token}").status_code == 404


@pytest.mark.requirement("A19")
def test_the_link_names_our_site_whatever_host_the_request_named(
    client: FormClient, account: Account, run_jobs: Callable[..., int], smtp: MailServer
) -> None:
    page = client.get("/organiser/password")
    session = client.get_cookie("session")
    assert session is not None
    answer = client.application.test_client(use_cookies=False).post(
        "/organiser/password",
        data={"email": "dominique@example.org", "csrf_token": hidden_value(page, "csrf_token")},
        headers={"Host": "evil.example", "Cookie": f"session={session.value}"},
        csrf=False,
    )
    assert answer.status_code == 200
    run_jobs()
    mail = smtp.only()
    assert "evil.example" not in mail.text + mail.html
    assert mail.link("/organiser/password/").startswith("http://localhost/")
