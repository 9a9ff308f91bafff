"""One call of the gate: what is requested, and what keeps it from an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from egp.output.contract import Reported
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.finding import Failure, FailuresError
from egp.plan.quantity import Moment

if TYPE_CHECKING:
    from egp.record.sources.warehouse.asking import Asking


class FrozenRows(Reported):
    """The rows that a look of an experiment may be read from, as a receipt has them."""

    experiment: str
    look: datetime
    rows: Mapping[str, str]
    """Metric → digest of the rows that it was judged on."""


Frozen = tuple[FrozenRows, ...]


class CannotJudge(FailuresError):
    """The gate cannot even begin; exit status 2."""

    def __init__(self, *failures: Failure) -> None:
        super().__init__(failures)
        self.experiment = ""
        """Of the plan, where it could be read so far."""
        self.known: dict[str, str] = {}
        """Digests of the inputs that could be read so far."""


@dataclass(frozen=True, slots=True)
class Call:
    """What is requested, as on the command line."""

    plan: str
    results: str
    to: str = ""
    """A stage; empty for ``--monitor``."""
    as_of: Moment | None = None
    """As stated; None for now."""
    now: datetime | None = None
    """What the clock of the call says; None for one whose answer is as if it were then."""
    treatment_revision: str = ""
    variant: str = ""
    policy: str = ""
    """As given; empty for the policy that is found."""
    policy_from: str = ""
    """The branch or commit that it is read from, as given; empty for the working tree."""
    source: str = ""
    """Url of a warehouse that the rows are computed in, which may hold a password, or where its connection comes from."""
    asking: Asking | None = None
    """How the warehouse is queried; None for without limits."""

    commit: str = ""
    """Of git, that the call was made on; empty outside of a repository."""
    frozen: Frozen = ()
    """Readouts that are remembered from earlier calls."""
    is_replay: bool = False
    """Whether these are all that was remembered, whatever results and lock say today."""
    analysis: int = ANALYSIS
    """By which the receipt that is replayed judged."""
    ledger: str | None = None
    """Digest of the last entry of the ledger that counted, of a receipt that is replayed."""
    served: str = ""
    """FORMAT=FILE of an export of what is served now; empty for none."""

    @property
    def asked(self) -> str:
        return self.to or "monitor"

    @property
    def is_monitor(self) -> bool:
        return not self.to
