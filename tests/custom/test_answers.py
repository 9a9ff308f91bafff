"""What the process that answers says of an expression or a schema, asked here: the questions that `ask` carries there."""

from __future__ import annotations

import json
import pickle

import pytest

from egp.rules.custom.cel import CelValue, ExpressionFault, fault_of, value_of
from egp.rules.custom.json_schema import Misfit, malformed, misfits

PLAN = {"id": "buy-now", "weight": "50%", "owner": {"team": "pdp"}, "days": [1, 2]}


def answer(expression: str) -> CelValue:
    return value_of(expression, pickle.dumps(PLAN), "critical")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plan.id == 'buy-now'", ("bool", True)),
        ("tier == 'standard'", ("bool", False)),
        ("plan.id", ("other", "a text")),
        ("size(plan.days)", ("other", "a number")),
        ("plan.days", ("other", "a list")),
        ("plan.owner", ("other", "a mapping")),
        ("null", ("other", "null")),
        ("time('2d')", ("other", "a length of time")),
        ("date('2023-01-23')", ("other", "an instant")),
        ("date('2023-01-23T08:00:00') == timestamp('2023-01-23T08:00:00Z')", ("bool", True)),
        ("date('2023-01-23T08:00:00-08:00') == timestamp('2023-01-23T16:00:00Z')", ("bool", True)),
        ("plan.layer == 'x'", ("missing", "layer")),
        ("owner == 'x'", ("undeclared", "owner")),
        ("plan.id.matches('(')", ("pattern", "(")),
        ("share(plan.id) < 1.0", ("unfit", "buy-now is not a share")),
        ("plan.id > 3", ("unfit", "it compares or computes values of types that do not go together")),
        ("plan.days[7] == 1", ("unfit", "index out of bounds: 7")),
        ("1 / (size(plan.days) - 2) == 1", ("unfit", "division by zero")),
    ],
)
def test_what_an_expression_comes_to(expression: str, value: tuple[str, object]) -> None:
    assert answer(expression) == value


def test_a_function_of_the_library_that_refuses_is_named() -> None:
    refused = answer("timestamp(plan.id) < timestamp('2023-01-01T00:00:00Z')")
    assert refused.kind == "unfit"
    assert str(refused.phrase).startswith("timestamp(): ")


def test_a_refusal_is_not_remembered_for_the_next_question() -> None:
    assert answer("share(plan.id) < 1.0").phrase == answer("share(plan.id) < 1.0").phrase
    assert "not a share" not in str(answer("plan.id > 3").phrase)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("plan.id == 'x'", None),
        ("size(plan.days) > 1 && has(plan.id)", None),
        ("share(plan.weight) > 0.1 && !(1 in plan.days)", None),
        (
            "plan.id == 'x' &&\n owner == 'y'",
            ExpressionFault("there is no variable `owner`; an expression speaks of plan and tier", 2, 2),
        ),
        ("now() == 1", ExpressionFault("there is no function `now`", 1, 1)),
        ("true && sizes(plan.days) == 1", ExpressionFault("there is no function `sizes`", 1, 9)),
    ],
)
def test_what_is_wrong_with_an_expression_and_where(expression: str, fault: ExpressionFault | None) -> None:
    assert fault_of(expression) == fault


def test_an_expression_that_is_none_is_told_where_it_breaks() -> None:
    fault = fault_of("plan.id ==")
    assert fault is not None
    assert (fault.message.partition(":")[0], fault.line) == ("it is no expression", 1)
    deep = fault_of("(" * 200 + "true" + ")" * 200)
    assert deep is not None
    assert deep.message == "it is nested too deeply"


def fits(schema: object, value: object) -> list[Misfit] | None:
    return misfits(json.dumps(schema), value)


@pytest.mark.parametrize(
    ("schema", "value", "misfit"),
    [
        ({"required": ["a", "b"]}, {"a": 1}, Misfit(("b",), "`b`", "missing")),
        ({"required": ["a", "b"]}, {}, Misfit(("a",), "`a`", "missing")),
        (False, 1, Misfit((), "nothing here", "1")),
        ({"type": ["string", "null"]}, 1, Misfit((), "type: string, null", "1")),
        ({"type": "string"}, 1, Misfit((), "type: string", "1")),
        ({"enum": [[1], 2]}, 1, Misfit((), "enum: a list", "1")),
        ({"maximum": 3}, 7, Misfit((), "maximum: 3", "7")),
    ],
)
def test_a_misfit_says_what_is_required_and_what_is_there(
    schema: object, value: object, misfit: Misfit
) -> None:
    found = fits(schema, value)
    assert found is not None
    assert found[0] == misfit


def test_a_schema_without_end_is_told_apart_from_one_that_fits() -> None:
    assert fits({"type": "integer"}, 1) == []
    assert fits({"$ref": "#"}, 1) is None


def test_a_schema_that_is_none_says_where_and_why_in_a_line() -> None:
    assert malformed({"type": "string"}) is None
    assert malformed({"properties": {"a": {"type": 7}}}) is not None
    path, why = malformed({"properties": {"a": {"minimum": "x"}}}) or ((), "")
    assert path == ("properties", "a", "minimum")
    assert len(why) <= 100
    _, long = malformed({"required": "x" * 300}) or ((), "")
    assert len(long) == 100
    assert long.endswith("…")
