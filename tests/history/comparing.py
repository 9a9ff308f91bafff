"""A repository whose plans are compared with their past, by rules that tell what they were given to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from egp.check import check
from egp.output.report.model import Report
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.policy.params import _readers
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.record.entry_files import entry_file
from egp.record.lock import LOCK_FILE, PinnedPolicy, Registration, made
from egp.record.lock.writing import update_lock
from egp.yaml import read_text
from tests.check.workspace import Workspace
from tests.lock.entries import own_file
from tests.lock.first_release import as_first_release
from tests.sources.scripted import ScriptedRepository

PLAN = """\
id: {id}
type: superiority
feature_flag: {flag}
surfaces: [{surface}]
variants:
  - {{id: control, weight: 50%, control: true}}
  - {{id: treatment, weight: 50%}}
schedule: {{start: 2023-01-23, end: 2023-02-05}}
primary_metric: {{id: add_to_cart_rate, kind: proportion}}
registered: 2023-01-17
"""
POLICY = (
    "plans: ['plans/**/*.yaml']\nrules: {told-change: {severity: warning}, told-removal: {severity: error}}\n"
)

TOLD_CHANGE = """
def check(change: 'Change'):
    last_day = lambda plan: plan and str(plan.schedule.end)
    told = dict(before=last_day(change.before), pinned=last_day(change.pinned), registered=change.registered, base=change.under_base,
                lock=bool(change.lock), base_lock=bool(change.base_lock), renamed=change.renamed_from,
                digest=change.digest[:10], first=change.first_commit)
    told = {name: value for name, value in told.items() if value}
    end = ('schedule', 'end')
    related = (Related(end, 'before', EARLIER), Related(end, 'pinned', PINNED), Related(('registered',), 'lock', LOCK))
    yield Finding(('schedule', 'end'), ' '.join(f'{name}={value}' for name, value in told.items()), related=related)
"""
TOLD_REMOVAL = """
def check(gone: 'Removal'):
    heir = gone.successor and gone.successor.id
    was = gone.before and gone.before.id
    yield Finding(('id',), f'{gone.path} was={was} lock={bool(gone.lock)} registered={gone.registered} heir={heir}')
"""


def plan(name: str, flag: str = "", surface: str = "") -> str:
    return PLAN.format(id=name, flag=flag or name.replace("-", "_"), surface=surface or f"pages.{name}")


class Comparison(ScriptedRepository):
    """Plans below ``plans/``, registered and committed at will, and what the telling rules were given."""

    has_first_lock = False
    """Whether the lock is one of the first release."""

    def prepare(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.git("init", "--quiet", "--initial-branch=main")
        workspace = Workspace(self.root, monkeypatch)
        workspace.rule("told-change", TOLD_CHANGE)
        workspace.rule("told-removal", TOLD_REMOVAL)
        self.write(".gitignore", ".rules\n")
        self.write("egp.yaml", POLICY)

    def register(self, path: str, day: str = "2023-01-17") -> None:
        """Pins the plan as it lies there, whatever it says."""
        read, _ = read_experiment(read_text(self.read(path))[0].value)
        entry = made(
            Registration,
            path=path,
            digest=plan_digest(read),
            registered=date.fromisoformat(day),
            policy=made(PinnedPolicy, name="egp.yaml", digest="sha256:0"),
        )
        update_lock(str(self.root), lambda entries: entries.update({read.id or "": entry}))
        if self.has_first_lock:
            as_first_release(self.root)

    def remove_entry(self, name: str) -> None:
        if self.has_first_lock:
            lines = self.read(LOCK_FILE).splitlines(True)
            self.write(LOCK_FILE, "".join(line for line in lines if not line.startswith(f"  {name}:")))
        else:
            own_file(self.root, name).unlink()

    def entry_place(self, name: str) -> str:
        """The file and place of an experiment's entry."""
        if not self.has_first_lock:
            return f"{entry_file(name)}:2:1"
        lines = self.read(LOCK_FILE).splitlines()
        (number,) = (at for at, line in enumerate(lines, start=1) if line.startswith(f"  {name}:"))
        return f"{LOCK_FILE}:{number}:3"

    def report(self, *paths: str, base: str = "", folder: str = "") -> Report:
        policy = read_policy(str(self.root / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(self.root / folder), policy.plans, policy.root)
        asked = finder.asked(paths) if paths else finder.portfolio()
        return check(asked, finder, policy, date(2023, 1, 30), base=base)

    def told(self, *paths: str, base: str = "") -> dict[str, str]:
        """Experiment → what its rule was given."""
        report = self.report(*paths, base=base)
        assert report.failures == []
        return {each.experiment: each.message for each in report.diagnostics if each.rule.startswith("told")}


@pytest.fixture(params=[False, True], ids=["", "first-lock"])
def compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Comparison]:
    monkeypatch.chdir(tmp_path)
    comparison = Comparison(tmp_path)
    comparison.has_first_lock = request.param
    modules = set(sys.modules)
    comparison.prepare(monkeypatch)
    yield comparison
    _readers.cache_clear()
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
