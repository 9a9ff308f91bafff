"""The rules about the metrics that decide, beyond what their pages show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from egp.plan.finding import DoesNotApply, Finding
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.yaml import read_text
from tests.rules.examples import merged, plan_of, sound_value


def found(rule_id: str, patch: Mapping[str, object], **params: object) -> list[Finding]:
    rule = load(rule_id)
    plan = plan_of(merged(sound_value(), patch))
    return list(rule.check(*(plan, rule.params(**read_options(rule, params, (), [])))[: rule.takes]))


def named(name: str) -> Mapping[str, object]:
    return {"primary_metric": {"id": name}}


@pytest.mark.parametrize(
    "name",
    [
        "auc", "AUC", "pr-auc", "validation auc", "model_auc_new_users", "ndcg@10", "NDCG_at_5", "precision@10",
        "Precision @ 10", "recall@K", "log-loss", "logloss_of_log_loss", "ece", "RMSE", "f1", "brier_score",
    ],
)  # fmt: skip
def test_model_metrics(name: str) -> None:
    (finding,) = found("business-primary", named(name))
    assert finding.at == ("primary_metric", "id")


@pytest.mark.parametrize(
    "name",
    [
        "gross_margin_per_session", "conversion", "add_to_cart_rate", "sauce_orders", "recall_requests", "piece_rate",
        "precision_parts_sold", "map_views", "f10_sales", "@", "-",
    ],
)  # fmt: skip
def test_business_metrics(name: str) -> None:
    assert not found("business-primary", named(name))


def test_without_names_nothing_is_a_model_metric() -> None:
    assert not found("business-primary", named("auc"), model_metrics=[])


class TestAgeOfTheBaseline:
    @pytest.mark.parametrize("age", [0, 1, 90])
    def test_accepted(self, age: int) -> None:
        assert not found("baseline-source", taken(age))

    @pytest.mark.parametrize("age", [-1, -400, 91, 4000])
    def test_refused(self, age: int) -> None:
        (finding,) = found("baseline-source", taken(age))
        assert finding.at == ("primary_metric", "baseline_source", "as_of")
        assert f"{abs(age):,} day" in finding.message

    @pytest.mark.parametrize("as_of", [date.min, date.max])
    def test_the_ends_of_the_calendar(self, as_of: date) -> None:
        assert found("baseline-source", {"primary_metric": {"baseline_source": {"as_of": as_of.isoformat()}}})

    def test_a_rollout_needs_no_source_but_a_stale_one_is_named(self) -> None:
        bare = {"type": "rollout", "primary_metric": {"baseline_source": None, "baseline": None}}
        with pytest.raises(DoesNotApply):
            found("baseline-source", bare)
        assert found("baseline-source", {"type": "rollout", **taken(100)})


def taken(age: int) -> Mapping[str, object]:
    as_of = date(2023, 1, 17) - timedelta(days=age)
    return {"primary_metric": {"baseline_source": {"as_of": as_of.isoformat()}}}


def test_each_primary_beyond_the_limit_is_named() -> None:
    patch = {"co_primary_metrics": [{"id": "a"}, {"id": "b"}, {"id": "c"}]}
    places = [finding.at for finding in found("single-primary", patch, max=2)]
    assert places == [("co_primary_metrics", 1), ("co_primary_metrics", 2)]


def test_names_from_the_plan_are_safe_to_print() -> None:
    (finding,) = found(
        "known-metric", named("a" * 90), metrics=["refund_rate", "cs_contacts", "p95_page_load"]
    )
    assert len(finding.observed) == 60


@pytest.mark.parametrize("source", [None, {}, {"from": "TODO"}, {"from": "funnel"}, {"as_of": "2023-01-10"}])
def test_a_source_as_proposed_passes(source: dict[str, object] | None) -> None:
    stated = source and {"from": None, "as_of": None, **source}
    (finding,) = found("baseline-source", {"primary_metric": {"baseline_source": stated or None}})
    proposed: dict[str, object] = {}
    for text in re.findall(r"`(.+?)`", finding.advice.text):
        value = read_text(text)[0].value
        assert isinstance(value, dict)
        proposed |= value
    whole = proposed.get("baseline_source") or {**(source or {}), **proposed}
    assert not found("baseline-source", {"primary_metric": {"baseline_source": whole}})


def test_a_source_that_is_begun_is_completed_where_it_is_open() -> None:
    """As `egp new` leaves it: the keys are there and have no values."""
    plan = plan_of(
        merged(sound_value(), {"primary_metric": {"baseline_source": {"from": None, "as_of": None}}})
    )
    rule = load("baseline-source")
    (finding,) = rule.check(plan, rule.params())
    assert finding.at == ("primary_metric", "baseline_source", "from")
    (remedy,) = finding.advice.remedies
    assert [edit.path[-1] for edit in remedy.edits] == ["from", "as_of"]
