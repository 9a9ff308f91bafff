"""egp completion: a script for a shell."""

from __future__ import annotations

import argparse

from egp.cli.commands import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.cli.completion import CompletionError, script

    try:
        terminal.write_out(script(options.whole_parser(), options.shell))
    except CompletionError as error:
        raise terminal.Stop(str(error), "pip install shtab") from None
    return 0
