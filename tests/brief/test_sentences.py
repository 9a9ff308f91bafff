"""Sentences that keep a page from being taken for more than it shows."""

from __future__ import annotations

import contextlib
import csv
import math
import re
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import pytest

from egp.pages.brief.holdout import Confirmation
from egp.pages.brief.page import Brief
from egp.pages.brief.result import PrimaryResult
from egp.pages.brief.scene import Scene, scene
from egp.pages.brief.telling import _pictured
from egp.pages.brief.verdicts import _what_decides
from egp.plan.picture import Intervals
from egp.plan.quantity import moment
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.brief.asking import BUY_NOW, NOON, TWO_BAD_WEEKS, ask, edit, facts, options, section, shown
from tests.gate.calling import call
from tests.lock.entries import remove_lock

RESULTS = "results/pdp-buy-now"


def test_guardrails_that_the_stage_cannot_clear_are_named(repository: Path) -> None:
    """After two days at 70 % no row is of a week of the test, and what the stage cannot rule out is in the headline."""
    page = ask(repository, BUY_NOW, f"{RESULTS}/stage-1.yaml").page
    assert page.verdict.endswith(
        " Margins were judged at the readout, on complete outcomes; a stage that short cannot clear refund_rate and p95_page_load anew."
    )
    assert "week of 2023-01-30" not in shown(page)
    assert (
        "no stop rule or limit has fired at 70% (contacts takes 2 weeks and outcomes of refund_rate take 7 days), and"
        in page.verdict
    ), "so soon it cannot"
    later = ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml").page
    assert "cannot clear" not in later.verdict
    assert "takes 2 weeks" not in later.verdict


def test_where_what_fires_is_small_beside_its_margin_the_page_says_what_a_margin_is(repository: Path) -> None:
    """+5.45 % of harm in the stage, and a margin of 7 %: nobody accepted the one by agreeing on the other."""
    text = shown(ask(repository, BUY_NOW, TWO_BAD_WEEKS).page)
    assert (
        "also below the margin, which is no harm that was accepted: it is what the readout had to rule out"
        in text
    )
    told = facts(ask(repository, BUY_NOW, f"{RESULTS}/day-05.yaml").page, "Who decides")
    assert told["readouts"].endswith(", of guardrails alone until 2023-02-06"), (
        "a readout every week is not a look"
    )


def test_a_week_of_which_outcomes_are_missing_is_said_to_be_one(repository: Path) -> None:
    """Refunds take seven days: those of the week until 15 March are not all in on the 16th, and the week before them is counted."""
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS).page
    assert "Outcomes are still coming in of refund_rate in the week of 2023-03-09." in shown(page)
    assert "Outcomes are still coming in" not in shown(
        ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml").page
    )


def test_who_may_overrule_is_said(repository: Path) -> None:
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS).page
    assert "who may is up to the owners of egp.lock" in shown(page)


@pytest.mark.parametrize(("results", "says"), [("stage-1", True), ("monitor", True), ("day-05", False)])
def test_a_stage_that_was_raised_as_agreed_needs_no_decision(
    repository: Path, results: str, says: bool
) -> None:
    told = facts(ask(repository, BUY_NOW, f"{RESULTS}/{results}.yaml").page, "Who decides")[
        "decisions on record"
    ]
    assert told == f"none{'; a stage that is raised as agreed needs none' if says else ''}"


DUE = "2023-05-10T09:00:00-07:00"


def on_its_day(repository: Path) -> Brief:
    """The page of the day on which the holdout is read, by results of that day."""
    edit(repository, f"{RESULTS}/monitor.yaml", ("as_of: 2023-03-02T09:00:00-08:00", f"as_of: {DUE}"))
    return ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml", DUE)


@pytest.mark.parametrize(
    ("low", "high", "power", "mark"),
    [
        (0.001, 0.01, 0.9, "good"),
        (-0.001, 0.01, 0.9, "caution"),
        (0.001, 0.01, 0.7, "caution"),
        (-0.02, -0.01, 0.9, "bad"),
    ],
)
def test_the_range_of_the_holdout_has_a_mark_of_its_own(
    repository: Path, low: float, high: float, power: float, mark: str
) -> None:
    """The readout's stays green, whatever the holdout says since."""
    said = on_its_day(repository).said
    assert isinstance(said.confirmed, Confirmation)
    changed = replace(said, confirmed=replace(said.confirmed, low=low, high=high, power=power))
    assert isinstance(said.result, PrimaryResult)
    figure = _pictured(changed, said.result)
    assert isinstance(figure.drawing, Intervals)
    marks = {row.name: row.mark for row in figure.drawing.rows}
    assert (marks["as it was read"], marks["against the holdout"]) == ("good", mark)


def test_validated_has_a_criterion_and_somebody_acts_by_a_day(repository: Path) -> None:
    page = ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml").page
    assert (
        "Validated is a gain whose whole range is above zero on the day on which the holdout is read, and on no other"
        in shown(page)
    )
    assert "not validated" not in page.verdict, "unread is no verdict"
    told = facts(page, "Who decides")
    assert told["who acts next"] == (
        "@pdp-pm has the holdout read on 2023-05-10, its last day: the change stays for everybody if the gain is validated and every "
        "guardrail is within its margin, and is withdrawn if the holdout is all below zero; otherwise vp_commerce decides"
    )
    edit(repository, BUY_NOW, ("share: 10%, until: 2023-05-10", "share: 10%"))
    asked = ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml")
    assert facts(asked.page, "Who decides")["who acts next"].endswith(
        "the plan does not say until when anybody is held out (`holdout.until`)"
    )
    assert asked.said.confirmed == "the plan does not say when the holdout is read (`holdout.until`)"


def test_until_the_holdout_is_read_it_is_recommended_to_wait(repository: Path) -> None:
    asked = ask(repository, BUY_NOW, f"{RESULTS}/monitor.yaml")
    assert asked.page.verdict.startswith(
        "Recommended is A, raise nothing: stay as it is until the holdout is read on 2023-05-10, which alone says whether the gain is there."
    )
    assert {
        letter for letter, (_, _, light) in options(asked.page).items() if "recommended" in light.word
    } == {"A"}


@pytest.mark.parametrize(
    ("low", "high", "is_within", "begins"),
    [
        (0.001, 0.01, True, "Recommended is to keep the change for everybody: @pdp-pm ends the holdout."),
        (
            0.001,
            0.01,
            False,
            "Nothing is recommended: the gain is validated, and of refund_rate it is not shown that the margin is kept; @pdp-pm decides.",
        ),
        (-0.01, -0.001, True, "Recommended is B, roll back: @pdp-pm has it withdrawn."),
        (
            -0.01,
            0.01,
            True,
            "Nothing is recommended: the holdout does not decide, and @pdp-pm does, who was to by 2023-05-10.",
        ),
    ],
)
def test_on_the_day_of_the_holdout_it_decides_with_the_guardrails(
    repository: Path, low: float, high: float, is_within: bool, begins: str
) -> None:
    """A gain keeps a change for everybody only where every guardrail is within its margin as well."""
    asked = on_its_day(repository)
    assert isinstance(asked.said.confirmed, Confirmation)
    of_scene = scene_of(repository, f"{RESULTS}/monitor.yaml", DUE)
    seen = replace(asked.said.confirmed, low=low, high=high)
    rows = list(asked.said.guardrails)
    assert rows[0].latest is not None
    assert rows[0].latest.of_control is not None
    if not is_within:
        wide = replace(rows[0].latest, of_control=rows[0].latest.of_control._replace(high=0.09))
        rows[0] = replace(rows[0], seen=(wide,))
    assert _what_decides(of_scene, seen, rows).startswith(begins)
    assert not any("recommended" in light.word for _, _, light in options(asked.page).values())


def scene_of(folder: Path, results: str, as_of: str) -> Scene:
    with contextlib.chdir(folder):
        policy = read_policy("egp.yaml", "egp.yaml")
        finder = PlanFinder(str(folder), policy.plans, policy.root)
        instant = moment(as_of)
        return scene(BUY_NOW, results, finder, policy, instant, NOON)


def test_a_test_that_runs_names_who_reads_it_and_when(repository: Path) -> None:
    page = ask(repository, BUY_NOW, f"{RESULTS}/day-05.yaml").page
    told = facts(page, "Who decides")["who acts next"]
    assert (
        told
        == "@pdp-pm has the result read on 2023-02-06; before it a stop rule, a limit or option B (roll back) ends the test, and "
        "none of them ships it"
    )
    assert section(page, "Guardrails").title == "Guardrails, the test so far", "five days are not fourteen"


@pytest.mark.parametrize("results", ["day-05", "day-14", "stage-1", "monitor"])
def test_where_nothing_trips_no_part_is_called_weak(repository: Path, results: str) -> None:
    page = ask(repository, BUY_NOW, f"{RESULTS}/{results}.yaml").page
    what, _, light = options(page)["C"]
    assert what == "a plan of its own, should a part of the traffic turn out to be weak"
    assert light.word == "not needed now"
    assert not any(each.title.startswith("The draft") for each in page.sections)


def test_an_enrolment_is_told_of_plans_that_have_one(repository: Path) -> None:
    """The result is read on the day after the last users enter, so that nobody is watched for 14 days."""
    told = "Whoever enters last is watched for at least 14 days."
    assert told not in shown(ask(repository, BUY_NOW, as_of="2023-01-18").page)
    edit(repository, BUY_NOW, ("end: 2023-02-05,", "end: 2023-02-19, enrolment_end: 2023-02-05,"))
    assert told in shown(ask(repository, BUY_NOW, as_of="2023-01-18").page)


def test_who_is_named_as_the_one_owner_can_record_the_decision(repository: Path) -> None:
    done = call(
        repository, "decide", BUY_NOW, f"--results={TWO_BAD_WEEKS}", "--option=B: roll back", "--by=@pdp-pm",
        "--because=contacts up for two weeks", "--as-of=2023-03-16",
    )  # fmt: skip
    assert done.status == 0, done.err


def test_a_rejected_plan_has_its_price_or_the_line_that_would_make_it(repository: Path) -> None:
    plan = "rejected/ship-on-day-five.yaml"
    told = " ".join(call(repository, "explain", plan, "--as-of=2023-01-18").out.split())
    assert "What 9 days more cost and save" in told
    # 149,000 in a run of 5 days; the last stage treats 90 %, the test 45 % of them.
    people = 149_000 / 5 * 9 * 0.45
    assert f"{people:,.0f} people" in told
    assert "forgone at +0.59 pp of Add-to-cart rate, which it is sized to find" in told
    assert f"${0.0059 * people * 1.10:.0f}" in told
    assert "is hoped for" not in told, "the target is the MDE"
    edit(
        repository,
        plan,
        *((f"    worth: {price} USD\n", "") for price in (9, 5)),
        ("  worth: 1.10 USD\n", ""),
    )
    told = " ".join(call(repository, "explain", plan, "--as-of=2023-01-18").out.split())
    assert (
        "No amount can be computed yet: - `worth:` of add_to_cart_rate, refund_rate and cs_contacts would say what one is worth"
        in told
    )


def by_day(repository: Path) -> list[dict[str, str]]:
    with (repository / RESULTS / "day-14.csv").open(encoding="utf-8") as file:
        return [
            row
            for row in csv.DictReader(file)
            if row["metric"] == "add_to_cart_rate" and row["window"] == "cohort"
        ]


def test_a_range_that_is_wider_than_planned_says_why(repository: Path) -> None:
    """Recomputed from the rows: what was planned at a correlation of 0.5, what came, and what such a test finds."""
    rows = by_day(repository)
    n, x, y, xy = (
        sum(float(row[name]) for row in rows)
        for name in ("units", "covariate_sum", "sum", "covariate_cross_sum")
    )
    correlation = (xy / n - x / n * y / n) / math.sqrt(x / n * (1 - x / n) * y / n * (1 - y / n))
    arms = {name: [row for row in rows if row["variant"] == name] for name in ("control", "buy_now")}
    counts = {
        name: (sum(int(row["units"]) for row in arm), sum(int(row["sum"]) for row in arm))
        for name, arm in arms.items()
    }
    variance = sum(events / units * (1 - events / units) / units for units, events in counts.values())
    error = math.sqrt(variance * (1 - correlation**2))
    planned = math.sqrt(0.12 * 0.88 * 2 / 147_000 * (1 - 0.5**2))
    z = NormalDist().inv_cdf(0.975)
    sized, hoped = (100 * NormalDist().cdf(effect / error - z) for effect in (0.0045, 0.0030))
    text = shown(ask(repository, BUY_NOW, f"{RESULTS}/day-14.yaml").page)
    assert (
        f"The plan expected ±{100 * z * planned:.2f} pp; it came out ±{100 * z * error:.2f} pp, because the covariate explains less "
        f"than assumed (correlation {correlation:.2f}, not 0.5)."
    ) in text
    found = re.search(r"true \+0\.45 pp, .*?, in (\S+) % and \+0\.30 pp, .*?, in (\S+) % of cases", text)
    assert found
    assert [float(each) for each in found.groups()] == pytest.approx([sized, hoped], abs=0.1)
    assert "The plan expected" not in shown(ask(repository, BUY_NOW, f"{RESULTS}/stage-1.yaml").page)


def test_a_range_as_narrow_as_planned_is_not_explained(repository: Path) -> None:
    edit(repository, BUY_NOW, ("correlation: 0.5", "correlation: 0.15"))
    remove_lock(repository)
    assert "The plan expected" not in shown(ask(repository, BUY_NOW, f"{RESULTS}/day-14.yaml").page)


def test_too_few_units_are_named(repository: Path) -> None:
    """A plan of more units than came, and of the covariate that came."""
    edit(
        repository,
        BUY_NOW,
        ("correlation: 0.5", "correlation: 0.15"),
        ("sample_size_per_variant: 147_000", "sample_size_per_variant: 180_000"),
    )
    remove_lock(repository)
    text = shown(ask(repository, BUY_NOW, f"{RESULTS}/day-14.yaml").page)
    assert "because fewer units came than planned." in text
