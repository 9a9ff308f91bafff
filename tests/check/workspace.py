"""A repository in a temporary folder: plans, policies and rules of a test's own, and the run over them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path

import pytest

from egp.check import check
from egp.output.report.model import Report
from egp.plan.finding import Diagnostic
from egp.policy.layers import ALWAYS
from egp.policy.params import _readers
from egp.policy.plan_files import PlanFinder, PlanSource
from egp.policy.reading import read_policy
from egp.rules.rule import index, rule_in

AS_OF = date(2023, 1, 18)

PLAN = """\
id: buy-now
type: superiority
variants:
  - {id: control, weight: 50%, control: true}
  - {id: buy_now, weight: 50%}
schedule: {start: 2023-01-23, end: 2023-02-05}
primary_metric: {id: add_to_cart_rate, kind: proportion}
"""
"""The least that an experiment can be named with; it runs for fourteen days."""

SHORT = PLAN.replace("end: 2023-02-05", "end: 2023-01-27")
"""The same for five days."""

BROKEN = "id: buy-now\nschedule: {start: 2023-01-23\n"
"""No YAML: a bracket is left open."""

ALWAYS_PASSED = len(ALWAYS.keys() - {"waiver-valid"})
"""Checks of the plans above that pass under every policy; they have no waivers to be valid."""

RUNTIME_ALONE = "rules: {minimum-runtime: {severity: error}}\n"


class Workspace:
    """Files below a root, and egp run over them as from its command line."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._monkeypatch = monkeypatch
        self._rules = 0

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def rule(self, rule_id: str, source: str, page: str = "Asks something.\n\nBecause it matters.") -> None:
        """Adds a rule that exists for this test alone."""
        self._rules += 1
        module = f"{rule_id.replace('-', '_')}_{self._rules}_{os.path.basename(self.root).replace('-', '_')}"
        self.write(
            f".rules/{module}.py",
            f'"""{page}"""\nfrom egp.plan.finding import *\nfrom egp.rules import rule\n{source}',
        )
        self._monkeypatch.syspath_prepend(str(self.root / ".rules"))
        added = rule_in(import_module(module), rule_id, "runtime")
        self._monkeypatch.setitem(index(), rule_id, added)

    def report(self, *paths: str, policy: str = "egp.yaml", extra: Sequence[PlanSource] = ()) -> Report:
        """What `egp check` finds at the paths; without any, in all plans of the policy."""
        judge = read_policy(str(self.root / policy), policy)
        finder = PlanFinder(str(self.root), judge.plans, judge.root)
        asked = finder.asked(paths) if paths or extra else finder.portfolio()
        return check([*asked, *extra], finder, judge, AS_OF)


def found(report: Report) -> list[tuple[str, str, str]]:
    """(rule, severity, place) of every diagnostic."""
    return [(each.rule, each.severity, where(each)) for each in report.diagnostics]


def where(diagnostic: Diagnostic) -> str:
    place = diagnostic.place
    return f"{place.path}:{place.span.start.line}:{place.span.start.column}"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.chdir(tmp_path)
    modules = set(sys.modules)
    yield Workspace(tmp_path, monkeypatch)
    _readers.cache_clear()
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
