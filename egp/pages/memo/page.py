"""The memo of a plan: rejected or accepted, on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from egp.advice.options.acting import actor_of, called
from egp.advice.options.case import CaseError
from egp.advice.options.option import as_left, as_yaml
from egp.advice.options.solver import MOST_STEPS
from egp.output.page.model import Block, Command, Page, Paragraph, Points, Section
from egp.pages.emergencies import emergency_sections, raised_in
from egp.pages.memo.choices import WayToGo, agreed, choices
from egp.pages.memo.cost import priced_way
from egp.pages.memo.margins import margins
from egp.pages.memo.violation import violations
from egp.plan.analysis.days import day_after, first_day, last_day, readout_day
from egp.plan.digest import plan_digest
from egp.plan.finding import NotChecked
from egp.plan.wording import called as called_by
from egp.plan.wording import counted, day_in_words, listing
from egp.policy.locate import lock_folder
from egp.record.entry_files import register_command
from egp.rules.exports import ACTORS

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.advice.options.solver import Step
    from egp.output.page.model import Tone
    from egp.plan.finding import Diagnostic

_MOST_TOLD = 40
"""Violations that have a section of their own."""
_MOST_PRINTED = 3
"""Violations that a sheet of paper has room for, with their pictures."""
_PRINTED_OF_MORE = 2
"""Of more than that; the others are counted there, with the command that tells them."""


def memo(case: Case) -> Page:
    """Why the plan is rejected and what complies, or that it is accepted and by how much."""
    errors = [each for each in case.judged.diagnostics if each.severity == "error"]
    others = [each for each in case.judged.diagnostics if each.severity != "error"]
    if errors or case.judged.silent:
        way = WayToGo(case)
        verdict = f"{rejected_in_short(case, errors)}{way.in_one_sentence}"
        sections = [
            *_begun(case, errors),
            choices(case, errors, way),
            *_sections(case, errors, others, way.steps),
            *priced_way(case, way.plan),
        ]
        return _page(case, verdict, "bad", sections)
    verdict, tone = _accepted_in_short(case, others)
    return _page(case, verdict, tone, [_go(case), *_sections(case, errors, others, ())])


def finding(case: Case, rule: str) -> Page:
    """What a rule says of the plan, alone. Raises CaseError where it does not judge it."""
    found = case.judged.of(rule)
    if not found and rule in case.judged.passes:
        why = case.policy.catalogue.load(rule).page.why
        return _page(
            case, f"{case.name} passes {rule}.", "good", [Section("Why it is required", [Paragraph(why)])]
        )
    if not found:
        raise CaseError(
            f"{rule} says nothing of {case.name}",
            f"egp explain {rule} says what it requires, and of which plans",
        )
    tones: dict[str, Tone] = {"error": "bad", "warning": "caution"}
    tone = max(
        (tones.get(each.severity, "neutral") for each in found), key=("neutral", "caution", "bad").index
    )
    rejects = "rejects" if tone == "bad" else "is said of"
    verdict = f"{rule} {rejects} {case.name}: {found[0].message.rstrip('?.')}."
    return _page(case, verdict, tone, violations(case, found))


def _page(case: Case, verdict: str, tone: Tone, sections: Sequence[Section]) -> Page:
    title = called_plan(case)
    return Page(
        f"Memo: {title}",
        verdict,
        tone,
        [*raised_sections(case), *sections, *_left_out(case), _passed(case), *agreed(case)],
        provenance(case),
    )


def raised_sections(case: Case) -> Iterator[Section]:
    """Stages that were raised without the gate."""
    if case.is_plan and case.plan.id:
        root = lock_folder(case.finder.folder, case.policy.home)
        yield from emergency_sections(raised_in(root, case.plan.name), case.as_of)


def called_plan(case: Case) -> str:
    """The plan as people know it: its title, where it has one that may be repeated."""
    title = None if case.judged.has_secret else case.plan.title
    return called_by(title, case.name)


def _go(case: Case) -> Section:
    """What follows for a plan that the policy accepts."""
    steps = [f"register it: {register_command(case.source.shown)}"]
    try:
        steps.append(f"it starts on {day_in_words(first_day(case.plan), with_year=True)}")
        steps.append(
            f"its result is read once, on {day_in_words(readout_day(case.plan), with_year=True)}, and not before"
        )
    except NotChecked:
        steps.append("its dates follow")
    return Section("Go", [Points(steps, numbered=True)], "good")


def _begun(case: Case, errors: Sequence[Diagnostic]) -> Iterator[Section]:
    """What a change is still worth on a day on which units have been exposed."""
    if not errors or not case.is_plan:
        return
    try:
        first, last = first_day(case.plan), last_day(case.plan)
    except NotChecked:
        return
    if case.as_of < first:
        return
    ran = "has been over" if case.as_of > last else "has been on"
    since = day_after(last, 1) if case.as_of > last else first
    said = (
        f"By its dates the run {ran} since {since}. A change repairs what is still to come, or a rerun: made after results "
        "were seen, it leaves an exploratory analysis, on which nothing ships."
    )
    yield Section("The run has begun", [Paragraph(said)], "caution")


def rejected_in_short(case: Case, errors: Sequence[Diagnostic]) -> str:
    """The verdict on a rejected plan in one sentence."""
    if not errors:
        return f"{case.name} is rejected: {counted(len(case.judged.silent), 'check')} could not run."
    first = errors[0].message.rstrip("?.")
    more = f", and {counted(len(errors) - 1, 'further violation')}" if len(errors) > 1 else ""
    return f"{case.name} is rejected: {first}{more}."


def _accepted_in_short(case: Case, warnings: Sequence[Diagnostic]) -> tuple[str, Tone]:
    """The verdict on an accepted plan in one sentence, and its tone."""
    passed, waived = counted(len(case.judged.passes), "check"), case.judged.waived
    accepted = f"{case.name} is accepted"
    if waived:
        accepted += f" {listing(dict.fromkeys(map(_by_what, waived)))}"
    if not warnings and not waived:
        return f"{accepted}: it passes all {passed} that the policy requires of it.", "good"
    others = "the other " if waived else ""
    if not warnings:
        return f"{accepted}: it passes {others}{passed}.", "caution"
    stop = "does not stop it" if len(warnings) == 1 else "do not stop it"
    return (
        f"{accepted}: it passes {others}{passed}, and {counted(len(warnings), 'warning')} {stop}.",
        "caution",
    )


def _by_what(diagnostic: Diagnostic) -> str:
    waiver = diagnostic.waiver
    assert waiver is not None
    of = (
        f"by a waiver of {diagnostic.rule}"
        if waiver.by == "waiver"
        else f"by the baseline, which has its {diagnostic.rule}"
    )
    return of + _how_long(diagnostic)


def _sections(
    case: Case, errors: Sequence[Diagnostic], others: Sequence[Diagnostic], steps: Sequence[Step]
) -> Iterator[Section]:
    by_actor: dict[str, list[Diagnostic]] = {actor: [] for actor in ACTORS}
    for each in errors[:_MOST_TOLD]:
        by_actor[actor_of(case, each)].append(each)
    room = _room_on_paper(errors)
    printed = 0
    for actor, of_actor in by_actor.items():
        if not of_actor:
            continue
        blocks = _on_paper(violations(case, of_actor), room - printed)
        title = f"{called(case, actor)}: {counted(len(blocks), 'violation')} to resolve"
        is_printed = printed < room
        yield Section(title, blocks, "bad", paper="as on a screen" if is_printed else "left out")
        printed += len(blocks)
    yield from _not_printed(case, [each for actor in by_actor for each in by_actor[actor]])
    if further := len(errors[_MOST_TOLD:]):
        said = f"{counted(further, 'more violation')}: egp check {case.source.shown} lists them."
        yield Section("And more", [Paragraph(said, "bad")], "bad")
    if case.judged.silent:
        silent = f"For want of an input these checks could not run, which counts as rejected: {listing(case.judged.silent)}."
        yield Section("Not checked", [Paragraph(silent, "bad")], "bad")
    if len(errors) > 1:
        yield from _all_at_once(case, steps)
    if not errors and case.is_plan:
        yield from margins(case)
    if case.judged.waived:
        yield Section("Waived", [Points([_waived(each) for each in case.judged.waived])], "caution")
    if others:
        yield Section(
            "Does not reject, worth changing",
            _on_paper(violations(case, others[:_MOST_TOLD]), _room_on_paper(others)),
            "caution",
            folded=bool(errors),
        )
        yield from _not_printed(case, () if errors else others)


def _not_printed(case: Case, found: Sequence[Diagnostic]) -> Iterator[Section]:
    """On paper, in place of what is left out there: how much that is, and which command tells it."""
    if rest := found[_room_on_paper(found) :]:
        rules = listing(dict.fromkeys(each.rule for each in rest))
        said = f"{counted(len(rest), 'finding')} more ({rules}): egp explain {case.source.shown} tells each of them."
        yield Section("Not on this sheet", [Paragraph(said)], paper="only")


def _room_on_paper(found: Sequence[Diagnostic]) -> int:
    return len(found) if len(found) <= _MOST_PRINTED else _PRINTED_OF_MORE


def _on_paper(sections: Sequence[Section], room: int) -> list[Section]:
    """The first ones; the others stand on the screen alone."""
    return [each if at < room else replace(each, paper="left out") for at, each in enumerate(sections)]


def _waived(diagnostic: Diagnostic) -> str:
    waiver = diagnostic.waiver
    assert waiver is not None
    by = "the baseline" if waiver.by == "baseline" else "a waiver"
    return f"{diagnostic.rule}: {diagnostic.message} (by {by}{_how_long(diagnostic)}; {waiver.place})"


def _how_long(diagnostic: Diagnostic) -> str:
    waiver = diagnostic.waiver
    assert waiver is not None
    by = f", approved by {waiver.approver}" if waiver.approver else ""
    return by + (f", until {waiver.expires}" if waiver.expires else "")


def _all_at_once(case: Case, steps: Sequence[Step]) -> Iterator[Section]:
    """A way through all violations, the cheapest option of each in turn."""
    if not steps:
        yield Section("All at once", [Paragraph(_no_way(case))])
        return
    yield Section("All at once", list(_steps(steps)), "good")


def _no_way(case: Case) -> str:
    if case.tried.left_out:
        return "No set of edits was found that complies as a whole, and not all were tried."
    if sum(case.judged.errors.values()) > MOST_STEPS:
        return f"A set of edits that complies as a whole is sought where there are no more than {MOST_STEPS} violations."
    return "At least one violation needs a person and no edit, so there is no set of edits that complies as a whole."


def _left_out(case: Case) -> Iterator[Section]:
    """What was not tried, so that nobody takes a missing option for one that does not comply."""
    if number := len(case.tried.left_out):
        said = (
            f"{counted(number, 'change')} of the plan {'was' if number == 1 else 'were'} not tried, since it is too long or has too many "
            "violations to try them all. Resolve what is above, and ask again."
        )
        yield Section("Not tried", [Paragraph(said, "caution")], "caution")


def _steps(steps: Sequence[Step]) -> Iterator[Block]:
    yield Paragraph(
        "These changes, one after the other, make a plan that the policy accepts; that was tried."
    )
    yield Points(
        [f"{step.rule}: {step.option.words} ({step.option.cost.words})" for step in steps], numbered=True
    )
    yield Command(as_yaml(as_left([change for step in steps for change in step.option.changes])), "yaml")


def _passed(case: Case) -> Section:
    families = case.policy.catalogue.families()
    counts = Counter(families[rule] for rule in case.judged.passes)
    in_order = dict.fromkeys(families.values())
    phrase = listing(f"{family} {counts[family]}" for family in in_order if family in counts) or "none"
    unless = ", which makes up for no violation" if case.judged.errors else ""
    said = f"{counted(len(case.judged.passes), 'check')} passed{unless}: {phrase}."
    return Section("What passes", [Paragraph(said)], "good", folded=True)


def standing(case: Case) -> Section:
    """What the policy says of the plan as it is, for pages about something else."""
    said, tone = stands(case)
    return Section("The plan as it is", [Paragraph(said, tone)], tone)


def stands(case: Case) -> tuple[str, Tone]:
    """The same in a sentence, with its tone."""
    errors = [each for each in case.judged.diagnostics if each.severity == "error"]
    others = [each for each in case.judged.diagnostics if each.severity != "error"]
    if errors or case.judged.silent:
        return f"{rejected_in_short(case, errors)} The memo: egp explain {case.source.shown}", "bad"
    return _accepted_in_short(case, others)


def provenance(case: Case) -> list[tuple[str, str]]:
    """What a page about the case was made from."""
    policy = case.policy.title
    made = [("plan", case.source.shown), ("policy", policy), ("policy digest", case.policy.digest[:19])]
    if case.is_plan:
        made.append(("plan digest", plan_digest(case.plan)[:22]))
    return [*made, ("as of", str(case.as_of))]
