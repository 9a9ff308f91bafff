"""A file that a branch commits as a link out of the repository: no command quotes what it leads to, writes there, or passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .calling import PLAN, call

SECRET = "SECRET_TOKEN: hunter2 [oops\n"
DAY = ("--as-of", "2023-01-18")
RESULTS = "results/pdp-buy-now/day-14"
GATE = ("gate", PLAN, "--results", f"{RESULTS}.yaml", "--to", "70%", "--as-of", "2023-02-07T08:00:00-08:00")


@pytest.fixture
def outside(repository: Path, tmp_path: Path) -> Path:
    (repository / ".git").mkdir(exist_ok=True)
    file = tmp_path / "outside" / "secret"
    file.parent.mkdir()
    file.write_text(SECRET, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("egp.yaml", ("check", PLAN, *DAY)),
        ("egp.yaml", ("policy", "show", PLAN, *DAY)),
        ("egp.yaml", GATE),
        ("waivers.yaml", ("check", PLAN, *DAY)),
        ("egp-baseline.yaml", ("check", PLAN, *DAY)),
        ("egp.lock", ("check", PLAN, *DAY)),
        ("egp.lock", GATE),
        ("egp.test.yaml", ("policy", "test")),
        (PLAN, ("check", PLAN, *DAY)),
        (PLAN, ("explain", PLAN, *DAY)),
        (PLAN, GATE),
        (f"{RESULTS}.yaml", GATE),
        (f"{RESULTS}.csv", GATE),
        ("receipt.json", ("gate", "--replay", "receipt.json")),
    ],
)
def test_what_it_leads_to_is_neither_read_nor_quoted(
    name: str, command: tuple[str, ...], repository: Path, outside: Path
) -> None:
    (repository / name).unlink(missing_ok=True)
    (repository / name).symlink_to(outside)
    answer = call(repository, *command)
    assert answer.status == 2, answer.out
    assert "hunter2" not in answer.out + answer.err


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("egp.sarif", ("check", PLAN, *DAY, "--output", "sarif=egp.sarif")),
        ("report.json", ("check", PLAN, *DAY, "--output", "json=report.json")),
        ("receipt.json", (*GATE, "--receipt", "receipt.json")),
    ],
)
def test_nothing_is_written_where_it_leads(
    name: str, command: tuple[str, ...], inside: bool, repository: Path, outside: Path
) -> None:
    target = repository / "victim" if inside else outside
    target.write_text(SECRET, encoding="utf-8")
    (repository / name).symlink_to(target)
    assert call(repository, *command).status == 2
    assert target.read_text(encoding="utf-8") == SECRET
    assert (repository / name).is_symlink()
