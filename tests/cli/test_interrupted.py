"""Long work that somebody interrupts: it ends with 130, says so, and leaves every file as it was, or whole."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gate.calling import call
from tests.measure.shop import copy_shop, write_shop

PLAN = "experiments/mobile-buy-now.yaml"
SOURCE = ("--source", "duckdb:///shop.db", "--as-of", "2023-01-10")
FEW = ("--lives", "1", "--watch", "1", "--runs", "20")
PROGRAM = """
import sys
from egp.check import processes
from egp.cli.main import main

# So few runs are worth a second process here.
processes.WORTHWHILE, processes.PART, processes._workers = 2, 2, lambda *_: 2
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("interrupted") / "shop"
    copy_shop(folder)
    write_shop(folder / "shop.db", users=1_500)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


class OnTerminal:
    """egp, with a terminal as its standard error, in a group of its own as a shell would start it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._terminal, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.said = ""

    def listen(self, until: str = "") -> None:
        """To what it says up to a text, or to all of it."""
        with suppress(OSError):  # its end is closed
            while not until or until not in self.said:
                self.said += os.read(self._terminal, 4096).decode()

    def interrupt(self, send: Callable[[int, int], None] = os.killpg) -> int:
        """As Ctrl-C does, to the whole group, or as ``send`` does; the exit status."""
        send(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=60)
        with pytest.raises(ProcessLookupError):  # nor does any process go on
            os.killpg(self.process.pid, 0)
        self.listen()
        out, _ = self.process.communicate(timeout=60)
        os.close(self._terminal)
        assert out == b""
        return self.process.returncode


@pytest.mark.parametrize(
    ("command", "until", "send"),
    [
        (("measure", PLAN, *SOURCE, "--write"), "sums of part 1", os.killpg),
        (("measure", PLAN, *SOURCE, "--write"), "in part 2", os.kill),
        (("rehearse", PLAN, *SOURCE, *FEW, "-o", "page.html"), "life 1", os.killpg),
        # A second process is at work, of which the first alone knows.
        (("rehearse", PLAN, *SOURCE, *FEW, "-o", "page.html"), "6 of 20 runs", os.kill),
    ],
)
def test_while_it_works(
    shop: Path, command: tuple[str, ...], until: str, send: Callable[[int, int], None]
) -> None:
    before = contents(shop)
    running = OnTerminal(shop, *command)
    running.listen(until)
    assert until in running.said
    assert running.interrupt(send) == 130
    assert running.said.rstrip().endswith("egp: interrupted")
    assert contents(shop) == before


def test_at_each_file_that_a_registration_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = tmp_path / "start"
    copy_shop(start)
    text = (start / PLAN).read_text(encoding="utf-8")
    for name in ("second", "third"):
        other = (
            text.replace("mobile-buy-now", name)
            .replace("mobile_buy_now", name)
            .replace("layer: pdp", f"layer: {name}")
        )
        (start / f"experiments/{name}.yaml").write_text(
            other.replace("pdp.mobile", f"{name}.mobile"), encoding="utf-8"
        )
    register = ("register", "experiments", "--as-of", "2023-01-17", "--write-date")
    whole = tmp_path / "whole"
    shutil.copytree(start, whole)
    told = call(whole, *register)
    assert told.status == 0, told.err
    wanted, writes = contents(whole), 0
    real = os.replace
    while True:
        folder = tmp_path / f"at-{writes}"
        shutil.copytree(start, folder)
        left = [writes]

        def replaced(*arguments: object, left: list[int] = left, **more: object) -> None:
            if not left[0]:
                left[0] -= 1
                raise KeyboardInterrupt
            left[0] -= 1
            real(*arguments, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(os, "replace", replaced)
        told = call(folder, *register)
        monkeypatch.setattr(os, "replace", real)
        if told.status == 0:
            break
        assert (told.status, told.err.splitlines()[-1]) == (130, "egp: interrupted")
        assert not [name for name in contents(folder) if name.endswith(".partial")]
        assert call(folder, *register).status == 0
        assert contents(folder) == wanted
        writes += 1
    assert writes >= 2
