"""What rules say of one plan, whatever becomes of it: a crash of one keeps no other from speaking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from egp.plan.finding import (
    DoesNotApply,
    Failure,
    Finding,
    NotChecked,
    Refused,
    Related,
    Severity,
    Suppression,
)
from egp.policy.model import Adopted
from egp.stats import StatisticsInputError
from egp.stats.errors import input_error_of
from egp.stats.values import NamedTuple, field, mutable
from egp.yaml import Path, Span

if TYPE_CHECKING:
    from egp.rules.rule_inputs import Organisation

Named = tuple[Path, str]
"""A path that an error speaks about, and the rule whose error it is."""


@mutable
class RuleOutcome:
    """What one rule said about one plan."""

    adopted: Adopted
    findings: list[Finding]
    missing: Path | None = None
    reason: str = ""
    """Why the rule could not run, where it is not for want of a key."""
    advice: str = ""
    at: Span | None = None
    """Where the input is missing, in a file that has no paths."""
    related: tuple[Related, ...] = ()
    """What is shown beside the place of a missing input."""
    blocked_by: str = ""
    escalates: bool = False
    """Whether it might have found that the plan is impossible."""
    suppressed: dict[Finding, Suppression] = field(default_factory=dict)
    """They are reported, and have no effect on what other rules say."""

    @property
    def effective(self) -> list[Finding]:
        """The findings that nothing waives."""
        return (
            [each for each in self.findings if each not in self.suppressed]
            if self.suppressed
            else self.findings
        )


def named_by_errors(outcomes: Iterable[RuleOutcome]) -> list[Named]:
    return [
        (at, outcome.adopted.rule.id)
        for outcome in outcomes
        for finding in outcome.effective
        if severity_of(outcome.adopted, finding) == "error"
        for at in paths_of(finding)
    ]


def severity_of(adopted: Adopted, finding: Finding) -> Severity:
    return "error" if finding.impossible and not adopted.shadow else adopted.severity


def paths_of(finding: Finding) -> tuple[Path, ...]:
    """Every path the finding speaks about."""
    return finding.speaks_for if isinstance(finding.at, Span) else (finding.at, *finding.speaks_for)


@mutable
class RuleAnswers:
    """Rules that pass are only counted, those that do not apply are not."""

    outcomes: list[RuleOutcome] = field(default_factory=list)
    shadow: list[RuleOutcome] = field(default_factory=list)
    """Of rules of severity shadow, which have no effect."""
    passed: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def says_something(self) -> bool:
        return bool(self.outcomes or self.shadow)


class Question(NamedTuple):
    """What rules look at in one plan, by the name of the type that a rule's first parameter has."""

    inputs: Mapping[str, object]
    organisation: Organisation
    path: str


def answers_of(
    rules: Sequence[Adopted],
    shadow: Sequence[Adopted],
    inputs: Mapping[str, object],
    organisation: Organisation,
    path: str,
) -> RuleAnswers:
    """What the rules say of one plan."""
    return answers_of_each(rules, shadow, [Question(inputs, organisation, path)])[0]


def answers_of_each(
    rules: Sequence[Adopted], shadow: Sequence[Adopted], questions: Sequence[Question]
) -> list[RuleAnswers]:
    """What the same rules say of several plans. Rule by rule: the code of all does not fit into a processor's cache."""
    answers_of_all = [RuleAnswers() for _ in questions]
    pairs = [*zip(questions, answers_of_all, strict=True)]
    for adopted in rules:
        rule, params, of_type = adopted.rule, adopted.params, adopted.rule.input_type
        for (inputs, organisation, path), answers in pairs:  # without calls for what is common
            looked_at = inputs.get(of_type)
            if looked_at is None:
                continue
            findings: list[Finding] = []
            try:
                found = rule.found(looked_at, params, organisation)
                if found is None:
                    continue
                # One by one: what a rule found before it missed an input stays found.
                for finding in found:
                    findings.append(finding)
            except DoesNotApply:
                continue
            except Exception as error:
                _not_checked(adopted, findings, error, path, answers)
            else:
                if findings:
                    answers.outcomes.append(RuleOutcome(adopted, findings))
                else:
                    answers.passed.append(rule.id)
    for adopted in shadow:
        for question, answers in pairs:
            _ask_shadow(adopted, question, answers)
    return answers_of_all


def _not_checked(
    adopted: Adopted, findings: list[Finding], error: Exception, path: str, answers: RuleAnswers
) -> None:
    """What is reported of a rule that did not come to its end."""
    rule = adopted.rule
    if isinstance(error, NotChecked):
        reason = f"could not be checked: {error.reason}" if error.reason else ""
        outcome = RuleOutcome(adopted, findings, error.path, reason, error.help, error.at)
        outcome.escalates = error.escalates
        answers.outcomes.append(outcome)
    elif isinstance(error, StatisticsInputError | ArithmeticError):
        reason = f"could not be computed: {input_error_of(error)}"
        answers.outcomes.append(
            RuleOutcome(adopted, findings, ("primary_metric",), reason, advice="correct the numbers")
        )
    else:
        message = f"rule {rule.id} crashed on this plan ({type(error).__name__}); it is not judged by it"
        help = "please report this as a bug of egp, with the plan"
        failure = Failure(path, message, rule.id, help=help)
        answers.failures.append(error.failure if isinstance(error, Refused) else failure)
        answers.outcomes.append(RuleOutcome(adopted, [], (), "crashed", blocked_by=rule.id))


def _ask_shadow(adopted: Adopted, question: Question, answers: RuleAnswers) -> None:
    """A crash of a rule without effect has none either, and is reported all the same."""
    looked_at = question.inputs.get(adopted.rule.input_type)
    if looked_at is None:
        return
    rule = adopted.rule
    findings: list[Finding] = []
    try:
        for finding in rule.check(looked_at, adopted.params, question.organisation):
            findings.append(finding)
    except (DoesNotApply, NotChecked, StatisticsInputError, ArithmeticError):
        pass
    except Refused as refusal:
        findings = [Finding((), refusal.failure.message, help=refusal.failure.help)]
    except Exception as error:
        message = f"rule {rule.id} crashed on this plan ({type(error).__name__})"
        findings = [Finding((), message, help="please report this as a bug of egp, with the plan")]
    if findings:
        answers.shadow.append(RuleOutcome(adopted, findings))
