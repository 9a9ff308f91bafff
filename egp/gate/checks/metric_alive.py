"""Every metric is alive in every variant: its events arrive.

Lost events look like an improvement wherever less is better, and like nothing where both variants lose them. Each metric
is therefore compared with what was due, in every variant: with the other variant on the same days, with the same variant on
other days (of the same weekday where there are such), and with the plan's baseline. Compared are days and weeks that were
counted for equally long; from a cohort whose `outcome_window` (or first week, of a metric without one) is not over, fewer
events are judged.

A variant that does less than half of the other is no effect of a treatment, unless the plan hopes for as much (twice the
larger of `mde` and `target` passes), and neither is one that from a day on, or on one day, does less than seven tenths of
what the variants' own ratio lets expect. That holds where the treatment seems to gain. A fall that is a harm is left to
guardrails and stop rules, which roll back, unless less than a fifth is left: that holds as well, and stops no rollback. Where
control is what fell, below half of its baseline or from a day on below its other days, and the treatment goes on as before, harm
beside control is no evidence: guardrails and stop rules on that metric are not checked, and the gate holds for a repair. In both
variants less than a fifth of other days, or of the baseline, is no season. A metric that is rightly near zero in
every variant declares `expected_zero: true`; between the variants it is compared all the same.

All comparisons together hold at most one sound experiment in a hundred, whatever the effects within these bounds. What this
check cannot see is a loss of less than half from the first day on: it looks like an effect and may be one. Nor can it tell
what is lost where fewer than some thirty events are due. Of a metric that is withheld until its look it says only whether it
is alive, and takes it for alive while a fifth is left.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from typing import Annotated

from egp.gate.exposure import has_stage_begun
from egp.gate.guarding import GuardedPart, one_by_one
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.signs_of_life import SignsOfLife
from egp.gate.withholding import withheld_metrics
from egp.plan.experiment import Metric
from egp.plan.quantity import Share, shown
from egp.plan.results import Seen
from egp.plan.wording import counted, listing
from egp.rules.rule import Params as RuleParams
from egp.stats.values import NamedTuple


class Params(RuleParams):
    false_holds: Annotated[Share, "share of sound experiments that the check may hold, at most"] = Share(0.01)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    if not has_stage_begun(readout):
        return
    tally = _Told([], [])
    surprise = math.log(max(_comparisons(readout), 1) / params.false_holds)
    yield from one_by_one(
        GuardedPart(partial(_of_metric, readout, metric, surprise, tally), metric.name)
        for _, metric in readout.plan.metrics
    )
    names = readout.variants_in_stage
    if tally.alive:
        message = f"events of {listing(map(shown, tally.alive))} arrive in {listing(map(shown, names))}"
        yield Reading("pass", message, observed=counted(len(tally.alive), "metric"))
    if tally.rare:
        message = f"too few events of {listing(map(shown, tally.rare))} were due to tell whether they arrive"
        yield Reading("pass", message, observed="too few were due")


class _Told(NamedTuple):
    """Metrics in whose rows nothing is missing, and those of which so few events were due that nothing could be."""

    alive: list[str]
    rare: list[str]


def _comparisons(readout: Readout) -> int:
    """No row takes part in more than ten: itself, and as a part of days, beside another variant, other days and the plan."""
    of_stage = [each for each in readout.seen if each.stage == readout.stage.name]
    return 10 * sum(each.rows if isinstance(each, Seen) else 1 for each in of_stage)


def _of_metric(readout: Readout, metric: Metric, surprise: float, tally: _Told) -> Iterator[Reading]:
    name = metric.name
    lives = [SignsOfLife(readout, metric, surprise, of_denominator=False)]
    if metric.kind == "ratio":
        lives.append(SignsOfLife(readout, metric, surprise, of_denominator=True))
    if not any(life.points or life.totals for life in lives):
        return
    found = [each for life in lives for each in life.troubles()]
    if not found:
        is_rare = name not in withheld_metrics(readout) and not all(life.would_be_missed() for life in lives)
        (tally.rare if is_rare else tally.alive).append(name)
    elif name in withheld_metrics(readout):
        message = f"{shown(name)} is not alive: some of its events do not arrive; when and where is withheld before its look"
        yield _dead(readout, metric, message, "")
    else:
        for message, variant in found:
            yield _dead(readout, metric, message, variant)


def _dead(readout: Readout, metric: Metric, message: str, variant: str) -> Reading:
    rightly_zero = (
        "" if metric.expected_zero else "; a metric that is rightly zero declares `expected_zero: true`"
    )
    return Reading(
        "fail",
        message,
        observed="not alive",
        required="events as they are due",
        kind="repair",
        next=f"find out what became of the events of {shown(metric.id)}{rightly_zero}",
        metric=metric.name,
        variant=variant,
        withheld=metric.name in withheld_metrics(readout),
    )


PLAIN = "events of a metric do not arrive"
"""What it means that the check is open, for people who read no statistics."""
