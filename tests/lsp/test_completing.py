"""Completion: in texts that are broken where they are being written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lsp.editor import POLICY, SOUND, Editor, editor, folder, write

__all__ = ["editor", "folder"]

METRIC = "id: a\nprimary_metric:\n  id: x\n"


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (SOUND + "hold|\n", {"links", "analysis_unit"}),
        ("|", {"id", "title", "primary_metric"}),
        (METRIC + "  ki|\n", {"kind", "direction", "mde"}),
        (METRIC + "  |\n", {"kind", "direction", "mde"}),
        (METRIC + "  ki|nd: mean\n", {"kind", "direction"}),
        (METRIC + "  kind: |\n", {"proportion", "mean", "ratio", "quantile"}),
        (METRIC + "  kind: |\nholdout: {share: 10%}\n", {"proportion"}),
        ("id: a\nprimary_metric: {id: x, kind: pro|", {"proportion"}),
        ("id: a\nprimary_metric: {id: x, ki|", {"kind", "direction"}),
        ("id: a\nprimary_metric: {id: x, mde: 45|}\n", {"45bps", "45pp", "45%"}),
        ("id: a\nschedule: {start: |}\n", {"2023-01-23"}),
        ("id: a\nramp:\n  - |\n", {"treated", "min_dwell"}),
        ("id: a\nguardrail_metrics:\n  - id: r\n    |\n", {"kind", "non_inferiority_margin"}),
        ("id: a\nprimary_metric: {id: x}\nstop_rules:\n  - metric: |\n", {"x"}),
        ("id: a\nvariants: [{id: b, weight: 50%}]\nrollback: {to: |}\n", {"b"}),
        ("id: a\nsign_offs:\n  - role: |\n", {"experimentation_lead"}),
        ("id: a\nsign_offs:\n  - by: |\n", {'"@xp-lead"'}),
        ("id: a\nwaivers:\n  - rule: min|\n", {"minimum-runtime"}),
        ("id: a\nprimary_metric: {id: |}\n", {"add_to_cart_rate"}),
        ("id: a\npopulation: {of: |}\n", {"pdp_mobile"}),
    ],
)
def test_in_a_plan(editor: Editor, folder: Path, text: str, offered: set[str]) -> None:
    facts = (
        "facts: {events: {table: events, unit: user_id, at: at}}\npopulations: {pdp_mobile: {fact: events}}\n"
    )
    write(
        folder,
        "metrics.yaml",
        facts + "metrics: {add_to_cart_rate: {kind: proportion, direction: increase, fact: events}}\n",
    )
    roles = 'roles: {experimentation_lead: ["@xp-lead"]}\n'
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n' + roles)
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    assert offered <= editor.completions(plan, text).keys()


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        (POLICY + "tim|", {"timezone"}),
        (POLICY + "rules:\n  min|\n", {"minimum-runtime"}),
        (POLICY + "rules:\n  minimum-runtime: {da|}\n", {"days", "severity"}),
        (
            POLICY + "rules:\n  minimum-runtime: {severity: |}\n",
            {"error", "warning", "info", "shadow", "off"},
        ),
        (POLICY + "roles: {lead: ['@a']}\nwaivers: {approvers: [|]}\n", {"lead"}),
        ("extends: [|]\n", {"egp:standard", "egp:strict"}),
        (POLICY + "overrides:\n  - when: {ti|}\n", {"tier", "type"}),
    ],
)
def test_in_a_policy(editor: Editor, folder: Path, text: str, offered: set[str]) -> None:
    policy = folder / "egp.yaml"
    editor.open(policy, POLICY + "roles: {lead: ['@a']}\n")
    assert offered <= editor.completions(policy, text).keys()


def test_in_a_catalogue(editor: Editor, folder: Path) -> None:
    text = "facts:\n  events: {table: events, unit: user_id, at: at}\nmetrics:\n  refunds: {kind: mean, direction: decrease, fact: |}\n"
    catalogue = write(folder, "metrics.yaml", text.replace("|", "events"))
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n')
    editor.open(catalogue)
    assert "events" in editor.completions(catalogue, text)


def test_what_is_there_already_is_not_offered_again(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    assert "title" not in editor.completions(plan, SOUND + "ti|\n")


def test_a_key_is_written_with_its_colon_and_a_rule_with_its_severity(editor: Editor, folder: Path) -> None:
    policy = folder / "egp.yaml"
    editor.open(policy)
    assert editor.completions(policy, POLICY + "tim|")["timezone"] == "timezone: "
    offered = editor.completions(policy, POLICY + "rules:\n  min|\n")
    assert offered["minimum-runtime"] == "minimum-runtime: {severity: error}"
