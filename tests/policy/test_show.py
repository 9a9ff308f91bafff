"""`egp policy show`: the settings that judge a plan, and the line that sets each."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from egp.output.report.text import columns
from egp.rules.rule import index
from tests.register.house import DAY, House

PLAN = "experiments/buy-now.yaml"
POLICY = """\
extends: ["egp:standard"]
version: "2026.2"
plans: ["experiments/**/*.yaml"]
tiers: {"pdp.*": high_impact, "*": standard}
rules:
  minimum-runtime: {days: 14}
  holdout-size:
    - {severity: warning}
    - {from: 2023-06-01, severity: error, min: 10%}
  escalation-path: {severity: off}
overrides:
  - {when: {tier: high_impact, type: superiority}, rules: {minimum-runtime: {days: 21}}}
  - {paths: ["ml/**"], rules: {minimum-runtime: {days: 28}}}
"""


@pytest.fixture
def showing(house: House) -> House:
    house.write("egp.yaml", POLICY)
    return house


def block(house: House, rule: str, *arguments: str) -> list[str]:
    """What is shown of a rule."""
    assert house.egp("policy", "show", *arguments, f"--as-of={DAY}") == 0
    lines = house.out.split(f"\n  {rule}\n")[1].split("\n\n")[0]
    return [" ".join(line.split()) for line in lines.split("\n")]


def as_json(house: House, *arguments: str) -> dict[str, Any]:
    assert house.egp("policy", "show", *arguments, "--format=json") == 0
    (shown,) = json.loads(house.out)["policies"]
    return dict(shown)


def rule_of(shown: dict[str, Any], rule_id: str) -> dict[str, Any]:
    (rule,) = (each for each in shown["rules"] if each["id"] == rule_id)
    return dict(rule)


def test_every_value_comes_with_the_line_that_sets_it(showing: House) -> None:
    severity, waivable, days = block(showing, "minimum-runtime", PLAN)
    assert severity.startswith("severity error egp:standard:")
    assert waivable.startswith("waivable false egp:standard:")
    assert days == "days 21 egp.yaml:12, override 1"
    assert block(showing, "minimum-runtime")[2] == "days 14 egp.yaml:6"
    assert block(showing, "power-floor", PLAN)[2] == "floor 95% default of the rule"


def test_the_plan_and_the_overrides_for_it_are_named(showing: House) -> None:
    showing.egp("policy", "show", PLAN, f"--as-of={DAY}")
    head = " ".join(showing.out.split("\n\n")[0].split())
    assert head == (
        f"egp.yaml 2026.2, for {PLAN} (buy-now) tier high_impact; not registered, and judged by the settings of {DAY} "
        "override 1, for tier high_impact, type superiority (egp.yaml:12)"
    )


def test_a_plan_that_no_override_is_for(showing: House) -> None:
    showing.edit(PLAN, "type: superiority", "type: non_inferiority")
    showing.egp("policy", "show", PLAN, f"--as-of={DAY}")
    assert "\n  none of 2 overrides applies\n" in showing.out


def test_without_a_plan_the_overrides_are_listed(showing: House) -> None:
    showing.egp("policy", "show", f"--as-of={DAY}")
    assert showing.out.startswith(f"egp.yaml 2026.2, for plans without an override, as of {DAY}\n")
    assert "\n  override 2, for ml/** (egp.yaml:13)\n" in showing.out


def test_what_is_to_come_is_shown(showing: House) -> None:
    told = " ".join(block(showing, "holdout-size", PLAN))
    assert told.endswith("coming: becomes an error on 2023-06-01; has `min: 10%` from 2023-06-01 on")


def test_the_day_chooses_the_entry(showing: House) -> None:
    assert showing.egp("policy", "show", PLAN, "--as-of=2023-07-01") == 0
    assert "severity    error  egp.yaml:9, from 2023-06-01 on\n" in showing.out


def test_the_day_in_the_lock_chooses_the_entry_of_a_registered_plan(showing: House) -> None:
    showing.write("soft.yaml", 'extends: ["egp:standard"]\n')
    assert showing.register(PLAN, "--policy=soft.yaml") == 0
    assert showing.egp("policy", "show", PLAN, "--as-of=2023-07-01") == 0
    assert f"registered on {DAY}, and judged by the settings of that day" in showing.out
    assert "severity    warning  egp.yaml:8\n" in showing.out
    assert "coming" not in showing.out
    assert as_json(showing, PLAN, "--as-of=2023-07-01")["plan"]["registered"] == DAY


def test_a_rule_that_is_switched_off_says_where(showing: House) -> None:
    assert block(showing, "escalation-path", PLAN)[0] == "severity off egp.yaml:10"


def test_rules_that_nobody_adopts_are_listed(showing: House) -> None:
    showing.egp("policy", "show", PLAN, f"--as-of={DAY}")
    listed = " ".join(showing.out.split()).rpartition("not adopted: ")[2].split(", ")
    shown = as_json(showing, PLAN, f"--as-of={DAY}")
    assert set(listed) == {
        each["id"] for each in shown["rules"] if each["severity"] == "off" and each["id"] != "escalation-path"
    }
    assert "expected-value" in listed


def test_programs_are_told_the_same(showing: House) -> None:
    shown = as_json(showing, PLAN, f"--as-of={DAY}")
    assert shown["policy"]["name"] == "egp.yaml"
    assert shown["plan"] == {
        "path": PLAN,
        "document": 0,
        "experiment": "buy-now",
        "tier": "high_impact",
        "registered": None,
    }
    assert [each["id"] for each in shown["rules"]] == list(index())
    assert rule_of(shown, "minimum-runtime")["settings"][-1] == {
        "name": "days",
        "value": "21",
        "place": "egp.yaml:12",
        "from": None,
        "override": 1,
    }
    assert rule_of(shown, "holdout-size")["coming"].startswith("becomes an error")
    assert as_json(showing)["plan"] is None


@pytest.mark.parametrize("width", [60, 100])
def test_lines_fit_a_terminal(showing: House, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("egp.cli.commands.terminal.PIPED_WIDTH", width)
    showing.egp("policy", "show", PLAN, f"--as-of={DAY}")
    assert max(map(columns, showing.out.splitlines())) <= width


def test_every_plan_of_a_file_is_shown(showing: House) -> None:
    text = showing.text(PLAN)
    showing.write(PLAN, f"{text}---\n{text.replace('id: buy-now', 'id: second')}")
    showing.egp("policy", "show", PLAN, f"--as-of={DAY}")
    assert f"for {PLAN} (buy-now)" in showing.out
    assert f"for {PLAN} (second)" in showing.out


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        ("nowhere.yaml", None, "there is no such file"),
        ("experiments", None, "egp policy show PLAN"),
        ("notes.yaml", "hello: world\n", "notes.yaml is no plan"),
        ("egp.yaml", None, "this is a policy, not a plan"),
    ],
)
def test_what_is_no_plan_is_refused(showing: House, path: str, content: str | None, told: str) -> None:
    if content:
        showing.write(path, content)
    showing.plan("experiments/other.yaml")
    assert showing.egp("policy", "show", path) == 2
    assert told in showing.err


def test_a_damaged_lock_ends_it(showing: House) -> None:
    showing.write("egp.lock", "lock: 1\n")
    assert showing.egp("policy", "show", PLAN) == 2
    assert "the lock is damaged" in showing.err


class TestExplain:
    """`egp explain RULE` tells of the days, too."""

    def test_later_entries_are_told(self, showing: House) -> None:
        assert showing.egp("explain", "holdout-size", f"--as-of={DAY}") == 0
        told = " ".join(showing.out.split())
        assert f"In force under egp.yaml 2026.2 on {DAY} " in told
        assert "severity warning egp.yaml:8" in told
        assert "severity error egp.yaml:9, from 2023-06-01 on, for plans registered from that day on" in told

    def test_on_its_day_an_entry_is_in_force(self, showing: House) -> None:
        assert showing.egp("explain", "holdout-size", "--as-of=2023-06-01") == 0
        told = " ".join(showing.out.split())
        assert "severity error egp.yaml:9, from 2023-06-01 on " in told
        assert "for plans registered" not in told

    def test_the_list_of_rules_is_of_a_day(self, showing: House) -> None:
        for day, severity in ((DAY, "warning"), ("2023-06-01", "error")):
            assert showing.egp("rules", f"--as-of={day}") == 0
            assert re.search(rf"  {severity} +holdout-size ", showing.out)
