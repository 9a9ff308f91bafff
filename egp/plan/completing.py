"""A plan with what others say for it: the policy's defaults, and the catalogue on the metrics that it names.

What the plan itself says always stands. Mappings are completed key by key, lists with ids item by item, other lists are
taken as a whole; a key that the plan leaves empty on purpose stays empty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import NotChecked
from egp.plan.quantity import QuantityError
from egp.plan.supplied import Supplied
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue
    from egp.plan.typed_reader import ValueProblem

Place = tuple[Document, Path]

NAMED_BY = {
    "guardrail_metrics": "id", "secondary_metrics": "id", "co_primary_metrics": "id", "negative_controls": "id",
    "stop_rules": "id",
    "sign_offs": "role",
}  # fmt: skip
"""Lists whose items have names, and the key that has them."""

WHOLE_ITEMS = ("stop_rules",)
"""Those of them whose items say one thing: half of one and half of another would be a third that nobody meant."""

METRIC_LISTS = ("co_primary_metrics", "guardrail_metrics", "secondary_metrics", "negative_controls")


class PlacedDefaults(NamedTuple):
    """Defaults, and where each of them is written."""

    value: Mapping[str, object]
    places: Mapping[Path, Place] = {}


class StatedHoldout(NamedTuple):
    """What is known of the shared holdout that a plan names, and where it is written."""

    facts: Mapping[str, object]
    """What a plan need not say."""
    definition: str
    places: Mapping[str, Place] = {}
    terms: Mapping[str, object] = {}
    """All that the definition rests on, as it is written."""


class StatedMetric(NamedTuple):
    """What is known of a metric besides the plan, and where it is written."""

    facts: Mapping[str, object]
    definition: str
    place: Place | None = None


def completed(
    document: Document,
    given: PlacedDefaults,
    stated: Mapping[str, StatedMetric],
    population: str = "",
    catalogue: MetricCatalogue | None = None,
    holdout: Callable[[str], StatedHoldout | None] | None = None,
    holdouts: Mapping[str, Any] | None = None,
) -> Document:
    """The document with what defaults, catalogue and a shared holdout add, and the place of each addition.

    ``holdout`` says what is known of the holdout with a name, which a default may choose.
    """
    own = document.value
    assert isinstance(own, dict)
    work = _Completion(given, stated, holdout)
    value = work.whole(own)
    supplied = Supplied(
        work.used, work.metrics, population, work.holdout, work.holdout_terms, catalogue, holdouts or {}
    )
    return document.completed(value, work.places, supplied)


def read_plan(document: Document) -> tuple[Experiment, list[ValueProblem]]:
    """The plan in a document, with what completes it, and what does not fit."""
    plan, problems = read_experiment(document.value)
    if document.supplied is not None:
        plan.supplied = document.supplied
    return plan, problems


def population_in(document: Document) -> str:
    """The population of the catalogue that a plan names; empty for one that names none."""
    value = document.value if isinstance(document.value, dict) else {}
    named = value.get("population")
    of = named.get("of") if isinstance(named, dict) else None
    return of if isinstance(of, str) else ""


class _Completion:
    def __init__(
        self,
        given: PlacedDefaults,
        stated: Mapping[str, StatedMetric],
        holdout: Callable[[str], StatedHoldout | None] | None,
    ) -> None:
        self.places: dict[Path, Place] = {}
        self.used: dict[str, object] = {}
        self.metrics: dict[str, Mapping[str, object]] = {}
        self.holdout: dict[str, str] = {}
        self.holdout_terms: Mapping[str, object] = {}
        self._given = given
        self._stated = stated
        self._shared = holdout

    def whole(self, own: dict[str, Any]) -> dict[str, Any]:
        value, self.used = self._mapping(own, self._given.value, (), ())
        self._add_holdout(value)
        self._derive(own, value)
        self._add_metrics(value)
        return value

    def _mapping(
        self, own: dict[str, Any], given: Mapping[str, Any], at: Path, there: Path
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """A mapping with what it lacks, and what of the given that is."""
        if own and _is_whole(own, given):
            return own, {}
        result, used = dict(own), {}
        for key, value in given.items():
            here, origin = (*at, key), (*there, key)
            if key not in own:
                result[key] = used[key] = value
                self._note(here, origin)
            elif isinstance(own[key], dict) and isinstance(value, dict):
                result[key], inner = self._mapping(own[key], value, here, origin)
                used |= {key: inner} if inner else {}
            elif key in NAMED_BY and isinstance(own[key], list) and isinstance(value, list):
                result[key], items = self._items(own[key], value, here, origin)
                used |= {key: items} if items else {}
        return result, used

    def _items(self, own: list[Any], given: list[Any], at: Path, there: Path) -> tuple[list[Any], list[Any]]:
        name = NAMED_BY[str(at[-1])]
        result, used = list(own), []
        positions = {_named(each, name): position for position, each in reversed([*enumerate(own)])}
        for origin, item in enumerate(given):
            identity = _named(item, name)
            position = positions.get(identity) if identity else None
            if position is None:
                self._note((*at, len(result)), (*there, origin))
                result.append(item)
                used.append(item)
            elif at[-1] not in WHOLE_ITEMS:
                result[position], inner = self._mapping(
                    own[position], item, (*at, position), (*there, origin)
                )
                used += [{name: identity, **inner}] if inner else []
        return result, used

    def _note(self, at: Path, origin: Path) -> None:
        """Where an addition is written, with all that is below it."""
        for length in range(len(origin), 0, -1):
            above = self._given.places.get(origin[:length])
            if above is not None:
                self.places[at] = above[0], (*above[1], *origin[length:])
                break
        for path, place in self._given.places.items():
            if len(path) > len(origin) and path[: len(origin)] == origin:
                self.places[(*at, *path[len(origin) :])] = place

    def _add_holdout(self, value: dict[str, Any]) -> None:
        """What the policy says of the shared holdout that the plan is in."""
        holdout = value.get("holdout")
        name = holdout.get("of") if isinstance(holdout, dict) else None
        known = self._shared(name) if self._shared and isinstance(name, str) else None
        if known is None or not isinstance(holdout, dict):
            return
        facts = {key: str(item) for key, item in known.facts.items()}
        self.holdout = {"of": str(name), **facts, "definition": known.definition}
        self.holdout_terms = known.terms
        added = {key: item for key, item in known.facts.items() if key not in holdout}
        self.places |= {("holdout", key): known.places[key] for key in added if key in known.places}
        value["holdout"] = {**holdout, **added}

    def _add_metrics(self, value: dict[str, Any]) -> None:
        """What the catalogue says of every metric of the plan."""
        primary = value.get("primary_metric")
        if isinstance(primary, dict):
            value["primary_metric"] = self._metric(primary, ("primary_metric",))
        for key in METRIC_LISTS:
            if isinstance(value.get(key), list):
                value[key] = [
                    self._metric(each, (key, position)) if isinstance(each, dict) else each
                    for position, each in enumerate(value[key])
                ]

    def _metric(self, metric: dict[str, Any], at: Path) -> dict[str, Any]:
        name = metric.get("id")
        known = self._stated.get(name) if isinstance(name, str) else None
        if known is None:
            return metric
        self.metrics[str(name)] = {**known.facts, "definition": known.definition}
        added = {key: value for key, value in known.facts.items() if key not in metric}
        if known.place:
            document, above = known.place
            self.places |= {(*at, key): (document, (*above, key)) for key in added}
        return {**metric, **added}

    def _derive(self, own: Mapping[str, Any], value: dict[str, Any]) -> None:
        """The days that follow from lengths: the end of the run, and that of the holdout."""
        schedule = value.get("schedule")
        if isinstance(schedule, dict) and "length" in self._part("schedule"):
            value["schedule"] = self._ended(schedule, "end" not in _part(own, "schedule"))
        holdout = value.get("holdout")
        if isinstance(holdout, dict) and "for" in self._part("holdout"):
            value["holdout"] = self._limited(holdout, value, "until" not in _part(own, "holdout"))

    def _part(self, key: str) -> Mapping[str, Any]:
        return _part(self.used, key)

    def _ended(self, schedule: dict[str, Any], is_open: bool) -> dict[str, Any]:
        result = {key: item for key, item in schedule.items() if key != "length"}
        place = self.places.pop(("schedule", "length"), None)
        end = _end(schedule.get("start"), schedule["length"]) if is_open else None
        if end is None:
            self._forget("schedule", "length")
        else:
            result["end"] = end
            self._note_derived(("schedule", "end"), place)
        return result

    def _limited(self, holdout: dict[str, Any], value: dict[str, Any], is_open: bool) -> dict[str, Any]:
        result = {key: item for key, item in holdout.items() if key != "for"}
        place = self.places.pop(("holdout", "for"), None)
        until = _until({**value, "holdout": result}, holdout["for"]) if is_open else None
        if until is None:
            self._forget("holdout", "for")
        else:
            result["until"] = until
            self._note_derived(("holdout", "until"), place)
        return result

    def _note_derived(self, at: Path, place: Place | None) -> None:
        if place is not None:
            self.places[at] = place

    def _forget(self, key: str, inner: str) -> None:
        """Takes out of what is used what the plan had no use for."""
        left = {each: item for each, item in self._part(key).items() if each != inner}
        self.used = {each: item for each, item in self.used.items() if each != key} | (
            {key: left} if left else {}
        )


_WHOLE = ("none", "of")
"""What is written in place of everything else: a reason for having none, or a name that says it all."""


def _is_whole(*mappings: Mapping[str, Any]) -> bool:
    """Whether one of the mappings is an answer that has no parts of another one in it."""
    return any(key in each for each in mappings for key in _WHOLE)


def _part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _named(item: object, key: str) -> str:
    name = item.get(key) if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _end(start: object, length: object) -> str | None:
    """The last whole day of a run from a day on, or the instant at which it is over."""
    from egp.plan.quantity import duration, moment

    try:
        begin, lasting = moment(start), duration(length)
    except QuantityError:
        return None
    try:
        if isinstance(begin, datetime):
            return (begin + lasting).isoformat()
        return (begin + lasting - timedelta(days=1)).isoformat()
    except OverflowError:
        return None


def _until(value: dict[str, Any], lasting: object) -> str | None:
    """The first working day that lies so long beyond the ramp; None where the plan does not say when that ends."""
    from egp.plan.analysis.days import day_after, whole_days
    from egp.plan.analysis.rescheduling import working_day
    from egp.plan.analysis.traffic import ramp_begin, ramp_length
    from egp.plan.quantity import duration

    plan, _ = read_experiment(value)
    try:
        beyond = ramp_length(plan) + duration(lasting)
        until: date = working_day(day_after(ramp_begin(plan), whole_days(beyond)))
    except (NotChecked, QuantityError, ArithmeticError):
        return None
    return until.isoformat()


def overlaid(entries: Iterator[tuple[Mapping[str, object], Document, Path]]) -> PlacedDefaults:
    """Defaults one on top of the other, value by value; lists as a whole."""
    value: dict[str, object] = {}
    places: dict[Path, Place] = {}
    for content, document, above in entries:
        _overlay(value, content, (), document, above, places)
    return PlacedDefaults(value, places)


def _overlay(
    below: dict[str, Any], top: Mapping[str, Any], at: Path, document: Document, above: Path,
    places: dict[Path, Place],
) -> None:  # fmt: skip
    for key, item in top.items():
        here, place = (*at, key), (document, (*above, key))
        known = below.get(key)
        if isinstance(item, dict) and isinstance(known, dict) and not _is_whole(item, known):
            _overlay(known, item, here, document, (*above, key), places)
            continue
        for path in [each for each in places if each[: len(here)] == here]:
            del places[path]
        places[here] = place
        below[key] = {} if isinstance(item, dict) else item
        if isinstance(item, dict):
            _overlay(below[key], item, here, document, (*above, key), places)
