"""What the gate does in the long run, by seeded simulation.

``python -m tests.gate.simulations --write`` puts the table into ``docs/statistics.md``; the tests run a part of it.
With ``--matrix`` the table is that of the designs that a plan can register (``tests.gate.matrix``), with ``--lives``
that of harmless lives (``tests.gate.lives``).
Sums of a day are drawn as normal around their expectation, which units in the thousands make them; rows are made
of them as a warehouse would, and every one of them goes through the gate.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Any

from egp import stats
from egp.plan.analysis.registered import (
    guardrail_test,
    metric_units,
    primary_control_units,
    primary_effect,
    primary_test,
)
from egp.plan.experiment import Experiment
from egp.plan.results import Row
from egp.stats.values import replace

from . import lives, matrix
from .worlds import CONTROL, DAY, ROOT, TREATMENT, Truth, World, days, plan_of, registered

SEED = 20230123
PAGE = ROOT / "docs" / "statistics.md"


def block(name: str) -> re.Pattern[str]:
    """A generated part of the page, between its two marks."""
    return re.compile(rf"(<!-- generated: {name} -->\n).*?(<!-- /generated: {name} -->)", re.DOTALL)


BLOCK = block("gate simulations")

PER_DAY = 10_600
"""New units of each variant on a day: the plan's sample, and a little more so that it is complete."""
ACTIVE = {"day": 41_000, "week": 150_000}
"""Units that come on a day and in a week, whether they are new or not."""

EXPOSURE = 0.9
FIRST, LAST = date(2023, 1, 23), date(2023, 2, 5)
READ = datetime.fromisoformat("2023-02-07T08:00:00-08:00")

BASE = Truth()
MARGIN = 0.08 * BASE.refund_rate
MDE = 0.0045

FULL, SHORT = {"decisions": 4_000}, {"decisions": 200}


class Noise:
    """Draws around expectations."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def around(self, mean: float, variance: float) -> float:
        return self._random.gauss(mean, math.sqrt(max(variance, 0.0)))

    def count(self, units: int, share: float) -> int:
        drawn = round(self.around(units * share, units * share * (1 - share)))
        return min(max(drawn, 0), units)


@dataclass(frozen=True)
class Arm:
    """A variant with its truth; ``head`` has what its rows share."""

    noise: Noise
    truth: Truth
    stage: str
    variant: str

    def row(self, window: Any, day: date | None, metric: str, units: int, **columns: Any) -> Row:
        return Row(
            self.stage, window, day, self.variant, metric, columns.pop("segment", ""), units, **columns
        )

    def adds(self, day: date, units: int, through: date) -> Row:
        """The four cells of adding to the cart now and before, which correlate by one half."""
        rate, before = self.truth.add_to_cart_rate, 0.18
        both = rate * before + 0.5 * math.sqrt(rate * (1 - rate) * before * (1 - before))
        twice = self.noise.count(units, both)
        now = self.noise.count(units - twice, (rate - both) / (1 - both))
        only_before = self.noise.count(units - twice - now, (before - both) / (1 - rate))
        seen = float(twice + only_before)
        return self.row(
            "cohort", day, "add_to_cart_rate", units, sum=float(twice + now), covariate_sum=seen,
            covariate_sum_squares=seen, covariate_cross_sum=float(twice), through=through,
        )  # fmt: skip

    def refunds(self, window: str, day: date, units: int, through: date | None) -> Row:
        refunded = float(self.noise.count(units, self.truth.refund_rate))
        return self.row(window, day, "refund_rate", units, sum=refunded, through=through)

    def contacts(self, window: str, day: date, units: int, through: date | None) -> Row:
        total = self.noise.around(self.truth.cs_contacts * units, 0.21**2 * units)
        squares = 0.21**2 * units + total**2 / units
        return self.row(window, day, "cs_contacts", units, sum=total, sum_squares=squares, through=through)

    def load(self, window: str, day: date | None, units: int, through: date | None) -> Row:
        error = 5.2 / math.sqrt(units)
        value = self.noise.around(self.truth.p95_page_load, error**2)
        return self.row(
            window, day, "p95_page_load", units, value=value, standard_error=error, through=through
        )

    def first_week(self, day: date, units: int) -> Row:
        added = float(self.noise.count(units, self.truth.add_to_cart_rate))
        return self.row("week", day, "add_to_cart_rate", units, segment="first_week", sum=added)


def stage_rows(
    noise: Noise, stage: str, span: list[date], new: int, treated: float, truths: Mapping[str, Truth]
) -> list[Row]:
    """The rows of a stage to which every day adds so many units, split at random."""
    rows: list[Row] = []
    through = span[-1] + DAY
    exposed = EXPOSURE if stage == "test" else 1.0
    split = [noise.count(new, treated) for _ in span]
    for variant, truth in truths.items():
        arm = Arm(noise, truth, stage, variant)
        share = exposed * (treated if variant == TREATMENT else 1 - treated)
        active = {window: round(number * share) for window, number in ACTIVE.items()}
        units = split if variant == TREATMENT else [new - count for count in split]
        for day, count in zip(span, units, strict=True):
            rows.append(arm.refunds("cohort", day, count, through))
            rows.append(arm.contacts("cohort", day, count, through))
            rows.append(arm.load("day", day, active["day"], None))
            if stage == "test":
                rows.append(arm.adds(day, count, through))
        rows.append(arm.load("total", None, sum(units), through))
        for at in range(0, len(span) - 6, 7):
            rows.append(arm.contacts("week", span[at], active["week"], None))
            rows.append(arm.refunds("week", span[at], active["week"], None))
            rows.append(arm.load("week", span[at], active["week"], None))
            if stage == "test":
                rows.append(arm.first_week(span[at], sum(units[:7])))
    return rows


def verdicts(plan: Experiment, truth: Truth, number: int, seed: int) -> Iterator[str]:
    """The verdict at the readout of so many experiments."""
    noise, lock, truths = Noise(seed), registered(plan), {CONTROL: BASE, TREATMENT: truth}
    for _ in range(number):
        rows = stage_rows(noise, "test", days(FIRST, LAST), 2 * PER_DAY, 0.5, truths)
        yield World(plan, tuple(rows), READ, registration=lock).decide().verdict


def shipped(truth: Truth, number: int, seed: int) -> float:
    return sum(verdict == "proceed" for verdict in verdicts(plan_of(), truth, number, seed)) / number


def predicted_power() -> float:
    """What the rule decision-power says of the plan, at the units that come."""
    plan = plan_of()
    units = float(PER_DAY * 14)
    guardrails = [(path, metric) for path, metric in plan.guardrails]
    return stats.decision_power(
        primary_test(plan),
        primary_effect(plan),
        primary_control_units(plan, units),
        [guardrail_test(plan, metric, path) for path, metric in guardrails],
        guardrail_units=[metric_units(plan, metric, units) for _, metric in guardrails],
    ).power


@dataclass(frozen=True)
class Promise:
    """A share that the gate promises, and how it is simulated."""

    asks: str
    promised: float
    is_bound: bool
    """Whether the share must not exceed the promise, or has to be it."""
    size: str
    share: Callable[[int, int], float]

    def error(self, number: int) -> float:
        return math.sqrt(self.promised * (1 - self.promised) / number)

    def is_kept(self, share: float, number: int) -> bool:
        """Within three standard errors."""
        excess = share - self.promised
        return excess <= 3 * self.error(number) and (self.is_bound or excess >= -3 * self.error(number))


def promises() -> list[Promise]:
    # Whatever else could hold a launch is as good as can be, so that the one clause decides.
    spotless = replace(BASE, refund_rate=0.025, cs_contacts=0.03, p95_page_load=1.7)
    harmful = replace(
        spotless, add_to_cart_rate=BASE.add_to_cart_rate + 3 * MDE, refund_rate=BASE.refund_rate + MARGIN
    )
    effect = replace(BASE, add_to_cart_rate=BASE.add_to_cart_rate + MDE)
    return [
        Promise("a treatment without any effect is shipped", 0.05, True, "decisions",
                lambda number, seed: shipped(spotless, number, seed)),
        Promise("a treatment whose refunds rise by the margin is shipped", 0.05, True, "decisions",
                lambda number, seed: shipped(harmful, number, seed)),
        Promise("a harmless treatment with the MDE is shipped", predicted_power(), False, "decisions",
                lambda number, seed: shipped(effect, number, seed)),
    ]  # fmt: skip


def table() -> str:
    lines = ["| what happens | promised | simulated | experiments |", "|---|---:|---:|---:|"]
    for at, promise in enumerate(promises()):
        number = FULL[promise.size]
        share = promise.share(number, SEED + at)
        if not promise.is_kept(share, number):
            raise SystemExit(f"{promise.asks}: {share:.4f}, promised {promise.promised:.4f}")
        error = math.sqrt(max(share, 1 / number) * (1 - share) / number)
        bound = "at most " if promise.is_bound else ""
        lines.append(
            f"| {promise.asks} | {bound}{promise.promised * 100:.1f} % | {share * 100:.2f} % ± {error * 100:.2f} | {number:,} |"
        )
    return "\n".join(lines) + "\n"


def lives_table(number: int) -> str:
    tallies = lives.run(number, SEED)
    broken = list(lives.broken_promises(tallies))
    if broken:
        raise SystemExit("\n".join([lives.table(tallies), *broken]))
    return lives.table(tallies)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gate.simulations")
    parser.add_argument("--write", action="store_true", help="put the table into docs/statistics.md")
    parser.add_argument("--matrix", action="store_true", help="the designs that a plan can register, instead")
    parser.add_argument("--processes", type=int, default=2, help="of the matrix, which takes them minutes")
    parser.add_argument(
        "--lives", nargs="?", type=int, const=10_000, metavar="N", help="harmless lives instead of decisions"
    )
    options = parser.parse_args()
    if options.matrix:
        name, found = "gate matrix", matrix.table(options.processes)
    elif options.lives:
        name, found = "harmless lives", lives_table(options.lives)
    else:
        name, found = "gate simulations", table()
    sys.stdout.write(found)
    if options.write:
        write(block(name), found)
    return 0


def write(place: re.Pattern[str], found: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    if not place.search(page):
        raise SystemExit(f"{PAGE.name} has no block for the simulations")
    PAGE.write_text(place.sub(lambda match: match[1] + found + match[2], page), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
