"""From what the rules said of a plan to what is reported of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp.check.placing import Elsewhere, Placer
from egp.check.root_causes import keep_root_causes
from egp.output.report.model import Findings, Passed
from egp.stats.values import replace
from egp.yaml import Document, Span

if TYPE_CHECKING:
    from egp.check.answers import Named, RuleAnswers
    from egp.check.run import Run
    from egp.check.suppressions import Suppressor
    from egp.record.waivers.allowed import PlanSuppressions


def count(found: Findings, answers: RuleAnswers, run: Run, path: str, number: int = 0) -> None:
    """Adds what needs no place in the plan: rules that passed, and failures."""
    found.failures += answers.failures
    found.passed += len(answers.passed)
    if run.list_passes:
        found.passes += [Passed(path, number, rule) for rule in answers.passed]


def report(
    found: Findings,
    answers: RuleAnswers,
    document: Document,
    experiment: str,
    elsewhere: Elsewhere,
    already: Sequence[Named] = (),
    suppressor: Suppressor | None = None,
    flag: str = "",
) -> Sequence[Named]:
    """Adds the findings, one for each root cause. Returns what errors name, ``already`` being what they named before.

    ``flag`` is what the baseline calls the flag that they are about, where they are about one.
    """
    if not answers.says_something:
        return ()
    named = keep_root_causes(answers.outcomes, already, suppressor)
    said = [finding for outcome in (*answers.outcomes, *answers.shadow) for finding in outcome.findings]
    secrets = [each.at for each in said if each.secret and isinstance(each.at, Span)]
    placed = Placer(document, experiment, elsewhere, secrets, flag)
    for outcome in answers.outcomes:
        for finding in outcome.findings:
            diagnostic = placed.diagnostic(outcome.adopted, finding)
            suppressed = outcome.suppressed.get(finding) if outcome.suppressed else None
            found.diagnostics.append(replace(diagnostic, waiver=suppressed) if suppressed else diagnostic)
        if outcome.missing is not None:
            found.unchecked.append(placed.unchecked(outcome))
    for outcome in answers.shadow:
        for finding in outcome.findings:
            found.shadow.append(placed.diagnostic(outcome.adopted, finding))
    return named


def suppressor_of(
    run: Run, allowed: PlanSuppressions | None, document: Document, flag: str = ""
) -> Suppressor | None:
    """What suppresses findings of the plan, or of a flag; None for nearly all of them."""
    if allowed is None:
        return None
    from egp.check.suppressions import Suppressor

    return Suppressor(allowed, document, run.allowances is None or run.allowances.are_in_force, flag)
