"""egp explain at the command line: rule or plan, formats, exit statuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from egp.cli.main import main
from tests.memo.cases import EXAMPLES

DAY_FIVE = "rejected/ship-on-day-five.yaml"
AS_OF = ("--as-of", "2023-01-18")


@pytest.fixture(autouse=True)
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "examples"
    shutil.copytree(EXAMPLES, folder)
    monkeypatch.chdir(folder)
    return folder


def test_a_rule_is_still_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "minimum-runtime"]) == 0
    assert "In force under" in capsys.readouterr().out


def test_a_rejected_plan_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", DAY_FIVE, *AS_OF]) == 0
    assert "ship-on-day-five is rejected" in capsys.readouterr().out


def test_the_one_pager_of_day_five(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", DAY_FIVE, *AS_OF, "--if-stopped", "2023-01-27"]) == 0
    said = capsys.readouterr().out
    assert "launches 1 in 14 changes that do nothing" in " ".join(said.split())
    assert "22.0 %" not in said, "which reads as if waiting were worse"


def test_one_finding_is_explained_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", DAY_FIVE, "minimum-runtime", *AS_OF]) == 0
    said = capsys.readouterr().out
    assert "minimum-runtime rejects ship-on-day-five" in said
    assert "guardrail-power" not in said


def test_a_rule_that_passes_is_said_to_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "experiments/pdp-buy-now.yaml", "minimum-runtime", *AS_OF]) == 0
    assert "pdp-buy-now passes minimum-runtime" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((DAY_FIVE, "minimum-runtim"), "did you mean minimum-runtime?"),
        ((DAY_FIVE, "minimum-runtime", "--if-export"), "ask for one of the two"),
        ((DAY_FIVE, "--seen", "+1.2pp"), "name the day with --if-stopped"),
        ((DAY_FIVE, "--if-stopped", "2023-01-27", "--seen", "1.2"), "has no unit where a change is meant"),
        ((DAY_FIVE, "--if-stopped", "2023-01-27", "--seen", "40ms"), "is no change of add_to_cart_rate"),
        (("minimum-runtime", "power-floor"), "power-floor is about a plan"),
    ],
)
def test_what_makes_no_page_says_what_would(
    arguments: tuple[str, ...], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments, *AS_OF]) == 2
    assert problem in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    "options",
    [
        ("--if-shortened", "7d"),
        ("--if-shortened", "2023-01-29"),
        ("--if-segment", "3"),
        ("--if-segment", "a", "b"),
        ("--if-export",),
    ],
)
def test_the_other_one_pagers(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "experiments/pdp-buy-now.yaml", *AS_OF, *options]) == 0
    assert "pdp-buy-now is accepted" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["minimum-runtme"], "did you mean minimum-runtime?"),
        (["nothing.yaml"], "there is no such file"),
        (["minimum-runtime", "--if-export"], "--if-export is about a plan"),
        ([DAY_FIVE, "--if-shortened", "soon"], "neither a day nor a number of days"),
        ([DAY_FIVE, "--if-shortened", "900d"], "not a day of this run"),
        ([DAY_FIVE, "--if-segment", "0"], "is not a number of segments"),
        ([DAY_FIVE, "--if-segment", "-3"], "is not a number of segments"),
        ([DAY_FIVE, "--if-segment", "2.5"], "is not a number of segments"),
        ([DAY_FIVE, "--if-segment", "9" * 5000], "is not a number of segments"),
        (["README.md"], "there is no rule and no file"),
        ([DAY_FIVE, "--if-stopped", "2020-01-01"], "not a day of this run"),
        ([DAY_FIVE, "--experiment", "ship-on-day-fve"], "did you mean ship-on-day-five?"),
        (["rejected/typo.yaml", "--if-stopped", "2023-01-27"], "does not say primary_metric"),
        ([DAY_FIVE, "--if-stopped", "2023-01-27", "--if-export"], "not allowed with"),
        (["rejected"], "is not one plan"),
    ],
)
def test_what_cannot_be_explained_ends_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", *arguments]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert not said.out


def test_a_file_that_is_missing_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["explain", "nothing.yaml"], ["show", "nothing.yaml"]):
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.err.count("help:") == 1
        assert "nothing.yaml: there is no such file" in said.err


def test_one_of_several_plans_in_a_file(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plans = [(examples / name).read_text(encoding="utf-8") for name in (DAY_FIVE, "rejected/seven-days.yaml")]
    (examples / "rejected/both.yaml").write_text("---\n".join(plans), encoding="utf-8")
    assert main(["explain", "rejected/both.yaml", *AS_OF]) == 2
    assert "ship-on-day-five, seven-days" in capsys.readouterr().err
    assert main(["explain", "rejected/both.yaml", *AS_OF, "--experiment", "seven-days"]) == 0
    said = capsys.readouterr().out
    assert "seven-days is rejected" in said
    assert "schedule.end: 2023-02-05" in said


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_page_is_the_same_bytes_each_time(form: str, examples: Path) -> None:
    for name in ("one", "two"):
        assert main(["explain", DAY_FIVE, *AS_OF, "--format", form, "-o", name]) == 0
    assert (examples / "one").read_bytes() == (examples / "two").read_bytes()
