"""From the options of ``egp gate --base`` to what is printed and the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import now, policy_and_plans
from egp.gate import changes_json
from egp.gate.call import Call
from egp.gate.changes import Changes, FlagMove, Results, changes, naming_rollouts
from egp.output.page import markdown, text
from egp.output.page.model import Answer, Notice, Table, Tone
from egp.output.report.github import annotated
from egp.output.report.text import Style
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.wording import counted, listing, share_text
from egp.policy.locate import lock_folder
from egp.record.sources.git_command import GitError
from egp.yaml.files import is_inside, real_path

if TYPE_CHECKING:
    from egp.plan.finding import Severity
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder

_WORDS = {
    "free": "free",
    "proceed": "proceed",
    "waived": "emergency",
    "hold": "hold",
    "refused": "refused",
    "could_not_judge": "could not judge",
    "roll_back": "roll back",
    "unplanned": "no plan",
}
_TONES: dict[str, Tone] = {
    "free": "neutral", "proceed": "good", "waived": "caution", "hold": "caution", "refused": "bad", "could_not_judge": "bad",
    "roll_back": "bad", "unplanned": "neutral",
}  # fmt: skip


def run_changes(options: argparse.Namespace, commit: str) -> int:
    """Judges every move since the base, and prints a line for each."""
    for name in ("plan", "treatment_revision", "variant", "receipt"):
        if getattr(options, name):
            named = "PLAN" if name == "plan" else f"--{name.replace('_', '-')}"
            raise terminal.Stop(
                f"--base judges all flags that change, and {named} is given", f"leave {named} out"
            )
    policy, finder = policy_and_plans(options, [])
    if not any(each.rollouts for each in naming_rollouts(finder, policy)):
        raise terminal.Stop(
            f"{policy.name} names no rollout files, so that nothing can be seen to move",
            "say `rollouts:` in the policy of the base",
        )
    called = now(policy.timezone)
    call = Call("", "", now=called, as_of=options.as_of, source=options.source, commit=commit)
    as_of = options.as_of or called
    instant = (
        as_of if hasattr(as_of, "hour") else called.replace(year=as_of.year, month=as_of.month, day=as_of.day)
    )
    try:
        found = changes(options.base, finder, policy, _results(options, finder, policy), call, instant)
    except GitError as error:
        terminal.print_failures([Failure("", f"--base {options.base}: {error}", help=error.help)])
        return terminal.COULD_NOT_JUDGE
    for form, path in map(_output, options.output):
        terminal.write_file(path, _rendered(found, form, None))
    terminal.write_out(_rendered(found, options.format, terminal.style(sys.stdout)))
    terminal.print_failures(list(found.failures))
    return found.exit_status


def _output(written: str) -> tuple[str, str]:
    form, equals, path = written.partition("=")
    if not equals or not path or form not in ("text", "json", "markdown", "github"):
        raise terminal.Stop(f"--output {written} is not FORMAT=FILE", "as in --output json=changes.json")
    return form, path


def _results(options: argparse.Namespace, finder: PlanFinder, policy: Policy) -> Results | None:
    """The newest results of each experiment, and the folder that none may lie outside of."""
    if not options.results:
        return None
    from egp.pages.status.evidence import results_in

    if not os.path.exists(options.results):
        raise terminal.Stop(
            f"there is no folder {options.results}", "--results DIR names the folder of results"
        )
    folder = results_in(options.results)
    if folder.failures:
        terminal.print_failures(list(folder.failures))
    found: dict[str, list[str]] = {}
    for head in folder.files:
        last = max(each.as_of for each in folder.files if each.experiment == head.experiment)
        if head.as_of == last:
            found.setdefault(head.experiment, []).append(head.path)
    root, place = real_path(lock_folder(finder.folder, policy.home)), real_path(options.results)
    own = root if is_inside(place, root) else place if os.path.isdir(place) else os.path.dirname(place)
    return Results(own, found)


def _rendered(found: Changes, form: str, style: Style | None) -> str:
    if form == "json":
        return changes_json.render(found)
    if form == "github":
        return _annotations(found)
    answer = Answer(_head(found), _blocks(found, as_table=form == "markdown"))
    return markdown.render(answer) if form == "markdown" else text.render(answer, style or Style())


def _head(found: Changes) -> str:
    if not found.moves:
        return "nothing that is served changes for a unit that an experiment is about"
    raised = sum(each.kind == "raise" and each.outcome != "unplanned" for each in found.moves)
    return f"{counted(len(found.moves), 'flag')} changed, {raised} raised"


def _blocks(found: Changes, *, as_table: bool) -> list[Notice | Table]:
    if as_table and found.moves:
        rows = [
            [_place(each), _named(each), _shares(each), _WORDS[each.outcome], _why(each)]
            for each in found.moves
        ]
        return [Table(["where", "flag", "share", "verdict", "because"], rows)]
    return [
        Notice(_WORDS[each.outcome], f"{_place(each)}: {_line(each)}", _TONES[each.outcome], each.next)
        for each in found.moves
    ]


def _place(move: FlagMove) -> str:
    return f"{move.path}:{move.at.start.line}:{move.at.start.column}"


def _named(move: FlagMove) -> str:
    if not move.flag:
        return "what is served"
    return f"{shown(move.flag)} ({shown(move.environment)})"


def _shares(move: FlagMove) -> str:
    if not move.experiment:
        return ""
    if move.kind == "undecided":
        return "unknown"
    return f"{share_text(move.before)} → {share_text(move.after)}"


def _why(move: FlagMove) -> str:
    stage = f"to {move.stage}" if move.stage and move.kind == "raise" else ""
    return "; ".join(filter(None, (stage, *move.reasons)))


def _line(move: FlagMove) -> str:
    shares = _shares(move)
    return f"{_named(move)}{f' {shares}' if shares else ''}: {_why(move)}"


def _annotations(found: Changes) -> str:
    lines = []
    for each in found.moves:
        severity: Severity = "error" if each.status else "info"
        message = f"{_line(each)}{f'; next: {listing(each.next)}' if each.next else ''}"
        lines.append(annotated(severity, each.path, each.at, f"gate: {_WORDS[each.outcome]}", message))
    return "\n".join([*lines, _head(found)]) + "\n"
