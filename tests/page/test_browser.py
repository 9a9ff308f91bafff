"""Pages opened in a headless Chromium: nothing is loaded, nothing overflows, and everything can be read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import get_args

import pytest

from egp.cli.main import main
from egp.output.page import html
from egp.output.page.model import Page
from egp.policy.shipped import ROOT

from .browser import Browser, Scheme, browser, missing
from .scenes import EVERYTHING, FIGURED, FIGURES, HOSTILE, saying
from .screenshots import PAGES, write_pages

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

SCENES = {"everything": EVERYTHING, "hostile": FIGURED, "long-word": saying("w" * 300)}

# For each text that is shown: its words, its contrast with the ground behind it.
CONTRASTS = """
const luminance = c => {
  const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const parsed = text => { const p = text.match(/[\\d.]+/g).map(Number); return p.length > 3 ? p : [...p, 1]; };
const ground = element => {
  const shape = element.tagName === "text" && element.previousElementSibling;
  const beneath = shape && shape.tagName === "rect" ? getComputedStyle(shape).fill : "none";
  if (beneath !== "none") return parsed(beneath).slice(0, 3);
  for (let each = element; each; each = each.parentElement) {
    const colour = parsed(getComputedStyle(each).backgroundColor);
    if (colour[3] === 1) return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
const told = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement, words = walker.currentNode.textContent.trim();
  if (!words || !element.getClientRects().length || element.closest("title, desc")) continue;
  const style = getComputedStyle(element);
  const ink = parsed(element.closest("svg") ? style.fill : style.color);
  const [a, b] = [luminance(ink), luminance(ground(element))];
  told.push([words, ink[3] * (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
}
return told;
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages that the commands make of the examples, and those of the scenes."""
    folder = tmp_path_factory.mktemp("pages")
    scenes = {name: written(page, folder / name) for name, page in SCENES.items()}
    return {**write_pages(folder), **scenes}


@pytest.fixture(params=[*PAGES, *SCENES])
def file(request: pytest.FixtureRequest, files: dict[str, Path]) -> Path:
    return files[request.param]


def written(page: Page, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "page.html"
    path.write_text(html.render(page), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_nothing_is_complained_of_and_nothing_is_loaded(
    chromium: Browser, file: Path, scheme: Scheme
) -> None:
    chromium.open(file, scheme=scheme)
    assert chromium.complaints() == []
    assert chromium.requests() == [file.as_uri()]


@pytest.mark.parametrize("width", [360, 800])
def test_nothing_scrolls_sideways(chromium: Browser, file: Path, width: int) -> None:
    chromium.open(file, width=width)
    chromium.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    shown, room = chromium.run("const d = document.documentElement; return [d.scrollWidth, d.clientWidth]")
    assert room == width
    assert shown <= width


@pytest.mark.parametrize("scheme", get_args(Scheme))
def test_everything_can_be_read(chromium: Browser, file: Path, scheme: Scheme) -> None:
    chromium.open(file, scheme=scheme)
    chromium.run("document.querySelectorAll('details').forEach(each => each.open = true)")
    contrasts = chromium.run(CONTRASTS)
    assert len(contrasts) > 20
    assert [(words, ratio) for words, ratio in contrasts if ratio < 4.5] == []


def test_the_measure_of_contrast_finds_what_cannot_be_read(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "grey.html"
    path.write_text("<p style='color: #808080'>grey</p><svg><text y='9' fill='#eee'>pale</text></svg>")
    chromium.open(path)
    assert {words for words, ratio in chromium.run(CONTRASTS) if ratio < 4.5} == {"grey", "pale"}


def test_light_and_dark_differ(chromium: Browser, file: Path) -> None:
    grounds = []
    for scheme in get_args(Scheme):
        chromium.open(file, scheme=scheme)
        grounds.append(chromium.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 26)"]


def test_a_title_that_would_like_to_be_a_script_is_text(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(written(FIGURED, tmp_path))
    assert chromium.run("return document.title") == HOSTILE
    assert chromium.run("return document.querySelector('h1').textContent") == HOSTILE
    assert chromium.run("return document.scripts.length") == 0


def test_so_is_the_title_of_a_plan(chromium: Browser, tmp_path: Path) -> None:
    shutil.copytree(Path(ROOT, "examples"), tmp_path / "examples", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(Path(ROOT, "egp.lock"), tmp_path)
    plan = tmp_path / "examples/experiments/pdp-buy-now.yaml"
    text = plan.read_text(encoding="utf-8")
    told = re.sub(r"^title: .*$", f'title: "{HOSTILE}"', text, count=1, flags=re.MULTILINE)
    plan.write_text(told, encoding="utf-8")
    page = tmp_path / "page.html"
    with chdir(tmp_path):
        for verb in ("brief", "explain"):
            assert main([verb, str(plan), "--as-of", "2023-01-18", "-o", str(page)]) == 0
            chromium.open(page)
            assert chromium.run("return document.scripts.length") == 0
            assert chromium.complaints() == []
            assert verb == "explain" or HOSTILE in chromium.run("return document.body.innerText")


def test_a_screen_reader_finds_its_way(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(written(EVERYTHING, tmp_path))
    roles = chromium.roles()
    found = {role for role, _ in roles}
    assert {"banner", "main", "contentinfo", "heading", "table", "columnheader", "rowheader"} <= found
    assert ("table", "The portfolio") in roles
    images = [name for role, name in roles if role == "image"]
    assert images[: len(FIGURES)] == [figure.title for figure in FIGURES]
    assert "five looks: 3 of 40: looks like a win" in images
    assert "second week: +9 %" in images


def test_tables_stay_tables_where_they_are_shown_as_lists(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(written(EVERYTHING, tmp_path), width=360)
    roles = chromium.roles()
    assert ("table", "The portfolio") in roles
    assert [name for role, name in roles if role == "rowheader"][:2] == ["pdp-buy-now", "ranking-model"]


def test_what_is_folded_opens_with_the_keyboard(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(written(EVERYTHING, tmp_path))
    assert chromium.run(
        "const s = [...document.querySelectorAll('summary')]; return s.length && s.every(e => e.tabIndex === 0)"
    )


@pytest.mark.parametrize("name", PAGES)
def test_pages_print_on_one_sheet(chromium: Browser, files: dict[str, Path], name: str) -> None:
    chromium.open(files[name], scheme="dark")
    assert chromium.sheets() == 1


def test_a_page_without_many_charts_prints_on_one_sheet(chromium: Browser, tmp_path: Path) -> None:
    first, charts, last = EVERYTHING.sections
    short = type(charts)(charts.title, charts.blocks[:2])
    page = Page(EVERYTHING.title, EVERYTHING.verdict, "bad", [first, short, last], EVERYTHING.provenance)
    chromium.open(written(page, tmp_path), scheme="dark")
    assert chromium.sheets() == 1
