"""From what the rules said about a plan to what is reported: one root cause, one diagnostic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import inf
from typing import TYPE_CHECKING

from egp.check.answers import Named, RuleOutcome, named_by_errors, severity_of
from egp.plan.finding import SEVERITIES, Finding
from egp.plan.typed_reader import label
from egp.policy.model import Adopted
from egp.yaml import Path, Span

if TYPE_CHECKING:
    from egp.check.suppressions import Suppressor


def keep_root_causes(
    outcomes: Sequence[RuleOutcome], already: Sequence[Named] = (), suppressor: Suppressor | None = None
) -> Sequence[Named]:
    """Leaves one diagnostic for one root cause. Returns what errors name.

    What is suppressed is set aside first: it makes no other finding redundant, and speaks for no missing input.
    """
    if suppressor:
        suppressor.waive(outcomes)
    _end_judgement(outcomes)
    _drop_redundant(outcomes)
    named = [*already, *named_by_errors(outcomes)]
    for outcome in outcomes:
        if outcome.missing is not None and not outcome.blocked_by:
            missing = outcome.missing
            outcome.blocked_by = next((rule for at, rule in named if _touches(at, missing)), "")
    spoken = list(_speak_for_missing(outcomes))
    while suppressor and suppressor.excuse_missing(spoken):
        _silence_no_other(spoken, outcomes)
        spoken = list(_speak_for_missing(outcomes))
    return named_by_errors(outcomes)


def _end_judgement(outcomes: Sequence[RuleOutcome]) -> None:
    """Leaves of a plan that no rule is made for the finding that says so, and every other rule not checked."""
    ended = [
        (outcome, each)
        for outcome in outcomes
        for each in outcome.effective
        if each.ends_judgement and not isinstance(each.at, Span)
    ]
    for ending, finding in ended[:1]:
        assert not isinstance(finding.at, Span)
        for outcome in outcomes:
            if outcome is not ending and outcome.adopted.rule.input_type != "Document":
                outcome.findings, outcome.missing, outcome.reason = [], finding.at, ""
                outcome.blocked_by = ending.adopted.rule.id


def _speak_for_missing(outcomes: Sequence[RuleOutcome]) -> Iterator[tuple[RuleOutcome, Finding]]:
    """A rule that may reject and could not run, and of whose missing input no error speaks, is an error itself."""
    groups: dict[tuple[Path, str], list[RuleOutcome]] = {}
    for outcome in outcomes:
        if outcome.missing is not None and not outcome.blocked_by:
            groups.setdefault((outcome.missing, outcome.reason), []).append(outcome)
    for (missing, _), group in groups.items():
        speakers = [each for each in group if each.adopted.severity == "error"]
        speaker = next(iter(speakers or [each for each in group if each.escalates]), None)
        if speaker is None:
            continue
        finding = _missing_input(missing, group[0], [outcome.adopted.rule.id for outcome in group])
        speaker.findings.append(finding)
        for outcome in group:
            outcome.blocked_by = speaker.adopted.rule.id
        yield speaker, finding


def _silence_no_other(spoken: Sequence[tuple[RuleOutcome, Finding]], outcomes: Sequence[RuleOutcome]) -> None:
    """Rules of whose missing input only an suppressed finding of another rule speaks have to speak themselves."""
    excused = {
        (speaker.adopted.rule.id, speaker.missing, speaker.reason)
        for speaker, finding in spoken
        if finding in speaker.suppressed
    }
    for outcome in outcomes:
        is_speaker = outcome.blocked_by == outcome.adopted.rule.id
        if (outcome.blocked_by, outcome.missing, outcome.reason) in excused and not is_speaker:
            outcome.blocked_by = ""


def _missing_input(missing: Path, outcome: RuleOutcome, rules: Sequence[str]) -> Finding:
    blocked = ", ".join(rules)
    if outcome.reason:
        help = f"{outcome.advice}; blocked: {blocked}"
        return Finding(
            outcome.at or missing, outcome.reason, help=help, related=outcome.related, impossible=True
        )
    name = label(missing)
    return Finding(
        missing,
        f"the plan does not say `{name}`, and without it {len(rules)} checks cannot run: {blocked}"
        if len(rules) > 1
        else f"the plan does not say `{name}`, and without it {blocked} cannot be checked",
        observed="missing",
        required=f"`{name}`",
        help=f"declare `{name}`",
        impossible=True,
    )


def _touches(at: Path, missing: Path) -> bool:
    """Whether a finding at one path names the input missing at the other: the same, above it or below it."""
    shorter = min(len(at), len(missing))
    return at[:shorter] == missing[:shorter] and (shorter > 0)


def _drop_redundant(outcomes: Sequence[RuleOutcome]) -> None:
    """Takes out what another finding already says: rules that yield, and claims about keys that were misread."""
    speaking = {
        outcome.adopted.rule.id: _weight(outcome.adopted, outcome.effective)
        for outcome in outcomes
        if outcome.effective
    }
    places = _places(outcomes)
    for outcome in outcomes:
        outcome.findings = [
            each
            for each in outcome.findings
            if not (each.yields_in_place and places.get(each.at, inf) < _rank(outcome.adopted, each))
        ]
    # Of what has just been taken out nothing may be taken out again: then neither would be reported.
    misread = named_by_errors(
        outcome for outcome in outcomes if outcome.adopted.rule.input_type == "PlanFile"
    )
    for outcome in outcomes:
        rule = outcome.adopted.rule
        if outcome.findings and rule.input_type != "PlanFile":
            own_weight = _weight(outcome.adopted, outcome.findings)
            heavier = {other for other, weight in speaking.items() if weight <= own_weight}
            outcome.findings = [
                each for each in outcome.findings if not heavier & (rule.yields_to | each.yields_to)
            ]
            if not outcome.findings:
                continue
            blocked = {
                finding: by for finding in outcome.findings if (by := _misread_above(finding, misread))
            }
            outcome.findings = [finding for finding in outcome.findings if finding not in blocked]
            if not outcome.findings:
                outcome.missing, outcome.blocked_by = next(iter(blocked.values()))


def _places(outcomes: Iterable[RuleOutcome]) -> dict[object, float]:
    """Path → the rank of the finding there that says most."""
    places: dict[object, float] = {}
    for outcome in outcomes:
        for finding in outcome.effective:
            if not isinstance(finding.at, Span):
                rank = _rank(outcome.adopted, finding)
                places[finding.at] = min(rank, places.get(finding.at, rank))
    return places


def _rank(adopted: Adopted, finding: Finding) -> float:
    """By weight; of the same weight those that yield in their place come after the others."""
    return _weight(adopted, [finding]) + 0.5 * finding.yields_in_place


def _weight(adopted: Adopted, findings: Iterable[Finding]) -> int:
    """How much the findings of a rule weigh: 0 for an error, more for less."""
    return min(SEVERITIES.index(severity_of(adopted, finding)) for finding in findings)


def _misread_above(finding: Finding, misread: Iterable[Named]) -> Named | None:
    """What the finding is about or rests on with the rule that says that it is misread there or above; None where it is read."""
    if isinstance(finding.at, Span):
        return None
    paths = (finding.at, *finding.rests_on)
    return next(
        ((at, by) for above, by in misread if above for at in paths if at[: len(above)] == above), None
    )
