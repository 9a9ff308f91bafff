"""Files that travel with egp: its policies and schemas, in the wheel and in a checkout alike."""

from __future__ import annotations

import os

from egp import ADDRESS, VERSION
from egp.policy.shipped_table import VALUES
from egp.yaml import Document, read_bytes
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular
from egp.yaml.reading import with_value
from egp.yaml.sha import sha256

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_WHEEL = os.path.join(_PACKAGE, "shipped_files")
ROOT = _WHEEL if os.path.isdir(_WHEEL) else os.path.dirname(_PACKAGE)
"""Folder that holds ``policies/`` and ``schemas/``."""


def schema_address(name: str) -> str:
    """Where a schema of this release can be read by editors, which is the same on every machine."""
    return f"{ADDRESS}/raw/v{VERSION}/schemas/{name}.schema.json"


def policy_path(name: str) -> str | None:
    """Path of a shipped policy such as "egp:standard"; None when egp ships none of that name."""
    stem = name.removeprefix("egp:")
    path = os.path.join(ROOT, "policies", f"{stem}.yaml")
    return path if stem.replace("-", "").isalnum() and os.path.isfile(path) else None


def policy_document(path: str, name: str) -> Document:
    """A shipped policy as read; what it says is known without its being parsed, unless somebody edited the file."""
    content = read_regular(path, MAX_BYTES)
    digest, value = VALUES.get(name, ("", None))
    if digest != sha256(content).hexdigest():
        return read_bytes(content, name)[0]
    return with_value(content, name, value)


def policy_names() -> list[str]:
    """Names of all shipped policies."""
    files = os.listdir(os.path.join(ROOT, "policies"))
    named = (stem for stem, ending in map(os.path.splitext, files) if ending == ".yaml")
    return sorted(f"egp:{stem}" for stem in named if not stem.endswith(".test"))
