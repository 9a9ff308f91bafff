"""Rules that come as a package: installed beside egp, named on the command line, and never the repository's own.

A plan's author can put a file into the repository under review, and must not make egp run it. So a package is loaded
only if it is named, and only from outside of that repository; what lies in the environment that egp itself is installed
in is as trusted as egp.
"""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from typing import TYPE_CHECKING

from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown
from egp.plan.typed_reader import nearest
from egp.rules.rule import Rule, index, rule_in
from egp.yaml.files import real_path

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

GROUP = "egp.rules"
"""Entry points whose value is a package, or a module, of rules."""


class PackageError(HelpfulError):
    """A package whose rules cannot be used."""


def rules_from(distributions: Sequence[str], under_review: Iterable[str]) -> dict[str, Rule]:
    """The rules of installed distributions by id. Raises PackageError.

    ``under_review`` are folders whose code is not to be run.
    """
    forbidden = [real_path(folder) for folder in under_review]
    rules: dict[str, Rule] = {}
    for name in dict.fromkeys(distributions):
        for rule in _rules_of(name, forbidden):
            if rule.id in index() or rule.id in rules:
                raise PackageError(
                    f"{name} has a rule {rule.id}, and there is one of this id already",
                    "ask its maintainers to name it after their organisation, as in acme-" + rule.id,
                )
            rules[rule.id] = rule
    return rules


def _rules_of(name: str, forbidden: Sequence[str]) -> Iterator[Rule]:
    distribution = _distribution(name)
    _check_place(name, str(distribution.locate_file("")), forbidden)
    points = [point for point in distribution.entry_points if point.group == GROUP]
    if not points:
        message = f"{name} brings no rules: it has no entry point of the group {GROUP}"
        raise PackageError(message, f"name a distribution with one; {_offered()}")
    for point in points:
        yield from _rules_at(name, point, forbidden)


def _distribution(name: str) -> Distribution:
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        guess = nearest(name, _offering())
        hint = f", did you mean {guess}?" if guess else ""
        raise PackageError(f"no distribution {shown(name)} is installed{hint}", _offered()) from None


def _offering() -> list[str]:
    """Installed distributions with rules."""
    from importlib.metadata import entry_points

    found = (point.dist.name for point in entry_points(group=GROUP) if point.dist is not None)
    return list(dict.fromkeys(found))


def _offered() -> str:
    names = _offering()
    return f"installed with rules: {', '.join(names)}" if names else "none with rules is installed beside egp"


def _check_place(name: str, path: str, forbidden: Sequence[str]) -> None:
    real = real_path(path)
    own = [real_path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")]
    if any(_is_within(real, folder) for folder in own):
        return
    if any(_is_within(real, folder) for folder in forbidden):
        message = f"{name} lies in the repository under review, and its code is not run"
        raise PackageError(message, "install it into egp's environment, and not as editable from here")


def _is_within(path: str, folder: str) -> bool:
    return os.path.commonpath([path, folder]) == folder


def _rules_at(name: str, point: EntryPoint, forbidden: Sequence[str]) -> Iterator[Rule]:
    spec = _spec(name, point.module, forbidden)
    folders = list(spec.submodule_search_locations or ())
    if not folders:
        stem = point.module.rpartition(".")[2]
        yield _loaded(name, point.module, stem, name)
    for folder in folders:
        yield from _in_folder(name, point.module, folder)


def _spec(name: str, module: str, forbidden: Sequence[str]) -> ModuleSpec:
    """Where a module lies; of the packages above it, each is checked before its code runs."""
    parts = module.split(".")
    for length in range(1, len(parts) + 1):
        found = find_spec(".".join(parts[:length]))
        if found is None:
            message = f"{name} names the rules {shown(module)}, which are not installed"
            raise PackageError(message, "ask its maintainers for a version that holds them")
        for path in (found.origin, *(found.submodule_search_locations or ())):
            if path and os.path.isabs(path):
                _check_place(name, path, forbidden)
    return found  # type: ignore[return-value]  # there is at least one part


def _in_folder(name: str, package: str, folder: str) -> Iterator[Rule]:
    """Rules that lie in a folder, or in folders of it, which are then families."""
    for entry in sorted(os.listdir(folder)):
        stem, ending = os.path.splitext(entry)
        path = os.path.join(folder, entry)
        if entry.startswith(("_", ".")):
            continue
        if ending == ".py":
            yield _loaded(name, f"{package}.{stem}", stem, name)
        elif os.path.isdir(path):
            for file in sorted(os.listdir(path)):
                inner, ending = os.path.splitext(file)
                if ending == ".py" and not file.startswith(("_", ".")):
                    yield _loaded(name, f"{package}.{entry}.{inner}", inner, entry.replace("_", "-"))


def _loaded(name: str, module: str, stem: str, family: str) -> Rule:
    try:
        rule = rule_in(import_module(module), stem.replace("_", "-"), family)
        if (rule.input_type == "Judgement") != (family == "waivers"):
            raise TypeError("rules of the family waivers, and no others, look at a Judgement")
        return rule
    except Exception as error:
        message = f"the rule {module} of {name} cannot be loaded ({type(error).__name__}: {error})"
        raise PackageError(
            message, "a rule's module has a page, `check` and its options; see egp/rules/rule.py"
        ) from error
