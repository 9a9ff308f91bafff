"""Shared holdouts: units that a policy keeps from the treatments of several plans, with dates and an analysis of their own."""

# No postponed annotations here: shapes are read from the annotations themselves.

from datetime import date

from egp.plan.catalogue import MetricCatalogue, digest_of
from egp.plan.digest import Canon, Canonical
from egp.plan.experiment import EligibleUnits, Experiment, Metric, Owner, Statistics, read_experiment
from egp.plan.quantity import Share
from egp.plan.typed_reader import TypedMapping, ValueProblem, field, label, listed, read
from egp.plan.wording import share_in_plan
from egp.stats.values import NamedTuple
from egp.yaml import Document, Path

HELD_OUT = "held_out"
"""The variant of a shared holdout's own analysis that is never treated; the other one is whoever the launches reach."""


class HoldoutDefinition(TypedMapping):
    """Units that no launch reaches while it lasts, reserved once for all plans that name it."""

    needs = ("share", "start", "unit")
    share: Share | None = field("Share of the eligible units that no plan of it treats.", "5%")
    start: date | None = field("First day on which the units are held out.", "2026-01-05")
    until: date | None = field("Last day of the holdout.", "2026-06-30")
    reviews: tuple[date, ...] = listed(
        "Days on which a holdout without an end is reviewed: continued with a further one, or ended at the last.",
        ["2026-04-06", "2026-07-06"],
        weight="benign",
        because="a further review continues the holdout, and what it ends at is compared by itself",
    )
    unit: str | None = field("The unit that is held out, which the plans randomise, too.", "user")
    flag: str | None = field(
        "The flag that keeps the units out; the flags of the plans require it.", "holdout_2026h1"
    )
    salt: str | None = field(
        "What is hashed with the unit to choose them, where it is not the flag's key.", "holdout-2026h1"
    )
    eligible_units: EligibleUnits | None = field("How many units there are to hold out of.")
    primary_metric: Metric | None = field("What the launches together are to move, with its MDE.")
    guardrail_metrics: tuple[Metric, ...] = listed("What they must not harm together.")
    statistics: Statistics | None = field("How it is analysed: level, sides, power.")
    owner: Owner | None = field(
        "Who answers for it.", weight="benign", because="who answers for it changes nothing that it shows"
    )
    description: str | None = field(
        "What it is for.", prose=True, weight="benign", because="no analysis reads it"
    )


class SharedHoldout(NamedTuple):
    """A shared holdout as a policy defines it."""

    name: str
    terms: HoldoutDefinition
    document: Document
    at: Path
    """Where it is defined."""

    @property
    def until(self) -> date | None:
        """Its last day, as far as is known: of one without an end its last review."""
        return self.terms.until or max(self.terms.reviews, default=None)

    @property
    def stated(self) -> dict[str, object]:
        """What a plan that names it need not say, as a plan would write it."""
        written = self._written
        until = self.until
        return {"share": written.get("share"), **({"until": until.isoformat()} if until else {})}

    @property
    def definition(self) -> str:
        """The digest of what it means. A further review is no change of that."""
        return digest_of(_canonical(self.terms))

    @property
    def material(self) -> dict[str, object]:
        """What its definition rests on, as it is written."""
        return {key: item for key, item in self._written.items() if key in _canonical(self.terms)}

    @property
    def place_of_until(self) -> Path:
        """Where its last day is written."""
        if self.terms.until is not None:
            return (*self.at, "until")
        last = max(range(len(self.terms.reviews)), key=self.terms.reviews.__getitem__, default=0)
        return (*self.at, "reviews", last)

    @property
    def line(self) -> int:
        return self.document.span(self.at, key=True).start.line

    @property
    def place(self) -> str:
        return f"{self.document.path}:{self.line}"

    @property
    def _written(self) -> dict[str, object]:
        value = self.document.value
        for step in self.at:
            value = value[step]  # type: ignore[index]
        return value if isinstance(value, dict) else {}

    def analysis(self, catalogue: MetricCatalogue | None, share: float | None = None) -> Experiment:
        """Its own analysis as a plan: whoever is held out against everybody else, from its start to its last day.

        ``share`` stands in for the share that it keeps, to ask what another one would find.
        """
        written = {key: item for key, item in self._written.items() if key in _OF_A_PLAN}
        for key in ("primary_metric", "guardrail_metrics"):
            if key in written:
                written[key] = _catalogued(written[key], catalogue)
        share = (self.terms.share or 0.0) if share is None else share
        value = {
            **written,
            "id": self.name,
            "type": "superiority",
            "variants": [
                {"id": HELD_OUT, "weight": share_in_plan(share), "control": True},
                {"id": "released", "weight": share_in_plan(1 - share)},
            ],
            "schedule": {"start": _day(self.terms.start), "end": _day(self.until), "exposure": "100%"},
        }
        return read_experiment(value)[0]


def _canonical(terms: HoldoutDefinition) -> dict[str, Canonical]:
    return Canon(read_experiment({})[0]).mapping(terms)


def means_the_same(one: object, other: object) -> bool:
    """Whether two ways to write a holdout define the same one."""
    first, second = (_canonical(read(HoldoutDefinition, each, (), [])) for each in (one, other))
    return first == second


_OF_A_PLAN = ("unit", "eligible_units", "primary_metric", "guardrail_metrics", "statistics", "owner")


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _catalogued(written: object, catalogue: MetricCatalogue | None) -> object:
    """Metrics with what the catalogue says of them."""
    if isinstance(written, list):
        return [_catalogued(each, catalogue) for each in written]
    name = written.get("id") if isinstance(written, dict) else None
    if catalogue is None or not isinstance(written, dict) or name not in catalogue.metrics:
        return written
    return {**catalogue.stated(str(name)), **written}


def mistakes_in(terms: HoldoutDefinition, at: Path) -> list[ValueProblem]:
    """What no shared holdout can mean."""
    found = []

    def add(key: str, message: str, advice: str) -> None:
        found.append(ValueProblem((*at, key), "wrong-type", f"{label((*at, key))} {message}", advice))

    if terms.share is not None and not 0 < terms.share < 1:
        add("share", "keeps nobody, or everybody", "write the share that stays untreated, as in 5%")
    if terms.until is None and not terms.reviews:
        found.append(
            ValueProblem(
                (*at, "until"), "missing", f"{label(at)} does not say how long it lasts",
                "add `until:` with its last day, or `reviews:` with the days on which it is reviewed",
            )
        )  # fmt: skip
    if terms.until is not None and terms.reviews:
        add("reviews", "and `until` say two things", "a holdout has a last day, or is reviewed")
    for key, days in (("until", [terms.until]), ("reviews", [*terms.reviews])):
        if terms.start is not None and any(day is not None and day <= terms.start for day in days):
            add(key, f"is not after the start on {terms.start}", "write a later day")
    if terms.flag is None and terms.salt is None:
        found.append(
            ValueProblem(
                (*at, "flag"), "missing", f"{label(at)} does not say what keeps its units out",
                "add `flag:` with the flag that the flags of the plans require, or `salt:` with what is hashed",
            )
        )  # fmt: skip
    return found
