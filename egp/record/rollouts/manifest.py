"""Manifests of Kubernetes by which a new version takes the place of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egp.record.rollouts.part import Part
from egp.record.rollouts.rollout import Said, Unread
from egp.yaml import Document


class Manifest:
    """One manifest while it is read."""

    def __init__(self, document: Document, name: Said[str], environment: str) -> None:
        self.document = document
        self.root = Part(document, document.value)
        self.name = name
        self.environment = environment
        self.unread: list[Unread] = []

    def not_read(self, part: Part, reason: str) -> None:
        self.unread.append(Unread(self.document.path, part.at, reason, self.name.value))


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
