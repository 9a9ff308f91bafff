"""egp explain: the page of a rule, or the memo of a plan."""

from __future__ import annotations

import argparse
import os
import re
from datetime import date
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, day, judging_day, moment, policy_and_plans, policy_in_force
from egp.cli.commands.paging import add_format, deliver, shown

if TYPE_CHECKING:
    from egp.advice.options.case import Case
    from egp.output.page.model import Page
    from egp.plan.quantity import MetricChange
    from egp.policy.model import Policy
    from egp.rules.rule import Catalogue

_DAYS = re.compile(r"([1-9][0-9]{0,3})d")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?")
_MOST_SEGMENTS = 1000
_INSTEAD = ("if_stopped", "if_shortened", "if_segment", "if_export")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Exit status: 0 explained, whatever the policy says of the plan; 2 could not be explained."
    )
    parser.add_argument(
        "subject", metavar="RULE|PLAN", help="id of a rule, such as minimum-runtime, or a plan's file"
    )
    parser.add_argument(
        "rule", metavar="RULE", nargs="?", default="", help="of a plan: what this rule says of it, alone"
    )
    add_policy(parser)
    parser.add_argument("--examples", action="store_true", help="of a rule: print all examples of the page")
    plan = parser.add_argument_group("of a plan")
    plan.add_argument("--as-of", type=moment, metavar="DATE", help="judge as of this day (default: today)")
    plan.add_argument(
        "--experiment", metavar="ID", default="", help="which plan of a file that holds several"
    )
    instead = plan.add_mutually_exclusive_group()
    instead.add_argument(
        "--if-stopped", type=day, metavar="DATE", help="what a stop on this day of the run means"
    )
    plan.add_argument(
        "--seen",
        metavar="CHANGE",
        default="",
        help='with --if-stopped: what a number seen on that day is worth, such as "+1.2pp"',
    )
    instead.add_argument(
        "--if-shortened",
        metavar="DATE|7d",
        help="what a run that ends on this day, or after so many days, is worth",
    )
    instead.add_argument(
        "--if-segment",
        nargs="+",
        metavar="NAME|K",
        help="what picking the best of these, or of K, segments means",
    )
    instead.add_argument("--if-export", action="store_true", help="what raw user-level data would add")
    add_format(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.rules.rule import index

    is_file = os.path.lexists(options.subject) or options.subject.endswith((".yaml", ".yml"))
    if options.subject in index() and not os.path.isfile(options.subject):
        return _explain_rule(options, policy_in_force(options, []))
    if is_file:
        return _explain_plan(options)
    policy = policy_in_force(options, [])
    if options.subject in policy.catalogue:
        return _explain_rule(options, policy)
    raise _unknown(options.subject, policy.catalogue)


def _unknown(subject: str, catalogue: Catalogue) -> terminal.Stop:
    from egp.plan.typed_reader import nearest

    guess = nearest(subject, catalogue)
    hint = f", did you mean {guess}?" if guess else ""
    problem = f"there is no rule and no file {subject!r}{hint}"
    return terminal.Stop(problem, "egp rules lists all rules; a plan is named by its file")


def _explain_rule(options: argparse.Namespace, policy: Policy) -> int:
    from egp.pages.rules_shown.page import page

    asked = [name for name in (*_INSTEAD, "seen", "rule") if getattr(options, name)]
    if asked:
        option = options.rule if asked[0] == "rule" else f"--{asked[0].replace('_', '-')}"
        raise terminal.Stop(
            f"{option} is about a plan, and {options.subject} is a rule", "name the plan's file"
        )
    as_of = judging_day(options.as_of, policy.timezone)
    explained = page(options.subject, policy, as_of, all_examples=options.examples)
    deliver(shown(explained, options), options)
    return 0


def _explain_plan(options: argparse.Namespace) -> int:
    from egp.advice.options.case import CaseError, read_case
    from egp.plan.finding import NotChecked
    from egp.plan.typed_reader import label
    from egp.stats.errors import StatisticsInputError, input_error_of

    _require_fitting(options)
    policy, finder = policy_and_plans(options, [options.subject])
    sources = finder.asked([options.subject])
    if finder.failures:
        terminal.print_failures(finder.failures)
        return terminal.COULD_NOT_JUDGE
    if len(sources) != 1:
        raise terminal.Stop(f"{options.subject} is not one plan", "name the plan's file")
    try:
        case = read_case(
            sources[0], finder, policy, judging_day(options.as_of, policy.timezone), options.experiment
        )
        deliver(shown(_page(case, options), options), options)
    except CaseError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop(str(error), error.help) from None
    except NotChecked as missing:
        reason = missing.reason or f"the plan does not say {label(missing.path)}"
        raise terminal.Stop(
            f"this page cannot be computed: {reason}", missing.help or "declare it in the plan"
        ) from None
    except (StatisticsInputError, ArithmeticError) as error:
        unusable = input_error_of(error)
        raise terminal.Stop(f"this page cannot be computed: {unusable.problem}", unusable.advice) from None
    return 0


def _require_fitting(options: argparse.Namespace) -> None:
    """Options that say nothing without another, or beside it."""
    if options.seen and not options.if_stopped:
        raise terminal.Stop("--seen is a number of a day", "name the day with --if-stopped")
    if options.rule and any(getattr(options, name) for name in _INSTEAD):
        raise terminal.Stop(
            f"{options.rule} is a rule, and the other page is about the plan", "ask for one of the two"
        )


def _page(case: Case, options: argparse.Namespace) -> Page:
    from dataclasses import replace

    from egp.pages.memo.page import finding, memo, raised_sections

    if options.rule:
        return finding(case, _known_rule(options.rule, case))
    if not any(getattr(options, name) for name in _INSTEAD):
        return memo(case)
    other = _instead(case, options)
    return replace(other, sections=[*raised_sections(case), *other.sections])


def _instead(case: Case, options: argparse.Namespace) -> Page:
    """What another decision than the plan's would mean."""
    from egp.pages.memo import alternatives
    from egp.pages.memo.stopped import if_stopped

    if options.if_stopped:
        return if_stopped(case, options.if_stopped, _seen(options.seen))
    if options.if_shortened:
        return alternatives.if_shortened(case, _last_day(case, options.if_shortened))
    if options.if_segment:
        return alternatives.if_segment(case, *_segments(options.if_segment))
    return alternatives.if_export(case)


def _known_rule(rule: str, case: Case) -> str:
    if rule not in case.policy.catalogue:
        raise _unknown(rule, case.policy.catalogue)
    return rule


def _seen(text: str) -> MetricChange | None:
    from egp.plan.quantity import QuantityError, change

    try:
        return change(text.removeprefix("+")) if text else None
    except QuantityError as error:
        raise terminal.Stop(f"--seen {text}: {error}", error.advice) from None


def _last_day(case: Case, text: str) -> date:
    """A day, or the last day of a run of so many days."""
    from egp.pages.memo.alternatives import shortened_to

    days = _DAYS.fullmatch(text)
    if days:
        return shortened_to(case, int(days[1]))
    try:
        return day(text)
    except argparse.ArgumentTypeError:
        raise terminal.Stop(
            f"--if-shortened {text} is neither a day nor a number of days", "write 7d or 2023-01-29"
        ) from None


def _segments(given: list[str]) -> tuple[list[str], int]:
    """Names and number of the segments; a number alone names none."""
    if len(given) == 1 and _NUMBER.fullmatch(given[0]):
        count = int(given[0]) if given[0].isdecimal() and len(given[0]) < 5 else 0
        if not 1 <= count <= _MOST_SEGMENTS:
            raise terminal.Stop(
                f"--if-segment {given[0][:20]} is not a number of segments", f"name 1 to {_MOST_SEGMENTS}"
            )
        return [], count
    names = list(dict.fromkeys(given))
    return names, len(names)
