"""egp policy: what a policy makes of plans, and keeping it as it was reviewed."""

from __future__ import annotations

import argparse
from importlib import import_module

VERBS = {
    "show": "the settings that judge a plan, each with the line that sets it",
    "pin": "record in egp.lock what the files are that the policy extends",
    "check": "whether policies are valid, and their tests succeed",
    "test": "run the tests beside a policy, and look for boundaries that none stands at",
    "diff": "compare two policies: what changed, and which plans flip",
}
"""Verb → what it does. Each is a module of ``egp.cli.commands``, ``policy_show`` for `show`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(
        title="what", metavar="|".join(VERBS), required=True, parser_class=type(parser)
    )
    for name, does in VERBS.items():
        verb = verbs.add_parser(name, help=does, description=does, allow_abbrev=False)
        import_module(f"egp.cli.commands.policy_{name}").add_arguments(verb)
