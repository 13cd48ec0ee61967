"""An issue as it arrives: real templates, a real SMTP server, one copy per person."""

import itertools
import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from eventhub import clock
from eventhub.db import transaction
from eventhub.jobs import tasks
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, sending
from eventhub.subscriptions.models import Newsletter
from tests import factories
from tests.mailserver import MailServer

pytestmark = pytest.mark.usefixtures("context")

WINDOW = rules.Window(date(2026, 12, 1), date(2027, 1, 31))
NASTY = '<b>gras</b> & "cité" {{ 7 * 7 }} {% raw %} @@unsubscribe@@ @@address-1f2e3d@@ <mj-text>'


class Page(HTMLParser):
    """The visible text and the links of an HTML document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.headings: list[str] = []
        self._silent = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        unseen = tag in {"style", "title"} or "display:none" in (values.get("style") or "")
        if unseen or (self._silent and tag not in {"br", "img", "meta", "hr"}):
            self._silent += 1
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(tag)

    def handle_endtag(self, tag):
        if self._silent:
            self._silent -= 1

    def handle_data(self, data):
        if not self._silent:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(autouse=True)
def _december(context: None) -> None:
    clock.fix(datetime(2026, 12, 1, 11, 0, tzinfo=UTC))


def a_sent_issue(newsletter: Newsletter, text_fr: str = "Bonjour", text_en: str = "") -> Issue:
    with transaction():
        issue = composing.compose(factories.attached(newsletter), WINDOW)
        issue.blocks[0].text_fr = text_fr
        issue.blocks[0].text_en = text_en
    with transaction():
        held = factories.attached(issue)
        sending.send(held, held.version)
    tasks.run_owed()
    return factories.reload(issue)


@pytest.mark.requirement("W5", "W6", "W7", "L1")
def test_each_confirmed_subscriber_receives_one_copy_of_their_own(smtp: MailServer):
    newsletter = factories.a_newsletter(slug="infolettre", name_fr="Infolettre d’ici")
    readers = ["lea@example.org", "omar@example.org"]
    for reader in readers:
        factories.a_subscription(newsletter, reader)
    factories.a_subscription(newsletter, "jamais@example.org", state="unconfirmed")
    issue = a_sent_issue(newsletter)
    assert issue.state == "sent"
    assert sorted(mail.recipients[0] for mail in smtp.mails) == readers
    urls = set()
    for reader in readers:
        mail = smtp.only(reader)
        url = str(mail.message["List-Unsubscribe"]).strip(" <>")
        urls.add(url)
        assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "<infolettre.hub.example>" in str(mail.message["List-Id"])
        assert (
            str(mail.message["List-Archive"]).strip() == "<http://localhost/newsletters/infolettre>"
        )
        assert mail.message["Precedence"] == "bulk"
        for body in (mail.text, Page(mail.html).text + " ".join(Page(mail.html).links)):
            assert url in body
            assert "http://localhost/newsletters/infolettre/2026-12" in body
            assert newsletter.network.postal_address in body
            assert newsletter.network.person_in_charge in body
            assert reader not in body
    assert len(urls) == 2


@pytest.mark.requirement("J1")
def test_what_people_wrote_arrives_as_they_wrote_it(smtp: MailServer):
    network = factories.a_network(
        name=NASTY, from_name="Réseau", postal_address=f"1 {NASTY}", person_in_charge=NASTY
    )
    newsletter = factories.a_newsletter(network, name_fr=NASTY)
    factories.a_published_event(
        network,
        title_fr=NASTY,
        title_en=NASTY,
        venue_name=NASTY,
        description_fr=NASTY,
        description_en=NASTY,
        starts_on=date(2026, 12, 10),
    )
    factories.a_subscription(newsletter, "fr@example.org")
    factories.a_subscription(newsletter, "en@example.org", locale="en")
    a_sent_issue(newsletter, NASTY, NASTY)
    for reader in ("fr@example.org", "en@example.org"):
        mail = smtp.only(reader)
        page = Page(mail.html)
        for text in (" ".join(mail.text.split()), page.text):
            # name (twice: frame and sentence), subject, introduction, title, place, description,
            # postal address, person in charge
            assert text.count(NASTY) >= 8
        assert "<mj-" not in mail.html
        assert "<b>gras" not in mail.html
        assert mail.subject.strip().startswith(NASTY)


@pytest.mark.requirement("J7", "J5")
def test_the_text_part_has_the_items_and_links_of_the_html(smtp: MailServer):
    newsletter = factories.a_newsletter()
    for day in (9, 10):
        factories.a_published_event(
            newsletter.network,
            title_fr=f"Rencontre du {day}",
            description_fr=f"Avec **gâteau** {day}, voir [le plan](https://plan.example/{day}).",
            starts_on=date(2026, 12, day),
        )
    factories.a_published_event(
        newsletter.network, title_fr="Plus tard", starts_on=None, month="2027-01", ends_on=None,
        date_status="to_be_confirmed",
    )  # fmt: skip
    factories.a_subscription(newsletter, "lea@example.org")
    a_sent_issue(
        newsletter, "Bonjour!\n\n# Un titre\n\nVoir [ceci](https://ici.example/x?a=1&b=2)."
    )
    mail = smtp.only("lea@example.org")
    page = Page(mail.html)
    assert sorted(set(page.links)) == sorted(set(links_of(mail.text)))
    in_order = [
        "Bonjour!", "Un titre", "Rencontre du 9", "Avec gâteau 9, voir le plan.",
        "Rencontre du 10", "Plus tard", "Date à confirmer, janvier 2027",
    ]  # fmt: skip
    text = " ".join(mail.text.split())
    for words in (text, page.text):
        places = [words.index(item) for item in in_order]
        assert places == sorted(places)
    levels = [int(heading[1]) for heading in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(len(line) <= 998 for line in mail.raw.split(b"\r\n"))


def test_a_person_who_leaves_while_the_issue_leaves_receives_nothing_more(smtp: MailServer):
    from eventhub.subscriptions import service

    newsletter = factories.a_newsletter()
    leaving = factories.a_subscription(newsletter, "part@example.org")
    factories.a_subscription(newsletter, "reste@example.org")
    with transaction():
        issue = composing.compose(factories.attached(newsletter), WINDOW)
        issue.blocks[0].text_fr = "Bonjour"
    with transaction():
        held = factories.attached(issue)
        sending.send(held, held.version)
    with transaction():
        assert not sending.owe_deliveries(issue.id)
    with transaction():
        service.unsubscribe(service.unsubscribe_token(factories.attached(leaving)), source="page")
    tasks.run_owed()
    assert [mail.recipients for mail in smtp.mails] == [["reste@example.org"]]
    assert factories.reload(issue).state == "sent"


def test_a_test_goes_to_one_address_and_unsubscribes_nobody(smtp: MailServer):
    newsletter = factories.a_newsletter(slug="infolettre")
    factories.a_subscription(newsletter)
    with transaction():
        issue = composing.compose(factories.attached(newsletter), WINDOW)
    with transaction():
        sending.send_test(factories.attached(issue), address="moi@example.org", locale="en")
    tasks.run_owed()
    mail = smtp.only("moi@example.org")
    assert mail.subject.startswith("[Test] ")
    assert mail.message["List-Unsubscribe"] is None
    assert "/subscriptions/" not in mail.text + mail.html
    assert factories.reload(issue).state == "draft"


def test_the_organisers_learn_that_the_draft_is_ready(smtp: MailServer):
    newsletter = factories.a_newsletter()
    organiser = factories.an_organiser(newsletter.network)
    with transaction():
        issue = composing.compose_due(newsletter.id)
    tasks.run_owed()
    mail = smtp.only(organiser.email)
    assert f"http://localhost/organiser/issues/{issue.public_id}" in links_of(mail.text)


@pytest.mark.requirement("N8")
def test_the_confirmation_has_one_link_and_says_who_writes(smtp: MailServer):
    from eventhub.subscriptions import service

    newsletter = factories.a_newsletter()
    with transaction():
        service.subscribe(
            factories.attached(newsletter),
            email="lea@example.org",
            locale="fr",
            source="page",
            wording="Oui",
        )
    tasks.run_owed()
    mail = smtp.only("lea@example.org")
    own = [link for link in Page(mail.html).links if "/subscriptions/" in link]
    assert len(own) == 1
    assert own == [link for link in links_of(mail.text) if "/subscriptions/" in link]
    assert own[0].endswith("/confirm")
    assert newsletter.network.postal_address in mail.text
    assert mail.message["Auto-Submitted"] == "auto-generated"


def links_of(text: str) -> list[str]:
    return re.findall(r"https?://[^\s)>]+", text)
