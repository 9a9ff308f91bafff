"""An open file as questions about it are answered: its documents, what it is, and what it was judged by."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property

from egp.cli.lsp.judging import Judged, documents_at
from egp.plan.catalogue import MetricsFile
from egp.plan.completing import read_plan
from egp.plan.experiment import Experiment
from egp.plan.typed_reader import TypedMapping
from egp.policy.file import PolicyFile
from egp.policy.locate import POLICY_FILE, lock_folder
from egp.policy.resolving import resolved_by_lock
from egp.policy.shipped import policy_path
from egp.record.lock import Registration, read_lock
from egp.record.lock_error import LockError
from egp.record.waivers import WAIVERS_FILE
from egp.record.waivers.file import WaiverFile
from egp.yaml import Document, read_text
from egp.yaml.files import real_path
from egp.yaml.position import SourceText


class OpenFile:
    """A file and what is known of it. Of a text that is broken, what stands above the break can be read."""

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        self.path = judged.path
        self.documents = _above_break(documents_at(judged.path))

    @cached_property
    def shape(self) -> type[TypedMapping] | None:
        """What is written in the file; None for one that is none of egp's."""
        name, policy = os.path.basename(self.path), self.judged.policy
        if self.judged.is_plan:
            return Experiment
        if name == POLICY_FILE:
            return PolicyFile
        if name == WAIVERS_FILE:
            return WaiverFile
        if policy and real_path(self.path) in map(real_path, policy.extended):
            return PolicyFile
        if policy and policy.metrics and real_path(self.path) in map(real_path, policy.metrics.files):
            return MetricsFile
        keys = {key for each in self.documents if isinstance(each.value, dict) for key in each.value}
        return next((each for each in (MetricsFile, PolicyFile) if keys & _own_keys(each)), None)

    def completed(self, document: Document) -> Document:
        """A plan with what defaults and catalogue say for it."""
        judged = self.judged
        if judged.policy and judged.finder and judged.source and judged.as_of:
            with suppress(LockError):
                return resolved_by_lock(document, judged.source, judged.finder, judged.policy, judged.as_of)
        return document

    def plan(self, document: Document) -> Experiment:
        return read_plan(self.completed(document))[0]

    @cached_property
    def registrations(self) -> dict[str, Registration]:
        """What the lock has; nothing where it cannot be read."""
        judged = self.judged
        if judged.policy is None or judged.finder is None:
            return {}
        with suppress(LockError):
            return dict(read_lock(lock_folder(judged.finder.folder, judged.policy.home)).entries)
        return {}

    def file(self, shown: str) -> str:
        """The path of a file that a message or a policy names; a shipped policy is where egp is installed."""
        if shown.startswith("egp:"):
            return policy_path(shown) or ""
        return os.path.normpath(os.path.join(self.judged.folder, shown))


def _above_break(documents: list[Document]) -> list[Document]:
    broken = next((each for each in documents if each.outline is None and each.problems), None)
    if broken is None:
        return documents
    above = broken.text[: SourceText(broken.text).start(broken.problems[0].span.start.line)]
    return read_text(above, broken.path) if above else []


def _own_keys(shape: type[TypedMapping]) -> set[str]:
    """Keys by which a file is known to be of a shape."""
    return {key for key, *_ in shape.fields()} & {"facts", "metrics", "exposures", "populations", "extends"}
