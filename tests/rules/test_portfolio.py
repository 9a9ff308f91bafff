"""The rules about all plans together, held against counting by hand, and what they need of the index."""

from __future__ import annotations

import re
from datetime import date, timedelta
from random import Random

import pytest

from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.quantity import Interval
from egp.plan.remedy import Remedy
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.rules.rule_inputs import Portfolio, PortfolioEntry, PortfolioIndex, entry_of
from egp.stats.values import replace
from egp.yaml.edits import Setting
from tests.rules.examples import merged, plan_of, sound_value

START = date(2023, 1, 2)


def entry(name: str, first: int = 0, days: int = 14, **fields: object) -> PortfolioEntry:
    values: dict[str, object] = {
        "path": f"{name}.yaml", "document": 0, "id": name, "layer": "pdp", "feature_flag": "flag", "alpha": 0.05,
        "surfaces": ("pdp",), "exposure": 0.5, "sides": "two", "type": "superiority",
        "first": START + timedelta(days=first), "last": START + timedelta(days=first + days - 1),
    }  # fmt: skip
    return PortfolioEntry(**{**values, **fields})  # type: ignore[arg-type]


def found(rule_id: str, entries: list[PortfolioEntry], position: int = 0, **params: object) -> list[Finding]:
    """Findings; none of a rule that does not apply."""
    rule = load(rule_id)
    portfolio = Portfolio(entries[position], PortfolioIndex(entries))
    try:
        return list(rule.check(*(portfolio, rule.params(**read_options(rule, params, (), [])))[: rule.takes]))
    except DoesNotApply:
        return []


def some_portfolio(seed: int) -> list[PortfolioEntry]:
    random = Random(seed)
    return [
        entry(
            f"plan-{number:02}",
            random.randrange(60),
            random.randrange(1, 40),
            layer=random.choice(["", "pdp", "search"]),
            feature_flag=random.choice(["a", "b", "c", "d", "e"]),
            surfaces=tuple(random.sample(["pdp", "search", "cart"], random.randrange(1, 3))),
            exposure=random.choice([0.05, 0.1, 0.2, 0.3]),
            sides=random.choice(["one", "two"]),
            type=random.choice(["superiority", "non_inferiority", "rollout", "holdback"]),
        )
        for number in range(25)
    ]


PORTFOLIOS = [pytest.param(some_portfolio(seed), id=f"seed-{seed}") for seed in range(8)]


def days_of(one: PortfolioEntry) -> set[date]:
    assert one.first is not None
    assert one.last is not None
    return {one.first + timedelta(days=day) for day in range((one.last - one.first).days + 1)}


def edited_entry(one: PortfolioEntry, way: Remedy) -> PortfolioEntry:
    """The entry of the plan after a way out is taken."""
    stated = {edit.path: edit.value for edit in way.edits if isinstance(edit, Setting)}
    changed = {
        "layer": stated.get(("layer",)),
        "exposure": (share := stated.get(("schedule", "exposure"))) and float(str(share).rstrip("%")) / 100,
        "first": (start := stated.get(("schedule", "start"))) and date.fromisoformat(str(start)),
        "last": (end := stated.get(("schedule", "end"))) and date.fromisoformat(str(end)),
    }
    return entry_with(one, **{name: value for name, value in changed.items() if value})


@pytest.mark.parametrize("entries", PORTFOLIOS)
class TestAgreesWithCounting:
    def test_layer_traffic(self, entries: list[PortfolioEntry]) -> None:
        for position, one in enumerate(entries):
            layer = [other for other in entries if one.layer and other.layer == one.layer]
            sums = {
                day: sum(other.exposure or 0 for other in layer if day in days_of(other))
                for day in days_of(one)
            }
            over = [day for day in sorted(sums) if sums[day] > 1 + 1e-9]
            if not one.layer and any(days_of(one) & days_of(other) for other in entries if other is not one):
                with pytest.raises(NotChecked) as missing:
                    found("layer-traffic", entries, position)
                assert missing.value.path == ("layer",)
                continue
            findings = found("layer-traffic", entries, position)
            assert bool(findings) == bool(over)
            if findings:
                assert f"take {sums[over[0]] * 100:.0f} % of it from {over[0]}:" in findings[0].message

    def test_what_is_proposed_fits(self, entries: list[PortfolioEntry]) -> None:
        for position, one in enumerate(entries):
            for finding in found("layer-traffic", entries, position) if one.layer else ():
                start, end = map(
                    date.fromisoformat, re.findall(r"`(?:start|end): ([0-9-]+)`", finding.advice.text)
                )
                assert end - start == max(days_of(one)) - min(days_of(one))
                later = entry_with(one, first=start, last=end)
                assert not found(
                    "surface-overlap", [*entries[:position], later, *entries[position + 1 :]], position
                )
                ways = [later]
                for share in re.findall(r"exposure: ([0-9.]+)%", finding.advice.text):
                    ways.append(entry_with(one, exposure=float(share) / 100))
                for changed in ways:
                    with_it = [*entries[:position], changed, *entries[position + 1 :]]
                    assert not found("layer-traffic", with_it, position)

    def test_no_earlier_start_after_one_of_the_others_ends_fits(self, entries: list[PortfolioEntry]) -> None:
        for position, one in enumerate(entries):
            for finding in found("layer-traffic", entries, position) if one.layer else ():
                proposed = date.fromisoformat(re.findall(r"`start: ([0-9-]+)`", finding.advice.text)[0])
                for other in entries:
                    start = max(days_of(other)) + timedelta(days=1)
                    if min(days_of(one)) < start < proposed and other.layer == one.layer and other is not one:
                        moved = entry_with(
                            one, first=start, last=start + (max(days_of(one)) - min(days_of(one)))
                        )
                        with_it = [*entries[:position], moved, *entries[position + 1 :]]
                        assert found("layer-traffic", with_it, position) or found(
                            "surface-overlap", with_it, position
                        )

    def test_no_way_out_of_one_leads_to_the_other(self, entries: list[PortfolioEntry]) -> None:
        """Of a plan with neighbours each way out that is complete, on its own, and both rules again."""
        tried = 0
        for position, small in enumerate(entries):
            one = entry_with(small, exposure=0.6)
            others = [*entries[:position], *entries[position + 1 :]]
            for finding in found("layer-traffic", [one, *others]) if one.layer else ():
                tried += 1
                for way in finding.advice.remedies:
                    changed = edited_entry(one, way)
                    assert not way.edits or not found("layer-traffic", [changed, *others])
                    assert len(found("surface-overlap", [changed, *others])) <= len(
                        found("surface-overlap", [one, *others])
                    )
            for finding in found("surface-overlap", [one, *others]):
                tried += 1
                for way in finding.advice.remedies:
                    changed = edited_entry(one, way)
                    if way.edits and changed.layer:
                        assert not found("layer-traffic", [changed, *others])
                    if way.edits:
                        now = found("surface-overlap", [changed, *others])
                        assert finding.at not in [each.at for each in now]
        assert tried > 20

    def test_surface_overlap(self, entries: list[PortfolioEntry]) -> None:
        for position, one in enumerate(entries):
            counts = {
                ("surfaces", at): sum(
                    bool(days_of(one) & days_of(other))
                    for other in entries
                    if other is not one
                    and surface in other.surfaces
                    and not (one.layer and one.layer == other.layer)
                )
                for at, surface in enumerate(one.surfaces)
            }
            findings = {finding.at: finding for finding in found("surface-overlap", entries, position)}
            assert set(findings) == {at for at, count in counts.items() if count}
            assert all(finding.observed.startswith(f"{counts[at]} ") for at, finding in findings.items())  # type: ignore[index]

    def test_flag_reuse(self, entries: list[PortfolioEntry]) -> None:
        for position, one in enumerate(entries):
            others = [
                other for other in entries if other is not one and other.feature_flag == one.feature_flag
            ]
            count = sum(conflicts(one, other, 10) for other in others)
            findings = found("flag-reuse", entries, position, days=10)
            assert [finding.observed.split()[0] for finding in findings] == [str(count)] * bool(count)

    def test_alpha_budget(self, entries: list[PortfolioEntry]) -> None:
        tests = [one for one in entries if one.type == "superiority"]
        sums = [
            sum(
                0.05 if other.sides == "one" else 0.025
                for other in tests
                if one.first and other.first and 0 <= (other.first - one.first).days < 20
            )
            for one in tests
        ]
        (finding,) = found("alpha-budget", entries, days=20, false_wins=0.01)
        assert finding.observed == f"{max(sums):.3g} false wins"
        assert not found("alpha-budget", entries, days=20, false_wins=max(sums))

    def test_timeline(self, entries: list[PortfolioEntry]) -> None:
        timeline = PortfolioIndex(entries).timeline("surface", "pdp")
        for one in entries:
            assert one.running
            expected = [
                other for other in entries if "pdp" in other.surfaces and days_of(one) & days_of(other)
            ]
            assert timeline.count(one.running) == len(expected)
            assert sorted(other.id for other in timeline.during(one.running)) == [
                other.id for other in expected
            ]


def entry_with(one: PortfolioEntry, **fields: object) -> PortfolioEntry:
    return replace(one, **fields)


def conflicts(one: PortfolioEntry, other: PortfolioEntry, rest: int) -> bool:
    if days_of(one) & days_of(other):
        return True
    earlier, later = sorted((one, other), key=lambda each: min(days_of(each)))
    gap = (min(days_of(later)) - max(days_of(earlier))).days
    return gap <= rest and later.type not in ("rollout", "holdback")


class TestWithoutALayer:
    def test_two_plans_that_say_nothing_of_their_traffic(self) -> None:
        entries = [entry("a", exposure=0.9, layer=""), entry("b", exposure=0.9, layer="")]
        for position in range(2):
            with pytest.raises(NotChecked) as missing:
                found("layer-traffic", entries, position)
            assert missing.value.path == ("layer",)

    def test_dates_are_needed_to_know_who_else_runs(self) -> None:
        entries = [entry("a", layer=""), entry("b")]
        entries[0] = entry_with(entries[0], last=None)
        with pytest.raises(NotChecked) as missing:
            found("layer-traffic", entries)
        assert missing.value.path == ("schedule", "end")

    @pytest.mark.parametrize("others", [[], [entry("b", first=14)], [entry("b", first=-14, layer="")]])
    def test_nobody_else_on_its_days(self, others: list[PortfolioEntry]) -> None:
        entries = [entry("a", layer=""), *others]
        with pytest.raises(DoesNotApply):
            list(load("layer-traffic").check(Portfolio(entries[0], PortfolioIndex(entries))))


class TestAlphaBudget:
    def test_nothing_is_reported_twice(self) -> None:
        entries = [entry(f"plan-{number}") for number in range(4)]
        assert [len(found("alpha-budget", entries, position, false_wins=0.05)) for position in range(4)] == [
            1
        ] * 4
        rule = load("alpha-budget")
        portfolio = Portfolio(
            entries[0], PortfolioIndex(entries), reported_elsewhere=frozenset(["alpha-budget"])
        )
        with pytest.raises(DoesNotApply):
            list(rule.check(portfolio, rule.params(false_wins=0.05)))

    def test_two_hundred_two_sided_tests_a_year_are_five_false_wins(self) -> None:
        entries = [entry(f"plan-{number}", first=number) for number in range(200)]
        assert not found("alpha-budget", entries)
        (finding,) = found("alpha-budget", [*entries, entry("one-more", first=200)])
        assert finding.observed == "5.03 false wins"
        assert "99.5 % of its alpha" in finding.advice.text


class TestEdges:
    def test_a_run_that_ends_before_it_starts_takes_no_traffic(self) -> None:
        entries = [entry("a", exposure=1.0), entry("b", days=-3, exposure=1.0)]
        assert [found("layer-traffic", entries, position) for position in (0, 1)] == [[], []]

    def test_the_ends_of_the_calendar(self) -> None:
        entries = [
            entry_with(entry("a"), first=date.max - timedelta(days=3), last=date.max),
            entry_with(entry("b"), first=date.min, last=date.max, exposure=0.8, layer="search"),
            entry_with(entry("c"), first=date.min, last=date.min),
        ]
        for position in range(3):
            for rule_id in ("layer-traffic", "surface-overlap", "flag-reuse", "alpha-budget"):
                for finding in found(rule_id, entries, position):
                    assert finding.message
                    assert finding.advice.text

    def test_midnight_at_the_end_is_the_day_before(self) -> None:
        schedule = {"start": "2023-01-23T00:00:00-08:00", "end": "2023-02-06T00:00:00-08:00"}
        read = entry_of(plan_of(merged(sound_value(), {"schedule": schedule})), "plan.yaml", 0)
        assert read.running == Interval(date(2023, 1, 23), date(2023, 2, 5))

    def test_the_largest_overlaps_are_named(self) -> None:
        others = [entry(f"plan-{share}", exposure=share / 100, layer="") for share in range(10, 70, 10)]
        (finding,) = found("surface-overlap", [entry("asked", layer=""), *others])
        assert re.findall(r"plan-\d+", finding.message) == ["plan-60", "plan-50", "plan-40"]
        assert "30 % of its units in both" in finding.message
        assert finding.message.endswith("and 3 others")

    def test_control_characters_are_not_printed(self) -> None:
        loud = "\x1b[31mred"
        entries = [entry("asked", layer=""), entry(loud, layer=loud)]
        for rule_id in ("surface-overlap", "flag-reuse"):
            (finding,) = found(rule_id, entries)
            assert "\x1b" not in finding.message + finding.advice.text

    def test_a_flag_that_everybody_uses_is_counted_only_so_far(self) -> None:
        entries = [entry(f"plan-{number}") for number in range(80)]
        (finding,) = found("flag-reuse", entries)
        assert finding.observed == "50 or more other experiments"
        assert finding.message.endswith("and 47 or more others")
        assert finding.advice.text == "set `feature_flag: flag_2`, or another flag of its own"
