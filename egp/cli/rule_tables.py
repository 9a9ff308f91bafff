"""The tables of what is known of a rule without importing it, from the rules' modules.

Imports neither table: a rule that is new, or whose module is missing, must not keep them from being written.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from types import NoneType
from typing import Any

from egp import rules
from egp.rules.options import Params, RuleOption, declared_options, known_names
from egp.rules.rule import FAMILIES, Rule, rule_in
from egp.stats.hints import Literal, get_args, get_origin

_HEAD = "Generated from the rules' modules by `python -m egp.cli.generate`."


def rule_tables() -> dict[str, str]:
    """Path of each table → its text."""
    shipped = list(_shipped_rules())
    return {"egp/rules/table.py": _rules(shipped), "egp/rules/option_table.py": _options(shipped)}


def _shipped_rules() -> Iterator[Rule]:
    """The rules whose files lie in the folders of families, in running order."""
    folder = os.path.dirname(rules.__file__)
    for family in FAMILIES:
        for name in sorted(os.listdir(os.path.join(folder, family))):
            stem, ending = os.path.splitext(name)
            if ending == ".py" and stem != "__init__":
                module = import_module(f"egp.rules.{family}.{stem}")
                yield rule_in(module, stem.replace("_", "-"), family)


def _rules(shipped: list[Rule]) -> str:
    known: dict[str, tuple[str, str]] = {}
    for rule in shipped:
        for name, option in known_names(_params(rule)):
            if name in known:
                raise ValueError(f"options of {known[name][0]} and {rule.id} are both known as {name}")
            known[name] = (rule.id, option)
    rows = [
        f"    {rule.id!r}: ({rule.family!r}, {rule.input_type!r}, {rule.takes}, {_names(rule.yields_to)}, "
        f"{_written(rule.defaults)}, {rule.needs!r}),"
        for rule in shipped
    ]
    return _module(
        "What is known of every rule without its module: what reading a policy and choosing the rules of a plan takes.",
        [
            "RULES: dict[str, tuple[str, str, int, frozenset[str], dict[str, object], tuple[str, ...]]] = {",
            *rows,
            "}",
            '"""Rule → family, what it looks at, how many arguments it takes, what it yields to, options by default, what it needs."""',
            "",
            "KNOWN_AS: dict[str, tuple[str, str]] = {",
            *(f"    {name!r}: {place!r}," for name, place in known.items()),
            "}",
            '"""Name by which an option is requested → its rule, and the option."""',
            "",
            f"ALWAYS_REJECTING = {_exporting(shipped, 'ALWAYS_REJECTS')}",
            '"""Rules that are errors under every policy, and not waivable."""',
            "",
            f"WAIVED_IN_EMERGENCY = {_exporting(shipped, 'IS_WAIVED_IN_EMERGENCY')[0]!r}",
            '"""The rule that is waived where a stage is raised without the gate."""',
            "",
            f"OF_ANOTHER_KIND = {_exporting(shipped, 'of_another_kind')[0]!r}",
            '"""The rule that speaks of a file that is no plan."""',
        ],
    )


def _exporting(shipped: list[Rule], name: str) -> tuple[str, ...]:
    return tuple(rule.id for rule in shipped if rule.exported(name))


def _params(rule: Rule) -> type[Params]:
    params: type[Params] = getattr(rule.body, "Params", Params)
    return params


def _options(shipped: list[Rule]) -> str:
    lines = ["OPTIONS: dict[str, dict[str, RuleOption]] = {"]
    for rule in shipped:
        options = declared_options(_params(rule))
        if options:
            lines += [
                f"    {rule.id!r}: {{",
                *(f"        {name!r}: {_option(each)}," for name, each in options.items()),
                "    },",
            ]
    lines += ["}", '"""Rule → option → what a policy may set it to."""']
    return _module(
        "What policies may set of every rule, known without its module.",
        lines,
        "from egp.rules.options import Bound, RuleOption",
    )


def _option(option: RuleOption) -> str:
    bound = f"Bound({option.bound.least!r}, {option.bound.is_allowed})" if option.bound else None
    fields = f"{_type(option.of_type)}, {option.meaning!r}, {_written(option.default)}, {bound}, {option.stricter!r}"
    return f"RuleOption({fields}{', True' if option.of_gate else ''})"


_IMPORTS = {
    "timedelta(": "from datetime import timedelta",
    "timedelta,": "from datetime import timedelta",
    "Literal[": "from egp.stats.hints import Literal",
    "Share": "from egp.plan.quantity import Share",
    "MetricChange": "from egp.plan.quantity import MetricChange",
    "Measure(": "from egp.plan.quantity import Measure",
    "Money": "from egp.plan.typed_reader import Money",
}
"""What stands in a table → what it takes."""


def _module(doc: str, lines: list[str], *imports: str) -> str:
    body = "\n".join(lines)
    needed = {line for text, line in _IMPORTS.items() if text in body}.union(imports)
    standard, own = (
        sorted(line for line in needed if line.startswith("from egp") is is_own) for is_own in (False, True)
    )
    parts = [
        f'"""{doc}"""',
        f"# {_HEAD}\n# fmt: off",
        "\n".join(_merged(standard)),
        "\n".join(_merged(own)),
        body,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _merged(lines: list[str]) -> Iterator[str]:
    """Imports from one module in one line."""
    names: dict[str, list[str]] = {}
    for line in lines:
        module, _, name = line.removeprefix("from ").partition(" import ")
        names.setdefault(module, []).extend(name.split(", "))
    for module, imported in sorted(names.items()):
        yield f"from {module} import {', '.join(sorted(imported))}"


def _names(names: frozenset[str]) -> str:
    return f"frozenset({{{', '.join(map(repr, sorted(names)))}}})" if names else "frozenset()"


def _type(of_type: Any) -> str:
    """A type as Python writes it."""
    origin, members = get_origin(of_type), get_args(of_type)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, members))}]"
    if origin in (tuple, dict):
        return f"{origin.__name__}[{', '.join('...' if each is ... else _type(each) for each in members)}]"
    if members:
        return " | ".join(map(_type, members))
    return "None" if of_type is NoneType else str(of_type.__name__)


def _written(value: object) -> str:
    """A value as Python writes it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(key)}: {_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, tuple) and type(value) is tuple:
        return f"({', '.join(map(_written, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, timedelta):
        return f"timedelta({', '.join(f'{name}={amount}' for name in ('days', 'seconds') if (amount := getattr(value, name)))})"
    return repr(value)
