"""Segments with conclusions of their own are few, and their tests are corrected.

Cut finely enough, every experiment has a segment that looks like a win, and afterwards there is a story for it. A
segment in `segments` may be concluded upon, so it is a further test: with k segments tested at level α each, a change
without effect shows one in at least one of them with chance 1 − (1 − α)ᵏ, exactly so for segments without common units;
with the whole population at most 1 − (1 − α)ᵏ⁺¹. The rule caps their number and requires `bonferroni` or `holm`
(`dunnett` is for treatments that share a control). `diagnostic_segments` serve root-cause work on guardrails and are
free: nothing is concluded from them.

Passes:

```yaml
segments: []
diagnostic_segments: [device, country, traffic_source, page_speed]
```

Passes:

```yaml
segments: [new_users, mobile_web]
statistics: {correction: holm}
```

Fails at `/statistics/correction`, saying "3 segments tested at 5 % each: where nothing works, 1 in 7 such experiments (14.3 %) still shows an effect in a segment":

```yaml
segments: [new_users, mobile_web, returning]
```

Fails at `/statistics/correction`, saying "1 segment tested at 5 %: where nothing works":

```yaml
segments: [new_users]
```

Fails at `/statistics/correction`, saying "dunnett":

```yaml
segments: [new_users, mobile_web]
statistics: {correction: dunnett}
```

Fails at `/segments`, saying "5 segments":

```yaml
segments: [new_users, mobile_web, android, ios, weekend]
statistics: {correction: holm}
```

Fails at `/segments` with `max_segments: 0`, saying "the policy allows none":

```yaml
segments: [new_users]
statistics: {correction: holm}
```

Fails at `/segments/1`, saying "twice":

```yaml
segments: [new_users, new_users]
statistics: {correction: holm}
```

Fails at `/segments/0`, saying "diagnostic":

```yaml
segments: [device]
statistics: {correction: holm}
```

Does not apply:

```yaml
type: rollout
segments: [new_users]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.analysis.registered import (
    planned_units,
    power_at,
    primary_effect,
    primary_test,
    require_primary_test,
)
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.remedy import Candidate, TradeOff, setting
from egp.plan.wording import after_one_in, counted, listing, one_in, percent
from egp.rules import rule

if TYPE_CHECKING:
    from egp.plan.picture import Picture
    from egp.plan.remedy import Candidate
    from egp.rules.exports import Broken


class Params(rule.Params):
    max_segments: Annotated[
        int,
        "most segments with conclusions of their own",
        rule.AtLeast(0),
        rule.Stricter("less"),
        rule.KnownAs("most_segments"),
    ] = 3


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    require_primary_test(plan)
    if not plan.segments:
        return
    yield from _ambiguous(plan)
    count = len(set(plan.segments))
    if count > params.max_segments:
        yield Finding(
            ("segments",),
            f"{counted(count, 'segment')} may be concluded upon; the policy allows {params.max_segments or 'none'}",
            observed=counted(count, "segment"),
            required=f"at most {params.max_segments}",
            help="keep those the hypothesis is about, and move the others to `diagnostic_segments`",
        )
    correction = plan.statistics.correction if plan.statistics else None
    if correction not in ("bonferroni", "holm"):
        yield _uncorrected(plan, count, correction)


def _ambiguous(plan: Experiment) -> Iterator[Finding]:
    for at, segment in enumerate(plan.segments):
        if segment in plan.segments[:at]:
            problem, help_text = "is listed twice", "remove one of them"
        elif segment in plan.diagnostic_segments:
            problem, help_text = (
                "is also a diagnostic segment, from which nothing is concluded",
                "keep it in one list",
            )
        else:
            continue
        yield Finding(
            ("segments", at), f"{shown(segment)} {problem}", shown(segment), "one mention", help_text
        )


def _uncorrected(plan: Experiment, count: int, correction: str | None) -> Finding:
    return Finding(
        ("statistics", "correction"),
        _error_rate(plan, count)
        + (
            "; dunnett corrects for treatments that share a control, not for segments"
            if correction == "dunnett"
            else ""
        ),
        observed=correction if correction and correction != "none" else "no correction",
        required="bonferroni or holm",
        remedies=[setting(("statistics", "correction"), "holm")],
        help="move the segments to `diagnostic_segments`",
    )


def _error_rate(plan: Experiment, count: int) -> str:
    alpha = plan.statistics.alpha if plan.statistics else None
    if alpha is None:
        return f"{counted(count, 'segment')} tested without a correction"
    alone = 1 - (1 - alpha) ** count
    shows = after_one_in(alone, "shows", "show")
    return (
        f"{counted(count, 'segment')} tested at {percent(alpha)}{' each' if count > 1 else ''}: where nothing works, "
        f"{one_in(alone)} such experiments ({percent(alone)}) still {shows} an effect in a segment"
    )


def costs(broken: Broken) -> Iterator[str]:
    """How often a segment shows something where nothing works, and what one of them can find."""
    from egp.plan.analysis.early_wins import wins_among

    count, test = len(set(broken.plan.segments)), primary_test(broken.plan)
    alone = wins_among(count, test.alpha, test.sides)
    which = f"the best of {count} segments" if count > 1 else "the segment"
    yield f"If nothing works anywhere, {which} still looks like a win {percent(alone, 1)} of the time ({one_in(alone)})."
    if count > 1:
        power = power_at(broken.plan, primary_effect(broken.plan), planned_units(broken.plan) / count)
        yield f"A segment with {one_in(1 / count)} of the units finds a true effect of the MDE with {percent(power, 1)} power."


def picture(broken: Broken) -> Picture | None:
    """Experiments in which nothing works, and how many show a segment that looks like a win."""
    from egp.plan.analysis.early_wins import wins_among, wins_at_one_look
    from egp.rules.pictures import false_wins

    count, test = len(set(broken.plan.segments)), primary_test(broken.plan)
    picked, whole = wins_among(count, test.alpha, test.sides), wins_at_one_look(broken.plan)
    if count < 2:
        return None
    says = (
        f"Whoever launches where the best of {counted(count, 'segment')} looks good launches {one_in(picked)} changes that do nothing; on "
        f"the whole population it is {one_in(whole)}."
    )
    named = [(f"on the best of {counted(count, 'segment')}", picked), ("on the whole population", whole)]
    return false_wins("Changes that do nothing, launched", says, named)


_NOT_CONCLUDED = "nothing is concluded about"


def ways(broken: Broken) -> Iterator[Candidate]:
    """The first segments that the policy allows, with a correction; or none, all of them for root-cause work."""
    from egp.yaml.edits import Setting

    segments = list(dict.fromkeys(broken.plan.segments))
    most = broken.params.max_segments
    diagnostic = list(broken.plan.diagnostic_segments)
    if len(segments) > most > 0:
        kept, moved = segments[:most], segments[most:]
        words = f"conclude only about {listing(map(shown, kept))}, and keep the others for root-cause work"
        price = f"{_NOT_CONCLUDED} {listing(map(shown, moved))}"
        settings = (
            Setting(("segments",), kept),
            Setting(("diagnostic_segments",), _joined(diagnostic, moved)),
        )
        yield Candidate(settings, words, TradeOff.INSIGHT, price, lever="segments")
        corrected = (*settings, Setting(("statistics", "correction"), "holm"))
        yield Candidate(
            corrected, f"{words}, corrected after Holm", TradeOff.INSIGHT, price, lever="corrected segments"
        )
    settings = (Setting(("segments",), []), Setting(("diagnostic_segments",), _joined(diagnostic, segments)))
    price = f"{_NOT_CONCLUDED} any segment"
    words = "move all segments to diagnostic_segments"
    yield Candidate(settings, words, TradeOff.INSIGHT, price, lever="no segments")


def _joined(names: list[str], more: list[str]) -> list[str]:
    return list(dict.fromkeys([*names, *more]))
