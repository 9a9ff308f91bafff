"""Numbers that can be measured are measured, and as they were measured.

Baselines, spreads, correlations and traffic are facts that the company's own tables know; a number from memory decides
sample and length of the run all the same. `egp measure PLAN --source URL --write` puts what history says into the plan,
with a digest of each number and of what was measured. A number that was changed afterwards is found here, and so is one
that was added, and definitions, a population or a run that are no longer those that were measured. A number may be
rounded to three digits. A digest does not prove who measured: `egp measure --check` measures again.

Passes with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`:

```yaml
measured:
  window: 49d
  as_of: 2023-01-10
  query: "sha256:275bf0743cb9a20e3eef3e716453ffe55380795d10e13f8ebedc38397fc80c84"
  values: {eligible_units.distinct_over_run: cce0d970bdfe, eligible_units.per_day: 3af816c4e208, add_to_cart_rate.baseline: e3255e1a8a15, variance_reduction.correlation: 153a6f5f4d4b}
```

Fails at `/measured` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`, saying "are stated, and not measured":

```yaml
measured: null
```

Fails at `/measured` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, populations: {visitors: {fact: events}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`, saying "are stated, and not measured":

```yaml
measured: null
```

Fails at `/primary_metric/baseline` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`, saying "is not the number that was measured":

```yaml
measured: {window: 56d, as_of: 2023-01-10, query: "sha256:0", values: {add_to_cart_rate.baseline: 0123456789ab}}
```

Fails at `/measured/query` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`, saying "have changed since":

```yaml
measured: {window: 56d, as_of: 2023-01-10, query: "sha256:0", values: {add_to_cart_rate.baseline: 0123456789ab}}
```

Without a catalogue nobody can measure, and nothing is required.

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.experiment import Experiment, Measurement, Population
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.measured import is_number_of, measurable, query_digest
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.yaml import Path

needs = ("supplied",)

_AGAIN = "measure it again: egp measure PLAN --source URL --write"
_TOLD = 4


def check(plan: Experiment) -> Iterator[Finding]:
    catalogue = plan.supplied.catalogue if plan.supplied else None
    if catalogue is None:
        raise DoesNotApply
    stated = [each for each in measurable(plan) if _can_be_measured(each[0], plan, catalogue)]
    if not stated:
        raise DoesNotApply
    if plan.measured is None or not plan.measured.values:
        yield _unmeasured([name for _, name, _ in stated], _population_first(plan, catalogue))
        return
    if plan.measured.query != query_digest(plan, catalogue):
        yield Finding(
            ("measured", "query"),
            "definitions of the metrics, the population or the run have changed since the numbers were measured",
            observed="another query",
            required="numbers of this plan",
            help=_AGAIN,
        )
    yield from _changed(stated, plan.measured)


def _can_be_measured(path: Path, plan: Experiment, catalogue: MetricCatalogue) -> bool:
    """Numbers of a metric that the catalogue defines; all others are about the primary, or the units."""
    metric = next((metric for at, metric in plan.metrics if path[: len(at)] == at), None)
    return metric is None or (metric.name in catalogue.metrics and not metric.segment)


def _population_first(plan: Experiment, catalogue: MetricCatalogue) -> str:
    """What has to be said of who could have been exposed before anything can be measured."""
    if isinstance(plan.population, Population) and plan.population.of in catalogue.populations:
        return ""
    if catalogue.populations:
        return "add `population: {of: …}`, one of the catalogue, and "
    return "have the catalogue say under `populations:` who could have been exposed; add `population: {of: …}`, and "


def _unmeasured(names: list[str], first: str) -> Finding:
    told = [f"`{shown(name)}`" for name in names[:_TOLD]]
    more = [counted(len(names) - _TOLD, "other")] if len(names) > _TOLD else []
    verb = "is" if len(names) == 1 else "are"
    return Finding(
        ("measured",),
        f"{listing([*told, *more])} {verb} stated, and not measured",
        observed="missing",
        required="numbers from history",
        help=f"{first}egp measure PLAN --source URL --write puts what the warehouse says into the plan",
    )


def _changed(stated: list[tuple[Path, str, float]], measured: Measurement) -> Iterator[Finding]:
    values = measured.values or {}
    for path, name, value in stated:
        digest = values.get(name)
        if digest is not None and is_number_of(digest, value):
            continue
        what = "is not the number that was measured" if digest else "was not measured with the others"
        on = f" before {measured.as_of}" if measured.as_of else ""
        yield Finding(
            path,
            f"`{shown(name)}` {what}{on}",
            observed=f"{value:.6g}",
            required="the number that was measured",
            help=_AGAIN,
            related=(Related(("measured",), "what was measured"),),
        )
