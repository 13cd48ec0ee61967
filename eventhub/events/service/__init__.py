"""Events: ``listing`` reads for the public; for organisers, ``managed`` reads, ``editing`` writes
and ``lifecycle`` publishes and cancels; ``importing`` takes a programme."""

from eventhub.events.service.checking import check
from eventhub.events.service.editing import (
    ChangedMeanwhile,
    EventCancelled,
    create_event,
    refold,
    refold_network,
    update_event,
    values_of,
)
from eventhub.events.service.lifecycle import (
    NotPublished,
    cancel,
    duplicate,
    lacking,
    publish,
    restore,
    unpublish,
)
from eventhub.events.service.managed import (
    Counts,
    Filter,
    counts,
    get_managed,
    list_drafts,
    list_managed,
    list_needing_attention,
    list_next,
    needs,
)
from eventhub.events.service.series import list_series, named_series
from eventhub.events.service.values import CohortValues, EventValues, SessionValues, WhenValues

__all__ = [
    "ChangedMeanwhile",
    "CohortValues",
    "Counts",
    "EventCancelled",
    "EventValues",
    "Filter",
    "NotPublished",
    "SessionValues",
    "WhenValues",
    "cancel",
    "check",
    "counts",
    "create_event",
    "duplicate",
    "get_managed",
    "lacking",
    "list_drafts",
    "list_managed",
    "list_needing_attention",
    "list_next",
    "list_series",
    "named_series",
    "needs",
    "publish",
    "refold",
    "refold_network",
    "restore",
    "unpublish",
    "update_event",
    "values_of",
]
