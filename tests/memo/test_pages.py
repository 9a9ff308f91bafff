"""The memo of a rejected plan, of an accepted one, and of a file that is no plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from egp.digest import plan_digest
from egp.memo.case import read_case
from egp.memo.page import memo
from egp.memo.solver import options
from egp.page import markdown, text
from egp.page.model import Facts, Figure, Page, Section, Table
from egp.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.report.text import Style
from tests.memo.cases import EXAMPLES, REJECTED, case_of, case_of_bytes, case_of_text, changed_case, names
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


def test_a_rejection_is_told_in_one_sentence() -> None:
    page = memo(case_of("rejected/ship-on-day-five.yaml"))
    assert page.tone == "bad"
    assert (
        page.verdict
        == "ship-on-day-five is rejected: the plan runs 5 days at full exposure; the policy asks for 14."
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
    assert "5 days bring 85,500 units per variant" in said


def test_violations_are_grouped_by_who_must_act() -> None:
    case = changed_case(
        "rejected/self-approval.yaml", {"data_access: aggregates": "data_access: user_level_export"}
    )
    titles = [section.title for section in memo(case).sections]
    assert titles[:2] == [
        "The author and owner, @xp-lead: 1 violation to resolve",
        "The approvers: 1 violation to resolve",
    ]


def test_passed_rules_are_one_line() -> None:
    case = case_of("rejected/ship-on-day-five.yaml")
    assert f"{len(case.judged.passes)} checks passed: document 4, runtime" in told(memo(case))


def test_looks_come_with_their_curve() -> None:
    page = memo(case_of("rejected/daily-peeking.yaml"))
    figures = [each for each in blocks(page) if isinstance(each, Figure)]
    assert [each.title for each in figures] == ["How often a change without any effect looks significant"]
    assert "14 looks: 22.0 %, about 1 in 5" in figures[0].says


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
