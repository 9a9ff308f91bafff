"""egp new where defaults and a catalogue say the most: ten questions, and a plan of what is its own."""

from __future__ import annotations

from datetime import date

import pytest

from egp.advice.new.dialogue import NewExperiment
from egp.policy.reading import read_policy
from tests.metrics.shop import PLAN, Shop

ANSWERS = {
    "Hypothesis": "A banner lifts the add-to-cart rate of shoppers, because they see the offer before they scroll",
    "Team": "home",
    "The one responsible": "@home-pm",
    "Surfaces": "home.top",
    "At risk": "none",
    "Primary metric": "add_to_cart_rate",
    "Its value today": "12%",
    "Smallest effect": "45bps",
    "Eligible units a day": "41_000",
    "Distinct eligible units": "340_000",
}


def conversation(shop: Shop, answers: dict[str, str]) -> tuple[NewExperiment, list[str]]:
    policy = read_policy(str(shop.root / "egp.yaml"), "egp.yaml")
    plan = NewExperiment(
        "home-banner", "superiority", policy, "experiments/home-banner.yaml", date(2023, 1, 10), None
    )
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next((text for begin, text in answers.items() if question.startswith(begin)), "")

    plan.converse(ask, [].append)  # type: ignore[arg-type]
    return plan, asked


def test_ten_questions_are_enough(shop: Shop) -> None:
    plan, asked = conversation(shop, ANSWERS)
    assert len(asked) <= 10
    assert [each for each in ANSWERS if not any(question.startswith(each) for question in asked)] == []
    text = plan.draft().text
    assert len(text.splitlines()) <= 35
    assert "statistics" not in text
    assert "ramp" not in text


def test_what_is_open_a_person_states_and_then_it_passes(shop: Shop) -> None:
    plan, _ = conversation(shop, ANSWERS)
    text = plan.draft().text
    for open_key, stated in {
        "revision:": 'revision: "web-1"', "  source:": "  source: uniques", "  as_of:": "  as_of: 2023-01-09",
        "    from:": "    from: funnel", "    as_of:": "    as_of: 2023-01-09", "    on:": "    on: 2023-01-11",
    }.items():  # fmt: skip
        lines = [stated if line.startswith(f"{open_key} ") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    text = text.replace(
        "{id: refund_rate, baseline: }",
        "{id: refund_rate, baseline: 3.1%, baseline_source: {from: q, as_of: 2023-01-09}}",
    )
    text = text.replace(
        "{id: p95_page_load, baseline: , influence_std_dev: }",
        "{id: p95_page_load, baseline: 1900ms, influence_std_dev: 5200ms, baseline_source: {from: q, as_of: 2023-01-09}}",
    )
    shop.write("experiments/home-banner.yaml", text)
    (shop.root / PLAN).unlink()
    status, said = shop.egp("check", "experiments", "--as-of=2023-01-11", "--fail-level=error")
    assert status == 0, said


def test_a_metric_that_the_catalogue_lacks_is_asked_for_within_the_ten(shop: Shop) -> None:
    _, asked = conversation(shop, {**ANSWERS, "Primary metric": "something_new"})
    assert len(asked) == 10
    assert any(question.startswith("Its kind") for question in asked)


@pytest.mark.parametrize("question", ["Layer", "Feature flag", "What changes", "Its kind", "Guardrail"])
def test_what_others_say_is_not_asked(shop: Shop, question: str) -> None:
    _, asked = conversation(shop, ANSWERS)
    assert not any(each.startswith(question) for each in asked)


def test_where_there_is_a_catalogue_alone_the_plan_says_everything(shop: Shop) -> None:
    shop.write(
        "egp.yaml", 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\nmetrics: ["metrics.yaml"]\n'
    )
    plan, asked = conversation(shop, ANSWERS)
    assert len(asked) > 10
    assert "statistics:" in plan.draft().text
