"""Registrations' use cases; each is a plain function, to be called inside one transaction."""

from eventhub.registrations.rules import (
    AlreadyRegistered,
    HoldEnded,
    PoolFull,
    RegistrationClosed,
)
from eventhub.registrations.service.listing import (
    FILTERS,
    SORTS,
    Counts,
    Page,
    cancel_registration,
    count_registrations,
    export_rows,
    get_registration,
    list_registrations,
    resend,
)
from eventhub.registrations.service.manage import (
    CONFIRM,
    MANAGE,
    change,
    confirm_address,
    confirm_token,
    expire_holds,
    get_by_token,
    get_opened,
    list_current,
    manage_token,
    promote,
    send_links,
    withdraw,
)
from eventhub.registrations.service.register import Outcome, register
from eventhub.registrations.service.seats import list_unfilled, position
from eventhub.registrations.service.telling import tell_event_changed

__all__ = [
    "CONFIRM",
    "FILTERS",
    "MANAGE",
    "SORTS",
    "AlreadyRegistered",
    "Counts",
    "HoldEnded",
    "Outcome",
    "Page",
    "PoolFull",
    "RegistrationClosed",
    "cancel_registration",
    "change",
    "confirm_address",
    "confirm_token",
    "count_registrations",
    "expire_holds",
    "export_rows",
    "get_by_token",
    "get_opened",
    "get_registration",
    "list_current",
    "list_registrations",
    "list_unfilled",
    "manage_token",
    "position",
    "promote",
    "register",
    "resend",
    "send_links",
    "tell_event_changed",
    "withdraw",
]
