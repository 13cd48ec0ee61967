"""Compose an issue from the calendar, and edit it block by block."""

from sqlalchemy import and_, or_, select
from sqlalchemy.orm.attributes import flag_modified

from eventhub import clock
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import Conflict, Invalid, NotFound
from eventhub.events.models import Event
from eventhub.i18n import month_words, msgid
from eventhub.mail import service as mail
from eventhub.networks.models import AccountNetwork
from eventhub.newsletters import rules
from eventhub.newsletters.models import Block, Issue
from eventhub.subscriptions.models import Newsletter

DRAFT_READY = "newsletters.draft_ready"
LONGEST_SUBJECT = 200
LONGEST_TEXT = 20_000


class NotADraft(Conflict):
    """The issue has left: what people received does not change."""


class ChangedMeanwhile(Conflict):
    """Somebody else changed the issue since the page was opened."""


def compose(newsletter: Newsletter, window: rules.Window) -> Issue:
    """Return a new draft: an introduction to write, then one block per event of the window.

    Events with a date come first, in their order, then those to be confirmed in that period.
    """
    moment = clock.now()
    taken = set(session.scalars(select(Issue.slug).where(Issue.newsletter_id == newsletter.id)))
    first = window.starts_on
    issue = Issue(
        newsletter=newsletter,
        slug=rules.issue_slug(window, taken),
        subject_fr=f"{newsletter.name_fr} – {month_words(first, 'fr')}",
        subject_en=f"{newsletter.name_en or newsletter.name_fr} – {month_words(first, 'en')}",
        window_starts_on=first,
        window_ends_on=window.ends_on,
        created_at=moment,
        changed_at=moment,
    )
    issue.blocks = [Block(kind="introduction", position=0)]
    for position, event in enumerate(list_events(newsletter, window), start=1):
        issue.blocks.append(Block(kind="event", event=event, position=position))
    session.add(issue)
    session.flush()
    return issue


def list_due() -> list[int]:
    """Return the ids of the newsletters whose draft of the month the schedule owes."""
    newsletters = session.scalars(select(Newsletter).order_by(Newsletter.id))
    return [each.id for each in newsletters if _is_due(each)]


def compose_due(newsletter_id: int) -> Issue | None:
    """Compose this month's draft, unless it is there already, and tell the network's organisers.

    Nothing is ever sent by it. Called again, or twice at once, it composes nothing twice; a draft
    that was discarded does not come back.
    """
    newsletter = session.scalar(
        select(Newsletter)
        .where(Newsletter.id == newsletter_id)
        .with_for_update(of=Newsletter)
        .execution_options(populate_existing=True)
    )
    if newsletter is None or not _is_due(newsletter):
        return None
    window = rules.window_of(newsletter.cadence, clock.today(newsletter.network.time_zone))
    newsletter.scheduled_for = window.starts_on
    if _has_issue(newsletter, window):
        return None
    issue = compose(newsletter, window)
    for account in _organisers(newsletter):
        mail.owe(
            DRAFT_READY,
            subject_id=issue.id,
            address=account.email,
            locale=account.locale,
            key=f"{DRAFT_READY}:{issue.id}:{account.id}",
        )
    return issue


def list_events(newsletter: Newsletter, window: rules.Window) -> list[Event]:
    """Return the events that an issue announces: those that its readers may see, ahead of us."""
    today = clock.today(newsletter.network.time_zone)
    start = max(window.starts_on, today)
    last_day = Event.ends_on
    in_window = and_(
        Event.starts_on.is_not(None),
        Event.starts_on <= window.ends_on,
        or_(Event.starts_on >= start, and_(last_day.is_not(None), last_day >= start)),
    )
    month_known = and_(Event.starts_on.is_(None), Event.month.in_(window.months))
    events = session.scalars(
        select(Event).where(
            Event.network_id == newsletter.network_id,
            Event.state == "published",
            Event.audience.in_(audiences(newsletter)),
            or_(in_window, month_known),
        )
    )
    return sorted(events, key=_announcement_order)


def list_addable(issue: Issue) -> list[Event]:
    """Return the events ahead of us that the issue does not hold yet."""
    held = {block.event_id for block in issue.blocks}
    newsletter = issue.newsletter
    today = clock.today(newsletter.network.time_zone)
    events = session.scalars(
        select(Event).where(
            Event.network_id == newsletter.network_id,
            Event.state == "published",
            Event.audience.in_(audiences(newsletter)),
            or_(Event.starts_on.is_(None), Event.starts_on >= today, Event.ends_on >= today),
        )
    )
    return sorted((each for each in events if each.id not in held), key=_announcement_order)


def audiences(newsletter: Newsletter) -> tuple[str, ...]:
    """Return the audiences of the events that a newsletter's readers may see."""
    return ("public", "members") if newsletter.audience == "members" else ("public",)


def edit_subject(issue: Issue, version: int, *, subject_fr: str, subject_en: str) -> None:
    """Change the subject. Raises Invalid without a French one, NotADraft, ChangedMeanwhile."""
    _touch(issue, version)
    if not subject_fr.strip():
        raise Invalid({"subject_fr": msgid("Write a subject in French.")})
    issue.subject_fr = _one_line(subject_fr)
    issue.subject_en = _one_line(subject_en)


def edit_text(issue: Issue, version: int, block_id: str, *, text_fr: str, text_en: str) -> None:
    """Change the words of an introduction (Markdown). Raises NotADraft, ChangedMeanwhile."""
    _touch(issue, version)
    block = _block(issue, block_id)
    if block.kind != "introduction":
        raise NotFound
    too_long = {
        name: msgid("This text is too long.")
        for name, text in (("text_fr", text_fr), ("text_en", text_en))
        if len(text) > LONGEST_TEXT
    }
    if too_long:
        raise Invalid(too_long)
    block.text_fr = text_fr.replace("\r\n", "\n").strip()
    block.text_en = text_en.replace("\r\n", "\n").strip()


def add_event(issue: Issue, version: int, event_id: str) -> Block:
    """Add an event (by public id) at the end of the issue. Raises NotFound for any other one."""
    _touch(issue, version)
    event = next((each for each in list_addable(issue) if each.public_id == event_id), None)
    if event is None:
        raise NotFound
    return _append(issue, Block(kind="event", event=event))


def add_text(issue: Issue, version: int) -> Block:
    """Add an empty text at the end of the issue."""
    _touch(issue, version)
    return _append(issue, Block(kind="introduction"))


def move(issue: Issue, version: int, block_id: str, step: int) -> None:
    """Move a block up (-1) or down (1); at the end of the issue it stays where it is."""
    _touch(issue, version)
    blocks = list(issue.blocks)
    at = blocks.index(_block(issue, block_id))
    to = min(max(at + (1 if step > 0 else -1), 0), len(blocks) - 1)
    blocks.insert(to, blocks.pop(at))
    _number(issue, blocks)


def hide(issue: Issue, version: int, block_id: str, hidden: bool) -> None:
    """Leave a block out of the issue without losing it, or take it in again."""
    _touch(issue, version)
    _block(issue, block_id).hidden = hidden


def remove(issue: Issue, version: int, block_id: str) -> None:
    """Take a block away."""
    _touch(issue, version)
    block = _block(issue, block_id)
    issue.blocks.remove(block)
    _number(issue, list(issue.blocks))


def discard(issue: Issue, version: int) -> None:
    """Delete a draft."""
    _touch(issue, version)
    session.delete(issue)


def _touch(issue: Issue, version: int) -> None:
    """Check that the issue may change and is the one that the editor saw; raise its version."""
    if issue.state != "draft":
        raise NotADraft
    if issue.version != version:
        raise ChangedMeanwhile
    issue.changed_at = clock.now()
    flag_modified(issue, "changed_at")  # even within one tick of the clock


def _block(issue: Issue, block_id: str) -> Block:
    for block in issue.blocks:
        if block.public_id == block_id:
            return block
    raise NotFound


def _append(issue: Issue, block: Block) -> Block:
    block.position = len(issue.blocks)
    issue.blocks.append(block)
    session.flush()
    return block


def _number(issue: Issue, blocks: list[Block]) -> None:
    for position, block in enumerate(blocks):
        block.position = position
    session.flush()
    session.expire(issue, ["blocks"])


def _one_line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_SUBJECT]


def _announcement_order(event: Event) -> tuple[bool, str, str, str]:
    unconfirmed = event.date_status == "to_be_confirmed" or event.starts_on is None
    day = event.starts_on.isoformat() if event.starts_on else (event.month or "9999")
    hour = event.starts_at.isoformat() if event.starts_at else ""
    return (unconfirmed, day, hour, event.title_fr)


def _is_due(newsletter: Newsletter) -> bool:
    today = clock.today(newsletter.network.time_zone)
    return (
        rules.is_due(newsletter.cadence, today)
        and newsletter.scheduled_for != rules.window_of(newsletter.cadence, today).starts_on
    )


def _has_issue(newsletter: Newsletter, window: rules.Window) -> bool:
    return (
        session.scalar(
            select(Issue.id)
            .where(Issue.newsletter_id == newsletter.id, Issue.window_starts_on == window.starts_on)
            .limit(1)
        )
        is not None
    )


def _organisers(newsletter: Newsletter) -> list[Account]:
    return list(
        session.scalars(
            select(Account)
            .join(AccountNetwork, AccountNetwork.account_id == Account.id)
            .where(AccountNetwork.network_id == newsletter.network_id)
            .order_by(Account.id)
        )
    )
