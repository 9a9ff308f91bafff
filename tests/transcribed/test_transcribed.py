"""Plans that others published say here what they say there; what egp cannot take from them, it names."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from egp.check import check
from egp.output.report.model import Report
from egp.plan.analysis.days import entry_days, run_days
from egp.plan.experiment import Experiment, Population, read_experiment
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.yaml import read_file

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "transcribed"
PLANS = sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != "egp")
JUDGED = [name for name in PLANS if name != "launchdarkly-mab"]
PAGE = ROOT / "docs" / "transcribed.md"


def plan_of(name: str) -> Experiment:
    return read_experiment(read_file(str(FOLDER / f"{name}.yaml"))[0].value)[0]


@cache
def report_of(name: str) -> Report:
    policy = read_policy(str(FOLDER / "egp.yaml"), "examples/transcribed/egp.yaml")
    finder = PlanFinder(str(ROOT), policy.plans, policy.root)
    return check(finder.asked([f"examples/transcribed/{name}.yaml"]), finder, policy, date(2021, 1, 1))


def where(plan: Experiment) -> dict[str, Any]:
    assert isinstance(plan.population, Population)
    assert plan.population.known == "before_exposure"
    return dict(plan.population.where or {})


def test_there_are_eight_and_one_that_is_refused() -> None:
    assert len(JUDGED) == 8


@pytest.mark.parametrize("name", PLANS)
def test_each_names_its_source_and_stands_in_the_table(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert re.match(r"# Facts from: [a-z.]+\.(com|org)[/,]", text)
    assert f"examples/transcribed/{name}.yaml" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", JUDGED)
def test_every_key_and_value_is_one_of_a_plan(name: str) -> None:
    """Only what the source does not have is missing."""
    _, problems = read_experiment(read_file(str(FOLDER / f"{name}.yaml"))[0].value)
    assert {problem.kind for problem in problems} <= {"missing"}


def test_a_week_of_entries_and_nine_of_watching_behind_two_flags() -> None:
    plan = plan_of("firefox-upgrade-spotlight")
    assert (entry_days(plan), run_days(plan)) == (7, 63)
    assert plan.switches == ("upgradeDialog", "pocketNewtab")
    assert rules_of("firefox-upgrade-spotlight").isdisjoint(
        {"enrolment-window", "minimum-runtime", "whole-weeks"}
    )


def test_thirds_are_thirds() -> None:
    assert [each.weight for each in plan_of("guardian-deeply-read").variants or ()] == [1 / 3] * 3
    assert "valid-plan" not in rules_of("guardian-deeply-read")


def test_filters_are_populations() -> None:
    assert where(plan_of("brave-search-banner"))["platform"] == ("WINDOWS", "MAC", "LINUX")
    assert where(plan_of("guardian-prebid-canada")) == {"country": ("Canada",)}
    for name in ("brave-search-banner", "guardian-prebid-canada", "wikipedia-positive-reinforcement"):
        assert "population-filter" not in rules_of(name)


def test_three_branches_leave_each_other_room() -> None:
    rule = plan_of("wikipedia-positive-reinforcement").decision_rule
    assert rule is not None
    assert rule.withdraw is not None
    assert (rule.withdraw.then, rule.otherwise) == ("revert_changes", "improve_or_sunset")
    assert rules_of("wikipedia-positive-reinforcement").isdisjoint({"decision-branches", "decision-rule"})


def test_invariant_metrics_are_negative_controls() -> None:
    (found,) = plan_of("udacity-free-trial-screener").negative_controls
    assert (found.id, str(found.mde)) == ("click_through_probability", "1pp")
    assert "idle-key" not in rules_of("udacity-free-trial-screener")


def test_metrics_that_only_inform_do_not_decide() -> None:
    plan = plan_of("firefox-address-bar-do-no-harm")
    assert [metric.id for _, metric in plan.informing] == [
        "search_engine_default_change",
        "non_default_search_engine_search",
    ]
    assert not any(plan.guardrails)


@pytest.mark.parametrize(
    ("name", "rule", "words"),
    [
        ("wikipedia-growth-control", "review-dates", "the holdback has neither an end nor days of review"),
        ("firefox-upgrade-spotlight", "metric-direction", "whether an increase or a decrease of none_named is good"),
        ("brave-search-banner", "valid-plan", "the plan has no `primary_metric`"),
        ("guardian-deeply-read", "mde-declared", "click_through_rate has no MDE"),
        ("guardian-prebid-canada", "gate-inputs", "how benefits_of_no_initialising is computed"),
        ("firefox-address-bar-do-no-harm", "valid-plan", "the plan has no `variants`"),
        ("firefox-address-bar-do-no-harm", "required-guardrails", "no guardrail metric that decides"),
        ("udacity-free-trial-screener", "guardrail-threshold", "no harm to net_conversion, however large"),
        ("wikipedia-positive-reinforcement", "reachable-sample", "does not say how many units can enter"),
        ("launchdarkly-mab", "judgeable-design", "a bandit changes the weights by the results"),
    ],
)  # fmt: skip
def test_what_the_source_leaves_open_is_named(name: str, rule: str, words: str) -> None:
    said = [each.message for each in report_of(name).diagnostics if each.rule == rule]
    assert any(words in each for each in said), said


def rules_of(name: str) -> set[str]:
    return {each.rule for each in report_of(name).diagnostics}
