"""What axe-core, the engine of accessibility checkers, finds in the pages: nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from .browser import Browser, Scheme, browser, missing
from .screenshots import PAGES, write_pages

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

AXE = Path(__file__).with_name("axe.min.js")
"""axe-core 4.12.1, as its authors publish it (MPL-2.0); it runs in the browser of the tests, and in no page."""

FINDINGS = """
const done = arguments[arguments.length - 1];
document.querySelectorAll("details").forEach(each => each.open = true);
axe.run(document, {resultTypes: ["violations"]}).then(
  found => done(found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 120))])),
  problem => done([["axe failed", [String(problem)]]]));
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_pages(tmp_path_factory.mktemp("pages"))


def findings(opened: Browser) -> list[object]:
    opened.run(AXE.read_text(encoding="utf-8"))
    return list(opened.run_async(FINDINGS))


@pytest.mark.parametrize("scheme", get_args(Scheme))
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(
    chromium: Browser, files: dict[str, Path], name: str, width: int, scheme: Scheme
) -> None:
    chromium.open(files[name], width=width, scheme=scheme)
    found = findings(chromium)
    assert not found, json.dumps(found, indent=1)


def test_axe_finds_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "wrong.html"
    path.write_text("<p style='color: #bbb'>grey</p><img src='x.png'>")
    chromium.open(path)
    assert {"color-contrast", "image-alt"} <= {str(each[0]) for each in findings(chromium)}  # type: ignore[index]
