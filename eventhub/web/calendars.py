"""Feeds and calendar files, and the page that names every feed."""

from datetime import datetime

from flask import Blueprint, Response, abort, render_template, request
from werkzeug.http import generate_etag, http_date, parse_date, unquote_etag

from eventhub.calendars import buttons, service
from eventhub.errors import Invalid
from eventhub.events.service import listing
from eventhub.i18n import DEFAULT_LOCALE, LOCALES

blueprint = Blueprint("calendars", __name__)

CALENDAR = "text/calendar; charset=utf-8"
GZIP_MARK = "-gz"  # a compressed answer is another representation: a strong ETag of its own


@blueprint.get("/calendars/")
def index() -> str:
    """Name every public feed, and say how to follow one."""
    feeds = service.list_feeds()
    return render_template("calendars/index.html", feeds=feeds, buttons=buttons)


@blueprint.get("/calendars/<slug>.ics")
def feed(slug: str) -> Response:
    """Answer a feed: 304 from its version alone, the kept bytes otherwise (F1-F5)."""
    if any(len(values) > 1 for _name, values in request.args.lists()):
        abort(400)
    try:
        found = service.find_feed(slug, request.args.to_dict())
    except Invalid:
        abort(400)
    compressed = request.accept_encodings["gzip"] > 0
    response = _validators(found.etag, found.changed_at, compressed)
    if _unchanged(found.etag, found.changed_at):
        response.status_code = 304
        return response
    response.data = service.read_feed(found, compressed=compressed)
    return _calendar(response, slug, compressed)


@blueprint.get("/events/<slug>.ics")
def event(slug: str) -> Response:
    """Answer the calendar file of one event; a members' one with its access token only."""
    access = request.args.get("access", "")
    found = listing.get_public(slug, access)
    locale = request.args.get("lang", DEFAULT_LOCALE)
    if locale not in LOCALES:
        abort(400)
    body = service.read_event(found, locale, request.args.get("group", ""))
    etag = generate_etag(body)
    network = found.network
    changed_at = max(found.changed_at, network.calendar_changed_at, network.changed_at)
    response = _validators(etag, changed_at, compressed=False)
    if access:
        response.headers["Cache-Control"] = "private, no-cache"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
    if _unchanged(etag, changed_at):
        response.status_code = 304
        return response
    response.data = body
    return _calendar(response, slug, compressed=False)


def _validators(etag: str, changed_at: datetime, compressed: bool) -> Response:
    response = Response()
    del response.headers["Content-Type"]
    response.set_etag(etag + GZIP_MARK if compressed else etag)
    response.headers["Last-Modified"] = http_date(changed_at)
    response.headers["Cache-Control"] = "public, no-cache"
    response.headers["Vary"] = "Accept-Encoding"
    return response


def _unchanged(etag: str, changed_at: datetime) -> bool:
    """Tell whether the client has this version; If-None-Match wins over the date (F3)."""
    named = request.headers.get("If-None-Match")
    if named is not None:
        known = {unquote_etag(tag.strip())[0] for tag in named.split(",")}
        return bool(known & {etag, etag + GZIP_MARK, "*"})
    since = parse_date(request.headers.get("If-Modified-Since"))
    return since is not None and changed_at.replace(microsecond=0) <= since


def _calendar(response: Response, slug: str, compressed: bool) -> Response:
    """Give the answer its calendar headers. Slugs are ASCII, so the file name is (F1)."""
    response.headers["Content-Type"] = CALENDAR
    response.headers["Content-Disposition"] = f'inline; filename="{slug}.ics"'
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.data))
    return response
