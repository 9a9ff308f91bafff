"""Before the launch: what it is worth, and three options that the policy has judged."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from egp.gate.amounts import least_written, signed
from egp.output.page.model import Command, Table
from egp.plan.experiment import read_experiment
from egp.plan.wording import money
from egp.yaml import read_text
from tests.brief.asking import BUY_NOW, RANKING, ask, edit, facts, options, points, section, shown
from tests.gate.calling import call
from tests.lock.entries import remove_lock

DAY = "2023-08-30"


def test_the_memo_of_the_ranking_model(repository: Path) -> None:
    page = ask(repository, RANKING, as_of=DAY).page
    text = shown(page)
    assert page.tone == "caution", "new users would be worse off than today"
    for number in ("$0.166", "$0.131", "0.34", "$0.08", "$0.155"):
        assert number in text
    assert "0.121" not in text
    assert "$746k" not in text, "that is against earning nothing, and today's version earns something"
    assert "+$0.00075" in text
    fall = 1 - 0.34 / 0.36
    assert (
        f"Launching now would be rolled back, as assumed: precision_at_10_new_users would be 0.34, {fall:.2%} below today's 0.36, where "
        "the margin is 2%."
    ).replace("%", " %") in page.verdict.replace("2%", "2 %")
    assert "gains" not in page.verdict, "what would be rolled back is quoted as no gain"


def test_the_option_that_is_recommended_is_marked_and_no_verdict_ships_now(repository: Path) -> None:
    page = ask(repository, RANKING, as_of=DAY).page
    assert page.verdict.startswith(
        "Recommended is B, a short delay to fix it: $350k until 2023-12-15 if all is repaired (new users succeed at 0.4) and it ships. From 45 % "
        "of the repair on (new users succeed at 0.367: $170k) it comes to more than A (launch now, guarded) or C (a narrower launch), leaves no scenario worse than "
        "today, and clears the plan's own rules."
    )
    ships = (
        "Every option begins with a test, which may harm those whom it treats, and ships only what passes: A's first users are "
        "treated on 2023-09-06, and it is read on 2023-09-25."
    )
    assert page.verdict.endswith(ships)
    assert "open: " not in page.verdict
    (table,) = [each for each in section(page, "The options").blocks if isinstance(each, Table)]
    assert table.marked == {1}
    lights = {letter: light.word for letter, (_, _, light) in options(page).items()}
    assert lights["B"] == "recommended; follows the policy"
    assert not any("recommended" in lights[letter] for letter in "AC")


def another_model(folder: Path, *changes: tuple[str, str]) -> str:
    """The plan with changes, which would close it if it were registered."""
    edit(folder, RANKING, *changes)
    remove_lock(folder)
    return RANKING


def test_without_a_loser_launching_now_is_recommended(repository: Path) -> None:
    """Where new users succeed as often as the others, waiting for a repair only costs."""
    plan = another_model(repository, ("p_success: 0.34", "p_success: 0.40"), ("0.131 USD", "0.166 USD"))
    page = ask(repository, plan, as_of=DAY).page
    assert page.verdict.startswith(
        "Recommended is A, launch now, guarded: $400k until 2023-12-15 if it ships, the most of what is open, and nobody is worse off"
    )


def test_what_the_plan_s_own_limit_would_hold_is_not_recommended(repository: Path) -> None:
    """Whatever the options are worth, none of them ships where the limit is beyond all that the scenarios assume."""
    plan = another_model(repository, ("limit: {min: 0.39}", "limit: {min: 0.42}"))
    asked = ask(repository, plan, as_of=DAY)
    assert asked.said.choice.recommended is None
    assert (
        "Launching now would be rolled back, as assumed, nor would another option ship: "
        in asked.page.verdict
    )
    said = points(section(asked.page, "The options"))
    mean = 0.7 * 0.40 + 0.3 * 0.34
    for option, success, would in (
        ("A (launch now, guarded)", mean, "be rolled back"), ("B (a short delay to fix it)", 0.4, "not ship"),
        ("C (a narrower launch)", 0.4, "not ship"),
    ):  # fmt: skip
        (line,) = [each for each in said if each.startswith(f"As assumed {option} would {would}")]
        assert f"precision_at_10 would be {success:.3g}, where its limit holds the ramp below 0.42" in line


def test_no_metric_is_held_against_a_scenario_that_does_not_name_it(repository: Path) -> None:
    plan = another_model(
        repository,
        ("  success_metric: precision_at_10   #", "  #"),
        ("success_metric: precision_at_10_new_users, ", ""),
    )
    page = ask(repository, plan, as_of=DAY).page
    assert "would be rolled back" not in shown(page)
    (line,) = [each for each in points(section(page, "The options")) if each.startswith("As assumed")]
    assert "precision" not in line


def test_without_the_rule_of_a_lift_and_of_a_metric_the_losers_are_named(repository: Path) -> None:
    plan = another_model(
        repository,
        ("  success_metric: precision_at_10   #", "  #"),
        ("success_metric: precision_at_10_new_users, ", ""),
        ("  min_lift: 1.5%\n", ""),
    )
    verdict = ask(repository, plan, as_of=DAY).page.verdict
    assert "Launching now gains $27k over today's version until 2023-12-15" in verdict
    assert "new users (30 % of impressions) would be worse off than today" in verdict


def test_a_metric_that_counts_successes_is_one_of_the_plan(repository: Path) -> None:
    plan = another_model(
        repository, ("success_metric: precision_at_10_new_users", "success_metric: precision_at_10_new_user")
    )
    done = call(repository, "check", plan, f"--as-of={DAY}")
    assert "successes are counted by `precision_at_10_new_user`, which is no metric of the plan" in done.out
    assert "set `success_metric: precision_at_10_new_users`" in " ".join(done.out.split())


EASIER = (
    ("min_lift: 1.5%", "min_lift: 0.4%"), ("min: 0.39", "min: 0.38"), ("non_inferiority_margin: 2%", "non_inferiority_margin: 6%"),
)  # fmt: skip
"""What the launch as it is assumed would pass."""


def test_how_much_of_the_repair_a_delay_takes(repository: Path) -> None:
    """Recomputed step by step: the success of new users rises from 0.34 to 0.40."""
    weeks = 82 / 7

    def is_enough(share: float) -> bool:
        success = 0.34 + share * 0.06
        gains = [(0.40, 0.7, 0.160), (success, 0.3, 0.142)]
        each = [p * 0.52 - (1 - p) * 0.07 - 0.00003 - today for p, _, today in gains]
        gain = 0.7 * each[0] + 0.3 * each[1]
        now = 0.7 * each[0] + 0.3 * (0.13057 - 0.142)
        most = max(now, 0.7 * each[0])
        is_more = gain * (weeks - 11 / 7) >= most * weeks
        is_shipped = gain >= 0.015 * (0.7 * 0.160 + 0.3 * 0.142) and 0.7 * 0.40 + 0.3 * success >= 0.39
        is_shipped = is_shipped and success >= 0.36 * (1 - 0.02)
        return is_more and is_shipped and min(each) >= 0

    least = next(share for share in range(101) if is_enough(share / 100))
    assert f"From {least} % of the repair on" in ask(repository, RANKING, as_of=DAY).page.verdict


def test_where_every_open_option_loses_none_is_recommended(repository: Path) -> None:
    plan = another_model(repository, ("without_launch: 0.160 USD", "without_launch: 0.190 USD"))
    choice = ask(repository, plan, as_of=DAY).said.choice
    assert {each.light.tone for each in choice.options[:2]} == {"good"}
    assert choice.recommended is None


def test_shares_of_traffic_are_not_called_likely(repository: Path) -> None:
    """A scenario of a segment is a part of the traffic; without one it is a state of the world."""
    assert "share of impressions" in shown(ask(repository, RANKING, as_of=DAY).page)
    edit(repository, RANKING, (", segment: new_users, expected", ", expected"))
    text = shown(ask(repository, RANKING, as_of=DAY).page)
    assert "how likely" in text
    assert "share of impressions" not in text


def test_an_amount_is_the_difference_to_todays_version(repository: Path) -> None:
    """Recomputed from the plan by hand: 3.2M impressions a week, 95 % of them treated from 25 September to 15 December."""
    gain = 0.7 * (0.40 * 0.52 - 0.60 * 0.07 - 0.00003 - 0.160) + 0.3 * (
        0.34 * 0.52 - 0.66 * 0.07 - 0.00003 - 0.142
    )
    weeks = 82 / 7
    told = options(ask(repository, RANKING, as_of=DAY).page)
    worst, best = (each * 3.2e6 * 0.95 * weeks for each in (0.13057 - 0.142, 0.16597 - 0.160))
    parts = [
        share * each * 3.2e6 * 0.95 * weeks
        for share, each in ((0.7, 0.16597 - 0.160), (0.3, 0.13057 - 0.142))
    ]
    assert told["A"][1] == (
        f"as assumed it would be rolled back; else {money(gain * 3.2e6 * 0.95 * weeks, 'USD', 2)} until 2023-12-15 ({money(parts[0], 'USD')} from base and "
        f"{money(parts[1], 'USD')} from new users; {money(worst, 'USD', 2)} if all were as in the worst scenario, "
        f"{money(best, 'USD', 2)} as in the best)"
    )
    lift = gain / (0.7 * 0.160 + 0.3 * 0.142)
    assert (
        f"As assumed A (launch now, guarded) would be rolled back by the plan's own rules: precision_at_10_new_users would be 0.34, "
        f"{100 * (1 - 0.34 / 0.36):.2f} % below today's 0.36, where the margin is 2%; and precision_at_10 would be 0.382, where its limit "
        f"holds the ramp below 0.39; and it gains {100 * lift:.2f} % of today's value, where at least 1.5% is required (if "
        "gross_margin_per_session moves alike)."
    ) in points(section(ask(repository, RANKING, as_of=DAY).page, "The options"))
    repaired = 0.40 * 0.52 - 0.60 * 0.07 - 0.00003 - (0.7 * 0.160 + 0.3 * 0.142)
    events = 3.2e6 * 0.95 * (weeks - 11 / 7)
    says = (
        f"{money(repaired * events, 'USD', 2)} until 2023-12-15 if all is repaired; with less than 45 % of the repair it is not worth the "
        "wait, or would not ship"
    )
    assert told["B"][1] == says
    part = 0.34 + 0.45 * (0.40 - 0.34)
    in_part = 0.7 * (0.16597 - 0.160) + 0.3 * (part * 0.52 - (1 - part) * 0.07 - 0.00003 - 0.142)
    assert f"(new users succeed at {part:.3f}: {money(in_part * events, 'USD', 2)}) it comes to more" in (
        ask(repository, RANKING, as_of=DAY).page.verdict
    )
    easier = another_model(repository, *EASIER)
    said = options(ask(repository, easier, as_of=DAY).page)["B"][1]
    assert said == f"{says.partition(';')[0]}; {money(gain * events, 'USD', 2)} if nothing is"


def test_who_wants_what_would_be_rolled_back_reads_it_there(repository: Path) -> None:
    said = points(section(ask(repository, RANKING, as_of=DAY).page, "Who wants what"))
    assert said[0].startswith(
        "swe_manager wants A (launch now, guarded), which is open and as assumed would be rolled back."
    )
    assert said[2].startswith("finance_partner wants B (a short delay to fix it), which is open. Because")


def test_rules_that_cannot_fire_in_the_canary_are_counted(repository: Path) -> None:
    """Five days of canary, and seven rules on two weeks in a row."""
    assert options(ask(repository, RANKING, as_of=DAY).page)["A"][0].endswith(
        "; 7 of the rules need longer than the canary; read on 2023-09-25"
    )


def test_a_gain_that_the_rule_would_ship_is_not_said_to_miss_it(repository: Path) -> None:
    plan = another_model(repository, *EASIER)
    page = ask(repository, plan, as_of=DAY).page
    assert "would not ship it" not in options(page)["A"][1]
    assert "if it shipped" not in page.verdict


def test_without_what_today_earns_no_amount_is_printed(repository: Path) -> None:
    edit(
        repository,
        RANKING,
        ("  without_launch: 0.160 USD ", "  x-was: 0.160 USD "),
        (", without_launch: 0.142 USD", ""),
    )
    page = ask(repository, RANKING, as_of=DAY).page
    assert (
        "`economics.without_launch` would say what one impression earns with today's version" in page.verdict
    )
    assert not re.search(r"\$[0-9.]+[kMB]", shown(page))


def test_the_values_follow_the_inputs(repository: Path) -> None:
    edit(repository, RANKING, ("p_success: 0.34", "p_success: 0.25"))
    page = ask(repository, RANKING, as_of=DAY).page
    assert "$0.0775" in shown(page)
    assert page.tone == "bad", "the policy rejects a scenario below the floor"


def test_a_declared_value_is_not_believed(repository: Path) -> None:
    edit(repository, RANKING, ("expected_value: 0.131 USD", "expected_value: 0.121 USD"))
    page = ask(repository, RANKING, as_of=DAY).page
    assert "$0.131" in shown(page)
    assert "0.34 × 0.52 − 0.66 × 0.07 is 0.131 USD, not 0.121 USD" in " ".join(
        points(section(page, "The options"))
    )


def test_a_delay_into_a_calendar_is_told(repository: Path) -> None:
    sound = options(ask(repository, RANKING, as_of=DAY).page)
    edit(repository, RANKING, ("delay: {weeks: 1.5", "delay: {weeks: 2"))
    late = options(ask(repository, RANKING, as_of=DAY).page)
    assert sound["B"][2].tone == "good"
    assert sound["B"][0] == (
        "the repair has 5 days, to the checkpoint on 2023-09-04: without it by then it is C (a narrower launch), to be prepared "
        "meanwhile, without another meeting; with it start 11 days later, the delay that the plan states; read on "
        "2023-10-06"
    )
    assert late["B"][2].tone == "caution", "the ramp would begin in the peak sale of October"
    objections = points(section(ask(repository, RANKING, as_of=DAY).page, "The options"))
    assert any("peak_sale" in each and each.endswith("(calendar-conflict)") for each in objections)


def test_what_misses_a_bound_is_not_written_as_the_bound(repository: Path) -> None:
    """0.7 × 0.4 + 0.3 × 0.3399 is 0.38197: three digits of it would be the limit that it misses."""
    edit(repository, RANKING, ("min: 0.39}", "min: 0.382}"), ("p_success: 0.34,", "p_success: 0.3399,"))
    said = " ".join(points(section(ask(repository, RANKING, as_of=DAY).page, "The options")))
    assert "precision_at_10 would be 0.38197, where its limit holds the ramp below 0.382" in said


@pytest.mark.parametrize(("unit", "step"), [("share", 1e-4), ("s", 1e-6), ("USD", 1e-5), ("", 1e-5)])
def test_a_least_value_as_it_is_written_passes(unit: str, step: float) -> None:
    """Of each size in each unit: what is read from the page is no less than the least, and by less than the last digit more."""
    for least in (0.0023491, 0.0012301, 0.00234, 0.004):
        (number, *_) = signed(least_written(least, unit), unit).split()
        times = {"share": 100, "s": 1000}.get(unit, 1)
        assert least - 1e-12 <= float(number) / times < least + step
    falling = signed(-least_written(0.0123456, "s"), "s")
    assert falling == "-12.35 ms", "a fall of 12.34 ms would not pass"


def test_the_narrower_plan_leaves_out_the_segment_of_the_worst_scenario(repository: Path) -> None:
    page = ask(repository, RANKING, as_of=DAY).page
    what, follows, light = options(page)["C"]
    assert "ranking-model-without-new-users" in what
    assert (
        follows
        == "$150k until 2023-12-15, all of it from base; as assumed it would ship; new_users (30 % of impressions) stays as today"
    )
    draft = section(page, "The draft for C")
    (yaml,) = [each.text for each in draft.blocks if isinstance(each, Command)]
    assert "x-leaves-out: [new_users]" in yaml
    assert "# guardrail_metrics: without precision_at_10_new_users" in yaml
    plan, problems = read_experiment(read_text(yaml)[0].value)
    assert {each.kind for each in problems} == {"missing"}, "what is not named stays as it is in the plan"
    assert plan.economics is not None
    assert [(each.name, each.probability) for each in plan.economics.scenarios] == [("base", 1.0)]
    (todo,) = [
        each
        for each in points(section(page, "The options"))
        if each.startswith("C (a narrower launch) is open")
    ]
    assert todo == (
        "C (a narrower launch) is open once this is repaired by 2023-09-05, the day before its first users are treated. @recs-ds sees to it: the plan "
        "does not say which build is tested, and the gate needs it; 2,160,000 users × 90 % exposure × 50 % weight are 972,000 units "
        "in the smallest variant; 1,200,000 are declared. Whoever signs sees to it: the plan is not signed by experimentation_lead "
        "(every plan)."
    )
    assert light.word == "not yet: 3 things to do"


def test_each_option_says_when_its_result_is_read_and_the_floor_who_requires_it(repository: Path) -> None:
    page = ask(repository, RANKING, as_of=DAY).page
    days = {letter: what.partition("read on ")[2][:10] for letter, (what, _, _) in options(page).items()}
    later = str(date(2023, 9, 25) + timedelta(days=math.ceil(1.5 * 7)))
    assert days == {"A": "2023-09-25", "B": later, "C": "2023-09-25"}
    said = points(section(page, "What it is worth"))
    assert (
        "The floor of $0.08 is the plan's own (`economics.floor`); that no scenario falls below it is required by the policy "
        "(expected-value, egp:ml-launch:13)."
    ) in said


def test_a_repair_is_worth_what_the_best_scenario_is(repository: Path) -> None:
    edit(repository, RANKING, ("gain_per_success: 0.52 USD", "gain_per_success: 0.05 USD"))
    assert options(ask(repository, RANKING, as_of=DAY).page)["B"][1].endswith("; waiting costs nothing")


def test_a_plan_without_economics_has_the_prices_of_its_metrics(repository: Path) -> None:
    page = ask(repository, BUY_NOW, as_of="2023-01-18").page
    assert page.verdict == (
        "The plan follows the policy. A launch begins with a test, which may harm those whom it treats, and ships only what passes: its first users are treated on "
        "2023-01-23, and it is read on 2023-02-06. A week of it gains $505 to $757 if the effect is there and loses up to $3.41k if a "
        "guardrail is harmed by its margin."
    )
    assert options(page)["B"][1] == "the plan names no delay"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("gain_per_success: 0.52 USD", "gain_per_success: 0.52 EUR", "/economics/gain_per_success"),
        ("probability: 30%", "probability: 20%", "/economics/scenarios"),
    ],
)
def test_what_keeps_the_value_from_being_computed_is_named(
    repository: Path, old: str, new: str, says: str
) -> None:
    edit(repository, RANKING, (old, new))
    page = ask(repository, RANKING, as_of=DAY).page
    assert f"nothing to compute with at {says}." in page.verdict


@pytest.mark.parametrize("delay", ["{weeks: 1.5}", "{weeks: -1, units_per_week: 3.2M}", "null"])
def test_a_delay_that_says_too_little_costs_nothing_that_could_be_told(repository: Path, delay: str) -> None:
    edit(repository, RANKING, ("{weeks: 1.5, units_per_week: 3.2M}", delay))
    text = shown(ask(repository, RANKING, as_of=DAY).page)
    assert "$0.155" in text
    assert "Waiting" not in text


def test_personal_data_is_on_no_page(repository: Path) -> None:
    edit(repository, RANKING, ("title: New ranking", "title: jane.doe@example.com, New ranking"))
    done = call(repository, "brief", RANKING, f"--as-of={DAY}")
    assert (done.status, done.out) == (2, "")
    assert "jane" not in done.err


def test_a_plan_without_guardrails_names_none(repository: Path) -> None:
    text = (repository / BUY_NOW).read_text(encoding="utf-8")
    before, rest = text.split("guardrail_metrics:")
    bare = (
        before.replace("id: pdp-buy-now", "id: bare").replace("pdp.mobile", "account.settings")
        + "secondary_metrics:"
        + rest.partition("secondary_metrics:")[2]
    )
    (repository / "bare.yaml").write_text(bare, encoding="utf-8")
    page = ask(repository, "bare.yaml", as_of="2023-01-18").page
    assert page.tone == "bad"
    assert not any(each.endswith(": .") for each in points(section(page, "What the policy insists on")))
    assert (
        "Guardrails must hold, by stop rules on the way and by margins at the readout: none is named."
        in shown(page)
    )


def test_any_plan_has_a_page(repository: Path) -> None:
    """Rejected plans and what is hardly one: a page, or a reason why there is none; never a crash."""
    hardly = "id: x\nvariants: 5\nschedule: {start: soon}\nguardrail_metrics: [a, {id: b, segment: s}]\nramp: hello\n"
    (repository / "rejected" / "hardly.yaml").write_text(hardly)
    for path in sorted((repository / "rejected").glob("*.yaml")):
        done = call(repository, "brief", f"rejected/{path.name}", "--as-of=2023-01-18")
        assert "bug of egp" not in done.err, path.name
        assert (done.status == 0) == bool(done.out), path.name


def test_a_rule_that_is_waived_is_not_told_as_if_it_held(repository: Path) -> None:
    edit(repository, RANKING, ("min_dwell: 48h, start", "min_dwell: 24h, start"))
    sentence = "Traffic is raised in stages, each of at least 48 h."
    insisted = section(ask(repository, RANKING, as_of=DAY).page, "What the policy insists on")
    assert sentence in points(insisted)
    edit(
        repository,
        "egp.yaml",
        ("calendars:\n", "waivers: {approvers: [experimentation_lead], longest: 30d}\ncalendars:\n"),
    )
    waived = call(
        repository, "waive", RANKING, "stage-dwell", "--reason=the flag switches once a day",
        "--ticket=XP-17", "--approver=@xp-lead", "--role=experimentation_lead", f"--as-of={DAY}", f"--granted={DAY}", "--expires=2023-09-20",
    )  # fmt: skip
    assert waived.status == 0, waived.out
    insisted = section(ask(repository, RANKING, as_of=DAY).page, "What the policy insists on")
    assert f"{sentence} This plan is exempt from it by a waiver." in points(insisted)


def test_a_plan_that_is_rejected_is_no_launch(repository: Path) -> None:
    edit(repository, RANKING, ("end: 2023-09-24", "end: 2023-09-15"))
    page = ask(repository, RANKING, as_of=DAY).page
    assert page.tone == "bad"
    assert page.verdict.startswith("Launching is closed: the plan does not follow the policy yet (")
    assert options(page)["A"][2].tone == "caution"


def test_who_decides_and_until_when(repository: Path) -> None:
    told = facts(ask(repository, RANKING, as_of="2023-08-30T09:30:00-07:00").page, "Who decides")
    assert (
        told["if they cannot agree"]
        == "vp_commerce breaks the tie, by 2023-08-31 09:30 PDT (within 1 day); until then nothing is launched"
    )
    assert told["one owner"] == "@recs-ds (recommendations)"
    assert told["readouts"].startswith("twice a week, to pm")


def test_an_experiment_that_has_begun_asks_for_results(repository: Path) -> None:
    assert call(repository, "brief", RANKING, "--as-of=2023-09-05").status == 0
    begun = call(repository, "brief", RANKING, "--as-of=2023-09-06")
    assert (begun.status, begun.out) == (2, "")
    assert "has begun on 2023-09-06" in begun.err
    assert "--as-of 2023-09-05 shows the launch" in begun.err


def test_a_folder_of_plans_asks_for_one(repository: Path) -> None:
    done = call(repository, "brief", "experiments")
    assert (done.status, done.out) == (2, "")
    assert "name the file of one" in done.err


def test_hostile_text_stays_text(repository: Path) -> None:
    hostile = "<script>alert(1)</script> | @team [x](http://x) \\u001b[31m"
    edit(repository, RANKING, ("title: New ranking model for on-site recommendations", f'title: "{hostile}"'))
    for form in ("text", "markdown", "html"):
        done = call(repository, "brief", RANKING, f"--as-of={DAY}", f"--format={form}")
        assert done.status == 0, done.err
        assert "\x1b" not in done.out
        outside_of_fences = "".join(done.out.split("```")[::2])
        assert ("<script>alert" in outside_of_fences) == (form == "text")


def test_the_same_input_gives_the_same_bytes(repository: Path) -> None:
    pages = {call(repository, "brief", RANKING, f"--as-of={DAY}", "--format=html").out for _ in range(2)}
    assert len(pages) == 1


def test_without_a_plan_there_is_no_brief(repository: Path) -> None:
    (repository / "other.yaml").write_text("colour: red\n")
    for path in ("other.yaml", "missing.yaml"):
        done = call(repository, "brief", path)
        assert (done.status, done.out) == (2, "")
        assert done.err
