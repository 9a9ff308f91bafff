"""What its author has said of a new experiment, by options or in answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from egp.plan import quantity
from egp.plan.experiment import Metric
from egp.plan.quantity import QuantityError
from egp.plan.typed_reader import nearest, required_type
from egp.plan.wording import listing
from egp.stats.hints import get_args
from egp.yaml import read_text
from egp.yaml.written import written

if TYPE_CHECKING:
    from egp.advice.new.answered import Weigh
    from egp.plan.catalogue import MetricDefinition

KINDS: tuple[str, ...] = get_args(required_type(Metric.__annotations__["kind"]))
DIRECTIONS: tuple[str, ...] = get_args(required_type(Metric.__annotations__["direction"]))

Answers = dict[str, object]
"""Name of a question → its answer, as a plan writes it."""


@dataclass(frozen=True, slots=True)
class AuthorQuestion:
    """One thing that its author knows of an experiment. ``name`` is its option, too."""

    name: str
    asked: str
    read: Callable[[str], object]
    """From the text of the answer to what the plan writes. Raises QuantityError."""
    applies_to: Callable[[Mapping[str, object]], bool] = lambda _: True
    kinds: tuple[str, ...] = ()
    """Kinds of the primary metric that it is about; empty for one about every metric."""

    def applies(self, answers: Mapping[str, object]) -> bool:
        return self.applies_to(answers) and (not self.kinds or answers.get("kind") in self.kinds)


def _text(text: str) -> str:
    if not text.isprintable():
        raise QuantityError("a control character is no text", "write it without")
    return text


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    return [] if names == ["none"] else [_text(name) for name in names]


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text in words:
            return text
        guess = nearest(text, words)
        hint = f", did you mean {guess}?" if guess else ""
        raise QuantityError(
            f"{quantity.shown(text)} is none of {', '.join(words)}{hint}", f"write one of {', '.join(words)}"
        )

    return read


def _as_written(parse: Callable[[object], object]) -> Callable[[str], object]:
    """Reads an answer by the parser of plans, and keeps its spelling; a number needs no quotes in the plan."""

    def read(text: str) -> object:
        parse(text)
        number = read_text(text)[0].value
        return number if written(number) == text else text

    return read


def _is_tested(answers: Mapping[str, object]) -> bool:
    return answers["type"] in ("superiority", "non_inferiority")


QUESTIONS: tuple[AuthorQuestion, ...] = (
    AuthorQuestion("title", "What changes, in one line", _text),
    AuthorQuestion("hypothesis", "Hypothesis: who changes what, by how much, and why", _text),
    AuthorQuestion("team", "Team that runs the experiment", _text),
    AuthorQuestion("owner", "The one responsible person, as @handle, or role", _text),
    AuthorQuestion("surface", "Surfaces on which the change appears, with commas between", _names),
    AuthorQuestion("population", "Who could have been exposed, of the catalogue's populations", _text),
    AuthorQuestion("layer", "Layer whose traffic it shares", _text),
    AuthorQuestion("risk", "At risk: revenue, brand, privacy, safety, partner, ai, or none", _names),
    AuthorQuestion("flag", "Feature flag", _text),
    AuthorQuestion("revision", "The build that is tested, as its pipeline names it", _text),
    AuthorQuestion("metric", "Primary metric", _text),
    AuthorQuestion("kind", f"Its kind: {', '.join(KINDS)}", _one_of(KINDS)),
    AuthorQuestion("direction", f"Its good direction: {' or '.join(DIRECTIONS)}", _one_of(DIRECTIONS)),
    AuthorQuestion("quantile", "Which quantile, as in 95%", _as_written(quantity.share), kinds=("quantile",)),
    AuthorQuestion("baseline", "Its value today, as in 12%, 1900ms or 0.042", _as_written(quantity.measure)),
    AuthorQuestion(
        "std_dev", "Its standard deviation per unit", _as_written(quantity.measure), kinds=("mean", "ratio", "quantile")
    ),
    AuthorQuestion(
        "mde", "Smallest effect that must be found, as in 2% or 45bps", _as_written(quantity.change),
        lambda answers: answers["type"] == "superiority",
    ),
    AuthorQuestion(
        "margin", "Largest harm that is acceptable, as in 1% or 20bps", _as_written(quantity.change),
        lambda answers: answers["type"] == "non_inferiority",
    ),
    AuthorQuestion("outcome_window", "Time until an outcome is known, 0d if at once", _as_written(quantity.duration), _is_tested),
    AuthorQuestion("per_day", "Eligible units a day, as in 41_000", _as_written(quantity.count)),
    AuthorQuestion("units", "Distinct eligible units over the run, as in 340_000", _as_written(quantity.count), _is_tested),
    AuthorQuestion("guardrail", "Guardrail metrics, with commas between", _names),
)  # fmt: skip

BY_NAME = {question.name: question for question in QUESTIONS}


Known = Callable[[Mapping[str, object]], Mapping[str, object]]
"""The answers, with what others than the author say for them."""


def _accept_all(name: str, answers: Mapping[str, object]) -> None:
    """Where nobody weighs an answer."""


def _alone(answers: Mapping[str, object]) -> Mapping[str, object]:
    """Where only the author says anything."""
    return answers


def read_answers(
    given: Mapping[str, str], answers: Answers, weigh: Weigh = _accept_all, known: Known = _alone
) -> None:
    """Adds the answers that options gave. Raises QuantityError, its message naming the option."""
    for name, text in given.items():
        try:
            _take(BY_NAME[name], text.strip(), answers, weigh, known)
        except QuantityError as error:
            raise QuantityError(f"--{name.replace('_', '-')}: {error}", error.advice) from None
        if not BY_NAME[name].applies(known(answers)):
            raise _idle(BY_NAME[name], known(answers))


def _idle(question: AuthorQuestion, answers: Mapping[str, object]) -> QuantityError:
    """An answer that the plan has no place for."""
    option, kind = f"--{question.name.replace('_', '-')}", answers.get("kind")
    if not question.kinds:
        return QuantityError(f"{option} says nothing of such an experiment", "leave it out")
    of = listing((f"a {each}" for each in question.kinds), "or")
    if kind:
        return QuantityError(f"{option} is of {of}, and the primary metric is a {kind}", "leave it out")
    advice = "add --kind, or name a metric of the catalogue with --metric"
    return QuantityError(f"{option} is of {of}, and nothing says what kind the primary metric is", advice)


def _take(question: AuthorQuestion, text: str, answers: Answers, weigh: Weigh, known: Known) -> None:
    """Adds an answer that can be read, and that fits those before it. Raises QuantityError."""
    answer = question.read(text)
    if question.applies(known(answers)):
        weigh(question.name, known({**answers, question.name: answer}))
    answers[question.name] = answer


def interview(
    answers: Answers,
    ask: Callable[[str], str],
    tell: Callable[[str], None],
    is_asked: Callable[[str], bool] = lambda _: True,
    most: int = 100,
    weigh: Weigh = _accept_all,
    known: Known = _alone,
) -> Iterator[str]:
    """Asks what is not answered yet, and yields the name of each question that was. An empty answer leaves it open.

    ``is_asked`` says of a question whether it is the author's to answer, and ``most`` how many of them there are.
    """
    number = 0
    for question in QUESTIONS:
        is_open = (
            question.name not in answers and question.applies(known(answers)) and is_asked(question.name)
        )
        if not is_open or number == most:
            continue
        number += 1
        while question.name not in answers:
            text = ask(question.asked).strip()
            if not text:
                break
            try:
                _take(question, text, answers, weigh, known)
            except QuantityError as error:
                tell(f"{error}; {error.advice}")
            else:
                yield question.name


def daily_units(answers: Mapping[str, object]) -> int | None:
    """Eligible units a day, if they are known."""
    said = answers.get("per_day")
    return None if said is None else int(quantity.count(said))


def most_units(answers: Mapping[str, object], days: int) -> int | None:
    """Eligible units that come in some days, if every one came once; None where that is not known."""
    daily, distinct = daily_units(answers), answers.get("units")
    known = [
        *([] if daily is None else [daily * days]),
        *([] if distinct is None else [int(quantity.count(distinct))]),
    ]
    return min(known, default=None)


def outcome_days(answers: Mapping[str, object], defined: MetricDefinition | None) -> int:
    """Whole days until an outcome of the primary metric is known; none as long as neither author nor catalogue says so."""
    said = answers.get("outcome_window")
    window = quantity.duration(said) if said is not None else defined and defined.outcome_window
    return math.ceil(window / timedelta(days=1)) if window else 0
