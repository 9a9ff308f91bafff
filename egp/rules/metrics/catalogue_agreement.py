"""What a plan says of metrics and populations agrees with the catalogue.

A metric is defined once, in the catalogue that the policy names. A plan may repeat what is said there, for its readers; it
may not say otherwise, since then one name would stand for two metrics, and the reader of the result would not know which.
Kind, direction, quantile, outcome window and cap belong to the definition; baseline, MDE, target, margin and action are the
plan's own. Without a catalogue nothing is required. What is spelt in another way is the same. Who is in a population is defined there, too:
`egp measure` and `egp rehearse` read its history, and a plan that filters it otherwise would be given numbers of other units.

Passes with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`:

```yaml
primary_metric: {kind: proportion}
```

Fails at `/primary_metric/direction` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}}`, saying "the catalogue says increase":

Does not apply:

```yaml
primary_metric: {direction: decrease}
```

Fails at `/guardrail_metrics/0/outcome_window` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {refund_rate: {kind: proportion, direction: decrease, fact: events, outcome_window: 5d}}}`, saying "the plan says outcome_window 7d, and the catalogue says 5d":

Passes with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, metrics: {refund_rate: {kind: proportion, direction: decrease, fact: events, outcome_window: 1w}}}`:

```yaml
id: sound-plan
```

Fails at `/population/of` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, populations: {pdp_mobile: {fact: events}}}`, saying "did you mean pdp_mobile?":

```yaml
population: {of: pdp_mobil}
```

Passes with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, populations: {pdp_mobile: {fact: events, where: {name: pdp_view, device: [mobile, tablet]}}}}`:

```yaml
population: {of: pdp_mobile, where: {device: [tablet, mobile]}, known: before_exposure}
```

Fails at `/population/where/device` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, populations: {pdp_mobile: {fact: events, where: {name: pdp_view, device: mobile}}}}`, saying "the catalogue says mobile":

```yaml
population: {of: pdp_mobile, where: {device: [mobile, tablet]}, known: before_exposure}
```

Fails at `/population/where/country` with `catalogue: {facts: {events: {table: events, unit: user_id, at: at}}, populations: {pdp_mobile: {fact: events, where: {name: pdp_view, device: mobile}}}}`, saying "the catalogue does not filter pdp_mobile by country":

```yaml
population: {of: pdp_mobile, where: {country: CA}, known: before_exposure}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan.experiment import Experiment, Metric, Population
from egp.plan.finding import CATALOGUE, DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import listing

needs = ("supplied",)

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.yaml import Path


def check(plan: Experiment) -> Iterator[Finding]:
    catalogue = plan.supplied.catalogue if plan.supplied else None
    if catalogue is None:
        raise DoesNotApply
    population = plan.population if isinstance(plan.population, Population) else None
    if population and population.of is not None and population.of not in catalogue.populations:
        yield _undefined(population.of, catalogue)
    elif population and population.of:
        yield from _filtered_otherwise(population, population.of, catalogue)
    for path, metric in plan.metrics:
        if metric.id in catalogue.metrics:
            yield from _contradictions(metric, path, catalogue)


def _undefined(population: str, catalogue: MetricCatalogue) -> Finding:
    meant = nearest(population, catalogue.populations)
    hint = f", did you mean {shown(meant)}?" if meant else ""
    return Finding(
        ("population", "of"),
        f"the catalogue does not define the population {shown(population)}{hint}",
        observed=shown(population),
        required="a population of the catalogue",
        remedies=[setting(("population", "of"), meant)] if meant else (),
        help="" if meant else "have it defined under `populations:` of the catalogue first",
    )


def _filtered_otherwise(population: Population, name: str, catalogue: MetricCatalogue) -> Iterator[Finding]:
    """Filters of the plan that are not those of the population, whose history is read."""
    defined = {key: _values(value) for key, value in (catalogue.populations[name].where or {}).items()}
    for key, value in (population.where or {}).items():
        said, meant = _values(value), defined.get(key)
        if meant is not None and set(said) == set(meant):
            continue
        if meant is None:
            message = f"the catalogue does not filter {shown(name)} by {shown(key)}"
        else:
            message = f"of {shown(name)} the plan says {shown(key)} {listing(said)}, and the catalogue says {listing(meant)}"
        yield Finding(
            ("population", "where", key),
            f"{message}: its history is that of other units",
            observed=listing(said),
            required=listing(meant) if meant else "a filter of the population",
            help=f"name a population of the catalogue with this filter, or take {shown(key)} out of `where`",
            related=(Related(("populations", name), "as it is defined", plan=CATALOGUE),),
        )


def _values(value: object) -> list[str]:
    """The values of a filter as they are written, true and false as YAML has them."""
    each = value if isinstance(value, (list, tuple)) else (value,)
    return [shown(str(one).lower() if isinstance(one, bool) else str(one)) for one in each]


def _contradictions(metric: Metric, path: Path, catalogue: MetricCatalogue) -> Iterator[Finding]:
    name = str(metric.id)
    defined, written = catalogue.metrics[name], catalogue.stated(name)
    for key, stated in written.items():
        said, meant = getattr(metric, key), getattr(defined, key)
        if said is None or said == meant:
            continue
        yield Finding(
            (*path, key),
            f"of {shown(name)} the plan says {key} {_text(key, said, metric)}, and the catalogue says {shown(stated)}",
            observed=_text(key, said, metric),
            required=shown(stated),
            remedies=[setting((*path, key), stated)],
            help="leave it out, since the catalogue says it",
            related=(Related(("metrics", name), "as it is defined", plan=CATALOGUE),),
        )


def _text(key: str, value: object, metric: Metric) -> str:
    from egp.plan.wording import duration_in_plan, share_in_plan

    if key == "outcome_window" and metric.outcome_window is not None:
        window, hour = metric.outcome_window, timedelta(hours=1)
        return f"{window / hour:.12g}h" if window % hour else duration_in_plan(window)
    return share_in_plan(value) if key == "quantile" and isinstance(value, float) else shown(str(value))
