"""The question: the options of the calculator, read and understood."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar, cast

from egp.plan.analysis.registered import MOST_LOOKS, is_change_of
from egp.plan.power.readings import ambiguity
from egp.plan.quantity import (
    Measure,
    MetricChange,
    QuantityError,
    change,
    count,
    duration,
    measure,
    share,
    shown,
)
from egp.stats.planning import Direction, Kind
from egp.stats.values import NamedTuple

T = TypeVar("T")
Options = Mapping[str, str | bool | None]
Solved = Literal["units", "mde", "margin", "power"]

DEFAULT_POWER = 0.95
DEFAULT_ALPHA = 0.05
MOST_NAIVE_LOOKS = 400
"""Looks without a correction that are computed; more take long, and their error hardly grows."""

_SUM_TOLERANCE = 1e-6


class PowerError(ValueError):
    """A question without an answer. ``advice`` says what to change."""

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class Clusters(NamedTuple):
    """Mean size of a cluster, intra-cluster correlation, coefficient of variation of the size."""

    size: float
    icc: float
    cv: float


@dataclass(frozen=True, slots=True)
class PowerQuestion:
    """Everything that was given. Quantities are in their own unit, shares as fractions, None where nothing is said."""

    kind: Kind
    baseline: Measure
    std_dev: Measure | None
    direction: Direction
    non_inferiority: bool
    change: MetricChange | None
    """The MDE, or the margin of a test of non-inferiority; None when it is requested."""
    units: float | None
    days: float | None
    per_day: int | None
    power: float | None
    """The power to reach, of the test or of the decision by ``power_scope``; None when it is requested."""
    power_assumed: bool
    alpha: float
    sides: Literal[1, 2]
    weights: tuple[float, ...]
    correction: Literal["none", "bonferroni", "holm", "dunnett"]
    correlation: float | None
    clusters: Clusters | None
    guardrails: int
    power_scope: Literal["primary", "decision"]
    looks: tuple[float, ...] | None
    spending: str | None
    gamma: float | None
    always_valid: bool

    @property
    def solved(self) -> Solved:
        """What is requested."""
        if self.power is None:
            return "power"
        if self.change is None:
            return "margin" if self.non_inferiority else "mde"
        return "units"

    @property
    def treatments(self) -> int:
        return len(self.weights) - 1

    @property
    def effect_option(self) -> str:
        return "--margin" if self.non_inferiority else "--mde"

    @property
    def smallest_per_day(self) -> float | None:
        """New units of the smallest variant a day."""
        return None if self.per_day is None else self.per_day * min(self.weights)

    @property
    def given_units(self) -> float | None:
        """Units of the smallest variant, given directly or as days."""
        if self.days is None or self.smallest_per_day is None:
            return self.units
        return self.days * self.smallest_per_day


def understood(options: Options) -> PowerQuestion:
    """The options as a question that has one answer. Raises PowerError."""
    kind = cast(
        Kind, _required(options, "kind", "say what the metric is: proportion, mean, ratio or quantile")
    )
    baseline = _baseline(
        kind, _required(options, "baseline", "give the metric's value in control, as in --baseline 12%")
    )
    non_inferiority = options["margin"] is not None
    if non_inferiority and options["mde"] is not None:
        raise PowerError(
            "--mde and --margin are both given", "--margin makes it a test of non-inferiority; keep one"
        )
    direction = cast(Direction, options["direction"] or "increase")
    effect = _change(options, baseline, direction, non_inferiority)
    units, days, per_day = _size(options)
    power, assumed = _power(options, effect, units is not None or days is not None, non_inferiority)
    guardrails = _read(options, "guardrails", count) or 0
    looks = _looks(options)
    return PowerQuestion(
        kind=kind,
        baseline=baseline,
        std_dev=_std_dev(options, kind, baseline),
        direction=direction,
        non_inferiority=non_inferiority,
        change=effect,
        units=units,
        days=days,
        per_day=per_day,
        power=power,
        power_assumed=assumed,
        alpha=_share_or(options, "alpha", DEFAULT_ALPHA),
        sides=1 if (options["sides"] or ("one" if non_inferiority else "two")) == "one" else 2,
        weights=_weights(options),
        correction=cast(Literal["none", "bonferroni", "holm", "dunnett"], options["correction"] or "none"),
        correlation=_correlation(options, kind),
        clusters=_clusters(options),
        guardrails=guardrails,
        power_scope=_power_scope(options, guardrails),
        looks=looks,
        spending=_spending(options, looks),
        gamma=_gamma(options),
        always_valid=_always_valid(options),
    )


def _text(options: Options, name: str) -> str | None:
    value = options[name]
    return value if isinstance(value, str) else None


def _required(options: Options, name: str, advice: str) -> str:
    text = _text(options, name)
    if text is None:
        raise PowerError(f"--{name} is missing", advice)
    return text


def _read(options: Options, name: str, parse: Callable[[object], T]) -> T | None:
    text = _text(options, name)
    return None if text is None else _parsed(name, text, parse)


def _parsed(name: str, text: str, parse: Callable[[object], T]) -> T:
    option = f"--{name.replace('_', '-')}"
    try:
        return parse(text)
    except QuantityError as error:
        raise PowerError(f"{option}: {error}", error.advice) from None
    except OverflowError:
        raise PowerError(
            f"{option}: {shown(text)} is too large", "write a number a computer can hold"
        ) from None


def _share_or(options: Options, name: str, otherwise: float) -> float:
    found = _read(options, name, share)
    return otherwise if found is None else found


def _baseline(kind: Kind, text: str) -> Measure:
    if kind == "proportion":
        return Measure(_parsed("baseline", text, share), "share", text.strip())
    return _finite("baseline", _parsed("baseline", text, measure))


def _finite(name: str, value: Measure) -> Measure:
    if not math.isfinite(value.value):
        raise PowerError(f"--{name}: {shown(value.text)} is too large", "write a number a computer can hold")
    return value


def _std_dev(options: Options, kind: Kind, baseline: Measure) -> Measure | None:
    found = _read(options, "std_dev", measure)
    if kind == "proportion":
        if found is not None:
            advice = "leave it out, or say --kind mean"
            raise PowerError("--std-dev: a proportion has its standard deviation from its baseline", advice)
        return None
    if found is None:
        of = {"ratio": " of the linearised metric", "quantile": " of the influence function"}.get(kind, "")
        raise PowerError(
            f"--std-dev is missing: a {kind} needs one", f"give the standard deviation{of} per unit"
        )
    if found.unit != baseline.unit:
        message = (
            f"--std-dev {shown(found.text)} and --baseline {shown(baseline.text)} are in different units"
        )
        raise PowerError(message, "write both in the unit of the metric")
    return _finite("std-dev", found)


def _change(
    options: Options, baseline: Measure, direction: Direction, non_inferiority: bool
) -> MetricChange | None:
    name = "margin" if non_inferiority else "mde"
    text = _text(options, name)
    if text is None or (non_inferiority and not text):
        return None
    try:
        found = change(text)
    except QuantityError as error:
        if error.kind == "ambiguous":
            message, advice = ambiguity(text, baseline, direction, non_inferiority)
            raise PowerError(f"--{name} {message}", advice) from None
        raise PowerError(f"--{name}: {error}", error.advice) from None
    _check_change(name, found, baseline)
    return found


def _check_change(name: str, found: MetricChange, baseline: Measure) -> None:
    text = shown(found.text)
    if not is_change_of(found, baseline):
        message = f"--{name} {text} cannot be a change of a metric whose baseline is {shown(baseline.text)}"
        raise PowerError(message, "write it in the metric's unit, or as a relative change such as 2%")
    if found.value < 0:
        advice = f"write it without the sign; --direction says where {'good is' if name == 'margin' else 'it goes'}"
        raise PowerError(f"--{name} {text} is negative", advice)
    if found.relative and baseline.value == 0:
        raise PowerError(f"--{name} {text} is relative to a baseline of 0", "write an absolute change")
    if found.absolute(baseline.value) == 0:
        raise PowerError(
            f"--{name} {text} is no change at all", "no size finds a change of 0; give a larger one"
        )
    if not math.isfinite(found.absolute(baseline.value)):
        raise PowerError(f"--{name} {text} is too large", "write a number a computer can hold")


def _size(options: Options) -> tuple[float | None, float | None, int | None]:
    units, per_day = _read(options, "units", count), _read(options, "per_day", count)
    days = _read(options, "days", _days)
    if units is not None and days is not None:
        raise PowerError("--units and --days both give the size", "give one of them")
    if days is not None and per_day is None:
        raise PowerError("--days alone is no size", "say how many new units come: --per-day 20_000")
    for name, value in (("units", units), ("days", days), ("per-day", per_day)):
        if value == 0:
            raise PowerError(f"--{name} 0 is no size", f"give a number above 0, or leave --{name} out")
    return None if units is None else float(units), days, per_day


def _days(text: object) -> float:
    """A duration; a bare number counts days, since the option says so."""
    written = f"{str(text).strip()}d" if str(text).strip()[-1:].isdigit() else text
    return duration(written).total_seconds() / 86400


def _power(
    options: Options, effect: MetricChange | None, sized: bool, non_inferiority: bool
) -> tuple[float | None, bool]:
    """The power to reach, None if it is requested, and whether it is egp's default."""
    power = _read(options, "power", share)
    option = "--margin" if non_inferiority else "--mde"
    if effect is None and not sized:
        change = (
            "much harm you would tolerate (--margin 8%)"
            if non_inferiority
            else "small a change to find (--mde)"
        )
        raise PowerError(
            "one more number is needed: the size, or the change to find",
            f"say how many units a variant has (--units), or how {change}; egp computes the other",
        )
    if effect is not None and sized and power is not None:
        size = "--days" if options["days"] is not None else "--units"
        raise PowerError(f"{option}, {size} and --power are all given", "leave one out, and egp computes it")
    if effect is not None and sized:
        return None, False
    return (DEFAULT_POWER, True) if power is None else (power, False)


def _weights(options: Options) -> tuple[float, ...]:
    given = _text(options, "weights")
    text = "50,50" if given is None else given
    parts = [part.strip() for part in text.split(",")]
    if len(parts) < 2 or not all(parts):
        raise PowerError(
            f"--weights {shown(text)} names fewer than two variants", "write control first, as in 50,50"
        )
    if len(parts) > 100:
        raise PowerError(f"--weights names {len(parts)} variants", "give at most 100")
    values = [_parsed("weights", part, measure) for part in parts]
    if any(value.unit not in ("", "share") for value in values) or len({value.unit for value in values}) > 1:
        raise PowerError(
            f"--weights {shown(text)} are not shares", "write them alike, as in 50,50 or 90%,10%"
        )
    numbers = [value.value for value in values]
    whole = 100.0 if values[0].unit == "" and sum(numbers) > 1 + _SUM_TOLERANCE else 1.0
    if min(numbers) <= 0:
        raise PowerError(
            f"--weights {shown(text)}: a variant without weight sees nobody", "give each more than 0"
        )
    if abs(sum(numbers) / whole - 1) > _SUM_TOLERANCE:
        _reject_sum(text, sum(numbers) / whole)
    return tuple(number / sum(numbers) for number in numbers)


def _reject_sum(text: str, total: float) -> NoReturn:
    message = f"--weights {shown(text)} sum to {total * 100:.6g} %"
    raise PowerError(message, "weights sum to 100 %; change one of them")


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise PowerError(f"--{name}: {shown(text)} is not a number", "write a plain number such as 0.5")
    return value


def _correlation(options: Options, kind: Kind) -> float | None:
    text = _text(options, "correlation")
    if text is None:
        return None
    if kind == "quantile":
        raise PowerError(
            "--correlation: CUPED adjusts means, not quantiles", "leave it out, or say --kind mean"
        )
    return _number("correlation", text)


def _clusters(options: Options) -> Clusters | None:
    text = _text(options, "clusters")
    if text is None:
        return None
    parts = text.split(",")
    if len(parts) not in (2, 3):
        raise PowerError(
            f"--clusters {shown(text)} is not SIZE,ICC", "write size and correlation, as in 4.2,0.02"
        )
    numbers = [_number("clusters", part.strip()) for part in parts]
    return Clusters(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0.0)


def _power_scope(options: Options, guardrails: int) -> Literal["primary", "decision"]:
    if guardrails > 1000:
        raise PowerError(f"--guardrails {guardrails} are too many", "give the guardrails of one decision")
    if options["power_scope"] != "decision":
        return "primary"
    if not guardrails:
        raise PowerError("--power-scope decision needs --guardrails", "say how many guardrails must pass")
    return "decision"


def _looks(options: Options) -> tuple[float, ...] | None:
    text = _text(options, "looks")
    if text is None:
        return None
    most = MOST_LOOKS if options["spending"] else MOST_NAIVE_LOOKS
    if "," in text:
        fractions = tuple(float(_parsed("looks", part.strip(), share)) for part in text.split(","))
    else:
        number = _parsed("looks", text, count)
        if not 0 < number <= most:
            raise PowerError(
                f"--looks {shown(text)}: {number:,} looks are not computed", f"give 1 to {most} looks"
            )
        fractions = tuple(k / number for k in range(1, number + 1))
    if len(fractions) > most:
        raise PowerError(f"--looks: {len(fractions)} looks are not computed", f"give 1 to {most} looks")
    if list(fractions) != sorted(set(fractions)) or fractions[0] <= 0 or fractions[-1] != 1:
        raise PowerError(f"--looks {shown(text)} is no schedule", "write increasing shares that end at 100%")
    return fractions


def _spending(options: Options, looks: tuple[float, ...] | None) -> str | None:
    spending = _text(options, "spending")
    if spending is not None and looks is None:
        raise PowerError("--spending needs --looks", "say how many looks share alpha, as in --looks 5")
    return None if spending is None else spending.replace("-", "_")


def _gamma(options: Options) -> float | None:
    text, spending = _text(options, "gamma"), options["spending"]
    if text is not None and spending != "hwang-shih-decani":
        raise PowerError(
            "--gamma belongs to --spending hwang-shih-decani", "leave it out, or name that function"
        )
    if text is None and spending == "hwang-shih-decani":
        raise PowerError("--spending hwang-shih-decani needs --gamma", "give -4 (late spending) or 1 (even)")
    return None if text is None else _number("gamma", text)


def _always_valid(options: Options) -> bool:
    if options["always_valid"] and (options["looks"] is not None or options["spending"] is not None):
        raise PowerError("--always-valid allows any number of looks", "leave out --looks and --spending")
    return bool(options["always_valid"])


def power_of_test(question: PowerQuestion, overall: float) -> float:
    """The power that each test needs for this power of what the question asks about."""
    from egp.stats import guardrail_power_target

    if question.power_scope == "primary":
        return overall
    return guardrail_power_target(overall, question.guardrails)
