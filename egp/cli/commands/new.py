"""egp new: begin a plan, a policy, a catalogue of metrics or a rule."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, policy_in_force
from egp.policy.error import PolicyError
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from egp.advice.platforms import Begun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.new import (
        add_experiment_options,
        add_metrics_options,
        add_policy_options,
        add_rule_options,
    )

    kinds = parser.add_subparsers(title="what", metavar="WHAT", required=True, parser_class=type(parser))
    experiment = kinds.add_parser("experiment", help="the plan of an experiment", allow_abbrev=False)
    add_experiment_options(experiment)
    experiment.add_argument(
        "--start", type=day, metavar="DATE", help="first day of the test (default: a Monday soon)"
    )
    experiment.add_argument("--as-of", type=day, metavar="DATE", help="plan as of this day (default: today)")
    add_policy(experiment)
    experiment.set_defaults(run=_new_experiment)
    policy = kinds.add_parser("policy", help="a policy file, egp.yaml", allow_abbrev=False)
    add_policy_options(policy)
    policy.add_argument(
        "--as-of", type=day, metavar="DATE", help="day that its version is named by (default: today)"
    )
    policy.set_defaults(run=_new_policy)
    metrics = kinds.add_parser(
        "metrics", help="a catalogue of metrics, from what another tool has", allow_abbrev=False
    )
    add_metrics_options(metrics)
    metrics.set_defaults(run=_new_metrics)
    rule = kinds.add_parser("rule", help="the module of a rule", allow_abbrev=False)
    add_rule_options(rule)
    rule.set_defaults(run=_new_rule)


def _new_experiment(options: argparse.Namespace) -> int:
    from egp.advice.new.dialogue import NewExperiment
    from egp.advice.new.files import NewError, require_new
    from egp.advice.new.place import in_policy, plan_path
    from egp.cli.arguments.new import given

    policy = policy_in_force(options, [])
    folder = os.getcwd()
    begun = _begun(*options.platform) if options.platform else None
    options.id = options.id or (begun.id if begun else "")
    if not options.id:
        raise terminal.Stop("a new experiment needs an id", "egp new experiment ID, as in pdp-buy-now")
    try:
        path = options.file or plan_path(policy, options.id, folder)
        require_new(path)
        judged_at = in_policy(policy, plan_path(policy, options.id, folder) if path == "-" else path, folder)
        as_of = judging_day(options.as_of, policy.timezone)
        plan = NewExperiment(options.id, options.type, policy, judged_at, as_of, options.start)
        if begun:
            plan.begin(begun)
        plan.take(given(options))
    except NewError as error:
        raise terminal.Stop(str(error), error.help) from None
    if sys.stdin.isatty() and sys.stderr.isatty():
        plan.converse(terminal.answer_to, lambda line: print(line, file=sys.stderr))
    try:
        draft = plan.draft()
    except OverflowError:
        raise terminal.Stop(
            "the run would go on beyond the end of the calendar", "--start names an earlier day"
        ) from None
    if power := draft.power_sentence(plan.answers):
        sys.stderr.write(f"{power}\n")
    status = _begin(path, draft.text)
    if plan.is_measured and path != "-":
        sys.stderr.write(
            f"next: egp measure {shown_path(path)} --source URL --write, which adds what history knows\n"
        )
    return status


def _begun(name: str, path: str) -> Begun:
    from egp.advice.platforms import PlatformError, platform
    from egp.yaml import read_file

    try:
        module = platform(name, "experiment")
        document = read_file(path, shown_path(path))[0]
        if document.problems:
            raise PlatformError(f"{path}: {document.problems[0].message}", document.problems[0].help)
        begun: Begun = module.experiment(document.value)
    except PlatformError as error:
        raise terminal.Stop(str(error), error.help) from None
    except OSError as error:
        raise terminal.Stop(f"cannot read {shown_path(path)}: {error.strerror}") from None
    return begun


def _new_policy(options: argparse.Namespace) -> int:
    from egp.advice.new.policy import policy_text
    from egp.policy.locate import POLICY_FILE
    from egp.policy.reading import shipped_policy

    try:
        shipped_policy(options.extends)
    except PolicyError as error:
        raise terminal.Stop(str(error), error.failures[0].help) from None
    text = policy_text(options.extends, options.plans, judging_day(options.as_of, ""))
    return _begin(options.file or POLICY_FILE, text)


def _new_metrics(options: argparse.Namespace) -> int:
    from egp.advice.new.files import require_new
    from egp.advice.new.metrics import ImportRefused, imported, sentences, text_of
    from egp.plan.finding import HelpfulError
    from egp.policy.metrics import FILE
    from egp.yaml import read_file

    path = options.file or FILE
    try:
        document = read_file(options.source, shown_path(options.source))[0]
        if document.problems:
            raise ImportRefused(
                f"{options.source}: {document.problems[0].message}", document.problems[0].help
            )
        found = imported(document.value, options.unit)
        queries = {os.path.join(os.path.dirname(path), name): text for name, text in found.queries.items()}
        for each in queries if path != "-" else ():
            require_new(each)
    except HelpfulError as error:
        raise terminal.Stop(str(error), error.help) from None
    except OSError as error:
        raise terminal.Stop(f"cannot read {shown_path(options.source)}: {error.strerror}") from None
    status = _begin(path, text_of(found))
    for each, text in queries.items() if path != "-" else ():
        _begin(each, text)
    sys.stderr.writelines(f"{line}\n" for line in sentences(found))
    return status


def _new_rule(options: argparse.Namespace) -> int:
    from egp.advice.new.files import NewError
    from egp.advice.new.rule import require_rule_id, rule_path, rule_text

    try:
        require_rule_id(options.id)
        path = options.file or rule_path(options.id, options.family, os.getcwd())
    except NewError as error:
        raise terminal.Stop(str(error), error.help) from None
    return _begin(path, rule_text())


def _begin(path: str, text: str) -> int:
    """Writes a new file, or prints it."""
    from egp.advice.new.files import NewError, write_new
    from egp.plan.wording import counted

    if path == "-":
        terminal.write_out(text)
        return 0
    try:
        write_new(path, text)
    except NewError as error:
        raise terminal.Stop(str(error), error.help) from None
    open_fields = text.count("# TODO ")
    are = "is" if open_fields == 1 else "are"
    still = f"; {counted(open_fields, 'field')} {are} open, marked TODO" if open_fields else ""
    sys.stderr.write(f"wrote {shown_path(path)}{still}\n")
    return 0
