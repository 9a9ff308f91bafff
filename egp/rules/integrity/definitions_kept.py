"""What registered plans leave to catalogue and defaults stays as it was agreed.

A plan of thirty lines rests on more than its file: on the definition of its metrics, on who is in its population, and on
what the policy supplies. A filter that is widened, or a default that is loosened, moves the goalposts of every plan that
stands on it, and none of their files shows it. The lock has the digests of the definitions and the defaults of the day of
registration, so the change is found, once, at the line that moves the plans.

A shared holdout changes nothing for those who are in it either: another share, day or unit is found, and a new one beside it
is none of their concern. To continue one that is reviewed, add a review.

A default changes by an entry with a day: `defaults: [{...}, {from: 2026-12-01, ramp: [...]}]` holds for what is registered
from then on. A definition that is written otherwise and means the same is let through by an entry that somebody reviewed,
`equivalent: [{metric: …, from: …, to: …, by: …, because: …}]` in the catalogue. Any other change is one of the plans, which
`egp amend` declares. Comments, white space and the case of SQL keywords are no change, nor are a metric's label, worth and owner.

Passes with `moved: []`:

Fails at `/id` with `moved: [{of: metric, name: refund_rate, before: "sha256:0a", now: "sha256:0b"}]`, saying "refund_rate is defined otherwise than when sound-plan was registered":

Fails at `/id` with `moved: [{of: metric, name: refund_rate, before: "sha256:0a", now: ""}]`, saying "is not defined any more":

Fails at `/id` with `moved: [{of: default, name: statistics.power, before: 95%, now: 80%, path: [statistics, power]}]`, saying "`statistics.power` was 95% and is 80%, without a day":

Fails at `/id` with `moved: [{of: default, name: statistics.power, before: 95%, now: 80%, path: [statistics, power]}, {of: default, name: readouts.cadence, before: weekly, now: "", path: [readouts, cadence]}]`, saying "`readouts.cadence` was weekly and is removed":

Does not apply:

```yaml
id: sound-plan
```

Fails at `/id` with `moved: [{of: holdout, name: shop-2023h1, before: "sha256:0a", now: "sha256:0b"}]`, saying "the shared holdout shop-2023h1 is defined otherwise":

```yaml
id: sound-plan
```

Fails at `/id` with `moved: [{of: holdout, name: shop-2023h1, before: "2023-06-30", now: "2023-03-31", path: [until]}]`, saying "lasts until 2023-03-31":

```yaml
id: sound-plan
```

Fails at `/id` with `moved: [{of: holdout, name: shop-2023h1, before: 10%, now: 5%, path: [share]}, {of: holdout, name: shop-2023h1, before: "", now: 60bps, path: [primary_metric, mde]}]`, saying "`share` was 10% and is 5% and `primary_metric.mde` was not there and is 60bps":

```yaml
id: sound-plan
```

Fails at `/id` with `moved: [{of: population, name: pdp_mobile, before: "sha256:0a", now: "sha256:0b"}]`, saying "2 registered plans":

```yaml
id: sound-plan
---
id: another
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.supplied import Moved
from egp.plan.wording import counted, listing
from egp.rules.rule_inputs import Portfolio

needs = ("plan.is_completed",)

_NAMED = 10
"""Plans that a finding names; of more it says how many."""


def check(portfolio: Portfolio) -> Iterator[Finding]:
    defaults: dict[tuple[str, ...], list[Moved]] = {}
    holdouts: dict[tuple[str, ...], list[Moved]] = {}
    for moved in portfolio.plan.moved or ():
        if moved in portfolio.told_elsewhere:
            continue
        names = [each.id for each in portfolio.index.entries if moved in (each.moved or ())]
        if moved.of == "default":
            defaults.setdefault(tuple(names), []).append(moved)
        elif moved.of == "holdout" and moved.path:
            holdouts.setdefault((moved.name, *names), []).append(moved)
        else:
            yield _definition(portfolio, moved, names)
    for of_plans, together in defaults.items():
        yield _defaults(portfolio, together, of_plans)
    for (_, *named), together in holdouts.items():
        yield _holdout(portfolio, together, named)


def _definition(portfolio: Portfolio, moved: Moved, names: list[str]) -> Finding:
    what = f"{'the shared holdout ' if moved.of == 'holdout' else ''}{shown(moved.name)}"
    what += " (population)" if moved.of == "population" else ""
    registered = f"{_plans(names)} {'was' if len(names) == 1 else 'were'} registered"
    message = (
        f"{what} is defined otherwise than when {registered}"
        if moved.now
        else f"{what} is not defined any more, and {registered} with its definition"
    )
    step = f'{{{moved.of}: {moved.name}, from: "{moved.before}", to: "{moved.now}", by: …, because: …}}'
    if moved.of == "holdout":
        step = ""  # what a holdout keeps and how long is no wording
    same = f"; if it means the same, have that reviewed and add `equivalent: [{step}]` to the catalogue"
    return Finding(
        ("id",),
        message,
        observed=_short(moved.now) or "missing",
        required=_short(moved.before),
        help=f"restore the definition, or declare the change in each of the plans with `egp amend`{same if moved.now and step else ''}",
        source=portfolio.place_of(moved),
    )


def _holdout(portfolio: Portfolio, together: list[Moved], names: list[str]) -> Finding:
    """One finding of a shared holdout, which names each key that it changed."""
    first, *more = together
    were = f"{_plans(names)} {'was' if len(names) == 1 else 'were'} registered"
    what = f"the shared holdout {shown(first.name)}"
    if first.path == ("until",) and first.now and not more:
        message = f"{what} lasts until {first.now}, and {were} with {first.before}"
    else:
        changes = listing([each.change for each in together])
        message = f"{what} is defined otherwise than when {were}: {changes}"
    return Finding(
        ("id",),
        message,
        observed=_short(first.now) or "missing",
        required=_short(first.before) or "nothing",
        help="restore the definition, or declare the change in each of the plans with `egp amend`",
        source=portfolio.place_of(first),
    )


def _defaults(portfolio: Portfolio, together: list[Moved], names: tuple[str, ...]) -> Finding:
    first = together[0]
    changes = listing([f"the default {each.change}" for each in together])
    return Finding(
        ("id",),
        f"{changes}, without a day: {_plans(names)} {'was' if len(names) == 1 else 'were'} registered with what it was",
        observed=first.now or "missing",
        required=first.before or "nothing",
        help="restore it, and let the change hold from a day on with an entry of `defaults:` that says `from:`",
        source=portfolio.place_of(first),
    )


def _plans(names: list[str] | tuple[str, ...]) -> str:
    named = [shown(name) for name in names]
    if len(named) == 1:
        return named[0]
    further = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return f"{counted(len(named), 'registered plan')} ({listing([*named[:_NAMED], *further])})"


def _short(digest: str) -> str:
    return digest[:19]


ACTOR = "registrar"
"""Who has to act on it."""
