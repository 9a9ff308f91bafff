"""What a plan is completed by: the part of its meaning that its file does not have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from egp.stats.values import NamedTuple, field, frozen

if TYPE_CHECKING:
    from egp.plan.catalogue import MetricCatalogue


@frozen
class Supplied:
    """What a plan is completed by, as far as it says something that the plan does not: what a registration keeps."""

    defaults: Mapping[str, object] = field(default_factory=dict)
    """What the policy's defaults add, as they write it."""
    metrics: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Metric of the plan that the catalogue defines → what it states of it, and the digest of its definition."""
    population: str = ""
    """Digest of who is in the population that the plan names."""
    holdout: Mapping[str, str] = field(default_factory=dict)
    """Of the shared holdout that the plan is in: its name, ``share`` and ``until`` as a plan writes them, and the digest of its
    ``definition``."""
    holdout_terms: Mapping[str, object] = field(default_factory=dict)
    """What that definition rests on, as the policy writes it."""
    catalogue: MetricCatalogue | None = None
    """What all of the catalogue says; None where there is none, or where a registration completes the plan."""
    holdouts: Mapping[str, Any] = field(default_factory=dict)
    """All shared holdouts of the policy, each a SharedHoldout, which is made of a plan's parts; none where a registration
    completes the plan."""

    @property
    def is_something(self) -> bool:
        return bool(self.defaults or self.metrics or self.population or self.holdout)


class Moved(NamedTuple):
    """Something besides a registered plan that is not what it was when the plan was registered."""

    of: Literal["metric", "population", "holdout", "default"]
    name: str
    """Of a default its path, as in statistics.power."""
    before: str
    """What it was; of a definition its digest. Empty for what was not there."""
    now: str
    path: tuple[str, ...] = ()
    """Steps to what changed in a default or a holdout, items of a list by their id in brackets; of a holdout none where the
    registration does not say what it was."""

    @property
    def key(self) -> str:
        """The path as people write it."""
        first, *more = self.path
        return "".join([first, *(step if step[:1] == "[" else f".{step}" for step in more)])

    @property
    def change(self) -> str:
        """What became of a key, for a sentence."""
        if not self.before:
            return f"`{self.key}` was not there and is {self.now}"
        return f"`{self.key}` was {self.before} and is {self.now or 'removed'}"


def moves_in_words(moved: Sequence[Moved]) -> str:
    """What moved, for a sentence."""
    from egp.plan.wording import listing

    return listing([_move_in_words(each) for each in moved])


def _move_in_words(moved: Moved) -> str:
    if moved.of == "default":
        return f"the default {moved.change}"
    if moved.of == "holdout" and moved.path:
        return f"of the holdout {moved.name} {moved.change}"
    what = "the population" if moved.of == "population" else f"the {moved.of} {moved.name}"
    return f"{what} is defined otherwise" if moved.now else f"{what} is not defined any more"
