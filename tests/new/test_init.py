"""egp init: what it writes is sound, it asks before, and nothing that is there is touched."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from egp.cli.main import main
from egp.policy.shipped import ROOT

GITHUB = [
    "egp.yaml",
    "experiments/example.yaml",
    "experiments/comms/rollback.md",
    ".pre-commit-config.yaml",
    ".github/workflows/egp.yml",
    ".github/CODEOWNERS",
]
DAYS = [date(2026, 1, 5) + timedelta(days=29 * number) for number in range(14)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    ]


def test_everything_is_shown_and_then_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--yes", "--as-of", "2026-11-30"]) == 0
    told = capsys.readouterr().out
    assert written(folder) == sorted(GITHUB)
    for name in GITHUB:
        assert f"{name} (new): " in told
        assert told.index(f"{name} (new): ") < told.index(f"wrote {name}")
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            assert line.strip() in told


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize("policy", ["egp:standard", "egp:starter"])
def test_the_example_passes_whatever_the_day(folder: Path, day: date, policy: str) -> None:
    assert main(["init", "--yes", "--as-of", str(day), "--extends", policy]) == 0
    assert main(["check", "--as-of", str(day), "--fail-level", "warning"]) == 0
    assert main(["policy", "check", "egp.yaml"]) == 0
    assert (folder / "egp.yaml").exists()


def committed(folder: Path, *message: str) -> None:
    who = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), "add", "--all"], check=True)
    subprocess.run(["git", "-C", str(folder), *who, "commit", "-q", "-m", " ".join(message)], check=True)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("day", DAYS[::4], ids=str)
def test_the_example_can_be_registered(day: date) -> None:
    assert main(["init", "--yes", "--as-of", str(day)]) == 0
    assert main(["register", "experiments/example.yaml", "--write-date", "--as-of", str(day)]) == 0
    assert main(["check", "--as-of", str(day), "--fail-level", "warning"]) == 0


def test_the_example_can_be_deleted_once_there_is_another_plan(folder: Path) -> None:
    assert main(["init", "--yes", "--as-of", "2026-11-30"]) == 0
    committed(folder, "begin")
    example = folder / "experiments/example.yaml"
    own = example.read_text(encoding="utf-8")
    for old, new in (
        ("id: example", "id: own"), ("layer: pdp", "layer: own"), ("feature_flag: pdp_buy_now", "feature_flag: own"),
    ):  # fmt: skip
        assert own.count(old) == 1
        own = own.replace(old, new)
    (folder / "experiments/own.yaml").write_text(own, encoding="utf-8")
    example.unlink()
    assert main(["check", "--base", "HEAD", "--as-of", "2026-12-02"]) == 0


def test_nothing_that_is_there_is_touched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("egp.yaml", ".pre-commit-config.yaml", "CODEOWNERS", ".github/workflows/egp.yml"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"mine: {name}\n", encoding="utf-8")
    assert main(["init", "--yes"]) == 0
    told = capsys.readouterr().out
    assert "CODEOWNERS is there and stays as it is" in told
    assert "/egp.lock" in told, "what is to be added by hand is shown"
    for name in ("egp.yaml", ".pre-commit-config.yaml", "CODEOWNERS", ".github/workflows/egp.yml"):
        assert (folder / name).read_text(encoding="utf-8") == f"mine: {name}\n"
    assert not (folder / ".github" / "CODEOWNERS").exists()
    assert (folder / "experiments" / "example.yaml").exists()


@pytest.mark.parametrize(
    "owner", ["nobody", "acme/leads", "@acme/", "@a b", "@/x", "", "lead@acme", "@acme/leads\n* @x"]
)
def test_an_owner_that_no_code_host_takes_is_refused(
    folder: Path, owner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes", "--owner", owner]) == 2
    assert "--owner @acme/experimentation-leads" in capsys.readouterr().err
    assert written(folder) == []


@pytest.mark.parametrize("owner", ["@ana", "@acme/leads", "ana@acme.example", "@acme/web/leads", "@ana @ben"])
def test_an_owner_is_a_handle_a_team_or_an_address(
    folder: Path, owner: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes", "--owner", owner]) == 0
    assert f"/egp.yaml {owner}\n" in (folder / ".github/CODEOWNERS").read_text(encoding="utf-8")
    assert "CODEOWNERS" not in capsys.readouterr().out.partition("\nnext:")[2]


def test_what_is_left_to_people_is_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An owner that nobody named is a placeholder, and hooks that are not egp's run nothing of it."""
    main(["init", "--yes"])
    following = capsys.readouterr().out.partition("\nnext:")[2]
    assert "@org/experimentation-leads in .github/CODEOWNERS" in following
    assert "pre-commit install" in following
    (folder / ".github/CODEOWNERS").unlink()
    (folder / ".pre-commit-config.yaml").write_text("repos: []\n", encoding="utf-8")
    main(["init", "--yes"])
    following = capsys.readouterr().out.partition("\nnext:")[2]
    assert "the hooks above, then pre-commit install" in following


def test_what_egp_wrote_needs_no_addition(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--yes"])
    capsys.readouterr()
    main(["init"])
    assert "by hand" not in capsys.readouterr().out
    (folder / ".github/CODEOWNERS").write_text("* @ana\n", encoding="utf-8")
    main(["init"])
    assert capsys.readouterr().out.count("by hand") == 1


def test_the_first_files_are_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example has its message for a rollback and the line that editors read, the policy who may approve a waiver."""
    main(["init", "--yes", "--as-of", "2026-11-30"])
    example = (folder / "experiments/example.yaml").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["schema"]) == 0
    assert example.splitlines()[0] == f"# yaml-language-server: $schema={capsys.readouterr().out.split()[1]}"
    (comms,) = re.findall(r"comms: (\S+\.md)", example)
    assert (folder / comms).is_file() or (folder / "experiments" / comms).is_file()
    policy = folder / "egp.yaml"
    text = policy.read_text(encoding="utf-8")
    assert "# waivers: {approvers: [experimentation_lead], longest: 30d}" in text
    capsys.readouterr()
    assert main(["brief", "experiments/example.yaml", "--as-of", "2026-11-24"]) in (0, 1)
    told = capsys.readouterr().out
    assert "no such template" not in told
    assert "cannot be written" not in told


def test_a_second_call_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["init", "--yes"])
    before = {name: (folder / name).read_bytes() for name in written(folder)}
    capsys.readouterr()
    assert main(["init"]) == 0
    assert "wrote" not in capsys.readouterr().out
    assert {name: (folder / name).read_bytes() for name in written(folder)} == before


def test_without_a_terminal_nothing_is_written_unless_yes_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert written(folder) == []


@pytest.mark.parametrize(
    ("answer", "status", "count"), [("y\n", 0, 6), ("n\n", 1, 0), ("\n", 1, 0), ("yes\n", 0, 6)]
)
def test_somebody_is_asked(folder: Path, answer: str, status: int, count: int) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "egp", "init"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
    ) as run:
        os.close(theirs)
        os.write(ours, answer.encode())
        run.communicate(timeout=60)
    os.close(ours)
    assert run.returncode == status
    assert len(written(folder)) == count


@pytest.mark.parametrize(
    ("sign", "path"),
    [("remote", ".gitlab-ci.yml"), ("github", ".github/workflows/egp.yml"), ("option", ".gitlab-ci.yml")],
)
def test_the_file_of_ci_is_that_of_the_code_host(folder: Path, sign: str, path: str) -> None:
    if sign == "remote":
        subprocess.run(
            ["git", "remote", "add", "origin", "git@gitlab.example:shop/plans.git"], cwd=folder, check=True
        )
    options = ["--ci", "gitlab"] if sign == "option" else []
    assert main(["init", "--yes", *options, "--package", "egp-0.1.0-py3-none-any.whl"]) == 0
    pipeline = yaml.safe_load((folder / path).read_text(encoding="utf-8"))
    assert "egp-0.1.0-py3-none-any.whl" in str(pipeline)
    assert "egp check --base" in str(pipeline)


def test_it_begins_at_the_root_of_the_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "deep").mkdir()
    monkeypatch.chdir(folder / "deep")
    assert main(["init", "--yes"]) == 0
    assert (folder / "egp.yaml").exists()
    assert not (folder / "deep" / "egp.yaml").exists()


def test_a_policy_that_does_not_exist_is_no_beginning(folder: Path) -> None:
    assert main(["init", "--yes", "--extends", "egp:nothing"]) == 2
    assert written(folder) == []
