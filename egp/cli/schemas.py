"""The published JSON Schemas, and pydantic models of the same shapes for programs that write plans.

The check itself reads with ``egp.plan.typed_reader``, because importing pydantic and building these models costs several times
what a whole check costs. Tests hold schema, model and reader together over every accepted and rejected plan.
"""

from __future__ import annotations

from dataclasses import is_dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    TypeAdapter,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from egp.gate.changes_json import GateChanges
from egp.gate.json import GateVerdict, Receipt
from egp.output.report.json import CheckReport
from egp.pages.brief.json import BriefReport
from egp.pages.history.json import HistoryReport
from egp.pages.measured.json import MeasureReport
from egp.pages.plan_show.json import PlanShowReport
from egp.pages.policy_diff.json import PolicyDiffReport
from egp.pages.policy_show.json import PolicyShowReport
from egp.pages.policy_test.json import PolicyTestReport
from egp.pages.power.json import Calculation, PowerOfPlans
from egp.pages.rehearsed.json import RehearsalReport
from egp.pages.rules_shown.json import RulesReport
from egp.pages.status.json import StatusReport
from egp.plan import quantity
from egp.plan.catalogue import MetricsFile
from egp.plan.experiment import Experiment
from egp.plan.holdouts import HoldoutDefinition
from egp.plan.quantity import Count, Interval, Measure, MetricChange, Share
from egp.plan.results import COLUMNS, NEEDED_COLUMNS, VALUES, Results, Window
from egp.plan.typed_reader import Field as ShapeField
from egp.plan.typed_reader import (
    Money,
    Name,
    PartReader,
    TypedMapping,
    ValueProblem,
    Words,
    reader_of,
    required_type,
)
from egp.plan.wording import listing
from egp.policy.defaults import PlanDefaults
from egp.policy.file import PolicyFile
from egp.policy.layers import ALWAYS
from egp.policy.params import Optioned
from egp.policy.settings import WEIGHTS
from egp.rules.gate_check import Check, checks
from egp.rules.options import Bound
from egp.rules.rule import index, load
from egp.stats.hints import Literal, Union, any_of, get_args, get_origin

_NUMBER = quantity.NUMBER
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_DIGITS = "[0-9](?:_?[0-9])*"
_INSTANT = rf"^{_DATE}[T ][0-9]{{2}}:[0-9]{{2}}.*(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$"
_UNSIGNED = _NUMBER.removeprefix("[+-]?")

_JSON_TYPES: dict[object, dict[str, object]] = {
    str: {"type": "string"},
    Words: {"type": ["string", "array"], "minLength": 1, "minItems": 1, "items": {"type": "string", "minLength": 1}},
    Name: {"type": "string", "minLength": 1, "maxLength": 100, "pattern": r"^\S(.*\S)?$"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Share: {
        "type": ["string", "number"], "pattern": rf"^\s*(\+?({_UNSIGNED}\s*%|0(\.{_DIGITS})?)|\d{{1,4}}\s*/\s*[1-9]\d{{0,3}})\s*$",
        "minimum": 0, "exclusiveMaximum": 1,
    },
    Count: {"type": ["string", "integer"], "pattern": rf"^\s*\+?({_DIGITS}|{_UNSIGNED}\s*[kKMB])\s*$", "minimum": 0},
    timedelta: {"type": "string", "pattern": rf"^\s*\+?{_UNSIGNED}\s*(us|ms|s|min|h|d|w)\s*$"},
    Measure: {"type": ["string", "number"], "pattern": rf"^\s*{_NUMBER}\s*(%|us|ms|s|[A-Z]{{3}})?\s*$"},
    Money: {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*[A-Z]{{3}}\s*$"},
    MetricChange: {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*(%|pp|bps|bp|us|ms|s|abs|[A-Z]{{3}})\s*$"},
    date: {"type": "string", "pattern": rf"^{_DATE}$"},
    date | datetime: {"type": "string", "pattern": rf"^{_DATE}([T ].+)?$"},
    Interval: {"type": "string", "pattern": rf"^{_DATE}\s*(/\s*{_DATE}\s*)?$"},
    object: {},
}  # fmt: skip


_QUANTITIES = (Share, Count, timedelta, Measure, Money, MetricChange)
_OWN_KEY: JsonDict = {"description": "A key of your own; egp does not read it."}
_models: dict[str, type[BaseModel]] = {}


class _Schema(GenerateJsonSchema):
    """Schemas fit for editors: an absent key and null are the same, and no default is shown for them."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """A report that adds to another one describes the keys of both, where pydantic reads only its own."""
        found = super().dataclass_schema(schema)
        for base in filter(is_dataclass, schema["cls"].__mro__[1:]):
            inherited = TypeAdapter(base).json_schema(schema_generator=_Schema)["properties"]
            for key, each in inherited.items():
                if "description" in each:
                    found["properties"][key].setdefault("description", each["description"])
        return found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return _or_null(self.generate_inner(schema["schema"]))

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        shown = schema.get("default") not in (None, ())
        return super().default_schema(schema) if shown else self.generate_inner(schema["schema"])


def _or_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None], "type": _with_null(schema.get("type"))}
    if "const" in schema:
        return {"enum": [schema["const"], None]}
    if "type" in schema:
        return {**schema, "type": _with_null(schema["type"])}
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema


def _with_null(types: Any) -> Any:
    return [*(types if isinstance(types, list) else [types]), "null"]


def _read_by(read: PartReader, json_type: dict[str, object]) -> Any:
    def validate(value: object) -> object:
        problems: list[ValueProblem] = []
        result = read(value, (), problems)
        if problems:
            raise ValueError(problems[0].message)
        return result

    return Annotated[Any, PlainValidator(validate), WithJsonSchema(json_type)]


def _pydantic_type(annotation: Any) -> Any:
    wanted = required_type(annotation)
    if wanted in _JSON_TYPES:
        found: Any = _read_by(reader_of(wanted), _JSON_TYPES[wanted])
    elif get_origin(wanted) is tuple:
        found = list[_pydantic_type(get_args(wanted)[0])]  # type: ignore[misc]
    elif get_origin(wanted) is dict:
        found = dict[str, _pydantic_type(get_args(wanted)[1])]  # type: ignore[misc]
    elif get_origin(wanted) is Union:
        found = any_of(tuple(_pydantic_type(member) for member in get_args(wanted)))
    elif isinstance(wanted, type) and issubclass(wanted, TypedMapping):
        found = model_of(wanted)
    else:
        found = wanted
    return found


def _without_own_keys(value: object) -> object:
    return (
        {k: v for k, v in value.items() if not str(k).startswith("x-")} if isinstance(value, dict) else value
    )


def model_of(mapping_type: type[TypedMapping]) -> type[BaseModel]:
    """The pydantic model of a shape: the same keys, units and requirements."""
    if mapping_type.__name__ in _models:
        return _models[mapping_type.__name__]
    fields: dict[str, Any] = {}
    for key, attribute, annotation, declared in mapping_type.fields():
        required = key in mapping_type.needs
        of_type = _pydantic_type(annotation)
        fields[attribute] = (
            of_type if required else of_type | None,
            Field(
                ... if required else declared.default,
                alias=key,
                title=None,
                description=_hover(declared, annotation),
                examples=list(declared.examples) or None,
            ),
        )
    config = ConfigDict(extra="forbid", json_schema_extra={"patternProperties": {"^x-": _OWN_KEY}})
    own_keys: dict[str, Any] = {"own_keys": model_validator(mode="before")(_without_own_keys)}
    _models[mapping_type.__name__] = create_model(
        mapping_type.__name__,
        __config__=config,
        __doc__=mapping_type.__doc__,
        __validators__=own_keys,
        **fields,
    )
    return _models[mapping_type.__name__]


def _hover(declared: ShapeField, annotation: Any) -> str:
    """What an editor shows on a key: its meaning, and how its quantity is written. Many editors show no examples."""
    if required_type(annotation) not in _QUANTITIES or not declared.examples:
        return declared.description
    written = listing((f"`{example}`" for example in declared.examples), "or")
    return f"{declared.description.removesuffix('.')}, such as {written}."


def experiment_schema() -> dict[str, Any]:
    """JSON Schema of a plan, for editors and other programs."""
    return _published(model_of(Experiment), "Plan of an experiment (egp)")


def policy_schema() -> dict[str, Any]:
    """JSON Schema of a policy, with every rule and its options."""
    schema = _published(model_of(PolicyFile), "Experiment governance policy (egp)")
    definitions = schema["$defs"]
    definitions["Rules"] = {
        "type": ["object", "null"],
        "description": "Rule → its severity and options.",
        "properties": {rule_id: _setting_schema(rule_id) for rule_id in index()},
        "additionalProperties": {
            "type": ["object", "array"],
            "description": "Setting of a rule that the policy brings along.",
        },
    }
    for holder in (schema, definitions["Override"]):
        holder["properties"]["rules"] = {"$ref": "#/$defs/Rules"}
    definitions["Gate"] = {
        "type": ["object", "null"],
        "description": "Check of the gate → its options, for all plans.",
        "properties": {check.id: _options_schema(check) for check in checks()},
        "additionalProperties": False,
    }
    schema["properties"]["gate"] = {"$ref": "#/$defs/Gate"}
    one = _defined(PlanDefaults, definitions)
    for holder in (schema, definitions["Override"]):
        described = holder["properties"]["defaults"]["description"]
        several = {"type": "array", "minItems": 1, "items": one}
        holder["properties"]["defaults"] = {
            "description": described,
            "anyOf": [one, several, {"type": "null"}],
        }
    holdouts = {"type": "object", "additionalProperties": _defined(HoldoutDefinition, definitions)}
    described = schema["properties"]["holdouts"]["description"]
    schema["properties"]["holdouts"] = {"description": described, "anyOf": [holdouts, {"type": "null"}]}
    shipped = {"properties": {"rules": {"propertyNames": {"enum": list(index())}}}}
    overrides = {"properties": {"overrides": {"items": shipped}}}
    schema["allOf"] = [{"if": _BRINGS_RULES, "else": {"allOf": [shipped, overrides]}}]
    return schema


def _defined(shape: type[TypedMapping], definitions: dict[str, Any]) -> dict[str, str]:
    """A reference to a shape that is read apart from the rest of the file; it joins the definitions with all that it needs."""
    published = _published(model_of(shape), "")
    definitions |= published.pop("$defs", {})
    definitions[shape.__name__] = {
        key: published[key] for key in published if key not in ("$schema", "title")
    }
    return {"$ref": f"#/$defs/{shape.__name__}"}


_BRINGS_RULES = {
    "anyOf": [
        {"required": ["custom"], "properties": {"custom": {"type": "array", "minItems": 1}}},
        {
            "required": ["extends"],
            "properties": {"extends": {"type": "array", "contains": {"not": {"pattern": "^egp:"}}}},
        },
    ]
}
"""Policies that may weigh rules which the schema cannot know: those that they write, or that a file they extend does."""


def _setting_schema(rule_id: str) -> dict[str, object]:
    """A mapping, or a list of mappings with the day from which each holds."""
    rule = load(rule_id)
    always = {name: {"const": value.value} for name, value in ALWAYS.get(rule_id, {}).items()}
    properties: dict[str, object] = {
        "from": {**_JSON_TYPES[date], "description": "The day from which this holds."},
        "retroactive": {
            "type": "boolean",
            "description": "Whether it holds for plans that were registered before that day, too.",
        },
        "severity": {**always.get("severity", {"enum": [*WEIGHTS]}), "description": "What a finding weighs."},
        "waivable": {
            **always.get("waivable", {"type": "boolean"}),
            "description": "Whether an approver may set the rule aside.",
        },
    }
    properties |= _option_schemas(rule)
    return {
        "type": ["object", "array"],
        "description": rule.page.summary,
        "properties": properties,
        "additionalProperties": False,
        "minItems": 1,
        "items": {"$ref": f"#/$defs/Rules/properties/{rule_id}", "type": "object"},
    }


def _options_schema(check: Check) -> dict[str, object]:
    return {
        "type": "object",
        "description": check.page.summary,
        "properties": _option_schemas(check),
        "additionalProperties": False,
    }


def _option_schemas(declaring: Optioned) -> dict[str, object]:
    schemas: dict[str, object] = {}
    for name, option in declaring.options.items():
        schema = _bounded(_schema_of_type(option.of_type), option.bound)
        schemas[name] = {**schema, "description": option.meaning}
    return schemas


def _bounded(schema: dict[str, object], bound: Bound | None) -> dict[str, object]:
    """The bound where a schema can say it: of a plain number. A text with a unit is read by egp alone."""
    if bound is None or not any(kind in str(schema.get("type")) for kind in ("integer", "number")):
        return schema
    keyword = "minimum" if bound.is_allowed else "exclusiveMinimum"
    return {key: value for key, value in schema.items() if key != "minimum"} | {keyword: bound.least}


def _schema_of_type(of_type: Any) -> dict[str, object]:
    wanted = required_type(of_type)
    if get_origin(wanted) is tuple:
        return {"type": "array", "items": _schema_of_type(get_args(wanted)[0])}
    if get_origin(wanted) is dict:
        return {"type": "object", "additionalProperties": _schema_of_type(get_args(wanted)[1])}
    if get_origin(wanted) is Literal:
        return {"enum": list(get_args(wanted))}
    return _JSON_TYPES[wanted]


def metrics_schema() -> dict[str, Any]:
    """JSON Schema of a file of the catalogue of metrics."""
    return _published(model_of(MetricsFile), "Metrics, their facts and populations (egp)")


def results_schema() -> dict[str, Any]:
    """JSON Schema of results, with the columns of their rows."""
    schema = _published(model_of(Results), "Results of an experiment (egp)")
    schema["properties"]["rows"]["items"] = {"$ref": "#/$defs/Row"}
    schema["$defs"]["Row"] = {
        "type": "object",
        "description": "One line of aggregates.",
        "properties": {
            column: {"description": meaning, **_column_type(column)} for column, meaning in COLUMNS.items()
        },
        "required": [*NEEDED_COLUMNS],
        "additionalProperties": False,
    }
    for holder, key in ((schema, "as_of"), (schema["$defs"]["StageEntry"], "entered")):
        holder["properties"][key]["pattern"] = _INSTANT
    return schema


def _column_type(column: str) -> dict[str, object]:
    if column == "window":
        return {"enum": list(get_args(Window))}
    if column in ("date", "through"):
        return {"type": ["string", "null"], "pattern": f"^{_DATE}$"}
    if column in ("stage", "variant", "metric"):
        return {"type": "string"}
    if column == "segment":
        return {"type": ["string", "null"]}
    if column == "units":
        return {"type": "integer", "minimum": 0}
    return {"type": ["number", "string", "null"] if column in VALUES else ["number", "null"]}


REPORTS: dict[str, tuple[Any, str]] = {
    "report": (CheckReport, "Report of egp check"),
    "gate": (GateVerdict | Receipt, "Verdict of egp gate, or a receipt, which has its call as well"),
    "gate-changes": (GateChanges, "What egp gate --base says of a branch"),
    "measure": (MeasureReport, "Report of egp measure"),
    "rehearsal": (RehearsalReport, "Report of egp rehearse"),
    "power": (Calculation | PowerOfPlans, "Report of egp power"),
    "status": (StatusReport, "Status of a portfolio of experiments (egp)"),
    "brief": (BriefReport, "Brief of an experiment (egp)"),
    "history": (HistoryReport, "Life of plans, of egp history"),
    "show": (PlanShowReport, "Plan of egp show"),
    "policy-show": (PolicyShowReport, "Settings of egp policy show"),
    "rules": (RulesReport, "List of egp rules"),
    "policy-test": (PolicyTestReport, "Outcome of egp policy test"),
    "policy-diff": (PolicyDiffReport, "Comparison of egp policy diff"),
}
"""What commands write for programs: name of the schema, declaration and title."""


def schema_of_report(name: str) -> dict[str, Any]:
    """JSON Schema of a report."""
    return _published(*REPORTS[name])


def published() -> dict[str, dict[str, Any]]:
    """Every schema that egp publishes, by its name."""
    return {
        "experiment": experiment_schema(),
        "policy": policy_schema(),
        "metrics": metrics_schema(),
        "results": results_schema(),
        **{name: schema_of_report(name) for name in REPORTS},
    }


def _published(declared: Any, title: str) -> dict[str, Any]:
    schema = TypeAdapter(declared).json_schema(schema_generator=_Schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        _without_titles(part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


def _without_titles(part: dict[str, Any]) -> None:
    """Drops the titles pydantic derives from names: they repeat the key in every hover."""
    part.pop("title", None)
    for value in part.get("properties", {}).values():
        value.pop("title", None)
