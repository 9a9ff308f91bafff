"""The brief for programs, versioned by its `brief` key: what the page says, its amounts unrounded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from egp.gate.verdict import Verdict
from egp.output.contract import (
    TOOL,
    DecisionTaken,
    EmergencyRaise,
    JudgingPolicy,
    Reported,
    Share,
    Tool,
    as_text,
)
from egp.output.page.model import Tone
from egp.pages.brief.holdout import Confirmation
from egp.pages.brief.options import look_day
from egp.pages.brief.positions import positions_of
from egp.pages.brief.result import PrimaryResult
from egp.pages.brief.scene import Moment
from egp.pages.brief.who import deadline_instant
from egp.pages.brief.worth import Launch, unrepaired
from egp.pages.emergencies import raised_in
from egp.plan.analysis.money import Amount

if TYPE_CHECKING:
    from egp.pages.brief.guardrails import SeenHarm, WatchedGuardrail
    from egp.pages.brief.priced import Account, PricedLine
    from egp.pages.brief.scene import Scene
    from egp.pages.brief.telling import Passage
    from egp.pages.brief.worth import Prospect
    from egp.record.lock import Decided

Of = Literal["stated", "harm", "wrong_call", "gain", "net", "launch", "delay"]


class MoneyAmount(Reported):
    """Money: the difference to today's version. A gain is above zero, a loss below."""

    kind: Of
    """What the plan states, what harm has cost, a week that is decided wrongly, what a result gains, that gain less the harm
    of the same people, a launch by the plan's scenarios, or a delay."""
    what: str
    metric: str | None
    low: float
    middle: float
    high: float
    currency: str
    how: str
    """The multiplication, in rounded numbers."""


class BriefOption(Reported):
    """An option, with whether it is open."""

    letter: str
    means: str
    what: str
    follows: str
    recommended: bool
    """Before a launch: open, worth the most, and no scenario of it is worse than today."""
    state: Literal["open", "not_yet", "closed", "not_checked"]
    because: str
    """What the gate or the policy says of it."""


class HeldPosition(Reported):
    """What somebody wants, and what it would take for them to agree."""

    who: str
    on: date | None
    wants: str
    option: str | None
    """The letter that it amounts to, where it does."""
    because: str
    agrees_if: str


class RelativeHarm(Reported):
    """As shares of the control observed in the same period."""

    harm: float
    low: float
    high: float
    margin: float


class GuardrailPeriod(Reported):
    """A guardrail's harm in a week, or in the stage so far; in its own unit, harm above zero."""

    metric: str
    variant: str
    period: str
    harm: float
    low: float
    high: float
    margin: float | None
    """Of one in per cent that share of the control observed."""
    relative: RelativeHarm | None
    """Where the margin is in per cent."""
    state: str
    tone: Tone


class ReadResult(Reported):
    """The result of the primary metric as its look was read; above zero is better, in its own unit."""

    metric: str
    read_on: date
    estimate: float
    low: float
    high: float
    confidence: Share
    ships: bool
    """Whether the registered test and the decision rule are met."""
    corrected: tuple[float, float, float] | None
    """Low, middle and high without the winner's curse, of a result that ships."""


class HoldoutSays(Reported):
    """The treated of the last stage against the holdout, on the day on which it is read."""

    estimate: float
    low: float
    high: float
    power: Share
    """The chance that a holdout of this size finds the readout's gain."""
    validated: bool


class RecordedDecision(DecisionTaken):
    """What was decided so far."""

    checkpoint: date | None
    overruled: str | None
    """Why the option was closed, where somebody chose it all the same."""


class BriefReport(Reported):
    """What egp brief says."""

    brief: Literal[1]
    """Version of this format."""
    tool: Tool
    as_of: datetime
    experiment: str
    moment: Moment
    """What is to be decided: the launch, nothing before the look, the result, the next stage, what the holdout says, or what
    to do about harm."""
    verdict: str
    """The page in one sentence."""
    tone: Tone
    gate: Verdict | None
    """Of the stage in which the treatment is; null before the launch."""
    next_stage: str | None
    next_stage_verdict: Verdict | None
    shipping_opens: date | None
    """The planned look; null before the launch."""
    decide_by: datetime | None
    """Until when who breaks a tie does so."""
    options: tuple[BriefOption, ...]
    amounts: tuple[MoneyAmount, ...]
    amounts_missing: tuple[str, ...]
    """Which lines would make more amounts possible."""
    result: ReadResult | None
    """Null before the look."""
    withheld: str | None
    """Why there is no result."""
    holdout: HoldoutSays | None
    """Null before the day on which the holdout is read."""
    guardrails: tuple[GuardrailPeriod, ...]
    positions: tuple[HeldPosition, ...]
    decisions: tuple[RecordedDecision, ...]
    emergencies: tuple[EmergencyRaise, ...]
    """Stages of the ledger that were entered without the gate."""
    policy: JudgingPolicy


_STATE: dict[Tone, Literal["open", "not_yet", "closed", "not_checked"]] = {
    "good": "open",
    "caution": "not_yet",
    "bad": "closed",
    "neutral": "not_checked",
}


def render(scene: Scene, said: Passage) -> str:
    """The page with nothing on it of a metric that is withheld."""
    result = said.result
    judgement, onwards, entry = scene.judgement, scene.onwards, scene.registration
    is_running = judgement is not None and scene.in_flight
    raised = judgement.readout.emergencies if judgement else raised_in(scene.root, scene.plan.name)
    return as_text(
        BriefReport(
            brief=1,
            tool=TOOL,
            as_of=scene.as_of,
            experiment=scene.candidate.id,
            moment=scene.moment,
            verdict=said.verdict,
            tone=said.tone,
            gate=judgement.decision.verdict if judgement and is_running else None,
            next_stage=scene.next_stage or None if is_running else None,
            next_stage_verdict=onwards.decision.verdict if onwards and is_running else None,
            shipping_opens=look_day(scene) if is_running else None,
            decide_by=deadline_instant(scene),
            options=tuple(
                BriefOption(
                    letter=each.letter,
                    means=scene.letters[each.letter],
                    what=each.what,
                    follows=each.follows,
                    recommended=each.is_recommended,
                    state=_STATE[each.light.tone],
                    because=each.light.word,
                )
                for each in said.choice.options
            ),
            amounts=tuple(_amounts(said)),
            amounts_missing=tuple(
                dict.fromkeys(
                    lack for each in (said.harm, said.wrong, said.gain, said.stated) for lack in each.lacks
                )
            ),
            result=_result(result) if isinstance(result, PrimaryResult) else None,
            withheld=result if isinstance(result, str) and result else None,
            holdout=HoldoutSays.of(said.confirmed, validated=said.confirmed.is_validated)
            if isinstance(said.confirmed, Confirmation)
            else None,
            guardrails=tuple(_periods(said.guardrails)),
            positions=tuple(
                HeldPosition.of(each, option=each.letter or None) for each in positions_of(scene)
            ),
            decisions=tuple(map(_decision, entry.decisions if entry else ())),
            emergencies=tuple(EmergencyRaise.of(each, settled=each.is_settled) for each in raised),
            policy=JudgingPolicy.of(scene.policy),
        )
    )


def _amounts(said: Passage) -> Iterable[MoneyAmount]:
    accounts: tuple[tuple[Of, Account], ...] = (
        ("harm", said.harm), ("wrong_call", said.wrong), ("gain", said.gain), ("net", said.net), ("stated", said.stated),
    )  # fmt: skip
    for of, each in accounts:
        yield from (_line(of, line) for line in each.lines)
    if isinstance(said.launch, Launch):
        yield from _of_launch(said.launch)


def _line(of: Of, line: PricedLine) -> MoneyAmount:
    what = f"{line.name}: {line.events}" if line.events else line.name
    amount = line.amount
    return MoneyAmount(
        kind=of, what=what, metric=line.metric or None, low=amount.low, middle=amount.middle, high=amount.high,
        currency=amount.currency, how=line.how,
    )  # fmt: skip


def _of_launch(launch: Launch) -> Iterable[MoneyAmount]:
    prospects: tuple[tuple[str, Prospect | None], ...] = (
        ("launch now", launch.now), ("delayed, if all is repaired", launch.repaired), ("without the weak segment", launch.narrower),
    )  # fmt: skip
    for what, each in prospects:
        if each is not None:
            yield _of_prospect(what, each, each.amount)
    if (later := launch.repaired) is not None:
        least = unrepaired(launch, later)
        yield _of_prospect(
            "delayed, if nothing is repaired", later, Amount(least, least, least, later.amount.currency)
        )
    if launch.waiting is not None:
        forgone, saved = launch.waiting.forgone, launch.waiting.saved
        for what, value in (("forgone by waiting", -forgone), ("saved by waiting", saved)):
            yield MoneyAmount(
                kind="delay", what=what, metric=None, low=value, middle=value, high=value, currency=launch.worth.currency,
                how="gains of the scenarios × events a week × weeks",
            )  # fmt: skip


def _of_prospect(what: str, of: Prospect, amount: Amount) -> MoneyAmount:
    return MoneyAmount(
        kind="launch", what=f"{what}, until {of.until}", metric=None, low=amount.low, middle=amount.middle,
        high=amount.high, currency=amount.currency, how="gain of an event × events a week × share treated × weeks",
    )  # fmt: skip


def _result(result: PrimaryResult) -> ReadResult:
    selected = result.selected
    corrected = (selected.low, selected.estimate, selected.high) if selected else None
    return ReadResult(
        metric=result.metric.name, read_on=result.read_on, estimate=result.estimate, low=result.low, high=result.high,
        confidence=result.confidence, ships=result.met, corrected=corrected,
    )  # fmt: skip


def _periods(rows: Iterable[WatchedGuardrail]) -> Iterable[GuardrailPeriod]:
    for row in rows:
        for seen in row.periods:
            light = row.light(seen)
            yield GuardrailPeriod(
                metric=row.metric.name, variant=row.variant, period=seen.period, harm=seen.own.seen, low=seen.own.low,
                high=seen.own.high, margin=seen.margin_in_own_unit, relative=_relative(seen), state=light.word,
                tone=light.tone,
            )  # fmt: skip


def _relative(seen: SeenHarm) -> RelativeHarm | None:
    found, margin = seen.of_control, seen.margin
    if found is None or margin is None:
        return None
    return RelativeHarm(harm=found.seen, low=found.low, high=found.high, margin=margin)


def _decision(decided: Decided) -> RecordedDecision:
    return RecordedDecision.of(
        decided, overruled=decided.overruled.closed if decided.overruled is not None else None
    )
