"""No module of egp reads what egp wrote: sentences are rendered last, from data, and never understood again.

Whatever takes a text apart stands below with what it reads. A module that is new here is a failure: somebody looks at it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import egp

ROOT = Path(egp.__file__).parent

READING = frozenset((
    "startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition", "split", "rsplit", "splitlines",
))  # fmt: skip
"""Methods that take a text apart."""

TRIMMING = READING | {"strip", "lstrip", "rstrip", "find", "index", "count"}

SENTENCES = frozenset(
    ("help", "message", "required", "observed", "advice", "text", "phrase", "words", "label", "reason")
)
"""What egp calls the sentences that it writes."""

PATHS = "paths and names of files, or of policies that egp ships"
POINTERS = "pointers into a document, and keys"
STATED = "what a plan, a policy, results or a waiver says"
TYPED = "what somebody typed"
DIGEST = "a digest and its version"
LINES = "lines, columns and escapes: any text, of which nothing is understood"
PAGES = "a rule's page, which its author wrote in a form"
OTHERS = "what another program or library says"

ROOMS: Mapping[str, str] = {
    "cli/": TYPED,
    "record/": STATED,
    "rules/custom/": STATED,
    "yaml/": STATED,
}
"""Folders whose business it is to read."""

MODULES: Mapping[str, str] = {
    "advice/amend.py": TYPED,
    "advice/baseline.py": POINTERS,
    "advice/choices.py": TYPED,
    "advice/decide.py": TYPED,
    "advice/first_files.py": LINES,
    "advice/fix/files.py": LINES,
    "advice/new/questions.py": TYPED,
    "advice/new/files.py": PATHS,
    "advice/new/metrics.py": OTHERS,
    "advice/new/rule.py": TYPED,
    "advice/new/short.py": TYPED,
    "advice/new/stated.py": OTHERS,
    "advice/platform_rows.py": OTHERS,
    "advice/platforms/values.py": OTHERS,
    "advice/open_options.py": STATED,
    "advice/positions.py": TYPED,
    "advice/candidates.py": PATHS,
    "advice/register.py": DIGEST,
    "check/kept_facts.py": LINES,
    "check/processes.py": OTHERS,
    "gate/checks/registered.py": DIGEST,
    "gate/live.py": TYPED,
    "gate/moved.py": STATED,
    "gate/naming.py": STATED,
    "gate/requiring.py": LINES,
    "output/contract.py": POINTERS,
    "output/page/html.py": LINES,
    "output/page/markdown.py": LINES,
    "output/page/message.py": LINES,
    "output/page/unit_spacing.py": LINES,
    "output/page/text.py": LINES,
    "output/report/causes.py": POINTERS,
    "output/report/quoting.py": LINES,
    "output/report/rooted.py": PATHS,
    "output/report/sarif.py": LINES,
    "output/report/text.py": LINES,
    "pages/brief/drafts.py": STATED,
    "pages/brief/message.py": STATED,
    "pages/brief/positions.py": STATED,
    "pages/history/life.py": POINTERS,
    "pages/history/page.py": DIGEST,
    "pages/memo/violation.py": PATHS,
    "pages/policy_test/boundaries.py": PATHS,
    "pages/policy_test/reading.py": POINTERS,
    "pages/rules_shown/page.py": PAGES,
    "pages/rules_shown/settings.py": PATHS,
    "pages/site/calendar.py": LINES,
    "pages/status/evidence.py": PATHS,
    "pages/status/naming.py": STATED,
    "plan/sql.py": STATED,
    "plan/analysis/days.py": STATED,
    "plan/analysis/guardrail_lines.py": STATED,
    "plan/analysis/people.py": STATED,
    "plan/analysis/statements.py": STATED,
    "plan/digest.py": STATED,
    "plan/experiment.py": STATED,
    "plan/meaning.py": STATED,
    "plan/power/question.py": TYPED,
    "plan/quantity.py": STATED,
    "plan/spelling.py": STATED,
    "plan/typed_reader.py": POINTERS,
    "policy/defaults.py": STATED,
    "policy/metrics.py": PATHS,
    "policy/resolving.py": STATED,
    "policy/committed.py": PATHS,
    "policy/escapable.py": STATED,
    "policy/floor.py": PATHS,
    "policy/pattern.py": STATED,
    "policy/pins.py": DIGEST,
    "policy/plan_files.py": PATHS,
    "policy/plan_history.py": PATHS,
    "policy/meaning.py": STATED,
    "policy/reading.py": PATHS,
    "policy/removed_plans.py": STATED,
    "policy/rollout_files.py": PATHS,
    "policy/shipped.py": PATHS,
    "policy/territories.py": PATHS,
    "policy/tree.py": PATHS,
    "rules/document/ambiguous_quantity.py": STATED,
    "rules/document/inline_ignore.py": STATED,
    "rules/document/judgeable_design.py": STATED,
    "rules/document/open_key.py": STATED,
    "rules/document/valid_yaml.py": STATED,
    "rules/economics/expected_value.py": STATED,
    "rules/governance/feature_flag.py": STATED,
    "rules/governance/owner_named.py": STATED,
    "rules/integrity/locked_plan.py": POINTERS,
    "rules/metrics/business_primary.py": STATED,
    "rules/power/mde_declared.py": STATED,
    "rules/privacy/no_personal_data.py": STATED,
    "rules/rollback/rollback_comms.py": PATHS,
    "rules/rule.py": PAGES,
    "rules/served.py": STATED,
    "stats/__init__.py": POINTERS,
}
"""Modules that read, and what."""

ENDS = "the full stop at the end of a sentence, which comes to stand within another one"

SENTENCES_READ: Mapping[str, str] = {
    "cli/commands/waive.py": TYPED,
    "pages/memo/page.py": ENDS,
    "rules/custom/json_schema.py": OTHERS,
    "rules/document/valid_yaml.py": ENDS,
}
"""Modules that trim or match a sentence all the same, and why."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def reads(module: ast.Module) -> bool:
    """Whether a module takes any text apart."""
    return any(
        (isinstance(node, ast.Import) and any(each.name == "re" for each in node.names))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READING)
        for node in ast.walk(module)
    )


def test_whatever_takes_a_text_apart_is_known_with_what_it_reads() -> None:
    reading = {name for name, module in modules() if reads(module) and not name.startswith(tuple(ROOMS))}
    assert reading == set(MODULES), "a module that reads says what; one that does no more leaves the list"


def test_no_sentence_is_matched_or_taken_apart() -> None:
    assert {name for name, module in modules() if any(map(is_read, ast.walk(module)))} == set(SENTENCES_READ)


def is_read(node: ast.AST) -> bool:
    """Whether an expression reads a sentence of egp."""
    return _is_taken_apart(node) or _is_matched(node)


def _is_taken_apart(node: ast.AST) -> bool:
    """``finding.help.startswith(…)``, and the like."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in TRIMMING
        and isinstance(node.func.value, ast.Attribute)
        and node.func.value.attr in SENTENCES - {"text"}
    )


def _is_matched(node: ast.AST) -> bool:
    """``"open only if" in option.price``, ``one.message == other.message``, ``pattern.search(finding.help)``."""
    if isinstance(node, ast.Compare) and not isinstance(node.ops[0], (ast.Is, ast.IsNot)):
        sides = [node.left, *node.comparators]
        return any(isinstance(each, ast.Attribute) and each.attr in ("help", "message") for each in sides)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("search", "match", "fullmatch", "findall", "finditer", "sub")
        and any(isinstance(each, ast.Attribute) and each.attr in SENTENCES - {"text"} for each in node.args)
    )


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("finding.help.startswith('set')", True),
        ("'measured' in option.message", True),
        ("one.message == other.message", True),
        ("pattern.search(diagnostic.help)", True),
        ("diagnostic.required.removeprefix('at most ')", True),
        ("each.name.startswith('x')", False),
        ("said = each.help", False),
        ("item.message is None", False),
    ],
)
def test_what_reads_a_sentence_is_found(line: str, read: bool) -> None:
    assert any(map(is_read, ast.walk(ast.parse(line)))) == read
