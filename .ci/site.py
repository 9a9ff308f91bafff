"""What the site has besides the pages in docs/: the README as its first page, the order of all pages, and links that lead somewhere.

mkdocs calls these functions by their names.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from egp import ADDRESS, VERSION

ROOT = Path(__file__).parents[1]
SECTIONS: dict[str, list[str]] = {
    "Begin": ["index.md", "tutorial.md", "writing.md", "transcribed.md", "glossary.md"],
    "Plans": ["power.md", "measure.md", "rehearse.md", "metrics.md", "platforms.md"],
    "Policy": ["policy.md", "policy-tests.md", "custom-rules.md", "waivers.md"],
    "Pipelines": ["ci.md", "editors.md", "mcp.md", "rollouts.md", "security.md"],
    "Running experiments": ["registration.md", "gate.md", "results.md", "status.md"],
    "Deciding": ["pages.md", "explain.md", "brief.md"],
    "Reference": [
        "rules/README.md",
        "reference/plan.md",
        "reference/policy.md",
        "statistics.md",
        "digest.md",
        "architecture.md",
    ],
}
"""Heading → pages in their order. A page that is not written yet is left out; one that stands nowhere ends the build."""

FOLDERS = {"Rules": "rules", "Formats of rollouts": "rollouts"}
"""Heading → folder whose pages all stand below it."""

_ELSEWHERE = "https://unpkg.com/iframe-worker/shim"
_SHIM = "assets/iframe-worker.js"
_LINK = re.compile(r"(\]\(|(?:src|srcset)=\")([^)\s\"]+)")
_FENCE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def on_config(config: Any) -> Any:
    config.mdx_configs.setdefault("toc", {})["slugify"] = slug
    config.repo_url = ADDRESS
    there = {path.relative_to(config.docs_dir).as_posix() for path in Path(config.docs_dir).rglob("*.md")} | {
        "index.md"
    }
    nav: list[Any] = [
        {heading: [page for page in pages if page in there]} for heading, pages in SECTIONS.items()
    ]
    for heading, folder in FOLDERS.items():
        pages = sorted(
            page for page in there if posixpath.dirname(page) == folder and page != f"{folder}/README.md"
        )
        nav.append({heading: pages})
    config.nav = [each for each in nav if any(each.values())]
    return config


def slug(title: str, separator: str) -> str:
    """The name of a heading in addresses, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", separator)


def on_files(files: Files, config: Any) -> Files:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files.append(File.generated(config, "index.md", content=_led(readme, "")))
    shim = (ROOT / ".ci" / "site_files" / "iframe-worker.js").read_text(encoding="utf-8")
    files.append(File.generated(config, _SHIM, content=shim))
    return files


def on_post_build(config: Any, **_: Any) -> None:
    """The theme's plugin for search without a server loads its part from elsewhere; here it lies beside the pages."""
    for file in Path(config.site_dir).rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        if _ELSEWHERE in text:
            folder = file.parent.relative_to(config.site_dir).as_posix()
            file.write_text(text.replace(_ELSEWHERE, posixpath.relpath(_SHIM, folder)), encoding="utf-8")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return markdown if page.file.src_uri == "index.md" else _led(markdown, f"docs/{page.file.src_uri}")


def _led(markdown: str, page: str) -> str:
    """The page with links to files of docs/ among themselves, and to all others in the repository."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"\0{len(kept) - 1}\0"

    text = _FENCE.sub(keep, markdown)
    text = _LINK.sub(
        lambda found: found[1] + _target(found[2], posixpath.dirname(page), page or "README.md"), text
    )
    while "\0" in text:
        text = re.sub(r"\0(\d+)\0", lambda found: kept[int(found[1])], text)
    return text


def _target(link: str, folder: str, page: str) -> str:
    if re.match(r"[a-z]+:|#", link):
        return link
    name, hash_, anchor = link.partition("#")
    path = posixpath.normpath(posixpath.join(folder, name))
    here = "docs" if page == "README.md" else folder
    if path == "README.md":
        return posixpath.relpath("docs/index.md", here) + hash_ + anchor
    if path.startswith("docs/"):
        return posixpath.relpath(path, here) + hash_ + anchor
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{ADDRESS}/{kind}/v{VERSION}/{path}{hash_}{anchor}"
