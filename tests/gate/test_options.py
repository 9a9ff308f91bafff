"""Options of the gate's checks, set by a policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.policy.error import PolicyError
from egp.policy.layers import Origin
from egp.policy.reading import read_policy

from .calling import PLAN, call, gate


def write(folder: Path, text: str, name: str = "egp.yaml") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def add(repository: Path, text: str) -> None:
    with (repository / "egp.yaml").open("a") as policy:
        policy.write(text)


def told(text: str) -> str:
    return " ".join(text.split())


def test_a_shorter_silence_of_both_variants_holds_and_rolls_back_where_the_policy_says_so(
    repository: Path,
) -> None:
    """Units were last counted on 02-08, and it is eight in the morning of 02-09."""
    assert gate(repository, "stage-1", "--to", "90%").status == 0
    add(repository, "gate: {complete-data: {max_silence: 7h}}\n")
    answered = gate(repository, "stage-1", "--to", "90%")
    assert answered.status == 1
    assert "neither variant was heard of for 8 h" in told(answered.out)
    policy = repository / "egp.yaml"
    text = policy.read_text()
    options = "max_silence: 7h, blind_action: rollback"
    policy.write_text(text.replace("max_silence: 7h", options))
    assert gate(repository, "stage-1", "--to", "90%").status == 3
    policy.write_text(text.replace("max_silence: 7h", f"{options}, blind_after: {{70%: 12h}}"))
    assert gate(repository, "stage-1", "--to", "90%").status == 1


@pytest.mark.parametrize(
    ("setting", "reading"),
    [
        ("precision: {tolerance: 1%}", "fail precision"),
        ("novelty: {alpha: 45%}", "fail novelty"),
        ("stage-order: {readout_days: 1}", "fail stage-order"),
    ],
)
def test_every_option_is_heard(repository: Path, setting: str, reading: str) -> None:
    plan = repository / PLAN
    # Of 45 bps the sample finds 43.1: a smaller promise is one that it does not keep to the last percent.
    plan.write_text(plan.read_text().replace("mde: 45bps", "mde: 42bps"))
    add(repository, f"gate: {{{setting}}}\n")
    answered = gate(repository, "day-14", "--as-of", "2023-02-07T08:00:00-08:00")
    assert reading in told(answered.out)


def test_the_output_says_what_is_set_and_where(repository: Path) -> None:
    add(repository, "gate:\n  complete-data: {max_silence: 72h}\n")
    line = len((repository / "egp.yaml").read_text().splitlines())
    expected = f"the policy sets max_silence of complete-data to 3d (egp.yaml:{line})"
    assert expected in gate(repository, "stage-1", "--to", "90%").out
    summary = gate(repository, "stage-1", "--to", "90%", "--format", "markdown").out
    assert "max\\_silence" in summary


def test_what_is_extended_is_inherited_option_by_option(tmp_path: Path) -> None:
    write(
        tmp_path,
        'extends: ["egp:standard"]\ngate: {stage-order: {readout_days: 10}, novelty: {alpha: 1%}}\n',
        "company.yaml",
    )
    write(tmp_path, "extends: [company.yaml]\ngate: {novelty: {alpha: 2%}}\n")
    policy = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
    values = {(check, name): value for check, each in policy.gate.items() for name, value in each.items()}
    assert {key: value.value for key, value in values.items()} == {
        ("stage-order", "readout_days"): 10, ("novelty", "alpha"): 0.02,
    }  # fmt: skip
    assert values["stage-order", "readout_days"].origin[:2] == Origin("company.yaml", 2)[:2]
    assert values["novelty", "alpha"].origin[:2] == Origin("egp.yaml", 2)[:2]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        (
            "complete-date: {max_silence: 7h}",
            "the gate has no check `complete-date`, did you mean `complete-data`?",
        ),
        (
            "complete-data: {max_silense: 7h}",
            "complete-data has no option `max_silense`, did you mean `max_silence`?",
        ),
        ("complete-data: {max_silence: 7}", "max_silence"),
        (
            "complete-data: {max_silence: 0h}",
            "`max_silence` of complete-data is 0h, where more than 0 is meant",
        ),
        ("complete-data: 48h", "what is set of complete-data is no mapping"),
        ("complete-data:", "says nothing"),
        ("stage-order: {readout_days: 0}", "where at least 1 is meant"),
        ("registered: {days: 3}", "registered has no options"),
    ],
)
def test_a_mistake_keeps_gate_and_check_from_judging(repository: Path, setting: str, words: str) -> None:
    add(repository, f"gate:\n  {setting}\n")
    for answered in (gate(repository, "stage-1", "--to", "90%"), call(repository, "check", PLAN)):
        assert answered.status == 2
        assert words in told(answered.err + answered.out)
        assert "severity: off" not in answered.err + answered.out


def test_options_of_the_gate_hold_for_all_plans(tmp_path: Path) -> None:
    write(tmp_path, "gate: {novelty: {alpha: 2%}}\n", "lenient.yaml")
    write(
        tmp_path,
        'extends: ["egp:standard"]\noverrides: [{paths: ["experiments/a/*"], extends: [lenient.yaml]}]\n',
    )
    with pytest.raises(PolicyError, match="which cannot hold for some plans only"):
        read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")


def test_a_receipt_names_a_policy_that_was_changed(repository: Path) -> None:
    assert gate(repository, "stage-1", "--to", "90%", "--receipt", "receipt.json").status == 0
    add(repository, "gate: {complete-data: {max_silence: 7h}}\n")
    replayed = call(repository, "gate", "--replay", "receipt.json")
    assert replayed.status == 2
    assert "the verdict was proceed, and is hold (repair) now" in replayed.out
