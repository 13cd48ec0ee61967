"""Accounts: create an organiser, sign in, change and reset a password."""

import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select

from eventhub import clock, outbox, tokens
from eventhub.accounts.models import Account
from eventhub.db import session
from eventhub.errors import DomainError, Invalid, NotFound
from eventhub.i18n import DEFAULT_LOCALE, msgid
from eventhub.mail import address as addresses
from eventhub.mail import service as mail
from eventhub.networks import service as networks

PASSWORD_LENGTH = (12, 200)
RESET_STEP = timedelta(minutes=10)
RESET_STEPS = 6  # a link lives from one hour to one hour and ten minutes

_TOO_SHORT = msgid("Choose a password of at least 12 characters. A short sentence works well.")
_TOO_LONG = msgid("Choose a password of at most 200 characters.")

# OWASP's setting for Argon2id with little memory: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


class WrongCredentials(DomainError):
    """The address and the password don't go together; which of them is wrong is not said."""


def create_organiser(
    email: str,
    name: str,
    network_slugs: list[str],
    password: str = "",
    locale: str = DEFAULT_LOCALE,
) -> tuple[Account, str]:
    """Give somebody the right over networks; return the account and its generated password.

    A known account keeps its name and password (unless one is given) and gains the networks.
    The password returned is empty when none was generated. Raises NotFound for an unknown
    network, Invalid for an address, a name or a password that can't be.
    """
    clean = addresses.clean(email)
    if not name.strip():
        raise Invalid({"name": msgid("Enter a name.")})
    wanted = [networks.get_network(slug) for slug in network_slugs]
    account = find_by_email(clean)
    generated = ""
    if account is None:
        generated = "" if password else generate_password()
        account = Account(
            name=name.strip(),
            email=clean,
            email_key=addresses.key(clean),
            locale=locale,
            password_hash=hash_password(password or generated),
            created_at=clock.now(),
        )
        session.add(account)
    elif password:
        _set_password(account, password)
    account.networks.extend(n for n in wanted if n not in account.networks)
    session.flush()
    return account, generated


def find_by_email(email: str) -> Account | None:
    """Return the account with this address, or None."""
    return session.scalar(select(Account).where(Account.email_key == addresses.key(email)))


def find_account(public_id: str) -> Account | None:
    """Return the account with this public id, or None."""
    return session.scalar(select(Account).where(Account.public_id == public_id))


def authenticate(email: str, password: str) -> Account:
    """Return the account that this address and password open.

    Raises WrongCredentials, after the same work whether the address is known or not (A12).
    """
    account = find_by_email(email)
    given = password[: PASSWORD_LENGTH[1]]
    if not _verify(account.password_hash if account else _NOBODY, given) or account is None:
        raise WrongCredentials
    return account


def note_sign_in(account: Account) -> None:
    """Remember when an organiser last signed in."""
    account.signed_in_at = clock.now()


def change_password(account: Account, current: str, new: str) -> None:
    """Change a password, which ends every other session.

    Raises Invalid when the present password is wrong or the new one can't be.
    """
    if not _verify(account.password_hash, current[: PASSWORD_LENGTH[1]]):
        raise Invalid({"current": msgid("This is not your present password.")})
    _set_password(account, new)


def request_password_reset(email: str) -> None:
    """Owe a look-up of this address and, when it is an organiser's, a mail with a link.

    The worker looks it up, so that the answer takes the same time either way (A12).
    """
    key = f"accounts.password_reset:{tokens.digest('account.reset', addresses.key(email))}"
    outbox.add("accounts.password_reset", key=key, address=email.strip()[:320])


def owe_password_reset(address: str) -> None:
    """Owe the mail that resets a password, once per ten minutes (A11); nothing for a stranger."""
    account = find_by_email(address)
    if account is not None:
        mail.owe(
            "accounts.password_reset",
            subject_id=account.id,
            address=account.email,
            locale=account.locale,
            key=f"accounts.password_reset:{account.id}:{_step(clock.now())}",
        )


def reset_token(account: Account) -> str:
    """Return the token that lets its bearer choose a new password, for one hour, once."""
    purpose = _reset_purpose(_step(clock.now()))
    return tokens.make(purpose, account.public_id, account.session_version)


def get_by_reset_token(token: str) -> Account:
    """Return the account that may choose a new password. Raises NotFound."""
    account = find_account(tokens.public_id_of(token))
    step = _step(clock.now())
    if account is not None:
        for age in range(RESET_STEPS + 1):
            purpose = _reset_purpose(step - age)
            if tokens.verify(token, purpose, account.public_id, account.session_version):
                return account
    raise NotFound


def reset_password(token: str, new: str) -> Account:
    """Set the password of the token's account, which revokes the token and every session.

    Raises NotFound for a token that is not (or no longer) good, Invalid for the password.
    """
    account = get_by_reset_token(token)
    _set_password(account, new)
    return account


def generate_password() -> str:
    """Return a password that can be read aloud: four groups of four letters and digits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def hash_password(password: str) -> str:
    """Return the hash to keep. Raises Invalid when the password is too short or too long."""
    shortest, longest = PASSWORD_LENGTH
    if len(password) < shortest:
        raise Invalid({"password": _TOO_SHORT})
    if len(password) > longest:
        raise Invalid({"password": _TOO_LONG})
    return _hasher.hash(password)


def _set_password(account: Account, password: str) -> None:
    account.password_hash = hash_password(password)
    account.session_version += 1


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _step(moment: datetime) -> int:
    return int(moment.timestamp() // RESET_STEP.total_seconds())


def _reset_purpose(step: int) -> str:
    return f"account.reset.{step}"
