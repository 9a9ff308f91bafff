"""The rules about the run and the calendar, beyond what their pages show."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from egp.plan.analysis.days import full_days, weekday_counts
from egp.plan.analysis.registered import matured_share
from egp.plan.consistency import contradictions
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, NotChecked
from egp.plan.quantity import Interval
from egp.policy.params import read_options
from egp.rules.rule import load
from egp.rules.rule_inputs import Change, Organisation
from egp.yaml import Span
from tests.rules.advice import applied, options
from tests.rules.examples import findings_of, merged, plan_of, sound_value

RULES = (
    "minimum-runtime", "weekly-cycles", "whole-weeks", "maximum-runtime", "calendar-conflict", "outcome-matured",
)  # fmt: skip


def plan(**schedule: object) -> Experiment:
    return plan_of(merged(sound_value(), {"schedule": schedule}))


def found(
    rule_id: str,
    subject: object,
    calendars: Mapping[str, tuple[Interval, ...]] | None = None,
    **params: object,
) -> list[Finding]:
    rule = load(rule_id)
    arguments = (
        subject,
        rule.params(**read_options(rule, params, (), [])),
        Organisation(calendars=calendars or {}),
    )
    return findings_of(rule, *arguments)


def days(first: str, last: str) -> Interval:
    return Interval(date.fromisoformat(first), date.fromisoformat(last))


class TestFullDays:
    """Days are calendar days of the plan's time zone, whatever offset an instant is written with."""

    @pytest.mark.parametrize(
        ("start", "end", "zone", "expected"),
        [
            # Clocks go forward on 2023-03-12: 13 days and 23 hours are 14 days.
            ("2023-03-06T00:00:00-08:00", "2023-03-20T00:00:00-07:00", "America/Los_Angeles", 14),
            ("2023-03-06T08:00:00Z", "2023-03-20T07:00:00Z", "America/Los_Angeles", 14),
            # Clocks go back on 2023-11-05: 14 days and one hour; the last hour is no day.
            ("2023-10-30T07:00:00Z", "2023-11-13T08:00:00Z", "America/Los_Angeles", 14),
            ("2023-10-30T07:00:00Z", "2023-11-13T07:00:00Z", "America/Los_Angeles", 13),
            # Exactly 14 times 24 hours end at one o'clock, or an hour before midnight.
            ("2023-03-06T00:00:00-08:00", "2023-03-20T01:00:00-07:00", "America/Los_Angeles", 14),
            ("2023-10-30T00:00:00-07:00", "2023-11-12T23:00:00-08:00", "America/Los_Angeles", 13),
            # In Beirut clocks went forward at midnight of 2024-03-31, which began at one o'clock.
            ("2024-03-31T01:00:00+03:00", "2024-04-14T00:00:00+03:00", "Asia/Beirut", 14),
            ("2024-03-17T00:00:00+02:00", "2024-03-31T01:00:00+03:00", "Asia/Beirut", 14),
            # The same instants on the clocks of another zone are partial days.
            ("2023-03-06T08:00:00Z", "2023-03-20T07:00:00Z", "UTC", 13),
            # Without a zone, and with one that does not exist, an instant counts by its own offset.
            ("2023-03-06T00:00:00-08:00", "2023-03-20T00:00:00-07:00", None, 14),
            ("2023-03-06T00:00:00-08:00", "2023-03-20T00:00:00-07:00", "Mars/Olympus", 14),
            # Without an offset it counts by the clocks on the wall.
            ("2023-03-06T00:00:00", "2023-03-20T00:00:00", "America/Los_Angeles", 14),
            ("2023-03-06", "2023-03-19", "America/Los_Angeles", 14),
            ("2023-03-06T00:00:00-08:00", "2023-03-19", "America/Los_Angeles", 14),
        ],
    )
    def test_are_counted_on_the_plans_clocks(
        self, start: str, end: str, zone: str | None, expected: int
    ) -> None:
        subject = plan(start=start, end=end, timezone=zone)
        assert sum(run.days for run in full_days(subject)) == expected
        assert bool(found("minimum-runtime", subject)) == (expected < 14)

    def test_pauses_in_any_order_and_overlapping(self) -> None:
        random = Random(2023)
        start = date(2023, 1, 1)
        for _ in range(200):
            length = random.randrange(1, 60)
            pauses = [(random.randrange(-5, 70), random.randrange(0, 9)) for _ in range(random.randrange(5))]
            texts = [
                f"{start + timedelta(days=at)}/{start + timedelta(days=at + more)}" for at, more in pauses
            ]
            subject = plan(start=str(start), end=str(start + timedelta(days=length - 1)), pauses=texts)
            open_days = [
                day for day in range(length) if not any(at <= day <= at + more for at, more in pauses)
            ]
            runs = full_days(subject)
            counted = [(run.first - start).days + day for run in runs for day in range(run.days)]
            assert counted == open_days
            assert all(later.first > run.last + timedelta(days=1) for run, later in pairwise(runs))
            weekdays = [
                sum((start + timedelta(days=day)).weekday() == at for day in open_days) for at in range(7)
            ]
            assert weekday_counts(runs) == weekdays

    def test_many_pauses_take_no_time_to_speak_of(self) -> None:
        first = date(1900, 1, 1)
        days = [first + timedelta(days=2 * at) for at in range(30_000)]
        subject = plan(start="1900-01-01", end="2100-01-01")
        assert subject.schedule is not None
        # A file is read to a few hundred of them.
        subject.schedule.__dict__["pauses"] = tuple(Interval(day, day) for day in days)
        assert len(full_days(subject)) == 30_000


class TestHelpPasses:
    """What a finding advises makes its rule content."""

    @pytest.mark.parametrize(
        "schedule",
        [
            {"start": "2023-01-23", "end": "2023-01-27"},
            {"start": "2023-01-23", "end": "2023-01-20"},
            {"start": "2023-01-23T08:00:00-08:00", "end": "2023-02-01T12:00:00-08:00"},
            {"start": "2023-01-23", "end": "2023-02-05", "pauses": ["2023-01-28"]},
            {"start": "2023-01-23", "end": "2023-02-05", "pauses": ["2023-02-04/2023-02-05", "2023-01-25"]},
            {"start": "2023-01-23", "end": "2023-01-29", "pauses": ["2023-01-23/2023-01-29"]},
        ],
    )
    @pytest.mark.parametrize("rule", ["minimum-runtime", "weekly-cycles"])
    def test_end(self, rule: str, schedule: dict[str, object]) -> None:
        (finding,) = found(rule, plan(**schedule))
        sound = sound_value()
        for settings in options(finding):
            advised = applied(merged(sound, {"schedule": schedule}), settings)  # type: ignore[arg-type]
            assert list(contradictions(plan_of(advised), ())) == []
            judges = RULES if rule == "minimum-runtime" else (rule,)
            assert {each: found(each, plan_of(advised)) for each in judges} == {each: [] for each in judges}

    def test_weekly_cycles_advises_the_earliest_end(self) -> None:
        schedule = {"start": "2023-01-25", "end": "2023-02-01", "pauses": ["2023-02-03"]}
        (finding,) = found("weekly-cycles", plan(**schedule))
        end = date.fromisoformat(_date_in(finding.advice.text))
        assert found("weekly-cycles", plan(**{**schedule, "end": str(end - timedelta(days=1))}))
        assert not found("weekly-cycles", plan(**{**schedule, "end": str(end)}))

    def test_pauses_without_end_leave_no_end_to_advise(self) -> None:
        (finding,) = found("weekly-cycles", plan(end="2023-02-05", pauses=["2023-01-25/9999-12-31"]))
        assert finding.advice.text == "shorten the pauses, or run on after them"

    @pytest.mark.parametrize("length", [15, 16, 18, 20, 22, 25, 34])
    def test_whole_weeks(self, length: int) -> None:
        start = date(2023, 1, 23)
        (finding,) = found("whole-weeks", plan(end=str(start + timedelta(days=length - 1))))
        ends = [part.partition("`")[0] for part in finding.advice.text.split("`end: ")[1:]]
        assert len(ends) == 2
        for end in ends:
            assert found("whole-weeks", plan(end=end)) == []

    def test_maximum_runtime(self) -> None:
        (finding,) = found("maximum-runtime", plan(end="2023-12-31"))
        assert found("maximum-runtime", plan(end=_date_in(finding.advice.text))) == []

    def test_calendar_conflict_looks_past_every_period(self) -> None:
        calendars = {
            "sale": (days("2023-02-01", "2023-02-03"), days("2023-02-15", "2023-02-20")),
            "freeze": (days("2023-03-10", "2023-03-10"),),
        }
        subject = merged(sound_value(), {"ramp": [], "canary": None, "statistics": {"looks": None}})
        (finding,) = found("calendar-conflict", plan_of(subject), calendars)
        assert "`start: 2023-02-21` and `end: 2023-03-06`" in finding.advice.text
        moved = merged(subject, {"schedule": {"start": "2023-02-21", "end": "2023-03-06"}})
        assert found("calendar-conflict", plan_of(moved), calendars) == []

    def test_outcome_matured(self) -> None:
        change = {"guardrail_metrics": {0: {"judged_on": "all_units", "outcome_window": "36h"}}}
        (finding,) = found("outcome-matured", plan_of(merged(sound_value(), dict(change))))
        # Exposed until the midnight after 02-05; 36 hours later it is noon of 02-07, and the gate counts outcomes to
        # the end of that day.
        assert _date_in(finding.advice.text) == "2023-02-08"
        for look, fits in (("2023-02-07", False), ("2023-02-07T20:00:00Z", False), ("2023-02-08T07:59:00Z", False),
                           ("2023-02-08T08:00:00Z", True), ("2023-02-08", True)):  # fmt: skip
            changed = merged(sound_value(), {**change, "statistics": {"looks": [look]}})
            assert (found("outcome-matured", plan_of(changed)) == []) == fits


class TestDatesThatMoveTogether:
    """Advice about a date names all dates that would be wrong after it."""

    JUDGES = (*RULES, "ramp-after-readout", "canary-size", "holdout-size")

    def content(self, value: dict[str, object], registered: str | None = None) -> bool:
        subject = plan_of(value)
        said = [each for rule in self.JUDGES for each in found(rule, subject)]
        if registered:
            day = date.fromisoformat(registered)
            said += found("registered-before-start", Change(subject, None, day, date(2023, 8, 30)))
        return not said and not list(contradictions(subject, ()))

    @pytest.mark.parametrize("canary", [None, {"start": "2023-01-18", "end": "2023-01-22"}])
    @pytest.mark.parametrize(
        "registered", ["2023-01-18", "2023-01-20", "2023-01-26", "2023-02-03", "2023-03-01"]
    )
    @pytest.mark.parametrize("pauses", [[], ["2023-02-09/2023-02-15"]])
    def test_a_start_after_the_registration(self, canary: object, registered: str, pauses: list[str]) -> None:
        end, look = ("2023-02-22", "2023-02-23") if pauses else ("2023-02-05", "2023-02-06")
        value = merged(
            sound_value(),
            {"canary": canary, "schedule": {"end": end, "pauses": pauses}, "statistics": {"looks": [look]},
             "ramp": {0: {"start": look}}},
        )  # fmt: skip
        day = date.fromisoformat(registered)
        change = Change(plan_of(value), None, day, date(2023, 8, 30))
        for finding in found("registered-before-start", change):
            assert not isinstance(finding.at, Span)
            (settings,) = options(finding)
            advised = applied(value, settings)  # type: ignore[arg-type]
            if not pauses:
                assert self.content(advised, registered), finding.advice.text
            assert (
                found("registered-before-start", Change(plan_of(advised), None, day, date(2023, 8, 30))) == []
            )

    @pytest.mark.parametrize("looks", [None, ["2023-02-06"], ["2023-02-04"]])
    @pytest.mark.parametrize("window", ["0d", "36h", "7d", "30d", "200d"])
    @pytest.mark.parametrize("judged_on", ["all_units", "matured_cohort"])
    @pytest.mark.parametrize("start", [None, "2023-02-07"])
    def test_a_readout_after_the_outcomes(
        self, looks: list[str] | None, window: str, judged_on: str, start: str | None
    ) -> None:
        patch = {
            "statistics": {"looks": looks},
            "guardrail_metrics": {0: {"outcome_window": window, "judged_on": judged_on}},
            "ramp": {0: {"start": start}},
        }
        value = merged(sound_value(), patch)
        for finding in found("outcome-matured", plan_of(value)):
            assert not isinstance(finding.at, Span)
            settings = options(finding)[0]
            assert self.content(applied(value, settings)), finding.advice.text  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "calendar", ["2023-01-23", "2023-02-05", "2023-01-30/2023-02-20", "2023-02-06/2023-02-10"]
    )
    def test_a_run_clear_of_a_sale(self, calendar: str) -> None:
        first, _, last = calendar.partition("/")
        calendars = {"sale": (days(first, last or first),)}
        value = merged(sound_value(), {"canary": None, "ramp": {0: {"start": "2023-02-06"}}})
        advised: dict[str, Any] = value  # type: ignore[assignment]
        for finding in reversed(found("calendar-conflict", plan_of(value), calendars)):
            advised = applied(advised, options(finding)[0])
        assert found("calendar-conflict", plan_of(advised), calendars) == []
        assert self.content(advised)

    def test_a_run_that_is_moved_is_no_shorter_than_two_weeks(self) -> None:
        calendars = {"sale": (days("2023-01-25", "2023-01-26"),)}
        short = merged(sound_value(), {"schedule": {"end": "2023-01-27"}, "canary": None})
        (finding,) = found("calendar-conflict", plan_of(short), calendars)
        assert finding.advice.text.startswith(
            "set `start: 2023-01-27`, `end: 2023-02-09` and `statistics.looks: [2023-02-10]`"
        )

    def test_what_is_said_of_the_readout_gives_way_to_a_run_that_is_too_short(self) -> None:
        looks = {"statistics": {"looks": ["2023-02-11"]}}
        for finding in found("calendar-conflict", plan_of(merged(sound_value(), looks))):
            assert "minimum-runtime" in finding.yields_to

    def test_advice_at_the_end_of_the_calendar(self) -> None:
        (finding,) = found("minimum-runtime", plan(start="9999-12-30", end="9999-12-31"))
        assert "9999-12-31" in finding.advice.text


def _date_in(text: str) -> str:
    place = text.index("20")
    return text[place : place + 10]


class TestWeekdays:
    def test_fourteen_days_are_two_of_each_whatever_the_first(self) -> None:
        for offset in range(7):
            start = date(2023, 1, 23) + timedelta(days=offset)
            subject = plan(start=str(start), end=str(start + timedelta(days=13)))
            assert found("weekly-cycles", subject) == found("whole-weeks", subject) == []

    @pytest.mark.parametrize(
        ("length", "message"),
        [
            (15, "15 days weigh one weekday more: Monday counts 3 times, the others twice"),
            (
                17,
                "17 days weigh three weekdays more: Monday, Tuesday and Wednesday count 3 times, the others twice",
            ),
            (
                18,
                "18 days weigh three weekdays less: Friday, Saturday and Sunday count twice, the others 3 times",
            ),
            (22, "22 days weigh one weekday more: Monday counts 4 times, the others 3 times"),
        ],
    )
    def test_whole_weeks_names_the_days(self, length: int, message: str) -> None:
        (finding,) = found("whole-weeks", plan(end=str(date(2023, 1, 22) + timedelta(days=length))))
        assert finding.message == message

    def test_pauses_can_leave_three_different_counts(self) -> None:
        subject = plan(end="2023-02-12", pauses=["2023-01-25", "2023-02-01", "2023-02-09"])
        (finding,) = found("whole-weeks", subject)
        assert (
            finding.message
            == "18 days weigh the weekdays unevenly: Wednesday counts once, Thursday counts twice, the others 3 times"
        )


class TestCalendars:
    def test_canary_and_ramp_are_errors_and_the_run_is_what_the_policy_says(self) -> None:
        calendars = {"freeze": (days("2023-01-20", "2023-02-08"),)}
        findings = found("calendar-conflict", plan(), calendars)
        assert [(f.at, f.impossible) for f in findings] == [
            (("schedule", "start"), False),
            (("canary", "end"), True),
            (("ramp", 0, "start"), True),
        ], "the stages after the first that is moved move with it"

    def test_a_delayed_stage_delays_the_next(self) -> None:
        calendars = {"freeze": (days("2023-02-08", "2023-02-08"),)}
        ramp = [
            {"treated": "70%", "min_dwell": "24h", "start": "2023-02-07"},
            {"treated": "90%", "min_dwell": "24h"},
        ]
        (finding,) = found("calendar-conflict", plan_of(merged(sound_value(), {"ramp": ramp})), calendars)
        assert finding.at == ("ramp", 1, "start")
        assert "2023-02-09" in finding.advice.text
        ramp[1]["start"] = "2023-02-09"
        assert found("calendar-conflict", plan_of(merged(sound_value(), {"ramp": ramp})), calendars) == []

    def test_the_calendar_day_is_that_of_the_plans_zone(self) -> None:
        calendars = {"freeze": (days("2023-02-07", "2023-02-07"),)}
        ramp = [
            {"treated": "90%", "min_dwell": "48h", "start": "2023-02-07T05:00:00Z"}
        ]  # the evening of 02-06
        assert found("calendar-conflict", plan_of(merged(sound_value(), {"ramp": ramp})), calendars) == []


class TestRegistration:
    def check(
        self, change: Mapping[str, object], registered: str | None, as_of: str = "2023-06-01"
    ) -> list[Finding]:
        subject = plan_of(merged(sound_value(), dict(change)))
        on = date.fromisoformat(registered) if registered else None
        return found("registered-before-start", Change(subject, None, on, date.fromisoformat(as_of)))

    def test_the_instant_of_the_start_counts_on_the_plans_clocks(self) -> None:
        change = {"canary": None, "schedule": {"start": "2023-01-23T05:00:00Z"}}  # the evening of 01-22
        assert self.check(change, "2023-01-21") == []
        assert [f.at for f in self.check(change, "2023-01-22")] == [("schedule", "start")]

    def test_a_canary_after_the_start_changes_nothing(self) -> None:
        change = {"canary": {"start": "2023-02-20", "end": "2023-02-21"}}
        assert self.check(change, "2023-01-22") == []
        assert [f.at for f in self.check(change, "2023-01-24")] == [("schedule", "start")]

    def test_what_the_plan_says_of_itself_does_not_count(self) -> None:
        assert self.check({"registered": "2023-01-01", "canary": None}, None)

    def test_as_of_is_the_day_that_decides_for_a_draft(self) -> None:
        assert self.check({"canary": None}, None, "2023-01-22") == []
        assert self.check({"canary": None}, None, "2023-01-23")


class TestMaturedOutcomes:
    def test_the_longest_window_decides_and_every_late_metric_is_named(self) -> None:
        change = {
            "primary_metric": {"outcome_window": "2d"},
            "guardrail_metrics": {0: {"judged_on": None}, 1: {"outcome_window": "1d"}},
            "statistics": {"looks": ["2023-02-07"]},
        }
        (finding,) = found("outcome-matured", plan_of(merged(sound_value(), dict(change))))
        assert "add_to_cart_rate needs 48 h and refund_rate needs 7 days" in finding.message
        assert finding.required == "2023-02-13 or later"
        assert [related.at for related in finding.related] == [
            ("primary_metric", "outcome_window"), ("guardrail_metrics", 0, "outcome_window"),
        ]  # fmt: skip

    def test_the_last_of_several_looks_is_the_readout(self) -> None:
        statistics = {"method": "group_sequential", "looks": ["2023-02-06", "2023-01-30"]}
        assert found("outcome-matured", plan_of(merged(sound_value(), {"statistics": statistics}))) == []
        statistics["looks"] = ["2023-02-05", "2023-01-30"]
        (finding,) = found("outcome-matured", plan_of(merged(sound_value(), {"statistics": statistics})))
        assert finding.at == ("statistics", "looks", 0)

    @pytest.mark.parametrize(
        ("window", "fits"), [("13d", True), ("13.5d", False), ("14d", False), ("36500d", False)]
    )
    def test_a_cohort_of_one_day_is_enough_to_exist(self, window: str, fits: bool) -> None:
        # Exposed on 01-23 until midnight; thirteen days later it is 02-06.
        change = {"guardrail_metrics": {0: {"outcome_window": window}}}
        assert (found("outcome-matured", plan_of(merged(sound_value(), dict(change)))) == []) == fits

    def test_the_matured_share_agrees_with_a_count_of_days(self) -> None:
        subject = plan_of(merged(sound_value(), {"guardrail_metrics": {0: {"outcome_window": "36h"}}}))
        # Of 14 days those until 02-03 have matured on 02-06: units of 02-04 mature until noon of 02-06.
        assert matured_share(subject, subject.guardrail_metrics[0]) == pytest.approx(12 / 14)


DATES = ["0001-01-01", "9999-12-31", "2023-02-05", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
         "2023-02-05T00:00:00", None]  # fmt: skip


@pytest.mark.parametrize("start", DATES)
@pytest.mark.parametrize("end", DATES)
def test_no_date_crashes_a_rule(start: str | None, end: str | None) -> None:
    change = {
        "schedule": {"start": start, "end": end, "pauses": ["0001-01-01", "9999-12-31"]},
        "canary": {"start": end, "end": start},
        "statistics": {"looks": [day for day in (start, end) if day]},
        "ramp": [{"treated": "50%", "min_dwell": "36500d", "start": start}, {"start": end}, {}],
        "guardrail_metrics": {0: {"judged_on": "all_units", "outcome_window": "36500d"}},
    }
    subject = plan_of(merged(sound_value(), dict(change)))
    calendars = {"all": (days("0001-01-01", "0001-01-02"), days("9999-12-30", "9999-12-31"))}
    for rule in RULES:
        try:
            findings = found(rule, subject, calendars)
        except NotChecked:
            assert start is None or end is None
        else:
            assert all(finding.message and finding.advice.text for finding in findings)
    changed = Change(subject, None, date.max, date.max)
    if start is not None:
        assert found("registered-before-start", changed)
