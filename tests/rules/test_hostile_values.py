"""Values that fit a plan's shape and no world: rules speak of them or say that they cannot, and never crash."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, NotChecked
from egp.rules.rule import Rule
from egp.rules.rule_inputs import Portfolio, PortfolioIndex, entry_of
from egp.stats import StatisticsInputError
from egp.yaml import Path
from tests.rules.examples import all_rules, plan_of, sound_value

FAMILIES = ("metrics", "guardrails", "economics", "privacy", "portfolio")
RULES = [
    rule for rule in all_rules() if rule.family in FAMILIES and rule.input_type in ("Experiment", "Portfolio")
]
VALUES: tuple[object, ...] = (
    None, "", "0%", "100%", "-5%", "0bps", "-3pp", "1e300", 0, -1, 1e300, 10**15, "0.0000000001%", "999999999999 USD",
    "-1 USD", "0 USD", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "0s", "36525d", "5ms", "two", "one",
    "increase", "decrease", "proportion", "mean", "quantile", "rollout", "non_inferiority", "a\x1b[31mb", "x" * 100, [], {},
)  # fmt: skip


def leaves(value: object, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from leaves(item, (*path, key))


SOUND = sound_value()
READ = (
    "id", "type", "unit", "registered", "surfaces", "layer", "feature_flag", "data_access", "variants", "schedule",
    "primary_metric", "guardrail_metrics", "statistics", "sample_size_per_variant", "economics",
)  # fmt: skip
"""Keys of a plan that these families read."""

PATHS = [path for path in leaves(SOUND) if path[0] in READ]


def replaced(value: object, path: Path, new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict):
        return {key: replaced(item, path[1:], new) if key == path[0] else item for key, item in value.items()}
    assert isinstance(value, list)
    return [replaced(item, path[1:], new) if at == path[0] else item for at, item in enumerate(value)]


def judged_by_all(value: object) -> None:
    plan = plan_of(value)
    entry = entry_of(plan, "plan.yaml", 0)
    portfolio = Portfolio(entry, PortfolioIndex([entry, entry_of(plan, "other.yaml", 0)]))
    for rule in RULES:
        judged(rule, plan if rule.input_type == "Experiment" else portfolio)


def judged(rule: Rule, subject: Experiment | Portfolio) -> None:
    try:
        findings = list(rule.check(*(subject, rule.params())[: rule.takes]))
    except (DoesNotApply, NotChecked, StatisticsInputError):
        return
    for finding in findings:
        said = f"{finding.message} {finding.advice.text} {finding.observed} {finding.required}"
        assert finding.advice.text
        assert said.isprintable()
        assert not {"nan", "inf", "None"} & set(said.replace("%", " ").split())


@pytest.mark.parametrize("path", PATHS, ids=lambda path: "/".join(map(str, path)))
def test_one_value_replaced(path: Path) -> None:
    for new in VALUES:
        judged_by_all(replaced(SOUND, path, new))


def test_an_empty_plan() -> None:
    judged_by_all({})


def test_the_sound_plan_has_many_values_to_replace() -> None:
    assert len(PATHS) > 80
    assert len(RULES) > 15
