"""The plan of a new experiment where defaults and a catalogue of metrics say the most of it: what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from egp.advice.new.catalogued import definition_of, is_open, population_of
from egp.advice.new.experiment import LEAD, MEASURED_LATER, SCHEMA_LINE, Draft, PlanLines
from egp.advice.new.questions import Answers
from egp.plan.analysis.guardrail_lines import SPREADS
from egp.plan.completing import overlaid, read_plan
from egp.plan.experiment import Experiment
from egp.plan.power.sample import needed_sample
from egp.policy.model import Policy
from egp.policy.resolving import resolved
from egp.yaml import Document, read_text
from egp.yaml.written import written

MOST_ASKED = 10
"""Questions for an author: what the company knows anyway is in its policy and its catalogue."""

_DERIVED = frozenset(("title", "layer", "flag"))
"""What follows from other answers, and is easily written otherwise."""

_NEEDED = frozenset(("schedule", "statistics", "ramp", "rollback"))
"""Without these among the defaults, a plan has to say nearly everything."""

_RUN = 14
"""Days of a run, where neither the policy nor an answer says."""


def is_asked(
    name: str, answers: Mapping[str, object], policy: Policy, surfaces: list[str], as_of: date
) -> bool:
    """Whether only the author can answer a question: not what defaults and catalogue say, nor what follows from the rest."""
    if name == "guardrail":
        return not _defaults(policy, surfaces, as_of).get("guardrail_metrics")
    return name not in _DERIVED and is_open(name, answers, policy)


def says_the_most(policy: Policy, surfaces: list[str], as_of: date) -> bool:
    """Whether the policy's defaults have what every plan needs besides its own."""
    return _defaults(policy, surfaces, as_of).keys() >= _NEEDED


def _defaults(policy: Policy, surfaces: list[str], as_of: date) -> dict[str, Any]:
    from egp.policy.timing import Timing

    entries = policy.defaults_in_force("", surfaces, Timing(as_of))
    return dict(overlaid((each.value, each.document, each.path) for each in entries).value)


def short_draft(answers: Answers, policy: Policy, in_policy: str, as_of: date, start: date | None) -> Draft:
    """The plan as far as the answers lead, without what others say for it."""
    begin = start or as_of + LEAD + timedelta(days=-(as_of + LEAD).weekday() % 7)
    first = _ShortPage(answers, policy, in_policy, as_of, begin)
    sample = needed_sample(first.plan())
    page = _ShortPage(answers, policy, in_policy, as_of, begin, sample)
    schedule = page.plan().schedule
    end = schedule.end if schedule else None
    days = (end - begin).days + 1 if isinstance(end, date) else _RUN
    exposure = schedule.exposure if schedule else None
    return Draft(page.text(), sample, days, exposure or 1.0)


class _ShortPage(PlanLines):
    """Writes the plan from top to bottom."""

    def __init__(
        self,
        answers: Answers,
        policy: Policy,
        in_policy: str,
        as_of: date,
        begin: date,
        sample: int | None = None,
    ) -> None:
        super().__init__(answers, population_of(answers, policy))
        self._policy = policy
        self._in_policy = in_policy
        self._as_of = as_of
        self._begin = begin
        self._sample = sample

    def text(self) -> str:
        """The plan, with what the guardrails of the policy still need of it."""
        text = self._own([])
        lacking = [
            (str(each.id), str(each.kind or ""))
            for each in self._resolved(text)[1].guardrail_metrics
            if each.id and each.baseline is None
        ]
        return self._own(lacking)

    def plan(self) -> Experiment:
        """The plan as it is judged."""
        return self._resolved(self._own([]))[1]

    def _resolved(self, text: str) -> tuple[Document, Experiment]:
        document = resolved(read_text(text)[0], self._policy, self._in_policy, self._as_of, None)
        return document, read_plan(document)[0]

    def _own(self, lacking: list[tuple[str, str]]) -> str:
        answers = self._answers
        name = str(answers["id"])
        self._lines = [
            SCHEMA_LINE,
            "# egp show prints what the policy's defaults and the catalogue add. TODO only a person can state.",
        ]
        if self._population:
            self._lines.append(MEASURED_LATER)
        self._add(f"id: {written(name)}")
        self._add(f"title: {written(answers.get('title') or name.replace('-', ' ').capitalize())}")
        self._add(f"type: {answers['type']}")
        self._why_and_whose()
        if self._population:
            self._add(f"population: {{of: {written(self._population)}}}")
        self._add(f"layer: {written(self._layer())}")
        self._add(f"feature_flag: {written(answers.get('flag') or name.replace('-', '_'))}")
        self._asked("revision", "revision", "the build that is tested, as its pipeline names it")
        self._add("variants: [{id: control, weight: 50%, control: true}, {id: treatment, weight: 50%}]")
        self._add(f"schedule: {{start: {self._begin}}}")
        self._units()
        self._primary()
        self._guardrails([] if self._population else lacking)
        if self._sample is not None:
            self._add(f"sample_size_per_variant: {self._sample:_}")
        elif not self._population:
            self._open(
                "sample_size_per_variant", "egp check --fix --unsafe computes it from the numbers above"
            )
        self._sign_offs()
        return "\n".join(self._lines) + "\n"

    def _units(self) -> None:
        if self._population:
            self._stated_numbers("eligible_units:", units="  distinct_over_run", per_day="  per_day")
            return
        self._add("eligible_units:")
        self._asked("units", "  distinct_over_run", "distinct units of the run, counted in one query")
        self._asked("per_day", "  per_day", "distinct units of one day")
        self._open("  source", "the query or dashboard")
        self._open("  as_of", "the day it was counted")

    def _primary(self) -> None:
        self._add("primary_metric:")
        self._asked("metric", "  id", "the metric that decides")
        known = definition_of(self._answers.get("metric"), self._policy)
        kind = known.kind if known else self._answers.get("kind")
        for key in ("kind", "direction", *(("quantile",) if kind == "quantile" else ()), "outcome_window"):
            if key in self._answers or (known is None and key != "outcome_window"):
                self._asked(key, f"  {key}", "as the metric is defined")
        self._baseline(kind, known is not None and bool(self._population))
        if self._answers["type"] == "superiority":
            self._asked("mde", "  mde", "the smallest effect that must be found, as in 2% or 45bps")
        elif self._answers["type"] == "non_inferiority":
            self._asked("margin", "  non_inferiority_margin", "the largest acceptable harm")

    def _guardrails(self, lacking: list[tuple[str, str]]) -> None:
        named = self._answers.get("guardrail")
        own = [str(each) for each in named] if isinstance(named, list) else []
        items = {**dict.fromkeys(own, ""), **dict(lacking)}
        if items:
            self._add("guardrail_metrics:")
        for name, kind in items.items():
            spread = f", {SPREADS[kind]}: " if kind in SPREADS else ""
            self._add(f"  - {{id: {written(name)}, baseline: {spread}}} # TODO its value today")

    def _sign_offs(self) -> None:
        signing = self._resolved("\n".join(self._lines))[1].sign_offs
        if signing:
            self._add("sign_offs:")
        for each in signing:
            self._add(f"  - role: {written(each.role or '')}")
            self._open("    on", f"the day that it was signed, before {self._begin}")

    def _layer(self) -> str:
        surfaces = self._answers.get("surface")
        first = (
            str(surfaces[0])
            if isinstance(surfaces, list) and surfaces
            else str(self._answers.get("team") or "main")
        )
        return str(self._answers.get("layer") or first.partition(".")[0])
