"""The rules about guardrails, beyond what their pages show."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from random import Random

import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from egp.experiment import Experiment
from egp.finding import Finding
from egp.policy.params import read_params
from egp.rule import load
from tests.rules.examples import merged, plan_of, sound_value

Patch = Mapping[str, object]


def plan(patch: Patch) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def found(rule_id: str, patch: Patch, **params: object) -> list[Finding]:
    rule = load(rule_id)
    return list(rule.check(*(plan(patch), read_params(rule, params, (), []))[: rule.takes]))


def guard(position: int, **fields: object) -> Patch:
    return {"guardrail_metrics": {position: fields}}


def farrington_manning_sd(rate: float, margin: float, ratio: float) -> float:
    """Null standard deviation of the difference, times sqrt(n_control): the rates of greatest likelihood among those
    that lie the margin apart, found by search where the product solves an equation."""

    def minus_log_likelihood(control: float) -> float:
        treated = control + margin
        return -(
            rate * math.log(control)
            + (1 - rate) * math.log(1 - control)
            + ratio * (rate * math.log(treated) + (1 - rate) * math.log(1 - treated))
        )

    control = minimize_scalar(
        minus_log_likelihood, bounds=(1e-12, 1 - margin - 1e-12), method="bounded", options={"xatol": 1e-14}
    ).x
    treated = control + margin
    return math.sqrt(control * (1 - control) + treated * (1 - treated) / ratio)


def rate_power(rate: float, margin: float, control_units: float, ratio: float = 1.0) -> float:
    """Power to rule out an increase by the margin when there is none: the worse of both null variances."""
    alternative = math.sqrt(rate * (1 - rate) * (1 + 1 / ratio))
    critical = norm.isf(0.05)
    distance = margin * math.sqrt(control_units)
    nulls = (farrington_manning_sd(rate, margin, ratio), alternative)
    return float(min(norm.cdf((distance - critical * null) / alternative) for null in nulls))


def measured_power(std_dev: float, margin: float, control_units: float, ratio: float = 1.0) -> float:
    error = std_dev * math.sqrt((1 + 1 / ratio) / control_units)
    return float(norm.cdf(margin / error - norm.isf(0.05)))


SOUND_POWERS = {
    "refund_rate": rate_power(0.031, 0.08 * 0.031, 70_000),
    "cs_contacts": measured_power(0.21, 0.07 * 0.042, 140_000),
    "p95_page_load": measured_power(5.2, 0.04 * 1.9, 140_000),
}


class TestPowerToRuleOutTheMargin:
    """Powers are those of an independent calculation."""

    @pytest.mark.parametrize("missing", [1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7])
    def test_a_power_just_below_the_floor_does_not_read_as_the_floor(self, missing: float) -> None:
        floor = SOUND_POWERS["refund_rate"] + missing
        finding = found("guardrail-power", {}, floor=floor)[0]
        assert float(finding.observed.removesuffix(" %")) / 100 < floor

    def test_each(self) -> None:
        findings = found("guardrail-power", {}, floor="99.9%")
        expected = [f"{power * 100:.1f} %" for power in SOUND_POWERS.values()]
        assert [finding.observed for finding in findings] == expected

    def test_jointly(self) -> None:
        (finding,) = found("guardrail-power", {}, floor="84%")
        assert finding.observed == f"{math.prod(SOUND_POWERS.values()) * 100:.1f} %"

    def test_unequal_weights(self) -> None:
        """The sample counts the smallest variant: 30,000 in the treatment are 70,000 in control."""
        patch = {
            "variants": [{"id": "control", "weight": "70%", "control": True}, {"id": "b", "weight": "30%"}],
            "sample_size_per_variant": 30_000,
            **guard(0, judged_on="all_units"),
        }
        refunds, contacts, load_time = found("guardrail-power", patch, floor="99.99%")
        ratio = 3 / 7
        assert refunds.observed == f"{rate_power(0.031, 0.08 * 0.031, 70_000, ratio) * 100:.1f} %"
        assert contacts.observed == f"{measured_power(0.21, 0.07 * 0.042, 70_000, ratio) * 100:.1f} %"
        assert load_time.observed == f"{measured_power(5.2, 0.04 * 1.9, 70_000, ratio) * 100:.1f} %"

    def test_segment(self) -> None:
        (finding,) = found("guardrail-power", guard(1, segment="new_users", segment_share="15%"))
        assert finding.observed == f"{measured_power(0.21, 0.07 * 0.042, 0.15 * 140_000) * 100:.1f} %"


WEAK_PLANS = [
    guard(0, non_inferiority_margin="6%"),
    guard(0, non_inferiority_margin="20bps"),
    guard(1, non_inferiority_margin="0.0017abs"),
    guard(2, non_inferiority_margin="40ms"),
    guard(2, segment="new_users", segment_share="7%"),
    {"sample_size_per_variant": 3_000},
]


class TestWaysOutPass:
    """What ``help`` proposes makes the rule pass, and the number of units is the smallest that does."""

    @pytest.mark.parametrize("patch", WEAK_PLANS)
    def test_more_units(self, patch: Patch) -> None:
        for finding in found("guardrail-power", patch):
            units = int(re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.help)[0])
            assert finding.at not in places({**patch, "sample_size_per_variant": units})
            assert finding.at in places({**patch, "sample_size_per_variant": units - 1})

    @pytest.mark.parametrize("patch", WEAK_PLANS)
    def test_wider_margin(self, patch: Patch) -> None:
        for finding in found("guardrail-power", patch):
            margin = re.findall(r"non_inferiority_margin: ([^`]+)`", finding.help)[0]
            position = finding.at[1]
            assert isinstance(position, int)
            wider = merged(merged(sound_value(), patch), guard(position, non_inferiority_margin=margin))
            rule = load("guardrail-power")
            assert finding.at not in [other.at for other in rule.check(plan_of(wider), rule.params())]

    def test_later_readout(self) -> None:
        patch = guard(0, non_inferiority_margin="6%")
        (finding,) = found("guardrail-power", patch)
        look = re.findall(r"read out on ([0-9-]+)", finding.help)[0]
        assert look == "2023-02-13"
        assert finding.at not in places({**patch, "statistics": {"looks": [look]}})
        assert finding.at in places({**patch, "statistics": {"looks": ["2023-02-07"]}})

    def test_joint_units(self) -> None:
        (finding,) = found("guardrail-power", {}, floor="84%")
        units = int(re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.help)[0])
        assert not found("guardrail-power", {"sample_size_per_variant": units}, floor="84%")
        assert found("guardrail-power", {"sample_size_per_variant": units - 1}, floor="84%")

    def test_a_hopeless_margin_offers_no_number_of_units(self) -> None:
        (finding,) = found("guardrail-power", guard(1, non_inferiority_margin="0.000000001%"))
        assert "sample_size_per_variant" not in finding.help
        assert "accept `non_inferiority_margin" in finding.help


def places(patch: Patch) -> list[object]:
    return [finding.at for finding in found("guardrail-power", patch)]


class TestMarginCaps:
    """Relative and absolute margins meet at the baseline."""

    def test_agrees_with_arithmetic_in_points(self) -> None:
        random = Random(7)
        for _ in range(300):
            baseline = random.randint(1, 900) / 1000
            margin, cap = random.randint(1, 40) / 100, random.randint(1, 100) / 1000
            patch = guard(0, baseline=f"{baseline:.1%}", non_inferiority_margin=f"{margin:.0%}")
            findings = found("guardrail-margin", patch, margins={"refund_rate": f"{cap * 100:.1f}pp"})
            assert bool(findings) == (round(margin * baseline, 12) > round(cap, 12)), (baseline, margin, cap)

    def test_the_first_documents_thresholds(self) -> None:
        caps = {"complaint_rate": "0.05pp", "return_rate": "0.10pp"}
        guardrails = [
            {"id": "complaint_rate", "baseline": "0.4%", "non_inferiority_margin": "0.05pp"},
            {"id": "return_rate", "baseline": "2.2%", "non_inferiority_margin": "0.11pp"},
        ]
        (finding,) = found("guardrail-margin", {"guardrail_metrics": guardrails}, margins=caps)
        assert finding.at == ("guardrail_metrics", 1, "non_inferiority_margin")
        assert finding.help == "set `non_inferiority_margin: 0.10pp` or a stricter one"

    def test_a_missing_baseline_hides_no_other_margin(self) -> None:
        patch = {"guardrail_metrics": {0: {"baseline": None, "non_inferiority_margin": "1pp"}, 1: {
            "non_inferiority_margin": "30%"}}}  # fmt: skip
        (finding,) = found("guardrail-margin", patch)
        assert finding.at == ("guardrail_metrics", 1, "non_inferiority_margin")


def test_every_fault_of_a_guardrail_is_named() -> None:
    findings = found("guardrail-threshold", {"guardrail_metrics": [{"id": "errors"}, {"limit": {}}]})
    assert [finding.at for finding in findings] == [
        ("guardrail_metrics", 0, "non_inferiority_margin"),
        ("guardrail_metrics", 0, "direction"),
        ("guardrail_metrics", 0, "action"),
        ("guardrail_metrics", 1, "direction"),
        ("guardrail_metrics", 1, "action"),
    ]


def test_an_empty_limit_is_no_threshold() -> None:
    (finding,) = found("guardrail-threshold", guard(2, limit={"max": None}, non_inferiority_margin=None))
    assert finding.at == ("guardrail_metrics", 2, "limit")
