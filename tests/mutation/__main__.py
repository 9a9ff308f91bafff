"""Changes egp's code at random places, one at a time, and asks whether a test of the package fails.

    python -m tests.mutation --package gate [--sample 150] [--seed 1] [--most-seconds 5] [--at-least 0.9] [TEST ...]

Prints the mutants that no test tells from egp, and the share of the others with its interval. Ends with 1 if the share is surely
below what is asked. A mutant is tried by the tests of its package that reach it, or by those that are named, as long as their
time lasts: what survives may fall to others, so that the share is rather more. `equivalent.yaml` lists mutants that no test can
tell, with the reason; they are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import binomtest

from tests.mutation.campaign import FailingTests, Tests, run
from tests.mutation.equivalent import equivalents
from tests.mutation.mutants import sampled
from tests.mutation.trial import Trial

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "stats": Tests(
        ("tests/stats",),
        (
            "tests/stats/test_documentation.py",
            "tests/stats/test_monitoring.py::test_a_finer_grid_changes_nothing_that_matters",
            "tests/stats/test_monitoring.py::test_hourly_looks_cross_a_little_less_often",
            "tests/stats/test_null_distribution.py",
            "tests/stats/test_public_api.py",
        ),
    ),
    "gate": Tests(
        (
            "tests/gate/test_activity.py",
            "tests/gate/test_answers.py",
            "tests/gate/test_at_the_limit.py",
            "tests/gate/test_call.py",
            "tests/gate/test_estimates.py",
            "tests/gate/test_recorded.py",
            "tests/gate/test_rows_of_a_look.py",
            "tests/gate/test_runs.py",
            "tests/gate/test_signs_of_life.py",
            "tests/gate/test_turning_points.py",
            "tests/gate/test_where.py",
            "tests/gate/test_scenes.py",
            "tests/gate/test_bounds.py",
            "tests/gate/test_bounds_of_benefit.py",
            "tests/gate/test_checks.py",
            "tests/gate/test_verdict.py",
            "tests/gate/test_receipt.py",
            "tests/gate/test_totals.py",
            "tests/gate/test_frozen_rows.py",
            "tests/gate/test_alarms.py",
            "tests/gate/test_calendar_ends.py",
            "tests/gate/test_command.py",
            "tests/gate/test_cut_off.py",
            "tests/gate/test_registered_path.py",
            "tests/gate/test_dated_policy.py",
            "tests/gate/test_every_exit.py",
            "tests/gate/test_lost_control.py",
            "tests/gate/test_metric_alive.py",
            "tests/gate/test_mutations.py",
            "tests/gate/test_options.py",
            "tests/gate/test_parts_of_evidence.py",
            "tests/gate/test_peeking.py",
            "tests/gate/test_registered_analysis.py",
            "tests/gate/test_silence.py",
            "tests/gate/test_time.py",
            "tests/gate/test_windows.py",
            "tests/gate/test_examples.py",
            "tests/gate/test_first_release.py",
            "tests/gate/test_lacking_keys.py",
            "tests/gate/test_linked_files.py",
            "tests/gate/test_lost_events.py",
            "tests/gate/test_real_plans.py",
            "tests/metrics/test_gate.py",
            "tests/rollouts/test_asking.py",
            "tests/rollouts/test_emergency.py",
            "tests/rollouts/test_gate_changes.py",
            "tests/rollouts/test_gate_files.py",
            "tests/rollouts/test_moved.py",
            "tests/rollouts/test_naming.py",
            "tests/rollouts/test_parts_of_a_move.py",
            "tests/rollouts/test_requiring.py",
        )
    ),
    "check": Tests(
        (
            "tests/check/test_verdict.py",
            "tests/check/test_settling.py",
            "tests/check/test_misread.py",
            "tests/check/test_portfolio.py",
            "tests/check/test_completed_plans.py",
            "tests/check/test_pipeline.py",
            "tests/check/test_placing.py",
            "tests/check/test_processes.py",
            "tests/check/test_fingerprints.py",
            "tests/check/test_kept_facts.py",
            "tests/check/test_several_policies.py",
            "tests/check/test_suppressions.py",
            "tests/check/test_owners.py",
            "tests/check/test_plan_files.py",
            "tests/check/test_neighbours.py",
            "tests/check/test_owners_of_verbs.py",
            "tests/check/test_refused_designs.py",
            "tests/baseline/test_baseline.py",
            "tests/history/test_change.py",
            "tests/history/test_life.py",
            "tests/history/test_removal.py",
            "tests/metrics/test_catalogue.py",
            "tests/metrics/test_defaults.py",
            "tests/metrics/test_digest.py",
            "tests/metrics/test_moves.py",
            "tests/metrics/test_show.py",
            "tests/policy/test_committed.py",
            "tests/policy/test_dated.py",
            "tests/policy/test_hostile.py",
            "tests/policy/test_scopes.py",
            "tests/policy/test_territories.py",
            "tests/report/test_goldens.py",
            "tests/rollouts/test_baseline.py",
            "tests/rollouts/test_check.py",
            "tests/rollouts/test_emergency.py",
            "tests/rollouts/test_no_false_pass.py",
            "tests/waivers/test_base.py",
            "tests/waivers/test_lock.py",
            "tests/waivers/test_settling.py",
            "tests/waivers/test_waivers.py",
        )
    ),
    "rules": Tests(
        (
            "tests/rules/test_pages.py",
            "tests/rules/test_at_the_limit.py",
            "tests/rules/test_bounds.py",
            "tests/rules/test_thresholds.py",
            "tests/rules/test_portfolio.py",
            "tests/rules/test_privacy.py",
            "tests/rules/test_document.py",
            "tests/rollouts/test_check.py",
            "tests/rollouts/test_mutations.py",
            "tests/custom",
        ),
        (
            "tests/custom/test_apart.py::test_the_time_is_counted_for_each_question",
            "tests/custom/test_expression.py::test_a_million_places_are_not_all_searched",
            "tests/rules/test_pages.py::test_example",
            "tests/rules/test_pages.py::test_findings_are_worded_for_authors",
            "tests/rules/test_pages.py::test_page_is_complete",
            "tests/rules/test_pages.py::test_text_of_examples_is_yaml",
        ),
    ),
}
"""What each package is tried by: tests that take minutes, and those that repeat others, are left out."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--package", choices=PACKAGES, required=True)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--most-seconds", type=float, default=5, help="CPU time of the tests of one mutant")
    parser.add_argument("--at-least", type=float, default=0.9, help="share of mutants that has to be killed")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="instead of those of the package")
    options = parser.parse_args(arguments)
    tests = Tests(tuple(options.tests)) if options.tests else PACKAGES[options.package]
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "egp" / options.package).rglob("*.py")]
    drawn = sampled(files, ROOT, options.sample, f"{options.package} {options.seed}")
    known = equivalents()
    mutants = [mutant for mutant in drawn if mutant.change not in known]
    so_far: list[Trial] = []

    def heard(trial: Trial) -> None:
        so_far.append(trial)
        tell(trial)
        if len(so_far) % 10 == 0:
            sys.stdout.write(f"\n{sum(bool(each.killed_by) for each in so_far)} of {len(so_far)} so far\n")
            sys.stdout.flush()

    try:
        trials = run(ROOT, f"egp/{options.package}", tests, mutants, options.most_seconds, heard)
    except FailingTests as failing:
        sys.stdout.write(f"\nthese tests fail without any mutant:\n{failing}\n")
        return 2
    killed = sum(bool(trial.killed_by) for trial in trials)
    share = binomtest(killed, len(trials)).proportion_ci(method="exact")
    sys.stdout.write(
        f"\n{options.package}, seed {options.seed}: {killed} of {len(trials)} mutants killed, "
        f"{killed / len(trials):.1%} ({share.low:.1%} to {share.high:.1%}); "
        f"{len(drawn) - len(mutants)} more are equivalent\n"
    )
    return 1 if share.high < options.at_least else 0


def tell(trial: Trial) -> None:
    if not trial.killed_by:
        place = trial.mutant.place
        sys.stdout.write(
            f"\n{place.path}:{place.line} survives {trial.tests} tests\n- {trial.mutant.was}\n+ {trial.mutant.becomes}\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
