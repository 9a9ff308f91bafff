"""What a misread value can only have meant, and what nobody can tell."""

from __future__ import annotations

import json
from datetime import date

import pytest

from egp.plan.experiment import Experiment
from egp.plan.quantity import MetricChange, Share
from egp.plan.spelling import Spelling, same_letters, spellings, type_at
from egp.plan.typed_reader import label
from egp.yaml import Path, read_text


@pytest.mark.parametrize(
    ("at", "text", "meant"),
    [
        ("/statistics/alpha", "5", "5%"),
        ("/statistics/alpha", "'5'", "5%"),
        ("/statistics/alpha", "5 percent", "5%"),
        ("/variants/0/weight", "33.3 pct", "33.3%"),
        ("/primary_metric/mde", "45 basis points", "45bps"),
        ("/primary_metric/mde", "45BPS", "45bps"),
        ("/primary_metric/mde", "0.8 percentage points", "0.8pp"),
        ("/primary_metric/mde", "-2 per cent", "-2%"),
        ("/primary_metric/mde", "40 milliseconds", "40ms"),
        ("/primary_metric/mde", "0.02 usd", "0.02 USD"),
        ("/decision_rule/min_ci_lower", "0", "0%"),
        ("/primary_metric/baseline", "1900 MS", "1900ms"),
        ("/primary_metric/baseline", "12 percent", "12%"),
        ("/economics/gain_per_success", "€0.52", "0.52 EUR"),
        ("/economics/gain_per_success", "0.52 eur", "0.52 EUR"),
        ("/eligible_units/per_day", "'41,000'", "41_000"),
        ("/eligible_units/per_day", "1 200 000", "1_200_000"),
        ("/eligible_units/per_day", "1.2 million", "1.2M"),
        ("/primary_metric/outcome_window", "7 days", "7d"),
        ("/ramp/0/min_dwell", "48 Hours", "48h"),
        ("/ramp/0/min_dwell", "2 W", "2w"),
        ("/schedule/start", "2023/01/23", "2023-01-23"),
        ("/schedule/start", "2023-1-3", "2023-01-03"),
        ("/schedule/start", "20230123", "2023-01-23"),
        ("/registered", "2023.01.17", "2023-01-17"),
        ("/schedule/pauses/0", "2023-01-29/2023-01-28", "2023-01-28/2023-01-29"),
        ("/schedule/pauses/0", "2023-01-28 to 2023-1-29", "2023-01-28/2023-01-29"),
        ("/schedule/pauses/0", "2023-01-28..2023-01-29", "2023-01-28/2023-01-29"),
        ("/schedule/pauses/0", "2023/01/28", "2023-01-28"),
        ("/variants/0/control", "yes", True),
        ("/variants/0/control", "'True'", True),
        ("/revision", "8841", "8841"),
        ("/revision", "1e3", "1e3"),
        ("/id", "0x1F", "0x1F"),
        ("/type", "Non-Inferiority", "non_inferiority"),
        ("/stop_rules/0/prior", "FLAT", "flat"),
        ("/surfaces", "pdp.mobile", ["pdp.mobile"]),
        ("/statistics/looks", "2023-02-06", ["2023-02-06"]),
    ],
)
def test_one_meaning_is_spelt_out(at: str, text: str, meant: object) -> None:
    found = spelt(at, text)
    assert [(each.value, each.sure) for each in found] == [(meant, True)]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ("/statistics/alpha", "1"),  # all of it, or one per cent
        ("/statistics/alpha", "120"),
        ("/statistics/alpha", "5 apples"),
        ("/primary_metric/mde", "0.8"),
        ("/primary_metric/mde", "5 abc"),
        ("/primary_metric/mde", "$5"),  # whose dollars
        ("/primary_metric/outcome_window", "7"),
        ("/primary_metric/outcome_window", "1 month"),
        ("/primary_metric/outcome_window", "5m"),  # minutes or months
        ("/eligible_units/per_day", "'41,00'"),
        ("/eligible_units/per_day", "41.5"),
        ("/schedule/start", "01/02/2023"),
        ("/schedule/start", "2023-02-30"),
        ("/schedule/start", "230123"),
        ("/schedule/pauses/0", "yesterday"),
        ("/variants/0/control", "maybe"),
        ("/surfaces", "pdp, cart"),
        ("/owner", "pdp"),
        ("/type", "spaceship"),
        ("/flavour", "vanilla"),
        ("/owner/dri", '"@pdp-pm\\0"'),  # a text already, and nobody sees what is wrong with it
        ("/title", '"a\\tb"'),
        ("/id", '"x\\u200b"'),
        ("/guardrail_metrics", "refunds"),
    ],
)
def test_what_is_open_stays_open(at: str, text: str) -> None:
    assert spelt(at, text) == []


def test_a_near_word_is_a_guess() -> None:
    assert [(each.value, each.sure) for each in spelt("/primary_metric/kind", "proprotion")] == [
        ("proportion", False)
    ]


def path_of(at: str) -> Path:
    return tuple(int(step) if step.isdigit() else step for step in at[1:].split("/"))


def spelt(at: str, text: str) -> list[Spelling]:
    value = read_text(f"a: {text}")[0].value
    assert isinstance(value, dict)
    return spellings(Experiment, path_of(at), value["a"], text.strip("'"))


def test_types_are_found_at_paths() -> None:
    assert type_at(Experiment, ("statistics", "alpha")) is Share
    assert type_at(Experiment, ("stop_rules", 3, "prior", "std_dev")) is MetricChange
    assert type_at(Experiment, ("guardrail_metrics", 0, "limit", "max")) is not None
    assert type_at(Experiment, ("registered",)) is date
    assert type_at(Experiment, ("statistics", "alpha", "deeper")) is None
    assert type_at(Experiment, ("id", 0)) is None


def test_style_is_no_difference_between_names() -> None:
    assert same_letters("primaryMetric", "primary_metric")
    assert same_letters("Fixed-Horizon", "fixed_horizon")
    assert not same_letters("primary_metrc", "primary_metric")


@pytest.mark.parametrize(
    "value", ["", " ", "%", "-", "١٢%", "9" * 400, "1" + " " * 3000 + "x", "2023-01-01/" * 50]
)
@pytest.mark.parametrize(
    "at",
    [
        "/statistics/alpha",
        "/primary_metric/mde",
        "/schedule/start",
        "/schedule/pauses/0",
        "/eligible_units/per_day",
    ],
)
def test_strange_values_have_no_other_spelling(at: str, value: str) -> None:
    path = path_of(at)
    assert spellings(Experiment, path, value, json.dumps(value)) == [], label(path)
