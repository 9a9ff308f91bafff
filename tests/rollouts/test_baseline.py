"""What rollouts serve on the day of adoption is recorded in the baseline, and from then on only taken out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.gate.calling import call
from tests.rollouts.test_check import FLAG, POLICY, SOUND

DAY = ("--as-of", "2023-01-25")

STRICT = POLICY + "rules: {unplanned-rollout: {severity: error}}\n"

BASELINE = """\
# Written by egp baseline: what was found when the policy was adopted. It only shrinks.
baseline: 1
findings:
  - {rule: unplanned-rollout, pointer: /rollouts/production/search_banner}
  - {experiment: sound-plan, rule: rollout-share, pointer: /rollouts/production/pdp_buy_now}
  - {experiment: sound-plan, rule: rollout-split, pointer: /rollouts/production/pdp_buy_now}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop whose flag is at another share than its plan says, and that has a flag without a plan."""
    files = {
        "experiments/plan.yaml": SOUND.read_text(encoding="utf-8"),
        "egp.yaml": POLICY,
        "flags/pdp.yaml": FLAG.replace("[control, 55], [buy_now, 45]", "[control, 40], [buy_now, 60]"),
        "flags/other.yaml": FLAG.replace("pdp_buy_now", "search_banner"),
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def started(shop: Path) -> str:
    told = call(shop, "baseline", "--start", *DAY)
    assert told.status == 0, told.err
    return (shop / "egp-baseline.yaml").read_text(encoding="utf-8")


def rules(shop: Path, *arguments: str) -> list[tuple[str, bool]]:
    """(rule, whether it is suppressed) of everything that is reported."""
    told = call(shop, "check", *DAY, "--format", "json", *arguments)
    return [(each["rule"], each["waiver"] is not None) for each in json.loads(told.out)["diagnostics"]]


def test_what_is_served_on_the_day_of_adoption_is_recorded(shop: Path) -> None:
    assert call(shop, "check", *DAY).status == 1
    assert started(shop) == BASELINE
    assert call(shop, "check", *DAY).status == 0
    assert sorted(rules(shop)) == [
        ("rollout-share", True),
        ("rollout-split", True),
        ("unplanned-rollout", True),
    ]


def test_a_flag_without_a_plan_may_become_an_error_later_and_only_new_ones_reject(shop: Path) -> None:
    started(shop)
    (shop / "egp.yaml").write_text(STRICT, encoding="utf-8")
    assert call(shop, "check", *DAY).status == 0
    (shop / "flags/new.yaml").write_text(FLAG.replace("pdp_buy_now", "newer"), encoding="utf-8")
    told = call(shop, "check", *DAY)
    assert told.status == 1
    assert "no plan names newer" in told.out


def test_an_entry_goes_when_its_flag_does(shop: Path) -> None:
    started(shop)
    (shop / "flags/other.yaml").unlink()
    assert ("stale-baseline", False) in rules(shop)
    assert call(shop, "baseline", *DAY).status == 0
    assert "search_banner" not in (shop / "egp-baseline.yaml").read_text(encoding="utf-8")
    assert ("stale-baseline", False) not in rules(shop)


def test_a_baseline_from_before_the_policy_read_rollouts_takes_them_in_once(shop: Path) -> None:
    (shop / "egp.yaml").write_text(POLICY.split("rollouts:")[0], encoding="utf-8")
    plan = SOUND.read_text(encoding="utf-8").replace("min_dwell: 48h", "min_dwell: 24h")
    (shop / "experiments/plan.yaml").write_text(plan, encoding="utf-8")
    before = started(shop)
    assert "/rollouts/" not in before
    (shop / "egp.yaml").write_text(POLICY, encoding="utf-8")
    after = started(shop)
    assert set(before.splitlines()) < set(after.splitlines())
    assert "/rollouts/production/search_banner" in after
    again = call(shop, "baseline", "--start", *DAY)
    assert (again.status, "it only shrinks" in again.err) == (2, True)


def test_an_entry_of_nothing_is_refused(shop: Path) -> None:
    text = BASELINE.replace("/rollouts/production/search_banner", "/schedule/end")
    (shop / "egp-baseline.yaml").write_text(text, encoding="utf-8")
    told = call(shop, "check", *DAY)
    assert told.status == 2
    assert "`experiment` is missing" in told.out


UNREADABLE = {
    "garbled": "flags: [\n",
    "without flags": "features: {}\n",
    "flags that are none": "flags: 3\n",
    "a template": "flags: {{ .Values.flags }}\n",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("file", ["flags/pdp.yaml", "flags/other.yaml"])
def test_an_entry_stays_while_its_flag_cannot_be_read(shop: Path, file: str, text: str) -> None:
    """What is found of it nobody can tell, and what is gone comes never back: a baseline only shrinks."""
    before = started(shop)
    sound = (shop / file).read_text(encoding="utf-8")
    (shop / file).write_text(text, encoding="utf-8")
    assert ("stale-baseline", False) not in rules(shop)
    told = call(shop, "baseline", *DAY)
    assert (told.status, f"{file}: it cannot be read" in told.err) == (2, True)
    assert (shop / "egp-baseline.yaml").read_text(encoding="utf-8") == before
    (shop / file).write_text(sound, encoding="utf-8")
    assert call(shop, "baseline", *DAY).status == 0
    assert (shop / "egp-baseline.yaml").read_text(encoding="utf-8") == before


def test_what_is_gone_of_other_flags_goes_meanwhile(shop: Path) -> None:
    """One flag is said to be unreadable by its name, so that the others are known."""
    before = started(shop)
    (shop / "flags/pdp.yaml").write_text("flags: {pdp_buy_now: 3}\n", encoding="utf-8")
    (shop / "flags/other.yaml").unlink()
    assert call(shop, "baseline", *DAY).status == 2
    after = (shop / "egp-baseline.yaml").read_text(encoding="utf-8")
    assert [each for each in before.splitlines() if each not in after.splitlines()] == [
        "  - {rule: unplanned-rollout, pointer: /rollouts/production/search_banner}"
    ]


@pytest.mark.parametrize("text", ["id: [\n", "", "flags: 3\n", "title: a plan without an id\n"])
def test_an_entry_stays_while_its_plan_cannot_be_read(shop: Path, text: str) -> None:
    plan = SOUND.read_text(encoding="utf-8")
    (shop / "experiments/plan.yaml").write_text(
        plan.replace("min_dwell: 48h", "min_dwell: 24h"), encoding="utf-8"
    )
    before = started(shop)
    (shop / "experiments/plan.yaml").write_text(text, encoding="utf-8")
    told = call(shop, "baseline", *DAY)
    assert (told.status, "experiments/plan.yaml: it cannot be read" in told.err) == (2, True)
    assert (shop / "egp-baseline.yaml").read_text(encoding="utf-8") == before
