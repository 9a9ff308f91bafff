"""The shares that egp reads of a flagd file are those that flagd's own evaluator serves."""

from __future__ import annotations

import json
from collections import Counter
from math import sqrt

import pytest

from egp.yaml import read_text
from tests.rollouts.reading import read

core = pytest.importorskip(
    "openfeature.contrib.tools.flagd.core.flagd_core", reason="flagd's evaluator is not installed"
)
context = pytest.importorskip("openfeature.evaluation_context")

UNITS = 100_000

EVERYBODY = 5.0
"""Standard errors that a share may be away; one in two million harmless runs of a variant is further."""

FLAGS = """
plain:     {fractional: [[a, 10], [b, 90]]}
relative:  {fractional: [[a, 1], [b, 2], [c, 5]]}
weightless: {fractional: [[a], [b], [c]]}
thousandths: {fractional: [[a, 5], [b, 995]]}
negative:  {fractional: [[a, -20], [b, 30], [c, 70]]}
by_email:  {fractional: [{var: email}, [a, 25], [b, 75]]}
salted:    {fractional: [{cat: [{var: $flagd.flagKey}, {var: email}]}, [a, 25], [b, 75]]}
keyless:   {fractional: [{var: account}, [b, 25], [c, 75]]}
nested:    {fractional: [[a, 50], [{fractional: [[b, 50], [c, 50]]}, 50]]}
deeper:    {fractional: [[a, 20], [{fractional: [[a, 30], [b, 40], [{fractional: [[b, 1], [c, 9]]}, 30]]}, 80]]}
independent: {fractional: [[a, 50], [{fractional: [{var: email}, [b, 30], [c, 70]]}, 50]]}
branched:  {if: [{"==": [{var: tier}, gold]}, c, {fractional: [[a, 40], [b, 60]]}]}
unmet:     {if: [{in: [{var: tier}, []]}, c, {fractional: [[a, 40], [b, 60]]}]}
null_else: {if: [{"==": [{var: tier}, gold]}, b]}
forced:    b
"""


def flags() -> dict[str, object]:
    """A flag for each targeting, with three variants and the first as its default."""
    value = read_text(FLAGS)[0].value
    assert isinstance(value, dict)
    variants = {"a": "a", "b": "b", "c": "c"}
    made = {
        name: {"state": "ENABLED", "variants": dict(variants), "defaultVariant": "a", "targeting": targeting}
        for name, targeting in value.items()
        if isinstance(targeting, dict)
    }
    return {"flags": made}


NAMES = [name for name in (flags()["flags"]) if name]  # type: ignore[attr-defined]


def served(name: str) -> dict[str, float]:
    """What the evaluator gives to units that are no gold members, and have no account."""
    evaluator = core.FlagdCore()
    evaluator.set_flags(json.dumps(flags()))
    found: Counter[str] = Counter()
    for number in range(UNITS):
        unit = context.EvaluationContext(
            f"user-{number}", {"email": f"{number}@example.com", "tier": "plain"}
        )
        found[str(evaluator.resolve_string_value(name, "code", unit).variant)] += 1
    return {variant: count / UNITS for variant, count in found.items()}


@pytest.mark.parametrize("name", NAMES)
def test_the_evaluator_serves_the_shares_that_are_read(name: str) -> None:
    rollouts = read(json.dumps(flags(), indent=1), "flagd", "json").rollouts
    last = next(each for each in rollouts if each.flag.value == name).audiences[-1]
    expected = {each.variant: each.share for each in last.shares}
    if name == "keyless":
        assert last.unit is not None
        assert last.unit.value == "account"
        expected = {"a": 1.0}  # the units have none, and get the default
    observed = served(name)
    for variant in {*expected, *observed}:
        share = expected.get(variant, 0.0)
        error = sqrt(share * (1 - share) / UNITS)
        assert abs(observed.get(variant, 0.0) - share) <= EVERYBODY * error + 1e-12, (
            variant,
            observed,
            expected,
        )


def test_a_constant_in_place_of_a_key_gives_every_unit_the_same() -> None:
    evaluator = core.FlagdCore()
    text = json.dumps(
        {
            "flags": {
                "constant": {
                    "state": "ENABLED",
                    "variants": {"a": "a", "b": "b"},
                    "defaultVariant": "a",
                    "targeting": {"fractional": ["email", ["a", 50], ["b", 50]]},
                }
            }
        }
    )
    evaluator.set_flags(text)
    units = (context.EvaluationContext(f"user-{number}", {"email": f"{number}"}) for number in range(1000))
    assert len({evaluator.resolve_string_value("constant", "code", each).variant for each in units}) == 1
    (unread,) = read(text, "flagd", "json").unread
    assert "the same for every unit" in unread.reason


def test_a_flag_that_is_disabled_serves_no_variant() -> None:
    evaluator = core.FlagdCore()
    off = {"state": "DISABLED", "variants": {"a": "a"}, "defaultVariant": "a"}
    evaluator.set_flags(json.dumps({"flags": {"off": off}}))
    assert evaluator.resolve_string_value("off", "code", context.EvaluationContext("u")).variant is None
    (rollout,) = read(json.dumps({"flags": {"off": off}}), "flagd", "json").rollouts
    assert not rollout.is_on
