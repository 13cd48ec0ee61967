"""A person registers, changes their mind, and a crowd comes at once: through real processes."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from eventhub.events.models import Event
from eventhub.registrations.models import Registration
from tests import factories as a
from tests.libical import Libical
from tests.live import LiveServer
from tests.mailserver import MailServer
from tests.registrations.people import assert_counts_hold, states

HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*>')


@dataclass
class Person:
    """A browser without a browser: cookies, and the hidden fields of the form at hand."""

    url: str
    email: str
    hidden: dict[str, str] = field(default_factory=dict)
    page: str = ""

    def __post_init__(self) -> None:
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path: str) -> int:
        """Open a page (a path, or a link of a mail)."""
        return self._send(urllib.request.Request(urllib.parse.urljoin(self.url, path)))

    def post(self, path: str, **typed: str) -> int:
        """Send the form at hand, with what was typed."""
        data = urllib.parse.urlencode(self.hidden | typed).encode()
        return self._send(urllib.request.Request(urllib.parse.urljoin(self.url, path), data))

    def register(self, event: Event) -> int:
        """Send the form that was opened."""
        return self.post(
            f"/events/{event.slug}/register", name=f"Personne de {self.email}", email=self.email
        )

    def _send(self, request: urllib.request.Request) -> int:
        try:
            with self._opener.open(request, timeout=60) as answer:
                self.page, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as refusal:
            self.page, status = refusal.read().decode(), refusal.code
        self.hidden = {}
        for tag in HIDDEN.findall(self.page):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and value and name[1] != "next":
                self.hidden[name[1]] = value[1]
        return status


@pytest.mark.requirement("M1", "M4", "M7", "S5")
def test_a_person_registers_gets_the_mail_and_withdraws_by_its_link(
    live_server: LiveServer, smtp: MailServer, libical: Libical
):
    event = a.a_published_event(places=1)
    lise, omar = (Person(live_server.url, f"{n}@journey.example") for n in ("lise", "omar"))
    for person in (lise, omar):
        assert person.get(f"/events/{event.slug}/register") == 200
        assert person.register(event) == 200
    assert "Votre inscription est confirmée" in lise.page
    assert "liste d’attente" in omar.page

    (confirmation,) = smtp.wait_for(lise.email)
    assert {"text/plain", "text/html", "text/calendar"} <= {
        part.get_content_type() for part in confirmation.message.walk()
    }
    assert libical.restriction_errors(confirmation.calendar) == []
    smtp.wait_for(omar.email)

    assert lise.get(confirmation.link("/registrations/")) == 200
    assert "Place confirmée" in lise.page
    assert lise.post("/registrations/manage/withdraw") == 200
    assert states(event) == {lise.email: "cancelled", omar.email: "confirmed"}
    assert b"METHOD:CANCEL" in smtp.wait_for(lise.email, 2)[-1].calendar
    assert b"METHOD:REQUEST" in smtp.wait_for(omar.email, 2)[-1].calendar


@pytest.mark.requirement("S1")
def test_fifty_people_at_once_on_ten_places_over_http(live_server: LiveServer):
    event = a.a_published_event(places=10)
    crowd = [Person(live_server.url, f"foule{n}@journey.example") for n in range(50)]
    with ThreadPoolExecutor(50) as pool:
        list(pool.map(lambda person: person.get(f"/events/{event.slug}/register"), crowd))
        answers = list(pool.map(lambda person: person.register(event), crowd))

    assert set(answers) == {200}
    assert a.count(Registration, event_id=event.id, state="confirmed") == 10
    numbers = {int(found[1]) for p in crowd if (found := re.search(r"numéro\s(\d+)\ssur", p.page))}
    assert numbers == set(range(1, 41))
    assert_counts_hold(event)
