"""What a call is of: the instant, the plan, the variant, and the readouts that are remembered."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from egp.gate.call import Call, CannotJudge, FrozenRows
from egp.gate.judgement import _frozen, _variant, _when
from egp.gate.kept import counting
from egp.gate.readout import Readout
from egp.plan.quantity import Moment
from egp.plan.results import FrozenReadout
from egp.record.ledger import Ledger, append, read_ledger
from egp.record.lock import Decided, Registration, made
from egp.record.lock.writing import update_lock

from .calling import PLAN, call, gate, taken
from .worlds import readout_world

READOUT: Readout = readout_world().readout()
NOW = datetime.fromisoformat("2023-02-07T08:00:00-08:00")
LOOK = datetime.fromisoformat("2023-02-06T00:00:00-08:00")


@pytest.mark.parametrize(
    ("as_of", "now", "judged", "as_if"),
    [
        (None, NOW, NOW, False),
        (NOW, NOW, NOW, False),
        (NOW, None, NOW, True),
        (NOW + timedelta(minutes=5), NOW, NOW + timedelta(minutes=5), False),
        (NOW - timedelta(minutes=5), NOW, NOW - timedelta(minutes=5), False),
        (NOW + timedelta(minutes=5, seconds=1), NOW, NOW + timedelta(minutes=5, seconds=1), True),
        (NOW - timedelta(minutes=5, seconds=1), NOW, NOW - timedelta(minutes=5, seconds=1), True),
        (date(2023, 2, 7), NOW, NOW - timedelta(hours=1), True),  # the results' own instant
        (date(2023, 2, 6), NOW, LOOK, True),
        (date(2023, 2, 8), NOW, LOOK + timedelta(days=2), True),
        (date(2023, 2, 7), NOW - timedelta(hours=1), NOW - timedelta(hours=1), False),
    ],
)
def test_a_call_is_as_if_where_it_judges_another_instant_than_its_own(
    as_of: Moment | None, now: datetime | None, judged: datetime, as_if: bool
) -> None:
    asked = Call("plan.yaml", "results.yaml", as_of=as_of, now=now)
    assert _when(asked, READOUT.zone, NOW - timedelta(hours=1)) == (judged, as_if)


VARIANTS = [
    {"id": "control", "weight": "50%", "control": True},
    {"id": "one", "weight": "25%"},
    {"id": "two", "weight": "25%"},
]


@pytest.mark.parametrize(
    ("variants", "to", "named", "says"),
    [
        (None, "70%", "", ""),
        (None, "70%", "buy_now", ""),
        (None, "", "buy_now", ""),
        (None, "70%", "control", "--variant control is no treatment of the plan"),
        (None, "", "nobody", "--variant nobody is no treatment of the plan"),
        (VARIANTS, "70%", "one", ""),
        (VARIANTS, "70%", "two", ""),
        (VARIANTS, "", "", ""),
        (VARIANTS, "70%", "", "the plan has 2 treatments, and one of them is ramped"),
        (VARIANTS, "70%", "three", "--variant three is no treatment of the plan"),
    ],
)
def test_of_several_treatments_the_one_that_is_ramped_is_named(
    variants: list[dict[str, Any]] | None, to: str, named: str, says: str
) -> None:
    changes: dict[str, Any] = {} if variants is None else {"variants": variants}
    plan = readout_world(**changes).plan
    asked = Call("plan.yaml", "results.yaml", to=to, variant=named)
    if not says:
        assert _variant(asked, plan) == named
        return
    with pytest.raises(CannotJudge) as refused:
        _variant(asked, plan)
    (failure,) = refused.value.failures
    assert failure.message == says
    if variants is not None:
        assert failure.help == ("--variant one or two" if not named else "its treatments are one and two")


def kept(*looks: tuple[datetime | None, dict[str, str]]) -> tuple[FrozenReadout, ...]:
    return tuple(made(FrozenReadout, look=look, rows=rows) for look, rows in looks)


class TestWhatIsRememberedOfALook:
    """What was reviewed last counts, else the first readout: of the receipt before, else of the results."""

    def found(
        self,
        reviewed: tuple[dict[str, str] | None, ...] = (),
        receipt: str = "",
        noted: tuple[FrozenReadout, ...] = (),
        **asked: Any,
    ) -> dict[datetime, Any]:
        plan, evidence = READOUT.plan, READOUT.evidence
        decisions = tuple(
            made(Decided, readout=kept((LOOK, rows))[0] if rows is not None else None) for rows in reviewed
        )
        entry = made(Registration, **{**vars(READOUT.registration), "decisions": decisions})
        results = made(type(evidence.results), **{**vars(evidence.results), "readouts": noted})
        frozen = (FrozenRows(experiment=receipt, look=LOOK, rows={"m": "receipt"}),) if receipt else ()
        asked_of = Call("plan.yaml", "results.yaml", frozen=frozen, **asked)
        evidence_of = type(evidence)(results, evidence.as_of, evidence.rows, evidence.problems, "")
        return _frozen(asked_of, plan, evidence_of, entry, READOUT.zone)

    @pytest.mark.parametrize(
        ("reviewed", "receipt", "noted", "is_replay", "rows"),
        [
            ((), "", False, False, None),
            ((), "", True, False, "results"),
            ((), "pdp-buy-now", True, False, "receipt"),
            ((), "another", True, False, "results"),
            ((), "another", False, False, None),
            ((), "", True, True, None),
            ((), "pdp-buy-now", True, True, "receipt"),
            (({"m": "first"},), "pdp-buy-now", True, False, "first"),
            (({"m": "first"}, {"m": "last"}), "pdp-buy-now", True, False, "last"),
            (({"m": "first"}, None), "pdp-buy-now", True, False, "first"),
            (({"m": "first"}, {}), "pdp-buy-now", True, False, "first"),
            (({"m": "first"},), "pdp-buy-now", True, True, "receipt"),
            ((None,), "", False, False, None),
        ],
    )
    def test_in_this_order(
        self,
        reviewed: tuple[dict[str, str] | None, ...],
        receipt: str,
        noted: bool,
        is_replay: bool,
        rows: str | None,
    ) -> None:
        in_results = kept((LOOK, {"m": "results"})) if noted else ()
        found = self.found(reviewed, receipt, in_results, is_replay=is_replay)
        assert found == ({} if rows is None else {LOOK: {"m": rows}})

    def test_a_note_that_does_not_say_when_or_what_is_none(self) -> None:
        assert self.found(noted=kept((None, {"m": "results"}), (LOOK, {}))) == {}


class TestAnArchivedPlan:
    """The file is missing, and was named for the experiment: the lock says why."""

    def archived(self, repository: Path, **changed: Any) -> str:
        def archive(entries: Any) -> None:
            entries["pdp-buy-now"] = made(
                Registration, **{**vars(entries["pdp-buy-now"]), "archived": date(2023, 3, 1), **changed}
            )

        update_lock(str(repository), archive)
        (repository / PLAN).unlink()
        return gate(repository, "stage-1", "--to", "90%").err

    def test_is_over(self, repository: Path) -> None:
        said = self.archived(repository)
        assert "pdp-buy-now was archived on 2023-03-01, and its plan is missing" in said
        assert "no such file" not in said

    @pytest.mark.parametrize("changed", [{"archived": None}, {"path": "experiments/another.yaml"}])
    def test_one_that_was_not_archived_or_lay_elsewhere_is_missing(
        self, repository: Path, changed: dict[str, Any]
    ) -> None:
        said = self.archived(repository, **changed)
        assert "no such file" in said
        assert "archived" not in said

    def test_another_file_of_the_same_name_is_another(self, repository: Path) -> None:
        self.archived(repository)
        results = "results/pdp-buy-now/stage-1.yaml"
        elsewhere = call(repository, "gate", "pdp-buy-now.yaml", "--results", results, "--monitor")
        assert "no such file" in elsewhere.err
        assert "archived" not in elsewhere.err

    def test_a_damaged_lock_tells_nothing_of_it(self, repository: Path) -> None:
        self.archived(repository)
        (repository / "egp.lock").write_text("<<<<<<< ours\n")
        said = gate(repository, "stage-1", "--to", "90%").err
        assert "no such file" in said


class TestWhatTheLedgerWas:
    FIRST, SECOND = "2023-02-07T08:00:00-08:00", "2023-02-09T08:00:00-08:00"

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Ledger:
        """Two stages, two days apart."""
        for share, moment in (("70%", self.FIRST), ("90%", self.SECOND)):
            append(
                str(tmp_path),
                "pdp-buy-now",
                {"kind": "enter", "stage": share, "treated": share, "at": moment},
            )
        return read_ledger(str(tmp_path), "pdp-buy-now")

    @pytest.mark.parametrize(
        ("as_of", "now", "count"),
        [
            (None, None, 2),
            (None, NOW, 1),
            (None, NOW - timedelta(seconds=1), 0),
            (NOW, None, 1),
            (NOW, NOW + timedelta(days=9), 1),  # what is stated, and not what the clock says
            (NOW + timedelta(days=9), NOW, 2),
            (date(2023, 2, 7), NOW - timedelta(days=9), 1),  # to the end of the day
            (date(2023, 2, 8), None, 1),
            (date(2023, 2, 9), None, 2),
        ],
    )
    def test_at_the_instant_that_is_judged(
        self, ledger: Ledger, as_of: Any, now: datetime | None, count: int
    ) -> None:
        found = counting(Call("p", "r", as_of=as_of, now=now), ledger, READOUT.zone)
        assert found is not None
        assert found.entries == ledger.entries[:count]

    def test_for_a_receipt_that_is_replayed_when_it_was_written(self, ledger: Ledger) -> None:
        for digest, count in ((ledger.until(NOW).last, 1), (ledger.last, 2), ("sha256:0", 1)):
            found = counting(Call("p", "r", now=NOW, ledger=digest), ledger, READOUT.zone)
            assert found is not None
            assert len(found.entries) == count

    def test_one_that_cannot_be_read_was_nothing(self) -> None:
        assert counting(Call("p", "r", now=NOW), None, READOUT.zone) is None

    def test_a_damaged_one_keeps_from_judging(self, repository: Path) -> None:
        for share, moment in (("70%", self.FIRST), ("90%", self.SECOND)):
            step = {"kind": "enter", "stage": share, "treated": share, "at": moment}
            append(str(repository), "pdp-buy-now", step)
        first, _ = sorted((repository / "egp.ledger.d").rglob("*.yaml"))
        first.write_text(first.read_text(encoding="utf-8").replace("70%", "5%"), encoding="utf-8")
        told = gate(repository, "stage-1", "--to", "90%")
        assert told.status == 2
        assert "does not follow the entry before it" in " ".join(told.out.split())


class TestAFileOfSeveralPlans:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_one_that_the_results_are_of_is_judged(
        self, repository: Path, order: tuple[int, int]
    ) -> None:
        own = (repository / PLAN).read_text(encoding="utf-8")
        other = own.replace("id: pdp-buy-now", "id: another")
        (repository / PLAN).write_text("---\n".join((own, other)[at] for at in order), encoding="utf-8")
        told = gate(repository, "stage-1", "--to", "90%")
        assert told.out.startswith("proceed: pdp-buy-now to 90%"), told.err

    @pytest.mark.parametrize(
        "text", ["- a list\n---\n- another\n", "id: x\n---\nid: y\n", "- only a list\n", "id: pdp-buy-now\n---\nid: pdp-buy-now\n"]
    )  # fmt: skip
    def test_where_none_or_two_are_it_cannot_be_judged(self, repository: Path, text: str) -> None:
        (repository / PLAN).write_text(text, encoding="utf-8")
        told = gate(repository, "stage-1", "--to", "90%")
        assert (told.status, told.out) == (2, "")
        assert "there is no plan here that the results could be of" in told.err

    def test_what_is_no_mapping_beside_it_is_no_plan(self, repository: Path) -> None:
        own = (repository / PLAN).read_text(encoding="utf-8")
        (repository / PLAN).write_text(f"{own}---\n- a list\n", encoding="utf-8")
        assert gate(repository, "stage-1", "--to", "90%").status == 0

    def test_results_that_cannot_be_read_tell_nothing(self, repository: Path) -> None:
        own = (repository / PLAN).read_text(encoding="utf-8")
        (repository / PLAN).write_text(f"{own}---\nid: another\n", encoding="utf-8")
        (repository / "list.yaml").write_text("- a list\n", encoding="utf-8")
        when = taken(repository, "results/pdp-buy-now/stage-1.yaml")
        for results, words in (
            ("list.yaml", "there is no plan here that the results could be of"),
            ("none.yaml", "cannot read the results"),
        ):
            told = call(repository, "gate", PLAN, "--results", results, "--monitor", "--as-of", when)
            assert told.status == 2
            assert words in told.err
