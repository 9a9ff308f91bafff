"""Options of rules, as policies set them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from egp.document import Path
from egp.quantity import shown
from egp.rule import Params, Rule, load
from egp.shape import PartReader, Problem, nearest, reader_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def declared_params(rule: Rule) -> dict[str, tuple[Any, str, object]]:
    """Name → (type, meaning, default) of every option of the rule."""
    found: dict[str, tuple[Any, str, object]] = {}
    for name, hint in get_type_hints(rule.params, include_extras=True).items():
        annotated = get_origin(hint) is Annotated
        of_type, meaning = get_args(hint)[:2] if annotated else (hint, "")
        found[name] = (of_type, meaning, getattr(rule.params, name))
    return found


@cache
def _readers(rule_id: str) -> dict[str, PartReader]:
    return {name: reader_of(hint) for name, hint in get_type_hints(load(rule_id).params).items()}


def read_params(rule: Rule, values: Mapping[str, object], path: Path, problems: list[Problem]) -> Params:
    """The rule's options with the given ones set; what does not fit is appended to ``problems``."""
    if not values:
        return rule.params()
    readers = _readers(rule.id)
    read: dict[str, object] = {}
    for name, value in values.items():
        if name not in readers:
            problems.append(_unknown_param(rule, name, path))
        else:
            read[name] = readers[name](value, (*path, name), problems)
    return rule.params(**read)


def _unknown_param(rule: Rule, name: str, path: Path) -> Problem:
    known = list(_readers(rule.id))
    guess = nearest(name, known)
    hint = f", did you mean `{guess}`?" if guess else ""
    options = f"options of {rule.id}: {', '.join(known)}" if known else f"{rule.id} has no options"
    return Problem((*path, name), "unknown-key", f"{rule.id} has no option `{shown(name)}`{hint}", options)
