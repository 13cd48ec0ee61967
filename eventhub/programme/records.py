"""What a programme says beside events: organisations, colleges and newsletters as records.

Each kind offers the same three things to ``service``: find the record, add it, bring it up to date;
and the digest that tells whether somebody edited it since.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slugify import slugify
from sqlalchemy import func, select

from eventhub import clock
from eventhub.assemblies.models import College
from eventhub.db import session
from eventhub.i18n import fold
from eventhub.networks.models import Network
from eventhub.people.models import Organisation
from eventhub.programme.reading import CollegeEntry, NewsletterEntry, OrganisationEntry
from eventhub.subscriptions.models import Newsletter

Entry = TypeVar("Entry", OrganisationEntry, CollegeEntry, NewsletterEntry)
Record = TypeVar("Record", Organisation, College, Newsletter)

# What a rule says of who reads: "membres; nouvelles, ..." and "organisations membres seulement"
# close a newsletter, "membres et sympathisants" or no word of it leave it open to everyone.
FOR_MEMBERS = re.compile(r"^membres *(;|$)|\bmembres seulement\b")


@dataclass(frozen=True)
class Kind(Generic[Entry, Record]):
    """How one file's entries become records."""

    find: Callable[[Network, Entry], Record | None]
    add: Callable[[Network, Entry], Record]
    update: Callable[[Record, Entry], None]
    told: Callable[[Record], tuple[Any, ...]]

    def fingerprint(self, record: Record) -> str:
        """Return a digest of what the document says of a record, as the record stands."""
        return hashlib.sha256(repr(self.told(record)).encode()).hexdigest()


def _find_organisation(network: Network, entry: OrganisationEntry) -> Organisation | None:
    return session.scalar(
        select(Organisation).where(
            Organisation.network_id == network.id, Organisation.name == entry.key
        )
    )


def _add_organisation(network: Network, entry: OrganisationEntry) -> Organisation:
    organisation = Organisation(
        network=network,
        name=entry.key,
        folded_name=fold(entry.key),
        sector=entry.sector,
        created_at=clock.now(),
    )
    session.add(organisation)
    return organisation


def _update_organisation(organisation: Organisation, entry: OrganisationEntry) -> None:
    organisation.sector = entry.sector


def _find_college(network: Network, entry: CollegeEntry) -> College | None:
    return session.scalar(
        select(College).where(
            College.network_id == network.id,
            College.body == entry.body,
            College.name == entry.college,
        )
    )


def _add_college(network: Network, entry: CollegeEntry) -> College:
    last = session.scalar(
        select(func.max(College.position)).where(
            College.network_id == network.id, College.body == entry.body
        )
    )
    college = College(
        network=network,
        body=entry.body,
        name=entry.college,
        seats=entry.seats,
        position=0 if last is None else last + 1,
    )
    session.add(college)
    return college


def _update_college(college: College, entry: CollegeEntry) -> None:
    college.seats = entry.seats


def _find_newsletter(network: Network, entry: NewsletterEntry) -> Newsletter | None:
    return session.scalar(
        select(Newsletter).where(
            Newsletter.network_id == network.id, Newsletter.name_fr == entry.key
        )
    )


def _add_newsletter(network: Network, entry: NewsletterEntry) -> Newsletter:
    newsletter = Newsletter(
        network=network,
        slug=_newsletter_slug(network, entry.key),
        name_fr=entry.key,
        cadence=entry.cadence,
        rule=entry.rule,
        audience=_audience(entry.rule),
        created_at=clock.now(),
    )
    session.add(newsletter)
    return newsletter


def _update_newsletter(newsletter: Newsletter, entry: NewsletterEntry) -> None:
    newsletter.cadence = entry.cadence
    newsletter.rule = entry.rule
    newsletter.audience = _audience(entry.rule)


def _audience(rule: str) -> str:
    return "members" if FOR_MEMBERS.search(fold(rule)) else "public"


def _newsletter_slug(network: Network, name: str) -> str:
    base = slugify(f"{network.slug}-{name}", max_length=80)
    taken = set(session.scalars(select(Newsletter.slug)))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


ORGANISATION = Kind(
    find=_find_organisation,
    add=_add_organisation,
    update=_update_organisation,
    told=lambda record: (record.name, record.sector),
)
COLLEGE = Kind(
    find=_find_college,
    add=_add_college,
    update=_update_college,
    told=lambda record: (record.body, record.name, record.seats),
)
NEWSLETTER = Kind(
    find=_find_newsletter,
    add=_add_newsletter,
    update=_update_newsletter,
    told=lambda record: (record.name_fr, record.cadence, record.rule, record.audience),
)
