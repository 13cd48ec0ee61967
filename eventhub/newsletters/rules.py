"""Pure rules of newsletters: when an issue is due, which dates it announces, what stops it."""

from dataclasses import dataclass
from datetime import date, timedelta

from eventhub.i18n import msgid

#: How many months one issue answers for, by cadence.
PERIOD_MONTHS = {"monthly": 1, "six_per_year": 2, "not_stated": 1}
#: An issue also announces the month that follows its period: people need time to plan.
NOTICE_MONTHS = 1
#: W14: some mailboxes cut a message near 102 kB, and the unsubscribe link with it.
WARN_BYTES = 80_000
REFUSE_BYTES = 100_000
SUMMARY_LENGTH = 220
#: A schedule that missed the first of the month makes up for it until then.
LAST_DAY_DUE = 7
MIDDLE_OF_MONTH = 15


@dataclass(frozen=True)
class Window:
    """The dates that an issue announces, both included."""

    starts_on: date
    ends_on: date

    @property
    def months(self) -> tuple[str, ...]:
        """The months it touches, as "2026-12"."""
        found, day = [], self.starts_on.replace(day=1)
        while day <= self.ends_on:
            found.append(f"{day:%Y-%m}")
            day = next_month(day)
        return tuple(found)


def next_month(day: date, count: int = 1) -> date:
    """Return the first day of the month ``count`` months after a date's."""
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def window_of(cadence: str, today: date) -> Window:
    """Return the dates of the issue that one composes today: its period, and the month after."""
    first = today.replace(day=1)
    after = next_month(first, PERIOD_MONTHS[cadence] + NOTICE_MONTHS)
    return Window(first, after - timedelta(days=1))


def proposed_window(cadence: str, today: date) -> Window:
    """Return the dates that an organiser is offered: from the middle of a month, the next one's."""
    return window_of(cadence, today if today.day < MIDDLE_OF_MONTH else next_month(today))


def is_due(cadence: str, today: date) -> bool:
    """Tell whether the schedule owes an issue: each month, or each odd month (six a year).

    It is owed on the first, and made up for during the first week. A newsletter whose cadence
    nobody stated is composed by hand only.
    """
    has_issue = cadence == "monthly" or (cadence == "six_per_year" and today.month % 2 == 1)
    return has_issue and today.day <= LAST_DAY_DUE


def issue_slug(window: Window, taken: set[str]) -> str:
    """Return the address of an issue within its newsletter: "2026-12", then "2026-12-2"."""
    base = f"{window.starts_on:%Y-%m}"
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


#: Sentences for what is found in an issue before it leaves. Those of REFUSALS stop it.
FINDINGS = {
    "no_postal_address": msgid("The network has no postal address: the law asks for one."),
    "no_person_in_charge": msgid("The network names nobody in charge of personal information."),
    "no_sender": msgid("The network has no sender address for its mails."),
    "no_contact": msgid("The network gives neither phone, e-mail for answers nor website."),
    "no_subject": msgid("The issue has no subject in French."),
    "no_french": msgid("This text is missing in French. Write it, or hide the block."),
    "no_french_description": msgid("This event is described in English but not in French."),
    "nothing_to_say": msgid("The issue has nothing in it yet."),
    "not_public": msgid("This event is no longer published for these readers. Remove or hide it."),
    "no_subscribers": msgid("Nobody has confirmed a subscription to this newsletter yet."),
    "too_large": msgid("The issue is too long: some mailboxes would cut it. Hide some blocks."),
    "large": msgid("The issue is long: consider hiding some blocks."),
    "past": msgid("This event is past."),
    "cancelled": msgid("This event was cancelled. The issue says so."),
}
REFUSALS = frozenset(FINDINGS) - {"large", "past", "cancelled"}


@dataclass(frozen=True)
class Finding:
    """Something to know before sending, about the whole issue or about one block."""

    code: str
    block: str = ""

    @property
    def stops(self) -> bool:
        """Whether the issue can't leave with it."""
        return self.code in REFUSALS

    @property
    def sentence(self) -> str:
        """The untranslated sentence."""
        return FINDINGS[self.code]
