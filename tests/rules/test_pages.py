"""Every rule's page is its specification: what passes passes, what fails fails at the stated place."""

from __future__ import annotations

import re

import pytest

from egp.rules.rule import Example, Rule
from egp.yaml import Span, pointer, read_text
from tests.rules.examples import Outcome, all_rules, run_example
from tests.rules.outcomes import cases, committed, recorded

RULES = all_rules()
COMMITTED = committed()
CASES = cases()
EXAMPLES = [
    pytest.param(rule, example, id=f"{rule.id}-{number}")
    for rule in RULES
    for number, example in enumerate(rule.page.examples, start=1)
]


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_example(rule: Rule, example: Example) -> None:
    outcome = run_example(rule, example)
    if example.outcome == "not checked":
        assert outcome.not_checked == example.at
    elif example.outcome == "does not apply":
        assert not outcome.applies
    elif example.outcome == "passes":
        assert outcome == Outcome([], None)
    else:
        assert outcome.not_checked is None
        assert example.at in [_place(finding.at) for finding in outcome.findings]
        assert any(example.saying in finding.message for finding in outcome.findings), outcome.findings


@pytest.mark.parametrize("name", CASES)
def test_of_a_plan_all_that_is_committed_is_said_and_nothing_else(name: str) -> None:
    said = recorded(CASES[name])
    assert said == COMMITTED.get(name), "python -m tests.rules.outcomes writes what is said anew"


def test_what_is_committed_is_of_these_plans() -> None:
    assert sorted(COMMITTED) == sorted(CASES)


def _place(at: object) -> str:
    return "text" if isinstance(at, Span) else pointer(at)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_page_is_complete(rule: Rule) -> None:
    page = rule.page
    outcomes = {example.outcome for example in page.examples}
    assert {"passes", "fails"} <= outcomes, "a page shows at least one plan that passes and one that fails"
    assert page.summary.endswith(".")
    assert len(page.summary) <= 100
    assert 20 <= len(page.why) <= 200
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.text)
    assert set(blocks) <= {example.text for example in page.examples}, "every block has a header egp can run"
    below = re.findall(r"(?m)^(?:Passes|Fails|Not checked|Does not apply)\b.*:\n\n(.*)$", page.text)
    assert all(re.match(r"```yaml$|.*:$", each) for each in below), (
        "a header stands above its block or another header"
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_findings_are_worded_for_authors(rule: Rule) -> None:
    for example in rule.page.examples:
        for finding in run_example(rule, example).findings:
            assert finding.message
            assert not finding.message.endswith(".")
            assert finding.advice.text, "the smallest change that passes"
            assert "None" not in finding.message + finding.advice.text


def test_text_of_examples_is_yaml() -> None:
    for rule in RULES:
        for example in rule.page.examples:
            if not example.whole_file:
                assert all(not document.problems for document in read_text(example.text)), rule.id
