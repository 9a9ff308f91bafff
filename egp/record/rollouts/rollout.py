"""What a flag or deployment file says is served, whatever its format: every part with the place where it is written.

None stands for what a format cannot say, and ``unread`` for what a file leaves to be computed elsewhere. Rules that
need either are not checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Generic, Literal, TypeVar

from egp.stats.values import frozen
from egp.yaml import Span

T = TypeVar("T")

_EARLIEST_ZONE = timezone(timedelta(hours=14))
"""Where a day begins first."""

ShareOf = Literal["units", "requests", "replicas"]
"""What a share is a share of. Only a share of units is a share of the people whom an experiment is about."""

Gate = Literal["", "person", "metric", "egp"]
"""What lets a stage end, besides time; ``egp`` where the deployment itself asks ``egp gate`` for the next one."""

REQUIRED = "prerequisite "
"""What a term begins with that only keeps units out."""

DEFAULT = ""
"""The name of the variant that units get whom no weight covers, where the file names none."""


@frozen
class Said(Generic[T]):
    """A value, and where the file says it."""

    value: T
    at: Span


@frozen
class VariantShare:
    """A variant, the share of an audience that gets it, from 0 to 1, and where its weight is written."""

    variant: str
    share: float
    at: Span


@frozen
class Weights:
    """Weights as written, added up, and what the format requires of the sum; None where they are relative."""

    total: float
    required: float | None
    at: Span
    so: str = ""
    """What the format makes of another sum."""


@frozen
class Audience:
    """Units that are served alike. A unit belongs to the first audience whose condition it meets."""

    at: Span
    shares: tuple[VariantShare, ...] = ()
    """Relative weights resolved: they add up to 1. Empty where ``unread`` says why."""
    condition: str = ""
    """Who they are, in the file's own words; empty for everybody whom no audience before has."""
    unit: Said[str] | None = None
    """The attribute that is hashed; None where nothing is."""
    salt: Said[str] | None = None
    """What is hashed with it, so that flags are independent of each other."""
    sticky: Said[bool] | None = None
    """Whether a unit gets the same variant again; None where the file does not say."""
    weights: Weights | None = None
    unread: str = ""
    """Why the shares are not known."""
    means: str = ""
    """What its condition refers to, where the file says that elsewhere: the constraints of a segment."""
    hashed_by: str = ""
    """By which function, where the format has several."""
    layout: str = ""
    """Every hash that divides it, and which parts of them get which variant; only compared, where ``line`` is None."""
    line: tuple[tuple[str, float, float], ...] | None = None
    """(variant, from, to): which hashes, from 0 to 1, get which variant; None where that takes more than one hash."""

    @property
    def is_split(self) -> bool:
        """Whether chance decides which variant a unit gets."""
        return sum(each.share > 0 for each in self.shares) > 1


@frozen
class RolloutStage:
    """A step that is taken by time, by a person or by a metric."""

    shares: tuple[VariantShare, ...]
    at: Span
    dwell: timedelta | None = None
    """Least time before the next one; None where it ends without a clock."""
    gate: Gate = ""
    asks: str = ""
    """The plan that the deployment asks ``egp gate`` about before the next stage."""


@frozen
class Watched:
    """A metric that the rollout is watched by, and what a breach triggers."""

    metric: Said[str]
    action: Literal["rollback", "hold"]
    means: str = ""
    """How it is measured and when it breaches, in the file's own words."""


@frozen
class Unread:
    """What egp could not read, and why: it is not checked, whatever it says."""

    path: str
    at: Span
    reason: str
    flag: str = ""
    """The flag that it is a part of; empty for a whole file."""


@frozen
class Rollout:
    """One flag or deployment in one environment."""

    format: str
    path: str
    """The file, as messages name it."""
    document: int
    flag: Said[str]
    environment: str
    enabled: Said[bool] | None = None
    default: Said[str] | None = None
    """The variant of units whom nothing else covers."""
    off: Said[str] | None = None
    """The variant of everybody while the flag is off."""
    variants: tuple[Said[str], ...] = ()
    """Those that are declared."""
    values: tuple[tuple[str, str], ...] = ()
    """(variant, what the application gets for it), where the file says so."""
    terms: tuple[str, ...] = ()
    """What else decides when and to whom anything is served, in the file's own words: dates, the variations of prerequisites."""
    prerequisites: tuple[Said[str], ...] = ()
    may_require_off: bool = False
    """Whether a flag that is off may meet one of them."""
    audiences: tuple[Audience, ...] = ()
    share_of: ShareOf = "units"
    stages: tuple[RolloutStage, ...] = ()
    """In the order in which they are taken."""
    continuous: Said[str] | None = None
    """How the share grows without a stage that could be held; None where it does not."""
    serves_until: datetime | None = None
    """The instant from which on nothing of it is served any more; None where the file names none."""
    watched: tuple[Watched, ...] | None = None
    """None where the format watches nothing: somebody else must."""
    revision: Said[str] | None = None
    """What is deployed, of a format in which a new version starts the rollout."""
    withdrawn_by: str = ""
    """How the treatment can be withdrawn."""
    unread: tuple[Unread, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether anything but the off variant can be served."""
        return self.enabled is None or self.enabled.value

    @property
    def splits(self) -> Iterator[Audience]:
        """The audiences in which chance decides."""
        return (each for each in self.audiences if each.is_split)

    @property
    def is_rolled_out(self) -> bool:
        """Whether units are treated differently by chance, now or by a stage to come."""
        return self.is_on and (any(self.splits) or bool(self.stages) or self.continuous is not None)

    def is_over(self, as_of: date) -> bool:
        """Whether nothing of it is served any more on that day, in whichever time zone it is that day."""
        return (
            self.serves_until is not None
            and datetime.combine(as_of, time.min, _EARLIEST_ZONE) >= self.serves_until
        )
