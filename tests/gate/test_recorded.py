"""What a receipt says of its call, what a replay finds different, and what the next call is held to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from egp.gate.call import CannotJudge, FrozenRows
from egp.gate.json import in_order, record
from egp.gate.judgement import GateJudgement
from egp.gate.receipt import differences, read_receipt, remembered, written
from egp.plan.analysis.registered_test import ANALYSIS
from egp.stats.values import replace

from .test_peeking import day_5
from .worlds import GOOD, Truth, judgement_of, readout_world, stage_world


@cache
def sound() -> GateJudgement:
    return judgement_of(readout_world())


def receipt() -> dict[str, Any]:
    stated: dict[str, Any] = json.loads(written(sound()))
    return stated


def changed(*path: str, to: object = None) -> dict[str, Any]:
    """The receipt with another value at a path; without it, where none is given."""
    whole = stated = receipt()
    for step in path[:-1]:
        stated = stated[step]
    if to is None:
        del stated[path[-1]]
    else:
        stated[path[-1]] = to
    return whole


def without_first(key: str) -> dict[str, Any]:
    whole = receipt()
    del whole[key][0]
    return whole


def with_message(message: str) -> dict[str, Any]:
    whole = receipt()
    whole["checks"][1]["message"] = message
    return whole


NONE: list[str] = []


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (receipt, NONE),
        (lambda: changed("inputs", "plan", "digest", to="v1:sha256:000000000000"), ["plan: not what was judged, …000000000000 then and …{plan} now"]),
        (lambda: changed("inputs", "lock", "digest"), ["lock: not what was judged, none then and …sha256:lock now"]),
        (lambda: changed("tool", "version", to="0.0.9"), ["egp 0.0.9 judged then, egp {version} now"]),
        (lambda: changed("verdict", to="roll_back"), ["the verdict was roll back, and is proceed now"]),
        (lambda: changed("hold", to={"kind": "wait", "until": None}), ["the verdict was proceed (wait), and is proceed now"]),
        (lambda: with_message("other"), ["revision said: other; it says: the build is web-8841 throughout"]),
        (lambda: changed("stage", to="70%"), ["stage was 70%, and is test now"]),
        (lambda: changed("stage"), ["stage was null, and is test now"]),
        (lambda: changed("as_if", to=True), ["as_if was true, and is false now"]),
        (lambda: changed("more", to=1), ["more was 1, and is null now"]),
        (lambda: changed("next", to=["nothing"]), NONE),  # follows from the rest
        (lambda: changed("reasons", to=["nothing"]), NONE),
        (lambda: changed("analysis", to=7), NONE),
        (lambda: {key: value for key, value in receipt().items() if key not in ("as_if", "action", "readout", "readouts")}, NONE),
        (lambda: changed("action"), ["action was null, and is "]),
    ],
)  # fmt: skip
def test_a_replay_names_what_is_not_as_it_was(before: Callable[[], dict[str, Any]], said: list[str]) -> None:
    found = list(differences(before(), sound()))
    known = {"plan": sound().inputs.plan[-12:], "version": receipt()["tool"]["version"]}
    assert len(found) == len(said)
    for one, expected in zip(found, said, strict=True):
        assert one.startswith(expected.format(**known)), one


def test_readings_that_are_more_or_fewer_are_counted() -> None:
    readings = len(receipt()["checks"])
    found = list(differences(without_first("checks"), sound()))
    assert found[-1] == f"there were {readings - 1} readings, and there are {readings} now"
    assert len(found) == readings, "the others stand one further"
    (only,) = differences(changed("checks", to="none"), sound())
    assert only == f"there were 0 readings, and there are {readings} now"


def test_checks_that_came_later_are_not_missed_in_a_receipt_of_the_first_release() -> None:
    old = {key: value for key, value in receipt().items() if key not in ("as_if", "action", "readout", "readouts")}  # fmt: skip
    old["checks"] = [each for each in old["checks"] if each["check"] not in ("metric-alive", "frozen-rows")]
    assert list(differences(old, sound())) == []
    new = receipt() | {"checks": old["checks"]}
    assert any("readings, and there are" in each for each in differences(new, sound()))


def test_another_analysis_is_told() -> None:
    again = replace(sound(), call=replace(sound().call, analysis=ANALYSIS - 1))
    assert f"judged by analysis {ANALYSIS - 1} then, and by analysis {ANALYSIS} now" in list(
        differences(receipt(), again)
    )


class TestItsCall:
    def read(self, folder: Path, stated: object) -> Any:
        file = folder / "receipt.json"
        file.write_text(stated if isinstance(stated, str) else json.dumps(stated), encoding="utf-8")
        return read_receipt(str(file))[1]

    def test_is_the_one_that_was_made(self, tmp_path: Path) -> None:
        call = self.read(tmp_path, receipt())
        assert (call.plan, call.to, call.is_replay, call.analysis) == ("plan.yaml", "70%", True, ANALYSIS)
        assert (call.as_of, call.now, call.commit) == (None, sound().as_of, "")

    @pytest.mark.parametrize(
        ("path", "value", "field", "expected"),
        [
            (("analysis",), 3, "analysis", 3),
            (("analysis",), None, "analysis", 1),
            (("action", "commit"), "abc", "commit", "abc"),
            (("action",), None, "commit", ""),
            (("call", "as_of"), "2023-02-07T09:00:00-08:00", "as_of", datetime.fromisoformat("2023-02-07T09:00:00-08:00")),
        ],
    )  # fmt: skip
    def test_says_what_it_rested_on(
        self, tmp_path: Path, path: tuple[str, ...], value: object, field: str, expected: object
    ) -> None:
        assert getattr(self.read(tmp_path, changed(*path, to=value)), field) == expected

    def test_has_no_clock_where_it_was_judged_as_if_it_were_an_instant(self, tmp_path: Path) -> None:
        asked = changed("call", "as_of", to="2023-02-07T09:00:00-08:00")
        assert self.read(tmp_path, {**asked, "as_if": True}).now is None

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            (("call",), None),
            (("call",), "gate plan.yaml"),
            (("call", "plan"), None),
            (("call", "plan"), 7),
            (("call", "as_of"), "soon"),
            (("as_if",), True),  # as if it were when?
            (("as_of",), None),
            (("as_of",), "2023-02-07"),
            (("as_of",), "2023-02-07T08:00:00"),
            (("analysis",), True),
            (("analysis",), "1"),
        ],
    )
    def test_that_cannot_be_read_is_of_no_receipt(
        self, tmp_path: Path, path: tuple[str, ...], value: object
    ) -> None:
        with pytest.raises(CannotJudge, match="this is no receipt of egp gate"):
            self.read(tmp_path, changed(*path, to=value))

    @pytest.mark.parametrize("text", ["", "[]", "7", "{", '{"call": {}, "call": {}}'])
    def test_a_file_that_holds_none(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(CannotJudge, match="this is no receipt of egp gate"):
            self.read(tmp_path, text)

    def test_of_another_format_is_for_another_egp(self, tmp_path: Path) -> None:
        with pytest.raises(CannotJudge, match="the receipt has format 2, and this egp reads format 1"):
            self.read(tmp_path, changed("gate", to=2))


class TestWhatTheNextCallIsHeldTo:
    LOOK = datetime.fromisoformat("2023-02-06T00:00:00-08:00")

    def readouts(self, judgement: GateJudgement) -> list[tuple[str, str, list[str]]]:
        return [
            (each.experiment, f"{each.look:%m-%d}", list(each.rows)) for each in record(judgement).readouts
        ]

    def test_the_first_readout_of_a_look(self) -> None:
        assert self.readouts(sound()) == [("pdp-buy-now", "02-06", ["add_to_cart_rate", "refund_rate"])]
        assert record(sound()).readout is not None

    def test_before_a_look_and_in_a_stage_nothing_new(self) -> None:
        for judgement in (judgement_of(day_5(GOOD)), judgement_of(stage_world())):
            assert self.readouts(judgement) == []
            assert record(judgement).readout is None

    def test_what_was_read_first_and_other_experiments(self) -> None:
        earlier = {self.LOOK: {"add_to_cart_rate": "sha256:first"}}
        early = {self.LOOK - timedelta(days=14): {"m": "sha256:1"}}
        judgement = judgement_of(readout_world(Truth()).but(more={"frozen": earlier | early}))
        others = (
            FrozenRows(experiment="another", look=self.LOOK, rows={"b": "2", "a": "1"}),
            FrozenRows(experiment="pdp-buy-now", look=self.LOOK, rows={"gone": "0"}),
        )
        judgement = replace(judgement, call=replace(judgement.call, frozen=others))
        assert self.readouts(judgement) == [
            ("another", "02-06", ["a", "b"]),
            ("pdp-buy-now", "01-23", ["m"]),
            ("pdp-buy-now", "02-06", ["add_to_cart_rate", "refund_rate"]),
        ]
        (*_, last) = record(judgement).readouts
        assert last.rows["add_to_cart_rate"] == "sha256:first"

    def test_in_the_order_of_names_and_looks(self) -> None:
        frozen = [
            FrozenRows(experiment=name, look=self.LOOK + timedelta(days=days), rows={})
            for name, days in (("b", 0), ("a", 1), ("a", 0))
        ]
        assert [(each.experiment, each.look.day) for each in in_order(frozen)] == [
            ("a", 6),
            ("a", 7),
            ("b", 6),
        ]

    @pytest.mark.parametrize(
        ("text", "count"), [(None, 0), ("", 0), ("[]", 0), ('{"readouts": 1}', 0), ("whole", 1)]
    )
    def test_is_what_the_receipt_before_remembers(self, tmp_path: Path, text: str | None, count: int) -> None:
        file = tmp_path / "r.json"
        if text is not None:
            file.write_text(written(sound()) if text == "whole" else text, encoding="utf-8")
        assert len(remembered(str(file))) == count
        if count:
            (tmp_path / "link.json").symlink_to(file)
            assert remembered(str(tmp_path / "link.json")) == ()
