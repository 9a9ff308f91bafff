"""The plan of a new experiment: the policy's defaults, the author's answers, and TODO where only a person can answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from egp.advice.new.questions import Answers, daily_units, most_units, outcome_days
from egp.advice.new.settings import Settings
from egp.advice.new.stated import COMMENTS_AT, NOTHING_STATED, Stated, open_line
from egp.plan.analysis.guardrail_lines import SPREADS
from egp.plan.power.sample import needed_sample
from egp.plan.quantity import Interval
from egp.plan.wording import duration_in_plan, listing, percent, share_in_plan, unit_count
from egp.policy.shipped import schema_address
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricDefinition

SCHEMA_LINE = f"# yaml-language-server: $schema={schema_address('experiment')}"
"""What gives editors completion, as the first line of a plan."""
MEASURED_LATER = "# egp measure --write adds units, baselines and spreads, as history has them."
"""A line of a plan whose numbers history has."""
LEAD = timedelta(days=7)
"""Time to have the plan agreed before anybody is treated."""

CANARY_DAYS = 5
HOLDOUT = 0.10
"""Share of the holdout, unless the policy requires more."""
HELD_OUT_FOR = timedelta(days=90)
FIRST_STAGE = 0.70
SAMPLE_PER_STOP_RULE = 0.1
"""Part of the sample from which on a stop rule may speak."""
LATEST_START_WEEKS = 26
TUESDAY = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan's text, and the sample size that the answers lead to, once they do."""

    text: str
    sample: int | None
    days: int
    exposure: float = 1.0
    least_days: int = 0
    """Of a run that is longer for the sample's sake: what the policy requires. 0 where nobody made it longer."""

    def power_sentence(self, answers: Mapping[str, object]) -> str:
        """What the answers so far require of the experiment, in a sentence; empty before they say enough."""
        if self.sample is None:
            return ""
        aim = f"an MDE of {answers['mde']}" if "mde" in answers else f"a margin of {answers.get('margin')}"
        needs = f"{aim} needs {unit_count(self.sample)} per variant"
        most = most_units(answers, self.days)
        if most is None or most * self.exposure / 2 >= self.sample:
            return f"{needs}; the plan runs for {self.days} days{self._why_so_long(answers)}"
        come = int(most * self.exposure / 2)
        so_long = f"; it runs that long{self._why_so_long(answers)}" if self.least_days else ""
        return f"{needs}, and at most {come:,} come in the {self.days} days that the plan runs: look for a larger effect, or among more units{so_long}"

    def _why_so_long(self, answers: Mapping[str, object]) -> str:
        if not self.least_days:
            return ""
        counted = (
            f"; are the {answers['units']} distinct units those of {self.days} days?"
            if "units" in answers
            else ""
        )
        return (
            f" and not {self.least_days}, since {answers['per_day']} a day take that long to fill it{counted}"
        )


def draft(
    answers: Answers,
    settings: Settings,
    as_of: date,
    start: date | None,
    calendar: Sequence[Interval],
    stated: Stated = NOTHING_STATED,
) -> Draft:
    """The plan, as far as the answers lead, and what a platform states of it."""

    def page_of(sample: int | None) -> _Page:
        times = _Timetable(answers, settings, as_of, start or stated.start, calendar, sample)
        times.follow(stated)
        return _Page(answers, settings, times, sample, stated)

    page = page_of(None)
    sample = needed_sample(settings.judged(page.text()))
    page = page if sample is None else page_of(sample)
    times = page.timetable
    return Draft(page.text(), sample, times.days, times.exposure, times.least_days)


class PlanLines:
    """The lines of a plan that is written from top to bottom, from the author's answers."""

    def __init__(self, answers: Answers, population: str) -> None:
        self._answers = answers
        self._population = population
        """Of the catalogue, where history has the plan's numbers."""
        self._lines: list[str] = []

    def _add(self, line: str) -> None:
        self._lines.append(line)

    def _open(self, key: str, todo: str) -> None:
        self._add(open_line(key, todo))

    def _why_and_whose(self) -> None:
        """What the change is for, who answers for it, and where it appears."""
        self._asked("hypothesis", "hypothesis", "who changes what, by how much, and why")
        self._add("owner:")
        self._asked("team", "  team", "the team that runs it")
        self._asked("owner", "  dri", "the one responsible person or role, as a handle in quotes")
        self._asked("risk", "risk", "what applies of [revenue, brand, privacy, safety, partner, ai], or []")
        self._asked("surface", "surfaces", "where the change appears, as in [pdp.mobile]")

    def _population_line(self) -> str:
        return (
            f"population: {{of: {written(self._population)}}}" if self._population else "population: assigned"
        )

    def _baseline(self, kind: object, is_measured: bool) -> None:
        """The primary metric's value today, of which nothing is open that history has."""
        spread = SPREADS.get(str(kind))
        if is_measured:
            self._stated_numbers("", baseline="  baseline", std_dev=f"  {spread or 'std_dev'}")
            return
        self._asked("baseline", "  baseline", todo_of_baseline(kind))
        if spread:
            self._asked("std_dev", f"  {spread}", "per unit, in the metric's own unit")
        self._add("  baseline_source:")
        self._open("    from", "the query or dashboard")
        self._open("    as_of", "the day it was taken")

    def _stated_numbers(self, head: str, **keys: str) -> None:
        """Numbers that were answered although history has them; the others are not there until they are measured."""
        found = [
            f"{key}: {written(self._answers[name])}" for name, key in keys.items() if name in self._answers
        ]
        self._lines += [head, *found] if found and head else found

    def _asked(self, name: str, key: str, todo: str) -> None:
        """A key with its answer; open without one."""
        if name in self._answers:
            self._add(f"{key}: {written(self._answers[name])}")
        else:
            self._open(key, todo)


class _Timetable:
    """Dates and shares that fit each other and the policy."""

    def __init__(
        self, answers: Answers, settings: Settings, as_of: date, start: date | None, calendar: Sequence[Interval],
        sample: int | None,
    ) -> None:  # fmt: skip
        kind = str(answers["type"])
        self.as_of = as_of
        self.has_test = kind in ("superiority", "non_inferiority")
        self.has_canary = kind in settings.asked("types_with_canary")
        self.has_ramp = kind != "holdback"
        self.canary_share = float(settings.asked("smallest_canary"))
        self.holdout = max(HOLDOUT, float(settings.asked("smallest_holdout")))
        self.exposure = 1 - self.holdout
        self.dwell = timedelta(hours=settings.asked("hours_of_a_stage"))
        self.days = 7 * _weeks(settings, answers, sample, self.exposure)
        least = 7 * _weeks(settings, answers, None, self.exposure)
        self.least_days = least if least < self.days else 0
        self._outcome_days = outcome_days(answers, settings.defined(answers.get("metric")))
        self._after_ramp: timedelta = max(HELD_OUT_FOR, settings.asked("holdout_after_ramp"))
        lead = LEAD + timedelta(days=CANARY_DAYS if self.has_canary else 0)
        self.start = start or as_of + lead + timedelta(days=-(as_of + lead).weekday() % 7)
        if start is None:
            self._avoid(calendar)

    def follow(self, stated: Stated) -> None:
        """Days and exposure that a platform states, and all that follows from them."""
        if stated.start and stated.end and stated.end > stated.start:
            self.days, self.least_days = (stated.end - stated.start).days + 1, 0
        self.exposure = stated.exposure or self.exposure

    def _avoid(self, calendar: Sequence[Interval]) -> None:
        """Starts on the first Monday from which everything up to the end of the ramp is out of the calendar."""
        earliest = self.start
        for _ in range(LATEST_START_WEEKS):
            if not any(busy.first <= self.ramp_end and busy.last >= self.canary_start for busy in calendar):
                return
            self.start += timedelta(weeks=1)
        self.start = earliest

    @property
    def end(self) -> date:
        return self.start + timedelta(days=self.days - 1)

    @property
    def look(self) -> date:
        return self.end + timedelta(days=1 + self._outcome_days)

    @property
    def canary_start(self) -> date:
        return self.start - timedelta(days=CANARY_DAYS) if self.has_canary else self.start

    @property
    def stages(self) -> list[float]:
        return [FIRST_STAGE, 1 - self.holdout] if self.has_test else [0.25, 0.50, 1 - self.holdout]

    @property
    def ramp_end(self) -> date:
        return self.look + self.dwell * len(self.stages)

    @property
    def holdout_until(self) -> date:
        """A Tuesday, when there is somebody who acts on it."""
        until = self.ramp_end + self._after_ramp
        return until + timedelta(days=(TUESDAY - until.weekday()) % 7)


def _weeks(settings: Settings, answers: Answers, sample: int | None, exposure: float) -> int:
    """Whole weeks that the policy requires, and that the sample takes if every unit came once."""
    asked = max(math.ceil(settings.asked("shortest_run") / 7), settings.asked("times_each_weekday"))
    daily = daily_units(answers)
    if sample is None or not daily:
        return int(asked)
    needed = math.ceil(sample / (daily * exposure / 2) / 7)
    longest = max(asked, settings.asked("longest_run") // 7)
    return int(min(max(asked, needed), longest))


class _Page(PlanLines):
    """Writes the plan from top to bottom."""

    def __init__(
        self, answers: Answers, settings: Settings, timetable: _Timetable, sample: int | None, stated: Stated
    ) -> None:
        super().__init__(answers, "" if "population" in stated.value else settings.population_of(answers))
        self._stated = stated
        self._settings = settings
        self.timetable = timetable
        self._sample = sample
        self._type = str(answers["type"])

    def text(self) -> str:
        self._lines = [
            SCHEMA_LINE,
            "# What is marked TODO only a person can state; egp check says what is still open.",
        ]
        self._lines += [MEASURED_LATER] if self._population else []
        self._lines += [f"# not mapped: {each}" for each in self._stated.unmapped]
        self._who_and_what()
        self._units_and_dates()
        self._metrics()
        self._secondary()
        self._statistics()
        self._stages()
        self._safety()
        self._people()
        return "\n".join(self._lines) + "\n"

    def _who_and_what(self) -> None:
        self._add(f"id: {written(self._answers['id'])}")
        self._asked("title", "title", "what changes, in one line")
        self._add(f"type: {self._type}")
        self._lines += self._stated.lines("design")
        self._why_and_whose()
        self._asked("layer", "layer", "the traffic it shares with other experiments, as in checkout")
        flag = self._answers.get("flag") or str(self._answers["id"]).replace("-", "_")
        self._add(f"feature_flag: {written(flag)}")
        self._lines += self._stated.lines("flags")
        self._asked("revision", "revision", "the build that is tested, as its pipeline names it")

    def _units_and_dates(self) -> None:
        times = self.timetable
        self._lines += self._stated.lines("unit") or ["unit: user"]
        self._lines += self._stated.lines("population") or [self._population_line()]
        self._eligible_units()
        self._lines += self._stated.lines("variants") or [
            "variants:",
            "  - {id: control, weight: 50%, control: true}",
            "  - {id: treatment, weight: 50%}",
        ]
        enrolment = f"enrolment_end: {self._stated.enrolment_end}, " if self._stated.enrolment_end else ""
        self._add(
            f"schedule: {{start: {times.start}, {enrolment}end: {times.end}, exposure: {share_in_plan(times.exposure)}, timezone: UTC}}"
        )

    def _eligible_units(self) -> None:
        if self._population:
            self._stated_numbers("eligible_units:", units="  distinct_over_run", per_day="  per_day")
            return
        self._add("eligible_units:")
        over = f"distinct users of {self.timetable.days} days, counted in one query"
        self._asked("units", "  distinct_over_run", over)
        self._asked("per_day", "  per_day", "distinct users of one day")
        self._open("  source", "the query or dashboard")
        self._open("  as_of", "the day it was counted")

    def _metrics(self) -> None:
        defined = self._settings.defined(self._answers.get("metric"))
        self._add("primary_metric:")
        self._asked("metric", "  id", f"the metric that decides{self._known_metrics()}")
        kind = defined.kind if defined else self._answers.get("kind")
        self._undefined(defined, "kind", "proportion, mean, ratio or quantile")
        self._undefined(defined, "direction", "increase or decrease, whichever is good")
        if kind == "quantile":
            self._undefined(defined, "quantile", "which one, as in 95%")
        self._baseline(kind, defined is not None and bool(self._population))
        if self._type == "superiority":
            self._asked("mde", "  mde", "the smallest effect that must be found, as in 2% or 45bps")
        elif self._type == "non_inferiority":
            self._asked("margin", "  non_inferiority_margin", f"the largest acceptable harm{self._cap('')}")
        if self.timetable.has_test:
            self._undefined(defined, "outcome_window", "time until an outcome is known, 0d if at once")
        self._guardrails()

    def _undefined(self, defined: MetricDefinition | None, key: str, todo: str) -> None:
        """A key of the primary metric, which is not there where the catalogue has it and nobody said otherwise."""
        if key in self._answers or defined is None or getattr(defined, key) is None:
            self._asked(key, f"  {key}", todo)

    def _secondary(self) -> None:
        self._lines += self._stated.lines("secondary_metrics")

    def _known_metrics(self) -> str:
        known = self._settings.asked("known_metrics")
        return f", one of {listing(known[:5], 'or')}" if known else ""

    def _guardrail_ids(self) -> list[str]:
        named = self._answers.get("guardrail")
        own = [str(name) for name in named] if isinstance(named, list) else []
        return list(dict.fromkeys([*self._settings.asked("required_guardrails"), *own]))

    def _guardrails(self) -> None:
        ids = self._guardrail_ids()
        if not ids:
            self._open("guardrail_metrics", "a list of what must not be harmed, as in")
            self._add(
                "  # - {id: refund_rate, kind: proportion, direction: decrease, baseline: , "
                f"non_inferiority_margin: {self._settings.asked('widest_margin')}, outcome_window: 7d, "
                "judged_on: matured_cohort, action: rollback}"
            )
            return
        self._add("guardrail_metrics:")
        for name in ids:
            self._add(f"  - id: {written(name)}")
            self._definition_of_guardrail(self._settings.defined(name))
            self._open("    non_inferiority_margin", f"the largest acceptable harm{self._cap(name)}")
            if self._settings.adopts("kinds_of_harm"):
                self._open("    covers", "quality, safety, performance or cost")
            self._add("    judged_on: matured_cohort")
            self._add("    action: rollback")

    def _definition_of_guardrail(self, defined: MetricDefinition | None) -> None:
        """What is open of it: all that neither the catalogue says nor history has."""
        if defined is None:
            kinds = "proportion, mean, ratio or quantile; a quantile needs `quantile: 95%` too"
            self._open("    kind", kinds)
            self._open("    direction", "increase or decrease, whichever is good")
            self._open("    baseline", "its value today; a mean needs std_dev, a quantile influence_std_dev")
        elif not self._population:
            self._open("    baseline", "its value today")
            if defined.kind in SPREADS:
                self._open(f"    {SPREADS[defined.kind]}", "per unit, in the metric's own unit")
        if defined is None or defined.outcome_window is None:
            self._open("    outcome_window", "time until an outcome is known, as in 7d")

    def _cap(self, metric: str) -> str:
        if not self._settings.adopts("widest_margin"):
            return ""
        margins = self._settings.asked("widest_margins")
        return f", at most {margins.get(metric) or self._settings.asked('widest_margin')}"

    def _statistics(self) -> None:
        asked = self._settings.asked
        self._add("statistics:")
        if self.timetable.has_test:
            is_one_sided = self._type == "non_inferiority"  # only a loss of the margin is of interest
            caps = [asked("largest_alpha"), *([asked("largest_one_sided_alpha")] if is_one_sided else [])]
            self._add(f"  alpha: {share_in_plan(min(caps))}")
            self._add(f"  sides: {'one' if is_one_sided else 'two'}")
            self._add(f"  power: {share_in_plan(asked('least_power'))}")
            self._add("  power_scope: primary")
            self._add("  method: fixed_horizon")
            self._add(f"  looks: [{self.timetable.look}]")
            self._add("  correction: none")
            self._add(
                "  # variance_reduction: {method: cuped, correlation: , pre_period: 28d, source: , "
                f"as_of: {self.timetable.as_of}, covers: all_units}}  # if measured, it takes fewer units: egp explain variance-reduction"
            )
        self._add(f"  guardrail_alpha: {share_in_plan(asked('largest_guardrail_alpha'))}")
        self._add("  srm_alpha: 0.1%")
        if self.timetable.has_test:
            self._sample_and_decision(percent(asked("least_power")))

    def _sample_and_decision(self, power: str) -> None:
        if self._sample is None:
            self._open(
                "sample_size_per_variant", "egp check --fix --unsafe computes it from the numbers above"
            )
        else:
            self._add(
                f"{f'sample_size_per_variant: {self._sample:_}':<{COMMENTS_AT}}# what {power} power needs"
            )
        # A non-inferiority plan ships by its margin.
        criterion = "" if self._type == "non_inferiority" else "min_ci_lower: 0%, "
        options = "options: [ship, keep_control, rerun_narrower]"
        self._add(f"decision_rule: {{{criterion}otherwise: keep_control, {options}}}")

    def _stages(self) -> None:
        times = self.timetable
        if times.has_canary:
            eve = times.start - timedelta(days=1)
            self._add(
                f"canary: {{treated: {share_in_plan(times.canary_share)}, start: {times.canary_start}, end: {eve}}}"
            )
        if times.has_ramp:
            self._add("ramp:")
            for share in times.stages:
                self._add(
                    f"  - {{treated: {share_in_plan(share)}, min_dwell: {duration_in_plan(times.dwell)}}}"
                )
        self._add(f"holdout: {{share: {share_in_plan(times.holdout)}, until: {times.holdout_until}}}")

    def _safety(self) -> None:
        ids = self._guardrail_ids()
        if ids:
            self._add("stop_rules:")
        else:
            self._open("stop_rules", "one for each guardrail metric, as in")
            self._add(
                "  # - {id: refunds, metric: refund_rate, significant_harm_for: 2w, min_units_per_variant: 20_000, action: rollback}"
            )
        for name in ids:
            self._add(f"  - id: {written(f'{name}-harm')}")
            self._add(f"    metric: {written(name)}")
            self._add("    significant_harm_for: 2w")
            least = self._least_units()
            if least is None:
                self._open("    min_units_per_variant", "units below which it stays silent, as in 20_000")
            else:
                self._add(f"    min_units_per_variant: {least:_}")
            self._add("    action: rollback")
        self._add("rollback:")
        self._add("  method: feature_flag")
        self._add("  to: control")
        self._open("  owner", "who turns the switch at any hour")
        self._add(f"  max_minutes: {min(15, self._settings.asked('minutes_of_a_rollback')):g}")
        self._open("  comms", "path of the message that goes out, as in comms/rollback.md")

    def _least_units(self) -> int | None:
        """Units below which a stop rule stays silent: a part of the sample that the shortest stage brings, too."""
        daily = daily_units(self._answers)
        if self._sample is None or not daily:
            return None
        share = min(min(stage, 1 - stage) for stage in self.timetable.stages[:-1])
        brought = daily * (self.timetable.dwell / timedelta(days=1)) * share
        return max(1, _rounded_down(min(self._sample * SAMPLE_PER_STOP_RULE, brought)))

    def _people(self) -> None:
        self._add("escalation:")
        self._open("  to", "who breaks a tie, above the owner")
        self._add(f"  within: {self._settings.asked('hours_to_escalate')}h")
        self._add("readouts:")
        self._add(f"  cadence: {self._settings.asked('readout_cadence')}")
        self._open("  audience", "who reads them, as in [pm, marketing, exec]")
        if self._settings.adopts("least_value"):
            self._open("economics", "scenarios, gain, cost and floor; egp explain expected-value")
        self._add(f"data_access: {self._settings.asked('data_access')[0]}")
        self._sign_offs()
        self._add("amendments: []")
        self._add("waivers: []")

    def _sign_offs(self) -> None:
        roles = self._signing()
        self._add("sign_offs:" if roles else "sign_offs: []")
        for role in roles:
            holders = self._settings.roles.get(role, ())
            self._add(f"  - role: {written(role)}")
            self._open("    by", f"who signed{': ' + listing(holders, 'or') if holders else ''}")
            self._open("    on", f"the day, before {self.timetable.canary_start}")

    def _signing(self) -> list[str]:
        """Roles whose sign-off the policy requires of this plan, as far as it is known what is at risk."""
        if not self._settings.adopts("signing_roles"):
            return []
        risks = self._answers.get("risk")
        by_risk = self._settings.asked("signing_roles_by_risk")
        by_tier = self._settings.asked("signing_roles_by_tier").get(self._settings.tier, ())
        of_risks = [
            role for risk in (risks if isinstance(risks, list) else ()) for role in by_risk.get(risk, ())
        ]
        return list(dict.fromkeys([*self._settings.asked("signing_roles"), *by_tier, *of_risks]))


def todo_of_baseline(kind: object) -> str:
    """What is open of a primary metric's baseline; of one whose kind is open, too, with what the kinds take besides."""
    besides = "" if kind else "; a mean or ratio needs std_dev, too, a quantile influence_std_dev"
    return f"its value today, as in 12%, 1900ms or 0.042{besides}"


def _rounded_down(value: float) -> int:
    """With two digits, so that it looks like the choice that it is."""
    scale = 10 ** max(0, math.floor(math.log10(max(1.0, value))) - 1)
    return int(value // scale * scale)
