"""Statsig: the pulse summary that it exports, the pulse results and the experiments of its Console API.

Columns and keys are those of its public documentation. `stderr` of the export and `test_std` of the API are the standard error of a mean.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from egp.advice.platforms import Arm, Begun, Export, PlatformError
from egp.advice.platforms.values import PlatformValue, as_id, last_of, parsed_json, records
from egp.plan.quantity import shown
from egp.plan.wording import share_in_plan

_READ = "what is read is the pulse summary of an experiment or a gate as CSV, or the pulse results of its Console API as JSON"
TOPLINE = "!statsig_topline"


def results(text: str) -> Export:
    """Raises PlatformError."""
    value = parsed_json(text)
    if value is not None:
        return _of_api(value.get("data") or value)
    rows = records(text)
    head = set(rows[0]) if rows else set()
    if {"metric_name", "experiment_group", "units", "mean", "stderr"} <= head:
        groups = {"": ("units", "mean", "stderr")}
    elif {"metric_name", "test_units", "test_mean", "test_stderr", "ctrl_units"} <= head:
        groups = {
            f"{name}": (f"{short}_units", f"{short}_mean", f"{short}_stderr")
            for name, short in (("test", "test"), ("control", "ctrl"))
        }
    else:
        raise PlatformError("this is no file of results of Statsig", _READ)
    found, left_out = Export(), 0
    for row in rows:
        if row.get("metric_dimension", TOPLINE) not in ("", TOPLINE):
            left_out += 1
            continue
        found.through = max(filter(None, (found.through, PlatformValue(row).day("end_date"))), default=None)
        for name, keys in groups.items():
            _add(found, row["metric_name"], name or row["experiment_group"], PlatformValue(row), keys)
    if left_out:
        found.unmapped.append(f"{left_out} rows of single dimensions, which are parts of the others")
    return found


def _of_api(value: PlatformValue) -> Export:
    lists = [key for key in ("primaryMetrics", "secondaryMetrics", "monitoringMetrics") if value.items(key)]
    if not lists:
        raise PlatformError("this is no file of results of Statsig", _READ)
    found = Export(through=value.day("ds"))
    for key in lists:
        for each in value.items(key):
            plain = each.in_small_letters()
            name = plain.text("metricname") or plain.text("metricid")
            for group in ("test", "control"):
                _add(found, name, group, plain, (f"{group}units", f"{group}mean", f"{group}std"))
    found.unmapped.append(
        "whether the means are adjusted by CUPED, which the file does not say: take the results with `cuped=false`"
    )
    return found


def _add(found: Export, metric: str, variant: str, stated: PlatformValue, keys: tuple[str, str, str]) -> None:
    units, mean, error = (stated.number(key) for key in keys)
    if units is None or mean is None:
        found.unmapped.append(f"{shown(metric)} of {shown(variant)}, which has no number of units or no mean")
        return
    found.arms.append(Arm(metric, variant, units, mean, standard_error=error))


_DESIGNS = {"GEO": "geo", "SWITCHBACK": "switchback"}


def experiment(value: object) -> Begun:
    """Raises PlatformError."""
    whole = PlatformValue(value)
    stated = whole.get("data") or whole
    groups = stated.items("groups")
    if not groups:
        raise PlatformError(
            "this is no experiment of Statsig", "what is read is the JSON of its Console API, with `groups`"
        )
    begun = Begun(id=as_id(stated.text("name") or stated.text("id")))
    if words := stated.text("hypothesis"):
        begun.answers["hypothesis"] = words
    if words := stated.text("description"):
        begun.answers["title"] = words
    begun.answers["flag"] = stated.text("name") or begun.id
    kind = stated.text("experimentType")
    if kind in _DESIGNS:
        begun.stated["design"] = _DESIGNS[kind]
    if unit := stated.text("idType"):
        begun.stated["unit"] = unit
    if layer := stated.text("layerID"):
        begun.answers["layer"] = layer
    _groups(begun, groups)
    _schedule(begun, stated)
    begun.metrics = [each.text("name") for each in stated.items("primaryMetrics")]
    begun.secondary = [each.text("name") for each in stated.items("secondaryMetrics")]
    if gate := stated.text("targetingGateID"):
        begun.stated["population"] = {"where": {"targetingGateID": gate}, "known": None}
    return begun


def _groups(begun: Begun, groups: list[PlatformValue]) -> None:
    sizes = [each.number("size") for each in groups]
    equal = len(groups) > 2 and all(
        size is not None and abs(size / 100 - 1 / len(groups)) < 5e-4 for size in sizes
    )
    controls = [at for at, each in enumerate(groups) if each.text("name").casefold() == "control"]
    begun.stated["variants"] = [
        {
            "id": each.text("name") or str(at),
            "weight": f"1/{len(groups)}" if equal else None if size is None else share_in_plan(size / 100),
            **({"control": True} if controls[:1] == [at] else {}),
        }
        for at, (each, size) in enumerate(zip(groups, sizes, strict=True))
    ]
    if not controls:
        begun.unmapped.append(
            "which group is the control: none has that name, so mark it with `control: true`"
        )


def _day_of(milliseconds: float | None) -> date | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date() if milliseconds else None
    except (OverflowError, ValueError, OSError):
        return None


def _schedule(begun: Begun, stated: PlatformValue) -> None:
    schedule: dict[str, object] = {}
    started, days = _day_of(stated.number("startTime")), stated.number("duration")
    if started is not None:
        schedule["start"] = started.isoformat()
        if end := last_of(started, days):
            schedule["end"] = end.isoformat()
    elif days:
        begun.unmapped.append(f"a duration of {days:g} days, since the file has no start")
    allocation = stated.number("allocation")
    if allocation is not None and 0 < allocation <= 100:
        schedule["exposure"] = share_in_plan(allocation / 100)
    begun.stated["schedule"] = schedule
