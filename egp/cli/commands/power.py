"""egp power: sample size, smallest effect or power."""

from __future__ import annotations

import argparse
import sys

from egp.cli.commands import terminal
from egp.cli.commands.options import add_policy, judging_day, policy_and_plans


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from egp.cli.arguments.power import add_options

    add_options(parser)
    add_policy(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.cli.arguments.power import EXAMPLE, USAGE, given

    calculator_options = given(options)
    if options.plan is not None:
        if calculator_options:
            raise terminal.Stop(
                f"{calculator_options[0]} and a plan are both given",
                "a plan has its own numbers; give one of the two",
            )
        return _power_of_plan(options)
    for given_option in ("policy", "policy_from"):
        if getattr(options, given_option) is not None:
            option = f"--{given_option.replace('_', '-')}"
            raise terminal.Stop(f"{option} serves a plan, and none is given", f"egp power PLAN {option} …")
    if not calculator_options:
        raise terminal.Stop(f"power of what? usage: {USAGE}", EXAMPLE)
    terminal.write_out(_calculated(options))
    return 0


def _calculated(options: argparse.Namespace) -> str:
    from egp.plan.power.calculator import answered
    from egp.plan.power.question import PowerError, understood

    try:
        answer = answered(understood(vars(options)))
    except PowerError as error:
        raise terminal.Stop(str(error), error.advice) from None
    if options.format == "json":
        from egp.pages.power import json

        return json.render(answer)
    from egp.output.page import text
    from egp.pages.power.page import page

    return text.render(page(answer), terminal.style(sys.stdout))


def _power_of_plan(options: argparse.Namespace) -> int:
    from egp.pages.power.plan_reading import powers
    from egp.policy.plan_files import STANDARD_INPUT

    is_piped = options.plan == STANDARD_INPUT
    policy, finder = policy_and_plans(options, [] if is_piped else [options.plan])
    sources = [finder.piped(sys.stdin.buffer.read(), "<stdin>")] if is_piped else finder.asked([options.plan])
    plans, failures = powers(sources, finder, policy, judging_day(None, policy.timezone))
    if options.format == "json":
        from egp.pages.power import json

        terminal.write_out(json.render_plans(plans, failures, policy))
    elif plans:
        from egp.output.page import text
        from egp.pages.power.plan_page import page

        terminal.write_out(text.render(page(plans, policy), terminal.style(sys.stdout)))
    terminal.print_failures(failures)
    return terminal.COULD_NOT_JUDGE if failures or not all(plan.is_computed for plan in plans) else 0
