"""The baseline names what is still found, and nothing else.

An entry that outlives its finding suppresses the same mistake when it comes back. So an entry goes when its finding does,
and `egp baseline` takes it out. That holds for an entry whose finding is resolved, for one of which fewer findings are
left, and for one that suppresses nothing any more: its rule is not waivable, and the plan has changed since.

Passes with `baseline: [{rule: stage-dwell, pointer: /ramp/0/min_dwell}], found: [stage-dwell]`:

Fails at `/findings/0` with `baseline: [{rule: stage-dwell, pointer: /ramp/0/min_dwell}]`, saying "stage-dwell does not find it any more":

Fails at `/findings/0/count` with `baseline: [{rule: stage-dwell, pointer: /ramp/0/min_dwell, count: 3}], found: [stage-dwell]`, saying "1 of 3 findings is left":

Fails at `/findings/0` with `baseline: [{rule: sample-size, pointer: /sample_size_per_variant, digest: another}], not_waivable: [sample-size], found: [sample-size]`, saying "the plan has changed since":

Fails at `/findings/0` with `baseline: [{rule: stage-dwell, pointer: /ramp/0/min_dwell}], is_known: false`, saying "no plan has the id sound-plan":

```yaml
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.wording import counted
from egp.rules.rule_inputs import Judgement

_SHRINK = "run `egp baseline`, which takes it out"


def check(judgement: Judgement) -> Iterator[Finding]:
    if not judgement.excuses:
        raise DoesNotApply
    for excuse in judgement.excuses:
        found, count = excuse.entry.found, excuse.entry.times
        rule, place = shown(found.rule), shown(found.pointer)
        if not judgement.is_known:
            yield Finding(
                excuse.at,
                f"the baseline suppresses {rule} in a plan that is not there: no plan has the id "
                f"{shown(judgement.experiment)}",
                help=_SHRINK,
            )
        elif excuse.lapsed:
            yield Finding(
                excuse.at,
                f"the baseline does not suppress {rule} at {place}: {excuse.lapsed}",
                help="take the line out, or do what the rule requires and run `egp baseline`",
            )
        elif not excuse.left:
            yield Finding(
                excuse.at,
                f"the baseline suppresses {rule} at {place}, and {rule} does not find it any more",
                help=_SHRINK,
            )
        elif excuse.left < count:
            are_left = "is left" if excuse.used == 1 else "are left"
            yield Finding(
                (*excuse.at, "count"),
                f"of what the baseline suppresses of {rule} at {place}, {excuse.used} of {counted(count, 'finding')} "
                f"{are_left}",
                observed=str(excuse.used),
                required=str(count),
                help="run `egp baseline`, which takes out what no longer applies",
            )
