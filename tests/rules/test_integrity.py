"""The integrity rules where their pages do not reach: exact numbers, hostile plans, one cause one finding."""

from __future__ import annotations

from datetime import date

import pytest
from scipy.stats import binom

from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment
from egp.plan.finding import EARLIER, Finding, NotChecked
from egp.record.lock import Amended, PinnedPolicy, Registration, Signed, made
from egp.rules.rule import FAMILIES, index, load
from egp.rules.rule_inputs import Change, Removal
from egp.stats.values import replace
from egp.yaml import Path, Span
from tests.integrity.editing import PLANS, leaves, other_plans, text_of, value_of, without
from tests.rules.examples import findings_of, merged, plan_of, sound_value

RUNNING = date(2023, 1, 29)
SOUND = plan_of(sound_value())
RULES = [rule for rule in index().values() if rule.family == "integrity"]
CHANGE_RULES = [rule for rule in RULES if rule.input_type == "Change"]


def plan(**patch: object) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def entry(digest: str, **values: object) -> Registration:
    policy = made(PinnedPolicy, name="egp:standard", version="1", digest="sha256:1")
    stated = {
        "path": "plan.yaml",
        "registered": date(2023, 1, 17),
        "analysis": ANALYSIS,
        "policy": policy,
        **values,
    }
    return made(Registration, digest=digest, **stated)


SIGNED = tuple(made(Signed, role=each.role, by=each.by, on=each.on) for each in SOUND.sign_offs)


def locked(plan_as_agreed: Experiment, **values: object) -> Registration:
    return entry(plan_digest(plan_as_agreed), signed=SIGNED, **values)


def reviewed(after: Experiment, before: Experiment = SOUND, **values: object) -> Change:
    change = Change(after, before, after.registered, RUNNING, under_base=True, digest=plan_digest(after))
    lock = values.get("lock")
    if isinstance(lock, Registration) and lock.current_digest == plan_digest(before):
        change = replace(change, pinned=before)
    return replace(change, **values)


def found(rule_id: str, change: Change | Removal) -> list[Finding]:
    return findings_of(load(rule_id), change)


def everything(change: Change) -> dict[str, list[Path | Span]]:
    """Rule → places of its findings, for the rules that find anything."""
    outcomes = {rule.id: [finding.at for finding in findings_of(rule, change)] for rule in CHANGE_RULES}
    return {rule_id: places for rule_id, places in outcomes.items() if places}


def further_metrics(count: int) -> list[dict[str, object]]:
    return [{"id": f"metric_{number}", "kind": "proportion", "baseline": "30%"} for number in range(count)]


def percents(message: str) -> list[float]:
    return [
        float(word)
        for word, unit in zip(message.split(), message.split()[1:], strict=False)
        if unit[0] == "%"
    ]


@pytest.mark.parametrize(("metrics", "segments"), [(1, 0), (2, 0), (1, 1), (3, 2)])
def test_the_chance_of_a_false_win_is_that_of_any_of_the_tests(metrics: int, segments: int) -> None:
    names = [f"segment_{number}" for number in range(segments)]
    before = plan(segments=names)
    (first, *_) = found(
        "locked-plan", reviewed(plan(segments=names, co_primary_metrics=further_metrics(metrics)), before)
    )
    expected = [1 - binom.pmf(0, tests, 0.05) for tests in (1 + segments, (1 + metrics) * (1 + segments))]
    assert percents(first.message) == pytest.approx([100 * each for each in expected], abs=0.05)


def test_a_correction_keeps_the_chance_of_a_false_win() -> None:
    before, after = (
        plan(statistics={"correction": "holm"}, co_primary_metrics=further_metrics(n)) for n in (0, 1)
    )
    (finding,) = found("locked-plan", reviewed(after, before))
    assert "where there is none" not in finding.message


def test_both_places_are_told() -> None:
    (finding,) = found("locked-plan", reviewed(plan(schedule={"end": "2023-01-30"})))
    assert (finding.observed, finding.required) == ("2023-01-30", "2023-02-05")
    assert [(each.plan, each.at) for each in finding.related] == [(EARLIER, ("schedule", "end"))]


def test_the_pinned_version_decides_and_not_the_base() -> None:
    """What came through an earlier review is still not what was registered."""
    drifted = plan(primary_metric={"mde": "90bps"})
    change = reviewed(drifted, drifted, lock=locked(SOUND), base_lock=locked(SOUND), pinned=SOUND)
    assert everything(change) == {"locked-plan": [("primary_metric", "mde")]}


def test_one_cause_is_one_finding() -> None:
    shorter = plan(schedule={"end": "2023-01-25"})
    agreed = locked(SOUND)
    assert everything(reviewed(shorter, lock=agreed, base_lock=agreed)) == {
        "locked-plan": [("schedule", "end")]
    }
    rewritten = reviewed(shorter, lock=locked(shorter), base_lock=agreed)
    assert everything(rewritten) == {"locked-plan": [("schedule", "end")], "registration-kept": [("id",)]}


def test_a_backdated_registration_is_found_in_lock_and_plan() -> None:
    early = plan(registered="2023-01-02")
    change = reviewed(early, lock=locked(early, registered=date(2023, 1, 2)), base_lock=locked(SOUND))
    resting_on_later = {
        "evidence-date": [
            ("eligible_units", "as_of"),
            ("primary_metric", "baseline_source", "as_of"),
            ("statistics", "variance_reduction", "as_of"),
        ]
    }
    assert everything(change) == {"no-backdating": [("registered",)], **resting_on_later}
    plan_alone = reviewed(early, lock=locked(SOUND), base_lock=locked(SOUND))
    assert everything(plan_alone) == {"registration-date": [("registered",)], **resting_on_later}


def test_an_honest_amendment_is_clean() -> None:
    amendment = {"on": str(RUNNING), "reason": "slow traffic", "approver": "@xp-lead", "data_access": "no_results_seen",
                 "changes": ["/schedule/end", "/statistics/looks"]}  # fmt: skip
    after = plan(schedule={"end": "2023-02-12"}, statistics={"looks": ["2023-02-13"]}, amendments=[amendment])
    amended = made(Amended, digest=plan_digest(after), on=RUNNING, data_access="no_results_seen")
    change = reviewed(after, lock=locked(SOUND, amended=(amended,)), base_lock=locked(SOUND))
    assert everything(change) == {}


def test_benign_changes_are_clean_in_a_registered_plan() -> None:
    after = plan(title="In reach", links=["https://tracker.example"], owner={"contact": "#pdp"})
    assert everything(reviewed(after, lock=locked(SOUND), base_lock=locked(SOUND))) == {}


def test_a_plan_with_two_amendments_of_one_day_keeps_both() -> None:
    line = {
        "on": "2023-01-20",
        "reason": "r",
        "approver": "@a",
        "data_access": "no_results_seen",
        "changes": ["/x"],
    }
    before, after = plan(amendments=[line, line]), plan(amendments=[line])
    assert [finding.at for finding in found("amendment-complete", reviewed(after, before))] == [
        ("amendments",)
    ]


def test_a_plan_that_only_the_lock_knows_is_not_checked() -> None:
    removal = Removal("gone", "gone.yaml", None, locked(SOUND), date(2023, 1, 17), RUNNING)
    with pytest.raises(NotChecked) as missing:
        found("deleted-while-running", removal)
    assert "history does not have it" in missing.value.reason


@pytest.mark.parametrize(
    ("day", "is_found"),
    [("2023-01-17", False), ("2023-01-18", True), ("2023-05-10", True), ("2023-05-11", False)],
)
def test_an_experiment_runs_from_its_canary_to_the_end_of_its_holdout(day: str, is_found: bool) -> None:
    removal = Removal("sound-plan", "a.yaml", SOUND, None, None, date.fromisoformat(day))
    assert bool(found("deleted-while-running", removal)) is is_found


def test_the_family_runs() -> None:
    assert "integrity" in FAMILIES
    assert {rule.input_type for rule in RULES} == {"Change", "Removal", "Experiment", "Portfolio"}


HOSTILE = value_of(text_of("every-field"))


@pytest.mark.parametrize("path", list(leaves(HOSTILE)), ids=lambda path: "/".join(map(str, path)))
def test_no_change_of_a_field_crashes_a_rule(path: Path) -> None:
    before = plan_of(HOSTILE)
    for after in [*list(other_plans(HOSTILE, path))[:3], plan_of(without(HOSTILE, path))]:
        for change in (
            reviewed(after, before),
            reviewed(before, after, lock=entry(plan_digest(before)), base_lock=entry(plan_digest(after))),
            reviewed(after, before, lock=entry(plan_digest(before)), under_base=False),
        ):
            judged(change)


EXTREME = [
    {"schedule": {"start": "0001-01-01T00:00:00+14:00", "end": "9999-12-31"}},
    {"schedule": {"start": "9999-12-31", "end": "0001-01-01"}, "canary": {"start": "0001-01-01"}},
    {"statistics": {"alpha": "0%", "looks": []}, "co_primary_metrics": [{"id": "a"}, {"id": "a"}]},
    {"statistics": {"alpha": "100%"}, "variants": [], "segments": ["a", "a", "\u0000"]},
    {"ramp": [{}, {}], "stop_rules": [], "amendments": [{}, {"on": "0001-01-01", "changes": ["", "/", "~~", "\u0000"]}]},
    {"sign_offs": [{}, {"on": "9999-12-31"}], "waivers": [{}], "holdout": {}, "canary": {}, "owner": {}},
    {"rollback": {"max_minutes": 1e300}, "economics": {"scenarios": [{}, {}]}},
]  # fmt: skip


@pytest.mark.parametrize("patch", EXTREME, ids=range(len(EXTREME)))
@pytest.mark.parametrize("name", sorted(file.stem for file in PLANS.glob("*.yaml")))
def test_no_extreme_plan_crashes_a_rule(name: str, patch: dict[str, object]) -> None:
    value = value_of(text_of(name))
    plain, extreme = plan_of(value), plan_of(merged(value, patch))
    for before, after in ((plain, extreme), (extreme, plain)):
        for day in (date.min, RUNNING, date.max):
            judged(reviewed(after, before, as_of=day))
            judged(reviewed(after, before, as_of=day, lock=entry(plan_digest(before))))
            _quietly("deleted-while-running", Removal(after.id or "", "a.yaml", after, None, None, day))


def judged(change: Change) -> None:
    for rule in CHANGE_RULES:
        _quietly(rule.id, change)
    for finding in findings_of(load("exploratory-analysis"), change.plan):
        _readable(finding)


def _quietly(rule_id: str, subject: Change | Removal) -> None:
    try:
        findings = found(rule_id, subject)
    except NotChecked:
        return
    for finding in findings:
        _readable(finding)


def _readable(finding: Finding) -> None:
    assert finding.message.isprintable()
    assert finding.advice.text.isprintable()
    assert "None" not in finding.message + finding.advice.text
