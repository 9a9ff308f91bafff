from __future__ import annotations

from pathlib import Path

import pytest

from tests.metrics.shop import Shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shop:
    monkeypatch.chdir(tmp_path)
    return Shop(tmp_path, capsys)
