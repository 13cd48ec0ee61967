"""The organiser's list of registrations: who sees it, what it finds, what leaves in the CSV."""

import csv
import io

import pytest
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from eventhub.accounts.models import Account
from eventhub.events.models import Event
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.client import FormClient
from tests.registrations.people import mails, register, states

pytestmark = pytest.mark.usefixtures("app")


def sign_in(client: FormClient, event: Event) -> Account:
    account = a.an_organiser(event.network)
    data = {"email": account.email, "password": a.PASSWORD}
    assert client.post("/organiser/sign-in", data=data).status_code == 303
    return account


def path_of(event: Event, more: str = "") -> str:
    return f"/organiser/events/{event.public_id}/registrations{more}"


def rows_of(answer: TestResponse) -> list[list[str]]:
    assert answer.status_code == 200
    text = answer.data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.requirement("A1")
def test_only_organisers_of_the_network_see_the_list_and_the_export(client: FormClient) -> None:
    event, other = a.a_published_event(), a.a_published_event()
    row = register(event).registration
    for path in (path_of(event), path_of(event, ".csv")):
        assert client.get(path).status_code == 302
    sign_in(client, other)
    for path in (path_of(event), path_of(event, ".csv")):
        assert client.get(path).status_code == 404
    foreign = path_of(other, f"/{row.public_id}/cancel")
    for path in (path_of(event, f"/{row.public_id}/cancel"), foreign):
        assert client.post(path).status_code == 404
    assert states(event) == {"lise@example.org": "confirmed"}


def test_the_list_shows_people_counts_and_finds_without_accents(client: FormClient) -> None:
    event = a.a_published_event(places=1)
    register(event, "lise@example.org", name="Lise Côté", organisation="Centre Étoile")
    register(event, "omar@example.org", name="Omar Benali")
    sign_in(client, event)
    page = client.get(path_of(event)).text
    assert "Lise Côté" in page
    assert "Omar Benali" in page
    assert "1 sur 1" in page
    for search in ("cote", "ETOILE", "lise cote", "lise@"):
        found = client.get(path_of(event, f"?q={search}")).text
        assert "Lise Côté" in found
        assert "Omar Benali" not in found
    waiting = client.get(path_of(event, "?state=waitlisted")).text
    assert "Lise Côté" not in waiting
    assert "Omar Benali" in waiting
    assert "Personne ici" in client.get(path_of(event, "?q=%25")).text


@pytest.mark.requirement("A6")
def test_what_somebody_typed_is_shown_as_text(client: FormClient) -> None:
    event = a.a_published_event()
    register(event, name="<script>alert(1)</script>", organisation='"><img src=x>')
    sign_in(client, event)
    page = client.get(path_of(event)).text
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


@pytest.mark.parametrize("sort", ["newest", "name"])
def test_pages_lead_to_each_other_and_back(sort: str) -> None:
    event = a.a_published_event()
    for number in range(7):
        a.a_registration(event, f"personne{number}@example.org", name=f"Personne {number}")
    with a.context():
        mine = a.attached(event)

        def page(**mark: str) -> service.Page:
            return service.list_registrations(mine, sort=sort, size=3, **mark)

        first = page()
        second = page(after=first.next)
        third = page(after=second.next)
        names = [row.name for one in (first, second, third) for row in one.rows]
        expected = [f"Personne {number}" for number in range(7)]
        assert names == (expected if sort == "name" else expected[::-1])
        assert (first.previous, third.next) == ("", "")
        back = page(before=third.previous)
        assert [row.id for row in back.rows] == [row.id for row in second.rows]
        assert page(before=back.previous).previous == ""
        assert [row.id for row in page(after="unknown").rows] == [row.id for row in first.rows]


@pytest.mark.requirement("A23")
def test_who_takes_the_export_is_logged_and_nobody_in_it(client: FormClient) -> None:
    event = a.a_published_event()
    register(event, "lise@example.org")
    with capture_logs() as logs:
        assert client.get(path_of(event, ".csv")).status_code == 302
        account = sign_in(client, event)
        assert "lise@example.org" in client.get(path_of(event, ".csv?q=lise")).text
    taken = [line for line in logs if line["event"] == "registrations.exported"]
    assert [(line["account"], line["event_id"]) for line in taken] == [
        (account.public_id, event.public_id)
    ]
    assert "lise" not in str(logs)


@pytest.mark.requirement("A4")
def test_the_export_holds_everyone_and_no_formula(client: FormClient) -> None:
    event = a.a_published_event(places=5)
    dangerous = ["=1+1", "+1 418 555-0100", "-2", "@SUM(A1)", "＝cmd", "＋1"]
    for number, text in enumerate(dangerous):
        a.a_registration(event, f"personne{number}@example.org", name=text, organisation=text)
    a.a_registration(event, "tab@example.org", name="\t=1", state="waitlisted")
    sign_in(client, event)
    answer = client.get(path_of(event, ".csv?state=all"))
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    header, *rows = rows_of(answer)
    assert header[0] == "Nom"
    names = {row[0] for row in rows}
    assert names == {f"'{text}" for text in [*dangerous, "\t=1"]}
    assert "'+1 418 555-0100" in names
    assert {row[5] for row in rows} == {"Place confirmée", "En liste d’attente"}


def test_the_export_is_read_in_chunks_and_misses_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    from eventhub.registrations.service import listing

    monkeypatch.setattr(listing, "EXPORTED_AT_ONCE", 3)
    event = a.a_published_event()
    for number in range(7):
        a.a_registration(event, f"personne{number}@example.org", name=f"Nom {6 - number}")
    with a.context():
        rows = list(service.export_rows(a.attached(event), {}))
    assert [row[0] for row in rows] == [f"Nom {number}" for number in range(7)]


def test_an_organiser_cancels_a_registration_and_the_line_moves_up(client: FormClient) -> None:
    event = a.a_published_event(places=1)
    row = register(event, "lise@example.org").registration
    register(event, "omar@example.org")
    sign_in(client, event)
    answer = client.post(path_of(event, f"/{row.public_id}/cancel"), data={"q": "lise"})
    assert answer.location == path_of(event, "?q=lise")
    assert states(event) == {"lise@example.org": "cancelled", "omar@example.org": "confirmed"}
    assert mails("lise@example.org") == ["confirmation", "withdrawn"]


def test_an_organiser_sends_the_message_again(client: FormClient) -> None:
    event = a.a_published_event(places=1)
    row = register(event, "lise@example.org").registration
    waiting = register(event, "omar@example.org").registration
    sign_in(client, event)
    for public_id in (row.public_id, waiting.public_id):
        assert client.post(path_of(event, f"/{public_id}/resend")).status_code == 303
    assert mails("lise@example.org") == ["confirmation"] * 2
    assert mails("omar@example.org") == ["waitlisted"] * 2
    assert a.count(Registration) == 2
