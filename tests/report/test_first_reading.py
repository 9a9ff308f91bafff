"""Twenty messages that readers once stumbled over, as egp says them now: of each what it must say, and what it must not.

What the plan says, what the policy requires, what to change; one number a claim, and in it a share that people can picture.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from egp.cli.main import main

ROOT = Path(__file__).parents[2]
SAID = {
    "how often harmless launches are held": (
        "rejected/alpha-spending-not-allowed",
        (
            "too few units to clear all 3 guardrails: about 1 in 5 harmless launches would be held",
            "needs 80 %",
        ),
    ),
    "beside what is needed": ("rejected/ship-on-day-five", ("5 days; needs 14 days",)),
    "no early look": (
        "rejected/alpha-spending-not-allowed",
        ("the policy allows no early look, not even a corrected one", "read once, on 2023-02-06"),
    ),
    "the shortcut": (
        "rejected/mde-by-the-shortcut",
        (
            "a true effect of 24bps would be missed 49 % of the time",
            "which leaves power out",
            "set `mde: 43.6bps`",
        ),
    ),
    "a hair trigger": (
        "rejected/ml/hair-trigger",
        (
            "would roll back 48.0 % of harmless experiments (the policy allows 5 %)",
            "90 % certainty of any harm",
        ),
    ),
    "a lift that ships by luck": (
        "rejected/ml/ships-half-of-the-true-ones",
        ("a true effect of 1.8% would ship at most half of the time", "because of `min_lift: 1.8%`"),
    ),
    "days times visitors": (
        "rejected/days-times-daily-uniques",
        ("counts a user who comes back again and again", "set `distinct_over_run:` to the distinct users"),
    ),
    "three looks": (
        "rejected/three-looks",
        ("3 looks raise the false positive rate from 5 % to 10.6 % (about 1 in 9)",),
    ),
    "five segments": (
        "rejected/cherry-picked-segments",
        ("where nothing works, about 1 in 4 such experiments", "set `correction: holm`"),
    ),
    "no MDE": (
        "rejected/vague-metric",
        ("has no MDE, the smallest effect worth finding", "find 3.14% (12.00 % → 12.38 %)"),
    ),
    "no margin": (
        "rejected/guardrail-without-margin",
        ("no harm to cs_contacts, however large, would stop this launch", "add `non_inferiority_margin:`"),
    ),
    "no evidence": (
        "rejected/vague-stop-rule",
        ("refunds can fire on one noisy day", "add `probability: 95%`", "`for: 2d`"),
    ),
    "no decision rule": (
        "rejected/no-criteria",
        ("missing `decision_rule`: which result ships the change, and what happens otherwise?",),
    ),
    "what to copy": (
        "rejected/missing-guardrail",
        ("under `guardrail_metrics:`\n", "- {id: p95_page_load, kind: quantile"),
    ),
    "one way out a letter": (
        "rejected/sessions-for-users",
        ("help: a) set `analysis_unit: user`\n", "b) add under `statistics:`"),
    ),
    "somebody else": (
        "rejected/self-approval",
        ("@xp-lead approves the plan of their own experiment; someone else must",),
    ),
    "one error for one early day": (
        "experiments/ranking-model",
        (
            "after the day as of which it is judged (2023-01-18)",
            "judge it as of 2023-08-29 or later (`--as-of`)",
        ),
    ),
}
"""What the message is about → the example, and what is said of it."""


def report_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    main(["check", f"examples/{name}.yaml", "--policy=examples/egp.yaml", "--as-of=2023-01-18"])
    return capsys.readouterr().out


@pytest.mark.parametrize("about", SAID)
def test_a_message_is_understood_at_first_reading(
    about: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    name, parts = SAID[about]
    report = report_of(name, capsys)
    in_a_line = " ".join(report.split())
    for part in parts:
        assert part in report or part in in_a_line, report


def test_one_cause_is_one_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    assert report_of("experiments/ranking-model", capsys).count("error[") == 1


def test_data_that_are_missing_are_told_by_their_days_and_to_whom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    main(["status", "--results=examples/results", "--as-of=2023-02-07", "examples/experiments"])
    said = " ".join(capsys.readouterr().out.split())
    assert "@pdp-pm loads refund_rate of 2023-02-03 to 2023-02-05 again" in said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["chek"], "no command `chek`\n  help: did you mean `egp check`?"),
        (
            ["power", "--kind", "proportion", "--baseline", "12%"],
            "say how many units a variant has (--units)",
        ),
    ],
)
def test_what_egp_was_not_told(call: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with suppress(SystemExit):
        main(call)
    assert said in capsys.readouterr().err
