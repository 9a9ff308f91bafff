"""The decision record, and judging it again."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.cli.main import main
from egp.gate.receipt import written
from egp.stats.values import replace
from tests.lock.entries import forge
from tests.published import require_declared

from .calling import Call, call, gate
from .worlds import judgement_of, stage_world


def receipt_of(repository: Path, results: str = "stage-1", *arguments: str) -> Path:
    path = repository / "receipt.json"
    gate(repository, results, *(arguments or ("--to", "90%")), "--receipt", path.name)
    return path


def replay(repository: Path) -> Call:
    return call(repository, "gate", "--replay", "receipt.json")


def test_a_receipt_has_digests_checks_versions_and_verdict(repository: Path) -> None:
    receipt = json.loads(receipt_of(repository).read_text())
    assert receipt["verdict"] == "proceed"
    assert set(receipt["inputs"]) == {"plan", "lock", "results", "policy"}
    assert all(each["digest"] for each in receipt["inputs"].values())
    assert receipt["call"]["to"] == "90%"
    assert receipt["tool"]["name"] == "egp"
    assert {check["check"] for check in receipt["checks"]} >= {
        "registered",
        "dwell",
        "guardrail",
        "stop-rule",
    }


@pytest.mark.parametrize("results", ["stage-1", "two-bad-weeks", "monitor"])
def test_receipts_and_reports_match_the_published_schema(repository: Path, results: str) -> None:
    require_declared("gate", receipt_of(repository, results, "--monitor").read_text())
    require_declared("gate", gate(repository, results, "--monitor", "--format", "json").out)


@pytest.mark.parametrize(
    ("results", "move", "status"), [("stage-1", ("--to", "90%"), 0), ("two-bad-weeks", ("--monitor",), 3)]
)
def test_a_replay_gives_the_same_verdict(
    repository: Path, results: str, move: tuple[str, ...], status: int
) -> None:
    receipt_of(repository, results, *move)
    again = replay(repository)
    assert again.status == status
    assert again.out.endswith("replayed: the receipt says the same, to the last digit\n")


def test_a_replay_reads_the_policy_from_where_the_gate_read_it(repository: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "agreed"]):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    policy = repository / "egp.yaml"
    policy.write_text(policy.read_text().replace('version: "2023.1"', 'version: "2023.2"'))
    receipt = json.loads(
        receipt_of(repository, "stage-1", "--to", "90%", "--policy-from", "HEAD").read_text()
    )
    assert (receipt["call"]["policy_from"], receipt["policy"]["version"]) == ("HEAD", "2023.1")
    assert replay(repository).status == 0
    assert call(repository, "gate", "--replay", "receipt.json", "--policy-from", "HEAD").status == 2


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("experiments/pdp-buy-now.yaml", "min_dwell: 48h", "min_dwell: 47h", "plan: not what was judged"),
        (
            "results/pdp-buy-now/stage-1.yaml",
            "T08:00:00-08:00}",
            "T07:00:00-08:00}",
            "results: not what was judged",
        ),
        ("egp.yaml", 'version: "2023.1"', 'version: "2023.2"', "policy: not what was judged"),
    ],
)
def test_a_replay_names_the_input_that_differs(
    repository: Path, file: str, old: str, new: str, named: str
) -> None:
    receipt_of(repository)
    path = repository / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    again = replay(repository)
    assert again.status == 2
    assert named in again.out


def test_a_replay_names_a_registration_that_differs(repository: Path) -> None:
    receipt_of(repository)
    forge(repository, "pdp-buy-now", registered=date(2023, 1, 16))
    again = replay(repository)
    assert again.status == 2
    assert "lock: not what was judged" in again.out


def test_a_replay_names_what_was_tampered_with(repository: Path) -> None:
    path = receipt_of(repository, "two-bad-weeks", "--monitor")
    receipt: dict[str, Any] = json.loads(path.read_text())
    receipt["verdict"], receipt["hold"] = "proceed", None
    receipt["checks"][0]["message"] = "nothing to see"
    path.write_text(json.dumps(receipt))
    again = replay(repository)
    assert again.status == 2
    assert "the verdict was proceed, and is roll back now" in again.out
    assert "registered said: nothing to see" in again.out


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"gate": 1, "call": {"plan": 4}}', '{"gate": 99, "call": {}}', "[" * 9000]
)
def test_what_is_no_receipt_is_refused(repository: Path, content: str) -> None:
    (repository / "receipt.json").write_text(content)
    again = replay(repository)
    assert again.status == 2
    assert "receipt" in again.err
    assert "Traceback" not in again.err


@pytest.mark.parametrize("as_of", ["absent", None])
def test_as_if_it_were_no_instant_is_no_receipt(repository: Path, as_of: str | None) -> None:
    path = receipt_of(repository)
    receipt = json.loads(path.read_text())
    assert receipt["as_if"] is True
    if as_of == "absent":
        del receipt["call"]["as_of"]
    else:
        receipt["call"]["as_of"] = as_of
    path.write_text(json.dumps(receipt))
    again = replay(repository)
    assert (again.status, again.out) == (2, "")
    assert "this is no receipt of egp gate" in again.err


_NO_VALUE: Any = object()
_PLACES = [
    *(("call", key) for key in ("plan", "results", "to", "as_of", "variant", "policy", "source", "served")),
    *((key,) for key in ("gate", "as_if", "as_of", "analysis", "ledger", "inputs", "checks", "call", "readouts")),
    *(("inputs", key) for key in ("plan", "lock", "results", "policy")),
    *(("checks", 0, key) for key in ("check", "state", "message", "numbers", "withheld")),
]  # fmt: skip


@pytest.mark.parametrize("place", _PLACES, ids=lambda place: "/".join(map(str, place)))
def test_a_value_of_another_type_is_refused_or_named_and_never_the_same(
    repository: Path, place: tuple[Any, ...]
) -> None:
    path = receipt_of(repository)
    values: tuple[Any, ...] = (_NO_VALUE, None, True, 0, [[]])
    for value in values:
        receipt = json.loads(path.read_text())
        *above, last = place
        holder = receipt
        for key in above:
            holder = holder[key]
        before = holder[last]
        if value is _NO_VALUE:
            del holder[last]
        else:
            holder[last] = value
        if _is_left_open(place, value) or json.dumps(value, default=str) == json.dumps(before):
            continue
        (repository / "other.json").write_text(json.dumps(receipt))
        again = call(repository, "gate", "--replay", "other.json")
        assert again.status == 2, (value, again.out)
        assert "this is a bug of egp" not in again.err, (value, again.err)


def _is_left_open(place: tuple[Any, ...], value: object) -> bool:
    """What receipts of earlier releases lack, and what says nothing by being absent."""
    lacks = {("as_if",), ("ledger",), ("call", "served")}
    return place in lacks and (value is _NO_VALUE or value is None)


def test_a_receipt_that_is_gone(repository: Path) -> None:
    assert "cannot read the receipt" in replay(repository).err


def test_a_replay_takes_nothing_else(repository: Path) -> None:
    receipt_of(repository)
    again = call(repository, "gate", "--replay", "receipt.json", "--treatment-revision", "x")
    assert again.status == 2
    assert "treatment-revision is given" in again.err


@pytest.mark.parametrize("key", ["plan", "results", "policy"])
@pytest.mark.parametrize("way", ["absolute", "relative", "link", "folder"])
def test_a_receipt_names_no_file_outside_of_the_repository(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, key: str, way: str
) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.yaml"
    secret.write_text("token: hunter2 [\n")
    (repository / "link.yaml").symlink_to(secret)
    (repository / "linked").symlink_to(secret.parent)
    paths = {
        "absolute": str(secret),
        "relative": os.path.relpath(secret, repository),
        "link": "link.yaml",
        "folder": "linked/secret.yaml",
    }
    path = receipt_of(repository)
    receipt = json.loads(path.read_text())
    receipt["call"][key] = paths[way]
    path.write_text(json.dumps(receipt))
    again = replay(repository)
    assert again.status == 2
    assert "lies outside of the repository" in again.err
    assert "hunter2" not in again.out + again.err


@pytest.mark.parametrize("key", ["plan", "results", "policy"])
@pytest.mark.parametrize("name", ["x\0.yaml", "x\ud800.yaml"])
def test_a_name_that_no_file_can_have_is_an_answer_and_no_crash(
    repository: Path, key: str, name: str
) -> None:
    path = receipt_of(repository)
    receipt = json.loads(path.read_text())
    receipt["call"][key] = name
    path.write_text(json.dumps(receipt))
    again = replay(repository)
    assert again.status == 2
    assert "no file can have this name" in again.err or "there is no such file" in again.err
    assert "Traceback" not in again.out + again.err


@pytest.mark.parametrize(
    "url",
    [
        "DUCKDB:///{}/new.db",
        "sqlite:///{}/new.db",
        "postgres://user@host/db",
        "duckdb:///warehouse.db",
        "nonsense",
    ],
)
def test_a_receipt_opens_no_warehouse(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, url: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    with (repository / "egp.yaml").open("a") as policy:
        policy.write("sources: {exposures: {table: exposures}, events: {table: events}}\n")
    path = receipt_of(repository)
    receipt = json.loads(path.read_text())
    receipt["call"]["source"] = url.format(outside)
    path.write_text(json.dumps(receipt))
    again = replay(repository)
    assert (again.status, "a receipt opens no warehouse" in again.err) == (2, True)
    assert list(outside.iterdir()) == []


def test_a_roll_back_survives_a_full_disk(repository: Path) -> None:
    answered = gate(repository, "two-bad-weeks", "--monitor", "--receipt", "no/such/folder/receipt.json")
    assert answered.status == 3
    assert "cannot write" in answered.err


def test_a_receipt_that_cannot_be_written_is_no_verdict(repository: Path) -> None:
    assert gate(repository, "stage-1", "--to", "90%", "--receipt", "no/such/folder/receipt.json").status == 2


def test_a_receipt_keeps_no_password() -> None:
    world = stage_world()
    judgement = judgement_of(world)
    url = "postgres://egp:hunter2@db.example/shop?sslkey=hunter3"
    told = written(replace(judgement, call=replace(judgement.call, source=url)))
    assert json.loads(told)["call"]["source"] == "postgres://db.example/shop"
    assert "hunter" not in told


def test_a_warehouse_needs_tables_in_the_policy(repository: Path) -> None:
    answered = gate(repository, "stage-1", "--to", "90%", "--source", "duckdb:///warehouse.db")
    assert answered.status == 2
    assert "names no tables" in answered.err


def test_main_is_what_was_called() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gate", "--help"])
    assert ended.value.code == 0
