"""Receipts that the first release wrote are read and judged again by every later one.

``first_release`` has three of them with everything that they were judged from, as they came out of egp 0.1.0.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from .calling import Call, call

CORPUS = Path(__file__).parent / "first_release"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(CORPUS, tmp_path / "first_release"))
    # Under its own name it would own plans of this repository, and their ids would count among the examples'.
    (folder / "policy.yaml").rename(folder / "egp.yaml")
    return folder


def replay(folder: Path, name: str) -> Call:
    return call(folder, "gate", "--replay", f"{name}.json")


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("proceed", "pdp-buy-now to 90%, as of 2023-02-09 08:00 PST"),
        ("hold", "pdp-buy-now to 70%, as of 2023-01-28 08:00 PST"),
        ("roll-back", "pdp-buy-now in 90%, as of 2023-03-02 09:00 PST"),
    ],
)
def test_it_is_judged_again_as_of_its_own_instant(folder: Path, name: str, headline: str) -> None:
    again = replay(folder, name)
    assert headline in again.out.splitlines()[0]
    assert "replayed: " in again.out, again.err
    assert "not what was judged" not in again.out, "its inputs are the same for this egp"


@pytest.mark.parametrize(
    ("name", "verdict"), [("proceed", "proceed"), ("hold", "hold (wait)"), ("roll-back", "roll back")]
)
def test_the_verdict_is_the_same(folder: Path, name: str, verdict: str) -> None:
    again = replay(folder, name)
    assert again.out.startswith(f"{verdict}: ")
    assert "the verdict was" not in again.out


@pytest.mark.parametrize("name", ["proceed", "hold", "roll-back"])
def test_that_it_was_judged_by_another_analysis_is_told(folder: Path, name: str) -> None:
    again = replay(folder, name)
    assert "judged by analysis 1 then, and by analysis 2 now" in again.out
    assert again.status == 2, "so that nothing opens on a replay by another analysis"


@pytest.mark.parametrize("flags", [(), ("--format", "json")])
def test_whoever_calls_anew_is_held_until_the_plan_is_amended(folder: Path, flags: tuple[str, ...]) -> None:
    """The receipt of that call says by which analysis it was judged, and holds when it is replayed."""
    asked = json.loads((folder / "proceed.json").read_text())["call"]
    again = call(
        folder, "gate", asked["plan"], "--results", asked["results"], "--to", asked["to"],
        "--as-of", "2023-02-09T08:00", "--receipt", "new.json", *flags,
    )  # fmt: skip
    assert again.status == 1
    receipt = json.loads((folder / "new.json").read_text())
    assert receipt["analysis"] == 2
    assert receipt["hold"]["kind"] == "repair"
    assert replay(folder, "new").status == 1


@pytest.mark.parametrize("analysis", ["1", None, True, 1.0, [1]])
def test_an_analysis_that_is_no_number_makes_it_no_receipt(folder: Path, analysis: object) -> None:
    path = folder / "proceed.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "analysis": analysis}))
    again = replay(folder, "proceed")
    assert (again.status, again.out) == (2, "")
    assert "this is no receipt of egp gate" in again.err


def test_what_it_could_not_know_is_no_difference(folder: Path) -> None:
    """It has neither an action nor readouts, and none of the checks that came later."""
    out = replay(folder, "proceed").out
    told = out[out.index("replayed: ") :]
    for name in ("as_if", "action", "readout", "change-window", "fresh-results", "readings, and there are"):
        assert name not in told


def test_what_it_knew_is_compared(folder: Path) -> None:
    path = folder / "proceed.json"
    stated = json.loads(path.read_text())
    (dwell,) = [each for each in stated["checks"] if each["check"] == "dwell"]
    dwell["message"] = "long enough"
    path.write_text(json.dumps(stated))
    again = replay(folder, "proceed")
    assert again.status == 2
    assert "dwell said: long enough" in again.out


@pytest.mark.parametrize("as_of", [None, 4, "soon", "2023-02-09", "2023-02-09T08:00:00"])
def test_without_the_instant_of_its_verdict_it_is_none(folder: Path, as_of: object) -> None:
    path = folder / "proceed.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "as_of": as_of}))
    again = replay(folder, "proceed")
    assert (again.status, again.out) == (2, "")
    assert "this is no receipt of egp gate" in again.err
