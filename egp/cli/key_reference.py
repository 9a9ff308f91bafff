"""The reference of every key of plans, policies and results: from the declarations that files are read by.

A page is a table for each mapping, in the order in which a reader meets them from the top of the file. The reference of
plans ends with a whole plan of each type, which a test checks.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from egp.plan.experiment import Experiment
from egp.plan.holdouts import HoldoutDefinition
from egp.plan.results import Results
from egp.plan.typed_reader import Field, TypedMapping
from egp.policy.defaults import PlanDefaults
from egp.policy.file import PolicyFile
from egp.policy.shipped import ROOT
from egp.stats.hints import get_args, get_origin
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular
from egp.yaml.flow import flow

PLANS = "docs/reference/plans"
"""The folder of the whole plans, one of each type."""
CHANGED: dict[str, str] = {
    "benign": "free",
    "operational": "an amendment, unless it is stricter",
    "inferential": "an amendment",
}
"""Weight of a key → what a change of it needs once the plan is registered."""

_OF_A_PLAN = """\
# Every key of a plan

<!-- generated: python -m egp.cli.generate -->

What a plan may say, from the top of the file down; [writing plans](../writing.md) says how to begin, and which key to write when. No key is required by the
format alone but `id`; what a policy requires is a rule's ([all rules](../rules/README.md)), and what the policy supplies need not be written
([defaults](../policy.md)). A key of your own begins with `x-`, and egp does not read it.

The last column says what a change needs once the plan is [registered](../registration.md); where it is empty, as much as the key that it stands in. `egp schema experiment` prints where the schema is that gives editors the same.
"""
_OF_A_POLICY = """\
# Every key of a policy

<!-- generated: python -m egp.cli.generate -->

What `egp.yaml` may say; [the policy](../policy.md) says how its parts work together. Under `rules` stands any rule with its severity and its options: the page of
[each rule](../rules/README.md) lists them, and the pages of the [gate's checks](../gate.md) theirs, for `gate`.
"""
_WHOLE = """\
## A whole plan of each type

Each passes `egp check` by `egp:standard` as it stands here, on the day on which it is registered.
"""


def key_references() -> dict[str, str]:
    """Path relative to the checkout → the page."""
    plan = [_OF_A_PLAN, *_tables(Experiment, {}, is_of_plan=True), _WHOLE, *_whole_plans()]
    further: dict[str, type[TypedMapping]] = {"defaults": PlanDefaults, "holdouts": HoldoutDefinition}
    policy = [_OF_A_POLICY, *_tables(PolicyFile, further, is_of_plan=False)]
    return {
        f"docs/reference/{name}.md": "\n".join(parts) for name, parts in (("plan", plan), ("policy", policy))
    }


def keys_of_results() -> str:
    """One table: the file has few keys, and those of a mapping stand below it."""
    return "\n".join(["| key | what it says | for example |", "|---|---|---|", *_rows_of(Results, ""), ""])


def _rows_of(shape: type[TypedMapping], before: str) -> Iterator[str]:
    for key, _, annotation, declared in shape.fields():
        yield f"| `{before}{key}` | {_said(declared, annotation)} | {_example(declared)} |"
        for inner in _mappings(annotation):
            yield from _rows_of(inner, f"{before}{key}[].")


def whole_plans() -> dict[str, str]:
    """Type of the experiment → the path of a whole plan of it, relative to the checkout."""
    (of_type,) = (declared[2] for declared in Experiment.fields() if declared[0] == "type")
    return {str(name): f"{PLANS}/{name}.yaml" for name in _literals(of_type)}


def _whole_plans() -> Iterator[str]:
    for name, path in whole_plans().items():
        text = read_regular(os.path.join(ROOT, path), MAX_BYTES).decode("utf-8")
        yield f"### `type: {name}`\n\n```yaml\n{text.rstrip()}\n```\n"


def _tables(
    top: type[TypedMapping], further: Mapping[str, type[TypedMapping]], *, is_of_plan: bool
) -> Iterator[str]:
    """A table for each mapping, the outermost first; ``further`` are those of keys that are read apart."""
    places: dict[type[TypedMapping], list[str]] = {top: [""]}
    waiting = [top]
    while waiting:
        shape = waiting.pop(0)
        for key, _, annotation, _ in shape.fields():
            for inner in (
                *_mappings(annotation),
                *([further[key]] if shape is top and key in further else []),
            ):
                if inner not in places:
                    places[inner] = []
                    waiting.append(inner)
                places[inner].append(f"{places[shape][0]}{key}{'[]' if _is_list(annotation) else ''}.")
    for shape, where in places.items():
        yield _table(shape, where, is_of_plan=is_of_plan)


def _table(shape: type[TypedMapping], where: list[str], *, is_of_plan: bool) -> str:
    named = [f"`{place.removesuffix('.')}`" for place in dict.fromkeys(where)]
    title = f"## {named[0]}\n" if where[0] else "## At the top\n"
    alike = f"Likewise {', '.join(named[1:])}.\n" if len(named) > 1 else ""
    columns = ["key", "what it says", "for example", *(["a change needs"] if is_of_plan else [])]
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    for key, _, annotation, declared in shape.fields():
        cells = [f"`{key}`", _said(declared, annotation), _example(declared)]
        lines.append(f"| {' | '.join([*cells, *([_weighs(shape, declared)] if is_of_plan else [])])} |")
    return "\n".join([title, *([alike] if alike else []), *lines, ""])


def _said(declared: Field, annotation: Any) -> str:
    words = [each for each in _literals(annotation) if isinstance(each, str)]
    one_of = f" One of {', '.join(f'`{word}`' for word in words)}." if len(words) > 1 else ""
    without = f" Without it: `{_written(declared.default)}`." if declared.default else ""
    return f"{declared.description}{one_of}{without}".replace("|", "\\|")


def _example(declared: Field) -> str:
    return f"`{_written(declared.examples[0])}`".replace("|", "\\|") if declared.examples else ""


def _written(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        else flow(value)
        if isinstance(value, (list, dict))
        else json.dumps(value, default=str)
    )


def _weighs(shape: type[TypedMapping], declared: Field) -> str:
    if declared.weight is None:
        return "" if shape is not Experiment else CHANGED["inferential"]
    return CHANGED[declared.weight]


def _members(annotation: Any) -> Iterator[Any]:
    """The types that an annotation is made of, itself first."""
    yield annotation
    for each in get_args(annotation):
        yield from _members(each)


def _mappings(annotation: Any) -> list[type[TypedMapping]]:
    return [
        each for each in _members(annotation) if isinstance(each, type) and issubclass(each, TypedMapping)
    ]


def _literals(annotation: Any) -> list[object]:
    return [
        each
        for each in _members(annotation)
        if not isinstance(each, type) and not get_args(each) and each is not ...
    ]


def _is_list(annotation: Any) -> bool:
    return any(get_origin(each) is tuple for each in _members(annotation))
