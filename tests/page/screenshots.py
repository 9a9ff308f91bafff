"""Pictures of the pages for the documentation: ``python -m tests.page.screenshots --write`` takes them anew.

Look at them before they are committed. Letters differ between machines, so that no test compares them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
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
    "stopped": ("explain", _DAY_FIVE, "--if-stopped", "2023-01-27", "--seen", "+0.4pp", "--as-of", "2023-01-27"),
    "brief": ("brief", f"{_PLANS}/pdp-buy-now.yaml", "--results", f"{_RESULTS}/pdp-buy-now/two-bad-weeks.yaml", "--as-of", "2023-03-16T09:00"),
    "status": ("status", "--policy", f"{_EXAMPLES}/egp.yaml", "--results", _RESULTS, "--as-of", "2023-02-28"),
}  # fmt: skip
"""Picture → the command that makes its page."""

PICTURED = tuple(PAGES)


def _of(plan: str, results: str, as_of: str) -> tuple[str, ...]:
    return (
        "brief",
        f"{_PLANS}/{plan}.yaml",
        "--results",
        f"{_RESULTS}/{plan}/{results}.yaml",
        "--as-of",
        as_of,
    )


KINDS = {
    **PAGES,
    "launch": ("brief", f"{_PLANS}/ranking-model.yaml", "--as-of", "2023-08-30"),
    "launch for executives": ("brief", f"{_PLANS}/ranking-model.yaml", "--as-of", "2023-08-30", "--audience", "exec"),
    "running": _of("pdp-buy-now", "day-05", "2023-01-28T09:00"),
    "readout": _of("pdp-buy-now", "day-14", "2023-02-07T09:00"),
    "ramp": _of("pdp-buy-now", "stage-1", "2023-02-09T09:00"),
    "after the ramp": _of("pdp-buy-now", "monitor", "2023-03-02T09:30"),
    "accepted": ("explain", f"{_PLANS}/pdp-buy-now.yaml", "--as-of", "2023-01-18"),
    "rule": ("explain", "minimum-runtime", "--policy", f"{_EXAMPLES}/egp.yaml"),
    "shorter": ("explain", f"{_PLANS}/pdp-buy-now.yaml", "--if-shortened", "7d", "--as-of", "2023-01-18"),
    "many violations": ("explain", f"{_EXAMPLES}/rejected/no-criteria.yaml", "--as-of", "2023-01-18"),
}  # fmt: skip
"""A page of each kind, those of the pictures among them."""

WIDTH = 840
HIGHEST = 1000
"""Pixels; of a longer page the begin is shown."""


def write_kinds(folder: Path) -> dict[str, Path]:
    """A page of each kind, those of the site among them."""
    site = folder / "site"
    with chdir(ROOT):
        if main([*PAGES["status"], "--site", str(site)]):
            raise SystemExit("egp status --site failed")
    of_site = {"site": site / "index.html", "site experiment": site / "experiments/pdp-buy-now.html"}
    return {**write_pages(folder, KINDS), **of_site}


def write_pages(folder: Path, commands: Mapping[str, tuple[str, ...]]) -> dict[str, Path]:
    """Every page as a file of the folder."""
    files = {name: folder / f"{name}.html" for name in commands}
    with chdir(ROOT):
        for name, arguments in commands.items():
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
        pages = write_pages(Path(folder), PAGES)
        for name in PICTURED:
            for scheme in get_args(Scheme):
                _take(opened, pages[name], scheme, images / f"{name}-{scheme}.png")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("python -m tests.page.screenshots --write")
    if missing():
        raise SystemExit(missing())
    take_all()
