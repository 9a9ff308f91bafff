"""egp can judge the design: variants at the same time, each unit in one of them.

Arithmetic that fits another design gives numbers that look right and mean nothing. Everything that egp computes rests on units
that are assigned once, by fixed weights, independently of each other, to variants that run side by side. A plan that says
with `design`, `type`, `statistics.method` or its `unit` that it is something else is refused by name, with the reason and with
what can be registered instead; no other rule speaks of it.

Passes:

```yaml
design: parallel
```

Fails at `/design`, saying "a bandit changes the weights by the results":

```yaml
design: bandit
```

Fails at `/type`, saying "a bandit changes the weights by the results":

```yaml
type: multi_armed_bandit
```

Fails at `/statistics/method`, saying "a bandit changes the weights by the results":

```yaml
statistics: {method: thompson_sampling}
```

Fails at `/design`, saying "a switchback gives all units the same variant for a time":

```yaml
design: switchback
```

Fails at `/unit`, saying "a switchback gives all units the same variant for a time":

```yaml
unit: time_window
```

Fails at `/design`, saying "interleaving mixes the variants in one answer":

```yaml
design: interleaving
```

Fails at `/unit`, saying "a geo experiment has few units, and large ones":

```yaml
unit: dma
```

Fails at `/design`, saying "a crossover gives each unit one variant after the other":

```yaml
design: crossover
```

Fails at `/design`, saying "a comparison without random assignment":

```yaml
design: difference_in_differences
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.rules.rule_inputs import PlanFile
from egp.stats.values import NamedTuple
from egp.yaml import Path
from egp.yaml.edits import value_at


class RefusedDesign(NamedTuple):
    """A design that egp does not judge: why, and what can be registered instead."""

    why: str
    instead: str


BANDIT = RefusedDesign(
    "a bandit changes the weights by the results, so that units, days and outcomes are no longer independent of the "
    "variant; no fixed sample, sample-ratio test or interval of egp holds for it",
    "let the bandit choose, and register a test with fixed weights of its choice against control",
)
SWITCHBACK = RefusedDesign(
    "a switchback gives all units the same variant for a time, so that the periods are what is randomised, and one carries "
    "over into the next; egp counts units as independent",
    "analyse it by period with a method made for that, or randomise units where they do not share a market",
)
INTERLEAVING = RefusedDesign(
    "interleaving mixes the variants in one answer and compares which part is preferred; there is no arm whose units have "
    "one variant, and so no metric of a variant",
    "use it to choose a candidate, and register a test of that candidate against control",
)
GEO = RefusedDesign(
    "a geo experiment has few units, and large ones that differ from each other; its error is that of a model of their "
    "past, and egp's arithmetic needs many exchangeable units",
    "analyse it with a method made for regions, or randomise users",
)
CROSSOVER = RefusedDesign(
    "a crossover gives each unit one variant after the other, so that each is compared with itself and what came first "
    "may carry over; egp compares different units",
    "give each unit one variant for the whole run",
)
OBSERVED = RefusedDesign(
    "a comparison without random assignment rests on a model of who got the treatment, which nothing in egp can check",
    "randomise, or decide by other means: egp cannot judge this design",
)

BY_NAME = {
    **dict.fromkeys(("bandit", "multi_armed_bandit", "mab", "contextual_bandit", "thompson_sampling", "epsilon_greedy", "ucb", "adaptive"), BANDIT),
    **dict.fromkeys(("switchback", "time_split", "time_randomised", "time_randomized"), SWITCHBACK),
    **dict.fromkeys(("interleaving", "interleaved", "team_draft"), INTERLEAVING),
    **dict.fromkeys(("geo", "geo_lift", "geolift", "geo_experiment", "geo_test", "matched_markets"), GEO),
    **dict.fromkeys(("crossover", "stepped_wedge", "within_subject", "within_subjects"), CROSSOVER),
    **dict.fromkeys(
        (
            "difference_in_differences", "diff_in_diff", "did", "synthetic_control", "before_after", "pre_post",
            "observational", "quasi_experiment", "regression_discontinuity", "propensity_score",
        ),
        OBSERVED,
    ),
}  # fmt: skip
"""What people call it → why egp refuses it."""

BY_UNIT = {
    **dict.fromkeys(("time_window", "time_slot", "time_period", "time", "hour", "day"), SWITCHBACK),
    **dict.fromkeys(("geo", "region", "dma", "market", "country", "state"), GEO),
}
"""Units whose randomisation is such a design."""

SAYING: tuple[Path, ...] = (("design",), ("type",), ("statistics", "method"))


def check(file: PlanFile) -> Iterator[Finding]:
    for at in SAYING:
        if found := BY_NAME.get(_plain(file, at)):
            yield _refused(at, _plain(file, at), found)
            return
    if found := BY_UNIT.get(_plain(file, ("unit",))):
        yield _refused(("unit",), _plain(file, ("unit",)), found)


def _plain(file: PlanFile, at: Path) -> str:
    """What the file says there, however it is spelt; empty for nothing."""
    value = value_at(file.document.value, at)
    name = value.strip().casefold() if isinstance(value, str) else ""
    return name if name.isidentifier() else re.sub(r"[\s-]+", "_", name)


def _refused(at: Path, name: str, found: RefusedDesign) -> Finding:
    return Finding(
        at,
        f"egp does not judge this design: {found.why}",
        observed=name,
        required="variants side by side, each unit in one of them",
        help=found.instead,
        impossible=True,
        ends_judgement=True,
    )
