"""Every report of every scene looks as agreed."""

from __future__ import annotations

import pytest

from tests.report.goldens import FOLDER, GOLDENS, told


@pytest.mark.parametrize("name", GOLDENS)
def test_the_report_looks_as_agreed(name: str) -> None:
    """Rewritten by `python -m tests.report.goldens --write`."""
    assert told(name).encode("utf-8") == (FOLDER / name).read_bytes()


def test_every_golden_file_has_a_scene() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(GOLDENS)
