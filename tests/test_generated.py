"""What is generated is what is on disk; `python -m egp.cli.generate` brings them together."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from egp.cli import generate
from egp.policy.shipped import ROOT
from egp.rules.rule import index

REWRITE = "differs from what is generated: run `python -m egp.cli.generate`"


@cache
def files() -> dict[str, str]:
    return generate.generated_files()


def test_every_generated_file_is_up_to_date() -> None:
    stale = [path for path, content in files().items() if _on_disk(path) != content]
    assert stale == [], REWRITE


def _on_disk(path: str) -> str | None:
    file = Path(ROOT, path)
    return file.read_bytes().decode("utf-8") if file.exists() else None


def test_every_rule_has_a_page_and_no_page_is_left_of_a_rule_that_is_gone() -> None:
    pages = {path.stem for path in Path(ROOT, "docs", "rules").glob("*.md")} - {"README"}
    assert pages == set(index())


def test_the_index_of_rules_links_to_every_page() -> None:
    assert all(f"({rule}.md)" in files()["docs/rules/README.md"] for rule in index())


def test_generating_writes_only_what_differs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wanted = {"docs/rules/a.md": "new\n", "schemas/b.json": "same\n"}
    monkeypatch.setattr(generate, "ROOT", str(tmp_path))
    monkeypatch.setattr(generate, "generated_files", lambda: wanted)
    monkeypatch.setattr(generate, "rule_tables", dict)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "b.json").write_text("same\n", encoding="utf-8")
    (tmp_path / "docs" / "rules").mkdir(parents=True)
    (tmp_path / "docs" / "rules" / "gone.md").write_text("old\n", encoding="utf-8")
    before = (tmp_path / "schemas" / "b.json").stat().st_mtime_ns
    assert generate.main() == 0
    assert (tmp_path / "docs" / "rules" / "a.md").read_bytes() == b"new\n"
    assert not (tmp_path / "docs" / "rules" / "gone.md").exists()
    assert (tmp_path / "schemas" / "b.json").stat().st_mtime_ns == before
