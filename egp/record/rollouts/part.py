"""A value in a rollout file together with the place where it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Protocol

from egp.plan.quantity import shown
from egp.record.rollouts.rollout import Said
from egp.yaml import Path, Span

_TEMPLATE = re.compile(r"\{\{|\$\{|\$\(|<%")
"""How Helm, Kustomize, shells and the like mark what they compute."""

_GO_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|h|m|s))+")
_GO_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

_LONGEST = 4000 * 86400
"""Seconds of a dwell; what is longer is no time that anybody waits."""


class Placed(Protocol):
    """Whatever can say where the parts of its value are written."""

    def span(self, path: Path, *, key: bool = False) -> Span: ...


class Computed:
    """What stands in place of a value that is computed elsewhere: its own words, and who computes it."""

    __slots__ = ("reason", "text")

    def __init__(self, text: str, by: str) -> None:
        self.text = text
        self.reason = f"{shown(' '.join(text.split()))} is computed by {by}"

    def __str__(self) -> str:
        return self.text

    def refers_to(self, kind: str, attribute: str) -> str:
        """The label of the resource of a kind whose attribute is referred to, alone; empty for anything else."""
        text = self.text.strip().strip('"').removeprefix("${").removesuffix("}").strip()
        label = text.removeprefix(f"{kind}.").removesuffix(f".{attribute}")
        return label if text == f"{kind}.{label}.{attribute}" and re.fullmatch(r"[\w-]+", label) else ""


class Part:
    """A value, its path, and the file that knows where that is."""

    __slots__ = ("path", "source", "value")

    def __init__(self, source: Placed, value: object, path: Path = ()) -> None:
        self.source = source
        self.value = value
        self.path = path

    @property
    def at(self) -> Span:
        """Where the value is written; of one over many lines its key."""
        span = self.source.span(self.path)
        if span.end.line > span.start.line and self.path and isinstance(self.path[-1], str):
            return self.key_at
        return span

    @property
    def key_at(self) -> Span:
        return self.source.span(self.path, key=True)

    def get(self, *keys: str) -> Part | None:
        """What lies below some keys; None where one is missing or says nothing."""
        value, path = self.value, self.path
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
            path = (*path, key)
        return None if value is None else Part(self.source, value, path)

    def listed(self, *keys: str) -> list[Part]:
        """The items of the list below some keys; none where there is no such list."""
        found = self.get(*keys)
        return list(found.list()) if found else []

    def named_by(self, key: str) -> Iterator[tuple[Said[str] | None, Part]]:
        """The items of a list, each with the name that it gives itself; None for one without."""
        for each in self.list():
            name = each.get(key)
            yield name.said_text() if name else None, each

    def get_all(self, kind: str) -> Iterator[tuple[str, Part]]:
        """What is declared of a kind, by its name."""
        found = self.get(kind)
        if found is not None:
            yield from found.items()

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.value, list)

    def has(self, key: str) -> bool:
        """Whether a key is written, whatever it says."""
        return isinstance(self.value, dict) and key in self.value

    def items(self) -> Iterator[tuple[str, Part]]:
        """The values of a mapping by their keys; nothing of anything else."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield str(key), Part(self.source, value, (*self.path, key))

    def list(self) -> Iterator[Part]:
        """The items of a list; nothing of anything else."""
        if isinstance(self.value, list):
            for at, value in enumerate(self.value):
                yield Part(self.source, value, (*self.path, at))

    @property
    def computed(self) -> str:
        """Why the value is not the file's own: it is computed elsewhere. Empty for one that is."""
        if isinstance(self.value, Computed):
            return self.value.reason
        if isinstance(self.value, str) and _TEMPLATE.search(self.value):
            return f"`{shown(self.value)}` is filled in elsewhere"
        return ""

    def text(self) -> str | None:
        """A text; None for what is none or is computed."""
        return self.value if isinstance(self.value, str) and not self.computed else None

    def name(self) -> str | None:
        """A name, also where it looks like a number or a truth value."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
        if isinstance(self.value, (int, float)):
            return f"{self.value:g}"
        return self.text()

    def number(self) -> float | None:
        """A finite number; None for what is none, a truth value included."""
        if (
            isinstance(self.value, (int, float))
            and not isinstance(self.value, bool)
            and abs(self.value) < 1e15
        ):
            return float(self.value)
        return None

    def as_json(self) -> str:
        """The value as JSON, keys in order: two parts with equal ones say the same."""
        return json.dumps(self.value, ensure_ascii=False, sort_keys=True, default=str)

    def said_text(self) -> Said[str] | None:
        name = self.name()
        return None if name is None else Said(name, self.at)

    def duration(self) -> timedelta | None:
        """A time as Go programs write it, ``1h30m``, or a number of seconds; None for what is none."""
        number = self.number()
        if number is None and isinstance(self.value, str):
            text = self.value.strip()
            if re.fullmatch(r"[0-9]{1,9}", text):
                number = float(text)
            elif len(text) <= 40 and re.fullmatch(_GO_DURATION, text):
                number = sum(float(amount) * _SECONDS[unit] for amount, unit in re.findall(_GO_PART, text))
        return timedelta(seconds=number) if number is not None and 0 <= number <= _LONGEST else None
