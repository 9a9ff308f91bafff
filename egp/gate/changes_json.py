"""What ``egp gate --base`` says, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from egp.output.contract import TOOL, JudgingPolicy, Reported, Tool, as_text

if TYPE_CHECKING:
    from egp.gate.changes import Changes, FlagMove

CHANGES_VERSION: Literal[1] = 1


class ChangedFlag(Reported):
    """What the branch does to one flag in one environment."""

    flag: str
    environment: str
    path: str
    line: int
    column: int
    experiment: str
    """Empty where no plan of the base names the flag."""
    kind: str
    """raise, lower or undecided."""
    share_before: float
    share_after: float
    stage: str
    """The stage of the plan that is served then; empty where it is none."""
    outcome: Literal[
        "free", "proceed", "waived", "hold", "refused", "could_not_judge", "roll_back", "unplanned"
    ]
    reasons: tuple[str, ...]
    next: tuple[str, ...]


class ChangesError(Reported):
    """What kept egp from judging."""

    path: str
    message: str


class GateChanges(Reported):
    """What egp gate --base says of a branch."""

    gate_changes: Literal[1]
    """Version of this format."""
    tool: Tool
    base: str
    """The commit that was compared with."""
    as_of: str
    policy: JudgingPolicy
    exit_status: int
    moves: tuple[ChangedFlag, ...]
    errors: tuple[ChangesError, ...]


def render(changes: Changes) -> str:
    policy = changes.policy
    return as_text(
        GateChanges(
            gate_changes=CHANGES_VERSION,
            tool=TOOL,
            base=changes.base,
            as_of=changes.as_of.isoformat(),
            policy=JudgingPolicy(name=policy.name, version=policy.version, digest=policy.digest),
            exit_status=changes.exit_status,
            moves=tuple(map(_flag, changes.moves)),
            errors=tuple(ChangesError(path=each.path, message=each.message) for each in changes.failures),
        )
    )


def _flag(move: FlagMove) -> ChangedFlag:
    return ChangedFlag.of(
        move,
        line=move.at.start.line,
        column=move.at.start.column,
        share_before=round(move.before, 9),
        share_after=round(move.after, 9),
    )
