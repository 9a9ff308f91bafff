"""An author who does what `egp check` asks, and nothing else: the facts are known, and are written when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from egp.advice.edits import changed
from egp.check import check
from egp.plan.finding import Diagnostic
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.yaml import parse_pointer, read_text
from egp.yaml.edits import Edit, EditError, Setting, value_at

from .calling import call

MOST_ROUNDS = 12

OF_KIND: Mapping[str, Mapping[str, object]] = {
    "proportion": {"baseline": "12%", "mde": "45bps", "direction": "increase"},
    "mean": {"baseline": "10", "std_dev": "12", "skewness": 3, "mde": "2%", "direction": "increase"},
    "ratio": {"baseline": "0.5", "std_dev": "0.6", "mde": "2%", "direction": "increase"},
    "quantile": {
        "quantile": "95%", "baseline": "1900ms", "influence_std_dev": "2600ms", "mde": "3%", "direction": "decrease",
    },
}  # fmt: skip
"""What is known of a metric of each kind."""


def facts(kind: str, day: str) -> dict[str, object]:
    """What the author knows, by the key that says it; under `primary_metric.` and `guardrail_metrics.` by the metric."""
    source = {"from": "shop events, 28 days", "as_of": day}
    metric = {"kind": kind, **OF_KIND[kind], "outcome_window": "0d", "baseline_source": source, **source}
    guardrail = {
        **metric,
        "direction": "decrease",
        "non_inferiority_margin": "8%",
        "covers": "quality",
        "outcome_window": "2d",
    }
    return {
        "title": "A shelf of what others bought",
        "hypothesis": "A shelf of what others bought lifts orders, because it saves the search.",
        "team": "shelf", "dri": "@shelf-pm", "risk": [], "surfaces": ["home.shelf"], "layer": "home", "revision": "shop-17",
        "distinct_over_run": "600_000", "per_day": "60_000", "source": "shop events, 28 days", "as_of": day,
        "owner": "@shelf-oncall", "comms": "comms/rollback.md", "to": "head_of_shop", "audience": ["pm"],
        "by": "@xp-lead", "on": day, "min_units_per_variant": "4_000", "sample_size_per_variant": None,
        "primary_metric": {"id": "orders", "non_inferiority_margin": "4%", **metric},
        "guardrail_metrics": guardrail,
    }  # fmt: skip


class Author:
    """Keeps answering until there is nothing more to say."""

    def __init__(self, folder: Path, plan: str, known: Mapping[str, Any], day: str) -> None:
        self.folder = folder
        self.path = plan
        self.known = known
        self.day = day
        self.unanswered: list[str] = []

    def fills(self) -> dict[str, Any]:
        """Fills the plan in; returns the last report."""
        for _ in range(MOST_ROUNDS):
            report: dict[str, Any] = call(
                self.folder, "check", self.path, "--as-of", self.day, "--format", "json"
            ).json
            before = self.text
            self.unanswered = [each.message for each in self._diagnostics() if not self._answers(each)]
            if self.text == before:
                for each in report["not_checked"]:
                    self._supplies(each["needs"])
            if self.text == before:
                return report
        raise AssertionError(f"still asked after {MOST_ROUNDS} rounds: {self.unanswered}")

    @property
    def text(self) -> str:
        return (self.folder / self.path).read_text(encoding="utf-8")

    def _diagnostics(self) -> list[Diagnostic]:
        policy = read_policy(str(self.folder / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(self.folder), policy.plans, policy.root)
        return check(finder.asked([self.path]), finder, policy, date.fromisoformat(self.day)).diagnostics

    def _answers(self, diagnostic: Diagnostic) -> bool:
        """By a fact for the key that is missing, else by the first remedy."""
        value = read_text(self.text)[0].value
        at = parse_pointer(diagnostic.place.pointer, value)
        at = (*at, diagnostic.missing) if diagnostic.missing else at
        options = self._facts_missing_at(value, at)
        options += [each.edits for each in diagnostic.remedies if each.edits]
        return self._writes(options)

    def _supplies(self, pointer: str) -> bool:
        """What a rule needs to say anything, if it is known."""
        value = read_text(self.text)[0].value
        return self._writes(self._facts_missing_at(value, parse_pointer(pointer, value)))

    def _facts_missing_at(self, value: Any, at: tuple[str | int, ...]) -> list[Sequence[Edit]]:
        return [[Setting(at, fact)] for fact in self._facts(at) if value_at(value, at) in (None, {})]

    def _writes(self, options: Sequence[Sequence[Edit]]) -> bool:
        """The first of them that can be written."""
        for changes in options:
            try:
                after = changed(self.text, changes)
            except EditError:
                continue
            (self.folder / self.path).write_text(after, encoding="utf-8")
            return True
        return False

    def _facts(self, at: tuple[str | int, ...]) -> list[object]:
        of_metric = self.known.get(str(at[0])) if len(at) > 1 else None
        known = of_metric if isinstance(of_metric, dict) else self.known
        found = known.get(str(at[-1]))
        return [] if found is None or (isinstance(found, dict) and len(at) == 1) else [found]


def filled(folder: Path, of_type: str, kind: str, day: str) -> tuple[str, dict[str, Any], list[str]]:
    """The path of a new plan that is filled in, the last report on it, and what was asked and could not be answered."""
    begun = call(folder, "new", "experiment", "shelf", "--type", of_type, "--as-of", day)
    assert begun.status == 0, begun.err
    author = Author(folder, "experiments/shelf.yaml", facts(kind, day), day)
    report = author.fills()
    return author.path, report, author.unanswered


def shown(report: Mapping[str, Any]) -> str:
    """What is still wrong, for a failing test."""
    told = [
        f"{each['rule']} {each['pointer']}: {each['message']} | {each['help']}"
        for each in report["diagnostics"]
    ]
    return "\n".join([*told, json.dumps(report["not_checked"])])
