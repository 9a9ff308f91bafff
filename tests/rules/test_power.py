"""The arithmetic behind the power rules against independent sources, and what the pages do not show."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from random import Random
from typing import ClassVar

import pytest
from scipy.stats import betabinom, multivariate_normal, norm
from statsmodels.stats.power import normal_sample_size_one_tail
from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

from egp.gate.split import SRM_ALPHA
from egp.plan.analysis import registered
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.policy.params import read_options
from egp.rules.rule import index, load
from egp.stats import StatisticsInputError
from egp.yaml import read_text
from tests.rules.examples import findings_of, merged, plan_of, sound_value

FAMILIES = ("power", "peeking")
RULES = [rule.id for rule in index().values() if rule.family in FAMILIES and rule.input_type != "Portfolio"]
SOUND_EFFECT = 0.0045
MANY_UNITS: dict[str, object] = {"eligible_units": {"distinct_over_run": 10_000_000, "per_day": None}}
"""As many as any sample of the tests takes."""
CUPED_OFF: dict[str, object] = {"statistics": {"variance_reduction": None}}


def plan(*patches: Mapping[str, object]) -> Experiment:
    value: object = sound_value()
    for patch in patches:
        value = merged(value, patch)
    return plan_of(value)


def found(rule_id: str, subject: Experiment, **params: object) -> list[Finding]:
    rule = load(rule_id)
    return list(rule.check(*(subject, rule.params(**read_options(rule, params, (), [])))[: rule.takes]))


def only_message(rule_id: str, *patches: Mapping[str, object], **params: object) -> str:
    (finding,) = found(rule_id, plan(*patches), **params)
    return finding.message


def two_rates(diff: float, baseline: float, power: float, tail: float = 0.025) -> float:
    """Units per variant by statsmodels, whose two-sided alpha is both tails."""
    return float(samplesize_proportions_2indep_onetail(diff, baseline, power, alpha=2 * tail))


@pytest.mark.parametrize(
    ("patch", "needed"),
    [
        (CUPED_OFF, two_rates(SOUND_EFFECT, 0.12, 0.95)),
        ({}, two_rates(SOUND_EFFECT, 0.12, 0.95) * 0.75),
        ({"statistics": {"power": "80%", "variance_reduction": None}}, two_rates(SOUND_EFFECT, 0.12, 0.80)),
        ({"primary_metric": {"direction": "decrease"}}, two_rates(-SOUND_EFFECT, 0.12, 0.95) * 0.75),
        (
            {"statistics": {"sides": "one", "variance_reduction": None}},
            two_rates(SOUND_EFFECT, 0.12, 0.95, tail=0.05),
        ),
        (
            {"primary_metric": {"kind": "mean", "baseline": "3.20 USD", "std_dev": "14 USD", "mde": "5%"}},
            0.75 * normal_sample_size_one_tail(0.16, 0.95, 0.025, std_null=14 * 2**0.5),
        ),
    ],
)
def test_required_sample(patch: dict[str, object], needed: float) -> None:
    assert registered.required_smallest(plan(patch)) == pytest.approx(needed, rel=1e-6)


@pytest.mark.parametrize("cuped", [False, True])
def test_uneven_weights_are_planned_for_the_test_that_judges(cuped: bool) -> None:
    uneven = plan({} if cuped else CUPED_OFF, {"variants": {"0": {"weight": "80%"}, "1": {"weight": "20%"}}})
    p, q, ratio = 0.12, 0.12 + SOUND_EFFECT, 0.25
    pooled_rate = (p + ratio * q) / (1 + ratio)
    pooled = math.sqrt(pooled_rate * (1 - pooled_rate) * (1 + 1 / ratio))
    unpooled = math.sqrt(p * (1 - p) + q * (1 - q) / ratio)
    z_alpha, z_power = norm.ppf(0.975), norm.ppf(0.95)
    under_null = max(pooled, unpooled) if cuped else pooled  # the score test's, or that of a mean
    control = ((z_alpha * under_null + z_power * unpooled) / SOUND_EFFECT) ** 2 * (0.75 if cuped else 1)
    assert registered.required_smallest(uneven) == pytest.approx(control * ratio, rel=1e-9)


THREE_VARIANTS: dict[str, object] = {
    "variants": [
        {"id": "control", "weight": "40%", "control": True},
        {"id": "button", "weight": "30%"},
        {"id": "banner", "weight": "30%"},
    ]
}


def dunnett_error(critical: float, rho: float) -> float:
    covariance = [[1.0, rho], [rho, 1.0]]
    inside = multivariate_normal(cov=covariance).cdf([critical] * 2, lower_limit=[-critical] * 2)
    return 1 - float(inside)


def test_dunnett_level_of_one_comparison() -> None:
    corrected = registered.comparison_alpha(plan(THREE_VARIANTS, {"statistics": {"correction": "dunnett"}}))
    assert dunnett_error(norm.isf(corrected / 2), rho=3 / 7) == pytest.approx(0.05, abs=1e-6)


def test_dunnett_divides_its_level_among_primary_metrics() -> None:
    metric = {"id": "b", "kind": "mean", "direction": "increase", "baseline": 1, "std_dev": 2, "mde": "5%"}
    two_metrics = plan(
        THREE_VARIANTS, {"co_primary_metrics": [metric], "statistics": {"correction": "dunnett"}}
    )
    corrected = registered.comparison_alpha(two_metrics)
    assert dunnett_error(norm.isf(corrected / 2), rho=3 / 7) == pytest.approx(0.025, abs=1e-6)


def test_false_wins_of_uncorrected_treatments() -> None:
    error = dunnett_error(norm.isf(0.025), rho=3 / 7)
    assert f"{error * 100:.2f} %" in only_message("multiple-comparisons", THREE_VARIANTS)


def test_proportion_of_clustered_units_has_the_variance_of_cluster_means() -> None:
    size, icc, rate = 4, 0.1, 0.12
    clustered = plan(
        {
            "analysis_unit": "session",
            "statistics": {"clustering": {"method": "cluster_robust", "mean_size": size, "icc": icc}},
        }
    )
    concentration = 1 / icc - 1
    of_total = betabinom(size, rate * concentration, (1 - rate) * concentration).var()
    factor = registered.clustering_variance_factor(
        clustered, registered.primary_at(clustered, registered.PRIMARY)
    )
    assert factor * rate * (1 - rate) == pytest.approx(of_total / size**2, rel=1e-9)


def test_a_standard_deviation_has_the_clustering_in_it() -> None:
    clustered = plan(
        {
            "analysis_unit": "session",
            "statistics": {"clustering": {"method": "cluster_robust", "mean_size": 4, "icc": 0.1}},
        }
    )
    mean = clustered.guardrail_metrics[1]
    assert mean.kind == "mean"
    assert registered.clustering_variance_factor(clustered, mean) == 1.0


def test_error_of_a_test_that_ignores_clusters() -> None:
    real = 2 * norm.sf(norm.isf(0.025) / math.sqrt(1 + 3 * 0.1))
    message = only_message(
        "unit-mismatch",
        {"analysis_unit": "session", "statistics": {"clustering": {"mean_size": 4, "icc": 0.1}}},
    )
    assert f"{real * 100:.1f} % of harmless changes" in message


def test_shortcut_is_found_half_of_the_time() -> None:
    n = 147_000
    width = norm.isf(0.025) * math.sqrt(2 * 0.12 * 0.88 / n)
    message = only_message("shortcut-mde", CUPED_OFF, {"primary_metric": {"mde": f"{width * 1e4:.1f}bps"}})
    assert "missed 50 % of the time" in message
    mean: dict[str, object] = {
        "primary_metric": {"kind": "mean", "baseline": 100, "std_dev": 100, "target": None, "mde": "0.723%"}
    }
    ratio = (norm.isf(0.025) + norm.isf(0.05)) / norm.isf(0.025)
    assert f"{ratio:.2f} times as large" in only_message("shortcut-mde", CUPED_OFF, mean)


def test_target_of_the_published_interval() -> None:
    """An interval of +0.35 to +0.82 pp has a standard error that leaves a target of 30 bps 71 % power."""
    error = (0.0082 - 0.0035) / (2 * norm.isf(0.025))
    assert round(100 * norm.cdf(0.0030 / error - norm.isf(0.025))) == 71
    n = round(2 * 0.12 * 0.88 * 0.75 / error**2)
    message = only_message(
        "target-below-mde", {"primary_metric": {"target": "30bps"}, "sample_size_per_variant": n}
    )
    of_test = norm.cdf(
        (0.003 * math.sqrt(n / 0.75) - norm.isf(0.025) * math.sqrt(2 * 0.1215 * 0.8785))
        / math.sqrt(0.12 * 0.88 + 0.123 * 0.877)
    )
    assert f"{math.floor(of_test * 1000) / 10:g} % power" in message


def test_oversized_sample_needs_what_statsmodels_says() -> None:
    needed = math.ceil(two_rates(0.008, 0.03, 0.95))
    patch = {
        "primary_metric": {"baseline": "3%", "mde": "0.8pp", "target": "1pp"},
        "guardrail_metrics": [],
        "sample_size_per_variant": "1.2M",
    }
    message = only_message("oversized-sample", CUPED_OFF, patch)
    assert f"{needed:,}" in message
    resolved = float(message.rsplit("resolve ", 1)[1].removesuffix("pp")) / 100
    assert two_rates(resolved, 0.03, 0.95) == pytest.approx(1_200_000, rel=0.01)


def test_chance_that_every_clause_holds() -> None:
    n, control = 147_000, 0.12
    treated = control + SOUND_EFFECT
    error = math.sqrt((control * (1 - control) + treated * (1 - treated)) * 0.75 / n)
    lift = 0.0040
    primary = norm.cdf((SOUND_EFFECT - lift) / error)
    # Margins are of the control observed. Rates by the variance without an effect, which the score test's exceeds by little.
    refunds = norm.cdf(0.031 * 0.08 / math.sqrt((1 + 1.08**2) * 0.031 * 0.969 / 73_500) - norm.isf(0.05))
    contacts = norm.cdf(0.042 * 0.07 / (0.21 * math.sqrt((1 + 1.07**2) / n)) - norm.isf(0.05))
    load_time = norm.cdf(1900 * 0.04 / (5200 * math.sqrt((1 + 1.04**2) / n)) - norm.isf(0.05))
    (finding,) = found("decision-power", plan({"decision_rule": {"min_lift": "40bps"}}))
    assert f"would ship {math.floor(primary * 1000) / 10:g} % of" in finding.message
    all_clauses = float(finding.observed.removesuffix(" %")) / 100
    assert all_clauses == pytest.approx(primary * refunds * contacts * load_time, abs=0.005)


@pytest.mark.parametrize(
    ("rule_id", "patch", "fix"),
    [
        ("decision-power", {"decision_rule": {"min_lift": "45bps"}}, {"decision_rule": {"min_lift": "21.8bps"}}),
        (
            "decision-power",
            {"statistics": {"power_scope": "decision"}, **MANY_UNITS},
            {"sample_size_per_variant": 232_040},
        ),
        ("sample-size", {"sample_size_per_variant": 90_000}, {"primary_metric": {"mde": "48.3bps"}}),
        ("shortcut-mde", {"primary_metric": {"mde": "21bps"}}, {"primary_metric": {"mde": "37.7bps"}}),
        (
            "target-below-mde",
            {"primary_metric": {"target": "30bps"}, **MANY_UNITS},
            {"primary_metric": {"mde": "30bps"}, "sample_size_per_variant": 231_169},
        ),
        (
            "oversized-sample",
            {"guardrail_metrics": [], "sample_size_per_variant": 400_000},
            {"primary_metric": {"mde": "22.8bps"}},
        ),
        ("reachable-sample", {"eligible_units": {"distinct_over_run": 340_000}, "sample_size_per_variant": 150_000,
                              "schedule": {"exposure": "80%"}}, {"schedule": {"exposure": "88.3%"}}),
        (
            "multiple-comparisons",
            {**THREE_VARIANTS, "sample_size_per_variant": 104_000},
            {"statistics": {"correction": "dunnett"}},
        ),
        (
            "unbalanced-weights",
            {"variants": {"0": {"weight": "80%"}, "1": {"weight": "20%"}}},
            {"variants": {"0": {"weight": "50%"}, "1": {"weight": "50%"}}},
        ),
    ],
)  # fmt: skip
def test_what_help_proposes_passes(rule_id: str, patch: dict[str, object], fix: dict[str, object]) -> None:
    (finding,) = found(rule_id, plan(patch))
    (value,) = [str(leaf) for leaf in _leaves(fix)][-1:]
    spelt = f"{int(value):_}" if value.isdigit() else value
    assert spelt in finding.advice.text
    assert found(rule_id, plan(patch, fix)) == []


def _leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [value]


def test_correction_names_the_sample_it_needs() -> None:
    many = {**MANY_UNITS, "sample_size_per_variant": 104_000}
    (finding,) = found("multiple-comparisons", plan(THREE_VARIANTS, many))
    needed = int(finding.advice.text.rsplit(": ", 1)[1].strip("`").replace("_", ""))
    corrected: dict[str, object] = {"statistics": {"correction": "dunnett"}}
    assert found("sample-size", plan(THREE_VARIANTS, corrected, {"sample_size_per_variant": needed})) == []
    assert found("sample-size", plan(THREE_VARIANTS, corrected, {"sample_size_per_variant": needed - 1}))


@pytest.mark.parametrize(
    ("patch", "path"),
    [
        ({"primary_metric": {"mde": "90pp"}}, ("primary_metric", "mde")),
        ({"primary_metric": {"mde": "0%"}}, ("primary_metric", "mde")),
        ({"primary_metric": {"mde": "40ms"}}, ("primary_metric", "mde")),
        ({"primary_metric": {"baseline": 12}}, ("primary_metric", "baseline")),
        ({"statistics": {"power": "100%"}}, ("statistics", "power")),
        ({"statistics": {"power": "3%"}}, ("statistics", "power")),
        ({"statistics": {"alpha": "0%"}}, ("statistics", "alpha")),
        (
            {"statistics": {"variance_reduction": {"correlation": 1}}},
            ("statistics", "variance_reduction", "correlation"),
        ),
        ({"variants": {"1": {"weight": "0%"}}}, ("variants", 1, "weight")),
    ],
)
def test_a_value_no_test_can_have_is_one_finding_and_no_crash(
    patch: dict[str, object], path: tuple[object, ...]
) -> None:
    for rule_id in ("sample-size", "oversized-sample"):
        with pytest.raises(NotChecked) as missing:
            found(rule_id, plan(patch))
        assert missing.value.path == path


@pytest.mark.parametrize("plan_type", ["rollout", "holdback"])
def test_plans_that_test_no_primary_are_not_asked_for_power(plan_type: str) -> None:
    bare = plan(
        {
            "type": plan_type,
            "statistics": {"alpha": None, "sides": None, "power": None, "looks": None},
            "sample_size_per_variant": None,
            "primary_metric": {"mde": None, "target": None},
            "eligible_units": None,
        }
    )
    with pytest.raises(NotChecked) as missing:
        applies("heavy-tails", bare)
    assert missing.value.path == ("eligible_units",), "an alarm on a mean errs by the units of its stage"
    silent = {rule_id for rule_id in RULES if rule_id != "heavy-tails" and applies(rule_id, bare)}
    # Guardrails have their level and clusters their variance in a rollout as well.
    assert silent == {"significance-level", "unit-mismatch"}
    with pytest.raises(DoesNotApply):
        found(
            "heavy-tails", plan({"type": plan_type, "eligible_units": None, "guardrail_metrics": {1: None}})
        )


def applies(rule_id: str, subject: Experiment) -> bool:
    """Whether a rule that finds nothing was asked at all."""
    try:
        assert found(rule_id, subject) == []
    except DoesNotApply:
        return False
    return True


def test_the_sound_plan_is_sound() -> None:
    not_applying = {"triggered-population", "population-filter", "decision-branches", "withdraw-power"}
    assert {rule_id for rule_id in RULES if not applies(rule_id, plan())} == not_applying


class TestNoSampleAboveTheTraffic:
    """The sound plan's run brings 340,000 × 90 % × 50 % = 153,000 units per variant."""

    @pytest.mark.parametrize(
        ("rule_id", "patch"),
        [
            ("sample-size", {"primary_metric": {"mde": "30bps"}}),
            ("power-floor", {"statistics": {"power": "80%"}, "primary_metric": {"mde": "30bps"}}),
            ("target-below-mde", {"primary_metric": {"target": "30bps"}}),
            ("decision-power", {"statistics": {"power_scope": "decision"}}),
            ("multiple-comparisons", {**THREE_VARIANTS, "sample_size_per_variant": 90_000}),
        ],
    )
    def test_a_longer_run_is_proposed(self, rule_id: str, patch: dict[str, object]) -> None:
        (finding,) = found(rule_id, plan(patch))
        come = 340_000 * 0.9 * (0.3 if "variants" in patch else 0.5)
        assert f"this run brings {come:,.0f}" in finding.advice.text
        proposed = re.findall(r"sample_size_per_variant: ([0-9_]+)", finding.advice.text)
        assert all(int(number) <= come for number in proposed)

    def test_the_reachable_sample_and_its_mde_pass(self) -> None:
        patch: dict[str, object] = {"eligible_units": {"distinct_over_run": 200_000}}
        (finding,) = found("reachable-sample", plan(patch))
        sample, mde = re.findall(
            r"`sample_size_per_variant: (.+?)` and `primary_metric.mde: (.+?)`", finding.advice.text
        )[0]
        assert sample == f"{200_000 * 0.9 * 0.5:_.0f}"
        made: dict[str, object] = {"sample_size_per_variant": int(sample), "primary_metric": {"mde": mde}}
        for rule_id in ("reachable-sample", "sample-size"):
            assert found(rule_id, plan(patch, made)) == []
        assert two_rates(float(mde.removesuffix("bps")) / 1e4, 0.12, 0.95) * 0.75 == pytest.approx(
            90_000, rel=0.01
        )

    def test_a_sample_below_the_declared_one_may_be_enough(self) -> None:
        patch: dict[str, object] = {"eligible_units": {"distinct_over_run": 300_000}}
        (finding,) = found("reachable-sample", plan(patch))
        assert finding.advice.text.endswith("or set `sample_size_per_variant: 135_000`")


class TestWhatNoGuardrailMends:
    """A clause that ships at most half of true effects is said with and without the guardrails' numbers."""

    @pytest.mark.parametrize("key", ["baseline", "kind", "std_dev", "segment_share", "direction"])
    @pytest.mark.parametrize("clause", [{"min_lift": "45bps"}, {"min_ci_lower": "25bps"}])
    def test_guardrail_input_is_deleted(self, key: str, clause: dict[str, str]) -> None:
        missing = {1: {"segment": "new_users", "segment_share": "20%", key: None}}
        (finding,) = found("decision-power", plan({"decision_rule": clause, "guardrail_metrics": missing}))
        assert finding.impossible
        assert "with every guardrail" not in finding.message

    @pytest.mark.parametrize("sample", [None, 140_000, 10**9])
    def test_a_lift_of_the_mde_takes_no_sample(self, sample: int | None) -> None:
        patch = {"decision_rule": {"min_lift": "45bps"}, "sample_size_per_variant": sample}
        (finding,) = found("decision-power", plan(patch))
        assert finding.impossible

    def test_every_clause_that_stands_in_the_way_is_named(self) -> None:
        strict = {"decision_rule": {"min_lift": "45bps", "min_ci_lower": "15bps"}}
        (finding,) = found("decision-power", plan(strict))
        bound = re.findall(r"min_ci_lower: (.+?)`", finding.advice.text)[0]
        assert finding.advice.text.startswith("remove `min_lift:`")
        assert found("decision-power", plan({"decision_rule": {"min_ci_lower": bound}})) == []


class TestClustersWaysOut:
    PLAN: ClassVar[dict[str, object]] = {"unit": "user", "analysis_unit": "session"}

    def test_one_line_is_enough(self) -> None:
        (finding,) = found("unit-mismatch", plan(self.PLAN))
        assert finding.advice.text.startswith("set `analysis_unit: user`")
        assert found("unit-mismatch", plan(self.PLAN, {"analysis_unit": "user"})) == []

    def test_clustering_as_proposed(self) -> None:
        (finding,) = found("unit-mismatch", plan(self.PLAN))
        line = re.findall(r"`(clustering: {.+?})`", finding.advice.text)[0]
        proposed = read_text(line)[0].value
        assert isinstance(proposed, dict)
        for rule_id in ("unit-mismatch", "sample-size"):
            assert found(rule_id, plan(self.PLAN, {"statistics": proposed})) == []


def test_the_sample_ratio_level_in_the_advice_is_the_gates() -> None:
    (finding,) = found("significance-level", plan({"statistics": {"srm_alpha": "100%"}}))
    assert "stops every sound experiment" in finding.message
    assert f"the gate takes {SRM_ALPHA:.1%}".replace("%", " %") in finding.advice.text


@pytest.mark.parametrize(
    ("level", "accepted"), [("0.01%", True), ("1%", True), ("0.009%", False), ("1.1%", False)]
)
def test_bounds_of_the_sample_ratio_level(level: str, accepted: bool) -> None:
    assert (not found("significance-level", plan({"statistics": {"srm_alpha": level}}))) is accepted


VALUES: dict[tuple[str, ...], list[object]] = {
    ("type",): ["superiority", "non_inferiority", "rollout", None],
    ("unit",): ["user", "session", None, "a\u202eb"],
    ("analysis_unit",): [None, "session", ""],
    ("population",): ["assigned", {"triggered": "x\x07", "logged_in": ["control", "\x1b[31m"]}, {}, None],
    ("eligible_units",): [None, {}, {"per_day": 0}, {"distinct_over_run": 0, "per_day": 10**15}],
    ("variants",): [
        [], None, [{"id": "a"}], [{"id": "a", "weight": "100%", "control": True}],
        [{"id": str(at), "weight": "1%", "control": at == 0} for at in range(100)],
    ],
    ("schedule", "start"): ["0001-01-01", "9999-12-31", None, "2023-01-23T12:00:00+14:00"],
    ("schedule", "end"): ["0001-01-01", "9999-12-31", None, "0001-01-01T00:00:00"],
    ("schedule", "exposure"): ["0%", "100%", None],
    ("schedule", "pauses"): [["0001-01-01/9999-12-31"], ["2023-01-25/2023-02-02"]],
    ("primary_metric", "kind"): ["mean", "ratio", "quantile", None],
    ("primary_metric", "baseline"): ["0%", "100%", "0.0001%", -4, 0, "9" * 300, None],
    ("primary_metric", "mde"): ["0%", "-5%", "1000000%", "0.000001bps", "40ms", "3 USD", None],
    ("primary_metric", "target"): ["0%", "-5%", "1000000%", "0.000001bps", None],
    ("primary_metric", "std_dev"): [0, -1, "9" * 300, 1e-9, None],
    ("primary_metric", "direction"): ["decrease", None],
    ("primary_metric", "non_inferiority_margin"): ["0%", "50bps", "99%", "500%", "1ms"],
    ("primary_metric", "outcome_window"): ["36500d", "7d"],
    ("primary_metric", "judged_on"): ["matured_cohort"],
    ("co_primary_metrics",): [[{"id": "b", "kind": "mean"}], [{}]],
    ("guardrail_metrics",): [[], [{"id": "g", "non_inferiority_margin": "0%"}]],
    ("segments",): [["\x00", "b", "b"], ["s"] * 400],
    ("statistics",): [None],
    ("statistics", "alpha"): ["0%", "100%", "0.0000001%", None],
    ("statistics", "sides"): ["one", None],
    ("statistics", "power"): ["0%", "100%", "1%", "99.99999%", None],
    ("statistics", "guardrail_alpha"): ["0%", "100%", None],
    ("statistics", "power_scope"): ["decision", None],
    ("statistics", "method"): ["group_sequential", "always_valid", None],
    ("statistics", "spending"): ["pocock", "hwang_shih_decani"],
    ("statistics", "spending_parameter"): [0, 1e300, -1e300],
    ("statistics", "looks"): [
        [], ["0001-01-01", "9999-12-31"], ["2023-01-30", "2023-02-06"], ["2023-02-06", "2023-02-07"], None,
    ],
    ("statistics", "correction"): ["holm", "dunnett", None],
    ("statistics", "variance_reduction"): [{"method": "cuped"}, {"method": "cuped", "correlation": 7}, None],
    ("statistics", "clustering"): [
        {"method": "cluster_robust"}, {"method": "delta_method", "mean_size": 0, "icc": -3}, {"mean_size": 1e300, "icc": 1},
    ],
    ("sample_size_per_variant",): [0, 1, 2, 50, 10**15, None],
    ("decision_rule",): [None, {}, {"min_lift": "-3%"}, {"min_lift": "1000000%", "min_ci_lower": "1ms"}],
    ("registered",): ["9999-12-31", None],
}  # fmt: skip


def test_no_plan_crashes_a_rule_or_prints_nonsense() -> None:
    random = Random(20230123)
    for _ in range(400):
        patches = []
        for path in random.sample(list(VALUES), random.randint(1, 4)):
            patch: object = random.choice(VALUES[path])
            for key in reversed(path):
                patch = {key: patch}
            assert isinstance(patch, dict)
            patches.append(patch)
        subject = plan(*patches)
        for rule_id in RULES:
            try:
                findings = found(rule_id, subject)
            except (DoesNotApply, NotChecked, StatisticsInputError):
                continue
            for finding in findings:
                text = f"{finding.message} {finding.advice.text} {finding.observed} {finding.required}"
                assert text.isprintable(), (rule_id, patches, text)
                words = set(text.replace("`", " ").replace(",", " ").split())
                assert not words & {"nan", "inf", "None", "%%"}, (rule_id, patches, text)
                assert finding.advice.text, (rule_id, patches, text)
                assert not finding.message.endswith("."), (rule_id, patches, text)


@pytest.mark.parametrize("primary", [None, {"mde": "45bps"}, {}], ids=["none", "half", "empty"])
@pytest.mark.parametrize("weights", [("34%", "33%", "33%"), ("50%", "30%", "20%")])
def test_several_treatments_of_a_plan_without_a_primary_metric_are_told(
    primary: object, weights: tuple[str, ...]
) -> None:
    """The correction is named, and no sample, which nobody can compute."""
    variants = [{"id": f"v{at}", "weight": weight, "control": at == 0} for at, weight in enumerate(weights)]
    [finding] = findings_of(
        load("multiple-comparisons"),
        plan_of({**sound_value(), "primary_metric": primary, "variants": variants}),
    )
    assert finding.at == ("statistics", "correction")
    assert not callable(finding.remedies)
    assert len(finding.remedies) == 1
