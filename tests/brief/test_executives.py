"""The page for executives: lights and money, and none of the words that end a meeting."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egp.output.page.model import Light, Table
from tests.brief.asking import BUY_NOW, RANKING, STOP_LOSS, TWO_BAD_WEEKS, ask, section, shown
from tests.gate.worlds import ROOT

JARGON = (
    "p-value", r"p [<=]", "AUC", "power", "confidence interval", "confidence level", "interval", "significan", "standard error",
    "alpha", "beta", "MDE", "CUPED", "posterior", "prior", "SRM", "sample ratio", "non-inferiority", "one-sided", "two-sided",
    "Holm", "null hypothesis", "variance", "quantile", "type I", "/economics", "YAML",
)  # fmt: skip
"""Words that need a gloss, and have none on these pages."""

RESULTS = sorted(
    str(path.relative_to(ROOT / "examples"))
    for path in (ROOT / "examples" / "results").glob("pdp-buy-now/*.yaml")
)
PAGES = [
    (RANKING, "", "2023-08-30"),
    (BUY_NOW, "", "2023-01-18"),
    (RANKING, STOP_LOSS, ""),
    *((BUY_NOW, results, "") for results in RESULTS),
]


def jargon_in(text: str) -> list[str]:
    return [word for word in JARGON if re.search(rf"\b{word}", text, re.IGNORECASE)]


@pytest.mark.parametrize(("plan", "results", "as_of"), PAGES)
def test_no_jargon(repository: Path, plan: str, results: str, as_of: str) -> None:
    text = shown(ask(repository, plan, results, as_of, audience="exec").page)
    of_the_page = re.sub(r"^\| .*$", "", text[: text.rindex("\nas of ")], flags=re.MULTILINE)
    assert jargon_in(of_the_page) == [], "apart from what the plan says itself, and names of files"


def test_the_list_knows_jargon(repository: Path) -> None:
    text = shown(ask(repository, BUY_NOW, TWO_BAD_WEEKS).page)
    assert {r"p [<=]", "one-sided", "Holm"} <= {*jargon_in(text)}


def test_lights_and_words(repository: Path) -> None:
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS, audience="exec").page
    (table,) = [each for each in section(page, "Guardrails").blocks if isinstance(each, Table)]
    assert [list(row) for row in table.rows] == [
        ["refund_rate", Light("good", "within the margin, as in the week before"), "no clear difference", "clearly worse in none of 2 weeks"],
        ["cs_contacts", Light("bad", "harmed, as in the week before"), "worse by about 15 %", "clearly worse in 2 of 2 weeks"],
        ["p95_page_load", Light("good", "within the margin"), "no clear difference", "stage 90% so far"],
    ]  # fmt: skip
    assert "the agreed stop rule on cs_contacts has fired" in page.verdict


def test_money(repository: Path) -> None:
    text = shown(ask(repository, RANKING, as_of="2023-08-30", audience="exec").page)
    assert "$27k" in text
    assert "egp decide" not in text
