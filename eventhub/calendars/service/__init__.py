"""Calendars: feeds and files for those who read, calendar requests for those who come."""

from eventhub.calendars.service.feeds import (
    Feed,
    Listed,
    find_feed,
    list_feeds,
    read_event,
    read_feed,
)
from eventhub.calendars.service.requests import request

__all__ = [
    "Feed",
    "Listed",
    "find_feed",
    "list_feeds",
    "read_event",
    "read_feed",
    "request",
]
