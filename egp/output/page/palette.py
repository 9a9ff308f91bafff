"""Colours of pages and charts, in light and in dark: the hues of Okabe and Ito, which colour-blind readers distinguish.

Shapes have a contrast of 3 : 1 at least with the ground, words of 4.5 : 1; tests/page measures both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    pass


class Colour(NamedTuple):
    """A name in the style sheet, and what it is on a light and on a dark ground."""

    name: str
    light: str
    dark: str


GROUND = Colour("ground", "#ffffff", "#14171a")
PANEL = Colour("panel", "#f4f6f8", "#1e2328")
INK = Colour("ink", "#1c2127", "#e6e9ec")
MUTED = Colour("muted", "#545d68", "#a7b1bc")
LINE = Colour("line", "#d5dae0", "#3a424b")
OUTLINE = Colour("outline", "#6b7480", "#7d8894")
"""Of shapes that count without being marked."""
LINK = Colour("link", "#005a8f", "#7cc4f5")

# Words: darker on light and lighter on dark than the marks, since small letters need more contrast.
GOOD_WORD = Colour("good-word", "#00664b", "#4fd6ad")
CAUTION_WORD = Colour("caution-word", "#7a5200", "#f3bf4f")
BAD_WORD = Colour("bad-word", "#a33d00", "#ff9a63")

SERIES = Colour("series", "#0072b2", "#6cb8f0")
GOOD = Colour("good", "#009e73", "#33c79b")
CAUTION = Colour("caution", "#b27b00", "#f0b030")
BAD = Colour("bad", "#d55e00", "#ff8040")

ALL = (
    GROUND,
    PANEL,
    INK,
    MUTED,
    LINE,
    OUTLINE,
    LINK,
    GOOD_WORD,
    CAUTION_WORD,
    BAD_WORD,
    SERIES,
    GOOD,
    CAUTION,
    BAD,
)


def variables(dark: bool) -> str:
    """The colours as declarations of a style sheet."""
    return " ".join(f"--{colour.name}: {colour.dark if dark else colour.light};" for colour in ALL)


def chart_rules() -> str:
    """Rules that bind the colours of a chart, drawn for a light ground, to those of the page."""
    return "\n".join(
        f'.chart svg [{attribute}="{colour.light}"] {{ {attribute}: var(--{colour.name}); }}'
        for colour in ALL
        for attribute in ("fill", "stroke")
    )
