"""The codes of events in the reader's words. Templates get them as filters (see ``app.py``)."""

from eventhub.i18n import current_locale, gettext, msgid

NBSP = "\u00a0"

KINDS = {
    "assembly": msgid("Assembly"),
    "awareness_week": msgid("Awareness week"),
    "board": msgid("Board meeting"),
    "committee": msgid("Committee"),
    "congress": msgid("Congress"),
    "consultation": msgid("Consultation"),
    "forum": msgid("Forum"),
    "grande_matinee": msgid("Grande Matinée"),
    "hearing": msgid("Hearing"),
    "meeting": msgid("Meeting"),
    "plenary": msgid("Plenary"),
    "reading_circle": msgid("Reading circle"),
    "summit": msgid("Summit"),
    "support_group": msgid("Support group"),
    "survey": msgid("Survey"),
    "talk": msgid("Talk"),
    "training": msgid("Training"),
    "workshop": msgid("Workshop"),
}
MODES = {
    "in_person": msgid("In person"),
    "online": msgid("Online"),
    "hybrid": msgid("In person or online"),
}
AUDIENCES = {
    "public": msgid("Open to everyone"),
    "members": msgid("For members"),
    "private": msgid("For organisers only"),
}


def kind(code: str) -> str:
    """Return what kind of meeting a code names: "Formation", "Training"."""
    return gettext(KINDS.get(code, code))


def mode(code: str) -> str:
    """Return how one takes part: "En ligne", "Online"."""
    return gettext(MODES.get(code, code))


def audience(code: str) -> str:
    """Return for whom an event is: "Pour les membres", "For members"."""
    return gettext(AUDIENCES.get(code, code))


def price(cents: int | None) -> str:
    """Return a price in Canadian dollars: "Gratuit", "25 $", "12,50 $"; nothing when unknown."""
    if cents is None:
        return ""
    if cents == 0:
        return gettext("Free")
    dollars, rest = divmod(cents, 100)
    if current_locale() == "en":
        return f"${dollars:,}" + (f".{rest:02d}" if rest else "")
    grouped = f"{dollars:,}".replace(",", NBSP)
    return grouped + (f",{rest:02d}" if rest else "") + f"{NBSP}$"


def session_name(title: str, cohort: str, number: int, count: int) -> str:
    """Return what tells a session from the others: "Groupe 1, séance 1 de 2".

    ``number`` of ``count`` is its place in its cohort, or in the event.
    """
    own = title
    if not own and count > 1:
        own = gettext("session %(number)s of %(count)s", number=number, count=count)
    return ", ".join(part for part in (cohort, own) if part)


FILTERS = {
    "kind_word": kind,
    "mode_word": mode,
    "audience_word": audience,
    "price_words": price,
}
