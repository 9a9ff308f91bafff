"""The verdict for people: verdict, reasons, next steps, then every check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from egp.gate.clock import shown_instant
from egp.gate.judgement import GateJudgement
from egp.gate.live import WORDS, ServedNow
from egp.gate.reading import Reading
from egp.gate.rows import merged
from egp.output.page.model import Answer, Block, Light, Notice, Paragraph, Section, Table, Tone
from egp.output.page.unit_spacing import in_one_style
from egp.plan.quantity import shown
from egp.plan.results import stage_name
from egp.plan.wording import length
from egp.policy.model import Policy
from egp.policy.params import shown_value

HEADLINE = {
    "proceed": "proceed",
    "hold": "hold",
    "roll_back": "roll back",
    "could_not_judge": "could not judge",
}
_AS_IF = "another instant than now is judged, and the answer opens nothing"
_STATE = {"pass": "pass", "fail": "fail", "cannot_rule_out": "not ruled out", "not_checked": "not checked"}
_TONE: dict[str, Tone] = {"proceed": "good", "hold": "caution", "roll_back": "bad", "could_not_judge": "bad"}
_TONE_OF_STATE: dict[str, Tone] = {
    "pass": "good",
    "fail": "bad",
    "cannot_rule_out": "caution",
    "not_checked": "neutral",
}


def headline(judgement: GateJudgement) -> str:
    """ "hold (wait): pdp-buy-now to 70%, as of 2023-01-28 08:00 PST"."""
    decision, readout = judgement.decision, judgement.readout
    kind = f" ({decision.kind})" if decision.kind else ""
    asked = f"to {readout.move.name}" if judgement.call.to else f"in {readout.stage.name}"
    zone = readout.as_of.tzname() or ""
    when = f"{shown_instant(readout.as_of)} {zone}".rstrip()
    return f"{HEADLINE[decision.verdict]}{kind}: {shown(readout.plan.id)} {asked}, as of {when}"


def next_steps(judgement: GateJudgement) -> list[str]:
    """What to do about it, each step once; of several instants to wait for the last one.

    What has to be repaired has not been inconclusive yet.
    """
    decision = judgement.decision
    if decision.verdict == "proceed":
        return _onwards(judgement)
    reasons = [each for each in decision.reasons if decision.kind != "repair" or each.kind != "inconclusive"]
    last = max((reading.until for reading in reasons if reading.until), default=None)
    steps = [reading.next for reading in reasons if reading.next and reading.until in (None, last)]
    return merged(steps)


def _onwards(judgement: GateJudgement) -> list[str]:
    """After a move into a stage of the ramp: its entry in the ledger, and what it is watched for."""
    move, ramp = judgement.readout.move, judgement.readout.plan.ramp
    if move.kind != "stage":
        return []
    steps = [f"enter {move.name}, and add it to `stages` in the results with the instant"]
    dwell, following = ramp[move.position].min_dwell, ramp[move.position + 1 : move.position + 2]
    watch = "watch it with --monitor"
    if dwell and following and following[0].treated:
        watch += f"; {stage_name(following[0].treated)} may follow after {length(dwell)}"
    return [*steps, watch]


def page(judgement: GateJudgement, *, folded: bool = False) -> Answer:
    """The verdict with every reading, which a job summary folds away."""
    decision = judgement.decision
    policy = judgement.policy.title
    passed = sum(reading.passed for reading in decision.readings)
    count = f"{passed} of {len(decision.readings)} readings pass"
    blocks: list[Block] = [
        *_notices(judgement),
        Section(count if folded else "", [_readings(decision.readings)], folded=folded),
        Section(
            "",
            [
                Paragraph(f"{count} (policy {policy}, results {judgement.inputs.results[-12:] or 'none'})"),
                *map(Paragraph, _options_set(judgement.policy)),
            ],
        ),
    ]
    # The headline names the stage as the plan does, and as --to takes it.
    return Answer(headline(judgement), in_one_style(blocks), _TONE[decision.verdict])


def served_notices(served: ServedNow) -> Iterator[Notice]:
    """What is served now beside the ledger, a line for each flag of the plan."""
    for each in served.shares:
        tone: Tone = "bad" if each.status else "neutral"
        yield Notice(WORDS[each.outcome], each.message, tone, [each.next] if each.next else [])


def _notices(judgement: GateJudgement) -> Iterator[Block]:
    decision = judgement.decision
    if judgement.readout.as_if:
        yield Notice("as if", _AS_IF)
    day = judgement.readout.as_of.date()
    yield from (
        Notice("emergency", each.sentence(day), "neutral" if each.is_settled else "caution")
        for each in judgement.readout.emergencies
    )
    yield from (Notice("error", crash.message, "bad") for crash in decision.crashes)
    reasons = dict.fromkeys(reading.message for reading in _said_once(decision.reasons))
    yield from (Notice("because", message) for message in reasons)
    yield from (Notice("next", step) for step in next_steps(judgement))
    if judgement.served:
        yield from served_notices(judgement.served)
    if decision.until:
        yield Paragraph(f"the answer stays the same until {shown_instant(decision.until)}")


def _said_once(reasons: Sequence[Reading]) -> Iterator[Reading]:
    """Without what is not read before an instant to which another reason holds, too."""
    held_until = {each.until for each in reasons if each.state == "fail"} - {None}
    yield from (each for each in reasons if each.state == "fail" or each.until not in held_until)


def _readings(readings: Iterable[Reading]) -> Table:
    return Table(
        ("", "check", "reading", "required"),
        [
            (
                Light(_TONE_OF_STATE[each.state], _STATE[each.state]),
                each.check,
                each.message,
                each.required,
            )
            for each in readings
        ],
        not_at_terminals=frozenset({3}),
    )


def _options_set(policy: Policy) -> Iterator[str]:
    """What the policy sets of the checks, and where."""
    for check_id, options in policy.gate.items():
        for name, value in options.items():
            yield f"the policy sets {name} of {check_id} to {shown_value(value.value)} ({value.origin})"
