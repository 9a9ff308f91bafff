"""The example results are what their generator writes, and tell the story's numbers."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from egp.cli.schemas import results_schema
from egp.plan.experiment import read_experiment
from egp.plan.results import Evidence, Row
from egp.record.sources.file import read_evidence
from egp.stats import (
    ArmSums,
    Difference,
    cuped_of_arms,
    difference,
    mean_of_arm,
    normal_sf,
    ratio_of_arm,
    srm_p_value,
)
from egp.stats.values import fields
from egp.yaml import read_file
from examples.results.generate import FOLDER, files

RESULTS = sorted(FOLDER.glob("*/*.yaml"))
MATURED = date(2023, 1, 29)


@cache
def generated() -> dict[str, str]:
    return dict(files())


@cache
def evidence(name: str, experiment: str = "pdp-buy-now") -> Evidence:
    plan = FOLDER.parent / "experiments" / f"{experiment}.yaml"
    experiment_of, _ = read_experiment(read_file(plan)[0].value)
    return read_evidence(str(FOLDER / experiment / f"{name}.yaml"), experiment_of, str(FOLDER.parent))


def arms(found: Evidence, stage: str, metric: str, last: date = date.max) -> tuple[ArmSums, ArmSums]:
    """Sums over the cohorts: control, treatment."""
    rows = [row for row in found.rows if (row.stage, row.metric, row.window) == (stage, metric, "cohort")]
    by_variant: dict[str, list[Row]] = {}
    for row in rows:
        if row.date and row.date <= last:
            by_variant.setdefault(row.variant, []).append(row)
    treatment, control = (_sums(by_variant[variant]) for variant in sorted(by_variant, key=_control_last))
    return control, treatment


def _control_last(variant: str) -> bool:
    return variant in ("control", "current_model")


def _sums(rows: list[Row]) -> ArmSums:
    columns = [column for column in fields(ArmSums) if getattr(rows[0], column) is not None]
    return ArmSums(**{column: float(sum(getattr(row, column) for row in rows)) for column in columns})


def week(found: Evidence, metric: str, first: date) -> Difference:
    rows = {
        row.variant: row
        for row in found.rows
        if (row.window, row.metric, row.date) == ("week", metric, first)
    }
    control, treatment = (mean_of_arm(_sums([rows[variant]])) for variant in ("control", "buy_now"))
    return difference(control, treatment)


def test_files_on_disk_are_what_is_generated() -> None:
    on_disk = {
        path.relative_to(FOLDER).as_posix(): path
        for path in FOLDER.glob("*/*")
        if path.parent.name != "__pycache__"
    }
    assert set(on_disk) == set(generated())
    stale = [name for name, path in on_disk.items() if path.read_bytes().decode("utf-8") != generated()[name]]
    assert stale == [], "run `python -m examples.results.generate`"


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_examples_are_read_without_a_problem_and_fit_the_schema(path: Path) -> None:
    assert evidence(path.stem, path.parent.name).problems == ()
    Draft202012Validator(results_schema()).validate(read_file(path)[0].value)


def test_the_readout_tells_the_lift_and_interval_of_the_story() -> None:
    control, treatment = arms(evidence("day-14"), "test", "add_to_cart_rate")
    adjusted = cuped_of_arms(control, treatment)
    lift = difference(adjusted.control, adjusted.treatment)
    assert lift.estimate == pytest.approx(0.0058, abs=0.00005)
    assert lift.interval(0.05) == pytest.approx((0.0035, 0.0082), abs=0.00005)
    assert min(control.units, treatment.units) > 140_000
    assert srm_p_value([control.units, treatment.units], [0.5, 0.5]) > 0.05


def test_the_fifth_day_is_the_spike() -> None:
    found = evidence("day-05")
    spike = date(2023, 1, 27)
    rates = {
        row.variant: (row.sum or 0) / row.units
        for row in found.rows
        if (row.metric, row.date, row.window) == ("add_to_cart_rate", spike, "cohort")
    }
    assert rates["buy_now"] - rates["control"] == pytest.approx(0.012, abs=0.0001)


def test_the_first_five_days_are_the_same_in_both_files() -> None:
    def adds(name: str) -> dict[object, float | None]:
        return {
            row.key: row.sum
            for row in evidence(name).rows
            if (row.metric, row.window) == ("add_to_cart_rate", "cohort")
        }

    assert adds("day-05").items() <= adds("day-14").items()


def test_matured_refunds_and_contacts_are_within_their_margins_at_the_readout() -> None:
    for metric, margin, last in (("refund_rate", 0.08, MATURED), ("cs_contacts", 0.07, date.max)):
        control, treatment = (mean_of_arm(sums) for sums in arms(evidence("day-14"), "test", metric, last))
        harm = difference(control, treatment)
        assert harm.interval(0.10)[1] < margin * control.value


def test_the_sub_variant_fires_the_stop_rule_on_refunds_and_nothing_else_does() -> None:
    fired = {}
    for name, stage in (("stage-1", "70%"), ("stage-2", "90%"), ("monitor", "90%"), ("ramp-harm", "70%")):
        control, treatment = arms(evidence(name), stage, "refund_rate")
        assert min(control.units, treatment.units) >= 20_000
        harm = difference(mean_of_arm(control), mean_of_arm(treatment))
        fired[name] = normal_sf((0.05 * 0.031 - harm.estimate) / harm.standard_error) >= 0.95
    assert fired == {"stage-1": False, "stage-2": False, "monitor": False, "ramp-harm": True}


def test_contacts_are_significantly_worse_in_two_weeks_in_a_row_and_only_there() -> None:
    weeks = [date(2023, 2, 9) + at * timedelta(weeks=1) for at in range(5)]
    bad = [week(evidence("two-bad-weeks"), "cs_contacts", first).p_value() < 0.05 for first in weeks]
    assert bad == [False, False, False, True, True]
    assert not any(week(evidence("monitor"), "cs_contacts", first).p_value() < 0.05 for first in weeks[:3])


def test_the_two_bad_weeks_come_after_what_was_monitored() -> None:
    """One world: what both files say of a day or a week is the same, and so is the verdict on it."""
    told = [
        {
            (row.stage, row.window, row.date, row.variant, row.metric, row.segment): row
            for row in evidence(name).rows
            if row.window in ("day", "week")
        }
        for name in ("monitor", "two-bad-weeks")
    ]
    before, later = told
    assert evidence("monitor").as_of + timedelta(days=13) < evidence("two-bad-weeks").as_of
    assert before
    assert all(later[place] == row for place, row in before.items())


def test_the_broken_exposure_log_shows_in_the_ratio_of_units() -> None:
    control, treatment = arms(evidence("srm"), "test", "add_to_cart_rate")
    assert srm_p_value([control.units, treatment.units], [0.5, 0.5]) < 0.001


def test_late_data_lack_refunds_and_contacts() -> None:
    last = {
        metric: max(
            row.date
            for row in evidence("late-data").rows
            if row.date and (row.metric, row.window) == (metric, "cohort")
        )
        for metric in ("refund_rate", "cs_contacts", "add_to_cart_rate")
    }
    assert last == {
        "refund_rate": date(2023, 2, 2), "cs_contacts": date(2023, 2, 3), "add_to_cart_rate": date(2023, 2, 5)
    }  # fmt: skip


def test_the_stop_loss_has_lost_three_percent_of_margin() -> None:
    control, treatment = arms(evidence("stop-loss", "ranking-model"), "test", "gross_margin_per_session")
    assert min(control.units, treatment.units) >= 200_000
    old, new = ratio_of_arm(control), ratio_of_arm(treatment)
    loss = difference(old, new)
    assert loss.estimate / old.value == pytest.approx(-0.03, abs=0.002)
    assert normal_sf((loss.estimate + 0.005 * old.value) / loss.standard_error) >= 0.99
