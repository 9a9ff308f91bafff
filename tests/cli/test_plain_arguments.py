"""Command lines that are read without argparse say what argparse would say of them; all others are left to it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.cli.arguments.plain import plainly_parsed
from egp.cli.commands.terminal import Stop
from egp.cli.main import COMMANDS
from egp.cli.parser import parser_of

WORDS = (
    "a.yaml", "b", "-", "--", "", "-x", "--as-of", "--as-of=2023-01-18", "2023-01-18", "2023-01-18T08:00:00Z", "soon", "--format",
    "json", "--format=text", "--format=", "xml", "--output-format=sarif", "-o", "-ofile", "-o=f", "--output", "sarif=x", "--base",
    "main", "--base=", "--no-waivers", "--no-waivers=1", "--fix", "--unsafe", "--diff", "--policy", "egp:standard", "--policy=p.yaml",
    "--policy-from", "--rules-from", "--help", "-h", "--bogus", "--fail-level=warning", "--show-passed", "-1", "--archive", "--write",
)  # fmt: skip


def by_argparse(command: str, arguments: list[str]) -> dict[str, Any] | None:
    try:
        options = vars(parser_of(COMMANDS, command, others=False).parse_args([command, *arguments]))
    except (Stop, SystemExit):
        return None
    options.pop("whole_parser")
    return options


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["check", "register", "rules", "baseline"]), st.lists(st.sampled_from(WORDS), max_size=6)
)
def test_what_is_read_plainly_is_what_argparse_reads(command: str, arguments: list[str]) -> None:
    plainly = plainly_parsed(import_module(f"egp.cli.commands.{command}").add_arguments, arguments)
    if plainly is not None:
        assert vars(plainly) == by_argparse(command, arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["a.yaml", "b.yaml"], ["a.yaml", "--as-of", "2023-01-18"], ["--base=origin/main"], ["-"], ["--fix", "--diff", "a.yaml"]],
)  # fmt: skip
def test_what_hooks_call_is_read_plainly(arguments: list[str]) -> None:
    assert plainly_parsed(import_module("egp.cli.commands.check").add_arguments, arguments) is not None


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--as-of"], ["--as-of", "soon"], ["--bogus"], ["a", "--fix", "b"], ["--", "a"], ["--format", "xml"], ["--fix=1"]],
)  # fmt: skip
def test_help_and_mistakes_are_left_to_argparse(arguments: list[str]) -> None:
    assert plainly_parsed(import_module("egp.cli.commands.check").add_arguments, arguments) is None
