"""Help in the report for people: one line where that is enough, else a letter a way, and blocks that can be copied."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from egp.cli.main import main

ROOT = Path(__file__).parents[2]


def help_of(plan: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.chdir(ROOT)
    main(["check", f"examples/rejected/{plan}.yaml", "--as-of", "2023-01-18"])
    lines = capsys.readouterr().out.splitlines()
    begin = next(at for at, line in enumerate(lines) if line.startswith("   = help: "))
    end = next(at for at, line in enumerate(lines) if line.startswith("   = why: "))
    return [line[11:] for line in lines[begin:end]]


def test_what_is_to_be_added_stands_below_its_place_and_is_yaml(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = help_of("missing-guardrail", monkeypatch, capsys)
    assert said[0] == "add, with what is known of the metric for each TODO:"
    first, second = said.index("  under `guardrail_metrics:`"), said.index("  under `stop_rules:`")
    (guardrail,), (stop_rule,) = (
        yaml.safe_load("\n".join(said[first + 1 : second])),
        yaml.safe_load("\n".join(said[second + 1 :])),
    )
    assert (guardrail["id"], guardrail["action"]) == ("p95_page_load", "rollback")
    assert stop_rule["metric"] == "p95_page_load"


def test_several_ways_have_a_letter_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = help_of("sessions-for-users", monkeypatch, capsys)
    assert said[0] == "a) set `analysis_unit: user`"
    assert said[1].startswith("b) add under `statistics:`")
    assert yaml.safe_load(said[-1]) == {
        "clustering": {"method": "cluster_robust", "mean_size": 4.2, "icc": 0.02}
    }


def test_what_fits_a_line_stays_in_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert help_of("vague-stop-rule", monkeypatch, capsys)[0] == (
        "add `probability: 95%`, `prior: flat` and `evaluated: daily`, or add `for: 2d`"
    )
