"""Every guardrail metric that the policy lists is in the plan, and there is at least one.

A launch that wins on its own metric can lose more elsewhere, and nobody looks where nothing is measured. The policy
lists the metrics that must not be harmed, whatever the experiment is about; a plan may guard more, never fewer. A
guardrail that is restricted to a segment says nothing of the other units, so it does not stand in for a listed metric.

Passes with `metrics: [refund_rate]`:

Fails at `/guardrail_metrics` with `metrics: [refund_rate, availability]`, saying "does not guard availability":

```yaml
risk: [revenue]
```

Fails at `/guardrail_metrics/0/id` with `metrics: [refund_rate, cs_contacts]`, saying "refunds_rate is probably meant":

```yaml
guardrail_metrics: {0: {id: refunds_rate}}
```

Fails at `/guardrail_metrics` with `metrics: [refund_rate]`:

```yaml
guardrail_metrics: {0: {segment: new_users}}
```

Fails at `/guardrail_metrics`, saying "no guardrail metric":

```yaml
guardrail_metrics: []
```

A policy may require none.

Does not apply with `at_least: 0`:

```yaml
guardrail_metrics: null
```
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.guardrail_lines import guardrail_line, stop_rule_line
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.remedy import PROPOSAL, Remedy, advise, setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import counted, listing
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    metrics: Annotated[
        tuple[str, ...],
        "ids of the guardrail metrics every plan must have",
        rule.Stricter("more"),
        rule.KnownAs("required_guardrails"),
    ] = ()
    at_least: Annotated[
        int, "guardrail metrics every plan must have, listed or not", rule.AtLeast(0), rule.Stricter("more")
    ] = 1


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    if not params.metrics and params.at_least <= 0:
        raise DoesNotApply
    deciding = [metric for _, metric in plan.guardrails]
    declared = {metric.id for metric in deciding if not metric.segment}
    absent = [metric for metric in params.metrics if metric not in declared]
    if absent:
        yield _absent(plan, absent, params)
    elif len(deciding) < params.at_least:
        yield _too_few(plan, params)


def _absent(plan: Experiment, absent: list[str], params: Params) -> Finding:
    position, meant = _misspelt(plan, absent, params)
    names = listing(map(shown, absent))
    if position is not None:
        name = shown(plan.guardrail_metrics[position].id)
        message = f"the plan does not guard {names}, which the policy requires of every plan; {name} is probably meant"
        remedies = [setting(("guardrail_metrics", position, "id"), meant)]
    else:
        message = f"the plan does not guard {names}, which the policy requires of every plan"
        elsewhere = {str(metric.id): path[0] for path, metric in plan.metrics}
        informing = {metric.name for _, metric in plan.informing}
        moved = [
            f"give {shown(name)} a margin in place of `any_harm`, since what only informs guards nothing"
            if name in informing
            else _moved(name, str(elsewhere[name]))
            for name in absent
            if name in elsewhere
        ]
        new = [name for name in absent if name not in elsewhere]
        remedies = (
            [_lines(plan, new, moved)]
            if new
            else [advise("; ".join(["complete `guardrail_metrics`", *moved]))]
        )
    return Finding(
        ("guardrail_metrics",) if position is None else ("guardrail_metrics", position, "id"),
        message,
        observed=counted(len(plan.guardrail_metrics), "guardrail metric"),
        required=listing(map(shown, params.metrics)),
        remedies=remedies,
    )


def _moved(name: str, key: str) -> str:
    if key == "guardrail_metrics":
        return f"give the one that watches {shown(name)} in a segment an id of its own, and add {shown(name)} for all units"
    return f"move {shown(name)} there from {key}"


def _free_names() -> Iterator[str]:
    """Names for a guardrail whose choice the policy leaves to the plan."""
    yield from ("refund_rate", "complaint_rate", "error_rate")
    yield from (f"guardrail_{number}" for number in count(1))


def _lines(plan: Experiment, names: list[str], moved: Sequence[str] = ()) -> Remedy:
    """The guardrails as lines to add, with the stop rules that other rules then require."""
    unwatched = [name for name in names if name not in {stop_rule.metric for stop_rule in plan.stop_rules}]
    lines = [
        *(guardrail_line(plan, name) for name in names),
        *(stop_rule_line(plan, name) for name in unwatched),
    ]
    after = "; ".join([", with what is known of the metric for each TODO", *moved])
    return Remedy(tuple(lines), PROPOSAL, after=after)


def _misspelt(plan: Experiment, absent: list[str], params: Params) -> tuple[int | None, str]:
    """The guardrail that spells the one absent metric in another way."""
    if len(absent) == 1:
        for position, metric in enumerate(plan.guardrail_metrics):
            if metric.id and metric.id not in params.metrics and nearest(metric.id, absent):
                return position, absent[0]
    return None, ""


def _too_few(plan: Experiment, params: Params) -> Finding:
    number, taken = len(list(plan.guardrails)), {metric.id for _, metric in plan.metrics}
    that_decides = " that decides" if any(plan.informing) else ""
    return Finding(
        ("guardrail_metrics",),
        f"the plan has {counted(number, 'guardrail metric') if number else 'no guardrail metric'}{that_decides}; "
        f"the policy requires at least {params.at_least}",
        observed=counted(number, "guardrail metric"),
        required=f"at least {params.at_least}",
        remedies=[_lines(plan, [next(name for name in _free_names() if name not in taken)])],
    )


def by_hand(broken: Broken) -> str:
    """Who finds out what a new guardrail has to say."""
    advice = broken.diagnostic.help
    return f"{advice[:1].upper()}{advice[1:]}. Its numbers are the author's to measure, its margin the author's to agree on."


def costs(broken: Broken) -> Iterator[str]:
    """What breaking the rule costs."""
    from egp.rules.costs import treated_unwatched

    return treated_unwatched(broken)


def picture(broken: Broken) -> Picture:
    """Units that are treated without the safeguard."""
    from egp.rules.pictures import treated_without_safeguard

    return treated_without_safeguard(broken)


CONTESTED = True
"""People argue about it first."""


def plain(params: Params, plan: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    metrics = params.metrics or [metric.name for metric in plan.guardrail_metrics]
    named = listing(map(shown, metrics)) or "none is named"
    return f"Guardrails must hold, by stop rules on the way and by margins at the readout: {named}."
