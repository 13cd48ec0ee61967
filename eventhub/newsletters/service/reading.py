"""Issues as they are found: by readers in the archive, by organisers in their networks."""

from sqlalchemy import select

from eventhub import tokens
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import NotFound
from eventhub.newsletters.models import Issue, Variant
from eventhub.subscriptions.models import Newsletter

ISSUE_ACCESS = "issue.access"
#: States of issues that somebody has received.
OUT = ("sending", "paused", "sent", "cancelled")


def list_sent(newsletter: Newsletter) -> list[Issue]:
    """Return the issues that the public archive shows, the latest first; none when for members."""
    if newsletter.audience != "public":
        return []
    return list(
        session.scalars(
            select(Issue)
            .where(Issue.newsletter_id == newsletter.id, Issue.state.in_(("sending", "sent")))
            .order_by(Issue.window_starts_on.desc(), Issue.id.desc())
        )
    )


def get_sent(newsletter: Newsletter, slug: str, access: str = "") -> Issue:
    """Return an issue that left, for its web version.

    That of a members' newsletter opens with the token of the mail's own link. Raises NotFound.
    """
    issue = session.scalar(
        select(Issue).where(
            Issue.newsletter_id == newsletter.id, Issue.slug == slug, Issue.state.in_(OUT)
        )
    )
    if issue is None or find_variant(issue, "fr") is None:
        raise NotFound
    if newsletter.audience != "public" and not tokens.verify(access, ISSUE_ACCESS, issue.public_id):
        raise NotFound
    return issue


def access_of(issue: Issue) -> str:
    """Return the token that opens the web version of a members' issue; "" for a public one."""
    if issue.newsletter.audience == "public":
        return ""
    return tokens.make(ISSUE_ACCESS, issue.public_id)


def find_variant(issue: Issue, locale: str) -> Variant | None:
    """Return what was frozen of an issue in a language, or None."""
    return session.scalar(
        select(Variant).where(Variant.issue_id == issue.id, Variant.locale == locale)
    )


def list_issues(newsletters: list[Newsletter]) -> list[Issue]:
    """Return the issues of some newsletters, the latest first."""
    return list(
        session.scalars(
            select(Issue)
            .where(Issue.newsletter_id.in_([each.id for each in newsletters]))
            .order_by(Issue.window_starts_on.desc(), Issue.id.desc())
        )
    )


def get_managed_issue(account: Account, public_id: str, *, to_change: bool = False) -> Issue:
    """Return an issue of the organiser's networks; NotFound for any other one (A1).

    ``to_change`` holds its row until the end of the transaction, so that two editors follow each
    other.
    """
    query = select(Issue).where(Issue.public_id == public_id)
    if to_change:
        query = query.with_for_update(of=Issue).execution_options(populate_existing=True)
    issue = session.scalar(query)
    mine = {network.id for network in account.networks}
    if issue is None or issue.newsletter.network_id not in mine:
        raise NotFound
    return issue
