"""The guardrails of the last 14 days: each week's harm with its range, and where it is going."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp import stats
from egp.gate.amounts import as_harm, p_shown, signed, unit_of
from egp.gate.clock import day_end
from egp.gate.comparisons import comparison_so_far, comparisons_by_window
from egp.gate.estimates import Comparison, Lacking
from egp.gate.looks import complete_days, last_judged_day, open_look, outcome_window_days
from egp.gate.rows import rows_of
from egp.gate.settings import alarm_levels, guardrail_alpha
from egp.gate.split import is_split_wrong
from egp.gate.withholding import Withheld, confirmatory_metrics, withheld_because
from egp.output.page.model import Block, Figure, Light, Paragraph, Section, Table
from egp.pages.brief.tripped import SAFETY
from egp.plan.analysis.days import day_after, last_exposure
from egp.plan.analysis.registered import harm_direction, is_relative, margin_of
from egp.plan.analysis.stop_rules import BAD_WEEKS, weekly_level
from egp.plan.finding import NotChecked
from egp.plan.picture import Interval, Intervals, Level
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.typed_reader import label
from egp.plan.wording import counted, listing, percent, significant
from egp.stats import StatisticsInputError
from egp.stats.values import NamedTuple

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement
    from egp.gate.readout import Readout
    from egp.output.page.model import Tone
    from egp.pages.brief.scene import Scene
    from egp.plan.experiment import Metric
    from egp.plan.picture import Mark
    from egp.yaml import Path

LAST = timedelta(days=14)
WEEK = timedelta(weeks=1)
WITHIN = "within the margin"
REACHES = "range reaches the margin"
SIGNS = "signs of harm"
HARMED = "harmed"
NO_MARGIN = "no margin to judge it by"
AT_READOUT = "judged at the readout"
_MEANS = {
    WITHIN: "the whole range is below the margin",
    REACHES: "harm as large as it is neither shown nor ruled out",
    SIGNS: "the whole range is above zero",
    HARMED: "shown to be worse than control, by the level of stop rules, or of the gate, also below the margin, which is no harm that "
    "was accepted: it is what the readout had to rule out",
    NO_MARGIN: "the plan states none",
    AT_READOUT: "before it neither safety nor harm is shown",
}
"""The words of the state of a guardrail, one vocabulary for every page, and what each means."""
_NO_TREND = "as in the week before"
_OF_CONTROL = "% are of control on the same days, those of the margins too"


class Harm(NamedTuple):
    """Harm with its range; positive is harm."""

    seen: float
    low: float
    high: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class SeenHarm:
    """A guardrail's harm in a period."""

    metric: Metric
    variant: str
    period: str
    first: date | None
    """First day of the week; None for all of the stage."""
    own: Harm
    """In the metric's own unit."""
    of_control: Harm | None
    """As shares of the control observed, where the margin is one."""
    margin: float | None
    """In the unit of ``harm``."""
    control: float
    is_harmed: bool
    """Whether the harm of the week is one of those that the stop rules count; never of all of a stage."""
    treated: int = 0
    """Units of the treatment in the period."""
    p_value: float = 1.0
    """Of the period alone, one-sided."""

    @property
    def harm(self) -> Harm:
        """The way its margin is written: what is said of it, and held against the margin."""
        return self.of_control or self.own

    @property
    def margin_in_own_unit(self) -> float | None:
        if self.margin is None or self.of_control is None:
            return self.margin
        return self.margin * self.control

    @property
    def word(self) -> str:
        if self.is_harmed:
            return HARMED
        if self.harm.low > 0:
            return SIGNS
        if self.margin is None:
            return NO_MARGIN
        return REACHES if self.harm.high >= self.margin else WITHIN

    def worded(self, amount: float) -> str:
        margin = self.metric.non_inferiority_margin
        if margin is None:
            return signed(amount, unit_of(self.metric))
        return as_harm(amount, margin, self.metric, of_control=self.of_control is not None)

    @property
    def size(self) -> str:
        """The amount of harm or good, without a sign."""
        return self.worded(abs(self.harm.seen))[1:]

    @property
    def range(self) -> str:
        return f"{self.worded(self.harm.low)} to {self.worded(self.harm.high)}"


@dataclass(frozen=True, slots=True)
class WatchedGuardrail:
    """What the last days say of one guardrail and one treatment: its weeks, or the stage as a whole."""

    metric: Metric
    variant: str
    seen: tuple[SeenHarm, ...]
    trend: str
    """Of the last week against the one before it; empty for a single period."""
    tripped: frozenset[str]
    """The gate's checks that fail for the metric. Red is theirs alone: one bad week is none."""
    is_early: bool = False
    """Before the readout, which is where a margin is judged."""
    whole: SeenHarm | None = None
    """The stage so far of one that tripped, or whose outcomes are late, where its weeks stand before."""

    @property
    def periods(self) -> tuple[SeenHarm, ...]:
        """All that is said of it: its weeks, and the stage."""
        return self.seen if self.whole is None else (*self.seen, self.whole)

    @property
    def latest(self) -> SeenHarm | None:
        return self.seen[-1] if self.seen else None

    @property
    def is_within(self) -> bool:
        """Whether it is shown, of the latest that is known, that the margin is kept."""
        return self.latest is not None and self.state(self.latest) == WITHIN

    @property
    def last_week(self) -> SeenHarm | None:
        return next((each for each in reversed(self.seen) if each.first), None)

    def light(self, seen: SeenHarm) -> Light:
        word, trend = self.state(seen), self.trend if seen is self.last_week else ""
        if self.tripped and (seen.is_harmed or seen is self.latest or word == HARMED):
            return Light("bad", _joined(word, trend))
        if word == AT_READOUT:
            return Light("neutral", word)
        return Light("good" if word == WITHIN else "caution", _joined(word, trend))

    def state(self, seen: SeenHarm) -> str:
        """Its word; before the readout no margin is judged."""
        word = self._word(seen)
        waits = self.is_early and not self.tripped and word in (WITHIN, REACHES, NO_MARGIN)
        return AT_READOUT if waits else word

    def _word(self, seen: SeenHarm) -> str:
        if not self.tripped or seen not in (self.latest, self.whole) or seen.is_harmed:
            return seen.word
        if "guardrail" in self.tripped:
            return HARMED
        if seen is self.whole:
            return seen.word
        return "beyond its limit" if "limit" in self.tripped else "a stop rule fired"


def watched(judgement: GateJudgement) -> list[WatchedGuardrail]:
    """Every guardrail, over the weeks of the last 14 days that are over."""
    readout = judgement.readout
    return [
        _watched(judgement, path, metric, variant)
        for path, metric in readout.plan.guardrails
        for variant in readout.treatments
    ]


def _tripped(judgement: GateJudgement, metric: Metric, variant: str) -> frozenset[str]:
    return frozenset(
        each.check
        for each in judgement.decision.readings
        if each.state == "fail"
        and each.check in SAFETY
        and each.metric == metric.id
        and each.variant in ("", variant)
    )


def _watched(judgement: GateJudgement, path: Path, metric: Metric, variant: str) -> WatchedGuardrail:
    readout, tripped = judgement.readout, _tripped(judgement, metric, variant)
    # Where something is amiss, its weeks show when it began; else the stage as a whole says most.
    by_week = bool(tripped) or judgement.decision.verdict != "proceed"
    try:
        if is_read_out(readout):
            seen: tuple[SeenHarm, ...] = (_judged(readout, path, metric, variant),)
        else:
            weeks = tuple(_weeks(readout, path, metric, variant, every=bool(tripped))) if by_week else ()
            seen = weeks or (_stage(readout, path, metric, variant, tripped),)
    except (NotChecked, Lacking, ArithmeticError, StatisticsInputError):
        return WatchedGuardrail(metric, variant, (), "", tripped)
    is_early = readout.stage.position < 0 and not is_read_out(readout)
    has_weeks = seen[-1].first is not None
    says_more = has_weeks and (tripped or outcome_window_days(metric))
    whole = _if_seen(readout, path, metric, variant, tripped) if says_more else None
    return WatchedGuardrail(metric, variant, seen, _trend(readout, seen), tripped, is_early, whole)


def _if_seen(
    readout: Readout, path: Path, metric: Metric, variant: str, tripped: frozenset[str]
) -> SeenHarm | None:
    """The stage so far, beside weeks that were seen; None where it cannot be compared."""
    try:
        return _stage(readout, path, metric, variant, tripped)
    except (NotChecked, Lacking, ArithmeticError, StatisticsInputError):
        return None


def _weeks(readout: Readout, path: Path, metric: Metric, variant: str, *, every: bool) -> Iterator[SeenHarm]:
    """Those that are over, of the last 14 days: of the stage alone, or every one."""
    earliest = readout.as_of.date() - LAST
    if not every and readout.stage.begin is not None:
        earliest = max(earliest, readout.stage.begin.date())
    for _, first, comparison in comparisons_by_window(readout, metric, "week", variant):
        is_over = day_end(first + WEEK - timedelta(days=1), readout.zone) <= readout.as_of
        if first >= earliest and is_over and isinstance(comparison, Comparison):
            yield _seen(readout, path, metric, variant, comparison, f"week of {first}", first)


def is_read_out(readout: Readout) -> bool:
    """Whether the test is over and its look open, so that guardrails are judged on all of it."""
    return readout.stage.name == TEST and open_look(readout) is not None


def _judged(readout: Readout, path: Path, metric: Metric, variant: str) -> SeenHarm:
    """The harm on the units that the readout judges."""
    last = last_judged_day(readout, metric)
    seen = comparison_so_far(readout, metric, variant, last)
    return _seen(readout, path, metric, variant, seen, f"exposed by {last}", None)


def _stage(readout: Readout, path: Path, metric: Metric, variant: str, tripped: frozenset[str]) -> SeenHarm:
    """The stage so far: of a guardrail that tripped as the gate compares it, of others the people whose outcomes are complete."""
    last = None if tripped or readout.stage.position < 0 else last_counted(readout, metric)[0]
    seen = comparison_so_far(readout, metric, variant, last)
    period = f"{so_far(readout)}{f', exposed by {last}' if last else ''}"
    return _seen(readout, path, metric, variant, seen, period, None)


def last_counted(readout: Readout, metric: Metric) -> tuple[date | None, bool]:
    """The last day of first exposure whose people are counted, None for all; and whether their outcomes are still coming in.

    Those of whom the outcomes are complete say what comes of a person. Before there are any, what has come in is what there is.
    """
    if is_read_out(readout):
        return last_judged_day(readout, metric), False
    if not outcome_window_days(metric):
        return None, False
    complete = complete_days(readout, metric)
    return (complete[-1], False) if complete else (None, True)


def _seen(
    readout: Readout,
    path: Path,
    metric: Metric,
    variant: str,
    comparison: Comparison,
    period: str,
    first: date | None,
) -> SeenHarm:
    alpha, harm = guardrail_alpha(readout), harm_direction(metric, path)
    sign = 1 if harm == "increase" else -1
    low, high = sorted(sign * end for end in comparison.difference.interval(2 * alpha))
    own = Harm(sign * comparison.difference.estimate, low, high, comparison.difference.standard_error)
    of_control = _of_control(metric, comparison, alpha, sign)
    p_value = stats.harm_p_value(comparison.difference, harm)
    return SeenHarm(
        metric=metric,
        variant=variant,
        period=period,
        first=first,
        own=own,
        of_control=of_control,
        margin=_margin(metric, path, is_of_control=of_control is not None),
        control=comparison.control.value,
        is_harmed=first is not None
        and p_value < weekly_level(readout.plan, BAD_WEEKS, alarm_levels(readout)),
        treated=comparison.treatment_units,
        p_value=p_value,
    )


def _of_control(metric: Metric, seen: Comparison, alpha: float, sign: int) -> Harm | None:
    """The harm that is held against a margin in per cent. Raises Lacking for a control that nothing is relative to."""
    if not is_relative(metric.non_inferiority_margin, metric):
        return None
    seen.require_positive_control(metric.name, alpha)
    low, high = sorted(sign * end for end in seen.lifts(alpha))
    error = seen.at(1 + seen.lift).standard_error / seen.control.value
    return Harm(sign * seen.lift, low, high, error)


def _margin(metric: Metric, path: Path, *, is_of_control: bool) -> float | None:
    """The margin as a share, or in the metric's own unit."""
    declared = metric.non_inferiority_margin
    try:
        return abs(declared.value) if declared is not None and is_of_control else margin_of(metric, path)
    except NotChecked:
        return None


def _trend(readout: Readout, seen: tuple[SeenHarm, ...]) -> str:
    """Whether the last week differs from the one before it by more than noise, or is as that one was. Weeks share units, so
    that the noise is overstated: a trend that is named is one."""
    if len(seen) < 2:
        return ""
    before, now = (stats.ArmEstimate(each.harm.seen, each.harm.standard_error) for each in seen[-2:])
    step, alpha = stats.difference(before, now), guardrail_alpha(readout)
    if step.upper_tail() < alpha:
        return "getting worse"
    if step.lower_tail() < alpha:
        return "getting better"
    return _NO_TREND if seen[-2].word == seen[-1].word else ""


def guardrails_section(scene: Scene, judgement: GateJudgement, of_the_primary: str) -> Section:
    readout = judgement.readout
    is_sound = is_split_as_planned(readout)
    blocks: list[Block]
    try:
        rows = watched(judgement)
        blocks = [*_told(rows, judgement, is_sound, scene.for_executives)]
    except NotChecked as missing:
        phrase = f"No guardrail can be compared with control: the plan does not say {label(missing.path)}."
        rows, blocks = [], [Paragraph(phrase, "caution")]
    if rows and not is_sound:
        blocks.insert(0, Paragraph("People were not split as planned: no number here can be trusted.", "bad"))
    because = withheld_because(readout)
    if because is not None:
        names = listing(map(shown, sorted(confirmatory_metrics(readout))))
        blocks.append(Paragraph(f"{names}: {_withheld(because, is_sound)}."))
    elif confirmatory_metrics(readout):
        blocks.append(
            Paragraph(
                of_the_primary
                or "The primary metric is no part of this page: it is read at its look, by the gate."
            )
        )
    return Section(_title(readout, rows), blocks)


def _title(readout: Readout, rows: list[WatchedGuardrail]) -> str:
    if _is_of_all(readout):
        return "Guardrails, as the readout judges them"
    has_weeks = any(seen.first for row in rows for seen in row.seen)
    return "Guardrails, the last 14 days" if has_weeks else f"Guardrails, the {so_far(readout)}"


def so_far(readout: Readout) -> str:
    """ "stage 90% so far"."""
    return f"{'' if readout.stage.position < 0 else 'stage '}{readout.stage.name} so far"


def _is_of_all(readout: Readout) -> bool:
    try:
        return is_read_out(readout)
    except NotChecked:
        return False


def _told(
    rows: list[WatchedGuardrail], judgement: GateJudgement, is_sound: bool, for_executives: bool
) -> Iterator[Block]:
    """The picture, and the numbers behind it; for executives lights before it."""
    readout = judgement.readout
    figure = _picture(rows, is_sound) if is_sound else None
    if for_executives:
        yield _lights(rows, is_sound)
    elif figure is None:
        yield _table(rows, readout, is_sound)
    if figure is None:
        return
    if not for_executives:
        if _is_too_early(rows, judgement):
            yield Paragraph(_NOT_YET if readout.stage.position < 0 else _IN_A_STAGE)
        yield figure
        if waiting := _still_counted(readout):
            yield Paragraph(waiting)
        still = (*_days_counted(rows, readout), *_weeks_still_counted(rows, readout))
        words = [*_vocabulary(rows), *still] if is_sound else []
        yield Section("The same in numbers", [_table(rows, readout, is_sound), *words], folded=True)


def _still_counted(readout: Readout) -> str:
    """Whom the readout leaves out of a guardrail, and when their outcomes are complete; empty where it leaves out nobody."""
    if not _is_of_all(readout):
        return ""
    metrics = {metric.name: metric for _, metric in readout.plan.guardrails}
    said = [
        f"{shown(name)} is of the people exposed by {last_judged_day(readout, metrics[name])}; of all it is complete after "
        f"{complete}{_watched_until_then(readout, metrics[name])}"
        for name, complete in late_outcomes(readout).items()
    ]
    return f"{'; '.join(said)}. The plan has it read before." if said else ""


def late_outcomes(readout: Readout) -> dict[str, date]:
    """The guardrails of which the readout leaves people out, each with the last day on which outcomes of all come in."""
    last = last_exposure(readout.plan)
    return {
        metric.name: day_after(last, outcome_window_days(metric))
        for _, metric in readout.plan.guardrails
        if last_judged_day(readout, metric) < last
    }


def _days_counted(rows: list[WatchedGuardrail], readout: Readout) -> Iterator[Block]:
    """In a stage, of how many of its days the outcomes are complete."""
    said = []
    for row in rows:
        days = {each.date for each in rows_of(readout, row.metric, "cohort", row.variant) if each.date}
        complete = len(complete_days(readout, row.metric))
        if readout.stage.position >= 0 and outcome_window_days(row.metric) and complete < len(days):
            waits = counted(outcome_window_days(row.metric), "day")
            said.append(
                f"{_name(row, rows)} takes {waits} to come in: it is complete of {complete or 'none'} of the {counted(len(days), 'day')} of the stage."
            )
    if said:
        yield Paragraph(" ".join(said))


def _weeks_still_counted(rows: list[WatchedGuardrail], readout: Readout) -> Iterator[Block]:
    """The weeks of which outcomes are missing."""
    said = [
        f"{_name(row, rows)} in the {seen.period}"
        for row in rows
        for seen in row.seen
        if seen.first and not is_complete(seen, readout)
    ]
    if said:
        yield Paragraph(f"Outcomes are still coming in of {listing(said)}.")


def is_complete(of_week: SeenHarm, readout: Readout) -> bool:
    """Whether the outcomes of everybody in a week have come in."""
    assert of_week.first is not None
    return day_after(of_week.first, 6 + outcome_window_days(of_week.metric)) < readout.seen_until.date()


def _watched_until_then(readout: Readout, metric: Metric) -> str:
    """What watches those who are left out."""
    is_watched = any(rule.metric == metric.name for rule in readout.plan.stop_rules)
    return ", and its stop rule watches the rest" if is_watched else ""


def _vocabulary(rows: list[WatchedGuardrail]) -> list[Block]:
    """The words of the table that are in use, each once."""
    used = {row.state(seen) for row in rows for seen in row.periods}
    means = [f"{word}: {meaning}" for word, meaning in _MEANS.items() if word in used]
    if any(row.trend == _NO_TREND for row in rows):
        means.append(f"{_NO_TREND}: the same state, within noise")
    return [Paragraph(f"{'; '.join(means)}.")] if means else []


_NOT_YET = (
    "Margins are judged at the readout, on complete outcomes; late ones are still missing. Before it only a stop rule or a "
    "limit rolls back by itself."
)
_IN_A_STAGE = (
    "A stage may be too short to rule out a margin: the readout judged that, on complete outcomes, of which late ones are still "
    "missing here. Harm that shows holds the ramp; a stop rule or a limit rolls back."
)


def _is_too_early(rows: list[WatchedGuardrail], judgement: GateJudgement) -> bool:
    """Whether harm is not ruled out of a guardrail where it need not be yet, and nothing is amiss."""
    words = {row.latest.word for row in rows if row.latest is not None}
    if any(row.is_early for row in rows):
        return judgement.decision.verdict == "proceed"
    is_due = _is_of_all(judgement.readout)
    return judgement.decision.verdict == "proceed" and REACHES in words and not is_due


def _withheld(because: Withheld, is_sound: bool) -> str:
    return str(because) if is_sound or because.until else "withheld, because people were not split as planned"


def is_split_as_planned(readout: Readout) -> bool:
    try:
        return not is_split_wrong(readout)
    except (NotChecked, ArithmeticError, StatisticsInputError):
        return False


def _light(row: WatchedGuardrail, seen: SeenHarm, is_sound: bool) -> Light:
    return row.light(seen) if is_sound else Light("caution", "not to be trusted")


def _name(row: WatchedGuardrail, rows: list[WatchedGuardrail]) -> str:
    several = len({each.variant for each in rows}) > 1
    return f"{shown(row.metric.id)}{f' ({shown(row.variant)})' if several else ''}"


def _table(rows: list[WatchedGuardrail], readout: Readout, is_sound: bool) -> Table:
    cells: list[list[str | Light]] = []
    for row in rows:
        for seen in row.periods:
            margin = str(row.metric.non_inferiority_margin or "none")
            light = _light(row, seen, is_sound)
            harm = f"{seen.worded(seen.harm.seen)} ({seen.range})"
            cells.append([_name(row, rows), seen.period, harm, margin, light])
        if not row.seen:
            cells.append([_name(row, rows), "", "", "", _unseen(row)])
    confidence = percent(1 - 2 * guardrail_alpha(readout))
    return Table(
        ["guardrail", "period", "harm (range)", "margin", "state"],
        cells,
        caption=f"Harm against control, + is worse; {_OF_CONTROL}; the range holds the true harm in {confidence} of such cases",
        numeric=frozenset({2, 3}),
    )


def _lights(rows: list[WatchedGuardrail], is_sound: bool) -> Table:
    cells: list[list[str | Light]] = []
    for row in rows:
        latest = row.latest
        if latest is None:
            cells.append([_name(row, rows), _unseen(row), "", ""])
            continue
        period = _bad_weeks(row) if row.last_week else latest.period
        change = _change(latest) if is_sound else ""
        cells.append([_name(row, rows), _light(row, latest, is_sound), change, period])
    head = ["guardrail", "light", "against control", "over time"]
    return Table(head, cells, caption=f"Against control; {_OF_CONTROL}")


def _unseen(row: WatchedGuardrail) -> Light:
    return Light("bad" if row.tripped else "caution", "not seen")


def _bad_weeks(row: WatchedGuardrail) -> str:
    weeks = [each for each in row.seen if each.first]
    bad = sum(each.is_harmed for each in weeks)
    return f"clearly worse in {bad or 'none'} of {counted(len(weeks), 'week')}"


def _change(seen: SeenHarm) -> str:
    if seen.harm.low <= 0 <= seen.harm.high:
        return "no clear difference"
    which = "better" if seen.harm.high < 0 else "worse"
    if seen.control <= 0:
        return f"{which} by about {seen.size}"
    return f"{which} by about {significant(abs(seen.own.seen / seen.control) * 100, 2)} %"


def _joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def _picture(rows: list[WatchedGuardrail], is_sound: bool) -> Figure | None:
    """Every guardrail, week by week, on one scale: its margin."""
    drawn = [
        Interval(
            name=seen.period,
            low=_on_scale(seen.harm.low / seen.margin),
            high=_on_scale(seen.harm.high / seen.margin),
            words=f"{seen.worded(seen.harm.seen)} ({seen.range}): {light.word}",
            estimate=_on_scale(seen.harm.seen / seen.margin),
            mark=_MARK[light.tone],
            group=f"{_name(row, rows)}, margin {row.metric.non_inferiority_margin}",
        )
        for row in rows
        for seen in row.periods
        if seen.margin and (light := _light(row, seen, is_sound))
    ]
    if not drawn:
        return None
    groups: dict[str, list[str]] = {}
    for row in rows:
        if row.latest is not None and row.latest.margin:
            groups.setdefault(_light(row, row.latest, is_sound).word, []).append(_name(row, rows))
    says = " ".join(f"{listing(names)}: {word}." for word, names in groups.items())
    levels = [Level(0.0, "no harm"), Level(1.0, "its margin", "bad")]
    return Figure("Harm of each guardrail, in its margins", Intervals(drawn, levels), says)


_FURTHEST = 4.0
"""Margins in either direction that are drawn; what lies beyond stands at the edge, with its numbers beside it."""


def _on_scale(margins: float) -> float:
    return max(-_FURTHEST, min(_FURTHEST, margins))


_MARK: dict[Tone, Mark] = {"good": "good", "caution": "caution", "bad": "bad", "neutral": "plain"}


def when_harmed(judgement: GateJudgement, metrics: tuple[str, ...], *, for_executives: bool) -> Iterator[str]:
    """In which weeks the metrics that tripped were harmed, as far as weeks were seen, each with its p."""
    for row in watched(judgement):
        weeks = {each.first: each.p_value for each in row.seen if each.is_harmed and each.first}
        if row.metric.id in metrics and weeks:
            last = max(weeks) + WEEK - timedelta(days=1)
            started = listing(
                str(first) if for_executives else f"{first} ({p_shown(p_value)})"
                for first, p_value in weeks.items()
            )
            yield (
                f"{shown(row.metric.id)} was clearly worse in the week{'s' if len(weeks) > 1 else ''} "
                f"that began on {started}, until {last}"
            )
