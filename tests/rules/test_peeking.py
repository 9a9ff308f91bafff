"""Repeated looks, spending functions and segments against independent sources."""

from __future__ import annotations

import json
import math
import re
from datetime import date, timedelta
from time import process_time

import numpy
import pytest
from scipy.stats import multivariate_normal, norm

from egp.plan.analysis import registered
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import Finding, NotChecked
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.rules.rule_inputs import PlanFile
from egp.yaml import read_text
from egp.yaml.bounds import MAX_ITEMS
from tests.rules.examples import merged, plan_of, sound_value

START = date(2023, 1, 23)


def plan(**statistics: object) -> Experiment:
    return plan_of(merged(sound_value(), {"statistics": statistics}))


def found(rule_id: str, subject: Experiment, **params: object) -> list[Finding]:
    rule = load(rule_id)
    return list(rule.check(*(subject, rule.params(**read_options(rule, params, (), [])))[: rule.takes]))


def looks(*days: int) -> list[str]:
    return [str(START + timedelta(days=day)) for day in days]


def crossing(bounds: list[float], information: list[float]) -> float:
    """P(|Z_k| reaches its bound at some look) by the multivariate normal distribution of scipy."""
    t = numpy.array(information)
    covariance = numpy.sqrt(numpy.minimum.outer(t, t) / numpy.maximum.outer(t, t))
    law = multivariate_normal(cov=covariance, seed=1)
    return 1 - float(law.cdf(bounds, lower_limit=[-bound for bound in bounds]))


@pytest.mark.parametrize("days", [(5, 9, 14), (1, 2, 14), (7, 13, 14)])
def test_three_looks_raise_the_error_to_the_number_of_their_days(days: tuple[int, ...]) -> None:
    declared = crossing([norm.isf(0.025)] * 3, [day / 14 for day in days])
    (finding,) = found("no-unplanned-looks", plan(looks=looks(*days)))
    assert f"from 5 % to {declared * 100:.3g} % (" in finding.message


def test_looks_without_a_start_count_as_equally_spaced() -> None:
    without_start = plan_of(
        merged(sound_value(), {"schedule": {"start": None}, "statistics": {"looks": looks(5, 9, 14)}})
    )
    (finding,) = found("no-unplanned-looks", without_start)
    published = crossing([norm.isf(0.025)] * 3, [1 / 3, 2 / 3, 1])
    assert "from 5 % to 10.7 % (" in finding.message
    assert f"{published * 100:.1f}" == "10.7"


def test_looks_after_the_end_judge_the_same_units() -> None:
    (finding,) = found("no-unplanned-looks", plan(looks=looks(14, 15, 16)))
    assert finding.message == "a fixed horizon has one look, and the plan has 3"


def test_one_sided_looks() -> None:
    t = [0.5, 1.0]
    law = multivariate_normal(cov=[[1, t[0] ** 0.5], [t[0] ** 0.5, 1]])
    error = 1 - float(law.cdf([norm.isf(0.05)] * 2))
    (finding,) = found("no-unplanned-looks", plan(sides="one", looks=looks(7, 14)))
    assert f"to {error * 100:.3g} % (" in finding.message


def minutes(count: int) -> list[str]:
    return [f"2023-01-{23 + at // 1440:02d}T{at % 1440 // 60:02d}:{at % 60:02d}:00" for at in range(count)]


def test_thousands_of_looks_are_refused_without_computing_any() -> None:
    document = read_text(json.dumps(merged(sound_value(), {"statistics": {"looks": minutes(5000)}})))[0]
    read, problems = read_experiment(document.value)
    subject = PlanFile(document, read, tuple(problems))
    refused = [
        finding for finding in load("valid-plan").check(subject) if finding.at == ("statistics", "looks")
    ]
    assert [finding.message for finding in refused] == [
        f"statistics.looks has 5,000 items; at most {MAX_ITEMS} are read"
    ]
    assert subject.plan.statistics is not None
    assert subject.plan.statistics.looks is None, "no other rule is handed them"


def test_as_many_looks_as_a_plan_can_have_are_all_computed() -> None:
    began = process_time()
    (finding,) = found("no-unplanned-looks", plan(looks=minutes(MAX_ITEMS)))
    assert process_time() - began < 4, "several times what an idle machine takes"
    assert f"{MAX_ITEMS} looks" in finding.message
    told = re.search(r"to ([0-9.]+) % ", finding.message)
    assert told is not None
    walks = numpy.random.default_rng(1).standard_normal((20_000, MAX_ITEMS)).cumsum(axis=1)
    crossed = (numpy.abs(walks) > norm.isf(0.025) * numpy.sqrt(numpy.arange(1, MAX_ITEMS + 1))).any(axis=1)
    assert float(told[1]) / 100 == pytest.approx(crossed.mean(), abs=4 * math.sqrt(0.25 / 20_000))


def test_boundaries_of_the_advised_design_spend_the_level() -> None:
    (finding,) = found(
        "spending-allowed",
        plan(method="group_sequential", looks=looks(4, 9, 14)),
        allowed=["obrien_fleming"],
    )
    bounds = [float(bound) for bound in re.findall(r"([0-9.]+) at", finding.message)]
    shares = [float(share) / 100 for share in re.findall(r"at ([0-9.]+) %", finding.message)]
    assert shares == pytest.approx([4 / 14, 9 / 14, 1], abs=0.001)
    assert crossing(bounds, shares) == pytest.approx(0.05, abs=0.001)


def test_a_sequential_design_needs_its_inflated_sample() -> None:
    fixed = registered.required_smallest(plan())
    sequential = plan(method="group_sequential", spending="pocock", looks=looks(7, 14))
    # Two equal looks, Pocock-like spending, 95 % power at a two-sided 5 %: rpact's maximum inflation is 1.103.
    assert registered.required_smallest(sequential) / fixed == pytest.approx(1.103, abs=0.001)
    always = plan(method="always_valid")
    assert registered.required_smallest(always) / fixed == pytest.approx(1.69, abs=0.005)


def test_information_counts_the_units_a_look_judges() -> None:
    value = merged(
        sound_value(),
        {
            "schedule": {"end": "2023-02-07", "pauses": ["2023-01-28/2023-01-29"]},
            "primary_metric": {"outcome_window": "3d", "judged_on": "matured_cohort"},
            "statistics": {"looks": ["2023-02-01", "2023-02-11"]},
        },
    )
    # 01-23 to 01-27 have matured at the first look, all fourteen days without the pause at the second.
    assert registered.information_fractions(plan_of(value)) == pytest.approx((5 / 14, 1.0))


def test_a_sequential_design_with_too_many_looks_is_refused_before_it_is_computed() -> None:
    value = merged(
        sound_value(),
        {
            "schedule": {"end": "2023-06-30"},
            "statistics": {
                "method": "group_sequential",
                "spending": "pocock",
                "looks": looks(*range(1, 150)),
            },
        },
    )
    (finding,) = found("spending-allowed", plan_of(value), allowed=["pocock"])
    assert finding.at == ("statistics", "looks")
    with pytest.raises(NotChecked) as missing:
        registered.required_smallest(plan_of(value))
    assert missing.value.path == ("statistics", "looks")


def test_uncorrected_segments() -> None:
    subject = plan_of(merged(sound_value(), {"segments": ["a", "b"], "statistics": {"alpha": "1%"}}))
    (finding,) = found("segments-declared", subject)
    assert f"1 in 50 such experiments ({(1 - 0.99**2) * 100:.2f} %)" in finding.message


@pytest.mark.parametrize("allowed", [[], ["pocock"]])
@pytest.mark.parametrize(
    "leftover", [{"spending": "pocock"}, {"spending": "hwang_shih_decani", "spending_parameter": 1}]
)
def test_the_way_back_to_one_look_passes(allowed: list[str], leftover: dict[str, object]) -> None:
    """``method`` and ``looks`` as the help says leave the spending function behind; removing it, too, passes."""
    method = "group_sequential" if not allowed else "fixed_horizon"
    (finding,) = found(
        "spending-allowed", plan(method=method, looks=looks(7, 14), **leftover), allowed=allowed
    )
    keys = re.findall(r"`(spending[a-z_]*):`", finding.advice.text)
    assert keys == list(leftover)
    assert found("spending-allowed", plan(method="fixed_horizon", **leftover), allowed=allowed)
    assert not found("spending-allowed", plan(method="fixed_horizon", **dict.fromkeys(keys)), allowed=allowed)
