"""What is still an input at the very limit of what is one, and in which words the others are refused."""

from __future__ import annotations

import typing

import pytest

from egp.stats.errors import StatisticsInputError, input_error_of
from egp.stats.hints import Literal
from egp.stats.proportions import squared_need


@pytest.mark.parametrize("needed", [0.0, -1.0])
def test_a_test_that_needs_no_distance_needs_no_units(needed: float) -> None:
    with pytest.raises(StatisticsInputError, match="without any units"):
        squared_need(needed, 0.1)


def test_an_overflow_is_told_as_every_other_impossible_input() -> None:
    refused = StatisticsInputError("alpha", "is none", "give one")
    assert input_error_of(refused) is refused
    told = input_error_of(OverflowError())
    assert (told.parameter, told.advice) == ("the plan's numbers", "write what was measured")


def test_a_hint_is_read_by_pydantic_as_the_one_of_the_standard_library() -> None:
    def same(hint: object) -> object:
        return hint

    said: typing.Any = Literal["a", "b"]
    assert said.__get_pydantic_core_schema__(None, same) == typing.Literal["a", "b"]
    either: typing.Any = said | None
    assert typing.get_origin(either.__get_pydantic_core_schema__(None, same)) is typing.Union
