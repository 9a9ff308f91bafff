"""The page of a custom rule, in the form that the pages of shipped rules have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from egp.rules.custom.file import CustomRule, CustomTest

if TYPE_CHECKING:
    from egp.yaml import Document, Path


class HasPlace(Protocol):
    """Something with a place in a document."""

    @property
    def document(self) -> Document: ...

    @property
    def at(self) -> Path: ...


class ShownRule(HasPlace, Protocol):
    """What a page tells of a custom rule."""

    written: CustomRule
    place: str

    @property
    def schema(self) -> HasPlace | None: ...

    @property
    def tests(self) -> Sequence[CustomTest]: ...


_HEADERS = {
    "passes": "Passes", "fails": "Fails", "not_checked": "Not checked", "does_not_apply": "Does not apply",
}  # fmt: skip


def page_of(rule: ShownRule) -> str:
    """What the rule requires, why, how, and its tests as examples."""
    written = rule.written
    line = rule.document.span(rule.at).start.line
    parts = [
        " ".join((written.message or "").split()),
        _sentence(written.why) or f"The organisation requires it: {rule.document.path}:{line}.",
        *([f"To comply: {written.help}"] if written.help else []),
        *_asked(rule),
        *(_example(test) for test in rule.tests),
    ]
    return "\n\n".join(parts)


def _sentence(text: str | None) -> str:
    text = " ".join((text or "").split())
    return text if not text or text[-1] in ".!?" else f"{text}."


def _asked(rule: ShownRule) -> Iterator[str]:
    """The rule as the policy has it."""
    if rule.written.when:
        yield f"For plans for which this holds:\n\n{_code(rule.written.when)}"
    if rule.written.require:
        yield f"Required:\n\n{_code(rule.written.require)}"
    if rule.schema:
        where = f"{rule.schema.document.path}:{rule.schema.document.span(rule.schema.at).start.line}"
        part = f"`{rule.place}`" if rule.place else "The plan"
        yield f"{part} must fit the JSON Schema at {where}."


def _code(expression: str) -> str:
    return "\n".join(f"    {line}" for line in expression.strip().split("\n"))


def _example(test: CustomTest) -> str:
    import yaml

    at = f" at `{test.at}`" if test.at is not None else ""
    context = f" with `tier: {test.tier}`" if test.tier else ""
    plan = yaml.safe_dump(
        test.plan or {}, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return f"{_HEADERS[test.expect or 'passes']}{at}{context}:\n\n```yaml\n{plan}```"
