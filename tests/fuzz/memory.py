"""What egp made of files that are the same for all inputs, so that a million calls do not read them a million times.

What is mutated is read anew in each call, and so is all that is read after it. A part of the calls is made twice, the second time without any
of this (``World.ask``): both answers must be the same bytes.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import egp.plan.experiment
import egp.policy.committed
import egp.policy.pattern
import egp.policy.reading
import egp.record.sources.git_command
import egp.yaml.files
import egp.yaml.reading

_JUDGED = ("experiments/", "rejected/", "results/", "receipt.json", "waivers.yaml", "egp-baseline.yaml")
"""Where files lie that no policy is read from."""


class Memory:
    """Remembers nothing until it is told what stays the same."""

    def __init__(self) -> None:
        self._same: dict[str, bytes] = {}
        self._contents: set[bytes] = set()
        self._documents: dict[tuple[Any, ...], list[Any]] = {}
        self._values: set[int] = set()
        """Those of the documents, which live as long as this does."""
        self._plans: dict[int, tuple[Any, list[Any]]] = {}
        self._policies: dict[tuple[Any, ...], Any] = {}
        self._are_documents_known = self._are_policies_known = False

    def keep(self, files: dict[str, bytes], others: Iterable[bytes]) -> None:
        """From now on these files are the same for all inputs, but for the one that is mutated."""
        self._same = files
        self._contents = {*files.values(), *others}
        _exchange(egp.yaml.reading, "read", self._reading)
        _exchange(egp.plan.experiment, "read_experiment", self._typing)
        _exchange(egp.policy.reading, "read_policy", self._judging)
        _exchange(egp.record.sources.git_command, "ask", self._at_any_time)
        _exchange(egp.yaml.files, "repository_root", self._at_any_time)
        _exchange(egp.policy.pattern, "matches", self._at_any_time)

    @contextmanager
    def but(self, path: str, content: bytes) -> Iterator[None]:
        """What is known counts for a call in which the file at the path has this content."""
        self._are_documents_known = bool(self._contents)
        self._are_policies_known = self._are_documents_known and (
            path.startswith(_JUDGED) or self._same.get(path) == content
        )
        try:
            yield
        finally:
            self._are_documents_known = self._are_policies_known = False

    def _reading(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(content: Any, path: str, parser: Any) -> Any:
            if not self._are_documents_known or content not in self._contents:
                return read(content, path, parser)
            key = content, path, id(parser)
            if key not in self._documents:
                self._documents[key] = read(content, path, parser)
                self._values |= {id(each.value) for each in self._documents[key]}
            return [*self._documents[key]]

        return remembered

    def _typing(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(value: Any) -> Any:
            if not self._are_documents_known or id(value) not in self._values:
                return read(value)
            if id(value) not in self._plans:
                self._plans[id(value)] = read(value)
            plan, problems = self._plans[id(value)]
            return plan, [*problems]

        return remembered

    def _judging(self, read: Callable[..., Any]) -> Callable[..., Any]:
        def remembered(*given: Any, **named: Any) -> Any:
            key = *given, *((name, item) for name, item in named.items() if item)
            if not self._are_policies_known or not all(isinstance(each, str) for each in key):
                return read(*given, **named)
            if key not in self._policies:
                self._policies[key] = read(*given, **named)
            return copy.copy(self._policies[key])

        return remembered

    def _at_any_time(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """A function of texts that answers the same for all inputs: of folders, or of commits, of which there come no others."""
        answers: dict[tuple[str, ...], Any] = {}

        def remembered(*given: str) -> Any:
            if not self._are_documents_known:
                return ask(*given)
            if given not in answers:
                answers[given] = ask(*given)
            return answers[given]

        return remembered


def _exchange(home: ModuleType, name: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Puts a function in the place of another one, wherever that was imported."""
    before = getattr(home, name)
    after = made(before)
    for module in [*sys.modules.values()]:
        if getattr(module, "__name__", "").startswith("egp") and getattr(module, name, None) is before:
            setattr(module, name, after)


__all__ = ["Memory"]
