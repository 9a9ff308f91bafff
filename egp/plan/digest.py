"""The canonical form of a plan and its digest: what a registration pins.

``v1`` is the SHA-256 of a JSON text: the plan's material fields as read, keys sorted, no spaces, UTF-8. What reads
the same is the same: comments, key order, quoting, anchors, line ends, ``x-`` keys and the spelling of a quantity
leave no trace. Not material are the fields that are declared benign.

``v2`` is of a plan that a policy's defaults or a catalogue of metrics complete: the same form of the completed plan, with the
digests of the definitions that it rests on. A plan that its file says all of keeps ``v1``, and means what it says whatever
defaults and catalogues come later. A change of a form is a new version; ``docs/digest.md`` states them for others to recompute,
and ``tests/integrity`` has the digests of plans that must never change.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from unicodedata import normalize

from egp.plan.experiment import Experiment
from egp.plan.quantity import Interval, Measure, MetricChange
from egp.plan.typed_reader import Field, TypedMapping
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from json.encoder import encode_basestring, encode_basestring_ascii
else:
    try:
        from _json import encode_basestring, encode_basestring_ascii
    except ImportError:
        from json.encoder import encode_basestring, encode_basestring_ascii

VERSION = "v1"
COMPLETED = "v2"
"""Of plans that others complete."""

_SAME_UNIT = {"share": "", "points": "abs"}
"""12% is 0.12, and 2pp of it are 0.02."""

Canonical = None | bool | int | float | str | list["Canonical"] | dict[str, "Canonical"]


def plan_digest(plan: Experiment) -> str:
    """The digest of a plan that was read without problems; what could not be read is not in it."""
    supplied = plan.supplied
    if supplied is None or not supplied.is_something:
        return _digest(VERSION, canonical_plan(plan))
    definitions: dict[str, Canonical] = {
        name: str(stated["definition"]) for name, stated in supplied.metrics.items()
    }
    whole: dict[str, Canonical] = {"plan": canonical_plan(plan), "metrics": definitions}
    if supplied.population:
        whole["population"] = supplied.population
    if supplied.holdout:
        whole["holdout"] = str(supplied.holdout["definition"])
    return _digest(COMPLETED, whole)


def _digest(version: str, canonical: Canonical) -> str:
    text = json_text(canonical)
    return f"{version}:sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def is_of_completed(digest: str | None) -> bool:
    """Whether a registered digest is of a plan that others complete; every other one is of a plan as it is written."""
    return (digest or "").startswith(f"{COMPLETED}:")


def json_text(value: Canonical, quoted: Callable[[str], str] = encode_basestring) -> str:
    """The value as ``json.dumps`` writes it without spaces, keys sorted; loading it takes longer than a digest."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        members = (f"{quoted(key)}:{json_text(value[key], quoted)}" for key in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join([json_text(item, quoted) for item in value])}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def canonical_plan(plan: Experiment) -> dict[str, Canonical]:
    """The material fields of a plan, in canonical form."""
    return Canon(plan).mapping(plan)


class Canon:
    """Canonical forms of the parts of one plan."""

    def __init__(self, plan: Experiment) -> None:
        self._zoned = bool(plan.schedule and plan.schedule.timezone)

    def mapping(self, part: TypedMapping) -> dict[str, Canonical]:
        """The fields of a part that are set and material."""
        result: dict[str, Canonical] = {}
        for key, attribute, declared in _material(type(part)):
            value = getattr(part, attribute)
            if value is not None and value != declared.default:
                result[key] = self.value(value, declared)
        return result

    def value(self, value: object, declared: Field) -> Canonical:
        """The canonical form of a value of a declared key."""
        if isinstance(value, TypedMapping):
            return self.mapping(value)
        if isinstance(value, tuple):
            items = [self.value(item, declared) for item in value]
            return items if declared.in_order else sorted(items, key=_order)
        if isinstance(value, dict):
            return {name: self.value(item, declared) for name, item in value.items()}
        if isinstance(value, str):
            return _words(value) if declared.prose else value
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return _number(value)
        return self._quantity(value)

    def _quantity(self, value: object) -> Canonical:
        if isinstance(value, (Measure, MetricChange)):
            return [_number(value.value), _unit(value)]
        if isinstance(value, timedelta):
            return [_number(value.total_seconds()), "s"]
        if isinstance(value, Interval):
            return [value.first.isoformat(), value.last.isoformat()]
        if isinstance(value, datetime):
            return self._instant(value)
        if isinstance(value, date):
            return value.isoformat()
        raise TypeError(f"{type(value).__name__} has no canonical form")

    def _instant(self, value: datetime) -> str:
        """In UTC where the plan names its time zone; elsewhere the offset decides which day it is, and stays."""
        if value.tzinfo is None or not self._zoned:
            return value.isoformat()
        try:
            return value.astimezone(UTC).isoformat()
        except OverflowError:  # within a day of the calendar's ends
            return value.isoformat()


_MATERIAL: dict[type[TypedMapping], tuple[tuple[str, str, Field], ...]] = {}


def _material(of: type[TypedMapping]) -> tuple[tuple[str, str, Field], ...]:
    """Key, attribute and declaration of each material field, worked out once."""
    if of not in _MATERIAL:
        _MATERIAL[of] = tuple((key, name, is_) for key, name, _, is_ in of.fields() if is_.weight != "benign")
    return _MATERIAL[of]


def _words(text: str) -> str:
    """Only words count in what people read: not how lines are wrapped, nor how an accent is encoded."""
    return " ".join(normalize("NFC", text).split())


def _unit(quantity: Measure | MetricChange) -> str:
    if isinstance(quantity, MetricChange) and quantity.value == 0:
        return ""  # no change is the same in every unit
    return _SAME_UNIT.get(quantity.unit, quantity.unit)


def _number(value: float) -> Canonical:
    """One spelling per number: 2.0 is 2, and -0.0 is 0."""
    return int(value) if value == int(value) else value


def _order(item: Canonical) -> str:
    return json_text(item, encode_basestring_ascii)
