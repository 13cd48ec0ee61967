"""What search engines may read: everything public, the feeds too (F4)."""

from flask import Blueprint, Response, redirect, url_for

from eventhub import links
from eventhub.events.service import listing

blueprint = Blueprint("robots", __name__)

CLOSED = ("/organiser/", "/registrations/", "/subscriptions/", "/dev/")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Say what stays out of search engines."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines.append(f"Sitemap: {links.sitemap()}")
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Name the public pages. Slugs are ASCII, so the addresses need no escaping."""
    pages = [links.home(), links.events(), links.calendars(), links.newsletters()]
    pages += [links.event(slug) for slug in listing.list_slugs()]
    body = "".join(f"<url><loc>{page}</loc></url>\n" for page in pages)
    return Response(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{body}</urlset>\n',
        mimetype="application/xml",
    )


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Send programs that ask for the old name to the icon."""
    return redirect(url_for("static", filename="img/icon.svg"), code=301)  # type: ignore[return-value]
