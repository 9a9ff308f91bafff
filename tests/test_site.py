"""The documentation as a site: every page stands in its order, nothing is warned of, and nothing is loaded from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]

pytest.importorskip("mkdocs")
pytest.importorskip("material")


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("egp_site", ROOT / ".ci" / "site.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_page_stands_in_the_order(hooks: ModuleType) -> None:
    config = SimpleNamespace(docs_dir=str(ROOT / "docs"), mdx_configs={}, nav=None, repo_url="")
    hooks.on_config(config)
    listed = [page for section in config.nav for pages in section.values() for page in pages]
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(listed) == sorted(pages | {"index.md"})


@pytest.mark.parametrize(
    ("link", "page", "target"),
    [
        ("docs/gate.md#reading", "", "gate.md#reading"),
        ("examples/egp.yaml", "", "/blob/v"),
        ("../README.md", "docs/gate.md", "index.md"),
        ("../../egp/rules/sound_plan.yaml", "docs/rules/a.md", "/blob/v"),
        ("rules/README.md", "docs/gate.md", "rules/README.md"),
        ("https://cel.dev", "docs/gate.md", "https://cel.dev"),
        ("#here", "docs/gate.md", "#here"),
    ],
)
def test_links_lead_to_pages_or_to_the_repository(
    hooks: ModuleType, link: str, page: str, target: str
) -> None:
    led = hooks._led(f"see [it]({link}) and `[code]({link})`", page)
    assert led.startswith("see [it](")
    assert target in led.split(")")[0]
    assert led.endswith(f"`[code]({link})`")


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 100
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert (
            re.findall(
                r'(?:<script[^>]* src|<link[^>]* rel="?(?:stylesheet|preconnect)"?[^>]* href)="?(https?:[^" >]+)',
                text,
            )
            == []
        )
        assert "iframe-worker" not in text or "unpkg" not in text


def test_rules_are_found_by_the_search(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    assert "minimum-runtime" in index
    assert (site / "search" / "search_index.js").exists(), "what is searched without a server"
