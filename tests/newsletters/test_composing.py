"""An issue composed from the calendar, and edited block by block."""

from datetime import UTC, date, datetime

import pytest

from eventhub import clock
from eventhub.db import transaction
from eventhub.errors import NotFound
from eventhub.mail.models import Delivery
from eventhub.newsletters import rules
from eventhub.newsletters.models import Issue
from eventhub.newsletters.service import composing, reading
from eventhub.subscriptions.models import Newsletter
from tests import factories

pytestmark = pytest.mark.usefixtures("context")

FIRST_OF_DECEMBER = datetime(2026, 12, 1, 11, 0, tzinfo=UTC)
WINDOW = rules.Window(date(2026, 12, 1), date(2027, 1, 31))


@pytest.fixture(autouse=True)
def _december(context: None) -> None:
    clock.fix(FIRST_OF_DECEMBER)


def compose(newsletter: Newsletter, window: rules.Window = WINDOW) -> Issue:
    with transaction():
        return composing.compose(factories.attached(newsletter), window)


def tick() -> list[Issue]:
    """What the schedule does each minute."""
    composed = []
    for newsletter_id in composing.list_due():
        with transaction():
            issue = composing.compose_due(newsletter_id)
        if issue is not None:
            composed.append(issue)
    return composed


def titles(issue: Issue) -> list[str]:
    return [block.event.title_fr for block in factories.reload(issue).blocks if block.event]


def an_event(newsletter: Newsletter, title: str, day: date | None, **values: object) -> None:
    factories.a_published_event(
        newsletter.network,
        title_fr=title,
        starts_on=day,
        ends_on=values.pop("ends_on", day),
        **values,
    )


def test_an_issue_announces_the_dated_events_in_order_then_those_to_be_confirmed():
    newsletter = factories.a_newsletter()
    an_event(
        newsletter, "Janvier, mois connu", None, month="2027-01", date_status="to_be_confirmed"
    )
    an_event(newsletter, "Dernier jour", date(2027, 1, 31))
    an_event(newsletter, "Date à confirmer", date(2026, 12, 3), date_status="to_be_confirmed")
    an_event(newsletter, "Premier", date(2026, 12, 1))
    issue = compose(newsletter)
    assert titles(issue) == [
        "Premier", "Dernier jour", "Date à confirmer", "Janvier, mois connu",
    ]  # fmt: skip
    assert issue.blocks[0].kind == "introduction"
    assert (issue.slug, issue.state) == ("2026-12", "draft")
    assert issue.subject_fr.endswith("– décembre 2026")


def test_an_issue_leaves_out_what_its_readers_may_not_see():
    newsletter = factories.a_newsletter()
    inside = date(2026, 12, 10)
    an_event(newsletter, "Ouvert à tout le monde", inside)
    an_event(newsletter, "Aux membres", inside, audience="members")
    an_event(newsletter, "Privé", inside, audience="private")
    an_event(newsletter, "Brouillon", inside, state="draft")
    an_event(newsletter, "Annulé", inside, state="cancelled")
    an_event(newsletter, "Passé", date(2026, 11, 30))
    an_event(newsletter, "Trop loin", date(2027, 2, 1))
    an_event(newsletter, "Un jour", None, date_status="to_be_confirmed")
    an_event(newsletter, "Mois lointain", None, month="2027-02", date_status="to_be_confirmed")
    factories.a_published_event(title_fr="D’un autre réseau", starts_on=inside, ends_on=inside)
    assert titles(compose(newsletter)) == ["Ouvert à tout le monde"]


def test_a_members_newsletter_announces_members_events_too():
    newsletter = factories.a_newsletter(audience="members")
    an_event(newsletter, "Aux membres", date(2026, 12, 10), audience="members")
    an_event(newsletter, "Privé", date(2026, 12, 11), audience="private")
    assert titles(compose(newsletter)) == ["Aux membres"]


def test_an_event_that_goes_on_for_days_is_announced_until_it_ends():
    newsletter = factories.a_newsletter()
    an_event(newsletter, "Semaine", date(2026, 11, 28), ends_on=date(2026, 12, 4))
    assert titles(compose(newsletter)) == ["Semaine"]


def test_a_second_issue_of_the_month_has_an_address_of_its_own():
    newsletter = factories.a_newsletter()
    assert [compose(newsletter).slug for _time in range(3)] == ["2026-12", "2026-12-2", "2026-12-3"]


def test_the_window_is_the_period_and_the_month_after():
    december = date(2026, 12, 15)
    assert rules.window_of("monthly", december) == WINDOW
    assert rules.window_of("six_per_year", december).ends_on == date(2027, 2, 28)
    assert WINDOW.months == ("2026-12", "2027-01")
    due = [month for month in range(1, 13) if rules.is_due("six_per_year", date(2027, month, 1))]
    assert due == [1, 3, 5, 7, 9, 11]
    assert not rules.is_due("not_stated", date(2026, 12, 1))
    assert [day for day in range(1, 31) if rules.is_due("monthly", date(2026, 12, day))][-1] == 7


def test_the_monthly_drafts_are_composed_once_and_their_organisers_are_told():
    monthly = factories.a_newsletter()
    factories.a_newsletter(monthly.network, cadence="six_per_year")
    factories.a_newsletter(monthly.network, cadence="not_stated")
    organiser = factories.an_organiser(monthly.network, locale="en")
    factories.an_organiser()
    for _tick in range(3):
        tick()
    assert factories.count(Issue) == 1
    assert factories.count(Issue, newsletter_id=monthly.id, state="draft") == 1
    told = factories.count(Delivery, message="newsletters.draft_ready")
    assert told == factories.count(Delivery, address=organiser.email, locale="en") == 1


def test_a_tick_that_was_missed_on_the_first_is_made_up_for_later():
    newsletter = factories.a_newsletter()
    an_event(newsletter, "Passé le 3", date(2026, 12, 3))
    an_event(newsletter, "Le 20", date(2026, 12, 20))
    clock.fix(FIRST_OF_DECEMBER.replace(day=5))
    (issue,) = tick()
    assert (issue.window_starts_on, titles(issue)) == (date(2026, 12, 1), ["Le 20"])


def test_the_first_of_the_month_is_toronto_s():
    factories.a_newsletter()
    clock.fix(datetime(2027, 1, 1, 3, 0, tzinfo=UTC))  # still New Year's Eve in Toronto
    assert tick() == []
    clock.fix(datetime(2027, 1, 1, 5, 0, tzinfo=UTC))
    assert [each.slug for each in tick()] == ["2027-01"]


def test_a_draft_that_was_discarded_does_not_come_back():
    factories.a_newsletter()
    (issue,) = tick()
    with transaction():
        held = factories.attached(issue)
        composing.discard(held, held.version)
    assert tick() == []
    clock.fix(FIRST_OF_DECEMBER.replace(month=1, year=2027))
    assert [each.slug for each in tick()] == ["2027-01"]


def test_a_newsletter_that_appears_in_the_middle_of_a_month_waits_for_the_next():
    clock.fix(FIRST_OF_DECEMBER.replace(day=21))
    factories.a_newsletter()
    assert tick() == []


def test_blocks_move_hide_and_go():
    newsletter = factories.a_newsletter()
    for day in (10, 11, 12):
        an_event(newsletter, f"Le {day}", date(2026, 12, day))
    issue = compose(newsletter)
    tenth, eleventh, twelfth = [block.public_id for block in issue.blocks[1:]]

    def change(use_case, *values):
        with transaction():
            held = factories.attached(issue)
            use_case(held, held.version, *values)

    change(composing.move, twelfth, -1)
    assert titles(issue) == ["Le 10", "Le 12", "Le 11"]
    change(composing.move, eleventh, 1)  # at the end already
    assert titles(issue) == ["Le 10", "Le 12", "Le 11"]
    change(composing.hide, tenth, True)
    assert [block.hidden for block in factories.reload(issue).blocks] == [False, True, False, False]
    change(composing.remove, twelfth)
    assert titles(issue) == ["Le 10", "Le 11"]
    with transaction():
        addable = [event.public_id for event in composing.list_addable(factories.attached(issue))]
    change(composing.add_event, *addable)
    assert titles(issue) == ["Le 10", "Le 11", "Le 12"]
    assert [block.position for block in factories.reload(issue).blocks] == [0, 1, 2, 3]


def test_an_event_of_another_network_cannot_be_added():
    issue = compose(factories.a_newsletter())
    stranger = factories.a_published_event()
    with pytest.raises(NotFound), transaction():
        composing.add_event(factories.attached(issue), issue.version, stranger.public_id)


def test_the_second_of_two_editors_is_told():
    issue = compose(factories.a_newsletter())
    seen, block = issue.version, issue.blocks[0].public_id
    for text in ("Bonjour", "Allo"):
        try:
            with transaction():
                composing.edit_text(
                    factories.attached(issue), seen, block, text_fr=text, text_en=""
                )
        except composing.ChangedMeanwhile:
            assert text == "Allo"
    assert factories.reload(issue).blocks[0].text_fr == "Bonjour"


@pytest.mark.requirement("A1")
def test_an_organiser_finds_only_the_issues_of_their_networks():
    issue = compose(factories.a_newsletter())
    mine = factories.an_organiser(issue.newsletter.network)
    assert reading.get_managed_issue(mine, issue.public_id).id == issue.id
    with pytest.raises(NotFound):
        reading.get_managed_issue(factories.an_organiser(), issue.public_id)
