"""Texts that people type, tidied: nothing invisible reaches a page, a mail header or a feed."""

import re
import unicodedata
from urllib.parse import urlsplit

_BREAKS = "\t\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029"
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"


def one_line(text: str) -> str:
    """Return a text on one line, without what can't be seen (A3, A5)."""
    return " ".join("".join(" " if c in _BREAKS else c for c in text if _shows(c)).split())


def lines(text: str) -> str:
    """Return a text of several lines, without what can't be seen."""
    broken = re.sub("\r\n|[\r\v\f\u0085\u2028\u2029]", "\n", text)
    return "".join(c for c in broken if c in "\n\t" or (c not in _BREAKS and _shows(c))).strip()


def is_web_address(text: str) -> bool:
    """Tell whether a text is an http(s) address, and nothing else (A6)."""
    try:
        parts = urlsplit(text)
        named = bool(parts.hostname)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and named and not re.search(r"\s", text)


def _shows(character: str) -> bool:
    """Tell whether a character may stay: no control, no lone surrogate, no reordering mark."""
    if character in _BREAKS:
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in _REORDERING
