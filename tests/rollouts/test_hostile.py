"""Whatever a rollout file holds, reading it ends in rollouts whose shares add up, or in a reason; never in a crash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from egp.plan.finding import DoesNotApply, NotChecked
from egp.record.rollouts.reading import RolloutReading, formats
from egp.rules.rule_inputs import ServedFlag
from egp.yaml import read_text
from tests.rollouts.reading import read
from tests.rollouts.test_mutations import CLEAN, DURING, RULES, TERRAFORM, sound

ODD: tuple[Any, ...] = (
    None, [], {}, "", "x", "{{ .Values.x }}", "\x1b[31m", -1, 0, 1e300, 2**70, 0.1, True, [[]], [None], {"a": None},
    [{"a": 1}], {"if": []}, {"fractional": []}, {"$ref": "a"}, {"var": []}, "9" * 300,
)  # fmt: skip


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a value."""
    yield above
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in steps:
        yield from places(item, (*above, key))


def with_value(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something else at a path."""
    if not path:
        return odd
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = with_value(value[path[0]], path[1:], odd)
    return changed


def require_sound(reading: RolloutReading) -> None:
    plan = sound()
    for rollout in reading.rollouts:
        for audience in rollout.audiences:
            assert audience.unread or abs(sum(each.share for each in audience.shares) - 1) < 1e-6
            assert all(-1e-9 <= each.share <= 1 + 1e-9 for each in audience.shares)
        for stage in rollout.stages:
            assert all(-1e-9 <= each.share <= 1 + 1e-9 for each in stage.shares)
        for rule in RULES:
            served = ServedFlag(rollout, plan, DURING)
            try:
                found = list(rule.check(*(served, rule.params())[: rule.takes]))
            except (DoesNotApply, NotChecked):
                continue
            assert all(each.message.isprintable() for each in found)


NO_FLAGS = [
    "3",
    "none",
    "[3]",
    "[[]]",
    "{pdp_buy_now: 3}",
    "{pdp_buy_now: }",
    "{pdp_buy_now: [1]}",
    "{pdp_buy_now: on}",
]


@pytest.mark.parametrize(
    "format", ["flagd", "flipt", "go-feature-flag", "growthbook", "launchdarkly", "unleash"]
)
@pytest.mark.parametrize("flags", NO_FLAGS)
@pytest.mark.parametrize("beside", ["", "other: {}\n"])
def test_flags_that_are_none_are_not_taken_for_none_at_all(format: str, flags: str, beside: str) -> None:
    """A platform that cannot load such a file goes on serving what it had."""
    name = "features" if format in ("growthbook", "unleash") else "flags"
    text = f"{name}: {flags}\n{beside}" if format != "go-feature-flag" else f"other: {flags}\n"
    reading = read(text, format)
    assert reading.unread
    assert not reading.rollouts


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("flagd", "flags: {pdp_buy_now: 3, banner: {state: ENABLED, variants: {a: 1}, defaultVariant: a}}"),
        ("go-feature-flag", "pdp_buy_now: 3\nbanner: {variations: {a: 1}, defaultRule: {variation: a}}"),
        ("growthbook", "features: {pdp_buy_now: 3, banner: {defaultValue: 1}}"),
        (
            "launchdarkly",
            "flags: {pdp_buy_now: 3, banner: {on: true, variations: [1], fallthrough: {variation: 0}}}",
        ),
    ],
)
def test_a_flag_beside_one_that_is_none_hides_nothing(format: str, text: str) -> None:
    reading = read(text, format)
    assert [each.flag.value for each in reading.rollouts] == ["banner"]
    assert ["pdp_buy_now" in (each.flag or each.reason) for each in reading.unread] == [True]


@pytest.mark.parametrize("format", [each for each in formats() if each != "launchdarkly-terraform"])
def test_odd_values_anywhere_do_no_harm(format: str) -> None:
    for document in read_text(CLEAN[format]):
        for path in places(document.value):
            for odd in ODD:
                text = json.dumps(with_value(document.value, path, odd))
                require_sound(read(text, format, "json"))


@pytest.mark.parametrize("length", range(0, len(TERRAFORM), 7))
def test_a_terraform_file_that_is_cut_off_has_a_reason(length: int) -> None:
    require_sound(read(TERRAFORM[:length], "launchdarkly-terraform", "hcl"))


@pytest.mark.parametrize(
    "odd", ['"x"', "-1", "null", "{}", "[]", "var.x", "true ? 1 : 2", '"${var.x}"', 'file("/etc/passwd")']
)
@pytest.mark.parametrize(
    "written",
    ["55000", "true\n  f", "0\n}", '"production"', '"pdp_buy_now"', "launchdarkly_feature_flag.buy_now.id"],
)
def test_odd_values_in_terraform_do_no_harm(written: str, odd: str) -> None:
    assert written in TERRAFORM
    require_sound(
        read(
            TERRAFORM.replace(written, odd + written[len(written.split("\n", maxsplit=1)[0]) :]),
            "launchdarkly-terraform",
            "hcl",
        )
    )


@pytest.mark.parametrize("format", formats())
def test_deep_nesting_ends_with_a_reason(format: str) -> None:
    for text in ("[" * 5000, '{"x": ' * 90 + "1" + "}" * 90, "x = " + "[" * 3000):
        reading = read(text, format, "json")
        assert reading.rollouts == ()
