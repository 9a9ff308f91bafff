"""What a check of a whole repository said is said again where nothing changed, and only there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from egp.cli.commands import kept_answer, options
from egp.cli.main import INTERRUPTED
from egp.record.rollouts.reading import formats
from egp.record.sources import git_command
from egp.yaml.kept import head
from tests.cli.answered import DAY, LONG_AGO, POLICY, Checker, build, git, rewritten


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("template") / "repository"
    root.mkdir()
    build(root)
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, long after it was written, and a caller of whom nothing is known."""
    root = tmp_path / "around" / "repository"
    shutil.copytree(template, root, symlinks=True)
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(kept_answer, "MANY", 1)
    monkeypatch.setattr(kept_answer, "time_ns", lambda: time.time_ns() + 10**10)
    git_command._by_chance[0] = 0
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def check(root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Checker:
    return Checker(root, capsys, monkeypatch)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "egp"


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob("*.answer"))


def test_the_repository_has_every_kind_of_finding(check: Checker) -> None:
    status, out, err = check("--no-cache")
    assert (status, err) == (1, "")
    for each in (
        "layer",
        "rollout-share",
        "mobile-buy-now",
        "waived[stage-dwell]",
        "baseline;",
        "experiments/copied.yaml",
    ):
        assert each in out


def test_what_did_not_change_is_not_judged_again(check: Checker, cache: Path) -> None:
    first = check()
    assert check.judged == 1
    assert check() == check() == first
    assert check.judged == 1
    assert len(kept(cache)) == 1
    assert cache.stat().st_mode & 0o777 == 0o700


def flip(name: str) -> Callable[[Path], None]:
    """Another content of a file that is as long as before: a digit of it, and without one a letter."""

    def change(root: Path) -> None:
        content = bytearray((root / name).read_bytes())
        at = next(
            (at for at in reversed(range(len(content))) if content[at] in b"12345678"), len(content) - 2
        )
        content[at] ^= 1
        rewritten(root / name, bytes(content))

    return change


def replaced(name: str, before: str, after: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text()
        assert before in text
        rewritten(root / name, text.replace(before, after).encode())

    return change


def _linked(root: Path) -> None:
    (root / "experiments/sound.yaml").rename(root / "experiments/sound.txt")
    (root / "experiments/sound.yaml").symlink_to("sound.txt")


def _other_plan(root: Path) -> None:
    text = (root / "experiments/sound.yaml").read_text()
    (root / "experiments/new.yaml").write_text(text)
    os.utime(root / "experiments/new.yaml", ns=(LONG_AGO, LONG_AGO))


def _as_git(*arguments: str) -> Callable[[Path], object]:
    return lambda root: git(root, *arguments)


FILES = (
    "egp.yaml", "house.yaml", "flags/features.json", ".gitignore", "notes.txt", "experiments/comms/rollback.md", "results/day.yaml",
    "experiments/sound.yaml", "experiments/second.yaml", "experiments/waived.yaml", "experiments/copied.yaml", "egp-baseline.yaml",
    "egp.lock", "egp.lock.d/8f/sound-plan.yaml", "shop/egp.yaml", "shop/metrics.yaml", "shop/sql/orders.sql",
    "shop/experiments/mobile-buy-now.yaml", ".git/HEAD", ".git/config", ".git/index",
)  # fmt: skip

CHANGES: dict[str, Callable[[Path], object]] = {
    **{f"other bytes of {name}": flip(name) for name in FILES},
    "a plan of more": _other_plan,
    "a plan of less": lambda root: (root / "experiments/short.yaml").unlink(),
    "a plan under another name": lambda root: (root / "experiments/sound.yaml").rename(root / "experiments/x.yaml"),
    "a plan that is a link": _linked,
    "a plan that nobody may read": lambda root: (root / "experiments/sound.yaml").chmod(0o000),
    "a plan that somebody may run": lambda root: (root / "experiments/sound.yaml").chmod(0o755),
    "another plan": replaced("experiments/second.yaml", "46bps", "99bps"),
    "a rule of the policy": replaced("egp.yaml", 'version: "1"', 'version: "2"'),
    "no waivers": replaced("egp.yaml", "waivers: {approvers: [experimentation_lead]", "waivers: {approvers: [nobody_in_particular]"),
    "defaults": replaced("house.yaml", "24h", "72h"),
    "the shop's defaults": replaced("shop/egp.yaml", "alpha: 5%", "alpha: 1%"),
    "the catalogue": replaced("shop/metrics.yaml", "decrease", "increase"),
    "no delegation": replaced("egp.yaml", 'delegates: ["shop/**"]', 'delegates: ["shoe/**"]'),
    "what is served": replaced("flags/features.json", "0.35", "0.05"),
    "waivers in a file": lambda root: (root / "waivers.yaml").write_text("waivers: []\n"),
    "no baseline": lambda root: (root / "egp-baseline.yaml").unlink(),
    "no lock": lambda root: (root / "egp.lock").unlink(),
    "an entry of less": lambda root: (root / "egp.lock.d/8f/sound-plan.yaml").unlink(),
    "a ledger": lambda root: (root / "egp.ledger").mkdir(),
    "a folder": lambda root: (root / "experiments/empty").mkdir(),
    "no folder": lambda root: (root / "later").rmdir(),
    "a policy further down": lambda root: (root / "experiments/comms/egp.yaml").write_text('extends: ["egp:strict"]\n'),
    "a plan in a hidden folder": lambda root: shutil.copytree(root / "experiments", root / ".hidden"),
    "a file that is tracked": _as_git("add", "experiments/copied.yaml"),
    "a commit": _as_git("commit", "--quiet", "--all", "--message=another"),
    "a commit of nothing": _as_git("commit", "--quiet", "--allow-empty", "--message=nothing"),
    "a tag": _as_git("tag", "later"),
    "packed refs": _as_git("pack-refs", "--all"),
    "packed objects": _as_git("gc", "--quiet"),
    "another branch": _as_git("checkout", "--quiet", "-b", "other"),
    "another setting of git": _as_git("config", "core.ignoreCase", "true"),
    "a shallow clone": lambda root: (root / ".git/shallow").write_text(git(root, "rev-parse", "HEAD")),
    "what git excludes": lambda root: (root / ".git/info/exclude").write_text("*.yaml\n"),
    "no git": lambda root: shutil.rmtree(root / ".git"),
    "a repository around": lambda root: (root.parent / ".git").mkdir(),
    "a setting of the caller's git": lambda root: (root.parents[1] / "home/.gitconfig").write_text("[core]\nabbrev = 9\n"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changes_is_seen(change: str, root: Path, check: Checker) -> None:
    """With the time of before where a file was written: the same bytes as of a call that remembers nothing."""
    before = check()
    assert check() == before
    assert check.judged == 1
    CHANGES[change](root)
    after = check("--no-cache")
    assert check() == after
    assert check.judged == 3, "nobody can know that it is of no interest"
    assert check() == after


def test_many_of_these_changes_change_the_report(
    template: Path, tmp_path: Path, check: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a change which was not seen would have been noticed above."""
    reports = {check("--no-cache")}
    for at, change in enumerate(CHANGES):
        root = tmp_path / f"{at}" / "repository"
        (tmp_path / "home").mkdir(exist_ok=True)
        shutil.copytree(template, root, symlinks=True)
        monkeypatch.chdir(root)
        if change != "a setting of the caller's git":
            CHANGES[change](root)
        reports.add(check("--no-cache"))
    assert len(reports) > 20


CALLS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "as JSON": (("--format", "json"), {}),
    "as SARIF": (("--format", "sarif"), {}),
    "as Markdown": (("--format", "markdown"), {}),
    "by cause": (("--by-cause",), {}),
    "with what passed": (("--show-passed",), {}),
    "without waivers": (("--no-waivers",), {}),
    "at another level": (("--fail-level", "warning"), {}),
    "by one process": (("--jobs", "1"), {}),
    "in colour": ((), {"FORCE_COLOR": "1"}),
    "narrow": ((), {"COLUMNS": "40"}),
    "elsewhere": ((), {"TZ": "Asia/Tokyo"}),
    "in another language": ((), {"LANG": "C", "LC_ALL": "C"}),
    "with other settings of git": ((), {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.abbrev", "GIT_CONFIG_VALUE_0": "9"}),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_another_call_is_answered_anew(call: str, check: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    arguments, variables = CALLS[call]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not check.is_known(*arguments)
    assert check.is_known(*arguments)


def test_another_folder_is_answered_anew(root: Path, check: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    check()
    monkeypatch.chdir(root / "shop")
    assert not check.is_known()
    assert check.is_known()
    monkeypatch.chdir(root)
    assert check.is_known()


def test_what_a_shell_changes_from_call_to_call_makes_no_difference(
    check: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    check()
    monkeypatch.setenv("OLDPWD", "/elsewhere")
    assert check.is_known()


class Clock(datetime):
    at = datetime(2023, 1, 18, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return cls.at.astimezone(tz)


def test_a_new_day_is_answered_anew(check: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the policies that judge are: at eight in the morning, UTC, in California."""
    monkeypatch.setattr(options, "datetime", Clock)
    of_the_day = check(as_of="")
    assert check.is_known(as_of="")
    monkeypatch.setattr(Clock, "at", datetime(2023, 1, 19, 7, 59, 59, tzinfo=UTC))
    assert check.is_known(as_of="")
    assert check(as_of="") == of_the_day
    monkeypatch.setattr(Clock, "at", datetime(2023, 1, 19, 8, 0, 1, tzinfo=UTC))
    assert not check.is_known(as_of="")
    assert check(as_of="") != of_the_day, "a waiver ended with the day"
    monkeypatch.setattr(Clock, "at", datetime(2023, 1, 18, 12, tzinfo=UTC))
    assert not check.is_known(as_of="")


def test_each_zone_has_its_day(root: Path, check: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = (root / "shop/egp.yaml").read_text()
    (root / "shop/egp.yaml").write_text(
        shop.replace("timezone: America/Los_Angeles", "timezone: Asia/Tokyo", 1)
    )
    monkeypatch.setattr(options, "datetime", Clock)
    check(as_of="")
    assert check.is_known(as_of="")
    monkeypatch.setattr(Clock, "at", datetime(2023, 1, 18, 15, 0, 1, tzinfo=UTC))
    assert not check.is_known(as_of="")


def test_an_instant_is_answered_anew(check: Checker) -> None:
    check(as_of="2023-01-19T07:59:00Z")
    assert check.is_known(as_of="2023-01-19T07:59:00Z")
    assert not check.is_known(as_of="2023-01-19T08:01:00Z")


def _link(file: Path) -> None:
    file.rename(file.with_suffix(".x"))
    file.symlink_to(file.with_suffix(".x"))


def _put_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT: dict[str, Callable[[Path], object]] = {
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-9]),
    "empty": lambda file: file.write_bytes(b""),
    "other words": lambda file: file.write_bytes(file.read_bytes().replace(b"sound-plan", b"found-plan")),
    "a link": _link,
    "written by anybody": lambda file: file.chmod(0o666),
    "an open folder": lambda file: file.parent.chmod(0o755),
    "a folder": _put_folder,
    **{
        f"made otherwise: {told}": partial(lambda change, file: _write(file, change(_read(file))), change)
        for told, change in {
            "no list": lambda known: {"state": known[0]},
            "nothing": lambda _: [],
            "a number": lambda _: 7,
            "too long": lambda known: [*known, ""],
            "a state that is a number": lambda known: [1, *known[1:]],
            "another state": lambda known: ["0" * 64, *known[1:]],
            "plans without end": lambda known: [known[0], 1e300, *known[2:]],
            "fewer plans than none": lambda known: [known[0], -(10**9), *known[2:]],
            "days that are numbers": lambda known: [*known[:2], [1], *known[3:]],
            "a day without a zone": lambda known: [*known[:2], [["2023-01-18"]], *known[3:]],
            "another day": lambda known: [*known[:2], [["", "2022-01-18"]], *known[3:]],
            "a status that means failure": lambda known: [*known[:3], 2, known[4]],
            "a status that is a truth": lambda known: [*known[:3], True, known[4]],
            "a text that is none": lambda known: [*known[:4], None],
        }.items()
    },
}  # fmt: skip


def _read(file: Path) -> Any:
    return [json.loads(line) for line in file.read_bytes().splitlines()[1:]]


def _write(file: Path, known: object) -> None:
    """With its checksum, as whoever knows how it is made can."""
    lines = known if isinstance(known, list) else [known]
    text = "\n".join(map(json.dumps, lines)).encode()
    file.write_bytes(head(kept_answer._FORMAT, [text]) + b"\n" + text)


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_damaged_or_may_be_somebody_elses_is_not_there(how: str, check: Checker, cache: Path) -> None:
    fresh = check()
    (file,) = kept(cache)
    SPOILT[how](file)
    assert check() == fresh
    assert check.judged == 2


def test_what_somebody_else_owns_is_not_there(
    check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check()
    (file,) = kept(cache)
    other = os.geteuid() + 1
    before = file.stat().st_ino
    monkeypatch.setattr(os, "geteuid", lambda: other)
    assert not check.is_known()
    assert file.stat().st_ino == before


def test_neither_ci_nor_whoever_forbids_it_reads_it(
    check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = check()
    (file,) = kept(cache)
    _write(file, [*_read(file)[:4], "poison\n"])
    assert check()[1] == "poison\n", "the caller's own folder is the caller's to write"
    assert check("--no-cache") == fresh
    before = file.read_bytes()
    monkeypatch.setenv("CI", "true")
    assert check() == fresh
    assert check() == fresh
    assert kept(cache) == [file]
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "more",
    [
        ("experiments",), ("experiments/sound.yaml",), ("--base", "HEAD"), ("--policy-from", "HEAD"), ("--policy", "egp.yaml"),
        ("-o", "report.txt"), ("--output", "json=report.json"), ("--format", "github"), ("--diff",), ("--fix",), ("--no-cache",),
    ],
)  # fmt: skip
def test_a_call_that_does_more_is_not_kept(more: tuple[str, ...], check: Checker, cache: Path) -> None:
    check(*more)
    assert check.judged == 1 or "--diff" in more
    assert kept(cache) == []


def test_a_report_on_standard_output_by_its_sign_is_kept(check: Checker) -> None:
    assert not check.is_known("-o", "-")
    assert check.is_known("-o", "-")


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("a bug")


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def _full(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("what", "where", "status"),
    [
        (_fail, "egp.check.pipeline.judge_together", 2),
        (_interrupt, "egp.check.pipeline.judge_together", INTERRUPTED),
        (_interrupt, "egp.cli.commands.check.rendered", INTERRUPTED),
        (_full, "egp.cli.commands.terminal.write_out", 2),
    ],
)
def test_a_run_that_did_not_end_well_is_not_kept(
    what: Callable[..., None], where: str, status: int, check: Checker, cache: Path
) -> None:
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(where, what)
        assert check()[0] == status
    assert kept(cache) == []


def test_a_run_that_could_not_judge_is_not_kept(root: Path, check: Checker, cache: Path) -> None:
    (root / "waivers.yaml").write_text("waivers: [\n")
    assert check()[0] == 2
    assert kept(cache) == []


def _touched(path: Path) -> None:
    path.write_text(path.read_text())


@pytest.mark.parametrize("name", ["experiments/sound.yaml", ".git/HEAD", "notes.txt"])
def test_what_changes_meanwhile_keeps_it_from_being_kept(
    name: str, root: Path, check: Checker, cache: Path
) -> None:
    check.meanwhile = partial(_touched, root / name)
    check()
    assert kept(cache) == []
    check.meanwhile = lambda: None
    check()
    assert len(kept(cache)) == 1


def test_what_was_written_just_before_keeps_it_from_being_kept(
    root: Path, check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answer, "time_ns", time.time_ns)
    _touched(root / "notes.txt")
    check()
    assert kept(cache) == []


def test_a_run_of_rules_that_the_policy_writes_is_not_kept(root: Path, check: Checker, cache: Path) -> None:
    from egp.policy.reading import read_policy

    rule = (
        "custom:\n  - id: own-title\n    severity: error\n    require: size(plan.title) > 3\n"
        "    message: the title is short\n    help: write more\n    why: nobody understands it\n"
    )
    (root / "egp.yaml").write_text(POLICY + rule)
    assert read_policy("egp.yaml", "egp.yaml").custom
    assert check()[0] in (0, 1)
    assert kept(cache) == []


def test_formats_that_packages_of_others_read_are_known() -> None:
    from egp.record.rollouts.reading import format_module

    by_others = {
        each for each in formats() if "hcl" in str(sorted(vars(format_module(each)).items(), key=str))
    }
    assert by_others == kept_answer._BY_OTHERS


def _git_that_dies(folder: Path, at: str) -> None:
    folder.mkdir()
    real = shutil.which("git")
    script = f'#!/bin/sh\ncase " $* " in *" {at} "*) kill -9 $$;; esac\nexec {real} "$@"\n'
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)


def test_a_run_in_which_git_was_ended_is_not_kept(
    check: Checker, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report is another one, and no failure."""
    _git_that_dies(tmp_path / "bin", "ls-files")
    fresh = check("--no-cache")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    ended = check()
    assert (ended[0], ended[1] == fresh[1]) == (1, False)
    assert kept(cache) == []


def test_a_git_that_is_ended_in_another_process_is_known_in_this_one(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git_that_dies(tmp_path / "bin", "ls-files")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert not git_command.has_failed_by_chance()
    process = os.fork()
    if process == 0:
        git_command.ask(str(root), "ls-files")
        os._exit(0)
    os.waitpid(process, 0)
    assert git_command.has_failed_by_chance()


def test_a_link_to_a_file_outside_is_followed_for_its_state(
    root: Path, check: Checker, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("1")
    (root / "python").symlink_to(tmp_path / "outside")
    check()
    assert check.is_known()
    rewritten(tmp_path / "outside", b"2")
    assert not check.is_known()


def test_a_link_to_nowhere_is_known_once_it_leads_somewhere(
    root: Path, check: Checker, tmp_path: Path
) -> None:
    (root / "notes").symlink_to(tmp_path / "outside")
    check()
    assert check.is_known()
    (tmp_path / "outside").write_text("1")
    assert not check.is_known()


def _linked_folder(root: Path, outside: Path) -> None:
    outside.mkdir()
    (root / "linked").symlink_to(outside)


def _alternates(root: Path, outside: Path) -> None:
    git(root, "clone", "--quiet", "--bare", ".", str(outside))
    (root / ".git/objects/info/alternates").write_text(f"{outside}/objects\n")


def _alternates_by_a_link(root: Path, outside: Path) -> None:
    _alternates(root, outside)
    (root / ".git/objects/info/alternates").rename(root / ".git/objects/info/others")
    (root / ".git/objects/info/alternates").symlink_to("others")


def _shared_elsewhere(root: Path, outside: Path) -> None:
    """Git honours the file in any folder of its own, not in that of a worktree alone."""
    shutil.copytree(root / ".git", outside)
    (root / ".git/commondir").write_text(f"{outside}\n")


def _module_by_a_link(root: Path, outside: Path) -> None:
    outside.mkdir()
    (root / "module").mkdir()
    (root / "module/file").write_text(f"gitdir: {outside}\n")
    (root / "module/.git").symlink_to("file")


def _other_tree(root: Path, outside: Path) -> None:
    outside.mkdir()
    git(root, "config", "core.worktree", str(outside))


@pytest.mark.parametrize(
    "how",
    [_linked_folder, _alternates, _alternates_by_a_link, _shared_elsewhere, _module_by_a_link, _other_tree],
)
def test_a_repository_that_goes_on_elsewhere_is_not_kept(
    how: Callable[[Path, Path], None], root: Path, check: Checker, cache: Path, tmp_path: Path
) -> None:
    how(root, tmp_path / "outside")
    check()
    assert kept(cache) == []


def test_of_a_worktree_the_folder_of_git_is_known(
    root: Path, check: Checker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(root, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    monkeypatch.chdir(tmp_path / "tree")
    check()
    assert check.is_known()
    git(root, "tag", "later")
    assert not check.is_known()
    check()
    git(tmp_path / "tree", "commit", "--quiet", "--allow-empty", "--message=later")
    assert not check.is_known()


def test_what_the_callers_settings_of_git_include_is_known(check: Checker, tmp_path: Path) -> None:
    (tmp_path / "home/.gitconfig").write_text("[include]\npath = more\n")
    check()
    assert check.is_known()
    (tmp_path / "home/more").write_text("[core]\nabbrev = 9\n")
    assert not check.is_known()


def test_of_few_plans_nothing_is_kept_nor_looked_at(
    check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answer, "MANY", 100)
    monkeypatch.setattr("egp.record.sources.surroundings.surroundings", _fail)
    assert check()[0] == 1
    assert kept(cache) == []


def test_a_repository_of_very_many_entries_is_not_kept(
    check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answer, "_MOST_ENTRIES", 50)
    check()
    assert kept(cache) == []


def test_where_the_callers_folder_lies_in_the_repository_nothing_is_kept(
    root: Path, check: Checker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(root))
    check()
    assert not (root / "egp").exists()


def test_outside_of_a_repository_nothing_is_kept(
    template: Path, tmp_path: Path, check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(template, tmp_path / "bare", ignore=shutil.ignore_patterns(".git"))
    monkeypatch.chdir(tmp_path / "bare")
    check()
    assert kept(cache) == []


def test_of_many_calls_the_oldest_are_dropped(
    check: Checker, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_answer, "_MOST_ANSWERS", 2)
    (cache).mkdir(parents=True, mode=0o700)
    (cache / "plans.facts").write_text("")
    for day in ("2023-01-18", "2023-01-19", "2023-01-20"):
        check(as_of=day)
    assert len(kept(cache)) == 2
    assert (cache / "plans.facts").exists()


def test_a_hook_pays_for_nothing_of_it(root: Path) -> None:
    code = (
        "import sys\nfrom egp.cli.main import main\nmain(sys.argv[1:])\n"
        "print(*[each for each in sys.modules if each.endswith(('kept_answer', 'surroundings', 'egp.yaml.kept'))], file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "check", "experiments/sound.yaml", "--as-of", DAY],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stderr == "\n"
