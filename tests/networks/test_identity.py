"""A network's identity: what its mails, forms and pages show, and who may change it."""

from dataclasses import asdict
from typing import Any

import pytest
from flask import Flask

from eventhub.networks import service
from eventhub.networks.models import Network
from tests import factories
from tests.client import FormClient
from tests.factories import PASSWORD, a_network, a_published_event, an_organiser, reload


@pytest.fixture
def network(app: Flask) -> Network:
    return a_network(slug="aqpsc", name="Alliance")


@pytest.fixture
def organiser(client: FormClient, network: Network) -> FormClient:
    an_organiser(network, email="dominique@example.org")
    client.post("/organiser/sign-in", data={"email": "dominique@example.org", "password": PASSWORD})
    return client


def typed(network: Network, **changed: str) -> dict[str, Any]:
    return asdict(service.identity_of(network)) | changed


def save(client: FormClient, network: Network, **changed: str) -> Any:
    return client.post(f"/organiser/networks/{network.slug}", data=typed(network, **changed))


def test_an_organiser_changes_what_the_network_shows(
    organiser: FormClient, network: Network
) -> None:
    answer = save(
        organiser,
        network,
        name="Alliance québécoise",
        from_address="Bonjour@Exemple.ORG",
        postal_address="1, rue A\r\nMontréal",
        accent="#7A1F3D",
    )
    assert answer.status_code == 303
    after = reload(network)
    assert (after.name, after.from_address, after.accent) == (
        "Alliance québécoise",
        "Bonjour@exemple.org",
        "#7a1f3d",
    )
    assert after.postal_address == "1, rue A\nMontréal"
    assert after.calendar_version == network.calendar_version + 1
    page = organiser.get("/organiser/networks/aqpsc").text
    assert "Alliance québécoise" in page


def test_the_new_name_is_found_by_the_search_of_events(
    organiser: FormClient, network: Network
) -> None:
    event = a_published_event(network)
    save(organiser, network, name="Regroupement Érable")
    assert "regroupement erable" in reload(event).folded_text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": " "}, "Entrez le nom du réseau"),
        ({"name": "x" * 201}, "trop long"),
        ({"from_address": "pas une adresse"}, "Entrez une adresse courriel"),
        ({"reply_to": "a@b"}, "Entrez une adresse courriel"),
        ({"person_in_charge_email": "a b@example.org"}, "Entrez une adresse courriel"),
        ({"website": "javascript:alert(1)"}, "commence par https://"),
        ({"accent": "red"}, "Entrez une couleur comme"),
        ({"accent": "#12345"}, "Entrez une couleur comme"),
    ],
)
@pytest.mark.database("sqlite")
def test_what_can_not_be_is_refused_in_words_and_kept_on_the_page(
    organiser: FormClient, network: Network, change: dict[str, str], words: str
) -> None:
    answer = save(organiser, network, phone="418 555-0199", **change)
    assert answer.status_code == 422
    assert words in answer.text
    assert "418 555-0199" in answer.text
    after = reload(network)
    assert (after.name, after.phone, after.changed_at) == (
        network.name,
        network.phone,
        network.changed_at,
    )


def test_a_pale_colour_is_refused_with_one_that_works(
    organiser: FormClient, network: Network
) -> None:
    answer = save(organiser, network, accent="#ffcc00", phone="418 555-0199")
    assert answer.status_code == 422
    assert "trop pâle" in answer.text
    suggestion = answer.text.split('name="suggested" value="')[1][:7]
    answer = save(organiser, network, accent="#ffcc00", phone="418 555-0199", suggested=suggestion)
    assert answer.status_code == 303
    assert (reload(network).accent, reload(network).phone) == (suggestion, "418 555-0199")


@pytest.mark.requirement("A3")
@pytest.mark.database("sqlite")
def test_a_line_break_never_reaches_a_sender(organiser: FormClient, network: Network) -> None:
    save(organiser, network, from_name="Alliance\r\nBcc: x@example.org", phone="1\u20282")
    assert reload(network).from_name == "Alliance Bcc: x@example.org"
    assert reload(network).phone == "1 2"


@pytest.mark.requirement("A1")
@pytest.mark.database("sqlite")
def test_another_network_looks_like_one_that_does_not_exist(organiser: FormClient) -> None:
    theirs = a_network(slug="petales")
    for slug in ("petales", "unknown"):
        assert organiser.get(f"/organiser/networks/{slug}").status_code == 404
        answer = organiser.post(f"/organiser/networks/{slug}", data=typed(theirs, name="Pris"))
        assert answer.status_code == 404
    assert reload(theirs).name == theirs.name


@pytest.mark.requirement("A2")
@pytest.mark.database("sqlite")
def test_a_post_without_the_token_of_its_form_changes_nothing(
    organiser: FormClient, network: Network
) -> None:
    answer = organiser.post(
        "/organiser/networks/aqpsc", data=typed(network, name="Forgé"), csrf=False
    )
    assert answer.status_code == 400
    assert "Forgé" in answer.text  # kept for the person, to be saved or not
    back = organiser.post(
        "/organiser/networks/aqpsc", data=typed(network, name="Forgé") | {"resume": "1"}
    )
    assert back.status_code == 200
    assert "Forgé" in back.text
    assert reload(network).name == "Alliance"


def test_our_network_leads_to_the_only_one_or_lists_them(client: FormClient, app: Flask) -> None:
    one, two = a_network(slug="un"), a_network(slug="deux", person_in_charge="")
    an_organiser(one, email="seul@example.org")
    an_organiser(one, two, email="deux@example.org")
    client.post("/organiser/sign-in", data={"email": "seul@example.org", "password": PASSWORD})
    assert client.get("/organiser/network/").location == "/organiser/networks/un"
    client.post("/organiser/sign-out")
    client.post("/organiser/sign-in", data={"email": "deux@example.org", "password": PASSWORD})
    page = client.get("/organiser/network/").text
    assert "/organiser/networks/deux" in page
    assert "À compléter" in page


def test_nobody_sees_it_without_signing_in(client: FormClient, network: Network) -> None:
    assert client.get("/organiser/networks/aqpsc").status_code == 302
    assert save(client, network, name="Pris").status_code == 401
    assert factories.reload(network).name == "Alliance"
