"""Contrast of the colours, computed as WCAG 2 defines it: 3 : 1 for shapes, 4.5 : 1 for words, in light and in dark."""

from __future__ import annotations

from operator import attrgetter

import pytest

from egp.output.page import palette
from egp.output.page.palette import GROUND, PANEL, Colour

SHAPES = (palette.GOOD, palette.CAUTION, palette.BAD, palette.SERIES, palette.OUTLINE)
WORDS = (
    palette.INK, palette.MUTED, palette.LINK, palette.GOOD_WORD, palette.CAUTION_WORD, palette.BAD_WORD,
)  # fmt: skip


def luminance(code: str) -> float:
    channels = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005), "the grey that just fails"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("colour", "least"), [*((each, 3.0) for each in SHAPES), *((each, 4.5) for each in WORDS)]
)
def test_what_is_seen_and_read_stands_out(colour: Colour, least: float, scheme: str) -> None:
    """Amber among the shapes: on white it is the first to fade."""
    of = attrgetter(scheme)
    assert contrast(of(colour), of(GROUND)) >= least
    if least > 3:
        assert contrast(of(colour), of(PANEL)) >= least
