"""What an issue says in one language, block by block.

The mail, its text part, the preview and the web version are all made from these items, so they
always say the same (J7).
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from eventhub import links, markdown, tokens
from eventhub.events.models import Event
from eventhub.i18n import in_locale
from eventhub.newsletters.models import Block, Issue
from eventhub.newsletters.rules import SUMMARY_LENGTH

EVENT_ACCESS = "event.access"


@dataclass(frozen=True)
class Item:
    """One visible block. An introduction has ``html`` and ``text``; an event has the rest.

    It looks like an event to the templates (title, dates, place), and stays what it was when the
    issue was sent. ``lang`` is the language of what people wrote in it (J5).
    """

    block: str
    group: str  # introduction, dated, unconfirmed
    lang: str
    html: str = ""
    text: str = ""
    title: str = ""
    url: str = ""
    slug: str = ""
    kind: str = ""
    state: str = ""
    audience: str = ""
    date_status: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    month: str | None = None
    time_zone: str = ""
    mode: str = ""
    venue_name: str = ""


def items_of(issue: Issue, locale: str) -> list[Item]:
    """Return what an issue says in a language, its hidden and empty blocks left out."""
    with in_locale(locale):
        items = [item_of(block, locale) for block in issue.blocks if not block.hidden]
    return [item for item in items if item.title or item.text]


def item_of(block: Block, locale: str) -> Item:
    """Return one block in a language."""
    with in_locale(locale):
        if block.event is None:
            lang = "en" if locale == "en" and block.text_en.strip() else "fr"
            return Item(
                block=block.public_id,
                group="introduction",
                lang=lang,
                html=_mend_headings(markdown.to_html(block.text)),
                text=markdown.to_text(block.text),
            )
        return _event_item(block, block.event, locale)


def dump(items: list[Item]) -> list[dict[str, Any]]:
    """Return items as plain values, for the database."""
    return [
        {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(item).items()
        }
        for item in items
    ]


def load(stored: list[dict[str, Any]]) -> list[Item]:
    """Return the items that ``dump`` stored."""
    read: dict[str, Callable[[str], Any]] = {
        "starts_on": date.fromisoformat,
        "ends_on": date.fromisoformat,
        "starts_at": datetime.fromisoformat,
        "ends_at": datetime.fromisoformat,
    }
    known = Item.__dataclass_fields__
    return [
        Item(
            **{
                name: read[name](value) if name in read and value else value
                for name, value in row.items()
                if name in known
            }
        )
        for row in stored
    ]


def summary(text: str) -> str:
    """Return the first words of a text, on one line: its first paragraph, no list, no address."""
    opening = re.split(r"\n\n|\n\s*(?:-|\d+[.)]) ", text.strip(), maxsplit=1)[0]
    bare = re.sub(r" \((https?://|mailto:)[^\s)]*\)", "", opening)
    line = re.sub(r"\s+", " ", bare).strip()
    if line.endswith(":"):  # it announced the list
        line = line[: max(line.rfind(mark) for mark in ".!?") + 1]
    if len(line) <= SUMMARY_LENGTH:
        return line
    return line[:SUMMARY_LENGTH].rpartition(" ")[0].rstrip(" ,;:.") + "…"


def _event_item(block: Block, event: Event, locale: str) -> Item:
    access = ""
    if event.audience == "members":
        access = tokens.make(EVENT_ACCESS, event.public_id, event.access_version)
    unconfirmed = event.date_status == "to_be_confirmed" or event.starts_on is None
    return Item(
        block=block.public_id,
        group="unconfirmed" if unconfirmed else "dated",
        lang="en" if locale == "en" and event.title_en else "fr",
        text=summary(markdown.to_text(event.description)),
        title=event.title,
        url=links.event(event.slug, access),
        slug=event.slug,
        kind=event.kind,
        state=event.state,
        audience=event.audience,
        date_status=event.date_status,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        month=event.month,
        time_zone=event.time_zone,
        mode=event.mode,
        venue_name=event.venue_name,
    )


def _mend_headings(html: str) -> Markup:
    """Have headings follow the mail's only h1 without a jump (J5)."""
    last = 1

    def opened(match: re.Match[str]) -> str:
        nonlocal last
        if match[1]:
            return f"</h{last}>"
        last = min(int(match[2]) - 1, last + 1)
        return f"<h{last}>"

    return Markup(re.sub(r"<(/?)h([2-6])>", opened, html))  # noqa: S704  was cleaned before
