"""The files of a run: read once to be judged, and again where a finding needs a place in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.finding import EARLIER, LOCK, PINNED, Failure
from egp.plan.names import is_plain
from egp.policy.plan_files import PlanFinder, PlanSource, led_astray
from egp.yaml import Document, Path

if TYPE_CHECKING:
    from egp.check.placing import Elsewhere
    from egp.policy.plan_history import PlanHistory


class Files:
    """By the name that messages give a file."""

    def __init__(self, finder: PlanFinder) -> None:
        self._finder = finder
        self._sources: dict[str, PlanSource] = {}
        self._reread: tuple[str, list[Document]] = ("", [])

    def add(self, source: PlanSource) -> None:
        self._sources[source.shown] = source

    def may_read(self, source: PlanSource, failures: list[Failure]) -> bool:
        """Whether the place and the name of a file are such that it is read; if not, that is a failure."""
        if failure := led_astray(self._finder, source):
            failures.append(failure)
            return False
        if not is_plain(source.shown.encode("utf-8", "surrogateescape").decode("utf-8", "replace")):
            message = "the name of this file has a character that nobody sees"
            failures.append(Failure(source.shown, message, help="rename it"))
            return False
        return True

    def read(self, source: PlanSource, failures: list[Failure]) -> list[Document]:
        """The file's documents, or none and a failure."""
        if not self.may_read(source, failures):
            return []
        try:
            self.add(source)
            return source.documents()
        except OSError as error:
            message = f"cannot read this file: {error.strerror or type(error).__name__}"
            failures.append(Failure(source.shown, message))
            return []

    def document(self, shown: str, number: int) -> Document:
        """A document again. A file with many plans that speak of each other is read once.

        One that is remembered from an earlier check was not read in this one.
        """
        if self._reread[0] != shown:
            source = self._sources.get(shown) or self._finder.at(shown)
            self._reread = shown, source.documents()
        return self._reread[1][number]

    def elsewhere(self, history: PlanHistory | None = None) -> Elsewhere:
        """What findings about a plan mean by other plans, and by what the plan was."""

        def find(name: str, number: int) -> tuple[Document, Path] | None:
            if name in (EARLIER, PINNED, LOCK):
                return history.written(name) if history else None
            return self.document(name, number), ()

        return find
