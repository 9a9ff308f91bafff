"""What a branch does to files of flags as a whole: moved, doubled, taken out, or with a flag that others require."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gate.calling import Call
from tests.rollouts.test_gate_changes import READOUT, Shop, flag, the_move

FILE = "flags/pdp.flagd.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.take("day-14")
    return made


def answered(shop: Shop) -> Call:
    return shop.judged(READOUT)


def based(shop: Shop, files: dict[str, str], rollouts: str = "") -> None:
    """The base with other files, and rollouts of another format."""
    shop.git("checkout", "-q", "main")
    for path, text in files.items():
        shop.write(path, text)
    if rollouts:
        policy = (shop.folder / "egp.yaml").read_text(encoding="utf-8")
        shop.write("egp.yaml", f"{policy}  - {rollouts}\n")
    shop.commit()
    shop.git("checkout", "-q", "-b", "further")


def test_a_file_that_is_moved_and_serves_the_same_is_no_move(shop: Shop) -> None:
    (shop.folder / FILE).rename(shop.folder / "flags/elsewhere.flagd.yaml")
    told = answered(shop)
    assert (told.status, json.loads(told.out)["moves"]) == (0, [])


def test_a_file_that_is_moved_and_raises_is_judged(shop: Shop) -> None:
    (shop.folder / FILE).unlink()
    shop.write("flags/elsewhere.flagd.yaml", flag(90))
    told = answered(shop)
    assert (told.status, the_move(told)["outcome"]) == (1, "hold")


def test_a_file_that_is_moved_out_of_sight_cannot_be_judged(shop: Shop) -> None:
    (shop.folder / "hidden").mkdir()
    (shop.folder / FILE).rename(shop.folder / "hidden/pdp.flagd.yaml")
    assert answered(shop).status == 2


def test_a_flag_under_another_name_cannot_be_judged(shop: Shop) -> None:
    shop.write(FILE, flag(45).replace("pdp_buy_now:", "pdp_buy_later:"))
    assert answered(shop).status == 2


@pytest.mark.parametrize("raised", ["a", "b"])
def test_a_flag_that_two_files_have_is_judged_in_each(shop: Shop, raised: str) -> None:
    based(shop, {f"flags/{name}.flagd.yaml": flag(45) for name in ("a", "b")})
    for name in ("a", "b"):
        shop.write(f"flags/{name}.flagd.yaml", "# touched\n" + flag(90 if name == raised else 45))
    told = answered(shop)
    assert (told.status, the_move(told)["path"]) == (1, f"flags/{raised}.flagd.yaml")


def test_a_flag_of_which_nothing_can_be_read_before_and_after_is_not_passed(shop: Shop) -> None:
    block = (
        'resource "launchdarkly_feature_flag_environment" "x" {\n  for_each = var.flags\n  flag_id = "shop/pdp_buy_now"\n'
        '  env_key = "production"\n  on = true\n  fallthrough {\n    rollout_weights = [55000, 45000]\n  }\n}\n'
    )
    based(
        shop,
        {"flags/pdp.tf": block},
        '{files: "flags/*.tf", format: launchdarkly-terraform, environment: production}',
    )
    shop.write("flags/pdp.tf", block.replace("[55000, 45000]", "[10000, 90000]"))
    told = answered(shop)
    assert (told.status, "computed by Terraform" in told.out) == (2, True)


REQUIRING = """\
flags:
  pdp_buy_now:
    on: true
    salt: a
    variations: [{value: false, name: control}, {value: true, name: buy_now}]
    offVariation: 0
    prerequisites: [{key: checkout_v2, variation: 1}]
    fallthrough: {rollout: {variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}
"""
REQUIRED = """\
flags:
  checkout_v2:
    on: true
    salt: b
    variations: [false, true]
    offVariation: 0
    fallthrough: {rollout: {variations: [{variation: 0, weight: 90000}, {variation: 1, weight: 10000}]}}
"""


def test_a_flag_that_others_require_moves_them_also_in_another_file(shop: Shop) -> None:
    (shop.folder / FILE).unlink()
    based(
        shop,
        {"flags/pdp.ld.yaml": REQUIRING, "flags/checkout.ld.yaml": REQUIRED},
        '{files: "flags/*.ld.yaml", format: launchdarkly, environment: production}',
    )
    wider = REQUIRED.replace("90000", "50000").replace("10000", "50000")
    shop.write("flags/checkout.ld.yaml", wider)
    told = answered(shop)
    moves = {each["flag"]: each for each in json.loads(told.out)["moves"]}
    assert told.status == 2
    assert "its prerequisite checkout_v2 changes" in str(moves["pdp_buy_now"]["reasons"])
    shop.write("flags/checkout.ld.yaml", REQUIRED.replace("on: true", "on: false"))
    assert answered(shop).status == 0, "nobody is let in by a flag that is off"
