"""The command: what it needs, what it refuses, what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .calling import PLAN, call, gate


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "which plan?"),
        ((PLAN,), "without results"),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.yaml"),
            "the call does not say what the gate is to judge",
        ),
        ((PLAN, "--results", "results/none.yaml", "--monitor"), "none.yaml"),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.csv", "--monitor"),
            "name the file of results that says `aggregates: stage-1.csv`",
        ),
        (
            ("experiments/none.yaml", "--results", "results/pdp-buy-now/stage-1.yaml", "--monitor"),
            "no such file",
        ),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--to", "60%"),
            "the plan's ramp has 70% and 90%",
        ),
        ((PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--to", "all"), "is no stage"),
        ((PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--to", "canary"), "the plan has no canary"),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--monitor", "--variant", "x"),
            "is no treatment",
        ),
        (
            (PLAN, "--results", "results/ranking-model/stop-loss.yaml", "--monitor"),
            "results of ranking-model",
        ),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--monitor", "--as-of", "soon"),
            "not a date",
        ),
        (
            ("experiments", "--results", "results/pdp-buy-now/stage-1.yaml", "--monitor"),
            "the gate judges one plan",
        ),
        (
            (PLAN, "--results", "results/pdp-buy-now/stage-1.yaml", "--monitor", "--output", "pdf=x"),
            "FORMAT=FILE",
        ),
    ],
)
def test_what_the_gate_cannot_be_asked(repository: Path, arguments: tuple[str, ...], words: str) -> None:
    answered = call(repository, "gate", *arguments)
    assert answered.status == 2
    assert words in answered.err
    assert (answered.out, "Traceback" in answered.err) == ("", False)


def test_a_move_and_monitor_exclude_each_other(repository: Path) -> None:
    assert gate(repository, "stage-1", "--to", "90%", "--monitor").status == 2


def test_further_reports(repository: Path) -> None:
    answered = gate(
        repository, "stage-1", "--to", "90%", "--output", "github=summary.md", "--output", "json=gate.json"
    )
    assert answered.out.startswith("proceed: ")
    summary = (repository / "summary.md").read_text(encoding="utf-8")
    assert summary.startswith("## proceed: pdp-buy-now to 90%, as of 2023-02-09 08:00 PST\n")
    assert "<details>" in summary
    assert (repository / "gate.json").read_text().startswith('{\n  "gate": 1,')


def test_as_of_moves_the_judgement_and_nothing_else(repository: Path) -> None:
    early = gate(repository, "stage-1", "--to", "90%", "--as-of", "2023-02-09T07:59:00-08:00")
    assert early.status == 1
    assert "1 min to go" in early.out


def test_a_damaged_lock_keeps_from_judging(repository: Path) -> None:
    (repository / "egp.lock").write_text("<<<<<<< ours\n")
    answered = gate(repository, "stage-1", "--to", "90%")
    assert answered.status == 2
    assert answered.out.startswith("could not judge: ")
    assert "merge conflict" in answered.out


def test_a_plan_with_a_typing_error_is_not_the_registered_one(repository: Path) -> None:
    plan = repository / PLAN
    plan.write_text(plan.read_text().replace("risk: [revenue, privacy]", "risks: [revenue, privacy]"))
    answered = gate(repository, "stage-1", "--to", "90%")
    assert answered.status == 1
    assert "cannot be compared with its registration" in " ".join(answered.out.split())


def test_a_stage_is_called_as_the_plan_calls_it(repository: Path) -> None:
    assert gate(repository, "day-14", "--to", "0.70").out.startswith("proceed: pdp-buy-now to 70%, as of ")


def test_a_misspelt_key_of_the_results(repository: Path) -> None:
    results = repository / "results/pdp-buy-now/stage-1.yaml"
    results.write_text(results.read_text().replace("experiment:", "experimnt:"))
    answered = gate(repository, "stage-1", "--to", "90%")
    assert answered.status == 2
    assert "did you mean `experiment`?" in answered.err
    assert "these results have no `experiment`" in answered.err


def test_hostile_names_stay_text(repository: Path) -> None:
    results = repository / "results/pdp-buy-now/stage-1.yaml"
    name = "web|<b>@team [x](http://e.x) [31m"
    results.write_text(results.read_text().replace("revision: web-8841", f'revision: "{name}"'))
    summary = gate(repository, "stage-1", "--to", "90%", "--format", "github")
    assert summary.status == 1
    for markup in ("web|<b>", "@team", "](http", "\x1b"):
        assert markup not in summary.out
    results.write_text(results.read_text().replace("[31m", "\\u001b[31m"))
    refused = gate(repository, "stage-1", "--to", "90%")
    assert (refused.status, "a character that nobody sees" in refused.err) == (2, True)
    assert "\x1b" not in refused.out + refused.err


def test_hostile_names_command_no_ci(repository: Path) -> None:
    results = repository / "results/pdp-buy-now/stage-1.yaml"
    name = " ".join(["::error::", "##[group]"] * 20)
    results.write_text(results.read_text().replace("revision: web-8841", f'revision: "{name}"'))
    told = gate(repository, "stage-1", "--to", "90%").out
    assert "error::" in told
    assert "##[" not in told
    assert not any(line.lstrip().startswith("::") for line in told.splitlines())
