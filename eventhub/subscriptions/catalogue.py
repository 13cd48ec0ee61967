"""Which newsletters there are: for readers, and for the organisers of their networks."""

from sqlalchemy import select

from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.networks.models import Network
from eventhub.subscriptions.models import Newsletter


def list_newsletters() -> list[Newsletter]:
    """Return every newsletter, by network and name."""
    return list(
        session.scalars(
            select(Newsletter)
            .join(Newsletter.network)
            .order_by(Network.name, Newsletter.name_fr, Newsletter.id)
        )
    )


def get_newsletter(slug: str) -> Newsletter:
    """Return the newsletter with this slug. Raises NotFound."""
    newsletter = session.scalar(select(Newsletter).where(Newsletter.slug == slug))
    if newsletter is None:
        raise NotFound
    return newsletter


def list_managed(account: Account) -> list[Newsletter]:
    """Return the newsletters of the networks that an organiser answers for (A1)."""
    mine = {network.id for network in account.networks}
    return [each for each in list_newsletters() if each.network_id in mine]


def get_managed(account: Account, slug: str) -> Newsletter:
    """Return a newsletter of the organiser's networks; NotFound for any other one (A1)."""
    newsletter = get_newsletter(slug)
    if newsletter.network_id not in {network.id for network in account.networks}:
        raise NotFound
    return newsletter
