"""What each rule says of each example on its page, and of variations of them: every finding with all that it offers.

The pages promise that a finding is there. Here is whatever else is said: the whole message, the help, what breaking the rule
costs. Each file of `outcomes/` is about one rule; a variation, a plan as a page would have it, stands there itself, in lines
that begin with `|`. After a change that is meant, `python -m tests.rules.outcomes` writes what is said anew; read the diff.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from egp.check.placing import Placer
from egp.plan.experiment import read_experiment
from egp.plan.finding import Finding, Related
from egp.plan.remedy import Candidate, Remedy, edits_in_words
from egp.policy.model import Adopted
from egp.rules.costs import LOST, of_each
from egp.rules.exports import Broken
from egp.rules.rule import Example, Rule, load
from egp.rules.table import KNOWN_AS
from egp.yaml import Path, Span, pointer
from egp.yaml.edits import value_at

from .examples import Question, all_rules, documents_of, question_of

GOLDEN = FilePath(__file__).parent / "outcomes"
_HEADER = re.compile(r"variation \d+(?: with `(?P<context>.*)`)?(?P<whole> \(whole file\))?")
_INPUT = "| "


class Case(NamedTuple):
    """An example of a rule, under the header that it has in the rule's file."""

    rule: Rule
    example: Example
    header: str

    @property
    def name(self) -> str:
        return f"{self.rule.id} {self.header}"

    @property
    def is_variation(self) -> bool:
        return not self.header.startswith("page ")


@cache
def cases() -> dict[str, Case]:
    """By name: the examples on the page of each rule, then the variations of its file."""
    return {each.name: each for rule in all_rules() for each in _cases(rule)}


@cache
def committed() -> dict[str, str]:
    """Name → what is said of it, with the plan of a variation."""
    return {
        f"{path.stem} {header}": body
        for path in sorted(GOLDEN.glob("*.txt"))
        for header, body in _blocks(path)
    }


def _cases(rule: Rule) -> Iterator[Case]:
    for number, example in enumerate(rule.page.examples, start=1):
        yield Case(rule, example, f"page {number}")
    path = GOLDEN / f"{rule.id}.txt"
    for header, body in _blocks(path) if path.exists() else ():
        if matched := _HEADER.fullmatch(header):
            lines = [line.removeprefix(_INPUT) for line in body.split("\n") if line.startswith(_INPUT)]
            text = "".join(f"{line}\n" for line in lines)
            example = Example("passes", "", matched["context"] or "", "", bool(matched["whole"]), text)
            yield Case(rule, example, header)


def _blocks(path: FilePath) -> Iterator[tuple[str, str]]:
    for block in path.read_text(encoding="utf-8").rstrip("\n").split("\n\n"):
        header, _, body = block.partition(":\n")
        yield header, body


def recorded(case: Case) -> str:
    """What stands below a header."""
    given = case.example.text.splitlines() if case.is_variation else []
    return "\n".join((*(f"{_INPUT}{line}" for line in given), *told(case.rule, case.example)))


def told(rule: Rule, example: Example) -> Iterator[str]:
    """What is said of an example, line by line."""
    question = question_of(rule, example, documents_of(rule, example))
    outcome = question.outcome()
    if not outcome.applies:
        yield "does not apply"
    elif outcome.not_checked is not None:
        yield f"not checked at {outcome.not_checked or 'the plan'}"
    elif not outcome.findings:
        yield "passes"
    for finding in outcome.findings:
        yield _place(finding)
        yield from (f"  {line}" for line in _said(finding, question))


def _place(finding: Finding) -> str:
    needed = f"needed: {finding.required}" if finding.required else ""
    marks = [name for name in ("impossible", "on_key", "secret", "yields_in_place") if getattr(finding, name)]
    return " | ".join(filter(None, (f"at {_shown(finding.at)}", finding.observed, needed, *marks)))


def _shown(at: Any) -> str:
    """A pointer, or where in the text."""
    return (
        f"{at.start.line}:{at.start.column}-{at.end.line}:{at.end.column}"
        if isinstance(at, Span)
        else pointer(at) or "the plan"
    )


def _said(finding: Finding, question: Question) -> Iterator[str]:
    yield from finding.message.splitlines()
    yield from map(_related, finding.related)
    yield from (f"speaks for {_shown(at)}" for at in finding.speaks_for)
    yield from (f"yields to {rule}" for rule in sorted(finding.yields_to))
    advice = finding.advice
    yield f"help: {advice.text}"
    yield from filter(None, map(_price, advice.remedies))
    yield from _of_module(finding, question)


def _related(related: Related) -> str:
    elsewhere = f" of {related.plan} {related.document}" if related.plan else ""
    return f"see {_shown(related.at)}{elsewhere}: {related.label}"


def _price(remedy: Remedy) -> str:
    """What the sentence of a remedy does not say."""
    price = f"{remedy.price.trade_off.name.lower()}, {remedy.price.words}" if remedy.price.words else ""
    repair = f"repair: {remedy.repair}" if remedy.repair else ""
    return "; ".join(filter(None, (price, repair)))


def _of_module(finding: Finding, question: Question) -> Iterator[str]:
    """What the rule's module says besides its check: costs, further ways out, who does what, the rule in plain words."""
    rule = question.rule
    if rule.input_type in ("Removal", "Judgement"):
        return
    broken = _broken(finding, question)
    if costs := rule.exported("costs"):
        yield from (f"costs: {each}" for each in of_each(broken, costs))
    if picture := rule.exported("picture"):
        with suppress(*LOST):
            yield from (f"picture: {each.title}: {each.says}" for each in [picture(broken)] if each)
    if ways := rule.exported("ways"):
        try:
            yield from (f"or: {_candidate(each, broken.at)}" for each in ways(broken))
        except LOST as lost:
            yield f"or: not computed ({type(lost).__name__} {lost})"
    if by_hand := rule.exported("by_hand"):
        yield f"by hand: {by_hand(broken)}"
    if plain := rule.exported("plain"):
        yield f"plainly: {plain(question.params, broken.plan)}"


def _candidate(candidate: Candidate, at: Path) -> str:
    changes = edits_in_words(candidate.changes, at)
    price = f"{candidate.trade_off.name.lower()}, {candidate.price}"
    return f"{candidate.words or 'as follows'}: {changes} ({price})"


def _broken(finding: Finding, question: Question) -> Broken:
    document = question.documents[0]
    plan, _ = read_experiment(document.value)
    adopted = Adopted(question.rule, "error", question.params, {})
    diagnostic = Placer(document, plan.id or "", lambda *_: None).diagnostic(adopted, finding)
    at = () if isinstance(finding.at, Span) else finding.at
    return Broken(
        plan,
        at,
        document,
        value_at(document.value, at),
        diagnostic,
        question.params,
        _by_default,
        question.organisation.roles,
    )


def _by_default(name: str) -> object:
    """An option of any rule, as it is where no policy sets it."""
    rule_id, option = KNOWN_AS[name]
    return load(rule_id).defaults[option]


def main() -> None:
    written: dict[str, list[str]] = {}
    numbers: dict[str, int] = {}
    for case in cases().values():
        header = case.header
        if case.is_variation:
            numbers[case.rule.id] = number = numbers.get(case.rule.id, 0) + 1
            header = re.sub(r"^variation \d+", f"variation {number}", header)
        written.setdefault(case.rule.id, []).append(f"{header}:\n{recorded(case)}\n")
    GOLDEN.mkdir(exist_ok=True)
    for path in GOLDEN.glob("*.txt"):
        path.unlink()
    for rule_id, blocks in written.items():
        (GOLDEN / f"{rule_id}.txt").write_text("\n".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
