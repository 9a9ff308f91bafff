"""Posterior probabilities, the life of rules that trigger on them, and always-valid bounds."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from scipy import integrate, stats

from egp.stats import (
    RateContrast,
    StatisticsInputError,
    always_valid_inflation,
    asymptotic_confidence_sequence_z,
    calibrated_posterior_threshold,
    consecutive_windows_probability,
    mixture_sprt_z,
    posterior_beta_harm,
    posterior_harm_probability,
    posterior_normal,
    posterior_rate_harm,
    posterior_rule_false_alarm,
    posterior_rule_trigger_probability,
)


class TestPosterior:
    def test_a_flat_prior_gives_one_minus_the_one_sided_p_value(self) -> None:
        assert posterior_harm_probability(0.02, 0.01, "increase") == pytest.approx(stats.norm.cdf(2.0))
        assert posterior_harm_probability(0.02, 0.01, "decrease") == pytest.approx(stats.norm.cdf(-2.0))

    def test_the_margin_counts_in_the_direction_of_harm(self) -> None:
        assert posterior_harm_probability(-0.03, 0.01, "decrease", margin=0.03) == pytest.approx(0.5)

    def test_a_wide_prior_is_a_flat_one(self) -> None:
        flat = posterior_normal(0.013, 0.01)
        assert posterior_normal(0.013, 0.01, prior_sd=1e6) == pytest.approx(flat, abs=1e-12)

    @pytest.mark.parametrize(
        ("control", "treatment", "margin"),
        [
            ((0, 50), (3, 50), 0.0),
            ((3, 40), (0, 2000), 0.01),
            ((120, 1000), (140, 1000), 0.005),
            ((5, 9), (9, 9), 0.2),
        ],
    )
    def test_beta_posteriors_agree_with_scipy(
        self, control: tuple[int, int], treatment: tuple[int, int], margin: float
    ) -> None:
        law_c, law_t = (stats.beta(1 + s, 1 + n - s) for s, n in (control, treatment))
        expected = integrate.quad(
            lambda x: law_t.pdf(x) * law_c.cdf(x - margin),
            margin,
            1.0,
            epsabs=1e-13,
            epsrel=1e-12,
            limit=400,
            points=[margin + law_c.mean() * (1 - margin), law_t.mean()]
            if margin < law_t.mean() < 1
            else None,
        )[0]
        found = posterior_beta_harm(*control, *treatment, harm="increase", margin=margin)
        assert found == pytest.approx(expected, abs=1e-10)

    def test_beta_posteriors_of_millions_of_units_are_normal(self) -> None:
        n, p, q = 4_000_000, 0.05, 0.0503
        error = math.sqrt((p * (1 - p) + q * (1 - q)) / n)
        found = posterior_beta_harm(p * n, n, q * n, n, harm="increase")
        assert found == pytest.approx(stats.norm.cdf((q - p) / error), abs=1e-4)

    def test_beta_posteriors_of_the_two_directions_are_complements(self) -> None:
        worse, better = (
            posterior_beta_harm(30, 400, 41, 380, harm=harm) for harm in ("increase", "decrease")
        )
        assert worse + better == pytest.approx(1.0, abs=1e-12)


class TestRuleOverItsLife:
    def test_published_rates_of_false_rollbacks(self) -> None:
        assert posterior_rule_false_alarm(0.95, 14) == pytest.approx(0.1925, abs=5e-5)
        assert posterior_rule_false_alarm(0.99, 14) == pytest.approx(0.051, abs=5e-4)
        assert posterior_rule_false_alarm(0.90, 14) == pytest.approx(0.33, abs=5e-3)
        assert calibrated_posterior_threshold(14, 0.05).posterior_threshold == pytest.approx(
            0.99016, abs=5e-6
        )

    def test_a_calibrated_threshold_has_the_false_alarm_it_was_asked_for(self) -> None:
        for ratio in (None, 0.5, 4.0):
            threshold = calibrated_posterior_threshold([0.2, 0.5, 1.0], 0.05, ratio).posterior_threshold
            assert posterior_rule_false_alarm(threshold, [0.2, 0.5, 1.0], ratio) == pytest.approx(
                0.05, abs=1e-9
            )

    def test_harm_of_exactly_the_margin_is_no_effect_for_a_flat_prior(self) -> None:
        at_margin = posterior_rule_trigger_probability(0.95, 7, 1.3, margin_in_final_se=1.3)
        assert at_margin == pytest.approx(posterior_rule_false_alarm(0.95, 7), abs=1e-11)

    def test_simulation_agrees_with_prior_and_margin(self) -> None:
        generator, paths, looks = random.Random(99), 20_000, 6
        harm, margin, prior_sd, probability = 2.0, 0.5, 1.5, 0.9
        fired = 0
        for _ in range(paths):
            score = 0.0
            for k in range(1, looks + 1):
                score += generator.gauss(harm / looks, math.sqrt(1 / looks))
                error = math.sqrt(looks / k)
                if (
                    posterior_harm_probability(score * looks / k, error, "increase", margin, prior_sd)
                    > probability
                ):
                    fired += 1
                    break
        expected = posterior_rule_trigger_probability(probability, looks, harm, 1 / prior_sd**2, margin)
        assert abs(fired / paths - expected) < 4 * math.sqrt(expected * (1 - expected) / paths)

    def test_runs_of_windows(self) -> None:
        assert consecutive_windows_probability([0.5] * 3, 2) == pytest.approx(3 / 8)
        assert consecutive_windows_probability([0.05] * 2, 2) == pytest.approx(0.0025)
        assert consecutive_windows_probability([0.3] * 4, 1) == pytest.approx(1 - 0.7**4)
        assert consecutive_windows_probability([1.0] * 3, 2) == 1.0
        assert consecutive_windows_probability([0.9], 2) == 0.0

    def test_windows_have_chances_of_their_own(self) -> None:
        chances = [0.1, 0.4, 0.0, 0.7, 0.2, 0.9]
        expected = sum(
            math.prod(p if bad else 1 - p for bad, p in zip(path, chances, strict=True))
            for path in itertools.product((0, 1), repeat=len(chances))
            if "11" in "".join(map(str, path))
        )
        assert consecutive_windows_probability(chances, 2) == pytest.approx(expected, rel=1e-12)
        assert consecutive_windows_probability([0.9, 0.0, 0.9], 2) == 0.0
        with pytest.raises(StatisticsInputError, match="window_probabilities"):
            consecutive_windows_probability([0.5, 1.5], 2)


class TestAlwaysValid:
    def test_the_asymptotic_sequence_at_the_size_it_is_tuned_to(self) -> None:
        assert asymptotic_confidence_sequence_z(5000, 0.05) == pytest.approx(3.035, abs=5e-4)
        assert always_valid_inflation(0.05, 0.95) == pytest.approx(1.69, abs=0.005)
        assert always_valid_inflation(0.05, 0.80) == pytest.approx(1.91, abs=0.005)

    def test_simulated_type_1_over_many_looks_stays_below_alpha(self) -> None:
        generator, paths, looks = random.Random(5), 1500, 400
        rejected = 0
        bounds = [mixture_sprt_z(1 / k, 0.02, 0.05) for k in range(1, looks + 1)]
        for _ in range(paths):
            score = 0.0
            for k in range(1, looks + 1):
                score += generator.gauss(0.0, 1.0)
                if abs(score) >= bounds[k - 1] * math.sqrt(k):
                    rejected += 1
                    break
        assert 0.005 < rejected / paths < 0.05 + 3 * math.sqrt(0.05 * 0.95 / paths)


class TestRates:
    """A stop rule on few events fires by chance as often as it says, whichever arm is the larger."""

    @pytest.mark.parametrize("probability", [0.9, 0.95, 0.99])
    @pytest.mark.parametrize(("control", "treatment"), [(4_500, 500), (500, 4_500), (1_000, 1_000)])
    def test_false_alarms_at_five_events(self, control: int, treatment: int, probability: float) -> None:
        rate = 5 / min(control, treatment)
        fired = 0.0
        ends = [tuple(map(int, stats.binom.interval(1 - 1e-7, n, rate))) for n in (control, treatment)]
        for x in range(ends[0][0], ends[0][1] + 1):
            for y in range(ends[1][0], ends[1][1] + 1):
                if (
                    x + y
                    and posterior_rate_harm(RateContrast(x, control, y, treatment), "increase") >= probability
                ):
                    fired += stats.binom.pmf(x, control, rate) * stats.binom.pmf(y, treatment, rate)
        assert fired < 1.12 * (1 - probability)
        assert fired > 0.75 * (1 - probability)

    def test_a_prior_shrinks(self) -> None:
        seen = RateContrast(30, 5_000, 60, 5_000)
        flat = posterior_rate_harm(seen, "increase", 0.001)
        estimate, error = seen.as_normal(0.001)
        assert flat == pytest.approx(posterior_normal(estimate, error, 0.001))
        shrunk = posterior_rate_harm(seen, "increase", 0.001, prior_sd=0.001)
        assert shrunk == pytest.approx(posterior_normal(estimate, error, 0.001, prior_mean=0, prior_sd=0.001))
        assert shrunk < flat
        assert posterior_rate_harm(seen, "decrease") == pytest.approx(
            1 - posterior_rate_harm(seen, "increase")
        )
