"""What `egp.stats` offers: complete, documented, and light to import."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from egp import stats


def test_every_promised_name_exists_once() -> None:
    assert len(stats.__all__) == len(set(stats.__all__))
    for name in stats.__all__:
        assert getattr(stats, name) is not None
    assert set(stats.__all__) <= set(dir(stats))
    with pytest.raises(AttributeError, match="no attribute 'sample_size'"):
        _ = stats.sample_size  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", [n for n in stats.__all__ if callable(getattr(stats, n))])
def test_every_promised_function_and_type_is_documented(name: str) -> None:
    documentation = inspect.getdoc(getattr(stats, name))
    assert documentation
    assert not documentation.startswith(f"{name}("), "a generated docstring"


def test_every_module_says_what_it_is_for() -> None:
    for module in pkgutil.iter_modules(stats.__path__, "egp.stats."):
        assert importlib.import_module(module.name).__doc__, module.name


def test_every_promised_name_is_used_or_documented() -> None:
    """What egp itself does not need is there for others, who find it on the page of the statistics."""
    root = Path(__file__).parents[2]
    page = (root / "docs" / "statistics.md").read_text(encoding="utf-8")
    words: Counter[str] = Counter()
    for path in (root / "egp").rglob("*.py"):
        if path.name != "__init__.py" or path.parent.name != "stats":
            words.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    defined_once = {name for name in stats.__all__ if words[name] == 1}
    assert defined_once - {*re.findall(r"\w+", page)} == set()


def test_names_load_their_module_alone_and_no_numeric_package() -> None:
    program = (
        "import sys, egp.stats as s;"
        "before = set(sys.modules);"
        "s.required_units(s.PlannedTest('proportion', 0.1), 0.01, 0.95); s.repeated_looks_type1(0.05, 14);"
        "print(*sorted(m for m in sys.modules if m.startswith('egp.stats') and m in before), sep=',');"
        "heavy = ('scipy', 'numpy', 'statsmodels', 'statistics', 'decimal');"
        "print(*(m for m in heavy if m in sys.modules), sep=',')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["egp.stats", ""]
