"""What a rule is: one module whose file name is its id, whose docstring is its page and its tests.

A rule module has a docstring, optionally ``class Params(rule.Params)``, ``yields_to`` and ``needs``, and a function
``check``. The annotation of ``check``'s first parameter says what the rule looks at. The page reads:

- first line: what the rule requires;
- second paragraph: why; its first sentence is the ``why:`` line of every diagnostic;
- blocks headed ``Passes:``, ``Does not apply:``, ``Fails at `/pointer`:`` or ``Not checked at `/pointer`:``, each
  followed by YAML that is merged into a sound plan. A header may add ``with `param: value, tier: critical` `` and
  ``, saying "words of the message"``, and ``(whole file)`` when the block is a file of its own. Headers that follow
  each other are all about the block below the last;
- lines ``Not checked without `/pointer`.`` and ``Does not apply without `/pointer`.``, where a block would only take
  that key away, and ``Does not apply to the sound plan.``, where there would be nothing in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType

from egp.plan.finding import DoesNotApply
from egp.rules.options import AppliedByGate, AtLeast, KnownAs, Params, RuleOption, Stricter, declared_options
from egp.stats.hints import Any, Literal, get_args
from egp.stats.values import frozen

InputType = Literal[
    "Document", "PlanFile", "WrittenPlan", "Experiment", "Change", "Removal", "Portfolio", "Judgement",
    "ServedFlag", "UnreadRollout", "Measuring",
]  # fmt: skip

OF_ROLLOUTS = frozenset(("ServedFlag", "UnreadRollout"))
"""Of these, those that look at what flag and deployment files serve."""

__all__ = [
    "FAMILIES", "OF_ROLLOUTS", "AppliedByGate", "AtLeast", "Catalogue", "InputType", "KnownAs", "Params", "Rule", "RulePage", "Stricter",
    "index", "load", "rule_in",
]  # fmt: skip
"""The kinds of options are declared in ``options.py``; rules find them here, beside what a rule is."""

FAMILIES = (
    "document", "runtime", "power", "peeking", "metrics", "guardrails", "ramp", "rollback", "governance",
    "integrity", "privacy", "portfolio", "economics", "rollout", "waivers",
)  # fmt: skip
"""Folders of ``egp/rules``, in the order in which rules run and are listed."""


class Rule:
    """A rule: what is known of it without its module, which is imported when the rule first applies."""

    __slots__ = (
        "_body",
        "_declare",
        "_import_body",
        "_needed",
        "_options",
        "defaults",
        "family",
        "id",
        "input_type",
        "needs",
        "takes",
        "yields_to",
    )

    def __init__(
        self,
        id: str,
        family: str,
        input_type: InputType,
        takes: int,
        yields_to: frozenset[str],
        defaults: Mapping[str, object],
        needs: tuple[str, ...],
        import_body: Callable[[], Any],
        declare: Callable[[], Mapping[str, RuleOption]],
    ) -> None:
        self.id = id
        self.family = family
        self.input_type = input_type
        self.takes = takes
        """How many arguments ``check`` takes: input, then params, then organisation."""
        self.yields_to = yields_to
        self.defaults = defaults
        """Option → what holds where no policy sets it."""
        self.needs = needs
        """What the rule is about, as attributes of its input: it applies where one of them is there."""
        self._needed = tuple(map(attrgetter, needs))
        self._import_body = import_body
        self._declare = declare
        self._body: Any = None
        self._options: Mapping[str, RuleOption] | None = None

    @property
    def body(self) -> Any:
        """The rule's module, or what stands for one."""
        if self._body is None:
            self._body = self._import_body()
        return self._body

    def check(self, looked_at: Any, params: Any = None, organisation: Any = None) -> Iterator[Any]:
        """What the rule finds, of whatever of this it takes. Raises DoesNotApply where nothing is there that it is about."""
        found = self.found(looked_at, params, organisation)
        if found is None:
            raise DoesNotApply
        return found

    def found(self, looked_at: Any, params: Any, organisation: Any) -> Iterator[Any] | None:
        """The same, and None where nothing is there that the rule is about, as far as its table knows."""
        if self._needed:
            for needed in self._needed:  # one call a rule and plan: no generator looks for it
                if needed(looked_at):
                    break
            else:
                return None
        check: Callable[..., Iterator[Any]] = (self._body or self.body).check
        if self.takes == 1:
            return check(looked_at)
        return check(looked_at, params) if self.takes == 2 else check(looked_at, params, organisation)

    @property
    def page(self) -> RulePage:
        return RulePage(self.body.__doc__ or "")

    @property
    def options(self) -> Mapping[str, RuleOption]:
        """Every option by name."""
        if self._options is None:
            self._options = self._declare()
        return self._options

    def params(self, **values: object) -> Params:
        """The options, those that are given and the others by default."""
        return Params(**{**self.defaults, **values})

    def exported(self, name: str) -> Any:
        """What the rule's module says of itself besides its check, one of ``egp.rules.exports``; None if nothing."""
        return getattr(self.body, name, None)


@frozen
class Example:
    """A block of a page. ``at`` is the pointer the finding must have; ``context`` the header's settings."""

    outcome: Literal["passes", "fails", "not checked", "does not apply"]
    at: str
    context: str
    saying: str
    whole_file: bool
    text: str


_SHORT = r"(?P<short>Not checked|Does not apply) (?:to the sound plan|without `/(?P<without>[^`]*)`)\."
_HEADER = (
    r"(?P<outcome>Passes|Does not apply|Fails|Not checked)"
    r"(?: at `(?P<at>[^`]*)`)?(?: with `(?P<context>[^`]*)`)?"
    r'(?:, saying "(?P<saying>[^"]*)")?(?P<whole> \(whole file\))?:'
)
_EXAMPLE = rf"(?m)^(?:{_SHORT}|{_HEADER})$"
_BLOCK = r"(?ms)^```yaml\n(?P<text>.*?)^```$"


class RulePage:
    """A rule's documentation, read from its docstring.

    A tab is written as its picture, ␉: Python 3.13 and later make spaces of those in docstrings, and earlier ones do not.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip().replace("␉", "\t")

    @property
    def summary(self) -> str:
        """What the rule requires, in one line."""
        return self.text.partition("\n")[0]

    @property
    def why(self) -> str:
        """The reason in one sentence."""
        paragraphs = self.text.split("\n\n")
        reason = " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
        ends = [at for at in map(reason.find, (". ", "! ", "? ")) if at >= 0]
        return reason[: min(ends) + 1] if ends else reason

    @property
    def shortened(self) -> str:
        """What the page says before its examples, and the first of them that fails."""
        matches = list(re.finditer(_EXAMPLE, self.text))
        prose = self.text[: matches[0].start()] if matches else self.text
        failing = next((each for each in matches if each["outcome"] == "Fails"), None)
        block = re.search(_BLOCK, self.text[failing.end() :]) if failing else None
        return "\n\n".join(
            each for each in (prose.strip(), failing and failing[0], block and block[0]) if each
        )

    @property
    def examples(self) -> Iterator[Example]:
        for header in re.finditer(_EXAMPLE, self.text):
            if outcome := header["short"]:
                at = f"/{header['without']}" if outcome == "Not checked" else ""
                yield Example(outcome.lower(), at, "", "", False, _lacking(header["without"]))  # type: ignore[arg-type]
            elif block := re.search(_BLOCK, self.text[header.end() :]):
                yield Example(
                    header["outcome"].lower(),  # type: ignore[arg-type]
                    header["at"] or "",
                    header["context"] or "",
                    header["saying"] or "",
                    bool(header["whole"]),
                    block["text"],
                )


def _lacking(keys: str | None) -> str:
    """The change that takes away what stands at a pointer; without one, no change."""
    if keys is None:
        return "{}\n"
    first, *others = keys.split("/")
    return f"{first}: {''.join(f'{{{each}: ' for each in others)}null{'}' * len(others)}\n"


@cache
def index() -> dict[str, Rule]:
    """The shipped rules by id, in running order. Reads a generated table, and imports none of them."""
    from egp.rules.table import RULES

    return {rule_id: _shipped(rule_id, *known) for rule_id, known in RULES.items()}  # type: ignore[arg-type]


def _shipped(
    rule_id: str,
    family: str,
    input_type: InputType,
    takes: int,
    yields_to: frozenset[str],
    defaults: dict[str, object],
    needs: tuple[str, ...],
) -> Rule:
    def import_body() -> ModuleType:
        return import_module(f"egp.rules.{family}.{rule_id.replace('-', '_')}")

    def declare() -> Mapping[str, RuleOption]:
        from egp.rules.option_table import OPTIONS

        return OPTIONS.get(rule_id, {})

    return Rule(rule_id, family, input_type, takes, yields_to, defaults, needs, import_body, declare)


def load(rule_id: str) -> Rule:
    """The shipped rule with this id. Raises KeyError for an unknown id."""
    return index()[rule_id]


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
    params = getattr(module, "Params", Params)

    return Rule(
        id=rule_id,
        family=family,
        input_type=input_type,  # type: ignore[arg-type]
        takes=code.co_argcount,
        yields_to=frozenset(getattr(module, "yields_to", ())),
        defaults={name: getattr(params, name) for name in params.__annotations__},
        needs=tuple(getattr(module, "needs", ())),
        import_body=lambda: module,
        declare=lambda: declared_options(params),
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
        return {rule_id: rule.family for rule_id, rule in {**index(), **self.brought}.items()}

    def load(self, rule_id: str) -> Rule:
        """The rule with this id. Raises KeyError for an unknown id."""
        return self.brought[rule_id] if rule_id in self.brought else load(rule_id)
