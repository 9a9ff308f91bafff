"""The example results: ``python -m examples.results.generate`` writes them, the same bytes every time.

The story's totals are told below, as observed; what lies between them, the days, is drawn with a fixed seed. A draw
takes the units of a day without replacement from the units of the whole stage, so that days add up to the totals.
"""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import NormalDist

from egp.plan.results import COLUMNS

FOLDER = Path(__file__).parent
DAY = timedelta(days=1)

Cells = dict[str, object]


class Draw:
    """Seeded draws; only ``random()`` is asked of the generator, which gives the same numbers on every Python."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def normal(self) -> float:
        return NormalDist().inv_cdf(max(self._random.random(), 1e-12))

    def binomial(self, units: int, share: float) -> int:
        return self._near(units * share, units * share * (1 - share), 0, units)

    def split(self, total: int, sizes: Sequence[int]) -> list[int]:
        """How many of ``total`` marked units fall into each part of a population."""
        parts = []
        rest = sum(sizes)
        for size in sizes:
            share = size / rest
            variance = total * share * (1 - share) * (rest - total) / max(rest - 1, 1)
            part = self._near(total * share, variance, max(0, total - (rest - size)), min(size, total))
            parts.append(part)
            total, rest = total - part, rest - size
        return parts

    def _near(self, mean: float, variance: float, least: int, most: int) -> int:
        return min(max(round(mean + math.sqrt(max(variance, 0.0)) * self.normal()), least), most)


@dataclass(frozen=True)
class Arm:
    """The units of a variant in a stage, by the day of their first exposure."""

    stage: str
    variant: str
    days: tuple[date, ...]
    units: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.units)

    def row(self, window: str, day: date | None, metric: str, units: int, **cells: object) -> Cells:
        return {"stage": self.stage, "window": window, "date": day, "variant": self.variant, "metric": metric,
                "units": units, **cells}  # fmt: skip

    def cohorts(
        self, metric: str, through: date, sums: Iterable[dict[str, object]], **cells: object
    ) -> Iterator[Cells]:
        for day, units, found in zip(self.days, self.units, sums, strict=True):
            yield self.row("cohort", day, metric, units, through=through, **found, **cells)


def arms(draw: Draw, stage: str, first: date, exposed: Sequence[int], shares: dict[str, float]) -> list[Arm]:
    """Units split by the stage's weights: the first variant gets what the second does not."""
    control, treatment = shares
    treated = [draw.binomial(units, shares[treatment]) for units in exposed]
    days = tuple(first + at * DAY for at in range(len(exposed)))
    rest = [units - part for units, part in zip(exposed, treated, strict=True)]
    return [Arm(stage, control, days, tuple(rest)), Arm(stage, treatment, days, tuple(treated))]


def fading(first: int, factor: float, days: int) -> list[int]:
    """Units seen for the first time, day by day: ever more of those who come have been there before."""
    return [round(first * factor**day) for day in range(days)]


def proportion(draw: Draw, arm: Arm, rate: float) -> list[int]:
    return draw.split(round(rate * arm.total), arm.units)


def counts(draw: Draw, units: Sequence[int], mean: float, std_dev: float) -> list[dict[str, object]]:
    """Sums of a count per unit that is 0, 1 or 2, with this mean and standard deviation."""
    twice = (std_dev**2 + mean**2 - mean) / 2
    assert 0 <= 2 * twice <= mean, "no count per unit has this mean with this standard deviation"
    ones = draw.split(round((mean - 2 * twice) * sum(units)), units)
    twos = draw.split(round(twice * sum(units)), units)
    return [{"sum": one + 2 * two, "sum_squares": one + 4 * two} for one, two in zip(ones, twos, strict=True)]


def measured(draw: Draw, units: Sequence[int], mean: float, std_dev: float) -> list[dict[str, object]]:
    """Sums of a measurement with this mean and standard deviation over all the units."""
    noise = [std_dev * math.sqrt(size) * draw.normal() for size in units]
    mended = [each - sum(noise) * size / sum(units) for each, size in zip(noise, units, strict=True)]
    sums = [mean * size + each for each, size in zip(mended, units, strict=True)]
    return [
        {"sum": round(total, 2), "sum_squares": round(std_dev**2 * size + total**2 / size, 2)}
        for total, size in zip(sums, units, strict=True)
    ]


def page_load(
    arm: Arm, window: str, day: date | None, units: int, milliseconds: float, **cells: object
) -> Cells:
    """A 95th percentile; 5200 ms is the plan's standard deviation of its influence function."""
    error = 5200 / math.sqrt(units)
    return arm.row(
        window,
        day,
        "p95_page_load",
        units,
        value=f"{milliseconds:.1f}ms",
        standard_error=f"{error:.1f}ms",
        **cells,
    )


# The second document: a persistent Buy Now button

RUN = date(2023, 1, 23)
READ = date(2023, 2, 6)
"""The last whole day before the readout's results were taken."""

EXPOSED = [
    36_900,
    33_400,
    30_300,
    27_200,
    24_300,
    24_900,
    25_800,
    18_500,
    16_200,
    14_400,
    12_900,
    11_300,
    9_800,
    8_700,
]
"""First exposures of the run, both variants: 90 % of the eligible units, fewer new ones from day to day."""

SPIKE = 4
"""The position of day 5, 2023-01-27."""

ADDS = {"control": (0.1202, 0.1202, 0.1202), "buy_now": (0.1277, 0.1322, 0.12353)}
"""Observed add-to-cart rates of days 1 to 4, of day 5, and of the days after. Day 5 alone shows +1.2 pp."""

WITH_HISTORY = 0.18
"""Share of units that added to a cart in the 28 days before: the covariate of CUPED."""

CORRELATION = 0.15
"""Of the covariate with the metric. The plan hoped for 0.5; the interval of the story leaves room for no more."""

REFUNDED = (0.05, 0.20, 0.35, 0.50, 0.65, 0.80, 0.92, 1.0)
"""Share of the refunds of a cohort that have come in so many days after its first exposure."""

FASTER = (1.021, 1.021, 1.020, 1.018, 1.014, 1.010, 1.006)
"""Ratio of the p95 of page load: +2.1 % at first, +0.4 % within a week, when images had been optimised."""


def adds_to_cart(draw: Draw, arm: Arm) -> list[dict[str, object]]:
    """Units that added to the cart, and had done so before: the four cells of a 2 × 2 table, split over the days."""
    rates = ADDS[arm.variant]
    parts = (slice(0, SPIKE), slice(SPIKE, SPIKE + 1), slice(SPIKE + 1, None))
    return [
        sums for part, rate in zip(parts, rates, strict=True) for sums in _adds(draw, arm.units[part], rate)
    ]


def _adds(draw: Draw, units: tuple[int, ...], rate: float) -> Iterator[dict[str, object]]:
    spread = math.sqrt(rate * (1 - rate) * WITH_HISTORY * (1 - WITH_HISTORY))
    both = rate * WITH_HISTORY + CORRELATION * spread
    again = draw.split(round(both * sum(units)), units)
    anew = draw.split(round((rate - both) * sum(units)), units)
    only_before = draw.split(round((WITH_HISTORY - both) * sum(units)), units)
    for twice, now, before in zip(again, anew, only_before, strict=True):
        yield {"sum": twice + now, "covariate_sum": twice + before, "covariate_sum_squares": twice + before,
               "covariate_cross_sum": twice}  # fmt: skip


def refunds(draw: Draw, arm: Arm, rate: float, through: date) -> list[dict[str, object]]:
    ages = [max(0, min((through - day).days, len(REFUNDED) - 1)) for day in arm.days]
    return [
        {"sum": math.floor(n * REFUNDED[age])}
        for n, age in zip(proportion(draw, arm, rate), ages, strict=True)
    ]


def run_rows(through: date) -> list[Cells]:
    """The two weeks of the test, as seen on any day."""
    draw = Draw(20230123)
    both = arms(draw, "test", RUN, EXPOSED, {"control": 0.5, "buy_now": 0.5})
    return [row for arm in both for row in _run_rows_of(draw, arm, through) if _is_over(row, through)]


def _run_rows_of(draw: Draw, arm: Arm, through: date) -> Iterator[Cells]:
    is_control = arm.variant == "control"
    yield from arm.cohorts("add_to_cart_rate", through, adds_to_cart(draw, arm))
    bought = proportion(draw, arm, 0.0340 if is_control else 0.0349)
    yield from arm.cohorts("conversion_rate", through, ({"sum": n} for n in bought))
    refunded = refunds(draw, arm, 0.0310 if is_control else 0.0312, through)
    yield from arm.cohorts("refund_rate", through, refunded)
    yield from arm.cohorts(
        "cs_contacts", through, counts(draw, arm.units, 0.0420 if is_control else 0.0417, 0.21)
    )
    yield from _run_weeks(draw, arm)
    yield from _run_page_load(draw, arm, through)


def _run_weeks(draw: Draw, arm: Arm) -> Iterator[Cells]:
    """Active units of each week; of the first week's units about two in five come back in the second."""
    is_control = arm.variant == "control"
    first = sum(arm.units[:7])
    back = draw.binomial(first, 0.39)
    for week, units in enumerate((first, back + sum(arm.units[7:]))):
        monday = RUN + 7 * week * DAY
        refunded = draw.binomial(units, (0.017, 0.027)[week])
        yield arm.row("week", monday, "refund_rate", units, sum=refunded)
        (contacts,) = counts(draw, [units], 0.0315 if is_control else 0.0313, 0.182)
        yield arm.row("week", monday, "cs_contacts", units, **contacts)
    for week, units in enumerate((first, back)):
        rate = (0.1370, 0.1290)[week] + (0.0 if is_control else (0.0068, 0.0061)[week])
        yield arm.row(
            "week",
            RUN + 7 * week * DAY,
            "add_to_cart_rate",
            units,
            segment="first_week",
            sum=round(units * rate),
        )


def _run_page_load(draw: Draw, arm: Arm, through: date) -> Iterator[Cells]:
    is_control = arm.variant == "control"
    for at, day in enumerate(arm.days):
        active = round(EXPOSED[0] / 2 * (0.97 + 0.02 * (at % 3)))
        ratio = 1.0 if is_control else (*FASTER, *[1.004] * 7)[at]
        yield page_load(arm, "day", day, active, 1901 * ratio + 12 * draw.normal())
    exposed = sum(units for day, units in zip(arm.days, arm.units, strict=True) if day <= through)
    ratio = 1.0 if is_control else (1.019 if through < READ else 1.011)
    yield page_load(arm, "total", None, exposed, 1901 * ratio, through=through)


def _is_over(row: Cells, through: date) -> bool:
    day = row["date"]
    if not isinstance(day, date):
        return True
    return day + (6 * DAY if row["window"] == "week" else 0 * DAY) <= through


@dataclass(frozen=True)
class Ramp:
    """A stage of the ramp as it went, until a last whole day."""

    share: float
    first: date
    last: date
    exposed: list[int]
    refund_rates: tuple[float, float] = (0.0310, 0.0312)
    weekly_contacts: tuple[float, ...] = (0.0313, 0.0313, 0.0313)
    """Contacts per active treated unit in each week; 0.0315 in control."""
    adds: tuple[float, float] | None = None
    """Shares of units that add to the cart in the holdout and in the treatment; None where nobody looks."""

    def rows(self, seed: int) -> Iterator[Cells]:
        draw = Draw(seed)
        shares = {"control": 1 - self.share, "buy_now": self.share}
        for at, arm in enumerate(arms(draw, f"{self.share:.0%}", self.first, self.exposed, shares)):
            yield from arm.cohorts(
                "refund_rate", self.last, refunds(draw, arm, self.refund_rates[at], self.last)
            )
            contacts = sum(self.weekly_contacts) / len(self.weekly_contacts) if at else 0.0315
            yield from arm.cohorts("cs_contacts", self.last, counts(draw, arm.units, contacts * 4 / 3, 0.21))
            yield from self._weeks(draw, arm, list(shares.values())[at])
            yield from self._page_load(draw, arm, list(shares.values())[at])
            if self.adds:
                again = Draw(seed + 100 + at)
                yield from arm.cohorts("add_to_cart_rate", self.last, _adds(again, arm.units, self.adds[at]))

    def _weeks(self, draw: Draw, arm: Arm, share: float) -> Iterator[Cells]:
        whole = ((self.last - self.first).days + 1) // 7
        for week, treated_mean in zip(range(whole), self.weekly_contacts, strict=False):
            monday = self.first + 7 * week * DAY
            units = draw.binomial(221_000, share)
            is_control = arm.variant == "control"
            mean = 0.0315 if is_control else treated_mean
            refunded = draw.binomial(units, 0.87 * self.refund_rates[0 if is_control else 1])
            yield arm.row("week", monday, "refund_rate", units, sum=refunded)
            (contacts,) = counts(draw, [units], mean, 0.182 * math.sqrt(max(1, mean / 0.0315)))
            yield arm.row("week", monday, "cs_contacts", units, **contacts)

    def _page_load(self, draw: Draw, arm: Arm, share: float) -> Iterator[Cells]:
        ratio = 1.0 if arm.variant == "control" else 1.004
        for day in arm.days:
            units = draw.binomial(41_000, share)
            yield page_load(arm, "day", day, units, 1901 * ratio + 8 * draw.normal())
        yield page_load(arm, "total", None, arm.total, 1901 * ratio, through=self.last)


def at_70(last: date, **told: tuple[float, float]) -> Ramp:
    first = date(2023, 2, 7)
    return Ramp(0.7, first, last, [33_000, *fading(37_000, 0.93, (last - first).days)], **told)


def at_90(last: date, **told: tuple[float, ...]) -> Ramp:
    first = date(2023, 2, 9)
    exposed = [32_000, *fading(36_000, 0.93, (last - first).days)]
    return Ramp(0.9, first, last, exposed, weekly_contacts=told.get("weekly_contacts", (0.0313,) * 3))


def without_exposures(rows: list[Cells]) -> list[Cells]:
    """The readout when 2 % of the treated units, none of which did anything, have lost their exposure event."""
    lost = [dict(row) for row in rows]
    for row in lost:
        if row["variant"] == "buy_now" and row["window"] == "cohort":
            row["units"] = round(int(str(row["units"])) * 0.98)
    return lost


def late(rows: list[Cells]) -> list[Cells]:
    """The readout when refunds came in until 02-02 only, and contacts of the last two cohorts not at all."""
    refunds_so_far = [row for row in run_rows(date(2023, 2, 2)) if row["metric"] == "refund_rate"]
    others = (row for row in rows if row["metric"] != "refund_rate")
    missing = (date(2023, 2, 4), date(2023, 2, 5))
    return [
        *(row for row in others if not (row["metric"] == "cs_contacts" and row["date"] in missing)),
        *refunds_so_far,
    ]


def gone_on(before: list[Cells], since: list[Cells]) -> list[Cells]:
    """The same stage later: its days and weeks until then are as they were seen before."""
    kept = {_place(row): row for row in before if row["window"] in ("day", "week")}
    return [kept.get(_place(row), row) for row in since]


def _place(row: Cells) -> tuple[object, ...]:
    return tuple(row.get(key) for key in ("window", "date", "variant", "metric", "segment"))


STAGE_1 = "2023-02-07T08:00:00-08:00"
STAGE_2 = "2023-02-09T09:00:00-08:00"


def pdp_buy_now() -> Iterator[tuple[str, str, str, list[str], list[Cells]]]:
    """(name, as of, revision, ledger, rows), the comment being kept with the name."""
    readout = run_rows(READ)
    web = "web-8841"
    first, second = f"{{treated: 70%, entered: {STAGE_1}}}", f"{{treated: 90%, entered: {STAGE_2}}}"
    yield "day-05", "2023-01-28T08:00:00-08:00", web, [], run_rows(date(2023, 1, 27))
    yield "day-14", STAGE_1, web, [], readout
    yield "srm", STAGE_1, web, [], without_exposures(readout)
    yield "late-data", STAGE_1, web, [], late(readout)
    stage_1 = [*readout, *at_70(date(2023, 2, 8)).rows(7)]
    yield "stage-1", "2023-02-09T08:00:00-08:00", web, [first], stage_1
    harm = at_70(date(2023, 2, 27), refund_rates=(0.0310, 0.0341))
    mended = f"{{treated: 70%, entered: {STAGE_1}, revision: web-8902}}"
    yield "ramp-harm", "2023-02-28T08:00:00-08:00", web, [mended], [*readout, *harm.rows(8)]
    both = [first, second]
    yield "stage-2", "2023-02-16T09:00:00-08:00", web, both, [*stage_1, *at_90(date(2023, 2, 15)).rows(9)]
    validated = replace(at_90(date(2023, 3, 1)), adds=(0.1201, 0.1256))
    quiet = [*validated.rows(10)]
    yield "monitor", "2023-03-02T09:00:00-08:00", web, both, [*stage_1, *quiet]
    bad = at_90(date(2023, 3, 15), weekly_contacts=(0.0313, 0.0313, 0.0313, 0.0360, 0.0362))
    later = gone_on(quiet, [*bad.rows(10)])
    yield "two-bad-weeks", "2023-03-16T09:00:00-07:00", web, both, [*stage_1, *later]


# The first document: a new ranking model

TEST = date(2023, 9, 11)
SESSIONS = (3.1, 2.6)
"""Mean and standard deviation of sessions per user; margin per session varies within and between them."""


RATES = {"complaint_rate": 0.0040, "return_rate": 0.0220, "availability": 0.9995, "conversion_rate": 0.030}
MEASUREMENTS = {
    "precision_at_10": (0.380, 0.436, 0.24),
    "calibration_error": (0.0180, 0.0179, 0.05),
    "infra_cost_per_1k": (1.20, 1.20, 0.60),
}
"""Mean in either variant, and standard deviation per user."""


def gross_margin(draw: Draw, units: Sequence[int], per_session: float) -> list[dict[str, object]]:
    """Sums of margin and sessions. 9.79 USD per user is what remains of margin when sessions are accounted for."""
    mean, spread = SESSIONS
    rows: list[dict[str, object]] = []
    for sessions, rest in zip(
        measured(draw, units, mean, spread), measured(draw, units, 0.0, 9.79), strict=True
    ):
        total, squares = float(str(sessions["sum"])), float(str(sessions["sum_squares"]))
        beside, beside_squares = float(str(rest["sum"])), float(str(rest["sum_squares"]))
        rows.append({
            "sum": round(per_session * total + beside, 2),
            "sum_squares": round(per_session**2 * squares + beside_squares, 2),
            "denominator_sum": round(total), "denominator_sum_squares": round(squares),
            "cross_sum": round(per_session * squares, 2),
        })  # fmt: skip
    return rows


def ranking_rows(draw: Draw, arm: Arm, per_session: float, through: date) -> Iterator[Cells]:
    is_new = arm.variant == "new_model"
    yield from arm.cohorts("gross_margin_per_session", through, gross_margin(draw, arm.units, per_session))
    for metric, rate in RATES.items():
        observed = draw.binomial(arm.total, rate) / arm.total
        yield from arm.cohorts(metric, through, ({"sum": n} for n in proportion(draw, arm, observed)))
    for metric, (old, new, spread) in MEASUREMENTS.items():
        observed = (new if is_new else old) + spread / math.sqrt(arm.total) * draw.normal()
        yield from arm.cohorts(metric, through, measured(draw, arm.units, observed, spread))
    newcomers = Arm(arm.stage, arm.variant, arm.days, tuple(draw.binomial(units, 0.2) for units in arm.units))
    sums = measured(draw, newcomers.units, 0.362 if is_new else 0.360, 0.25)
    yield from newcomers.cohorts("precision_at_10_new_users", through, sums, segment="new_users")
    yield from latency(draw, arm, 226 if is_new else 225, through)


def latency(draw: Draw, arm: Arm, milliseconds: float, through: date) -> Iterator[Cells]:
    for day, units in zip((*arm.days, None), (*arm.units, arm.total), strict=True):
        value, error = milliseconds + draw.normal() if day else milliseconds, 900 / math.sqrt(units)
        cells = {} if day else {"through": through}
        yield arm.row(
            "day" if day else "total",
            day,
            "p95_latency",
            units,
            value=f"{value:.1f}ms",
            standard_error=f"{error:.1f}ms",
            **cells,
        )


def ranking_model() -> Iterator[tuple[str, str, str, list[str], list[Cells]]]:
    """The stop-loss: margin per session falls by 3 % in the first four days of the test."""
    draw = Draw(20230911)
    canary_end, last = date(2023, 9, 10), date(2023, 9, 14)
    canary = arms(
        draw, "canary", date(2023, 9, 6), fading(460_000, 0.8, 5), {"current_model": 0.9, "new_model": 0.1}
    )
    test = arms(draw, "test", TEST, fading(414_000, 0.8, 4), {"current_model": 0.5, "new_model": 0.5})
    rows = [row for arm in canary for row in ranking_rows(draw, arm, 0.85, canary_end)]
    for arm in test:
        rows += ranking_rows(draw, arm, 0.85 * (0.97 if arm.variant == "new_model" else 1.0), last)
    yield "stop-loss", "2023-09-15T08:00:00-07:00", "rank-2.3.0", [], rows


# What the files say about themselves

TOLD = {
    "day-05": """\
Day 5, the morning after: the cohort of 2023-01-27 alone shows +1.2 pp, the five together +0.8, and the team asks
to ship. The gate neither computes nor prints any of it: the primary metric is read on 2023-02-06.""",
    "day-14": """\
The readout: add-to-cart +0.58 pp, 95 % interval +0.35 to +0.82, as the story tells. Refunds are judged on the units
first exposed by 01-29, whose seven days are over; judged on all units, the same plan would have to wait.
The story's interval is as wide as so many units give almost without CUPED: the correlation reached was 0.15, not 0.5.""",
    "srm": """\
The readout with a broken exposure log: 2 % of the treated units are missing, those that did nothing. The lift looks
better for it, and the ratio of the units tells.""",
    "late-data": """\
The readout when refunds have come in until 02-02 only, and contacts of the last two days are missing.""",
    "stage-1": """\
70 % for 48 hours to the minute. The story ramps on 02-07 to 02-10, and so do we.""",
    "stage-2": """\
90 %, the rest being the holdout. It brings about 3,000 control units a day, so that the stop rule on refunds, which
asks for 20,000 in each variant, speaks after a week; the story was done by 02-10.""",
    "monitor": """\
Three weeks at 90 %: nothing trips. Page load, +2.1 % at first, has stayed at +0.4 %. The holdout adds to the cart less
often than the treated do, by as much as the readout said.""",
    "ramp-harm": """\
A mobile sub-variant that nobody reviewed went out with web-8902: 8 % more purchases, made by accident. Nearly all are
refunded: 3.4 % × 8 % = 0.27 pp on top of a refund rate of 3.1 %; these units show +0.28 pp so far.
The story has it caught within a ramp of four days. Refunds take a week to come in; two days at 70 % would resolve
12 % of harm at best, not 8 %. The registered stop rule takes about three weeks, and it is the rule that counts.""",
    "two-bad-weeks": """\
The follow-up, two weeks after monitor.yaml: one stakeholder wants to go on, another to roll back, and customer contacts
have been up by 14 % for two weeks in a row. The plan decided before either of them: `significant_harm_for: 2w` rolls back.""",
    "stop-loss": """\
The first document's stop-loss: margin per session is down by 3 % after four days. The story fires it at a posterior
of 90 % after 200,000 sessions; looked at daily, that fires on many harmless launches, so the plan asks for 99 %
after 200,000 users in each variant.""",
}


def files() -> Iterator[tuple[str, str]]:
    """(path below this folder, content)."""
    for experiment, scenes in (("pdp-buy-now", pdp_buy_now()), ("ranking-model", ranking_model())):
        for name, as_of, revision, ledger, rows in scenes:
            lines = ["# yaml-language-server: $schema=../../../schemas/results.schema.json", "#"]
            lines += [f"# {line}" for line in TOLD[name].splitlines()]
            lines += [f"experiment: {experiment}", f"as_of: {as_of}", f"revision: {revision}"]
            lines += ["stages:", *(f"  - {entry}" for entry in ledger)] if ledger else ["stages: []"]
            yield f"{experiment}/{name}.yaml", "\n".join([*lines, f"aggregates: {name}.csv"]) + "\n"
            yield f"{experiment}/{name}.csv", _csv(rows)


def _csv(rows: list[Cells]) -> str:
    columns = [column for column in COLUMNS if any(row.get(column) is not None for row in rows)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if row.get(column) is None else row[column] for column in columns] for row in rows])
    return text.getvalue()


def main() -> int:
    for path, content in files():
        target = FOLDER / path
        if not target.exists() or target.read_bytes() != content.encode():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode())
            sys.stdout.write(f"wrote examples/results/{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
