"""The composer, the preview, the sending and the readers, as organisers use them."""

from datetime import UTC, date, datetime

import pytest

from eventhub import clock
from eventhub.db import transaction
from eventhub.jobs import tasks
from eventhub.mail.models import Delivery
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import sending
from eventhub.subscriptions.models import Consent, Newsletter, Subscription
from tests import factories
from tests.client import FormClient, hidden_value
from tests.factories import PASSWORD
from tests.mailserver import MailServer

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture(autouse=True)
def _december(context: None) -> None:
    clock.fix(datetime(2026, 12, 1, 17, tzinfo=UTC))


@pytest.fixture
def newsletter() -> Newsletter:
    """A newsletter with a reader and two events to announce."""
    newsletter = factories.a_newsletter()
    factories.a_subscription(newsletter, "lea@example.org")
    for day in (10, 11):
        factories.a_published_event(
            newsletter.network, title_fr=f"Rencontre du {day}", starts_on=date(2026, 12, day)
        )
    return newsletter


@pytest.fixture
def organiser(client: FormClient, newsletter: Newsletter) -> FormClient:
    """A browser where the newsletter's organiser is signed in."""
    account = factories.an_organiser(newsletter.network)
    client.post("/organiser/sign-in", data={"email": account.email, "password": PASSWORD})
    return client


def compose(organiser: FormClient, newsletter: Newsletter) -> Issue:
    dates = {"starts_on": "2026-12-01", "ends_on": "2027-01-31"}
    answer = organiser.post(f"/organiser/newsletters/{newsletter.slug}/issues", data=dates)
    assert answer.status_code == 303
    with transaction():
        return factories.session.query(Issue).order_by(Issue.id.desc()).first()


def path_of(issue: Issue) -> str:
    return f"/organiser/issues/{issue.public_id}"


def version_of(organiser: FormClient, issue: Issue) -> dict[str, str]:
    return {"version": hidden_value(organiser.get(path_of(issue)), "version")}


def write(organiser: FormClient, issue: Issue, text_fr: str, text_en: str = "") -> None:
    block = factories.reload(issue).blocks[0].public_id
    form = {"text_fr": text_fr, "text_en": text_en} | version_of(organiser, issue)
    assert organiser.post(f"{path_of(issue)}/blocks/{block}/text", data=form).status_code == 303


def test_an_issue_is_composed_written_tried_and_sent(
    organiser: FormClient, newsletter: Newsletter, smtp: MailServer
):
    issue = compose(organiser, newsletter)
    page = organiser.get(path_of(issue)).text
    assert page.index("Rencontre du 10") < page.index("Rencontre du 11")
    assert "Ce texte manque en français" in page
    write(organiser, issue, "Bonjour à **toutes**", "Hello")
    assert "Bonjour à <strong>toutes</strong>" in organiser.get(path_of(issue)).text
    trial = {"email": "moi@example.org", "locale": "en"}
    assert organiser.post(f"{path_of(issue)}/test", data=trial).status_code == 303
    page = organiser.get(f"{path_of(issue)}/send")
    assert "Envoyer à 1 personne" in page.text
    sent = {"version": hidden_value(page, "version")}
    assert organiser.post(f"{path_of(issue)}/send", data=sent).status_code == 303
    assert organiser.post(f"{path_of(issue)}/send", data=sent).status_code == 303
    tasks.run_owed()
    assert smtp.only("moi@example.org").subject.startswith("[Test]")
    assert "Bonjour à toutes" in smtp.only("lea@example.org").text
    assert "Envoi terminé" in organiser.get(path_of(issue)).text
    assert "Envoi terminé" in organiser.get("/organiser/newsletters/").text


def test_blocks_move_by_buttons_and_focus_comes_back_to_them(
    organiser: FormClient, newsletter: Newsletter
):
    issue = compose(organiser, newsletter)
    last = factories.reload(issue).blocks[-1].public_id
    answer = organiser.post(f"{path_of(issue)}/blocks/{last}/up", data=version_of(organiser, issue))
    assert answer.location.endswith(f"#block-{last}")
    page = organiser.get(path_of(issue)).text
    assert page.index("Rencontre du 11") < page.index("Rencontre du 10")
    organiser.post(f"{path_of(issue)}/blocks/{last}/hide", data=version_of(organiser, issue))
    assert "Masqué dans le numéro" in organiser.get(path_of(issue)).text
    preview = organiser.get(f"{path_of(issue)}/preview/mail").text
    assert "Rencontre du 10" in preview
    assert "Rencontre du 11" not in preview
    organiser.post(f"{path_of(issue)}/blocks/{last}/remove", data=version_of(organiser, issue))
    event = factories.reload(newsletter.network)
    assert event is not None
    assert "Rencontre du 11" in organiser.get(path_of(issue)).text  # among those to add


def test_words_typed_while_somebody_else_changed_the_issue_are_not_lost(
    organiser: FormClient, newsletter: Newsletter
):
    issue = compose(organiser, newsletter)
    seen = version_of(organiser, issue)
    write(organiser, issue, "La première")
    block = factories.reload(issue).blocks[0].public_id
    form = {"text_fr": "La seconde", "text_en": ""} | seen
    answer = organiser.post(f"{path_of(issue)}/blocks/{block}/text", data=form)
    assert answer.status_code == 409
    assert "La seconde" in answer.text
    assert factories.reload(issue).blocks[0].text_fr == "La première"
    again = {"text_fr": "La seconde", "text_en": ""} | {"version": hidden_value(answer, "version")}
    assert organiser.post(f"{path_of(issue)}/blocks/{block}/text", data=again).status_code == 303
    assert factories.reload(issue).blocks[0].text_fr == "La seconde"


@pytest.mark.requirement("L1")
def test_the_page_before_sending_says_what_is_missing_and_sends_nothing(
    organiser: FormClient, newsletter: Newsletter
):
    issue = compose(organiser, newsletter)
    write(organiser, issue, "Bonjour")
    with transaction():
        factories.attached(newsletter).network.postal_address = ""
    page = organiser.get(f"{path_of(issue)}/send").text
    assert "Le réseau n’a pas d’adresse postale" in page
    assert "Envoyer le numéro maintenant" not in page
    answer = organiser.post(f"{path_of(issue)}/send", data=version_of(organiser, issue))
    assert answer.status_code == 409
    assert factories.count(Delivery) == 0


def test_the_preview_shows_the_mail_and_its_text_and_can_run_nothing(
    organiser: FormClient, newsletter: Newsletter
):
    issue = compose(organiser, newsletter)
    page = organiser.get(f"{path_of(issue)}/preview?language=en&width=phone")
    assert "preview-frame--phone" in page.text
    assert "Rencontre du 10" in page.text
    mail = organiser.get(f"{path_of(issue)}/preview/mail?language=en")
    assert "<mj-" not in mail.text
    assert 'lang="en-CA"' in mail.text
    policy = mail.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy


def test_a_sending_is_paused_goes_on_and_is_stopped(organiser: FormClient, newsletter: Newsletter):
    issue = compose(organiser, newsletter)
    write(organiser, issue, "Bonjour")
    organiser.post(f"{path_of(issue)}/send", data=version_of(organiser, issue))
    with transaction():
        sending.owe_deliveries(issue.id)
    for action, words in (
        ("pause", "Envoi en pause"),
        ("resume", "Envoi en cours"),
        ("cancel", "Envoi annulé"),
        ("resume", "Il était trop tard"),
    ):
        organiser.post(f"{path_of(issue)}/{action}")
        assert words in organiser.get(path_of(issue)).text
    tasks.run_owed()
    assert factories.count(Delivery, state="cancelled") == 1


def test_a_draft_is_deleted(organiser: FormClient, newsletter: Newsletter):
    issue = compose(organiser, newsletter)
    answer = organiser.post(f"{path_of(issue)}/discard", data=version_of(organiser, issue))
    assert answer.location == "/organiser/newsletters/"
    assert organiser.get(path_of(issue)).status_code == 404


def test_dates_that_are_not_dates_are_refused(organiser: FormClient, newsletter: Newsletter):
    for dates in (
        {"starts_on": "demain", "ends_on": ""},
        {"starts_on": "2026-12-02", "ends_on": "2026-12-01"},
        {"starts_on": "2026-12-02", "ends_on": "9999-12-31"},
    ):
        path = f"/organiser/newsletters/{newsletter.slug}/issues"
        assert organiser.post(path, data=dates).status_code == 422
    assert factories.count(Issue) == 0


@pytest.mark.requirement("L6")
def test_readers_are_listed_searched_and_added_with_the_reason_why(
    organiser: FormClient, newsletter: Newsletter
):
    path = f"/organiser/newsletters/{newsletter.slug}/subscribers"
    factories.a_subscription(newsletter, "omar@example.org", state="unsubscribed")
    assert "omar@example.org" in organiser.get(path).text
    assert "omar@example.org" not in organiser.get(f"{path}?q=lea").text
    assert "lea@example.org" not in organiser.get(f"{path}?state=unsubscribed").text
    person = {"email": "membre@example.org", "locale": "fr", "basis": "", "source": ""}
    refused = organiser.post(path, data=person)
    assert refused.status_code == 422
    assert "Précisez d’où vient ce consentement" in refused.text
    person |= {"basis": "membership", "source": "Formulaire du 12 mai"}
    assert organiser.post(path, data=person).status_code == 303
    assert factories.count(Consent, basis="membership", statement="granted") == 1
    person["email"] = "omar@example.org"
    assert organiser.post(path, data=person).status_code == 409
    assert factories.count(Subscription, state="unsubscribed") == 1


def test_a_reader_is_found_by_an_accented_name_in_any_case(
    organiser: FormClient, newsletter: Newsletter
):
    elise = factories.a_person("elise@example.org", name="Élise Noël")
    factories.a_subscription(newsletter, person=elise)
    path = f"/organiser/newsletters/{newsletter.slug}/subscribers"
    for search in ("élise", "ÉLISE", "noël"):
        page = organiser.get(path, query_string={"q": search}).text
        assert "elise@example.org" in page, search
        assert "lea@example.org" not in page


@pytest.mark.requirement("A1")
def test_an_organiser_of_another_network_finds_nothing_of_it(
    organiser: FormClient, newsletter: Newsletter
):
    issue = compose(organiser, newsletter)
    block = factories.reload(issue).blocks[0].public_id
    organiser.post("/organiser/sign-out")
    stranger = factories.an_organiser()
    organiser.post("/organiser/sign-in", data={"email": stranger.email, "password": PASSWORD})
    assert newsletter.name_fr not in organiser.get("/organiser/newsletters/").text
    pages = ["", "/preview", "/preview/mail", "/send"]
    assert {organiser.get(path_of(issue) + page).status_code for page in pages} == {404}
    assert organiser.get(
        f"/organiser/newsletters/{newsletter.slug}/subscribers"
    ).status_code == 404  # fmt: skip
    posts = [
        f"{path_of(issue)}{action}"
        for action in (
            *("/subject", "/blocks", "/send", "/test", "/pause", "/resume", "/cancel", "/discard"),
            *(f"/blocks/{block}/{verb}" for verb in ("text", "up", "hide", "remove")),
        )
    ] + [f"/organiser/newsletters/{newsletter.slug}/{what}" for what in ("issues", "subscribers")]
    form = {"version": str(issue.version), "email": "x@example.org", "subject_fr": "Pris"}
    answers = {path: organiser.post(path, data=form).status_code for path in posts}
    assert set(answers.values()) == {404}, answers
    assert factories.reload(issue).subject_fr == issue.subject_fr


def test_nobody_gets_in_without_signing_in(client: FormClient, newsletter: Newsletter):
    for path in (
        "/organiser/newsletters/",
        f"/organiser/newsletters/{newsletter.slug}/subscribers",
    ):
        assert client.get(path).location.startswith("/organiser/sign-in")
