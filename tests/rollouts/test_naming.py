"""Which plans may name a flag is found by their words, compared as names are: no spelling hides a plan from its flag."""

from __future__ import annotations

import pytest

from egp.gate.naming import NamingPlans

PLAN = "id: a\nfeature_flag: {}\n"


@pytest.mark.parametrize(
    ("written", "flag", "is_found"),
    [
        ("pdp_buy_now", "pdp_buy_now", True),
        ("PDP_Buy_Now", "pdp_buy_now", True),
        ("pdp_buy_now", "PDP_BUY_NOW", True),
        ("other", "pdp_buy_now", False),
        ("pdp_buy_now_2", "pdp_buy_now", False),
        ("ｐdp_buy_now", "pdp_buy_now", True),  # a wide letter
        ("рdp_buy_now", "pdp_buy_now", True),  # a Cyrillic one
        ("pdp_buy_now", "рdp_buy_now", True),
        ("größe", "GRÖSSE", True),
        ("pdp buy now", "pdp buy now", True),
        ("buy pdp", "pdp buy now", False),  # not all of its words
    ],
)
def test_words_are_compared_as_names_are(written: str, flag: str, is_found: bool) -> None:
    for more in ("", "title: plain\n", "title: schön\n"):
        plans = NamingPlans({"a.yaml": (PLAN.format(written) + more).encode(), "b.yaml": b"id: b\n"})
        assert list(plans.of(flag)) == (["a.yaml"] if is_found else [])


@pytest.mark.parametrize("content", [rb'feature_flag: "\x70dp"', b"feature_flag: \xff"])
def test_a_file_that_may_spell_a_name_with_escapes_or_is_no_text_may_name_every_flag(content: bytes) -> None:
    assert list(NamingPlans({"a.yaml": content, "b.yaml": b"feature_flag: other"}).of("pdp")) == ["a.yaml"]


def test_a_flag_without_a_word_may_be_named_by_every_plan_with_one() -> None:
    assert list(NamingPlans({"a.yaml": b"id: a", "b.yaml": b"id: b", "c.yaml": b""}).of("!")) == [
        "a.yaml",
        "b.yaml",
    ]
