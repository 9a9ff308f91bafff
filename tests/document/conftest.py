"""Every test that asks for a parser runs with both."""

from __future__ import annotations

import pytest

from egp.yaml.events import Parser, c_parser, pure_parser


@pytest.fixture(params=[c_parser, pure_parser], ids=["c", "pure"])
def parser(request: pytest.FixtureRequest) -> Parser:
    made: Parser = request.param()
    return made
