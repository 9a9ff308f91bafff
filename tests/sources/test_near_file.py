"""A path that leads to no file is answered with a near one, and never with one that is far."""

from __future__ import annotations

from pathlib import Path

import pytest

from egp.record.near_file import path_advice


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("experiments/exmaple.yaml", "did you mean experiments/example.yaml?"),
        ("experiments/example.yml", "did you mean experiments/example.yaml?"),
        ("experiments/readotu.yaml", "did you mean experiments/readout.yaml?"),
        ("experiments/readotu.csv", "did you mean experiments/readout.csv?"),
        ("experiments/nope.yaml", "correct the path"),
        ("elsewhere/example.yaml", "correct the path"),
    ],
)
def test_only_near_names_are_proposed(path: str, advice: str, tmp_path: Path) -> None:
    folder = tmp_path / "experiments"
    folder.mkdir()
    for name in ("example.yaml", "readout.csv", "readout.yaml", ".hidden.yaml"):
        (folder / name).touch()
    assert path_advice(str(tmp_path / path), path) == advice
