"""Every design that a plan can register, and what the gate's verdict on it is worth.

A cell is a kind of metric, with or without CUPED, on units that are or are not those of randomisation, with two, three
or five arms and a correction, one look or several, one side or two, for superiority or against a margin. ``egp check``
refuses a cell, with a reason and the nearest design that works, or the gate has to decide it. Of those that it decides a
covering array is simulated, in which every two values of two factors that go together occur in some cell.

Units are drawn one by one: sessions in users, skewed values, covariates. They are summed into rows, and the gate's own
check of the primary judges the rows. The share of wins without an effect (or with harm of the margin) must not exceed the
level; the share of wins with the effect that the sample was planned for is the power that egp prints.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from itertools import combinations, product
from multiprocessing import Pool
from typing import Any

import numpy as np
from numpy.typing import NDArray

from egp import stats
from egp.gate.checks import primary_outcome
from egp.gate.move import move_to
from egp.gate.readout import Readout
from egp.plan.analysis.decidable import undecidable
from egp.plan.analysis.registered import (
    planned_units,
    power_at,
    primary_effect,
    required_smallest,
)
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.remedy import help_line
from egp.plan.results import Evidence, Results, Row
from egp.record.lock import made
from egp.rules.rule import Params
from egp.stats.values import replace

Numbers = NDArray[np.floating[Any]]

POWER = 0.8
BASELINE = {"proportion": 0.2, "mean": 5.0, "ratio": 1.25, "quantile": 2.0}
EFFECT = {"proportion": 0.05, "mean": 0.8, "ratio": 0.2, "quantile": 0.16}
"""The MDE, and the margin, in the metric's own unit."""
UNIT = {"proportion": "", "mean": " USD", "ratio": " USD", "quantile": " s"}

DAYS = [date(2023, 1, 23), date(2023, 1, 24), date(2023, 1, 25)]
"""Of the test: on each a third of its units enters, and it is followed by a look."""
LOOKS = ["2023-01-24", "2023-01-25", "2023-01-26"]
READ = datetime.fromisoformat("2023-01-27T08:00:00+00:00")

ARMS = {
    "2": (("none",), (0.5, 0.5)),
    "3": (("bonferroni", "holm", "dunnett"), (0.4, 0.3, 0.3)),
    "5": (("bonferroni", "holm", "dunnett"), (0.2, 0.2, 0.2, 0.2, 0.2)),
}
LOOKING: dict[str, dict[str, Any]] = {
    "one look": {"method": "fixed_horizon"},
    "O'Brien-Fleming": {"method": "group_sequential", "spending": "obrien_fleming", "looks": LOOKS},
    "Pocock": {"method": "group_sequential", "spending": "pocock", "looks": LOOKS},
    "Hwang-Shih-DeCani": {
        "method": "group_sequential",
        "spending": "hwang_shih_decani",
        "spending_parameter": -2,
        "looks": LOOKS,
    },
    "always valid": {"method": "always_valid", "looks": LOOKS},
}
FACTORS: dict[str, tuple[str, ...]] = {
    "kind": tuple(BASELINE),
    "adjustment": ("none", "CUPED"),
    "analysed": ("users", "sessions in users"),
    "arms": tuple(f"{arms}, {correction}" for arms, (names, _) in ARMS.items() for correction in names),
    "looks": tuple(LOOKING),
    "sides": ("one", "two"),
    "aim": ("superiority", "non-inferiority"),
}

ERROR = 0.003
"""Standard error of a simulated type I error at its level."""
POWER_RUNS = 2_500
TOLERANCE = 0.03
"""How far the simulated power may be from the printed one."""
FAMILY = 0.01
"""Chance that any cell of the whole table is flagged though every level is kept."""
PATTERNS = 12
"""Different random splits of a cell's units; the runs are shared out among them."""


@dataclass(frozen=True)
class Cell:
    """One design."""

    kind: str
    adjustment: str
    analysed: str
    arms: str
    looks: str
    sides: str
    aim: str

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(getattr(self, name) for name in FACTORS)

    @property
    def has_sessions(self) -> bool:
        return self.analysed != "users"

    @property
    def weights(self) -> tuple[float, ...]:
        return ARMS[self.arms.split(",", maxsplit=1)[0]][1]

    @property
    def is_non_inferiority(self) -> bool:
        return self.aim == "non-inferiority"

    @property
    def level(self) -> float:
        """Of wins by any treatment."""
        return 0.05 if self.sides == "one" else 0.025

    @cached_property
    def plan(self) -> Experiment:
        """The design as a plan that has the sample it needs, where that can be computed."""
        bare = self._plan(1_000)
        if any(undecidable(bare)):
            return bare
        return self._plan(math.ceil(required_smallest(bare) - 1e-9))

    def _plan(self, units: int) -> Experiment:
        variants = [{"id": "control", "weight": f"{self.weights[0]:.0%}", "control": True}]
        variants += [
            {"id": f"t{at}", "weight": f"{weight:.0%}"} for at, weight in enumerate(self.weights[1:], 1)
        ]
        plan, problems = read_experiment(
            {
                "id": "cell",
                "type": "non_inferiority" if self.is_non_inferiority else "superiority",
                "unit": "user",
                "analysis_unit": "session" if self.has_sessions else "user",
                "variants": variants,
                "primary_metric": self._metric(),
                "statistics": self._statistics(),
                "sample_size_per_variant": units,
                "schedule": {
                    "start": DAYS[0].isoformat(),
                    "end": DAYS[-1].isoformat(),
                    "exposure": "100%",
                    "timezone": "UTC",
                },
                "decision_rule": {"otherwise": "keep_control"},
                "ramp": [{"treated": "50%", "min_dwell": "48h"}],
            }
        )
        assert not problems, problems
        return plan

    def _metric(self) -> dict[str, Any]:
        kind, spread = self.kind, spreads(self)
        metric: dict[str, Any] = {"id": "metric", "kind": kind, "direction": "increase"}
        metric["baseline"] = "20%" if kind == "proportion" else f"{BASELINE[kind]}{UNIT[kind]}"
        if kind == "quantile":
            metric |= {"quantile": "90%", "influence_std_dev": f"{spread.std_dev:.6g}{UNIT[kind]}"}
        elif kind != "proportion":
            metric["std_dev"] = f"{spread.std_dev:.6g}{UNIT[kind]}"
        return metric | self._aim()

    def _aim(self) -> dict[str, str]:
        """The MDE, or the margin: of the control observed where the test has one side, else absolute."""
        size = EFFECT[self.kind]
        if self.is_non_inferiority and self.sides == "one":
            return {"non_inferiority_margin": f"{size / BASELINE[self.kind]:.6%}"}
        absolute = "5pp" if self.kind == "proportion" else f"{size}{UNIT[self.kind]}"
        return {"non_inferiority_margin" if self.is_non_inferiority else "mde": absolute}

    def _statistics(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "alpha": "5%",
            "sides": self.sides,
            "power": f"{POWER:.0%}",
            "correction": self.arms.split(", ")[1],
            **LOOKING[self.looks],
        }
        if self.adjustment == "CUPED":
            correlation = round(spreads(self).correlation, 4)
            found["variance_reduction"] = {"method": "cuped", "correlation": correlation}
        if self.has_sessions:
            found["clustering"] = {
                "method": "delta_method", "mean_size": 4, "icc": ICC, "cv": round(math.sqrt(3) / 4, 6)
            }  # fmt: skip
        return found


def cells() -> Iterator[Cell]:
    for values in product(*FACTORS.values()):
        yield Cell(*values)


def refusal(cell: Cell) -> tuple[str, str] | None:
    """What ``egp check`` says of a cell that the gate could not decide, and the nearest design that it can."""
    found = next(iter(undecidable(cell._plan(1_000))), None)
    return (found.problem, help_line(found.nearest, ())) if found else None


def accepted() -> list[Cell]:
    return [cell for cell in cells() if refusal(cell) is None]


def covering(among: Sequence[Cell]) -> list[Cell]:
    """Cells in which every two values that go together occur together: greedily the one with the most new pairs.

    Of equals the first in an order that has nothing to do with their values, so that what was covered long ago varies.
    """
    among = sorted(among, key=lambda cell: seed_of(cell, "order"))
    pairs = {cell: set(_pairs(cell)) for cell in among}
    missing = set().union(*pairs.values())
    chosen = []
    while missing:
        best = max(among, key=lambda cell: len(pairs[cell] & missing))
        chosen.append(best)
        missing -= pairs[best]
    return chosen


def _pairs(cell: Cell) -> Iterator[tuple[tuple[int, str], tuple[int, str]]]:
    yield from combinations(enumerate(cell.values), 2)


# Units.

ICC = 0.1
SHAPE = 0.3
"""Of a session's gamma value; one has a skewness of 3.7."""


@dataclass(frozen=True)
class Spread:
    """What a plan declares of its metric, measured on many units that are drawn as the experiment's are."""

    std_dev: float
    correlation: float


@cache
def _spread(kind: str, has_sessions: bool) -> Spread:
    generator = np.random.default_rng(1)
    users = _users(kind, has_sessions, generator, (400_000,), 0.0)
    if kind == "quantile":
        return Spread(_influence(users, has_sessions), 0.0)
    y, x = users.value, users.size
    is_ratio = kind == "ratio" or (kind == "proportion" and has_sessions)
    of_unit = (y - y.mean() / x.mean() * x) / x.mean() if is_ratio else y
    correlation = float(np.corrcoef(of_unit, _linear(users))[0, 1])
    return Spread(float(of_unit.std()), correlation)


def _linear(users: Users) -> Numbers:
    """Of each user the covariate, of a ratio how far its own is from that of all."""
    before, size = users.before, users.size_before
    assert before is not None
    return before if size is None else before - before.mean() / size.mean() * size


def spreads(cell: Cell) -> Spread:
    return _spread(cell.kind, cell.has_sessions)


@dataclass(frozen=True)
class Users:
    """Values of randomised units; ``size`` has the sessions, ``before`` the covariate."""

    value: Numbers
    size: Numbers
    before: Numbers | None = None
    size_before: Numbers | None = None
    """Of a ratio, or of a share of sessions: the sessions of the pre-period, which some users do not have."""
    sessions: Numbers | None = None
    """Of a quantile: the value of each session, users in the last axis but one; nan where a user has fewer."""


def _users(
    kind: str, has_sessions: bool, generator: np.random.Generator, shape: tuple[int, ...], effect: float
) -> Users:
    """Users whose metric is ``effect`` above its baseline."""
    size = 1.0 + generator.poisson(3.0, shape) if has_sessions or kind == "ratio" else np.ones(shape)
    if kind == "proportion":
        return _rates(has_sessions, generator, size, effect)
    if kind == "mean":
        # Today and before have half of their sessions' worth in common.
        shapes = SHAPE * size / 2 if has_sessions else np.full(shape, 0.25)
        scale = BASELINE["mean"] / (4 * SHAPE if has_sessions else 0.5)
        common, now, then = (scale * generator.standard_gamma(shapes) for _ in range(3))
        return Users(common + now + effect, size, common + then)
    if kind == "ratio":
        of_user = generator.gamma(4.0, 0.25, shape)
        scale = BASELINE["ratio"] / SHAPE
        then = generator.poisson(2.0, shape).astype(float)
        now, before = (scale * of_user * generator.standard_gamma(SHAPE * each) for each in (size, then))
        return Users(now + effect * size, size, before, then)
    return _loads(has_sessions, generator, size, effect)


def _rates(has_sessions: bool, generator: np.random.Generator, size: Numbers, effect: float) -> Users:
    rate = BASELINE["proportion"]
    if has_sessions:
        others = 1 / ICC - 1
        of_user = generator.beta(others * (rate + effect), others * (1 - rate - effect), size.shape)
        then = generator.poisson(2.0, size.shape)
        now = generator.binomial(size.astype(int), of_user).astype(float)
        # What users are inclined to was there before; the effect was not.
        before = generator.binomial(then, np.minimum(of_user * rate / (rate + effect), 1.0)).astype(float)
        return Users(now, size, before, then.astype(float))
    before = (generator.random(size.shape) < 0.3).astype(float)
    of_user = rate + effect + 0.4 * (before - 0.3)
    return Users((generator.random(size.shape) < of_user).astype(float), size, before)


def _loads(has_sessions: bool, generator: np.random.Generator, size: Numbers, effect: float) -> Users:
    """Lognormal loads, of which 90 % are below the baseline."""
    spread = 0.5
    middle = math.log(BASELINE["quantile"]) - stats.z_upper(0.1) * spread
    if not has_sessions:
        return Users(np.exp(generator.normal(middle, spread, size.shape)) + effect, size)
    most = 12
    of_user = generator.normal(0.0, spread * math.sqrt(ICC), (*size.shape, 1))
    own = generator.normal(middle, spread * math.sqrt(1 - ICC), (*size.shape, most))
    size = np.minimum(size, most)
    sessions = np.where(np.arange(most) < size[..., None], np.exp(of_user + own) + effect, np.nan)
    return Users(size, size, sessions=sessions)


def _influence(users: Users, has_sessions: bool) -> float:
    """Standard deviation of the quantile's influence function per user."""
    spread = 0.5
    density = (
        math.exp(-(stats.z_upper(0.1) ** 2) / 2) / math.sqrt(2 * math.pi) / spread / BASELINE["quantile"]
    )
    if not has_sessions:
        return math.sqrt(0.9 * 0.1) / density
    assert users.sessions is not None
    below = (users.sessions <= BASELINE["quantile"]).sum(axis=-1)
    off = (below - 0.9 * users.size) / users.size.mean()
    return float(off.std()) / density


def _quantile_row(users: Users, variant: str) -> Row:
    """The 90th percentile with Woodruff's standard error (1952), the sessions of a user being one draw."""
    values = users.value if users.sessions is None else users.sessions[~np.isnan(users.sessions)]
    ordered = np.sort(values)
    estimate = float(np.quantile(ordered, 0.9))
    if users.sessions is None:
        error = math.sqrt(0.09 / len(ordered))
    else:
        below = (users.sessions <= estimate).sum(axis=-1)
        error = float((below - 0.9 * users.size).std()) / users.size.mean() / math.sqrt(len(users.size))
    low, high = np.quantile(ordered, [0.9 - error, min(0.9 + error, 1.0)])
    units = len(users.value)
    return Row("test", "total", None, variant, "metric", "", units, value=estimate,
               standard_error=float(high - low) / 2, through=DAYS[-1])  # fmt: skip


# Experiments.


def _splits(cell: Cell, generator: np.random.Generator) -> list[list[int]]:
    """Units of each arm on each day: as many in all as are planned, split at random."""
    total = planned_units(cell.plan) / min(cell.weights)
    daily = np.diff([round(total * day / len(DAYS)) for day in range(len(DAYS) + 1)])
    return [generator.multinomial(count, cell.weights).tolist() for count in daily]


def experiments(cell: Cell, effect: float, runs: int, seed: int) -> Iterator[tuple[Row, ...]]:
    """The rows of so many experiments whose treatments move the metric by ``effect``."""
    generator = np.random.default_rng(seed)
    for at in range(PATTERNS):
        share = runs * (at + 1) // PATTERNS - runs * at // PATTERNS
        split = _splits(cell, generator)
        if cell.kind == "quantile":
            yield from (_quantile_rows(cell, generator, split, effect) for _ in range(share))
        else:
            yield from _summed(cell, generator, split, effect, share)


def _names(cell: Cell) -> list[str]:
    return ["control", *(f"t{at}" for at in range(1, len(cell.weights)))]


def _quantile_rows(
    cell: Cell, generator: np.random.Generator, split: list[list[int]], effect: float
) -> tuple[Row, ...]:
    rows = []
    for at, name in enumerate(_names(cell)):
        units = sum(of_day[at] for of_day in split)
        users = _users(cell.kind, cell.has_sessions, generator, (units,), effect if at else 0.0)
        rows.append(_quantile_row(users, name))
    return tuple(rows)


def _summed(
    cell: Cell, generator: np.random.Generator, split: list[list[int]], effect: float, runs: int
) -> Iterator[tuple[Row, ...]]:
    """Row by row for all runs, then run by run."""
    columns, made_of = [], []
    for day, units in zip(DAYS, split, strict=True):
        for at, name in enumerate(_names(cell)):
            users = _users(cell.kind, cell.has_sessions, generator, (runs, units[at]), effect if at else 0.0)
            columns.append(_columns(cell, users))
            made_of.append((day, name, units[at]))
    for run in range(runs):
        yield tuple(
            Row("test", "cohort", day, name, "metric", "", units, through=DAYS[-1],
                **{key: float(total[run]) for key, total in sums.items()})
            for (day, name, units), sums in zip(made_of, columns, strict=True)
        )  # fmt: skip


def _columns(cell: Cell, users: Users) -> dict[str, Numbers]:
    y, x = users.value, users.size
    sums = {"sum": y.sum(axis=1)}
    if cell.kind != "proportion" or cell.has_sessions:
        sums["sum_squares"] = (y * y).sum(axis=1)
    if cell.kind == "ratio" or (cell.kind == "proportion" and cell.has_sessions):
        sums |= {
            "denominator_sum": x.sum(axis=1),
            "denominator_sum_squares": (x * x).sum(axis=1),
            "cross_sum": (x * y).sum(axis=1),
        }
    if cell.adjustment == "CUPED":
        before = users.before
        assert before is not None
        sums |= {
            "covariate_sum": before.sum(axis=1),
            "covariate_sum_squares": (before * before).sum(axis=1),
            "covariate_cross_sum": (before * y).sum(axis=1),
        }
        if users.size_before is not None:
            then = users.size_before
            sums |= {
                "covariate_denominator_sum": then.sum(axis=1),
                "covariate_denominator_sum_squares": (then * then).sum(axis=1),
                "covariates_cross_sum": (before * then).sum(axis=1),
                "covariate_denominator_cross_sum": (y * then).sum(axis=1),
                "denominator_covariate_cross_sum": (x * before).sum(axis=1),
                "denominators_cross_sum": (x * then).sum(axis=1),
            }
    return sums


def wins(cell: Cell, effect: float, runs: int, seed: int, treatment: str = "") -> float:
    """Share of experiments in which the gate's check of the primary passes a treatment, or this one."""
    plan, params = cell.plan, Params()
    move = move_to(plan, "50%")
    results = made(Results, experiment="cell", as_of=READ)
    won = 0
    for rows in experiments(cell, effect, runs, seed):
        readout = Readout(plan, Evidence(results, READ, rows, (), ""), move, READ, treatment=treatment)
        won += any(reading.passed for reading in primary_outcome.check(readout, params))
    return won / runs


# The table.


@dataclass(frozen=True)
class Found:
    """What a cell was simulated to do."""

    cell: Cell
    error: float
    error_runs: int
    printed: float
    power: float
    again: float | None = None
    """The type I error on a fresh seed, of a cell that was flagged."""

    @property
    def standard_error(self) -> float:
        return math.sqrt(self.cell.level * (1 - self.cell.level) / self.error_runs)

    def is_flagged(self, cells: int) -> bool:
        """Whether the error is past its level by more than chance allows any of so many cells (Bonferroni)."""
        return self.error > self.cell.level + stats.z_upper(FAMILY / cells) * self.standard_error

    def is_kept(self, cells: int) -> bool:
        """Whether level and power hold; a flagged cell's level by its fresh runs."""
        level = not self.is_flagged(cells) or (
            self.again is not None
            and self.again <= self.cell.level + stats.z_upper(FAMILY) * self.standard_error
        )
        return level and abs(self.power - self.printed) <= TOLERANCE


def seed_of(cell: Cell, purpose: str) -> int:
    return int(hashlib.sha256(f"{cell.values} {purpose}".encode()).hexdigest()[:8], 16)


def _null(cell: Cell) -> float:
    """The effect of a treatment that must not win: none, or harm of the margin."""
    return -EFFECT[cell.kind] if cell.is_non_inferiority else 0.0


def simulated(cell: Cell, share: float = 1.0) -> Found:
    """The cell's type I error and power, from a share of the runs of the published table."""
    runs = math.ceil(share * cell.level * (1 - cell.level) / ERROR**2)
    effect = primary_effect(cell.plan)
    printed = power_at(cell.plan, effect, planned_units(cell.plan))
    error = wins(cell, _null(cell), runs, seed_of(cell, "error"))
    power = wins(cell, effect, math.ceil(share * POWER_RUNS), seed_of(cell, "power"), "t1")
    return Found(cell, error, runs, printed, power)


def again(found: Found) -> Found:
    """A flagged cell once more, on a fresh seed."""
    return replace(
        found, again=wins(found.cell, _null(found.cell), found.error_runs, seed_of(found.cell, "again"))
    )


def run(chosen: Sequence[Cell], processes: int = 1) -> list[Found]:
    if processes == 1:
        found = [simulated(cell) for cell in chosen]
    else:
        with Pool(processes) as pool:
            found = pool.map(simulated, chosen, chunksize=1)
    return [again(each) if each.is_flagged(len(chosen)) else each for each in found]


def table(processes: int = 1) -> str:
    """Markdown: the simulated cells, then the refusals. Raises SystemExit where a promise is not kept."""
    chosen = covering(accepted())
    found = run(chosen, processes)
    text = "\n".join([*_simulated_lines(found), "", *refusal_lines()]) + "\n"
    broken = [each for each in found if not each.is_kept(len(chosen))]
    if broken:
        raise SystemExit(text + "\n".join(f"not kept: {_line(each)}" for each in broken))
    return text


def _simulated_lines(found: Sequence[Found]) -> Iterator[str]:
    yield (
        "| kind | adjusted | analysed | arms | looks | sides | aim | level | wins by chance | ± | power printed "
        "| wins with the effect | ± |"
    )
    yield "|---|---|---|---|---|---|---|---:|---:|---:|---:|---:|---:|"
    yield from map(_line, found)


def _line(found: Found) -> str:
    error = _percent(found.error) + ("" if found.again is None else f", again {_percent(found.again)}")
    spread = math.sqrt(found.printed * (1 - found.printed) / POWER_RUNS)
    return (
        f"| {' | '.join(found.cell.values)} | {found.cell.level:.1%} | {error} | {_percent(found.standard_error)} "
        f"| {found.printed:.1%} | {found.power:.1%} | {spread:.1%} |"
    ).replace("%", " %")


def _percent(share: float) -> str:
    return f"{share:.2%}"


def refusal_lines() -> Iterator[str]:
    counted: dict[tuple[str, str], int] = {}
    for cell in cells():
        reason = refusal(cell)
        if reason is not None:
            counted[reason] = counted.get(reason, 0) + 1
    total = math.prod(map(len, FACTORS.values()))
    yield f"Of {total:,} designs check refuses {sum(counted.values()):,}, and says why:"
    yield ""
    yield "| designs | because | nearest design that works |"
    yield "|---:|---|---|"
    for (problem, nearest), count in counted.items():
        yield f"| {count:,} | {problem} | {nearest} |"
