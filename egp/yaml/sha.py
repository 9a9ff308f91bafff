"""SHA-256 of short texts, from Python's own module: OpenSSL, which `hashlib` loads, takes longer to start than all of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import sha256
else:
    for _name in (
        "_sha2",
        "_sha256",
        "hashlib",
    ):  # from Python 3.12 on, before, and where it was built without either
        try:
            sha256 = import_module(_name).sha256
            break
        except ImportError:
            continue

__all__ = ["sha256"]
