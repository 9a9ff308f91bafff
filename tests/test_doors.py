"""Files are opened in one place and written in one other: no link, pipe or path of a stranger leads around them."""

from __future__ import annotations

import ast
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from egp.yaml.atomic import append, write_anew, write_atomically, write_report
from egp.yaml.files import LEADS_OUT, TooLargeError, is_there, read_regular, real_path, root_by_name, stamp
from tests.test_rooms import MODULES

DOORS = ("egp.yaml.files", "egp.yaml.atomic")

MAY = {
    "egp": {"os.open": "the code of its own modules, which lies beside it where a wheel was installed"},
    "egp.cli.compiled": {"read_bytes": "the sources of egp, when a wheel is built"},
    "egp.cli.commands.streams": {
        "os.open": "the null device, in the place of a standard stream that is closed"
    },
    "egp.rules.custom.apart": {
        "os.open": "the null device, for a process that says nothing",
        "open": "what the system says of the memory of its own process",
    },
    "egp.output.page.html": {"read_text": "templates that lie beside the module"},
    "egp.cli.generate": dict.fromkeys(
        ("open", "os.remove", "os.makedirs", "shutil.copy"),
        "a command of the developers, in their checkout alone",
    ),
}
"""Module → call that it makes besides, and why no stranger has a say in it."""

OF_OS = frozenset(
    {
        "open", "replace", "rename", "renames", "remove", "unlink", "readlink", "symlink", "link", "truncate", "mkdir",
        "makedirs", "mkfifo", "mknod", "chmod", "chown", "rmdir", "removedirs", "utime",
    }
)  # fmt: skip
OF_PATHS = frozenset(
    {"read_text", "write_text", "read_bytes", "write_bytes", "touch", "unlink", "resolve", "symlink_to", "hardlink_to"}
)  # fmt: skip
OF_MODULES = {
    "os": OF_OS,
    "os.path": {"realpath"},
    "io": {"open", "open_code", "FileIO"},
    "shutil": None,
    "codecs": {"open"},
}


def calls(tree: ast.AST) -> Iterator[str]:
    """The ways around the doors that a module takes, called or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "open" and isinstance(node.ctx, ast.Load):
            yield "open"
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            named = OF_MODULES.get(owner, frozenset())
            if named is None or node.attr in named:
                yield f"{owner}.{node.attr}"
            elif owner not in OF_MODULES and node.attr in OF_PATHS:
                yield node.attr
        elif isinstance(node, ast.ImportFrom) and node.module in OF_MODULES:
            named = OF_MODULES[node.module]
            yield from (
                f"{node.module}.{each.name}" for each in node.names if named is None or each.name in named
            )


def test_the_scan_sees_every_way_around() -> None:
    ways = (
        "open('a')", "map(open, names)", "os.open('a', 0)", "os.path.realpath('a')", "from os.path import realpath",
        "from os import replace", "Path('a').read_text()", "Path('a').write_bytes(b'')", "io.open('a')", "shutil.copy(a, b)",
        "p.resolve()",
    )  # fmt: skip
    assert [way for way in ways if not list(calls(ast.parse(way)))] == []


@pytest.mark.parametrize("module", [name for name in MODULES if name not in DOORS])
def test_no_other_module_opens_or_writes_a_file(module: str) -> None:
    found = set(calls(ast.parse(MODULES[module].read_text(encoding="utf-8"))))
    assert found - set(MAY.get(module, {})) == set()


def test_what_is_allowed_besides_is_used() -> None:
    unused = {
        module: set(ways) - set(calls(ast.parse(MODULES[module].read_text(encoding="utf-8"))))
        for module, ways in MAY.items()
    }
    assert {module: ways for module, ways in unused.items() if ways} == {}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "plans").mkdir()
    (root / "plans" / "plan.yaml").write_text("id: own\n")
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("hunter2")
    return folder


def _by_link(repository: Path, outside: Path) -> str:
    (repository / "a").symlink_to(outside / "secret")
    return str(repository / "a")


def _by_relative_link(repository: Path, outside: Path) -> str:
    (repository / "plans" / "a").symlink_to(f"../../{outside.name}/secret")
    return str(repository / "plans" / "a")


def _by_folder(repository: Path, outside: Path) -> str:
    (repository / "linked").symlink_to(outside)
    return str(repository / "linked" / "secret")


def _by_two_links(repository: Path, outside: Path) -> str:
    (repository / "one").symlink_to("linked")
    (repository / "linked").symlink_to(outside)
    return str(repository / "one" / "secret")


def _by_a_linked_repository(repository: Path, outside: Path) -> str:
    (outside / ".git").mkdir()
    (repository / "linked").symlink_to(outside)
    return str(repository / "linked" / "secret")


WAYS_OUT = [_by_link, _by_relative_link, _by_folder, _by_two_links, _by_a_linked_repository]


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_link_of_a_repository_leads_a_reader_out_of_it(way, repository: Path, outside: Path) -> None:  # type: ignore[no-untyped-def]
    path = way(repository, outside)
    with pytest.raises(OSError, match=LEADS_OUT):
        read_regular(path, 100)


@pytest.mark.parametrize("way", WAYS_OUT)
def test_nothing_is_written_through_a_link(way, repository: Path, outside: Path) -> None:  # type: ignore[no-untyped-def]
    path = way(repository, outside)
    for write in (write_atomically, write_report, append, write_anew):
        with pytest.raises(OSError, match=r"link|exists"):
            write(path, b"overwritten")
    assert (outside / "secret").read_text() == "hunter2"
    assert sorted(os.listdir(outside)) in (["secret"], [".git", "secret"])


def test_nothing_new_is_put_into_a_linked_folder(repository: Path, outside: Path) -> None:
    (repository / "linked").symlink_to(outside)
    for write in (write_atomically, write_report, append, write_anew):
        with pytest.raises(OSError, match=LEADS_OUT):
            write(str(repository / "linked" / "new"), b"content")
    with pytest.raises(OSError, match=LEADS_OUT):
        write_anew(str(repository / "linked" / "deep" / "new"), b"content")
    assert os.listdir(outside) == ["secret"]


@pytest.mark.parametrize("target", ["plans/plan.yaml", "nothing.yaml"])
def test_nothing_is_written_through_a_link_within_the_repository_either(
    repository: Path, target: str
) -> None:
    (repository / "report.json").symlink_to(target)
    for write in (write_atomically, write_report, append):
        with pytest.raises(OSError, match="it is a link"):
            write(str(repository / "report.json"), b"overwritten")
    assert (repository / "plans" / "plan.yaml").read_text() == "id: own\n"
    assert not (repository / "nothing.yaml").exists()


def test_links_within_the_repository_are_read_through(repository: Path) -> None:
    (repository / "latest.yaml").symlink_to("plans/plan.yaml")
    assert read_regular(str(repository / "latest.yaml"), 100) == b"id: own\n"


def test_a_repository_may_itself_be_reached_by_a_link(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "door").symlink_to(repository)
    assert read_regular(str(tmp_path / "door" / "plans" / "plan.yaml"), 100) == b"id: own\n"
    write_report(str(tmp_path / "door" / "report"), b"told")
    assert (repository / "report").read_bytes() == b"told"


def test_a_submodule_is_a_repository_of_its_own(repository: Path) -> None:
    inner = repository / "vendor" / "inner"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../../.git/modules/inner\n")
    (inner / "link").symlink_to("../../plans/plan.yaml")
    assert root_by_name(str(inner / "link")) == str(inner)
    with pytest.raises(OSError, match=LEADS_OUT):
        read_regular(str(inner / "link"), 100)


@pytest.mark.usefixtures("outside")
@pytest.mark.parametrize("path", ["../outside/secret", "plans/../../outside/secret", "/etc/hostname"])
def test_a_reader_that_is_told_where_to_stay_stays_there(repository: Path, path: str) -> None:
    with pytest.raises(OSError, match=LEADS_OUT):
        read_regular(os.path.join(repository, path), 10_000, str(repository))


def test_what_lies_in_no_repository_is_the_callers_to_name(outside: Path) -> None:
    (outside / "link").symlink_to("secret")
    assert read_regular(str(outside / "link"), 100) == b"hunter2"


def test_a_file_that_takes_the_place_of_another_while_it_is_opened(
    repository: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, opens = repository / "plans" / "plan.yaml", os.open

    def swapped(name: str, *arguments: int, **options: int) -> int:
        path.unlink()
        path.symlink_to(outside / "secret")
        descriptor = opens(name, *arguments, **options)
        path.unlink()
        path.write_text("id: own\n")  # and back, before anybody looks
        return descriptor

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(OSError, match=LEADS_OUT):
        read_regular(str(path), 100)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("made", [_pipe, _socket, _device])
def test_only_a_regular_file_is_opened(made, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    made(tmp_path / "endless.yaml")
    told: list[object] = []

    def read() -> None:
        try:
            told.append(read_regular(str(tmp_path / "endless.yaml"), 100))
        except OSError as error:
            told.append(error.strerror)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(5)
    assert told == ["it is not a regular file"]


@pytest.mark.parametrize(
    "name", ["a\0b.yaml", "\0", "plans/../a\0/b.yaml", "x\ud800.yaml", "plans\udfff/plan.yaml"]
)
def test_a_name_that_no_file_can_have_is_no_file(repository: Path, name: str) -> None:
    path = str(repository / name)
    with pytest.raises(OSError, match="no file can have this name"):
        read_regular(path, 1000)
    assert real_path(path) == os.path.abspath(path)
    assert stamp(path) is None
    assert not is_there(path)


def test_a_file_is_read_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 101)
    with pytest.raises(TooLargeError, match="101 bytes, and at most 100"):
        read_regular(str(path), 100)
    assert len(read_regular(str(path), 101)) == 101


def test_a_file_without_end_that_states_no_size_is_read_to_its_limit() -> None:
    with pytest.raises(TooLargeError):
        read_regular("/proc/kallsyms", 1000)


def test_permissions_are_kept(repository: Path) -> None:
    path = repository / "report"
    path.write_text("old")
    path.chmod(0o640)
    write_report(str(path), b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)
    assert sorted(os.listdir(repository)) == [".git", "plans", "report"]
