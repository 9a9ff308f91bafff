"""What the editor changes for somebody: options that comply with their price, a waiver to be approved, another name for an id."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from egp.cli.main import main
from tests.lsp.editor import AS_OF, POLICY, SHORT, SOUND, Editor, editor, folder, write

__all__ = ["editor", "folder"]

LEAD = "roles: {experimentation_lead: ['@xp-lead']}\nwaivers: {approvers: [experimentation_lead]}\n"
WAIVABLE = POLICY + LEAD + "rules: {minimum-runtime: {severity: error, waivable: true}}\n"


def test_an_option_is_named_with_its_price_and_complies_once_it_is_chosen(
    editor: Editor, folder: Path
) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    editor.open(plan)
    first = editor.actions(plan, "2023-01-29")[0]
    assert first.title == (
        "schedule.end: 2023-01-29 → 2023-02-05 and statistics.looks: [2023-01-30] → [2023-02-06] "
        "(the readout is 7 days later)"
    )
    assert first.edit is None
    assert editor.choose(plan, first) == SOUND
    assert editor.retype(plan, SOUND) == []


def test_nothing_is_solved_until_somebody_opens_the_menu_or_chooses(editor: Editor, folder: Path) -> None:
    """An editor asks at each move of the cursor whether there is a way out."""
    plan = write(folder, "experiments/plan.yaml", SHORT)
    editor.open(plan)
    automatic = types.CodeActionTriggerKind.Automatic
    titles = [each.title for each in editor.actions(plan, "2023-01-29", automatic)]
    assert titles == ["the cheapest change that complies with minimum-runtime"]
    [unsolved] = editor.actions(plan, "2023-01-29", automatic)
    assert editor.choose(plan, unsolved) == SOUND
    assert "7 days later" in editor.actions(plan, "2023-01-29", automatic)[0].title


def test_an_editor_that_resolves_nothing_gets_the_edit_with_the_menu(folder: Path) -> None:
    old = Editor("--as-of", AS_OF, resolves=False)
    try:
        old.open_folder(folder)
        plan = write(folder, "experiments/plan.yaml", SHORT)
        old.open(plan)
        edit = old.actions(plan, "2023-01-29")[0].edit
        assert edit
        assert old.edited(edit)[plan.as_uri()] == SOUND
    finally:
        old.end()


def test_slips_are_repaired_all_at_once(editor: Editor, folder: Path) -> None:
    slipped = SOUND.replace("alpha: 5%", "alpha: 5").replace("surfaces: [pdp.mobile]", "surfaces: pdp.mobile")
    plan = write(folder, "experiments/plan.yaml", slipped)
    editor.open(plan)
    [all_slips] = editor.actions(plan, "  alpha: 5\n", only=["source.fixAll"])
    assert editor.choose(plan, all_slips) == SOUND


def test_a_repair_that_can_mean_one_thing_only_is_preferred(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND.replace("alpha: 5%", "alpha: 5"))
    editor.open(plan)
    assert editor.actions(plan, "  alpha: 5\n")[0].is_preferred


def test_a_waiver_leaves_approver_and_reason_to_people(editor: Editor, folder: Path) -> None:
    write(folder, "egp.yaml", WAIVABLE)
    plan = write(folder, "experiments/plan.yaml", SHORT)
    before = {each.code for each in editor.open(plan)}
    waiver = next(
        each for each in editor.actions(plan, "2023-01-29") if each.title.startswith("write a waiver")
    )
    text = editor.choose(plan, waiver)
    assert (
        'waivers:\n  - {rule: minimum-runtime, reason: "", ticket: "", approver: "", role: experimentation_lead'
        in text
    )
    assert {each.code for each in editor.retype(plan, text)} == before | {"waiver-valid"}
    approved = (
        text.replace('reason: ""', "reason: a partner's launch")
        .replace('approver: ""', 'approver: "@xp-lead"')
        .replace('ticket: ""', "ticket: PDP-1")
    )
    waived = next(each for each in editor.retype(plan, approved) if each.code == "minimum-runtime")
    assert waived.severity == types.DiagnosticSeverity.Hint
    assert "waiver of @xp-lead" in waived.message


def test_no_waiver_is_offered_where_nobody_may_waive(editor: Editor, folder: Path) -> None:
    write(folder, "egp.yaml", POLICY + LEAD)
    plan = write(folder, "experiments/plan.yaml", SHORT)
    editor.open(plan)
    assert not [each for each in editor.actions(plan, "2023-01-29") if "waiver" in each.title]


def test_an_action_of_a_text_that_has_changed_does_nothing(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SHORT)
    editor.open(plan)
    first = editor.actions(plan, "2023-01-29")[0]
    editor.retype(plan, SOUND)
    resolved = editor.ask(types.CODE_ACTION_RESOLVE, first)
    assert resolved.edit is None
    assert resolved.disabled


def test_a_metric_of_the_plan_is_renamed_with_its_stop_rule(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    renamed = editor.rename(plan, "metric: refund_rate", "refunds", 9)["plan.yaml"]
    assert renamed == SOUND.replace("id: refund_rate", "id: refunds").replace(
        "metric: refund_rate", "metric: refunds"
    )


def test_an_experiment_is_renamed_with_its_waiver(editor: Editor, folder: Path) -> None:
    write(folder, "waivers.yaml", "waivers: [{rule: stage-dwell, experiment: sound-plan}]\n")
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    renamed = editor.rename(plan, "sound-plan", "buy-now")
    assert renamed["plan.yaml"] == SOUND.replace("sound-plan", "buy-now")
    assert renamed["waivers.yaml"] == "waivers: [{rule: stage-dwell, experiment: buy-now}]\n"


@pytest.fixture
def catalogue(folder: Path) -> Path:
    facts = "facts: {events: {table: events, unit: user_id, at: at}}\n"
    metric = "metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}\n"
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n')
    return write(folder, "metrics.yaml", facts + metric)


def test_a_metric_of_the_catalogue_is_renamed_in_all_plans(
    editor: Editor, folder: Path, catalogue: Path
) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(catalogue)
    renamed = editor.rename(catalogue, "add_to_cart_rate", "carts")
    assert renamed["plan.yaml"] == SOUND.replace("id: add_to_cart_rate", "id: carts")
    assert "metrics: {carts: {kind" in renamed["metrics.yaml"]
    editor.open(plan)
    with pytest.raises(JsonRpcException, match=r"a metric of the catalogue; rename it in metrics\.yaml"):
        editor.rename(plan, "id: add_to_cart_rate", "carts", 6)


@pytest.mark.parametrize("at", ["sound-plan", "id: buy_now,", "id: refund_rate"])
def test_what_is_registered_keeps_its_ids(
    editor: Editor, folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    plan = registered(folder, monkeypatch)
    editor.open(plan)
    with pytest.raises(JsonRpcException, match="sound-plan is registered, and its ids with it"):
        editor.rename(plan, at, "another", 5 if at.startswith("id: ") else 0)


def test_a_metric_of_the_catalogue_that_is_registered_keeps_its_name(
    editor: Editor, folder: Path, catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(folder, monkeypatch)
    editor.open(catalogue)
    with pytest.raises(
        JsonRpcException, match="sound-plan is registered with this metric: it keeps its name"
    ):
        editor.rename(catalogue, "add_to_cart_rate", "carts")


def registered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    plan = write(folder, "experiments/plan.yaml", SOUND)
    monkeypatch.chdir(folder)
    assert main(["register", str(plan), "--as-of", "2023-01-17"]) == 0
    return plan


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ("cs_contacts", "there is a metric cs_contacts already"),
        (" ", "cannot be an id"),
        ("a\u200bb", "cannot be an id"),
    ],
)
def test_a_name_that_is_taken_or_none_is_refused(editor: Editor, folder: Path, new: str, why: str) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    with pytest.raises(JsonRpcException, match=why):
        editor.rename(plan, "metric: refund_rate", new, 9)
