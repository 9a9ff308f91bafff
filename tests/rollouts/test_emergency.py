"""A raise that does not wait for the gate is a waiver with an approver and a last day, and every page shows it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from tests.gate.calling import Call
from tests.rollouts.test_gate_changes import PLAN, READOUT, STAGE_1, Shop, flag, the_move

AT = "2023-02-01T09:00:00-08:00"
RAISE = ("enter", PLAN, "--to", "70%", "--emergency", "--as-of", AT)
APPROVED = (
    "--reason", "the old page is down", "--ticket", "XP-40", "--approver", "@xp-lead", "--role", "experimentation_lead",
    "--expires", "2023-02-08",
)  # fmt: skip
WORDS = "70 % was entered in an emergency on 2023-02-01 (the old page is down), approved by @xp-lead until 2023-02-08"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose flag was raised in an emergency, which the base knows."""
    made = Shop(tmp_path)
    made.git("checkout", "-q", "main")
    done = made.egp(*RAISE, *APPROVED)
    assert done.status == 0, done.err
    made.take("day-14", made.folder / "results")
    made.commit()
    made.git("checkout", "-q", "-b", "later")
    return made


def said(call: Call) -> str:
    return " ".join(call.out.split())


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--approver", "@marketing", "does not hold the role"),
        ("--approver", "@pdp-pm", "does not hold the role"),
        ("--role", "product", "may not approve waivers"),
        ("--reason", "", "it gives no reason"),
        ("--ticket", "", "it names no ticket"),
        ("--expires", "2023-06-01", "the policy allows"),
        ("--expires", "2023-01-31", "it expires before"),
    ],
)
def test_what_nobody_may_approve_is_not_written(tmp_path: Path, option: str, value: str, why: str) -> None:
    made = Shop(tmp_path)
    approval = dict(zip(APPROVED[::2], APPROVED[1::2], strict=True)) | {option: value}
    done = made.egp(*RAISE, *(word for pair in approval.items() for word in pair))
    assert (done.status, why in done.err) == (2, True), done.err
    assert not (made.folder / "egp.ledger.d").exists()


def test_a_branch_may_raise_to_it_and_is_told_so_until_the_last_day(shop: Shop) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged("2023-02-02T08:00:00-08:00", results=False)
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (0, "waived")
    assert WORDS in str(move["reasons"])
    assert shop.judged("2023-02-09T08:00:00-08:00", results=False).status == 2, "then it takes results"


def test_it_opens_no_further_stage(shop: Shop) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(90))
    answered = shop.judged(READOUT, results=False)
    assert answered.status == 2
    told = shop.egp("gate", PLAN, "--to", "90%", "--results", "results/day-14.yaml", "--as-of", READOUT)
    assert (told.status, "no gate has judged it" in said(told)) == (1, True)


def test_a_branch_cannot_declare_its_own_emergency(tmp_path: Path) -> None:
    made = Shop(tmp_path)
    assert made.egp(*RAISE, *APPROVED).status == 0
    made.write("flags/pdp.flagd.yaml", flag(70))
    answered = made.judged("2023-02-02T08:00:00-08:00", results=False)
    assert (answered.status, the_move(answered)["outcome"]) == (1, "refused")


@pytest.mark.parametrize(
    "command",
    [
        ("gate", PLAN, "--monitor", "--results", "results/day-14.yaml"),
        ("brief", PLAN, "--results", "results/day-14.yaml"),
        ("status", "--results", "results"),
        ("explain", PLAN),
        ("check",),
    ],
)
def test_every_page_shows_it_and_afterwards_that_it_is_over(shop: Shop, command: tuple[str, ...]) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(70))
    days = ("2023-02-07", "2023-02-09") if command[0] in ("check", "explain") else (READOUT, STAGE_1)
    form = ("--format", "text") if command[0] in ("brief", "status", "explain") else ()
    holds = shop.egp(*command, *form, "--as-of", days[0])
    assert f"{WORDS}; no gate has judged it" in said(holds), holds.out + holds.err
    over = shop.egp(*command, *form, "--as-of", days[1])
    assert "which is over, and no gate has judged it" in said(over), over.out + over.err
    if command == ("check",):
        assert (holds.status, over.status) == (0, 1)


PAGES: dict[tuple[str, ...], tuple[str, ...]] = {
    ("gate", PLAN, "--monitor", "--results", "results/day-14.yaml"): ("text", "json", "markdown", "github", "slack", "teams"),
    ("gate", "--base", "main"): ("text", "json", "markdown", "github"),
    ("brief", PLAN, "--results", "results/day-14.yaml"): ("text", "json", "markdown", "html", "slack", "teams"),
    ("status", "--results", "results"): ("text", "json", "markdown", "html", "slack", "teams"),
    ("explain", PLAN): ("text", "markdown", "html", "slack", "teams"),
    ("explain", PLAN, "target-below-mde"): ("text", "markdown", "html", "slack", "teams"),
    ("explain", PLAN, "--if-stopped", "2023-02-01"): ("text", "markdown", "html", "slack", "teams"),
    ("explain", PLAN, "--if-shortened", "7d"): ("text", "html"),
    ("check", PLAN): ("text", "json", "markdown", "github", "sarif", "junit", "slack", "teams"),
    ("history", PLAN): ("text", "json"),
}  # fmt: skip


@pytest.mark.parametrize("command", PAGES, ids=" ".join)
def test_every_page_in_every_format_says_who_approved_it_and_until_when(
    shop: Shop, command: tuple[str, ...]
) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(70))
    day = READOUT if command[0] in ("gate", "brief", "status") else "2023-02-07"
    when = () if command[0] == "history" else ("--as-of", day)
    for form in PAGES[command]:
        shown = shop.egp(*command, "--format", form, *when)
        assert re.search("(?s)the old page is down.*xp-lead.*2023-02-08", shown.out), (form, shown)


@pytest.mark.parametrize("as_of", ["2023-01-20", "2023-02-02T08:00:00-08:00", READOUT, STAGE_1])
def test_the_brief_shows_it_at_each_of_its_moments(shop: Shop, as_of: str) -> None:
    told = shop.egp("brief", PLAN, "--results", "results/day-14.yaml", "--format", "text", "--as-of", as_of)
    assert "approved by @xp-lead until 2023-02-08" in said(told), told.out + told.err


def test_the_site_shows_it_on_the_index_and_beside_the_experiment(shop: Shop) -> None:
    done = shop.egp("status", "--results", "results", "--site", "site", "--as-of", READOUT)
    assert done.status == 0, done.err
    for page in ("index.html", "experiments/pdp-buy-now.html"):
        assert "the old page is down" in (shop.folder / "site" / page).read_text(encoding="utf-8")


def test_history_keeps_it(shop: Shop) -> None:
    assert WORDS in said(shop.egp("history", PLAN))
    (life,) = json.loads(shop.egp("history", PLAN, "--format", "json").out)["experiments"]
    assert [each["approver"] for each in life["emergencies"]] == ["@xp-lead"]


def test_the_gate_s_word_settles_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    enter = ("enter", PLAN, "--to", "70%", "--results", "results/day-14.yaml", "--receipt", "r.json")
    monkeypatch.setattr("egp.cli.commands.enter.now", lambda *_: datetime.fromisoformat(READOUT))
    done = shop.egp(*enter, "--as-of", READOUT)
    assert done.status == 0, done.out + done.err
    told = shop.egp("status", "--results", "results", "--format", "text", "--as-of", READOUT)
    assert f"{WORDS}; it is settled since" in said(told)
    receipt = json.loads((shop.folder / "r.json").read_text(encoding="utf-8"))
    assert [each["stage"] for each in receipt["emergencies"]] == ["70%"]


def test_what_the_gate_says_as_if_it_were_then_settles_nothing(shop: Shop) -> None:
    enter = ("enter", PLAN, "--to", "70%", "--results", "results/day-14.yaml", "--receipt", "r.json")
    assert shop.egp(*enter, "--as-of", READOUT).status == 0
    told = shop.egp("status", "--results", "results", "--format", "text", "--as-of", READOUT)
    assert "it is settled since" not in said(told)


def test_an_amended_plan_ends_it(shop: Shop) -> None:
    text = (shop.folder / PLAN).read_text(encoding="utf-8")
    shop.git("checkout", "-q", "main")
    shop.write(PLAN, text.replace("mde: 45bps", "mde: 60bps"))
    shop.commit()
    shop.git("checkout", "-q", "-b", "after")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged("2023-02-02T08:00:00-08:00", results=False)
    assert (answered.status, the_move(answered)["outcome"]) == (2, "could_not_judge")
