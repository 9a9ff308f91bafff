"""Pictures of the pages for the documentation: ``python -m tests.page.screenshots --write`` takes them anew.

Look at them before they are committed. Letters differ between machines, so that no test compares them.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import get_args

from egp.cli.main import main
from egp.policy.shipped import ROOT

from .browser import Browser, Scheme, browser, missing

_EXAMPLES = "examples"
_RESULTS = f"{_EXAMPLES}/results"
_PLANS = f"{_EXAMPLES}/experiments"

_DAY_FIVE = f"{_EXAMPLES}/rejected/ship-on-day-five.yaml"

PAGES = {
    "memo": ("explain", _DAY_FIVE, "--as-of", "2023-01-18"),
    "stopped": ("explain", _DAY_FIVE, "--if-stopped", "2023-01-27", "--seen", "+0.3pp", "--as-of", "2023-01-27"),
    "brief": ("brief", f"{_PLANS}/pdp-buy-now.yaml", "--results", f"{_RESULTS}/pdp-buy-now/two-bad-weeks.yaml"),
    "status": ("status", "--policy", f"{_EXAMPLES}/egp.yaml", "--results", _RESULTS, "--as-of", "2023-02-28"),
}  # fmt: skip
"""Picture → the command that makes its page."""

WIDTH = 840
HIGHEST = 1000
"""Pixels; of a longer page the begin is shown."""


def write_pages(folder: Path) -> dict[str, Path]:
    """Every page as a file of the folder."""
    files = {name: folder / f"{name}.html" for name in PAGES}
    with chdir(ROOT):
        for name, arguments in PAGES.items():
            if main([*arguments, "-o", str(files[name])]):
                raise SystemExit(f"egp {' '.join(arguments)} failed")
    return files


def _take(opened: Browser, page: Path, scheme: Scheme, picture: Path) -> None:
    opened.open(page, width=WIDTH, scheme=scheme)
    picture.write_bytes(opened.picture(HIGHEST))
    print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size / 1000:.0f} kB")


def take_all() -> None:
    images = Path(ROOT, "docs", "images")
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as opened:
        for name, page in write_pages(Path(folder)).items():
            for scheme in get_args(Scheme):
                _take(opened, page, scheme, images / f"{name}-{scheme}.png")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("python -m tests.page.screenshots --write")
    if missing():
        raise SystemExit(missing())
    take_all()
