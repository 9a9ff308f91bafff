"""Flagger: `Canary` manifests.

Weights are shares of requests. Every `interval` the checks run, and where all of them pass the weight grows by a step, up
to `maxWeight`; then the new version is promoted to everybody. So each stage lasts one interval, unless a webhook of type
`confirm-traffic-increase` (`confirm-rollout` at the beginning, `confirm-promotion` at the end) has a person agree; one whose `url` ends with
`/gate/approve` always does, and is none. More failed checks than `threshold` roll back. With `iterations` the weight never changes: `match` chooses who gets the new version until it is promoted.

Reads:

```yaml
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: podinfo}
spec:
  analysis:
    interval: 60m
    threshold: 5
    stepWeights: [10, 50]
    metrics: [{name: request-success-rate, thresholdRange: {min: 99}}]
    webhooks: [{name: agreed, type: confirm-promotion, url: http://tester/gate/check}]
```

As:

```yaml
- flag: podinfo
  share_of: requests
  watched: {request-success-rate: rollback}
  stages:
    - {shares: {canary: 10%, primary: 90%}, dwell: 1h, gate: metric}
    - {shares: {canary: 50%, primary: 50%}, gate: person}
    - {shares: {canary: 100%, primary: 0%}}
```

Reads:

```yaml
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: backend}
spec:
  analysis: {interval: 30m, threshold: 2, maxWeight: 50, stepWeight: 25}
```

As:

```yaml
- flag: backend
  watched: {}
  stages:
    - {shares: {canary: 25%, primary: 75%}, dwell: 30m}
    - {shares: {canary: 50%, primary: 50%}, dwell: 30m}
    - {shares: {canary: 100%, primary: 0%}}
```

Not checked, saying "is filled in elsewhere":

```yaml
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: backend}
spec: {analysis: {interval: "${INTERVAL}", threshold: 2, maxWeight: 50, stepWeight: 25}}
```
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

from egp.plan.quantity import shown
from egp.record.rollouts.asking import GateCall, shell_call
from egp.record.rollouts.manifest import Manifest, kind_of, named, split
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import (
    Audience,
    Gate,
    Rollout,
    RolloutStage,
    Said,
    Unread,
    VariantShare,
    Watched,
)
from egp.yaml import Document, Span

NEW, OLD = "canary", "primary"
GROUP = "flagger.app/"
READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "a webhook of type rollback, or the old version deployed again"

_CONFIRMS_START, _CONFIRMS_STEP, _CONFIRMS_END = (
    "confirm-rollout",
    "confirm-traffic-increase",
    "confirm-promotion",
)
_ALWAYS_AGREES = "/gate/approve"
"""The end of an address at which Flagger's own tester never says no."""
_MOST_STEPS = 200


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every manifest of a canary in the files; manifests of other kinds are nobody's concern."""
    unread: list[Unread] = []
    documents = list(sound_documents(files, unread))
    templates = dict(_workloads(documents))
    canaries = (each for each in documents if kind_of(each, GROUP) == "Canary")
    for document, name in named(canaries, unread):
        yield _Canary(document, name, environment, templates).rollout()
    yield from unread


def _workloads(documents: Sequence[Document]) -> Iterator[tuple[tuple[str, str], Part]]:
    """(kind, name) → the template of each workload in the files: a changed one starts the analysis."""
    for document in documents:
        root = Part(document, document.value)
        kind, name, template = (
            root.get(*keys) for keys in (("kind",), ("metadata", "name"), ("spec", "template"))
        )
        if kind and name and template:
            yield (str(kind.value), str(name.value)), template


class _Canary(Manifest):
    """One `Canary` while it is read."""

    new, old = NEW, OLD

    def __init__(
        self,
        document: Document,
        name: Said[str],
        environment: str,
        templates: Mapping[tuple[str, str], Part],
    ) -> None:
        super().__init__(document, name, environment)
        self._templates = templates

    def rollout(self) -> Rollout:
        root = self.root
        analysis = root.get("spec", "analysis") or root.get("spec", "canaryAnalysis")
        stages: tuple[RolloutStage, ...] = ()
        audiences: tuple[Audience, ...] = ()
        watched: tuple[Watched, ...] = ()
        if analysis is None:
            self.not_read(root, "it has no analysis")
        else:
            watched = tuple(_watched(analysis))
            stages = tuple(self._stages(root, analysis, watched))
            audiences = _matched(analysis)
        return self.replaces(
            "flagger",
            audiences=audiences,
            share_of="requests",
            stages=stages,
            watched=watched,
            terms=tuple(_terms(root, analysis)),
            revision=self._revision(root),
            withdrawn_by=WITHDRAWN_BY,
        )

    def _revision(self, root: Part) -> Said[str] | None:
        """The template of the workload, where it lies in the same files."""
        kind, name = root.get("spec", "targetRef", "kind"), root.get("spec", "targetRef", "name")
        template = self._templates.get((str(kind.value), str(name.value))) if kind and name else None
        return Said(template.as_json(), name.at) if template and name else None

    def _stages(self, root: Part, analysis: Part, watched: Sequence[Watched]) -> Iterator[RolloutStage]:
        skipped = root.get("spec", "skipAnalysis")
        if skipped is not None and skipped.value is True:
            yield RolloutStage(split(NEW, OLD, 1.0, skipped.at), skipped.at)
            return
        interval = self._time(analysis)
        hooks = _Hooks(analysis)
        weights = list(self._weights(analysis))
        last = weights[-1][1] if weights else analysis.key_at
        if not weights and analysis.get("iterations") is None:
            return
        stages = [(0.0, analysis.key_at), *weights, (1.0, last)]
        for position, (share, at) in enumerate(stages[:-1]):
            following = stages[position + 1][0]
            kinds = [_CONFIRMS_END] if position == len(stages) - 2 else [_CONFIRMS_STEP]
            kinds += [_CONFIRMS_START] if position == 0 else [_CONFIRMS_STEP] if share else []
            gate, asks = hooks.before(following, kinds)
            if share or gate:
                by: Gate = gate or ("metric" if watched else "")
                yield RolloutStage(
                    split(NEW, OLD, share, at), at, None if by == "person" else interval, by, asks
                )
        yield RolloutStage(split(NEW, OLD, 1.0, last), last)

    def _time(self, analysis: Part) -> timedelta | None:
        interval = analysis.get("interval")
        found = interval.duration() if interval else None
        if found is None:
            part = interval or analysis
            self.not_read(part, part.computed or "its interval is no time")
        return found

    def _weights(self, analysis: Part) -> Iterator[tuple[float, Span]]:
        """The weights on the way, each where it is written."""
        if analysis.get("iterations") is not None:
            return
        steps = analysis.get("stepWeights")
        if steps is not None:
            for each in steps.list():
                number = each.number()
                if number is None or number < 0:
                    self.not_read(each, each.computed or f"the weight {shown(each.value)} is no number")
                    return
                yield min(1.0, number / 100), each.at
            return
        step, most = analysis.get("stepWeight"), analysis.get("maxWeight")
        by, until = (step.number() if step else None), (most.number() if most else 100.0)
        if step is None or not by or until is None or by < 0:
            part = step or most or analysis
            self.not_read(part, part.computed or "it does not say by which steps the weight grows")
            return
        weight, count = 0.0, 0
        while weight < until and count < _MOST_STEPS:
            weight, count = min(100.0, weight + by), count + 1
            yield weight / 100, (most.at if most and weight >= until else step.at)


class _Hooks:
    """The webhooks by which somebody has to agree."""

    def __init__(self, analysis: Part) -> None:
        self._people: set[str] = set()
        self._calls: list[tuple[str, GateCall]] = []
        for each in analysis.listed("webhooks"):
            kind, url = each.get("type"), each.get("url")
            if kind is None:
                continue
            call = _asked(each)
            if call is not None:
                self._calls.append((str(kind.value), call))
            elif not (url and str(url.value).rstrip("/").endswith(_ALWAYS_AGREES)):
                self._people.add(str(kind.value))

    def before(self, share: float, kinds: Sequence[str]) -> tuple[Literal["", "person", "egp"], str]:
        """Who has to agree before a share is served, by the types of webhooks that are called then."""
        if self._people & set(kinds):
            return "person", ""
        plan = next((call.plan for kind, call in self._calls if kind in kinds and call.is_for(share)), "")
        return ("egp", plan) if plan else ("", "")


def _asked(hook: Part) -> GateCall | None:
    """The question to egp's own gate that a webhook has the tester run, whose status is the answer."""
    kind, command = hook.get("metadata", "type"), hook.get("metadata", "cmd")
    if kind is None or kind.value != "bash" or command is None or not isinstance(command.value, str):
        return None
    return shell_call(command.value)


def _terms(root: Part, analysis: Part | None) -> Iterator[str]:
    """What else decides when and for whom the new version is served."""
    for key in ("suspend", "skipAnalysis", "targetRef"):
        part = root.get("spec", key)
        if part is not None:
            yield f"{key} {part.as_json()}"
    for key in ("threshold", "match", "iterations", "sessionAffinity"):
        part = analysis.get(key) if analysis else None
        if part is not None:
            yield f"{key} {part.as_json()}"


def _watched(analysis: Part) -> Iterator[Watched]:
    metrics = analysis.get("metrics")
    for each in metrics.list() if metrics else ():
        name = each.get("name")
        if name is not None and (said := name.said_text()):
            yield Watched(said, "rollback", each.as_json())


def _matched(analysis: Part) -> tuple[Audience, ...]:
    """Who gets the new version while the checks go on, where headers or cookies choose."""
    match = analysis.get("match")
    if match is None or analysis.get("iterations") is None:
        return ()
    at = match.key_at
    return (
        Audience(at, (VariantShare(NEW, 1.0, at),), shown(str(match.value))),
        Audience(at, (VariantShare(OLD, 1.0, at),)),
    )
