"""What holds at the very instant, day or number at which something changes."""

from __future__ import annotations

import json
import typing
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from egp import stats
from egp.gate import receipt
from egp.gate.amounts import least_written
from egp.gate.call import Call
from egp.gate.changes import _named_by, _stage_for, _without
from egp.gate.checks import outcome_matured
from egp.gate.checks.complete_data import _is_heard_of_later, _loaded
from egp.gate.checks.runtime_complete import _consecutive_days
from egp.gate.harm import harm_beyond
from egp.gate.live import _live
from egp.gate.ruling_out import harm_seen
from egp.gate.withholding import rows_read, withheld_because
from egp.plan.quantity import MetricChange
from egp.plan.results import About, RowRefusal
from egp.record.ledger import Ledger
from egp.rules.rule import Params as RuleParams
from egp.stats.values import replace
from egp.yaml import Path
from tests.rollouts.reading import read

from .scenes import monitored, silent_from
from .test_real_plans import ENTERED, enrolled, holdback
from .test_registered_analysis import LOOKS, sequential
from .test_silence import decided, said
from .worlds import CONTROL, DAY, TREATMENT, of, plan_of, readout_world, stage_world

FIRST = date(2023, 1, 23)


@pytest.mark.parametrize(("longest", "is_blind"), [(80, False), (79, True)])
def test_nobody_is_blind_at_the_longest_silence_itself(longest: int, is_blind: bool) -> None:
    """Nobody was heard of for 80 hours."""
    world = silent_from(monitored(), date(2023, 3, 3), CONTROL, TREATMENT)
    told = said(decided(world, max_silence=timedelta(hours=longest)))
    assert ("neither variant was heard of" in told) is is_blind


@pytest.mark.parametrize(("before", "observed"), [(1, "2023-04-24"), (0, "2023-07-24")])
def test_a_review_is_due_from_the_first_instant_of_its_day(before: int, observed: str) -> None:
    world = holdback("2023-04-20")
    day = datetime.fromisoformat("2023-04-24T00:00:00-07:00") - timedelta(seconds=before)
    assert of(world.but(as_of=day).decide(), "review").observed == observed


@pytest.mark.parametrize(
    ("left_out", "says"), [({}, ", corrected for 2 comparisons"), ({1: None}, "")], ids=["two", "one"]
)
def test_one_guardrail_alone_is_not_corrected(left_out: dict[int, None], says: str) -> None:
    world = stage_world(guardrail_metrics={**left_out, 2: None}, stop_rules=[])
    message = of(world.decide(), "guardrail", "refund_rate").message
    assert message.endswith(f"{says})")
    assert ("corrected" in message) is bool(says)


@pytest.mark.parametrize(
    ("first", "state"), [(date(2023, 1, 29), "pass"), (date(2023, 1, 30), "not_checked")]
)
def test_a_cohort_of_the_last_day_that_is_judged_tells_whether_outcomes_have_matured(
    first: date, state: str
) -> None:
    """Refunds take a week, so that of two weeks the first is judged."""
    world = readout_world().without(
        lambda row: (row.metric, row.window) == ("refund_rate", "cohort") and (row.date or first) < first
    )
    (reading,) = outcome_matured.check(world.readout(), RuleParams())
    assert reading.state == state


@pytest.mark.parametrize(("amount", "asks"), [(0.0, False), (0.01, True)])
def test_harm_beyond_nothing_is_relative_to_nothing(amount: float, asks: bool) -> None:
    """Only an amount of the control asks for one that is clearly above zero."""
    path: Path = ("guardrail_metrics", 0)
    (metric,) = [each for at, each in plan_of().guardrails if at == path]
    seen = _Seen()
    harm_beyond(path, metric, seen, MetricChange(amount, "relative", f"{amount:.0%}"))  # type: ignore[arg-type]
    assert seen.is_asked is asks


class _Seen:
    """A comparison of two rates that notes whether its control has to be above zero."""

    control, treatment = SimpleNamespace(value=0.03), SimpleNamespace(value=0.03)
    difference = stats.RateContrast(300.0, 10_000, 300.0, 10_000)

    def __init__(self) -> None:
        self.is_asked = False

    def require_positive_control(self, *_: object) -> None:
        self.is_asked = True

    def require_enough_events(self, *_: object) -> None: ...

    def at(self, null: float) -> stats.RateContrast:
        return stats.RateContrast(300.0, 10_000, 300.0, 10_000, null)


@pytest.mark.parametrize(("until", "days"), [(FIRST - DAY, 0), (FIRST, 1), (FIRST + DAY, 2)])
def test_the_first_day_is_one_day_of_the_run(until: date, days: int) -> None:
    assert _consecutive_days(readout_world().readout(), until) == days


@pytest.mark.parametrize(
    ("day", "stage"), [("2023-02-04", "test"), ("2023-02-05", "test"), ("2023-02-06", "45%")]
)
def test_on_its_last_day_the_test_is_what_its_share_stands_for(day: str, stage: str) -> None:
    plan = plan_of(ramp=[{"treated": "45%", "min_dwell": "48h"}])
    assert _stage_for(plan, 0.45, datetime.fromisoformat(f"{day}T12:00:00+00:00")) == stage


def test_a_look_that_is_not_passed_waits_for_the_next_one() -> None:
    """At the second of three looks that is the third, and at the first the second."""
    flat = {"2023-01-23": 0.12}
    for at, last in ((0, date(2023, 2, 5)), (1, date(2023, 2, 12))):
        world = sequential(flat, f"{LOOKS[at]}T08:00:00-08:00", last)
        reading = of(world.decide(), "primary-outcome")
        assert (reading.kind, str(reading.until)[:10]) == ("wait", LOOKS[at + 1])


FLAG = """
flags:
  pdp_buy_now:
    on: false
    offVariation: {}
    variations: [control, buy_now]
    fallthrough: {{rollout: {{variations: [{{variation: 0, weight: 55000}}, {{variation: 1, weight: 45000}}]}}}}
"""


@pytest.mark.parametrize(("variation", "outcome"), [("0", "same"), ("1", "more")])
def test_a_flag_that_is_off_serves_everybody_its_off_variation(variation: str, outcome: str) -> None:
    (rollout,) = read(FLAG.format(variation), "launchdarkly").rollouts
    plan = plan_of(feature_flag="pdp_buy_now")
    assert _live(plan, Ledger(plan.name), rollout, date(2023, 1, 25)).outcome == outcome


def test_a_flag_that_is_off_and_says_nothing_of_it_treats_nobody() -> None:
    (rollout,) = read(
        FLAG.replace("    offVariation: {}\n", "").replace("{{", "{").replace("}}", "}"), "launchdarkly"
    ).rollouts
    plan = plan_of(feature_flag="pdp_buy_now")
    assert _live(plan, Ledger(plan.name), replace(rollout, off=None), date(2023, 1, 25)).outcome == "same"


def test_a_flag_is_named_by_the_base_and_its_variants_by_both() -> None:
    was, will = (read(FLAG.format(each), "launchdarkly").rollouts[0] for each in "01")
    named = _named_by(was, will)
    assert named.off == was.off
    assert named.audiences == (*was.audiences, *will.audiences)
    assert (_named_by(was, None), _named_by(None, will)) == (was, will)


@pytest.mark.parametrize(("lasting", "state"), [("0h", "not_checked"), ("24h", "pass")])
def test_no_days_in_a_row_are_no_stop_rule(lasting: str, state: str) -> None:
    """Otherwise no harm at all would be enough of it, on every call."""
    readings = stage_world(stop_rules={2: {"for": lasting}}).decide().readings
    slow = [each.state for each in readings if (each.check, each.metric) == ("stop-rule", "p95_page_load")]
    assert slow == [state]


@pytest.mark.parametrize(
    ("stage", "asks"), [("test", "where nothing was seen yet"), ("70%", "the results of the stage before")]
)
def test_of_the_first_stage_alone_results_may_have_no_rows(stage: str, asks: str) -> None:
    assert asks in "".join(_without(plan_of(), stage))


def test_the_rows_of_a_look_are_those_of_the_primary_and_of_guardrails_that_take_time() -> None:
    """What has no outcome window is judged at every call, and is not frozen."""
    assert {*rows_read(readout_world().readout())} == {"add_to_cart_rate", "refund_rate"}


LOOK = datetime.fromisoformat("2023-02-06T00:00:00-08:00")


@pytest.mark.parametrize(
    ("before", "reason"), [(1, "the results were taken 2023-02-05 23:59, before the look"), (0, "the rows do not cover the run")]
)  # fmt: skip
def test_results_of_the_first_instant_of_a_look_are_not_from_before_it(before: int, reason: str) -> None:
    world = readout_world().but(taken=LOOK - timedelta(seconds=before))
    withheld = withheld_because(world.without(lambda row: row.date == FIRST).readout())
    assert withheld is not None
    assert reason in str(withheld)


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(0.03412, "share", 0.0342), (0.0001, "share", 0.0001), (0.0000341, "share", 0.000035), (1.23412, "s", 1.235)],
)  # fmt: skip
def test_a_least_value_is_written_in_basis_points_and_below_one_in_two_digits(
    value: float, unit: str, written: float
) -> None:
    assert least_written(value, unit) == pytest.approx(written, rel=1e-12)


@pytest.mark.parametrize("commit", ["", "5f0c" * 10])
def test_a_call_that_could_not_be_judged_says_on_which_commit_it_was(commit: str) -> None:
    call = Call("plan.yaml", "results.yaml", now=datetime(2023, 2, 7, tzinfo=UTC), commit=commit)
    said = json.loads(receipt.written_for_failure(call, (), "pdp", {}))
    assert said["action"]["commit"] == (commit or None)


@pytest.mark.parametrize("refused", ["refund_rate", "cs_contacts"])
def test_a_kind_of_row_of_which_one_was_refused_is_loaded_again_and_others_are_added(refused: str) -> None:
    """Of contacts a row was refused, or there never was a row."""
    about = (About(stage="test", window="week", date=FIRST, variant=CONTROL, metric=refused),)
    problem = RowRefusal("r.csv", 1, 1, "units", "-4 is no number", "count again", about)
    world = readout_world().without(lambda row: (row.metric, row.window) == ("cs_contacts", "week"))
    readout = world.but(more={"problems": (problem,)}).readout()
    (metric,) = [each for _, each in readout.plan.guardrails if each.id == "cs_contacts"]
    is_loaded = _loaded(readout, metric, "week", [FIRST]).endswith("again")
    assert is_loaded is (refused == "cs_contacts")


@pytest.mark.parametrize(
    ("last", "is_heard"), [(ENTERED - DAY, False), (ENTERED, False), (ENTERED + DAY, True)]
)
def test_units_come_back_where_rows_are_of_days_after_the_enrolment(last: date, is_heard: bool) -> None:
    world = enrolled().without(lambda row: row.window in ("day", "week") and (row.date or last) > last)
    assert _is_heard_of_later(world.readout()) is is_heard


@pytest.mark.parametrize(("harm", "at"), [("increase", 0.01), ("decrease", -0.01)])
def test_events_are_counted_at_the_margin_in_the_direction_of_harm(harm: str, at: float) -> None:
    asked: list[float] = []

    class Enough(Exception): ...

    def require_enough_events(*given: typing.Any) -> None:
        asked.append(given[2])
        raise Enough

    seen = SimpleNamespace(difference=None, require_enough_events=require_enough_events)
    test = SimpleNamespace(margin=0.01, harm=harm, is_relative=False, metric=SimpleNamespace(name="refunds"))
    with pytest.raises(Enough):
        harm_seen(test, SimpleNamespace(seen=seen, lacks=None))  # type: ignore[arg-type]
    assert asked == [at]
