"""The page: a decision memo before a launch, an alignment brief while the treatment is out, a message after a rollback."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from egp.advice.choices import IN_FLIGHT, ROLL_BACK, has_begun
from egp.gate.call import CannotJudge
from egp.gate.judgement import inputs_of
from egp.gate.page import HEADLINE, headline, next_steps
from egp.gate.settings import alarm_levels_of
from egp.output.page.model import Block, Facts, Page, Paragraph, Points, Quotation, Section, Tone
from egp.pages.brief.agreed import agreed_lines
from egp.pages.brief.guardrails import guardrails_section, when_harmed
from egp.pages.brief.message import message_section
from egp.pages.brief.options import options_sections
from egp.pages.brief.positions import overruled, positions_section
from egp.pages.brief.priced import launch_section
from egp.pages.brief.restated import contested, policy_in_sentences
from egp.pages.brief.telling import Passage, beside_guardrails, money_sections, result_section, told
from egp.pages.brief.tripped import error_rates, open_otherwise, tripped, tripped_metrics
from egp.pages.brief.verdicts import slow_rules
from egp.pages.brief.who import decisions_section, who_section
from egp.pages.brief.worth import Launch, expected_section, worth_section
from egp.pages.emergencies import emergency_sections, raised_in
from egp.plan.analysis.days import day_after, first_exposure, readout_day
from egp.plan.finding import Failure, NotChecked
from egp.plan.quantity import shown
from egp.plan.wording import called, listing
from egp.policy.model import adopting

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement
    from egp.pages.brief.scene import Scene
    from egp.policy.model import Adopted


@dataclass(frozen=True, slots=True)
class Brief:
    page: Page
    said: Passage
    fault: Failure | None = None
    """What keeps a part of the page from being written; the rest of it is reported all the same."""


def brief(scene: Scene) -> Brief:
    """The page that the scene requires. Raises CannotJudge."""
    _require_nothing_personal(scene)
    if scene.judgement is None or not scene.in_flight:
        _require_to_come(scene)
    said = told(scene)
    if scene.judgement is None or not scene.in_flight:
        return Brief(_before_launch(scene, said), said)
    message, fault = message_section(scene) if _is_rolled_back(scene) else (None, None)
    return Brief(_under_way(scene, scene.judgement, said, message), said, fault)


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


def _before_launch(scene: Scene, said: Passage) -> Page:
    sections = [
        *emergency_sections(raised_in(scene.root, scene.plan.name), scene.day),
        *_overruled(scene),
        Section("What is to be decided", list(_question(scene))),
        *_worth(scene, said.launch),
        *options_sections(scene, said.choice, said.launch),
        *positions_section(scene, said.launch if isinstance(said.launch, Launch) else None),
        *_unwritten_message(scene),
        who_section(scene),
        *decisions_section(scene),
        *_agreed(scene),
    ]
    title = f"Launch decision: {_title(scene)}"
    return Page(title, said.verdict, said.tone, sections, list(_provenance(scene)))


def _worth(scene: Scene, launch: Launch | str) -> Iterator[Section]:
    if isinstance(launch, Launch):
        yield worth_section(launch, scene.for_executives, _required_at(scene, "least_value"))
    else:
        yield launch_section(scene.plan, scene.policy.metrics, for_executives=scene.for_executives)


def _required_at(scene: Scene, option: str) -> str:
    """ "expected-value, egp:ml-launch:13": the rule of an option, and the line of the policy that adopts it; empty where none does."""
    adopted = adopting(scene.rules, option)
    if adopted is None or (severity := adopted.values.get("severity")) is None:
        return ""
    return f"{adopted.rule.id}, {severity.origin}"


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


_TITLE = {
    "running": "On the way", "readout": "The result", "ramp": "The ramp", "after": "After the ramp",
    "harm": "Where it stands",
}  # fmt: skip


def _under_way(scene: Scene, judgement: GateJudgement, said: Passage, message: Section | None) -> Page:
    sections = [
        *emergency_sections(judgement.readout.emergencies, scene.day),
        *_overruled(scene),
        _gate(scene, judgement),
        *([] if scene.moment == "harm" else result_section(scene, said)),
        guardrails_section(scene, judgement, beside_guardrails(scene, said)),
        *_what_tripped(scene, judgement),
        *money_sections(scene, said),
        *options_sections(scene, said.choice),
        *positions_section(scene),
        who_section(scene),
        *decisions_section(scene),
        *([message] if message else []),
        *_agreed(scene),
        *([expected_section(said.launch, scene.for_executives)] if isinstance(said.launch, Launch) else []),
    ]
    title = f"{_TITLE[scene.moment]}: {_title(scene)}"
    return Page(title, said.verdict, said.tone, sections, list(_provenance(scene)))


def _overruled(scene: Scene) -> Iterator[Section]:
    if notices := list(overruled(scene)):
        yield Section("Overruled", notices, "bad")


_TONE: dict[str, Tone] = {
    "hold": "caution",
    "roll_back": "bad",
    "could_not_judge": "caution",
    "proceed": "neutral",
}
"""Of what the gate says of the stage: that nothing is amiss there is no green light to ship."""


def _gate(scene: Scene, judgement: GateJudgement) -> Section:
    steps = next_steps(judgement)
    if scene.for_executives:
        facts = [("stage", judgement.readout.stage.name), ("as of", scene.when)]
        return Section(
            "The answer", [Facts([*facts, *(("next", step) for step in steps)]), *_not_up_for_decision(scene)]
        )
    said = " ".join([_in_the_gates_words(scene, judgement), *(f"Next: {step}." for step in steps)])
    # What the verdict says already stands in the headline of the page.
    blocks: list[Block] = [Paragraph(said, "neutral" if scene.moment == "harm" else _TONE[scene.verdict])]
    blocks += [Paragraph(f"error: {crash.message}", "bad") for crash in judgement.decision.crashes]
    return Section("What the gate says", [*blocks, *_not_up_for_decision(scene)])


def _in_the_gates_words(scene: Scene, judgement: GateJudgement) -> str:
    """The verdict; that nothing is amiss in the test is not called proceed, which would be read as a word about shipping."""
    if scene.moment in ("readout", "ramp") and scene.onwards is not None and scene.verdict == "proceed":
        answer = HEADLINE[scene.onwards.decision.verdict]
        return f"{answer} to {scene.next_stage}, as of {scene.when}; no check has failed in the {_where(judgement)} itself."
    if scene.moment == "after" and scene.verdict == "proceed":
        return f"No check has failed in the {_where(judgement)}, the last, as of {scene.when}; there is nothing left to raise."
    if scene.moment != "running" or scene.verdict != "proceed":
        return f"{headline(judgement)}."
    amiss = (
        f"No stop rule or limit has fired in the {judgement.readout.stage.name}, as of {scene.when}{slow_rules(scene)}; that it is safe is not "
        "shown before the readout."
    )
    onwards = scene.onwards
    return (
        f"{amiss} About raising traffic to {scene.next_stage}, the first stage of the ramp, the gate says "
        f"{HEADLINE[onwards.decision.verdict]}."
        if onwards
        else amiss
    )


def _where(judgement: GateJudgement) -> str:
    stage = judgement.readout.stage
    return stage.name if stage.position < 0 else f"stage {stage.name}"


def _not_up_for_decision(scene: Scene) -> Iterator[Block]:
    """The policy in one breath, before anybody argues; in full it stands at the end."""
    if sentences := list(_policy(scene, contested(scene.rules))):
        yield Paragraph(f"Whatever is decided, the policy stands. {' '.join(sentences)}")


def _what_tripped(scene: Scene, judgement: GateJudgement) -> Iterator[Section]:
    blocks: list[Block] = []
    if found := tripped(scene):
        weeks = list(when_harmed(judgement, tripped_metrics(scene), for_executives=scene.for_executives))
        blocks.append(Points([*found, *weeks]))
        if rates := list(error_rates(scene, bool(weeks))):
            blocks.append(Paragraph(" ".join(rates)))
        if scene.plan.diagnostic_segments:
            named = listing(map(shown, scene.plan.diagnostic_segments))
            blocks.append(Paragraph(f"Look for the cause by {named}, in the guardrails alone."))
    if others := open_otherwise(scene):
        blocks += [
            Paragraph("Also open:" if found else "No guardrail and no stop rule tripped. Open is:"),
            Points(others),
        ]
    if blocks:
        yield Section("What tripped, and when", blocks)


# Both.


def _agreed(scene: Scene) -> Iterator[Section]:
    # Once it is rolled back no readout judges a margin any more, and what tripped has its levels beside it.
    levels = None if scene.for_executives or scene.moment == "harm" else alarm_levels_of(scene.rules)
    if agreed := agreed_lines(scene.plan, levels, with_margins=scene.moment != "harm"):
        yield Section("What was agreed before any result", [Points(agreed)], folded=True, paper="open")
    # Under way what people argue about first stands at the top of the page.
    said = contested(scene.rules) if scene.in_flight else {}
    rules = {rule: adopted for rule, adopted in scene.rules.items() if rule not in said}
    if sentences := list(_policy(scene, rules)):
        version = f" ({shown(scene.policy.version)})" if scene.policy.version else ""
        besides = " besides" if said else ""
        title = f"What the policy insists on{besides}{version}"
        yield Section(title, [Points(sentences)], folded=True, paper="open")


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
