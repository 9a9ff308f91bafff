"""What `egp power` prints, a file for each question at a wide and a narrow terminal.

After a change of the text that is meant, `python -m tests.power.transcripts --write` writes them anew; read the diff.
"""

from __future__ import annotations

import shlex
import sys
from datetime import date
from pathlib import Path

from egp.output.page import text
from egp.output.report.text import Style
from egp.pages.power import page, plan_page
from egp.pages.power.plan_reading import powers
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.power.asking import POLICY, ROOT, answer_to

FOLDER = Path(__file__).parent / "golden"
WIDTHS = (100, 60)

QUESTIONS = {
    "size": "--kind proportion --baseline 12% --mde 30bps --per-day 20_000",
    "size-by-relative-mde": "--kind proportion --baseline 12% --mde 2% --correlation 0.5",
    "mde-of-days": "--kind mean --baseline 0.85USD --std-dev 3.23USD --days 14d --per-day 460_000",
    "mde-of-few-units": "--kind mean --baseline 10 --std-dev 3 --units 40 --direction decrease",
    "power": "--kind proportion --baseline 12% --mde 30bps --units 140_000",
    "naive-looks": "--kind proportion --baseline 12% --mde 30bps --units 140_000 --looks 5",
    "group-sequential": "--kind proportion --baseline 12% --mde 30bps --looks 5 --spending obrien-fleming",
    "many-boundaries": "--kind proportion --baseline 12% --mde 30bps --looks 9 --spending pocock --sides one",
    "always-valid": "--kind ratio --baseline 0.85USD --std-dev 3.23USD --mde 0.02USD --always-valid",
    "margin": "--kind proportion --baseline 3.1% --margin 8% --direction decrease --units 70_000",
    "smallest-margin": "--kind quantile --baseline 1900ms --std-dev 5200ms --margin --units 140k --direction decrease",
    "decision": (
        "--kind proportion --baseline 12% --mde 45bps --guardrails 3 --power-scope decision --clusters 4.2,0.02"
    ),
    "treatments": "--kind proportion --baseline 12% --mde 30bps --weights 50,30,20",
    "correction": "--kind proportion --baseline 12% --mde 30bps --weights 40,30,30 --correction dunnett",
    "guardrails-forgotten": "--kind proportion --baseline 12% --mde 30bps --weights 90,10 --guardrails 2",
}
PLANS = {
    "plan-buy-now": "examples/experiments/pdp-buy-now.yaml",
    "plan-ranking-model": "examples/experiments/ranking-model.yaml",
}
NAMES = (*QUESTIONS, *PLANS)


def golden_path(name: str) -> Path:
    return FOLDER / f"{name}.txt"


def told(name: str) -> str:
    """The report at every width, each under a ruler of that width."""
    return (
        "\n".join(line for width in WIDTHS for line in [f"{width:=>{width}}", *lines(name, Style(width))])
        + "\n"
    )


def lines(name: str, style: Style) -> list[str]:
    if name in QUESTIONS:
        return text.render(page.page(answer_to(QUESTIONS[name])), style).splitlines()
    policy = read_policy(str(POLICY), "policy.yaml")
    finder = PlanFinder(str(ROOT))
    plans, failures = powers(finder.asked([PLANS[name]]), finder, policy, date(2023, 1, 18))
    assert not failures
    return text.render(plan_page.page(plans, policy), style).splitlines()


def main(arguments: list[str]) -> int:
    if arguments != ["--write"]:
        sys.stderr.write("usage: python -m tests.power.transcripts --write\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for name in NAMES:
        golden_path(name).write_text(told(name), encoding="utf-8")
    return 0


def command(name: str) -> list[str]:
    """The arguments of the question on a command line."""
    return shlex.split(QUESTIONS[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
