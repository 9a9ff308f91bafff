"""The units were split as the plan says.

If one variant lost units on the way, those that remain are not comparable, and no estimate can be trusted. Pearson's
chi-square compares the units of every variant with the weights of the stage: the plan's in the test, the treated share
against the rest in the canary and in the ramp. Every metric's units are tested, segments and metrics that were counted
on the same units once. Below `srm_alpha` the primary and the guardrails' non-inferiority are withheld. A stop rule that fires, fires
all the same: a wrong split is a reason to look, not to keep a harmful treatment.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.quantity import shown
from egp.rule import Params
from egp.wording import listing, percent, significant


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if not readout.has_begun:
        return
    if not readout.has_control:
        yield Reading("pass", f"{readout.stage.name} treats everyone, so that nothing is split")
        return
    if not readout.splits:
        message = f"no units were counted in {readout.stage.name}"
        yield Reading("not_checked", message, kind="repair", next="add cohort rows")
        return
    units = min(readout.split_p_values, key=readout.split_p_values.__getitem__)
    p_value = readout.split_p_values[units]
    names = (readout.control, *readout.treatments)
    weights = readout.weights()
    counts = listing(f"{shown(name)} {count:,}" for name, count in zip(names, units, strict=True))
    split = " / ".join(percent(weights[name], 1) for name in names)
    metrics = listing(map(shown, readout.splits[units]))
    mismatch = p_value < readout.srm_alpha
    yield Reading(
        "fail" if mismatch else "pass",
        f"{counts} against {split}{f' (rows of {metrics})' if mismatch else ''}",
        observed=f"p = {significant(p_value, 2)}" if p_value >= 1e-12 else "p < 1e-12",
        required=f"p of at least {significant(readout.srm_alpha, 2)}",
        numbers={"p_value": p_value, **{f"units_{n}": float(u) for n, u in zip(names, units, strict=True)}},
        kind="repair" if mismatch else "",
        next="find out where units are lost or counted twice; redirects and bots first" if mismatch else "",
    )
