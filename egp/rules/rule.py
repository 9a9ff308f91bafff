"""What a rule is: one module whose file name is its id, whose docstring is its page and its tests.

A rule module has a docstring, optionally ``class Params(rule.Params)`` and ``yields_to``, and a function
``check``. The annotation of ``check``'s first parameter says what the rule looks at. The page reads:

- first line: what the rule asks;
- second paragraph: why; its first sentence is the ``why:`` line of every diagnostic;
- blocks headed ``Passes:``, ``Does not apply:``, ``Fails at `/pointer`:`` or ``Not checked at `/pointer`:``, each
  followed by YAML that is merged into a sound plan. A header may add ``with `param: value, tier: critical` `` and
  ``, saying "words of the message"``, and ``(whole file)`` when the block is a file of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Literal, NamedTuple, get_args

InputType = Literal[
    "Document", "PlanFile", "WrittenPlan", "Experiment", "Change", "Removal", "Portfolio", "Judgement"
]

FAMILIES = (
    "document", "runtime", "power", "peeking", "metrics", "guardrails", "ramp", "rollback", "governance",
    "integrity", "privacy", "portfolio", "economics", "waivers",
)  # fmt: skip
"""Folders of ``egp/rules``, in the order in which rules run and are listed."""


class AtLeast(NamedTuple):
    """The least value of an option, as in ``Annotated[int, "what it is", AtLeast(0)]``.

    Without it a whole number is at least 1, and any other amount is above 0: less would ask nothing.
    """

    least: float


class Stricter(NamedTuple):
    """Which way an option is stricter, as in ``Annotated[int, "what it is", Stricter("more")]``.

    A list is stricter with more items, or with fewer; a mapping with stricter values for no fewer keys. An option that
    says nothing cannot be changed by an override on what a plan's author chooses, where its rule is not waivable.
    """

    way: Literal["more", "less"]


class AppliedByGate:
    """An option that the gate alone applies, as in ``Annotated[Share, "what it is", AppliedByGate()]``.

    What the rule says of a plan does not depend on it, so that no test of a policy can stand at it.
    """


class Params:
    """Options of a rule: annotated class attributes with defaults, ``days: Annotated[int, "what it is"] = 14``."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


@dataclass(frozen=True, slots=True)
class Rule:
    """A loaded rule."""

    id: str
    family: str
    input_type: InputType
    check: Callable[..., Any]
    params: type[Params]
    yields_to: frozenset[str]
    takes: int
    """How many arguments ``check`` takes: subject, then params, then organisation."""
    told: Callable[[], str]
    """Makes the text of the page."""

    @property
    def page(self) -> RulePage:
        return RulePage(self.told())


@dataclass(frozen=True, slots=True)
class Example:
    """A block of a page. ``at`` is the pointer the finding must have; ``context`` the header's settings."""

    outcome: Literal["passes", "fails", "not checked", "does not apply"]
    at: str
    context: str
    saying: str
    whole_file: bool
    text: str


_HEADER = re.compile(
    r"^(?P<outcome>Passes|Does not apply|Fails|Not checked)"
    r"(?: at `(?P<at>[^`]*)`)?(?: with `(?P<context>[^`]*)`)?"
    r'(?:, saying "(?P<saying>[^"]*)")?(?P<whole> \(whole file\))?:\n\n```yaml\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)


class RulePage:
    """A rule's documentation, read from its docstring."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()

    @property
    def summary(self) -> str:
        """What the rule asks, in one line."""
        return self.text.partition("\n")[0]

    @property
    def why(self) -> str:
        """The reason in one sentence."""
        paragraphs = self.text.split("\n\n")
        reason = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
        return re.split(r"(?<=[.!?]) ", reason, maxsplit=1)[0]

    @property
    def shortened(self) -> str:
        """What the page says before its examples, and the first of them that fails."""
        matches = list(_HEADER.finditer(self.text))
        prose = self.text[: matches[0].start()] if matches else self.text
        failing = next((match[0] for match in matches if match["outcome"] == "Fails"), "")
        return f"{prose.strip()}\n\n{failing}".strip()

    @property
    def examples(self) -> Iterator[Example]:
        for match in _HEADER.finditer(self.text):
            yield Example(
                match["outcome"].lower(),  # type: ignore[arg-type]
                match["at"] or "",
                match["context"] or "",
                match["saying"] or "",
                bool(match["whole"]),
                match["text"],
            )


@cache
def index() -> dict[str, tuple[str, str]]:
    """Rule id → (family, module name), in running order. Reads folder names only, loads nothing."""
    found: dict[str, tuple[str, str]] = {}
    folder = os.path.dirname(__file__)
    for family in FAMILIES:
        try:
            names = sorted(os.listdir(os.path.join(folder, family)))
        except FileNotFoundError:
            continue
        for name in names:
            stem, dot_py = os.path.splitext(name)
            if dot_py == ".py" and stem != "__init__":
                found[stem.replace("_", "-")] = (family, f"egp.rules.{family}.{stem}")
    return found


@cache
def load(rule_id: str) -> Rule:
    """The rule with this id. Raises KeyError for an unknown id, TypeError for a module that is no rule."""
    family, module_name = index()[rule_id]
    return rule_in(import_module(module_name), rule_id, family)


def rule_in(module: ModuleType, rule_id: str, family: str) -> Rule:
    """The rule that a module is. Raises TypeError for a module that is none."""
    module_name = module.__name__
    check = getattr(module, "check", None)
    if check is None:
        raise TypeError(f"{module_name} has no check function")
    code = check.__code__
    first = code.co_varnames[0] if code.co_argcount else ""
    input_type = str(check.__annotations__.get(first, ""))
    if input_type not in get_args(InputType):
        raise TypeError(f"{module_name}.check looks at {input_type or 'nothing'}, which is no input of rules")
    return Rule(
        id=rule_id,
        family=family,
        input_type=input_type,  # type: ignore[arg-type]
        check=check,
        params=getattr(module, "Params", Params),
        yields_to=frozenset(getattr(module, "yields_to", ())),
        takes=code.co_argcount,
        told=lambda: module.__doc__ or "",
    )


class Catalogue:
    """The rules that a policy can weigh: the shipped ones, and those that it or the command line brings along."""

    def __init__(self, brought: dict[str, Rule] | None = None) -> None:
        self.brought = brought or {}

    def __iter__(self) -> Iterator[str]:
        """The ids, in running order."""
        yield from index()
        yield from self.brought

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in index() or rule_id in self.brought

    def families(self) -> dict[str, str]:
        """Rule id → family, in running order."""
        shipped = {rule_id: family for rule_id, (family, _) in index().items()}
        return shipped | {rule_id: rule.family for rule_id, rule in self.brought.items()}

    def load(self, rule_id: str) -> Rule:
        """The rule with this id. Raises KeyError for an unknown id."""
        return self.brought[rule_id] if rule_id in self.brought else load(rule_id)
