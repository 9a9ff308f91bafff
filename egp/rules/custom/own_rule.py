"""A rule that a policy writes: an expression or a schema, required of every plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from egp.plan.finding import DoesNotApply, Failure, Finding, NotChecked, Refused
from egp.plan.quantity import shown
from egp.rules.custom import cel, json_schema
from egp.rules.custom.apart import Stopped, ask
from egp.rules.custom.expression import missing_path
from egp.rules.custom.file import CustomRule, CustomTest
from egp.rules.rule import Params, Rule, RulePage
from egp.rules.rule_inputs import Organisation, WrittenPlan
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path, Span, parse_pointer
from egp.yaml.pointer import ABSENT, child

FAMILY = "custom"


class Schema(NamedTuple):
    """A JSON Schema, and where it is written."""

    value: object
    text: str
    """The same as JSON."""
    document: Document
    at: Path
    """The schema's path in the document."""


class OwnRule:
    """A rule that a policy writes, at its place in the policy."""

    def __init__(
        self, written: CustomRule, document: Document, at: Path, place: str, schema: Schema | None
    ) -> None:
        self.id: str = written.id or ""
        self.written = written
        self.document = document
        self.at = at
        self.place = place
        """Pointer of the part of a plan that the rule speaks about."""
        self.schema = schema
        self._refusal: Failure | None = None

    @property
    def tests(self) -> Sequence[CustomTest]:
        return self.written.tests

    def settings(self) -> Iterator[tuple[str, object]]:
        """What the policy sets where it writes the rule."""
        yield "severity", self.written.severity or "error"
        if self.written.waivable is not None:
            yield "waivable", self.written.waivable

    def rule(self) -> Rule:
        """The rule as policies weigh and adopt it."""
        return _WrittenRule(
            id=self.id,
            family=FAMILY,
            input_type="WrittenPlan",
            takes=3,
            yields_to=frozenset(),
            defaults={},
            needs=(),
            import_body=lambda: self,
            declare=dict,
        )

    def check(self, plan: WrittenPlan, params: Params, organisation: Organisation) -> Iterator[Finding]:  # noqa: ARG002
        """What the rule says of a plan. Raises Refused when it cannot judge: once it was stopped, it is not called again."""
        if self._refusal:
            raise Refused(self._refusal)
        if self.written.when and not self._holds("when", self.written.when, plan, organisation.tier):
            raise DoesNotApply
        if self.written.require:
            if not self._holds("require", self.written.require, plan, organisation.tier):
                yield self._finding(plan)
        else:
            yield from self._misfits(plan)

    def _holds(self, key: str, expression: str, plan: WrittenPlan, tier: str) -> bool:
        try:
            value = ask(cel.value_of, expression, plan.packed(), tier)
        except Stopped as bound:
            raise self._refused(
                key, f"`{key}` was stopped: {bound}", "ask less of a plan, in fewer loops"
            ) from None
        if value.kind == "missing":
            path = missing_path(expression, value.phrase, plan.value)
            if path is None:
                reason = f"`{key}` of {self.id} requires a key `{shown(value.phrase)}` that is not there"
                raise NotChecked(self._path(plan), reason, "write it, or let the policy require it with `in`")
            raise NotChecked(path)
        if value.kind == "unfit":
            reason = f"`{key}` of {self.id} has no value on this plan: {value.phrase}"
            raise NotChecked(self._path(plan), reason, "correct what the plan says there")
        if value.kind != "bool":
            raise self._refused(key, *_no_answer(key, value))
        return bool(value.phrase)

    def _path(self, plan: WrittenPlan) -> Path:
        return parse_pointer(self.place, plan.value)

    def _finding(self, plan: WrittenPlan) -> Finding:
        path = self._path(plan)
        value = _part(plan.value, path)
        is_plain = value is not ABSENT and not isinstance(value, (dict, list))
        return Finding(
            path,
            self.written.message or "",
            observed=shown(value) if is_plain else "",
            help=self.written.help
            or f"the policy requires `{' '.join((self.written.require or '').split())}`",
        )

    def _misfits(self, plan: WrittenPlan) -> Iterator[Finding]:
        assert self.schema is not None
        path = self._path(plan)
        value = _part(plan.value, path)
        if value is ABSENT:
            raise NotChecked(path)
        try:
            found = ask(json_schema.misfits, self.schema.text, value)
        except Stopped as bound:
            raise self._refused(
                "schema", f"the schema was stopped: {bound}", "write simpler patterns"
            ) from None
        if found is None:
            message = "the schema refers to itself without an end"
            raise self._refused("schema", message, "let a reference lead to another part of the plan")
        for misfit in found:
            yield Finding(
                (*path, *misfit.path),
                self.written.message or "",
                observed=misfit.found,
                required=misfit.asked,
                help=self.written.help or f"the policy's schema requires {misfit.asked}",
            )

    def _refused(self, key: str, message: str, advice: str) -> Refused:
        span = self.document.span((*self.at, key), key=True)
        self._refusal = self.failure(message, span, advice)
        return Refused(self._refusal)

    def failure(self, message: str, span: Span, advice: str) -> Failure:
        line = self.document.line(span.start.line)
        phrase = f"the policy cannot judge by {self.id}: {message}"
        return Failure(self.document.path, phrase, self.id, span, line, advice)


class _WrittenRule(Rule):
    """A rule whose page is made from what the policy says."""

    @property
    def page(self) -> RulePage:
        from egp.rules.custom.page import page_of

        return RulePage(page_of(self.body))


def _no_answer(key: str, value: cel.CelValue) -> tuple[str, str]:
    """Message and help for an expression that is no question."""
    if value.kind == "undeclared":
        return (
            f"`{key}` names `{shown(value.phrase)}`, which is nothing",
            f"speak of {' and '.join(cel.VARIABLES)}",
        )
    if value.kind == "pattern":
        return f"`{key}` has a pattern that cannot be read: {shown(value.phrase)}", "correct the pattern"
    return f"`{key}` is {value.phrase}, where true or false is meant", "compare it with what it should be"


def _part(value: object, path: Path) -> object:
    for step in path:
        value = child(value, step)
    return value


def answer_on(key: str, expression: str, plan: WrittenPlan) -> tuple[str, str] | None:
    """Message and help if the expression is no question to a plan, or cannot be evaluated."""
    try:
        value = ask(cel.value_of, expression, plan.packed(), "")
    except Stopped as bound:
        return f"`{key}` was stopped: {bound}", "ask less of a plan, in fewer loops"
    return _no_answer(key, value) if value.kind in ("undeclared", "pattern", "other") else None
