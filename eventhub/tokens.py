"""Tokens that leave in links: derived by HMAC, so that a worker can make them again.

A token is ``<public id>.<mac>``. The MAC covers a purpose, the public id and a version kept in
the row: raising the version revokes every earlier token. Nothing secret is stored.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from eventhub.settings import current_settings

MAC_BYTES = 18  # 144 bits


def make(purpose: str, public_id: str, version: int = 1) -> str:
    """Return the token of one row for one purpose, 56 URL-safe characters."""
    return f"{public_id}.{_mac(current_settings().secret_keys[0], purpose, public_id, version)}"


def public_id_of(token: str) -> str:
    """Return the public id that a token claims. Nothing is verified yet."""
    return token.partition(".")[0][:64]


def verify(token: str, purpose: str, public_id: str, version: int = 1) -> bool:
    """Tell in constant time whether a token is the one of this row, purpose and version."""
    given = token.encode()
    matches = [
        hmac.compare_digest(given, f"{public_id}.{_mac(key, purpose, public_id, version)}".encode())
        for key in current_settings().secret_keys
    ]
    return any(matches)


def digest(purpose: str, value: str) -> str:
    """Return a keyed digest (hexadecimal) of a value that must not be kept in clear."""
    key = current_settings().secret_keys[0].encode()
    return hmac.new(key, f"{purpose}\x00{value}".encode(), hashlib.sha256).hexdigest()


def _mac(key: str, purpose: str, public_id: str, version: int) -> str:
    message = f"{purpose}\x00{public_id}\x00{version}".encode()
    mac = hmac.new(key.encode(), message, hashlib.sha256).digest()[:MAC_BYTES]
    return urlsafe_b64encode(mac).decode()
