"""What findings offer: the edits end the finding, and the sentence that tells them says no other edits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from egp.advice.edits import changed
from egp.plan.experiment import Experiment
from egp.plan.finding import Advice, Finding
from egp.plan.remedy import Remedy, advise, edits_in_words, help_line, setting
from egp.plan.typed_reader import TypedMapping, required_type
from egp.rules.rule import Example, Rule
from egp.stats.hints import get_args, get_origin
from egp.yaml import Path, Span, read_text
from egp.yaml.edits import APPEND, Addition, Edit, LineRemoval, Removal, Renaming, Setting
from egp.yaml.written import written
from tests.rules.examples import all_rules, documents_of, findings_after, run_example

RULES = [
    rule
    for rule in all_rules()
    if rule.input_type in ("Document", "Experiment", "PlanFile", "Change", "Portfolio")
]

NEEDS_THE_LOCK = frozenset(("no-backdating",))
"""Rules of which a remedy is an edit and a command: what the lock says, no edit of the plan changes."""


def examples(rule: Rule) -> Iterator[Example]:
    return (each for each in rule.page.examples if each.outcome == "fails")


def offers(rule: Rule, example: Example) -> Iterator[tuple[Finding, Remedy]]:
    for finding in run_example(rule, example).findings:
        yield from ((finding, remedy) for remedy in finding.advice.remedies if remedy.edits)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_edits_of_a_remedy_end_its_finding(rule: Rule) -> None:
    for example in examples(rule):
        document, *others = documents_of(rule, example)
        for finding, remedy in offers(rule, example):
            text = changed(document.text, remedy.edits, document.index)
            left = findings_after(rule, example, [read_text(text)[document.index], *others])
            if rule.id not in NEEDS_THE_LOCK:
                assert (finding.at, finding.message) not in [(each.at, each.message) for each in left], remedy


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_sentence_says_what_the_edits_do(rule: Rule) -> None:
    for example in examples(rule):
        for finding, remedy in offers(rule, example):
            at = () if isinstance(finding.at, Span) else finding.at
            said = edits_in_words(remedy.edits, at)
            assert said in finding.advice.text
            assert list(read_back(said, at, remedy.edits)) == [as_read(each) for each in remedy.edits]


def read_back(said: str, at: Path, edits: Sequence[Edit]) -> Iterator[Edit]:
    """The edits of a sentence, read by its form alone: a verb, then keys in backticks as a plan has them."""
    verb, items, is_target = "", list[object](), False
    renamed: Path = ()
    for part in re.split(r"(`[^`]*`)", said):
        if not part.startswith("`"):
            verbs = [word for word in ("set", "add", "remove", "rename") if re.search(rf"\b{word}\b", part)]
            verb, is_target = verbs[0] if verbs else verb, part == " to "
            continue
        told = part.strip("`")
        if told.startswith("- "):
            items.append(value_of(told)[0])
        elif items and is_target:
            yield from (Addition((*path_of(told, at), APPEND), item) for item in items)
            items = []
        elif verb == "remove":
            yield Removal(path_of(told.rstrip(":"), at))
        elif verb == "rename" and not is_target:
            renamed = next(each.path for each in edits if isinstance(each, Renaming))
            assert str(renamed[-1]) == told.rstrip(":"), "a key that no plan has is named alone"
        elif verb == "rename":
            yield Renaming(renamed, told.rstrip(":"))
        else:
            key, _, value = told.partition(": ")
            edit_type = Setting if verb == "set" else Addition
            yield edit_type(path_of(key, at), value_of(f"value: {value}")["value"])


def value_of(text: str) -> Any:
    return read_text(text)[0].value


def as_read(edit: Edit) -> Edit:
    """The edit with its value as a document holds it."""
    if not isinstance(edit, (Setting, Addition)):
        return edit
    return type(edit)(edit.path, value_of(f"value: {written(edit.value)}")["value"])


def path_of(key: str, at: Path) -> Path:
    """The path of a key as a sentence names it: in full, or the nearest at the finding or above it."""
    steps: list[str | int] = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", key)]
    if len(steps) > 1:
        return tuple(steps)
    for above in range(len(at), -1, -1):
        place = (*at[:above], key)
        if tuple(step for step in place if isinstance(step, str)) in keys():
            return place
    raise AssertionError(f"{key} is nowhere near {at}")


@cache
def keys() -> frozenset[tuple[str, ...]]:
    return frozenset(keys_of(Experiment))


def keys_of(mapping_type: type[TypedMapping], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, _, annotation, _ in mapping_type.fields():
        yield (*above, key)
        for part in mappings_in(annotation):
            yield from keys_of(part, (*above, key))


def mappings_in(annotation: Any) -> Iterator[type[TypedMapping]]:
    wanted = required_type(annotation)
    if isinstance(wanted, type) and get_origin(wanted) is None and issubclass(wanted, TypedMapping):
        yield wanted
    for argument in get_args(wanted):
        yield from mappings_in(argument)


@pytest.mark.parametrize(
    ("edits", "at", "words"),
    [
        ([Setting(("a", "b"), 1)], ("a", "b"), "set `b: 1`"),
        ([Setting(("a", "b"), 1)], ("a", "c", 0), "set `b: 1`"),
        ([Setting(("a", "b"), 1)], ("c",), "set `a.b: 1`"),
        ([Setting(("a", 0, "b"), "x")], ("a", 1, "b"), "set `a[0].b: x`"),
        ([Setting(("a",), 1), Setting(("b",), 2)], (), "set `a: 1` and `b: 2`"),
        ([Setting(("a",), 1), Removal(("b",))], (), "set `a: 1` and remove `b:`"),
        (
            [Setting(("a",), 1), Setting(("b",), 2), Removal(("c",))],
            (),
            "set `a: 1` and `b: 2`, and remove `c:`",
        ),
        ([Setting(("a", "x"), 1), Setting(("b", "x"), 2)], ("a", "x"), "set `a.x: 1` and `b.x: 2`"),
        ([Addition(("l", APPEND), {"id": "x"})], (), "add `- {id: x}` to `l`"),
        (
            [Addition(("l", APPEND), 1), Addition(("l", APPEND), 2), Addition(("m", APPEND), 3)],
            (),
            "add `- 1` and `- 2` to `l` and `- 3` to `m`",
        ),
        ([Renaming(("a", "b"), "c")], ("a", "b"), "rename `b:` to `c:`"),
        ([LineRemoval(3)], (), "remove line 3"),
    ],
)
def test_edits_read_as_a_sentence(edits: list[Edit], at: Path, words: str) -> None:
    assert edits_in_words(edits, at) == words


def test_remedies_come_in_their_order_and_free_words_last() -> None:
    remedies = [
        setting(("a",), 1, " or less"),
        advise("ask somebody"),
        Remedy((Removal(("b",)),), before="wait, then "),
    ]
    assert help_line(remedies, (), "give up") == (
        "set `a: 1` or less, or ask somebody, or wait, then remove `b:`, or give up"
    )


def test_nobody_solves_for_what_nobody_asks() -> None:
    asked: list[int] = []

    def solved() -> list[Remedy]:
        asked.append(1)
        return [setting(("a",), 1)]

    advice = Finding(("a",), "wrong", remedies=solved).advice
    assert not asked
    assert (advice.text, advice.text) == ("set `a: 1`",) * 2
    assert asked == [1]


def test_another_process_gets_the_answer() -> None:
    import pickle

    advice = pickle.loads(pickle.dumps(Advice(("a",), lambda: [setting(("a",), 1)], "ask")))
    assert advice == Advice(("a",), [setting(("a",), 1)], "ask")


@settings(deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1), st.integers() | st.text(max_size=9), min_size=1, max_size=4)
)
def test_any_value_is_told_as_a_plan_would_have_it(value: dict[str, object]) -> None:
    said = edits_in_words([Setting(("x", "y"), value)], ("x",))
    assert value_of(said.removeprefix("set `y: ").removesuffix("`")) == value
