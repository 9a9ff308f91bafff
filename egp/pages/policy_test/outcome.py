"""What came of the tests of a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from egp.pages.policy_test.boundaries import Covered, Prober, parameters
from egp.pages.policy_test.reading import ReadTest
from egp.pages.policy_test.running import Bench, objections
from egp.policy.model import Policy
from egp.rules.custom.trial import Trial, trials

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class JudgedTest:
    """A test, and why it failed."""

    name: str
    place: str
    objections: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        return not self.objections


@dataclass(frozen=True, slots=True)
class PolicyTestOutcome:
    """All tests of a policy, and where they stand around its numbers."""

    policy: Policy
    results: tuple[JudgedTest, ...]
    boundaries: tuple[Covered, ...]

    @property
    def failed(self) -> list[JudgedTest]:
        return [each for each in self.results if not each.succeeded]

    @property
    def open(self) -> list[Covered]:
        """Numbers of which a side could be moved, and no test would notice."""
        return [each for each in self.boundaries if not each.is_whole]

    def exit_status(self, are_boundaries_required: bool) -> int:
        """0 all succeed, 1 a test fails or a boundary that is required is open."""
        return int(bool(self.failed or (are_boundaries_required and self.open)))


def run_tests(
    policy: Policy, cases: Sequence[ReadTest], progress: Progress | None = None
) -> PolicyTestOutcome:
    """Runs the tests beside the policy and those of its own rules, and looks for open boundaries.

    Raises Refused for a rule of the policy's own that cannot judge.
    """
    bench = Bench()
    said = [(case, bench.said(case, policy)) for case in cases]
    results = [JudgedTest(case.name, case.place, tuple(objections(case, answer))) for case, answer in said]
    succeeded = [each for each, result in zip(said, results, strict=True) if result.succeeded]
    prober = Prober(policy, succeeded, bench)
    numbers = list(parameters(policy))
    boundaries = []
    for at, parameter in enumerate(numbers):
        if progress:
            progress(at, len(numbers))
        boundaries.append(prober.covered(parameter))
    return PolicyTestOutcome(policy, (*results, *_own_rules(policy)), tuple(boundaries))


def _own_rules(policy: Policy) -> Iterator[JudgedTest]:
    """The tests of the rules that the policy writes itself."""
    for trial in trials(policy.custom):
        place = f"{trial.rule.document.path}:{trial.line}"
        why = () if trial.succeeded else (_missed(trial),)
        yield JudgedTest(f"{trial.rule.id}: {trial.test.expect}", place, why)


def _missed(trial: Trial) -> str:
    at = f" at {trial.test.at}" if trial.test.at is not None else ""
    said = _WORDED.get(trial.said, trial.said)
    if trial.places:
        said = f"{said} at {', '.join(each or 'the plan' for each in trial.places)}"
    expected = _WORDED.get(trial.test.expect or "", trial.test.expect)
    return f"{trial.rule.id} {said}, where {expected}{at} is expected"


_WORDED = {"not_checked": "not checked", "does_not_apply": "does not apply"}
