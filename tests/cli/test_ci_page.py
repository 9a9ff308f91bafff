"""The blocks of docs/ci.md, as somebody would paste them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from egp.cli.commands.check import _output
from egp.cli.commands.reporting import FORMATS
from egp.cli.main import COMMANDS
from egp.cli.parser import parser_of
from egp.policy.shipped import ROOT
from egp.yaml import read_bytes

PAGE = Path(ROOT, "docs", "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(yaml|sh)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CALLS = re.findall(r"egp check [^\n`]*(?:\n +--[^\n`]*)*", "\n".join(text for _, text in BLOCKS))


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "yaml"])
def test_every_block_of_yaml_is_yaml(block: str) -> None:
    (document,) = read_bytes(block.encode(), "block")
    value: Any = document.value
    assert document.problems == ()
    assert isinstance(value, dict)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_is_one_that_egp_takes(call: str) -> None:
    options = parser_of(COMMANDS, "check").parse_args(shlex.split(call)[1:])
    assert [_output(text) for text in options.output] == [tuple(text.split("=")) for text in options.output]


def test_the_page_has_calls_and_every_format() -> None:
    assert len(CALLS) >= 4
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == list(FORMATS)
