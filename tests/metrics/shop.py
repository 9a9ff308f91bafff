"""A copy of the example shop in a repository of its own, and egp called there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from egp.cli.main import main
from egp.policy.error import PolicyError
from egp.policy.reading import read_policy
from tests.sources.scripted import ScriptedRepository

EXAMPLE = Path(__file__).parents[2] / "examples" / "shop"
PLAN = "experiments/mobile-buy-now.yaml"
DAY = "2023-01-17"


class Found(NamedTuple):
    """A diagnostic as a reader meets it."""

    rule: str
    where: str
    message: str
    help: str


class Shop(ScriptedRepository):
    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root)
        self._capsys = capsys
        shutil.copytree(EXAMPLE, root, dirs_exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def egp(self, *arguments: str) -> tuple[int, str]:
        status = main(list(arguments))
        out, err = self._capsys.readouterr()
        return status, out + err

    def register(self, *paths: str, on: str = DAY) -> None:
        status, said = self.egp("register", *(paths or (PLAN,)), f"--as-of={on}")
        assert status == 0, said

    def agree(self) -> None:
        """The plan is registered, and everything committed."""
        self.register()
        self.commit(DAY, "A plan, agreed")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text(encoding="utf-8")
        assert old in text, old
        self.write(path, text.replace(old, new, 1))

    def report(self, *arguments: str) -> dict[str, Any]:
        status, said = self.egp("check", "experiments", f"--as-of={DAY}", "--format=json", *arguments)
        found: dict[str, Any] = json.loads(said)
        assert found["exit_status"] == status if "exit_status" in found else True
        return found

    def found(self, *arguments: str) -> list[Found]:
        """The diagnostics of all plans, but that nobody has measured their numbers yet."""
        report = self.report(*arguments)
        assert report["errors"] == [], report["errors"]
        return [
            Found(
                each["rule"], f"{each['path']}:{each['span']['start']['line']}", each["message"], each["help"]
            )
            for each in report["diagnostics"]
            if each["rule"] != "measured-inputs"
        ]

    def line_of(self, path: str, text: str) -> str:
        """Where a file has a text."""
        lines = (self.root / path).read_text(encoding="utf-8").splitlines()
        return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"

    def mistakes(self) -> list[tuple[str, str]]:
        """(place, message) of everything that keeps the policy from judging."""
        with pytest.raises(PolicyError) as refusal:
            read_policy(os.path.join(self.root, "egp.yaml"), "egp.yaml")
        return [
            (f"{each.path}:{each.span.start.line}" if each.span else each.path, each.message)
            for each in refusal.value.failures
        ]
