"""Send an issue: check it, freeze it, owe one mail to each confirmed subscriber, follow it."""

import hashlib
import secrets
from datetime import date

from sqlalchemy import JSON, Select, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from eventhub import clock, outbox
from eventhub.db import session
from eventhub.errors import Conflict, NotFound
from eventhub.i18n import LOCALES
from eventhub.mail import batch as batches
from eventhub.mail import service as mail
from eventhub.mail.models import Batch, Delivery
from eventhub.mail.render import render
from eventhub.newsletters import content, emails, rules
from eventhub.newsletters.models import Block, Issue, Variant
from eventhub.newsletters.rules import Finding
from eventhub.newsletters.service import composing
from eventhub.people.models import Person
from eventhub.subscriptions.models import Subscription
from eventhub.subscriptions.service import ISSUE

TEST = "newsletters.test"
FREEZE = "newsletters.freeze"
#: State of a batch whose deliveries are still being written: nothing of it leaves yet.
PREPARING = "preparing"
#: On SQLite nobody else writes while a chunk is written: a few tenths of a second, not more.
CHUNK = 2_000
#: What an organiser is told of each state of a delivery.
MEANING = {
    "pending": "owed",
    "claimed": "owed",
    "sending": "owed",
    "deferred": "owed",
    "sent": "sent",
    "cancelled": "stopped",
    "suppressed": "stopped",
}


class NotReady(Conflict):
    """The issue can't be sent; ``findings`` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(", ".join(finding.code for finding in findings))
        self.findings = findings


def findings(issue: Issue) -> list[Finding]:
    """Return what to know before sending: what stops the issue, and what to look at (L1)."""
    newsletter = issue.newsletter
    network = newsletter.network
    contact = network.phone or network.reply_to or network.from_address or network.website
    found = [
        Finding(code)
        for code, holds in (
            ("no_sender", not network.from_address),
            ("no_postal_address", not network.postal_address.strip()),
            ("no_contact", not contact),
            ("no_person_in_charge", not network.person_in_charge.strip()),
            ("no_subject", not issue.subject_fr.strip()),
            ("nothing_to_say", not content.items_of(issue, "fr")),
            ("no_subscribers", count_readers(issue) == 0),
        )
        if holds
    ]
    today = clock.today(network.time_zone)
    for block in issue.blocks:
        if block.hidden:
            continue
        found += [Finding(code, block.public_id) for code in _block_findings(block, today, issue)]
    size = max(len(render(emails.issue(issue, locale)).html.encode()) for locale in LOCALES)
    if size > rules.REFUSE_BYTES:
        found.append(Finding("too_large"))
    elif size > rules.WARN_BYTES:
        found.append(Finding("large"))
    return found


def count_readers(issue: Issue) -> int:
    """Return how many subscribers are confirmed now."""
    return session.scalars(
        select(func.count())
        .select_from(Subscription)
        .where(Subscription.newsletter_id == issue.newsletter_id, Subscription.state == "confirmed")
    ).one()


def send_test(issue: Issue, *, address: str, locale: str) -> None:
    """Send a draft to one address, to look at it. Its links unsubscribe nobody."""
    mail.owe(
        TEST,
        subject_id=issue.id,
        address=address,
        locale=locale,
        key=f"{TEST}:{issue.id}:{secrets.token_hex(8)}",
    )


def send(issue: Issue, version: int) -> Batch:
    """Freeze the issue in each language and start sending it to the confirmed subscribers.

    Raises NotADraft when it left already, ChangedMeanwhile when it is not the issue that was
    looked at, and NotReady with what stops it.
    """
    if issue.state != "draft":
        raise composing.NotADraft
    if issue.version != version:
        raise composing.ChangedMeanwhile
    stopping = [finding for finding in findings(issue) if finding.stops]
    if stopping:
        raise NotReady(stopping)
    moment = clock.now()
    for locale in LOCALES:
        issue.variants.append(_freeze(issue, locale))
    batch = batches.open_batch(ISSUE, issue.id)
    issue.batch = batch
    issue.state = "sending"
    issue.changed_at = moment
    session.flush()
    outbox.add(FREEZE, key=f"{FREEZE}:{issue.id}", issue_id=issue.id)
    return batch


def owe_deliveries(issue_id: int, chunk: int = CHUNK) -> bool:
    """Owe the next mails of an issue; True while some are left to be owed.

    PostgreSQL takes all of them at once, SQLite ``chunk`` at a time, each in a transaction of its
    own. Interrupted anywhere, calling it again goes on where it stopped: an address has one
    delivery per batch. When the last one is written the batch runs.
    """
    issue = session.get(Issue, issue_id)
    if issue is None or issue.batch_id is None:
        raise NotFound
    batch = _hold_batch(issue)
    if batch.state != PREPARING:
        return False
    sqlite = session().get_bind().dialect.name == "sqlite"
    limit = chunk if sqlite else None
    written = _insert_deliveries(issue, batch, limit, sqlite=sqlite)
    if limit is not None and written == limit:
        return True
    batches.run(batch)
    if issue.state == "paused":
        batches.pause(batch)
    return False


def progress(issue: Issue) -> dict[str, int]:
    """Return how many mails are ``sent``, ``owed``, ``failed``, ``stopped``, and their ``total``.

    Before all of them are written down, the subscribers without one count as owed.
    """
    counts = {"sent": 0, "owed": 0, "failed": 0, "stopped": 0}
    if issue.batch_id is None:
        return counts | {"total": 0}
    for state, number in batches.progress(issue.batch_id).items():
        counts[MEANING.get(state, "failed")] += number
    if issue.batch is not None and issue.batch.state == PREPARING:
        counts["owed"] = max(counts["owed"], count_readers(issue) - sum(counts.values()))
    return counts | {"total": sum(counts.values())}


def pause(issue: Issue) -> None:
    """Stop sending for now. Raises Conflict when nothing is being sent."""
    batches.pause(_change(issue, ("sending",), "paused"))


def resume(issue: Issue) -> None:
    """Go on sending where it stopped. Raises Conflict when it is not paused."""
    batch = _change(issue, ("paused",), "sending")
    if batch.state == "paused":
        batches.run(batch)


def cancel(issue: Issue) -> None:
    """Stop sending for good: what did not leave is not sent. Raises Conflict when it can't be."""
    batches.cancel(_change(issue, ("sending", "paused"), "cancelled"))


def finish(batch: Batch) -> None:
    """Note that an issue is sent: called when nothing of its batch is open any more (N3)."""
    issue = session.get(Issue, batch.subject_id, populate_existing=True)
    if issue is not None and issue.state in {"sending", "paused"}:
        issue.state = "sent"
        issue.sent_at = issue.changed_at = clock.now()


def _change(issue: Issue, states: tuple[str, ...], state: str) -> Batch:
    """Put an issue that is leaving in another state; return its batch, held.

    The batch is held first, as by the worker that closes it: no two wait for each other.
    """
    if issue.batch_id is None:
        raise Conflict
    batch = _hold_batch(issue)
    session.refresh(issue)
    if issue.state not in states:
        raise Conflict
    issue.state = state
    issue.changed_at = clock.now()
    return batch


def _hold_batch(issue: Issue) -> Batch:
    return session.scalars(
        select(Batch)
        .where(Batch.id == issue.batch_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _freeze(issue: Issue, locale: str) -> Variant:
    mark = secrets.token_hex(8)
    rendered = render(emails.issue(issue, locale, mark=mark))
    return Variant(
        locale=locale,
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        mark=mark,
        items=content.dump(content.items_of(issue, locale)),
        digest=hashlib.sha256(
            "\x00".join((rendered.subject, rendered.text, rendered.html)).encode()
        ).hexdigest(),
        created_at=clock.now(),
    )


def _insert_deliveries(issue: Issue, batch: Batch, limit: int | None, *, sqlite: bool) -> int:
    """Write the deliveries that are missing, at most ``limit``; return how many."""
    opaque = text(
        "lower(hex(randomblob(16)))" if sqlite else "replace(gen_random_uuid()::text, '-', '')"
    )
    owed = select(Delivery.id).where(
        Delivery.batch_id == batch.id, Delivery.address_key == Person.email_key
    )
    columns: Select[tuple[object, ...]] = select(
        opaque,
        literal(batch.id),
        Subscription.person_id,
        literal(ISSUE),
        Subscription.id,
        literal({}, JSON),
        Person.email,
        Person.email_key,
        Subscription.locale,
        literal("pending"),
        literal(0),
        literal(clock.now()),
    )
    readers = (
        columns.join(Person, Person.id == Subscription.person_id)
        .where(
            Subscription.newsletter_id == issue.newsletter_id,
            Subscription.state == "confirmed",
            ~owed.exists(),
        )
        .order_by(Subscription.id)
        .limit(limit)
    )
    insert = sqlite_insert if sqlite else postgresql_insert
    names = (
        *("public_id", "batch_id", "person_id", "message", "subject_id", "arguments"),
        *("address", "address_key", "locale", "state", "attempts", "created_at"),
    )
    written = session.execute(
        insert(Delivery).from_select(names, readers).on_conflict_do_nothing(),
        execution_options={"synchronize_session": False},
    )
    return int(getattr(written, "rowcount", 0))


def _block_findings(block: Block, today: date, issue: Issue) -> list[str]:
    event = block.event
    if event is None:
        return [] if block.text_fr.strip() else ["no_french"]
    allowed = composing.audiences(issue.newsletter)
    if event.state == "draft" or event.audience not in allowed:
        return ["not_public"]
    last_day = event.ends_on or event.starts_on
    return [
        code
        for code, holds in (
            ("no_french_description", event.description_en and not event.description_fr),
            ("cancelled", event.state == "cancelled"),
            ("past", last_day is not None and last_day < today),
        )
        if holds
    ]
