"""Pages opened in a headless Chromium: nothing is loaded, nothing overflows, and everything can be read."""

from __future__ import annotations

import re
import shutil
from contextlib import chdir
from pathlib import Path
from typing import get_args

import pytest

from egp.cli.main import main
from egp.output.page import html
from egp.output.page.model import Page
from egp.policy.shipped import ROOT

from .browser import Browser, Scheme
from .scenes import EVERYTHING, FIGURED, FIGURES, HOSTILE, saying
from .screenshots import PICTURED

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
def files(tmp_path_factory: pytest.TempPathFactory, made: dict[str, Path]) -> dict[str, Path]:
    """Pages that the commands make of the examples, and those of the scenes."""
    folder = tmp_path_factory.mktemp("pages")
    scenes = {name: written(page, folder / name) for name, page in SCENES.items()}
    return {**{name: made[name] for name in PICTURED}, **scenes}


@pytest.fixture(params=[*PICTURED, *SCENES])
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


@pytest.mark.parametrize("name", PICTURED)
def test_pages_print_on_one_sheet(chromium: Browser, files: dict[str, Path], name: str) -> None:
    chromium.open(files[name], scheme="dark")
    assert chromium.sheets() == 1


def test_a_page_without_many_charts_prints_on_one_sheet(chromium: Browser, tmp_path: Path) -> None:
    first, charts, last = EVERYTHING.sections
    short = type(charts)(charts.title, charts.blocks[:2])
    page = Page(EVERYTHING.title, EVERYTHING.verdict, "bad", [first, short, last], EVERYTHING.provenance)
    chromium.open(written(page, tmp_path), scheme="dark")
    assert chromium.sheets() == 1


CROSSED = """
const box = each => each.getBoundingClientRect();
const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
const told = [];
for (const svg of document.querySelectorAll("svg.drawn")) {
  const texts = [...svg.querySelectorAll("text")].filter(each => each.textContent.trim());
  for (const text of texts)
    for (const other of [...svg.querySelectorAll("line, circle"), ...texts])
      if (other !== text && !apart(box(text), box(other))) told.push([text.textContent, other.outerHTML.slice(0, 90)]);
}
for (const row of document.querySelectorAll(".row")) {
  const [name, words] = [row.querySelector("span"), row.querySelector("b")];
  if (!apart(box(name), box(words))) told.push([name.textContent, words.textContent]);
}
return told;
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_no_word_of_a_picture_is_crossed(
    chromium: Browser, made: dict[str, Path], tmp_path: Path, width: int
) -> None:
    """By a line, a dot or another word: of the rectangles that the browser draws them in."""
    pages = {**made, "everything": written(EVERYTHING, tmp_path)}
    crossed = {}
    for name, page in pages.items():
        chromium.open(page, width=width)
        crossed[name] = chromium.run(CROSSED)
    assert {name: found for name, found in crossed.items() if found} == {}


def test_a_word_that_is_crossed_is_found(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "crossed.html"
    path.write_text(
        "<svg class='drawn' width='200' height='40'><text x='10' y='20'>margin</text>"
        "<line x1='20' x2='20' y1='0' y2='40' stroke='red' stroke-width='2'/></svg>"
    )
    chromium.open(path)
    assert [word for word, _ in chromium.run(CROSSED)] == ["margin"]


def test_the_site_prints_with_every_word_on_the_sheet(chromium: Browser, made: dict[str, Path]) -> None:
    for name in ("site", "site experiment"):
        chromium.open(made[name], scheme="dark")
        assert 1 <= chromium.sheets() <= 2, name
