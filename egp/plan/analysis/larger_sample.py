"""A larger sample as a remedy: declared where the run brings it, else a longer run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from egp.plan.remedy import Remedy, advise, setting
from egp.plan.wording import count_in_plan
from egp.yaml.edits import Setting

if TYPE_CHECKING:
    from egp.yaml import Path
    from egp.yaml.edits import Edit

SAMPLE: Path = ("sample_size_per_variant",)


def larger_sample(units: int, come: int | None) -> Remedy:
    """What to do for so many units per variant: declare them, unless the run is known to bring fewer."""
    if come is None or units <= come:
        return setting(SAMPLE, count_in_plan(units))
    return advise(_longer_run(units, come))


def with_larger_sample(edit: Edit, declared: int | None, needed: int, come: int | None) -> Remedy:
    """An edit together with what it asks of the sample; by itself where the declared one is enough."""
    if declared is not None and declared >= needed:
        return Remedy((edit,))
    if come is None or needed <= come:
        return Remedy((edit, Setting(SAMPLE, count_in_plan(needed))))
    return Remedy((edit,), after=f" and {_longer_run(needed, come)}")


def _longer_run(units: int, come: int) -> str:
    return f"run longer, since it takes {units:,} units per variant and this run brings {come:,}"
