"""The canonical form of a plan and its digest: what a registration pins.

``v1`` is the SHA-256 of a JSON text: the plan's material fields as read, keys sorted, no spaces, UTF-8. A quantity
is its value and kind of unit, so that ``30bps`` is ``0.3pp``; absent, null, empty and default are the same; lists
whose order says nothing are sorted. Not material are the fields in ``BENIGN``, comments, key order, quoting,
anchors, line ends and ``x-`` keys. A change of this form is a new version; old versions stay readable.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from egp.document import Path
from egp.experiment import Experiment
from egp.quantity import Change, Interval, Measure
from egp.shape import Shape

VERSION = "v1"

BENIGN = frozenset(
    {
        ("title",), ("links",), ("owner", "contact"), ("sign_offs",), ("waivers",), ("amendments",),
    }
)  # fmt: skip
"""Paths whose change moves no goalpost."""

_IN_ORDER = frozenset({"ramp"})
"""Lists whose order has a meaning; all others are sets."""

Canonical = None | bool | int | float | str | list["Canonical"] | dict[str, "Canonical"]


def plan_digest(plan: Experiment) -> str:
    """The digest of a plan that was read without problems."""
    text = json.dumps(canonical_plan(plan), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{VERSION}:sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def canonical_plan(plan: Experiment) -> dict[str, Canonical]:
    """The material fields of a plan, in canonical form."""
    return _mapping(plan, ())


def _mapping(part: Shape, path: Path) -> dict[str, Canonical]:
    result: dict[str, Canonical] = {}
    for key, attribute, _, declared in type(part).fields():
        value = getattr(part, attribute)
        if (*path, key) in BENIGN or value in (None, ()) or value == declared.default:
            continue
        canonical = _value(value, (*path, key))
        if canonical not in (None, {}, []):
            result[key] = canonical
    return result


def _value(value: object, path: Path) -> Canonical:
    if isinstance(value, Shape):
        return _mapping(value, path)
    if isinstance(value, tuple):
        items = [_value(item, path) for item in value]
        return items if path[-1] in _IN_ORDER else sorted(items, key=_order)
    if isinstance(value, (Measure, Change)):
        return [_number(value.value), value.unit]
    if isinstance(value, timedelta):
        return [_number(value.total_seconds()), "s"]
    if isinstance(value, Interval):
        return [value.first.isoformat(), value.last.isoformat()]
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _number(value: float) -> Canonical:
    """One spelling per number: 2.0 is 2."""
    return int(value) if value == int(value) else float(value)


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()


def _order(item: Canonical) -> str:
    identity = item.get("id", "") if isinstance(item, dict) else ""
    return f"{identity}\0{json.dumps(item, sort_keys=True)}"
