"""Every format's page is its specification: what the examples state is read, and what cannot be known says why."""

from __future__ import annotations

import pytest

from egp.record.rollouts.page import FormatExample, examples
from egp.record.rollouts.reading import format_module, formats
from egp.yaml import read_text
from tests.rollouts.reading import matching, read, told

EXAMPLES = [
    pytest.param(name, example, id=f"{name}-{number}")
    for name in formats()
    for number, example in enumerate(examples(format_module(name).__doc__ or ""), start=1)
]


def test_the_formats_are_those_of_the_contract() -> None:
    assert formats() == (
        "argo-rollouts", "flagd", "flagger", "flipt", "go-feature-flag",
        "growthbook", "launchdarkly", "launchdarkly-terraform", "unleash",
    )  # fmt: skip


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_example(name: str, example: FormatExample) -> None:
    reading = read(example.text, name, example.language)
    if example.saying:
        assert any(example.saying in each.reason for each in reading.unread), reading.unread
        return
    stated = read_text(example.read)[0].value
    found = [told(each) for each in reading.rollouts]
    assert reading.unread == ()
    assert isinstance(stated, list)
    assert len(stated) == len(found)
    for wanted, got in zip(stated, found, strict=True):
        for key, value in wanted.items():
            assert matching(value, got[key]), (key, value, got[key])


@pytest.mark.parametrize("name", formats())
def test_a_page_shows_what_is_read_and_what_is_not_checked(name: str) -> None:
    page = format_module(name).__doc__ or ""
    shown = list(examples(page))
    assert any(each.saying for each in shown)
    assert any(each.read for each in shown)
    assert page.count("```") == 2 * sum(1 + bool(each.read) for each in shown), (
        "every block has a header egp can run"
    )


@pytest.mark.parametrize("name", formats())
def test_every_part_lies_where_the_file_has_it(name: str) -> None:
    for example in examples(format_module(name).__doc__ or ""):
        lines = example.text.count("\n")
        for each in read(example.text, name, example.language).rollouts:
            spans = [each.flag.at, *(share.at for audience in each.audiences for share in audience.shares)]
            spans += [stage.at for stage in each.stages]
            assert all(1 <= span.start.line <= lines for span in spans)
