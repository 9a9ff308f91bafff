"""From options and answers to the plan of a new experiment, with its power shown as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING

from egp.advice.new.catalogued import (
    is_open,
    population_of,
    refuse_undefined_population,
    with_kind,
)
from egp.advice.new.experiment import Draft, draft
from egp.advice.new.files import NewError
from egp.advice.new.questions import Answers, interview, read_answers
from egp.advice.new.settings import Settings
from egp.advice.new.stated import NOTHING_STATED, stated_by
from egp.plan.quantity import QuantityError
from egp.plan.typed_reader import Name, ValueProblem, reader_of
from egp.policy.model import Policy

if TYPE_CHECKING:
    from egp.advice.platforms import Begun

Ask = Callable[[str], str]


class NewExperiment:
    """A plan in the making. ``in_policy`` is its path as the policy sees it."""

    def __init__(
        self, plan_id: str, kind: str, policy: Policy, in_policy: str, as_of: date, start: date | None
    ) -> None:
        problems: list[ValueProblem] = []
        reader_of(Name)(plan_id, ("id",), problems)
        if problems:
            raise NewError(problems[0].message, problems[0].help)
        self.answers: Answers = {"id": plan_id, "type": kind}
        self._policy = policy
        self._in_policy = in_policy
        self._as_of = as_of
        self._start = start
        self._stated = NOTHING_STATED

    def begin(self, begun: Begun) -> None:
        """Takes over what a platform says of the experiment. Raises NewError."""
        self._stated, answers = stated_by(begun)
        self.take(answers)

    def take(self, given: Mapping[str, str]) -> None:
        """Adds what options say. Raises NewError."""
        try:
            read_answers(given, self.answers, self._weigh, self._known)
        except QuantityError as error:
            raise NewError(str(error), error.advice) from None

    def converse(self, ask: Ask, tell: Callable[[str], None]) -> None:
        """Asks for the rest, and shows the sample size whenever an answer changes it."""
        phrase = self._tell("", tell)
        is_asked, most = self._own_questions() if self._is_short() else (self._is_open, 100)
        for _ in interview(self.answers, ask, tell, is_asked, most, self._weigh, self._known):
            phrase = self._tell(phrase, tell)

    def _known(self, answers: Mapping[str, object]) -> Mapping[str, object]:
        return with_kind(answers, self._policy)

    def _weigh(self, name: str, answers: Mapping[str, object]) -> None:
        """Raises QuantityError for an answer that `egp check` would reject, whatever else the plan says."""
        from egp.advice.new.answered import refuse_rejected, refuse_unknown_risk

        refuse_rejected(name, answers)
        if name == "population":
            refuse_undefined_population(answers, self._policy)
        if name == "risk":
            refuse_unknown_risk(answers, self._settings().asked("signing_roles_by_risk"))

    def _is_open(self, name: str) -> bool:
        return is_open(name, self.answers, self._policy)

    def _own_questions(self) -> tuple[Callable[[str], bool], int]:
        from egp.advice.new.short import MOST_ASKED, is_asked

        def answer(name: str) -> bool:
            return is_asked(name, self.answers, self._policy, self._surfaces, self._as_of)

        return answer, MOST_ASKED

    def _is_short(self) -> bool:
        """Whether the policy says the most of a plan; a catalogue alone does not."""
        if not self._policy.completes_plans:
            return False
        from egp.advice.new.short import says_the_most

        return says_the_most(self._policy, self._surfaces, self._as_of)

    @property
    def is_measured(self) -> bool:
        """Whether history says the plan's numbers, which nobody has to type then."""
        return "population" not in self._stated.value and bool(population_of(self.answers, self._policy))

    @property
    def _surfaces(self) -> list[str]:
        surfaces = self.answers.get("surface")
        return [str(surface) for surface in surfaces] if isinstance(surfaces, list) else []

    def _tell(self, phrase: str, tell: Callable[[str], None]) -> str:
        power = self.draft().power_sentence(self.answers)
        if power and power != phrase:
            tell(power)
        return power

    def draft(self) -> Draft:
        """The plan as far as it is known."""
        if self._is_short() and self._stated is NOTHING_STATED:
            from egp.advice.new.short import short_draft

            return short_draft(self.answers, self._policy, self._in_policy, self._as_of, self._start)
        calendar = [days for periods in self._policy.calendars.values() for days in periods]
        return draft(self.answers, self._settings(), self._as_of, self._start, calendar, self._stated)

    def _settings(self) -> Settings:
        kind = str(self.answers.get("type") or "")
        return Settings(self._policy, self._in_policy, self._surfaces, kind, self._as_of)
