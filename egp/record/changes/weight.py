"""How much a change of a field weighs: benign, operational or inferential."""

from __future__ import annotations

from typing import Literal

from egp.plan.experiment import declarations
from egp.plan.typed_reader import Keys, Weight

Effect = Literal["tightens", "loosens", "neutral"]


def weight_of(keys: Keys) -> Weight:
    """The weight of the field that these keys lead to: what a part of it that is declared lighter, or it, weighs."""
    declared = [declarations().get(keys[:length]) for length in range(len(keys), 0, -1)]
    return next((each.weight for each in declared if each and each.weight), "inferential")
