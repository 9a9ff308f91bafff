"""Posterior probabilities, and what a rule that triggers on them does over its life.

A posterior threshold looked at again and again is a repeated significance test: with a flat prior P(harm |
data) > p is Z >= Phi^{-1}(p), and with a normal prior of mean 0 and variance tau^2 the bound rises to
Phi^{-1}(p) sqrt(1 + V_k / tau^2), V_k the squared standard error at look k.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from egp.stats.values import NamedTuple

from .errors import (
    StatisticsInputError,
    reject,
    require_count,
    require_finite,
    require_non_negative,
    require_positive,
    require_share,
)
from .looks import crossing_probability, information_fractions
from .normal import normal_cdf, normal_sf, z_upper
from .roots import bracketed_root
from .score import RateContrast

Harm = Literal["increase", "decrease"]


def posterior_normal(
    estimate: float,
    se: float,
    threshold: float = 0.0,
    direction: Literal["less", "greater"] = "greater",
    prior_mean: float | None = None,
    prior_sd: float | None = None,
) -> float:
    """P(effect < threshold) or P(effect > threshold) after an estimate with standard error `se`.

    Conjugate normal prior in the estimate's unit; both prior numbers None: flat. A prior_sd alone has mean 0.
    Errors: se or prior_sd not positive, a prior_mean without prior_sd.
    """
    require_finite("estimate", estimate)
    require_positive("se", se)
    require_finite("threshold", threshold)
    mean, sd = estimate, se
    if prior_sd is not None:
        require_positive("prior_sd", prior_sd)
        require_finite("prior_mean", prior_mean or 0.0)
        precision, prior_precision = 1.0 / (se * se), 1.0 / (prior_sd * prior_sd)
        mean = (estimate * precision + (prior_mean or 0.0) * prior_precision) / (precision + prior_precision)
        sd = 1.0 / math.sqrt(precision + prior_precision)
    elif prior_mean is not None:
        reject(
            "prior_sd",
            "a prior mean without a spread is not a prior",
            "give prior_sd, or neither for a flat prior",
        )
    if direction == "less":
        return normal_cdf((threshold - mean) / sd)
    if direction == "greater":
        return normal_sf((threshold - mean) / sd)
    raise StatisticsInputError("direction", f"{direction!r} is unknown", "say less or greater")


def posterior_harm_probability(
    estimate: float, se: float, harm: Harm, margin: float = 0.0, prior_sd: float | None = None
) -> float:
    """P(harm > margin | data): the treatment moves the metric by more than `margin` (absolute, >= 0) in the
    harmful direction.

    estimate: treatment less control; prior_sd: of a normal prior with mean 0, None for flat.
    """
    require_non_negative("margin", margin)
    sign = _harm_sign(harm)
    return posterior_normal(
        sign * estimate, se, margin, "greater", None if prior_sd is None else 0.0, prior_sd
    )


def posterior_rate_harm(
    observed: RateContrast,
    harm: Harm,
    exceeds: float = 0.0,
    prior_mean: float | None = None,
    prior_sd: float | None = None,
) -> float:
    """P(harm > `exceeds` | events of two rates), the same whichever arm is the larger.

    A Beta(1, 1) in each arm adds one event to each, which at 45,000 to 5,000 units says that the smaller arm's
    rate is the higher: at 0.05 % of events P >= 95 % comes by chance in 7.5 % of harmless cases one way round
    and in 1.2 % the other. Here the likelihood is the normal one that agrees with the score test at `exceeds`, corrected for
    its skewness, so that with a flat prior P >= p comes by chance with probability 1 - p: from 5 expected
    events in the smaller arm on within a tenth, both ways round, at 90 % to 99 %; with fewer it is rarer or
    within a fifth (enumeration of every outcome). Below that, and for two arms without events, ask nothing.

    observed: `RateContrast(...)`; for harm relative to the control observed its `of_ratio(null_ratio(...))`
    with exceeds 0, where harm, prior and all are of t - ratio * c. exceeds: absolute, >= 0; prior: normal, of
    the harm, in the unit of the rates, both None for flat, prior_sd alone has mean 0. Errors: neither rate
    varies under the null; unknown harm.
    """
    require_non_negative("exceeds", exceeds)
    sign = _harm_sign(harm)
    estimate, error = observed.as_normal(sign * exceeds)
    return posterior_normal(sign * estimate, error, exceeds, "greater", prior_mean, prior_sd)


def _harm_sign(harm: Harm) -> float:
    if harm not in ("increase", "decrease"):
        reject("harm", f"{harm!r} is unknown", "say increase or decrease")
    return 1.0 if harm == "increase" else -1.0


def _rule_bounds(
    probability: float,
    information: tuple[float, ...],
    prior_variance_ratio: float | None,
    margin_in_final_se: float,
) -> list[float]:
    """The z of the harm estimate that each look has to reach.

    From P(effect > M | estimate) >= p: estimate >= M (1 + V/tau^2) + z sqrt(V (1 + V/tau^2)).
    """
    z = z_upper(1.0 - probability)
    ratio = prior_variance_ratio or 0.0
    return [
        margin_in_final_se * math.sqrt(t) * (1.0 + ratio / t) + z * math.sqrt(1.0 + ratio / t)
        for t in information
    ]


def posterior_rule_false_alarm(
    probability: float,
    looks: int | Sequence[float],
    prior_variance_ratio: float | None = None,
    margin_in_final_se: float = 0.0,
) -> float:
    """P(the rule "P(harm > margin) > probability" fires at one of its looks at least, though there is no
    harm).

    looks: a number of equally spaced looks, or the information at each; prior_variance_ratio: V_K / tau^2,
    the squared standard error at the last look over the prior's variance, None for a flat prior;
    margin_in_final_se: the margin over the standard error at the last look. Flat prior, 95 %, 14 looks:
    0.1925. Errors: probability not in (0, 1), looks not increasing.
    """
    return posterior_rule_trigger_probability(
        probability, looks, 0.0, prior_variance_ratio, margin_in_final_se
    )


def posterior_rule_trigger_probability(
    probability: float,
    looks: int | Sequence[float],
    harm_in_final_se: float,
    prior_variance_ratio: float | None = None,
    margin_in_final_se: float = 0.0,
) -> float:
    """P(the rule fires by its last look) when the true harm is `harm_in_final_se` standard errors of the last
    look.

    Inputs and errors as in `posterior_rule_false_alarm`; a negative harm is a benefit.
    """
    require_share("probability", probability)
    require_finite("harm_in_final_se", harm_in_final_se)
    require_finite("margin_in_final_se", margin_in_final_se)
    if prior_variance_ratio is not None:
        require_non_negative("prior_variance_ratio", prior_variance_ratio)
    return _trigger_probability(
        probability, information_fractions(looks), harm_in_final_se, prior_variance_ratio, margin_in_final_se
    )


@lru_cache(maxsize=4096)
def _trigger_probability(
    probability: float,
    information: tuple[float, ...],
    drift: float,
    prior_variance_ratio: float | None,
    margin: float,
) -> float:
    bounds = _rule_bounds(probability, information, prior_variance_ratio, margin)
    return crossing_probability(bounds, information, 1, drift)


class PosteriorThreshold(NamedTuple):
    """The normal quantile and the posterior probability that belongs to it."""

    z: float
    posterior_threshold: float


def calibrated_posterior_threshold(
    looks: int | Sequence[float], false_alarm: float, prior_variance_ratio: float | None = None
) -> PosteriorThreshold:
    """The constant posterior threshold that fires with probability `false_alarm` over its life without harm.

    Flat prior: Phi of the one-sided Pocock constant; 5 % over 14 looks: 0.99016. Errors as in
    `posterior_rule_false_alarm`.
    """
    require_share("false_alarm", false_alarm)
    if prior_variance_ratio is not None:
        require_non_negative("prior_variance_ratio", prior_variance_ratio)
    return _calibrated(information_fractions(looks), false_alarm, prior_variance_ratio or 0.0)


@lru_cache(maxsize=512)
def _calibrated(information: tuple[float, ...], false_alarm: float, ratio: float) -> PosteriorThreshold:
    stretch = [math.sqrt(1.0 + ratio / t) for t in information]

    def excess(z: float) -> float:
        return crossing_probability([z * factor for factor in stretch], information, 1) - false_alarm

    high = max(0.0, z_upper(false_alarm / len(information)))
    z = bracketed_root(excess, -8.0, high + 1e-9, 1e-12)
    return PosteriorThreshold(z, normal_cdf(z))


def consecutive_windows_probability(window_probabilities: Sequence[float], consecutive: int) -> float:
    """P(a run of `consecutive` windows in a row), among independent ones of the probabilities given, in order of
    time.

    For stop rules with a duration, whose windows (days, weeks) are estimated apart: "significant harm in two
    weeks running". Errors: a probability outside [0, 1]; a count below 1. Source: de Moivre's run recursion
    (Feller 1968, XIII.7), with a probability of its own for each window.
    """
    require_count("consecutive", consecutive)
    running = [1.0] + [0.0] * (consecutive - 1)
    completed = 0.0
    for probability in window_probabilities:
        if not 0.0 <= probability <= 1.0:
            reject(
                "window_probabilities", f"{probability} is not in [0, 1]", "give the chance of each window"
            )
        completed += running[-1] * probability
        running = [math.fsum(running) * (1.0 - probability)] + [state * probability for state in running[:-1]]
    return min(1.0, completed)
