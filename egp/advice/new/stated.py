"""What a platform states of an experiment that is begun from it, as lines of the plan; what is open has TODO behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.advice.platforms import Begun

_OPEN = {
    "weight": "the share of the exposed units",
    "known": "before_exposure, if the treatment can change none of it",
}
"""Keys that a platform leaves open, and what is to be said."""


COMMENTS_AT = 44
"""Column of the comments behind open fields."""


def open_line(key: str, todo: str) -> str:
    """A key that only a person can answer, with what is to be said."""
    return f"{key + ':':<{COMMENTS_AT}}# TODO {todo}".rstrip()


@dataclass(frozen=True, slots=True)
class Stated:
    """Keys of the plan with their values, of which None is open."""

    value: Mapping[str, object] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()

    @property
    def start(self) -> date | None:
        return self._day("start")

    @property
    def end(self) -> date | None:
        return self._day("end")

    @property
    def enrolment_end(self) -> date | None:
        return self._day("enrolment_end")

    @property
    def exposure(self) -> float | None:
        from egp.plan.quantity import share

        found = self._schedule.get("exposure")
        return float(share(found)) if found is not None else None

    @property
    def _schedule(self) -> Mapping[str, object]:
        found = self.value.get("schedule")
        return found if isinstance(found, dict) else {}

    def _day(self, key: str) -> date | None:
        found = self._schedule.get(key)
        return date.fromisoformat(found) if isinstance(found, str) else None

    def lines(self, key: str) -> list[str]:
        """The key with its value; nothing for a key that is not stated."""
        value = self.value.get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            return [f"{key}:", *(line for each in value for line in _item(each))]
        if isinstance(value, dict):
            return [f"{key}:", *(_line(f"  {name}", name, each) for name, each in value.items())]
        return [f"{key}: {written(value)}"]


def _item(value: Mapping[str, object]) -> list[str]:
    if None not in value.values():
        return [f"  - {written(dict(value))}"]
    return [_line(f"  {' ' if at else '-'} {key}", key, each) for at, (key, each) in enumerate(value.items())]


def _line(begun: str, key: str, value: object) -> str:
    if value is None:
        return open_line(begun, _OPEN.get(key, ""))
    return f"{begun}: {written(value)}"


NOTHING_STATED = Stated()


def stated_by(begun: Begun) -> tuple[Stated, dict[str, str]]:
    """What a platform's experiment says of the plan, and of the answers that its author would give."""
    answers, unmapped = dict(begun.answers), list(begun.unmapped)
    value = dict(begun.stated)
    if begun.metrics:
        answers["metric"] = begun.metrics[0]
        if begun.metrics[1:]:
            unmapped.append(
                f"{', '.join(begun.metrics[1:])}, since one metric decides: they are secondary here"
            )
    secondary = [*begun.metrics[1:], *begun.secondary]
    if secondary:
        value["secondary_metrics"] = [{"id": name} for name in dict.fromkeys(secondary)]
    if begun.guardrails:
        answers["guardrail"] = ",".join(begun.guardrails)
    return Stated(value, tuple(map(_plain, unmapped))), {key: _plain(each) for key, each in answers.items()}


def _plain(sentence: str) -> str:
    """On one line, and without what no terminal should get."""
    return "".join(each if each.isprintable() else " " for each in " ".join(sentence.split()))
