"""Reading ``custom:`` of a policy: every mistake at its line, before any plan is judged."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Sequence

from egp.plan.quantity import shown
from egp.rules.custom import cel, json_schema
from egp.rules.custom.apart import Stopped, ask
from egp.rules.custom.expression import LONGEST, first_path
from egp.rules.custom.file import CustomRule
from egp.rules.custom.own_rule import OwnRule, Schema, answer_on
from egp.rules.custom.trial import merged, sound_plan
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path, PointerError, Position, Span, parse_pointer, pointer
from egp.yaml.pointer import ABSENT, child

_KEBAB_CASE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_EXTRA = "pip install 'egp[custom]'"

ReadSchema = Callable[[str], "Document | tuple[str, str]"]
"""Reads the file of a schema, named from the policy's folder; or message and help why it cannot be read."""


class RuleMistake(NamedTuple):
    """Why a custom rule cannot judge."""

    document: Document
    span: Span
    message: str
    help: str


class CustomRules(NamedTuple):
    rules: tuple[OwnRule, ...]
    mistakes: tuple[RuleMistake, ...]


def read_custom(
    document: Document, items: Sequence[CustomRule], known: Container[str], read_schema: ReadSchema
) -> CustomRules:
    """The rules of a policy's ``custom:`` that are without mistake, and the mistakes of the others.

    ``known`` are the rules that there are already.
    """
    rules: dict[str, OwnRule] = {}
    mistakes: list[RuleMistake] = []
    for position, item in enumerate(items):
        reading = _Reading(document, item, ("custom", position), read_schema)
        rule = reading.rule(known, rules)
        mistakes.extend(reading.mistakes)
        if rule:
            rules[rule.id] = rule
    return CustomRules(tuple(rules.values()), tuple(mistakes))


class _Reading:
    """One item of ``custom:``."""

    def __init__(self, document: Document, item: CustomRule, at: Path, read_schema: ReadSchema) -> None:
        self.document = document
        self.item = item
        self.at = at
        self.read_schema = read_schema
        self.mistakes: list[RuleMistake] = []

    def rule(self, known: Container[str], beside: Container[str]) -> OwnRule | None:
        """The rule, or None and what is wrong with it."""
        if self.item.id is None or self.item.message is None:
            return None  # which the shape has said
        self._check_name(self.item.id, known, beside)
        asked = [key for key in ("require", "schema") if self._is_written(key)]
        if len(asked) != 1:
            number = "both" if asked else "neither"
            joint = "and" if asked else "nor"
            self._wrong((), f"it has {number} `require` {joint} `schema`", "write one of the two")
            return None
        if self.item.require is None and self.item.json_schema is None:
            return None  # it is no text, which the shape has said
        place = self._place()
        for key in ("when", "require"):
            self._check_expression(key, getattr(self.item, key))
        schema = self._schema() if self.item.json_schema is not None else None
        self._check_tests()
        return None if self.mistakes else OwnRule(self.item, self.document, self.at, place, schema)

    def _is_written(self, key: str) -> bool:
        value: object = self.document.value
        for step in (*self.at, key):
            value = child(value, step)
        return value is not ABSENT and value is not None

    def _wrong(self, path: Path, message: str, advice: str, span: Span | None = None) -> None:
        span = span or self.document.span((*self.at, *path))
        named = f"custom rule {shown(self.item.id)}: {message}" if self.item.id else message
        self.mistakes.append(RuleMistake(self.document, span, named, advice))

    def _check_name(self, name: str, known: Container[str], beside: Container[str]) -> None:
        if not _KEBAB_CASE.fullmatch(name):
            self._wrong(("id",), "the id is not in kebab-case", "write it as in checkout-needs-legal")
        elif name in known or name in beside:
            self._wrong(
                ("id",), "there is a rule of this id already", "give it another id; `egp rules` lists all"
            )

    def _place(self) -> str:
        if self.item.at is None:
            return pointer(first_path(self.item.require)) if self.item.require else ""
        try:
            parse_pointer(self.item.at, None)
        except PointerError as error:
            self._wrong(("at",), str(error), "write a JSON pointer, as in /schedule/end")
        return self.item.at

    def _check_expression(self, key: str, expression: str | None) -> None:
        if expression is None:
            return
        if len(expression) > LONGEST:
            message = f"`{key}` has {len(expression):,} characters, and {LONGEST:,} are the most"
            self._wrong((key,), message, "divide it into several rules")
            return
        try:
            fault = ask(cel.fault_of, expression)
        except ImportError:
            self._wrong((key,), "expressions need the package common-expression-language", _EXTRA)
            return
        except Stopped as bound:
            self._wrong((key,), f"`{key}` was stopped: {bound}", "write a shorter expression")
            return
        if fault:
            self._wrong_expression(key, expression, fault)
            return
        answer = answer_on(key, expression, sound_plan())
        if answer:
            self._wrong((key,), *answer)

    def _wrong_expression(self, key: str, expression: str, fault: cel.ExpressionFault) -> None:
        advice = "an expression is written in CEL, as in `plan.sign_offs.exists(s, s.role == 'legal')`"
        span = self._span_in(key, expression, fault) if fault.line else None
        where = f" (line {fault.line}, column {fault.column} of it)" if fault.line and not span else ""
        self._wrong((key,), f"`{key}`: {fault.message}{where}", advice, span)

    def _span_in(self, key: str, expression: str, fault: cel.ExpressionFault) -> Span | None:
        """The character of the policy that a character of an expression is; None where escapes hide it.

        However YAML wraps a text, its characters that are no spaces stay, and in order.
        """
        written = self.document.scalar((*self.at, key))
        if not written:
            return None
        body = _body_start(written)
        marks = [at for at in range(body, len(written)) if not written[at].isspace()]
        solid = "".join(expression.split())
        if "".join(written[at] for at in marks).rstrip("\"'") != solid.rstrip("\"'"):
            return None
        lines = expression.split("\n")[: fault.line]
        before = len("".join("".join([*lines[:-1], lines[-1][: fault.column - 1]]).split()))
        at = marks[before] if before < len(marks) else marks[-1] + 1
        start = self.document.span((*self.at, key)).start
        line_start = written.rfind("\n", 0, at) + 1
        line = start.line + written.count("\n", 0, at)
        column = at - line_start + (1 if line_start else start.column)
        return Span(Position(line, column), Position(line, column + 1))

    def _schema(self) -> Schema | None:
        written = self.item.json_schema
        document, at = self.document, (*self.at, "schema")
        if isinstance(written, str):
            found = self.read_schema(written)
            if isinstance(found, tuple):
                self._wrong(("schema",), *found)
                return None
            document, at, written = found, (), found.value
            for problem in document.problems:
                self.mistakes.append(RuleMistake(document, problem.span, problem.message, problem.help))
        if self.mistakes:
            return None
        if not isinstance(written, (dict, bool)):
            advice = "write a schema as a mapping, or the path of a file with one"
            self.mistakes.append(RuleMistake(document, document.span(at), "this is no JSON Schema", advice))
            return None
        fault = json_schema.fault_of(written) or self._malformed(written)
        if fault:
            span = document.span((*at, *fault.path))
            named = f"custom rule {self.item.id}: {fault.message}"
            self.mistakes.append(RuleMistake(document, span, named, fault.help))
            return None
        return Schema(written, json.dumps(written), document, at)

    def _malformed(self, schema: object) -> json_schema.SchemaFault | None:
        try:
            found = ask(json_schema.malformed, schema)
        except ImportError:
            return json_schema.SchemaFault((), "schemas need the package jsonschema", _EXTRA)
        except Stopped as bound:
            return json_schema.SchemaFault((), f"the schema was stopped: {bound}", "write a smaller schema")
        if found is None:
            return None
        return json_schema.SchemaFault(
            found[0], f"this is no JSON Schema: {found[1]}", f"see {json_schema.DRAFT}"
        )

    def _check_tests(self) -> None:
        for position, test in enumerate(self.item.tests):
            if not isinstance(test.plan, (dict, type(None))):
                self._wrong(
                    ("tests", position, "plan"),
                    "the plan of a test is a mapping",
                    "write what differs from the sound plan, and `{}` for nothing",
                )
            elif not _fits_sound_plan(test.plan):
                self._wrong(
                    ("tests", position, "plan"),
                    "the plan of a test names an item that a list of the sound plan does not have",
                    "name items by their position from 0, or write the whole list",
                )
            if test.expect in ("fails", "not_checked") and test.at is None:
                self._wrong(("tests", position), f"the test expects `{test.expect}` and does not say where",
                            "add `at:` with the JSON pointer")  # fmt: skip
            elif test.expect in ("passes", "does_not_apply") and test.at is not None:
                self._wrong(("tests", position), f"a plan that {test.expect.replace('_', ' ')} has no `at`",
                            "take `at:` away")  # fmt: skip


def _fits_sound_plan(patch: object) -> bool:
    try:
        merged(sound_plan().value, patch or {})
    except (ValueError, IndexError):
        return False
    return True


def _body_start(written: str) -> int:
    """Where the text of a scalar begins: after its quote, or after the head of a block."""
    if written[0] in ">|":
        return written.find("\n") + 1
    return int(written[0] in "\"'")
