"""egp as a process: what it loads, its pipes and its terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.check.workspace import RUNTIME_ALONE, SHORT, Workspace

EGP = [sys.executable, "-m", "egp"]
CHECK = [*EGP, "check", "short.yaml", "--as-of", "2023-01-18"]


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    workspace.write("egp.yaml", RUNTIME_ALONE)
    workspace.write("short.yaml", SHORT.replace("type: superiority", "type: superiority\ntitle: 検索 – «é»"))
    return workspace.root


def environment(**variables: str) -> Mapping[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")
    }
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1", **variables}


HEAVY = {
    "pydantic",
    "pydantic_core",
    "scipy",
    "numpy",
    "jsonschema",
    "ruamel",
    "ruamel.yaml",
    "importlib.metadata",
}


def heavy_imports(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs egp; the last line on standard error has the exit status, and what was imported and takes its time."""
    program = (
        f"import sys\nfrom egp.cli.main import main\nstatus = main({list(arguments)!r})\n"
        f"print(status, sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_check_loads_nothing_that_costs_more_than_the_check(folder: Path) -> None:
    assert heavy_imports(folder, "check", "short.yaml", "--as-of", "2023-01-18").stderr == "1 []\n"


def test_a_check_by_every_shipped_rule_loads_nothing_heavy(folder: Path) -> None:
    sound = str(Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml")
    run = heavy_imports(folder, "check", sound, "--policy", "egp:ml-launch", "--as-of", "2023-01-18")
    assert run.stderr == "1 []\n"
    assert "1 plan judged" in run.stdout


STREAMS = [
    "2>/dev/full", "2>&-", "<&-", ">&- 2>&-", ">/dev/full 2>/dev/full", ">/dev/full 2>&-", ">&- 2>/dev/full", "<&- >&- 2>&-",
    ">/dev/full", ">&-", "| true", "2>&1 | true", "2>&1 >/dev/null | true",
]  # fmt: skip
CALLS = [
    ("check short.yaml --as-of 2023-01-18", 1),
    ("check short.yaml --as-of 2023-01-18 -o report.txt", 1),
    ("check short.yaml --policy nothing.yaml", 2),
    ("check --no-such-option", 2),
    ("gate short.yaml --results nothing.yaml --monitor", 2),
    ("--help", 0),
]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")
@pytest.mark.parametrize(("call", "status"), CALLS)
def test_no_stream_that_is_full_or_closed_changes_what_was_found(
    folder: Path, call: str, status: int
) -> None:
    script = "".join(
        f"rm -f report.txt; {sys.executable} -m egp {call} {streams}; "
        f'echo "${{PIPESTATUS[0]}}" $(cat report.txt 2>/dev/null | wc -l) >>statuses\n'
        for streams in STREAMS
    )
    subprocess.run(["bash", "-c", script], cwd=folder, env=environment(), capture_output=True, check=True)
    found = [line.split() for line in (folder / "statuses").read_text().splitlines()]
    to_file = " -o " in call
    for streams, (ended, lines) in zip(STREAMS, found, strict=True):
        is_report_lost = not to_file and any(sign in streams for sign in (">&-", ">/dev/full", "|"))
        assert int(ended) in ({status, 2} if is_report_lost else {status}), streams
        assert (int(lines) > 5) == to_file, streams


def test_a_reader_that_goes_away_is_no_traceback(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        run = subprocess.run(
            CHECK,
            cwd=folder,
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (run.returncode, run.stderr) == (2, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_no_rejection(folder: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        run = subprocess.run(
            CHECK, cwd=folder, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (run.returncode, run.stderr) == (2, "egp: cannot write the report: No space left on device\n")


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]
)
def test_the_report_is_utf_8_whatever_the_locale(folder: Path, locale: dict[str, str]) -> None:
    (folder / "short.yaml").write_text(SHORT.replace("2023-01-27}", "2023-01-27}  # 検索"), encoding="utf-8")
    run = subprocess.run(CHECK, cwd=folder, env=environment(**locale), capture_output=True, check=False)
    assert run.returncode == 1
    assert "# 検索" in run.stdout.decode("utf-8")


def test_piped_output_has_no_colour(folder: Path) -> None:
    run = subprocess.run(
        CHECK, cwd=folder, env=environment(TERM="xterm-256color"), capture_output=True, check=False
    )
    assert b"\x1b" not in run.stdout


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"TERM": "dumb", "FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_a_terminal_gets_colour_unless_it_wants_none(
    folder: Path, variables: dict[str, str], coloured: bool
) -> None:
    assert (b"\x1b[1;31m" in _on_a_terminal(folder, variables)) is coloured


@pytest.mark.parametrize(
    ("variables", "coloured"), [({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": ""}, False)]
)
def test_a_pipe_gets_colour_when_it_is_forced(
    folder: Path, variables: dict[str, str], coloured: bool
) -> None:
    run = subprocess.run(CHECK, cwd=folder, env=environment(**variables), capture_output=True, check=False)
    assert (b"\x1b[1;31m" in run.stdout) is coloured


@pytest.mark.parametrize(("columns", "width"), [(0, 80), (20, 40), (60, 60), (500, 120)])
@pytest.mark.parametrize("command", [CHECK, [*EGP, "rules"], [*EGP, "explain", "sample-size"]])
def test_lines_keep_to_the_terminal(folder: Path, command: list[str], columns: int, width: int) -> None:
    shown = _on_a_terminal(folder, {"NO_COLOR": "1"}, command, columns).decode()
    longest = max(len(line) for line in shown.replace("\r", "").split("\n") if "`" not in line)
    assert width - 20 < longest <= width


def _on_a_terminal(
    folder: Path, variables: dict[str, str], command: Sequence[str] = CHECK, columns: int = 80
) -> bytes:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50 if columns else 0, columns, 0, 0))
    try:
        with subprocess.Popen(
            command, cwd=folder, env=environment(**variables), stdout=theirs, stderr=theirs
        ) as run:
            os.close(theirs)
            shown = b""
            while part := _read(ours):
                shown += part
        assert run.returncode == (1 if "check" in command else 0)
    finally:
        os.close(ours)
    return shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 10_000)
    except OSError:  # the other side has hung up
        return b""
