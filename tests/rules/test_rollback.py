"""Rollback rules: how often stop rules fire without harm, against independent computations."""

from __future__ import annotations

import itertools
import math
import re

import pytest
from scipy import optimize
from scipy.stats import multivariate_normal, norm

from egp import stats
from egp.plan.analysis.alarm_levels import LEVELS
from egp.plan.analysis.false_alarms import limit_alarm, limits, posterior_alarm
from egp.plan.analysis.stop_rules import evaluations, posterior_bounds, standard_error, stop_rule_metric
from egp.plan.analysis.traffic import arriving_units
from egp.plan.analysis.watch import treated, watched_test
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked
from egp.rules.rule import load
from tests.rules.examples import findings_of, merged, plan_of, sound_value


def changed(**patch: object) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def refunds(**keys: object) -> Experiment:
    return changed(stop_rules={0: keys})


TEST_ONLY: dict[str, object] = {"canary": None, "ramp": [], "holdout": None}
"""Leaves a plan nothing but its fourteen days."""


def in_test_alone(position: int, **keys: object) -> Experiment:
    """A plan that has one stop rule, and no stages in which it could fire later."""
    rules = {other: {"action": "hold"} for other in range(3) if other != position}
    return changed(stop_rules={**rules, position: keys}, **TEST_ONLY)


def findings(rule_id: str, plan: Experiment, **options: float) -> list[Finding]:
    rule = load(rule_id)
    return findings_of(rule, plan, rule.params(**options))


def chance(finding: Finding) -> float:
    """The false-alarm chance that a message states, as a fraction."""
    match = re.search(r"would (?:roll back|hold) (?:up to )?([0-9.]+) %", finding.message)
    assert match
    return float(match[1]) / 100


def crossing_by_multivariate_normal(bounds: list[float], information: list[float]) -> float:
    """P(Z_k >= bound_k for some k): correlations of a score process are the root of its information ratios."""
    correlation = [[math.sqrt(min(s, t) / max(s, t)) for t in information] for s in information]
    inside = multivariate_normal.cdf(bounds, cov=correlation, maxpts=300_000, abseps=1e-5, releps=1e-5)
    return float(1 - inside)


class TestStandardErrorAndEvaluations:
    def test_standard_error_of_a_rate(self) -> None:
        plan = changed()
        path, metric = stop_rule_metric(plan, 0)
        # 340,000 x 90 % x 50 % = 153,000 units in each variant
        assert arriving_units(plan) == pytest.approx(153_000)
        by_hand = math.sqrt(0.031 * 0.969 * 2 / 153_000)
        assert standard_error(plan, metric, path, watched_test(plan), 340_000) == pytest.approx(
            by_hand, rel=1e-12
        )

    def test_standard_error_of_uneven_arms_and_a_segment(self) -> None:
        plan = changed(
            variants={0: {"weight": "80%"}, 1: {"weight": "20%"}},
            guardrail_metrics={1: {"segment": "new_users", "segment_share": "25%"}},
        )
        path, metric = stop_rule_metric(plan, 1)
        by_hand = 0.21 * math.sqrt(1 / (4 * 10_000 * 0.25) + 1 / (10_000 * 0.25))
        eligible = 10_000 / (0.2 * 0.9)
        assert standard_error(plan, metric, path, watched_test(plan), eligible) == pytest.approx(
            by_hand, rel=1e-12
        )

    @pytest.mark.parametrize(
        ("least", "evaluated", "number", "first"),
        [
            (20_000, "daily", 13, 2 / 14),  # 10,929 units a day
            (20_000, "weekly", 2, 7 / 14),
            (80_000, "weekly", 1, 1.0),
            (1, "hourly", 336, 1 / 336),
            (20_000, "hourly", 293, 44 / 336),
            (153_000, "daily", 1, 1.0),
        ],
    )
    def test_evaluations(self, least: int, evaluated: str, number: int, first: float) -> None:
        plan = refunds(min_units_per_variant=least)
        looks = evaluations(plan, 0, evaluated, watched_test(plan))
        assert looks.number == number
        information = looks.information
        assert len(information) == number
        assert information[0] == pytest.approx(first)
        assert information[-1] == pytest.approx(1.0)

    def test_no_evaluation_without_enough_units(self) -> None:
        plan = refunds(min_units_per_variant=153_001)
        assert evaluations(plan, 0, "daily", watched_test(plan)).number == 0

    def test_days_add_up_where_units_are_new_every_day(self) -> None:
        plan = changed(unit="session", eligible_units={"distinct_over_run": None})
        assert arriving_units(plan) == pytest.approx(41_000 * 14 * 0.45)


class TestPosteriorBounds:
    @pytest.mark.parametrize(
        ("prior", "mean", "spread"),
        [
            ("flat", 0.0, None),
            ({"std_dev": "10%"}, 0.0, 0.0031),
            ({"mean": "2%", "std_dev": "4%"}, 0.00062, 0.00124),
        ],
    )
    def test_bound_is_where_the_posterior_reaches_the_probability(
        self, prior: object, mean: float, spread: float | None
    ) -> None:
        plan = refunds(prior=prior)
        harm = 0.05 * 0.031
        for share in (0.2, 0.5, 1.0):
            # Harm beyond 5 % of the control observed is t - 1.05 c.
            error = math.sqrt(0.031 * 0.969 * (1 + 1.05**2) / (153_000 * share))

            def probability_of_harm(estimate: float, error: float = error) -> float:
                if spread is None:
                    return float(norm.sf(harm, estimate, error))
                precision = 1 / error**2 + 1 / spread**2
                centre = (estimate / error**2 + mean / spread**2) / precision
                return float(norm.sf(harm, centre, precision**-0.5))

            def excess(estimate: float, of: object = probability_of_harm) -> float:
                return of(estimate) - 0.95  # type: ignore[operator, no-any-return]

            root = optimize.brentq(excess, -1, 1, xtol=1e-15)
            [bound] = posterior_bounds(plan, 0, 0.95, watched_test(plan), [share])
            assert bound * error == pytest.approx(root, rel=1e-7)


class TestHairTrigger:
    def test_fourteen_daily_looks_of_a_flat_prior(self) -> None:
        plan = in_test_alone(0, harm_exceeds="0%", probability="90%", min_units_per_variant=1_000)
        [finding] = findings("hair-trigger", plan)
        information = [day / 14 for day in range(1, 15)]
        expected = crossing_by_multivariate_normal([norm.isf(0.10)] * 14, information)
        assert chance(finding) == pytest.approx(expected, abs=1e-3)
        assert round(expected, 2) == 0.33

    @pytest.mark.parametrize(
        ("keys", "ratio", "harm_in_errors"),
        [
            ({"harm_exceeds": "0%", "prior": "flat"}, 0.0, 0.0),
            ({"harm_exceeds": "1%", "prior": "flat", "probability": "80%"}, 0.0, 0.01),
            ({"harm_exceeds": "0%", "prior": {"std_dev": "5%"}, "probability": "90%"}, 0.05, 0.0),
        ],
    )
    def test_five_late_looks(self, keys: dict[str, object], ratio: float, harm_in_errors: float) -> None:
        plan = in_test_alone(0, min_units_per_variant=105_000, **keys)
        [finding] = findings("hair-trigger", plan)
        information = [day / 14 for day in range(10, 15)]
        final = math.sqrt(0.031 * 0.969 * 2 / 153_000)
        z = norm.ppf(float(str(keys.get("probability", "95%")).rstrip("%")) / 100)
        bounds = []
        for t in information:
            v_over_tau = final**2 / t / (ratio * 0.031) ** 2 if ratio else 0.0
            margin = harm_in_errors * 0.031 / (final / math.sqrt(t))
            bounds.append(margin * (1 + v_over_tau) + z * math.sqrt(1 + v_over_tau))
        assert chance(finding) == pytest.approx(
            crossing_by_multivariate_normal(bounds, information), abs=6e-4
        )

    def test_the_second_documents_rule_is_calm(self) -> None:
        """Refunds beyond 5 % at 95 %, daily from 20,000 units: 0.8 % of harmless tests."""
        assert findings("hair-trigger", changed()) == []
        information = tuple(day / 14 for day in range(2, 15))
        margin = 0.05 * 0.031 / math.sqrt(0.031 * 0.969 * (1 + 1.05**2) / 153_000)
        expected = stats.posterior_rule_false_alarm(0.95, information, None, margin)
        assert expected == pytest.approx(0.008, abs=5e-4)
        assert posterior_alarm(in_test_alone(0), 0, 0.95, "exact").chance == pytest.approx(expected, abs=1e-7)

    @pytest.mark.parametrize(
        "keys",
        [
            {"harm_exceeds": "0%", "probability": "90%"},
            {"harm_exceeds": "1%", "probability": "80%"},
            {"harm_exceeds": "0%", "probability": "95%", "prior": {"std_dev": "10%"}},
        ],
    )
    def test_the_advised_probability_is_the_least_that_passes(self, keys: dict[str, object]) -> None:
        [finding] = findings("hair-trigger", refunds(**keys))
        match = re.search(r"`probability: ([0-9.]+)%`", finding.advice.text)
        assert match
        advised = float(match[1])
        assert findings("hair-trigger", refunds(**keys | {"probability": f"{advised:.1f}%"})) == []
        assert findings("hair-trigger", refunds(**keys | {"probability": f"{advised - 0.1:.1f}%"}))

    def test_hourly_evaluations_are_all_counted(self) -> None:
        plan = in_test_alone(0, harm_exceeds="0%", evaluated="hourly", min_units_per_variant=60_000)
        [finding] = findings("hair-trigger", plan)
        first = math.ceil(60_000 / (153_000 / 336))
        exact = stats.posterior_rule_false_alarm(0.95, tuple(range(first, 337)))
        assert "up to" in finding.message
        assert 0 <= chance(finding) - exact < 0.1 * exact

    @pytest.mark.parametrize(("harm", "days"), [("3%", 2), ("2%", 3), ("0%", 4)])
    def test_days_in_a_row(self, harm: str, days: int) -> None:
        plan = in_test_alone(2, harm_exceeds=harm, **{"for": f"{days}d"})
        [finding] = findings("hair-trigger", plan, day_correlation=0)
        per_day = 41_000 * 0.45
        error = 5.2 * math.sqrt((1 + (1 + float(harm.rstrip("%")) / 100) ** 2) / per_day)
        by_chance = float(norm.sf(float(harm.rstrip("%")) / 100 * 1.9 / error))
        expected = sum(
            by_chance ** sum(path) * (1 - by_chance) ** (14 - sum(path))
            for path in itertools.product((0, 1), repeat=14)
            if "1" * days in "".join(map(str, path))
        )
        assert chance(finding) == pytest.approx(expected, abs=6e-4)

    def test_days_before_the_minimum_of_units_are_silent(self) -> None:
        """18,450 units of each variant a day: 150,000 are there on the ninth day, and six are left."""
        plan = in_test_alone(2, harm_exceeds="0%", min_units_per_variant=150_000)
        [finding] = findings("hair-trigger", plan, day_correlation=0)
        # Half of all days are beyond no harm, so that every path is as likely.
        without = sum("11" not in "".join(path) for path in itertools.product("01", repeat=6))
        assert chance(finding) == pytest.approx(1 - without / 64, abs=6e-4)

    def test_advised_days_pass(self) -> None:
        plan = changed(stop_rules={2: {"harm_exceeds": "6%"}}, canary=None)
        [finding] = findings("hair-trigger", plan)
        match = re.search("`for: ([0-9]+)d`", finding.advice.text)
        assert match
        enough = int(match[1])
        for days, number in ((enough, 0), (enough - 1, 1)):
            rules = {2: {"harm_exceeds": "6%", "for": f"{days}d"}}
            assert len(findings("hair-trigger", changed(stop_rules=rules, canary=None))) == number

    def test_an_incomplete_rule_hides_no_other(self) -> None:
        plan = changed(
            stop_rules={
                0: {"prior": None},
                2: {"harm_exceeds": "0%", "min_units_per_variant": 1},
            }
        )
        found = load("hair-trigger").check(plan, load("hair-trigger").params())
        assert next(found).at == ("stop_rules", 2, "for")
        with pytest.raises(NotChecked) as missing:
            next(found)
        assert missing.value.path == ("stop_rules", 0, "prior")

    def test_a_probability_of_0_fires_always_and_of_100_never(self) -> None:
        [finding] = findings("hair-trigger", refunds(probability="0%"))
        assert chance(finding) == 1.0
        assert findings("hair-trigger", refunds(probability="100%")) == []

    def test_a_prior_that_expects_harm_fires_at_once(self) -> None:
        [finding] = findings("hair-trigger", refunds(prior={"mean": "50%", "std_dev": "1%"}))
        assert chance(finding) == 1.0

    @pytest.mark.parametrize("evaluated", ["hourly", "daily", "weekly"])
    def test_ten_thousand_years_are_judged(self, evaluated: str) -> None:
        plan = changed(
            schedule={"start": "0001-01-01", "end": "9999-12-31"},
            stop_rules={0: {"harm_exceeds": "0%", "evaluated": evaluated}, 2: {"harm_exceeds": "0%"}},
        )
        found = findings("hair-trigger", plan)
        assert [finding.at[:2] for finding in found] == [
            ("guardrail_metrics", 2), ("stop_rules", 0), ("stop_rules", 2),
        ]  # fmt: skip


class TestLimits:
    """A limit withdraws a treatment by itself, and is priced with the stop rules."""

    def of_refunds(self, **keys: object) -> Experiment:
        return changed(guardrail_metrics={0: keys})

    @pytest.mark.parametrize(
        "keys",
        [
            {"limit": {"max": "2%"}},
            {"limit": {"max": "3.1%"}},
            {"limit": {"max": "3.05%"}, "action": "rollback"},
            {"direction": "increase", "limit": {"min": "3.2%"}},
            {"baseline": "12%", "limit": {"max": "11.9%"}},
        ],
    )
    def test_one_that_the_baseline_breaks_withdraws_every_treatment(self, keys: dict[str, object]) -> None:
        [finding] = findings("hair-trigger", self.of_refunds(**keys))
        assert finding.at[:3] == ("guardrail_metrics", 0, "limit")
        assert "already" in finding.message

    @pytest.mark.parametrize("action", ["hold", "monitor"])
    def test_one_that_only_holds_may_ask_for_more_than_the_baseline(self, action: str) -> None:
        assert findings("hair-trigger", self.of_refunds(limit={"max": "2%"}, action=action)) == []

    @pytest.mark.parametrize("most", ["3%", "3.11%", "3.15%", "3.25%"])
    def test_the_advised_limit_passes(self, most: str) -> None:
        [finding] = findings("hair-trigger", self.of_refunds(limit={"max": most}))
        match = re.search(r"`max: ([0-9.]+%)`", finding.advice.text)
        assert match
        assert findings("hair-trigger", self.of_refunds(limit={"max": match[1]})) == []

    def test_one_within_noise_is_told_its_rate(self) -> None:
        [finding] = findings("hair-trigger", self.of_refunds(limit={"max": "3.2%"}))
        assert re.search(r"by chance in 10\.[0-9] % of harmless experiments", finding.message)

    def test_one_in_another_unit_is_left_to_its_own_rule(self) -> None:
        assert findings("hair-trigger", self.of_refunds(limit={"max": "2100ms"})) == []

    def test_a_metric_that_is_no_guardrail_has_limits_too(self) -> None:
        secondary = {
            "id": "errors",
            "kind": "proportion",
            "direction": "decrease",
            "baseline": "1%",
            "limit": {"max": "0.5%"},
        }
        [finding] = findings("hair-trigger", changed(secondary_metrics=[secondary], stop_rules=[]))
        assert finding.at == ("secondary_metrics", 0, "limit", "max")

    def test_a_stage_that_treats_everyone_reads_limits_as_well(self) -> None:
        plan = self.of_refunds(limit={"max": "3.2%"})
        limited = next(iter(limits(plan)))
        everyone = changed(
            guardrail_metrics={0: {"limit": {"max": "3.2%"}}},
            ramp={1: {"treated": "100%", "min_dwell": "30d"}}, holdout=None,
        )  # fmt: skip
        assert [part.control for part in treated(everyone)][-1] == 0
        assert limit_alarm(everyone, limited, "exact", LEVELS).number == 5 + 14 + 2 + 30


class TestDeadStopRule:
    @pytest.mark.parametrize(
        ("baseline", "keys", "brought"),
        [
            ("0.006%", {}, "the run brings 153,000"),
            (
                "0.05%",
                {"probability": None, "prior": None, "evaluated": None, "for": "2d"},
                "a day brings 18,450",
            ),
        ],
    )
    def test_a_rate_too_rare_to_be_judged_is_told_the_units_it_takes(
        self, baseline: str, keys: dict[str, object], brought: str
    ) -> None:
        rare = {"guardrail_metrics": {0: {"baseline": baseline}}}
        plan = changed(stop_rules={0: keys}, **rare)
        [finding] = [each for each in findings("dead-stop-rule", plan) if each.at[1:] == (0, "metric")]
        units = round(10 / (float(baseline.rstrip("%")) / 100))
        assert f"below {math.ceil(units - 1e-6):,} units per variant" in finding.message
        assert brought in finding.message

    def test_the_advised_minimum_can_be_reached(self) -> None:
        [finding] = findings("dead-stop-rule", refunds(min_units_per_variant=200_000))
        assert "`min_units_per_variant: 153_000`" in finding.advice.text
        assert findings("dead-stop-rule", refunds(min_units_per_variant=153_000)) == []

    def test_no_minimum_of_nothing_is_advised(self) -> None:
        units = {"distinct_over_run": 1, "per_day": 1}
        plan = changed(eligible_units=units, stop_rules={1: {"min_units_per_variant": 5}})
        [finding] = [
            each for each in findings("dead-stop-rule", plan) if each.at[1:] == (1, "min_units_per_variant")
        ]
        assert not finding.remedies

    @pytest.mark.parametrize(
        ("change", "is_impossible"),
        [
            ({0: {"min_units_per_variant": 200_000}}, True), ({0: {"probability": "100%"}}, True), ({2: {"for": "100d"}}, True),
            ({2: {"harm_exceeds": "50%"}}, False),
        ],
    )  # fmt: skip
    def test_one_that_never_fires_is_an_error_and_one_without_teeth_is_not(
        self, change: dict[int, dict[str, object]], is_impossible: bool
    ) -> None:
        [finding] = findings("dead-stop-rule", changed(stop_rules=change))
        assert finding.impossible == is_impossible

    @pytest.mark.parametrize(("weeks", "dead"), [("2w", 0), ("3w", 1), ("15w", 1)])
    def test_weeks_until_the_end_of_the_ramp_however_long_the_holdout(self, weeks: str, dead: int) -> None:
        plan = changed(stop_rules={1: {"significant_harm_for": weeks}})
        assert len(findings("dead-stop-rule", plan)) == dead

    @pytest.mark.parametrize(("harm", "dead"), [("96.8pp", 0), ("96.9pp", 1), ("97pp", 1)])
    def test_a_rate_ends_at_100_percent(self, harm: str, dead: int) -> None:
        without_margin = {0: {"non_inferiority_margin": None}}
        plan = changed(guardrail_metrics=without_margin, stop_rules={0: {"harm_exceeds": harm}})
        assert len(findings("dead-stop-rule", plan)) == dead

    @pytest.mark.parametrize(
        ("margin", "harm", "toothless"),
        # 8 % of 3.1 % are 24.8 bps, and three times that 74.4 bps.
        [("8%", "24%", 0), ("8%", "24.1%", 1), ("8%", "74.4bps", 0), ("8%", "74.5bps", 1), ("24.8bps", "24%", 0),
         ("24.8bps", "25%", 1), ("8%", "0%", 0)],
    )  # fmt: skip
    def test_a_threshold_is_weighed_against_the_margin(self, margin: str, harm: str, toothless: int) -> None:
        plan = changed(
            guardrail_metrics={0: {"non_inferiority_margin": margin}}, stop_rules={0: {"harm_exceeds": harm}}
        )
        assert len(findings("dead-stop-rule", plan)) == toothless

    @pytest.mark.parametrize(("bound", "harm", "toothless"), [("96%", "12pp", 0), ("96%", "12.1pp", 1)])
    def test_of_a_metric_that_should_rise_the_way_down_to_the_limit_counts(
        self, bound: str, harm: str, toothless: int
    ) -> None:
        guardrail = {"direction": "increase", "baseline": "100%", "kind": "mean", "std_dev": "3%"}
        guardrail |= {"non_inferiority_margin": None, "limit": {"min": bound}}  # type: ignore[dict-item]
        plan = changed(guardrail_metrics={0: guardrail}, stop_rules={0: {"harm_exceeds": harm}})
        assert len(findings("dead-stop-rule", plan)) == toothless

    def test_a_rollouts_ramp_starts_with_it(self) -> None:
        plan = changed(
            type="rollout",
            holdout={"share": None, "until": None, "none": "small change"},
            ramp=[{"treated": "50%", "min_dwell": "20d"}],
            stop_rules={2: {"for": "20d"}},
        )
        assert findings("dead-stop-rule", plan) == []
        plan = changed(
            type="rollout",
            holdout={"share": None, "until": None, "none": "small change"},
            stop_rules={2: {"for": "20d"}},
        )
        assert [finding.at for finding in findings("dead-stop-rule", plan)] == [("stop_rules", 2, "for")]


class TestPlainRules:
    def test_control_characters_are_not_printed(self) -> None:
        plan = changed(
            stop_rules={0: {"metric": "refund\u202e\x00rate"}},
            rollback={"comms": "/etc/\x1b[31mpasswd"},
        )
        for rule_id in ("stop-rule-complete", "rollback-comms"):
            [finding] = findings(rule_id, plan)
            assert finding.message.isprintable()
            assert finding.observed.isprintable()

    def test_the_suggested_stop_rule_covers_the_guardrail(self) -> None:
        plan = changed(stop_rules={1: {"metric": "refund_rate"}})
        [finding] = findings("stop-rules-cover-guardrails", plan)
        added = {
            "id": "contacts-too", "metric": "cs_contacts", "significant_harm_for": "2w",
            "min_units_per_variant": "20_000", "action": "rollback",
        }  # fmt: skip
        for key, value in added.items():
            assert key == "id" or f"{key}: {value}" in finding.advice.text
        rules = sound_value()["stop_rules"]
        assert isinstance(rules, list)
        plan = changed(stop_rules=[rules[0], added, rules[2]])
        for rule_id in (
            "stop-rules-cover-guardrails",
            "stop-rule-complete",
            "hair-trigger",
            "dead-stop-rule",
        ):
            assert findings(rule_id, plan) == []


@pytest.mark.parametrize("guardrails", [[], None, [{"kind": "proportion"}]])
def test_no_stop_rule_on_the_primary_metric_is_proposed(guardrails: object) -> None:
    """It would be a look at the primary every day."""
    plan = plan_of({**sound_value(), "guardrail_metrics": guardrails, "stop_rules": []})
    [finding] = findings("stop-rule-complete", plan)[:1]
    told = f"{finding.help} {finding.remedies}"
    assert "declare a guardrail metric" in told
    assert "add_to_cart_rate" not in told


@pytest.mark.parametrize(
    ("to", "is_found"),
    [("nowhere", True), ("control2", True), ("controls", True), ("buy-now", True), ("control", False)],
)
def test_a_roll_back_leads_to_a_variant_of_the_plan(to: str, is_found: bool) -> None:
    plan = changed(rollback={"to": to})
    expected = [f"the rollback goes to {to}, which is no variant of the plan"] if is_found else []
    assert [each.message for each in findings_of(load("rollback-declared"), plan)] == expected
