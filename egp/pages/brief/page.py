"""The page: a decision memo before a launch, an alignment brief while the treatment is out, a message after a rollback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.choices import IN_FLIGHT, ROLL_BACK, has_begun
from egp.gate.call import CannotJudge, inputs_of
from egp.gate.looks import open_look
from egp.gate.page import HEADLINE, headline, next_steps
from egp.output.page.model import Block, Facts, Page, Paragraph, Points, Quotation, Section, Tone
from egp.pages.brief.drafts import errors_of
from egp.pages.brief.guardrails import guardrails_section, is_split_as_planned, when_harmed
from egp.pages.brief.message import message_section
from egp.pages.brief.options import options_sections
from egp.pages.brief.restated import contested, decision_rule_lines, policy_in_sentences, stop_rule_line
from egp.pages.brief.tripped import first_reason, open_otherwise, tripped, tripped_metrics
from egp.pages.brief.who import decisions_section, who_section
from egp.pages.brief.worth import Launch, expected_section, launch_of, worth_section
from egp.plan.analysis.days import day_after, first_exposure, readout_day
from egp.plan.finding import Failure, NotChecked
from egp.plan.quantity import shown
from egp.plan.results import TEST
from egp.plan.wording import called, counted, listing

if TYPE_CHECKING:
    from egp.gate.call import GateJudgement
    from egp.pages.brief.scene import Scene
    from egp.policy.model import Adopted

_TONE: dict[str, Tone] = {
    "proceed": "good",
    "hold": "caution",
    "roll_back": "bad",
    "could_not_judge": "caution",
}
_MEANS = {
    "hold": "traffic stays where it is",
    "roll_back": "the treatment is withdrawn, as agreed before the start",
    "could_not_judge": "nobody raises traffic until it can judge",
}


@dataclass(frozen=True, slots=True)
class Brief:
    page: Page
    fault: Failure | None = None
    """What keeps a part of the page from being written; the rest of it is reported all the same."""


def brief(scene: Scene) -> Brief:
    """The page that the scene requires. Raises CannotJudge."""
    _require_nothing_personal(scene)
    launch = launch_of(scene.plan)
    judgement = scene.judgement
    if judgement is None or not scene.in_flight:
        _require_to_come(scene)
        return Brief(_before_launch(scene, launch))
    message, fault = message_section(scene) if _is_rolled_back(scene) else (None, None)
    return Brief(_under_way(scene, judgement, launch, message), fault)


def _require_nothing_personal(scene: Scene) -> None:
    if any(each.secret for each in scene.report.diagnostics):
        path = scene.candidate.source.shown
        reason = "the plan has personal data in it, which no page repeats"
        raise CannotJudge(Failure(path, reason, help=f"egp check {path} says where"))


def _require_to_come(scene: Scene) -> None:
    if has_begun(scene.plan, scene.day):
        first = first_exposure(scene.plan)[0]
        raise CannotJudge(
            Failure(
                scene.candidate.source.shown,
                f"the experiment has begun on {first}, and what is to be decided now depends on its results",
                help=f"--results FILE names them; --as-of {day_after(first, -1)} shows the launch as it was decided on",
            )
        )


def _is_rolled_back(scene: Scene) -> bool:
    """Whether the gate says so, or people have decided it."""
    entry = scene.registration
    last = entry.decisions[-1].means if entry and entry.decisions else ""
    return scene.verdict == "roll_back" or last == IN_FLIGHT[ROLL_BACK]


def _title(scene: Scene) -> str:
    return called(scene.plan.title, "") or called(scene.plan.id, "an experiment")


# Before the launch.


def _before_launch(scene: Scene, launch: Launch | str) -> Page:
    errors = len(errors_of(scene.report))
    tone: Tone = "bad" if errors else launch.tone if isinstance(launch, Launch) else "neutral"
    said = launch.in_one_sentence if isinstance(launch, Launch) else launch
    verdict = f"{said[0].upper()}{said[1:]}."
    if errors:
        verdict = f"The plan does not follow the policy yet ({counted(errors, 'error')}). {verdict}"
    elif isinstance(launch, str):
        verdict = f"The plan follows the policy. {verdict}"
    sections = [
        Section("What is to be decided", list(_question(scene))),
        *([worth_section(launch, scene.for_executives)] if isinstance(launch, Launch) else []),
        *options_sections(scene, launch),
        *_unwritten_message(scene),
        who_section(scene),
        decisions_section(scene),
        *_agreed(scene),
    ]
    return Page(f"Launch decision: {_title(scene)}", verdict, tone, sections, list(_provenance(scene)))


def _question(scene: Scene) -> Iterator[Block]:
    plan = scene.plan
    if plan.hypothesis:
        yield Quotation(plan.hypothesis, "the plan's hypothesis")
    owner = called(plan.owner.dri if plan.owner else None, "not named")
    facts = [("experiment", called(plan.id, "not named")), ("owner", owner)]
    try:
        facts.append(("first people treated", str(first_exposure(plan)[0])))
        facts.append(("the result is read", str(readout_day(plan))))
    except NotChecked:
        facts.append(("dates", "the plan does not say when it runs"))
    yield Facts(facts)


def _unwritten_message(scene: Scene) -> Iterator[Section]:
    """Whether the message of a rollback could go out; nobody wants to mend its template then."""
    section, fault = message_section(scene)
    if fault is not None:
        yield section


# While it is under way.


def _under_way(scene: Scene, judgement: GateJudgement, launch: Launch | str, message: Section | None) -> Page:
    sections = [
        _gate(scene, judgement),
        guardrails_section(scene, judgement),
        _what_tripped(scene, judgement),
        *options_sections(scene, launch),
        who_section(scene),
        decisions_section(scene),
        *([message] if message else []),
        *_agreed(scene),
        *([expected_section(launch, scene.for_executives)] if isinstance(launch, Launch) else []),
    ]
    title = f"Where it stands: {_title(scene)}"
    return Page(title, _verdict(scene, judgement), _TONE[scene.verdict], sections, list(_provenance(scene)))


def _verdict(scene: Scene, judgement: GateJudgement) -> str:
    said = f"The gate says {HEADLINE[scene.verdict]}: {_MEANS.get(scene.verdict) or _onwards(judgement)}"
    reason = first_reason(scene)
    return f"{said}. Why: {reason}." if reason else f"{said}."


def _onwards(judgement: GateJudgement) -> str:
    readout = judgement.readout
    if readout.stage.name == TEST and open_look(readout) is not None:
        return (
            "nothing is amiss, and the result may be read; the readout says whether to launch, not this page"
        )
    if readout.stage.position < 0:
        return f"the {readout.stage.name} runs on as planned, which says nothing about a launch"
    return f"traffic stands at {readout.stage.name}; whether more may follow is another question to the gate"


def _gate(scene: Scene, judgement: GateJudgement) -> Section:
    steps = next_steps(judgement)
    if scene.for_executives:
        facts = [("stage", judgement.readout.stage.name), ("as of", scene.when)]
        return Section(
            "The answer", [Facts([*facts, *(("next", step) for step in steps)]), *_not_up_for_decision(scene)]
        )
    blocks: list[Block] = [Paragraph(headline(judgement), _TONE[scene.verdict])]
    if steps:
        blocks.append(Points([f"next: {step}" for step in steps]))
    blocks += [Paragraph(f"error: {crash.message}", "bad") for crash in judgement.decision.crashes]
    return Section("What the gate says", [*blocks, *_not_up_for_decision(scene)])


def _not_up_for_decision(scene: Scene) -> Iterator[Block]:
    """The policy in one breath, before anybody argues; in full it stands at the end."""
    if sentences := list(_policy(scene, contested(scene.rules))):
        yield Paragraph(f"Whatever is decided, the policy stands. {' '.join(sentences)}")


def _what_tripped(scene: Scene, judgement: GateJudgement) -> Section:
    blocks: list[Block] = []
    if found := tripped(scene):
        blocks.append(Points([*found, *when_harmed(judgement, tripped_metrics(scene))]))
        if scene.plan.diagnostic_segments:
            named = listing(map(shown, scene.plan.diagnostic_segments))
            blocks.append(Paragraph(f"Look for the cause by {named}, in the guardrails alone."))
    else:
        is_fine = scene.verdict == "proceed" and is_split_as_planned(judgement.readout)
        blocks.append(Paragraph("No guardrail and no stop rule.", "good" if is_fine else "neutral"))
    if others := open_otherwise(scene):
        blocks += [Paragraph("Also open:"), Points(others)]
    return Section("What tripped, and when", blocks)


# Both.


def _agreed(scene: Scene) -> Iterator[Section]:
    agreed = [*map(stop_rule_line, scene.plan.stop_rules), *decision_rule_lines(scene.plan)]
    if agreed:
        yield Section("What was agreed before any result", [Points(agreed)], folded=True)
    if sentences := list(_policy(scene, scene.rules)):
        version = f" ({shown(scene.policy.version)})" if scene.policy.version else ""
        yield Section(f"What the policy insists on{version}", [Points(sentences)], folded=True)


def _policy(scene: Scene, rules: Mapping[str, Adopted]) -> Iterator[str]:
    return policy_in_sentences(rules, scene.plan, {each.rule for each in scene.report.waived})


def _provenance(scene: Scene) -> Iterator[tuple[str, str]]:
    yield "as of", scene.when
    if scene.judgement is not None:
        for name, where, digest in inputs_of(scene.judgement):
            yield name, f"{where} {digest}".strip()
        return
    yield "plan", f"{scene.candidate.source.shown} {scene.candidate.digest}"
    yield "policy", f"{scene.policy.name} {scene.policy.version} {scene.policy.digest}"
