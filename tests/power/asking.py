"""Asking the calculator and the command the way a command line does."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, NamedTuple

from egp.cli.arguments.power import add_options
from egp.cli.main import main
from egp.plan.power.calculator import PowerAnswer, answered
from egp.plan.power.question import understood

ROOT = Path(__file__).parents[2]
SOUND_PLAN = ROOT / "egp" / "rules" / "sound_plan.yaml"
POLICY = Path(__file__).parent / "policy.yaml"
"""A policy that asks for guardrail-power and nothing else."""


class Run(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def answer_to(arguments: str) -> PowerAnswer:
    parser = ArgumentParser()
    add_options(parser)
    return answered(understood(vars(parser.parse_args(shlex.split(arguments)))))


def run(*arguments: str) -> Run:
    """`egp power` with these arguments, piped."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["power", *arguments])
    return Run(status, _content(out), _content(err))


def _content(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def run_line(arguments: str) -> Run:
    return run(*shlex.split(arguments))
