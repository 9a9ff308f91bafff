"""A holdback without an end has days on which somebody decides whether it goes on.

A holdback is meant to last, and one that nobody looks at lasts because it was forgotten: units are kept from a change that
everybody else has, for no reason that anybody could name. Instead of an end the plan lists `schedule.reviews`, the first after
the start and none further than `every` from the one before. Until the last of them everything is agreed that egp computes
for the plan; from that day on `egp gate --monitor` holds until the plan is amended, with a further review or with an
end. The rule is about holdbacks, and about reviews in other plans, which have an end.

Passes:

```yaml
type: holdback
schedule: {end: null, reviews: [2023-04-24, 2023-07-24]}
```

Passes:

```yaml
type: holdback
schedule: {end: 2023-07-23, reviews: [2023-04-24]}
```

Fails at `/schedule/end`, saying "the holdback has neither an end nor days of review":

```yaml
type: holdback
schedule: {end: null}
```

Fails at `/schedule/reviews/0`, saying "182 days pass between the start and the review on 2023-07-24":

```yaml
type: holdback
schedule: {end: null, reviews: [2023-07-24]}
```

Passes with `every: 26w`:

```yaml
type: holdback
schedule: {end: null, reviews: [2023-07-24]}
```

Fails at `/schedule/reviews/1`, saying "is not after the one on 2023-04-24":

```yaml
type: holdback
schedule: {end: null, reviews: [2023-04-24, 2023-04-03]}
```

Fails at `/schedule/reviews/0`, saying "is not after the start":

```yaml
type: holdback
schedule: {end: null, reviews: [2023-01-23]}
```

Fails at `/schedule/reviews/0`, saying "the review on 2023-04-24 comes after the holdback has ended":

```yaml
type: holdback
schedule: {end: 2023-03-05, reviews: [2023-04-24]}
```

Fails at `/schedule/reviews`, saying "a superiority plan ends with its run":

```yaml
schedule: {reviews: [2023-04-24]}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Annotated

from egp.plan.analysis.days import day_after, first_day, last_day, schedule_of, whole_days
from egp.plan.analysis.rescheduling import working_day
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, Related
from egp.plan.remedy import Remedy, addition, removal, setting
from egp.plan.wording import counted, length
from egp.rules import rule
from egp.yaml import Path

REVIEWS: Path = ("schedule", "reviews")


class Params(rule.Params):
    every: Annotated[timedelta, "longest time without a review", rule.Stricter("less")] = timedelta(weeks=13)


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    schedule = schedule_of(plan)
    if plan.type != "holdback":
        if not schedule.reviews:
            raise DoesNotApply
        if plan.type is not None:
            yield Finding(
                REVIEWS, f"a {plan.type} plan ends with its run, and is not continued by reviews", "reviews", "an end",
                remedies=[removal(REVIEWS)],
            )  # fmt: skip
        return
    if schedule.end is None and not schedule.reviews:
        yield Finding(
            ("schedule", "end"),
            "the holdback has neither an end nor days of review",
            observed="neither",
            required="an end, or reviews",
            remedies=partial(_first_review, plan, params),
            help="add `end:` with its last day",
        )
        return
    first = first_day(plan)
    before, said = first, "the start"
    for at, review in enumerate(schedule.reviews):
        passed = (review - before).days
        place = (*REVIEWS, at)
        if passed <= 0:
            than = f"the start, {before}" if at == 0 else f"the one on {before} before it"
            yield Finding(
                place, f"the review on {review} is not after {than}", str(review), f"after {before}",
                help="list the reviews in order of date",
            )  # fmt: skip
            return
        if passed > whole_days(params.every):
            yield Finding(
                place,
                f"{counted(passed, 'day')} pass between {said} and the review on {review}; the policy requires one every "
                f"{length(params.every)}",
                observed=counted(passed, "day"),
                required=f"at most {length(params.every)}",
                remedies=[setting(place, working_day(day_after(before, whole_days(params.every) - 6)))],
            )
        before, said = review, f"the review on {review}"
    if schedule.end is not None and schedule.reviews and before > last_day(plan):
        yield Finding(
            (*REVIEWS, len(schedule.reviews) - 1),
            f"the review on {before} comes after the holdback has ended",
            observed=str(before),
            required=f"{last_day(plan)} or earlier",
            remedies=[removal(("schedule", "end"), ", if it goes on")],
            help="take the review out",
            related=(Related(("schedule", "end"), "the end"),),
        )


def _first_review(plan: Experiment, params: Params) -> list[Remedy]:
    due = working_day(day_after(first_day(plan), whole_days(params.every) - 6))
    return [addition(REVIEWS, [due.isoformat()], ", if it goes on for as long as it is worth it")]
