"""The pages of a registration, over HTTP."""

import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from eventhub import clock, tokens
from eventhub.events.models import Event
from eventhub.registrations import service
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.client import FormClient, hidden_value
from tests.registrations.people import deliveries, mails, register, states


def page_of(event: Event, access: str = "") -> str:
    return f"/events/{event.slug}/register" + (f"?access={access}" if access else "")


def fill(client: FormClient, event: Event, /, **values: str) -> TestResponse:
    """Fetch the form, fill it, and send it."""
    form = client.get(page_of(event))
    typed = {
        "name": "Lise Côté",
        "email": "lise@example.org",
        "form_key": hidden_value(form, "form_key"),
    }
    return client.post(page_of(event), data=typed | values)


def open_manage(client: FormClient, registration: Registration) -> TestResponse:
    with a.context():
        token = service.manage_token(registration)
    return client.get(f"/registrations/{token}", follow_redirects=True)


def without_secrets(page: TestResponse, *addresses: str) -> list[str]:
    """A page's lines without what differs for each reader."""
    text = page.text
    for address in addresses:
        text = text.replace(address, "")
    own = ('name="csrf_token"', 'name="next"')
    return [line for line in text.splitlines() if not any(field in line for field in own)]


def test_a_person_registers_and_sees_what_comes_next(client: FormClient) -> None:
    event = a.a_published_event(places=3)
    form = client.get(page_of(event))
    assert form.status_code == 200
    assert "Il reste 3" in form.text
    answer = fill(client, event, organisation="Centre de pédiatrie")
    assert (answer.status_code, answer.location) == (303, "/registrations/done")
    after = client.get(answer.location)
    assert "Votre inscription est confirmée" in after.text
    assert "lise@example.org" in after.text
    assert f"/events/{event.slug}.ics" in after.text
    assert states(event) == {"lise@example.org": "confirmed"}
    assert mails() == ["confirmation"]


def test_a_full_event_shows_the_number_on_the_waitlist(client: FormClient) -> None:
    event = a.a_published_event(places=1)
    register(event, "omar@example.org")
    register(event, "anne@example.org")
    assert "liste d’attente" in client.get(page_of(event)).text
    after = client.get(fill(client, event).location)
    assert "numéro\u00a02" in after.text


@pytest.mark.requirement("S2")
def test_the_form_sent_twice_and_again_from_the_back_button_is_one_registration(
    client: FormClient,
) -> None:
    event = a.a_published_event(places=3)
    values = {"form_key": hidden_value(client.get(page_of(event)), "form_key")}
    pages = [client.get(fill(client, event, **values).location) for _ in range(3)]
    assert len({tuple(without_secrets(page)) for page in pages}) == 1
    assert a.count(Registration) == 1
    assert mails() == ["confirmation"]


@pytest.mark.requirement("A12")
def test_a_registered_address_gets_the_same_pages_as_a_new_one(
    client: FormClient, app: Flask
) -> None:
    event = a.a_published_event(places=5)
    register(event, "omar@example.org")
    known = fill(client, event, email="omar@example.org")
    stranger = app.test_client()
    assert isinstance(stranger, FormClient)
    new = fill(stranger, event, email="anne@example.org")
    assert known.status_code == new.status_code
    assert known.location == new.location
    assert without_secrets(client.get(known.location), "omar@example.org") == without_secrets(
        stranger.get(new.location), "anne@example.org"
    )


@pytest.mark.requirement("S7")
def test_a_refused_form_keeps_everything_and_says_what_to_mend(client: FormClient) -> None:
    event = a.a_published_event(mode="hybrid")
    answer = fill(client, event, name="Lise Côté", email="lise", mode="online", organisation="CPE")
    assert answer.status_code == 422
    assert "data-error-summary" in answer.text
    assert 'value="Lise Côté"' in answer.text
    assert 'value="lise"' in answer.text
    assert 'value="CPE"' in answer.text
    assert re.search(r'value="online" checked', answer.text)
    assert "nom@exemple.org" in answer.text
    assert a.count(Registration) == 0


@pytest.mark.requirement("A3")
@pytest.mark.parametrize("name", ["Lise\r\nBcc: x@example.org", "Lise\u2028Bcc", "Lise\x07"])
def test_a_name_with_a_line_break_is_refused_with_a_sentence(client: FormClient, name: str) -> None:
    answer = fill(client, a.a_published_event(), name=name)
    assert answer.status_code == 422
    assert "sur une seule ligne" in answer.text


@pytest.mark.requirement("A2", "S7")
def test_a_form_whose_session_ended_changes_nothing_and_keeps_what_was_typed(
    client: FormClient,
) -> None:
    event = a.a_published_event()
    typed = {"name": "Lise Côté", "email": "lise@example.org", "organisation": "CPE"}
    answer = client.post(page_of(event), data=typed, csrf=False)
    assert answer.status_code == 400
    assert all(f'value="{value}"' in answer.text for value in typed.values())
    assert "envoyez-le" in answer.text
    assert a.count(Registration) == 0


@pytest.mark.requirement("A18")
@pytest.mark.parametrize("field", ["mode", "cohort"])
def test_a_choice_that_the_event_does_not_offer_is_refused(client: FormClient, field: str) -> None:
    other = a.a_published_event(kind="training")
    foreign = a.a_cohort(other, a.in_days(10))
    event = a.a_published_event(mode="hybrid")
    a.a_cohort(event, a.in_days(10))
    value = foreign.public_id if field == "cohort" else "vip"
    assert fill(client, event, **{field: value}).status_code == 422


def test_a_members_event_opens_by_its_link_only_and_keeps_it(client: FormClient) -> None:
    event = a.a_published_event(audience="members")
    assert client.get(page_of(event)).status_code == 404
    assert client.post(page_of(event), data={"name": "x"}).status_code == 404
    with a.context():
        access = tokens.make("event.access", event.public_id, event.access_version)
    form = client.get(page_of(event, access))
    assert form.headers["Referrer-Policy"] == "no-referrer"
    values = {
        "name": "Lise",
        "email": "lise@example.org",
        "form_key": hidden_value(form, "form_key"),
        "access": hidden_value(form, "access"),
    }
    answer = client.post(f"/events/{event.slug}/register", data=values)
    assert answer.status_code == 303
    assert f"access={access}" in client.get(answer.location).text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"state": "cancelled"}, "annulé"),
        ({"registration_open": False}, "pas d’inscription"),
        ({"registration_closes_at": a.at(a.in_days(-1), 9)}, "closes"),
        ({"registration_opens_at": a.at(a.in_days(1), 9)}, "pas encore ouvertes"),
    ],
)
def test_a_closed_registration_says_why(
    client: FormClient, values: dict[str, object], words: str
) -> None:
    event = a.a_published_event(**values)
    page = client.get(page_of(event))
    assert page.status_code == 200
    assert words in page.text
    answer = client.post(page_of(event), data={"name": "Lise", "email": "lise@example.org"})
    assert answer.status_code == 409
    assert words in answer.text


@pytest.mark.requirement("S6")
def test_a_robot_must_confirm_its_address_but_is_not_told_why(client: FormClient) -> None:
    event = a.a_published_event()
    answer = fill(client, event, website="http://spam.example")
    assert "confirmez votre adresse" in client.get(answer.location).text
    assert states(event) == {"lise@example.org": "pending"}
    fill(client, event, email="omar@example.org", form_key="not ours")
    assert states(event)["omar@example.org"] == "pending"


@pytest.mark.requirement("S6", "A10")
def test_many_forms_filled_faster_than_a_person_can_must_confirm_their_address(make_app) -> None:
    app = make_app(rate_limits=True, redis_url="")
    a.use(app)
    event = a.a_published_event()
    client = app.test_client()
    for number in range(7):
        fill(client, event, email=f"robot{number}@example.org")
    assert list(states(event).values()) == ["confirmed"] * 5 + ["pending"] * 2


@pytest.mark.requirement("A10", "A11")
def test_posting_for_one_address_again_and_again_is_slowed_down(make_app) -> None:
    app = make_app(rate_limits=True, redis_url="")
    a.use(app)
    event = a.a_published_event()
    client = app.test_client()
    variants = [f"lise+{number}@example.org" for number in range(12)]
    answers = [
        client.post(page_of(event), data={"name": "Lise", "email": email}).status_code
        for email in variants
    ]
    assert answers == [303] * 10 + [429] * 2


@pytest.mark.requirement("S5", "A9")
def test_the_link_opens_a_page_whose_address_holds_no_token(client: FormClient) -> None:
    event = a.a_published_event(join_url="https://meet.example/secret", mode="online")
    row = register(event, "lise@example.org").registration
    with a.context():
        token = service.manage_token(row)
    answer = client.get(f"/registrations/{token}")
    assert (answer.status_code, answer.location) == (302, "/registrations/manage")
    page = client.get(answer.location)
    for response in (answer, page):
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert "no-store" in response.headers["Cache-Control"]
    assert "Lise Côté" in page.text
    assert "https://meet.example/secret" in page.text
    assert token not in page.text


@pytest.mark.requirement("S5", "N7")
def test_fetching_any_link_changes_nothing(client: FormClient) -> None:
    event = a.a_published_event(places=1, confirm_address="always")
    row = register(event).registration
    with a.context():
        manage, confirm = service.manage_token(row), service.confirm_token(row)
    before = (states(event), mails())
    for path in (
        f"/registrations/{manage}",
        f"/registrations/{confirm}/confirm",
        "/registrations/manage",
        "/registrations/manage/withdraw",
        "/registrations/done",
        "/registrations/links",
        page_of(event),
    ):
        for method in ("GET", "HEAD"):
            client.open(path, method=method)
    assert (states(event), mails()) == before


@pytest.mark.requirement("S5")
def test_the_address_is_confirmed_by_a_button(client: FormClient) -> None:
    event = a.a_published_event(confirm_address="always")
    row = register(event).registration
    with a.context():
        path = f"/registrations/{service.confirm_token(row)}/confirm"
    assert "appuyez sur le bouton" in client.get(path).text
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, "/registrations/manage")
    assert "votre adresse est confirmée" in client.get(answer.location).text
    assert states(event) == {"lise@example.org": "confirmed"}


def test_a_place_that_went_back_says_so_and_offers_to_register_again(client: FormClient) -> None:
    event = a.a_published_event(confirm_address="always")
    row = register(event).registration
    with a.context():
        path = f"/registrations/{service.confirm_token(row)}/confirm"
    clock.fix(clock.now() + service.HOLD * 2)
    with a.writing():
        service.expire_holds()
    answer = client.post(path)
    assert answer.status_code == 409
    assert page_of(event) in answer.text


def test_a_person_changes_their_registration(client: FormClient) -> None:
    event = a.a_published_event(mode="hybrid")
    row = register(event, mode="online").registration
    open_manage(client, row)
    answer = client.post(
        "/registrations/manage",
        data={"name": "Lise Roy", "organisation": "CPE", "mode": "in_person"},
    )
    assert answer.status_code == 303
    changed = a.reload(row)
    assert (changed.name, changed.organisation, changed.mode) == ("Lise Roy", "CPE", "in_person")
    assert "sont enregistrés" in client.get(answer.location).text


def test_full_places_are_said_and_the_present_one_is_kept_until_one_chooses(
    client: FormClient,
) -> None:
    event = a.a_published_event(mode="hybrid", places=1)
    register(event, "omar@example.org", mode="online")
    row = register(event, mode="in_person").registration
    open_manage(client, row)
    values = {"name": "Lise", "organisation": "", "mode": "online"}
    answer = client.post("/registrations/manage", data=values)
    assert answer.status_code == 422
    assert "Votre place actuelle est gardée" in answer.text
    assert a.reload(row).mode == "in_person"
    assert client.post("/registrations/manage", data=values | {"wait": "y"}).status_code == 303
    assert a.reload(row).state == "waitlisted"


def test_a_person_withdraws_and_may_register_again(client: FormClient) -> None:
    event = a.a_published_event(places=1)
    row = register(event).registration
    register(event, "omar@example.org")
    open_manage(client, row)
    page = client.post("/registrations/manage/withdraw", follow_redirects=True)
    assert "Cette inscription est annulée" in page.text
    assert page_of(event) in page.text
    assert states(event) == {"lise@example.org": "cancelled", "omar@example.org": "confirmed"}


@pytest.mark.requirement("A1", "A8", "A12")
def test_an_unknown_link_offers_to_send_it_again_and_never_says_more(client: FormClient) -> None:
    event = a.a_published_event()
    row = register(event).registration
    with a.context():
        token = service.manage_token(row)
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    pages = [client.get(f"/registrations/{value}") for value in (forged, "0" * 56, "x")]
    pages += [client.get(f"/registrations/{forged}/confirm"), client.get("/registrations/manage")]
    assert {page.status_code for page in pages} == {404}
    assert len({tuple(without_secrets(page)) for page in pages}) == 1
    assert client.post("/registrations/manage/withdraw").status_code == 404
    assert states(event) == {"lise@example.org": "confirmed"}

    answers = [
        client.post("/registrations/links", data={"email": email})
        for email in ("lise@example.org", "stranger@example.org")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert without_secrets(answers[0], "lise@example.org") == without_secrets(
        answers[1], "stranger@example.org"
    )
    assert mails("lise@example.org") == ["confirmation", "links"]
    assert len(deliveries()) == 2
    assert client.post("/registrations/links", data={"email": "not one"}).status_code == 422


def test_a_revoked_link_also_ends_in_the_browsers_that_opened_it(client: FormClient) -> None:
    row = register(a.a_published_event()).registration
    assert open_manage(client, row).status_code == 200
    with a.writing():
        a.attached(row).manage_version += 1
    assert client.get("/registrations/manage").status_code == 404


@pytest.mark.requirement("L8")
def test_the_form_says_who_is_in_charge_of_what_one_writes(client: FormClient) -> None:
    event = a.a_published_event()
    page = client.get(page_of(event)).text
    assert "Camille Tremblay" in page
    assert event.network.person_in_charge_email in page
    assert "sert à organiser" in page
