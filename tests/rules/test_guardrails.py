"""The rules about guardrails, beyond what their pages show."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence, Set
from random import Random

import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import Finding, NotChecked
from egp.plan.quantity import measure
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.yaml import read_text
from tests.rules.examples import merged, plan_of, sound_value

Patch = Mapping[str, object]


def plan(patch: Patch) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def found(rule_id: str, patch: Patch, **params: object) -> list[Finding]:
    rule = load(rule_id)
    return list(rule.check(*(plan(patch), rule.params(**read_options(rule, params, (), [])))[: rule.takes]))


def guard(position: int, **fields: object) -> Patch:
    return {"guardrail_metrics": {position: fields}}


def farrington_manning_sd(rate: float, margin: float, ratio: float) -> float:
    """Null standard deviation of t - (1 + m) c, times sqrt(n_control): the rates of greatest likelihood among those with
    t = (1 + m) c, found by search where the product solves an equation."""
    times = 1 + margin / rate

    def minus_log_likelihood(control: float) -> float:
        treated = control * times
        return -(
            rate * math.log(control)
            + (1 - rate) * math.log(1 - control)
            + ratio * (rate * math.log(treated) + (1 - rate) * math.log(1 - treated))
        )

    control = minimize_scalar(
        minus_log_likelihood, bounds=(1e-12, 1 / times - 1e-12), method="bounded", options={"xatol": 1e-14}
    ).x
    treated = control * times
    return math.sqrt(times**2 * control * (1 - control) + treated * (1 - treated) / ratio)


def rate_power(rate: float, margin: float, control_units: float, ratio: float = 1.0) -> float:
    """Power to rule out an increase by the margin, relative to control, when there is none."""
    alternative = math.sqrt(rate * (1 - rate) * ((1 + margin / rate) ** 2 + 1 / ratio))
    critical = norm.isf(0.05)
    distance = margin * math.sqrt(control_units)
    null = farrington_manning_sd(rate, margin, ratio)
    return float(norm.cdf((distance - critical * null) / alternative))


def measured_power(
    std_dev: float, margin: float, control_units: float, ratio: float = 1.0, *, share: float
) -> float:
    """Of a margin that is this share of control."""
    error = std_dev * math.sqrt(((1 + share) ** 2 + 1 / ratio) / control_units)
    return float(norm.cdf(margin / error - norm.isf(0.05)))


def told(power: float) -> str:
    return f"{math.floor(power * 1000) / 10:g} %"


SOUND_POWERS = {
    "refund_rate": rate_power(0.031, 0.08 * 0.031, 73_500),
    "cs_contacts": measured_power(0.21, 0.07 * 0.042, 147_000, share=0.07),
    "p95_page_load": measured_power(5.2, 0.04 * 1.9, 147_000, share=0.04),
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
        expected = [told(power) for power in SOUND_POWERS.values()]
        assert [finding.observed for finding in findings] == expected

    def test_jointly(self) -> None:
        (finding,) = found("guardrail-power", {}, floor="82%")
        assert finding.observed == told(math.prod(SOUND_POWERS.values()))

    def test_unequal_weights(self) -> None:
        """The sample counts the smallest variant: 30,000 in the treatment are 70,000 in control."""
        patch = {
            "variants": [{"id": "control", "weight": "70%", "control": True}, {"id": "b", "weight": "30%"}],
            "sample_size_per_variant": 30_000,
            **guard(0, judged_on="all_units"),
        }
        refunds, contacts, load_time = found("guardrail-power", patch, floor="99.99%")
        ratio = 3 / 7
        assert refunds.observed == told(rate_power(0.031, 0.08 * 0.031, 70_000, ratio))
        assert contacts.observed == told(measured_power(0.21, 0.07 * 0.042, 70_000, ratio, share=0.07))
        assert load_time.observed == told(measured_power(5.2, 0.04 * 1.9, 70_000, ratio, share=0.04))

    def test_segment(self) -> None:
        (finding,) = found("guardrail-power", guard(1, segment="new_users", segment_share="15%"))
        assert finding.observed == told(measured_power(0.21, 0.07 * 0.042, 0.15 * 147_000, share=0.07))


MANY_UNITS: Patch = {"eligible_units": {"distinct_over_run": 100_000_000, "per_day": None}}
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

    @pytest.mark.parametrize("weak", WEAK_PLANS)
    def test_more_units(self, weak: Patch) -> None:
        patch = {**weak, **MANY_UNITS}
        for finding in found("guardrail-power", patch):
            units = int(re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.advice.text)[0])
            assert finding.at not in places({**patch, "sample_size_per_variant": units})
            assert finding.at in places({**patch, "sample_size_per_variant": units - 1})

    @pytest.mark.parametrize("patch", WEAK_PLANS)
    def test_wider_margin(self, patch: Patch) -> None:
        for finding in found("guardrail-power", patch):
            margin = re.findall(r"non_inferiority_margin: ([^`]+)`", finding.advice.text)[0]
            position = finding.at[1]
            assert isinstance(position, int)
            wider = merged(merged(sound_value(), patch), guard(position, non_inferiority_margin=margin))
            rule = load("guardrail-power")
            assert finding.at not in [other.at for other in rule.check(plan_of(wider), rule.params())]

    def test_later_readout(self) -> None:
        patch = guard(0, non_inferiority_margin="6%")
        (finding,) = found("guardrail-power", patch)
        look = re.findall(r"looks: \[([0-9-]+)\]", finding.advice.text)[0]
        assert look == "2023-02-13"
        assert finding.at not in places({**patch, "statistics": {"looks": [look]}})
        assert finding.at in places({**patch, "statistics": {"looks": ["2023-02-07"]}})

    def test_joint_units(self) -> None:
        (finding,) = found("guardrail-power", {}, floor="82%")
        units = int(re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.advice.text)[0])
        assert not found("guardrail-power", {"sample_size_per_variant": units}, floor="82%")
        assert found("guardrail-power", {"sample_size_per_variant": units - 1}, floor="82%")

    @pytest.mark.parametrize("patch", WEAK_PLANS)
    def test_no_more_units_than_come(self, patch: Patch) -> None:
        """The run brings 340,000 × 90 % × 50 % units to each variant."""
        for finding in found("guardrail-power", patch):
            proposed = re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.advice.text)
            assert all(int(units) <= 153_000 for units in proposed)
            assert proposed or re.search(
                "or run (longer|until .*|for more than a year), since it takes", finding.advice.text
            )
            assert proposed or "this run brings 153,000" in finding.advice.text

    def test_a_wider_margin_of_the_weakest_is_enough_for_all(self) -> None:
        (finding,) = found("guardrail-power", {}, floor="82%")
        margin, name = re.findall(
            r"margin: (.+?)` for ([a-z_]+) \(if the policy's cap allows it\)", finding.advice.text
        )[0]
        assert name == min(SOUND_POWERS, key=SOUND_POWERS.__getitem__)
        position = list(SOUND_POWERS).index(name)
        assert not found("guardrail-power", guard(position, non_inferiority_margin=margin), floor="82%")

    def test_a_hopeless_margin_offers_no_number_of_units(self) -> None:
        (finding,) = found("guardrail-power", guard(1, non_inferiority_margin="0.000000001%"))
        assert "sample_size_per_variant" not in finding.advice.text
        assert "set `non_inferiority_margin" in finding.advice.text


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
        assert finding.advice.text == "set `non_inferiority_margin: 0.10pp` or a stricter one"

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


class TestLimitsWithoutMargin:
    """A limit alone bites: beyond the baseline on the side of harm, and not too far beyond."""

    @pytest.mark.parametrize(
        ("limit", "accepted"),
        [("1900ms", False), ("1899ms", False), ("0ms", False), ("1901ms", True), ("2280ms", True)],
    )
    def test_side(self, limit: str, accepted: bool) -> None:
        alone = guard(2, limit={"max": limit}, non_inferiority_margin=None)
        assert (not found("guardrail-threshold", alone)) is accepted
        beside_a_margin = guard(2, limit={"max": limit})
        assert not found("guardrail-threshold", beside_a_margin)

    @pytest.mark.parametrize("metric", [
        {"baseline": "1900ms", "direction": "decrease", "limit": {"max": "999999ms"}},
        {"baseline": "1.9s", "direction": "decrease", "limit": {"max": "2281ms"}},
        {"kind": "proportion", "baseline": "3.137%", "direction": "decrease", "limit": {"max": "100%"}},
        {"kind": "proportion", "baseline": "0.0007%", "direction": "decrease", "limit": {"max": "1%"}},
        {"kind": "proportion", "baseline": "97.3%", "direction": "increase", "limit": {"min": "0%"}},
        {"kind": "mean", "baseline": "1.20 USD", "direction": "decrease", "limit": {"max": "2.00 USD"}},
        {"kind": "mean", "baseline": -3, "direction": "increase", "limit": {"min": -99}},
        {"kind": "mean", "baseline": 123456, "direction": "decrease", "limit": {"max": 10**9}},
    ])  # fmt: skip
    @pytest.mark.parametrize("cap", ["10%", "0.3%", "250%"])
    def test_the_limit_that_is_proposed_is_the_furthest(self, metric: dict[str, object], cap: str) -> None:
        patch = {"guardrail_metrics": [{"id": "watched", "action": "hold", **metric}]}
        for finding in found("guardrail-margin", patch, default=cap):
            key, bound = re.findall(r"set `(max|min): (.+?)` or", finding.advice.text)[0]
            assert finding.at == ("guardrail_metrics", 0, "limit", key)
            changed = plan(merged(patch, guard(0, limit={key: bound})))  # type: ignore[arg-type]
            rule = load("guardrail-margin")
            assert not list(rule.check(changed, rule.params(**read_options(rule, {"default": cap}, (), []))))
            baseline = measure(metric["baseline"]).value
            allowed = 2 * abs(baseline) * float(cap.rstrip("%")) / 100
            assert abs(measure(bound).value - baseline) == pytest.approx(allowed, rel=0.01)

    def test_without_its_baseline_it_is_not_checked(self) -> None:
        """Deleting the baseline turns no error into a pass."""
        for position in range(3):
            limit = {"limit": {"max": "999999ms"}, "non_inferiority_margin": None, "baseline": None}
            with pytest.raises(NotChecked) as missing:
                found("guardrail-margin", guard(position, **limit))
            assert missing.value.path == ("guardrail_metrics", position, "baseline")


class TestLinesToPaste:
    """Lines in the help make a plan that no error rule of guardrails and stop rules refuses.

    What only people know is a gap in them, and a gap is refused: a number that egp thought up would pass for theirs.
    """

    RULES = ("required-guardrails", "guardrail-threshold", "guardrail-margin", "guardrail-coverage",
             "rollback-declared", "stop-rule-complete", "stop-rules-cover-guardrails", "hair-trigger",
             "dead-stop-rule", "guardrail-power")  # fmt: skip

    @pytest.mark.parametrize("name", ["p99_latency", "return_rate", "tickets"])
    def test_a_guardrail_of_which_nothing_is_known_is_refused_until_it_is_filled_in(self, name: str) -> None:
        metrics = ["refund_rate", name]
        (finding,) = found("required-guardrails", {}, metrics=metrics)
        value = pasted(sound_value(), finding)
        assert isinstance(value, dict)
        gaps = [key for key, each in value["guardrail_metrics"][-1].items() if each == "TODO"]
        assert {"direction", "baseline", "non_inferiority_margin", "outcome_window"} <= {*gaps}
        _, problems = read_experiment(value)
        assert [each.path for each in problems] == [("guardrail_metrics", 3, key) for key in gaps]
        # A further guardrail takes a larger sample, which is a warning of its own.
        self.accepted(filled_in(value), {"guardrail-power"}, required=metrics)

    def test_several_missing_guardrails(self) -> None:
        (finding,) = found("required-guardrails", {}, metrics=["a_rate", "b", "refund_rate"])
        assert finding.advice.text.count("metric: ") == 2
        (finding,) = found("required-guardrails", {"guardrail_metrics": [], "stop_rules": []})
        value = pasted(merged(sound_value(), {"guardrail_metrics": [], "stop_rules": []}), finding)
        self.accepted(filled_in(value))

    def test_unwatched_segment(self) -> None:
        patch = {"economics": {"scenarios": {1: {"segment": "new_users"}}}}
        (finding,) = found("guardrail-coverage", patch, kinds=[])
        value = pasted(merged(sound_value(), patch), finding)
        assert isinstance(value, dict)
        assert value["guardrail_metrics"][-1]["segment_share"] == "40%"
        self.accepted(value, but={"guardrail-power"})

    def accepted(self, value: object, but: Set[str] = frozenset(), required: Sequence[str] = ()) -> None:
        options: dict[str, Patch] = {
            "guardrail-coverage": {"kinds": []},
            "required-guardrails": {"metrics": list(required)},
        }
        for rule_id in set(self.RULES) - but:
            rule = load(rule_id)
            read = rule.params(**read_options(rule, options.get(rule_id, {}), (), []))
            assert not list(rule.check(*(plan_of(value), read)[: rule.takes])), rule_id


def filled_in(value: object) -> object:
    """The plan with a value for each gap."""
    known = {"kind": "mean", "direction": "decrease", "outcome_window": "0d", "non_inferiority_margin": "8%"}
    assert isinstance(value, dict)
    for metric in value["guardrail_metrics"]:
        numbers = {"baseline": "1900ms"} if metric.get("kind") == "quantile" else {"baseline": "3%"}
        numbers |= {"influence_std_dev": "5200ms"}
        numbers |= {"baseline": "0.042", "std_dev": "0.21"} if metric.get("kind") == "TODO" else {}
        metric |= {key: {**known, **numbers}[key] for key, each in metric.items() if each == "TODO"}
        metric |= {key: each for key, each in numbers.items() if key == "std_dev"}
    return value


def pasted(value: object, finding: Finding) -> object:
    """The plan with the guardrails and stop rules that the help prints."""
    assert isinstance(value, dict)
    lines = re.findall(r"`- ({.+?})`", finding.advice.text)
    items = [read_text(line)[0].value for line in lines]
    assert items
    metrics = [item for item in items if isinstance(item, dict) and "metric" not in item]
    stop_rules = [item for item in items if isinstance(item, dict) and "metric" in item]
    return {
        **value,
        "guardrail_metrics": [*value["guardrail_metrics"], *metrics],
        "stop_rules": [*value["stop_rules"], *stop_rules],
    }
