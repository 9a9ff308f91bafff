"""A catalogue of metrics from what another tool has: what fits is written, what does not is named, nothing is invented.

Three shapes are read: semantic models of dbt (MetricFlow), fact tables and fact metrics of GrowthBook, and certified metrics of Eppo.
A key that a definition needs and the file does not state is left open, with TODO behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from egp.advice.new.stated import open_line
from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown
from egp.plan.wording import counted, share_in_plan
from egp.yaml.written import written, written_name


class ImportRefused(HelpfulError):
    """A file that no catalogue can be made from. ``help`` says what is read."""


@dataclass(slots=True)
class Imported:
    """What a file came to."""

    facts: dict[str, dict[str, object]] = field(default_factory=dict)
    metrics: dict[str, dict[str, object]] = field(default_factory=dict)
    queries: dict[str, str] = field(default_factory=dict)
    """Path beside the catalogue → the query in it."""
    unmapped: list[str] = field(default_factory=list)
    """What the catalogue cannot say, or the file does not, in sentences."""


OPEN = None
"""The value of a key that only a person can state."""


def imported(value: object, unit: str = "") -> Imported:
    """The catalogue in a document of another tool. ``unit`` names the column with the randomisation unit, where a file has several.

    Raises ImportRefused for a document of none of the tools.
    """
    document = value if isinstance(value, dict) else {}
    if isinstance(document.get("semantic_models"), list):
        return _dbt(document, unit)
    if any(isinstance(document.get(key), list) for key in ("factMetrics", "factTables", "fact_metrics")):
        return _growthbook(document, unit)
    if isinstance(document.get("fact_sources"), list):
        return _eppo(document, unit)
    known = (
        "`semantic_models:` (dbt), `factTables:` and `factMetrics:` (GrowthBook), or `fact_sources:` (Eppo)"
    )
    raise ImportRefused(
        "this file is of no tool that egp reads metrics of", f"what is read has {known} at its top"
    )


def text_of(found: Imported) -> str:
    """The catalogue's file; open keys have TODO behind them, and what could not be mapped stands above."""
    lines = ["# What is marked TODO only a person can state."]
    lines += [f"# not mapped: {_plain(each)}" for each in found.unmapped]
    for part, entries in (("facts", found.facts), ("metrics", found.metrics)):
        lines.append(f"{part}:" if entries else f"{part}: {{}}")
        for name, stated in entries.items():
            lines.append(f"  {written_name(name)}:")
            lines += [_line(key, item) for key, item in stated.items()]
    return "\n".join(lines) + "\n"


def _line(key: str, value: object) -> str:
    return f"    {key}: {written(value)}" if value is not OPEN else open_line(f"    {key}", "")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _items(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:100]


_COLUMN = re.compile(r"[A-Za-z_]\w*")


def _column(text: object) -> str:
    """A name of a column; empty for an expression, which a catalogue keeps in a query."""
    return text if isinstance(text, str) and _COLUMN.fullmatch(text) else ""


# --- dbt ---------------------------------------------------------------------------------------------------------------

_REF = re.compile(r"""\s*ref\(\s*['"]([^'"]+)['"]\s*\)\s*""")
_EQUALS = re.compile(
    r"""\s*\{\{\s*Dimension\(\s*['"](?:\w+__)?(\w+)['"]\s*\)\s*\}\}\s*=\s*(?:'([^']*)'|(\d+(?:\.\d+)?)|(true|false))\s*"""
)


def _dbt(document: Mapping[str, Any], unit: str) -> Imported:
    found = Imported()
    measures: dict[str, tuple[str, dict[str, Any]]] = {}
    for model in _items(document["semantic_models"]):
        name = _text(model.get("name"))
        found.facts[name] = _dbt_fact(model, unit, found)
        measures |= {_text(each.get("name")): (name, each) for each in _items(model.get("measures"))}
    by_name = {_text(each.get("name")): each for each in _items(document.get("metrics"))}
    for name, metric in by_name.items():
        definition = _dbt_metric(name, metric, measures, by_name, found)
        if definition is not None and _is_new(name, found):
            found.metrics[name] = _with_words(definition, metric.get("label"), metric.get("description"))
    return found


def _dbt_fact(model: Mapping[str, Any], unit: str, found: Imported) -> dict[str, object]:
    name = _text(model.get("name"))
    ref = _REF.fullmatch(_text(model.get("model")))
    columns = {
        _text(each.get("name")): _column(each.get("expr") or each.get("name"))
        for key in ("entities", "dimensions")
        for each in _items(model.get(key))
    }
    entities = [_text(each.get("name")) for each in _items(model.get("entities"))]
    chosen = (
        unit if unit in entities or unit in columns.values() else entities[0] if len(entities) == 1 else ""
    )
    time = _text(_mapping(model.get("defaults")).get("agg_time_dimension"))
    if not chosen:
        found.unmapped.append(
            f"which of {', '.join(entities) or 'no entity'} of {name} is randomised (name it with --unit)"
        )
    column = columns.get(chosen, chosen)
    if chosen and not column:
        found.unmapped.append(
            f"the unit of {name}, since {chosen} is an expression; name a column of a query"
        )
    return {
        "table": ref[1] if ref else OPEN,
        "unit": column or OPEN,
        "at": columns.get(time) or OPEN,
    }


def _dbt_metric(
    name: str, metric: Mapping[str, Any], measures: Mapping[str, tuple[str, dict[str, Any]]],
    by_name: Mapping[str, Mapping[str, Any]], found: Imported,
) -> dict[str, object] | None:  # fmt: skip
    kind, params = _text(metric.get("type")), _mapping(metric.get("type_params"))
    where = _dbt_filter(name, metric.get("filter"), found)
    if where is OPEN:
        return None
    if kind == "simple":
        return _dbt_simple(name, params.get("measure"), where, measures, found)
    if kind == "ratio":
        parts = {}
        for key in ("numerator", "denominator"):
            named = params.get(key)
            inner = named.get("name") if isinstance(named, dict) else named
            of = by_name.get(_text(inner), {})
            own = _dbt_filter(name, named.get("filter") if isinstance(named, dict) else None, found)
            of_metric = _dbt_filter(name, of.get("filter"), found)
            if own is OPEN or of_metric is OPEN:
                return None
            measure = _mapping(of.get("type_params")).get("measure") if of else inner
            part = _dbt_simple(name, measure, {**where, **of_metric, **own}, measures, found)
            if part is None or part["kind"] != "mean":
                return _not_mapped(name, f"its {key} is no sum or count", found)
            parts[key] = {each: part[each] for each in ("fact", "where", "value") if each in part}
        return {"kind": "ratio", "direction": OPEN, **parts}
    return _not_mapped(name, f"it is a {shown(kind)} metric", found)


def _dbt_simple(
    name: str, measure: object, where: dict[str, object], measures: Mapping[str, tuple[str, dict[str, Any]]],
    found: Imported,
) -> dict[str, object] | None:  # fmt: skip
    if isinstance(measure, dict):
        own = _dbt_filter(name, measure.get("filter"), found)
        if own is OPEN:
            return None
        where, measure = {**where, **own}, measure.get("name")
    if _text(measure) not in measures:
        return _not_mapped(name, f"there is no measure {shown(_text(measure))} in this file", found)
    fact, stated = measures[_text(measure)]
    expression = stated.get("expr", stated.get("name"))
    rows: dict[str, object] = {"fact": fact, **({"where": where} if where else {})}
    aggregation = _text(stated.get("agg"))
    if aggregation == "count" or (aggregation == "sum" and str(expression) == "1"):
        return {"kind": "mean", "direction": OPEN, **rows}
    if aggregation == "count_distinct" and _column(expression) == found.facts[fact]["unit"]:
        return {"kind": "proportion", "direction": OPEN, **rows}
    if not _column(expression):
        return _not_mapped(
            name, f"{shown(str(expression))} is an expression; put it into a query that a fact names", found
        )
    if aggregation == "sum":
        return {"kind": "mean", "direction": OPEN, **rows, "value": expression}
    quantile = 0.5 if aggregation == "median" else _mapping(stated.get("agg_params")).get("percentile")
    if aggregation in ("median", "percentile") and isinstance(quantile, (int, float)):
        return {
            "kind": "quantile",
            "quantile": share_in_plan(quantile),
            "direction": OPEN,
            **rows,
            "value": expression,
        }
    return _not_mapped(name, f"its measure is aggregated by {shown(aggregation)}", found)


def _dbt_filter(name: str, text: object, found: Imported) -> Any:
    """Equalities of dimensions; OPEN, with a sentence, for any other filter."""
    if text is None:
        return {}
    where: dict[str, object] = {}
    parts = (
        text if isinstance(text, list) else re.split(r"\s+and\s+", _text(text).strip(), flags=re.IGNORECASE)
    )
    for part in parts:
        match = _EQUALS.fullmatch(_text(part))
        if match is None:
            _not_mapped(name, f"its filter {shown(_text(part))} is no equality", found)
            return OPEN
        column, word, number, flag = match.groups()
        where[column] = word if word is not None else flag == "true" if flag else float(number)
    return where


# --- GrowthBook ----------------------------------------------------------------------------------------------------------


def _growthbook(document: Mapping[str, Any], unit: str) -> Imported:
    found = Imported()
    for table in _items(document.get("factTables")):
        name = _text(table.get("id"))
        units = [each for each in _list(table.get("userIdTypes")) if isinstance(each, str)]
        chosen = unit if unit in units else units[0] if len(units) == 1 else ""
        if not chosen:
            found.unmapped.append(
                f"which of {', '.join(units) or 'no id'} of {name} is randomised (name it with --unit)"
            )
        found.facts[name] = {
            **_query(name, _text(table.get("sql")), found),
            "unit": chosen or OPEN,
            "at": "timestamp",
        }
    for metric in _items(document.get("factMetrics") or document.get("fact_metrics")):
        name = _id(_text(metric.get("name")) or _text(metric.get("id")))
        definition = _growthbook_metric(name, metric, found)
        if definition is not None and _is_new(name, found):
            found.metrics[name] = _with_words(
                definition, metric.get("name"), metric.get("description"), metric.get("owner")
            )
    return found


def _growthbook_metric(name: str, metric: Mapping[str, Any], found: Imported) -> dict[str, object] | None:
    kind, inverse = _text(metric.get("metricType")), metric.get("inverse")
    if kind not in ("proportion", "mean", "ratio", "quantile"):
        return _not_mapped(name, f"it is a {shown(kind)} metric", found)
    definition: dict[str, object] = {
        "kind": kind,
        "direction": OPEN if not isinstance(inverse, bool) else "decrease" if inverse else "increase",
    }
    upper = _growthbook_rows(name, metric.get("numerator"), kind != "proportion", found)
    if upper is None:
        return None
    if kind == "ratio":
        lower = _growthbook_rows(name, metric.get("denominator"), True, found)
        if lower is None:
            return None
        definition |= {"numerator": upper, "denominator": lower}
    else:
        definition |= upper
    if kind == "quantile":
        settings = _mapping(metric.get("quantileSettings"))
        if settings.get("type") != "event" or settings.get("ignoreZeros"):
            return _not_mapped(name, "it is a quantile of units, or leaves zeros out", found)
        definition["quantile"] = share_in_plan(settings["quantile"]) if settings.get("quantile") else OPEN
    capping, window = _mapping(metric.get("cappingSettings")), _mapping(metric.get("windowSettings"))
    if capping.get("type") == "absolute" and kind in ("mean", "ratio"):
        definition["cap"] = capping.get("value")
    elif capping.get("type"):
        return _not_mapped(name, f"it is capped by {shown(_text(capping.get('type')))}", found)
    if window.get("type") == "conversion" and window.get("windowUnit") in ("hours", "days", "weeks"):
        definition["outcome_window"] = f"{window.get('windowValue')}{window['windowUnit'][0]}"
    elif window.get("type"):
        return _not_mapped(name, f"its window is {shown(_text(window.get('type')))}", found)
    if window.get("delayValue") or window.get("delayHours"):
        return _not_mapped(name, "its window begins with a delay", found)
    return definition


def _growthbook_rows(name: str, part: object, has_value: bool, found: Imported) -> dict[str, object] | None:
    stated = part if isinstance(part, dict) else {}
    if stated.get("filters"):
        return _not_mapped(name, "its filters are saved under ids, which say nothing here", found)
    where: dict[str, object] = {}
    for each in _items(stated.get("rowFilters")):
        values = _list(each.get("values"))
        if each.get("operator") not in ("=", "in") or not _column(each.get("column")) or not values:
            return _not_mapped(
                name, f"its filter with {shown(_text(each.get('operator')))} is no equality", found
            )
        where[_text(each["column"])] = values[0] if len(values) == 1 else values
    for column, values in _mapping(stated.get("inlineFilters")).items():
        allowed = _list(values)
        where[column] = allowed[0] if len(allowed) == 1 else allowed
    rows: dict[str, object] = {
        "fact": _text(stated.get("factTableId")),
        **({"where": where} if where else {}),
    }
    column = _text(stated.get("column"))
    if has_value and not column.startswith("$$"):
        if _text(stated.get("aggregation")) not in ("", "sum") or not _column(column):
            return _not_mapped(
                name, f"it aggregates {shown(column)} by {shown(_text(stated.get('aggregation')))}", found
            )
        rows["value"] = column
    elif has_value and column != "$$count":
        return _not_mapped(name, f"it counts {shown(column)}", found)
    return rows


# --- Eppo ----------------------------------------------------------------------------------------------------------------


def _eppo(document: Mapping[str, Any], unit: str) -> Imported:
    found = Imported()
    facts: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {}
    for source in _items(document["fact_sources"]):
        name = _id(_text(source.get("name")))
        columns = [_text(each.get("column")) for each in _items(source.get("entities"))]
        chosen = unit if unit in columns else columns[0] if len(columns) == 1 else ""
        if not chosen:
            found.unmapped.append(
                f"which of {', '.join(columns) or 'no entity'} of {name} is randomised (name it with --unit)"
            )
        at = source.get("timestamp_column") or OPEN
        found.facts[name] = {
            **_query(name, _text(source.get("sql")), found),
            "unit": chosen or OPEN,
            "at": at,
        }
        properties = {
            _text(each.get("name")): _text(each.get("column")) for each in _items(source.get("properties"))
        }
        facts |= {_text(each.get("name")): (name, each, properties) for each in _items(source.get("facts"))}
    for metric in _items(document.get("metrics")):
        name = _id(_text(metric.get("name")))
        definition = _eppo_metric(name, metric, facts, found)
        if definition is not None and _is_new(name, found):
            found.metrics[name] = _with_words(definition, metric.get("name"), metric.get("description"))
    return found


_Facts = Mapping[str, tuple[str, dict[str, Any], dict[str, str]]]


def _eppo_metric(
    name: str, metric: Mapping[str, Any], facts: _Facts, found: Imported
) -> dict[str, object] | None:
    percentile = metric.get("percentile")
    if isinstance(percentile, dict):
        rows = _eppo_rows(name, percentile, facts, found)
        value = percentile.get("percentile_value")
        if rows is None or not isinstance(value, (int, float)):
            return _not_mapped(name, "it states no percentile", found)
        return {"kind": "quantile", "quantile": share_in_plan(value), **_change(percentile, facts), **rows}
    upper = _mapping(metric.get("numerator"))
    lower = metric.get("denominator")
    operation = _text(upper.get("operation"))
    window = _eppo_window(upper)
    for key in (
        "winsor_lower_percentile",
        "winsor_upper_percentile",
        "winsorization_lower_percentile",
        "winsorization_upper_percentile",
    ):
        if key in upper:
            return _not_mapped(name, f"it is capped by a percentile (`{key}`)", found)
    if isinstance(lower, dict):
        parts = {}
        for key, part in (("numerator", upper), ("denominator", lower)):
            rows = _eppo_rows(name, part, facts, found)
            if rows is None or _text(part.get("operation")) not in ("sum", "count"):
                return _not_mapped(name, f"its {key} is no sum or count", found)
            parts[key] = (
                rows if part["operation"] == "sum" else {k: v for k, v in rows.items() if k != "value"}
            )
        return {"kind": "ratio", **_change(upper, facts), **parts, **window}
    rows = _eppo_rows(name, upper, facts, found)
    if rows is None:
        return None
    counted = {key: item for key, item in rows.items() if key != "value"}
    if operation == "sum":
        return {"kind": "mean", **_change(upper, facts), **rows, **window}
    if operation == "count":
        return {"kind": "mean", **_change(upper, facts), **counted, **window}
    if operation in ("distinct_entity", "conversion"):
        return {"kind": "proportion", **_change(upper, facts), **counted, **window}
    return _not_mapped(name, f"its operation is {shown(operation)}", found)


def _change(part: Mapping[str, Any], facts: _Facts) -> dict[str, object]:
    known = facts.get(_text(part.get("fact_name")))
    stated = known[1].get("desired_change") if known else None
    return {"direction": stated if stated in ("increase", "decrease") else OPEN}


def _eppo_rows(
    name: str, part: Mapping[str, Any], facts: _Facts, found: Imported
) -> dict[str, object] | None:
    named = _text(part.get("fact_name"))
    if named not in facts:
        return _not_mapped(name, f"there is no fact {shown(named)} in this file", found)
    source, fact, properties = facts[named]
    where: dict[str, object] = {}
    for each in _items(part.get("filters")):
        column, values = properties.get(_text(each.get("fact_property"))), _list(each.get("values"))
        if each.get("operation") != "equals" or not column or not values:
            return _not_mapped(
                name, f"its filter on {shown(_text(each.get('fact_property')))} is no equality", found
            )
        where[column] = values[0] if len(values) == 1 else values
    rows: dict[str, object] = {"fact": source, **({"where": where} if where else {})}
    column = _column(fact.get("column"))
    return {**rows, "value": column} if column else rows


def _eppo_window(part: Mapping[str, Any]) -> dict[str, object]:
    value, unit = part.get("aggregation_timeframe_value"), _text(part.get("aggregation_timeframe_unit"))
    if value is None or unit not in ("minutes", "hours", "days", "weeks"):
        return {}
    return {"outcome_window": f"{value}{'min' if unit == 'minutes' else unit[0]}"}


# --- shared --------------------------------------------------------------------------------------------------------------


def _query(name: str, sql: str, found: Imported) -> dict[str, object]:
    if not sql.strip():
        return {"table": OPEN}
    path = f"sql/{_id(name) or 'query'}.sql"
    if path in found.queries:
        found.unmapped.append(f"the query of {shown(name)}, since another one gets the name {path}")
        return {"sql": OPEN}
    found.queries[path] = sql.strip() + "\n"
    return {"sql": path}


def _with_words(
    definition: dict[str, object], label: object, description: object, owner: object = None
) -> dict[str, object]:
    words = {"label": label, "description": description, "owner": owner}
    stated = {
        key: " ".join(text.split()) for key, text in words.items() if isinstance(text, str) and text.strip()
    }
    return {**stated, **definition}


def _is_new(name: str, found: Imported) -> bool:
    """Whether no other metric got this id."""
    if name not in found.metrics:
        return True
    _not_mapped(name, "another metric of the file gets the same id", found)
    return False


def _not_mapped(name: str, why: str, found: Imported) -> dict[str, object] | None:
    sentence = f"{shown(name)}, since {why}"
    if sentence not in found.unmapped:
        found.unmapped.append(sentence)
    return None


def sentences(found: Imported) -> Iterator[str]:
    """What became of the file, for whoever called."""
    yield f"{counted(len(found.metrics), 'metric')} of {counted(len(found.facts), 'fact')}"
    yield from (f"not mapped: {_plain(each)}" for each in found.unmapped)


def _plain(sentence: str) -> str:
    """On one line, and without what no terminal should get."""
    return "".join(each if each.isprintable() else " " for each in " ".join(sentence.split()))
