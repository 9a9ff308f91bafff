"""Each stage treats more units than the one before, and the first no fewer than the test.

A stage that takes the treatment away from units again mixes people who know it with people who do not. What such a
stage measures is neither a launch nor a rollback. The test treats `exposure` times the weights of the treatments; the
ramp goes on from there. A `rollout` has no test, so its ramp goes on from the canary.

Passes:

```yaml
ramp: [{treated: 45%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Fails at `/ramp/0/treated`, saying "the test already treats 45 %":

```yaml
ramp: {0: {treated: 30%}}
```

Fails at `/ramp/1/treated`, saying "stage 2 treats 70 %, no more than stage 1 (70 %)":

```yaml
ramp: {1: {treated: 70%}}
```

Passes:

```yaml
type: rollout
ramp: [{treated: 25%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Fails at `/ramp/0/treated`, saying "the canary already treats 5 %":

```yaml
type: rollout
ramp: [{treated: 2%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Does not apply without `/ramp`.

Not checked at `/ramp/0/treated`:

```yaml
ramp: [{min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Not checked without `/schedule/exposure`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egp.plan.analysis.traffic import treated_share
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related, need
from egp.plan.remedy import setting
from egp.plan.wording import ordinal_stage, percent, share_in_plan, told_apart

ROUNDING = 1e-9


def check(plan: Experiment) -> Iterator[Finding]:
    shares = [need(stage.treated, "ramp", position, "treated") for position, stage in enumerate(plan.ramp)]
    if not shares:
        raise DoesNotApply
    yield from _falling(shares)
    where, before = _treated_before(plan)
    if shares[0] < before - ROUNDING:
        phrase, asked = told_apart(shares[0], before)
        yield Finding(
            ("ramp", 0, "treated"),
            f"stage 1 treats {phrase}; {where} already treats {asked}",
            observed=phrase,
            required=f"at least {asked}",
            remedies=[setting(("ramp", 0, "treated"), share_in_plan(before), " or more")],
        )


def _treated_before(plan: Experiment) -> tuple[str, float]:
    if plan.type in ("rollout", "holdback"):
        return "the canary", (plan.canary.treated if plan.canary else None) or 0.0
    return "the test", treated_share(plan)


def _falling(shares: Sequence[float]) -> Iterator[Finding]:
    for position in range(1, len(shares)):
        before, share = shares[position - 1], shares[position]
        if share > before:
            continue
        yield Finding(
            ("ramp", position, "treated"),
            f"{ordinal_stage(position)} treats {percent(share)}, no more than "
            f"{ordinal_stage(position - 1)} ({percent(before)})",
            observed=percent(share),
            required=f"more than {percent(before)}",
            help=_rising(before, share),
            related=(Related(("ramp", position - 1, "treated"), f"treats {percent(before)}"),),
        )


def _rising(before: float, share: float) -> str:
    """Which of the two stages to change; nothing lies above 100 %."""
    if before >= 1:
        return "remove this stage, or let the one before treat less than 100 %"
    if share == before:
        return "let this stage treat more, or remove it"
    return "put the stages in the order of the units they treat"
