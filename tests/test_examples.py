"""The examples keep their promises: accepted plans pass, each rejected plan falls to the rule it names."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from egp.check import check
from egp.output.report import json as json_report
from egp.output.report import text
from egp.output.report.model import Report
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.yaml import read_file

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
REJECTED = sorted((EXAMPLES / "rejected").rglob("*.yaml"))
AS_OF = date(2023, 8, 30)


@cache
def judged(folder: str, as_of: date = AS_OF) -> Report:
    policy = read_policy(str(EXAMPLES / "egp.yaml"), "examples/egp.yaml")
    finder = PlanFinder(str(ROOT), policy.plans, policy.root)
    return check(finder.asked([folder]), finder, policy, as_of)


def names(path: Path) -> str:
    return path.relative_to(EXAMPLES / "rejected").as_posix()


def test_experiments_are_accepted() -> None:
    report = judged("examples/experiments")
    assert report.plans == 2
    assert report.exit_status() == 0
    assert not report.unchecked


def test_a_day_before_the_registration_is_one_mistake_whatever_else_is_dated_later() -> None:
    report = judged("examples/experiments/pdp-buy-now.yaml", date(2022, 12, 1))
    assert {each.rule for each in report.diagnostics if each.severity == "error"} == {"registration-date"}


def test_every_rejected_plan_is_judged() -> None:
    report = judged("examples/rejected")
    assert report.plans == len(REJECTED) >= 30
    assert report.exit_status() == 1
    assert not report.failures


@pytest.mark.parametrize("path", REJECTED, ids=names)
def test_first_comment_names_the_only_error(path: Path) -> None:
    promised = re.fullmatch(r"# Rejected by ([a-z-]+)\.", path.read_text(encoding="utf-8").splitlines()[0])
    assert promised is not None
    shown = path.relative_to(ROOT).as_posix()
    errors = {
        each.rule
        for each in judged("examples/rejected").diagnostics
        if each.place.path == shown and each.severity == "error"
    }
    assert errors == {promised[1]}


def test_spans_lie_on_text() -> None:
    for folder in ("examples/experiments", "examples/rejected"):
        for diagnostic in judged(folder).diagnostics:
            lines = (ROOT / diagnostic.place.path).read_text(encoding="utf-8").splitlines()
            start, end = diagnostic.place.span
            assert diagnostic.line in (
                lines[start.line - 1],
                lines[start.line - 1].replace(SECRET, "*" * len(SECRET)),
            )
            assert start.line < end.line or start.column < end.column
            underlined = diagnostic.line[
                start.column - 1 : end.column - 1 if start.line == end.line else None
            ]
            assert underlined.strip() == underlined != ""


SECRET = "jo.customer@example.com"

# What each way to slip is underlined at: the value a reviewer would point to.
UNDERLINED = {
    "ship-on-day-five.yaml": "2023-01-27",
    "eighty-percent-power.yaml": "80%",
    "ambiguous-mde.yaml": "0.003",
    "too-small-a-sample.yaml": "62_000",
    "mde-by-the-shortcut.yaml": "24bps",
    "typo.yaml": "primary_metrc",
    "user-level-export.yaml": "user_level_export",
    "personal-data.yaml": "*" * len(SECRET),  # found, and not repeated
    "loose-margin.yaml": "25%",
    "self-approval.yaml": '"@xp-lead"',
    "ml/expected-value-slip.yaml": "0.121 USD",
    "ml/auc-as-primary.yaml": "auc",
    "ml/costly-model.yaml": "0.004 USD",
    "ml/wide-canary.yaml": "50%",
}


@pytest.mark.parametrize(("name", "text"), UNDERLINED.items())
def test_span_underlines_the_offending_value(name: str, text: str) -> None:
    shown = f"examples/rejected/{name}"
    error = next(
        e for e in judged("examples/rejected").diagnostics if e.place.path == shown and e.severity == "error"
    )
    start, end = error.place.span
    assert error.line[start.column - 1 : end.column - 1] == text


def test_report_does_not_repeat_personal_data() -> None:
    report = judged("examples/rejected")
    assert SECRET not in json_report.render(report) + "\n".join(text.render(report, text.Style()))


def example_values() -> Iterator[tuple[Path, object]]:
    for path in sorted(EXAMPLES.rglob("*.yaml")):
        if path.name != "egp.yaml" and "results" not in path.parts:
            yield path, read_file(path)[0].value


def test_ids_are_unique_across_examples() -> None:
    ids = [
        value["id"]
        for path, value in example_values()
        if isinstance(value, dict) and path.name != "metrics.yaml"
    ]
    assert len(ids) == len(set(ids))


def test_examples_name_roles_not_people() -> None:
    for path, value in example_values():
        for handle in re.findall(r'"(@[^"]+)"', json.dumps(value)):
            assert re.fullmatch(r"@[a-z]+(-[a-z]+)+|@privacy", handle), f"{path}: {handle}"


def shared(folder: Path, coverage: str, as_of: date) -> Report:
    """The example of a shared holdout, copied, with its plan's flag served to a share of those whom the holdout leaves."""
    for part in ("shop", "holdout"):
        shutil.copytree(EXAMPLES / part, folder / "examples" / part, dirs_exist_ok=True)
    flags = folder / "examples/holdout/flags/features.json"
    text = flags.read_text(encoding="utf-8")
    assert text.count('"coverage": 0,') == 1
    flags.write_text(text.replace('"coverage": 0,', coverage), encoding="utf-8")
    policy = read_policy(str(folder / "examples/holdout/egp.yaml"), "examples/holdout/egp.yaml")
    finder = PlanFinder(str(folder), policy.plans, policy.root)
    return check(finder.portfolio(), finder, policy, as_of)


def test_a_plan_in_a_shared_holdout_is_accepted_and_its_flag_is_compared(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    before, during = date(2023, 1, 18), date(2023, 1, 25)
    report = shared(tmp_path, '"coverage": 0,', before)
    assert (report.plans, report.exit_status(), report.unchecked) == (1, 0, [])
    assert {each.rule for each in report.diagnostics} == {"measured-inputs"}
    (early,) = (
        each for each in shared(tmp_path, '"coverage": 0.5,', before).diagnostics if each.severity == "error"
    )
    assert (
        early.message
        == "mobile_wish_list treats 47.5 % of the units, and the plan treats nobody before 2023-01-23"
    )
    report = shared(tmp_path, '"coverage": 0.5,', during)
    assert [each.rule for each in report.diagnostics if each.rule.startswith("rollout")] == []
    flags = tmp_path / "examples/holdout/flags/features.json"
    flags.write_text(
        re.sub(r' *"prerequisites".*\n', "", flags.read_text(encoding="utf-8")), encoding="utf-8"
    )
    policy = read_policy(str(tmp_path / "examples/holdout/egp.yaml"), "examples/holdout/egp.yaml")
    finder = PlanFinder(str(tmp_path), policy.plans, policy.root)
    unheld = check(finder.portfolio(), finder, policy, during)
    assert "rollout-shared-holdout" in {each.rule for each in unheld.diagnostics}
