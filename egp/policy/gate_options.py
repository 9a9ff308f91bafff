"""What a policy sets of the gate's checks: ``gate: {complete-data: {max_silence: 48h}}``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from egp.plan.quantity import shown
from egp.plan.typed_reader import ValueProblem, nearest
from egp.policy.layers import SettingValue
from egp.policy.params import read_options
from egp.policy.settings import origin_of
from egp.rules.gate_check import ORDER, load

if TYPE_CHECKING:
    from egp.policy.layers import Settings
    from egp.yaml import Document


def read_gate(document: Document, gate: Mapping[str, object], problems: list[ValueProblem]) -> Settings:
    """Check → option → value; mistakes are appended to ``problems``."""
    settings: dict[str, dict[str, SettingValue]] = {}
    for check_id, options in gate.items():
        at = ("gate", check_id)
        if check_id not in ORDER:
            problems.append(_unknown_check(check_id))
        elif not isinstance(options, dict):
            advice = "write the options in a mapping, as in `{max_silence: 48h}`"
            problems.append(
                ValueProblem(at, "wrong-type", f"what is set of {check_id} is no mapping", advice)
            )
        else:
            read = read_options(load(check_id), options, at, problems, off="")
            settings[check_id] = {
                name: SettingValue(value, origin_of(document, (*at, name))) for name, value in read.items()
            }
    return settings


def _unknown_check(check_id: str) -> ValueProblem:
    guess = nearest(check_id, ORDER)
    hint = f", did you mean `{guess}`?" if guess else ""
    message = f"the gate has no check `{shown(check_id)}`{hint}"
    return ValueProblem(("gate", check_id), "unknown-key", message, f"its checks are {', '.join(ORDER)}")


def together(settings: Iterable[Settings]) -> Settings:
    """What several files set, later ones winning option by option."""
    found: dict[str, dict[str, SettingValue]] = {}
    for each in settings:
        for check_id, options in each.items():
            found.setdefault(check_id, {}).update(options)
    return found
