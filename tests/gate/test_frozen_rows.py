"""A look is read once: the rows of its first complete readout are the ones that count."""

from __future__ import annotations

import csv
import json
import shutil
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from egp.gate.looks import open_look_instant
from egp.gate.withholding import rows_read
from egp.plan.results import FrozenReadout, Row
from egp.record.lock import Decided, Lock, Registration, made, read_lock, read_lock_text
from egp.record.lock.text import rendered
from egp.stats.values import replace

from .calling import PLAN, Call, call, gate
from .test_peeking import LOOKS, sequential
from .worlds import DAY, of, plan_of, readout_world, registered

DAY_14 = "results/pdp-buy-now/day-14.csv"


def ask(folder: Path, *arguments: str, results: str = "day-14") -> Call:
    return gate(folder, results, "--receipt", "r.json", *arguments)


def receipt(folder: Path) -> Any:
    return json.loads((folder / "r.json").read_text())


def corrected(folder: Path, metric: str = "add_to_cart_rate", days: int = 1, file: str = DAY_14) -> None:
    """One conversion more in the treatment, on the first days."""
    path = folder / file
    with path.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    changed = [
        row for row in rows if (row["metric"], row["window"], row["variant"]) == (metric, "cohort", "buy_now")
    ]
    for row in changed[:days]:
        row["sum"] = str(float(row["sum"]) + 1) if "." in row["sum"] else str(int(row["sum"]) + 1)
    with path.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def test_the_first_complete_readout_is_remembered_by_its_receipt(repository: Path) -> None:
    assert ask(repository).status == 0
    stated = receipt(repository)
    assert stated["readout"]["look"] == "2023-02-06T00:00:00-08:00"
    assert set(stated["readout"]["rows"]) == {"add_to_cart_rate", "refund_rate"}
    assert stated["readouts"] == [{"experiment": "pdp-buy-now", **stated["readout"]}]


def test_the_same_rows_again_are_the_same_answer(repository: Path) -> None:
    assert ask(repository).status == 0
    first = (repository / "r.json").read_bytes()
    assert ask(repository).status == 0
    assert (repository / "r.json").read_bytes() == first


@pytest.mark.parametrize("metric", ["add_to_cart_rate", "refund_rate"])
def test_other_rows_for_the_same_look_are_no_second_chance(repository: Path, metric: str) -> None:
    ask(repository)
    corrected(repository, metric)
    again = ask(repository, "--format", "json")
    assert (again.status, again.json["hold"]["kind"]) == (1, "repair")
    (reading,) = [each for each in again.json["checks"] if each["check"] == "frozen-rows"]
    expected = f"the rows of {metric} for the look of 2023-02-06 are not those of its first readout"
    assert reading["message"] == expected


def test_however_often_it_is_called(repository: Path) -> None:
    """What is remembered is the first readout, not the last one; nor does a call that fails in between forget it."""
    ask(repository)
    corrected(repository)
    assert [ask(repository).status for _ in range(3)] == [1, 1, 1]
    assert gate(repository, "day-14", "--to", "60%", "--receipt", "r.json").status == 2
    assert call(repository, "gate", "--receipt", "r.json", "--nonsense").status == 2
    assert ask(repository, results="stage-1").status == 1, "another call for the same experiment"
    assert ask(repository).status == 1


def test_restored_rows_are_read_again(repository: Path) -> None:
    kept = (repository / DAY_14).read_bytes()
    ask(repository)
    corrected(repository)
    ask(repository)
    (repository / DAY_14).write_bytes(kept)
    assert ask(repository).status == 0


def test_before_the_look_nothing_freezes(repository: Path) -> None:
    ask(repository, results="day-05")
    assert (receipt(repository)["readout"], receipt(repository)["readouts"]) == (None, [])
    assert ask(repository).status == 0


def test_a_readout_with_a_wrong_split_is_none(repository: Path) -> None:
    ask(repository, results="srm")
    assert receipt(repository)["readouts"] == []


def test_watching_freezes_nothing_and_forgets_nothing(repository: Path) -> None:
    ask(repository)
    frozen = receipt(repository)["readouts"]
    ask(repository, "--monitor", results="stage-1")
    assert receipt(repository)["readout"] is None
    assert receipt(repository)["readouts"] == frozen


def test_each_look_of_a_sequential_plan_has_rows_of_its_own() -> None:
    first = sequential(0.12, "2023-02-06T08:00:00-08:00", date(2023, 2, 5), LOOKS).readout()
    last = sequential(0.12, "2023-02-20T08:00:00-08:00", date(2023, 2, 19), LOOKS)
    frozen = {open_look_instant(first): rows_read(first)}
    assert of(last.but(more={"frozen": frozen}).decide(), "frozen-rows").passed
    other = {open_look_instant(last.readout()): rows_read(first)}
    assert of(last.but(more={"frozen": other}).decide(), "frozen-rows").state == "fail"


def test_outcomes_that_are_counted_further_are_the_same_rows() -> None:
    """A metric with an outcome window does not change any more once it has had its time."""
    world = readout_world()
    further = world.mapped(_through)
    assert rows_read(world.readout()) == rows_read(further.readout()) != {}


def _through(row: Row) -> Row:
    return replace(row, through=row.through and row.through + DAY)


def test_a_guardrail_is_frozen_once_its_outcomes_have_matured() -> None:
    early = readout_world(guardrail_metrics={0: {"judged_on": "all_units"}})
    assert set(rows_read(early.readout())) == {"add_to_cart_rate"}


@pytest.mark.parametrize("lost", ["gone", "garbage", "a list", "of another experiment"])
def test_where_receipts_do_not_stay_the_results_remember(repository: Path, lost: str) -> None:
    ask(repository)
    look = receipt(repository)["readout"]
    results = repository / "results/pdp-buy-now/day-14.yaml"
    results.write_text(results.read_text() + f"readouts: {json.dumps([look])}\n")
    path = repository / "r.json"
    if lost == "gone":
        path.unlink()
    elif lost == "of another experiment":
        stated = receipt(repository)
        stated["readouts"][0]["experiment"] = "another"
        path.write_text(json.dumps(stated))
    else:
        path.write_text({"garbage": "{", "a list": '{"readouts": [4, {"look": "soon"}]}'}[lost])
    assert ask(repository).status == 0
    path.unlink()
    corrected(repository)
    assert ask(repository).status == 1


def test_a_correction_is_let_through_by_a_reviewed_decision(repository: Path) -> None:
    ask(repository)
    corrected(repository)
    assert ask(repository).status == 1
    shutil.copy(repository / "r.json", repository / "held.json")
    decided = call(
        repository, "decide", PLAN, "--option", "B", "--by", "experimentation_lead", "--because",
        "events of one hour arrived late", "--receipt", "held.json", "--as-of", "2023-02-07",
    )  # fmt: skip
    assert decided.status == 0, decided.err
    assert "the look of 2023-02-06 is read from the rows of this receipt from now on" in decided.out
    entry = read_lock(str(repository)).entries["pdp-buy-now"].decisions[-1]
    assert entry.readout is not None
    assert ask(repository).status == 0, "the rows that were reviewed"
    corrected(repository)
    assert ask(repository).status == 1, "and no others"
    assert call(repository, "gate", "--replay", "held.json").status == 2, "its rows are not there any more"


@pytest.mark.parametrize(
    "readout", [4, {}, {"look": "soon", "rows": {}}, {"look": "2023-02-06", "rows": {"a": "b"}}]
)
def test_a_readout_that_cannot_be_one_does_not_get_into_the_lock(repository: Path, readout: object) -> None:
    ask(repository)
    (repository / "r.json").write_text(json.dumps({**receipt(repository), "readout": readout}))
    asked = ("decide", PLAN, "--option", "B", "--by", "experimentation_lead", "--because", "late")
    assert call(repository, *asked, "--receipt", "r.json", "--as-of", "2023-02-07").status == 0
    assert read_lock(str(repository)).entries["pdp-buy-now"].decisions[-1].readout is None


def test_the_lock_keeps_the_rows_of_a_metric_of_any_name() -> None:
    rows = {"x-rate": "v1:sha256:0", "on": "v1:sha256:1", "a, b": "v1:sha256:2"}
    frozen = made(FrozenReadout, look=datetime.fromisoformat("2023-02-06T00:00:00-08:00"), rows=rows)
    decided = made(
        Decided,
        option="B",
        role="lead",
        on=date(2023, 2, 7),
        because="late",
        plan="v1:sha256:" + "0" * 64,
        readout=frozen,
    )
    entry = registered(plan_of())
    entry = made(Registration, **{**vars(entry), "decisions": (decided,)})
    text = rendered(Lock("", None, {"a": entry}, {}))
    (again,) = read_lock_text(text.encode(), "egp.lock").entries["a"].decisions
    assert again.readout is not None
    assert (again.readout.look, again.readout.rows) == (frozen.look, rows)


def test_a_receipt_still_replays_once_the_rows_have_been_decided_on(repository: Path) -> None:
    ask(repository)
    corrected(repository)
    ask(repository)
    asked = ("decide", PLAN, "--option", "B", "--by", "experimentation_lead", "--because", "late")
    assert call(repository, *asked, "--receipt", "r.json", "--as-of", "2023-02-07").status == 0
    again = call(repository, "gate", "--replay", "r.json")
    assert (again.status, "the receipt says the same" in again.out) == (1, True)
