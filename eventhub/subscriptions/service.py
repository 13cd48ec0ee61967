"""Subscriptions: ask, confirm, leave, come back; each step leaves an appended consent."""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager

from eventhub import clock, tokens
from eventhub.db import session
from eventhub.errors import Conflict, Invalid, NotFound
from eventhub.i18n import msgid
from eventhub.mail import address as addresses
from eventhub.mail import service as mail
from eventhub.people.models import Person
from eventhub.people.service import find_or_add_person
from eventhub.subscriptions import rules
from eventhub.subscriptions.models import Consent, Newsletter, Subscription

CONFIRMATION = "subscriptions.confirm"
#: Name of the message whose deliveries an unsubscription closes; their subject is the subscription.
ISSUE = "newsletters.issue"
CONFIRM_PURPOSE = "subscription.confirm"
UNSUBSCRIBE_PURPOSE = "subscription.unsubscribe"
PAGE_SIZE = 100
LONGEST_NAME = 200


class MembersOnly(Conflict):
    """The newsletter is for members: its organisers add its subscribers."""


class LinkExpired(Conflict):
    """A confirmation link was followed too late, or a later request replaced it."""


class AlreadyLeft(Conflict):
    """The person unsubscribed: only they can come back."""


def subscribe(
    newsletter: Newsletter, *, email: str, locale: str, source: str, wording: str, name: str = ""
) -> None:
    """Ask for a subscription; a mail asks the address to confirm (double opt-in).

    Nothing tells the caller whether the address was known (N9). ``source`` names the page,
    ``wording`` is the sentence that was agreed to, as shown. Raises MembersOnly, and Invalid for
    an address that can't be one.
    """
    if newsletter.audience != "public":
        raise MembersOnly
    address = addresses.clean(email)
    person = _lock(find_or_add_person(name.strip()[:LONGEST_NAME], address, locale))
    moment = clock.now()
    subscription = find_subscription(newsletter, person)
    asked_before = subscription is not None
    if subscription is None:
        subscription = _add(newsletter, person, locale)
    if subscription.state == "confirmed":
        return
    subscription.locale = locale
    month_ago = moment - max(period for period, _most in rules.CONFIRMATION_LIMITS)
    owed = mail.owed_since(CONFIRMATION, address, month_ago)
    may_write = rules.may_owe_confirmation(owed, moment)
    if may_write or not asked_before:
        _append_consent(subscription, "requested", wording=wording, source=source)
    if may_write:
        subscription.confirmation_owed_at = moment
        subscription.changed_at = moment
        mail.owe(
            CONFIRMATION,
            subject_id=subscription.id,
            address=person.email,
            locale=locale,
            key=f"{CONFIRMATION}:{subscription.id}:{moment.isoformat()}",
            person_id=person.id,
        )


def get_to_confirm(token: str) -> Subscription:
    """Return the subscription that a confirmation link is about.

    Raises NotFound for a link that was never ours, LinkExpired for one that came too late.
    """
    subscription = _of_token(token)
    version = subscription.confirm_version
    if not tokens.verify(token, CONFIRM_PURPOSE, subscription.public_id, version):
        if any(
            tokens.verify(token, CONFIRM_PURPOSE, subscription.public_id, earlier)
            for earlier in range(max(1, version - 20), version)
        ):
            raise LinkExpired
        raise NotFound
    owed_at = subscription.confirmation_owed_at
    late = owed_at is None or clock.now() > owed_at + rules.CONFIRM_WITHIN
    if late and subscription.state != "confirmed":
        raise LinkExpired
    return subscription


def newsletter_of(token: str) -> Newsletter:
    """Return the newsletter that a link was about, even when it expired. Raises NotFound."""
    return _of_token(token).newsletter


def list_also_requested(subscription: Subscription) -> list[Subscription]:
    """Return the other subscriptions that this address was typed for and has not answered yet.

    One confirmation a day leaves to an address (N9): its page offers them all, none ticked.
    """
    return list(
        session.scalars(
            select(Subscription)
            .where(
                Subscription.person_id == subscription.person_id,
                Subscription.id != subscription.id,
                Subscription.state == "unconfirmed",
                Subscription.created_at > clock.now() - rules.CONFIRM_WITHIN,
            )
            .order_by(Subscription.id)
        )
    )


def confirm(token: str, *, source: str, also: tuple[str, ...] = ()) -> list[Subscription]:
    """Confirm a subscription, and those of ``also`` (public ids) that the address asked for.

    Confirming twice is confirming once. Raises NotFound and LinkExpired as ``get_to_confirm``.
    """
    subscription = get_to_confirm(token)
    _lock(subscription.person)
    session.refresh(subscription)
    others = [other for other in list_also_requested(subscription) if other.public_id in also]
    for each in (subscription, *others):
        if each.state != "confirmed":
            _grant(each, basis="express", wording=_requested_wording(each), source=source)
    return [subscription, *others]


def get_to_unsubscribe(token: str) -> Subscription:
    """Return the subscription that an unsubscribe link is about. Such links never expire (L2)."""
    subscription = _of_token(token)
    if not tokens.verify(token, UNSUBSCRIBE_PURPOSE, subscription.public_id):
        raise NotFound
    return subscription


def unsubscribe(token: str, *, source: str) -> Subscription:
    """End a subscription at once: what is still owed of its issues is cancelled here and now.

    Unsubscribing twice is unsubscribing once (W6). Raises NotFound.
    """
    subscription = get_to_unsubscribe(token)
    _lock(subscription.person)
    session.refresh(subscription)
    if subscription.state == "unsubscribed":
        return subscription
    moment = clock.now()
    subscription.state = "unsubscribed"
    subscription.unsubscribed_at = moment
    subscription.changed_at = moment
    subscription.confirm_version += 1  # an earlier confirmation link brings nobody back
    _append_consent(subscription, "withdrawn", wording="", source=source)
    mail.cancel_open(ISSUE, subscription.id)
    return subscription


def may_undo(subscription: Subscription) -> bool:
    """Tell whether the page after unsubscribing still offers to undo it."""
    left_at = subscription.unsubscribed_at
    return (
        subscription.state == "unsubscribed"
        and subscription.confirmed_at is not None
        and left_at is not None
        and clock.now() <= left_at + rules.UNDO_WITHIN
    )


def undo_unsubscribe(token: str, *, source: str, wording: str) -> Subscription:
    """Take an unsubscription back, shortly after it. Raises NotFound, and LinkExpired later on."""
    subscription = get_to_unsubscribe(token)
    _lock(subscription.person)
    session.refresh(subscription)
    if subscription.state == "confirmed":
        return subscription
    if not may_undo(subscription):
        raise LinkExpired
    _grant(subscription, basis="express", wording=wording, source=source)
    return subscription


def add_subscriber(
    newsletter: Newsletter,
    *,
    email: str,
    locale: str,
    basis: str,
    source: str,
    wording: str = "",
    name: str = "",
) -> Subscription:
    """Add a confirmed subscriber whose consent the network already holds (an organiser's act).

    ``basis`` is one of ``rules.BASES`` and ``source`` says where the consent comes from: without
    both nobody is added (L6). Raises Invalid, and AlreadyLeft for somebody who unsubscribed.
    """
    refused = {}
    if basis not in rules.BASES:
        refused["basis"] = msgid("Say on what basis this person may receive the newsletter.")
    if not source.strip():
        refused["source"] = msgid("Say where this consent comes from.")
    if refused:
        raise Invalid(refused)
    address = addresses.clean(email)
    person = _lock(find_or_add_person(name.strip()[:LONGEST_NAME], address, locale))
    subscription = find_subscription(newsletter, person) or _add(newsletter, person, locale)
    if subscription.state == "unsubscribed":
        raise AlreadyLeft
    if subscription.state == "unconfirmed":
        subscription.locale = locale
        _grant(subscription, basis=basis, wording=wording, source=source.strip())
    return subscription


def find_subscription(newsletter: Newsletter, person: Person) -> Subscription | None:
    """Return a person's link to a newsletter, or None."""
    return session.scalar(
        select(Subscription).where(
            Subscription.newsletter_id == newsletter.id, Subscription.person_id == person.id
        )
    )


def list_subscribers(
    newsletter: Newsletter, *, state: str = "", search: str = "", page: int = 1
) -> list[Subscription]:
    """Return one page of subscriptions (``PAGE_SIZE`` and one more when there is a next page)."""
    query = (
        select(Subscription)
        .join(Subscription.person)
        .options(contains_eager(Subscription.person))
        .where(Subscription.newsletter_id == newsletter.id)
        .order_by(Person.email_key)
        .offset((page - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE + 1)
    )
    if state:
        query = query.where(Subscription.state == state)
    if search.strip():
        wanted = search.strip().lower()
        query = query.where(
            or_(
                Person.email_key.contains(wanted, autoescape=True),
                func.lower(Person.name).contains(wanted, autoescape=True),
            )
        )
    return list(session.scalars(query))


def count_subscribers(newsletters: list[Newsletter]) -> dict[int, dict[str, int]]:
    """Return how many subscriptions each newsletter has in each state, by newsletter id."""
    counts: dict[int, dict[str, int]] = {each.id: {} for each in newsletters}
    rows = session.execute(
        select(Subscription.newsletter_id, Subscription.state, func.count())
        .where(Subscription.newsletter_id.in_(counts))
        .group_by(Subscription.newsletter_id, Subscription.state)
    )
    for newsletter_id, state, number in rows:
        counts[newsletter_id][state] = number
    return counts


def unsubscribe_token(subscription: Subscription) -> str:
    """Return the token of a subscription's unsubscribe links: the same one for ever (L2)."""
    return tokens.make(UNSUBSCRIBE_PURPOSE, subscription.public_id)


def confirm_token(subscription: Subscription) -> str:
    """Return the token of a subscription's confirmation link."""
    return tokens.make(CONFIRM_PURPOSE, subscription.public_id, subscription.confirm_version)


def _of_token(token: str) -> Subscription:
    subscription = session.scalar(
        select(Subscription).where(Subscription.public_id == tokens.public_id_of(token))
    )
    if subscription is None:
        raise NotFound
    return subscription


def _lock(person: Person) -> Person:
    """Hold a person's row, so that two requests for one address follow each other."""
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())
    return person


def _add(newsletter: Newsletter, person: Person, locale: str) -> Subscription:
    moment = clock.now()
    subscription = Subscription(
        newsletter=newsletter,
        person=person,
        locale=locale,
        state="unconfirmed",
        confirm_version=1,
        created_at=moment,
        changed_at=moment,
    )
    session.add(subscription)
    session.flush()
    return subscription


def _grant(subscription: Subscription, *, basis: str, wording: str, source: str) -> None:
    moment = clock.now()
    subscription.state = "confirmed"
    subscription.confirmed_at = moment
    subscription.unsubscribed_at = None
    subscription.changed_at = moment
    _append_consent(subscription, "granted", basis=basis, wording=wording, source=source)


def _requested_wording(subscription: Subscription) -> str:
    wording = session.scalar(
        select(Consent.wording)
        .where(Consent.subscription_id == subscription.id, Consent.statement == "requested")
        .order_by(Consent.id.desc())
        .limit(1)
    )
    return wording or ""


def _append_consent(
    subscription: Subscription, statement: str, *, wording: str, source: str, basis: str = "express"
) -> None:
    session.add(
        Consent(
            subscription_id=subscription.id,
            statement=statement,
            basis=basis,
            wording=wording,
            source=source,
            created_at=clock.now(),
        )
    )
