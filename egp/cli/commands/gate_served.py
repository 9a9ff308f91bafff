"""egp gate --monitor --served: an export of what is served now, compared with the ledger."""

from __future__ import annotations

import argparse
import sys

from egp.cli.commands import terminal
from egp.cli.commands.options import now, policy_and_plans

_HEAVIEST = (3, 2, 1, 0)


def compare_served(options: argparse.Namespace) -> int:
    """0 where no more is served than was entered, 1 where more is, 2 where nobody can tell."""
    from egp.cli.commands.requested import one_plan
    from egp.gate.live import live_shares
    from egp.output.page import text
    from egp.output.page.model import Answer, Notice
    from egp.plan.experiment import read_experiment
    from egp.plan.quantity import as_day
    from egp.policy.locate import lock_folder
    from egp.record.ledger import read_ledger
    from egp.record.lock_error import LockError
    from egp.record.rollouts.reading import RolloutFile, formats, read_rollouts
    from egp.yaml.bounds import MAX_BYTES
    from egp.yaml.files import read_regular, shown_path

    form, equals, path = options.served.partition("=")
    if not equals or form not in formats():
        raise terminal.Stop(
            f"--served {options.served} is not FORMAT=FILE", f"FORMAT is one of {', '.join(formats())}"
        )
    usage = "egp gate PLAN --monitor --served …"
    if not options.monitor or not options.plan:
        raise terminal.Stop("what is served is compared while a stage is watched", usage)
    policy, finder = policy_and_plans(options, [options.plan])
    plans = [read_experiment(each.value)[0] for _, each in one_plan(options.plan, finder, usage)]
    if len(plans) != 1:
        raise terminal.Stop("the file has several plans", "name a file with one plan")
    try:
        content = read_regular(path, MAX_BYTES).decode("utf-8")
        ledger = read_ledger(lock_folder(finder.folder, policy.home), plans[0].name)
    except (OSError, UnicodeDecodeError) as error:
        raise terminal.Stop(
            f"cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    except LockError as error:
        terminal.print_failures(error.failures)
        return terminal.COULD_NOT_JUDGE
    environment = (
        next((each.environment for each in policy.rollouts if each.format == form), None) or "production"
    )
    reading = read_rollouts([RolloutFile(shown_path(path), content)], form, environment)
    day = as_day(options.as_of or now(policy.timezone))
    found = list(live_shares(plans[0], ledger, reading.rollouts, day))
    words = {"same": "as entered", "less": "less", "more": "more", "could_not_judge": "could not judge"}
    notices = [
        Notice(words[each.outcome], each.message, points=[each.next] if each.next else []) for each in found
    ]
    terminal.write_out(text.render(Answer("", notices), terminal.style(sys.stdout)))
    return next(status for status in _HEAVIEST if status in {each.status for each in found})


def served_beside(options: argparse.Namespace, judged: int) -> int:
    """The exit status of both: a roll back comes before what could not be judged, and that before a hold."""
    try:
        compared = compare_served(options)
    except terminal.Stop as stop:
        terminal.complain(str(stop), stop.help)
        compared = terminal.COULD_NOT_JUDGE
    return next(each for each in _HEAVIEST if each in (judged, compared))
