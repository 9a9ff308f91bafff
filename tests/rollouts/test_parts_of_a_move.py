"""Each part of a rollout by itself: what it does to units when it alone is another one."""

from __future__ import annotations

from typing import Any

import pytest

from egp.gate.moved import FlagChange, bare, by_themselves, moved
from egp.plan.finding import NotChecked
from egp.record.rollouts.rollout import (
    REQUIRED,
    Audience,
    Rollout,
    RolloutStage,
    Said,
    Unread,
    VariantShare,
    Watched,
    Weights,
)
from egp.stats.values import replace
from egp.yaml import Span
from egp.yaml.position import START, Position

PLAN = "experiments/plan.yaml"
ELSEWHERE = Span(Position(7, 1), Position(7, 5))


def said(value: Any) -> Said[Any]:
    return Said(value, START)


def shares(treated: float, control: float = -1.0) -> tuple[VariantShare, ...]:
    rest = 1 - treated if control < 0 else control
    return (VariantShare("control", rest, START), VariantShare("buy_now", treated, START))


def line(*parts: tuple[str, float, float]) -> tuple[tuple[str, float, float], ...]:
    return parts


HALF = Audience(
    START, shares(0.5), unit=said("user"), salt=said("a1"), sticky=said(True), hashed_by="murmur",
    line=line(("buy_now", 0.0, 0.5), ("control", 0.5, 1.0)),
)  # fmt: skip
FLAG = Rollout("flagd", "flags.yaml", 0, said("pdp_buy_now"), "production", audiences=(HALF,))


def treats(variant: str) -> bool:
    return variant in ("buy_now", "bigger")


def of_audience(**changes: Any) -> FlagChange:
    return moved(FLAG, replace(FLAG, audiences=(replace(HALF, **changes),)), treats)


def of_flag(before: dict[str, Any], after: dict[str, Any]) -> FlagChange:
    return moved(replace(FLAG, **before), replace(FLAG, **after), treats)


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({"sticky": None}, "none", ""),
        ({"sticky": said(False)}, "raise", "a unit is given a variant anew every time"),
        ({"unit": said("session")}, "raise", "another unit is hashed"),
        ({"unit": None}, "raise", "another unit is hashed"),
        ({"salt": said("b2")}, "raise", "another salt is hashed"),
        ({"hashed_by": "md5"}, "raise", "the hash is another one"),
        ({"condition": "country is US"}, "raise", "the targeting changes"),
        ({"means": "country is US"}, "raise", "the targeting changes"),
        ({"line": None, "layout": "x"}, "raise", "which units are treated nobody can tell"),
        ({"line": None, "shares": shares(0.4)}, "raise", "which units are treated nobody can tell"),
        ({"line": line(("control", 0.0, 0.5), ("buy_now", 0.5, 1.0))}, "raise", "other units are treated"),
        ({"line": line(("buy_now", 0.0, 0.25), ("bigger", 0.25, 0.5))}, "none", ""),
        ({"shares": shares(0.4), "line": line(("buy_now", 0.1, 0.5))}, "lower", ""),
        ({"shares": shares(0.4), "line": line(("buy_now", 0.1, 0.5 + 5e-10))}, "lower", ""),
        ({"shares": shares(0.4), "line": line(("buy_now", 0.2, 0.6))}, "raise", "other units are treated"),
        ({"shares": shares(0.4), "line": line(("control", 0.5, 1.0), ("buy_now", 0.6, 0.6), ("buy_now", 0.0, 0.4))}, "lower", ""),
        ({"shares": shares(0.6), "line": line(("buy_now", 0.0, 0.6))}, "raise", "more units are treated"),
        ({"shares": shares(0.5 + 5e-10)}, "none", ""),
        ({"shares": shares(0.0), "salt": said("b2"), "line": None}, "lower", ""),
    ],
)  # fmt: skip
def test_what_divides_an_audience(changes: dict[str, Any], kind: str, why: str) -> None:
    found = of_audience(**changes)
    assert (found.kind, found.reason.startswith(why)) == (kind, True), found
    assert bool(found.reason) is bool(why)


def test_parts_that_touch_cover_what_lies_across_them() -> None:
    touching = replace(HALF, line=line(("buy_now", 0.25, 0.5), ("buy_now", 0.0, 0.25)))
    across = replace(HALF, shares=shares(0.2), line=line(("buy_now", 0.15, 0.35)))
    apart = replace(HALF, line=line(("buy_now", 0.3, 0.55), ("buy_now", 0.0, 0.25)))
    of_another = replace(HALF, line=line(("bigger", 0.25, 0.5), ("buy_now", 0.0, 0.25)))
    for before, kind in ((touching, "lower"), (apart, "raise"), (of_another, "raise")):
        found = moved(replace(FLAG, audiences=(before,)), replace(FLAG, audiences=(across,)), treats)
        assert found.kind == kind, before


def test_units_of_one_treatment_that_get_another_one_are_new_to_it() -> None:
    two = (
        VariantShare("control", 0.5, START),
        VariantShare("buy_now", 0.1, START),
        VariantShare("bigger", 0.4, START),
    )
    more = (
        VariantShare("control", 0.5, START),
        VariantShare("buy_now", 0.4, START),
        VariantShare("bigger", 0.1, START),
    )
    found = of_two(two, more)
    assert (found.kind, found.before, found.after) == ("raise", 0.5, 0.5)
    assert found.reason == "units get another treatment than before"
    assert of_two(two, two[:1] + two[2:]).kind == "lower"


def of_two(before: tuple[VariantShare, ...], after: tuple[VariantShare, ...]) -> FlagChange:
    return moved(_divided(before), _divided(after), treats)


def _divided(shared: tuple[VariantShare, ...]) -> Rollout:
    return replace(FLAG, audiences=(replace(HALF, shares=shared, line=_line_of(shared)),))


def _line_of(shared: tuple[VariantShare, ...]) -> tuple[tuple[str, float, float], ...]:
    places = {"bigger": 0.0, "buy_now": 0.5, "control": 0.9}
    return tuple((each.variant, places[each.variant], places[each.variant] + each.share) for each in shared)


def test_weights_that_add_up_to_another_sum_are_of_units_that_nobody_can_tell() -> None:
    half = replace(HALF, weights=Weights(50.0, 100.0, START))
    for total, required, kind in ((100.0, 100.0, "raise"), (50.0, 100.0, "none"), (100.0, None, "none")):
        after = replace(HALF, weights=Weights(total, required, START))
        found = moved(replace(FLAG, audiences=(half,)), replace(FLAG, audiences=(after,)), treats)
        assert found.kind == kind, (total, required)


def test_where_all_are_treated_nobody_is_new() -> None:
    everybody = replace(HALF, shares=shares(1.0), line=None)
    again = replace(everybody, salt=said("b2"), sticky=said(False))
    assert (
        moved(replace(FLAG, audiences=(everybody,)), replace(FLAG, audiences=(again,)), treats).kind == "none"
    )


@pytest.mark.parametrize(
    ("before", "after", "kind", "why"),
    [
        ({}, {"default": said("buy_now")}, "raise", "the default variant is a treatment"),
        ({"default": said("bigger")}, {"default": said("buy_now")}, "none", ""),
        ({"default": said("control")}, {"default": None}, "none", ""),
        ({}, {"off": said("buy_now")}, "raise", "the off variant is a treatment"),
        ({}, {"off": said("control")}, "none", ""),
        ({"audiences": (replace(HALF, shares=shares(0.0)),)}, {"audiences": (replace(HALF, shares=shares(0.0)),), "off": said("buy_now")}, "raise", "the off variant is a treatment"),
        ({"audiences": (replace(HALF, shares=shares(1.0)),), "off": said("buy_now")}, {"audiences": (replace(HALF, shares=shares(0.0)),), "off": said("buy_now"), "prerequisites": (said("other"),)}, "raise", "the off variant is a treatment, and whoever lacks"),
        ({"enabled": said(False)}, {"enabled": said(True)}, "raise", "units are treated where none were"),
        ({"enabled": said(False), "off": said("buy_now")}, {"enabled": said(True), "off": said("buy_now")}, "raise", "the flag is turned on"),
        ({}, {"enabled": said(False), "off": said("buy_now")}, "raise", "the off variant is a treatment"),
        ({}, {"enabled": said(False)}, "lower", ""),
        ({"values": (("buy_now", "1"),)}, {"values": (("buy_now", "2"),)}, "raise", "buy_now is something else"),
        ({"values": (("control", "1"),)}, {"values": (("control", "2"),)}, "undecided", "control is something else"),
        ({"values": (("buy_now", "1"),)}, {"values": (("buy_now", "1"), ("bigger", "3"))}, "none", ""),
        ({"share_of": "requests"}, {}, "raise", "its shares are of units now"),
        ({"terms": ("until 2023-03-01",)}, {}, "raise", "what else decides"),
        ({}, {"terms": ("from 2023-03-01",)}, "raise", "what else decides"),
        ({}, {"terms": (f"{REQUIRED}other is on",)}, "none", ""),
        ({"prerequisites": (said("other"),)}, {}, "raise", "a prerequisite was taken out"),
        ({}, {"prerequisites": (said("other"),)}, "none", ""),
        ({}, {"continuous": said("10 % an hour")}, "raise", "the share grows by itself"),
        ({"continuous": said("10 % an hour")}, {"continuous": said("20 % an hour")}, "raise", "the share grows by itself"),
        ({"continuous": said("10 % an hour")}, {}, "none", ""),
        ({"revision": said("a")}, {"revision": said("b")}, "raise", "another version is deployed"),
        ({"watched": (Watched(said("errors"), "rollback"),)}, {"watched": ()}, "raise", "errors no longer stops it"),
        ({"watched": (Watched(said("errors"), "rollback", "1 %"),)}, {"watched": (Watched(said("errors"), "rollback", "9 %"),)}, "raise", "errors no longer stops it"),
        ({}, {"watched": (Watched(said("errors"), "rollback"),)}, "none", ""),
        ({}, {"audiences": (HALF, HALF)}, "raise", "the rules change"),
        ({}, {"audiences": (replace(HALF, shares=shares(0.0)),)}, "lower", ""),
        ({"audiences": (replace(HALF, shares=shares(0.0)),)}, {"audiences": (replace(HALF, shares=shares(0.0)),), "off": said("x")}, "none", ""),
        ({}, {"unread": (Unread("flags.yaml", ELSEWHERE, "a weight is computed"),)}, "undecided", "a weight is computed"),
    ],
)  # fmt: skip
def test_what_belongs_to_the_whole_flag(
    before: dict[str, Any], after: dict[str, Any], kind: str, why: str
) -> None:
    found = of_flag(before, after)
    assert (found.kind, found.reason.startswith(why)) == (kind, True), found


def test_what_cannot_be_read_has_the_place_of_its_reason() -> None:
    unread = replace(FLAG, unread=(Unread("flags.yaml", ELSEWHERE, "a weight is computed"),))
    assert moved(FLAG, unread, treats).at == ELSEWHERE
    assert moved(unread, replace(unread, path="moved.yaml"), treats) == FlagChange("none", 0.0, 0.0)


def test_what_nobody_can_tell_has_the_place_of_the_flag_where_its_reason_has_none() -> None:
    """Where the flag is now; one that is gone, where it was."""

    def unknown(_: str) -> bool:
        raise NotChecked(("variants",))

    there = replace(FLAG, flag=Said("pdp_buy_now", ELSEWHERE), terms=("from noon on",))
    for before, after, at in ((FLAG, there, ELSEWHERE), (there, FLAG, START), (there, None, ELSEWHERE)):
        found = moved(before, after, unknown)
        assert (found.kind, found.at) == ("undecided", at)


def test_a_flag_that_is_taken_away_is_nobodys_concern_only_where_it_treated_nobody() -> None:
    idle = replace(FLAG, audiences=(replace(HALF, shares=shares(0.0)),))
    assert moved(idle, None, treats).kind == "none"
    assert moved(FLAG, None, treats).kind == "undecided"
    assert moved(None, idle, treats).kind == "none"
    assert (moved(None, FLAG, treats).kind, moved(None, FLAG, treats).after) == ("raise", 0.5)


def step(treated: float, gate: Any = "", asks: str = "") -> RolloutStage:
    return RolloutStage(shares(treated), START, gate=gate, asks=asks)


@pytest.mark.parametrize(
    ("stages", "reached"),
    [
        ((step(0.1), step(0.2)), 0.2),
        ((step(0.1, "metric"), step(0.2)), 0.2),
        ((step(0.1, "person"), step(0.2)), 0.1),
        ((step(0.1, "egp", PLAN), step(0.2)), 0.1),
        ((step(0.1, "egp", f"/checkout/{PLAN}"), step(0.2)), 0.1),
        ((step(0.1, "egp", f"./{PLAN}"), step(0.2)), 0.1),
        ((step(0.1, "egp", f"other-{PLAN}"), step(0.2)), 0.2),
        ((step(0.1, "egp", "experiments/other.yaml"), step(0.2)), 0.2),
    ],
)  # fmt: skip
def test_a_deployment_reaches_what_comes_before_somebody_who_is_heard(
    stages: tuple[RolloutStage, ...], reached: float
) -> None:
    found = moved(None, replace(FLAG, audiences=(), stages=stages), treats, PLAN)
    assert (found.kind, found.after) == ("raise", reached)


def test_without_a_plan_no_question_about_one_lets_a_stage_wait() -> None:
    stages = (step(0.1, "egp", PLAN), step(0.2))
    assert [each.shares for each in by_themselves(replace(FLAG, stages=stages))] == [shares(0.1)]
    assert moved(None, replace(FLAG, audiences=(), stages=stages), treats).after == 0.2


def test_steps_that_change_are_a_raise_also_where_none_is_higher() -> None:
    one, other = (replace(FLAG, stages=(step(0.1), step(last))) for last in (0.3, 0.2))
    found = moved(one, other, treats)
    assert (found.kind, found.reason) == ("raise", "the steps of the rollout change")


def test_places_are_no_part_of_what_is_served() -> None:
    there = replace(FLAG, path="other.yaml", document=3, flag=Said("pdp_buy_now", ELSEWHERE))
    assert bare(FLAG) == bare(there)
    assert moved(FLAG, there, treats).kind == "none"


def test_a_raise_is_found_where_the_largest_share_of_the_treatment_is_written() -> None:
    small, large = VariantShare("buy_now", 0.2, START), VariantShare("bigger", 0.4, ELSEWHERE)
    split = replace(HALF, shares=(VariantShare("control", 0.4, START), small, large), line=None)
    assert moved(None, replace(FLAG, audiences=(split,)), treats).at == ELSEWHERE
