"""`eventhub up`: everything starts with one command, answers, and stops cleanly."""

import json
import urllib.request

from eventhub.networks.models import Network
from tests import factories
from tests.live import LiveServer


def test_the_site_answers_and_says_that_it_is_ready(live_server: LiveServer):
    with urllib.request.urlopen(f"{live_server.url}/readyz", timeout=10) as answer:
        assert answer.status == 200
        assert json.load(answer)
    with urllib.request.urlopen(f"{live_server.url}/", timeout=10) as answer:
        assert b'lang="fr' in answer.read()


def test_what_a_test_puts_in_its_database_is_on_its_pages(live_server: LiveServer):
    network = factories.a_network()
    event = factories.a_published_event(network, title_fr="Forum en direct")
    with urllib.request.urlopen(f"{live_server.url}/events/{event.slug}", timeout=10) as answer:
        assert "Forum en direct" in answer.read().decode()
    assert factories.count(Network, id=network.id) == 1


def test_ctrl_c_stops_everything_and_the_next_start_finds_its_data(live_server: LiveServer):
    assert live_server.stop() == 0
    assert not live_server.is_ready()
    live_server.start()
    assert live_server.is_ready()
