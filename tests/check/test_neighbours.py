"""Plans that are compared with, remembered from check to check: what is found is what a first check finds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from egp.check import check
from egp.check.neighbours import Neighbours
from egp.output.report.model import Report
from egp.plan.experiment import read_experiment
from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.owners import Owners
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.reading import read_policy, shipped_policy
from egp.policy.territories import territories_on_disk
from egp.record.lock import Registration, made
from egp.rules.rule_inputs import PortfolioEntry, entry_of
from egp.yaml import files
from egp.yaml.files import before_disk

AS_OF = date(2023, 1, 18)
SOUND = (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")
POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\n'
POLICIES = [
    POLICY,
    POLICY + "defaults: {layer: shared}\n",
    POLICY + 'delegates: ["experiments/team/**"]\n',
    POLICY.replace("experiments/**", "experiments/team/**"),
    POLICY + "rules: {nothing: {}}\n",
]
PLANS = [
    SOUND,
    SOUND.replace("id: sound-plan", "id: other"),
    SOUND.replace("id: sound-plan", "id: third").replace("layer: pdp\n", ""),
    SOUND.replace("feature_flag: pdp_buy_now", "feature_flag: second"),
    "id: [",
    "",
]
PLACES = ["a.yaml", "b.yaml", "team/c.yaml", "team/egp.yaml"]


@pytest.fixture(autouse=True, scope="module")
def clock() -> Iterator[None]:
    """What is written here was written long ago."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "time_ns", lambda: time.time_ns() + 10**10)
        yield


@dataclass
class Change:
    """What somebody does to a file: writes it, opens it without saving, takes it away."""

    place: str
    what: str
    text: str


CHANGES = st.builds(
    Change, st.sampled_from(PLACES), st.sampled_from(["write", "open", "remove"]), st.sampled_from(PLANS)
) | st.builds(Change, st.just("../egp.yaml"), st.just("write"), st.sampled_from(POLICIES))


@settings(max_examples=25)
@given(changes=st.lists(CHANGES, min_size=1, max_size=5))
@example(changes=[Change("a.yaml", "write", SOUND), Change("../egp.yaml", "write", POLICY)])
def test_what_is_remembered_makes_no_difference(changes: list[Change]) -> None:
    with TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        plan, buffers, neighbours = root / "experiments" / "plan.yaml", {}, Neighbours()
        (root / "experiments" / "team").mkdir(parents=True)
        (root / ".git").mkdir()
        (root / "egp.yaml").write_text(POLICY)
        plan.write_text(SOUND)
        for change in changes:
            file = (plan.parent / change.place).resolve()
            if change.what == "open":
                buffers[str(file)] = change.text.encode()
            elif change.what == "write":
                file.write_text(change.text)
            else:
                file.unlink(missing_ok=True)
                buffers.pop(str(file), None)
            with before_disk(buffers):
                assert found(root, plan, neighbours) == found(root, plan, None)


def found(root: Path, plan: Path, neighbours: Neighbours | None) -> object:
    def read(file: str) -> object:
        return read_policy(file, os.path.relpath(file, root)) if file else shipped_policy("egp:standard")

    owners = Owners(territories_on_disk(str(root)), read)  # type: ignore[arg-type]
    try:
        policy = owners.policy(owners.territories.of(str(plan)))
    except PolicyError as error:
        return error.failures
    finder = PlanFinder(str(root), policy.plans, policy.root, owners)
    report: Report = check([finder.at(str(plan))], finder, policy, AS_OF, neighbours=neighbours)
    return report.diagnostics, report.failures, report.unchecked


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of a file system may be too coarse to tell two writings apart."""
    monkeypatch.setattr(files, "time_ns", time.time_ns)
    (tmp_path / ".git").mkdir()
    (tmp_path / "egp.yaml").write_text(POLICY)
    plan, other = tmp_path / "experiments" / "plan.yaml", tmp_path / "experiments" / "other.yaml"
    plan.parent.mkdir()
    plan.write_text(SOUND)
    other.write_text(SOUND.replace("id: sound-plan", "id: sound-plat"))
    neighbours, before = Neighbours(), other.stat()
    found(tmp_path, plan, neighbours)
    other.write_text(SOUND)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found(tmp_path, plan, neighbours) == found(tmp_path, plan, None)


class Reader:
    """Entries of a file as egp check reads them, and which files were read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, source: PlanSource, failures: list[Failure]) -> list[PortfolioEntry]:
        self.read.append(os.path.basename(source.path))
        assert failures == []
        return [
            entry_of(read_experiment(each.value)[0], source.shown, each.index) for each in source.documents()
        ]


@dataclass
class Desk:
    """A folder of plans that somebody looks at again and again."""

    root: Path
    neighbours: Neighbours
    reader: Reader

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def look(
        self, asked: str = "", rests_on: object = 1, lock: Mapping[str, Registration] | None = None
    ) -> tuple[list[str], list[str]]:
        """The ids that are found, and the files that were read for it."""
        policy = read_policy(str(self.root / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(self.root), policy.plans, policy.root)
        of_call = {finder.canonical(str(self.root / asked))} if asked else set()
        self.reader.read = []
        found = self.neighbours.elsewhere(finder, of_call, rests_on, lock or {}, self.reader, [])
        return [each.id for each in found], self.reader.read


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path.resolve(), Neighbours(), Reader())
    (tmp_path / ".git").mkdir()
    made.write("egp.yaml", POLICY)
    for name in "ab":
        made.write(f"experiments/{name}.yaml", SOUND.replace("id: sound-plan", f"id: {name}"))
    return made


def test_what_is_as_it_was_is_not_read_again(desk: Desk) -> None:
    assert desk.look() == (["a", "b"], ["a.yaml", "b.yaml"])
    assert desk.look() == (["a", "b"], [])


def test_a_file_that_changed_is_read_again_and_no_other(desk: Desk) -> None:
    desk.look()
    desk.write("experiments/b.yaml", SOUND.replace("id: sound-plan", "id: another"))
    assert desk.look() == (["a", "another"], ["b.yaml"])
    desk.write("experiments/c.yaml", SOUND)
    assert desk.look() == (["a", "another", "sound-plan"], ["c.yaml"])
    (desk.root / "experiments" / "a.yaml").unlink()
    assert desk.look() == (["another", "sound-plan"], [])


def test_a_file_that_was_written_just_now_is_read_each_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "time_ns", time.time_ns)
    long_ago = time.time_ns() - 10**10
    os.utime(desk.root / "experiments" / "b.yaml", ns=(long_ago, long_ago))
    for _ in range(2):
        assert desk.look()[1][-1:] == ["b.yaml"], "when it was written says the system, and not who wrote it"


def test_a_plan_in_question_stands_as_it_is_judged_and_is_read_once_it_is_not(desk: Desk) -> None:
    assert desk.look(asked="experiments/a.yaml") == (["b"], ["b.yaml"])
    assert desk.look(asked="experiments/b.yaml") == (["a"], ["a.yaml"])
    assert desk.look() == (["a", "b"], ["b.yaml"])


def test_where_all_rest_on_something_else_all_are_read_again(desk: Desk) -> None:
    desk.look()
    assert desk.look(rests_on=2)[1] == ["a.yaml", "b.yaml"]
    assert desk.look(rests_on=2)[1] == []


def test_a_plan_that_the_lock_moves_is_read_again(desk: Desk) -> None:
    desk.look()
    entry = made(Registration, digest="v1:sha256:0", registered=date(2023, 1, 17))
    assert desk.look(lock={"b": entry})[1] == ["b.yaml"]
    assert desk.look(lock={"b": entry})[1] == []
    assert desk.look(lock={})[1] == ["b.yaml"]
    assert desk.look(lock={"elsewhere": entry})[1] == []


def test_a_file_that_is_no_plan_of_the_portfolio_is_not_read(desk: Desk) -> None:
    desk.write("egp.yaml", POLICY.replace("experiments/**/*.yaml", "experiments/**/a*.yaml"))
    assert desk.look() == (["a"], ["a.yaml"])


def test_the_files_of_an_experiment_are_known(desk: Desk) -> None:
    desk.look(asked="experiments/a.yaml")
    assert list(map(os.path.basename, desk.neighbours.files_of(["a", "b"]))) == ["b.yaml"]
    assert desk.neighbours.files_of(["a"]) == []
