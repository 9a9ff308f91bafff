"""The statistics kernel: planning, looks and gate arithmetic of A/B tests, on the standard library alone.

Shares are fractions (0.05 for 5 %), effects and margins absolute and in the metric's own unit unless a name
says relative, numbers of units real-valued and per arm. An input for which the number does not exist raises
`StatisticsInputError`; nothing returns nan or an infinity. Modules load when one of their names is first
used; `__init__.pyi`, which is generated, tells type checkers of them.

May import no other room. Read first: `planning.py` and `estimates.py`.
"""

from __future__ import annotations

from importlib import import_module

NAMES_OF_MODULE = {
    "allocation": "best_control_share split_efficiency",
    "always_valid": ("always_valid_inflation asymptotic_confidence_sequence_z mixture_sprt_z"),
    "clusters": "Estimated binomial_tails clustered_share clustered_spread uniform_p_value",
    "decision": "BranchChances DecisionPower DecisionUnits branch_chances decision_power required_units_for_decision",
    "errors": "StatisticsInputError",
    "estimates": (
        "ArmEstimate ArmSums CupedEstimates Difference cuped_of_arms cuped_ratio_of_arms difference "
        "harm_p_value linearised_std_dev mean_of_arm non_inferiority ratio_contrast ratio_of_arm ratio_standard_error "
        "relative_lift"
    ),
    "exact": "EXACT_BELOW_EVENTS exact_score_power",
    "exaggeration": "Selected TypeM corrected_for_selection type_m",
    "looks": "alarm_probability information_fractions most_crossing_probability repeated_looks_type1",
    "means": "mean_mde mean_power mean_units",
    "moments": (
        "cluster_sizes covariate_correlation intra_cluster_correlation skewness_of_sums split_correlation "
        "std_dev_of_arm"
    ),
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
    "quantiles": "quantile_standard_error rank_half_width",
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
    "student": "noncentral_t_sf student_sf t_upper",
    "tails": "binomial_surprise poisson_surprise",
    "variance": "cuped_factor design_effect",
}
_MODULE_OF_NAME = {name: module for module, names in NAMES_OF_MODULE.items() for name in names.split()}

__all__ = sorted(_MODULE_OF_NAME)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    module = _MODULE_OF_NAME.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
