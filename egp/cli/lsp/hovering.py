"""What the editor says of what the pointer is on: numbers recomputed, what a key means, the page of a rule."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from egp.cli.lsp.columns import Columns
from egp.cli.lsp.numbers import recomputed
from egp.cli.lsp.places import Spot, spot_at
from egp.cli.lsp.reading import OpenFile
from egp.cli.lsp.shapes import declared_at
from egp.output.page import markdown
from egp.pages.power.plan_reading import powers
from egp.pages.rules_shown.page import page
from egp.plan.catalogue import MetricDefinition
from egp.plan.experiment import Experiment
from egp.plan.power.plan import PlanPower, plan_power
from egp.plan.typed_reader import label
from egp.policy.layers import SETTINGS
from egp.rules.rule import Rule, index
from egp.yaml import Path
from egp.yaml.written import written

_MEANINGS = {
    "severity": "How heavily the rule weighs: error, warning, info, shadow (reported, without effect) or off.",
    "waivable": "Whether a waiver may set the rule aside.",
}


def hover_at(reading: OpenFile, columns: Columns, position: types.Position) -> types.Hover | None:
    spot = spot_at(reading.documents, columns.offset(position))
    if spot is None or reading.shape is None:
        return None
    parts = [*_parts(reading, spot)]
    if not parts:
        return None
    content = types.MarkupContent(types.MarkupKind.Markdown, "\n\n".join(parts))
    return types.Hover(content, columns.span(spot.start, spot.end))


def _parts(reading: OpenFile, spot: Spot) -> Iterator[str]:
    if rule_id := rule_named(reading, spot):
        yield from _of_rule(reading, rule_id)
        return
    if option := _option_of(reading, spot):
        yield option
        return
    if reading.shape is Experiment:
        if not spot.is_key:
            yield from _of_metric(reading, spot)
        yield from _of_plan(reading, spot)
    yield from _of_key(reading, spot)


def rule_named(reading: OpenFile, spot: Spot) -> str:
    """The rule that stands at a place: a key below `rules:`, or what a waiver waives."""
    path = spot.path
    is_setting = spot.is_key and len(path) > 1 and path[-2] == "rules"
    is_waived = not spot.is_key and path[-1] == "rule" and "waivers" in path
    name = str(path[-1]) if is_setting else value_at(spot) if is_waived else ""
    return name if name and _rule(reading, name) else ""


def _rule(reading: OpenFile, rule_id: str) -> Rule | None:
    policy = reading.judged.policy
    if policy and rule_id in policy.catalogue:
        return policy.catalogue.load(rule_id)
    return index().get(rule_id)


def _of_rule(reading: OpenFile, rule_id: str) -> Iterator[str]:
    policy, as_of = reading.judged.policy, reading.judged.as_of
    if policy and as_of:
        yield markdown.render(page(rule_id, policy, as_of)).strip()
    elif rule := _rule(reading, rule_id):
        yield f"**{rule_id}**\n\n{rule.page.shortened}"


def _option_of(reading: OpenFile, spot: Spot) -> str:
    """What an option means, of a rule whose setting the pointer is in."""
    path = spot.path
    for at, step in enumerate(path[:-1]):
        if step == "rules" and (rule := _rule(reading, str(path[at + 1]))):
            name = next((str(each) for each in path[at + 2 :] if not isinstance(each, int)), "")
            if name in SETTINGS:
                return f"**{name}** of {rule.id}\n\n{_MEANINGS[name]}"
            option = rule.options.get(name)
            if option is None:
                return ""
            meaning = option.meaning if rule.id in index() else markdown.escaped(option.meaning)
            return f"**{name}** of {rule.id}\n\n{meaning}"
    return ""


def _of_plan(reading: OpenFile, spot: Spot) -> Iterator[str]:
    """What follows from the number, as one line each."""
    judged, document = reading.judged, reading.completed(spot.document)
    plan = reading.plan(spot.document)
    found: list[PlanPower] = []
    if judged.policy and judged.finder and judged.source and judged.as_of:
        found, _ = powers([judged.source], judged.finder, judged.policy, judged.as_of)
    power = next(
        (each for each in found if each.document == document.index), plan_power(plan, document, None)
    )
    if sentences := recomputed(plan, power, spot.path):
        yield "\n".join(f"- {each}" for each in sentences)


def _of_metric(reading: OpenFile, spot: Spot) -> Iterator[str]:
    """What the catalogue knows of a metric that is named."""
    policy = reading.judged.policy
    if policy is None or policy.metrics is None or not is_metric(spot.path):
        return
    definition = policy.metrics.metrics.get(value_at(spot))
    if definition:
        yield f"**{markdown.escaped(definition.label or value_at(spot))}** {_facts(definition)}"
        if definition.description:
            yield markdown.escaped(definition.description)


def is_metric(path: Path) -> bool:
    """Whether a metric is named there."""
    listed = len(path) > 1 and str(path[0]).endswith(("_metrics", "_metric")) and path[-1] == "id"
    return listed or (path[:1] == ("stop_rules",) and path[-1] == "metric")


def _facts(definition: MetricDefinition) -> str:
    worth = f", worth {definition.worth.text} a unit" if definition.worth else ""
    owner = f", of {markdown.escaped(definition.owner)}" if definition.owner else ""
    return f"({definition.kind}, {definition.direction}{worth}{owner})"


def _of_key(reading: OpenFile, spot: Spot) -> Iterator[str]:
    assert reading.shape is not None
    field = declared_at(reading.shape, spot.path).field
    if field is None:
        return
    yield f"{_code(label(spot.path))} {field.description}"
    if field.examples and spot.is_key:
        yield "As in " + " or ".join(_code(f"{spot.path[-1]}: {written(each)}") for each in field.examples)
    if field.because and field.weight and spot.is_key:
        yield f"A change after registration is {field.weight}: {field.because}."


def _code(text: str) -> str:
    """A key as code, unless what somebody called it would end that."""
    return markdown.escaped(text) if "`" in text or not text.isprintable() else f"`{text}`"


def value_at(spot: Spot) -> str:
    """The text of a scalar; empty for anything else."""
    value: object = spot.document.value
    for step in spot.path:
        value = value[step]  # type: ignore[index]
    return value if isinstance(value, str) else ""
