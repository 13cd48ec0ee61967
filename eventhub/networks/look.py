"""The look of a network: one colour made readable on our pages, in both schemes.

Contrast is WCAG 2.2's (success criterion 1.4.3: 4.5 to 1 for text). Pure: no database.
"""

import re
from colorsys import hls_to_rgb, rgb_to_hls
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
    light = _until_readable(accent.lower(), step=-0.01, on=(LIGHT_PAGE, WHITE))
    dark = _until_readable(accent.lower(), step=0.01, on=(DARK_PAGE, INK))
    return Tones(light, WHITE, dark, INK)


def stylesheet(accent: str) -> str:
    """Return what /networks/<slug>/look.css answers. Raises ValueError for a bad colour."""
    t = tones(accent)
    light = f":root{{--accent:{t.accent};--accent-ink:{t.accent_ink}}}"
    dark = f":root{{--accent:{t.dark_accent};--accent-ink:{t.dark_accent_ink}}}"
    return f"{light}\n@media (prefers-color-scheme:dark){{{dark}}}\n"


def _until_readable(colour: str, step: float, on: tuple[str, ...]) -> str:
    """Change a colour's lightness, 1 percent at a time, until it reads on every surface.

    Hue and saturation stay, so that the colour is still the network's own.
    """
    moved = colour
    hue, lightness, saturation = rgb_to_hls(*(channel / 255 for channel in _channels(colour)))
    while any(contrast(moved, surface) < ENOUGH for surface in on):
        lightness = min(max(lightness + step, 0.0), 1.0)
        channels = hls_to_rgb(hue, lightness, saturation)
        moved = "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
    return moved


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
