"""The look of a network: one colour made readable on our pages, in both schemes.

Contrast is WCAG 2.2's (success criterion 1.4.3: 4.5 to 1 for text). Pure: no database.
"""

import re
from dataclasses import dataclass

LIGHT_PAGE = "#f1e9d8"  # the darkest light surface that carries accent text (--sunk)
DARK_PAGE = "#2a303b"  # the lightest dark surface that carries accent text (--sunk)
WHITE = "#ffffff"
INK = "#12161d"
ENOUGH = 4.5

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Tones:
    """An accent and the text on it, for the light scheme and for the dark one (#rrggbb)."""

    accent: str
    accent_ink: str
    dark_accent: str
    dark_accent_ink: str


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (#rrggbb), from 1 to 21. Raises ValueError."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def is_readable(accent: str) -> bool:
    """Return whether a colour reads on our paper as it is. Raises ValueError."""
    return tones(accent).accent == accent.lower()


def tones(accent: str) -> Tones:
    """Return the four colours of an accent, moved only as far as reading needs.

    ``accent`` is #rrggbb. Raises ValueError for anything else.
    """
    light = _until_readable(accent.lower(), toward="#000000", on=(LIGHT_PAGE, WHITE))
    dark = _until_readable(accent.lower(), toward=WHITE, on=(DARK_PAGE, INK))
    return Tones(light, WHITE, dark, INK)


def stylesheet(accent: str) -> str:
    """Return what /networks/<slug>/look.css answers. Raises ValueError for a bad colour."""
    t = tones(accent)
    light = f":root{{--accent:{t.accent};--accent-ink:{t.accent_ink}}}"
    dark = f":root{{--accent:{t.dark_accent};--accent-ink:{t.dark_accent_ink}}}"
    return f"{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n"


def _until_readable(colour: str, toward: str, on: tuple[str, ...]) -> str:
    """Mix a colour with black or white, 2 percent at a time, until it reads on every surface."""
    mixed = colour
    for step in range(1, 51):
        if all(contrast(mixed, surface) >= ENOUGH for surface in on):
            break
        mixed = _mix(colour, toward, step / 50)
    return mixed


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    if not _HEX.fullmatch(colour):
        raise ValueError(f"not a colour like #1f5f5b: {colour!r}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
