"""egp history: the life of a plan."""

from __future__ import annotations

import argparse
import os
import sys

from egp.cli.commands import terminal
from egp.cli.commands.options import add_format


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "plan", metavar="PLAN", help="the plan's file, or the file it had before it was removed"
    )
    add_format(parser, "report")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.output.page import text
    from egp.pages.history import json
    from egp.pages.history.life import lives
    from egp.pages.history.page import page
    from egp.record.lock import LockError
    from egp.record.sources.git import Repository
    from egp.record.sources.git_command import GitError

    try:
        repository = Repository.at(os.getcwd())
        path = repository.inside(os.path.join(os.getcwd(), options.plan))
        if path is None:
            raise terminal.Stop(
                f"{options.plan} lies outside of this repository",
                "run egp in the repository that has the plan",
            )
        found = lives(repository, path)
    except GitError as error:
        raise terminal.Stop(str(error), error.help) from None
    except LockError as error:
        terminal.print_failures(error.failures)
        raise terminal.Stop(
            f"the lock cannot be read: {terminal.errors(len(error.failures))} in it"
        ) from None
    terminal.write_out(
        json.render(found)
        if options.format == "json"
        else "\n".join(text.render(page(life), terminal.style(sys.stdout)) for life in found)
    )
    return 0
