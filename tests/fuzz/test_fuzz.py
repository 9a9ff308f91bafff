"""A slice of the campaign, with a fixed seed; ``python -m tests.fuzz`` is the whole of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.fuzz.campaign import ACCEPTED, DAY, Campaign, exemptions, run
from tests.fuzz.mutations import changed, garbled, places, text_of, without, without_rows
from tests.fuzz.world import PLAN, WAIVED, Tally

INPUTS = 120


def test_whatever_the_input_is_egp_answers(tmp_path: Path) -> None:
    tally = run(
        tmp_path / "repository", seed=20230117, is_over=lambda so_far: sum(so_far.inputs.values()) >= INPUTS
    )
    assert [(fault.kind, fault.command, fault.message, fault.content[:300]) for fault in tally.faults] == []
    assert len(tally.inputs) >= 4, "several commands"


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return Campaign(tmp_path_factory.mktemp("fuzz") / "repository", seed=1)


@pytest.mark.parametrize(
    ("kind", "content", "arguments"),
    [
        ("silent", b"id: [\n", ("rules",)),
        ("escape", b"", ()),
        ("crash", b"id: x\n", ("check", PLAN, "--as-of", "2023-01-18")),
    ],
)
def test_what_must_not_be_is_noticed(
    kind: str, content: bytes, arguments: tuple[str, ...], campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An oracle that could not fail would find nothing."""
    campaign.tally.faults.clear()
    if kind == "silent":
        answer = campaign.world.ask(PLAN, content, *arguments)
        campaign.world.must_refuse(PLAN, content, answer, arguments)
    elif kind == "escape":
        monkeypatch.setattr(campaign.draw, "random", lambda: 0.0)  # a deletion
        monkeypatch.setattr("tests.fuzz.campaign.ACCEPTED", 1)
        campaign.a_plan_that_is_rejected()
    else:
        monkeypatch.setattr("egp.cli.commands.check.run", lambda _: 1 / 0)
        campaign.world.ask(PLAN, content, *arguments)
    assert [fault.kind for fault in campaign.tally.faults] == [kind]


def test_mutations_come_from_their_seed_and_leave_the_original() -> None:
    value = {"a": [1, {"b": "5%"}], "c": "2023-01-17"}
    before = text_of(value)
    first, second = ([changed(value, random.Random(seed)) for seed in range(20)] for _ in range(2))
    assert first == second
    assert text_of(value) == before
    assert any(each != value for each in first)
    assert without(value, ("a", 1, "b")) == {"a": [1, {}], "c": "2023-01-17"}
    assert list(places(value)) == [("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",)]
    assert garbled(b"abc", random.Random(1)) == garbled(b"abc", random.Random(1))
    table = b"a,b\n" + b"1,2\n" * 50
    assert without_rows(table, random.Random(3)).startswith(b"a,b\n")
    assert without_rows(table, random.Random(3)) != table


def test_every_exemption_has_a_reason() -> None:
    assert [each for each in exemptions() if len(each.why) < 20 or not each.key.startswith("/")] == []


def test_every_exemption_is_needed_and_for_no_other_rule(campaign: Campaign) -> None:
    """Of every example without an exempt key: it is accepted where these rules alone rejected it, and nowhere else."""
    exempt = {each.key: each.rules for each in exemptions()}
    needed = set()
    for rejected in campaign.rejected:
        for steps in places(rejected.value):
            key = campaign.named(rejected.value, steps)
            if key not in exempt:
                continue
            content = text_of(without(rejected.value, steps)).encode()
            answer = campaign.world.ask(rejected.path, content, "check", rejected.path, "--as-of", DAY)
            if answer.status == ACCEPTED:
                assert rejected.rules <= exempt[key], (rejected.path, key)
                needed |= {(key, rule) for rule in rejected.rules}
    assert needed == {(key, rule) for key, rules in exempt.items() for rule in rules}


def test_a_tally_tells_kinds_apart() -> None:
    assert Tally().of("crash") == []


EVERYTHING = b"what is written is missing\n"


@pytest.mark.parametrize(
    ("oracle", "faked"),
    [
        ("a_plan_to_write", "torn"),
        ("a_plan_at_the_gate", "escape"),
        ("a_plan_against_its_base", "escape"),
        ("a_waiver_that_is_attested", "escape"),
        ("a_table", "escape"),
        ("a_receipt", "escape"),
    ],
)
def test_each_oracle_can_fail(
    oracle: str, faked: str, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An egp that accepts whatever it is given, or refuses and writes all the same, is noticed by each."""
    status = 1 if faked == "torn" else 0

    def careless(_: Sequence[str]) -> int:
        if faked == "torn":
            Path(WAIVED).write_bytes(EVERYTHING)
        return status

    monkeypatch.setattr("tests.fuzz.world.main", careless)
    before = {path: path.read_bytes() for path in campaign.world.folder.rglob("*") if path.is_file()}
    campaign.tally.faults.clear()
    for _ in range(100):
        getattr(campaign, oracle)()
        if faked in {fault.kind for fault in campaign.tally.faults}:
            break
    else:
        pytest.fail(f"nothing is noticed in 100 inputs: {oracle}")
    after = {path: path.read_bytes() for path in campaign.world.folder.rglob("*") if path.is_file()}
    assert after == before, "everything is as it was"
