"""A shared holdout is the only one of its name, and no experiment has that name.

Plans of several policies may name a holdout. Were two policies to define it, each of them would keep other units, and whoever reads
that both launches left the holdout alone would be wrong. Its own analysis is filed under its name, as those of experiments are.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1}
---
holdout: {of: shop-2023h1}
```

Fails at `/holdout/of` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "is also the id of the experiment in plan-1.yaml":

```yaml
holdout: {of: shop-2023h1}
---
id: shop-2023h1
```

Fails at `/holdout/of` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}, defined: [search/egp.yaml:7]`, saying "is defined in egp.yaml:1 and search/egp.yaml:7":

```yaml
holdout: {of: shop-2023h1}
---
holdout: {of: shop-2023h1}
```

Does not apply:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.rules.rule_inputs import Portfolio

needs = ("plan.holdout",)

AT = ("holdout", "of")


def check(portfolio: Portfolio) -> Iterator[Finding]:
    shared = portfolio.holdout
    if shared is None:
        raise DoesNotApply
    name = shown(shared.name)
    for other in portfolio.index.sharing("id", shared.name)[:1]:
        yield Finding(
            AT,
            f"the shared holdout {name} is also the id of the experiment in {shown(other.path)}",
            observed=name,
            required="a name of its own",
            help="give one of the two another name",
            related=(Related(("id",), "the experiment", other.path, other.document),),
        )
    places = {each.holdout_defined for each in portfolio.index.sharing("holdout", shared.name)}
    others = sorted(places - {"", shared.place})
    if others:
        yield Finding(
            AT,
            f"the shared holdout {name} is defined in {listing([shared.place, *others])}",
            observed=f"{len(others) + 1} definitions",
            required="one",
            help="define it once, in the policy that delegates to both, or give one of them another name",
        )


ACTOR = "owners"
"""Who has to act on it."""
