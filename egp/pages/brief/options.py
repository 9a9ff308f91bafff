"""The options, going on among them, each judged by the gate or by the policy before it is offered."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from shlex import quote
from typing import TYPE_CHECKING

from egp.advice.choices import BEFORE_LAUNCH, GO, GO_ON, NARROWER, ROLL_BACK, WAIT, checkpoint, delay_in_days
from egp.advice.open_options import errors_of, next_stage
from egp.gate.action import how_to_withdraw
from egp.gate.looks import open_look, planned_looks
from egp.output.page.model import Block, Command, Light, Paragraph, Points, Section, Table
from egp.pages.brief.drafts import JudgedDraft, later, narrower, weak_segment
from egp.pages.brief.priced import in_one_breath, stated_account
from egp.pages.brief.tripped import tripped_metrics
from egp.pages.brief.worth import (
    Launch,
    delayed_in_words,
    narrower_in_words,
    now_in_words,
    repair_that_pays,
    repaired_in_part,
)
from egp.plan.analysis.days import readout_day
from egp.plan.analysis.money import WEEK
from egp.plan.finding import NotChecked
from egp.plan.power.readings import rounded_up
from egp.plan.quantity import as_day, shown
from egp.plan.results import stage_name
from egp.plan.wording import called, counted, length, listing, money, significant, whole
from egp.rules.exports import AUTHOR
from egp.stats.values import NamedTuple
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from datetime import date

    from egp.gate.readout import Readout
    from egp.pages.brief.priced import PricedLine
    from egp.pages.brief.scene import Scene
    from egp.plan.experiment import Experiment
    from egp.plan.finding import Diagnostic


class OpenOption(NamedTuple):
    """What it is, what follows from it, and whether it is open."""

    letter: str
    what: str
    follows: str
    light: Light
    is_recommended: bool = False


_FOLLOWS = Light("good", "follows the policy")
_OPEN = Light("good", "open: the gate says proceed")


@dataclass(frozen=True)
class Choice:
    """The options of a moment, and the drafts that were judged for them."""

    options: tuple[OpenOption, ...]
    draft: JudgedDraft | None
    """Of option C."""
    delayed: JudgedDraft | None
    """Of option B before the launch."""

    @property
    def recommended(self) -> OpenOption | None:
        """Before a launch the option that is worth the most of those that are open and leave nobody worse off; after the
        ramp the one that waits for the holdout."""
        return next((each for each in self.options if each.is_recommended), None)


def choice_of(scene: Scene, launch: Launch | str) -> Choice:
    draft = _narrower(scene)
    if scene.in_flight:
        lettered = list(_in_flight(scene, draft))
        # What the gate leaves open leads.
        lettered.sort(key=lambda each: (each.letter != GO_ON or each.light.tone != "good", each.letter))
        return Choice(tuple(map(_recommended_if(_waits_for_the_holdout(scene)), lettered)), draft, None)
    delayed = _delayed(scene)
    lettered = list(_before(scene, launch, delayed, draft))
    best = _best(lettered, launch) if isinstance(launch, Launch) else ""
    return Choice(tuple(map(_recommended_if(best), lettered)), draft, delayed)


def _waits_for_the_holdout(scene: Scene) -> str:
    """After the ramp, where nothing is amiss: to stay until the day on which the holdout is read; empty at other moments."""
    until = scene.plan.holdout.until if scene.plan.holdout else None
    waits = scene.moment == "after" and scene.verdict == "proceed" and until is not None and scene.day < until
    return "A" if waits else ""


def _best(lettered: list[OpenOption], launch: Launch) -> str:
    """The letter of the option that is recommended; empty where none is open that gains, harms nobody and, as assumed, ships."""
    known = {each.letter: launch.prospects[each.letter] for each in lettered if each.light.tone == "good"}
    sound = {
        letter: prospect.amount.middle
        for letter, prospect in known.items()
        if prospect is not None
        and prospect.harms_nobody
        and prospect.amount.middle > 0
        and not launch.missed(letter)
    }
    return max(sound, key=sound.__getitem__, default="")


def _recommended_if(best: str) -> Callable[[OpenOption], OpenOption]:
    def marked(each: OpenOption) -> OpenOption:
        if each.letter != best:
            return each
        light = Light(each.light.tone, f"recommended; {each.light.word}")
        return each._replace(light=light, is_recommended=True)

    return marked


def recommended_in_words(option: OpenOption, launch: Launch | str) -> str:
    """Why it is: what it comes to, that nobody is worse off, and of a delay how much of the repair that takes."""
    assert isinstance(launch, Launch)
    prospect = launch.prospects[option.letter]
    assert prospect is not None
    leads = f"Recommended is {option.letter}, {BEFORE_LAUNCH[option.letter]}"
    amount = money(prospect.amount.middle, prospect.amount.currency, 2)
    if option.letter != WAIT:
        return f"{leads}: {amount} until {prospect.until} if it ships, the most of what is open, and nobody is worse off than today."
    return f"{leads}: {amount} until {prospect.until} if all is repaired{_at_share(launch, 1.0)} and it ships.{_repair_in_words(launch)}"


def _repair_in_words(launch: Launch) -> str:
    share = repair_that_pays(launch)
    if share is None:
        return ""
    part = (
        f"From {whole(share * 100)} % of the repair on{_at_share(launch, share, with_amount=True)}"
        if share
        else "However little is repaired,"
    )
    others = [GO, *([NARROWER] if launch.narrower else [])]
    named = listing((f"{each} ({BEFORE_LAUNCH[each]})" for each in others), "or")
    rules = ", and clears the plan's own rules" if launch.hurdles else ""
    worse = "leaves no scenario worse than today"
    conditions = f", {worse}{rules}" if rules else f" and {worse}"
    return f" {part} it comes to more than {named}{conditions}."


def _at_share(launch: Launch, share: float, *, with_amount: bool = False) -> str:
    """ " (new users succeed at 0.367: $190k)": what so much of the repair is, in the digits in which it is named, and comes to."""
    best = launch.economics.scenarios[launch.best].p_success or 0.0
    part = math.ceil(share * 100 - 1e-9) / 100
    rates = [
        f"{launch.name(at)} succeed at {significant(rounded_up(now + part * (best - now)), 3)}"
        for at in launch.weak
        if (now := launch.economics.scenarios[at].p_success) is not None
    ]
    comes_to = repaired_in_part(launch, part) if with_amount else None
    amount = f": {money(comes_to, launch.worth.currency, 2)}" if comes_to is not None else ""
    return f" ({listing(rates)}{amount})" if rates else ""


def options_sections(scene: Scene, choice: Choice, launch: Launch | str = "") -> Iterator[Section]:
    """The options, how one is recorded, and the draft of the narrower plan; ``launch`` is their worth before there is a result."""
    names = scene.letters
    rows: list[list[str | Light]] = [
        [f"{each.letter}: {names[each.letter]}", each.what, each.follows, each.light]
        for each in choice.options
    ]
    marked = frozenset(at for at, each in enumerate(choice.options) if each.is_recommended)
    table = Table(["option", "what it is", "what follows", "open?"], rows, marked=marked)
    unshipped = list(_not_shipped(choice, launch)) if isinstance(launch, Launch) else []
    if scene.for_executives:
        lights = (each.light for each in choice.options)
        yield Section("The options", [table, *unshipped, *_elsewhere(lights)])
        return
    delayed = choice.delayed
    objections = [
        *_objections("the plan as it is", errors_of(scene.report)),
        *_objections("a later start", delayed.errors if delayed else []),
    ]
    yield Section("The options", [table, *unshipped, *objections, *_still_to_do(scene, choice.draft)])
    yield _to_decide(scene, choice)
    if choice.draft is not None:
        yield _draft(choice.draft)


def _not_shipped(choice: Choice, launch: Launch) -> Iterator[Block]:
    """Which of the plan's own rules would stop an option that came out as assumed."""
    for each in choice.options:
        if missed := launch.missed(each.letter):
            yield Paragraph(
                f"As assumed {each.letter} ({BEFORE_LAUNCH[each.letter]}) {launch.would(each.letter)} by the plan's own rules: {missed}."
            )


def with_net(choice: Choice, net: PricedLine, period: str) -> Choice:
    """While going on is open: what each option does to the net that the page has of the days to come."""
    follows = {
        "A": "puts off that net, too",
        ROLL_BACK: "without that net",
        GO_ON: f"{net.amount} net, {period}",
    }
    priced = tuple(
        each._replace(follows=f"{each.follows}; {follows[each.letter]}") if each.letter in follows else each
        for each in choice.options
    )
    return replace(choice, options=priced)


def _elsewhere(lights: Iterable[Light]) -> Iterator[Block]:
    if any(light.tone == "caution" for light in lights):
        yield Paragraph("What is still to do is on the page for the team (--audience team).")


def _narrower(scene: Scene) -> JudgedDraft | None:
    """The plan of option C; None where it cannot be read, and where no part is known to be weak and none is looked for."""
    tripped = tripped_metrics(scene)
    segment = weak_segment(scene.plan, tripped)
    if segment is None or scene.candidate.problems or not (segment.is_weak or tripped):
        return None
    return narrower(scene, segment)


# Before the launch.


def _delay_in_days(scene: Scene) -> int:
    return delay_in_days(scene.plan)


def _delayed(scene: Scene) -> JudgedDraft | None:
    days = _delay_in_days(scene)
    return later(scene, days) if days and not scene.candidate.problems else None


def _before(
    scene: Scene, launch: Launch | str, delayed: JudgedDraft | None, draft: JudgedDraft | None
) -> Iterator[OpenOption]:
    errors = errors_of(scene.report)
    worth = launch if isinstance(launch, Launch) else None
    yield OpenOption(
        "A",
        f"{_guarded(scene)}{_read_on(_readout_of(scene.plan))}",
        _value_now(scene, worth),
        _judged(errors, "the plan"),
    )
    if delayed is not None:
        waiting = worth.waiting if worth else None
        follows = delayed_in_words(worth, waiting) if worth and waiting else "what it costs is not stated"
        days = _delay_in_days(scene)
        yield OpenOption(
            "B",
            _repaired_by_then(scene, days, delayed, draft),
            follows,
            _judged(delayed.errors, "the later plan"),
        )
    else:
        yield OpenOption(
            "B", "start later, repaired", "the plan names no delay", Light("neutral", "not checked")
        )
    yield OpenOption("C", *_narrowed(scene, draft, narrower_in_words(worth) if worth else ""))


def _repaired_by_then(scene: Scene, days: int, delayed: JudgedDraft, draft: JudgedDraft | None) -> str:
    """How long the repair has, what follows without it, and when a repaired version starts."""
    until = checkpoint(scene.day, days)
    narrower = f"C ({BEFORE_LAUNCH[NARROWER]})"
    meanwhile = ", to be prepared meanwhile" if draft is not None and draft.lacks else ""
    return (
        f"the repair has {counted((until - scene.day).days, 'day')}, to the checkpoint on {until}: without it by then it is "
        f"{narrower}{meanwhile}, without another meeting; with it start {counted(days, 'day')} later, the delay that the plan states{_read_on(delayed.read_on)}"
    )


def _readout_of(plan: Experiment) -> date | None:
    try:
        return readout_day(plan)
    except NotChecked:
        return None


def _read_on(day: date | None) -> str:
    """The end of what an option is."""
    return f"; read on {day}" if day else ""


def _guarded(scene: Scene) -> str:
    plan = scene.plan
    canary = (
        f"a canary of {significant(plan.canary.treated * 100, 3)} % first, "
        if plan.canary and plan.canary.treated
        else ""
    )
    said = f"as planned: {canary}{counted(len(plan.stop_rules), 'stop rule')}, {counted(len(plan.ramp), 'stage')}"
    if plan.canary is None or plan.canary.start is None or plan.canary.end is None:
        return said
    lasts = as_day(plan.canary.end) - as_day(plan.canary.start) + timedelta(days=1)
    longer = sum(
        each.significant_harm_for is not None and each.significant_harm_for > lasts
        for each in plan.stop_rules
    )
    return f"{said}; {longer} of the rules need longer than the canary" if longer else said


def _value_now(scene: Scene, launch: Launch | None) -> str:
    if launch:
        return now_in_words(launch)
    stated = in_one_breath(stated_account(scene.plan, scene.policy.metrics, WEEK, None))
    return stated or "the plan states no value"


# While it is under way.


def _in_flight(scene: Scene, draft: JudgedDraft | None) -> Iterator[OpenOption]:
    judgement = scene.judgement
    assert judgement is not None
    closed, errors = scene.closed, errors_of(scene.report)
    rolls_back = scene.verdict == "roll_back"
    goes_on = bool(scene.next_stage) and scene.moment in ("readout", "ramp") and not closed[GO_ON]
    kept = "puts off what was agreed next" if goes_on else "the rest of the plan stays as it is"
    follows = "breaks what was agreed before the start" if closed["A"] else kept
    yield OpenOption(
        "A", _frozen(judgement.readout), follows, _light(closed["A"]) or _judged(errors, "the plan")
    )
    families = scene.policy.catalogue.families()
    of_rollback = [each for each in errors if families[each.rule] == "rollback"]
    what = ", ".join(how_to_withdraw(scene.plan.rollback, "back to"))
    follows = (
        "what the plan agreed to do now" if rolls_back else "the experiment ends; a new one needs a new plan"
    )
    yield OpenOption("B", what, follows, _judged(of_rollback, "the plan's rollback"))
    what, after, light = _narrowed(scene, draft, "")
    yield OpenOption("C", what, f"after the rollback; {after}" if rolls_back else after, light)
    if scene.next_stage:
        yield _going_on(scene)


def _going_on(scene: Scene) -> OpenOption:
    """The option to ship, or to go on shipping: open where the gate says proceed."""
    closed, stage = scene.closed[GO_ON], scene.next_stage
    position = [stage_name(each.treated or 0.0) for each in scene.plan.ramp].index(stage)
    dwell = scene.plan.ramp[position].min_dwell
    at_least = f" for at least {length(dwell)}" if dwell else ""
    if not closed:
        what = f"raise to {stage}{at_least}, watched{_stages_after(scene, position)}"
        return OpenOption(GO_ON, what, "as agreed before the start", _OPEN)
    if scene.moment == "running":
        until = look_day(scene)
        light = Light("bad", f"closed until the result is read on {until}") if until else _closed(closed)
        return OpenOption(
            GO_ON,
            f"raise to {stage} before the result is read",
            "breaks what was agreed before the start",
            light,
        )
    return OpenOption(
        GO_ON, f"raise to {stage}{at_least}, watched", "breaks what was agreed", _closed(closed)
    )


def _stages_after(scene: Scene, position: int) -> str:
    """ "; 90%, the last stage, from 2023-02-09 at the earliest": when the stages after the next can begin, if nothing holds them."""
    stages, begin, said = scene.plan.ramp, scene.as_of, ""
    for at in range(position + 1, len(stages)):
        dwell, treated = stages[at - 1].min_dwell, stages[at].treated
        if dwell is None or treated is None:
            return said
        begin += dwell
        last = ", the last stage," if at == len(stages) - 1 else ""
        said += f"; {stage_name(treated)}{last} from {begin.date()} at the earliest"
    return said


def look_day(scene: Scene) -> date | None:
    """The day of the look from which on it may ship; None where the plan does not say."""
    if scene.judgement is None:
        return None
    try:
        return planned_looks(scene.judgement.readout)[-1].date()
    except NotChecked:
        return None


def _closed(reason: str) -> Light:
    return Light("bad", f"closed: {reason}")


def _light(reason: str) -> Light | None:
    return _closed(reason) if reason else None


def _frozen(readout: Readout) -> str:
    stage = readout.stage
    if stage.position >= 0 and next_stage(readout.plan, stage.position):
        return f"stay at {stage.name}, the ramp is frozen, watch on"
    if stage.position >= 0:
        last = readout.plan.holdout.until if readout.plan.holdout else None
        return f"stay at {stage.name}, watch on{f' until the holdout is read on {last}' if last else ''}"
    until = "complete it as planned"
    with suppress(NotChecked):  # a plan that says too little for a look has none open
        until = "watch on" if open_look(readout) is not None else until
    return f"stay in the {stage.name}, {until}"


# What they share.


def _narrowed(scene: Scene, draft: JudgedDraft | None, worth: str) -> tuple[str, str, Light]:
    if draft is None and weak_segment(scene.plan) is not None:
        return (
            "a plan of its own, should a part of the traffic turn out to be weak",
            "an answer of its own, from new results",
            Light("neutral", "not needed now"),
        )
    if draft is None:
        return (
            "without its weak part",
            "the plan names no segment to leave out",
            Light("neutral", "not checked"),
        )
    lacks = len(draft.lacks)
    light = Light("caution", f"not yet: {counted(lacks, 'thing')} to do") if lacks else _FOLLOWS
    follows = worth or "an answer of its own, from new results"
    return (
        f"a plan of its own, {draft.id}, without {draft.leaves_out}{_read_on(draft.read_on)}",
        follows,
        light,
    )


def _judged(errors: list[Diagnostic], what: str) -> Light:
    return Light("caution", f"not yet: {what} has {counted(len(errors), 'error')}") if errors else _FOLLOWS


def _objections(what: str, errors: list[Diagnostic]) -> Iterator[Block]:
    if errors:
        yield Paragraph(f"What the policy objects to in {what}:")
        yield Points([f"{each.message} ({each.rule})" for each in errors])


def _still_to_do(scene: Scene, draft: JudgedDraft | None) -> Iterator[Block]:
    """What the narrower plan lacks, who does it, and the last day on which it can be registered."""
    if draft is None or not draft.lacks:
        return
    owner = scene.plan.owner.dri if scene.plan.owner else None
    people = {AUTHOR: called(owner, "the owner"), "approvers": "Whoever signs"}
    tasks: dict[str, list[str]] = {}
    for each in draft.lacks:
        tasks.setdefault(people.get(actor_by_rule(scene, each.rule), people[AUTHOR]), []).append(each.what)
    by = f" by {draft.due}, the day before its first users are treated" if draft.due else ""
    told = " ".join(f"{who} sees to it: {'; '.join(what)}." for who, what in tasks.items())
    yield Paragraph(f"{NARROWER} ({scene.letters[NARROWER]}) is open once this is repaired{by}. {told}")


def actor_by_rule(scene: Scene, rule: str) -> str:
    """Who can free a plan from what the rule finds, one of ``ACTORS``."""
    actor: str = scene.policy.catalogue.load(rule).exported("ACTOR") if rule else ""
    return actor or AUTHOR


def _draft(draft: JudgedDraft) -> Section:
    blocks: list[Block] = [
        Paragraph("A plan of its own, derived from this one; what is not named here stays as it is there."),
        Command(draft.yaml, "yaml"),
    ]
    return Section(f"The draft for C: {draft.id}", blocks, folded=True)


def _letters_change(scene: Scene) -> str:
    return "" if scene.in_flight else "; once people are treated, the letters stand for other options"


def _to_decide(scene: Scene, choice: Choice) -> Section:
    owner = scene.plan.owner.dri if scene.plan.owner else None
    by = shown(owner) if owner else next(iter(scene.policy.roles), "ROLE")
    option = f"{ROLL_BACK}: {scene.letters[ROLL_BACK]}" if scene.verdict == "roll_back" else "…"
    words = [f"{each.letter}: {scene.letters[each.letter]}" for each in choice.options]
    plan = quote(scene.candidate.source.shown)
    results = f" --results {quote(shown_path(scene.judgement.call.results))}" if scene.judgement else ""
    blocks: list[Block] = [
        Paragraph(
            f"The option is {listing(sorted(words), 'or')}, or one of the plan's own{_letters_change(scene)}. This command "
            "refuses a closed one, unless --overrule says who overrules, and why: who may is up to the owners of egp.lock, every later "
            "page shows it, and the gate says what it said. --dissent records who disagrees, why, and that they commit to the decision all the same."
        ),
        Command(
            f'egp decide {plan}{results} --option "{option}" --by {quote(by)} --because "…" --dissent "…"'
        ),
        Paragraph("Somebody's position, and what it would take for them to agree:"),
        Command(f'egp decide {plan} --position ROLE --wants "…" --because "…" --agrees-if "…"'),
    ]
    return Section("How the decision is recorded", blocks, folded=True)
