"""Completing plans: by the defaults and the catalogue of the policy that judges them, on the day of their registration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from egp.plan.supplied import Moved
from egp.policy.timing import Timing
from egp.record.lock.registration import SuppliedThen, made
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.plan.completing import StatedHoldout, StatedMetric
    from egp.plan.experiment import Experiment
    from egp.plan.supplied import Supplied
    from egp.policy.model import Policy
    from egp.policy.plan_files import PlanFinder, PlanSource
    from egp.record.lock import Registration


def resolved(
    document: Document,
    policy: Policy,
    in_policy: str,
    as_of: date,
    entry: Registration | None,
    is_amended: bool = False,
) -> Document:
    """The plan's document, completed. What was registered as its file says it is judged as its file says it.

    One that is amended is completed as a new one would be, by what is in force for it.
    """
    if not policy.completes_plans or not isinstance(document.value, dict):
        return document
    from egp.plan.completing import completed, overlaid, population_in
    from egp.plan.digest import is_of_completed

    if entry is not None and not (is_amended or is_of_completed(entry.current_digest)):
        return document
    timing = Timing(as_of, entry.registered if entry else None)
    given = overlaid(_defaults(document, policy, in_policy, timing))
    catalogue = policy.metrics
    named, population = population_in(document), ""
    if catalogue and named in catalogue.populations:
        population = _kept("population", named, catalogue.population(named), policy, entry)
    stated = _StatedMetrics(policy, entry)
    return completed(
        document, given, stated, population, catalogue, partial(_holdout, policy, entry), policy.holdouts
    )


def _holdout(policy: Policy, entry: Registration | None, name: str) -> StatedHoldout | None:
    """What a policy says of a shared holdout; of a registered plan what it said then, where that goes on."""
    from egp.plan.completing import StatedHoldout

    shared = policy.holdouts.get(name)
    if shared is None:
        return None
    now, then = shared.stated, (entry.supplied.holdout if entry and entry.supplied else None) or {}
    goes_on = bool(shared.terms.reviews) and str(now.get("until", "")) >= then.get("until", "")
    if goes_on and then.get("definition") == shared.definition:
        now = _said(then)
    places = {"share": (*shared.at, "share"), "until": shared.place_of_until}
    there = {key: (shared.document, at) for key, at in places.items()}
    return StatedHoldout(now, shared.definition, there, shared.material)


def _said(kept: Mapping[str, str]) -> dict[str, object]:
    """What the lock keeps of a shared holdout that a plan need not say."""
    return {key: item for key, item in kept.items() if key in ("share", "until")}


def as_registered(document: Document, entry: Registration) -> Document:
    """The document, completed by what the lock keeps of the defaults and the catalogue of its registration."""
    from egp.plan.completing import PlacedDefaults, StatedHoldout, StatedMetric, completed, population_in
    from egp.plan.digest import is_of_completed

    then = entry.supplied
    if not is_of_completed(entry.current_digest) or then is None or not isinstance(document.value, dict):
        return document
    stated = {
        name: StatedMetric(
            {key: value for key, value in facts.items() if key != "definition"}, str(facts.get("definition"))
        )
        for name, facts in (then.metrics or {}).items()
        if isinstance(facts, dict)
    }
    population = then.population or "" if population_in(document) else ""
    facts = then.holdout or {}
    kept = StatedHoldout(_said(facts), facts.get("definition", ""))
    given = PlacedDefaults(then.defaults or {})
    return completed(
        document, given, stated, population, None, lambda name: kept if name == facts.get("of") else None
    )


def resolved_by_lock(
    document: Document, source: PlanSource, finder: PlanFinder, policy: Policy, as_of: date
) -> Document:
    """The same for a plan by itself, whose registration is looked up. Raises LockError."""
    if not policy.completes_plans or not isinstance(document.value, dict):
        return document
    from egp.policy.locate import lock_folder
    from egp.record.lock import read_lock

    root = lock_folder(finder.folder, policy.home)
    name = document.value.get("id")
    entry = read_lock(root).entries.get(name) if isinstance(name, str) else None
    judged = finder.judged_at(source, (entry.path or "") if entry else "", root)
    return resolved(document, policy, judged.in_policy, as_of, entry)


def _defaults(
    document: Document, policy: Policy, in_policy: str, timing: Timing
) -> Iterator[tuple[Mapping[str, object], Document, Path]]:
    written = document.value.get("surfaces") if isinstance(document.value, dict) else None
    surfaces = [each for each in written if isinstance(each, str)] if isinstance(written, list) else []
    for each in policy.defaults_in_force(in_policy, surfaces, timing):
        yield each.value, each.document, each.path


class _StatedMetrics(Mapping[str, "StatedMetric"]):
    """What the catalogue states of the metrics that are requested; a plan names a few of them."""

    def __init__(self, policy: Policy, entry: Registration | None) -> None:
        self._catalogue = policy.metrics
        self._policy = policy
        self._entry = entry

    def __getitem__(self, name: str) -> StatedMetric:
        from egp.plan.completing import StatedMetric

        if self._catalogue is None or name not in self._catalogue.metrics:
            raise KeyError(name)
        definition = _kept("metric", name, self._catalogue.definition(name), self._policy, self._entry)
        return StatedMetric(self._catalogue.stated(name), definition, self._catalogue.places["metrics", name])

    def __iter__(self) -> Iterator[str]:
        yield from self._catalogue.metrics if self._catalogue else ()

    def __len__(self) -> int:
        return len(self._catalogue.metrics) if self._catalogue else 0


def _kept(of: str, name: str, now: str, policy: Policy, entry: Registration | None) -> str:
    """The digest that a plan is registered with, where the definition has been reviewed to mean the same since."""
    then = entry.supplied if entry else None
    if then is None or policy.metrics is None:
        return now
    if of == "metric":
        facts = (then.metrics or {}).get(name)
        before = str(facts.get("definition")) if isinstance(facts, dict) else ""
        is_same = bool(before) and policy.metrics.same("metric", name, before, now)
    else:
        before = then.population or ""
        is_same = bool(before) and policy.metrics.same("population", name, before, now)
    return before if is_same else now


Names = tuple[str, ...]
"""Steps to a value, items of a list by their id in brackets."""


class MovedElsewhere(NamedTuple):
    """What moved a registered plan."""

    moved: tuple[Moved, ...] = ()
    is_all: bool = False
    """Whether nothing else did: the plan's file says what it said."""


def moved_elsewhere(document: Document, entry: Registration) -> MovedElsewhere:
    """What defaults and catalogue make of a registered plan that they did not make of it then; of a completed document."""
    from egp.plan.completing import read_plan
    from egp.plan.digest import is_of_completed, plan_digest

    then, now = entry.supplied, document.supplied
    if then is None or now is None or not is_of_completed(entry.current_digest):
        return MovedElsewhere()
    if plan_digest(read_plan(document)[0]) == entry.current_digest:
        return MovedElsewhere()
    registered = plan_digest(read_plan(as_registered(document.own, entry))[0])
    return MovedElsewhere(tuple(_moves(document, then, now)), registered == entry.current_digest)


def _moves(document: Document, then: SuppliedThen, now: Supplied) -> Iterator[Moved]:
    from egp.plan.completing import population_in

    for name, facts in (then.metrics or {}).items():
        current = now.metrics.get(name)
        before = str(facts.get("definition")) if isinstance(facts, dict) else ""
        if current != facts:
            yield Moved("metric", name, before, str(current["definition"]) if current else "")
    if then.population and then.population != now.population:
        yield Moved("population", population_in(document), then.population, now.population)
    if then.holdout and then.holdout != now.holdout and then.holdout.get("of") == _holdout_in(document):
        yield from _holdout_moves(_holdout_in(document), then, now)
    before_of, now_of = dict(_leaves(then.defaults or {}, ())), dict(_leaves(now.defaults, ()))
    for path in dict.fromkeys((*before_of, *now_of)):
        if before_of.get(path, "") != now_of.get(path, ""):
            yield Moved("default", _name(path), before_of.get(path, ""), now_of.get(path, ""), path)


def _holdout_moves(name: str, then: SuppliedThen, now: Supplied) -> Iterator[Moved]:
    """What another holdout it is than it was: key by key where the lock says what it was."""
    before, after = then.holdout or {}, now.holdout
    if before.get("definition") == after.get("definition"):
        yield Moved("holdout", name, before.get("until", ""), after.get("until", ""), ("until",))
        return
    changes = list(_holdout_changes(then.holdout_terms or {}, now.holdout_terms)) if after else []
    for path, was, is_ in changes:
        yield Moved("holdout", name, was, is_, path)
    if not changes:
        yield Moved("holdout", name, before.get("definition", ""), after.get("definition", ""))


def _holdout_changes(
    then: Mapping[str, object], now: Mapping[str, object]
) -> Iterator[tuple[Names, str, str]]:
    """Each key that changed what a holdout means, with what it was and what it is; another spelling is none."""
    from egp.plan.holdouts import means_the_same

    if not then:
        return
    before_of, now_of = dict(_leaves(then, ())), dict(_leaves(now, ()))
    for path in dict.fromkeys((*before_of, *now_of)):
        before, after = before_of.get(path, ""), now_of.get(path, "")
        if before != after and not (
            before and after and means_the_same(now, _put(now, path, _at(then, path)))
        ):
            yield path, before, after


def _at(value: object, steps: Names) -> object:
    for step in _longest(value, steps):
        value = value[step]  # type: ignore[index]
    return value


def _put(value: object, steps: Names, item: object) -> object:
    """The value with an item in place of what its path leads to."""
    if not steps:
        return item
    if isinstance(value, Mapping):
        return {**value, steps[0]: _put(value[steps[0]], steps[1:], item)}
    at, *_ = _longest(value, steps[:1])
    changed = list(value)  # type: ignore[call-overload]
    changed[at] = _put(changed[at], steps[1:], item)
    return changed


def _holdout_in(document: Document) -> str:
    """The shared holdout that a plan names; empty for one that names none."""
    named = document.value.get("holdout") if isinstance(document.value, dict) else None
    return str(named.get("of", "")) if isinstance(named, dict) else ""


def _name(path: Names) -> str:
    """A path as people write it; items of lists have brackets already."""
    return "".join(step if step.startswith("[") else f".{step}" for step in path).removeprefix(".")


def _leaves(value: object, above: Names) -> Iterator[tuple[Names, str]]:
    """Every value with its path, items of a list by their id where they have one."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*above, str(key)))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _leaves(item, (*above, f"[{_name_of(item) or at}]"))
    else:
        yield above, written(value)


def supplied_then(plan: Experiment) -> SuppliedThen | None:
    """What the lock keeps of the defaults and definitions that complete a plan."""
    supplied = plan.supplied
    if supplied is None or not supplied.is_something:
        return None
    return made(
        SuppliedThen,
        defaults=dict(supplied.defaults) or None,
        metrics={name: dict(facts) for name, facts in supplied.metrics.items()} or None,
        population=supplied.population or None,
        holdout=dict(supplied.holdout) or None,
        holdout_terms=dict(supplied.holdout_terms) or None,
    )


def place_of(moved: Moved, policy: Policy) -> tuple[Document, Path] | None:
    """The line that moves plans: of the catalogue, or the default as it is written last; of one that is removed, all defaults."""
    if moved.of == "holdout":
        shared = policy.holdouts.get(moved.name)
        if shared is None:
            return None
        return shared.document, (*shared.at, *_longest(shared.material, moved.path))
    if moved.of != "default":
        part = "metrics" if moved.of == "metric" else "populations"
        return policy.metrics.places.get((part, moved.name)) if policy.metrics else None
    layers = (*policy.layers, *(layer for scope in policy.scopes for layer in scope.layers))
    entries = [each for layer in layers for each in layer.defaults]
    found = [(len(path), each, path) for each in entries for path in [_longest(each.value, moved.path)]]
    if not found:
        return place_of(moved, policy.floor.policy) if policy.floor else None
    _, entry, path = max(found, key=lambda each: each[0])
    return entry.document, (*entry.path, *path)


def _longest(value: object, steps: Sequence[str]) -> Path:
    """As much of a path as leads to something; items of a list are named by their id."""
    path: Path = ()
    for step in steps:
        if isinstance(value, Mapping) and step in value:
            key: str | int = step
            value = value[step]
        elif isinstance(value, list):
            at = next((at for at, item in enumerate(value) if step == f"[{_name_of(item) or at}]"), None)
            if at is None:
                break
            key, value = at, value[at]
        else:
            break
        path = (*path, key)
    return path


def _name_of(item: object) -> str:
    return str(item.get("id") or item.get("role") or "") if isinstance(item, Mapping) else ""
