"""Hover and definitions: what egp recomputes from a number, what a key means, and where a thing is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.lsp.editor import POLICY, SOUND, Editor, editor, folder, write

__all__ = ["editor", "folder"]

UNADJUSTED = SOUND.replace(
    "  variance_reduction: {method: cuped, correlation: 0.5, pre_period: 28d,",
    "  x-variance_reduction: {method: cuped, correlation: 0.5, pre_period: 28d,",
).replace("sample_size_per_variant: 147_000", "sample_size_per_variant: 140_000")
CATALOGUE = """\
facts:
  events: {table: events, unit: user_id, at: at}
metrics:
  add_to_cart_rate: {label: Add-to-cart rate, kind: proportion, direction: increase, fact: events, worth: 1.10 USD, owner: "@pdp-ds"}
"""


def test_a_sample_says_what_it_finds_and_what_is_needed(editor: Editor, folder: Path) -> None:
    assert "x-variance_reduction" in UNADJUSTED
    plan = write(folder, "experiments/plan.yaml", UNADJUSTED)
    editor.open(plan)
    said = editor.hover(plan, "140_000")
    assert said.startswith("- 140,000 a variant finds 44.7 bps with 95 % power; 45 bps needs 137,716\n")
    assert "- 153,000 units come to the smallest variant in this run\n" in said
    assert said.endswith("`sample_size_per_variant` Units in the smallest variant at the readout.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("45bps", "12.00 % → 12.45 %: 45 bps, 3.75 % of the baseline"),
        ("50bps", "the declared sample finds it with 99.7 % power"),
        ("95%", "147,000 a variant finds 37.7 bps with 95 % power; 45 bps needs 103,287"),
        ("340_000", "14 days of exposure"),
    ],
)
def test_other_numbers_of_the_plan(editor: Editor, folder: Path, text: str, said: str) -> None:
    whole = SOUND.replace("quantile: 95%", "quantile: 0.95").replace("probability: 95%", "probability: 0.95")
    plan = write(folder, "experiments/plan.yaml", whole)
    editor.open(plan)
    assert said in editor.hover(plan, text)


def test_a_key_says_what_it_means(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    assert editor.hover(plan, "feature_flag:") == (
        "`feature_flag` The flag that switches the treatment.\n\n"
        "As in `feature_flag: pdp_buy_now`\n\n"
        "A change after registration is inferential: another flag switches another treatment."
    )


def test_a_key_of_the_policy_and_an_option_say_what_they_mean(editor: Editor, folder: Path) -> None:
    policy = folder / "egp.yaml"
    editor.open(policy, POLICY + "rules: {minimum-runtime: {days: 21, severity: error}}\n")
    assert editor.hover(policy, "plans") == (
        "`plans` Patterns of the plans, relative to this file.\n\nAs in `plans: [experiments/**/*.yaml]`"
    )
    assert editor.hover(policy, "days").startswith(
        "**days** of minimum-runtime\n\nconsecutive days at full exposure"
    )
    assert editor.hover(policy, "severity").startswith("**severity** of minimum-runtime\n\nHow heavily")


def test_a_rule_says_its_page_with_the_values_in_force(editor: Editor, folder: Path) -> None:
    policy = folder / "egp.yaml"
    editor.open(policy, POLICY + "rules: {minimum-runtime: {days: 21}}\n")
    page = editor.hover(policy, "minimum-runtime")
    assert page.startswith("## minimum-runtime")
    assert "| days | 21 | egp.yaml:3 |" in page


def test_a_rule_that_is_waived_says_its_page(editor: Editor, folder: Path) -> None:
    plan = write(
        folder, "experiments/plan.yaml", SOUND.replace("waivers: []", "waivers: [{rule: stage-dwell}]")
    )
    editor.open(plan)
    assert editor.hover(plan, "stage-dwell").startswith("## stage")


def test_a_metric_says_what_the_catalogue_knows(editor: Editor, folder: Path) -> None:
    write(folder, "metrics.yaml", CATALOGUE)
    write(folder, "egp.yaml", POLICY + 'metrics: ["metrics.yaml"]\n')
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    said = editor.hover(plan, "add_to_cart_rate")
    assert said.startswith(
        "**Add-to-cart rate** (proportion, increase, worth 1.10 USD a unit, of @\u200cpdp-ds)"
    )
    assert editor.defined(plan, "add_to_cart_rate") == [("metrics.yaml", 4)]


def test_a_policy_that_is_being_changed_goes_on_explaining(editor: Editor, folder: Path) -> None:
    policy, broken = folder / "egp.yaml", POLICY + "rules: {minimum-runtime: {days: }}\n"
    editor.open(policy)
    assert editor.retype(policy, broken)
    assert editor.hover(policy, "minimum-runtime").startswith("## minimum-runtime")


def test_above_a_break_the_text_goes_on_to_be_explained(editor: Editor, folder: Path) -> None:
    plan = write(folder, "experiments/plan.yaml", UNADJUSTED + "links: [half\n")
    [broken] = editor.open(plan)
    assert broken.code == "valid-yaml"
    assert "finds 44.7 bps with 95 % power; 45 bps needs 137,716" in editor.hover(plan, "140_000")
    assert editor.defined(plan, "to: control", 5)[0][0] == "plan.yaml"


@pytest.mark.parametrize("text", ["# a comment\n", "id: [", "- 1\n", "x-own: 1\n", "\ufeff# marked\n"])
def test_nothing_is_said_where_there_is_nothing_to_say(editor: Editor, folder: Path, text: str) -> None:
    plan = folder / "experiments" / "plan.yaml"
    editor.open(plan, text)
    assert editor.hover(plan, text) == ""
    assert editor.logged == []


def test_a_finding_leads_to_the_line_of_the_policy_that_requires_it(editor: Editor, folder: Path) -> None:
    write(folder, "egp.yaml", POLICY + "rules:\n  minimum-runtime: {days: 21}\n")
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    assert ("egp.yaml", 4) in editor.defined(plan, "end: 2023-02-05", 6)


def test_a_setting_leads_to_what_it_changes(editor: Editor, folder: Path) -> None:
    policy = folder / "egp.yaml"
    editor.open(policy, POLICY + "rules: {minimum-runtime: {days: 21}}\n")
    assert {file for file, _ in editor.defined(policy, "minimum-runtime")} == {"standard.yaml"}
    assert editor.defined(policy, "egp:standard") == [("standard.yaml", 1)]


def test_names_lead_to_what_they_name(editor: Editor, folder: Path) -> None:
    write(folder, "egp.yaml", POLICY + 'roles:\n  experimentation_lead: ["@xp-lead"]\n')
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    metric = next(at for at, each in enumerate(SOUND.split("\n"), 1) if "id: refund_rate" in each)
    assert editor.defined(plan, "metric: refund_rate", 9)[0] == ("plan.yaml", metric)
    control = next(at for at, each in enumerate(SOUND.split("\n"), 1) if "control: true" in each)
    assert editor.defined(plan, "to: control", 5)[0] == ("plan.yaml", control)
    assert editor.defined(plan, "role: experimentation_lead", 8)[0] == ("egp.yaml", 4)


MARKUP = [
    "![seen](https://example.com/p.png)",
    "[press](command:run)",
    "<img src=x>",
    "a\n\n# heading",
    "**bold** `code`",
]


@pytest.mark.parametrize("text", MARKUP)
@pytest.mark.parametrize("key", ["label", "description"])
def test_what_a_catalogue_says_is_no_markup(editor: Editor, folder: Path, key: str, text: str) -> None:
    """An editor would load the picture of whoever wrote it."""
    extra = json.dumps(text)
    catalogue = CATALOGUE.replace("label: Add-to-cart rate", f"{key}: {extra}")
    write(folder, "metrics.yaml", catalogue)
    write(folder, "egp.yaml", f"{POLICY}metrics: [metrics.yaml]\n")
    plan = write(folder, "experiments/plan.yaml", SOUND)
    editor.open(plan)
    said = editor.hover(plan, "add_to_cart_rate", 3)
    assert "worth 1.10 USD a unit" in said
    assert text not in said
    assert not re.search(r"(?<!\\)[<`\[]", said.split("`primary_metric")[0])


@pytest.mark.parametrize("target", ["../outside.yaml", "linked.yaml", "{outside}"])
def test_no_text_leads_to_a_file_outside_of_the_repository(editor: Editor, folder: Path, target: str) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text("rules: {}\n", encoding="utf-8")
    (folder / "linked.yaml").symlink_to(outside)
    target = target.format(outside=outside)
    policy = write(folder, "egp.yaml", f'extends: ["egp:standard", "{target}"]\n')
    editor.open(policy)
    assert editor.defined(policy, target, 1) == []
    assert [name for name, _ in editor.defined(policy, "egp:standard", 1)]
