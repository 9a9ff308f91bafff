"""The reference cases: how each kind is asked of the kernel, and how far its answer is from the expected one.

A case is `{"id", "kind", "inputs", "expected", "tol", "source"}`; `tol` is absolute; `expected` is a number,
a list of numbers or an object of numbers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from egp import stats

SHIPPED_CASES = Path(__file__).with_name("stats_cases.json")

Inputs = Mapping[str, Any]
Answer = float | Sequence[float] | Mapping[str, float]

_SPENDING = {"obf": "obrien_fleming", "pocock": "pocock", "hsd": "hwang_shih_decani", "power": "power"}


def load_cases(path: Path) -> list[dict[str, Any]]:
    cases = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(cases, list) or not cases:
        raise ValueError(f"{path} holds no list of cases")
    return cases


def deviation(case: Mapping[str, Any]) -> float:
    """The largest distance between the kernel's answer and the expected one; KeyError for a kind nobody
    knows.
    """
    answer, expected = KINDS[case["kind"]](case["inputs"]), case["expected"]
    if isinstance(expected, Mapping):
        assert isinstance(answer, Mapping)
        assert set(answer) == set(expected)
        return max(abs(answer[name] - float(value)) for name, value in expected.items())
    if isinstance(expected, list):
        assert isinstance(answer, Sequence)
        return max(abs(a - float(b)) for a, b in zip(answer, expected, strict=True))
    assert isinstance(answer, float | int)
    return abs(answer - float(expected))


def _looks(i: Inputs) -> int | list[float]:
    equal = i.get("spacing") != "given" and "looks" in i
    return int(i["looks"]) if equal else list(i["info_fractions"])


def _two_prop_n(i: Inputs) -> float:
    return stats.two_proportion_units(
        i["p_control"], i["p_treatment"], i["alpha"], i["power"], i["sides"], i["ratio"], i["method"]
    )


def _two_prop_power(i: Inputs) -> float:
    return stats.two_proportion_power(
        i["p_control"],
        i["p_treatment"],
        i["n_control"],
        i["n_treatment"],
        i["alpha"],
        i["sides"],
        i["method"],
        i.get("far_tail", False),
    )


def _two_prop_mde(i: Inputs) -> float:
    return stats.two_proportion_mde(
        i["p_control"],
        i["n_control"],
        i["n_treatment"],
        i["alpha"],
        i["power"],
        i["sides"],
        i["method"],
        i["direction"],
    )


def _shortcut_mde_power(i: Inputs) -> float:
    rate, units = i["p_control"], i["n_per_arm"]
    mde = stats.shortcut_mde(rate, units, i["alpha"])
    return stats.mean_power(mde, math.sqrt(rate * (1 - rate)), units, units, i["alpha"], far_tail=True)


def _shortcut_mde_ratio(i: Inputs) -> float:
    return stats.shortcut_mde_ratio(i["power"], i["alpha"], i["sides"])


def _mean_n(i: Inputs) -> float:
    return stats.mean_units(
        i["delta"],
        i["sd_control"],
        i["alpha"],
        i["power"],
        i["sides"],
        i["ratio"],
        i["sd_treatment"],
        i["dist"],
        i.get("far_tail", False),
    )


def _mean_power(i: Inputs) -> float:
    return stats.mean_power(
        i["delta"],
        i["sd_control"],
        i["n_control"],
        i["n_treatment"],
        i["alpha"],
        i["sides"],
        i["sd_treatment"],
        i["dist"],
        i.get("far_tail", False),
    )


def _mean_mde(i: Inputs) -> float:
    return stats.mean_mde(
        i["sd_control"],
        i["n_control"],
        i["n_treatment"],
        i["alpha"],
        i["power"],
        i["sides"],
        i["sd_treatment"],
        i["dist"],
    )


def _cuped_n(i: Inputs) -> float:
    plain = stats.mean_units(i["delta"], i["sd"], i["alpha"], i["power"], i["sides"], i["ratio"])
    return plain * stats.cuped_factor(i["rho"])


def _cuped_mde(i: Inputs) -> float:
    plain = stats.mean_mde(i["sd"], i["n_control"], i["n_treatment"], i["alpha"], i["power"], i["sides"])
    return plain * math.sqrt(stats.cuped_factor(i["rho"]))


def _ni_prop_n(i: Inputs) -> float:
    return stats.non_inferiority_proportion_units(
        i["p_control"],
        i["p_treatment"],
        i["margin"],
        i["alpha"],
        i["power"],
        i["harm_direction"],
        i["sides"],
        i["ratio"],
        i["method"],
    )


def _ni_prop_power(i: Inputs) -> float:
    return stats.non_inferiority_proportion_power(
        i["p_control"],
        i["p_treatment"],
        i["margin"],
        i["n_control"],
        i["n_treatment"],
        i["alpha"],
        i["harm_direction"],
        i["sides"],
        i["method"],
    )


def _ni_mean_n(i: Inputs) -> float:
    distance = i["margin"] + i["true_diff_away_from_harm"]
    return stats.mean_units(
        distance, i["sd_control"], i["alpha"], i["power"], i["sides"], i["ratio"], i["sd_treatment"]
    )


def _ni_mean_margin(i: Inputs) -> float:
    distance = stats.mean_mde(i["sd"], i["n_control"], i["n_treatment"], i["alpha"], i["power"], i["sides"])
    return distance - float(i["true_diff"])


def _bonferroni_z(i: Inputs) -> float:
    return stats.bonferroni_z(i["alpha"], i["k"], i["sides"])


def _dunnett_z(i: Inputs) -> float:
    return stats.dunnett_z(i["alpha"], i["k"], i["sides"], i["rho"], i["df"])


def _k_variant_prop_n(i: Inputs) -> float:
    if i["allocation"] != "equal":
        raise ValueError(f"allocation {i['allocation']!r} is not known")
    level = stats.corrected_alpha(i["alpha"], i["k"], i["correction"], i["sides"])
    return stats.two_proportion_units(
        i["p_control"], i["p_treatment"], level, i["power"], i["sides"], method=i["method"]
    )


def _holm_adjust(i: Inputs) -> list[float]:
    return stats.holm_adjusted(i["p_values"])


def _guardrail_power_correction(i: Inputs) -> dict[str, float]:
    power, count = i["overall_power"], i["guardrails"]
    return {
        "per_metric_power": stats.guardrail_power_target(power, count),
        "n_inflation": stats.guardrail_unit_inflation(power, count, i["alpha"], i["sides"]),
    }


def _any_guardrail_false_alarm(i: Inputs) -> float:
    return stats.any_guardrail_false_alarm(
        i["guardrails"], i["alpha"], i["sides"], i["rho"], i.get("looks", 1)
    )


def _repeated_looks_type1(i: Inputs) -> float:
    return stats.repeated_looks_type1(i["alpha"], _looks(i), i["sides"])


def _posterior_rule_false_alarm(i: Inputs) -> float:
    ratio = i.get("final_variance_over_tau2")
    return stats.posterior_rule_false_alarm(i["posterior_threshold"], _looks(i), ratio)


def _posterior_rule_trigger_prob(i: Inputs) -> float:
    ratio = i.get("final_variance_over_tau2")
    return stats.posterior_rule_trigger_probability(
        i["posterior_threshold"], _looks(i), i["true_harm_in_final_se"], ratio
    )


def _posterior_threshold_calibrated(i: Inputs) -> dict[str, float]:
    ratio = i.get("final_variance_over_tau2")
    return stats.calibrated_posterior_threshold(_looks(i), i["false_alarm"], ratio)._asdict()


def _alpha_spend(i: Inputs) -> float:
    parameter = i.get("param")
    return stats.spent_alpha(
        _SPENDING[i["function"]], i["alpha_per_side"], i["t"], gamma=parameter, rho=parameter
    )


def _ld_bounds(i: Inputs) -> list[float]:
    parameter = i.get("param")
    return stats.spending_boundaries(
        _SPENDING[i["function"]], i["alpha"], i["info_fractions"], i["sides"], gamma=parameter, rho=parameter
    )


def _pocock_constant(i: Inputs) -> float:
    return stats.pocock_constant(i["alpha"], i["looks"], i["sides"])


def _obf_constant(i: Inputs) -> float:
    return stats.obrien_fleming_constant(i["alpha"], i["looks"], i["sides"])


def _gs_inflation(i: Inputs) -> float:
    parameter = i.get("param")
    return stats.group_sequential_inflation(
        _SPENDING[i["function"]],
        i["alpha"],
        _looks(i),
        i["power"],
        i["sides"],
        gamma=parameter,
        rho=parameter,
    )


def _haybittle_peto_type1(i: Inputs) -> float:
    return stats.haybittle_peto_type1(i["interim_z"], i["final_z"], _looks(i), i["sides"])


def _srm_p(i: Inputs) -> float:
    return stats.srm_p_value(i["counts"], i["weights"])


def _posterior_normal(i: Inputs) -> float:
    return stats.posterior_normal(
        i["estimate"], i["se"], i["threshold"], i["direction"], i["prior_mean"], i["prior_sd"]
    )


_HARM_OF_EVENT: dict[str, Any] = {
    "p_treatment > p_control": "increase",
    "p_treatment - p_control > margin": "increase",
    "p_control > p_treatment": "decrease",
    "p_control - p_treatment > margin": "decrease",
}


def _posterior_beta(i: Inputs) -> float:
    return stats.posterior_beta_harm(
        i["conversions_control"],
        i["n_control"],
        i["conversions_treatment"],
        i["n_treatment"],
        _HARM_OF_EVENT[i["event"]],
        i["margin"],
        i["prior_alpha"],
        i["prior_beta"],
    )


def _type_m(i: Inputs) -> dict[str, float]:
    return stats.type_m(i["true_effect"], i["se"], i["alpha"], i["sides"])._asdict()


def _design_effect(i: Inputs) -> float:
    return stats.design_effect(i["mean_cluster_size"], i["icc"], i["cv_cluster_size"])


def _ratio_metric_se(i: Inputs) -> float:
    return stats.ratio_standard_error(
        i["mean_num"], i["mean_den"], i["var_num"], i["var_den"], i["cov"], i["n"]
    )


def _relative_lift_se(i: Inputs) -> float:
    control = stats.ArmEstimate(i["mean_control"], math.sqrt(i["var_control"] / i["n_control"]))
    treatment = stats.ArmEstimate(i["mean_treatment"], math.sqrt(i["var_treatment"] / i["n_treatment"]))
    return stats.relative_lift(control, treatment).standard_error


def _relative_mde_delta(i: Inputs) -> float:
    return stats.relative_mde(i["mean"], i["variance"], i["n_per_arm"], i["alpha"], i["power"], i["sides"])


def _asymp_cs_z(i: Inputs) -> float:
    return stats.asymptotic_confidence_sequence_z(i["n"], i["alpha"], i["n_star"])


def _msprt_z(i: Inputs) -> float:
    return stats.mixture_sprt_z(i["variance_of_difference"], i["mixing_variance"], i["alpha"], i["sides"])


KINDS: dict[str, Callable[[Inputs], Answer]] = {
    "alpha_spend": _alpha_spend,
    "any_guardrail_false_alarm": _any_guardrail_false_alarm,
    "asymp_cs_z": _asymp_cs_z,
    "bonferroni_z": _bonferroni_z,
    "cuped_mde": _cuped_mde,
    "cuped_n": _cuped_n,
    "design_effect": _design_effect,
    "dunnett_z": _dunnett_z,
    "gs_inflation": _gs_inflation,
    "guardrail_power_correction": _guardrail_power_correction,
    "haybittle_peto_type1": _haybittle_peto_type1,
    "holm_adjust": _holm_adjust,
    "k_variant_prop_n": _k_variant_prop_n,
    "ld_bounds": _ld_bounds,
    "mean_mde": _mean_mde,
    "mean_n": _mean_n,
    "mean_power": _mean_power,
    "msprt_z": _msprt_z,
    "ni_mean_margin": _ni_mean_margin,
    "ni_mean_n": _ni_mean_n,
    "ni_prop_n": _ni_prop_n,
    "ni_prop_power": _ni_prop_power,
    "obf_constant": _obf_constant,
    "pocock_constant": _pocock_constant,
    "posterior_beta": _posterior_beta,
    "posterior_normal": _posterior_normal,
    "posterior_rule_false_alarm": _posterior_rule_false_alarm,
    "posterior_rule_trigger_prob": _posterior_rule_trigger_prob,
    "posterior_threshold_calibrated": _posterior_threshold_calibrated,
    "ratio_metric_se": _ratio_metric_se,
    "relative_lift_se": _relative_lift_se,
    "relative_mde_delta": _relative_mde_delta,
    "repeated_looks_type1": _repeated_looks_type1,
    "shortcut_mde_power": _shortcut_mde_power,
    "shortcut_mde_ratio": _shortcut_mde_ratio,
    "srm_p": _srm_p,
    "two_prop_mde": _two_prop_mde,
    "two_prop_n": _two_prop_n,
    "two_prop_power": _two_prop_power,
    "type_m": _type_m,
}
