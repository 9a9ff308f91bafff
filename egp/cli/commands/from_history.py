"""What commands have in common that read one plan's past from a warehouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from egp.cli.commands import terminal
from egp.cli.commands.options import judging_day
from egp.cli.commands.progress import Steps

if TYPE_CHECKING:
    import argparse
    from datetime import date

    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.sources.warehouse.asking import Queried

Found = TypeVar("Found")


def from_history(
    options: argparse.Namespace,
    policy: Policy,
    finder: PlanFinder,
    doing: tuple[str, str],
    act: Callable[[PlanSource, Queried, date], Found],
) -> Found | None:
    """What ``act`` finds of the one plan, given the warehouse and the day; None where results or
    the lock could not be read, which is printed. ``doing`` is what is done, as in "measuring" and "measured". Raises Stop.
    """
    from egp.advice.past import PastError
    from egp.cli.arguments.warehouse import asking
    from egp.policy.locate import lock_folder
    from egp.record.lock import LockError
    from egp.record.sources import ResultsError
    from egp.record.sources.warehouse.asking import Queried

    sources = finder.asked([options.plan])
    if finder.failures or len(sources) != 1:
        terminal.print_failures(finder.failures)
        raise terminal.Stop(f"one plan at a time is {doing[1]}", "name its file")
    root = lock_folder(finder.folder, policy.home)
    as_of = judging_day(options.as_of, policy.timezone)
    try:
        with Steps(doing[0]) as progress:
            return act(sources[0], Queried(options.source, root, asking(options), progress.step), as_of)
    except PastError as error:
        raise terminal.Stop(str(error), error.help) from None
    except (ResultsError, LockError) as error:
        terminal.print_failures(error.failures)
        return None
