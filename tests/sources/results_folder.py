"""Results files in a temporary folder, sound unless a test breaks them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.results import COLUMNS, Evidence
from egp.record.sources.file import read_evidence
from egp.yaml import read_file, read_text

EXAMPLES = Path(__file__).parents[2] / "examples"

AS_OF = "2023-02-07T08:00:00-08:00"
STAGE_1 = "{treated: 70%, entered: 2023-02-07T08:00:00-08:00}"

Cells = dict[str, object]


@cache
def plan_named(name: str = "pdp-buy-now") -> Experiment:
    return read_experiment(read_file(EXAMPLES / "experiments" / f"{name}.yaml")[0].value)[0]


def plan_with(old: str, new: str, name: str = "pdp-buy-now") -> Experiment:
    text = (EXAMPLES / "experiments" / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    plan, problems = read_experiment(read_text(text.replace(old, new))[0].value)
    assert not problems
    return plan


def cohort(
    day: str = "2023-01-23", variant: str = "control", metric: str = "refund_rate", **cells: object
) -> Cells:
    sums = {"cs_contacts": {"sum": 42, "sum_squares": 46}}.get(metric, {"sum": 31})
    row = {
        "stage": "test",
        "window": "cohort",
        "date": day,
        "variant": variant,
        "metric": metric,
        "units": 1000,
    }
    return {**row, **sums, "through": "2023-02-06", **cells}


def page_load(day: str = "2023-01-23", variant: str = "control", **cells: object) -> Cells:
    row = {"stage": "test", "window": "day", "date": day, "variant": variant, "metric": "p95_page_load"}
    return {**row, "units": 1000, "value": "1900ms", "standard_error": "40ms", **cells}


def week(day: str = "2023-01-23", variant: str = "control", **cells: object) -> Cells:
    row = {"stage": "test", "window": "week", "date": day, "variant": variant, "metric": "cs_contacts"}
    return {**row, "units": 1000, "sum": 42, "sum_squares": 46, **cells}


def margin(**cells: object) -> Cells:
    row = {"stage": "test", "window": "cohort", "date": "2023-09-11", "variant": "new_model", "units": 100}
    sums = {
        "sum": 85,
        "sum_squares": 1000,
        "denominator_sum": 100,
        "denominator_sum_squares": 200,
        "cross_sum": 150,
    }
    return {**row, "metric": "gross_margin_per_session", **sums, "through": "2023-09-14", **cells}


def sound_rows() -> list[Cells]:
    """Two days, both variants, two metrics."""
    return [
        cohort(day, variant, metric)
        for day in ("2023-01-23", "2023-01-24")
        for variant in ("control", "buy_now")
        for metric in ("refund_rate", "cs_contacts")
    ]


def header(
    experiment: str = "pdp-buy-now", as_of: str = AS_OF, stages: Sequence[str] = (), more: str = ""
) -> str:
    return f"experiment: {experiment}\nas_of: {as_of}\nstages: [{', '.join(stages)}]\n{more}\n"


def write_csv(path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str] = ()) -> None:
    found = list(rows)
    names = columns or [name for name in COLUMNS if any(name in row for row in found)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def read(folder: Path, head: str, plan: Experiment | None = None) -> Evidence:
    (folder / "results.yaml").write_text(head, encoding="utf-8")
    return read_evidence(str(folder / "results.yaml"), plan or plan_named(), str(folder))


def evidence(
    folder: Path, rows: Iterable[Mapping[str, object]], plan: Experiment | None = None, **head: object
) -> Evidence:
    """What is read of these rows in a CSV file."""
    write_csv(folder / "results.csv", rows)
    return read(folder, header(more="aggregates: results.csv", **head), plan)  # type: ignore[arg-type]
