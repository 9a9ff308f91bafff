"""What a rule's own questions answer at the very day or number at which the answer changes."""

from __future__ import annotations

from datetime import date

import pytest

from egp.plan.finding import DoesNotApply, NotChecked
from egp.plan.results import CANARY, TEST
from egp.record.rollouts.rollout import VariantShare
from egp.rules.metrics import measurement_drift
from egp.rules.pictures import wins_of_several
from egp.rules.rule_inputs import Measuring, ServedFlag
from egp.rules.served import by_variant, due, stages_of
from egp.stats.values import replace
from egp.yaml.position import START
from tests.rollouts.reading import read

from .examples import measuring_of, plan_of, sound_value

FLAG = """
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {VARIANTS}
    defaultVariant: control
    targeting: {fractional: [[control, 55], [buy_now, 45]]}
"""


def flag(as_of: date) -> ServedFlag:
    (rollout,) = read(FLAG.replace("VARIANTS", "control: false, buy_now: true"), "flagd").rollouts
    return ServedFlag(rollout, plan_of(sound_value()), as_of)


@pytest.mark.parametrize(
    ("day", "stages"),
    [
        ("2023-01-22", [CANARY]),
        ("2023-01-23", [TEST]),
        ("2023-02-05", [TEST]),
        ("2023-02-06", [TEST, "70%", "90%"]),
    ],
)
def test_the_share_of_the_test_is_due_until_the_day_before_its_readout(day: str, stages: list[str]) -> None:
    served = flag(date.fromisoformat(day))
    plan = served.plan
    assert plan is not None
    assert [each.name for each in due(served, stages_of(plan))] == stages


NAMED = """
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: 0, NAMES}
    defaultVariant: control
    targeting: {fractional: [[control, 50], SHARES]}
"""


@pytest.mark.parametrize(
    ("names", "is_treatment"),
    [
        (["shiny"], {"shiny": True}),
        (["on"], {"on": True}),
        (["on", "shiny"], {"on": True, "shiny": False}),
        (["shiny", "brilliant"], {"shiny": False, "brilliant": False}),
    ],
)
def test_the_one_treatment_is_the_one_other_name_or_what_is_called_on(
    names: list[str], is_treatment: dict[str, bool]
) -> None:
    variants = ", ".join(f'"{name}": {at}' for at, name in enumerate(names, start=1))
    shares = ", ".join(f'["{name}", 10]' for name in names)
    (rollout,) = read(NAMED.replace("NAMES", variants).replace("SHARES", shares), "flagd").rollouts
    served = ServedFlag(rollout, plan_of(sound_value()), date(2023, 1, 25))
    for name, is_one in is_treatment.items():
        share = (VariantShare(name, 1.0, START),)
        if is_one:
            assert by_variant(served, share) == {"buy_now": 1.0}
        else:
            with pytest.raises(NotChecked):
                by_variant(served, share)


OFF = """
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {old: 0, control: 0, "off": 1, NAMES}
    defaultVariant: DEFAULT
    targeting: {fractional: [[DEFAULT, 55], ["off", 45]]}
"""


@pytest.mark.parametrize(
    ("default", "names", "is_control"),
    [("old", ["shiny"], False), ("old", ["shiny", "bright"], True), ("control", ["shiny"], True)],
    ids=["a default of its own", "a default beside several treatments", "the plan's control by default"],
)
def test_what_is_called_off_is_the_control_where_the_flag_has_no_other(
    default: str, names: list[str], is_control: bool
) -> None:
    value = sound_value()
    variants = [{"id": "control", "control": True}, *({"id": name} for name in names)]
    plan = plan_of({**value, "variants": variants})
    flags = OFF.replace("DEFAULT", default).replace("NAMES", ", ".join(f"{each}: 2" for each in names))
    (rollout,) = read(flags, "flagd").rollouts
    served = ServedFlag(rollout, plan, date(2023, 1, 25))
    share = (VariantShare("off", 1.0, START),)
    if is_control:
        assert by_variant(served, share) == {"control": 1.0}
    else:
        assert by_variant(served, share) != {"control": 1.0}


@pytest.mark.parametrize(("tests", "is_drawn"), [(1, False), (2, True)])
def test_one_test_alone_is_not_the_best_of_several(tests: int, is_drawn: bool) -> None:
    more = [{"id": f"other_{at}", "weight": "10%"} for at in range(1, tests)]
    value = sound_value()
    plan = plan_of({**value, "variants": [*value["variants"], *more]})  # type: ignore[misc]
    assert (wins_of_several(plan) is not None) is is_drawn


def test_a_number_is_compared_where_the_plan_has_a_place_and_a_value_for_it() -> None:
    plan = plan_of(sound_value())
    measuring = measuring_of(plan, {"primary_metric.baseline": 0.2})
    (number,) = measuring.numbers
    params = measurement_drift.Params()
    assert list(measurement_drift.check(measuring, params))
    for lacking in (replace(number, path=()), replace(number, declared=None)):
        with pytest.raises(DoesNotApply):
            list(measurement_drift.check(Measuring(plan, (lacking,)), params))
