"""The fixtures of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.measure.shop import copy_shop, write_shop


@pytest.fixture(scope="session")
def shop_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("shop") / "shop.db"
    write_shop(file)
    return file


@pytest.fixture
def shop(tmp_path: Path, shop_db: Path) -> Path:
    """The shop's repository with its warehouse in it."""
    folder = tmp_path / "shop"
    copy_shop(folder)
    (folder / "shop.db").hardlink_to(shop_db)
    return folder
