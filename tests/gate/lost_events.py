"""Real harm, a broken page and lost events told apart, by seeded simulation.

``python -m tests.gate.lost_events --write`` puts the table into ``docs/statistics.md``; the tests run a part of it.
Experiments are those of ``simulations``, watched on the morning after two weeks; events that are lost are taken out
one by one.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from egp.gate.verdict import Decision
from egp.plan.results import Row
from egp.stats.values import replace

from .simulations import BASE, FIRST, LAST, PAGE, PER_DAY, READ, SEED, Noise, stage_rows
from .worlds import CONTROL, DAY, TREATMENT, World, days, plan_of, registered

BLOCK = re.compile(r"(<!-- generated: lost events -->\n).*?(<!-- /generated: lost events -->)", re.DOTALL)
FULL, SHORT = 300, 6

SECOND_WEEK = frozenset(days(FIRST + 7 * DAY, LAST))
ONE_DAY = frozenset({FIRST + 4 * DAY})
ALL = frozenset(days(FIRST, LAST))
BOTH = (CONTROL, TREATMENT)
ADDS, REFUNDS = "add_to_cart_rate", "refund_rate"


@dataclass(frozen=True)
class Loss:
    """Of the events of a metric only a share arrives, or happens, in some variants on some days."""

    metric: str
    kept: float
    when: frozenset[date] = ALL
    variants: tuple[str, ...] = (TREATMENT,)

    def share(self, row: Row) -> float:
        if row.metric != self.metric or row.variant not in self.variants or row.date is None:
            return 1.0
        of_row = [row.date + at * DAY for at in range(7 if row.window == "week" else 1)]
        return sum(self.kept if day in self.when else 1.0 for day in of_row) / len(of_row)


@dataclass(frozen=True)
class Situation:
    """What happens to an experiment whose guardrail should fall, as refunds should, or should not, as orders."""

    told: str
    losses: tuple[Loss, ...] = ()
    good: str = "decrease"
    expects: Mapping[str, float] = field(default_factory=dict)
    """Verdict, or `alive` for what metric-alive holds → its least share, a negative one for the largest."""

    def decisions(self, number: int, seed: int) -> Iterator[Decision]:
        plan = plan_of(guardrail_metrics={0: {"direction": self.good}})
        lock, noise = registered(plan), Noise(seed)
        truths = {CONTROL: BASE, TREATMENT: BASE}
        for _ in range(number):
            rows = stage_rows(noise, "test", days(FIRST, LAST), 2 * PER_DAY, 0.5, truths)
            left = tuple(self._left(noise, row) for row in rows)
            yield World(plan, left, READ, to="", registration=lock).decide()

    def _left(self, noise: Noise, row: Row) -> Row:
        for loss in self.losses:
            share = loss.share(row)
            if share < 1 and row.sum:
                left: dict[str, Any] = {"sum": float(noise.count(int(row.sum), share))}
                if row.covariate_cross_sum is not None:
                    left["covariate_cross_sum"] = row.covariate_cross_sum * left["sum"] / row.sum
                row = replace(row, **left)
        return row

    def shares(self, number: int, seed: int) -> dict[str, float]:
        """How often metric-alive holds, and how often the verdict is which."""
        found = dict.fromkeys(("alive", "proceed", "hold", "roll_back"), 0)
        for decision in self.decisions(number, seed):
            found[decision.verdict] += 1
            found["alive"] += any(
                each.check == "metric-alive" and not each.passed for each in decision.readings
            )
        return {name: count / number for name, count in found.items()}


def situations() -> list[Situation]:
    held, undone = {"alive": 0.95, "hold": 0.95}, {"roll_back": 0.95}
    return [
        Situation("nothing", expects={"alive": -0.01, "proceed": 0.5}),
        Situation("the guardrail falls by 50 % in the treatment, as it should", (Loss(REFUNDS, 0.5),),
                  expects={"alive": -0.05, "roll_back": -0.05}),
        Situation("the guardrail falls by 50 % in the treatment, as it should not", (Loss(REFUNDS, 0.5),),
                  "increase", {"alive": -0.01, **undone}),
        Situation("checkout breaks in the treatment in week 2: primary and guardrail fall by 90 %",
                  (Loss(ADDS, 0.1, SECOND_WEEK), Loss(REFUNDS, 0.1, SECOND_WEEK)), "increase",
                  {"alive": 0.95, **undone}),
        Situation("all events of the guardrail are lost in the treatment", (Loss(REFUNDS, 0.0),), expects=held),
        Situation("the same, from week 2 on", (Loss(REFUNDS, 0.0, SECOND_WEEK),), expects=held),
        Situation("the same, on one day", (Loss(REFUNDS, 0.0, ONE_DAY),), expects=held),
        Situation("half of them, from week 2 on", (Loss(REFUNDS, 0.5, SECOND_WEEK),), expects={}),
        Situation("half of them, from the first day on", (Loss(REFUNDS, 0.5),), expects={"alive": -0.05}),
        Situation("all of them, in both variants", (Loss(REFUNDS, 0.0, ALL, BOTH),), expects=held),
        Situation("the same, from week 2 on", (Loss(REFUNDS, 0.0, SECOND_WEEK, BOTH),), expects=held),
        Situation("the same, on one day", (Loss(REFUNDS, 0.0, ONE_DAY, BOTH),), expects=held),
        Situation("all events of the primary are lost in the treatment", (Loss(ADDS, 0.0),), expects=held),
    ]  # fmt: skip


def failures(situation: Situation, shares: Mapping[str, float]) -> list[str]:
    """Expectations that are not met."""
    return [
        name
        for name, least in situation.expects.items()
        if (shares[name] < least if least > 0 else shares[name] > -least)
    ]


def table() -> str:
    lines = [
        "| what happens | metric-alive holds | proceed | hold | roll back |",
        "|---|---:|---:|---:|---:|",
    ]
    for at, situation in enumerate(situations()):
        shares = situation.shares(FULL, SEED + at)
        missed = failures(situation, shares)
        if missed:
            raise SystemExit(f"{situation.told}: {missed} of {shares}")
        cells = " | ".join(f"{share * 100:.1f} %" for share in shares.values())
        lines.append(f"| {situation.told} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.lost_events")
    parser.add_argument("--write", action="store_true", help="put the table into docs/statistics.md")
    options = parser.parse_args()
    found = table()
    sys.stdout.write(found)
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        if not BLOCK.search(page):
            raise SystemExit(f"{PAGE.name} has no block for lost events")
        PAGE.write_text(BLOCK.sub(lambda match: match[1] + found + match[2], page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
