"""Links between the pages of the repository lead somewhere."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from egp.policy.shipped import ROOT

PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "tests/**/*.md")
    for path in Path(ROOT).glob(pattern)
)
_LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


@cache
def prose(page: Path) -> str:
    return _CODE.sub(
        lambda code: "" if "\n" in code[0] else code[0].strip("`"), page.read_text(encoding="utf-8")
    )


@cache
def anchors(page: Path) -> set[str]:
    """The headings as GitHub names them in addresses."""
    titles = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    here = Path(ROOT, page)
    broken = []
    for link in ("".join(match) for match in _LINK.findall(prose(here))):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = here.parent / name if name else here
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_readme_leads_to_every_page_of_the_documentation() -> None:
    linked = {link for link, _ in _LINK.findall(prose(Path(ROOT, "README.md")))}
    named = {link.partition("#")[0] for link in linked}
    assert {f"docs/{path.name}" for path in Path(ROOT, "docs").glob("*.md")} - named == set()


@pytest.mark.parametrize(
    "page",
    [*PAGES, Path("action.yml"), *sorted(p.relative_to(ROOT) for p in Path(ROOT, "templates").iterdir())],
    ids=str,
)
def test_no_recipe_takes_today_from_a_commit(page: Path) -> None:
    """Whoever makes a commit chooses both of its dates: a registration would be dated as its author likes."""
    assert re.findall(r"%[ac][dDrtiIshH]\b", Path(ROOT, page).read_text(encoding="utf-8")) == []
