"""From the options of ``egp gate`` to what is printed, what is written and the exit status."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from egp.cli.arguments.gate import FORMATS
from egp.cli.arguments.warehouse import HOW, asking
from egp.gate import json, receipt
from egp.gate.call import Call, CannotJudge
from egp.gate.judgement import GateJudgement, judge
from egp.gate.page import page
from egp.output.page import markdown, slack, teams, text
from egp.output.page.model import Answer, Notice, Paragraph
from egp.output.report.text import Style
from egp.plan.finding import Failure
from egp.plan.quantity import shown
from egp.plan.wording import counted
from egp.stats.values import replace
from egp.yaml.files import is_inside, real_path, repository_root

if TYPE_CHECKING:
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder
    from egp.record.sources.warehouse.asking import Asking

CHANGED = 2
"""Exit status of a replay that comes to something else: nobody knows which of the two holds."""

PolicyFor = Callable[[Call], tuple["Policy", "PlanFinder"]]
"""The policy that a call is judged by, and what finds its plan."""


@dataclass(frozen=True, slots=True)
class GateAnswer:
    report: str
    status: int
    files: tuple[tuple[str, str], ...] = ()
    """(path, content) of further reports."""
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the gate takes from outside of its inputs, read once."""

    now: datetime
    commit: str = ""
    """Of git; empty outside of a repository."""


def answer(options: argparse.Namespace, policy_for: PolicyFor, style: Style, edge: Edge) -> GateAnswer:
    """Judges, or judges again. Raises CannotJudge."""
    if options.replay:
        return _replayed(options, policy_for, style)
    call = _call(options, edge)
    judgement = _judged(call, policy_for)
    files = [(path, _rendered(judgement, form, Style())) for form, path in map(_output, options.output)]
    return GateAnswer(
        _rendered(judgement, options.format, style),
        judgement.exit_status,
        tuple(files),
        receipt.written(judgement),
    )


def receipt_of_failure(call: Call, error: BaseException) -> str:
    """The receipt of a call that ended without a judgement, whatever kept it from one."""
    failures = getattr(error, "failures", None) or [
        Failure("", str(error) or type(error).__name__, help=getattr(error, "help", ""))
    ]
    experiment, known = getattr(error, "experiment", ""), getattr(error, "known", {})
    return receipt.written_for_failure(call, failures, experiment, known)


def _output(text: str) -> tuple[str, str]:
    form, equals, path = text.partition("=")
    if not equals or not path or form not in FORMATS:
        raise _usage(f"--output {text} is not FORMAT=FILE", f"FORMAT is one of {', '.join(FORMATS)}")
    return form, path


def _call(options: argparse.Namespace, edge: Edge) -> Call:
    if not options.plan:
        raise _usage("which plan?", "egp gate PLAN --results RESULTS --to STAGE")
    if not options.results:
        raise _usage("without results there is nothing to judge", "add --results FILE")
    if not (options.to or options.monitor):
        raise _usage(
            "the call does not say what the gate is to judge",
            "--to STAGE to enter a stage, --monitor to watch the one entered",
        )
    return replace(stated_call(options, edge), asking=_asking(options))


def stated_call(options: argparse.Namespace, edge: Edge) -> Call:
    """The call as it stands on the command line, whole or not."""
    return Call(
        plan=options.plan or "",
        results=options.results or "",
        to=options.to or "",
        now=edge.now,
        commit=edge.commit,
        frozen=receipt.remembered(options.receipt) if options.receipt else (),
        as_of=options.as_of,
        treatment_revision=options.treatment_revision,
        variant=options.variant,
        policy=options.policy or "",
        policy_from=options.policy_from or "",
        source=options.source,
        served=options.served or "",
    )


def _asking(options: argparse.Namespace) -> Asking | None:
    """How the warehouse is to be queried. Raises CannotJudge for what only a warehouse understands, without one."""
    given = [name for name in HOW if getattr(options, name)]
    if not given:
        return None
    if not options.source:
        name = given[0].replace("_", "-")
        raise _usage(f"--{name} is about a warehouse, and none is named", "add --source URL")
    return asking(options)


def _usage(message: str, help: str) -> CannotJudge:
    return CannotJudge(Failure("", message, help=help))


def _judged(call: Call, policy_for: PolicyFor) -> GateJudgement:
    policy, finder = policy_for(call)
    return judge(call, finder, policy)


def _rendered(judgement: GateJudgement, form: str, style: Style) -> str:
    if form == "json":
        return json.render(judgement)
    if form in ("markdown", "github"):
        return markdown.render(page(judgement, folded=form == "github"))
    if form == "slack":
        return slack.render(page(judgement, folded=True))
    if form == "teams":
        return teams.render(page(judgement, folded=True))
    return text.render(page(judgement), style)


def _replayed(options: argparse.Namespace, policy_for: PolicyFor, style: Style) -> GateAnswer:
    given = [name for name in ("plan", "results", "as_of", "treatment_revision", "variant", "policy", "policy_from",
                               "receipt", "output") if getattr(options, name)]  # fmt: skip
    if given:
        name = given[0].replace("_", "-")
        raise _usage(
            f"a receipt says by itself what was judged, and {name} is given", "egp gate --replay FILE"
        )
    recorded, call = receipt.read_receipt(options.replay)
    if why := receipt.never_judged(recorded):
        message = f"this receipt is of a call that could not be judged: {why}"
        raise CannotJudge(Failure(options.replay, message, help="mend that, and call the gate again"))
    _require_own(options.replay, call, options.source)
    judgement = _judged(replace(call, source=options.source, asking=_asking(options)), policy_for)
    changed = list(receipt.differences(recorded, judgement))
    report = _rendered(judgement, options.format, style)
    if options.format == "text":
        report += "\n" + text.render(_phrase(changed), style)
    return GateAnswer(report, CHANGED if changed else judgement.exit_status)


def _require_own(path: str, call: Call, source: str) -> None:
    """Raises CannotJudge for a receipt that would have egp open what only a command line may name: it can be forged."""
    root = repository_root(os.getcwd()) or os.getcwd()
    policy = "" if call.policy.startswith("egp:") else call.policy
    served = call.served.partition("=")[2]
    named_files = {
        "plan": call.plan,
        "results": call.results,
        "policy": policy,
        "export of what is served": served,
    }
    for key, named in named_files.items():
        if named and not is_inside(real_path(os.path.abspath(named)), real_path(root)):
            message = f"its {key} {shown(named)} lies outside of the repository, links followed"
            raise CannotJudge(
                Failure(path, message, help="egp gate PLAN --results FILE judges what you name yourself")
            )
    if call.source and not source:
        message = f"its rows come from {shown(call.source)}, and a receipt opens no warehouse"
        raise CannotJudge(Failure(path, message, help=f"add --source {shown(call.source)} if that is yours"))


def _phrase(changed: list[str]) -> Answer:
    if not changed:
        return Answer("", [Paragraph("replayed: the receipt says the same, to the last digit")])
    return Answer(
        "", [Notice("replayed", f"{counted(len(changed), 'difference')} from the receipt", points=changed)]
    )
