"""egp mcp: answers questions of programs that speak the Model Context Protocol, over standard input and output."""

from __future__ import annotations

import argparse
import os
from importlib.util import find_spec

from egp.cli.commands import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "It serves until its standard input ends, reads files below its roots only, and writes none."
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="FOLDER",
        help="folder whose files questions may name (default: the repository of the call); may be repeated",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if find_spec("mcp") is None:
        raise terminal.Stop("egp mcp needs the package mcp", 'pip install "egp[mcp]"')
    from egp.cli.mcp.roots import default_root
    from egp.cli.mcp.server import server
    from egp.yaml.files import real_path

    missing = [root for root in options.root if not os.path.isdir(root)]
    if missing:
        raise terminal.Stop(f"--root {missing[0]} is no folder", "name a folder that exists")
    roots = [real_path(root) for root in options.root] or [default_root(os.getcwd())]
    server(list(dict.fromkeys(roots))).run()
    return 0
