"""Whoever owns a plan does not sign it, however the handle is spelled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.calling import call
from tests.gate.conftest import _registered, repository

__all__ = ["_registered", "repository"]

SIGNED = '{role: experimentation_lead, by: "@xp-lead"'
OWNED = 'dri: "@xp-lead"'

SAME = {
    "as it is": "@xp-lead",
    "in capitals": "@XP-Lead",
    "a blank before": " @xp-lead",
    "a blank after": "@xp-lead ",
    "full width": "＠ｘｐ-ｌｅａｄ",
    "another hyphen": "@xp\u2010lead",
    "a dash": "@xp\u2013lead",
    "a Cyrillic letter": "@xp-l\u0435ad",
    "a long s": "@xp-lead".replace("d", "ｄ"),
    "mathematical letters": "@xp-\U0001d425ead",
}
UNSEEN = {
    "zero": "\\0",
    "zero width": "\\u200b",
    "a joiner": "\\u2060",
    "from right to left": "\\u202e",
    "a soft hyphen": "\\u00ad",
    "a variation selector": "\\ufe0f",
    "a tag": "\\U000e0041",
    "an escape": "\\e[8m",
}


def plan_with(repository: Path, old: str, new: str) -> str:
    text = (repository / "rejected/self-approval.yaml").read_text(encoding="utf-8")
    assert old in text
    name = "experiments/self-approval.yaml"
    (repository / name).write_text(text.replace(old, new), encoding="utf-8")
    return name


@pytest.mark.parametrize("spelling", SAME)
@pytest.mark.parametrize("place", [OWNED, SIGNED])
def test_a_handle_that_people_see_as_the_owners(repository: Path, spelling: str, place: str) -> None:
    name = plan_with(repository, place, place.replace("@xp-lead", SAME[spelling]))
    done = call(repository, "check", name, "--as-of=2023-01-17")
    assert done.status == 1
    assert "error[four-eyes]" in done.out, done.out


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize("place", [OWNED, SIGNED])
def test_a_handle_with_a_character_that_nobody_sees(repository: Path, unseen: str, place: str) -> None:
    handle = f"@xp-{UNSEEN[unseen]}lead"
    name = plan_with(repository, place, place.replace("@xp-lead", handle))
    for command in ("check", "register"):
        done = call(repository, command, name, "--as-of=2023-01-17")
        assert done.status in (1, 2)
        assert "error[four-eyes]" in done.out or "character that nobody sees" in done.out + done.err, done
    assert "self-approval" not in (repository / "egp.lock").read_text(encoding="utf-8")
