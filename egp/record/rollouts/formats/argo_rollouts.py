"""Argo Rollouts: `Rollout` manifests, with the `AnalysisTemplate`s that lie in the same files.

A weight is a share of requests where a `trafficRouting` is declared, and of replicas otherwise: never of people. Each
`setWeight` opens a stage, which lasts as long as the pauses behind it; `pause: {}` waits for a person, and without a pause
the next step follows at once. After the last step everybody gets the new version. A metric of an analysis that fails
aborts the rollout; one that `dryRun` names does nothing.

Reads:

```yaml
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: checkout}
spec:
  strategy:
    canary:
      trafficRouting: {nginx: {stableIngress: checkout}}
      analysis: {templates: [{templateName: errors}]}
      steps:
        - setWeight: 20
        - pause: {duration: 1h}
        - setWeight: 60
        - pause: {}
        - setWeight: 80
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: errors}
spec:
  metrics: [{name: error_rate, failureLimit: 3, provider: {prometheus: {query: up}}}]
```

As:

```yaml
- flag: checkout
  share_of: requests
  watched: {error_rate: rollback}
  stages:
    - {shares: {canary: 20%, stable: 80%}, dwell: 1h}
    - {shares: {canary: 60%, stable: 40%}, gate: person}
    - {shares: {canary: 80%, stable: 20%}, dwell: 0h}
    - {shares: {canary: 100%, stable: 0%}}
```

Not checked, saying "the analysis `errors` is in none of these files":

```yaml
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: checkout}
spec: {strategy: {canary: {analysis: {templates: [{templateName: errors}]}, steps: [{setWeight: 20}]}}}
```
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from egp.plan.quantity import shown
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import (
    Gate,
    Rollout,
    RolloutStage,
    Said,
    Unread,
    VariantShare,
    Watched,
)
from egp.yaml import Document, Span

NEW, OLD = "canary", "stable"
GROUP = "argoproj.io/"
READS_TOGETHER = True
"""Whether one file may be needed to read another one."""
WITHDRAWN_BY = "kubectl argo rollouts abort"

_Templates = Mapping[str, Part]


def read(files: Sequence[RolloutFile], environment: str) -> Iterator[Rollout | Unread]:
    """Every manifest of a rollout in the files; manifests of other kinds are nobody's concern."""
    unread: list[Unread] = []
    documents = list(sound_documents(files, unread))
    templates = {
        name.value: Part(each, each.value)
        for each in documents
        if _kind(each) in ("AnalysisTemplate", "ClusterAnalysisTemplate") and (name := _name(each))
    }
    for document in documents:
        name = _name(document)
        if _kind(document) == "Rollout":
            if name is None:
                at = document.span(("metadata",))
                unread.append(Unread(document.path, at, "its name is filled in elsewhere"))
            else:
                yield _Manifest(document, name, environment, templates).rollout()
    yield from unread


def _revision(root: Part) -> Said[str] | None:
    """What is deployed: a changed template starts the steps from the beginning."""
    template = root.get("spec", "template") or root.get("spec", "workloadRef")
    if template is None:
        return None
    return Said(json.dumps(template.value, ensure_ascii=False, sort_keys=True, default=str), template.key_at)


def _kind(document: Document) -> str:
    value = document.value
    is_argo = isinstance(value, dict) and str(value.get("apiVersion", "")).startswith(GROUP)
    return str(value.get("kind", "")) if is_argo and isinstance(value, dict) else ""


def _name(document: Document) -> Said[str] | None:
    name = Part(document, document.value).get("metadata", "name")
    return name.said_text() if name else None


class _Manifest:
    """One manifest while it is read."""

    def __init__(self, document: Document, name: Said[str], environment: str, templates: _Templates) -> None:
        self._document = document
        self._name = name
        self._environment = environment
        self._templates = templates
        self._unread: list[Unread] = []
        self._watched: dict[str, Watched] = {}

    def rollout(self) -> Rollout:
        root = Part(self._document, self._document.value)
        canary = root.get("spec", "strategy", "canary")
        blue_green = root.get("spec", "strategy", "blueGreen")
        stages: list[RolloutStage] = []
        if canary is not None:
            stages = self._stages(canary)
            self._watch(canary.get("analysis"))
        elif blue_green is not None:
            stages = [_switched(blue_green)]
            self._watch(blue_green.get("prePromotionAnalysis"))
            self._watch(blue_green.get("postPromotionAnalysis"))
        else:
            self._not_read(root, "it names neither a canary nor a blueGreen strategy")
        routing = canary.get("trafficRouting") if canary else None
        return Rollout(
            format="argo-rollouts",
            path=self._document.path,
            document=self._document.index,
            flag=self._name,
            environment=self._environment,
            variants=(Said(NEW, self._name.at), Said(OLD, self._name.at)),
            share_of="requests" if routing or blue_green else "replicas",
            stages=tuple(stages),
            watched=tuple(self._watched.values()),
            revision=_revision(root),
            withdrawn_by=WITHDRAWN_BY,
            unread=tuple(self._unread),
        )

    def _not_read(self, part: Part, reason: str) -> None:
        self._unread.append(Unread(self._document.path, part.at, reason, self._name.value))

    def _stages(self, canary: Part) -> list[RolloutStage]:
        """The stages of the steps; without steps the new version comes at once."""
        steps = canary.get("steps")
        if steps is not None and not isinstance(steps.value, list):
            self._not_read(steps, steps.computed or "its steps are no list")
            return []
        highest = self._max_weight(canary)
        found: list[RolloutStage] = []
        weight: tuple[float, Span] | None = None
        dwell, gate = timedelta(), ""
        for step in steps.list() if steps else ():
            if step.has("setWeight"):
                if weight:
                    found.append(_stage(weight, highest, dwell, gate))
                read_weight = self._weight(step)
                if read_weight is None:
                    return found
                weight, dwell, gate = (read_weight, _place(step)), timedelta(), ""
            elif step.has("pause"):
                longer, gate = self._pause(step, gate)
                dwell += longer
            elif analysis := step.get("analysis"):
                self._watch(analysis)
                gate = gate or "metric"
        if weight:
            found.append(_stage(weight, highest, dwell, gate))
        last = canary.key_at if not found else found[-1].at
        return [*found, RolloutStage(_split(1.0, last), last)]

    def _max_weight(self, canary: Part) -> float:
        most = canary.get("trafficRouting", "maxTrafficWeight")
        return (most.number() if most else None) or 100.0

    def _weight(self, step: Part) -> float | None:
        weight = step.get("setWeight")
        number = weight.number() if weight else None
        if number is None or number < 0:
            part = weight or step
            self._not_read(part, part.computed or f"the weight {shown(part.value)} is no number")
            return None
        return number

    def _pause(self, step: Part, gate: str) -> tuple[timedelta, str]:
        pause = step.get("pause")
        duration = pause.get("duration") if pause else None
        if pause is None:
            self._not_read(step, "a pause that says nothing is no step")
            return timedelta(), gate
        if duration is None:
            return timedelta(), "person"
        read_duration = duration.duration()
        if read_duration is None:
            reason = duration.computed or f"the duration {shown(duration.value)} is no time"
            self._not_read(duration, reason)
            return timedelta(), gate
        return read_duration, gate

    def _watch(self, analysis: Part | None) -> None:
        """The metrics of the templates that an analysis names, and of those that these name."""
        named = list(_template_names(analysis)) if analysis else []
        seen: set[str] = set()
        while named:
            part = named.pop(0)
            name = part.text()
            if name is None:
                self._not_read(part, part.computed or "the name of a template is no text")
                continue
            template = self._templates.get(name)
            if name in seen:
                continue
            seen.add(name)
            if template is None:
                self._not_read(part, f"the analysis `{shown(name)}` is in none of these files")
                continue
            self._watch_metrics(template)
            named += _template_names(template.get("spec"))

    def _watch_metrics(self, template: Part) -> None:
        silent = {each.get("metricName") for each in _listed(template, "dryRun")}
        names = {each.text() for each in silent if each}
        for metric in _listed(template, "metrics"):
            name = metric.get("name")
            said = name.said_text() if name else None
            if said and said.value not in names and "*" not in names:
                self._watched.setdefault(said.value, Watched(said, "rollback"))


def _listed(template: Part, key: str) -> Iterable[Part]:
    found = template.get("spec", key)
    return found.list() if found else ()


def _template_names(part: Part | None) -> Iterator[Part]:
    templates = part.get("templates") if part else None
    for each in templates.list() if templates else ():
        name = each.get("templateName")
        if name is not None:
            yield name


def _place(step: Part) -> Span:
    weight = step.get("setWeight")
    return weight.at if weight else step.at


def _stage(weight: tuple[float, Span], highest: float, dwell: timedelta, gate: str) -> RolloutStage:
    share, at = min(1.0, weight[0] / highest), weight[1]
    by: Gate = "person" if gate == "person" else "metric" if gate == "metric" else ""
    return RolloutStage(_split(share, at), at, None if by == "person" else dwell, by)


def _split(share: float, at: Span) -> tuple[VariantShare, ...]:
    return (VariantShare(NEW, share, at), VariantShare(OLD, 1 - share, at))


def _switched(blue_green: Part) -> RolloutStage:
    """The one step of a blue-green strategy: a person's, unless it promotes by itself."""
    promoted = blue_green.get("autoPromotionEnabled")
    by_hand = promoted is not None and promoted.value is False
    at = promoted.at if promoted else blue_green.key_at
    return RolloutStage(_split(1.0, at), at, None, "person" if by_hand else "")
