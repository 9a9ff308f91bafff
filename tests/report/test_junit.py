"""JUnit XML: a suite for each plan, a case for each rule, and no text that breaks out of it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from egp.output.report.junit import render
from egp.output.report.model import Passed
from egp.plan.finding import Finding, NotChecked, Severity
from egp.stats.hints import get_args
from tests.report.scenes import PLAN, SCENES, Scene, report_of, scene_rules

OUTCOMES = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def suites_of(scene: Scene, fail_level: Severity = "error") -> ET.Element:
    with scene_rules():
        return ET.fromstring(render(report_of(scene), fail_level))


def cases_of(scene: Scene, fail_level: Severity = "error") -> dict[str, str]:
    """Rule → the outcome of its case, `passed` where there is none."""
    cases = suites_of(scene, fail_level).iter("testcase")
    return {
        case.get("name", ""): next((each.tag for each in case if each.tag in OUTCOMES), "passed")
        for case in cases
    }


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("fail_level", get_args(Severity))
def test_counts_are_those_of_the_cases(scene: str, fail_level: Severity) -> None:
    root = suites_of(SCENES[scene], fail_level)
    for element in (root, *root.iter("testsuite")):
        cases = list(element.iter("testcase"))
        assert element.get("tests") == str(len(cases))
        for outcome, attribute in OUTCOMES.items():
            if attribute in element.attrib:
                assert element.get(attribute) == str(sum(case.find(outcome) is not None for case in cases))
    assert set(root.keys()) == {"name", "tests", "failures", "errors"}
    assert all(set(suite.keys()) == {*root.keys(), "skipped"} for suite in root)
    for case in root.iter("testcase"):
        assert len([each for each in case if each.tag in OUTCOMES]) <= 1


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("fail_level", ["error", "warning"])
def test_a_case_fails_where_the_exit_status_says_so(scene: str, fail_level: Severity) -> None:
    with scene_rules():
        status = report_of(SCENES[scene]).exit_status(fail_level)
    root = suites_of(SCENES[scene], fail_level)
    assert (root.get("errors") != "0") == (status == 2)
    if status != 2:
        assert (root.get("failures") != "0") == (status == 1)


def test_a_finding_below_the_fail_level_is_a_remark() -> None:
    assert cases_of(SCENES["error-and-warning"]) == {"tidy-value": "passed", "agreed-value": "failure"}
    assert cases_of(SCENES["error-and-warning"], "warning") == {
        "tidy-value": "failure",
        "agreed-value": "failure",
    }
    remark = suites_of(SCENES["error-and-warning"]).findtext(".//testcase[@name='tidy-value']/system-out")
    assert remark == "warning: superiority is a long word\nexperiments/buy-now.yaml:2:7\nhelp: say it shorter"


def test_a_failure_says_where_how_much_and_what_to_do() -> None:
    failure = suites_of(SCENES["error-and-warning"]).find(".//failure")
    assert failure is not None
    assert failure.get("message") == "the plan runs 5 days at full exposure; the policy requires 14"
    assert failure.text == "experiments/buy-now.yaml:3:36\n5 days; needs 14 days\nhelp: set `end: 2023-02-05`"


def test_what_is_waived_or_explained_elsewhere_is_skipped() -> None:
    assert cases_of(SCENES["waived"]) == {"tidy-value": "skipped", "agreed-value": "skipped"}
    assert cases_of(SCENES["missing-input"]) == {"agreed-value": "failure", "tidy-value": "skipped"}


def test_what_was_not_checked_is_skipped_unless_it_rejects() -> None:
    assert cases_of(SCENES["not-checked"]) == {"tidy-value": "skipped"}
    assert cases_of(SCENES["not-checked"], "warning") == {"tidy-value": "failure"}


def test_what_is_in_shadow_is_not_told() -> None:
    assert cases_of(SCENES["shadow"]) == {"tidy-value": "passed"}


def test_passes_are_cases_when_they_are_known() -> None:
    with scene_rules():
        report = report_of(SCENES["error-and-warning"])
        report.passes = [Passed("experiments/buy-now.yaml", 0, "minimum-runtime")]
        root = ET.fromstring(render(report, "error"))
    (suite,) = root.iter("testsuite")
    assert (suite.get("name"), suite.get("tests")) == ("experiments/buy-now.yaml", "3")
    passed = suite.find("testcase[@name='minimum-runtime']")
    assert passed is not None
    assert len(passed) == 0


def test_each_document_of_a_file_is_a_suite() -> None:
    root = suites_of(Scene(f"{PLAN}---\n{PLAN}", agreed=[Finding(("type",), "a long word")]))
    assert [suite.get("name") for suite in root] == ["experiments/buy-now.yaml", "experiments/buy-now.yaml#2"]


def test_all_that_a_rule_says_is_in_its_case() -> None:
    findings = [Finding(("id",), "first"), Finding(("type",), "second")]
    (case,) = suites_of(Scene(PLAN, agreed=findings)).iter("testcase")
    assert "first" in ET.tostring(case, encoding="unicode")
    assert "second" in ET.tostring(case, encoding="unicode")


@given(text=st.text())
def test_any_text_gives_xml_that_says_what_can_be_written(text: str) -> None:
    assume(
        "::" not in text and "##" not in text
    )  # what a CI takes for a command is defused, see test_text.py
    scene = Scene(PLAN, agreed=[Finding(("id",), text, help=text)], tidy=[NotChecked((text,))])
    root = suites_of(scene)
    assert {each.tag for each in root.iter()} <= {
        "testsuites",
        "testsuite",
        "testcase",
        "system-out",
        *OUTCOMES,
    }
    (failure,) = root.iter("failure")
    assert failure.get("message") == "".join(
        c if c.isprintable() else " " if c == "\t" else "\ufffd" for c in text
    )
