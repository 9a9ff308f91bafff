"""SARIF: the published schema, and what code scanning makes of a log."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator

from egp import ADDRESS, VERSION
from egp.check import check
from egp.cli.main import main
from egp.output.report.model import Report
from egp.output.report.sarif import CODE_SCANNING, FINGERPRINT, render
from egp.plan.finding import Failure, Finding, LineOfFile, Suppression
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.policy.shipped import ROOT
from egp.rules.rule import load
from tests.report.code_scanning import KEY, Alert, alerts, line_hashes
from tests.report.scenes import HOSTILE_PATH, PLAN, SCENES, Scene, report_of, scene_rules

SCHEMA = Path(__file__).parent / "schemas" / "sarif-2.1.0.json"


@cache
def validator() -> Draft4Validator:
    return Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def log_of(report: Report) -> Any:
    return json.loads(render(report, report.exit_status()))


def run_of(scene: Scene) -> Any:
    """The run of a scene; its log is valid."""
    with scene_rules():
        log = log_of(report_of(scene))
    validator().validate(log)
    return log["runs"][0]


def examples(folder: Path) -> Report:
    """What egp finds in the rejected examples, copied to a folder."""
    policy = read_policy(str(folder / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(folder), policy.plans, policy.root)
    return check(finder.asked(["rejected"]), finder, policy, date(2023, 1, 18))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(Path(ROOT, "examples", "rejected"), tmp_path / "rejected")
    shutil.copy(Path(ROOT, "examples", "egp.yaml"), tmp_path)
    return tmp_path


def test_the_schema_is_a_schema() -> None:
    Draft4Validator.check_schema(validator().schema)


@pytest.mark.parametrize("scene", SCENES)
def test_every_log_fits_the_published_schema(scene: str) -> None:
    run_of(SCENES[scene])


def test_the_log_of_the_rejected_examples_fits_the_published_schema(folder: Path) -> None:
    report = examples(folder)
    log = log_of(report)
    validator().validate(log)
    assert len(log["runs"][0]["results"]) == len(report.diagnostics) > 30


def test_fingerprints_stay_when_plans_move_down(folder: Path) -> None:
    before = log_of(examples(folder))["runs"][0]["results"]
    for plan in folder.rglob("rejected/**/*.yaml"):
        plan.write_bytes(b"# a comment\n" * 10 + plan.read_bytes())
    after = log_of(examples(folder))["runs"][0]["results"]
    assert [fingerprints(each) for each in after] == [fingerprints(each) for each in before]
    assert all(set(fingerprints(each)) == {CODE_SCANNING, FINGERPRINT} for each in after)
    moved = [line_of(each) - line_of(was) for each, was in zip(after, before, strict=True)]
    assert set(moved) == {10}


SHORT = "rejected/ship-on-day-five.yaml"


def alerts_of(folder: Path) -> list[Alert]:
    return alerts(log_of(examples(folder)), folder)


def test_alerts_of_code_scanning_stay_when_lines_are_inserted(folder: Path) -> None:
    before = alerts_of(folder)
    for plan in folder.rglob("rejected/**/*.yaml"):
        plan.write_bytes(b"# a comment\n" * 10 + plan.read_bytes())
    assert alerts_of(folder) == before
    assert len({*before}) == len(before)


def test_an_alert_stays_when_its_line_is_edited_and_still_wrong(folder: Path) -> None:
    plan = folder / SHORT
    text = plan.read_text(encoding="utf-8")
    at = next(number for number, line in enumerate(text.splitlines()) if line.startswith("schedule:"))
    edited = text.replace("end: 2023-01-27", "end: 2023-01-28")
    assert line_hashes(edited)[at] != line_hashes(text)[at], "a hash of the line would open another alert"
    (before,) = (each for each in alerts_of(folder) if each.path == SHORT and each.rule == "minimum-runtime")
    plan.write_text(edited, encoding="utf-8")
    assert before in alerts_of(folder)


def test_an_earlier_version_is_told_and_not_linked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.org")
    (folder / "egp.yaml").write_text('extends: ["egp:standard"]\nplans: ["*.yaml"]\n', encoding="utf-8")
    plan = folder / "running.yaml"
    shutil.copy(Path(ROOT, "examples", "experiments", "pdp-buy-now.yaml"), plan)
    for call in (("init", "-q"), ("add", "running.yaml", "egp.yaml"), ("commit", "-qm", "begun")):
        subprocess.run([*git, *call], cwd=folder, check=True)
    plan.write_text(plan.read_text(encoding="utf-8").replace("mde: 45bps", "mde: 80bps"), encoding="utf-8")
    monkeypatch.chdir(folder)
    for form in ("sarif", "rdjson"):
        assert main(["check", "running.yaml", "--base=HEAD", "--as-of=2023-01-30", f"--format={form}"]) == 1
        told = json.loads(capsys.readouterr().out)
        places = {*found(told, "uri"), *found(told, "path")} - {
            each for each in found(told, "uri") if "://" in str(each)
        }
        assert {*map(str, places)} <= {"running.yaml", "egp.yaml"}
        assert "as it was agreed: mde: 45bps" in str(told).replace("\\u200c", "")


def test_a_plan_in_another_file_is_other_alerts_of_the_same_identity(folder: Path) -> None:
    before = [each for each in alerts_of(folder) if each.path == SHORT]
    (folder / SHORT).rename(folder / "rejected" / "renamed.yaml")
    after = [each for each in alerts_of(folder) if each.path == "rejected/renamed.yaml"]
    assert [each.fingerprint for each in after] == [each.fingerprint for each in before]


def test_of_two_that_are_alike_each_has_an_alert(folder: Path) -> None:
    shutil.copy(folder / SHORT, folder / "rejected" / "twin.yaml")
    found = [each for each in alerts_of(folder) if each.path in (SHORT, "rejected/twin.yaml")]
    assert len({each.fingerprint for each in found}) == len(found) > 2


def test_the_fingerprint_is_where_code_scanning_looks_for_it() -> None:
    assert CODE_SCANNING == KEY


def test_an_analysis_has_a_category_of_its_own(folder: Path) -> None:
    report = examples(folder)
    for category, named in (("", "egp/"), ("shop", "egp/shop/")):
        log = json.loads(render(report, 1, category=category))
        validator().validate(log)
        assert log["runs"][0]["automationDetails"] == {"id": named}


def test_a_rule_of_egp_links_to_its_page_in_the_same_version_and_brings_it_along(folder: Path) -> None:
    for rule in log_of(examples(folder))["runs"][0]["tool"]["driver"]["rules"]:
        version, _, page = rule["helpUri"].removeprefix(f"{ADDRESS}/blob/").partition("/")
        assert version == f"v{VERSION}"
        assert (Path(ROOT) / page).read_text(encoding="utf-8").startswith(f"# {rule['id']}\n")
        assert rule["fullDescription"]["text"]
        assert rule["help"]["markdown"].endswith(f"`egp explain {rule['id']}`")


def fingerprints(result: Any) -> Any:
    return result["partialFingerprints"]


def line_of(result: Any) -> int:
    return int(result["locations"][0]["physicalLocation"]["region"]["startLine"])


def test_every_region_says_where_it_starts_and_ends() -> None:
    regions = [each for scene in SCENES.values() for each in found(run_of(scene), "region")]
    assert len(regions) >= 30
    for region in regions:
        assert region["startLine"] >= 1
        if "endLine" in region:
            assert (region["endLine"], region["endColumn"]) >= (region["startLine"], region["startColumn"])


def found(value: Any, key: str) -> Iterator[Any]:
    """Every value under a key, wherever it stands."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key:
                yield item
            yield from found(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from found(item, key)


def test_columns_count_code_points_and_ends_are_exclusive() -> None:
    run = run_of(SCENES["wide-characters"])
    assert run["columnKind"] == "unicodeCodePoints"
    (region,) = [
        each["locations"][0]["physicalLocation"]["region"]
        for each in run["results"]
        if each["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "buy-now/owner/contact"
    ]
    line = SCENES["wide-characters"].plan.splitlines()[region["startLine"] - 1]
    assert line[region["startColumn"] - 1 : region["endColumn"] - 1] == "'#abc'"


def test_rules_carry_their_page_and_the_level_that_the_policy_gives_them() -> None:
    rules = run_of(SCENES["error-and-warning"])["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["defaultConfiguration"]["level"]) for rule in rules] == [
        ("agreed-value", "error"), ("tidy-value", "warning"),
    ]  # fmt: skip
    with scene_rules():
        page = load("tidy-value").page
    assert rules[1]["shortDescription"]["text"] == page.summary
    assert rules[1]["fullDescription"]["text"] == page.why
    assert rules[1]["help"]["markdown"].startswith(page.text)
    assert rules[1]["help"]["text"].endswith("egp explain tidy-value")


@pytest.mark.parametrize("scene", SCENES)
def test_results_name_their_rule_by_its_index(scene: str) -> None:
    run = run_of(SCENES[scene])
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [
        each["ruleId"] for each in run["results"]
    ]


def test_what_is_waived_is_suppressed_and_nothing_else_is() -> None:
    (baseline,), (waiver,) = [each["suppressions"] for each in run_of(SCENES["waived"])["results"]]
    assert (
        (baseline["kind"], baseline["status"])
        == (waiver["kind"], waiver["status"])
        == ("external", "accepted")
    )
    assert (
        waiver["justification"]
        == "the sale ends on Friday, EXP-7; waiver of @xp-lead, expires 2023-02-01; waivers.yaml:4"
    )
    assert waiver["location"]["physicalLocation"]["region"] == {"startLine": 4}
    assert [each["suppressions"] for each in run_of(SCENES["error-and-warning"])["results"]] == [[], []]


def test_a_waiver_in_the_plan_is_in_the_source() -> None:
    waived = Suppression("waiver", LineOfFile("experiments/buy-now.yaml", 9), "a reason")
    scene = Scene(PLAN, agreed=[Finding(("id",), "a short id")], waived={"agreed-value": waived})
    (result,) = run_of(scene)["results"]
    assert result["suppressions"][0]["kind"] == "inSource"


def test_what_is_in_shadow_is_a_notification_and_no_result() -> None:
    run = run_of(SCENES["shadow"])
    assert [each["ruleId"] for each in run["results"]] == ["tidy-value"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"]["id"] == "shadow"
    assert (notification["level"], notification["associatedRule"]) == ("none", {"id": "agreed-value"})


def test_what_is_announced_is_in_the_message() -> None:
    (result,) = run_of(SCENES["shadow"])["results"]
    assert result["message"]["text"].endswith("\ncoming: becomes an error on 2026-12-01")


def test_a_run_that_judged_everything_succeeded_whatever_it_found() -> None:
    (invocation,) = run_of(SCENES["error-and-warning"])["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)
    assert invocation["toolExecutionNotifications"] == []


def test_what_could_not_be_judged_fails_the_run() -> None:
    (invocation,) = run_of(SCENES["could-not-judge"])["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    told = invocation["toolExecutionNotifications"]
    assert [(each["descriptor"]["id"], each["level"]) for each in told] == [("could-not-judge", "error")] * 3
    assert told[2]["locations"][0]["physicalLocation"]["region"]["startLine"] == 12


def test_what_was_not_checked_is_a_notification() -> None:
    (silent,) = run_of(SCENES["not-checked"])["invocations"][0]["toolExecutionNotifications"]
    assert (silent["level"], silent["associatedRule"]) == ("warning", {"id": "tidy-value"})
    assert silent["message"]["text"] == "tidy-value is not checked (needs /statistics/power)"
    explained = run_of(SCENES["missing-input"])["invocations"][0]["toolExecutionNotifications"]
    assert [each["level"] for each in explained] == ["note", "note"]


@pytest.mark.parametrize(
    "path", ["a\udcff.yaml", "a:b.yaml", "a b/c#d?e.yaml", "100%.yaml", "検索.yaml", "../up.yaml"]
)
def test_a_relative_path_is_a_percent_encoded_reference(path: str) -> None:
    (result,) = run_of(Scene(PLAN, agreed=[Finding(("id",), "a short id")], path=path))["results"]
    artifact = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact["uriBaseId"] in run_of(SCENES["waived"])["originalUriBaseIds"]
    assert artifact["uri"].isascii()
    assert not set(artifact["uri"]) & set(':?#[]@ "<>\\^`{|}')
    assert unquote(artifact["uri"], errors="surrogateescape") == path


def test_a_hostile_path_is_percent_encoded_where_the_file_is_refused() -> None:
    scene = Scene(PLAN, agreed=[Finding(("id",), "a short id")], path=HOSTILE_PATH)
    (refused,) = run_of(scene)["invocations"][0]["toolExecutionNotifications"]
    assert refused["message"]["text"].startswith("the name of this file has a character that nobody sees")
    uri = refused["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri, errors="surrogateescape") == HOSTILE_PATH


def test_a_path_from_the_root_is_a_file_uri() -> None:
    scene = Scene(PLAN, failures=[Failure("/plans/a b.yaml", "cannot read this file")])
    (notification,) = run_of(scene)["invocations"][0]["toolExecutionNotifications"]
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"] == {
        "uri": "file:///plans/a%20b.yaml"
    }


def test_hostile_text_stays_text() -> None:
    with scene_rules():
        report = report_of(SCENES["hostile"])
        written = render(report, report.exit_status())
    assert written.isascii()
    for text in found(json.loads(written), "text"):
        assert "](" not in text
        assert all(line.isprintable() for line in text.split("\n"))
