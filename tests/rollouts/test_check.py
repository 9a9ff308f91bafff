"""egp check compares what is served with the plans: each finding at the line of the rollout file, the plan's line beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from egp.check import check
from egp.check.rollouts import others_alike, plan_of, salted_alike
from egp.output.report.model import Report
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.plan.finding import Diagnostic
from egp.plan.wording import length
from egp.policy.error import PolicyError
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.record.ledger import append
from egp.record.rollouts.rollout import Said
from egp.rules.rule_inputs import PortfolioEntry, PortfolioIndex
from egp.stats.values import replace
from egp.yaml import Position, Span, read_text
from tests.rollouts.reading import read

SOUND = Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"

POLICY = """\
extends: ["egp:standard"]
plans: ["experiments/*.yaml"]
not_an_experiment: {log_sampling: nobody is treated}
rollouts:
  - {files: "flags/*.yaml", format: flagd, environment: production}
"""

FLAG = """\
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[control, 55], [buy_now, 45]]}
"""

DURING = date(2023, 1, 25)
START = Span(Position(1, 1), Position(1, 1))

Run = Callable[..., Report]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """egp check over a repository with the sound plan, a policy, and the files of the call."""
    (tmp_path / ".git").mkdir()

    def over(files: dict[str, str], *paths: str, as_of: date = DURING) -> Report:
        plan = SOUND.read_text(encoding="utf-8")
        for name, text in {"experiments/plan.yaml": plan, "egp.yaml": POLICY, **files}.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        policy = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(tmp_path), policy.plans, policy.root)
        asked = finder.asked(paths) if paths else finder.portfolio()
        return check(asked, finder, policy, as_of)

    return over


def of_rollouts(report: Report) -> list[Diagnostic]:
    return [each for each in report.diagnostics if "rollout" in each.rule]


def test_a_flag_that_serves_what_the_plan_says_is_clean(run: Run) -> None:
    report = run({"flags/pdp.yaml": FLAG})
    assert of_rollouts(report) == []
    assert report.failures == []


def test_a_difference_is_found_at_the_line_of_the_flag_beside_that_of_the_plan(run: Run) -> None:
    (found,) = of_rollouts(run({"flags/pdp.yaml": FLAG.replace("45", "60").replace("55", "40")}))
    assert (found.rule, found.severity) == ("rollout-split", "error")
    assert (found.place.path, found.place.span.start.line) == ("flags/pdp.yaml", 6)
    assert found.experiment == "sound-plan"
    (beside,) = found.related
    assert beside.place.path == "experiments/plan.yaml"
    assert "buy_now" in beside.line


def test_a_further_flag_of_the_plan_is_compared_as_well(run: Run) -> None:
    plan = SOUND.read_text(encoding="utf-8").replace("revision:", "flags: [pdp_buy_now_ios]\nrevision:")
    other = FLAG.replace("pdp_buy_now:", "pdp_buy_now_ios:").replace("45", "60")
    found = of_rollouts(run({"experiments/plan.yaml": plan, "flags/ios.yaml": other}))
    assert [each.rule for each in found] == ["rollout-split"]


DATED = """\
search_banner:
  variations: {control: false, buy_now: true}
  defaultRule: {percentage: {control: 55, buy_now: 45}}
  experimentation: {start: 2023-01-09T00:00:00Z, end: 2023-01-24T11:00:00Z}
"""
DATED_POLICY = POLICY.replace("flags/*.yaml", "flags/dated/*.yaml").replace(
    "format: flagd", "format: go-feature-flag"
)


@pytest.mark.parametrize(
    ("flag", "day", "is_told"),
    [
        (DATED, date(2023, 1, 24), True),
        (DATED, date(2023, 1, 25), True),  # which begins at 10:00 UTC of the 24th in Kiritimati
        (DATED.replace("T11:", "T10:"), date(2023, 1, 25), False),
        (DATED, date(2023, 1, 26), False),
        (DATED.replace(", end: 2023-01-24T11:00:00Z", ""), date(2023, 1, 26), True),
        (DATED.replace("2023-01-24T11:00:00Z", "soon"), date(2023, 1, 26), True),
        (f"{DATED}  scheduledRollout: [{{date: 2023-01-30T00:00:00Z, experimentation: {{}}}}]\n", date(2023, 1, 26), True),
    ],
)  # fmt: skip
def test_a_flag_is_divided_no_more_after_its_own_last_day(
    run: Run, flag: str, day: date, is_told: bool
) -> None:
    report = run({"egp.yaml": DATED_POLICY, "flags/dated/search.yaml": flag}, as_of=day)
    assert report.failures == []
    assert ("unplanned-rollout" in [each.rule for each in of_rollouts(report)]) is is_told


def test_a_split_without_a_plan_is_said_when_all_plans_are_judged(run: Run) -> None:
    second = (
        SOUND.read_text(encoding="utf-8")
        .replace("id: sound-plan", "id: second")
        .replace("pdp_buy_now", "second")
    )
    files = {
        "flags/other.yaml": FLAG.replace("pdp_buy_now", "search_banner"),
        "experiments/second.yaml": second,
    }
    (found,) = of_rollouts(run(files))
    assert (found.rule, found.severity, found.place.span.start.line) == ("unplanned-rollout", "info", 2)
    assert of_rollouts(run(files, "experiments/plan.yaml")) == []


def test_a_flag_that_the_policy_excepts_needs_no_plan(run: Run) -> None:
    assert of_rollouts(run({"flags/log.yaml": FLAG.replace("pdp_buy_now", "log_sampling")})) == []


def test_a_canary_of_requests_without_a_plan_is_no_concern_of_anybody_s(run: Run) -> None:
    canary = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: checkout}\n"
        "spec: {strategy: {canary: {analysis: {templates: [{templateName: elsewhere}]}, steps: [{setWeight: 20}]}}}\n"
    )
    line = '  - {files: "deploy/*.yaml", format: argo-rollouts, environment: production}\n'
    files = {"flags/pdp.yaml": FLAG, "deploy/shop.yaml": canary, "egp.yaml": POLICY + line}
    assert of_rollouts(run(files)) == []


def test_what_is_computed_elsewhere_is_said_and_hides_nothing(run: Run) -> None:
    report = run({"flags/chart.yaml": "flags:\n  {{ range .Values.flags }}\n", "flags/pdp.yaml": FLAG})
    (found,) = of_rollouts(report)
    assert found.rule == "unread-rollout"
    assert "Helm fills in" in found.message


def test_a_planned_flag_that_cannot_be_compared_rejects_at_its_line(run: Run) -> None:
    report = run({"flags/pdp.yaml": FLAG.replace("[buy_now, 45]", "[buy_now, {var: share}]")})
    found = of_rollouts(report)
    assert report.exit_status() == 1
    assert {(each.severity, each.place.span.start.line) for each in found} == {("error", 6)}
    assert all("could not be checked: a weight is computed" in each.message for each in found)
    assert {each.related[0].line for each in found} == {"feature_flag: pdp_buy_now"}


def test_a_waiver_of_the_plan_holds_for_its_rollout(run: Run) -> None:
    digest = plan_digest(read_experiment(read_text(SOUND.read_text(encoding="utf-8"))[0].value)[0])
    waiver = (
        "waivers: [{rule: rollout-split, reason: the exposure is raised in two steps this week, approver: '@xp-lead', "
        f"role: experimentation_lead, granted: 2023-01-20, expires: 2023-02-01, ticket: XP-7, digest: '{digest}'}}]"
    )
    plan = SOUND.read_text(encoding="utf-8").replace("waivers: []", waiver)
    policy = (
        POLICY + 'roles: {experimentation_lead: ["@xp-lead"]}\nwaivers: {approvers: [experimentation_lead]}\n'
    )
    files = {"experiments/plan.yaml": plan, "egp.yaml": policy, "flags/pdp.yaml": FLAG.replace("45", "60")}
    report = run(files)
    found = next(each for each in of_rollouts(report) if each.rule == "rollout-split")
    assert found.waiver is not None, [
        each.message for each in report.diagnostics if each.rule == "waiver-valid"
    ]


def test_links_out_of_the_repository_are_not_followed(run: Run, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside.yaml"
    outside.write_text(FLAG, encoding="utf-8")
    (tmp_path / "flags").mkdir()
    (tmp_path / "flags" / "link.yaml").symlink_to(outside)
    (found,) = of_rollouts(run({}))
    assert "a link leads out of the repository" in found.message


@pytest.mark.parametrize(
    ("line", "saying"),
    [
        ('{files: "a.json", format: flagdd, environment: production}', "did you mean `flagd`?"),
        ('{files: "../a.json", format: flagd, environment: production}', "no file matches the pattern"),
        ("{format: flagd, environment: production}", "has no `files`"),
    ],
)
def test_a_line_that_names_nothing_is_an_error_of_the_policy(run: Run, line: str, saying: str) -> None:
    with pytest.raises(PolicyError) as refused:
        run({"egp.yaml": f'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\nrollouts: [{line}]\n'})
    assert any(saying in failure.message for failure in refused.value.failures)


def test_a_hostile_name_reaches_no_terminal(run: Run) -> None:
    flag = FLAG.replace("pdp_buy_now:", '"evil\\e[31m":')
    (found,) = of_rollouts(run({"flags/evil.yaml": flag}))
    assert found.message.isprintable()


def test_a_stage_that_was_entered_by_hand_is_found(run: Run, tmp_path: Path) -> None:
    append(
        str(tmp_path),
        "sound-plan",
        {"kind": "enter", "stage": "70%", "treated": "70%", "at": "2023-02-07T08:00:00-08:00"},
    )
    flag = FLAG.replace("[control, 55], [buy_now, 45]", "[control, 30], [buy_now, 70]")
    found = of_rollouts(run({"flags/pdp.yaml": flag}, as_of=date(2023, 2, 8)))
    assert found == []
    report = run({"flags/pdp.yaml": flag}, as_of=date(2023, 2, 8))
    (entry,) = [each for each in report.diagnostics if each.rule == "entered-by-receipt"]
    assert "70 % was entered without a receipt" in entry.message


def test_an_entry_that_was_changed_keeps_egp_from_judging(run: Run, tmp_path: Path) -> None:
    for share in ("70%", "90%"):
        append(
            str(tmp_path),
            "sound-plan",
            {"kind": "enter", "stage": share, "treated": share, "at": "2023-02-07T08:00:00-08:00"},
        )
    (first, _) = sorted((tmp_path / "egp.ledger.d").rglob("*.yaml"))
    first.write_text(first.read_text(encoding="utf-8").replace("70%", "5%"), encoding="utf-8")
    report = run({"flags/pdp.yaml": FLAG})
    assert report.exit_status() == 2
    assert any("does not follow the entry before it" in each.message for each in report.failures)


SALTED = """\
features:
  one: {defaultValue: a, rules: [{key: pdp, coverage: 0.9, hashAttribute: user_id, variations: [a, b], weights: [0.5, 0.5]}]}
  two: {defaultValue: a, rules: [{key: pdp, coverage: 0.9, hashAttribute: user_id, variations: [a, b], weights: [0.5, 0.5]}]}
  other_salt: {defaultValue: a, rules: [{key: cart, coverage: 0.9, hashAttribute: user_id, variations: [a, b], weights: [0.5, 0.5]}]}
  other_unit: {defaultValue: a, rules: [{key: pdp, coverage: 0.9, hashAttribute: device, variations: [a, b], weights: [0.5, 0.5]}]}
"""


def test_flags_that_hash_the_same_unit_with_the_same_salt_are_alike() -> None:
    rollouts = read(SALTED, "growthbook").rollouts
    alike = salted_alike(rollouts)
    assert alike == {("user_id", "pdp"): ("one", "two")}
    assert {each.flag.value: others_alike(each, alike) for each in rollouts} == {
        "one": ("two",), "two": ("one",), "other_salt": (), "other_unit": (),
    }  # fmt: skip


def test_a_flag_without_a_salt_is_like_no_other() -> None:
    text = FLAG + FLAG.removeprefix("flags:\n").replace("pdp_buy_now", "another")
    assert salted_alike(read(text, "flagd").rollouts) == {}


@pytest.mark.parametrize(
    ("unit", "salt", "is_known"),
    [
        ("user_id", "pdp", True),
        ("user_id", "", False),
        ("user_id", None, False),
        (None, "pdp", False),
        (None, None, False),
    ],
)
def test_a_hash_is_known_by_its_unit_and_its_salt_and_by_neither_alone(
    unit: str | None, salt: str | None, is_known: bool
) -> None:
    """Formats may hash a unit without a salt of the flag's own, or name a salt and leave the unit to the application."""
    (split,) = read(FLAG, "flagd").rollouts
    (audience,) = split.splits
    audience = replace(
        audience,
        unit=None if unit is None else Said(unit, START),
        salt=None if salt is None else Said(salt, START),
    )
    one, two = (replace(split, flag=Said(name, START), audiences=(audience,)) for name in ("one", "two"))
    alike = salted_alike([one, two])
    assert alike == ({(unit, salt): ("one", "two")} if is_known else {})
    assert others_alike(one, alike) == (("two",) if is_known else ())


@pytest.mark.parametrize(
    ("starts", "meant"),
    [
        ((date(2023, 1, 1), date(2023, 1, 30)), 0),
        ((date(2023, 1, 1), date(2023, 1, 29)), 1),
        ((None, date(2023, 1, 1)), 1),
        ((None, date(2023, 2, 1)), 0),
        ((date(2023, 3, 1), date(2023, 2, 1)), 1),
        ((), None),
    ],
)
def test_a_flag_serves_the_plan_that_began_last_or_else_begins_next(
    starts: tuple[date | None, ...], meant: int | None
) -> None:
    """As of 2023-01-29; a plan begins on its first day, and one without a first day has begun."""
    entries = [
        PortfolioEntry(
            "p", 0, f"p{at}", "", "", (), first, None, None, None, "two", "", flags=("pdp_buy_now",)
        )
        for at, first in enumerate(starts)
    ]
    (rollout,) = read(FLAG, "flagd").rollouts
    found = plan_of(rollout, PortfolioIndex(entries), date(2023, 1, 29))
    assert found is (None if meant is None else entries[meant])


def test_without_patterns_a_plan_of_the_call_is_compared_with_its_flag(run: Run) -> None:
    policy = POLICY.replace('plans: ["experiments/*.yaml"]\n', "")
    files = {"egp.yaml": policy, "flags/pdp.yaml": FLAG.replace("45", "60").replace("55", "40")}
    assert [each.rule for each in of_rollouts(run(files, "experiments/plan.yaml"))] == ["rollout-split"]


def test_a_time_below_an_hour_is_said_in_minutes_or_seconds() -> None:
    said = [length(timedelta(seconds=each)) for each in (0, 10, 90, 300, 3600, 5400, 172800)]
    assert said == ["0 days", "10 s", "1.5 min", "5 min", "1 h", "1.5 h", "48 h"]
