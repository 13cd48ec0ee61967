"""Every absolute address that leaves the system, made from ``settings.site_url``.

Never from the request's host. Each function's path matches a route of the same name: the
architecture test compares them with the URL map.
"""

from urllib.parse import quote, urlencode

from eventhub.settings import current_settings


def home() -> str:
    """The front page."""
    return _link("/")


def events() -> str:
    """The list of public events."""
    return _link("/events/")


def event(slug: str, access: str = "") -> str:
    """An event's page; with its access token when it is a members' event."""
    return _link(f"/events/{quote(slug)}", access and f"access={quote(access)}")


def event_calendar(slug: str, access: str = "", group: str = "") -> str:
    """An event's calendar file; with its access token when it is a members' event.

    ``group``: the public id of a cohort, for its dates only.
    """
    asked = {"access": access, "group": group}
    query = urlencode({name: value for name, value in asked.items() if value})
    return _link(f"/events/{quote(slug)}.ics", query)


def register(slug: str, access: str = "") -> str:
    """Where one registers for an event; with its access token when it is a members' event."""
    return _link(f"/events/{quote(slug)}/register", access and f"access={quote(access)}")


def calendars() -> str:
    """The page that names every public feed."""
    return _link("/calendars/")


def calendar(slug: str, **filters: str) -> str:
    """A public feed; with filters, in one canonical order (F5)."""
    return _link(f"/calendars/{quote(slug)}.ics", urlencode(sorted(filters.items())))


def manage_registration(token: str) -> str:
    """Where a person changes or withdraws a registration."""
    return _link(f"/registrations/{token}")


def confirm_registration(token: str) -> str:
    """Where a person confirms the address of a pending registration."""
    return _link(f"/registrations/{token}/confirm")


def newsletters() -> str:
    """The list of newsletters."""
    return _link("/newsletters/")


def newsletter(slug: str) -> str:
    """A newsletter's page: subscribe, archive."""
    return _link(f"/newsletters/{quote(slug)}")


def issue(newsletter_slug: str, issue_slug: str, access: str = "") -> str:
    """The web version of an issue; with its access token when the newsletter is for members."""
    path = f"/newsletters/{quote(newsletter_slug)}/{quote(issue_slug)}"
    return _link(path, access and f"access={quote(access)}")


def confirm_subscription(token: str) -> str:
    """Where a subscriber confirms their address."""
    return _link(f"/subscriptions/{token}/confirm")


def unsubscribe(token: str) -> str:
    """Where a subscriber unsubscribes: a page on GET, done on POST (RFC 8058)."""
    return _link(f"/subscriptions/{token}/unsubscribe")


def reset_password(token: str) -> str:
    """Where an organiser chooses a new password."""
    return _link(f"/organiser/password/{token}")


def organiser() -> str:
    """The organisers' front page."""
    return _link("/organiser/")


def organiser_event(public_id: str) -> str:
    """An event, as its organisers see it."""
    return _link(f"/organiser/events/{public_id}")


def organiser_issue(public_id: str) -> str:
    """An issue, as its organisers see it."""
    return _link(f"/organiser/issues/{public_id}")


def sitemap() -> str:
    """The list of public pages, for search engines."""
    return _link("/sitemap.xml")


def mailbox() -> str:
    """Where every mail of the local form is read."""
    return _link("/dev/mailbox")


def static(path: str) -> str:
    """A file that ships with the package (an image in a mail)."""
    return _link(f"/static/{path}")


def _link(path: str, query: str = "") -> str:
    return current_settings().site_url + path + (f"?{query}" if query else "")
