"""Which parser is taken, and that loading the C parser alone leaves PyYAML whole for everybody else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from egp.yaml import libyaml
from egp.yaml.events import best_parser, c_parser

WHOLE = """
import sys
from egp.yaml import read_text
assert read_text("a: [1")[0].problems[0].kind == "syntax"
assert "yaml._yaml" in sys.modules
for heavy in ("yaml.constructor", "yaml.resolver", "yaml.representer", "ruamel.yaml"):
    assert heavy not in sys.modules, heavy
{use}
assert read_text("a: [1")[0].problems[0].kind == "syntax"
assert read_text("a: no")[0].value == {{"a": "no"}}
"""


@pytest.mark.parametrize(
    "use",
    [
        "import yaml; assert yaml.safe_load('a: no') == {'a': False} and yaml.__with_libyaml__",
        "from yaml import safe_dump; assert safe_dump({'a': 1}) == 'a: 1\\n'",
        "from yaml import *; assert load('[1]', Loader=CSafeLoader) == [1]",
        "import yaml.constructor, yaml; assert yaml.constructor.SafeConstructor in yaml.CSafeLoader.__mro__",
        "import yaml.scanner; assert yaml.scanner.ScannerError",
        "from yaml.cyaml import CSafeLoader; import yaml; assert yaml.load('1', Loader=CSafeLoader) == 1",
        """
import yaml
for loader in (yaml.SafeLoader, yaml.CSafeLoader):
    for text, error in (("a: [1", yaml.parser.ParserError), ("a: @", yaml.scanner.ScannerError)):
        try:
            yaml.load(text, Loader=loader)
        except error as caught:
            assert isinstance(caught, yaml.YAMLError)
        else:
            raise AssertionError(text)
""",
    ],
)
def test_pyyaml_is_whole_when_somebody_uses_it(use: str) -> None:
    run(WHOLE.format(use=use))


def test_pyyaml_that_is_loaded_already_is_taken_as_it_is() -> None:
    run("import yaml\nfrom egp.yaml import read_text\nassert read_text('a: 1')[0].value == {'a': 1}")


def test_the_pure_parser_serves_where_the_c_parser_is_missing() -> None:
    run(
        """
import sys
sys.modules["yaml._yaml"] = None
from egp.yaml import read_text
from egp.yaml.events import best_parser
assert best_parser().name == "pure"
(document,) = read_text("a: [1, no]")
assert document.value == {"a": [1, "no"]} and document.span(("a", 1)) == ((1, 8), (1, 10))
assert read_text("a: [1")[0].problems[0].kind == "syntax"
"""
    )


def test_a_pyyaml_of_another_build_is_imported_whole() -> None:
    run(
        """
from egp.yaml import libyaml
libyaml._EXCEPTIONS.pop("reader")
from egp.yaml import read_text
from egp.yaml.events import best_parser
assert best_parser().name in ("c", "pure")
assert read_text("a: 1")[0].value == {"a": 1}
"""
    )


def test_the_c_parser_is_taken_where_it_is_there() -> None:
    assert best_parser().name == "c"
    assert c_parser().scalar is libyaml.load().ScalarEvent


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
