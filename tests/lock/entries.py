"""Entries and locks for tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from egp.lock import LOCK_FILE, Decided, PinnedPolicy, Registration, Signed, made, update_lock

DIGEST = "v1:sha256:" + "0123456789abcdef" * 4
POLICY = made(PinnedPolicy, name="egp:standard", version="2026.2", digest="sha256:" + "f" * 64)


def entry(name: str = "buy-now", **values: object) -> Registration:
    stated = {
        "path": f"experiments/{name}.yaml",
        "digest": DIGEST,
        "registered": date(2023, 1, 17),
        "policy": POLICY,
        "signed": (made(Signed, role="experimentation_lead", by="@xp-lead", on=date(2023, 1, 16)),),
    }
    return made(Registration, **{**stated, **values})


def decided(because: str, **values: object) -> Decided:
    stated = {"option": "B", "means": "roll back", "role": "experimentation_lead", "on": date(2023, 3, 2)}
    return made(Decided, **{**stated, "because": because, "plan": DIGEST, **values})


def put(root: Path, *names: str) -> str:
    """Registers the names, and returns the lock's text."""
    update_lock(str(root), lambda entries: entries.update({name: entry(name) for name in names}))
    return (root / LOCK_FILE).read_text()
