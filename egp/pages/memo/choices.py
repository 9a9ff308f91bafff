"""What can be decided about a plan, going ahead included: each option with what follows, who acts, and by when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from egp.advice.options.acting import actor_of, called, what_to_do
from egp.advice.options.solver import Step, way_to_compliance
from egp.advice.options.waiving import how_to_waive
from egp.gate.settings import alarm_levels_of
from egp.output.page.model import Block, Cell, Facts, Light, Points, Section, Table
from egp.pages.brief.agreed import agreed_lines, rule_lines
from egp.pages.brief.restated import policy_in_sentences
from egp.plan.analysis.days import day_after, first_exposure, last_day, readout_day
from egp.plan.finding import NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import counted, day_in_words, listing, percent
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from datetime import date

    from egp.advice.options.case import Case
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Diagnostic

HEAD = ("option", "what it takes", "what follows", "policy")
_LOOKS = ("statistics", "looks")
_MOST_CHANGES = 3
"""Of a way to go that an option names; of more it says how many."""


class WayToGo:
    """The changes that make a rejected plan one that the policy accepts, and that plan; found once for a page."""

    def __init__(self, case: Case) -> None:
        self.before: Experiment = case.plan
        self.steps: Sequence[Step] = way_to_compliance(case) or ()
        after = case
        for step in self.steps:
            changed = after.on_trial(step.option.changes)
            assert changed is not None, "it was tried"
            after = changed
        self.plan: Experiment = after.plan

    @property
    def read_on(self) -> date | None:
        return day_of_readout(self.plan)

    @property
    def in_one_sentence(self) -> str:
        """The way to yes, for the verdict; empty where people have to act first."""
        if not self.steps:
            return ""
        words = _in_words(self.before, self)
        settings = sum(len(step.option.changes) for step in self.steps)
        changes = counted(len(self.steps), "change")
        if len(words) == 1:
            changes = f"one change ({words[0]})"
        elif settings > len(self.steps):
            changes = f"{changes} ({counted(settings, 'setting')})"
        on = (
            f"; it ships only if the result passes, read on {day_in_words(self.read_on, with_year=True)}"
            if self.read_on
            else ""
        )
        return f" With {changes} it may start{on}."


def day_of_readout(plan: Experiment) -> date | None:
    try:
        return readout_day(plan)
    except NotChecked:
        return None


def raised(plan: Experiment) -> str:
    """What follows a good result."""
    first = next((stage.treated for stage in plan.ramp if stage.treated), None)
    return f"raised{f' to {percent(first)}' if first else ''} if the result and the guardrails allow it"


def choices(case: Case, errors: Sequence[Diagnostic], way: WayToGo) -> Section:
    """The options for a rejected plan."""
    table = Table(HEAD, [_go(case, errors, way), _as_it_is(case, errors), not_at_all()])
    return Section("What can be decided", [table, Facts(list(_who_and_when(case, errors)))])


def _go(case: Case, errors: Sequence[Diagnostic], way: WayToGo) -> Sequence[Cell]:
    if not way.steps:
        todo = what_to_do(case, errors[0]) if errors else "the missing input is stated"
        return (
            "go, once it is repaired",
            todo,
            "the plan is judged again",
            Light("caution", "not yet: people act first"),
        )
    words = _in_words(case.plan, way)
    takes = (
        "; ".join(words)
        if len(words) <= _MOST_CHANGES
        else f"{counted(len(words), 'change')} of the plan, below"
    )
    costs = [step.option.cost.words for step in way.steps]
    price = "; ".join(dict.fromkeys(costs)) if len(costs) <= _MOST_CHANGES else ""
    return (
        "go, repaired",
        takes,
        "; ".join(filter(None, [price, _then(way.plan)])),
        Light("good", "follows the policy; tried"),
    )


def _in_words(plan: Experiment, way: WayToGo) -> list[str]:
    """What each change is; where the run is longer, that instead of the keys that move along."""
    with suppress(NotChecked):
        later = (last_day(way.plan) - last_day(plan)).days
        if later > 0 and len(way.steps) == 1:
            return [f"run {counted(later, 'day')} longer, to {day_in_words(last_day(way.plan))}"]
        if [
            change.path for step in way.steps for change in step.option.changes if isinstance(change, Setting)
        ] == [_LOOKS]:
            return [f"read it once, on {day_in_words(readout_day(way.plan))}"]
    return [step.option.words for step in way.steps]


def _then(plan: Experiment) -> str:
    """What may follow the readout."""
    read = day_of_readout(plan)
    if read is None:
        return ""
    return f"read on {day_in_words(read)}, then {raised(plan)}"


def _as_it_is(case: Case, errors: Sequence[Diagnostic]) -> Sequence[Cell]:
    waivable = [each for each in errors if how_to_waive(case, each)]
    rules = listing(dict.fromkeys(each.rule for each in errors))
    if errors and len(waivable) == len(errors):
        breaks = f"breaks {rules}, which takes a waiver"
        light = Light(
            "caution", f"closed, unless {counted(len(errors), 'waiver is', 'waivers are')} approved"
        )
    else:
        breaks = f"breaks {rules}" if errors else "nobody knows whether it complies"
        light = Light("bad", "closed: nobody may waive this" if errors else "closed until it is judged")
    return "go as it is", "–", breaks, light


def not_at_all() -> Sequence[Cell]:
    """To go no further, which nobody has to allow."""
    return (
        "do not go",
        "withdraw the plan",
        "today's version stays, and nothing is learnt",
        Light("neutral", "always open"),
    )


def _who_and_when(case: Case, errors: Sequence[Diagnostic]) -> Iterator[tuple[str, str]]:
    actors = dict.fromkeys(actor_of(case, each) for each in errors) or {"author": None}
    people = listing(called(case, actor) for actor in actors)
    yield "who acts", people[:1].lower() + people[1:]
    try:
        first = first_exposure(case.plan)[0]
    except NotChecked:
        return
    if case.as_of < first:
        last = day_after(first, -1)
        yield (
            "by when",
            f"{day_in_words(last, with_year=True)}: the repaired plan is registered before the first user sees it",
        )
    escalation = case.plan.escalation
    if escalation and escalation.to:
        yield "if they cannot agree", f"{shown(escalation.to)} decides among the open options"


def agreed(case: Case) -> Iterator[Section]:
    """The criteria and the policy in plain words, folded on a screen and printed on paper."""
    if not case.is_plan:
        return
    is_rejected = case.judged.errors or case.judged.silent
    lines, levels = rule_lines if is_rejected else agreed_lines, alarm_levels_of(case.adopted)
    if criteria := lines(case.plan, levels):
        yield Section("What was agreed before any result", [Points(criteria)], folded=True, paper="open")
    waived = {each.rule for each in case.judged.waived}
    if sentences := list(policy_in_sentences(case.adopted, case.plan, waived)):
        version = f" ({shown(case.policy.version)})" if case.policy.version else ""
        insists: list[Block] = [Points(sentences)]
        yield Section(f"What the policy insists on{version}", insists, folded=True, paper="open")
