"""A repository that has every kind of input that a check knows, and somebody who checks all of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from egp.cli.main import main
from tests.check.test_neighbours import SOUND

EXAMPLES = Path(__file__).parents[2] / "examples"
LONG_AGO = 1_600_000_000 * 10**9
DAY = "2023-01-18"

POLICY = """\
extends: ["house.yaml"]
version: "1"
timezone: America/Los_Angeles
plans: ["experiments/**/*.yaml"]
delegates: ["shop/**"]
rollouts: [{files: ["flags/*.json"], format: growthbook, environment: production}]
waivers: {approvers: [experimentation_lead], longest: 30d}
roles: {experimentation_lead: ["@xp-lead"]}
"""
HOUSE = 'extends: ["egp:standard"]\nversion: "1"\ndefaults: {escalation: {within: 24h}}\n'
FLAGS = """\
{"features": [{"id": "pdp_buy_now", "defaultValue": "control", "environments": {"production": {"enabled": true,
  "defaultValue": "control", "rules": [
    {"type": "rollout", "enabled": true, "value": "buy_now", "coverage": 0, "hashAttribute": "user_id", "hashVersion": 2}]}}}]}
"""


def plan(name: str, **changes: str) -> str:
    text = SOUND.replace("id: sound-plan", f"id: {name}").replace("pdp_buy_now", name.replace("-", "_"))
    text = text.replace("layer: pdp", f"layer: {name}")
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after, 1)
    return text


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return ran.stdout


def build(root: Path) -> None:
    """Two registered plans, of which one was changed since, one with a waiver, a copy, one that is under a baseline, and a shop's."""
    shutil.copytree(EXAMPLES / "shop", root / "shop")
    texts = {
        "egp.yaml": POLICY, "house.yaml": HOUSE, "flags/features.json": FLAGS, ".gitignore": "*.tmp\n", "notes.txt": "of no interest\n",
        "comms/rollback.md": "# What is said\n", "experiments/comms/rollback.md": "# What is said\n", "results/day.yaml": "rows: []\n",
        "experiments/sound.yaml": SOUND, "experiments/second.yaml": plan("second"),
        "experiments/short.yaml": plan("short").replace("end: 2023-02-05", "end: 2023-01-29").replace("2023-02-06", "2023-01-30"),
        "experiments/waived.yaml": plan("waived").replace("min_dwell: 48h", "min_dwell: 24h", 1),
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    of_shop = root / "shop/experiments/mobile-buy-now.yaml"
    of_shop.write_text(of_shop.read_text().replace("layer: pdp", "layer: shop"))
    git(root, "init", "--quiet", "--initial-branch=main")
    here = os.getcwd()
    os.chdir(root)
    try:
        assert (
            main(["register", "experiments/sound.yaml", "experiments/second.yaml", "--as-of", "2023-01-17"])
            == 0
        )
        assert main([
            "waive", "experiments/waived.yaml", "stage-dwell", "--reason", "the flag switches once a day", "--ticket", "XP-1",
            "--approver", "@xp-lead", "--role", "experimentation_lead", "--expires", "2023-01-18", "--as-of", "2023-01-17",
        ]) == 0  # fmt: skip
        assert main(["baseline", "--start", "experiments/short.yaml", "--as-of", "2023-01-17"]) == 0
    finally:
        os.chdir(here)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=as registered")
    git(root, "tag", "registered")
    second = root / "experiments/second.yaml"
    second.write_text(second.read_text().replace("mde: 45bps", "mde: 46bps"))
    (root / "flags/features.json").write_text(FLAGS.replace('"coverage": 0,', '"coverage": 0.35,'))
    shutil.copy(root / "experiments/short.yaml", root / "experiments/copied.yaml")
    (root / "later").mkdir()


class Checker:
    """Calls `egp check` for the whole repository, and counts how often plans were judged for it."""

    def __init__(
        self, root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import egp.check

        self.root = root
        self.judged = 0
        self.meanwhile: Callable[[], object] = lambda: None
        self._capsys = capsys
        check = egp.check.check

        def counted(*given: object, **named: object) -> object:
            self.judged += 1
            found = check(*given, **named)  # type: ignore[arg-type]
            self.meanwhile()
            return found

        monkeypatch.setattr("egp.check.check", counted)

    def __call__(self, *options: str, as_of: str = DAY) -> tuple[int, str, str]:
        days = ["--as-of", as_of] if as_of else []
        status = main(["check", *days, *options])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def is_known(self, *options: str, as_of: str = DAY) -> bool:
        """Whether it is answered without judging a plan; what is answered is what a call says that remembers nothing."""
        before = self.judged
        said = self(*options, as_of=as_of)
        is_known = self.judged == before
        assert said == self("--no-cache", *options, as_of=as_of)
        return is_known


def rewritten(file: Path, content: bytes) -> None:
    """As whoever hides it would: in place, and with the time of before."""
    before = file.stat()
    while file.stat().st_ctime_ns == before.st_ctime_ns:
        file.write_bytes(content)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
