"""A page as one self-contained HTML file: no script, nothing from the network, light and dark, also on paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from egp.output.page import paper
from egp.output.page.drawing import picture
from egp.output.page.model import Light
from egp.output.page.palette import chart_rules, variables
from egp.output.page.text import COLOUR_WORD, cell_text, plain
from egp.output.page.unit_spacing import in_one_style
from egp.output.report.text import printable

if TYPE_CHECKING:
    from egp.output.page.model import Cell, Figure, Link, Page, Section, Table, Tone

_FOLDER = Path(__file__).parent
_SHAPE: dict[Tone, str] = {"good": "●", "caution": "▲", "bad": "■", "neutral": "○"}
"""Stoplights that are distinguished without their colours."""

_WIDTHS = {"wide": 640, "narrow": 316}
"""A chart is drawn twice, so that its letters keep their size on a telephone."""
_VEGA_LITE = "5.20"
"""Not the newest that is installed: the same chart is to give the same bytes."""

_SVG_TAG = re.compile(r"<svg\b[^>]*>")
_ROLES = re.compile(
    r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*"|aria-label="[^"]*"|aria-hidden="[a-z]+")'
)
"""Of shapes of a chart, which is one image with words of its own."""
_CODE_OR_UNBROKEN = re.compile(
    r"`(?P<code>[^`]+)`"
    r"|\b\d{4}-\d{2}-\d{2}\b(?: \d{2}:\d{2}\b)?"
    r"|(?<![\w.,])[+-]?\d[\d.,_]{0,20} (?:%|(?:pp|bps|ms|s|h|min|USD|days?|weeks?|looks?|units?)\b)"
    r"|(?<!\w)@[\w-]{1,30}(?![\w-])"
    r"|\bp (?:=|&lt;) [\d.]{1,12}\b"
    r"|\(from [^\s()]{1,12} to [^\s()]{1,12}\)"
    r"|\([+-][\d.,]{1,8} (?:%|pp|bps|ms) to [+-][\d.,]{1,8} (?:%|pp|bps|ms)\)"
)
"""Dates, numbers with their units, people, and ranges: what a line must not break in the middle of."""

_PADDING = 3
"""Of a cell, in letters; bold ones, which are wider, counted in."""

_LONGEST_WORD = 14
"""Letters of a word up to which a column is made wide enough for it."""

_LONG_AMOUNT = 25
"""Letters of an amount with its range, which two columns on a telephone have no room for."""

_MOST_COLUMNS_ABREAST = 3
"""On a telephone; a row of a wider table becomes a list there."""


def render(page: Page, home: Link | None = None) -> str:
    """The whole file; the same page gives the same bytes. ``home`` is where a page of several leads back to."""
    template, styled = _environment().from_string(_part("page.html.jinja")), in_one_style(page)
    return str(template.render(page=styled, home=home, letters=paper.points(styled))).strip() + "\n"


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalized
    )
    numbers = count(1)
    environment.globals.update(
        style=Markup(_part("page.css")),
        light=Markup(variables(dark=False)),
        dark=Markup(variables(dark=True)),
        chart_rules=Markup(chart_rules()),
        shape_of=_SHAPE,
        word_of=COLOUR_WORD,
        drawings=lambda figure: _drawings(figure, next(numbers)),
        picture=lambda figure: picture(figure.drawing, _words),
    )
    environment.filters.update(
        words=_words, kind=_kind, verbatim=_verbatim, stacks=_stacks, room=_room, classes=_classes
    )
    return environment


def _finalized(value: Any) -> Any:
    """What is printed: text as one printable line, markup as it is."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _words(text: str) -> Markup:
    """Text between tags; what stands between backticks is code."""
    return Markup(_CODE_OR_UNBROKEN.sub(_marked_up, str(escape(plain(text)))))


def _marked_up(found: re.Match[str]) -> str:
    return f"<code>{found['code']}</code>" if found["code"] else f'<span class="whole">{found[0]}</span>'


def _classes(section: Section) -> str:
    """Of its colour, and of whether it is printed."""
    of_paper = {"left out": "no-paper", "only": "only-paper"}.get(section.paper, "")
    coloured = f"toned {section.tone}" if COLOUR_WORD[section.tone] else ""
    return f"{coloured} {of_paper}".strip()


def _kind(block: object) -> str:
    return type(block).__name__


def _verbatim(text: str) -> Markup:
    """Lines that will be copied, with their indentation."""
    return Markup("\n").join(escape(printable(line)) for line in text.strip("\n").splitlines())


def _stacks(table: Table) -> bool:
    """Whether its rows become lists on a telephone: many columns, or amounts with their ranges side by side."""
    longest = max((len(cell_text(row[at])) for row in table.rows for at in table.numeric), default=0)
    return len(table.head) > (_MOST_COLUMNS_ABREAST if longest < _LONG_AMOUNT else 2)


def _room(table: Table, column: int) -> str:
    """The least width of a column: room for its longest word, as long as all columns still fit."""
    longest = max(map(_longest_word, [table.head[column], *(row[column] for row in table.rows)]))
    share = len(table.head)
    letters = min(longest, _LONGEST_WORD) + _PADDING
    return f"min-width: min({letters}ch, {88 / share:.3g}vw, {44 / share:.3g}rem)"


def _longest_word(cell: Cell) -> int:
    """Letters of it; the shape of a light stands on the line of its first word."""
    longest = max(map(len, cell_text(cell).split()), default=0)
    return longest + len("■ ") if isinstance(cell, Light) else longest


def _drawings(figure: Figure, number: int) -> Markup:
    """The chart for wide and for narrow windows, of which one is shown."""
    return Markup("\n").join(
        _drawing(figure, f"chart-{number}-{name}", name, width) for name, width in _WIDTHS.items()
    )


def _drawing(figure: Figure, prefix: str, name: str, width: int) -> Markup:
    import vl_convert

    assert isinstance(figure.chart, Mapping)
    chart: Mapping[str, Any] = {**figure.chart, "width": width}
    drawn = vl_convert.vegalite_to_svg(dict(chart), vl_version=_VEGA_LITE, allowed_base_urls=[])
    height = re.search(r'viewBox="([^"]*)"', drawn)
    if height is None:
        raise ValueError(f"the chart {figure.title!r} was drawn without a view box")
    head = Markup(
        '<svg class="{name}" role="img" aria-labelledby="{prefix}-title" aria-describedby="{prefix}-says" viewBox="{box}">'
        '<title id="{prefix}-title">{title}</title><desc id="{prefix}-says">{says}</desc>'
    ).format(name=name, prefix=prefix, box=height[1], title=plain(figure.title), says=plain(figure.says))
    return Markup(_SVG_TAG.sub(lambda _: head, _ROLES.sub("", drawn), count=1))
