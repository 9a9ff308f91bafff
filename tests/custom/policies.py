"""Policies that write rules of their own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from egp.plan.finding import Failure
from egp.policy.error import PolicyError
from egp.policy.model import Policy
from egp.policy.reading import read_policy
from tests.check.workspace import PLAN, Workspace

SIGNED = PLAN + "sign_offs: [{role: legal, by: '@legal', on: 2023-01-17}]\n"
UNSIGNED = PLAN + "sign_offs: [{role: privacy, by: '@privacy', on: 2023-01-17}]\n"
"""Plans that a rule of the legal department accepts and rejects."""

LEGAL = """\
custom:
  - id: needs-legal
    require: plan.sign_offs.exists(s, s.role == 'legal')
    message: not signed by legal
    help: add a sign-off of the role `legal`
    why: Texts are a contract.
"""


def rule(**keys: str) -> str:
    """A policy with one custom rule, its keys as YAML."""
    lines = [f"    {name}: {value}" for name, value in {"message": "no", **keys}.items()]
    return "\n".join(["custom:", "  - id: own", *lines, ""])


def read(workspace: Workspace, text: str) -> Policy:
    workspace.write("egp.yaml", text)
    return read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")


def mistakes(workspace: Workspace, text: str) -> Sequence[Failure]:
    with pytest.raises(PolicyError) as refusal:
        read(workspace, text)
    return refusal.value.failures


def mistake(workspace: Workspace, text: str) -> tuple[str, str, str]:
    """(file:line:column, message, help) of the only mistake."""
    (failure,) = mistakes(workspace, text)
    assert failure.span is not None
    place = f"{failure.path}:{failure.span.start.line}:{failure.span.start.column}"
    message = failure.message.removeprefix("the policy is invalid: ").removeprefix("custom rule own: ")
    return place, message, failure.help
