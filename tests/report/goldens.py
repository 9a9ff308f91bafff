"""What the reports of the scenes should look like, a file for each scene and format.

After a change of a report that is meant, `python -m tests.report.goldens --write` writes them anew; read the diff.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from egp import VERSION
from egp.cli.commands.reporting import rendered
from egp.output.report.model import Report
from egp.output.report.text import Style, render
from tests.report.scenes import SCENES, WIDTHS, report_of, scene_rules

FOLDER = Path(__file__).parent / "golden"
ENDINGS = {
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab.json",
    "rdjson": "rdjson",
    "junit": "xml",
    "markdown": "md",
}
"""Format → ending of its golden files."""
IN_EVERY_FORMAT = ("could-not-judge", "error-and-warning", "hostile", "missing-input", "shadow", "waived")
"""Scenes that between them have everything that a report may hold."""


def _text(report: Report) -> str:
    """The report at every width, each under a ruler of that width."""
    return (
        "\n".join("\n".join([f"{width:=>{width}}", *render(report, Style(width))]) for width in WIDTHS) + "\n"
    )


def _in(form: str) -> Callable[[Report], str]:
    return lambda report: rendered(report, form, None, "error").replace(f'"{VERSION}"', '"VERSION"')


GOLDENS: dict[str, tuple[str, Callable[[Report], str]]] = {
    **{f"{scene}.txt": (scene, _text) for scene in SCENES},
    **{f"{scene}.{end}": (scene, _in(form)) for form, end in ENDINGS.items() for scene in IN_EVERY_FORMAT},
}
"""Name of the file → its scene, and what writes it."""


def told(name: str) -> str:
    """What the golden file should hold."""
    scene, write = GOLDENS[name]
    with scene_rules():
        return write(report_of(SCENES[scene]))


def main(arguments: list[str]) -> int:
    if arguments != ["--write"]:
        sys.stderr.write("usage: python -m tests.report.goldens --write\n")
        return 2
    files = {name: told(name) for name in GOLDENS}
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for name, content in files.items():
        (FOLDER / name).write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
