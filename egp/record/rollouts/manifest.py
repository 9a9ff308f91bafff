"""Manifests of Kubernetes by which a new version takes the place of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from egp.record.rollouts.part import Part
from egp.record.rollouts.rollout import Rollout, Said, Unread, VariantShare
from egp.yaml import Document, Span


class Manifest:
    """One manifest while it is read."""

    new: str
    """What the new version is called, and what the old one."""
    old: str

    def __init__(self, document: Document, name: Said[str], environment: str) -> None:
        self.document = document
        self.root = Part(document, document.value)
        self.name = name
        self.environment = environment
        self.unread: list[Unread] = []

    def not_read(self, part: Part, reason: str) -> None:
        self.unread.append(Unread(self.document.path, part.at, reason, self.name.value))

    def replaces(self, format: str, **said: Any) -> Rollout:
        """The rollout that it describes, with what it says of it."""
        return Rollout(
            format=format,
            path=self.document.path,
            document=self.document.index,
            flag=self.name,
            environment=self.environment,
            variants=(Said(self.new, self.name.at), Said(self.old, self.name.at)),
            unread=tuple(self.unread),
            **said,
        )


def split(new: str, old: str, share: float, at: Span) -> tuple[VariantShare, ...]:
    """A share of the new version, and the rest of the old one."""
    return (VariantShare(new, share, at), VariantShare(old, 1 - share, at))


def kind_of(document: Document, group: str) -> str:
    """The kind of a resource of a group of the API; empty for one of another group."""
    value = document.value
    if not isinstance(value, dict) or not str(value.get("apiVersion", "")).startswith(group):
        return ""
    return str(value.get("kind", ""))


def name_of(document: Document) -> Said[str] | None:
    """Its name; None where that is filled in elsewhere."""
    name = Part(document, document.value).get("metadata", "name")
    return name.said_text() if name else None


def named(documents: Iterable[Document], unread: list[Unread]) -> Iterator[tuple[Document, Said[str]]]:
    """Those that have a name; of every other one the reason is added."""
    for document in documents:
        name = name_of(document)
        if name is None:
            at = document.span(("metadata",))
            unread.append(Unread(document.path, at, "its name is filled in elsewhere"))
        else:
            yield document, name
