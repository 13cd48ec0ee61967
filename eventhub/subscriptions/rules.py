"""Pure rules of subscriptions: limits, and the words a person agrees to."""

from datetime import datetime, timedelta

from eventhub.i18n import gettext as _
from eventhub.subscriptions.models import Newsletter

#: N9: at most one confirmation per address in a day, and three in a month.
CONFIRMATION_LIMITS = ((timedelta(hours=24), 1), (timedelta(days=30), 3))
#: L14: what was not confirmed by then is not kept, so its link stops working too.
CONFIRM_WITHIN = timedelta(days=30)
#: For how long "undo" stands on the page after unsubscribing. Later: subscribe again.
UNDO_WITHIN = timedelta(hours=1)

#: L4, L6: on what an address may be added by an organiser.
BASES = ("express", "membership")


def may_owe_confirmation(owed: list[datetime], moment: datetime) -> bool:
    """Tell whether one more confirmation may leave, given when earlier ones were owed (N9)."""
    return all(
        sum(earlier > moment - period for earlier in owed) < most
        for period, most in CONFIRMATION_LIMITS
    )


def consent_wording(newsletter: Newsletter) -> str:
    """Return the sentence that one agrees to, in the reader's language (L3).

    It names the purpose and the sender, and says that one may withdraw. What was shown is what is
    kept as proof.
    """
    return _(
        "I agree to receive “%(newsletter)s” by e-mail from %(network)s. "
        "I can withdraw my consent at any time, with the link in each issue.",
        newsletter=newsletter.name,
        network=newsletter.network.name,
    )
