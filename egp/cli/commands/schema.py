"""egp schema: where the schema of a file is, on this machine and in the repository of this release."""

from __future__ import annotations

import argparse
import os

from egp.cli.commands import terminal

_ENDING = ".schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name",
        nargs="?",
        default="experiment",
        metavar="NAME",
        help="which schema (default: experiment, of plans)",
    )
    parser.add_argument("--list", action="store_true", help="print the names of all schemas")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.plan.typed_reader import nearest
    from egp.policy.shipped import ROOT, schema_address

    folder = os.path.join(ROOT, "schemas")
    names = sorted(file.removesuffix(_ENDING) for file in os.listdir(folder) if file.endswith(_ENDING))
    if options.list:
        terminal.write_out("".join(f"{name}\n" for name in names))
        return 0
    if options.name not in names:
        guess = nearest(options.name, names)
        raise terminal.Stop(
            f"there is no schema `{options.name}`",
            f"did you mean `egp schema {guess}`?" if guess else "egp schema --list names all",
        )
    file = f"{options.name}{_ENDING}"
    terminal.write_out(f"{os.path.join(folder, file)}\n{schema_address(options.name)}\n")
    return 0
