"""The answer for people: the number first, then what it rests on, what it is mistaken for, and the curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from egp import stats
from egp.output.page.model import Answer, Bar, Cell, Facts, Notice, Paragraph, Section, Table
from egp.plan.power import calculator
from egp.plan.power.calculator import MINIMUM_DAYS, PowerAnswer
from egp.plan.power.curve import Point, curve
from egp.plan.power.mistakes import Mistake, mistakes, reach
from egp.plan.power.readings import amount, found_text, missed_text, move, rounded_up
from egp.plan.wording import (
    counted,
    listing,
    percent,
    power_text,
    share_text,
    significant,
    unit_count,
    whole,
)

if TYPE_CHECKING:
    from egp.plan.power.question import PowerQuestion

_MOST_BOUNDARIES = 8


def page(answer: PowerAnswer) -> Answer:
    """The answer in one sentence, then what it rests on, what it is mistaken for, and the curve."""
    return Answer(
        _sentence(answer),
        [
            *(Notice("warning", text, "caution") for text in _warnings(answer)),
            Section("What it rests on", [Facts(_assumptions(answer))]),
            *_nearest_mistakes(answer),
            _curve(answer, curve(answer)),
            *_to_reach(answer),
        ],
    )


def _nearest_mistakes(answer: PowerAnswer) -> Iterator[Section]:
    pairs = [_mistake(answer, each) for each in mistakes(answer)]
    if pairs:
        yield Section("Nearest mistakes", [Facts(pairs)])


def _sentence(answer: PowerAnswer) -> str:
    units, power = _units(answer), share_text(answer.power)
    found = _found(answer)
    if answer.solved == "power":
        computed, missed = power_text(answer.power), missed_text(answer.power)
        fail = f"{missed} of the time they do not{_scope(answer)}"
        return f"{units} {found} with {computed} power; {fail}.{_time(answer)}"
    return f"{units} {found} with {power} power{_scope(answer)}.{_time(answer)}"


def _scope(answer: PowerAnswer) -> str:
    if answer.question.power_scope == "primary":
        return ""
    overall = power_text(answer.decision_power)
    return (
        f", and the whole decision with {counted(answer.question.guardrails, 'guardrail')} {overall} at least"
    )


def _units(answer: PowerAnswer) -> str:
    per_variant, question = answer.units_per_variant, answer.question
    of = "per variant" if len(set(per_variant)) == 1 else "in the smallest variant"
    days = "" if question.days is None else f" ({significant(question.days, 4)} days at {_rate(question)})"
    return f"{counted(min(per_variant), 'unit')} {of}{days}"


def _found(answer: PowerAnswer) -> str:
    question = answer.question
    size = rounded_up(answer.distance) if question.change is None else answer.distance
    shown = amount(size, question.baseline)
    if question.non_inferiority:
        return f"rule out {_harm(question)} of {shown} when there is none,"
    by = size if question.direction == "increase" else -size
    moved = move(question.baseline.value, by, question.baseline.unit)
    return f"find {_article(question.direction)} of {shown}, {moved},"


def _article(direction: str) -> str:
    return "an increase" if direction == "increase" else "a decrease"


def _harm(question: PowerQuestion) -> str:
    return _article("decrease" if question.direction == "increase" else "increase")


def _time(answer: PowerAnswer) -> str:
    if answer.days is None or answer.days_to_run is None:
        return ""
    days = math.ceil(answer.days * (1 - 1e-12))
    arrive = f"{_rate(answer.question)} they are there after {counted(days, 'day')}"
    if answer.question.days is not None:
        return _whole_weeks_advice(answer)
    return f" At {arrive}: run {counted(answer.days_to_run, 'day')}, whole weeks and {MINIMUM_DAYS} at least."


def _whole_weeks_advice(answer: PowerAnswer) -> str:
    if answer.days == answer.days_to_run:
        return ""
    return f" Run whole weeks, {MINIMUM_DAYS} days at least: {counted(answer.days_to_run or 0, 'day')}."


def _rate(question: PowerQuestion) -> str:
    return f"{question.per_day or 0:,} new units a day"


def _warnings(answer: PowerAnswer) -> Iterator[str]:
    question = answer.question
    type1 = calculator.naive_type1(question)
    if type1 is not None:
        yield (
            f"{len(question.looks or ())} looks that each test at {share_text(answer.design.test.alpha)} have a type I "
            f"error of {percent(type1)} together. Read once, at the end, or share alpha: --spending obrien-fleming."
        )
    family = calculator.family_error(question)
    if family is not None:
        yield (
            f"{question.treatments} treatments at {share_text(question.alpha)} each show an effect that is not there "
            f"{percent(family)} of the time. Say --correction holm, or dunnett."
        )
    if question.guardrails and question.power_scope == "primary":
        yield (
            f"{counted(question.guardrails, 'guardrail')} must pass too, and nothing here is planned for that. "
            f"Say --power-scope decision for the power of the whole decision."
        )


def _assumptions(answer: PowerAnswer) -> list[tuple[str, str]]:
    rows = [("test", _test(answer)), ("variance", _variance(answer)), ("units", _split(answer))]
    question = answer.question
    if question.power_assumed:
        rows.append(("power", f"{share_text(question.power or 0)}, unless --power says otherwise"))
    if question.power_scope == "decision":
        rows.append(("decision", _decision(answer)))
    if question.treatments > 1:
        rows.append(("correction", _correction(answer)))
    if question.correlation is not None:
        factor = calculator.cuped_factor(question)
        share = significant(factor * 100, 4)
        rows.append(
            ("CUPED", f"1 − ρ² = {share} % of the units, if ρ = {question.correlation:g} holds for all units")
        )
    if question.clusters is not None:
        rows.append(("clusters", _clusters(answer)))
    if answer.design.sequence is not None:
        rows.append(("looks", _looks(answer)))
    if question.per_day is not None:
        rows.append(
            (
                "time",
                f"{_rate(question)}, all variants together, every day the same; returning ones not counted",
            )
        )
    return rows


def _test(answer: PowerAnswer) -> str:
    question, test = answer.question, answer.design.test
    z = significant(stats.z_upper(test.alpha / test.sides), 5)
    sides = "two-sided" if test.sides == 2 else "one-sided"
    text = f"{sides} at {_level(test.alpha)} (critical z {z})"
    if question.non_inferiority:
        interval = share_text(1 - (test.alpha if test.sides == 2 else 2 * test.alpha))
        default = ", as usual for non-inferiority" if test.sides == 1 else ""
        return f"non-inferiority, {text}{default}: the harm's bound of a {interval} interval stays inside the margin"
    return f"superiority, {text}; the far tail does not count as power"


def _level(alpha: float) -> str:
    return f"{significant(alpha * 100, 4)} %"


def _variance(answer: PowerAnswer) -> str:
    question = answer.question
    if question.kind == "proportion":
        if answer.design.test.variance == "score":
            null = "the margin (Farrington-Manning)" if question.non_inferiority else "no effect (pooled)"
            return f"of the rates that are most likely under {null}"
        if question.non_inferiority:
            return "of the rates; the larger of Farrington-Manning's at the margin and the unpooled one"
        return "of the rates; the larger of the pooled one under no effect and the unpooled one"
    meant = {
        "mean": "per unit",
        "ratio": "of the linearised metric, per unit (delta method)",
        "quantile": "of the quantile's influence function, per unit",
    }[question.kind]
    exact = ""
    if question.kind == "mean":
        used = (
            "so it is here"
            if calculator.distribution(answer) == "noncentral_t"
            else "normal from there on, as here"
        )
        exact = f"; exact noncentral t below {stats.EXACT_T_BELOW_DF:,.0f} degrees of freedom, {used}"
    text = question.std_dev.text if question.std_dev else ""
    return f"standard deviation {text} {meant}, the same in all variants{exact}"


def _split(answer: PowerAnswer) -> str:
    per_variant = answer.units_per_variant
    text = f"{listing([f'{units:,}' for units in per_variant])}, control first; {sum(per_variant):,} in all"
    ratio = answer.design.test.ratio
    if len(set(per_variant)) == 1:
        return text
    if answer.question.treatments == 1:
        price = significant(1 / stats.split_efficiency(ratio), 3)
        return f"{text}; the uneven split takes {price} times the units of an even one"
    return f"{text}; the smallest treatment decides"


def _decision(answer: PowerAnswer) -> str:
    question = answer.question
    total = question.guardrails + 1
    bound = "whatever the dependence between them (union bound)"
    if question.power is None:
        return f"if each of {total} tests has this power, all pass with {power_text(answer.decision_power)} at least, {bound}"
    return (
        f"all {total} tests pass with {share_text(question.power)} at least, {bound}: "
        f"each is planned for 1 − β/(G + 1) = {share_text(answer.power)}"
    )


def _correction(answer: PowerAnswer) -> str:
    question = answer.question
    if question.correction == "none":
        return f"none, for {question.treatments} treatments"
    how = {"holm": "planned for Holm's first step", "dunnett": "treatments share the control"}
    extra = f", {how[question.correction]}" if question.correction in how else ""
    return (
        f"{question.correction} over {question.treatments} treatments{extra}: "
        f"{_level(answer.design.test.alpha)} for each"
    )


def _clusters(answer: PowerAnswer) -> str:
    clusters = answer.question.clusters
    assert clusters is not None
    factor = significant(calculator.design_effect(answer.question), 4)
    number = whole(answer.units / clusters.size)
    return f"design effect {factor} = 1 + ((cv² + 1)·m − 1)·ICC; {number} clusters in the smallest variant"


def _looks(answer: PowerAnswer) -> str:
    sequence, test = answer.design.sequence, answer.design.test
    assert sequence is not None
    price = f"at most {significant(calculator.inflation(answer), 4)} times the units of a single look"
    if sequence.spending is None:
        return f"always valid, at any moment (confidence sequence tuned to this size): {price}, if it runs to the end"
    bounds = sequence.boundaries(test.alpha, test.sides)
    name = {"obrien_fleming": "O'Brien-Fleming", "pocock": "Pocock", "hwang_shih_decani": "Hwang-Shih-DeCani"}
    z = "|z|" if test.sides == 2 else "z"
    return (
        f"{counted(len(bounds), 'look')} with {name[sequence.spending]} spending: {price}; "
        f"stop at {z} ≥ {_boundaries(bounds, sequence.looks)}"
    )


def _boundaries(bounds: Sequence[float], looks: Sequence[float]) -> str:
    """Every boundary with its look, or of very many the first and the last."""
    shown = [
        f"{significant(z, 4)} at {significant(share * 100, 3)} %"
        for z, share in zip(bounds, looks, strict=True)
    ]
    if len(shown) > _MOST_BOUNDARIES:
        return f"{shown[0]} of the units, and so on to {shown[-1]} (--format json has all)"
    return f"{listing(shown)} of the units"


def _mistake(answer: PowerAnswer, mistake: Mistake) -> tuple[str, str]:
    delivers = power_text(mistake.delivers)
    if answer.solved == "units":
        return mistake.name, f"would say {unit_count(mistake.says)}; this test has {delivers} power with them"
    if answer.solved == "power":
        return mistake.name, f"would say {power_text(mistake.says)} power; this test has {delivers}"
    size = amount(mistake.says, answer.question.baseline)
    done = "rules that out" if answer.question.non_inferiority else "finds that"
    return mistake.name, f"would say {size}; this test {done} with {delivers} power"


def _curve(answer: PowerAnswer, points: Sequence[Point]) -> Section:
    is_margin = answer.question.non_inferiority
    heads = ("units", "margin" if is_margin else "MDE", "", "")
    longest = max((point.distance for point in points if point.distance is not None), default=0.0)
    rows: list[tuple[Cell, ...]] = [
        (*_cells(answer, point), Bar((point.distance or 0.0) / (longest or 1.0)), _note(answer, point))
        for point in points
    ]
    table = Table(
        heads if answer.days is None else ("days", *heads),
        rows,
        numeric=frozenset(range(len(rows[0]) - 2)),
        marked=frozenset(at for at, point in enumerate(points) if point.is_answer),
    )
    title = "Margin ruled out" if is_margin else "MDE"
    return Section(f"{title} at {share_text(answer.planned_power)} power", [table])


def _cells(answer: PowerAnswer, point: Point) -> tuple[str, ...]:
    units = whole(point.units * (1 - 1e-12))
    distance = "none" if point.distance is None else found_text(point.distance, answer.question.baseline.unit)
    if point.days is None:
        return units, distance
    return whole(point.days * (1 - 1e-12)), units, distance


def _note(answer: PowerAnswer, point: Point) -> str:
    if point.is_answer:
        return "<- this size" + (
            ", too short" if point.days is not None and point.days < MINIMUM_DAYS else ""
        )
    if point.days is None:
        return ""
    if point.days < MINIMUM_DAYS:
        return "too short"
    if point.days == answer.days_to_run:
        return "<- whole weeks"
    return "minimum" if point.days == MINIMUM_DAYS else ""


def _to_reach(answer: PowerAnswer) -> Iterator[Section]:
    """What more power than the answer's takes."""
    found = reach(answer)
    if found is None:
        return
    options = []
    if found.units is not None:
        options.append(f"{unit_count(found.units)} in the smallest variant")
    if found.distance is not None:
        options.append(f"an effect of {amount(rounded_up(found.distance), answer.question.baseline)}")
    if options:
        yield Section("", [Paragraph(f"{share_text(found.power)} power takes {listing(options, 'or')}.")])
