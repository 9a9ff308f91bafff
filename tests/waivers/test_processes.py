"""Waivers and the baseline are the same whoever judges a part of the plans."""

from __future__ import annotations

import pytest

from egp.check import processes
from tests.waivers.office import Office, rules_in


def test_reports_are_the_same_bytes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.waive()
    for number in range(30):
        path = f"experiments/plan-{number:02}.yaml"
        office.house.plan(path, surfaces=f"[page_{number}]")
        office.house.edit(path, "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 24h}")
        if number % 3:
            office.waive(path)
    alone = office.report()
    monkeypatch.setattr(processes, "WORTHWHILE", 2)
    monkeypatch.setattr(processes, "PART", 4)
    assert office.report() == alone
    assert rules_in(alone, waived=True).count("stage-dwell") == 21
    assert rules_in(alone, waived=False).count("stage-dwell") == 10
    assert "unused-waiver" not in rules_in(alone, waived=False)
