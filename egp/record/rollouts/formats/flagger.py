"""Flagger: `Canary` manifests.

Weights are shares of requests. Every `interval` the checks run, and where all of them pass the weight grows by a step, up
to `maxWeight`; then the new version is promoted to everybody. So each stage lasts one interval, unless a webhook of type
`confirm-traffic-increase` (or `confirm-promotion`, at the end) has a person agree. More failed checks than `threshold`
roll back. With `iterations` the weight never changes: `match` chooses who gets the new version until it is promoted.

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
    webhooks: [{name: agreed, type: confirm-promotion, url: http://gate/approve}]
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

from collections.abc import Iterator, Sequence
from datetime import timedelta

from egp.plan.quantity import shown
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
READS_TOGETHER = False
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "a webhook of type rollback, or the old version deployed again"

_CONFIRMS_STEP, _CONFIRMS_END = "confirm-traffic-increase", "confirm-promotion"
_MOST_STEPS = 200


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every manifest of a canary in the files; manifests of other kinds are nobody's concern."""
    unread: list[Unread] = []
    for document in sound_documents(files, unread):
        root = Part(document, document.value)
        version, kind, name = (root.get(*keys) for keys in (("apiVersion",), ("kind",), ("metadata", "name")))
        is_canary = version and kind and str(version.value).startswith(GROUP) and kind.value == "Canary"
        if not is_canary:
            continue
        said = name.said_text() if name else None
        if said is None:
            at = document.span(("metadata",))
            unread.append(Unread(document.path, at, "its name is filled in elsewhere"))
        else:
            yield _Manifest(document, said, environment).rollout()
    yield from unread


class _Manifest:
    """One manifest while it is read."""

    def __init__(self, document: Document, name: Said[str], environment: str) -> None:
        self._document = document
        self._name = name
        self._environment = environment
        self._unread: list[Unread] = []

    def rollout(self) -> Rollout:
        root = Part(self._document, self._document.value)
        analysis = root.get("spec", "analysis") or root.get("spec", "canaryAnalysis")
        stages: tuple[RolloutStage, ...] = ()
        audiences: tuple[Audience, ...] = ()
        watched: tuple[Watched, ...] = ()
        if analysis is None:
            self._not_read(root, "it has no analysis")
        else:
            watched = tuple(_watched(analysis))
            stages = tuple(self._stages(root, analysis, watched))
            audiences = _matched(analysis)
        return Rollout(
            format="flagger",
            path=self._document.path,
            document=self._document.index,
            flag=self._name,
            environment=self._environment,
            variants=(Said(NEW, self._name.at), Said(OLD, self._name.at)),
            audiences=audiences,
            share_of="requests",
            stages=stages,
            watched=watched,
            withdrawn_by=WITHDRAWN_BY,
            unread=tuple(self._unread),
        )

    def _not_read(self, part: Part, reason: str) -> None:
        self._unread.append(Unread(self._document.path, part.at, reason, self._name.value))

    def _stages(self, root: Part, analysis: Part, watched: Sequence[Watched]) -> Iterator[RolloutStage]:
        skipped = root.get("spec", "skipAnalysis")
        if skipped is not None and skipped.value is True:
            yield RolloutStage(_split(1.0, skipped.at), skipped.at)
            return
        interval = self._time(analysis)
        confirmed = {str(each.value) for each in _hooks(analysis)}
        by_step: Gate = "person" if _CONFIRMS_STEP in confirmed else "metric" if watched else ""
        by_end: Gate = "person" if _CONFIRMS_END in confirmed else by_step
        weights = list(self._weights(analysis))
        for position, (weight, at) in enumerate(weights):
            gate = by_end if position == len(weights) - 1 else by_step
            yield RolloutStage(_split(weight, at), at, None if gate == "person" else interval, gate)
        last = weights[-1][1] if weights else analysis.key_at
        iterations = analysis.get("iterations")
        if weights or iterations is not None:
            yield RolloutStage(_split(1.0, last), last)

    def _time(self, analysis: Part) -> timedelta | None:
        interval = analysis.get("interval")
        found = interval.duration() if interval else None
        if found is None:
            part = interval or analysis
            self._not_read(part, part.computed or "its interval is no time")
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
                    self._not_read(each, each.computed or f"the weight {shown(each.value)} is no number")
                    return
                yield min(1.0, number / 100), each.at
            return
        step, most = analysis.get("stepWeight"), analysis.get("maxWeight")
        by, until = (step.number() if step else None), (most.number() if most else 100.0)
        if step is None or not by or until is None or by < 0:
            part = step or most or analysis
            self._not_read(part, part.computed or "it does not say by which steps the weight grows")
            return
        weight, count = 0.0, 0
        while weight < until and count < _MOST_STEPS:
            weight, count = min(100.0, weight + by), count + 1
            yield weight / 100, (most.at if most and weight >= until else step.at)


def _hooks(analysis: Part) -> Iterator[Part]:
    hooks = analysis.get("webhooks")
    for each in hooks.list() if hooks else ():
        kind = each.get("type")
        if kind is not None:
            yield kind


def _watched(analysis: Part) -> Iterator[Watched]:
    metrics = analysis.get("metrics")
    for each in metrics.list() if metrics else ():
        name = each.get("name")
        if name is not None and (said := name.said_text()):
            yield Watched(said, "rollback")


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


def _split(share: float, at: Span) -> tuple[VariantShare, ...]:
    return (VariantShare(NEW, share, at), VariantShare(OLD, 1 - share, at))
