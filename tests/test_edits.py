"""One edit of the accepted plan, and what egp says to it: the promises of the README, run end to end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.check import check
from egp.plan.finding import Diagnostic
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.yaml import read_text

ROOT = Path(__file__).parents[1]
PLAN = (ROOT / "examples" / "experiments" / "pdp-buy-now.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Edit:
    """A replacement in the plan, the rule that must object, the text it must underline and words it must say."""

    pattern: str
    replacement: str
    rule: str
    underlined: str
    saying: tuple[str, ...]
    missing: str = ""


EDITS = {
    "a day short": Edit("end: 2023-02-05", "end: 2023-02-04", "minimum-runtime", "2023-02-04", ("13", "14")),
    "a pause": Edit(
        r"pauses: \[\]", "pauses: [2023-01-28]", "minimum-runtime", "[2023-01-28]", ("8 days", "14")
    ),
    "no rollback": Edit(r"\nrollback: .*", "", "rollback-declared", "id", ("withdrawn",), missing="rollback"),
    "less power": Edit("power: 95%", "power: 80%", "power-floor", "80%", ("80 %", "95 %")),
    "no unit": Edit("mde: 45bps", "mde: 0.003", "ambiguous-quantity", "0.003", ("12.04 %", "12.30 %")),
    "a typo": Edit(
        "primary_metric:", "primary_metrc:", "valid-plan", "primary_metrc", ("did you mean `primary_metric`",)
    ),
    "one unit short": Edit("147_000", "103_286", "sample-size", "103_286", ("103,286", "103,287")),
    "no baseline": Edit(
        r"\n  baseline: 12%",
        "",
        "gate-inputs",
        "primary_metric",
        ("does not say the baseline of add_to_cart_rate",),
        missing="baseline",
    ),
    "three looks": Edit(
        r"looks: \[2023-02-06\]",
        "looks: [2023-01-28, 2023-02-01, 2023-02-06]",
        "no-unplanned-looks",
        "[2023-01-28, 2023-02-01, 2023-02-06]",
        ("10.6 %", "3 looks"),
    ),
}


def errors_of(text: str, tmp_path: Path) -> tuple[list[Diagnostic], int]:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "egp.yaml").write_text(
        (ROOT / "examples" / "egp.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    (tmp_path / "experiments" / "pdp-buy-now.yaml").write_text(text, encoding="utf-8")
    policy = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(tmp_path), policy.plans, policy.root)
    report = check(finder.portfolio(), finder, policy, date(2023, 8, 30))
    return [each for each in report.diagnostics if each.severity == "error"], report.exit_status()


@pytest.mark.parametrize("name", EDITS)
def test_edit(name: str, tmp_path: Path) -> None:
    edit = EDITS[name]
    text, count = re.subn(edit.pattern, edit.replacement, PLAN, count=1)
    assert count == 1
    errors, status = errors_of(text, tmp_path)
    assert status == 1
    assert [error.rule for error in errors] == [edit.rule]
    error = errors[0]
    start, end = error.place.span
    assert error.line[start.column - 1 : end.column - 1] == edit.underlined
    assert all(words in error.message for words in edit.saying)
    assert error.missing == edit.missing


def test_without_an_edit(tmp_path: Path) -> None:
    assert errors_of(PLAN, tmp_path) == ([], 0)


def test_a_text_that_is_blank_is_never_accepted(tmp_path: Path) -> None:
    """Whoever is responsible, what was asked, where it comes from: two rules that speak of it leave it to each other."""
    value = read_text(PLAN, "plan.yaml")[0].value
    accepted = []
    for at, path in enumerate(path for path, leaf in texts(value)):
        folder = tmp_path / str(at)
        folder.mkdir()
        if errors_of(json.dumps(with_blank(value, path)), folder)[1] != 1:
            accepted.append(path)
    assert at > 60
    assert accepted == []


def texts(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if isinstance(item, str):
            yield (*path, key), item
        else:
            yield from texts(item, (*path, key))


def with_blank(value: Any, path: tuple[Any, ...]) -> object:
    if not path:
        return " "
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_blank(value[path[0]], path[1:])
    return copy
