"""What it costs to judge a file follows its size, whatever its shape: strangers choose both."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = "id: x\nschedule: {}\n"
SIZE = 990_000


def filled(key: str, item: Callable[[int], str], size: int = SIZE, inner: str = "") -> str:
    """A plan with one list on one line, as long as the size allows."""
    items: list[str] = []
    while size > 0:
        items.append(item(len(items)))
        size -= len(items[-1]) + 1
    written = f"[{','.join(items)}]"
    return f"{HEAD}{key}: {f'{{{inner}: {written}}}' if inner else written}\n"


SHAPES: dict[str, str] = {
    "stop rules and guardrails on one line": filled("stop_rules", lambda at: f"{{id: v{at}, metric: m{at}}}", 80_000)
    + filled("guardrail_metrics", lambda at: f"{{id: m{at}}}", 34_000).removeprefix(HEAD),
    "plans that share everything": "\n---\n".join(["id: same\nfeature_flag: f\nlayer: l\nsurfaces: [a]\nschedule: {start: 2023-01-01, end: 2023-02-01, exposure: 10%}"] * 999),
    "waivers": filled("waivers", lambda at: f"{{rule: r{at}, reason: x, approver: '@a{at}'}}"),
    "variants": filled("variants", lambda at: f"{{id: v{at}, weight: 1%}}"),
    "options": filled("decision_rule", lambda at: f"o{at}", inner="options"),
    "values": filled("x-values", lambda _: "1"),
    "unknown keys": HEAD + "".join(f"k{at}: 1\n" for at in range(90_000)),
    "one key again and again": HEAD + "id: 1\n" * 150_000,
    "a long key": f"{HEAD}{'k' * 900_000}: 1\n",
    "a long value": "id: x\nhypothesis: " + "a b " * 240_000 + "\n",
    "aliases": f"{HEAD}x-a: &a {'z' * 400_000}\nx-l: [{','.join(['*a'] * 9_000)}]\n",
    "anchors": filled("x-l", lambda at: f"&a{at} {at}"),
    "unclosed brackets": HEAD + "x-q: [" + "[a," * 200_000,
}  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is measured as Linux has it")
@pytest.mark.parametrize("form", ["text", "sarif"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_megabyte_of_any_shape_is_judged_in_bearable_time(tmp_path: Path, shape: str, form: str) -> None:
    (tmp_path / "plan.yaml").write_text(SHAPES[shape], encoding="utf-8")
    root = str(Path(__file__).parents[2])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # VmHWM is of this program alone; ru_maxrss outlives exec, so that it would be that of whoever runs the tests.
    program = (
        "import re, sys; from egp.cli.main import main; status = main(sys.argv[1:]); "
        "print(re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1], file=sys.stderr); sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "check", "plan.yaml", "--policy", "egp:standard", "--as-of", "2023-01-18", "--format", form],
        cwd=tmp_path, env={"PYTHONPATH": root}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ran.returncode == 1
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 4, (
        "twice what an idle machine takes"
    )
    assert int(ran.stderr.splitlines()[-1]) < 200_000
    assert len(ran.stdout) < 10_000_000
