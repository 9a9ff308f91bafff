"""A pull request that deletes the only plan is judged, not refused."""

from __future__ import annotations

import subprocess

import pytest

from tests.register.house import House, house  # noqa: F401

PLAN = "experiments/buy-now.yaml"


def test_the_only_plan_that_is_deleted_is_judged_against_the_base(house: House) -> None:  # noqa: F811
    house.commit()
    (house.root / PLAN).unlink()
    assert house.egp("check", "--base=HEAD", "--as-of=2023-01-17") == 0
    assert "0 plans judged: nothing to report" in house.out
    assert house.egp("check", "--base=HEAD", "--as-of=2023-01-27") == 1
    assert "error[deleted-while-running]" in house.out


@pytest.mark.parametrize("base", [(), ("--base=HEAD",)])
def test_where_the_base_has_no_plan_either_none_was_found(house: House, base: tuple[str, ...]) -> None:  # noqa: F811
    (house.root / PLAN).unlink()
    house.commit()
    assert house.egp("check", *base, "--as-of=2023-01-17") == 2
    assert "no plan matches experiments/**/*.yaml" in house.err


def test_without_a_base_nobody_knows_that_there_was_a_plan(house: House) -> None:  # noqa: F811
    house.commit()
    subprocess.run(["git", "rm", "--quiet", PLAN], cwd=house.root, check=True)
    assert house.egp("check", "--as-of=2023-01-17") == 2
