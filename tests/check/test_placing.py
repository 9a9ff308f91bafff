"""Where a finding stands in its file, what is shown of the line, and what is not repeated."""

from __future__ import annotations

from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from egp.check.placing import Placer, named_pointer, place_in
from egp.plan.finding import Diagnostic, Finding
from egp.policy.model import Adopted
from egp.rules.rule import Params
from egp.yaml import Path, read_text
from tests.check.workspace import PLAN, Workspace, where

TEXT = """\
id: buy-now
variants:
  - {id: control, weight: 50%}
  - {weight: 50%}
schedule: {start: 2023-01-23}
"""


@pytest.mark.parametrize(
    ("at", "pointer", "missing", "columns"),
    [
        (("id",), "/id", "", (1, 5, 12)),
        (("schedule", "start"), "/schedule/start", "", (5, 19, 29)),
        (("schedule", "end"), "/schedule", "end", (5, 1, 9)),
        (("schedule", "pauses", 0), "/schedule", "pauses", (5, 1, 9)),
        (("owner", "dri"), "", "owner", (1, 1, 3)),
        (("variants",), "/variants", "", (2, 1, 9)),
        (("variants", 1), "/variants/1", "", (4, 5, 18)),
        (("variants", 2), "/variants", "2", (2, 1, 9)),
    ],
)
def test_a_path_stands_where_it_is_written_or_at_the_mapping_that_lacks_it(
    at: Path, pointer: str, missing: str, columns: tuple[int, int, int]
) -> None:
    document = read_text(TEXT)[0]
    place, lacks = place_in(document, at)
    start, end = place.span
    assert (place.pointer, lacks, (start.line, start.column, end.column)) == (pointer, missing, columns)


@pytest.mark.parametrize(("on_key", "columns"), [(False, (5, 12)), (True, (1, 3))])
def test_a_finding_about_the_key_stands_there(on_key: bool, columns: tuple[int, int]) -> None:
    place, missing = place_in(read_text(TEXT)[0], ("id",), on_key)
    assert (place.span.start.column, place.span.end.column, missing) == (*columns, "")


@pytest.mark.parametrize(
    ("at", "named"),
    [
        (("variants", 0, "weight"), "/variants/control/weight"),
        (("variants", 1, "weight"), "/variants/1/weight"),
        (("variants", 2), "/variants/2"),
        (("variants", 2, "id"), "/variants/2/id"),
        (("schedule", "start"), "/schedule/start"),
        (("owner", "dri"), "/owner/dri"),
        ((), ""),
    ],
)
def test_items_are_named_by_their_id(at: Path, named: str) -> None:
    assert named_pointer(read_text(TEXT)[0], at) == named


def of_rule(workspace: Workspace, source: str, plan: str = PLAN) -> list[Diagnostic]:
    """What a rule's findings look like in the report."""
    workspace.rule("about-text", f"from egp.yaml import Position, Span\n{source}")
    workspace.write("egp.yaml", "rules: {about-text: {severity: warning}}\n")
    workspace.write("plan.yaml", plan)
    return workspace.report("plan.yaml").diagnostics


def test_the_fingerprint_is_of_rule_experiment_and_pointer_and_counts_what_repeats(
    workspace: Workspace,
) -> None:
    """Baselines and code scanning know findings by it: it is a contract."""
    source = "def check(plan: 'Experiment'):\n    yield from (Finding(('variants', 1, 'id'), name) for name in 'abc')\n"
    text = "about-text\nbuy-now\n/variants/buy_now/id"
    assert [each.fingerprint for each in of_rule(workspace, source)] == [
        sha256(repeated.encode()).hexdigest() for repeated in (text, f"{text}\n2", f"{text}\n3")
    ]


def test_a_plan_without_an_id_is_known_by_its_file_and_a_claim_about_text_by_its_words(
    workspace: Workspace,
) -> None:
    source = (
        "def check(document: 'Document'):\n    yield Finding(Span(Position(1, 1), Position(1, 3)), 'words')\n"
    )
    found = {each.rule: each for each in of_rule(workspace, source, PLAN.replace("id: buy-now\n", ""))}
    assert found["about-text"].fingerprint == sha256(b"about-text\nplan.yaml\nwords").hexdigest()
    assert found["about-text"].named is None


@pytest.mark.parametrize("flag", ["", "buy_now"])
def test_claims_about_the_text_of_a_flag_are_told_apart_by_their_words(flag: str) -> None:
    """Two claims about one flag are two findings, and each is known again when the other is gone."""
    rule: Any = SimpleNamespace(id="about-text")
    adopted = Adopted(rule, "warning", Params(), {})
    document = read_text(TEXT)[0]
    found = [
        Placer(document, "buy-now", lambda *_: None, flag=flag).diagnostic(
            adopted, Finding(document.span(("id",)), words)
        )
        for words in ("some", "others")
    ]
    assert [each.named for each in found] == [flag or None] * 2
    assert [each.fingerprint for each in found] == [
        sha256(f"about-text\nbuy-now\n{words}".encode()).hexdigest() for words in ("some", "others")
    ]


def test_a_claim_about_text_stands_in_the_plan_s_own_file_whoever_completes_it(workspace: Workspace) -> None:
    """So does one about what neither the plan nor the policy says; what the policy says stands there."""
    workspace.rule(
        "about-places",
        "from egp.yaml import Position, Span\n"
        "def check(plan_file: 'PlanFile'):\n"
        "    yield Finding(Span(Position(2, 1), Position(2, 5)), 'text')\n"
        "    yield Finding(('statistics', 'power'), 'default')\n"
        "    yield Finding(('statistics', 'alpha'), 'missing')\n",
    )
    workspace.write(
        "egp.yaml", "defaults: {statistics: {power: 90%}}\nrules: {about-places: {severity: warning}}\n"
    )
    workspace.write("plan.yaml", PLAN)
    places = {each.message: where(each) for each in workspace.report("plan.yaml").diagnostics}
    assert places == {"text": "plan.yaml:2:1", "default": "egp.yaml:1:32", "missing": "plan.yaml:1:1"}


SECRET = """\
def check(document: 'Document'):
    yield Finding(Span(Position(1, 5), Position(3, 4)), 'secret', secret=True)
    for line in (1, 2, 3, 4):
        yield Finding(Span(Position(line, 1), Position(line, 2)), f'line {line}')
"""


def test_a_secret_is_blotted_out_of_every_line_that_holds_it(workspace: Workspace) -> None:
    shown = {each.message: each.line for each in of_rule(workspace, SECRET)}
    assert shown == {
        "secret": "id: *******",
        "line 1": "id: *******",
        "line 2": "*****************",
        "line 3": "***iants:",
        "line 4": "  - {id: control, weight: 50%, control: true}",
    }


@pytest.mark.parametrize(
    ("at", "secret"), [("Span(Position(1, 5), Position(1, 12))", False), ("('id',)", True)]
)
def test_nothing_else_is_blotted_out(workspace: Workspace, at: str, secret: bool) -> None:
    """Not what a claim about text is about, unless it says that it is secret; a path has no text of its own to hide."""
    source = f"def check(document: 'Document'):\n    yield Finding({at}, 'claim', secret={secret})\n"
    assert [each.line for each in of_rule(workspace, source)] == ["id: buy-now"]


@pytest.mark.parametrize(
    ("end", "offered"),
    [
        ("Position(1, 12)", ["pdp"]),  # buy-now
        ("Position(1, 8)", ["pdp"]),  # buy
        ("Position(2, 1)", ["pdp"]),  # buy-now, and more
        ("Position(1, 5)", ["buy-now", "pdp"]),  # nothing
    ],
)
def test_a_remedy_that_would_repeat_a_secret_is_not_offered(
    workspace: Workspace, end: str, offered: list[str]
) -> None:
    source = (
        "from egp.plan.remedy import setting\n"
        "def check(document: 'Document'):\n"
        f"    yield Finding(Span(Position(1, 5), {end}), 'secret', secret=True)\n"
        "    yield Finding(('type',), 'claim', remedies=[setting(('layer',), 'buy-now'), setting(('layer',), 'pdp')])\n"
    )
    (claim,) = (each for each in of_rule(workspace, source) if each.message == "claim")
    assert [name for name in ("buy-now", "pdp") if name in str(claim.remedies)] == offered


@pytest.mark.parametrize(
    ("setting", "impossible", "shown"),
    [
        ("[{severity: warning}, {from: 2023-12-01, severity: error}]", False, ("warning", True)),
        ("[{severity: warning}, {from: 2023-12-01, severity: error}]", True, ("error", False)),
        ("[{severity: shadow}, {from: 2023-12-01, severity: error}]", False, ("info", True)),
        ("[{severity: shadow}, {from: 2023-12-01, severity: error}]", True, ("info", True)),
    ],
)
def test_what_is_an_error_already_becomes_none(
    workspace: Workspace, setting: str, impossible: bool, shown: tuple[str, bool]
) -> None:
    workspace.rule(
        "doubts",
        f"def check(plan: 'Experiment'):\n    yield Finding(('id',), 'no', impossible={impossible})\n",
    )
    workspace.write("egp.yaml", f"rules: {{doubts: {setting}, minimum-runtime: {{severity: info}}}}\n")
    workspace.write("plan.yaml", PLAN)
    report = workspace.report("plan.yaml")
    (found,) = (*report.diagnostics, *report.shadow)
    assert (found.severity, found.coming == "becomes an error on 2023-12-01") == shown
    assert found.impossible is impossible


@pytest.mark.parametrize(
    ("at", "column", "line"),
    [("Span(Position(2, 1), Position(2, 5))", 1, "type: superiority"), ("('id',)", 5, "id: other")],
)
def test_another_plan_s_place_is_one_of_its_file(
    workspace: Workspace, at: str, column: int, line: str
) -> None:
    workspace.rule(
        "beside",
        "from egp.yaml import Position, Span\n"
        "def check(portfolio: 'Portfolio'):\n"
        "    for each in portfolio.index.entries:\n"
        "        if each.id == 'other' and portfolio.plan.id != 'other':\n"
        f"            yield Finding(('id',), 'two', related=(Related({at}, 'that one', plan=each.path),))\n",
    )
    workspace.write("egp.yaml", "plans: ['*.yaml']\nrules: {beside: {severity: warning}}\n")
    workspace.write("a.yaml", PLAN)
    workspace.write("b.yaml", PLAN.replace("buy-now", "other"))
    (found,) = workspace.report("a.yaml").diagnostics
    (related,) = found.related
    assert (related.place.path, related.place.span.start.column, related.line) == ("b.yaml", column, line)
