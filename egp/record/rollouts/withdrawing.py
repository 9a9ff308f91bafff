"""The edit by which a flag file withdraws its treatment: one word, where the format says it, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from egp.record.rollouts.reading import RolloutFile, format_module, read_rollouts
from egp.record.rollouts.rollout import Rollout
from egp.yaml import Position


def withdrawn(rollout: Rollout, files: Sequence[RolloutFile]) -> str | None:
    """The text of the flag's file with the flag off, known to read so; None where the format has no such word."""
    word = getattr(format_module(rollout.format), "SWITCHED_OFF", "")
    text = next((each.text for each in files if each.path == rollout.path), None)
    if not word or text is None or rollout.enabled is None:
        return None
    edited = _with_word(text, rollout, word)
    changed = [RolloutFile(each.path, edited if each.path == rollout.path else each.text) for each in files]
    reread = read_rollouts(changed, rollout.format, rollout.environment).rollouts
    after = next((each for each in reread if each.flag.value == rollout.flag.value), None)
    return edited if after is not None and not after.is_on else None


def _with_word(text: str, rollout: Rollout, word: str) -> str:
    assert rollout.enabled is not None
    start, end = (_offset(text, each) for each in rollout.enabled.at)
    before = text[start:end]
    if rollout.enabled.at == rollout.flag.at:
        return text
    quote = before[:1] if before[:1] in ("'", '"') else ""
    return f"{text[:start]}{quote}{word}{quote}{text[end:]}"


def _offset(text: str, position: Position) -> int:
    """Where a place is in a text."""
    starts = [0, *(each.end() for each in re.finditer(r"\r\n|\r|\n", text))]
    return starts[position.line - 1] + position.column - 1
