"""egp register and egp amend, several at once, and killed at any point of what they write."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from egp.advice import register
from egp.advice.register import write_changed
from egp.cli.main import main
from egp.policy.plan_files import PlanSource
from egp.record.entry_files import ENTRIES
from egp.record.lock import LOCK_FILE, read_lock
from tests.lock.children import die_before_call, ended_well, run_in_child
from tests.lock.entries import own_file
from tests.register.house import STATEMENT, House

PLAN = "experiments/buy-now.yaml"
REGISTER = ("register", PLAN, "--as-of=2023-01-17", "--write-date")
AMEND = ("amend", PLAN, *STATEMENT, "--as-of=2023-01-20")

State = tuple[str | None, str]
"""The lock and the plan."""


def test_two_at_once_lose_nothing(house: House) -> None:
    names = ["buy-now", "wish-list", "size-guide", "video"]
    for name in names[1:]:
        house.plan(f"experiments/{name}.yaml")
    children = [
        run_in_child(lambda name=name: quiet("register", f"experiments/{name}.yaml", "--as-of=2023-01-17"))  # type: ignore[misc]
        for name in names
    ]
    assert [ended_well(child) for child in children] == [True] * 4
    assert sorted(house.lock()) == sorted(names)


def quiet(*arguments: str) -> None:
    """A call of egp in a child process, whose report nobody reads."""
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    assert main(list(arguments)) == 0


def state(house: House) -> State:
    """The entry of the lock, which its file has whole, and the plan."""
    own = own_file(house.root, "buy-now")
    assert dict(read_lock(str(house.root)).entries).keys() == ({"buy-now"} if own.exists() else set())
    return own.read_text() if own.exists() else None, house.text(PLAN)


class AllTried(BaseException):
    """Every point has been tried; egp takes it for no error of its own."""


class Deaths:
    """Lets egp die before each call of the operating system that follows its check, each time in a fork of its own."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.left: set[State] = set()
        """What the dead have left."""
        self._old = state(house)
        self._patch = monkeypatch

    def of(self, *arguments: str) -> None:
        parent = os.getpid()
        status = 1
        try:
            with self._patch.context() as patch, suppress(AllTried):
                patch.setattr(register, "write_changed", self._fork_before_writing)
                status = main(list(arguments))
        finally:
            if os.getpid() != parent:
                os._exit(status)

    def _fork_before_writing(
        self, before: Sequence[PlanSource], after: Sequence[PlanSource], done: list[str]
    ) -> None:
        for number in range(300):
            restore(self.house.root, self._old)
            child = os.fork()
            if child == 0:
                die_before_call(number)
                return write_changed(before, after, done)
            if ended_well(child):
                raise AllTried
            self.left.add(state(self.house))
        raise AssertionError("there are more calls than one would think")


@pytest.mark.parametrize("arguments", [REGISTER, AMEND], ids=["register", "amend"])
def test_killed_at_any_point(
    arguments: tuple[str, ...], house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-02")
    if arguments is AMEND:
        assert house.register(PLAN, "--write-date") == 0
        house.edit(PLAN, "until: 2023-05-10", "until: 2023-05-12")
    old = state(house)
    deaths = Deaths(house, monkeypatch)
    deaths.of(*arguments)
    new = state(house)
    assert deaths.left == {old, (old[0], new[1]), new}, "the plan is written first, and each file is whole"
    for half in deaths.left:
        restore(house.root, half)
        assert house.egp(*arguments) == 0
        assert state(house) == new, "the next run completes what a killed one began"
    assert sorted(os.listdir(house.root)) == [".git", "comms", LOCK_FILE, ENTRIES, "egp.yaml", "experiments"]
    assert os.listdir(house.root / "experiments") == ["buy-now.yaml"]


def restore(root: Path, to: State) -> None:
    lock, plan = to
    (root / PLAN).write_text(plan)
    if lock is None:
        own_file(root, "buy-now").unlink(missing_ok=True)
    else:
        own_file(root, "buy-now").write_text(lock)
