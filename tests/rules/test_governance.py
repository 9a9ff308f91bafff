"""Governance rules: spellings of people, and sign-offs that count or do not."""

from __future__ import annotations

from typing import Any

import pytest

from egp.plan.analysis.statements import somebody, stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.rules.rule import load
from egp.rules.rule_inputs import Organisation
from tests.rules.examples import findings_of, merged, plan_of, sound_value


def changed(**patch: object) -> Experiment:
    return plan_of(merged(sound_value(), patch))


def findings(
    rule_id: str, plan: Experiment, organisation: Organisation | None = None, **params: Any
) -> list[Finding]:
    rule = load(rule_id)
    return findings_of(rule, plan, rule.params(**params), organisation or Organisation())


class TestOwner:
    @pytest.mark.parametrize(
        "dri",
        [
            "@pdp-pm",
            "pdp-pm",
            "@acme/pdp-leads",
            "Director of Search",
            "someone@example.com",
            "Orlando",
            "@android-dev",
        ],
    )
    def test_one_person_or_role(self, dri: str) -> None:
        assert findings("owner-named", changed(owner={"dri": dri})) == []

    @pytest.mark.parametrize(
        "dri",
        ["@a, @b", "@a/@b", "@a @b", "PM & DS", "PM or DS", "pm;ds", "pm+ds", "@pm\n@ds", "tbd", "TBD", "N/A", "?",
         " ", "nobody", "PDP", "@pdp"],
    )  # fmt: skip
    def test_not_one_person(self, dri: str) -> None:
        [finding] = findings("owner-named", changed(owner={"dri": dri}))
        assert finding.at == ("owner", "dri")


class TestFourEyes:
    @pytest.mark.parametrize(
        "spelling",
        [
            "@pdp-pm",
            "PDP-PM",
            " @Pdp-pm ",
            "@pdp-pm\0",
            "@pdp\x07-pm",
            "\x1b@pdp-pm",
            "@pdp-pm\x7f",
            "@pdp-pm\u200b",
            "@pdp‐pm",
        ],
    )
    def test_spelling_hides_nobody(self, spelling: str) -> None:
        [finding] = findings("four-eyes", changed(sign_offs={1: {"by": spelling}}))
        assert finding.at == ("sign_offs", 1, "by")

    def test_the_same_role_signed_twice_is_one_role(self) -> None:
        sign_offs = [{"role": "privacy", "by": "@privacy", "on": day} for day in ("2023-01-15", "2023-01-16")]
        assert findings("four-eyes", changed(sign_offs=sign_offs)) == []


class TestSignOffs:
    def test_one_valid_signature_is_enough(self) -> None:
        sign_offs = [
            {"role": "experimentation_lead", "by": "@xp-lead", "on": "2023-02-17"},
            {"role": "experimentation_lead", "by": "@xp-lead", "on": "2023-01-17"},
        ]
        assert findings("sign-offs", changed(sign_offs=sign_offs)) == []

    def test_of_several_invalid_ones_the_last_is_reported(self) -> None:
        sign_offs = [
            {"role": "experimentation_lead", "by": "@xp-lead", "on": f"2023-02-{day}"} for day in (16, 17)
        ]
        [finding] = findings("sign-offs", changed(sign_offs=sign_offs))
        assert finding.at == ("sign_offs", 1, "on")

    def test_each_absent_role_is_named_with_its_first_reason(self) -> None:
        plan = changed(risk=["privacy", "ai"], sign_offs=[])
        params = {
            "by_tier": {"critical": ("vp_commerce", "privacy")},
            "by_risk": {"privacy": ("privacy",), "ai": ("legal",)},
        }
        [finding] = findings("sign-offs", plan, Organisation(tier="critical"), **params)
        assert finding.message == (
            "the plan is not signed by experimentation_lead (every plan), vp_commerce (tier `critical`), "
            "privacy (tier `critical`) and legal (risk `ai`)"
        )

    def test_a_tier_without_roles_asks_for_no_more(self) -> None:
        by_tier = {"critical": ("vp_commerce",)}
        assert findings("sign-offs", changed(), Organisation(tier="standard"), by_tier=by_tier) == []

    def test_a_role_that_the_policy_does_not_staff_is_open_to_anyone(self) -> None:
        organisation = Organisation(roles={"privacy": ("@privacy",)})
        assert findings("sign-offs", changed(sign_offs={0: {"by": "@pdp-ds"}}), organisation) == []

    def test_an_invented_risk_does_not_pass_for_an_answer(self) -> None:
        found = findings("sign-offs", changed(risk=["revenue", "\x1b[2Jprivacy"]))
        assert [finding.at for finding in found] == [("risk", 1)]
        assert found[0].message.isprintable()

    def test_the_canary_counts_as_the_start(self) -> None:
        late = changed(canary={"start": "2023-01-17"})
        assert [finding.at for finding in findings("sign-offs", late)] == [("sign_offs", 0, "on")]

    def test_the_advice_names_who_may_sign(self) -> None:
        organisation = Organisation(
            roles={"experimentation_lead": ("@pdp-pm", "@xp-lead", "@xp-deputy"), "privacy": ("@privacy",)}
        )
        [finding] = findings("sign-offs", changed(risk=["privacy"], sign_offs=[]), organisation)
        assert finding.advice.text == (
            'add `- {role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}` and '
            '`- {role: privacy, by: "@privacy", on: 2023-01-17}` to `sign_offs` once they have signed before 2023-01-18'
        ), "the owner does not sign"

    def test_the_advice_invents_nobody(self) -> None:
        [finding] = findings("sign-offs", changed(sign_offs=[]))
        assert "have experimentation_lead sign before 2023-01-18" in finding.advice.text
        assert not {"...", "@", "YYYY"} & set(finding.advice.text.split())


class TestDecisionRule:
    def test_a_fall_is_an_improvement_above_zero(self) -> None:
        for bound, found in (("-1%", 1), ("0%", 0), ("1%", 0)):
            plan = changed(primary_metric={"direction": "decrease"}, decision_rule={"min_ci_lower": bound})
            assert len(findings("decision-rule", plan)) == found

    def test_a_non_inferiority_plan_without_margin_needs_its_margin_and_no_other_criterion(self) -> None:
        plan = changed(type="non_inferiority", decision_rule={"min_ci_lower": None})
        assert findings("decision-rule", plan) == []
        assert [finding.at for finding in findings("mde-declared", plan)] == [
            ("primary_metric", "non_inferiority_margin")
        ]

    def test_every_gap_is_named(self) -> None:
        plan = changed(decision_rule={"min_ci_lower": None, "otherwise": None, "options": None})
        assert [finding.at[-1] for finding in findings("decision-rule", plan)] == [
            "min_ci_lower", "otherwise", "options",
        ]  # fmt: skip


class TestEscalation:
    @pytest.mark.parametrize(("within", "soon"), [("24h", True), ("1d", True), ("25h", False), ("0h", True)])
    def test_within_a_day(self, within: str, soon: bool) -> None:
        assert (findings("escalation-path", changed(escalation={"within": within})) == []) is soon


class TestReadouts:
    @pytest.mark.parametrize(
        ("cadence", "at_least", "often"),
        [("daily", "weekly", True), ("weekly", "twice_weekly", False), ("biweekly", "biweekly", True)],
    )
    def test_cadences_are_ordered(self, cadence: str, at_least: str, often: bool) -> None:
        found = findings("readout-cadence", changed(readouts={"cadence": cadence}), at_least=at_least)
        assert (found == []) is often


class TestStatements:
    """What stands in for a statement is none, wherever a person is asked for one."""

    @pytest.mark.parametrize(
        "text", ["", " ", ".", "...", "TBD", "tba", "n/a", "TODO: ask", "@...", "<owner>", "?"]
    )
    @pytest.mark.parametrize(
        ("rule_id", "at"),
        [
            ("hypothesis-declared", ("hypothesis",)),
            ("owner-named", ("owner", "dri")),
            ("feature-flag", ("feature_flag",)),
            ("escalation-path", ("escalation", "to")),
            ("rollback-declared", ("rollback", "method")),
            ("rollback-owner", ("rollback", "owner")),
            ("rollback-comms", ("rollback", "comms")),
            ("decision-rule", ("decision_rule", "otherwise")),
            ("holdout-size", ("holdout", "none")),
            ("canary-size", ("canary", "none")),
            ("sign-offs", ("sign_offs", 0, "by")),
        ],
    )
    def test_placeholders(self, text: str, rule_id: str, at: tuple[str | int, ...]) -> None:
        value: object = text
        for step in reversed(at):
            value = {step: value}
        assert isinstance(value, dict)
        if at[-1] == "none":
            value[at[0]] |= dict.fromkeys(("treated", "start", "end", "share", "until"))
        assert at in [finding.at for finding in findings(rule_id, changed(**value))]

    @pytest.mark.parametrize(
        "text",
        [
            "Todo lists gain a button",
            "A <b>bold</b> price lifts sales",
            "全員に見える",
            "none of the pages change",
        ],
    )
    def test_sentences_are_statements(self, text: str) -> None:
        assert stated(text) == text

    @pytest.mark.parametrize("name", ["everybody", "@all", "team", "NOBODY"])
    def test_nobody_in_particular(self, name: str) -> None:
        assert stated(name)
        assert not somebody(name)
