"""The layers of the house: every module has its place, and imports point down."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

import egp

PACKAGE = Path(egp.__file__).parent

LAYERS: tuple[tuple[str, ...], ...] = (
    (
        "egp",
        "egp.version",
        "egp.policy.shipped",
        "egp.check.processes",
        "egp.yaml.files",
        "egp.plan.names",
    ),
    (
        "egp.yaml.atomic",
        "egp.record.entry_files",
        "egp.yaml.flow",
        "egp.yaml",
        "egp.plan.quantity",
        "egp.stats",
    ),
    ("egp.yaml.claim", "egp.plan.wording", "egp.plan.typed_reader", "egp.yaml.edit"),
    ("egp.plan.experiment", "egp.plan.finding", "egp.plan.results"),
    ("egp.plan.analysis", "egp.lock", "egp.plan.digest"),
    ("egp.record.sources", "egp.record.waivers"),
    (
        "egp.rules.rule_inputs",
        "egp.plan.consistency",
        "egp.plan.dimensions",
        "egp.plan.meaning",
        "egp.record.changes",
    ),
    ("egp.rules.rule",),
    ("egp.rules", "egp.rules.custom", "egp.rules.gate_check"),
    ("egp.policy",),
    ("egp.policy.plan_files",),
    ("egp.policy.plan_history",),
    ("egp.policy.removed_plans",),
    ("egp.output.report",),
    ("egp.output.page",),
    ("egp.check",),
    ("egp.pages.rule_explained", "egp.gate", "egp.pages.history", "egp.advice.register", "egp.pages.power"),
    (
        "egp.pages.brief",
        "egp.pages.status",
        "egp.pages.memo",
        "egp.pages.policy_diff",
        "egp.pages.policy_show",
        "egp.pages.policy_test",
    ),
    (
        "egp.advice.amend",
        "egp.advice.archive",
        "egp.advice.baseline",
        "egp.advice.decide",
        "egp.advice.fix",
        "egp.record.migrate",
        "egp.advice.new",
        "egp.cli.completion",
        "egp.advice.waive",
    ),
    ("egp.cli.schemas",),
    ("egp.cli.generate",),
    ("egp.cli.commands",),
    ("egp.cli.main",),
    ("egp.__main__",),
)
"""From the ground up. A package stands for all of its modules; those of one layer do not know each other."""

HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}


def module_name(path: Path) -> str:
    parts = ("egp", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def member_of(module: str) -> str | None:
    """The entry of the list that the module belongs to."""
    top = ".".join(module.split(".")[:2])
    return top if top in HEIGHT else None


def absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that an import names, a relative one from the package it is in."""
    is_package = MODULES[module].name == "__init__.py"
    package = module if is_package else module.rpartition(".")[0]
    return resolve_name("." * node.level + (node.module or ""), package)


def imported(module: str, tree: ast.AST) -> Iterator[str]:
    """Modules of egp imported anywhere: inside functions and for type checkers alone, too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "egp")
        elif isinstance(node, ast.ImportFrom):
            source = absolute(module, node)
            if source.split(".")[0] == "egp":
                for alias in node.names:
                    full = f"{source}.{alias.name}"
                    yield full if full in MODULES else source


@cache
def edges() -> list[tuple[str, str]]:
    """(module, module it imports), for all modules."""
    return [
        (module, target)
        for module, path in MODULES.items()
        for target in imported(module, ast.parse(path.read_text(encoding="utf-8")))
    ]


def test_imports_count_wherever_they_stand() -> None:
    source = """
if TYPE_CHECKING:
    from egp.policy.model import Policy
def late():
    from egp.cli import main as cli
    from .quadrature import nodes
    import json
"""
    found = set(imported("egp.stats.looks", ast.parse(source)))
    assert found == {"egp.policy.model", "egp.cli.main", "egp.stats.quadrature"}


def test_every_module_has_a_layer() -> None:
    assert [module for module in MODULES if member_of(module) is None] == []


def test_every_layer_has_modules() -> None:
    assert [name for name in HEIGHT if name not in MODULES] == []


def test_imports_point_down() -> None:
    upward = [
        f"{module} imports {target}"
        for module, target in edges()
        if (here := member_of(module)) != (there := member_of(target))
        and (here is None or there is None or HEIGHT[there] >= HEIGHT[here])
    ]
    assert upward == []


def test_rules_do_not_know_each_other() -> None:
    crossing = [
        f"{module} imports {target}"
        for module, target in edges()
        if module.startswith("egp.rules.") and target.startswith("egp.rules")
    ]
    assert crossing == []


def test_nothing_but_the_loader_knows_a_rule_by_name() -> None:
    knowing = [f"{module} imports {target}" for module, target in edges() if target.startswith("egp.rules.")]
    assert knowing == []


@pytest.mark.parametrize("unseen", ["helpers", "utils", "common", "base", "manager"])
def test_no_module_is_a_drawer_for_anything(unseen: str) -> None:
    assert [module for module in MODULES if module.split(".")[-1] == unseen] == []


def imports_cycle(package: str) -> list[str]:
    """A cycle of imports between the modules of one package, as they are executed on import."""
    graph: dict[str, set[str]] = {}
    for module, path in MODULES.items():
        if module.startswith(f"{package}."):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            top = ast.Module(
                [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], []
            )
            graph[module] = {target for target in imported(module, top) if target.startswith(f"{package}.")}
    done: set[str] = set()

    def visit(module: str, trail: list[str]) -> list[str]:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module not in done:
            for target in sorted(graph.get(module, ())):
                found = visit(target, [*trail, module])
                if found:
                    return found
            done.add(module)
        return []

    return next((cycle for module in graph if (cycle := visit(module, []))), [])


@pytest.mark.parametrize(
    "package",
    [
        "egp.yaml",
        "egp.stats",
        "egp.policy",
        "egp.output.report",
        "egp.advice.fix",
        "egp.advice.new",
        "egp.gate",
        "egp.check",
        "egp.rules.custom",
        "egp.output.page",
        "egp.pages.brief",
        "egp.pages.memo",
    ],
)
def test_packages_have_no_cycles(package: str) -> None:
    assert imports_cycle(package) == []


def test_readme_names_every_layer() -> None:
    readme = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| layer | is |") : readme.index("**Adding a rule**")]
    named = {name.partition("/")[0] for name in re.findall(r"`([a-z_/<>.]+)`", table)}
    assert named == {name.removeprefix("egp.") for name in HEIGHT} - {"egp", "__main__"}
