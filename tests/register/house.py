"""A repository with sound plans, in which plans are registered and amended from the command line."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.record.lock import Registration, read_lock
from tests.lock.entries import whole_lock

SOUND_PLAN = Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"
POLICY = 'extends: ["egp:standard"]\nversion: "2023.1"\nplans: ["experiments/**/*.yaml"]\n'
DAY = "2023-01-17"
STATEMENT = (
    "--reason=the holdout serves two readouts",
    "--approver=@xp-lead",
    "--data-access=no_results_seen",
)


class House:
    """The repository, and egp called in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def write(self, path: str, content: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())
        return file

    def plan(self, path: str = "experiments/buy-now.yaml", **changed: str) -> Path:
        """A sound plan, with its file's name as its id and some of its top-level keys changed."""
        text = SOUND_PLAN.read_text(encoding="utf-8")
        name = Path(path).stem
        for key, value in {
            "id": name,
            "feature_flag": name.replace("-", "_"),
            "layer": name,
            **changed,
        }.items():
            text, found = re.subn(rf"^{key}:.*$", lambda _: f"{key}: {value}", text, flags=re.MULTILINE)  # noqa: B023
            assert found == 1, key
        return self.write(path, text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.text(path)
        assert old in text
        self.write(path, text.replace(old, new, 1))

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def egp(self, *arguments: str) -> int:
        status = main(list(arguments))
        self.out, self.err = self._capsys.readouterr()
        return status

    def register(self, *arguments: str, day: str = DAY) -> int:
        return self.egp("register", *(arguments or ("experiments/buy-now.yaml",)), f"--as-of={day}")

    def amend(self, *arguments: str, day: str = "2023-01-20") -> int:
        return self.egp("amend", "experiments/buy-now.yaml", *(arguments or STATEMENT), f"--as-of={day}")

    def lock(self) -> dict[str, Registration]:
        return dict(read_lock(str(self.root)).entries)

    @property
    def lock_text(self) -> str | None:
        return whole_lock(self.root)

    def commit(self) -> None:
        settings = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
        for arguments in (("add", "--all"), ("commit", "--quiet", "--allow-empty", "--message=change")):
            subprocess.run(["git", *settings, *arguments], cwd=self.root, check=True, capture_output=True)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> House:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True, capture_output=True)
    made = House(tmp_path, capsys)
    made.write("egp.yaml", POLICY)
    made.write("comms/rollback.md", "The button is gone.\n")
    made.plan()
    return made
