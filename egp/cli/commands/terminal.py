"""What the commands have in common with a terminal: how they print, complain, ask and write files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from egp.output.report.text import Style
    from egp.plan.finding import Failure

COULD_NOT_JUDGE = 2
PIPED_WIDTH = 100
STANDARD_OUTPUT = "-"
WIDTH_OF_UNKNOWN = 80
"""Columns of a terminal that does not know its own, as inside some editors and containers."""


class Stop(Exception):
    """Ends the run with exit status 2 and one clear line."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


def complain(message: str, help: str = "") -> None:
    from egp.output.report.text import printable

    sys.stderr.write(f"egp: {printable(message)}\n" + (f"  help: {printable(help)}\n" if help else ""))


def errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def print_failures(failures: Sequence[Failure]) -> None:
    from egp.output.report.text import failure_lines

    said_in = style(sys.stderr)
    for failure in failures:
        sys.stderr.write("\n".join(failure_lines(failure, said_in)) + "\n")


def style(stream: object) -> Style:
    """Colour and width of the terminal; neither when piped, so that the same input gives the same bytes."""
    from egp.output.report.text import Style

    asked_for_colour = os.environ.get("FORCE_COLOR", "") not in ("", "0")
    if not getattr(stream, "isatty", bool)():
        return Style(PIPED_WIDTH, colour=asked_for_colour and not os.environ.get("NO_COLOR"), piped=True)
    takes_colour = asked_for_colour or os.environ.get("TERM") != "dumb"
    columns = os.get_terminal_size(stream.fileno()).columns or WIDTH_OF_UNKNOWN  # type: ignore[attr-defined]
    return Style(max(40, min(120, columns)), colour=takes_colour and not os.environ.get("NO_COLOR"))


def say(sentences: Iterable[str]) -> None:
    """What a command has done, a statement a line."""
    from egp.output.page.text import statements

    write_out(statements(sentences, style(sys.stdout)))


def write_out(content: str) -> None:
    """Prints UTF-8 whatever the locale says; a terminal that cannot show a character gets a stand-in."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stdout.write(content)
    sys.stdout.flush()


def write_file(path: str, content: str) -> None:
    """Writes the whole file or nothing, never through a link. A pipe or /dev/stdout is written to and not replaced."""
    from egp.yaml.atomic import write_report

    try:
        write_report(path, content.encode("utf-8", "replace"))
    except OSError as error:
        raise Stop(f"cannot write {path}: {error.strerror}") from None


def append_file(path: str, content: str) -> None:
    """Adds to the end of a file that others write to as well."""
    from egp.yaml.atomic import append

    try:
        append(path, content.encode("utf-8", "replace"))
    except OSError as error:
        raise Stop(f"cannot write {path}: {error.strerror}") from None


def answer_to(question: str) -> str:
    """What is answered on the terminal; empty at its end."""
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    return sys.stdin.readline()
