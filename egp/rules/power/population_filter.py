"""A population is filtered by what was true of its units before they entered.

Units of one country, of one release, of accounts older than a month: such a filter chooses whom the result is about, and both
variants have the same kind of units. A filter on something that the treatment may change, such as who stayed or who
bought, keeps other people in one variant than in the other, and the difference is then who they are. So a plan with
`population.where` says with `known` that its attributes are known before exposure; what is only known later is a trigger,
logged in every variant (`triggered`), or an outcome. Beside `of`, the filter is
compared with that of the catalogue's population ([catalogue-agreement](catalogue-agreement.md)); alone it is compared with nothing, and the
count of eligible units is one of units that pass it.

Passes:

```yaml
population: {where: {country: [US, CA], channel: release}, known: before_exposure}
```

Fails at `/population/known`, saying "does not say when country and channel are known":

```yaml
population: {where: {country: [US, CA], channel: release}}
```

Fails at `/population/known`, saying "the treatment may change whom bought lets in":

```yaml
population: {where: {bought: "yes"}, known: after_exposure}
```

Fails at `/population/where`, saying "filters nothing":

```yaml
population: {where: {}, known: before_exposure}
```

Fails at `/population/known`, saying "has no filter":

```yaml
population: {known: before_exposure, triggered: saw_it, logged_in: [control, buy_now]}
```

Does not apply:

```yaml
population: {triggered: saw_it, logged_in: [control, buy_now]}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.experiment import Experiment, Population
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.quantity import shown
from egp.plan.remedy import addition, open_if, removal
from egp.plan.wording import listing
from egp.yaml import Path

KNOWN: Path = ("population", "known")
WHERE: Path = ("population", "where")


def check(plan: Experiment) -> Iterator[Finding]:
    population = plan.population
    if not isinstance(population, Population) or (population.where is None and population.known is None):
        raise DoesNotApply
    if population.where is None:
        yield Finding(
            KNOWN, "the population says when its filter is known, but has no filter", "no filter", "`where`",
            remedies=[removal(KNOWN)],
        )  # fmt: skip
        return
    if not population.where:
        yield Finding(
            WHERE, "the population's `where` filters nothing", "no attribute", "an attribute and its value",
            remedies=[removal(WHERE)],
        )  # fmt: skip
        return
    names = listing(map(shown, population.where))
    are = "is" if len(population.where) == 1 else "are"
    if population.known is None:
        before = f"{names} {are} known of a unit before it enters"
        yield Finding(
            KNOWN, f"the plan does not say when {names} {are} known", "missing", "before_exposure",
            remedies=[addition(KNOWN, "before_exposure", f" if {before}", open_if(before))],
            related=(Related(WHERE, "the filter"),),
        )  # fmt: skip
    elif population.known == "after_exposure":
        yield Finding(
            KNOWN,
            f"the treatment may change whom {names} lets in, so that the variants are no longer alike",
            observed="after_exposure",
            required="before_exposure",
            help="filter by what is known before exposure, or log the event in every variant and name it with `triggered`",
            related=(Related(WHERE, "the filter"),),
        )
