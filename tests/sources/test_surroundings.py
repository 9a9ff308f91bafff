"""Whatever a check looks at is a part of the state of everything, or is named here with the reason why it decides nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

import pytest

import egp
from egp.policy.shipped import ROOT
from egp.record.sources import surroundings as module
from egp.record.sources.surroundings import SINGLE_FILES, Surroundings, surroundings
from egp.yaml.files import is_inside, real_path
from tests.cli.answered import DAY, build, git, rewritten

OWN = (os.path.dirname(egp.__file__), os.path.join(ROOT, "policies"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / "experiments").mkdir(parents=True)
    (root / "experiments/plan.yaml").write_text("id: a\n")
    git(root, "init", "--quiet")
    return root


def state(root: Path, own: tuple[str, ...] = (), most: int = 10**6) -> Surroundings:
    found = surroundings(str(root), own, most)
    assert found is not None
    return found


def test_it_is_the_same_until_something_changes(root: Path) -> None:
    before = state(root)
    assert state(root) == before
    rewritten(root / "experiments/plan.yaml", b"id: b\n")
    assert state(root) != before


def test_it_knows_when_the_last_change_was(root: Path) -> None:
    last = root / "experiments/plan.yaml"
    last.write_text("id: c\n")
    assert state(root).latest == last.stat().st_ctime_ns
    os.utime(last, ns=(0, 2 * 10**18))
    assert state(root).latest == 2 * 10**18


def test_own_files_and_policies_are_a_part_of_it(root: Path, tmp_path: Path) -> None:
    own = tmp_path / "installed" / "egp"
    (own / "rules").mkdir(parents=True)
    (own / "rules/rule.py").write_text("1")
    before = state(root, (str(own),))
    (own / "rules/__pycache__").mkdir()
    (own / "rules/__pycache__/rule.pyc").write_text("bytecode")
    os.utime(own / "rules", ns=(0, 0))
    before = state(root, (str(own),))
    (own / "rules/__pycache__/rule.pyc").write_text("more")
    assert state(root, (str(own),)) == before
    rewritten(own / "rules/rule.py", b"2")
    assert state(root, (str(own),)) != before
    before = state(root, (str(own),))
    (tmp_path / "installed/.git").mkdir()
    assert state(root, (str(own),)) != before, (
        "a shipped policy that lies in a repository is not read through a link out of it"
    )


def test_in_the_repository_bytecode_is_a_folder_like_others(root: Path) -> None:
    (root / "experiments/__pycache__").mkdir()
    (root / "experiments/__pycache__/plan.yaml").write_text("id: b\n")
    before = state(root)
    rewritten(root / "experiments/__pycache__/plan.yaml", b"id: c\n")
    assert state(root) != before


def test_what_python_imports_from_is_a_part_of_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = tmp_path / "site-packages"
    for package in ("yaml", "egp"):
        (places / package).mkdir(parents=True)
        (places / package / "events.py").write_text("1")
    (places / "other").mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(places)])
    before = state(root)
    rewritten(places / "yaml/events.py", b"2")
    after = state(root)
    assert after != before
    (places / "egp/__init__.py").write_text("")
    before, after = after, state(root)
    assert after != before, "another egp may be the one that is imported"
    (places / "other-1.0.dist-info").mkdir()
    assert state(root) != after
    after = state(root)
    monkeypatch.setattr(sys, "path", [*sys.path[:-1], str(tmp_path / "nowhere")])
    assert state(root) != after


def test_the_time_zones_of_the_system_are_a_part_of_it(root: Path, tmp_path: Path) -> None:
    (tmp_path / "zones/America").mkdir(parents=True)
    (tmp_path / "zones/America/Los_Angeles").write_text("1")
    zoneinfo.reset_tzpath([tmp_path / "zones"])
    try:
        before = state(root)
        rewritten(tmp_path / "zones/America/Los_Angeles", b"2")
        assert state(root) != before
    finally:
        zoneinfo.reset_tzpath()


def test_another_git_is_seen(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(root)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text("#!/bin/sh\necho git version 9.9.9\n")
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert (other := state(root)) != before
    monkeypatch.setenv("PATH", str(tmp_path))
    assert state(root) not in (before, other)


def test_another_kernel_library_or_caller_is_seen(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(root)
    for name in ("uname", "getgroups", "geteuid", "confstr"):
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(os, name, lambda *_: ["other"])
            assert state(root) != before, name
    monkeypatch.setattr(module, "SINGLE_FILES", (*SINGLE_FILES, str(root / "experiments/plan.yaml")))
    assert state(root) != before


def test_too_many_entries_and_links_to_folders_outside_cannot_be_told(root: Path, tmp_path: Path) -> None:
    assert surroundings(str(root), (), 100) is None
    (root / "link").symlink_to("experiments")
    state(root)
    (root / "out").symlink_to(tmp_path)
    assert surroundings(str(root), (), 10**6) is None


@pytest.mark.parametrize("text", ["", "gitdir: ", "elsewhere", "gitdir: {outside}", "gitdir: ../.."])
def test_a_file_that_names_a_folder_of_git_elsewhere_is_not_followed(
    text: str, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (root / "module").mkdir()
    (root / "module/.git").write_text(text.format(outside=tmp_path / "outside") + "\n")
    assert surroundings(str(root), (), 10**6) is None


def test_a_submodule_has_its_folder_of_git_in_the_repository(root: Path) -> None:
    (root / ".git/modules/module").mkdir(parents=True)
    (root / "module").mkdir()
    (root / "module/.git").write_text("gitdir: ../.git/modules/module\n")
    before = state(root)
    (root / ".git/modules/module/HEAD").write_text("ref: refs/heads/main\n")
    assert state(root) != before


STRACE = shutil.which("strace")
PATHS = re.compile(r'^\d+ +(\w+)\((?:AT_FDCWD(?:<[^>]*>)?, |\d+(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"')

DECIDES_NOTHING = {
    r"/dev/null": "it is empty",
    r"/proc/self/fd/\d+": "the name of a file that is open",
    r"/([\w.-]+/)*lib(32|64)?(/[\w.-]+)*/[\w.+-]+\.so(\.\d+)*(\.cache)?": "a library, which the list of all of them names",
    r"/([\w.-]+/)*lib(32|64)?(/(tls|glibc-hwcaps|haswell|avx512_1|x86[_-]64[\w-]*))*": "a folder of libraries",
    r"/etc/ld\.so\.\w+": "a part of that list",
    r"/usr/(lib|share)/(locale|i18n).*": "names of months and words that nothing is printed with",
    r"/usr/lib(/[\w-]+)*/gconv/.*": "encodings that Python does not take from there",
    r"/etc/(passwd|nsswitch\.conf|host\.conf|resolv\.conf)": "the name of the caller's home, which HOME says",
    r"(/\w+)*/tmp/\w{8}|/tmp|/var/tmp": "where what git complains of is put",
    r".*/git": "which git is called: it says its version",
    r".*/(gitconfig|\.gitconfig|git/config)": "configuration that git is asked for as a whole",
    r".*/os\.pyc?|.*\.pth|.*/pyvenv\.cfg|.*\._pth|.*/python3?\d*\.zip|.*/pybuilddir\.txt|.*/Modules/Setup(\.local)?|.*/bin/lib/.*|.*/bin/python[\d.]*": "where Python is, and what makes the path that modules are looked for in: both are known",
    r"/([\w.-]+/)*_distutils_hack(/.*)?": "what setuptools imports at every start of Python",
}  # fmt: skip
"""What a check opens or looks for besides, and why that makes no report another one."""


def looked_at(trace: str, folder: Path) -> Iterator[str]:
    """The paths of all calls that have one, without links in them as far as there are any."""
    for line in trace.splitlines():
        found = PATHS.match(line)
        if found is None:
            continue
        _, of, path = found.groups()
        if path:
            yield os.path.normpath(os.path.join(folder, of or "", path))


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_nothing_else_is_looked_at(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    build(root)
    (root / "experiments/second.yaml").unlink()  # git is asked what it was
    variables = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTHONPATH")}
    variables |= {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    log = tmp_path / "trace"
    command = [sys.executable, "-m", "egp", "check", "--as-of", DAY]
    can_trace = subprocess.run([STRACE or "", "true"], capture_output=True, check=False).returncode == 0
    if not can_trace:
        pytest.skip("this system lets nobody be traced")
    ran = subprocess.run(
        [STRACE or "", "-f", "-qq", "-s", "4096", "-e", "trace=%file,%network", "-o", str(log), *command],
        cwd=root, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    trace = log.read_text(errors="surrogateescape")
    assert trace.count("execve(") > 3, "git was asked"
    assert not re.search(r"^\d+ +(socket|connect)\(", trace, re.MULTILINE)
    asked = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.path, sep='\\n')"],
        cwd=root, env=variables, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    searched = [each for each in asked.splitlines() if each]
    whole = [root, *OWN, os.path.dirname(os.__file__), *zoneinfo.TZPATH, tmp_path / "cache"]
    whole += [os.path.join(each, name) for each in searched for name in module._PACKAGES]
    listed = [*searched, *SINGLE_FILES, sys.executable, os.path.realpath(sys.executable)]
    tops = [*map(str, whole), *(real_path(str(each)) for each in whole)]
    above = {folder for top in (*tops, *listed) for folder in (top, *map(str, Path(top).parents))}
    unknown = set()
    for path in looked_at(trace, root):
        in_whole = any(is_inside(path, top) for top in tops)
        beside = os.path.dirname(path) in {*listed, *map(real_path, map(str, listed))}
        is_way = path in above or (path.endswith("/.git") and os.path.dirname(path) in above)
        reason = any(re.fullmatch(each, path) for each in DECIDES_NOTHING)
        if not (in_whole or beside or is_way or reason or path in SINGLE_FILES):
            unknown.add(path)
    assert unknown == set()
    of_packages = {
        path for path in looked_at(trace, root)
        if "-packages/" in path and path.split("-packages/")[1].count("/") and path.split("-packages/")[1].split("/")[0] not in (*module._PACKAGES, "_distutils_hack", "egp")
    }  # fmt: skip
    assert of_packages == set(), "of packages of others only these are imported"
