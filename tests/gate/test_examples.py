"""The examples tell their story: what the gate answers at each of its turns."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from egp.gate.verdict import EXIT_STATUS
from tests.lock.entries import remove_lock

from .calling import PLAN, call, gate
from .worlds import ROOT

OUTPUTS = ("text", "json", "markdown", "github")


@pytest.mark.parametrize(
    ("results", "move", "status"),
    [
        ("day-05", ("--to", "70%"), 1),
        ("day-14", ("--to", "70%"), 0),
        ("stage-1", ("--to", "90%"), 0),
        ("stage-2", ("--monitor",), 0),
        ("monitor", ("--monitor",), 0),
        ("ramp-harm", ("--to", "90%"), 3),
        ("two-bad-weeks", ("--monitor",), 3),
        ("srm", ("--to", "70%"), 1),
        ("late-data", ("--to", "70%"), 1),
    ],
)
def test_the_story(repository: Path, results: str, move: tuple[str, ...], status: int) -> None:
    answered = gate(repository, results, *move)
    assert answered.status == status, answered.out


@pytest.mark.parametrize("page", ["README.md", "docs/gate.md", "docs/brief.md", "docs/status.md"])
def test_every_command_of_the_pages_that_judges_gives_its_date(page: str) -> None:
    """The output on the page is what the command prints (tests/test_generated.py); its status is that of the verdict."""
    commands = re.findall(
        r"<!-- generated: egp ((?:gate|brief|status|check) .*) -->", (ROOT / page).read_text()
    )
    assert commands
    for command in commands:
        assert "--as-of " in command
        if command.startswith("gate "):
            told = call(ROOT, *command.split(), "--format", "json")
            assert told.status == EXIT_STATUS[told.json["verdict"]]
            assert told.json["as_if"] is True


def test_day_5_waits_for_the_look(repository: Path) -> None:
    answered = gate(repository, "day-05")
    assert answered.out.startswith("hold (wait): pdp-buy-now to 70%, as of 2023-01-28 08:00 PST\n")
    assert "withheld until 2023-02-06, the planned look" in answered.out


def bent(path: Path) -> None:
    """Writes other results of the primary, of the same units, into the aggregates."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["metric"] == "add_to_cart_rate":
            row["sum"] = str(int(row["units"]) // 3)
            row["covariate_cross_sum"] = str(min(int(row["units"]) // 20, int(row["covariate_sum"] or 0)))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("output", OUTPUTS)
def test_nothing_of_day_5_depends_on_the_primary(repository: Path, output: str) -> None:
    told = []
    for turn in range(2):
        receipt = repository / f"receipt-{turn}.json"
        answered = gate(repository, "day-05", "--format", output, "--receipt", receipt.name)
        told.append(
            [
                answered.status,
                *(re.sub(r"[0-9a-f]{12,64}", "…", each) for each in (answered.out, receipt.read_text())),
            ]
        )
        bent(repository / "results/pdp-buy-now/day-05.csv")
    assert told[0] == told[1]


def test_day_14_tells_lift_interval_and_margins(repository: Path) -> None:
    out = " ".join(gate(repository, "day-14").out.split())
    assert "add_to_cart_rate: +0.58 pp (95 % interval +0.35 to +0.82 pp, p < 0.001); met" in out
    for guardrail, margin in (("refund_rate", "8 %"), ("cs_contacts", "7 %"), ("p95_page_load", "4 %")):
        assert re.search(
            rf"{guardrail}: harm [^;]* \(one-sided\), margin {margin}: harm of the margin is ruled out", out
        )
    assert "matured cohort, exposed by 2023-01-29" in out


@pytest.fixture
def on_all_units(repository: Path) -> Path:
    """The same plan judging refunds on all units, registered under a policy that merely warns of it."""
    plan = repository / PLAN
    plan.write_text(plan.read_text().replace("judged_on: matured_cohort", "judged_on: all_units"))
    with (repository / "egp.yaml").open("a") as policy:
        policy.write("rules:\n  outcome-matured: {severity: warning}\n")
    remove_lock(repository)
    registered = call(repository, "register", PLAN, "--as-of", "2023-01-17")
    assert registered.status == 0, registered.out + registered.err
    return repository


def test_day_14_of_the_same_plan_judging_all_units_waits(on_all_units: Path) -> None:
    answered = gate(on_all_units, "day-14")
    assert answered.status == 1
    is_told = re.sub(r"(?m)^pass .*\n(?: .*\n)*", "", answered.out)
    page = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
    assert f"```text\n{is_told}```\n" in page


def test_once_refunds_have_matured_the_same_plan_proceeds(on_all_units: Path) -> None:
    results, rows = (on_all_units / f"results/pdp-buy-now/day-14.{kind}" for kind in ("yaml", "csv"))
    results.write_text(results.read_text().replace("as_of: 2023-02-07", "as_of: 2023-02-13"))
    assert gate(on_all_units, "day-14").status == 1, "the day has come, and the rows do not count through it"
    rows.write_text(re.sub(r"(?m)^(.*,refund_rate,.*),2023-02-06$", r"\1,2023-02-12", rows.read_text()))
    assert gate(on_all_units, "day-14").status == 0


def test_ramp_harm_names_the_stop_rule(repository: Path) -> None:
    out = " ".join(gate(repository, "ramp-harm", "--to", "90%").out.split())
    assert out.startswith("roll back: pdp-buy-now to 90%")
    assert "stop rule refunds on refund_rate fired" in out
    assert "roll back to control by feature_flag within 15 minutes (@pdp-oncall)" in out


def test_ramp_harm_rolls_back_without_any_one_row(repository: Path) -> None:
    path = repository / "results/pdp-buy-now/ramp-harm.csv"
    lines = path.read_text().splitlines(keepends=True)
    for dropped in range(1, len(lines), len(lines) // 20):
        path.write_text("".join(lines[:dropped] + lines[dropped + 1 :]))
        assert gate(repository, "ramp-harm", "--to", "90%").status == 3, lines[dropped]


@pytest.mark.parametrize("hygiene", ["registration", "revision", "as_of", "row", "stage"])
def test_ramp_harm_rolls_back_with_any_hygiene_failing(repository: Path, hygiene: str) -> None:
    results = repository / "results/pdp-buy-now/ramp-harm.yaml"
    text, arguments = results.read_text(), ["--to", "90%"]
    if hygiene == "registration":
        (repository / "egp.lock").write_text("<<<<<<< ours\n")
    elif hygiene == "revision":
        arguments += ["--treatment-revision", "web-1"]
    elif hygiene == "as_of":
        arguments += ["--as-of", "2023-02-28T08:00:00-08:00"]
        results.write_text(text.replace("web-8902", "web-1"))
    elif hygiene == "row":
        path = repository / "results/pdp-buy-now/ramp-harm.csv"
        path.write_text(path.read_text() + "70%,day,2023-02-08,buy_now,refund_rate,,-4\n")
    else:
        arguments = ["--to", "70%"]
    assert gate(repository, "ramp-harm", *arguments).status == 3


def test_two_stakeholders_and_two_bad_weeks_end_by_the_rule_agreed_before(repository: Path) -> None:
    out = " ".join(gate(repository, "two-bad-weeks", "--monitor").out.split())
    assert "stop rule contacts on cs_contacts fired: 2 weeks in a row" in out


def test_the_stop_loss_of_the_ranking_model(repository: Path) -> None:
    answered = call(
        repository,
        "gate",
        "experiments/ranking-model.yaml",
        "--results",
        "results/ranking-model/stop-loss.yaml",
        "--monitor",
    )
    assert answered.status == 3
    assert "stop rule margin_loss on gross_margin_per_session fired" in answered.out
    assert "gross_margin_per_session fired:" not in answered.out


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_same_call_twice_gives_the_same_bytes(repository: Path, output: str) -> None:
    receipts = [repository / f"receipt-{turn}.json" for turn in range(2)]
    answers = [
        gate(repository, "day-14", "--format", output, "--receipt", receipt.name) for receipt in receipts
    ]
    assert answers[0] == answers[1]
    assert receipts[0].read_bytes() == receipts[1].read_bytes()
