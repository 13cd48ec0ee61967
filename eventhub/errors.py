"""Domain errors: a refusal that a service raises and an edge turns into words for a person."""


class DomainError(Exception):
    """Base of every expected refusal. Never carries personal data in its message."""


class NotFound(DomainError):
    """The thing does not exist, or the asker may not know that it does."""


class Invalid(DomainError):
    """Some given values are refused.

    ``fields`` maps a field's name to one untranslated (``i18n.msgid``) sentence; the edge
    translates it and puts ``values`` in its places (``%(count)s``).
    """

    def __init__(self, fields: dict[str, str], **values: object) -> None:
        super().__init__(", ".join(sorted(fields)))
        self.fields = fields
        self.values = values


class Conflict(DomainError):
    """The thing is not in a state that allows this, or somebody else changed it first."""
