"""egp rehearse: what it prints, writes and refuses."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from egp.advice.rehearsal import rehearse as rehearsing
from egp.cli.schemas import schema_of_report
from tests.gate.calling import Call, call
from tests.measure.shop import copy_shop, write_shop
from tests.page.browser import Browser

PLAN = "experiments/mobile-buy-now.yaml"
PAGE = Path(__file__).parents[2] / "docs/rehearse.md"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rehearsed") / "shop"
    copy_shop(folder)
    write_shop(folder / "shop.db", users=1_500)
    return folder


def rehearse(shop: Path, *more: str) -> Call:
    few = (
        "--source",
        "duckdb:///shop.db",
        "--as-of",
        "2023-01-10",
        "--runs",
        "6",
        "--lives",
        "2",
        "--watch",
        "7",
    )
    return call(shop, "rehearse", PLAN, *few, *more)


@pytest.fixture(scope="module")
def found(shop: Path) -> Call:
    return rehearse(shop, "--format", "json")


def test_the_report_for_programs(found: Call) -> None:
    assert (found.status, found.err) == (0, "")
    report = found.json
    jsonschema.validate(report, schema_of_report("rehearsal"))
    assert (report["runs"], len(report["starts"]), report["buckets"]) == (6, 2, 2000)
    assert [each["name"] for each in report["stages"]] == ["test", "70%", "90%"]
    assert {each["group"] for each in report["shares"]} == {"no effect", "withdrawn", "held", "power", "harm"}
    assert {each["metric"] for each in report["spreads"]} == {
        "add_to_cart_rate",
        "refund_rate",
        "p95_page_load",
    }
    assert report["planned_units"] == 70_000
    assert any(each.startswith("the stage 90% after 7 days: ") for each in report["not_rehearsed"])


def test_what_is_too_short_a_time_is_not_rehearsed_and_no_zero(found: Call) -> None:
    # A week of the last stage has no two weeks in a row; the test has, so that the rules could sound once.
    (refunds,) = (each for each in found.json["shares"] if each["name"] == "by stop rule refunds")
    assert (refunds["runs"], refunds["verdict"]) == (6, "as computed")
    assert refunds["computed"] < 0.001


def test_the_same_seed_gives_the_same_bytes(shop: Path, found: Call) -> None:
    assert rehearse(shop, "--format", "json").out == found.out


def test_a_page_for_people_has_the_rows_that_the_docs_have(
    shop: Path, request: pytest.FixtureRequest
) -> None:
    told = rehearse(shop, "-o", "rehearsal.html")
    assert (told.status, told.out) == (0, "")
    html = (shop / "rehearsal.html").read_text(encoding="utf-8")
    assert "<svg" in html
    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    shown = re.search(r"```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown is not None
    rows = re.findall(
        r"^(is shipped|by (?:stop rule|silence) .*?|add_to_cart_rate|refund_rate|p95_page_load)  ",
        shown[1],
        re.MULTILINE,
    )
    assert len(rows) >= 7
    assert [row for row in rows if row not in words] == []
    chromium: Browser = request.getfixturevalue("chromium")
    for width, scheme in (390, "dark"), (1280, "light"):
        chromium.open(shop / "rehearsal.html", width=width, scheme=scheme)  # type: ignore[arg-type]
        assert chromium.axe() == []


REFUSED = [
    (("--runs", "0"), "0 is no whole number from 1 to 100,000"),
    (("--as-of", "2022-11-10"), "history has"),
    (("--as-of", "2021-11-10"), "history has nobody of pdp_mobile before 2021-11-10"),
    (("--dry-run",), "-- begin of history"),
]


@pytest.mark.parametrize(("more", "message"), REFUSED)
def test_what_cannot_be_rehearsed(shop: Path, more: tuple[str, ...], message: str) -> None:
    told = rehearse(shop, *more)
    assert (told.status, told.out, message in " ".join(told.err.split())) == (2, "", True), told.err


def test_without_a_source_or_a_population(shop: Path, tmp_path: Path) -> None:
    assert "no warehouse to rehearse in" in call(shop, "rehearse", PLAN).err
    copy_shop(tmp_path / "shop")
    file = tmp_path / "shop" / PLAN
    file.write_text(file.read_text().replace("population: {of: pdp_mobile}", ""))
    told = call(tmp_path / "shop", "rehearse", PLAN, "--source", "duckdb:///shop.db")
    assert (told.status, "names no population of the catalogue" in told.err) == (2, True)


def test_interrupted_it_ends_without_a_trace(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rehearsing, "in_parts", interrupted)
    before = sorted(shop.iterdir())
    told = rehearse(shop, "-o", "interrupted.html")
    assert (told.status, told.out, told.err) == (130, "", "egp: interrupted\n")
    assert sorted(shop.iterdir()) == before
