"""Findings in the editor: those of `egp check`, at their place, while somebody types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lsprotocol import types

from egp.cli.main import main
from tests.lsp.editor import AS_OF, POLICY, SHORT, SOUND, Editor, editor, folder, write

__all__ = ["editor", "folder"]

IN_THE_WAY = ("duplicate-id", "flag-reuse", "layer-traffic")
"""What a plan says of a copy of itself."""


def codes(found: list[types.Diagnostic]) -> list[str]:
    return [str(each.code) for each in found]


def test_a_finding_stands_where_egp_check_has_it(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    found = {str(each.code): each for each in editor.open(plan)}
    runtime = found["minimum-runtime"]
    assert runtime.severity == types.DiagnosticSeverity.Error
    assert runtime.message.startswith(
        "the plan runs 7 days at full exposure; the policy requires 14 (7 days; needs 14 days)\nhelp: "
    )
    assert editor.under(plan, runtime) == "2023-01-29"
    assert runtime.source == "egp"


def test_it_is_gone_once_the_text_is_right_and_nothing_was_saved(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    assert "minimum-runtime" in codes(editor.open(plan))
    assert editor.retype(plan, SOUND) == []
    assert plan.read_text() == SHORT


def test_a_broken_text_says_where_and_the_findings_are_back_with_the_bracket(
    editor: Editor, folder: Path
) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    before = editor.open(plan)
    [broken] = editor.retype(plan, SHORT.replace("exposure: 90%,", "exposure: {90%,"))
    assert broken.code == "valid-yaml"
    assert editor.retype(plan, SHORT) == before


def test_of_many_changes_only_the_last_is_judged(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    for length in range(0, len(SOUND), 50):
        editor.type(plan, SOUND[:length])
    assert "minimum-runtime" in codes(editor.retype(plan, SHORT))


@pytest.mark.parametrize("word", ["😀😀", "ключ", "e\u0301"])
def test_columns_are_those_of_utf_16(editor: Editor, folder: Path, word: str) -> None:
    text = SHORT.replace("schedule: {", f'schedule: {{"x-{word}": 1, ')
    plan = write(folder, "experiments/plan.yaml", text)
    runtime = next(each for each in editor.open(plan) if each.code == "minimum-runtime")
    assert editor.under(plan, runtime) == "2023-01-29"


def test_a_line_ends_where_editors_end_it(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", "# a\u2028# b\x85# c\n" + SHORT)
    runtime = next(each for each in editor.open(plan) if each.code == "minimum-runtime")
    assert editor.under(plan, runtime) == "2023-01-29"


def test_the_open_policy_stands_before_the_saved_one(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    assert editor.open(plan) == []
    assert editor.open(folder / "egp.yaml") == []
    editor.type(folder / "egp.yaml", POLICY + "rules: {minimum-runtime: {days: 21}}\n")
    editor.until(plan, "minimum-runtime")


def test_a_new_policy_judges_before_it_is_saved(editor: Editor, folder: Path) -> None:
    (folder / "egp.yaml").unlink()
    plan = write(folder, "experiments/plan.yaml", SOUND)
    assert editor.open(plan) == []
    editor.open(folder / "egp.yaml", POLICY + "rules: {minimum-runtime: {days: 21}}\n")
    editor.until(plan, "minimum-runtime")


def test_a_mistake_in_the_policy_is_shown_in_it_and_said_in_the_plan(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    [mistake] = editor.open(folder / "egp.yaml", POLICY + "rules: {minimum-runtme: {days: 21}}\n")
    assert mistake.message.startswith(
        "the policy is invalid: there is no rule `minimum-runtme`, did you mean `minimum-runtime`?"
    )
    assert editor.under(folder / "egp.yaml", mistake) == "minimum-runtme"
    [unjudged] = editor.until(plan, "could-not-judge")
    assert unjudged.message == "the policy cannot judge this plan: 1 error in egp.yaml"
    assert unjudged.related_information
    assert unjudged.related_information[0].location.uri == (folder / "egp.yaml").as_uri()
    editor.type(folder / "egp.yaml", POLICY)
    editor.until(plan)


def test_a_mistake_in_the_catalogue_is_shown_in_it(editor: Editor, folder: Path) -> None:
    catalogue = write(folder, "metrics.yaml", "facts: {events: {table: events, unit: user_id, at: at}}\n")
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n')
    assert editor.open(catalogue) == []
    text = catalogue.read_text() + "metrics: {refunds: {kind: proportion, direction: down, fact: events}}\n"
    [mistake] = editor.retype(catalogue, text)
    assert editor.under(catalogue, mistake) == "down"


def test_the_open_catalogue_stands_before_the_saved_one(editor: Editor, folder: Path) -> None:
    facts = "facts: {events: {table: events, unit: user_id, at: at}}\n"
    metric = "metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}\n"
    catalogue = write(folder, "metrics.yaml", facts + metric)
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n')
    plan = write(folder, "experiments/plan.yaml", SOUND)
    before = codes(editor.open(plan))
    editor.open(catalogue)
    editor.type(catalogue, facts + metric.replace("increase", "decrease"))
    editor.until(plan, *before, "catalogue-agreement")


def test_what_a_neighbour_says_without_being_saved_counts(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    other = write(folder, "experiments/other.yaml", SOUND.replace("id: sound-plan", "id: other"))
    editor.open(plan)
    editor.open(other)
    editor.type(other, SOUND)
    editor.until(plan, *IN_THE_WAY)


def test_what_a_neighbour_says_on_disk_counts_once_the_editor_hears_of_it(
    editor: Editor, folder: Path
) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    assert editor.open(plan) == []
    other = write(folder, "experiments/other.yaml", SOUND)
    event = types.FileEvent(other.as_uri(), types.FileChangeType.Created)
    editor.tell(types.WORKSPACE_DID_CHANGE_WATCHED_FILES, types.DidChangeWatchedFilesParams([event]))
    editor.until(plan, *IN_THE_WAY)


def test_what_was_not_saved_counts_no_more_once_it_is_closed(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    other = write(folder, "experiments/other.yaml", SOUND.replace("id: sound-plan", "id: other"))
    editor.open(plan)
    editor.open(other)
    editor.type(other, SOUND)
    editor.until(plan, *IN_THE_WAY)
    editor.close(other)
    editor.until(plan, "flag-reuse", "layer-traffic")


def test_each_root_has_its_policy(editor: Editor, folder: Path) -> None:
    roots = [folder / "one", folder / "two"]
    for root, days in zip(roots, (7, 14), strict=True):
        write(root, ".git/HEAD", "")
        write(root, "egp.yaml", POLICY + f"rules: {{minimum-runtime: {{days: {days}}}}}\n")
    editor.open_folder(*roots)
    found = [codes(editor.open(write(root, "experiments/plan.yaml", SHORT))) for root in roots]
    assert ["minimum-runtime" in each for each in found] == [False, True]


def test_a_policy_that_cannot_be_read_judges_nothing(folder: Path) -> None:
    started = Editor("--policy", "nowhere.yaml")
    try:
        started.open_folder(folder)
        [unjudged, why] = started.open(write(folder, "experiments/plan.yaml", SOUND))
        assert why.message.startswith("the policy cannot judge this plan")
        assert unjudged.message.startswith("cannot read the policy nowhere.yaml: No such file or directory")
    finally:
        started.end()


def test_a_waiver_is_judged_in_its_file(editor: Editor, folder: Path) -> None:
    write(folder, "egp.yaml", POLICY + "waivers: {approvers: [experimentation_lead]}\n")
    write(folder, "experiments/plan.yaml", SOUND)
    waivers = write(
        folder,
        "waivers.yaml",
        "waivers: [{rule: stage-dwell, experiment: sound-plan, reason: hurry, approver: '@a'}]\n",
    )
    assert "waiver-valid" in codes(editor.open(waivers))


def test_a_file_that_is_no_plan_is_left_alone(editor: Editor, folder: Path) -> None:
    workflow = write(folder, ".github/workflows/ci.yaml", "on: push\njobs: {}\n")
    assert editor.open(workflow) == []


def test_no_file_outside_of_the_open_folders_is_judged(editor: Editor, folder: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    outside = write(folder, "plan.yaml", SHORT)
    (inside / "link.yaml").symlink_to(outside)
    editor.open_folder(inside)
    editor._texts[outside.as_uri()] = 1, SHORT
    for file in (outside, inside / "link.yaml"):
        item = types.TextDocumentItem(file.as_uri(), types.LanguageKind.Yaml, 1, SHORT)
        editor.tell(types.TEXT_DOCUMENT_DID_OPEN, types.DidOpenTextDocumentParams(item))
    editor.open(write(inside, "own.yaml", SOUND))
    assert outside.as_uri() not in editor._said
    assert (inside / "link.yaml").as_uri() not in editor._said


def test_what_was_said_is_taken_back_when_a_file_is_closed(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    assert editor.open(plan)
    editor.close(plan)
    editor.until(plan)


SEVERITIES = {"error": 1, "warning": 2, "info": 3}
LINES = SOUND.splitlines(keepends=True)


@st.composite
def _typed(draw: st.DrawFn) -> str:
    """The sound plan, as somebody is about to change it: lines lost, moved or cut, words in their place."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["lose", "double", "cut", "digit", "word"]))
        line = lines[at]
        if what == "lose":
            lines[at] = ""
        elif what == "double":
            lines[at] = line + line
        elif what == "cut":
            lines[at] = line[: draw(st.integers(0, len(line)))] + "\n"
        elif what == "digit":
            lines[at] = "".join(draw(st.sampled_from("0123456789")) if c.isdigit() else c for c in line)
        else:
            lines[at] = line.rstrip("\n") + draw(st.sampled_from([" 😀", " # ü", "}", ": [", "%"])) + "\n"
    return "".join(lines)


@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=_typed())
def test_the_editor_finds_what_egp_check_finds(
    editor: Editor, folder: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """In any text that somebody is about to write, whatever lies on disk meanwhile, at the same places."""
    plan = write(folder, "experiments/plan.yaml", SOUND)
    write(folder, "experiments/other.yaml", SOUND.replace("id: sound-plan", "id: other"))
    editor.open(plan)
    shown = [
        (
            str(each.code),
            each.severity,
            said == "not checked" or editor.under(plan, each),
            each.message.split("\n")[0],
        )
        for each in editor.retype(plan, text)
        for said in [each.message.partition(":")[0]]
    ]
    editor.close(plan)
    plan.write_bytes(text.encode())
    monkeypatch.chdir(folder)
    assert shown == list(checked(plan.relative_to(folder), text))


def checked(plan: Path, text: str) -> Iterator[tuple[str, int, str | bool, str]]:
    """What `egp check` says of a file: rule, severity, the text that it underlines, and what it says."""
    main(["check", str(plan), "--format", "json", "--as-of", AS_OF, "-o", "report.json"])
    report, lines = json.loads(Path("report.json").read_text()), text.split("\n")
    for each in report["diagnostics"]:
        start, end = each["span"]["start"], each["span"]["end"]
        last = end["column"] - 1 if end["line"] == start["line"] else None
        beside = f"{each['observed']}; needs {each['required']}" if each["required"] else each["observed"]
        yield (
            each["rule"],
            SEVERITIES[each["severity"]],
            lines[start["line"] - 1][start["column"] - 1 : last],
            f"{each['message']} ({beside})" if beside else each["message"],
        )
    for each in report["not_checked"]:
        if not each["blocked_by"]:
            needs = f": needs {each['needs']}" if each["needs"] else ""
            yield each["rule"], SEVERITIES[each["severity"]], True, f"not checked{needs}"
