"""egp new where defaults and a catalogue say the most: ten questions, and a plan of what is its own."""

from __future__ import annotations

from datetime import date

import pytest

from egp.advice.new.dialogue import NewExperiment
from egp.advice.new.files import NewError
from egp.policy.reading import read_policy
from tests.metrics.shop import PLAN, Shop

ANSWERS = {
    "Hypothesis": "A banner lifts the add-to-cart rate of shoppers, because they see the offer before they scroll",
    "Team": "home",
    "The one responsible": "@home-pm",
    "Surfaces": "home.top",
    "At risk": "none",
    "The build": "web-1",
    "Primary metric": "add_to_cart_rate",
    "Smallest effect": "45bps",
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


NUMBERS = {
    "variants:": "eligible_units: {distinct_over_run: 340_000, per_day: 41_000}",
    "  mde:": "  baseline: 12%",
    "sign_offs:": (
        "guardrail_metrics:\n  - {id: refund_rate, baseline: 3.1%}\n"
        "  - {id: p95_page_load, baseline: 1900ms, influence_std_dev: 5200ms}\n"
        "measured: {window: 35d, as_of: 2023-01-10, values: {add_to_cart_rate.baseline: 1a2e2841e483}}"
    ),
}
"""Before which line what is measured comes."""


def test_what_is_open_a_person_states_and_history_says_the_numbers(shop: Shop) -> None:
    plan, _ = conversation(shop, ANSWERS)
    text = plan.draft().text
    assert text.count("# TODO ") == 1
    assert "baseline" not in text.partition("\nid:")[2]
    for line, numbers in NUMBERS.items():
        text = text.replace(f"\n{line}", f"\n{numbers}\n{line}", 1)
    text = "\n".join("    on: 2023-01-11" if "    on: " in line else line for line in text.splitlines())
    shop.write("experiments/home-banner.yaml", text + "\n")
    (shop.root / PLAN).unlink()
    assert shop.egp("check", "experiments", "--as-of=2023-01-11", "--fix", "--unsafe")[0] == 0
    status, said = shop.egp("check", "experiments", "--as-of=2023-01-11", "--fail-level=error")
    assert status == 0, said
    assert len((shop.root / "experiments/home-banner.yaml").read_text().splitlines()) <= 35


def test_numbers_that_are_answered_are_written(shop: Shop) -> None:
    policy = read_policy(str(shop.root / "egp.yaml"), "egp.yaml")
    plan = NewExperiment("x", "superiority", policy, "experiments/x.yaml", date(2023, 1, 10), None)
    plan.take({"metric": "add_to_cart_rate", "baseline": "12%", "mde": "45bps", "per_day": "41_000"})
    text = plan.draft().text
    assert "eligible_units:\n  per_day: 41_000\n" in text
    assert "\n  baseline: 12%\n" in text
    assert "\nsample_size_per_variant: 137_716\n" in text


def test_of_several_populations_one_is_asked_for(shop: Shop) -> None:
    shop.edit("metrics.yaml", "\npopulations:\n", "\npopulations:\n  everyone: {fact: events}\n")
    plan, asked = conversation(shop, {**ANSWERS, "Who could": "everyone"})
    assert any(each.startswith("Who could have been exposed") for each in asked)
    assert "\npopulation: {of: everyone}\n" in plan.draft().text


def test_without_a_population_nothing_can_be_measured_and_the_numbers_are_asked_for(shop: Shop) -> None:
    text = (shop.root / "metrics.yaml").read_text()
    begin, end = text.index("populations:"), text.index("metrics:\n")
    shop.write("metrics.yaml", text[:begin] + text[end:])
    _, asked = conversation(shop, ANSWERS)
    assert [each for each in asked if each.startswith(("Its value", "Eligible", "Distinct"))]


def test_a_metric_that_the_catalogue_lacks_is_asked_for_within_the_ten(shop: Shop) -> None:
    _, asked = conversation(shop, {**ANSWERS, "Primary metric": "something_new"})
    assert len(asked) <= 10
    assert any(question.startswith("Its kind") for question in asked)


@pytest.mark.parametrize(
    "question",
    ["Layer", "Feature flag", "What changes", "Its kind", "Guardrail", "Its value", "Eligible", "Who could"],
)
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


CATALOGUE_ALONE = 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\nmetrics: ["metrics.yaml"]\n'


def begun(shop: Shop, **given: str) -> str:
    """The text of a new plan where there is a catalogue, and no defaults."""
    shop.write("egp.yaml", CATALOGUE_ALONE)
    policy = read_policy(str(shop.root / "egp.yaml"), "egp.yaml")
    plan = NewExperiment("x", "superiority", policy, "experiments/x.yaml", date(2023, 1, 10), None)
    plan.take(given)
    assert plan.is_measured
    return plan.draft().text


def test_a_catalogue_alone_says_what_its_metrics_are_and_history_their_numbers(shop: Shop) -> None:
    text = begun(shop, metric="add_to_cart_rate", mde="45bps", guardrail="refund_rate")
    assert "\nprimary_metric:\n  id: add_to_cart_rate\n  mde: 45bps\nguardrail_metrics:\n" in text
    assert "\npopulation: {of: pdp_mobile}\n" in text
    for key in ("kind", "direction", "baseline", "outcome_window", "eligible_units", "std_dev"):
        assert f"{key}:" not in text


def test_what_the_author_says_beside_the_catalogue_is_written(shop: Shop) -> None:
    text = begun(shop, metric="add_to_cart_rate", kind="mean", baseline="12%", per_day="41_000")
    assert "\n  kind: mean\n  baseline: 12%\n" in text
    assert "\neligible_units:\n  per_day: 41_000\n" in text


def test_the_look_waits_for_the_outcomes_that_the_catalogue_waits_for(shop: Shop) -> None:
    assert "end: 2023-02-05," in begun(shop, metric="refund_rate")
    assert "looks: [2023-02-13]" in begun(shop, metric="refund_rate")
    assert "looks: [2023-02-06]" in begun(shop, metric="add_to_cart_rate")


def test_a_population_that_the_catalogue_lacks_is_refused_with_the_near_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.root)
    with pytest.raises(NewError, match="does not define the population pdp_mobil, did you mean pdp_mobile"):
        begun(shop, population="pdp_mobil")
    status, said = shop.egp("new", "experiment", "x", "--population", "nobody", "--as-of", "2023-01-10")
    assert status == 2
    assert "write one of pdp_mobile, or have it defined" in " ".join(said.split())
    assert not (shop.root / "experiments/x.yaml").exists()
