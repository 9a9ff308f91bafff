# ruff: noqa: B018, F821
"""What vulture takes for unused, and why it stays. `vulture` reads the paths in pyproject.toml."""

# Called by a library, by name.
_._negative_number_matcher  # argparse: which arguments that begin with a dash are values
_.maximum_bytes_billed  # BigQuery's client: what a query may read
_.nullable_schema  # pydantic: how the schema of an optional value is written
_.whitespace_split  # shlex: how a line of a shell is divided
_.has_location  # Python: what a finder of modules says of one, like the next two
_.cached
_.create_module
_.CustomBuildHook  # hatchling: what is done when a wheel is built
_.initialize
_.__dir__  # Python: what `dir(egp.stats)` lists
_.__getattr__  # Python: loads a module of egp.stats when one of its names is first used; of libyaml's stream

# Keys of a plan that are read by their name, as data: the digest, the schema, a rule about all of a section.
_.contact
_.gain_per_success

# Keys of the brief for programs, written as data.
_.validated
_.next_stage_verdict
_.shipping_opens
_.decide_by
_.amounts_missing

# Read by the templates of pages.
_.on_paper

# Python: makes a declared report a data class.
_.__init_subclass__

# Keys of reports for programs, which are written in the order of their declaration.
_.assumptions
_.gate_changes
_.share_after
_.share_before
_.settled
_.critical_z
_.days_needed
_.declared_units
_.earliest_next_call
_.green
_.info
_.minimum_days
_.next_decision
_.not_checked
_.of_
_.overrides_owners
_.policy_diff
_.power_asked_by
_.power_report
_.red
_.relative_effect
_.share_now
_.total_units
_.units_needed
_.warning
_.yellow
_.measure_report
_.not_measured
_.is_worse
_.value_of_histogram
_.standard_error_of_histogram
_.rehearsal_report
_.history_first
_.history_last

# What the module of a rule says of it, asked for by name: egp/rules/exports.py.
_.ACTOR
_.ALWAYS_REJECTS
_.CONTESTED
_.IS_READ_AS_TEXT
_.IS_WAIVED_IN_EMERGENCY
_.of_another_kind

# What a page of a rule promises; the tests of the pages read it.
_.saying
_.whole_file

# What rules of other people's packages may ask of a change.
_.renamed_from

# docs/statistics.md states what it computes; `python -m tests.gate.simulations` writes the table.
_.harm_alarm

# Results of egp.stats, for code that is not egp's.
_.expected_information
_.nominal_p
_.non_inferior
_.per_test_power
_.posterior_threshold
_.upper_bound
_.variance_ratio

# Functions of egp.stats, for code that is not egp's: docs/statistics.md lists each of them, a test holds that.
_.best_control_share
_.mixture_sprt_z
_.required_units_for_decision
_.relative_lift
_.mean_units
_.mean_mde
_.bonferroni_z
_.guardrail_unit_inflation
_.posterior_harm_probability
_.posterior_rate_harm
_.posterior_rule_false_alarm
_.calibrated_posterior_threshold
_.consecutive_windows_probability
_.posterior_beta_harm
_.two_proportion_units
_.two_proportion_power
_.two_proportion_mde
_.non_inferiority_proportion_units
_.non_inferiority_proportion_power
_.score_p_value
_.score_interval
_.shortcut_mde_power
_.shortcut_mde_ratio
_.lehr_units
_.standard_error_of_interval
_.relative_mde
_.solve_for_one
_.pocock_constant
_.obrien_fleming_constant
_.haybittle_peto_type1

# Columns of rows and sums, which are read by the names that lists have.
_.covariate_sum_squares
_.covariate_cross_sum
_.covariate_denominator_sum
_.covariate_denominator_sum_squares
_.covariates_cross_sum
_.covariate_denominator_cross_sum
_.denominator_covariate_cross_sum
_.denominators_cross_sum

# Tools and resources of `egp mcp`, which the SDK calls by the names that they are registered under.
_.explain
_.policy_show
_.rule_page

# Of an answer of `egp mcp`, which the SDK writes from the model.
_.untrusted

# What `ast` calls by name, or reads; and what `typing` has, where it is stood in for.
_.returns
_.visit_AnnAssign
_.__supertype__
