"""What each rule says of each example on its page: all findings with their places and amounts, and of no other.

The pages promise that a finding is there; here is what else there is. After a change that is meant,
`python -m tests.rules.outcomes` writes `outcomes.txt` anew; read the diff.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from egp.plan.finding import Finding
from egp.rules.rule import Example, Rule
from egp.yaml import Span, pointer

from .examples import Outcome, all_rules, run_example

GOLDEN = Path(__file__).parent / "outcomes.txt"


@cache
def examples() -> dict[str, tuple[Rule, Example]]:
    """By rule and number."""
    return {
        f"{rule.id} {number}": (rule, example)
        for rule in all_rules()
        for number, example in enumerate(rule.page.examples, start=1)
    }


def committed() -> dict[str, str]:
    """Rule and number of the example → what is said of it."""
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def told(outcome: Outcome) -> str:
    if not outcome.applies:
        return "does not apply"
    if outcome.not_checked is not None:
        return f"not checked at {outcome.not_checked}"
    return "; ".join(map(_told, outcome.findings)) or "passes"


def _told(finding: Finding) -> str:
    where = "text" if isinstance(finding.at, Span) else pointer(finding.at)
    asked = f"needed: {finding.required}" if finding.required else ""
    marks = [name for name in ("impossible", "on_key", "secret") if getattr(finding, name)]
    return " | ".join(filter(None, (where, finding.observed, asked, *marks)))


def main() -> None:
    lines = (f"{name}: {told(run_example(*example))}\n" for name, example in examples().items())
    GOLDEN.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
