"""The memo of a rejected plan, of an accepted one, and of a file that is no plan."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from math import sqrt
from pathlib import Path
from statistics import NormalDist

import pytest

from egp.advice.options.case import Case, read_case
from egp.advice.options.solver import options
from egp.advice.options.waiving import how_to_waive, waivable
from egp.cli.main import main
from egp.output.page import markdown, text
from egp.output.page.model import Facts, Figure, Light, Page, Section, Table
from egp.output.report.text import Style
from egp.pages.memo.page import memo
from egp.plan.digest import plan_digest
from egp.plan.picture import Tally
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from tests.memo.cases import (
    EXAMPLES,
    REJECTED,
    case_of,
    case_of_bytes,
    case_of_text,
    changed_case,
    finder,
    names,
    policy,
)
from tests.test_examples import SECRET


def told(page: Page) -> str:
    return " ".join(text.render(page, Style(2000)).split())


def blocks(section: Section | Page) -> Iterator[object]:
    for each in section.sections if isinstance(section, Page) else section.blocks:
        yield each
        if isinstance(each, Section):
            yield from blocks(each)


def facts(page: Page) -> Mapping[str, str]:
    return {name: value for each in blocks(page) if isinstance(each, Facts) for name, value in each.pairs}


def test_a_rejection_is_told_with_the_way_to_go() -> None:
    page = memo(case_of("rejected/ship-on-day-five.yaml"))
    assert page.tone == "bad"
    assert (
        page.verdict
        == "ship-on-day-five is rejected: the plan runs 5 days at full exposure; the policy requires 14. "
        "With one change (run 9 days longer, to 5 February) it may start; it ships only if the result passes, read on 6 February 2023."
    )


def test_a_violation_says_what_is_asked_where_and_why() -> None:
    page = memo(case_of("rejected/ship-on-day-five.yaml"))
    line = next(
        number
        for number, text in enumerate(
            (EXAMPLES.parent / "policies/standard.yaml").read_text().splitlines(), 1
        )
        if "minimum-runtime:" in text
    )
    said = told(page)
    assert f"minimum-runtime, error under examples/egp.yaml 2023.1 (set at egp:standard:{line})" in said
    assert "examples/rejected/ship-on-day-five.yaml:23" in said
    assert "Why: Early results swing" in said
    assert "Saturday and Sunday are not seen at all" in said
    assert "power" not in said.split("YELLOW")[0].split("[yellow]")[0], (
        "which is more than the policy requires"
    )


def test_violations_are_grouped_by_who_must_act() -> None:
    case = changed_case(
        "rejected/self-approval.yaml", {"data_access: aggregates": "data_access: user_level_export"}
    )
    titles = [section.title for section in memo(case).sections]
    assert titles[2:4] == [
        "The author and owner, @xp-lead: 1 violation to resolve",
        "The approvers: 1 violation to resolve",
    ]


def test_passed_rules_are_one_line() -> None:
    case = case_of("rejected/ship-on-day-five.yaml")
    assert f"{len(case.judged.passes)} checks passed, which makes up for no violation: document " in told(
        memo(case)
    )


def test_looks_come_with_launches_that_do_nothing() -> None:
    page = memo(case_of("rejected/daily-peeking.yaml"))
    (figure,) = [each for each in blocks(page) if isinstance(each, Figure)]
    assert isinstance(figure.drawing, Tally)
    often, once = figure.drawing.shares
    assert (often.marked, once.marked, once.of) == (4, 1, 40), "half of 22.0 % and of 5 %, of 40"
    assert (
        "about 1 in 9 changes that do nothing look like wins; at one look on 6 February, 1 in 40"
        in figure.says
    )


def test_an_accepted_plan_is_told_with_its_margins() -> None:
    page = memo(case_of("experiments/ranking-model.yaml"))
    assert "is accepted" in page.verdict
    assert page.tone in ("good", "caution")
    (table,) = (
        each for each in blocks(page) if isinstance(each, Table) and each.caption == "Margins to the limits"
    )
    assert ("days at full exposure", "14") in {(row[0], row[1]) for row in table.rows}


@pytest.mark.parametrize("path", REJECTED, ids=names)
def test_every_memo_can_be_told_in_every_format(path: Path) -> None:
    page = memo(case_of(names(path)))
    assert page.tone == "bad"
    for said in (text.render(page, Style(60)), markdown.render(page)):
        assert "nan" not in said.split()
        assert "None" not in said.replace("None of", "").split()


def test_a_secret_is_not_repeated() -> None:
    page = memo(case_of("rejected/personal-data.yaml"))
    for said in (told(page), markdown.render(page), repr(page)):
        assert SECRET not in said
        assert SECRET.partition("@")[0] not in said


def test_a_secret_in_a_name_is_not_repeated() -> None:
    case = changed_case(
        "rejected/ship-on-day-five.yaml",
        {"id: ship-on-day-five": f"id: {SECRET}", 'dri: "@pdp-pm"': f'dri: "{SECRET}"'},
    )
    assert SECRET not in repr(memo(case))


@pytest.mark.parametrize(
    "content", [b"", b"id: [\n", b"\xff\xfe\x00bad", b"- 1\n", b"hello: world\n", b"id: \t x\n"]
)
def test_what_is_no_plan_is_explained_from_its_diagnostics(content: bytes) -> None:
    page = memo(case_of_bytes(content))
    assert page.tone == "bad"
    assert "is rejected" in page.verdict


def test_a_plan_of_the_least_is_explained() -> None:
    page = memo(case_of_text("id: least\n"))
    assert "is rejected" in page.verdict


def test_markup_in_a_plan_stays_text() -> None:
    case = changed_case(
        "rejected/two-primaries.yaml", {"id: revenue_per_user": 'id: "<script>alert(1)</script>"'}
    )
    outside_of_fences = markdown.render(memo(case)).split("```")[::2]
    assert not [part for part in outside_of_fences if "<script>" in part]


@pytest.fixture
def own_policy(tmp_path: Path) -> Path:
    (tmp_path / "egp.yaml").write_text(
        'extends: ["egp:standard"]\nversion: "7"\nroles: {experimentation_lead: ["@xp-lead"], privacy: ["@privacy"]}\n'
        "rules:\n  stage-dwell:\n    - {severity: error}\n    - {from: 2023-06-01, severity: error, hours: 72}\n"
        "waivers: {approvers: [experimentation_lead], longest: 14d}\n",
        encoding="utf-8",
    )
    plan = (EXAMPLES / "rejected/one-day-stages.yaml").read_text(encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(plan, encoding="utf-8")
    return tmp_path


def test_a_change_of_a_registered_plan_takes_an_amendment(own_policy: Path) -> None:
    (own_policy / "egp.yaml").write_text('extends: ["egp:standard"]\nversion: "7"\n', encoding="utf-8")
    policy = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(own_policy), policy.plans, policy.root)
    (source,) = finder.asked(["plan.yaml"])
    plan = read_case(source, finder, policy, date(2023, 1, 18)).plan
    (own_policy / "egp.lock").write_text(
        f'lock: 1\nexperiments:\n  {plan.id}: {{path: "plan.yaml", digest: "{plan_digest(plan)}", registered: 2023-01-17, '
        'policy: {name: "egp.yaml", version: "7", digest: "sha256:0"}, signed: []}\npolicies: {}\n',
        encoding="utf-8",
    )
    case = read_case(source, finder, policy, date(2023, 1, 18))
    dwell = case.judged.of("stage-dwell")[0]
    (option,) = options(case, dwell)
    assert option.note == "the plan is registered: declare the change with egp amend"


def test_a_waiver_is_told_with_approver_and_last_day(own_policy: Path) -> None:
    policy = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(own_policy), policy.plans, policy.root)
    (source,) = finder.asked(["plan.yaml"])
    as_of = date(2023, 8, 30)
    found = facts(memo(read_case(source, finder, policy, as_of)))
    assert found["waiver"] == (
        "possible, if approved by experimentation_lead (@xp-lead) with reason and ticket, until "
        f"{as_of + timedelta(days=14)} at most (14 days)"
    )
    assert found["hours"] == "72 (set at egp.yaml:7, since 2023-06-01)"


def test_an_option_may_not_take_the_traffic_of_another_plan(tmp_path: Path) -> None:
    """Alone the plan could be exposed to 88.3 %; beside an experiment with 15 % of the layer it cannot."""
    (tmp_path / "egp.yaml").write_text('extends: ["egp:standard"]\nplans: ["*.yaml"]\n', encoding="utf-8")
    text = (EXAMPLES / "rejected/too-small-a-sample.yaml").read_text(encoding="utf-8")
    short = text.replace("sample_size_per_variant: 62_000", "sample_size_per_variant: 150_000")
    (tmp_path / "plan.yaml").write_text(short.replace("exposure: 90%", "exposure: 80%"), encoding="utf-8")
    exposed = {}
    for share in ("5%", "15%"):
        other = text.replace("exposure: 90%", f"exposure: {share}").replace("pdp_buy_now", "other_flag")
        (tmp_path / "other.yaml").write_text(
            other.replace("id: too-small-a-sample", "id: other"), encoding="utf-8"
        )
        policy = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(tmp_path), policy.plans, policy.root)
        case = read_case(finder.asked(["plan.yaml"])[0], finder, policy, date(2023, 1, 18))
        found = options(case, case.judged.of("reachable-sample")[0])
        exposed[share] = [each.words for each in found if each.cost.exposure > 0]
    assert exposed == {"5%": ["expose 88.3% of the eligible units instead of 80%"], "15%": []}


def test_the_command_for_a_waiver_writes_one_that_holds(
    own_policy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(own_policy)
    as_of = ("--as-of", "2023-01-18")
    assert main(["explain", "plan.yaml", *as_of]) == 0
    (command, *_) = [line for line in capsys.readouterr().out.splitlines() if "egp waive" in line]
    assert main([*shlex.split(command)[1:], *as_of]) == 0
    capsys.readouterr()
    assert main(["explain", "plan.yaml", *as_of]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "is accepted" in said
    assert "approved by @xp-lead, until 2023-02-01" in said


@pytest.mark.parametrize(
    ("policy", "plan", "why"),
    [
        ('roles: {experimentation_lead: ["@pdp-pm"]}', "", "nobody but the owner who holds the role experimentation_lead"),
        ("roles: {privacy: ['@privacy']}", "", "nobody but the owner who holds the role experimentation_lead"),
        ('roles: {experimentation_lead: ["@xp-lead"]}', 'owner: {team: pdp, dri: "@pdp-pm"}', "the plan names no owner"),
    ],
)  # fmt: skip
def test_nobody_who_may_approve_is_said_to_be_nobody(
    tmp_path: Path, policy: str, plan: str, why: str
) -> None:
    (tmp_path / "egp.yaml").write_text(
        f"extends: ['egp:standard']\n{policy}\nwaivers: {{approvers: [experimentation_lead]}}\n",
        encoding="utf-8",
    )
    text = (EXAMPLES / "rejected/one-day-stages.yaml").read_text(encoding="utf-8")
    assert plan in text
    (tmp_path / "plan.yaml").write_text(text.replace(plan, "") if plan else text, encoding="utf-8")
    read = read_policy(str(tmp_path / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(tmp_path), read.plans, read.root)
    case = read_case(finder.asked(["plan.yaml"])[0], finder, read, date(2023, 1, 18))
    dwell = case.judged.of("stage-dwell")[0]
    assert why in waivable(case, dwell)
    assert not how_to_waive(case, dwell)


def test_a_waived_plan_is_accepted_by_its_waiver_and_shows_what_is_short(own_policy: Path) -> None:
    """340,000 users x 90 % x 50 % come. With that the test of 45 bps has less power than the 280,000 declared promise."""
    text = (EXAMPLES / "experiments/pdp-buy-now.yaml").read_text(encoding="utf-8")
    text = text.replace("sample_size_per_variant: 147_000", "sample_size_per_variant: 280_000")
    text = text.replace("mde: 45bps", "mde: 33bps").replace("correlation: 0.5", "correlation: 0.1")
    policy = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    among = PlanFinder(str(own_policy), policy.plans, policy.root)

    def case_with(waivers: str) -> Case:
        (own_policy / "plan.yaml").write_text(f"{text}\n{waivers}", encoding="utf-8")
        (source,) = among.asked(["plan.yaml"])
        return read_case(source, among, policy, date(2023, 1, 18))

    before = case_with("waivers: []")
    assert [each.rule for each in before.judged.diagnostics if each.severity == "error"] == [
        "reachable-sample"
    ], [each.message for each in before.judged.diagnostics]
    case = case_with(
        "waivers: [{rule: reachable-sample, reason: traffic grows, ticket: XP-1, approver: '@xp-lead', "
        f"role: experimentation_lead, granted: 2023-01-17, expires: 2023-01-25, digest: '{plan_digest(before.plan)}'}}]\n"
    )
    page = memo(case)
    assert page.tone == "caution"
    assert "by a waiver of reachable-sample, approved by @xp-lead, until 2023-01-25" in page.verdict
    assert "all" not in page.verdict.split()
    (table,) = (
        each for each in blocks(page) if isinstance(each, Table) and each.caption == "Margins to the limits"
    )
    rows = {str(row[0]): row for row in table.rows}
    come = rows["units that come per variant"]
    assert (come[2], come[3]) == ("153,000", Light("caution", "45.4 % too few"))
    power = rows["power of add_to_cart_rate at the MDE"]
    error = sqrt(0.12 * 0.88 * (1 - 0.1**2) * 2 / 153_000)
    expected = NormalDist().cdf(0.0033 / error - 1.96)
    said = float(str(power[2]).removesuffix(" %"))
    assert said == pytest.approx(100 * expected, abs=1)
    assert power[3] == Light("caution", f"{95 - said:.1f} points short")


def test_what_rejects_nothing_needs_no_waiver() -> None:
    case = case_of("rejected/ship-on-day-five.yaml")
    (warning,) = case.judged.of("guardrail-power")
    assert waivable(case, warning) == "not needed: of severity warning it rejects nothing"


def test_of_several_plans_in_a_file_each_passes_by_itself(own_policy: Path) -> None:
    texts = [
        (EXAMPLES / "rejected" / name).read_text(encoding="utf-8")
        for name in ("no-holdout.yaml", "typo.yaml")
    ]
    read = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    passes = {}
    for name, content in {"one": texts[0], "other": texts[1], "both": "---\n".join(texts)}.items():
        (own_policy / f"{name}.yaml").write_text(content, encoding="utf-8")
        among = PlanFinder(str(own_policy), read.plans, read.root)
        for experiment in ("no-holdout", "typo") if name == "both" else ("",):
            (source,) = among.asked([f"{name}.yaml"])
            case = read_case(source, among, read, date(2023, 1, 18), experiment)
            families = case.policy.catalogue.families()
            passes[name, experiment] = {
                each for each in case.judged.passes if families[each] not in ("portfolio", "privacy")
            }
        (own_policy / f"{name}.yaml").unlink()
    assert passes["both", "no-holdout"] == passes["one", ""]
    assert passes["both", "typo"] == passes["other", ""]
    assert passes["one", ""] != passes["other", ""]


@pytest.mark.parametrize(
    ("day", "said"),
    [(date(2023, 1, 22), ""), (date(2023, 1, 23), "has been on since 2023-01-23"),
     (date(2023, 2, 6), "has been over since 2023-02-06")],
)  # fmt: skip
def test_a_memo_after_the_start_says_what_changes_are_still_worth(day: date, said: str) -> None:
    (source,) = finder().asked(["examples/rejected/no-holdout.yaml"])
    page = memo(read_case(source, finder(), policy(), day))
    assert ("The run has begun" in told(page)) == bool(said)
    assert said in told(page)


def test_what_could_not_be_checked_is_waived_by_nobody(own_policy: Path) -> None:
    (own_policy / "egp.yaml").write_text(
        "extends: ['egp:standard']\nroles: {experimentation_lead: ['@xp-lead']}\n"
        "waivers: {approvers: [experimentation_lead]}\nrules: {holdout-size: {severity: warning}}\n",
        encoding="utf-8",
    )
    text = (EXAMPLES / "rejected/no-holdout.yaml").read_text(encoding="utf-8")
    (own_policy / "plan.yaml").write_text(text, encoding="utf-8")
    read = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    among = PlanFinder(str(own_policy), read.plans, read.root)
    case = read_case(among.asked(["plan.yaml"])[0], among, read, date(2023, 1, 18))
    (gap,) = case.judged.of("ramp-declared")
    assert waivable(case, gap) == "not possible: a plan that cannot work or be checked is waived by nobody"
    assert [each.words for each in options(case, gap)] == [
        "add holdout: {share: 5%, until: 2023-02-20} and ramp[1].treated: 100% → 95%"
    ], "what another rule knows about the same gap"


def test_a_memo_is_about_its_own_plan(own_policy: Path) -> None:
    (own_policy / "egp.lock").write_text(
        'lock: 1\nexperiments:\n  gone: {path: "gone.yaml", digest: "v1:sha256:%s", registered: 2023-01-17, '
        'policy: {name: "egp.yaml", version: "7", digest: "sha256:0"}, signed: []}\npolicies: {}\n'
        % ("0" * 64),
        encoding="utf-8",
    )
    read = read_policy(str(own_policy / "egp.yaml"), "egp.yaml")
    among = PlanFinder(str(own_policy), read.plans, read.root)
    case = read_case(among.asked(["plan.yaml"])[0], among, read, date(2023, 1, 18))
    assert {each.experiment for each in case.judged.diagnostics} == {"one-day-stages"}


def test_one_option_has_no_number_and_a_bare_key_is_no_quotation() -> None:
    """Two findings with an option each would both have a first one; `guardrail_metrics:` alone says nothing."""
    page = memo(case_of("rejected/ship-on-day-five.yaml"))
    assert "guardrail_metrics:" not in told(page)
    heads = [each.head for each in blocks(page) if isinstance(each, Table) and "what it costs" in each.head]
    assert heads == [("option", "what it costs")] * 2
