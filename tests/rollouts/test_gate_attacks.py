"""Whoever wants more traffic without a proceed, in more ways than to write another weight: none of them ends with 0."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gate.calling import call
from tests.rollouts.test_gate_changes import DAY_5, FLAG, PLAN, ROLLOUTS, Shop, flag

FILE = "flags/pdp.flagd.yaml"

Attack = Callable[[Shop], None]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def written(text: str) -> Attack:
    return lambda shop: shop.write(FILE, text)


def replaced(path: str, old: str, new: str, text: str) -> Attack:
    """The flag's file, and another file with something else in it."""

    def attack(shop: Shop) -> None:
        before = (shop.folder / path).read_text(encoding="utf-8")
        assert old in before
        shop.write(path, before.replace(old, new))
        shop.write(FILE, text)

    return attack


def linked(shop: Shop) -> None:
    shop.write("elsewhere/raised.yaml", flag(70))
    (shop.folder / FILE).unlink()
    os.symlink("../elsewhere/raised.yaml", shop.folder / FILE)


def hidden_by_a_folder(shop: Shop) -> None:
    (shop.folder / FILE).unlink()
    shop.write(f"{FILE}/pdp.yaml", flag(70))


def ignored(shop: Shop) -> None:
    shop.write(".gitignore", "flags/zz*\n")
    shop.write("flags/zz.flagd.yaml", flag(90))


def encoded(shop: Shop) -> None:
    (shop.folder / FILE).write_bytes(flag(70).encode("utf-16"))


def with_a_policy_beside_it(shop: Shop) -> None:
    shop.write("flags/egp.yaml", 'extends: ["egp:standard"]\nnot_an_experiment: {pdp_buy_now: it is none}\n')
    shop.write(FILE, flag(70))


def with_a_plan_of_its_own(shop: Shop) -> None:
    plan = (shop.folder / PLAN).read_text(encoding="utf-8")
    shop.write(
        "experiments/later.yaml",
        plan.replace("id: pdp-buy-now", "id: later").replace("treated: 70%", "treated: 71%"),
    )
    shop.write(FILE, flag(71))


BUY, CONTROL = "[buy_now, BUY]", "[control, CONTROL]"
TARGETING = "    targeting: {fractional: [[buy_now, BUY], [control, CONTROL]]}\n"
MERGED = """\
x-raised: &raised
  targeting: {fractional: [[buy_now, 70], [control, 30]]}
flags:
  pdp_buy_now:
    <<: *raised
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
"""
ANCHORED = FLAG.replace("[buy_now, BUY]", "&a [buy_now, 35]").replace(
    "[control, CONTROL]", "*a, [control, 30]"
)
CONDITION = "{if: [{'==': [{var: country}, US]}, {fractional: [[buy_now, 90], [control, 10]]}, {fractional: [[buy_now, 45], [control, 55]]}]}"

ATTACKS: dict[str, Attack] = {
    "weights swapped": written(flag(55)),
    "variants in another order": written(FLAG.replace(f"{BUY}, {CONTROL}", "[control, 55], [buy_now, 45]")),
    "a variant by another name": written(flag(70).replace("buy_now: true", "buy: true").replace("[buy_now,", "[buy,")),
    "values exchanged": written(flag(45).replace("control: false, buy_now: true", "control: true, buy_now: false")),
    "default variant": written(flag(45).replace("defaultVariant: control", "defaultVariant: buy_now").replace(", [control, 55]", "")),
    "no targeting": written(flag(45).replace(TARGETING.replace("BUY", "45").replace("CONTROL", "55"), "").replace("defaultVariant: control", "defaultVariant: buy_now")),
    "another salt": written(flag(45).replace("fractional: [", "fractional: [{cat: [b, {var: targetingKey}]}, ")),
    "another unit": written(flag(45).replace("fractional: [", "fractional: [{cat: [{var: $flagd.flagKey}, {var: session}]}, ")),
    "targeting for some": written(flag(45).replace("{fractional: [[buy_now, 45], [control, 55]]}", CONDITION)),
    "a split within the split": written(flag(45).replace("[control, 55]", "[{fractional: [[buy_now, 1], [control, 1]]}, 55]")),
    "merge key": written(MERGED),
    "an anchor twice": written(ANCHORED),
    "a key twice": written(flag(45) + flag(70).partition("    defaultVariant: control\n")[2]),
    "the flag twice": written(flag(45) + flag(70).partition("flags:\n")[2]),
    "a second document": written(flag(45) + "---\n" + flag(70)),
    "in capitals": written(flag(70).replace("pdp_buy_now", "PDP_Buy_Now")),
    "renamed": written(flag(70).replace("pdp_buy_now", "pdp_buy_now_2")),
    "JSON with comments": written("/* ours */\n" + json.dumps({"flags": {}})),
    "another encoding": encoded,
    "a link": linked,
    "a folder of that name": hidden_by_a_folder,
    "a file that git ignores": ignored,
    "a further file": lambda shop: shop.write("flags/a.flagd.yaml", flag(70)),
    "the policy looks elsewhere": replaced("egp.yaml", ROLLOUTS.strip(), "waivers: {approvers: [experimentation_lead]}", flag(70)),
    "the policy looks at another environment": replaced("egp.yaml", "environment: production", "environment: staging", flag(70)),
    "the policy calls it no experiment": replaced("egp.yaml", "rollouts:", "not_an_experiment: {pdp_buy_now: it is none}\nrollouts:", flag(70)),
    "the plan lets go of the flag": replaced(PLAN, "feature_flag: pdp_buy_now", "feature_flag: other", flag(70)),
    "the plan has a stage for it": replaced(PLAN, "treated: 70%", "treated: 60%", flag(60)),
    "a plan of its own": with_a_plan_of_its_own,
    "a policy beside the flags": with_a_policy_beside_it,
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_no_way_around_the_gate_ends_with_zero(shop: Shop, attack: Attack) -> None:
    shop.take("day-05")
    attack(shop)
    for is_committed in (False, True):
        if is_committed:
            shop.commit()
        answered = shop.judged(DAY_5)
        assert answered.status in (1, 2), answered.out + answered.err


def delegated(shop: Shop) -> None:
    """A folder with a policy, a plan and a flag of its own, which the base has."""
    policy = (shop.folder / "egp.yaml").read_text(encoding="utf-8")
    shop.git("checkout", "-q", "main")
    shop.write("egp.yaml", f'{policy}delegates: ["team/**"]\n')
    shop.write("team/egp.yaml", f'extends: ["../egp.yaml"]\nplans: ["experiments/*.yaml"]\n{ROLLOUTS}')
    plan = (shop.folder / PLAN).read_text(encoding="utf-8")
    own = plan.replace("id: pdp-buy-now", "id: team-buy").replace("pdp_buy_now", "team_buy")
    shop.write("team/experiments/team-buy.yaml", own)
    shop.write("team/flags/team.flagd.yaml", flag(45).replace("pdp_buy_now", "team_buy"))
    shop.commit()
    shop.git("checkout", "-q", "-B", "raise")


@pytest.mark.parametrize("folder", ["", "team", "experiments"])
def test_flags_of_a_policy_that_another_one_delegates_to_are_judged_wherever_egp_is_called(
    shop: Shop, folder: str
) -> None:
    delegated(shop)
    shop.write("team/flags/team.flagd.yaml", flag(70).replace("pdp_buy_now", "team_buy"))
    arguments = ("gate", "--base", "main", "--as-of", DAY_5, "--format", "json")
    answered = call(shop.folder / folder, *arguments)
    (move,) = answered.json["moves"]
    assert (answered.status, move["experiment"], move["kind"]) == (2, "team-buy", "raise"), answered


def test_flags_of_one_folder_are_judged_by_the_plan_of_another_and_its_policy(shop: Shop) -> None:
    delegated(shop)
    shop.write("team/flags/more.flagd.yaml", flag(70))
    (shop.folder / FILE).unlink()
    shop.take("day-05")
    answered = shop.judged(DAY_5)
    assert answered.status in (1, 2), answered.out
    assert any(each["experiment"] == "pdp-buy-now" for each in answered.json["moves"])
