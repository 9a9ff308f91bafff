"""The way back up: a treatment that was rolled back begins anew at the canary, and nothing that was seen before opens more."""

from __future__ import annotations

import csv
import shutil
from datetime import date, datetime
from pathlib import Path

import pytest

from egp.plan.results import Row
from egp.record.ledger import append
from tests.gate.calling import Call
from tests.gate.worlds import CONTROL, CONTROL_TRUTH, GOOD, TREATMENT, Truth, rows_of
from tests.rollouts.test_gate_changes import PLAN, READOUT, STAGE_1, Shop, flag, the_move

CANARY = "{treated: 5%, start: 2023-01-18, end: 2023-01-22}"
ROLLED_BACK = "2023-02-10T08:00:00-08:00"
MENDED = "2023-02-12T08:00:00-08:00"
WATCHED = "2023-02-17T08:00:00-08:00"
"""Five days later, which is how long the plan's first canary was."""


class RolledBack(Shop):
    """A shop whose treatment had come to 70 % when it was rolled back; the flag is off, and a branch begins."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CANARY)
        self.git("checkout", "-q", "main")
        self.take("day-14", self.folder / "results")
        self.enter("--to", "70%", as_of=READOUT)
        self.enter("--rollback", "--reason", "refunds", as_of=ROLLED_BACK)
        self.write("flags/pdp.flagd.yaml", flag(45).replace("ENABLED", "DISABLED"))
        self.commit()
        self.git("checkout", "-q", "-b", "again")

    def enter(self, *arguments: str, as_of: str, status: int = 0) -> Call:
        with_results = ("--results", "results/day-14.yaml", "--receipt", "receipt.json")
        given = with_results if "--to" in arguments else ()
        done = self.egp("enter", PLAN, *arguments, *given, "--as-of", as_of)
        assert done.status == status, done.out + done.err
        return done

    def merge(self, share: int) -> None:
        self.write("flags/pdp.flagd.yaml", flag(share))
        self.commit()
        self.git("checkout", "-q", "-B", "main")
        self.git("checkout", "-q", "-B", "next")

    def results_of(self, as_of: str, rows: list[Row], folder: Path | None = None) -> None:
        """The rows of the test, and further ones, taken at an instant."""
        place = folder or self.results
        self.take("day-14", place)
        results = place / "day-14.yaml"
        text = results.read_text(encoding="utf-8").replace(READOUT, as_of)
        results.write_text(text, encoding="utf-8")
        table = place / "day-14.csv"
        with table.open(encoding="utf-8", newline="") as read:
            columns = next(csv.reader(read))
        with table.open("a", encoding="utf-8", newline="") as written:
            csv.writer(written).writerows([_cell(each, name) for name in columns] for each in rows)


def _cell(row: Row, column: str) -> object:
    value = getattr(row, column, None)
    if value is None:
        return ""
    return f"{value * 1000:.6f}ms" if column in ("value", "standard_error") else value


def of_canary(first: date, last: date, treatment: Truth = GOOD) -> list[Row]:
    """Rows of the canary, whose days are whole ones."""
    per_day = {CONTROL: 380_000, TREATMENT: 20_000}
    return rows_of("canary", first, last, last, per_day, {CONTROL: CONTROL_TRUTH, TREATMENT: treatment})


AGAIN = of_canary(date(2023, 2, 12), date(2023, 2, 16))


@pytest.fixture
def shop(tmp_path: Path) -> RolledBack:
    return RolledBack(tmp_path)


def test_a_branch_may_raise_to_the_canary(shop: RolledBack) -> None:
    shop.results_of(MENDED, [])
    shop.write("flags/pdp.flagd.yaml", flag(5))
    answered = shop.judged(MENDED)
    move = the_move(answered)
    assert (answered.status, move["outcome"], move["stage"]) == (0, "proceed", "canary"), answered.out


@pytest.mark.parametrize("share", [45, 70, 90])
def test_a_branch_may_raise_no_higher(shop: RolledBack, share: int) -> None:
    shop.results_of(MENDED, [])
    shop.write("flags/pdp.flagd.yaml", flag(share))
    answered = shop.judged(MENDED)
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (1, "hold")
    assert "the treatment was rolled back" in str(move["reasons"])
    assert move["next"] == ["begin again with the canary, which treats 5 %"]


OTHER_LETTERS = [
    "Egp.Ledger.D/7e/pdp-buy-now",
    "EGP.LEDGER.D/7E/PDP-BUY-NOW",
    "egp.ledger.d/7E/pdp-buy-now",
    "egp.ledger.d/7e/PDP-buy-now",
]


@pytest.mark.parametrize("other", OTHER_LETTERS)
@pytest.mark.parametrize("beside", [True, False])
def test_a_base_whose_ledger_lies_in_other_letters_opens_nothing(
    shop: RolledBack, other: str, beside: bool
) -> None:
    """Where letters are folded it is the ledger, and elsewhere the rollback would be forgotten."""
    own, stray = shop.folder / "egp.ledger.d/7e/pdp-buy-now", shop.folder / other
    shutil.copytree(own, stray)
    if not beside:
        shutil.rmtree(own)
    shop.commit()
    shop.git("checkout", "-q", "-B", "main")
    shop.git("checkout", "-q", "-b", "mended")
    shutil.rmtree(stray)
    shop.results_of(MENDED, [])
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(MENDED)
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (2, "could_not_judge"), answered.out
    assert "in other letters" in str(move["reasons"])


def test_rows_of_what_was_withdrawn_are_left_out(shop: RolledBack) -> None:
    first = of_canary(date(2023, 1, 18), date(2023, 1, 22), Truth(refund_rate=0.09))
    shop.results_of(MENDED, first)
    shop.write("flags/pdp.flagd.yaml", flag(5))
    assert shop.judged(MENDED).status == 0, "the canary that comes has no rows"
    shop.results_of(MENDED, [], shop.folder / "results")
    shop.enter("--to", "canary", as_of=MENDED)
    shop.merge(5)
    shop.results_of(WATCHED, [*first, *AGAIN])
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(WATCHED)
    said = "2023-01-18 lies outside the canary, 2023-02-12 to"
    assert (answered.status, said in answered.out) == (1, True), answered.out
    assert "leave out rows of a stage that was withdrawn" in str(the_move(answered)["next"])


@pytest.mark.parametrize(
    ("as_of", "rows", "status", "why"),
    [
        ("2023-02-12T08:05:00-08:00", [], 1, "dwell: in canary since 2023-02-12 08:00"),
        (WATCHED, [], 1, "there are no rows of canary"),
        (WATCHED, of_canary(date(2023, 2, 12), date(2023, 2, 16), Truth(refund_rate=0.05)), 3, "stop-rule"),
        (WATCHED, AGAIN, 0, ""),
    ],
)
def test_the_ramp_follows_a_canary_that_was_watched_as_long_as_the_first(
    shop: RolledBack, as_of: str, rows: list[Row], status: int, why: str
) -> None:
    shop.results_of(MENDED, [], shop.folder / "results")
    shop.enter("--to", "canary", as_of=MENDED)
    shop.merge(5)
    shop.results_of(as_of, rows)
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(as_of)
    assert (answered.status, why in str(the_move(answered)["reasons"])) == (status, True), answered.out


def test_the_canary_that_began_anew_is_the_one_that_is_watched(shop: RolledBack) -> None:
    shop.results_of(MENDED, [], shop.folder / "results")
    shop.enter("--to", "canary", as_of=MENDED)
    harm = of_canary(date(2023, 2, 12), date(2023, 2, 14), Truth(p95_page_load=2.3))
    at = "2023-02-15T08:00:00-08:00"
    shop.results_of(at, harm, shop.folder / "results")
    told = shop.egp("gate", PLAN, "--monitor", "--results", "results/day-14.yaml", "--as-of", at)
    assert (told.status, "in canary" in told.out) == (3, True), told.out


def test_nothing_but_the_canary_may_be_served_after_a_rollback(shop: RolledBack) -> None:
    for share, status in ((45, 1), (70, 1), (5, 0), (0, 0)):
        shop.write("flags/pdp.flagd.yaml", flag(share))
        checked = shop.egp("check", PLAN, "--as-of", "2023-02-12", "--format", "json")
        found = [each for each in checked.json["diagnostics"] if each["rule"] == "rollout-share"]
        assert bool(found) == bool(status), (share, checked.out)
        if found:
            assert "was rolled back" in found[0]["message"]


def test_a_share_lowered_to_nobody_is_a_rollback(shop: RolledBack) -> None:
    lowered = {"kind": "lower", "treated": "0%", "stage": "0%", "at": "2023-02-11T08:00:00-08:00"}
    append(str(shop.folder), "pdp-buy-now", lowered)
    done = shop.enter("--to", "70%", as_of=MENDED, status=1)
    assert "the treatment was rolled back" in done.out


@pytest.mark.parametrize(
    ("entry", "status", "why"),
    [
        ({"receipt": "sha256:1", "verdict": "proceed"}, 0, ""),
        ({"receipt": "sha256:1", "verdict": "proceed", "as_if": True}, 1, "as if it were another instant"),
        ({"receipt": "sha256:1", "verdict": "hold"}, 1, "without a receipt that says proceed"),
        ({}, 1, "without a receipt that says proceed"),
    ],
)
def test_a_stage_that_no_gate_stands_behind_opens_no_further_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, object], status: int, why: str
) -> None:
    shop = Shop(tmp_path)
    shop.git("checkout", "-q", "main")
    stage = {"kind": "enter", "stage": "70%", "treated": "70%", "at": READOUT, "judged": READOUT}
    append(str(shop.folder), "pdp-buy-now", {**stage, **entry})
    shop.write("flags/pdp.flagd.yaml", flag(70))
    shop.commit()
    shop.git("checkout", "-q", "-b", "ninety")
    shop.take("stage-1")
    shop.write("flags/pdp.flagd.yaml", flag(90))
    monkeypatch.setattr("egp.cli.commands.gate_changes.now", lambda *_: datetime.fromisoformat(STAGE_1))
    answered = shop.egp("gate", "--base", "main", "--results", str(shop.results), "--format", "json")
    assert (answered.status, why in str(the_move(answered)["reasons"])) == (status, True), answered.out


EMPTY = "experiment: pdp-buy-now\nas_of: {}\nrevision: web-8841\nrows: []\n"


def test_the_first_stage_takes_results_that_say_that_nothing_was_seen(tmp_path: Path) -> None:
    shop = Shop(tmp_path, CANARY)
    shop.git("checkout", "-q", "main")
    shop.write("flags/pdp.flagd.yaml", flag(0))
    shop.commit()
    shop.git("checkout", "-q", "-b", "begin")
    shop.write("flags/pdp.flagd.yaml", flag(5))
    at = "2023-01-18T08:00:00-08:00"
    without = shop.judged(at, results=False)
    assert (without.status, "`rows: []`" in without.out) == (2, True)
    shop.results.mkdir()
    (shop.results / "none.yaml").write_text(EMPTY.format(at), encoding="utf-8")
    answered = shop.judged(at)
    assert (answered.status, the_move(answered)["outcome"]) == (0, "proceed"), answered.out
    later = "2023-01-25T08:00:00-08:00"
    (shop.results / "none.yaml").write_text(EMPTY.format(later), encoding="utf-8")
    answered = shop.judged(later)
    assert (answered.status, "the canary ended" in str(the_move(answered)["reasons"])) == (1, True)
