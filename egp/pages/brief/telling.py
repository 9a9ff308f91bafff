"""Everything that a brief says at its moment, computed once: the page prints it, and the JSON has it exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.choices import GO, GO_ON
from egp.advice.open_options import errors_of
from egp.gate.deciding import lift_in_words
from egp.gate.settings import guardrail_alpha
from egp.output.page.model import Block, Figure, Paragraph, Section
from egp.pages.brief.accounts import (
    WAITING,
    another_week,
    clear,
    harm_lines,
    of_late_outcomes,
    people_of_the_last_week,
    periods_of_gain,
    reached_by_waiting,
    treated_people,
    waiting_account,
    week_of_gain,
)
from egp.pages.brief.agreed import decision_rule_lines
from egp.pages.brief.balance import Balance, Period, balance, balance_section
from egp.pages.brief.exactness import wider_than_planned
from egp.pages.brief.guardrails import WatchedGuardrail, is_split_as_planned, so_far, watched
from egp.pages.brief.holdout import CRITERION, Confirmation, Unread, confirmation
from egp.pages.brief.options import Choice, choice_of, recommended_in_words, with_net
from egp.pages.brief.priced import (
    Account,
    account,
    hoped_for,
    in_one_breath,
    margins_against_gain,
    money_section,
    stated_account,
)
from egp.pages.brief.result import PrimaryResult, at_its_look, result_of
from egp.pages.brief.secondary import secondary_results
from egp.pages.brief.verdicts import verdict_of
from egp.pages.brief.worth import Launch, launch_of
from egp.plan.analysis.days import first_exposure, readout_day
from egp.plan.analysis.money import WEEK, Unpriced, price_of
from egp.plan.finding import NotChecked
from egp.plan.picture import Interval, Intervals, Level
from egp.plan.quantity import shown
from egp.plan.wording import counted, percent
from egp.yaml import pointer

if TYPE_CHECKING:
    from egp.gate.readout import Readout
    from egp.output.page.model import Tone
    from egp.pages.brief.scene import Scene
    from egp.plan.picture import Mark

_NOTHING = Account((), ())


@dataclass(frozen=True)
class Passage:
    """What is said, and of which amounts."""

    verdict: str
    tone: Tone
    choice: Choice
    launch: Launch | str
    stated: Account
    """What the plan states: of a week of the launch before it, of the wait for the look while it runs."""
    harm: Account = _NOTHING
    """What the differences of the guardrails have come to in the stage."""
    wrong: Account = _NOTHING
    """What a week costs that is decided wrongly, in both directions."""
    gain: Account = _NOTHING
    net: Account = _NOTHING
    """What is left of the gain after the harm of the same people."""
    balances: tuple[Balance, ...] = ()
    """The same by period, where the gate says roll back."""
    result: PrimaryResult | str = ""
    """Why there is none, where there is none."""
    confirmed: Confirmation | Unread | str = ""
    """Why the holdout says nothing, where it does not."""
    guardrails: tuple[WatchedGuardrail, ...] = ()


def told(scene: Scene) -> Passage:
    launch = launch_of(scene.plan)
    choice = choice_of(scene, launch)
    if scene.judgement is None or not scene.in_flight:
        stated = stated_account(scene.plan, scene.policy.metrics, WEEK, None)
        return Passage(*_launch_verdict(scene, launch, stated, choice), choice, launch, stated)
    return _in_flight(scene, launch, choice)


def _in_flight(scene: Scene, launch: Launch | str, choice: Choice) -> Passage:
    judgement = scene.judgement
    assert judgement is not None
    readout = judgement.readout
    is_sound = is_split_as_planned(readout)
    try:
        rows = watched(judgement)
        harm = account(harm_lines(scene, readout)) if is_sound else _NOTHING
    except NotChecked:
        rows, harm = [], _NOTHING
    result = result_of(scene)
    shipped = result if isinstance(result, PrimaryResult) and is_sound else None
    is_out = readout.stage.position >= 0
    goes_on = all(each.decision.verdict == "proceed" for each in (judgement, scene.onwards) if each) or (
        is_out and scene.verdict == "proceed"
    )
    gain = _NOTHING
    confirmed = confirmation(scene, shipped) if scene.moment == "after" else ""
    wrong = _NOTHING
    if scene.moment == "harm" and is_sound:
        treated = readout.stage.treated or 0.0
        forgone = week_of_gain(scene, shipped, treated) if shipped and is_out else ()
        wrong = account([*another_week(scene, readout, [each for each in rows if each.tripped]), *forgone])
    stated = waiting_account(scene) if scene.moment == "running" else _NOTHING
    balances: tuple[Balance, ...] = ()
    if scene.moment == "harm" and is_sound and len(readout.treatments) == 1:
        harm, wrong, balances = _balanced(scene, readout, rows, shipped if is_out else None)
        gain = account(each.gain for each in balances[:1] if each.gain)
    elif shipped is not None and shipped.selected is not None:
        balances, lacks = _measured(scene, readout, shipped, goes_on=goes_on)
        gain = account([*(each.gain for each in balances if each.gain), *lacks])
        harm = harm._replace(lines=tuple(line for each in balances for line in each.harms))
    net = account(each.net for each in balances if each.net)
    if scene.moment in ("readout", "ramp") and not scene.closed[GO_ON] and balances and balances[-1].net:
        choice = with_net(choice, balances[-1].net, balances[-1].period.name)
    verdict, tone = verdict_of(scene, result, rows, stated, harm, balances, confirmed)
    return Passage(
        verdict, tone, choice, launch, stated, harm, wrong, gain, net, balances, result, confirmed, tuple(rows),
    )  # fmt: skip


def _balanced(
    scene: Scene, readout: Readout, rows: list[WatchedGuardrail], shipped: PrimaryResult | None
) -> tuple[Account, Account, tuple[Balance, ...]]:
    """Harm so far, what a week costs that is decided wrongly, and both with the gain of the same people."""
    period = Period(so_far(readout), treated_people(readout))
    harm = account(harm_lines(scene, readout, period.people))
    balances = [balance(scene, readout, shipped, period, harm.lines)]
    wrong = _NOTHING
    if of_week := people_of_the_last_week(rows):
        wrong = account(another_week(scene, readout, rows, of_week))
        week = Period("each further week like the last", of_week)
        balances.append(balance(scene, readout, shipped, week, wrong.lines))
        if forgone := balances[-1].gain:
            name = f"rolling back, each week without the gain: {forgone.of}"
            lost = forgone._replace(name=name, amount=-forgone.amount)
            wrong = wrong._replace(lines=(*wrong.lines, lost))
    # Harm withdraws the treatment, whatever a net would come to: one that holds zero would be read as a reason to go on.
    return harm, wrong, tuple(each._replace(net=None) for each in balances if each.lines)


def _measured(
    scene: Scene, readout: Readout, result: PrimaryResult, *, goes_on: bool
) -> tuple[tuple[Balance, ...], list[str]]:
    """Gain, measured harm and net of the people of the stage so far, and of those to come; and what is lacking for more.

    Of those to come the harm is that of the readout, which is where the gain is from.
    """
    try:
        price_of(result.metric, scene.policy.metrics)
        guardrail_alpha(readout)
    except Unpriced as reason:
        return (), [reason.lack]
    except NotChecked as missing:
        return (), [f"`{pointer(missing.path)}` would say how wide the ranges of the amounts are"]
    found: list[Balance] = []
    lacks: list[str] = []
    for each in periods_of_gain(scene, readout, goes_on=goes_on):
        if isinstance(each, str):
            lacks.append(each)
            continue
        measured_in = at_its_look(readout) if each.lies_ahead else readout
        lines = account(
            harm_lines(scene, measured_in, each.people, each.name, variants=(readout.foremost,))
        ).lines
        found.append(balance(scene, readout, result, each, lines))
    return tuple(found), lacks


def _names_of_tripped(rows: Iterable[WatchedGuardrail]) -> frozenset[str]:
    return frozenset(row.metric.name for row in rows if row.tripped)


def _launch_verdict(scene: Scene, launch: Launch | str, stated: Account, choice: Choice) -> tuple[str, Tone]:
    errors = len(errors_of(scene.report))
    closed = scene.closed[GO]
    assert bool(closed) == bool(errors)
    alone = (
        launch.in_one_sentence(with_others=choice.recommended is None) if isinstance(launch, Launch) else ""
    )
    said = alone or in_one_breath(stated) or str(launch)
    worth = f"{said[0].upper()}{said[1:]}."
    if errors:
        return (
            f"Launching is closed: the plan does not follow the policy yet ({counted(errors, 'error')}). {worth}",
            "bad",
        )
    tone: Tone = launch.tone if isinstance(launch, Launch) else "neutral"
    if (leading := choice.recommended) is not None:
        return f"{recommended_in_words(leading, launch)} {worth} {_ships_only_if(scene, every=True)}", tone
    return f"The plan follows the policy. {_ships_only_if(scene, every=False)} {worth}", tone


def _ships_only_if(scene: Scene, *, every: bool) -> str:
    """What launching is, so that nobody takes it for a word about everybody's version."""
    begins = "Every option begins with a test" if every else "A launch begins with a test"
    try:
        begun, read = first_exposure(scene.plan)[0], readout_day(scene.plan)
    except NotChecked:
        return f"{begins}, and what ships is what passes its readout."
    of = "A's" if every else "its"
    return (
        f"{begins}, which may harm those whom it treats, and ships only what passes: {of} first users are treated on {begun}, and "
        f"it is read on {read}."
    )


def beside_guardrails(scene: Scene, said: Passage) -> str:
    """What stands of the metric that decides beside the guardrails; empty where its result is not known."""
    if isinstance(said.result, str):
        return ""
    if scene.moment != "harm":
        return (
            "The metric that decides stands above as its look was read; nobody follows it from week to week."
        )
    return (
        f"The metric that decides was {said.result.in_words}, at its readout of {said.result.read_on}. Nobody follows it from "
        "week to week."
    )


def result_section(scene: Scene, said: Passage) -> Iterator[Section]:
    """The metric that decides, by its name, and the result where its look has been read."""
    result = said.result
    if isinstance(result, str):
        return
    told = f"Read on {result.read_on}."
    if not scene.for_executives:
        lift = f" It is {lift_in_words(result.of_control)}." if result.of_control else ""
        rule = next(iter(decision_rule_lines(scene.plan)), f"To ship it takes {result.asked}.")
        told = f"{told} {rule}{lift}"
    if result.selected is not None:
        little = result.worded(result.selected.estimate) == result.worded(result.estimate)
        here = ", which changes next to nothing here" if little else ""
        told = f"{told} Amounts count it corrected for being shown because it passed{here}."
    if isinstance(said.confirmed, (Confirmation, Unread)):
        told = f"{told} {CRITERION}"
    if isinstance(said.confirmed, Unread):
        told = f"{told} {said.confirmed.in_words}"
    assert scene.judgement is not None
    beside = secondary_results(scene, scene.judgement.readout, result)
    blocks: list[Block] = [_pictured(said, result), Paragraph(told), *map(Paragraph, beside)]
    if scene.moment == "readout" and not scene.for_executives:
        exact = wider_than_planned(at_its_look(scene.judgement.readout), result)
        blocks += [Section("How exact it is", [Paragraph(exact)], folded=True)] if exact else []
    yield Section("The metric that decides", blocks)


def _pictured(said: Passage, result: PrimaryResult) -> Figure:
    """The result and what is left of it as one that passed, against no change and what it takes to ship."""
    mark: Mark = "good" if result.met else "caution"
    words = f"{result.worded(result.estimate)} ({result.worded(result.low)} to {result.worded(result.high)})"
    rows = [Interval("as it was read", result.low, result.high, words, result.estimate, mark)]
    if selected := result.selected:
        words = f"{result.worded(selected.estimate)} ({result.worded(selected.low)} to {result.worded(selected.high)})"
        rows.append(Interval("corrected", selected.low, selected.high, words, selected.estimate))
    if isinstance(seen := said.confirmed, Confirmation):
        words = f"{result.worded(seen.estimate)} ({result.worded(seen.low)} to {result.worded(seen.high)})"
        rows.append(Interval("against the holdout", seen.low, seen.high, words, seen.estimate, seen.mark))
    levels = [Level(0.0, "today's version")]
    if result.cut > 0:
        levels.append(Level(result.cut, f"least that passes, {result.least_in_words}", "marked"))
    title = f"{shown(result.name)}: the difference to today's version; to the right is better"
    return Figure(title, Intervals(rows, levels), f"{result.in_words}.")


def money_sections(scene: Scene, said: Passage) -> Iterator[Section]:
    """The amounts of the moment, in one table; what would make more of them possible, once."""
    lacks = [*said.harm.lacks, *said.wrong.lacks, *said.gain.lacks, *said.stated.lacks]
    harm = said.harm if said.balances else clear(said.harm, _names_of_tripped(said.guardrails))
    lines = [*harm.lines, *said.wrong.lines, *said.gain.lines, *said.stated.lines]
    if not lines and not lacks:
        return
    assert scene.judgement is not None
    readout = scene.judgement.readout
    titles = {
        "running": "What waiting costs and saves",
        "harm": "What it has cost, and what a wrong call costs",
    }
    title = titles.get(scene.moment, "What it is worth")
    if said.balances:
        yield balance_section(
            title, said.balances, account(lacks).lacks, readout, going_wrong=scene.moment == "harm",
            goes_on=said.tone == "good", for_executives=scene.for_executives, of_waiting=of_late_outcomes(scene, readout, said.balances),
        )  # fmt: skip
        return
    left_out = [each.name for each in said.harm.lines if each not in harm.lines]
    notes = []
    if any(each.amount.low < 0 and not each.has_words_for_sign for each in lines):
        notes.append("Below zero is a loss against today's version.")
    if any(each.amount.low < each.amount.high for each in said.harm.lines):
        level = percent(1 - 2 * guardrail_alpha(readout))
        if any(each.amount.low < each.amount.high for each in lines):
            notes.append(f"Each range holds in {level} of cases.")
        if left_out and scene.moment != "running":
            notes.append(
                f"No amount is given where the {level} range of the harm holds zero: {'; '.join(left_out)}."
            )
    if said.stated.lines:
        notes += [
            WAITING, *reached_by_waiting(scene), hoped_for(scene.plan), margins_against_gain(scene.plan, said.stated),
        ]  # fmt: skip
    yield money_section(
        title, account([*lines, *lacks]), " ".join(filter(None, notes)), for_executives=scene.for_executives
    )
