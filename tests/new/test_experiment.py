"""A new plan passes the check apart from what only a person can state, and passes all of it once that is stated."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.advice.new.dialogue import NewExperiment
from egp.advice.new.experiment import Draft
from egp.advice.new.files import NewError
from egp.advice.new.place import plan_path
from egp.advice.new.questions import QUESTIONS
from egp.check import check
from egp.cli.arguments.new import EXPERIMENT_OPTIONS, TYPES
from egp.cli.main import main
from egp.output.report.model import Report
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.yaml import read_text
from egp.yaml.edit import edited

DAY = date(2023, 1, 10)
PLAN = "experiments/faster-cart.yaml"

POLICIES = {
    "standard": 'extends: ["egp:standard"]\n',
    "strict": 'extends: ["egp:strict"]\nrules: {known-metric: {severity: "off"}}\n',
    "ml-launch": 'extends: ["egp:ml-launch"]\n',
    "own": (
        'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\n'
        'tiers: {checkout.*: critical, "*": standard}\n'
        'roles: {experimentation_lead: ["@xp-lead"], legal: ["@legal"]}\n'
        "calendars: {stocktaking: [2023-01-25/2023-01-26]}\n"
        "rules:\n"
        "  required-guardrails: {metrics: [refund_rate, cs_contacts]}\n"
        "  minimum-runtime: {days: 21}\n"
        "  power-floor: {floor: 90%}\n"
        "  sign-offs: {by_tier: {critical: [legal]}}\n"
        "  stage-dwell: {hours: 72}\n"
        "  holdout-size: {min: 15%}\n"
    ),
}

STATED: dict[str, Any] = {
    "title": "A cart that opens at once",
    "revision": "web-8841",
    "hypothesis": "A cart that opens at once lifts orders, because nobody waits.",
    "owner": {"team": "cart", "dri": "@cart-pm"},
    "risk": [],
    "surfaces": ["checkout.cart"],
    "layer": "checkout",
    "eligible_units": {"distinct_over_run": "600_000", "per_day": "60_000", "source": "carts", "as_of": "2023-01-09"},
    "primary_metric": {
        "id": "order_rate", "kind": "proportion", "direction": "increase", "baseline": "12%", "mde": "45bps",
        "non_inferiority_margin": "45bps", "outcome_window": "0d",
        "baseline_source": {"from": "orders, 28 days", "as_of": "2023-01-09"},
    },
    "guardrail_metrics": [
        {"id": name, "kind": "proportion", "direction": "decrease", "baseline": "20%", "non_inferiority_margin": "8%",
         "outcome_window": "1d", "judged_on": "matured_cohort", "action": "rollback", "covers": covers}
        for name, covers in (
            ("refund_rate", "safety"), ("cs_contacts", "quality"), ("slow_pages", "performance"), ("spend", "cost"),
        )
    ],
    "sample_size_per_variant": "140_000",
    "stop_rules": [
        {"id": f"{name}-harm", "metric": name, "significant_harm_for": "2w", "min_units_per_variant": 10_000,
         "action": "rollback"}
        for name in ("refund_rate", "cs_contacts", "slow_pages", "spend")
    ],
    "rollback": {"owner": "@cart-oncall", "comms": "comms/rollback.md"},
    "escalation": {"to": "vp_commerce"},
    "readouts": {"audience": ["pm"]},
    "economics": {
        "per": "order", "scenarios": [{"name": "base", "probability": "100%", "p_success": "40%"}],
        "gain_per_success": "0.52 USD", "cost_per_error": "0.07 USD", "cost_per_unit": "0.00003 USD", "floor": "0.08 USD",
    },
    "sign_offs": [
        {"role": "experimentation_lead", "by": "@xp-lead", "on": "2023-01-10"},
        {"role": "legal", "by": "@legal", "on": "2023-01-10"},
    ],
}  # fmt: skip
"""What people would write behind each TODO."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def begun(root: Path, policy: str, of_type: str, /, **given: str) -> str:
    """The text of a new plan under one of the policies."""
    (root / "egp.yaml").write_text(POLICIES[policy], encoding="utf-8")
    plan = NewExperiment(
        "faster-cart", of_type, read_policy(str(root / "egp.yaml"), "egp.yaml"), PLAN, DAY, None
    )
    plan.take(given)
    return plan.draft().text


def judged(root: Path, text: str) -> Report:
    policy = read_policy(str(root / "egp.yaml"), "egp.yaml")
    finder = PlanFinder(str(root), policy.plans, policy.root)
    return check([finder.piped(text.encode(), PLAN)], finder, policy, DAY)


def state(open_value: Any, stated: Any) -> Any:
    """The value with what is stated where it is open."""
    if isinstance(open_value, dict):
        return {
            key: state(value, stated.get(key)) if isinstance(stated, dict) else value
            for key, value in open_value.items()
        }
    if isinstance(open_value, list):
        by_name = {each.get("id", each.get("role")): each for each in stated or () if isinstance(each, dict)}
        return [
            state(each, by_name.get(each.get("id", each.get("role")))) if isinstance(each, dict) else each
            for each in open_value
        ]
    return stated if open_value is None else open_value


def completed(text: str) -> str:
    def complete(plan: dict[str, Any]) -> None:
        plan.update(state(dict(plan), STATED))

    return edited(text, complete)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("policy", POLICIES)
def test_only_people_are_asked(root: Path, policy: str, kind: str) -> None:
    text = begun(root, policy, kind)
    report = judged(root, text)
    asked = {text.splitlines()[each.place.span.start.line - 1] for each in report.diagnostics}
    assert asked
    assert [line for line in asked if "# TODO" not in line] == []
    assert report.failures == []


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("policy", POLICIES)
def test_once_people_have_answered_the_plan_passes(root: Path, policy: str, kind: str) -> None:
    text = completed(begun(root, policy, kind))
    report = judged(root, text)
    assert [(each.rule, each.message) for each in report.diagnostics] == []
    assert report.unchecked == []


GIVEN = {
    "title": "A cart that opens at once", "owner": "@cart-pm", "surface": "checkout.cart, pdp.mobile", "risk": "none",
    "metric": "order_rate", "kind": "proportion", "direction": "increase", "baseline": "12%", "mde": "45bps",
    "outcome_window": "2d", "per_day": "41_000", "units": "340_000", "guardrail": "slow_pages",
}  # fmt: skip


def value_of(text: str) -> dict[str, Any]:
    value = read_text(text)[0].value
    assert isinstance(value, dict)
    return value


def test_answers_stand_in_the_plan(root: Path) -> None:
    plan = value_of(begun(root, "own", "superiority", **GIVEN))
    assert plan["surfaces"] == ["checkout.cart", "pdp.mobile"]
    assert plan["risk"] == []
    assert plan["owner"]["dri"] == "@cart-pm"
    assert plan["primary_metric"]["mde"] == "45bps"
    assert plan["eligible_units"]["per_day"] == "41_000"


def test_defaults_are_the_policys(root: Path) -> None:
    plan = value_of(begun(root, "own", "superiority", **GIVEN))
    assert [metric["id"] for metric in plan["guardrail_metrics"]] == [
        "refund_rate",
        "cs_contacts",
        "slow_pages",
    ]
    assert plan["statistics"]["power"] == "90%"
    assert [role["role"] for role in plan["sign_offs"]] == ["experimentation_lead", "legal"]
    assert plan["ramp"] == [{"treated": "70%", "min_dwell": "3d"}, {"treated": "85%", "min_dwell": "3d"}]
    assert plan["holdout"]["share"] == "15%"
    assert plan["schedule"]["exposure"] == "85%"
    # 21 days from the first Monday after the stocktaking, and the look two days after the last outcome can be known.
    assert (plan["schedule"]["start"], plan["schedule"]["end"]) == ("2023-01-30", "2023-02-19")
    assert plan["statistics"]["looks"] == ["2023-02-22"]


def test_the_sample_is_computed_and_the_run_is_long_enough(root: Path) -> None:
    plan = value_of(begun(root, "standard", "superiority", **GIVEN))
    assert plan["sample_size_per_variant"] == "137_716"
    assert plan["schedule"]["end"] == "2023-02-05"
    smaller = value_of(
        begun(root, "standard", "superiority", **{**GIVEN, "mde": "30bps", "per_day": "20_000"})
    )
    # 308,226 units per variant at 9,000 a day take 35 days.
    assert smaller["sample_size_per_variant"] == "308_226"
    assert smaller["schedule"]["end"] == "2023-02-26"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"baseline": "twelve"}, "--baseline: twelve is not a measured value"),
        ({"mde": "0.8"}, "--mde: 0.8 has no unit"),
        ({"kind": "proprotion"}, "did you mean proportion"),
        ({"per_day": "many"}, "--per-day: many is not a count"),
        ({"title": "a\x1b[2Jb"}, "--title: a control character"),
        ({"margin": "5%"}, "--margin says nothing of such an experiment"),
        (
            {"quantile": "95%"},
            "--quantile is of a quantile, and nothing says what kind the primary metric is",
        ),
        (
            {"kind": "mean", "quantile": "95%"},
            "--quantile is of a quantile, and the primary metric is a mean",
        ),
        ({"std_dev": "14 USD"}, "--std-dev is of a mean, a ratio or a quantile, and nothing says what kind"),
        ({"kind": "proportion", "std_dev": "0.3"}, "and the primary metric is a proportion"),
    ],
)
def test_an_answer_that_is_none_is_refused(root: Path, given: dict[str, str], says: str) -> None:
    with pytest.raises(NewError) as error:
        begun(root, "standard", "superiority", **given)
    assert says in str(error.value)
    assert error.value.help


@pytest.mark.parametrize(
    ("given", "says", "help"),
    [
        ({"kind": "proportion", "baseline": "4"}, "--baseline: the baseline is 4; the rate of a proportion lies", "4%"),
        ({"kind": "proportion", "baseline": "0.04"}, "--baseline: the baseline is 0.04, a plain number", "4%"),
        ({"kind": "proportion", "baseline": "1900ms"}, "--baseline: the baseline is 1900ms", "12%"),
        ({"kind": "mean", "baseline": "3.20 USD", "std_dev": "14ms"}, "--std-dev: ", ""),
        ({"kind": "quantile", "quantile": "100%"}, "--quantile: ", "95%"),
        ({"kind": "mean", "baseline": "3", "mde": "5ms"}, "--mde: ", ""),
        ({"risk": "banana"}, "--risk: `banana` is no answer about risk that the policy knows", "revenue, brand"),
        ({"risk": "revenue, privcy"}, "--risk: `privcy` is no answer about risk that the policy knows", "privacy"),
    ],
)  # fmt: skip
def test_an_answer_that_check_would_reject_is_refused(
    root: Path, given: dict[str, str], says: str, help: str
) -> None:
    with pytest.raises(NewError) as error:
        begun(root, "standard", "superiority", **given)
    assert str(error.value).startswith(says)
    assert help in error.value.help


def test_a_risk_of_the_policys_own_is_an_answer(root: Path) -> None:
    (root / "egp.yaml").write_text(
        'extends: ["egp:standard"]\nrules: {sign-offs: {by_risk: {children: [legal]}}}\n', encoding="utf-8"
    )
    plan = NewExperiment("x", "superiority", read_policy(str(root / "egp.yaml"), "egp.yaml"), PLAN, DAY, None)
    plan.take({"risk": "children, brand"})
    assert plan.answers["risk"] == ["children", "brand"]


CATALOGUE = """\
facts: {orders: {table: orders, unit: user_id, at: ordered_at}}
metrics:
  revenue_per_user: {kind: mean, direction: increase, fact: orders, value: amount, value_unit: USD, outcome_window: 0d}
  order_rate: {kind: proportion, direction: increase, fact: orders, outcome_window: 0d}
"""


def catalogued(root: Path, metric: str) -> NewExperiment:
    """A new plan whose primary metric the catalogue defines."""
    (root / "metrics.yaml").write_text(CATALOGUE, encoding="utf-8")
    (root / "egp.yaml").write_text(f"{POLICIES['standard']}metrics: [metrics.yaml]\n", encoding="utf-8")
    policy = read_policy(str(root / "egp.yaml"), "egp.yaml")
    plan = NewExperiment("faster-cart", "superiority", policy, PLAN, DAY, None)
    plan.take({"metric": metric})
    return plan


def test_of_a_metric_of_the_catalogue_nobody_says_the_kind(root: Path) -> None:
    """What is asked of its kind is asked all the same: how much a mean varies, which no definition says."""
    plan = catalogued(root, "revenue_per_user")
    plan.take({"baseline": "5.20 USD", "std_dev": "11 USD", "mde": "3%"})
    text = plan.draft().text
    assert "  std_dev: 11 USD\n" in text
    assert "  kind:" not in text
    assert plan.draft().sample == pytest.approx(
        2 * ((1.959964 + 1.644854) * 11 / (0.03 * 5.20)) ** 2, rel=0.002
    )


def test_a_metric_of_the_catalogue_is_asked_for_what_its_kind_takes(root: Path) -> None:
    def asked_of(metric: str) -> list[str]:
        asked: list[str] = []

        def ask(question: str) -> str:
            asked.append(question)
            return ""

        catalogued(root, metric).converse(ask, lambda _: None)
        return [each for each in asked if "standard deviation" in each or "kind" in each]

    assert asked_of("revenue_per_user") == ["Its standard deviation per unit"]
    assert asked_of("order_rate") == []


def test_an_answer_is_weighed_by_the_kind_of_the_catalogue(root: Path) -> None:
    with pytest.raises(NewError, match="--baseline: the baseline is 4; the rate of a proportion lies"):
        catalogued(root, "order_rate").take({"baseline": "4"})


def test_a_number_is_written_as_one(root: Path) -> None:
    given = {"per_day": "60000", "units": "500_000", "kind": "mean", "baseline": "0.042", "std_dev": "3"}
    text = begun(root, "standard", "superiority", **given)
    assert "\n  per_day: 60000\n" in text
    assert "\n  distinct_over_run: 500_000\n" in text
    assert "\n  baseline: 0.042\n" in text
    assert "\n  std_dev: 3\n" in text


def test_what_a_new_plan_offers_besides_can_be_taken(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The schema line is the one that `egp schema` prints, and CUPED and a quantile's key stand where they belong."""
    text = begun(root, "standard", "superiority", **GIVEN)
    assert main(["schema"]) == 0
    assert text.splitlines()[0] == f"# yaml-language-server: $schema={capsys.readouterr().out.split()[1]}"
    assert "a quantile needs `quantile: 95%`" in text
    (line,) = (line for line in text.splitlines() if "variance_reduction" in line)
    assert "egp explain variance-reduction" in line
    taken = text.replace(line, line.partition("# ")[0] + line.partition("# ")[2].partition("  #")[0])
    cuped = value_of(taken)["statistics"]["variance_reduction"]
    assert cuped["method"] == "cuped"
    still_open = {each.place.pointer for each in judged(root, taken).diagnostics}
    assert {f"/statistics/variance_reduction/{key}" for key in ("correlation", "source")} <= still_open
    filled_in = taken.replace("correlation: ,", "correlation: 0.5,").replace("source: ,", "source: orders,")
    report = judged(root, filled_in)
    assert not [each for each in report.diagnostics if "variance_reduction" in each.message]


@pytest.mark.parametrize("text", ["x: y", "- a", "#", "no", "'", '"', "é → {ü}", "@a", "*", "5", "a # b"])
def test_any_text_is_written_so_that_it_reads_back(root: Path, text: str) -> None:
    plan = value_of(
        begun(root, "standard", "superiority", title=text, owner=text, metric=text, guardrail=text, flag=text)
    )
    assert (
        plan["title"] == plan["owner"]["dri"] == plan["primary_metric"]["id"] == plan["feature_flag"] == text
    )
    assert plan["guardrail_metrics"][0]["id"] == text


def test_options_and_questions_are_the_same() -> None:
    assert list(EXPERIMENT_OPTIONS) == [question.name for question in QUESTIONS]


def test_a_conversation_tells_the_power_as_soon_as_it_is_known(root: Path) -> None:
    (root / "egp.yaml").write_text(POLICIES["standard"], encoding="utf-8")
    plan = NewExperiment("x", "superiority", read_policy(str(root / "egp.yaml"), "egp.yaml"), PLAN, DAY, None)
    plan.take({"metric": "order_rate"})
    answers = iter(
        [
            "",
            "",
            "",
            "@pm",
            "",
            "checkout",
            "none",
            "",
            "web-8841",
            "proportion",
            "up",
            "increase",
            "12%",
            "0.8",
            "45bps",
            "0d",
            "10_000",
            "",
            "",
        ]
    )
    told: list[str] = []
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return next(answers) + "\n"

    plan.converse(ask, told.append)
    assert "Primary metric" not in asked
    assert told == [
        "up is none of increase, decrease; write one of increase, decrease",
        "0.8 has no unit where a change is meant; write 5% for a relative change, 0.5pp or 50bps for an absolute change of a rate",
        "an MDE of 45bps needs 137,716 units per variant; the plan runs for 14 days",
        "an MDE of 45bps needs 137,716 units per variant; the plan runs for 35 days and not 14, since 10_000 a day take that long to fill it",
    ]
    assert plan.answers["mde"] == "45bps"
    assert "title" not in plan.answers


def test_a_sample_that_cannot_come_is_said_with_what_comes() -> None:
    def said(exposure: float = 0.9, **answers: object) -> str:
        return Draft("", 137_716, 28, exposure).power_sentence({"mde": "45bps", **answers})

    plain = "an MDE of 45bps needs 137,716 units per variant; the plan runs for 28 days"
    assert said() == said(units="400_000") == said(per_day="11_000") == plain
    few = "an MDE of 45bps needs 137,716 units per variant, and at most {} come in the 28 days that the plan runs"
    assert said(units="8000", per_day="11_000").startswith(few.format("3,600"))
    assert said(per_day="10_000").startswith(few.format("126,000"))
    assert said(units="306_036") == plain
    assert said(units="306_034") != plain


def test_a_run_that_is_longer_for_the_sample_is_said_with_its_reason() -> None:
    longer = Draft("", 137_716, 35, 0.9, least_days=14)
    because = "; the plan runs for 35 days and not 14, since 10_000 a day take that long to fill it"
    answers = {"mde": "45bps", "per_day": "10_000"}
    assert longer.power_sentence(answers).endswith(because)
    counted = longer.power_sentence({**answers, "units": "340_000"})
    assert counted.endswith(f"{because}; are the 340_000 distinct units those of 35 days?")


@pytest.mark.parametrize(
    ("patterns", "path"),
    [
        ('["experiments/**/*.yaml"]', "experiments/x.yaml"),
        ('["plans/*.plan.yaml", "trials/*.yaml"]', "trials/x.yaml"),
        ('["*.yaml"]', "x.yaml"),
        ('["experiments/*/plan.yaml"]', "experiments/x.yaml"),
    ],
)
def test_a_plan_goes_where_the_policy_looks(root: Path, patterns: str, path: str) -> None:
    (root / "egp.yaml").write_text(f"plans: {patterns}\n{POLICIES['standard']}", encoding="utf-8")
    policy = read_policy(str(root / "egp.yaml"), "egp.yaml")
    assert plan_path(policy, "x", str(root)) == str(root / path)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 200, "a b", "CON:"])
def test_an_id_that_is_no_file_name_needs_a_file(root: Path, name: str) -> None:
    (root / "egp.yaml").write_text(POLICIES["standard"], encoding="utf-8")
    with pytest.raises(NewError, match="cannot be the name of a file"):
        plan_path(read_policy(str(root / "egp.yaml"), "egp.yaml"), name, str(root))


@pytest.mark.parametrize(
    ("of_type", "sides", "alpha"), [("superiority", "two", "5%"), ("non_inferiority", "one", "2.5%")]
)
def test_non_inferiority_is_a_question_of_one_side_as_egp_power_has_it(
    root: Path, of_type: str, sides: str, alpha: str
) -> None:
    (root / "egp.yaml").write_text(
        f"{POLICIES['standard']}rules: {{significance-level: {{one_sided_alpha: 2.5%}}}}\n", encoding="utf-8"
    )
    plan = NewExperiment("x", of_type, read_policy(str(root / "egp.yaml"), "egp.yaml"), PLAN, DAY, None)
    text = plan.draft().text
    assert (f"  sides: {sides}\n" in text, f"  alpha: {alpha}\n" in text) == (True, True)


def test_as_long_as_the_kind_is_open_the_plan_says_what_the_kinds_take_besides(root: Path) -> None:
    besides = "a mean or ratio needs std_dev, too, a quantile influence_std_dev"
    assert besides in begun(root, "standard", "superiority")
    assert besides not in begun(root, "standard", "superiority", kind="proportion")


def test_a_guardrail_that_is_taken_from_the_comment_has_no_baseline_yet(root: Path) -> None:
    """One that was anybody's example would pass unmeasured: guardrails may leave the source of theirs out."""
    text = begun(root, "standard", "superiority")
    (example,) = re.findall(r"  # - \{id: refund_rate, kind.*\}", text)
    assert "baseline: ," in example
