"""The page on policies shows policies that can judge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egp.policy.file import PolicyFile
from egp.policy.scope import Condition
from egp.policy.settings import WEIGHTS
from tests.check.workspace import Workspace
from tests.policy.test_reading import policy

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_policy_of_the_page_can_judge(workspace: Workspace, block: str) -> None:
    policy(workspace, block)


def test_the_example_is_the_one_that_is_told_of() -> None:
    told = next(block for block in BLOCKS if "spending-allowed" in block)
    example = (ROOT / "examples" / "staged" / "egp.yaml").read_text(encoding="utf-8")
    assert told.partition("rules:\n")[2] in example


def table(title: str) -> list[str]:
    """First column of the table with this heading."""
    rows = PAGE.partition(f"\n| {title} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip(" `") for row in rows]


def test_every_key_is_on_the_page() -> None:
    assert set(table("key | meaning")) == {key for key, _, _, _ in PolicyFile.fields()}


def test_every_severity_is_on_the_page() -> None:
    assert table("severity") == list(WEIGHTS)


def test_every_attribute_of_a_condition_is_on_the_page() -> None:
    assert table("key | of a plan") == list(Condition._fields)
