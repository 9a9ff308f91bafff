"""What egp check says of plans that defaults and a catalogue complete: beside other plans, beside flags, and under a base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.shop import DAY, PLAN, Shop

OTHER = "experiments/second.yaml"
FLAG = """\
flags:
  mobile_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[control, 55], [buy_now, 45]]}
"""
DURING = "2023-01-25"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, capsys)


def said_of(shop: Shop, *arguments: str, as_of: str = DAY) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(shop.egp("check", *arguments, f"--as-of={as_of}", "--format=json")[1])
    return report


def of(report: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [each for each in report["diagnostics"] if each["rule"] == rule]


def place(found: dict[str, Any]) -> str:
    return f"{found['path']}:{found['span']['start']['line']}"


@pytest.mark.parametrize(
    ("written", "closest", "named"),
    [("", "id: mobile", ""), ("statistics: {alpha: 5%}\n", "statistics: {alpha", "/statistics")],
)
def test_a_default_that_breaks_a_rule_is_shown_beside_where_the_plan_would_say_it(
    shop: Shop, written: str, closest: str, named: str
) -> None:
    shop.edit("egp.yaml", "power: 95%", "power: 90%")
    shop.edit(PLAN, "registered:", f"{written}registered:")
    (found,) = of(said_of(shop, PLAN), "power-floor")
    assert place(found) == shop.line_of("egp.yaml", "power: 90%")
    (beside,) = found["related"]
    assert (place(beside), beside["label"]) == (shop.line_of(PLAN, closest), "the plan leaves it open")
    assert beside["pointer"] == named
    assert f"| {closest}" in shop.egp("check", PLAN, f"--as-of={DAY}")[1]


def test_what_the_plan_says_itself_is_shown_there_and_beside_nothing(shop: Shop) -> None:
    shop.edit(PLAN, "registered:", "statistics: {power: 90%}\nregistered:")
    (found,) = of(said_of(shop, PLAN), "power-floor")
    assert place(found) == shop.line_of(PLAN, "statistics:")
    assert found["related"] == []


def second(shop: Shop) -> None:
    """Another plan, which shares nothing with the first but what the defaults say."""
    text = shop.read(PLAN).replace("mobile-buy-now", "second").replace("mobile_buy_now", "second")
    shop.write(OTHER, text.replace("pdp.mobile", "home.mobile"))


@pytest.mark.parametrize("which", [PLAN, OTHER])
def test_shares_of_a_layer_are_added_up_as_the_defaults_say_them(shop: Shop, which: str) -> None:
    second(shop)
    (found,) = of(said_of(shop, which), "layer-traffic")
    assert found["experiment"] == ("mobile-buy-now" if which == PLAN else "second")
    assert "take 180 % of it" in found["message"]
    shop.edit("egp.yaml", "exposure: 90%", "exposure: 40%")
    assert of(said_of(shop, which), "layer-traffic") == []


def test_a_flag_is_compared_with_the_completed_plan(shop: Shop) -> None:
    shop.edit(
        "egp.yaml",
        "defaults:\n",
        "rollouts: [{files: 'flags/*.yaml', format: flagd, environment: production}]\ndefaults:\n",
    )
    shop.edit(PLAN, "registered:", "canary: {none: watched daily}\nregistered:")
    shop.write("flags/pdp.yaml", FLAG)
    assert of(said_of(shop, "experiments", as_of=DURING), "rollout-split") == []
    # 90 % are in the experiment, as the defaults say; a flag that lets everybody in is another one.
    shop.write("flags/pdp.yaml", FLAG.replace("[control, 55], [buy_now, 45]", "[control, 50], [buy_now, 50]"))
    (found,) = of(said_of(shop, "experiments", as_of=DURING), "rollout-split")
    assert place(found).startswith("flags/pdp.yaml")
    assert found["experiment"] == "mobile-buy-now"
    shop.edit("egp.yaml", "exposure: 90%", "exposure: 100%")
    assert of(said_of(shop, "experiments", as_of=DURING), "rollout-split") == []


@pytest.mark.parametrize("judge", [(), ("--policy", "egp.yaml")])
def test_a_default_that_moves_a_registered_plan_is_found_whichever_policy_judges(
    shop: Shop, judge: tuple[str, ...]
) -> None:
    shop.agree()
    shop.edit("egp.yaml", "power: 95%", "power: 96%")
    shop.commit(DAY, "More power")
    for base in ((), ("--base", "HEAD~1")):
        (found,) = of(said_of(shop, "experiments", *base, *judge), "definitions-kept")
        assert place(found) == shop.line_of("egp.yaml", "power: 96%")


def test_a_plan_that_is_not_registered_is_moved_by_nothing(shop: Shop) -> None:
    shop.edit("egp.yaml", "power: 95%", "power: 96%")
    assert of(said_of(shop, "experiments"), "definitions-kept") == []
    shop.agree()
    assert of(said_of(shop, "experiments", "--base", "HEAD"), "definitions-kept") == []


@pytest.mark.parametrize("text", ["[]\n", "id: [second]\n", "id: 7\n", "- id: second\n", "second\n"])
def test_what_is_no_plan_beside_a_completed_one_takes_nothing_from_it(shop: Shop, text: str) -> None:
    shop.agree()
    shop.write(OTHER, text)
    report = said_of(shop, PLAN)
    assert [each["rule"] for each in report["diagnostics"] if each["severity"] == "error"] == []
    assert {
        each["path"] for each in said_of(shop, "experiments")["diagnostics"] if each["severity"] == "error"
    } == {OTHER}


@pytest.mark.parametrize("base", [(), ("--base", "HEAD")])
def test_shares_are_placed_at_the_default_that_held_when_the_plan_was_registered(
    shop: Shop, base: tuple[str, ...]
) -> None:
    head, rest = shop.read("egp.yaml").split("defaults:\n")
    kept = rest.replace("  schedule: {length: 14d, exposure: 90%, timezone: America/Los_Angeles}\n", "")
    lines = [
        f"    {line[2:]}" if line.startswith("  ") else line
        for line in kept.split("\noverrides:")[0].splitlines()
    ]
    dated = "\n".join(
        ["defaults:", f"  - {lines[0].strip()}", *lines[1:],
         "    schedule: {length: 14d, exposure: 90%, timezone: America/Los_Angeles}",
         "  - {from: 2023-01-18, schedule: {exposure: 95%}}"]
    )  # fmt: skip
    shop.write("egp.yaml", f"{head}{dated}\n")
    shop.register()
    second(shop)
    shop.commit(DAY, "One of two is registered")
    for path, default, share, other in (
        (PLAN, "exposure: 90%", "90 %", "95 %"),
        (OTHER, "exposure: 95%", "95 %", "90 %"),
    ):
        (found,) = of(said_of(shop, path, *base, as_of="2023-01-19"), "layer-traffic")
        assert place(found) == shop.line_of("egp.yaml", default)
        assert f"{share} here and {other} in " in found["message"]


def test_what_the_catalogue_says_otherwise_is_shown_beside_the_plan(shop: Shop) -> None:
    shop.edit(PLAN, "  - {id: refund_rate, ", "  - {id: refund_rate, direction: increase, ")
    (found,) = of(said_of(shop, PLAN), "catalogue-agreement")
    assert place(found) == shop.line_of(PLAN, "direction: increase")
    (beside,) = found["related"]
    assert (place(beside), beside["label"]) == (
        shop.line_of("metrics.yaml", "  refund_rate:"),
        "as it is defined",
    )
