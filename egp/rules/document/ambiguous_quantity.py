"""Every change of a metric says whether it is relative or absolute.

An MDE of 0.8 can mean two effects that lie far apart, and the sample sizes they need lie further apart
still. Write `5%` for a relative change, `0.5pp` or `50bps` for an absolute change of a rate, `40ms` or
`0.02 USD` for an absolute change of a time or an amount, `0.02 abs` for an absolute change of a plain
number. A bare number is refused with both readings. To spell them out, a number below 0.1 is taken as a
fraction (0.003 is 0.3 %), and one from 0.1 as a number of per cent (0.8 is 0.8 %); an absolute reading of a
time, an amount or a plain number takes the number as it is, in the unit of the baseline. What was meant
only the author knows.

Passes:

```yaml
primary_metric: {mde: 0.45pp}
decision_rule: {min_lift: 2%}
```

Fails at `/primary_metric/mde`, saying "0.8 % relative is 12.00 % → 12.10 %; 0.8 pp absolute is 12.00 %":

```yaml
primary_metric: {mde: 0.8}
```

Fails at `/primary_metric/mde`, saying "12.00 % → 12.04 %; 0.3 pp absolute is 12.00 % → 12.30 %":

```yaml
primary_metric: {mde: 0.003}
```

The harm of a guardrail goes the other way.

Fails at `/guardrail_metrics/2/non_inferiority_margin`, saying "4 % relative is 1,900 ms → 1,976 ms":

```yaml
guardrail_metrics: {2: {non_inferiority_margin: 4}}
```

Fails at `/stop_rules/1/harm_exceeds`, saying "0.05 absolute is 0.042 → 0.092":

```yaml
stop_rules: {1: {harm_exceeds: 0.05}}
```

Fails at `/decision_rule/min_ci_lower`, saying "0 has no unit":

```yaml
decision_rule: {min_ci_lower: 0}
```

Fails at `/primary_metric/mde`, saying "0.8 % relative or 0.8 pp absolute":

```yaml
primary_metric: {mde: 0.8, baseline: null}
```

Where the baseline itself lacks its unit, the readings are reported without it; `valid-plan` requires the unit.

Fails at `/primary_metric/mde`, saying "it may be 0.8 % relative or 0.8 pp absolute":

```yaml
primary_metric: {mde: 0.8, baseline: 0.12}
```

Fails at `/stop_rules/0/harm_exceeds`, saying "relative or absolute":

```yaml
stop_rules: {0: {metric: unheard_of, harm_exceeds: 5}}
```
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.dimensions import is_misread, unit_of
from egp.plan.experiment import Metric
from egp.plan.finding import Finding
from egp.plan.quantity import Measure, change, shown
from egp.plan.remedy import Remedies, Remedy, open_if, setting
from egp.plan.typed_reader import changed, label
from egp.rules.rule_inputs import PlanFile
from egp.yaml import Path
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.rules.exports import Broken

FRACTION_BELOW = 0.1
"""Bare numbers below this are taken as fractions, others as numbers of per cent."""

SPELT_OUT = (1e-6, 1e6)
"""Sizes of numbers and baselines that are spelt out; beyond, no reading makes sense."""


def check(file: PlanFile) -> Iterator[Finding]:
    paths = [problem.path for problem in file.problems if problem.kind == "ambiguous"]
    if not paths:
        return
    by_path = dict(file.plan.metrics)
    by_id: dict[str | None, Metric] = {metric.id: metric for metric in by_path.values()}
    for path in paths:
        if path[0] == "stop_rules" and isinstance(path[1], int):
            metric = by_id.get(file.plan.stop_rules[path[1]].metric)
        elif path[0] == "decision_rule":
            metric = file.plan.primary_metric
        else:
            metric = by_path.get(path[:-1])
        if metric is not None and is_misread(metric):
            metric = changed(metric, baseline=None)
        yield _finding(path, _value(file.document.value, path), metric)


def _finding(path: Path, written: object, metric: Metric | None) -> Finding:
    text, where = shown(written), label(path)
    number = float(str(written).replace("_", ""))
    remedies: Remedies = ()
    advice = ""
    if number == 0:
        message = f"{where}: {text} has no unit where a change is meant"
        remedies = [Remedy((Setting(path, "0%"),), repair="safe")]
    elif metric is None or unit_of(metric) is None or not _fit_to_print(number, metric.baseline):
        message = f"{where}: {text} has no unit; it may be relative or absolute"
        advice = "write 5% for a relative change, 0.5pp or 40ms for an absolute one"
    else:
        percent, amount, unit = _amounts(number, metric)
        message = f"{where}: {text} has no unit; {_readings(path, metric, percent, amount, unit)}"
        relative, absolute = _spelt_out(percent, amount, unit)
        meant = open_if("that is what is meant")
        remedies = [
            setting(path, relative, price=meant),
            setting(path, absolute, ", whichever is meant", meant),
        ]
    return Finding(path, message, text, "a number with its unit", advice, remedies=remedies)


def _amounts(number: float, metric: Metric) -> tuple[float, float, str]:
    """The relative reading in percent, and the absolute one with its unit."""
    percent = number * 100 if abs(number) < FRACTION_BELOW else number
    return percent, *_absolute(number, percent, metric)


def _spelt_out(percent: float, amount: float, unit: str) -> tuple[str, str]:
    """The two readings as a plan writes them."""
    return f"{_plain(percent)}%", f"{_plain(amount)}{_suffix(unit)}"


def _fit_to_print(number: float, baseline: Measure | None) -> bool:
    least, most = SPELT_OUT
    level = abs(baseline.value) if baseline and baseline.value else 1.0
    return least <= abs(number) <= most and least <= level <= most


def _value(value: object, path: Path) -> object:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def _absolute(number: float, percent: float, metric: Metric) -> tuple[float, str]:
    """The absolute reading: points of a rate, else the number in the unit the baseline is written in."""
    if unit_of(metric) == "share":
        return percent, "pp"
    written = re.search(r"[A-Za-z]*$", metric.baseline.text if metric.baseline else "")
    return number, written[0] if written else ""


def _suffix(unit: str) -> str:
    return {"": " abs"}.get(unit, unit if unit.islower() else f" {unit}")


def _readings(path: Path, metric: Metric, percent: float, amount: float, unit: str) -> str:
    relative, absolute = f"{_plain(percent)} %", f"{_plain(amount)} {unit}".strip()
    baseline = metric.baseline
    if baseline is None:
        return f"it may be {relative} relative or {absolute} absolute"
    before = _as_written(baseline)
    is_harm = path[0] == "stop_rules" or path[-1] == "non_inferiority_margin"
    sign = -1 if (metric.direction == "decrease") != is_harm else 1
    by_percent = _move(before, sign * abs(before) * percent / 100, unit)
    by_amount = _move(before, sign * amount, unit)
    return f"{relative} relative is {by_percent}; {absolute} absolute is {by_amount}"


def _as_written(baseline: Measure) -> float:
    """The baseline's number in the unit the plan writes it in: 12 for 12%, 1900 for 1900ms."""
    if baseline.unit == "share":
        return baseline.value * 100
    scale = {"ms": 1e3, "us": 1e6}.get(baseline.text[-2:], 1.0) if baseline.unit == "s" else 1.0
    return baseline.value * scale


def _move(before: float, by: float, unit: str) -> str:
    """ "12.00 % → 12.10 %", with as many decimals as show the difference."""
    noun = "%" if unit == "pp" else unit
    fewest = 2 if unit == "pp" else _decimals(before, 2)
    digits = min(12, max(fewest, _decimals(by, 1)))
    return " → ".join(f"{level:,.{digits}f} {noun}".strip() for level in (before, before + by))


def _decimals(value: float, significant_digits: int) -> int:
    return max(0, significant_digits - 1 - math.floor(math.log10(abs(value)))) if value else 0


def _plain(value: float) -> str:
    return f"{value:.12f}".rstrip("0").rstrip(".")


def costs(broken: Broken) -> Iterator[str]:
    """The units that each reading of a bare MDE would take."""
    from egp.plan.analysis.registered import PRIMARY, required_smallest
    from egp.plan.wording import whole

    metric = broken.plan.primary_metric
    if broken.at != (*PRIMARY, "mde") or metric is None or unit_of(metric) is None:
        return
    for reading in _spelt_out(*_amounts(float(str(broken.written).replace("_", "")), metric)):
        plan = changed(broken.plan, primary_metric=changed(metric, mde=change(reading)))
        yield f"Read as {reading} the test takes {whole(required_smallest(plan))} units per variant."
