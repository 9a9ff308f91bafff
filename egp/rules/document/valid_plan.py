"""The file is a plan: every key is known, every value fits its key, and the values fit each other.

A misspelt key is a promise nobody keeps, and weights that do not add up make a test nobody can analyse. The
keys are those of the schema; a key of one's own starts with `x-`. Beyond the schema:

- ids of variants, metrics and stop rules are unique inside the plan;
- weights, and the probabilities of scenarios, add up to 100 %, and every variant has a weight;
- there is exactly one control, and at least one treatment;
- run and canary do not end before they start, pauses lie inside the run, the time zone is an IANA one;
- the numbers of one metric have one unit: points are for rates, ms and s for times, money has one currency;
- the rate of a proportion lies strictly between 0 % and 100 %, standard deviations are above 0, correlations
  are at least 0 and below 1;
- a margin is a positive amount of harm, and entries of lists are not blank;
- `looks` is not an empty list: a plan without `looks:` is read once, on the day after its run;
- dates lie within ten years of the start, and in this century;
- texts are not blank and have no character that nobody sees, and no two ids read alike;
- no effect and no margin is as large as the metric itself, units lie on either side of a quantile, and money is of one
  currency;
- a canary or a holdout is either `none` or described, and a stop rule has one kind of evidence.

Passes:

```yaml
x-reviewed-with: web platform
```

Fails at `/primary_metrc`, saying "unknown key `primary_metrc`, did you mean `primary_metric`?":

```yaml
primary_metrc: {id: add_to_cart_rate, kind: proportion}
primary_metric: null
```

Fails at `/schedule/flavour`, saying "unknown key `flavour`":

```yaml
schedule: {flavour: vanilla}
```

Fails at `/type`, saying "the plan has no `type`":

```yaml
type: null
```

Fails at `/schedule/start`, saying "2023-02-30 is not a date in the calendar":

```yaml
schedule: {start: 2023-02-30}
```

Fails at `/schedule`, saying "a list where a mapping of keys is meant":

```yaml
schedule: [2023-01-23, 2023-02-05]
```

Fails at `/variants/2/id`, saying "two variants have the id `buy_now`":

```yaml
variants: [{id: control, weight: 50%, control: true}, {id: buy_now, weight: 25%}, {id: buy_now, weight: 25%}]
```

Fails at `/guardrail_metrics/1/id`, saying "two metrics have the id `refund_rate`":

```yaml
guardrail_metrics: {1: {id: refund_rate}}
```

Fails at `/stop_rules/2/id`, saying "two stop rules have the id `refunds`":

```yaml
stop_rules: {2: {id: refunds}}
```

Fails at `/variants/1/weight`, saying "the weights add up to 90 %":

```yaml
variants: {1: {weight: 40%}}
```

Fails at `/variants/2/weight`, saying "the weights add up to 99.99 %":

```yaml
variants: [{id: control, weight: 33.33%, control: true}, {id: a, weight: 33.33%}, {id: b, weight: 33.33%}]
```

Fails at `/variants/1/weight`, saying "the variant buy_now has no weight":

```yaml
variants: {1: {weight: null}}
```

Fails at `/variants/2/weight`, saying "the variant later has a weight of 0 %":

```yaml
variants: [{id: control, weight: 50%, control: true}, {id: buy_now, weight: 50%}, {id: later, weight: 0%}]
```

Fails at `/variants`, saying "1 variant":

```yaml
variants: [{id: control, weight: 100%, control: true}]
```

Fails at `/variants/0/control`, saying "no variant is the control":

```yaml
variants: {0: {control: false}}
```

Fails at `/variants/1/control`, saying "two controls":

```yaml
variants: {1: {control: true}}
```

Fails at `/schedule/end`, saying "ends on 2023-01-22, before its start on 2023-01-23":

```yaml
schedule: {end: 2023-01-22}
```

Fails at `/schedule/end`:

```yaml
schedule: {start: "2023-01-23T08:00:00-08:00", end: "2023-01-23T16:00:00Z"}
```

Fails at `/canary/end`, saying "the canary ends on 2023-01-17":

```yaml
canary: {end: 2023-01-17}
```

Fails at `/schedule/pauses/0`, saying "2022-01-28 lies outside the run":

```yaml
schedule: {pauses: [2022-01-28]}
```

Fails at `/schedule/timezone`, saying "did you mean `America/Los_Angeles`?":

```yaml
schedule: {timezone: America/Los Angeles}
```

Fails at `/primary_metric/baseline`, saying "a proportion needs a share":

```yaml
primary_metric: {baseline: 0.12}
```

Fails at `/primary_metric/baseline`, saying "strictly between 0 % and 100 %":

```yaml
primary_metric: {baseline: 0%}
```

Fails at `/primary_metric/mde`, saying "40ms is a time, the metric is a share":

```yaml
primary_metric: {mde: 40ms}
```

Fails at `/guardrail_metrics/2/non_inferiority_margin`, saying "30bps is points of a rate":

```yaml
guardrail_metrics: {2: {non_inferiority_margin: 30bps}}
```

Fails at `/guardrail_metrics/2/limit/max`, saying "2100 is a plain number, the metric is a time":

```yaml
guardrail_metrics: {2: {limit: {max: 2100}}}
```

Fails at `/stop_rules/1/harm_exceeds`, saying "1pp is points of a rate, the metric is a plain number":

```yaml
stop_rules: {1: {harm_exceeds: 1pp}}
```

Fails at `/guardrail_metrics/1/non_inferiority_margin`, saying "7% of a baseline of 0 is no change":

```yaml
guardrail_metrics: {1: {baseline: 0}}
```

Fails at `/guardrail_metrics/2/limit/min`, saying "above the limit max":

```yaml
guardrail_metrics: {2: {limit: {max: 2100ms, min: 3s}}}
```

Fails at `/guardrail_metrics/1/std_dev`, saying "must be above 0":

```yaml
guardrail_metrics: {1: {std_dev: 0}}
```

Fails at `/guardrail_metrics/2/quantile`, saying "no `quantile`":

```yaml
guardrail_metrics: {2: {quantile: null}}
```

Fails at `/guardrail_metrics/2/quantile`, saying "100 %":

```yaml
guardrail_metrics: {2: {quantile: 100%}}
```

Fails at `/statistics/variance_reduction/correlation`, saying "at least 0 and below 1":

```yaml
statistics: {variance_reduction: {correlation: 1}}
```

Fails at `/economics/scenarios/1/probability`, saying "the probabilities add up to 90 %":

```yaml
economics: {scenarios: {1: {probability: 30%}}}
```

Fails at `/guardrail_metrics/0/non_inferiority_margin`, saying "a margin is a positive amount of harm":

```yaml
guardrail_metrics: {0: {non_inferiority_margin: -8%}}
```

Fails at `/statistics/looks`, saying "an empty list":

```yaml
statistics: {looks: []}
```

Passes:

```yaml
statistics: {looks: null}
```

Passes:

```yaml
type: rollout
statistics: {looks: []}
```

Fails at `/readouts/audience/1`, saying "readouts.audience[1] is blank":

```yaml
readouts: {audience: [pm, " "]}
```

Fails at `/holdout/none`, saying "both":

```yaml
holdout: {none: "too few units"}
```

Passes:

```yaml
holdout: {none: "too few units", share: null, until: null}
```

Fails at `/sign_offs/0/on`, saying "lies in the year 1":

```yaml
sign_offs: {0: {on: 0001-01-01}}
```

Fails at `/holdout/until`, saying "20 years after the start on 2023-01-23":

```yaml
holdout: {until: 2043-05-10}
```

Fails at `/owner/dri`, saying "a character that nobody sees":

```yaml
owner: {dri: "@pdp-pm\\0"}
```

Fails at `/title`, saying "title is blank":

```yaml
title: " "
```

Fails at `/guardrail_metrics/1/id`, saying "ids that read alike, refund_rate and Refund-Rate":

```yaml
guardrail_metrics: {1: {id: Refund-Rate}}
```

Fails at `/primary_metric/mde`, saying "as much as the metric itself":

```yaml
primary_metric: {mde: 100%}
```

Fails at `/guardrail_metrics/2/quantile`, saying "1.5 of 147,000 units beyond it":

```yaml
guardrail_metrics: {2: {quantile: 0.001%}}
```

Fails at `/surfaces/1`, saying "twice":

```yaml
surfaces: [pdp.mobile, pdp.mobile]
```

Fails at `/economics/cost_per_error`, saying "in EUR":

```yaml
economics: {cost_per_error: 0.07 EUR}
```

Fails at `/statistics/looks/1`, saying "the look on 2023-01-30 is listed after the one on 2023-02-06":

```yaml
statistics: {method: group_sequential, spending: pocock, looks: [2023-02-06, 2023-01-30]}
```

Fails at `/statistics/looks/2`, saying "listed after":

```yaml
statistics: {looks: [2023-01-30, 2023-02-06, "2023-02-05T09:00:00-08:00"]}
```

Fails at `/statistics/looks/1`, saying "listed after":

```yaml
statistics: {looks: ["2023-02-06T09:00:00-08:00", "2023-02-06T16:00:00Z"]}
```

Fails at `/holdout/share`, saying "keeps every unit":

```yaml
holdout: {share: 100%}
```

Fails at `/holdout/share`, saying "keeps every unit":

```yaml
type: rollout
holdout: {share: 100 %}
schedule: {exposure: null}
```

Fails at `/escalation/within`:

```yaml
escalation: {within: 0h}
```

Fails at `/stop_rules/0/for`, saying "2 kinds of evidence":

```yaml
stop_rules: {0: {for: 2d}}
```
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from egp.plan.consistency import contradictions
from egp.plan.dimensions import mismatches
from egp.plan.experiment import Experiment, are_results
from egp.plan.finding import Finding
from egp.plan.meaning import meaningless
from egp.plan.remedy import Remedy, advise
from egp.plan.typed_reader import ValueProblem
from egp.plan.wording import listing
from egp.rules.rule_inputs import PlanFile
from egp.yaml import Document, Position, Span
from egp.yaml.edits import Renaming, Setting, value_at


def check(file: PlanFile) -> Iterator[Finding]:
    if file.document.problems and not isinstance(file.document.value, dict):
        return  # valid-yaml says why nothing could be read
    misspelt = {problem.meant for problem in file.problems if problem.meant is not None}
    for problem in file.problems:
        if problem.kind != "ambiguous" and not (problem.kind == "missing" and problem.path in misspelt):
            yield Finding(
                problem.path,
                problem.message,
                remedies=partial(_remedies, file, problem),
                on_key=problem.kind == "unknown-key",
                speaks_for=(problem.meant,) if problem.meant else (),
            )
    explained = misspelt.union(problem.path for problem in file.problems)
    yield from contradictions(file.plan, explained)
    yield from mismatches(file.plan, explained)
    yield from (each for each in meaningless(file.plan) if each.at not in explained)


def _remedies(file: PlanFile, problem: ValueProblem) -> Iterator[Remedy]:
    """What a misspelt key or value can only mean, or was probably meant to be; else what is to be written."""
    from egp.plan.spelling import same_letters, spellings

    value = value_at(file.document.value, problem.path)
    if problem.kind == "unknown-key" and problem.meant is not None:
        old, new = str(problem.path[-1]), str(problem.meant[-1])
        holder = value_at(file.document.value, problem.path[:-1])
        if isinstance(holder, dict) and new not in holder:
            renaming = Renaming(problem.path, new)
            yield Remedy((renaming,), repair="safe" if same_letters(old, new) else "unsafe")
            yield advise("prefix it with `x-` if it is your own")
            return
    if problem.kind == "wrong-type" and (text := file.document.scalar(problem.path)):
        for each in spellings(Experiment, problem.path, value, text):
            yield Remedy((Setting(problem.path, each.value),), repair="safe" if each.sure else "unsafe")
            if each.sure:
                return
    yield advise(problem.help)


ALWAYS_REJECTS = True
"""An error under every policy, and not waivable."""


def of_another_kind(document: Document) -> Finding:
    """About another kind of file, named by mistake: what it says is nobody's business, and is not repeated."""
    start = Span(Position(1, 1), Position(1, 1))
    if are_results(document):
        advice = f"egp gate PLAN --results {document.path} judges a plan by them"
        return Finding(start, "these are results, not a plan", help=advice)
    if "\0" in document.text:
        return Finding(start, "this is not a text file", help="name the plan's file: a plan is YAML")
    return Finding(
        start,
        "this is not a plan: none of a plan's keys stands at its top level",
        help=f"a plan has {listing(f'`{key}`' for key in ('id', 'type', *Experiment.needs[1:]))}",
    )
