"""Lists ask the database as many questions for many rows as for few."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from eventhub.newsletters import rules
from eventhub.newsletters.service import composing
from tests import factories as a
from tests.client import FormClient

pytestmark = pytest.mark.database("sqlite")


@contextmanager
def counted() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def questions(client: FormClient, path: str) -> list[str]:
    client.get(path)  # what is kept after the first time is kept
    with counted() as asked:
        assert client.get(path).status_code == 200
    return asked


def some_events(network: a.Network, number: int) -> None:
    for _ in range(number):
        made = a.a_published_event(network, places=3)
        a.a_registration(made)
        a.an_event(network, places=3)
        a.a_cohort(a.a_published_event(network, kind="training"), a.in_days(9), a.in_days(16))


@pytest.mark.parametrize(
    "path",
    ["/", "/events/", "/calendars/", "/organiser/", "/organiser/events/", "/sitemap.xml"],
)
def test_a_list_of_events(client: FormClient, path: str) -> None:
    network = a.a_network()
    account = a.an_organiser(network)
    client.post("/organiser/sign-in", data={"email": account.email, "password": a.PASSWORD})
    some_events(network, 2)
    few = questions(client, path)
    some_events(network, 4)
    assert len(questions(client, path)) == len(few)


@pytest.mark.parametrize("grouped", [False, True])
def test_the_list_of_registrations(client: FormClient, grouped: bool) -> None:
    made = a.a_published_event(kind="training")
    account = a.an_organiser(made.network)
    client.post("/organiser/sign-in", data={"email": account.email, "password": a.PASSWORD})
    cohorts = [a.a_cohort(made, a.in_days(9)) for _ in range(3)] if grouped else [None]
    path = f"/organiser/events/{made.public_id}/registrations"

    def more(number: int) -> None:
        for index in range(number):
            cohort = cohorts[index % len(cohorts)]
            a.a_registration(made, cohort_id=cohort.id if cohort else None)

    more(3)
    few = questions(client, path)
    more(9)
    assert len(questions(client, path)) == len(few)


def test_the_readers_of_a_newsletter(client: FormClient) -> None:
    newsletter = a.a_newsletter()
    account = a.an_organiser(newsletter.network)
    client.post("/organiser/sign-in", data={"email": account.email, "password": a.PASSWORD})
    path = f"/organiser/newsletters/{newsletter.slug}/subscribers"
    for _ in range(2):
        a.a_subscription(newsletter)
    few = questions(client, path)
    for _ in range(8):
        a.a_subscription(newsletter)
    assert len(questions(client, path)) == len(few)


@pytest.mark.parametrize("path", ["/newsletters/", "/organiser/newsletters/"])
def test_a_list_of_newsletters(client: FormClient, path: str) -> None:
    network = a.a_network()
    account = a.an_organiser(network)
    client.post("/organiser/sign-in", data={"email": account.email, "password": a.PASSWORD})
    for _ in range(2):
        a.a_newsletter(network)
    few = questions(client, path)
    for _ in range(6):
        a.a_newsletter(network)
    assert len(questions(client, path)) == len(few)


def test_the_composer_of_an_issue(client: FormClient) -> None:
    def asked(number: int) -> int:
        newsletter = a.a_newsletter()
        account = a.an_organiser(newsletter.network)
        for _ in range(number):
            a.a_published_event(newsletter.network)
        with a.writing():
            window = rules.Window(a.in_days(0), a.in_days(60))
            issue = composing.compose(a.attached(newsletter), window)
        client.post("/organiser/sign-out")
        client.post("/organiser/sign-in", data={"email": account.email, "password": a.PASSWORD})
        return len(questions(client, f"/organiser/issues/{issue.public_id}"))

    assert asked(9) == asked(2)
