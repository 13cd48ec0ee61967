"""E-mail addresses: checked when typed, compared by a normal form."""

from email_validator import EmailNotValidError, validate_email

from eventhub.errors import Invalid
from eventhub.i18n import msgid

MESSAGE = msgid("Enter an e-mail address like name@example.org.")


def clean(typed: str, field: str = "email") -> str:
    """Return the address to write to, as typed but tidy, its domain as an A-label.

    Raises Invalid, naming ``field``, when it can't be one. No DNS look-up is made.
    """
    try:
        checked = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise Invalid({field: MESSAGE}) from None
    return f"{checked.local_part}@{checked.ascii_domain}"


def key(address: str) -> str:
    """Return the normal form by which two addresses are the same: lower case."""
    return address.strip().lower()


def mask(address: str) -> str:
    """Return an address that its owner recognises and nobody else can write to (N10).

    "marie.tremblay@example.org" becomes "m•••@e•••.org".
    """
    local, _, domain = address.partition("@")
    host, _, top = domain.rpartition(".")
    return f"{local[:1]}•••@{host[:1]}•••.{top}"
