"""The checks of the gate, one module each: its docstring is its page, ``check`` reads it off the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, get_args, get_type_hints

from egp.rule import Page, Params

if TYPE_CHECKING:
    from egp.gate.reading import Reading
    from egp.gate.readout import Readout

ORDER = (
    "registered", "revision", "sign-off", "stage-order", "dwell", "complete-data", "sample-ratio",
    "minimum-units", "runtime-complete", "outcome-matured", "precision", "primary-outcome", "novelty",
    "guardrail", "limit", "stop-rule",
)  # fmt: skip
"""Paperwork, then data, then the readout, then safety: the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Check:
    id: str
    read: Callable[..., Iterator[Reading]]
    params: Params
    page: Page

    def options(self) -> Iterator[tuple[str, str, object]]:
        """(name, meaning, value) of every option."""
        for name, hint in get_type_hints(type(self.params), include_extras=True).items():
            yield name, str(get_args(hint)[1]), getattr(self.params, name)

    def readings(self, readout: Readout) -> Iterator[Reading]:
        """What the check says; nothing where it does not apply to the move."""
        return self.read(readout, self.params)


@cache
def checks() -> tuple[Check, ...]:
    """All checks, in order, with their options at their defaults."""
    found = []
    for check_id in ORDER:
        module = import_module(f"egp.gate.checks.{check_id.replace('-', '_')}")
        params = getattr(module, "Params", Params)()
        found.append(Check(check_id, module.check, params, Page(module.__doc__ or "")))
    return tuple(found)
