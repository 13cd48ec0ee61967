"""Addresses that a request names: only a path of this site is followed (A7)."""

from urllib.parse import urlsplit


def local_path(target: str, default: str = "/") -> str:
    """Return ``target`` when it is a path of this site, ``default`` otherwise."""
    if not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return default
    if any(ord(c) < 32 for c in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target
