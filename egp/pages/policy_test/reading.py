"""Reading the tests beside a policy, and every mistake at its line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from egp.pages.policy_test.file import ExpectedFinding, Given, PolicyTest, PolicyTests
from egp.plan.finding import Failure, FailuresError
from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem, label, nearest, read
from egp.policy.layers import Layer, SettingValue
from egp.policy.model import Policy
from egp.policy.params import read_options
from egp.policy.settings import WEIGHTS, origin_of
from egp.stats.values import replace as replaced
from egp.yaml import Document, Path, read_file

NOTHING = "none"


class UnreadableTests(FailuresError):
    """Tests that cannot be run; egp ends with exit status 2."""


@dataclass(frozen=True, slots=True)
class ReadTest:
    """A test, read."""

    number: int
    """Its position in the file."""
    name: str
    place: str
    """File and line."""
    test: PolicyTest
    expected: tuple[ExpectedFinding, ...]
    expects_nothing: bool
    settings: Layer
    """Options on top of the policy's."""

    def names(self, rule_id: str) -> bool:
        """Whether the test has a say about a rule."""
        return (
            self.expects_nothing
            or rule_id in self.test.passes
            or any(each.rule == rule_id for each in self.expected)
        )


def file_beside(path: str) -> str:
    """Where the tests of a policy lie: `standard.test.yaml` beside `standard.yaml`."""
    stem, ending = os.path.splitext(path)
    return f"{stem}.test{ending}"


def read_tests(path: str, shown_as: str, policy: Policy) -> tuple[list[ReadTest], Policy]:
    """The tests in a file, and the policy with what is given. Raises UnreadableTests, OSError."""
    documents = read_file(path, shown_as)
    document = documents[0]
    failures = [
        Failure(shown_as, fault.message, "", fault.span, document.line(fault.span.start.line), fault.help)
        for fault in document.problems
    ]
    if failures:
        raise UnreadableTests(failures)
    problems: list[ValueProblem] = []
    content = read(PolicyTests, document.value, (), problems)
    if len(documents) > 1:
        problems.append(ValueProblem((), "wrong-type", "tests are one document", "remove what follows `---`"))
    cases = [_case(test, at, document, policy, problems) for at, test in enumerate(content.tests)]
    problems.extend(_repeated(cases))
    if not cases and not problems:
        problems.append(
            ValueProblem((), "missing", "there is no test in this file", "add one under `tests:`")
        )
    if problems:
        raise UnreadableTests([_failure(document, each) for each in problems])
    return cases, _with(policy, content.given)


def _case(
    test: PolicyTest, at: int, document: Document, policy: Policy, problems: list[ValueProblem]
) -> ReadTest:
    path: Path = ("tests", at)
    expects_nothing = test.expect == NOTHING
    expected: tuple[ExpectedFinding, ...] = ()
    if isinstance(test.expect, list):
        expected = tuple(
            read(ExpectedFinding, item, (*path, "expect", number), problems)
            for number, item in enumerate(test.expect)
        )
    elif test.expect is not None and not expects_nothing:
        message = f"expect is {shown(test.expect)}"
        problems.append(
            ValueProblem((*path, "expect"), "wrong-type", message, "write a list of findings, or none")
        )
    if not (expected or expects_nothing or test.passes) and test.expect in (None, []):
        message = "this test expects nothing in particular, and cannot fail"
        advice = "add `expect:` with findings, `expect: none`, or `passes:` with rules"
        problems.append(ValueProblem(path, "missing", message, advice))
    problems.extend(_no_changes(test, path))
    problems.extend(_unknown(test, expected, path, policy))
    settings = _settings(test, path, document, policy, problems)
    line = document.span(path).start.line if document.exists(path) else 1
    return ReadTest(at, test.name or "", f"{document.path}:{line}", test, expected, expects_nothing, settings)


def _settings(
    test: PolicyTest, path: Path, document: Document, policy: Policy, problems: list[ValueProblem]
) -> Layer:
    """The options that a test sets, as a policy on top would."""
    settings: dict[str, dict[str, SettingValue]] = {}
    for rule_id, options in (test.settings or {}).items():
        at = (*path, "settings", rule_id)
        if rule_id not in policy.catalogue:
            problems.append(_no_rule(rule_id, at, policy))
            continue
        read = read_options(policy.catalogue.load(rule_id), options, at, problems)
        settings[rule_id] = {
            name: SettingValue(value, origin_of(document, (*at, name))) for name, value in read.items()
        }
    return Layer(f"{document.path}#{path[1]}", settings)


def _no_changes(test: PolicyTest, path: Path) -> Iterator[ValueProblem]:
    """Plans that are no change to the sound plan."""
    stated: dict[Path, object] = {(*path, "others", at): each for at, each in enumerate(test.others)}
    if test.plan is not None:
        stated[(*path, "plan")] = test.plan
    for at, change in stated.items():
        if not isinstance(change, dict):
            message = f"{label(at)} is no change to a plan"
            yield ValueProblem(
                at, "wrong-type", message, "write a mapping, as in {schedule: {end: 2023-02-04}}"
            )


def _unknown(
    test: PolicyTest, expected: Sequence[ExpectedFinding], path: Path, policy: Policy
) -> Iterator[ValueProblem]:
    """Rules, severities and pointers that there are not."""
    named: list[tuple[Path, str | None]] = [((*path, "alone"), test.alone)]
    named += [((*path, "passes", number), each) for number, each in enumerate(test.passes)]
    for number, each in enumerate(expected):
        at = (*path, "expect", number)
        named.append(((*at, "rule"), each.rule))
        if each.severity is not None and each.severity not in WEIGHTS:
            advice = f"write one of {', '.join(WEIGHTS)}"
            yield ValueProblem((*at, "severity"), "wrong-type", f"severity is {shown(each.severity)}", advice)
        if each.at and not each.at.startswith("/"):
            advice = "write a JSON pointer, as in /schedule/end"
            yield ValueProblem((*at, "at"), "wrong-type", f"`{shown(each.at)}` is no pointer", advice)
    for at, rule_id in named:
        if rule_id is not None and rule_id not in policy.catalogue:
            yield _no_rule(rule_id, at, policy)


def _no_rule(rule_id: str, at: Path, policy: Policy) -> ValueProblem:
    guess = nearest(rule_id, policy.catalogue)
    hint = f", did you mean `{guess}`?" if guess else ""
    message = f"there is no rule `{shown(rule_id)}`{hint}"
    return ValueProblem(at, "unknown-key", message, "`egp rules` lists all rules")


def _repeated(cases: Sequence[ReadTest]) -> Iterator[ValueProblem]:
    seen: set[str] = set()
    for at, case in enumerate(cases):
        if case.name and case.name in seen:
            message = f"two tests are named `{shown(case.name)}`"
            yield ValueProblem(("tests", at, "name"), "wrong-type", message, "give each a name of its own")
        seen.add(case.name)


def _failure(document: Document, problem: ValueProblem) -> Failure:
    span = document.span(problem.path, key=problem.kind == "unknown-key")
    line = document.line(span.start.line)
    return Failure(document.path, problem.message, "", span, line, problem.help)


def _with(policy: Policy, given: Given | None) -> Policy:
    """The policy of an organisation that says what is given."""
    if given is None:
        return policy
    return replaced(
        policy,
        tiers=tuple((given.tiers or {}).items()) or policy.tiers,
        roles={**policy.roles, **(given.roles or {})},
        calendars={**policy.calendars, **(given.calendars or {})},
        waivers=given.waivers or policy.waivers,
        _adopted={},
        _organisations={},
    )
