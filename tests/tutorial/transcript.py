"""The tutorial as a reader would follow it: its files written, its edits made, its commands run in one folder.

`python -m tests.tutorial.transcript --write` puts what the commands print into the page; read the diff.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from egp.advice.new.questions import QUESTIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorial.md"
BLOCK = re.compile(
    r"^```(?P<kind>console|diff|yaml) ?(?P<file>\S*)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL
)
OMITTED = "…"
"""A line that stands for lines which the page leaves out."""
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Step:
    """A command with what the page says that it prints."""

    command: str
    shown: str

    @property
    def answers(self) -> list[str]:
        """What is typed after each question that is shown."""
        asked = tuple(f"{question.asked}: " for question in QUESTIONS)
        lines = self.shown.splitlines()
        return [line.removeprefix(begin) for line in lines for begin in asked if line.startswith(begin)]


@dataclass
class Walk:
    """A reader's folder, with egp cloned into it."""

    folder: Path
    cwd: Path = field(init=False)

    def __post_init__(self) -> None:
        self.cwd = self.folder
        programs = self.folder / "bin"
        programs.mkdir()
        for name, arguments in (("egp", "-m egp "), ("python", "")):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments}"$@"\n')
            program.chmod(0o755)
        (self.folder / "egp").symlink_to(ROOT)
        who = {"NAME": "reader", "EMAIL": "reader@example.org"}
        self._environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "NO_COLOR": "1", "COLUMNS": "100",
            **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()},
        }  # fmt: skip

    def follow(self, page: str) -> Iterator[tuple[Step, str]]:
        """Each command of the page, and what it printed."""
        for block in BLOCK.finditer(page):
            content = block["content"]
            if block["kind"] == "console":
                for step in steps(content):
                    yield step, self._run(step)
            elif block["kind"] == "diff":
                self._edit(self.cwd / block["file"], content)
            elif block["file"]:
                (self.cwd / block["file"]).write_text(content, encoding="utf-8")

    def _edit(self, file: Path, change: str) -> None:
        text = file.read_text(encoding="utf-8")
        lines = change.splitlines(keepends=True)
        old, new = ("".join(line[1:] for line in lines if line[0] in kept) for kept in (" -", " +"))
        assert old in text, f"{file.name} has not:\n{old}"
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    def _run(self, step: Step) -> str:
        where = self.folder / "cwd"
        script = f"{step.command}\nstatus=$?; pwd > {where}; exit $status"
        printed = self._conversation(script, step.answers) if step.answers else self._piped(script)
        self.cwd = Path(where.read_text().strip())
        return "\n".join(line.rstrip() for line in printed.splitlines())

    def _piped(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.cwd, env=self._environment, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return done.stdout

    def _conversation(self, script: str, answers: list[str]) -> str:
        """What a terminal shows, on which somebody answers the questions one after the other."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            ["bash", "-c", script], cwd=self.cwd, env=self._environment, stdin=theirs, stdout=theirs, stderr=theirs
        ):  # fmt: skip
            os.close(theirs)
            printed, left = "", list(answers)
            while True:
                try:
                    printed += os.read(ours, 4096).decode()
                except OSError:  # the other end is closed
                    break
                if left and printed.endswith(": "):
                    os.write(ours, f"{left.pop(0)}\n".encode())
        os.close(ours)
        return _ESCAPE.sub("", printed).replace("\r", "")


def steps(content: str) -> Iterator[Step]:
    """The commands of a block, each with the lines below it."""
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield Step(command, shown.rstrip("\n"))


def is_as_shown(printed: str, shown: str) -> bool:
    """Whether a command printed what the page shows, which may leave lines out."""
    parts = [re.escape(part) for part in re.split(rf"^{OMITTED}\n?", shown, flags=re.MULTILINE)]
    return re.fullmatch(r"(?:.*\n)*?".join(parts) + r"(?s:.*)" * shown.endswith(OMITTED), printed) is not None


def written_anew(page: str, folder: Path) -> str:
    """The page with what its commands print now; what it leaves out stays left out."""
    for step, printed in list(Walk(folder).follow(page)):
        old = f"$ {step.command}\n" + (f"{step.shown}\n" if step.shown else "")
        if not is_as_shown(printed, step.shown):
            now = "\n".join(shortened(printed.splitlines(), step.shown.splitlines()))
            page = page.replace(old, f"$ {step.command}\n" + (f"{now}\n" if now else ""), 1)
    return page


def shortened(printed: list[str], shown: list[str]) -> Iterator[str]:
    """What is printed, without the lines that stand where a page has the mark of an omission.

    Of lines that changed beside an omission, as many are shown before and after it as there were.
    """
    for kind, first, last, start, end in SequenceMatcher(None, shown, printed, autojunk=False).get_opcodes():
        before, now = shown[first:last], printed[start:end]
        if kind == "equal" or OMITTED not in before:
            yield from now
        else:
            head, tail = before.index(OMITTED), before[::-1].index(OMITTED)
            yield from [*now[:head], OMITTED, *now[max(head, len(now) - tail) :]]


def main(arguments: list[str]) -> int:
    if arguments != ["--write"]:
        sys.stderr.write("usage: python -m tests.tutorial.transcript --write\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(written_anew(PAGE.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
