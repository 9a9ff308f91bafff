"""The catalogue of metrics: each defined once, with the facts that it is computed from.

What a definition means has a digest, so that a registration can tell whether a metric is still the one that was agreed.
Its label, its worth, its owner and its description mean nothing to a result, and are not in it.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Literal

from egp.plan.quantity import Measure, Share
from egp.plan.sql import normalised
from egp.plan.typed_reader import Money, TypedMapping, field, listed
from egp.stats.values import field as attribute
from egp.stats.values import mutable
from egp.yaml import Document, Path
from egp.yaml.sha import sha256

Kind = Literal["proportion", "mean", "ratio", "quantile"]


class Exposures(TypedMapping):
    """Who was served which variant, when."""

    needs = ("unit", "experiment", "variant", "at")
    table: str | None = field("Table with one row for each time a unit was served a variant.", "exposures")
    sql: str | None = field(
        "File with a query in place of a table, relative to this file.", "sql/exposures.sql"
    )
    unit: str | None = field("Column with the randomisation unit.", "user_id")
    experiment: str | None = field("Column with the id of the experiment.", "experiment")
    variant: str | None = field("Column with the id of the variant served.", "variant")
    at: str | None = field("Column with the instant, in UTC where it has no time zone.", "exposed_at")
    partition: str | None = field("Column with the day by which the table is partitioned.", "ds")


class Fact(TypedMapping):
    """Where events are: a table, or the result of a query."""

    needs = ("unit", "at")
    table: str | None = field("Table with one row for each event of a unit.", "events")
    sql: str | None = field("File with a query in place of a table, relative to this file.", "sql/orders.sql")
    unit: str | None = field("Column with the randomisation unit.", "user_id")
    at: str | None = field("Column with the instant, in UTC where it has no time zone.", "happened_at")
    partition: str | None = field("Column with the day by which the table is partitioned.", "ds")
    description: str | None = field("What the fact records.", prose=True)


class PopulationDefinition(TypedMapping):
    """Who could have been exposed, for history without a log of exposures."""

    needs = ("fact",)
    label: str | None = field(
        "What people call the population.", "Mobile visitors of the product page", prose=True
    )
    fact: str | None = field("The fact whose units are in the population.", "events")
    where: dict[str, object] | None = field(
        "Column → its value, or a list of values, in the rows that count.", {"name": "pdp_view"}
    )
    description: str | None = field("Who is in it.", prose=True)


class RatioPart(TypedMapping):
    """One of the two sums of a ratio, or counts of a share."""

    needs = ("fact",)
    fact: str | None = field("The fact whose rows are summed.", "orders")
    where: dict[str, object] | None = field(
        "Column → its value, or a list of values, in the rows that count."
    )
    value: str | None = field("Column that is summed; without it, rows are counted.", "items")


class MetricDefinition(TypedMapping):
    """What a metric is, whichever experiment asks."""

    needs = ("kind", "direction")
    label: str | None = field("What people call the metric.", "Add-to-cart rate", prose=True)
    kind: Kind | None = field(
        "How the metric is computed: share of units, mean per unit, ratio of two sums, or a quantile.",
        "proportion",
    )
    direction: Literal["increase", "decrease"] | None = field("The direction that is good.", "increase")
    fact: str | None = field(
        "The fact that the metric is computed from; where there is a numerator and a denominator each has its own.",
        "events",
    )
    where: dict[str, object] | None = field(
        "Column → its value, or a list of values, in the rows that count.", {"name": "add_to_cart"}
    )
    value: str | None = field("Column with the value; a mean without one counts rows.", "amount")
    numerator: RatioPart | None = field(
        "The upper sum of a ratio, or the successes among a share's analysis units."
    )
    denominator: RatioPart | None = field("The lower sum of a ratio, or a share's analysis units.")
    quantile: Share | None = field("Which quantile, for kind quantile.", "95%")
    value_unit: str | None = field("Unit of the values: us, ms or s, or a currency.", "ms")
    outcome_window: timedelta | None = field("Time a unit's outcome needs to mature after exposure.", "7d")
    cap: Measure | None = field(
        "The largest value that a unit counts with; what is above is set to it before rows are summed.",
        "500 USD",
    )
    cluster: str | None = field(
        "Column whose values are independent of each other, where those of the unit are not.", "account_id"
    )
    worth: Money | None = field("What one unit of the metric is worth.", "1.10 USD")
    owner: str | None = field("Who answers for the definition.", "@pdp-ds")
    description: str | None = field("What the metric measures.", prose=True)


class Equivalence(TypedMapping):
    """A change of a definition that somebody reviewed, and that changes no result."""

    needs = ("from", "to", "by", "because")
    metric: str | None = field("The metric.", "revenue_per_user")
    population: str | None = field("The population, where it is one that changed.", "pdp_mobile")
    from_: str | None = field("Digest of the definition before.", key="from")
    to: str | None = field("Digest of the definition since.")
    by: str | None = field("Who reviewed it.", "@xp-lead")
    because: str | None = field("Why no result changes by it.", prose=True)
    on: date | None = field("When it was reviewed.", "2023-02-01")


class MetricsFile(TypedMapping):
    """Metrics, the facts that they are computed from, and populations: a part of the catalogue."""

    exposures: Exposures | None = field("The log of exposures, which the catalogue has once.")
    facts: dict[str, Fact] | None = field("Fact → where its rows are.")
    populations: dict[str, PopulationDefinition] | None = field("Population → who is in it.")
    metrics: dict[str, MetricDefinition] | None = field("Metric → its definition.")
    equivalent: tuple[Equivalence, ...] = listed("Reviewed changes of definitions that change no result.")


FACTS_OF_A_PLAN = ("kind", "direction", "quantile", "outcome_window", "cap")
"""What the catalogue says of a metric and a plan may repeat."""

NAMED_PARTS = ("facts", "populations", "metrics")
"""Keys of a file whose mapping has names as keys."""


@mutable
class MetricCatalogue:
    """All files of a catalogue, merged."""

    exposures: Exposures | None = None
    facts: dict[str, Fact] = attribute(default_factory=dict)
    populations: dict[str, PopulationDefinition] = attribute(default_factory=dict)
    metrics: dict[str, MetricDefinition] = attribute(default_factory=dict)
    equivalent: tuple[Equivalence, ...] = ()
    queries: dict[str, str] = attribute(default_factory=dict)
    """Fact → the SQL in its file; of the exposures under the empty name."""
    places: dict[tuple[str, str], tuple[Document, Path]] = attribute(default_factory=dict)
    """Part and name, as in ("metrics", "refund_rate") → where that is defined."""
    files: tuple[str, ...] = ()
    """Paths on disk of all that was read."""
    _definitions: dict[str, str] = attribute(default_factory=dict)

    def stated(self, name: str) -> dict[str, object]:
        """What a file says of a metric and a plan may repeat, as it is written."""
        document, at = self.places["metrics", name]
        written = _value_at(document, at)
        return {key: written[key] for key in FACTS_OF_A_PLAN if written.get(key) is not None}

    def units_of_values(self) -> dict[str, str]:
        """Metric → what a plan states its values in: s for all times, or a currency."""
        return {
            name: "s" if metric.value_unit in ("us", "ms") else metric.value_unit
            for name, metric in self.metrics.items()
            if metric.value_unit
        }

    def definition(self, name: str) -> str:
        """The digest of what a metric means."""
        if name not in self._definitions:
            self._definitions[name] = digest_of(self._meaning(self.metrics[name]))
        return self._definitions[name]

    def _meaning(self, metric: MetricDefinition) -> dict[str, object]:
        window, cap = metric.outcome_window, metric.cap
        parts = {
            "numerator": metric.numerator and self._rows(metric.numerator),
            "denominator": metric.denominator and self._rows(metric.denominator),
        }
        return {
            "kind": metric.kind,
            "direction": metric.direction,
            "quantile": metric.quantile,
            "value_unit": metric.value_unit,
            "outcome_window": None if window is None else window.total_seconds(),
            "cap": None if cap is None else [cap.value, cap.unit],
            "cluster": metric.cluster,
            **(self._rows(metric) if metric.fact else {}),
            **parts,
        }

    def population(self, name: str) -> str:
        """The digest of who is in a population."""
        return digest_of(self._rows(self.populations[name]))

    def _rows(self, part: MetricDefinition | RatioPart | PopulationDefinition) -> dict[str, object]:
        """The rows that count, by what they are and not by what the catalogue calls them."""
        fact = self.facts.get(part.fact or "")
        query = self.queries.get(part.fact or "")
        return {
            "from": normalised(query) if query is not None else fact and fact.table,
            "is_query": query is not None,
            "unit": fact and fact.unit,
            "at": fact and fact.at,
            "where": part.where,
            "value": None if isinstance(part, PopulationDefinition) else part.value,
        }

    def same(self, of: Literal["metric", "population"], name: str, before: str, now: str) -> bool:
        """Whether a definition means what another one meant: the same digest, or reviewed steps from one to the other."""
        reached, steps = {before}, list(self._steps(of, name))
        for _ in steps:
            reached |= {to for from_, to in steps if from_ in reached}
        return now in reached

    def _steps(self, of: str, name: str) -> Iterator[tuple[str, str]]:
        for each in self.equivalent:
            if getattr(each, of) == name and each.from_ and each.to:
                yield each.from_, each.to


def digest_of(said: Mapping[str, object]) -> str:
    """The digest of what a definition says: of its JSON, keys sorted, what it leaves open left out."""
    from json import dumps

    text = dumps(
        {key: value for key, value in said.items() if value is not None},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return f"sha256:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _value_at(document: Document, at: Path) -> dict[str, object]:
    value = document.value
    for step in at:
        value = value[step]  # type: ignore[index]
    return value if isinstance(value, dict) else {}


def names_in(where: Mapping[str, object] | None) -> Iterator[tuple[str, object]]:
    """Each column that a filter compares, with one of the values it may have."""
    for column, value in (where or {}).items():
        for each in value if isinstance(value, list) else [value]:
            yield column, each


__all__ = [
    "FACTS_OF_A_PLAN", "NAMED_PARTS", "Equivalence", "Exposures", "Fact", "Kind", "MetricCatalogue", "MetricDefinition",
    "MetricsFile", "PopulationDefinition", "RatioPart", "digest_of", "names_in",
]  # fmt: skip
