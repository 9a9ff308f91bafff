"""Advice in words, read back into settings."""

from __future__ import annotations

import pytest

from egp.advice.options.advised import advised, path_of
from egp.plan.remedy import TradeOff
from egp.yaml import Path
from egp.yaml.edits import APPEND, Removal, Setting

END: Path = ("schedule", "end")
MARGIN: Path = ("guardrail_metrics", 0, "non_inferiority_margin")


def read(help: str, at: Path) -> list[list[tuple[Path, object]]]:
    return [
        [
            (each.path, each.value if isinstance(each, Setting) else None)
            for each in candidate.changes
            if isinstance(each, (Setting, Removal))
        ]
        for candidate in advised(help, at)
    ]


@pytest.mark.parametrize(
    ("help", "at", "settings"),
    [
        (
            "set `end: 2023-02-05`, `looks: [2023-02-06]` and `ramp[0].start: 2023-02-06`",
            END,
            [[(END, "2023-02-05"), (("statistics", "looks"), ["2023-02-06"]), (("ramp", 0, "start"), "2023-02-06")]],
        ),
        (
            "set `sample_size_per_variant: 120_900`, accept `non_inferiority_margin: 11.2%` (if the policy's cap allows it) "
            "or read out on 2023-02-13",
            MARGIN,
            [[(("sample_size_per_variant",), "120_900")], [(MARGIN, "11.2%")]],
        ),
        (
            "set `method: fixed_horizon` and `looks: [2023-02-06]`, and remove `spending:`",
            ("statistics", "spending"),
            [[
                (("statistics", "method"), "fixed_horizon"),
                (("statistics", "looks"), ["2023-02-06"]),
                (("statistics", "spending"), None),
            ]],
        ),
        (
            "add `- {id: a, metric: a}` to `stop_rules`",
            ("guardrail_metrics", 1, "id"),
            [[(("stop_rules", APPEND), {"id": "a", "metric": "a"})]],
        ),
        ("add `mde: 3.22%`, or a larger one", ("primary_metric", "mde"), [[(("primary_metric", "mde"), "3.22%")]]),
        ("count the users, as in `distinct_over_run: 340_000`", ("eligible_units",), []),
        ("have the plan approved by someone else", ("sign_offs", 0, "by"), []),
    ],
)  # fmt: skip
def test_settings_are_read_option_by_option(
    help: str, at: Path, settings: list[list[tuple[Path, object]]]
) -> None:
    assert read(help, at) == settings


def test_what_states_a_fact_is_open_only_if_it_is_one() -> None:
    (candidate,) = advised(
        "with `p_success: 25.43%` declare `expected_value: 0.08 USD`", ("economics", "scenarios", 1)
    )
    assert candidate.trade_off == TradeOff.FACT
    assert candidate.price == "open only if p_success is measured to be so"


def test_a_date_of_registration_is_not_made_up() -> None:
    (candidate,) = advised("set `registered: 2023-01-18`", ("registered",))
    assert candidate.trade_off == TradeOff.FACT
    assert candidate.price == "open only if it is registered on that very day: no date is made up"


def test_a_condition_of_the_advice_is_told() -> None:
    (candidate,) = advised("set `pauses: []` if it is still to come", ("schedule", "pauses"))
    assert candidate.price == "open only if it is still to come"


@pytest.mark.parametrize(
    ("key", "at", "path"),
    [
        ("min_dwell", ("ramp", 1, "min_dwell"), ("ramp", 1, "min_dwell")),
        ("min_units_per_variant", ("stop_rules", 0), ("stop_rules", 0, "min_units_per_variant")),
        ("data_access", ("data_access",), ("data_access",)),
        ("looks", ("statistics", "looks", 0), ("statistics", "looks")),
        ("exposure", ("sample_size_per_variant",), ("schedule", "exposure")),
        ("non_inferiority_margin", ("guardrail_metrics",), ()),
        ("no_such_key", ("schedule",), ()),
    ],
)
def test_a_key_is_found_near_its_finding(key: str, at: Path, path: Path) -> None:
    assert path_of(key, at) == path
