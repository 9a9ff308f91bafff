"""What a report for programs consists of: each declared once, as a class that is written as JSON and published as a schema.

A report is an instance of `Reported`, whose fields in their order are its keys. Its schema is made from the same class by
`egp.cli.schemas`, which alone imports pydantic.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, dataclass_transform

from egp import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence


def _key(name: str) -> str:
    """The key of a field; one that Python has reserved is written with an underscore after it."""
    return name.removesuffix("_")


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Reported:
    """An object with exactly the keys that its class declares. Texts below the fields are the descriptions in the schema."""

    __pydantic_config__: ClassVar[dict[str, object]] = {
        "extra": "forbid",
        "use_attribute_docstrings": True,
        "alias_generator": _key,
    }

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def of(cls, source: object, /, **besides: Any) -> Self:
        """What a thing is called by itself, and what is said of it besides."""
        own = [each.name for each in fields(cls) if each.name not in besides]  # type: ignore[arg-type]
        return cls(**{name: getattr(source, _key(name)) for name in own}, **besides)


class Limits:
    """Bounds of a number or pattern of a text, in the words of JSON Schema's core validators: `ge`, `gt`, `le`, `pattern`."""

    def __init__(self, **limits: object) -> None:
        self._limits = limits

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[object], dict[str, Any]]
    ) -> dict[str, Any]:
        return {**handler(source), **self._limits}


class OneOf:
    """One of texts that are known elsewhere, as the ids of the gate's checks."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> dict[str, Any]:
        return {"type": "literal", "expected": self._texts}


Count = Annotated[int, Limits(ge=0)]
Share = Annotated[float, Limits(ge=0, le=1)]
Positive = Annotated[float, Limits(gt=0)]


class Tool(Reported):
    """The program."""

    name: Literal["egp"]
    version: str


TOOL = Tool(name="egp", version=VERSION)


class JudgingPolicy(Reported):
    """A policy, as reports name it."""

    name: str
    version: str
    digest: str


class EmergencyRaise(Reported):
    """A stage that was entered without the gate, as somebody approved."""

    stage: str
    on: date
    reason: str
    ticket: str
    approver: str
    role: str
    expires: date
    """The last day on which it holds."""
    settled: bool
    """Whether the gate has let the stage through since, or the share was lowered."""


class DecisionTaken(Reported):
    """What people decided on an experiment, and who disagreed."""

    option: str
    means: str | None
    """What the letter of the option stood for then."""
    role: str
    by: str | None
    on: date
    because: str
    dissent: str | None


def as_text(value: object) -> str:
    """One JSON object, keys in a fixed order, numbers unrounded, ending in a newline."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if isinstance(value, Reported):
        return {_key(each.name): _plain(getattr(value, each.name)) for each in fields(value)}  # type: ignore[arg-type]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
