"""The plan says by which stages the treatment reaches everybody.

A launch that goes from half of the users to all of them in one step puts everybody at risk at once. Stages agreed
before the results let a harm show itself on some of the units, and keep "just ship it" from being a decision made in
a corridor. Each stage declares `treated`, the share of the eligible units that receive the treatment; the last stage
and the holdout add up to 100 %, so that it is plain who stays without it. A `holdback` keeps a shipped treatment
from a few units and has no ramp.

Passes:

```yaml
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
holdout: {share: 10%, until: 2023-05-10}
```

A plan without a holdout ramps to everybody.

Passes:

```yaml
ramp: [{treated: 70%, min_dwell: 48h}, {treated: 100%, min_dwell: 48h}]
holdout: {share: null, until: null, none: the old page is switched off}
```

Does not apply:

```yaml
type: holdback
ramp: []
```

Fails at `/ramp`, saying "no stages":

```yaml
ramp: []
```

Fails at `/ramp/0/treated`:

```yaml
ramp: [{min_dwell: 48h}, {treated: 90%, min_dwell: 48h}]
```

Fails at `/ramp/1/treated`, saying "the last stage treats 80 % and the holdout keeps 10 %":

```yaml
ramp: {1: {treated: 80%}}
```

Fails at `/ramp/1/treated`, saying "together 110 %":

```yaml
ramp: {1: {treated: 100%}}
```

Not checked without `/holdout`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.analysis.traffic import holdout_share
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.remedy import addition, setting
from egp.plan.wording import ordinal_stage, percent, share_in_plan, told_apart

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


ROUNDING = 1e-9


def check(plan: Experiment) -> Iterator[Finding]:
    if plan.type == "holdback":
        raise DoesNotApply
    if not plan.ramp:
        kept = (plan.holdout.share if plan.holdout else None) or 0.0
        stages = [{"treated": share_in_plan(1 - kept), "min_dwell": "48h"}]
        yield Finding(
            ("ramp",),
            "the plan declares no stages between the readout and everybody",
            observed="no stages",
            required="at least one stage",
            remedies=[addition(("ramp",), stages, ", or more stages")],
        )
        return
    silent = [position for position, stage in enumerate(plan.ramp) if stage.treated is None]
    for position in silent:
        yield Finding(
            ("ramp", position, "treated"),
            f"{ordinal_stage(position)} does not say which share of the units it treats",
            observed="missing",
            required="a share",
            help="add `treated:` with the share of the eligible units that receive the treatment",
        )
    if not silent:
        yield from _everybody_accounted_for(plan)


def _everybody_accounted_for(plan: Experiment) -> Iterator[Finding]:
    last = len(plan.ramp) - 1
    treated, kept = plan.ramp[last].treated or 0.0, holdout_share(plan)
    if abs(treated + kept - 1) <= ROUNDING:
        return
    together = told_apart(treated + kept, 1.0)[0]
    yield Finding(
        ("ramp", last, "treated"),
        f"the last stage treats {percent(treated)} and the holdout keeps {percent(kept)}, together {together} of the units",
        observed=together,
        required="100 %",
        remedies=[setting(("ramp", last, "treated"), share_in_plan(1 - kept))],
        help=f"let the holdout keep {share_in_plan(1 - treated)}" if treated < 1 else "",
        related=(Related(("holdout",), f"the holdout keeps {percent(kept)}"),),
        yields_to=frozenset(("holdout-size",)),
    )


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)
