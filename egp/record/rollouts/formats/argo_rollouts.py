"""Argo Rollouts: `Rollout` manifests, with the `AnalysisTemplate`s that lie in the same files.

A weight is a share of requests where a `trafficRouting` is declared, and of replicas otherwise: never of people. Each
`setWeight` opens a stage, which lasts as long as the pauses behind it; `pause: {}` waits for a person, and without a pause
the next step follows at once. After the last step everybody gets the new version. A metric of an analysis that fails
aborts the rollout; one that `dryRun` names does nothing. A step `analysis` whose job runs `egp gate PLAN --to STAGE` for the
stage that comes next waits for that answer ([as in](../rollouts.md#the-deployment-asks)). A step `experiment` serves its weights besides, and
what a plugin does is not known.

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

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.record.rollouts.asking import GateCall, filled_in, gate_call
from egp.record.rollouts.manifest import Manifest, kind_of, name_of, named, split
from egp.record.rollouts.part import Part
from egp.record.rollouts.reading import RolloutFile, sound_documents
from egp.record.rollouts.rollout import (
    Gate,
    Rollout,
    RolloutStage,
    Said,
    Unread,
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
    workloads = {
        (kind, name.value): Part(each, each.value)
        for each in documents
        if isinstance(each.value, dict)
        and (kind := str(each.value.get("kind", "")))
        and (name := name_of(each))
    }
    templates = {
        name.value: Part(each, each.value)
        for each in documents
        if kind_of(each, GROUP) in ("AnalysisTemplate", "ClusterAnalysisTemplate") and (name := name_of(each))
    }
    rollouts = (each for each in documents if kind_of(each, GROUP) == "Rollout")
    for document, name in named(rollouts, unread):
        yield _Rollout(document, name, environment, templates, workloads).rollout()
    yield from unread


def _revision(root: Part, workloads: Mapping[tuple[str, str], Part]) -> Said[str] | None:
    """What is deployed: a changed template starts the steps from the beginning, also that of a workload in these files."""
    template, reference = root.get("spec", "template"), root.get("spec", "workloadRef")
    said = template or reference
    if said is None:
        return None
    kind, name = (reference.get(key) if reference else None for key in ("kind", "name"))
    workload = workloads.get((str(kind.value), str(name.value))) if kind and name else None
    elsewhere = workload.get("spec", "template") if workload else None
    return Said("".join(each.as_json() for each in (said, elsewhere) if each), said.key_at)


class _Rollout(Manifest):
    """One `Rollout` while it is read."""

    new, old = NEW, OLD

    def __init__(
        self,
        document: Document,
        name: Said[str],
        environment: str,
        templates: _Templates,
        workloads: Mapping[tuple[str, str], Part],
    ) -> None:
        super().__init__(document, name, environment)
        self._workloads = workloads
        self._templates = templates
        self._watched: dict[str, Watched] = {}

    def rollout(self) -> Rollout:
        root = self.root
        canary = root.get("spec", "strategy", "canary")
        blue_green = root.get("spec", "strategy", "blueGreen")
        stages: list[RolloutStage] = []
        if canary is not None:
            stages = self._stages(canary)
            self._watch(canary.get("analysis"))
        elif blue_green is not None:
            stages = _switched(blue_green)
            self._watch(blue_green.get("prePromotionAnalysis"))
            self._watch(blue_green.get("postPromotionAnalysis"))
        else:
            self.not_read(root, "it names neither a canary nor a blueGreen strategy")
        routing = canary.get("trafficRouting") if canary else None
        return self.replaces(
            "argo-rollouts",
            share_of="requests" if routing or blue_green else "replicas",
            stages=tuple(stages),
            watched=tuple(self._watched.values()),
            terms=tuple(_terms(root, canary)),
            revision=_revision(root, self._workloads),
            withdrawn_by=WITHDRAWN_BY,
        )

    def _stages(self, canary: Part) -> list[RolloutStage]:
        """The stages of the steps; without steps the new version comes at once."""
        steps = canary.get("steps")
        if steps is not None and not isinstance(steps.value, list):
            self.not_read(steps, steps.computed or "its steps are no list")
            return []
        walk = _Walk(self._max_weight(canary), canary.key_at)
        for step in steps.list() if steps else ():
            if not self._take(step, walk):
                return walk.found
        return walk.whole()

    def _take(self, step: Part, walk: _Walk) -> bool:
        """Takes one step; whether the next one can be known."""
        said = [key for key, _ in step.items()]
        if len(said) > 1:
            self.not_read(
                step, f"a step says {listing(map(shown, said))}, and only one thing can be done in it"
            )
            return False
        if step.has("setWeight"):
            weight = self._weight(step)
            if weight is None:
                return False
            walk.serve(weight, _place(step))
        elif step.has("pause"):
            walk.wait(*self._pause(step))
        elif analysis := step.get("analysis"):
            self._watch(analysis)
            walk.ask(self._call(analysis))
        elif experiment := step.get("experiment"):
            weight = self._experiment(experiment)
            if weight is None:
                return False
            if weight:
                walk.serve_besides(weight, experiment.key_at, self._lasting(experiment))
        elif step.has("plugin"):
            self.not_read(step, "what a plugin does stands in no file")
        return True

    def _experiment(self, experiment: Part) -> float | None:
        """The weight that an experiment gives to the new version; 0 where nobody is sent to it."""
        total = 0.0
        for each in experiment.listed("templates"):
            reference, weight = each.get("specRef"), each.get("weight")
            if weight is None or (reference is not None and reference.value == OLD):
                continue
            number = weight.number()
            if number is None or number < 0:
                self.not_read(weight, weight.computed or f"the weight {shown(weight.value)} is no number")
                return None
            total += number
        self._watch_experiment(experiment)
        return total

    def _watch_experiment(self, experiment: Part) -> None:
        for each in experiment.listed("analyses"):
            name = each.get("templateName")
            if name is not None:
                self._watch_named([name])

    def _lasting(self, experiment: Part) -> timedelta:
        duration = experiment.get("duration")
        found = duration.duration() if duration else None
        if duration is not None and found is None:
            self.not_read(duration, duration.computed or f"the duration {shown(duration.value)} is no time")
        return found or timedelta()

    def _max_weight(self, canary: Part) -> float:
        most = canary.get("trafficRouting", "maxTrafficWeight")
        return (most.number() if most else None) or 100.0

    def _weight(self, step: Part) -> float | None:
        weight = step.get("setWeight")
        number = weight.number() if weight else None
        if number is None or number < 0:
            part = weight or step
            self.not_read(part, part.computed or f"the weight {shown(part.value)} is no number")
            return None
        return number

    def _pause(self, step: Part) -> tuple[timedelta, Gate]:
        """How long a pause lasts, and whether a person ends it."""
        pause = step.get("pause")
        duration = pause.get("duration") if pause else None
        if pause is None:
            self.not_read(step, "this step says `pause:` and nothing more")
            return timedelta(), ""
        if duration is None:
            return timedelta(), "person"
        read_duration = duration.duration()
        if read_duration is None:
            reason = duration.computed or f"the duration {shown(duration.value)} is no time"
            self.not_read(duration, reason)
        return read_duration or timedelta(), ""

    def _watch(self, analysis: Part | None) -> None:
        """The metrics of the templates that an analysis names, and of those that these name."""
        if analysis:
            self._watch_named(list(_template_names(analysis)))

    def _watch_named(self, named: list[Part]) -> None:
        seen: set[str] = set()
        while named:
            part = named.pop(0)
            name = part.text()
            if name is None:
                self.not_read(part, part.computed or "the name of a template is no text")
                continue
            template = self._templates.get(name)
            if name in seen:
                continue
            seen.add(name)
            if template is None:
                self.not_read(part, f"the analysis `{shown(name)}` is in none of these files")
                continue
            self._watch_metrics(template)
            named += _template_names(template.get("spec"))

    def _watch_metrics(self, template: Part) -> None:
        silent = _dry(template)
        for metric in _listed(template, "metrics"):
            name = metric.get("name")
            said = name.said_text() if name else None
            if said and said.value not in silent and "*" not in silent:
                self._watched.setdefault(said.value, Watched(said, "rollback", metric.as_json()))

    def _call(self, analysis: Part) -> GateCall | None:
        """The question to egp's own gate that a step asks, and without whose answer nothing goes on."""
        given = _arguments(analysis, {})
        for name in _template_names(analysis):
            template = self._templates.get(name.text() or "")
            if template is None:
                continue
            arguments = _arguments(template.get("spec"), given)
            silent = _dry(template) | _dry(Part(analysis.source, {"spec": analysis.value}, analysis.path))
            for metric in _listed(template, "metrics"):
                metric_name = metric.get("name")
                named = metric_name.text() if metric_name else None
                is_silent = named in silent or "*" in silent or not _must_succeed(metric)
                call = None if is_silent else _asked(metric, arguments)
                if call:
                    return call
        return None


def _terms(root: Part, canary: Part | None) -> Iterator[str]:
    """Whom a header sends to the new version whatever the weight, and whether all of it is paused."""
    paused = root.get("spec", "paused")
    if paused is not None:
        yield f"paused {paused.as_json()}"
    for step in canary.listed("steps") if canary else ():
        if step.has("setHeaderRoute"):
            yield step.as_json()


class _Walk:
    """The steps on the way: the weight that is served, and what ends it."""

    def __init__(self, highest: float, at: Span) -> None:
        self.found: list[RolloutStage] = []
        self._highest = highest
        self._weight, self._at = 0.0, at
        self._dwell, self._gate = timedelta(), ""
        self._call: GateCall | None = None

    def serve(self, weight: float, at: Span) -> None:
        """From here on a weight is served."""
        self._close(min(1.0, weight / self._highest))
        self._weight, self._at = weight, at

    def serve_besides(self, weight: float, at: Span, dwell: timedelta) -> None:
        """A weight that an experiment serves for a while, besides the one of the rollout."""
        before = self._weight, self._at
        self.serve(min(self._highest, self._weight + weight), at)
        self._dwell = dwell
        self.serve(*before)

    def wait(self, dwell: timedelta, gate: Gate) -> None:
        self._dwell += dwell
        self._gate = gate or self._gate

    def ask(self, call: GateCall | None) -> None:
        self._call = call or self._call
        if self._gate != "person":
            self._gate = "metric"

    def whole(self) -> list[RolloutStage]:
        """All stages, everybody last."""
        self._close(1.0)
        return [*self.found, RolloutStage(split(NEW, OLD, 1.0, self._at), self._at)]

    def _close(self, following: float) -> None:
        """Ends the stage before one that treats a share."""
        call = self._call if self._call and self._call.is_for(following) else None
        gate: Gate = "person" if self._gate == "person" else "egp" if call else "metric" if self._gate else ""
        if self._weight > 0 or gate in ("person", "egp"):
            share = min(1.0, self._weight / self._highest)
            dwell = None if gate == "person" else self._dwell
            asks = call.plan if call and gate == "egp" else ""
            self.found.append(RolloutStage(split(NEW, OLD, share, self._at), self._at, dwell, gate, asks))
        self._dwell, self._gate, self._call = timedelta(), "", None


def _dry(template: Part) -> set[str | None]:
    """The metrics that do nothing when they fail."""
    silent = (each.get("metricName") for each in _listed(template, "dryRun"))
    return {each.text() for each in silent if each}


def _must_succeed(metric: Part) -> bool:
    """Whether one failure is the end: no limit allows for it."""
    limits = (metric.get(each) for each in ("failureLimit", "inconclusiveLimit"))
    return all(each is None or each.value in (0, "0") for each in limits)


def _arguments(part: Part | None, given: Mapping[str, str]) -> dict[str, str]:
    """What an analysis is called with: the values that the call gives, else those of the template."""
    found = {}
    for each in part.listed("args") if part else ():
        name, value = each.get("name"), each.get("value")
        if name is not None and value is not None and (text := value.name()):
            found[name.name() or ""] = text
    return {**found, **given}


def _asked(metric: Part, arguments: Mapping[str, str]) -> GateCall | None:
    """The question that the job of a metric asks."""
    containers = metric.get("provider", "job", "spec", "template", "spec", "containers")
    for each in containers.list() if containers else ():
        words = [
            filled_in(word.value, arguments)
            for key in ("command", "args")
            for word in each.listed(key)
            if isinstance(word.value, str)
        ]
        if call := gate_call(words):
            return call
    return None


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


def _switched(blue_green: Part) -> list[RolloutStage]:
    """The one step of a blue-green strategy: a person's, unless it promotes by itself, at once or after a time."""
    promoted, after = blue_green.get("autoPromotionEnabled"), blue_green.get("autoPromotionSeconds")
    by_hand = promoted is not None and promoted.value is False and (after is None or after.value == 0)
    at = promoted.at if promoted else blue_green.key_at
    everybody = RolloutStage(split(NEW, OLD, 1.0, at), at)
    return [RolloutStage(split(NEW, OLD, 0.0, at), at, None, "person"), everybody] if by_hand else [everybody]
