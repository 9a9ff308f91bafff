"""Rehearsed beside computed, for people: a sentence, what happened how often, whether standard errors are right, and what nobody
could rehearse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.output.page.charts import ComparedShare, shares_against_computed
from egp.output.page.model import Block, Figure, Light, Page, Points, Section, Table, Tone
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing, percent, significant, whole

if TYPE_CHECKING:
    from egp.advice.rehearsal.rehearse import Rehearsal
    from egp.advice.rehearsal.tally import Group, Rate, Spread
    from egp.policy.model import Policy

_TITLES: dict[Group, str] = {
    "no effect": "Without an effect the treatment …",
    "withdrawn": "A harmless treatment is rolled back …",
    "held": "A harmless treatment is held …",
    "power": "How often …",
    "harm": "A guardrail that is harmed by its margin is passed …",
}
_INTERVAL = 1.96


def page(found: Rehearsal, policy: Policy) -> Page:
    return Page(
        f"Rehearsal of {shown(found.plan.id)}",
        _verdict(found),
        "bad" if found.is_off else "good",
        [*_sections(found)],
        [
            ("policy", policy.title),
            ("as of", str(found.call.as_of)),
            ("history", f"{found.history[0]} to {found.history[1]}"),
            ("lives", _lives(found)),
            ("seed", str(found.call.seed)),
        ],
    )


def _verdict(found: Rehearsal) -> str:
    runs = f"{counted(len(found.tally.results), 'run')} of {counted(len(found.starts), 'life', 'lives')} in the past"
    worse = [each.name for each in found.rates if each.is_bad]
    spread = [shown(each.metric) for each in found.spreads if each.is_bad]
    if not worse and not spread:
        return f"{runs}: the plan errs no more often and finds no less than it computes."
    said = []
    if spread:
        said.append(f"standard errors of {listing(spread)} are wrong")
    if worse:
        said.append(
            f"{counted(len(worse), 'share')} of those below {'is' if len(worse) == 1 else 'are'} worse than computed"
        )
    return f"{runs}: {listing(said)}."


def _lives(found: Rehearsal) -> str:
    days = sorted(set(found.starts))
    return (
        f"from {listing(map(str, days))}, each hashed into {found.buckets:,} buckets with a salt of its own"
    )


def _sections(found: Rehearsal) -> Iterator[Section]:
    for group, title in _TITLES.items():
        rates = [each for each in found.rates if each.group == group]
        if rates:
            tone: Tone = "bad" if any(each.is_bad for each in rates) else "neutral"
            yield Section(title, _of_group(group, rates), tone)
    if found.spreads:
        tone = "bad" if any(each.is_bad for each in found.spreads) else "neutral"
        yield Section("Whether standard errors are right", [_spreads(found.spreads)], tone)
    yield Section("What was rehearsed", [Points([*_rehearsed(found)])])
    yield Section("Not rehearsed", [Points([each.rstrip(".") for each in found.not_rehearsed])])


def _of_group(group: Group, rates: list[Rate]) -> list[Block]:
    if group == "held":
        rates = sorted(rates, key=lambda each: -(each.share or 0.0))
    table = Table(
        ("", "rehearsed", "±", "computed", ""),
        [_row(each) for each in rates],
        numeric=frozenset((1, 2, 3)),
    )
    chart = [each for each in rates if each.share is not None and each.computed is not None]
    if group not in ("power", "no effect") or not chart:
        return [table]
    says = "; ".join(f"{each.name}: {_share(each.share)}, computed {_share(each.computed)}" for each in chart)
    return [
        Figure(
            "Rehearsed beside computed", shares_against_computed([*map(_compared, chart)]), f"{says}.", table
        )
    ]


def _compared(rate: Rate) -> ComparedShare:
    assert rate.share is not None
    assert rate.computed is not None
    reach = _INTERVAL * (rate.error or 0.0)
    return ComparedShare(
        rate.name, max(0.0, rate.share - reach), rate.share, min(1.0, rate.share + reach), rate.computed,
        f"{_share(rate.share)}, computed {_computed(rate)}: {rate.verdict}", is_bad=rate.is_bad,
    )  # fmt: skip


def _row(rate: Rate) -> tuple[str | Light, ...]:
    if rate.share is None:
        return rate.name, "-", "-", _computed(rate), Light("caution", "not rehearsed")
    tone: Tone = "bad" if rate.is_bad else "neutral" if rate.verdict == "not compared" else "good"
    better = rate.verdict in ("more often", "less often") and not rate.is_bad
    return (
        rate.name,
        _share(rate.share),
        _error(rate),
        _computed(rate),
        Light(tone, f"better: {rate.verdict}" if better else rate.verdict),
    )


def _share(share: float | None) -> str:
    return "-" if share is None else percent(share, 1)


def _error(rate: Rate) -> str:
    return "-" if rate.error is None else percent(rate.error, 1)


def _computed(rate: Rate) -> str:
    if rate.computed is None:
        return "-"
    if rate.is_most and rate.computed < 0.0005:
        return "never" if rate.computed < 1e-9 else "at most 0.05 %"
    return f"at most {percent(rate.computed, 1)}" if rate.is_most else percent(rate.computed, 1)


def _spreads(spreads: tuple[Spread, ...]) -> Table:
    rows = [
        (
            shown(each.metric), f"{each.spread:.3f}", f"{each.error:.3f}", f"{each.uniform:.2g}" if each.uniform >= 0.001 else "< 0.001",
            Light("bad" if each.is_bad else "caution" if each.verdict == "too narrow" else "good", each.verdict),
        )
        for each in spreads
    ]  # fmt: skip
    return Table(
        ("", "spread of z", "±", "even p-values", ""),
        rows,
        caption="Differences between two halves without an effect, in their standard errors, spread by 1, and their p-values come evenly.",
        numeric=frozenset((1, 2, 3)),
    )


def _rehearsed(found: Rehearsal) -> Iterator[str]:
    stages = listing([f"{counted(each.days, 'day')} of {each.name}" for each in found.life.stages])
    yield f"{stages}, every day through the gate"
    units, planned = found.tally.units_of_lives(), found.plan.sample_size_per_variant
    if units:
        between = f"{whole(min(units))} to {whole(max(units))}"
        yield f"{between} units in the smaller variant at the readout" + (
            f"; the plan declares {whole(planned)}" if planned else ""
        )
    for each in found.quantiles:
        of = f"{shown(each.metric)} of all units: {significant(each.raw.value, 5)} {each.unit}, error {significant(each.raw.standard_error, 3)}"
        binned = each.binned
        yield f"{of}; by its histogram " + (
            f"{significant(binned.value, 5)} {each.unit}, error {significant(binned.standard_error, 3)}"
            if binned
            else "none"
        )
    yield "worse is what lies three standard errors off, in which the lives count as clusters"
