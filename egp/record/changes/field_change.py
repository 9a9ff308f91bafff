"""One field that two versions of a plan have different."""

from __future__ import annotations

from egp.plan.typed_reader import Weight
from egp.record.changes.weight import Effect
from egp.stats.values import frozen
from egp.yaml import Path


@frozen
class FieldChange:
    """One field that two versions of a plan have different, or that only one of them has."""

    path: Path
    """In the newer version. Of an item that is missing, its list; of a key that is missing, where it was."""
    name: str
    """The JSON pointer with list items named by their id, as the ``changes`` of an amendment name it."""
    before: str | None
    """As a plan writes it; None where the older version has no such field."""
    after: str | None
    earlier_path: Path
    """In the older version, where it has the field or the part that lacks it."""
    weight: Weight
    effect: Effect
    """What the change does to safety: less exposure, longer watch and stricter thresholds tighten."""

    @property
    def is_material(self) -> bool:
        """Whether the change is in the digest."""
        return self.weight != "benign"

    @property
    def is_loosened_safeguard(self) -> bool:
        """Whether the change makes people less safe while the experiment runs."""
        return self.weight == "operational" and self.effect == "loosens"

    @property
    def needs_amendment(self) -> bool:
        """Whether a running experiment must declare it: everything material except a safeguard that tightens."""
        return self.is_material and not (self.weight == "operational" and self.effect == "tightens")
