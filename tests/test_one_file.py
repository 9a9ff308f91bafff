"""A rule is one file: nothing else in egp names it, and a new one with a cost, an option and plain words takes no other."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from egp.pages.brief.tripped import SAFETY
from egp.policy.shipped import ROOT
from egp.rules.gate_check import ORDER, checks
from egp.rules.rule import FAMILIES, index

PACKAGE = Path(ROOT, "egp")
GENERATED = {"rules/table.py", "rules/option_table.py", "policy/shipped_table.py"}
DECLARED = {"field", "key", "listed"}
"""Functions that declare a key of a file; what they are called with is its documentation, examples included."""


def _modules() -> list[Path]:
    left_out = GENERATED
    return [path for path in sorted(PACKAGE.rglob("*.py")) if str(path.relative_to(PACKAGE)) not in left_out]


def _rule_of(path: Path) -> str:
    """The id of the rule that a file is; empty for other files."""
    family, name = path.parts[-2:]
    is_rule = path.parts[-3] == "rules" and family in FAMILIES
    return name.removesuffix(".py").replace("_", "-") if is_rule else ""


def _named(path: Path) -> Iterator[str]:
    """Ids of other rules that stand in a module as texts of their own."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    allowed = set(_allowed(tree, is_rule=bool(_rule_of(path))))
    own = {_rule_of(path)} | (set(ORDER) if "gate" in path.stem or "gate" in path.parts else set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in index().keys() - own and node not in allowed:
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"


def _allowed(tree: ast.Module, *, is_rule: bool) -> Iterator[ast.AST]:
    """Examples of a key, and what a rule's findings yield to: to name the rule that knows more is what yielding is."""
    names = {"yields_to"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DECLARED:
            yield from ast.walk(node)
        if isinstance(node, ast.keyword) and node.arg == "yields_to" and is_rule:
            names |= {each.id for each in ast.walk(node.value) if isinstance(each, ast.Name)}
            yield from ast.walk(node.value)
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) and is_rule else []
        if names & {target.id for target in targets if isinstance(target, ast.Name)}:
            yield from ast.walk(node)


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_names_a_rule_but_its_own(path: Path) -> None:
    assert list(_named(path)) == []


def test_a_module_that_names_a_rule_is_found() -> None:
    for line in (
        'RULES = ("stage-dwell",)',
        'yields_to = "holdout-size"',
        'def f(): return {"power-floor": 1}',
    ):
        tree = ast.parse(line)
        found = [each for each in ast.walk(tree) if isinstance(each, ast.Constant)]
        allowed = set(_allowed(tree, is_rule=True))
        assert [each in allowed for each in found if each.value in index()] == [line.startswith("yields_to")]


RULE = '''"""A title is short.

Long titles are cut in every list of experiments. What is cut nobody reads.

Passes:

```yaml
title: Buy now
```

Fails at `/title` with `words: 1`, saying "2 words":

```yaml
title: Buy now
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.remedy import setting
from egp.plan.wording import counted
from egp.rules import rule

if TYPE_CHECKING:
    from egp.rules.exports import Broken


class Params(rule.Params):
    words: Annotated[int, "most words of a title", rule.Stricter("less"), rule.KnownAs("words_of_a_title")] = 4


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    words = need(plan.title, "title").split()
    if len(words) > params.words:
        short = " ".join(words[: params.words])
        yield Finding(
            ("title",),
            f"the title has {counted(len(words), 'word')}; the policy allows {params.words}",
            observed=counted(len(words), "word"),
            required=f"at most {params.words}",
            remedies=(setting(("title",), short),),
        )


ACTOR = "approvers"
CONTESTED = True


def costs(broken: Broken) -> Iterator[str]:
    more = len((broken.plan.title or "").split()) - broken.params.words
    yield f"Of this title {counted(more, 'word')} are never read."


def plain(params: Params, _: Experiment) -> str:
    return f"Its title has at most {counted(params.words, 'word')}."
'''


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of egp with one more file, after one command."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("egp", "policies", "schemas", "docs", "examples", "benchmarks"):
        shutil.copytree(Path(ROOT, name), root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(ROOT, "README.md"), root)
    (root / "egp/rules/governance/short_title.py").write_text(RULE, encoding="utf-8")
    ended = _run(root, "egp.cli.generate")
    assert ended.returncode == 0, ended.stderr
    (root / "egp.yaml").write_text(
        'extends: ["egp:standard"]\nrules: {short-title: {severity: error}}\n', encoding="utf-8"
    )
    return root


def _run(root: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


def _told(root: Path, *arguments: str) -> str:
    given = ("examples/experiments/pdp-buy-now.yaml", "--policy", "egp.yaml", "--as-of", "2023-01-18")
    return " ".join(_run(root, "egp", *arguments, *given).stdout.split())


def test_one_command_makes_all_that_is_generated_of_a_new_rule(checkout: Path) -> None:
    assert "'short-title'" in (checkout / "egp/rules/table.py").read_text(encoding="utf-8")
    assert "most words of a title" in (checkout / "egp/rules/option_table.py").read_text(encoding="utf-8")
    assert "short-title" in (checkout / "schemas/policy.schema.json").read_text(encoding="utf-8")
    assert "`words`" in (checkout / "docs/rules/short-title.md").read_text(encoding="utf-8")
    assert "(short-title.md)" in (checkout / "docs/rules/README.md").read_text(encoding="utf-8")


def test_the_check_judges_by_a_new_rule(checkout: Path) -> None:
    told = _told(checkout, "check")
    assert "error[short-title]: the title has 8 words; the policy allows 4" in told
    assert "help: set `title: Persistent Buy Now button`" in told


def test_the_memo_tells_the_cost_the_option_and_who_acts(checkout: Path) -> None:
    told = _told(checkout, "explain")
    assert "The approvers: 1 violation to resolve" in told
    assert "Of this title 4 words are never read." in told
    assert "title: Persistent Buy Now button" in told


def test_the_brief_tells_the_plain_words(checkout: Path) -> None:
    assert "Its title has at most 4 words." in _told(checkout, "brief")


def test_every_check_of_the_gate_says_in_plain_words_what_is_open() -> None:
    """Those that are about one metric name it, and have words of their own in the brief."""
    assert {each.id for each in checks() if not each.plain} == set(SAFETY)
