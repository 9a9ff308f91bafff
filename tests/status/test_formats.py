"""The status in its formats."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from egp.output.report.text import columns
from tests.page.test_html import Reader
from tests.published import require_declared

from .asking import FORMATS, ask, replaced

DAYS = ("2023-01-22", "2023-01-28", "2023-02-28", "2023-09-15", "2023-12-31")
HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize("as_of", DAYS)
def test_the_json_is_as_its_schema_says(repository: Path, as_of: str) -> None:
    answered = ask(repository, as_of, "--format", "json")
    require_declared("status", answered.out)
    told = answered.json
    lights = [each["light"] for each in told["experiments"]]
    assert told["summary"] == {
        **{light: lights.count(light) for light in ("red", "yellow", "green")},
        "over": lights.count(None),
    }


@pytest.mark.parametrize("output", FORMATS)
def test_the_same_input_gives_the_same_bytes(repository: Path, output: str) -> None:
    first = ask(repository, "2023-02-28", "--format", output)
    assert first.status == 0
    assert ask(repository, "2023-02-28", "--format", output).out == first.out


def test_text_tells_every_light_in_a_word(repository: Path) -> None:
    out = ask(repository, "2023-02-28").out
    assert out.startswith("Experiments on 2023-02-28\n")
    assert "\n[red] 1 experiment running: red; 1 planned.\n" in out
    assert "pdp-buy-now  red " in out
    assert all(columns(line) <= 100 for line in out.splitlines())


def test_a_title_that_would_like_to_be_a_script_is_text(repository: Path) -> None:
    plan = repository / "experiments/pdp-buy-now.yaml"
    replaced(plan, "id: pdp-buy-now", f'id: "{HOSTILE}"')
    page = ask(repository, "2023-01-28", "--format", "html").out
    assert HOSTILE not in page
    assert HOSTILE in Reader(page).words
    markdown = ask(repository, "2023-01-28", "--format", "markdown").out
    assert "<script>" not in markdown


@pytest.mark.parametrize(
    ("name", "begin"),
    [
        ("a.html", "<!doctype html>"),
        ("a.md", "## Experiments"),
        ("a.json", "{\n"),
        ("a.txt", "Experiments on"),
    ],
)
def test_the_ending_of_the_file_says_the_format(repository: Path, name: str, begin: str) -> None:
    answered = ask(repository, "2023-02-28", "-o", name)
    assert (answered.status, answered.out) == (0, "")
    assert (repository / name).read_text(encoding="utf-8").startswith(begin)


@pytest.mark.parametrize("missing", ["vl_convert", "jinja2"])
def test_without_its_extra_html_says_what_to_install(
    repository: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.delitem(sys.modules, "egp.output.page.html", raising=False)
    monkeypatch.delattr(sys.modules["egp.output.page"], "html", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    answered = ask(repository, "2023-02-28", "--format", "html")
    assert (answered.status, answered.out) == (2, "")
    assert f"needs {missing}, which is not installed" in answered.err
    assert "pip install 'egp[html]'" in answered.err
