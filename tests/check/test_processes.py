"""Many plans are judged by several processes, and nobody can tell from the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from benchmarks.plans import write_plans
from egp.check import check, processes
from egp.check.processes import in_parts
from egp.output.report import json, text
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import shipped_policy


def doubled(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 199, 200, 501])
def test_results_come_in_the_order_of_the_items(count: int) -> None:
    parts = in_parts(doubled, range(count))
    assert [item for part in parts for item in part] == [2 * item for item in range(count)]


def test_an_error_in_a_worker_reaches_the_parent() -> None:
    def broken(items: Sequence[int]) -> int:
        return 1 // (items[0] - 100)

    with pytest.raises(ZeroDivisionError):
        list(in_parts(broken, range(300)))


def reports(folder: Path) -> tuple[str, str]:
    finder = PlanFinder(str(folder))
    report = check(finder.asked(["."]), finder, shipped_policy(), date(2023, 1, 18))
    return json.render(report), "\n".join(text.render(report, text.Style()))


def test_reports_are_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plans(tmp_path, 120)
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    (tmp_path / "plan-00007.yaml").write_text(
        (tmp_path / "plan-00008.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    monkeypatch.setattr(processes, "WORTHWHILE", 10_000)
    alone = reports(tmp_path)
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "_PART", 7)
    assert reports(tmp_path) == alone
    assert '"duplicate-id"' in alone[0]
