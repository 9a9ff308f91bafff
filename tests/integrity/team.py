"""A team with a registered experiment in a git repository, and egp called there from the command line."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from egp.cli.main import main
from egp.record.entry_files import entry_file
from egp.record.lock import LOCK_FILE
from tests.lock.entries import own_file, remove_lock
from tests.lock.first_release import as_first_release
from tests.sources.scripted import ScriptedRepository

SOUND_PLAN = Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"
POLICY = 'extends: ["egp:standard"]\nversion: "2023.1"\nplans: ["experiments/*.yaml"]\n'
BUY_NOW = "experiments/buy-now.yaml"
WISH_LIST = "experiments/wish-list.yaml"
REGISTERED = "2023-01-17"
"""Exposure starts on the next day, with the canary; the test on 2023-01-23."""


class Found(NamedTuple):
    """A diagnostic as a reviewer meets it."""

    rule: str
    path: str
    line: int
    message: str


class Team(ScriptedRepository):
    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str], has_first_lock: bool = False) -> None:
        super().__init__(root)
        self._capsys = capsys
        self.has_first_lock = has_first_lock
        """Whether the lock is one of the first release."""

    def agree(self) -> None:
        """Two sound plans, registered and committed before anybody is exposed."""
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("egp.yaml", POLICY)
        self.plan(BUY_NOW)
        self.plan(WISH_LIST)
        self.commit("2023-01-16", "Two plans to talk about")
        self.register(BUY_NOW, WISH_LIST)
        self.commit(REGISTERED, "Two plans, agreed")
        self.git("checkout", "--quiet", "-b", "topic")

    def plan(self, path: str, **values: str) -> None:
        """A sound plan named by its file, on surfaces of its own."""
        name = Path(path).stem
        own = {
            "id": name,
            "feature_flag": name.replace("-", "_"),
            "layer": name,
            "surfaces": f"[{name}.page]",
            **values,
        }
        lines = SOUND_PLAN.read_text(encoding="utf-8").splitlines(keepends=True)
        keys = [line.partition(":")[0] for line in lines]
        assert own.keys() <= set(keys)
        written = [
            f"{key}: {own[key]}\n" if key in own else line for key, line in zip(keys, lines, strict=True)
        ]
        self.write(path, "".join(written))

    def egp(self, *arguments: str) -> tuple[int, str]:
        status = main(list(arguments))
        out, err = self._capsys.readouterr()
        return status, out + err

    def register(self, *paths: str, on: str = REGISTERED, policy: str = "egp.yaml") -> None:
        status, said = self.egp("register", *paths, f"--as-of={on}", f"--policy={policy}")
        assert status == 0, said
        if self.has_first_lock:
            as_first_release(self.root)

    def remove_lock(self) -> None:
        remove_lock(self.root)

    def remove_entry(self, name: str) -> None:
        if self.has_first_lock:
            lines = self.read(LOCK_FILE).splitlines(keepends=True)
            self.write(LOCK_FILE, "".join(line for line in lines if not line.startswith(f"  {name}:")))
        else:
            own_file(self.root, name).unlink()

    def entry_place(self, name: str) -> tuple[str, int]:
        """The file and the line of an experiment's entry."""
        if self.has_first_lock:
            return LOCK_FILE, self.line(LOCK_FILE, f"{name}:")
        return entry_file(name), self.line(entry_file(name), "entry:")

    def amend(self, path: str, reason: str, on: str, data_access: str, policy: str = "egp.yaml") -> None:
        stated = (f"--reason={reason}", "--approver=@xp-lead", f"--data-access={data_access}")
        status, said = self.egp("amend", path, *stated, f"--as-of={on}", f"--policy={policy}")
        assert status == 0, said

    def check(self, as_of: str, *options: str) -> tuple[int, list[Found]]:
        """Exit status and what stands in the report."""
        status, said = self.egp("check", f"--as-of={as_of}", "--format=json", *options)
        report = json.loads(said)
        assert report["errors"] == []
        return status, [
            Found(each["rule"], each["path"], each["span"]["start"]["line"], each["message"])
            for each in report["diagnostics"]
        ]

    def line(self, path: str, start: str) -> int:
        """The number of the only line that starts with a text, leading spaces and dashes aside."""
        (number,) = (
            number
            for number, line in enumerate(self.read(path).splitlines(), start=1)
            if line.lstrip(" -").startswith(start)
        )
        return number

    def merge(self) -> None:
        """Brings the branch to main, as somebody does who did not look at the check."""
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--ff-only", "topic")
        self.git("checkout", "--quiet", "topic")


@pytest.fixture(params=[False, True], ids=["", "first-lock"])
def team(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Team:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    team = Team(tmp_path, capsys, request.param)
    team.agree()
    return team
