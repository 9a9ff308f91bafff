"""The shop of the example, with few users."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples/shop"


def write_shop(file: Path, users: int = 3_000) -> None:
    """Its warehouse, as the script of the example makes it."""
    spec = importlib.util.spec_from_file_location("shop_warehouse", EXAMPLE / "warehouse.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.write(file, users=users)


def copy_shop(folder: Path) -> None:
    """Its policy, catalogue and plan, as a repository."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (folder / ".git").mkdir()
