"""Options that several commands have, and what they mean."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.commands import terminal

if TYPE_CHECKING:
    from egp.policy.model import Policy

FORMATS = ("text", "json")


def add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy",
        metavar="POLICY",
        help="policy file, or a shipped policy such as egp:standard (default: egp.yaml)",
    )


def add_format(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help=f"format of the {what} (default: text)"
    )


def day(text: str) -> date:
    from egp.quantity import QuantityError
    from egp.quantity import day as read_day

    try:
        return read_day(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; write it as 2023-01-31") from None


def policy_in_force(options: argparse.Namespace, paths: Sequence[str]) -> Policy:
    """The policy that judges. Raises PolicyError with every mistake in it."""
    from egp.policy.locate import find_policy
    from egp.policy.reading import STANDARD, read_policy, shipped_policy

    try:
        if options.policy and options.policy.startswith("egp:"):
            return shipped_policy(options.policy)
        path = options.policy or find_policy(os.getcwd(), paths)
        return read_policy(path, terminal.shown(path)) if path else shipped_policy(STANDARD)
    except OSError as error:
        raise terminal.Stop(
            f"cannot read the policy {terminal.shown(str(error.filename))}: {error.strerror}"
        ) from None
