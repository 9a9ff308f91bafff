"""Calling egp the way a pipeline does: in a folder, piped."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from egp.cli.main import main

PLAN = "experiments/pdp-buy-now.yaml"


class Call(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(folder: Path, *arguments: str) -> Call:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(arguments)
    texts = [stream.buffer.getvalue().decode("utf-8") for stream in (out, err)]
    return Call(status, *texts)


def taken(folder: Path, results: str) -> str:
    """The instant at which results were taken."""
    text = (folder / results).read_text(encoding="utf-8")
    return re.search(r"^as_of: (.*)$", text, re.MULTILINE)[1]  # type: ignore[index]


def gate(folder: Path, results: str, *arguments: str) -> Call:
    """`egp gate` on results of the example when they were taken, with `--to 70%`, unless something else is asked for."""
    move = () if {"--to", "--monitor"} & set(arguments) else ("--to", "70%")
    file = f"results/pdp-buy-now/{results}.yaml"
    when = () if "--as-of" in arguments else ("--as-of", taken(folder, file))
    return call(folder, "gate", PLAN, "--results", file, *move, *when, *arguments)
