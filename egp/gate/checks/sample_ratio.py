"""The units were split as the plan says.

If one variant lost units on the way, those that remain are not comparable, and no estimate can be trusted. Pearson's
chi-square compares the units of every variant with the weights of the stage: the plan's in the test, the treated share
against the rest in the canary and in the ramp. Every metric's units are tested, segments and metrics that were counted
on the same units once. Below `srm_alpha` the primary and the guardrails' non-inferiority are withheld. A stop rule that fires, fires
all the same: a wrong split is a reason to look, not to keep a harmful treatment.

Units that were served two variants belong to neither and are left out of every row. A few are the rule (a cookie that was
deleted, a device that two people share) and are reported; more than `max_crossed` of a stage's units hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.gate.amounts import p_shown
from egp.gate.exposure import expected_shares, has_stage_begun
from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.gate.split import split_p_values, splits, srm_alpha
from egp.plan.quantity import Share, shown
from egp.plan.wording import counted, listing, percent, significant
from egp.rules.rule import AtLeast
from egp.rules.rule import Params as RuleParams


class Params(RuleParams):
    max_crossed: Annotated[
        Share,
        "share of a stage's units that may have been served two variants; they are in no row",
        AtLeast(0),
    ] = Share(0.001)


def check(readout: Readout, params: Params) -> Iterator[Reading]:
    yield from _crossed(readout, params.max_crossed)
    if not has_stage_begun(readout):
        return
    if not readout.stage.has_control:
        yield Reading("pass", f"{readout.stage.name} treats everyone, so that nothing is split")
        return
    if not splits(readout):
        message = f"no units were counted in {readout.stage.name}"
        yield Reading("not_checked", message, kind="repair", next="add cohort rows")
        return
    units = min(split_p_values(readout), key=split_p_values(readout).__getitem__)
    p_value = split_p_values(readout)[units]
    names = (readout.control, *readout.treatments)
    weights = expected_shares(readout)
    counts = listing(f"{shown(name)} {count:,}" for name, count in zip(names, units, strict=True))
    split = " / ".join(percent(weights[name], 1) for name in names)
    metrics = listing(map(shown, splits(readout)[units]))
    mismatch = p_value < srm_alpha(readout)
    yield Reading(
        "fail" if mismatch else "pass",
        f"{counts}, which {'is not' if mismatch else 'agrees with'} the planned {split} "
        f"({p_shown(p_value)}{f'; rows of {metrics}' if mismatch else ''})",
        observed=f"p = {significant(p_value, 2)}" if p_value >= 1e-12 else "p < 1e-12",
        required=f"p of at least {significant(srm_alpha(readout), 2)}",
        numbers={"p_value": p_value, **{f"units_{n}": float(u) for n, u in zip(names, units, strict=True)}},
        kind="repair" if mismatch else "",
        next="find out where units are lost or counted twice; redirects and bots first" if mismatch else "",
    )


def _crossed(readout: Readout, most: Share) -> Iterator[Reading]:
    for stage in readout.evidence.counts:
        if not stage.crossed:
            continue
        share = stage.crossed / stage.units
        were = (
            "was served two variants, and is" if stage.crossed == 1 else "were served two variants, and are"
        )
        rounded = significant(share * 100, 2)
        is_much = share > most
        yield Reading(
            "fail" if is_much else "pass",
            f"{counted(stage.crossed, 'unit')} of the stage {stage.stage} {were} left out ({rounded} % of {stage.units:,})",
            observed=f"{rounded} %",
            required=f"at most {significant(most * 100, 2)} %",
            numbers={"crossed": float(stage.crossed), "units": float(stage.units)},
            kind="repair" if is_much else "",
            next="find out why before anything is read" if is_much else "",
        )


PLAIN = "people were not split as planned, so that no number can be trusted"
"""What it means that the check is open, for people who read no statistics."""
