"""The rules about expected value and cost, held against exact fractions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from random import Random

import pytest

from egp.advice.edits import changed
from egp.plan.experiment import read_experiment
from egp.plan.finding import Finding
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.yaml import read_text
from tests.rules.advice import applied, options
from tests.rules.examples import merged, plan_of, sound_value


def found(rule_id: str, patch: Mapping[str, object], **params: object) -> list[Finding]:
    rule = load(rule_id)
    plan = plan_of(merged(sound_value(), {"economics": patch}))
    return list(rule.check(*(plan, rule.params(**read_options(rule, params, (), [])))))


def scenarios(*pairs: tuple[str, str]) -> list[dict[str, object]]:
    return [{"name": f"s{at}", "probability": p, "p_success": s} for at, (p, s) in enumerate(pairs)]


class TestTheFirstDocument:
    """Gain 0.52, cost of an error 0.07: what the document says and what its numbers give."""

    def test_base_scenario(self) -> None:
        assert not found("expected-value", {"scenarios": {0: {"expected_value": "0.166 USD"}}})

    def test_new_users(self) -> None:
        exact = Fraction("0.34") * Fraction("0.52") - Fraction("0.66") * Fraction("0.07")
        assert exact == Fraction("0.1306")
        (finding,) = found("expected-value", {"scenarios": {1: {"expected_value": "0.121 USD"}}})
        assert finding.required == "0.131 USD"
        assert finding.message.startswith("0.34 × 0.52 − 0.66 × 0.07 is 0.131 USD")

    def test_cost_of_two_dollars_per_thousand_is_the_cap(self) -> None:
        assert not found("cost-cap", {"cost_per_unit": "0.002 USD"})
        assert found("cost-cap", {"cost_per_unit": "0.00200001 USD"})


class TestDeclaredValue:
    @pytest.mark.parametrize(
        ("declared", "accepted"),
        [
            ("0.1660 USD", True),  # without the cost per unit
            ("0.16597 USD", True),  # with it
            ("0.17 USD", True),
            ("0.2 USD", True),
            ("0 USD", True),
            ("0.1661 USD", False),
            ("0.16596 USD", False),
            ("0.165 USD", False),
            ("0.1 USD", False),
            ("1 USD", False),
            ("-0.166 USD", False),
        ],
    )
    def test_is_compared_to_the_digits_it_is_written_with(self, declared: str, accepted: bool) -> None:
        assert (not found("expected-value", {"scenarios": {0: {"expected_value": declared}}})) is accepted

    def test_what_is_proposed_is_accepted(self) -> None:
        random = Random(3)
        for _ in range(60):
            scale = 10.0 ** random.randrange(-6, 7)
            digits = random.randrange(0, 9)
            patch = {
                "gain_per_success": f"{random.random() * scale:.12f} USD",
                "cost_per_error": f"{random.random() * scale:.12f} USD",
                "floor": "0 USD",
                "scenarios": scenarios(("60%", f"{random.random():.3f}"), ("40%", "0.9")),
            }
            for holder in (("expected_value",), ("scenarios", 0, "expected_value")):
                declared = f"{random.random() * scale * 3:.{digits}f} USD"
                for proposed in proposals(holder, declared, patch):
                    assert not list(proposals(holder, proposed, patch)), (patch, declared, proposed)


def proposals(holder: tuple[str | int, ...], declared: str, patch: Mapping[str, object]) -> Iterator[str]:
    """Values that the rule proposes for a declared one."""
    value: object = declared
    for key in reversed(holder):
        value = {key: value}
    changed = merged(patch, value)
    assert isinstance(changed, dict)
    for finding in found("expected-value", changed):
        if finding.at == ("economics", *holder):
            yield re.findall(r"expected_value: (.+)`", finding.advice.text)[0]


class TestFloor:
    def test_agrees_with_exact_fractions(self) -> None:
        random = Random(11)
        for _ in range(150):
            base, worst = (Fraction(random.randrange(0, 1000), 1000) for _ in range(2))
            chance = Fraction(random.randrange(1, 100), 100)
            net = [
                p * Fraction("0.52") - (1 - p) * Fraction("0.07") - Fraction("0.00003") for p in (base, worst)
            ]
            weighted = chance * net[0] + (1 - chance) * net[1]
            rows = scenarios(
                (f"{int(chance * 100)}%", f"{float(base):.3f}"),
                (f"{int((1 - chance) * 100)}%", f"{float(worst):.3f}"),
            )
            findings = found("expected-value", {"scenarios": rows})
            floor = Fraction("0.08")
            if min(net) >= floor:
                assert not findings
            elif weighted < floor:
                assert [finding.at for finding in findings] == [("economics", "scenarios")]
            else:
                at = net.index(min(net))
                assert [finding.at for finding in findings] == [("economics", "scenarios", at, "p_success")]

    def test_the_success_rate_that_is_proposed_is_the_smallest(self) -> None:
        (finding,) = found("expected-value", {"scenarios": {1: {"p_success": 0.2}}})
        least = (Fraction("0.08") + Fraction("0.00003") + Fraction("0.07")) / Fraction("0.59")
        proposed = re.findall(r"at least ([0-9.]+%)", finding.advice.text)[0]
        assert 0 <= Fraction(proposed.rstrip("%")) / 100 - least < Fraction(1, 10_000)
        assert not found("expected-value", {"scenarios": {1: {"p_success": proposed}}})

    def test_a_negative_cost_per_unit_raises_nothing(self) -> None:
        patch = {"cost_per_unit": "-1 USD", "scenarios": {1: {"p_success": 0.2}}}
        assert found("expected-value", patch)
        assert found("cost-cap", patch)

    def test_a_scenario_cannot_be_hidden_by_its_probability(self) -> None:
        rows = scenarios(("100%", "0.40"), ("0%", "0.10"))
        (finding,) = found("expected-value", {"scenarios": rows})
        assert finding.at == ("economics", "scenarios", 1, "p_success")


def test_every_missing_input_is_named() -> None:
    places = [finding.at[1:] for finding in found("expected-value", {
        "scenarios": [{"name": "only"}], "gain_per_success": None, "cost_per_error": None, "floor": None})]  # fmt: skip
    assert places == [
        ("gain_per_success",),
        ("cost_per_error",),
        ("floor",),
        ("scenarios", 0, "probability"),
        ("scenarios", 0, "p_success"),
    ]


class TestValuesThatRestOnARate:
    """Whoever raises a success rate as asked, and declares what the help names, passes."""

    def test_random_plans(self) -> None:
        random = Random(29)
        spoken = 0
        for _ in range(120):
            rates = [random.randrange(100, 450) / 1000 for _ in range(3)]
            values = [f"{rate * 0.52 - (1 - rate) * 0.07:.3f} USD" for rate in rates]
            weighted = sum(
                share * (rate * 0.59 - 0.07) for share, rate in zip((0.5, 0.3, 0.2), rates, strict=True)
            )
            rows = [
                {"name": f"s{at}", "probability": p, "p_success": rate, "expected_value": value}
                for at, (p, rate, value) in enumerate(zip(("50%", "30%", "20%"), rates, values, strict=True))
            ]
            declared = f"{weighted:.4f} USD"
            findings = found("expected-value", {"scenarios": rows, "expected_value": declared})
            spoken += bool(findings)
            for finding in findings[:1]:
                (edits,) = options(finding)
                text = json.dumps({"economics": {"scenarios": rows, "expected_value": declared}})
                raised = read_text(changed(text, edits))[0].value["economics"]  # type: ignore[index]
                assert not found("expected-value", raised)
        assert spoken > 30


@pytest.mark.parametrize("floor", ["0 USD", "0.08 USD", "2.5 EUR"])
def test_the_economics_that_are_proposed_are_refused_until_they_are_filled_in(floor: str) -> None:
    rule = load("expected-value")
    params = rule.params(**read_options(rule, {"floor": floor}, (), []))
    silent = merged(sound_value(), {"economics": None})
    assert isinstance(silent, dict)
    (finding,) = rule.check(plan_of(silent), params)
    (remedy,) = finding.advice.remedies
    pasted = applied(silent, remedy.edits)
    _, problems = read_experiment(pasted)
    assert {each.path[-1] for each in problems} >= {"probability", "p_success", "gain_per_success"}
    unit = floor.split()[1]
    stated = {"gain_per_success": f"25 {unit}", "cost_per_error": f"1 {unit}", "cost_per_unit": f"0.1 {unit}"}
    if pasted["economics"]["floor"] == "TODO":
        stated["floor"] = f"1 {unit}"
    filled_in = {"scenarios": scenarios(("60%", "0.9"), ("40%", "0.8")), **stated}
    assert list(rule.check(plan_of(merged(pasted, {"economics": filled_in})), params)) == []
