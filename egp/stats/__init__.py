"""The statistics kernel: planning, looks and gate arithmetic of A/B tests, on the standard library alone.

Shares are fractions (0.05 for 5 %), effects and margins absolute and in the metric's own unit unless a name
says relative, numbers of units real-valued and per arm. An input for which the number does not exist raises
`StatisticsInputError`; nothing returns nan or an infinity. Modules load when one of their names is first
used.

May import no other room. Read first: `planning.py` and `estimates.py`.
"""

from __future__ import annotations

from importlib import import_module

# Type checkers read this name as `typing.TYPE_CHECKING`; importing `typing` costs more than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from .allocation import best_control_share, normalised_weights, split_efficiency
    from .always_valid import (
        always_valid_inflation,
        asymptotic_confidence_sequence_z,
        mixture_sprt_p_value,
        mixture_sprt_z,
    )
    from .decision import DecisionPower, DecisionUnits, decision_power, required_units_for_decision
    from .errors import StatisticsInputError
    from .estimates import (
        ArmEstimate,
        ArmSums,
        CupedEstimates,
        Difference,
        cuped_of_arms,
        difference,
        harm_p_value,
        linearised_std_dev,
        mean_of_arm,
        non_inferiority,
        ratio_contrast,
        ratio_of_arm,
        ratio_standard_error,
        relative_lift,
        two_proportion_difference,
        two_proportion_p_value,
        two_proportion_z,
    )
    from .exact import EXACT_BELOW_EVENTS, exact_score_power
    from .exaggeration import TypeM, type_m
    from .looks import information_fractions, most_crossing_probability, repeated_looks_type1
    from .means import mean_mde, mean_power, mean_units
    from .monitoring import alike_windows_level, alike_windows_probability, continuous_crossing_probability
    from .multiplicity import (
        all_pass_probability,
        any_guardrail_false_alarm,
        bonferroni_z,
        corrected_alpha,
        dunnett_z,
        equicorrelated_exceedance,
        guardrail_power_target,
        guardrail_unit_inflation,
        holm_adjusted,
    )
    from .normal import normal_cdf, normal_sf, z_upper
    from .planning import (
        EXACT_T_BELOW_DF,
        ArmUnits,
        PlannedTest,
        achieved_power,
        detectable_effect,
        detectable_margin,
        required_units,
    )
    from .posterior import (
        PosteriorThreshold,
        calibrated_posterior_threshold,
        consecutive_windows_probability,
        posterior_harm_probability,
        posterior_normal,
        posterior_rate_harm,
        posterior_rule_false_alarm,
        posterior_rule_trigger_probability,
    )
    from .posterior_beta import posterior_beta_harm
    from .proportions import (
        arcsine_difference,
        non_inferiority_proportion_power,
        non_inferiority_proportion_units,
        two_proportion_mde,
        two_proportion_power,
        two_proportion_units,
    )
    from .relative import (
        Contrast,
        NonInferiority,
        null_ratio,
        ratio_interval,
        relative_non_inferiority,
    )
    from .score import (
        LEAST_EXPECTED_EVENTS,
        RateContrast,
        score_interval,
        score_p_value,
        score_z,
        units_for_events,
    )
    from .shortcuts import (
        lehr_units,
        mde_of_standard_error,
        power_of_standard_error,
        relative_mde,
        shortcut_mde,
        shortcut_mde_power,
        shortcut_mde_ratio,
        standard_error_of_interval,
    )
    from .skewness import difference_skewness, most_skewness, skewed_tail, skewness_of_capped
    from .solving import Solution, solve_for_one
    from .spending import (
        LookOutcome,
        SequentialCharacteristics,
        drift_for_power,
        group_sequential_inflation,
        haybittle_peto_type1,
        look_exaggeration,
        obrien_fleming_constant,
        pocock_constant,
        sequential_characteristics,
        spending_boundaries,
        spent_alpha,
    )
    from .srm import chi_square_sf, srm_chi_square, srm_p_value
    from .student import noncentral_t_sf, student_sf, student_two_sided_p, t_upper
    from .tails import binomial_surprise, poisson_surprise
    from .variance import cuped_factor, design_effect

_NAMES_OF_MODULE = {
    "allocation": "best_control_share normalised_weights split_efficiency",
    "always_valid": (
        "always_valid_inflation asymptotic_confidence_sequence_z mixture_sprt_p_value mixture_sprt_z"
    ),
    "decision": "DecisionPower DecisionUnits decision_power required_units_for_decision",
    "errors": "StatisticsInputError",
    "estimates": (
        "ArmEstimate ArmSums CupedEstimates Difference cuped_of_arms difference "
        "harm_p_value linearised_std_dev mean_of_arm non_inferiority ratio_contrast ratio_of_arm ratio_standard_error "
        "relative_lift two_proportion_difference two_proportion_p_value two_proportion_z"
    ),
    "exact": "EXACT_BELOW_EVENTS exact_score_power",
    "exaggeration": "TypeM type_m",
    "looks": "information_fractions most_crossing_probability repeated_looks_type1",
    "means": "mean_mde mean_power mean_units",
    "monitoring": "alike_windows_level alike_windows_probability continuous_crossing_probability",
    "multiplicity": (
        "all_pass_probability any_guardrail_false_alarm bonferroni_z corrected_alpha dunnett_z "
        "equicorrelated_exceedance guardrail_power_target guardrail_unit_inflation holm_adjusted"
    ),
    "normal": "normal_cdf normal_sf z_upper",
    "planning": (
        "ArmUnits EXACT_T_BELOW_DF PlannedTest achieved_power detectable_effect detectable_margin "
        "required_units"
    ),
    "posterior": (
        "PosteriorThreshold calibrated_posterior_threshold consecutive_windows_probability "
        "posterior_harm_probability posterior_normal posterior_rate_harm posterior_rule_false_alarm "
        "posterior_rule_trigger_probability"
    ),
    "posterior_beta": "posterior_beta_harm",
    "proportions": (
        "arcsine_difference non_inferiority_proportion_power non_inferiority_proportion_units "
        "two_proportion_mde two_proportion_power two_proportion_units"
    ),
    "relative": "Contrast NonInferiority null_ratio ratio_interval relative_non_inferiority",
    "score": ("LEAST_EXPECTED_EVENTS RateContrast score_interval score_p_value score_z units_for_events"),
    "shortcuts": (
        "lehr_units mde_of_standard_error power_of_standard_error relative_mde shortcut_mde "
        "shortcut_mde_power shortcut_mde_ratio standard_error_of_interval"
    ),
    "skewness": "difference_skewness most_skewness skewed_tail skewness_of_capped",
    "solving": "Solution solve_for_one",
    "spending": (
        "LookOutcome SequentialCharacteristics drift_for_power group_sequential_inflation haybittle_peto_type1 "
        "look_exaggeration obrien_fleming_constant pocock_constant sequential_characteristics "
        "spending_boundaries spent_alpha"
    ),
    "srm": "chi_square_sf srm_chi_square srm_p_value",
    "student": "noncentral_t_sf student_sf student_two_sided_p t_upper",
    "tails": "binomial_surprise poisson_surprise",
    "variance": "cuped_factor design_effect",
}
_MODULE_OF_NAME = {name: module for module, names in _NAMES_OF_MODULE.items() for name in names.split()}

__all__ = [
    "EXACT_BELOW_EVENTS",
    "EXACT_T_BELOW_DF",
    "LEAST_EXPECTED_EVENTS",
    "ArmEstimate",
    "ArmSums",
    "ArmUnits",
    "Contrast",
    "CupedEstimates",
    "DecisionPower",
    "DecisionUnits",
    "Difference",
    "LookOutcome",
    "NonInferiority",
    "PlannedTest",
    "PosteriorThreshold",
    "RateContrast",
    "SequentialCharacteristics",
    "Solution",
    "StatisticsInputError",
    "TypeM",
    "achieved_power",
    "alike_windows_level",
    "alike_windows_probability",
    "all_pass_probability",
    "always_valid_inflation",
    "any_guardrail_false_alarm",
    "arcsine_difference",
    "asymptotic_confidence_sequence_z",
    "best_control_share",
    "binomial_surprise",
    "bonferroni_z",
    "calibrated_posterior_threshold",
    "chi_square_sf",
    "consecutive_windows_probability",
    "continuous_crossing_probability",
    "corrected_alpha",
    "cuped_factor",
    "cuped_of_arms",
    "decision_power",
    "design_effect",
    "detectable_effect",
    "detectable_margin",
    "difference",
    "difference_skewness",
    "drift_for_power",
    "dunnett_z",
    "equicorrelated_exceedance",
    "exact_score_power",
    "group_sequential_inflation",
    "guardrail_power_target",
    "guardrail_unit_inflation",
    "harm_p_value",
    "haybittle_peto_type1",
    "holm_adjusted",
    "information_fractions",
    "lehr_units",
    "linearised_std_dev",
    "look_exaggeration",
    "mde_of_standard_error",
    "mean_mde",
    "mean_of_arm",
    "mean_power",
    "mean_units",
    "mixture_sprt_p_value",
    "mixture_sprt_z",
    "most_crossing_probability",
    "most_skewness",
    "non_inferiority",
    "non_inferiority_proportion_power",
    "non_inferiority_proportion_units",
    "noncentral_t_sf",
    "normal_cdf",
    "normal_sf",
    "normalised_weights",
    "null_ratio",
    "obrien_fleming_constant",
    "pocock_constant",
    "poisson_surprise",
    "posterior_beta_harm",
    "posterior_harm_probability",
    "posterior_normal",
    "posterior_rate_harm",
    "posterior_rule_false_alarm",
    "posterior_rule_trigger_probability",
    "power_of_standard_error",
    "ratio_contrast",
    "ratio_interval",
    "ratio_of_arm",
    "ratio_standard_error",
    "relative_lift",
    "relative_mde",
    "relative_non_inferiority",
    "repeated_looks_type1",
    "required_units",
    "required_units_for_decision",
    "score_interval",
    "score_p_value",
    "score_z",
    "sequential_characteristics",
    "shortcut_mde",
    "shortcut_mde_power",
    "shortcut_mde_ratio",
    "skewed_tail",
    "skewness_of_capped",
    "solve_for_one",
    "spending_boundaries",
    "spent_alpha",
    "split_efficiency",
    "srm_chi_square",
    "srm_p_value",
    "standard_error_of_interval",
    "student_sf",
    "student_two_sided_p",
    "t_upper",
    "two_proportion_difference",
    "two_proportion_mde",
    "two_proportion_p_value",
    "two_proportion_power",
    "two_proportion_units",
    "two_proportion_z",
    "type_m",
    "units_for_events",
    "z_upper",
]


def __getattr__(name: str) -> object:
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
