"""Rows that are dropped or garbled open no gate, and rows that are garbled withdraw nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egp.gate.clock import instant, zone_of
from egp.gate.move import MONITOR, move_to
from egp.gate.readout import Readout
from egp.gate.verdict import Verdict, decide
from egp.plan.digest import plan_digest
from egp.plan.results import Evidence
from egp.record.sources import ResultsError
from egp.record.sources.file import read_evidence
from egp.yaml import read_file
from tests.gate.worlds import ROOT, plan_of, registered

EXAMPLES = ROOT / "examples" / "results" / "pdp-buy-now"

CLOSED = [("day-05", "70%"), ("late-data", "70%"), ("srm", "70%"), ("ramp-harm", ""), ("two-bad-weeks", "")]
"""Results with which the gate does not proceed, and the move that is asked for."""

OPEN = [("day-14", "70%"), ("stage-1", "90%"), ("stage-2", ""), ("monitor", "")]

GARBAGE = [
    "nan", "NaN", "inf", "-1", "1e400", "10,800", "0,5", "10 800", "control;", "buy-now", "#REF!", "null", "½",
    "9999-12-31", "0001-01-01", "2023-02-30", "tomorrow", "100.0%%",
]  # fmt: skip

SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def table(name: str) -> tuple[list[str], list[list[str]]]:
    header, *lines = (EXAMPLES / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return header.split(","), [line.split(",") for line in lines]


@cache
def head(name: str) -> str:
    return (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8").replace(f"{name}.csv", "results.csv")


def verdict(folder: Path, name: str, asked: str, rows: list[list[str]]) -> Verdict | None:
    """None where nothing can be judged."""
    columns, _ = table(name)
    text = "\n".join(",".join(_quoted(cell) for cell in row) for row in [columns, *rows])
    (folder / "results.csv").write_text(text + "\n", encoding="utf-8")
    (folder / "results.yaml").write_text(head(name), encoding="utf-8")
    assert read_file(str(folder / "results.yaml"))[0].problems == ()
    plan = plan_of()
    try:
        evidence: Evidence = read_evidence(str(folder / "results.yaml"), plan, str(folder))
    except ResultsError:
        return None
    decision = decide(
        Readout(
            plan=plan,
            evidence=evidence,
            move=move_to(plan, asked) if asked else MONITOR,
            as_of=instant(evidence.as_of, zone_of(plan)),
            registration=registered(plan),
            digest=plan_digest(plan),
        )
    )
    assert decision.crashes == ()
    return decision.verdict


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


@pytest.mark.parametrize(("name", "asked"), CLOSED)
def test_what_does_not_proceed(tmp_path: Path, name: str, asked: str) -> None:
    assert verdict(tmp_path, name, asked, table(name)[1]) in ("hold", "roll_back")


@pytest.mark.parametrize(("name", "asked"), OPEN)
def test_what_proceeds(tmp_path: Path, name: str, asked: str) -> None:
    assert verdict(tmp_path, name, asked, table(name)[1]) == "proceed"


@SLOW
@given(data=st.data())
def test_dropping_or_garbling_rows_opens_nothing(tmp_path: Path, data: Any) -> None:
    name, asked = data.draw(st.sampled_from(CLOSED))
    rows = _changed(data, name, may_drop=True)
    assert verdict(tmp_path, name, asked, rows) != "proceed"


@SLOW
@given(data=st.data())
def test_garbling_rows_withdraws_nothing(tmp_path: Path, data: Any) -> None:
    name, asked = data.draw(st.sampled_from(OPEN))
    rows = _changed(data, name, may_drop=False)
    assert verdict(tmp_path, name, asked, rows) != "roll_back"


def _changed(data: Any, name: str, *, may_drop: bool) -> list[list[str]]:
    """The rows with some columns of a stretch, or of a variant's stretch, garbled; or with the stretch gone."""
    columns, rows = table(name)
    start = data.draw(st.integers(0, len(rows) - 1))
    end = data.draw(st.integers(start + 1, len(rows)))
    variant = data.draw(st.sampled_from(["control", "buy_now", ""]))
    is_hit = [
        start <= at < end and variant in ("", row[columns.index("variant")]) for at, row in enumerate(rows)
    ]
    if may_drop and data.draw(st.booleans()):
        return [row for row, hit in zip(rows, is_hit, strict=True) if not hit]
    column, garbage = data.draw(st.integers(0, len(columns) - 1)), data.draw(st.sampled_from(GARBAGE))
    return [
        [*row[:column], garbage, *row[column + 1 :]] if hit else row
        for row, hit in zip(rows, is_hit, strict=True)
    ]
