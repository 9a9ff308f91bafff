"""Lines are broken, tables aligned and paths shown in one place each; every verb fits a narrow terminal and a pipe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from egp.cli.commands import terminal
from egp.cli.main import main
from egp.output.report.text import Style, columns
from egp.policy.shipped import ROOT
from tests.test_rooms import MODULES

LAYOUT = frozenset({"ljust", "rjust", "center", "wrap", "fill", "get_terminal_size"})
MAY = {
    "egp.cli.commands.terminal": "asks how wide the terminal is",
    "egp.cli.commands.progress": "asks the same, for the line that says how far work has come",
    "egp.cli.parser": "asks the same for the help, which argparse lays out",
    "egp.advice.new.experiment": "aligns comments of the plan that it writes",
    "egp.advice.new.stated": "aligns them, too",
}


def layouts(tree: ast.AST) -> Iterator[str]:
    """How a module lays out text: by functions made for it, or by a width that a format takes from a value."""
    for node in ast.walk(tree):
        if (isinstance(node, ast.Import) and any(each.name == "textwrap" for each in node.names)) or (
            isinstance(node, ast.ImportFrom) and node.module == "textwrap"
        ):
            yield "textwrap"
        elif isinstance(node, ast.Attribute) and node.attr in LAYOUT:
            yield node.attr
        elif isinstance(node, ast.FormattedValue) and node.format_spec:
            spec = ast.unparse(node.format_spec)
            if re.search(r"(?<!0)[<>^](\{|\d)", spec):
                yield spec


@pytest.mark.parametrize("module", [name for name in MODULES if not name.startswith("egp.output.")])
def test_text_is_laid_out_by_the_page_alone(module: str) -> None:
    found = list(layouts(ast.parse(MODULES[module].read_text(encoding="utf-8"))))
    assert bool(found) == (module in MAY), found


def test_a_path_is_shown_by_one_function() -> None:
    texts = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    assert [
        name for name, text in texts.items() if re.search(r'relative\.startswith\("\.\."\) else', text)
    ] == ["egp.yaml.files"]


PLAN = "examples/experiments/pdp-buy-now.yaml"
RESULTS = f"{PLAN} --results examples/results/pdp-buy-now/day-05.yaml"
VERBS = (
    f"gate {RESULTS} --to 70% --as-of 2023-01-28T08:00",
    f"brief {RESULTS} --as-of 2023-01-28T08:00",
    "power --kind proportion --baseline 12% --mde 30bps --per-day 20_000",
    f"power {PLAN}",
    f"policy show {PLAN} --as-of 2023-01-28",
    "policy diff egp:standard egp:strict",
    "policy test egp:ml-launch",
    "rules",
    "explain minimum-runtime",
    "explain examples/rejected/ship-on-day-five.yaml --as-of 2023-01-18",
    "status examples/experiments --results examples/results --as-of 2023-02-28",
    "check examples/rejected/ship-on-day-five.yaml --as-of 2023-01-18",
)


def too_wide(told: str, width: int) -> list[str]:
    """Lines that could be broken and are not; what is to be copied stays whole."""
    lines = [line for line in told.splitlines() if columns(line) > width and not line.startswith("    ")]
    return [line for line in lines if max(map(columns, line.split())) < width - 24]


@pytest.mark.parametrize("call", VERBS)
def test_every_verb_fits_a_narrow_terminal(
    call: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(ROOT))
    monkeypatch.setattr(terminal, "style", lambda _: Style(60))
    assert main(call.split()) in (0, 1)
    told = capsys.readouterr().out
    assert told
    assert "\x1b" not in told
    assert too_wide(told, 60) == []


@pytest.mark.parametrize("call", VERBS)
def test_a_pipe_gets_the_same_words_without_colour(
    call: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(Path(ROOT))
    monkeypatch.setenv("FORCE_COLOR", "")
    main(call.split())
    piped = capsys.readouterr().out
    assert "\x1b" not in piped
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(call.split())
    assert re.sub("\x1b\\[[0-9;]*m", "", capsys.readouterr().out) == piped
