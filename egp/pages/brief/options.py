"""The three options, each judged by the policy before it is offered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from shlex import quote
from typing import TYPE_CHECKING

from egp.advice.choices import ROLL_BACK
from egp.gate.action import how_to_withdraw
from egp.gate.looks import open_look
from egp.output.page.model import Block, Command, Light, Paragraph, Points, Section, Table
from egp.pages.brief.drafts import JudgedDraft, errors_of, later, narrower, weak_segment
from egp.pages.brief.tripped import tripped_metrics
from egp.pages.brief.worth import Launch, delayed_in_words, narrower_in_words
from egp.plan.finding import NotChecked
from egp.plan.wording import counted, listing, significant

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.pages.brief.scene import Scene
    from egp.plan.finding import Diagnostic

Option = tuple[str, str, Light]
"""What it is, what follows from it, and whether the policy lets it."""

_LONGEST_DELAY_IN_WEEKS = 520
_FOLLOWS = Light("good", "follows the policy")


def options_sections(scene: Scene, launch: Launch | str) -> Iterator[Section]:
    """The options, how one is recorded, and the draft of the narrower plan."""
    draft = _narrower(scene)
    delayed = None if scene.in_flight else _delayed(scene)
    lettered = [*(_in_flight(scene, draft) if scene.in_flight else _before(scene, launch, delayed, draft))]
    names = scene.letters
    rows: list[list[str | Light]] = [
        [f"{letter}: {names[letter]}", what, follows, light]
        for letter, (what, follows, light) in zip(names, lettered, strict=True)
    ]
    table = Table(["option", "what it is", "what follows", "policy"], rows)
    if scene.for_executives:
        yield Section("The options", [table, *_elsewhere(light for *_, light in lettered)])
        return
    objections = [
        *_objections("the plan as it is", errors_of(scene.report)),
        *_objections("a later start", delayed.errors if delayed else []),
    ]
    yield Section("The options", [table, *objections])
    yield _to_decide(scene)
    if draft is not None:
        yield _draft(draft)


def _elsewhere(lights: Iterable[Light]) -> Iterator[Block]:
    if any(light.tone == "caution" for light in lights):
        yield Paragraph("What is still to do is on the page for the team (--audience team).")


def _narrower(scene: Scene) -> JudgedDraft | None:
    """The plan of option C; None where the plan cannot be read, or knows no segment."""
    segment = weak_segment(scene.plan, tripped_metrics(scene))
    return narrower(scene, segment) if segment and not scene.candidate.problems else None


# Before the launch.


def _delay_in_days(scene: Scene) -> int:
    """Whole days of the delay that the plan names; 0 where it names none that can be planned."""
    delay = scene.plan.economics.delay if scene.plan.economics else None
    weeks = (delay.weeks if delay else None) or 0.0
    return math.ceil(weeks * 7) if 0 < weeks <= _LONGEST_DELAY_IN_WEEKS else 0


def _delayed(scene: Scene) -> JudgedDraft | None:
    days = _delay_in_days(scene)
    return later(scene, days) if days and not scene.candidate.problems else None


def _before(
    scene: Scene, launch: Launch | str, delayed: JudgedDraft | None, draft: JudgedDraft | None
) -> Iterator[Option]:
    errors = errors_of(scene.report)
    worth = launch if isinstance(launch, Launch) else None
    yield _guarded(scene), _value_now(worth), _judged(errors, "the plan")
    if delayed is not None:
        waiting = worth.waiting if worth else None
        follows = delayed_in_words(worth, waiting) if worth and waiting else "what it costs is not stated"
        what = f"start {counted(_delay_in_days(scene), 'day')} later, repaired"
        yield what, follows, _judged(delayed.errors, "the later plan")
    else:
        yield "start later, repaired", "the plan names no delay", Light("neutral", "not checked")
    yield _narrowed(draft, narrower_in_words(worth) if worth else "")


def _guarded(scene: Scene) -> str:
    plan = scene.plan
    canary = (
        f"a canary of {significant(plan.canary.treated * 100, 3)} % first, "
        if plan.canary and plan.canary.treated
        else ""
    )
    return f"as planned: {canary}{counted(len(plan.stop_rules), 'stop rule')}, {counted(len(plan.ramp), 'stage')}"


def _value_now(launch: Launch | None) -> str:
    if launch is None:
        return "the plan states no value"
    worst = launch.each(launch.nets[launch.worst])
    return f"{launch.each(launch.expected)} per {launch.per}; at worst {worst}"


# While it is under way.


def _in_flight(scene: Scene, draft: JudgedDraft | None) -> Iterator[Option]:
    judgement = scene.judgement
    assert judgement is not None
    rolls_back = scene.verdict == "roll_back"
    errors = errors_of(scene.report)
    frozen = _frozen(judgement.readout)
    if rolls_back:
        yield (
            frozen,
            "breaks what was agreed before the start",
            Light("bad", "closed: the gate says roll back"),
        )
    else:
        yield frozen, "the rest of the plan stays as it is", _judged(errors, "the plan")
    families = scene.policy.catalogue.families()
    of_rollback = [each for each in errors if families[each.rule] == "rollback"]
    follows = (
        "what the plan agreed to do now" if rolls_back else "the experiment ends; a new one needs a new plan"
    )
    yield (
        ", ".join(how_to_withdraw(scene.plan.rollback, "back to")),
        follows,
        _judged(of_rollback, "the plan's rollback"),
    )
    what, after, light = _narrowed(draft, "")
    yield what, f"after the rollback; {after}" if rolls_back else after, light


def _frozen(readout: Readout) -> str:
    stage = readout.stage
    if stage.position >= 0:
        return f"stay at {stage.name}, raise nothing, watch on"
    until = "complete it as planned"
    with suppress(NotChecked):  # a plan that says too little for a look has none open
        until = "watch on" if open_look(readout) is not None else until
    return f"stay in the {stage.name}, raise nothing, {until}"


# What they share.


def _narrowed(draft: JudgedDraft | None, worth: str) -> Option:
    if draft is None:
        return (
            "without its weak part",
            "the plan names no segment to leave out",
            Light("neutral", "not checked"),
        )
    lacks = len(draft.lacks)
    light = Light("caution", f"not yet: {counted(lacks, 'thing')} to do") if lacks else _FOLLOWS
    follows = worth or "an answer of its own, from new results"
    return f"a plan of its own, {draft.id}, without {draft.leaves_out}", follows, light


def _judged(errors: list[Diagnostic], what: str) -> Light:
    return Light("caution", f"not yet: {what} has {counted(len(errors), 'error')}") if errors else _FOLLOWS


def _objections(what: str, errors: list[Diagnostic]) -> Iterator[Block]:
    if errors:
        yield Paragraph(f"What the policy objects to in {what}:")
        yield Points([f"{each.message} ({each.rule})" for each in errors])


def _draft(draft: JudgedDraft) -> Section:
    blocks: list[Block] = [
        Paragraph("A plan of its own, derived from this one; what is not named here stays as it is there."),
        Command(draft.yaml, "yaml"),
    ]
    if draft.lacks:
        blocks += [Paragraph("What it still lacks before it can be registered:"), Points(draft.lacks)]
    return Section(f"The draft for C: {draft.id}", blocks, folded=True)


def _to_decide(scene: Scene) -> Section:
    by = next(iter(scene.policy.roles), "ROLE")
    option = f"{ROLL_BACK}: {scene.letters[ROLL_BACK]}" if scene.verdict == "roll_back" else "…"
    words = [f"{letter}: {means}" for letter, means in scene.letters.items()]
    blocks: list[Block] = [
        Paragraph(
            f"The option is {listing(words, 'or')}, or one of the plan's own. "
            "The dissent is that of whoever disagrees, and commits to it all the same."
        ),
        Command(
            f"egp decide {quote(scene.candidate.source.shown)} "
            f'--option "{option}" --by {quote(by)} --because "…" --dissent "…"'
        ),
    ]
    return Section("How the decision is recorded", blocks, folded=True)
