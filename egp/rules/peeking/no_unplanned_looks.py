"""A fixed-horizon test of the primary metric is read once.

Every look at a running test is another chance to mistake noise for a win, and the first lucky one ends the test. The
chance that a change without effect is significant at one of K looks at least is computed exactly, by integrating the
path of the test statistic from look to look (Armitage, McPherson and Rowe 1969). Equally spaced looks, as
the published tables have them, make a two-sided 5 % test 10.7 % at three looks, 14.2 % at five and 22.0 % at fourteen;
the finding has the number for the declared days, which differs a little.

Whoever needs to stop early registers a group-sequential or an always-valid test instead, if the policy allows one.
Guardrails may be watched at any time: that is what stop rules are for. Without declared looks the test is read once,
after its end.

What a win is worth depends on how many changes work at all. `win_rate` is that share, for `egp explain --seen`: a tenth,
unless the policy knows its own. Kohavi, Deng and Vermeer, "A/B Testing Intuition Busters" (KDD 2022,
doi.org/10.1145/3534678.3539160), collect what companies published: 8 % at Airbnb's search, 10 to 20 % at Bing, Booking.com
and Google Ads, a third at Microsoft. No plan is judged by it.

Passes:

```yaml
statistics: {looks: [2023-02-06]}
```

Passes:

```yaml
statistics: {looks: null}
```

Fails at `/statistics/looks`, saying "3 looks raise the false positive rate from 5 % to 10.6 % (about 1 in 9)":

```yaml
statistics: {looks: [2023-01-28, 2023-02-01, 2023-02-06]}
```

Fails at `/statistics/looks`, saying "to 22 % (about 1 in 5)":

```yaml
statistics:
  looks: [2023-01-24, 2023-01-25, 2023-01-26, 2023-01-27, 2023-01-28, 2023-01-29, 2023-01-30,
          2023-01-31, 2023-02-01, 2023-02-02, 2023-02-03, 2023-02-04, 2023-02-05, 2023-02-06]
```

A method that is not declared is taken for a fixed horizon.

Fails at `/statistics/looks`, saying "2 looks raise the false positive rate from 5 % to 8.31 %":

```yaml
schedule: {start: null}
statistics: {method: null, looks: [2023-01-30, 2023-02-06]}
```

The same look twice is one look.

Passes:

```yaml
statistics: {looks: [2023-02-06, 2023-02-06]}
```

A sequential test is spending-allowed's.

Does not apply:

```yaml
statistics: {method: group_sequential, spending: obrien_fleming, looks: [2023-01-30, 2023-02-06]}
```

Does not apply:

```yaml
type: rollout
statistics: {looks: [2023-01-30, 2023-02-06]}
```

Not checked at `/statistics/alpha`:

```yaml
statistics: {alpha: null, looks: [2023-01-30, 2023-02-06]}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp import stats
from egp.plan.analysis.days import as_local_day, local
from egp.plan.analysis.registered import information_fractions, require_primary_test, sides, statistics_of
from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked, need
from egp.plan.quantity import Share, as_day
from egp.plan.remedy import setting
from egp.plan.wording import counted, day_in_words, one_in, percent
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.rules.exports import Broken


class Params(rule.Params):
    win_rate: Annotated[
        Share,
        "share of changes that truly work, by which pages say how many wins are false",
        rule.KnownAs("win_rate"),
        rule.AppliedByGate(),
    ] = Share(0.1)


def check(plan: Experiment) -> Iterator[Finding]:
    require_primary_test(plan)
    statistics = statistics_of(plan)
    if statistics.method not in (None, "fixed_horizon"):
        raise DoesNotApply
    looks = set(statistics.looks or ())
    count = len(looks)
    if count <= 1:
        return
    alpha = need(statistics.alpha, "statistics", "alpha")
    last = max(as_day(local(plan, look)) for look in looks)
    yield Finding(
        ("statistics", "looks"),
        _too_many(plan, alpha, count),
        observed=counted(count, "look"),
        required="1 look",
        remedies=[setting(("statistics", "looks"), [last.isoformat()])],
        help="register a sequential test if the policy allows one",
    )


def _too_many(plan: Experiment, alpha: float, count: int) -> str:
    if not 0 < alpha < 1:
        return f"{counted(count, 'look')} raise the false positive rate above {percent(alpha)}"
    rate = stats.repeated_looks_type1(alpha, _fractions(plan) or count, sides(plan))
    if percent(rate) == percent(alpha):
        return f"a fixed horizon has one look, and the plan has {count}"
    return f"{counted(count, 'look')} raise the false positive rate from {percent(alpha)} to {percent(rate)} ({one_in(rate)})"


def _fractions(plan: Experiment) -> list[float] | None:
    """Of the declared days; without a start the looks count as equally spaced."""
    try:
        return list(information_fractions(plan))
    except NotChecked:
        return None


def costs(broken: Broken) -> Iterator[str]:
    """How large a win looks at the first of the looks."""
    from egp.plan.analysis.by_day import day_at, times_its_size
    from egp.plan.analysis.days import planned_days
    from egp.rules.pictures import moves_well

    share = information_fractions(broken.plan)[0]
    first = day_at(broken.plan, max(1, round(share * planned_days(broken.plan))))
    if first.exaggeration >= 1.01:
        yield (
            f"At the first look, after {counted(first.number, 'day')}, a win of a change that truly {moves_well(broken.plan)}s by the MDE looks "
            f"{times_its_size(first.exaggeration)} on average{_wrong_way(first.wrong_sign)}."
        )


def _wrong_way(share: float) -> str:
    return f", and points the wrong way {percent(share, 1)} of the time" if share >= 0.0005 else ""


def picture(broken: Broken) -> Picture:
    """Launches that do nothing, and how many look like a win at the plan's looks and at one."""
    from egp.plan.analysis.early_wins import wins_at_one_look, wins_at_planned_looks
    from egp.rules.pictures import false_wins

    plan = broken.plan
    looks = sorted({as_local_day(plan, look) for look in statistics_of(plan).looks or ()})
    often, once = wins_at_planned_looks(plan), wins_at_one_look(plan)
    says = (
        f"Launched on the first good one of {counted(len(looks), 'look')}, {one_in(often)} changes that do nothing look like wins; at "
        f"one look on {day_in_words(looks[-1])}, {one_in(once)}."
    )
    named = [
        (f"on the first good one of {counted(len(looks), 'look')}", often),
        (f"at one look, on {day_in_words(looks[-1])}", once),
    ]
    return false_wins("Changes that do nothing, launched", says, named)


CONTESTED = True
"""People argue about it first."""


def plain(_: object, __: Experiment) -> str:
    """What the rule insists on, for people who read no statistics."""
    return "The primary metric is read on the days agreed beforehand and on no other: nobody stops on a good day."
