"""The pages of explain, brief, status and rehearse, in the format and to the place that is requested."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal

if TYPE_CHECKING:
    from egp.output.page.model import Link, Page

PAGE_FORMATS = ("text", "markdown", "html", "slack", "teams")
_ENDINGS = {".md": "markdown", ".html": "html", ".htm": "html", ".json": "json"}
_NEEDS_EXTRA = ("jinja2", "markupsafe", "vl_convert")


def add_format(parser: argparse.ArgumentParser, *further: str) -> None:
    """``--format`` and ``-o``; ``further`` are formats that the command renders by itself, such as json."""
    parser.add_argument(
        "--format",
        choices=(*PAGE_FORMATS, *further),
        help="format of the page (default: what the ending of FILE says, or text)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=terminal.STANDARD_OUTPUT, help="write the page to FILE"
    )


def asked_format(options: argparse.Namespace, *further: str) -> str:
    """The format that is requested, by name or by the ending of the file."""
    if options.format:
        return str(options.format)
    by_ending = next((form for end, form in _ENDINGS.items() if options.output.lower().endswith(end)), "text")
    return by_ending if by_ending in (*PAGE_FORMATS, *further) else "text"


def shown(page: Page, options: argparse.Namespace) -> str:
    """The page in the format that is requested. Raises Stop where that takes what is not installed."""
    form = asked_format(options)
    if form == "html":
        return as_html(page)
    if form == "markdown":
        from egp.output.page import markdown

        return markdown.render(page)
    if form in ("slack", "teams"):
        from egp.cli.commands.reporting import as_message

        return as_message(page, form)
    from egp.output.page import text
    from egp.output.report.text import Style

    printed = options.output == terminal.STANDARD_OUTPUT
    return text.render(page, terminal.style(sys.stdout) if printed else Style(terminal.PIPED_WIDTH))


def as_html(page: Page, home: Link | None = None) -> str:
    """The page as a file of HTML. Raises Stop where that takes what is not installed."""
    try:
        from egp.output.page import html

        return html.render(page, home)
    except ModuleNotFoundError as missing:
        if missing.name not in _NEEDS_EXTRA:
            raise
        message = f"--format html needs {missing.name}, which is not installed"
        raise terminal.Stop(
            message, "pip install 'egp[html]', or take --format text or --format markdown"
        ) from None


def deliver(content: str, options: argparse.Namespace) -> None:
    """Prints the page, or writes the whole of it to the file."""
    if options.output == terminal.STANDARD_OUTPUT:
        terminal.write_out(content)
    else:
        terminal.write_file(options.output, content)
