"""JSON Schemas as rules: draft 2020-12, and nothing fetched. What validates runs apart, see :mod:`egp.rules.custom.apart`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from egp.plan.quantity import shown
from egp.plan.typed_reader import nearest
from egp.stats.values import NamedTuple
from egp.yaml import Path, PointerError, parse_pointer
from egp.yaml.pointer import ABSENT, child

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_ONE = (
    "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
)  # fmt: skip
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_KEYWORDS = frozenset((
    *_ONE, *_LISTS, *_NAMED, "$schema", "$id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$vocabulary", "$comment",
    "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains", "maxProperties",
    "minProperties", "required", "dependentRequired", "title", "description", "default", "deprecated", "readOnly",
    "writeOnly", "examples", "format", "contentEncoding", "contentMediaType", "contentSchema",
))  # fmt: skip
"""Keywords of the draft. The standard lets a validator pass over any other, and with it over what was meant."""

_MOST_SHOWN = 100


class SchemaFault(NamedTuple):
    """Why a schema can be no rule."""

    path: Path
    message: str
    help: str


class Misfit(NamedTuple):
    """A part of a plan that a schema does not fit."""

    path: Path
    asked: str
    found: str


def fault_of(schema: object) -> SchemaFault | None:
    """What is wrong with a schema, as far as its references and patterns go; nothing is fetched to tell."""
    anchors = {part.get(key) for _, part in _parts(schema, ()) for key in ("$anchor", "$dynamicAnchor")}
    for path, part in _parts(schema, ()):
        found = _fault_of_part(schema, path, part, anchors)
        if found:
            return found
    return None


def _fault_of_part(
    schema: object, path: Path, part: Mapping[str, Any], anchors: set[object]
) -> SchemaFault | None:
    draft = part.get("$schema", DRAFT)
    if str(draft).removesuffix("#") != DRAFT:
        return SchemaFault(
            (*path, "$schema"), f"the schema is of {shown(draft)}", f"write it in draft 2020-12, {DRAFT}"
        )
    unknown = next((key for key in part if key not in _KEYWORDS and not key.startswith("x-")), None)
    if unknown is not None:
        guess = nearest(unknown, _KEYWORDS)
        hint = f", did you mean `{guess}`?" if guess else ""
        advice = "see the keywords of draft 2020-12; a key of your own starts with `x-`"
        return SchemaFault((*path, unknown), f"there is no keyword `{shown(unknown)}`{hint}", advice)
    if path and "$id" in part:
        return SchemaFault((*path, "$id"), "a part of the schema has an `$id` of its own", "take it away")
    for key in ("$ref", "$dynamicRef"):
        if key in part:
            found = _fault_of_reference(schema, (*path, key), part[key], anchors)
            if found:
                return found
    patterns = [((*path, "pattern"), part["pattern"])] if "pattern" in part else []
    named = part.get("patternProperties")
    patterns += (
        [((*path, "patternProperties", each), each) for each in named] if isinstance(named, dict) else []
    )
    for at, pattern in patterns:
        try:
            re.compile(str(pattern))
        except (re.error, RecursionError, OverflowError) as error:
            return SchemaFault(
                at, f"the pattern `{shown(pattern)}` cannot be read: {error}", "correct the pattern"
            )
    return None


def _fault_of_reference(
    schema: object, at: Path, reference: object, anchors: set[object]
) -> SchemaFault | None:
    name = shown(reference)
    if not isinstance(reference, str) or not reference.startswith("#"):
        advice = "copy what it names below `$defs`, and refer to it as `#/$defs/…`"
        return SchemaFault(at, f"the schema refers to `{name}`, and egp fetches nothing", advice)
    fragment = unquote(reference[1:])
    if fragment and not fragment.startswith("/"):
        is_there = fragment in anchors
    else:
        is_there = _leads_somewhere(schema, fragment)
    return (
        None if is_there else SchemaFault(at, f"`{name}` is nothing in this schema", "correct the reference")
    )


def _leads_somewhere(schema: object, fragment: str) -> bool:
    try:
        path = parse_pointer(fragment, schema)
    except PointerError:
        return False
    value = schema
    for step in path:
        value = child(value, step)
    return value is not ABSENT


def _parts(schema: object, path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The schema and every schema in it."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key, value in schema.items():
        if key in _ONE:
            yield from _parts(value, (*path, key))
        elif key in _LISTS and isinstance(value, list):
            for position, item in enumerate(value):
                yield from _parts(item, (*path, key, position))
        elif key in _NAMED and isinstance(value, dict):
            for name, item in value.items():
                yield from _parts(item, (*path, key, name))


def malformed(schema: object) -> tuple[Path, str] | None:
    """Where a schema is none, and why. Runs apart."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    return None if error is None else (tuple(error.absolute_path), _short(error.message))


def misfits(schema_text: str, value: object) -> list[Misfit] | None:
    """Every part of a value that the schema does not fit; None if the schema refers to itself without an end.

    Runs apart. The schema comes as the JSON it is written in, so that one that is used often is prepared once.
    """
    try:
        return [misfit for error in _validator(schema_text).iter_errors(value) for misfit in [_misfit(error)]]
    except RecursionError:
        return None


@cache
def _validator(schema_text: str) -> Any:
    import json

    from jsonschema import Draft202012Validator
    from referencing import Registry

    return Draft202012Validator(json.loads(schema_text), registry=Registry())


def _misfit(error: Any) -> Misfit:
    path = tuple(error.absolute_path)
    if error.validator == "required":
        lacking = [name for name in error.validator_value if name not in error.instance]
        key = next((name for name in lacking if error.message.startswith(repr(name))), lacking[0])
        return Misfit((*path, key), f"`{shown(key)}`", "missing")
    if error.validator is None:
        return Misfit(path, "nothing here", shown(error.instance))
    asked = error.validator_value
    named = shown(", ".join(map(str, asked)) if isinstance(asked, list) and _are_plain(asked) else asked)
    return Misfit(path, f"{error.validator}: {named}", shown(error.instance))


def _are_plain(values: list[object]) -> bool:
    return not any(isinstance(each, (dict, list)) for each in values)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
