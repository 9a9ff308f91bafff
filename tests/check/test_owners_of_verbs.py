"""Every verb judges a plan by the policy that owns it; of a registered plan by the one that owned it then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.register.house import DAY, POLICY, House, house

__all__ = ["house"]

ROOT = (
    POLICY
    + 'delegates: ["shop/**"]\nwaivers: {approvers: [experimentation_lead]}\nroles: {experimentation_lead: ["@xp-lead"]}\n'
)
SHOP = 'extends: ["egp:standard"]\nversion: "shop.1"\nplans: ["*.yaml"]\nrules: {holdout-size: {severity: error, min: 50%}}\n'
PLAN = "experiments/buy-now.yaml"
TEAM = "shop/gift.yaml"


@pytest.fixture
def shop(house: House) -> House:
    house.write("egp.yaml", ROOT)
    house.write("shop/egp.yaml", SHOP)
    house.plan(TEAM)
    return house


def soft(house: House) -> None:
    house.write("shop/egp.yaml", SHOP.replace("50%", "5%"))


def policy_of(house: House, name: str) -> str:
    policy = house.lock()[name].policy
    assert policy is not None
    return f"{policy.name} {policy.version}"


@pytest.mark.parametrize("asked", [(PLAN, TEAM), (TEAM, PLAN), ("experiments", "shop")])
def test_plans_are_registered_under_the_policies_of_their_owners(shop: House, asked: tuple[str, ...]) -> None:
    assert shop.register(*asked) == 1, "all of them, or none"
    assert "error[holdout-size]" in shop.out
    assert not shop.lock()
    soft(shop)
    assert shop.register(*asked) == 0, shop.out
    assert policy_of(shop, "buy-now") == "egp.yaml 2023.1"
    assert policy_of(shop, "gift") == "shop/egp.yaml shop.1"


@pytest.mark.parametrize("folder", [".", "shop", "experiments"])
def test_a_registered_plan_keeps_its_owner_wherever_its_file_goes(
    shop: House, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    assert shop.register(PLAN) == 0
    shop.commit()
    (shop.root / PLAN).rename(shop.root / "shop/buy-now.yaml")
    monkeypatch.chdir(shop.root / folder)
    moved = str(shop.root / "shop/buy-now.yaml")
    shop.egp("check", moved, "--as-of=2023-01-18", "--format=json")
    told = json.loads(shop.out)
    assert [Path(each["name"]).parent.name for each in told["policies"]] != ["shop"]
    assert "holdout-size" not in {each["rule"] for each in told["diagnostics"]}
    shop.egp("policy", "show", moved)
    assert "shop.1" not in shop.out
    assert "5%" in shop.out
    shop.egp("explain", moved, "--as-of=2023-01-18")
    assert "holdout-size" not in shop.out


@pytest.mark.parametrize(("plan", "least"), [(PLAN, "5%"), (TEAM, "50%")])
def test_policy_show_tells_the_owner_of_a_plan(shop: House, plan: str, least: str) -> None:
    assert shop.egp("policy", "show", plan, "--format=json") == 0
    (shown,) = json.loads(shop.out)["policies"]
    (rule,) = (each for each in shown["rules"] if each["id"] == "holdout-size")
    assert {each["name"]: each["value"] for each in rule["settings"]}["min"] == least
    assert shown["floor"] == (None if plan == PLAN else "egp.yaml")


def test_policy_show_tells_who_owns_what_and_who_owns_nothing(shop: House) -> None:
    shop.write("ads/egp.yaml", SHOP)
    assert shop.egp("policy", "show") == 0
    assert "shop/egp.yaml  shop  delegated by egp.yaml" in shop.out
    assert 'add `delegates: ["ads/**"]` to egp.yaml' in shop.out
    shop.egp("policy", "show", "--format=json")
    told = json.loads(shop.out)
    assert [each["policy"] for each in told["owners"]] == ["egp.yaml", "shop/egp.yaml"]
    assert [each["path"] for each in told["errors"]] == ["ads/egp.yaml"]


def test_policy_show_shows_the_floor(shop: House) -> None:
    shop.write("egp.yaml", ROOT + "rules: {minimum-runtime: {days: 21}}\n")
    assert shop.egp("policy", "show", TEAM) == 0
    assert "above the floor of egp.yaml" in shop.out
    (line,) = (line for line in shop.out.splitlines() if line.strip().startswith("days") and "21" in line)
    assert "egp.yaml:7" in line


@pytest.mark.parametrize("command", ["rules", "explain"])
def test_a_rule_is_told_as_the_owner_of_the_folder_has_it(
    shop: House, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    arguments = ("rules",) if command == "rules" else ("explain", "holdout-size")
    shop.egp(*arguments)
    assert "egp.yaml 2023.1" in " ".join(shop.out.split())
    monkeypatch.chdir(shop.root / "shop")
    shop.egp(*arguments)
    assert "shop.1" in shop.out


def test_the_memo_is_written_by_the_owner_s_policy(shop: House) -> None:
    assert shop.egp("explain", TEAM, f"--as-of={DAY}") == 0
    assert "holdout-size" in shop.out
    assert shop.egp("explain", PLAN, f"--as-of={DAY}") == 0
    assert "holdout-size" not in shop.out


def test_power_and_brief_name_the_owner_s_policy(shop: House) -> None:
    for plan, version in ((TEAM, "shop.1"), (PLAN, "2023.1")):
        assert shop.egp("power", plan) == 0
        assert version in shop.out
        assert shop.egp("brief", plan, f"--as-of={DAY}") == 0


def test_who_may_waive_is_the_owner_s_to_say(shop: House) -> None:
    waiver = (
        "--reason=r",
        "--ticket=T-1",
        "--approver=@xp-lead",
        "--role=experimentation_lead",
        "--expires=2023-02-01",
    )
    shop.egp("waive", TEAM, "holdout-size", *waiver, f"--as-of={DAY}")
    assert "shop" in shop.out + shop.err
    assert "waives nothing" in shop.out or "approve" in shop.out + shop.err
    shop.write("shop/egp.yaml", SHOP + "waivers: {approvers: [experimentation_lead]}\n")
    assert shop.egp("waive", TEAM, "holdout-size", *waiver, f"--as-of={DAY}") == 0, shop.out + shop.err


def test_each_policy_has_its_baseline(shop: House) -> None:
    assert shop.egp("baseline", "--start", f"--as-of={DAY}") == 0, shop.err
    assert "holdout-size" in shop.text("shop/egp-baseline.yaml")
    assert "holdout-size" not in shop.text("egp-baseline.yaml")


def test_the_status_is_told_by_the_owners(shop: House) -> None:
    assert shop.egp("status", f"--as-of={DAY}") == 0
    told = " ".join(shop.out.split())
    assert "holdout-size" in told
    assert "buy-now" in told


def test_repairs_are_judged_by_the_owners(shop: House) -> None:
    for plan in (PLAN, TEAM):
        shop.edit(plan, "alpha: 5%", "alpha: 5")
    assert shop.egp("check", PLAN, TEAM, "--fix", f"--as-of={DAY}") == 1
    assert all("alpha: 5%" in shop.text(plan) for plan in (PLAN, TEAM))
    assert "shop/gift.yaml" in shop.out
    assert "error[holdout-size]" in shop.out


def test_a_new_plan_is_begun_where_the_owner_of_the_folder_has_its_plans(
    shop: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.root / "shop")
    assert shop.egp("new", "experiment", "fresh", f"--as-of={DAY}") == 0
    assert (shop.root / "shop/fresh.yaml").is_file()
    assert "50%" in shop.text("shop/fresh.yaml")


@pytest.mark.parametrize("new", ["shop/.next.yaml", "shop/egp.yaml"])
def test_a_comparison_of_policies_is_about_the_plans_that_they_own(shop: House, new: str) -> None:
    shop.write("shop/.next.yaml", SHOP.replace("50%", "60%"))
    assert (
        shop.egp("policy", "diff", "shop/egp.yaml", new, PLAN, TEAM, "--format=json", f"--as-of={DAY}") == 0
    )
    assert json.loads(shop.out)["summary"]["plans"] == 1
