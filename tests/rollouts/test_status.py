"""egp status says which share of what is rolled out by chance a plan stands behind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.gate.calling import call
from tests.rollouts.test_check import DATED, DATED_POLICY, FLAG, POLICY, SOUND


def test_the_share_that_is_governed_is_told(tmp_path: Path) -> None:
    files = {
        "experiments/plan.yaml": SOUND.read_text(encoding="utf-8"),
        "egp.yaml": POLICY,
        "flags/pdp.yaml": FLAG,
        "flags/log.yaml": FLAG.replace("pdp_buy_now", "log_sampling"),
        "flags/other.yaml": FLAG.replace("pdp_buy_now", "search_banner"),
        "flags/all.yaml": FLAG.replace("pdp_buy_now", "everybody").replace("[control, 55], ", ""),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    told = call(tmp_path, "status", "--as-of", "2023-01-25", "--format", "json")
    assert json.loads(told.out)["rollouts"] == {"rolled_out": 2, "planned": 1, "unplanned": ["search_banner"]}
    page = call(tmp_path, "status", "--as-of", "2023-01-25", "--format", "text").out
    assert (
        "2 flags divide units by chance; a plan stands behind 1 (50 %). Without a plan: search_banner."
        in " ".join(page.split())
    )


def test_what_is_over_by_its_own_dates_is_divided_no_more(tmp_path: Path) -> None:
    for path, text in {
        "egp.yaml": DATED_POLICY,
        "flags/dated/search.yaml": DATED,
        "experiments/plan.yaml": SOUND.read_text("utf-8"),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def rolled_out(day: str) -> object:
        return json.loads(call(tmp_path, "status", "--as-of", day, "--format", "json").out)["rollouts"][
            "rolled_out"
        ]

    assert (rolled_out("2023-01-24"), rolled_out("2023-01-26")) == (1, 0)


def test_a_rollout_that_is_rejected_rejects_its_plan(tmp_path: Path) -> None:
    files = {
        "experiments/plan.yaml": SOUND.read_text(encoding="utf-8"),
        "egp.yaml": POLICY,
        "flags/pdp.yaml": FLAG.replace("[control, 55], [buy_now, 45]", "[control, 40], [buy_now, 60]"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    told = call(tmp_path, "status", "--as-of", "2023-01-25", "--format", "json")
    (experiment,) = json.loads(told.out)["experiments"]
    assert experiment["rejected_by"] == ["rollout-split"]
    assert "the check rejects the plan: rollout-split" in experiment["reasons"]
