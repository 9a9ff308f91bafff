"""What a check of the gate is: one module of ``egp/gate/checks``, its docstring its page, ``Params`` its options.

Policies set the options, so that this stands below them; a check loads when it is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from egp.rules.rule import Params, RulePage

if TYPE_CHECKING:
    from egp.rules.options import RuleOption

ORDER = (
    "registered", "revision", "sign-off", "review", "stage-order", "dwell", "change-window", "fresh-results", "complete-data",
    "metric-alive", "logged-once", "sample-ratio", "negative-control", "minimum-units", "runtime-complete", "outcome-matured", "frozen-rows",
    "control-baseline", "precision", "primary-outcome", "novelty", "guardrail", "limit", "stop-rule",
)  # fmt: skip
"""Paperwork, then data, then the readout, then safety: the order in which they are reported."""


@dataclass(frozen=True, slots=True)
class Check:
    """A loaded check. ``read`` takes a readout and the options, and yields its readings; none where it does not apply."""

    id: str
    read: Callable[..., Iterator[Any]]
    params: type[Params]
    page: RulePage
    plain: str = ""
    """What it means that it is open, for people who read no statistics; empty for checks that a metric's name goes with."""
    withdraws: bool = False
    """Whether it may roll back; the others hold at most."""

    @property
    def options(self) -> Mapping[str, RuleOption]:
        """Every option by name."""
        from egp.rules.options import declared_options

        return declared_options(self.params)


@cache
def load(check_id: str) -> Check:
    """The check with this id, one of ``ORDER``."""
    module = import_module(f"egp.gate.checks.{check_id.replace('-', '_')}")
    return Check(
        check_id,
        module.check,
        getattr(module, "Params", Params),
        RulePage(module.__doc__ or ""),
        getattr(module, "PLAIN", ""),
        getattr(module, "WITHDRAWS", False),
    )


@cache
def checks() -> tuple[Check, ...]:
    """All checks, in order."""
    return tuple(map(load, ORDER))
