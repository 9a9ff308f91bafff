"""Overrides by attributes of plans: whom they cover, and that nobody escapes a rule by choosing an attribute."""

from __future__ import annotations

import pytest

from egp.policy.error import PolicyError
from egp.policy.scope import CHOSEN, NO_TRAITS, Condition, Traits
from egp.rules.rule import index, load
from egp.rules.rule_inputs import Organisation
from tests.check.workspace import PLAN, SHORT, Workspace, found
from tests.policy.test_reading import NOW, mistake, mistakes, policy

BASE = "rules: {minimum-runtime: {severity: error, waivable: false, days: 21}, escalation-path: {severity: warning}}\n"
ROLLOUT = Traits("standard", "rollout", ("privacy",), ("checkout.cart",), "pdp", "pdp")


@pytest.mark.parametrize(
    ("condition", "covered"),
    [
        (Condition(), True),
        (Condition(type=("rollout",)), True),
        (Condition(type=("superiority", "rollout")), True),
        (Condition(type=("superiority",)), False),
        (Condition(tier=("standard",)), True),
        (Condition(tier=("critical", "high")), False),
        (Condition(risk=("ai", "privacy")), True),
        (Condition(risk=("ai",)), False),
        (Condition(surfaces=("checkout.*",)), True),
        (Condition(surfaces=("pdp.*", "*.cart")), True),
        (Condition(surfaces=("pdp.*",)), False),
        (Condition(surfaces=("checkout",)), False),
        (Condition(layer=("pdp",), team=("pdp",)), True),
        (Condition(layer=("pdp",), team=("search",)), False),
        (Condition(tier=("standard",), type=("rollout",), risk=("privacy",)), True),
    ],
)
def test_of_every_trait_that_is_named_a_plan_has_one_of_the_values(
    condition: Condition, covered: bool
) -> None:
    assert condition.covers(ROLLOUT) is covered


@pytest.mark.parametrize("name", CHOSEN)
def test_a_plan_that_says_nothing_of_itself_meets_no_condition_on_it(name: str) -> None:
    assert not Condition(**{name: ("*",) if name == "surfaces" else ("rollout",)}).covers(NO_TRAITS)


def test_conditions_exclude_each_other_by_traits_of_which_a_plan_has_one() -> None:
    assert Condition(type=("rollout",)).excludes(Condition(type=("holdback", "superiority")))
    assert not Condition(type=("rollout",)).excludes(Condition(type=("rollout", "holdback")))
    assert not Condition(risk=("ai",)).excludes(Condition(risk=("privacy",)))
    assert not Condition(type=("rollout",)).excludes(Condition(tier=("standard",)))


@pytest.mark.parametrize(
    ("when", "severity"),
    [
        ("type: superiority", "info"),
        ("type: [rollout, superiority]", "info"),
        ("type: rollout", "error"),
        ("risk: revenue", "info"),
        ("surfaces: 'pdp.*'", "info"),
        ("layer: pdp", "info"),
        ("team: pdp", "info"),
        ("team: search", "error"),
        ("team: pdp, layer: other", "error"),
    ],
)
def test_what_the_plan_says_of_itself_decides(workspace: Workspace, when: str, severity: str) -> None:
    workspace.write(
        "egp.yaml",
        "rules: {minimum-runtime: {severity: error}}\n"
        f"overrides: [{{when: {{{when}}}, rules: {{minimum-runtime: {{severity: info}}}}}}]\n",
    )
    workspace.write(
        "plan.yaml", SHORT + "risk: [revenue, ai]\nsurfaces: [pdp.mobile]\nlayer: pdp\nowner: {team: pdp}\n"
    )
    report = workspace.report("plan.yaml")
    assert [(rule, weight) for rule, weight, _ in found(report)] == [("minimum-runtime", severity)]


def test_of_several_overrides_the_last_match_wins(workspace: Workspace) -> None:
    judge = policy(
        workspace,
        BASE + "overrides:\n  - {when: {type: rollout}, rules: {escalation-path: {hours: 8}}}\n"
        "  - {when: {team: pdp}, rules: {escalation-path: {hours: 30}}}\n",
    )
    (adopted,) = (
        each for each in judge.adopted("a.yaml", ROLLOUT, NOW).alone if each.rule.id == "escalation-path"
    )
    assert adopted.params.hours == 30  # type: ignore[attr-defined]


def test_traits_that_no_override_asks_for_are_not_carried_along(workspace: Workspace) -> None:
    judge = policy(workspace, BASE)
    workspace.write("plan.yaml", PLAN)
    assert judge.organisation("").__class__ is Organisation
    assert judge.traits_of(_Plan()) == NO_TRAITS  # type: ignore[arg-type]


class _Plan:
    """A plan that may be asked for its surfaces alone."""

    surfaces = ("pdp.mobile",)


SOFTER = [
    ("severity: off", "`severity: off` where `error` holds"),
    ("severity: shadow", "`severity: shadow` where `error` holds"),
    ("severity: warning", "`severity: warning` where `error` holds"),
    ("waivable: true", "`waivable: true` where `false` holds"),
    ("days: 14", "`days: 14` where `21` holds"),
    ("days: 20", "`days: 20` where `21` holds"),
]
CONDITIONS = [
    "type: rollout",
    "risk: ai",
    "surfaces: 'pdp.*'",
    "layer: pdp",
    "team: pdp",
    "tier: low, team: pdp",
]


@pytest.mark.parametrize(("setting", "told"), SOFTER)
@pytest.mark.parametrize("when", CONDITIONS)
def test_what_an_author_chooses_cannot_soften_a_rule_that_is_not_waivable(
    workspace: Workspace, when: str, setting: str, told: str
) -> None:
    text = BASE + "tiers: {'*': low}\noverrides:\n"
    text += f"  - when: {{{when}}}\n    rules: {{minimum-runtime: {{{setting}}}}}\n"
    place, message, advice = mistake(workspace, text)
    assert place == "egp.yaml:5:31"
    assert message.startswith("minimum-runtime is not waivable, and a plan's author")
    assert told in message
    assert "`paths:`" in advice


@pytest.mark.parametrize(
    "setting", ["days: 21", "days: 28", "severity: error", "waivable: false", "severity: error, days: 35"]
)
@pytest.mark.parametrize("when", CONDITIONS)
def test_what_an_author_chooses_may_tighten(workspace: Workspace, when: str, setting: str) -> None:
    policy(
        workspace,
        BASE
        + f"tiers: {{'*': low}}\noverrides: [{{when: {{{when}}}, rules: {{minimum-runtime: {{{setting}}}}}}}]\n",
    )


@pytest.mark.parametrize(
    "scope", ["paths: ['ml/**']", "when: {tier: low}", "paths: ['ml/**'], when: {tier: low}"]
)
def test_by_path_and_tier_any_rule_may_be_softened(workspace: Workspace, scope: str) -> None:
    policy(
        workspace,
        BASE
        + f"tiers: {{'*': low}}\noverrides: [{{{scope}, rules: {{minimum-runtime: {{severity: off}}}}}}]\n",
    )


def test_a_rule_that_is_waivable_may_be_softened_by_anything(workspace: Workspace) -> None:
    policy(
        workspace, BASE + "overrides: [{when: {type: rollout}, rules: {escalation-path: {severity: off}}}]\n"
    )


@pytest.mark.parametrize(
    ("rule", "setting", "softened"),
    [
        ("required-guardrails", "metrics: [a, b, c]", False),
        ("required-guardrails", "metrics: [b]", True),
        ("significance-level", "alpha: 1%", False),
        ("significance-level", "alpha: 10%", True),
        ("spending-allowed", "allowed: []", False),
        ("spending-allowed", "allowed: [pocock, obrien_fleming]", True),
        ("sign-offs", "by_risk: {ai: [privacy, legal], revenue: [finance]}", False),
        ("sign-offs", "by_risk: {ai: [privacy]}", True),
        ("four-eyes", "distinct_signers: true", False),
        ("four-eyes", "distinct_signers: false", True),
        ("cost-cap", "per_thousand: 1 USD", False),
        ("cost-cap", "per_thousand: 3 USD", True),
        ("cost-cap", "per_thousand: 1 EUR", True),
        ("guardrail-margin", "default: 5%", False),
        ("guardrail-margin", "default: 1pp", True),
        ("guardrail-margin", "margins: {a: 1%}", True),
        ("holdout-size", "after_ramp: 14d", False),
        ("holdout-size", "after_ramp: 1d", True),
    ],
)  # fmt: skip
def test_the_option_says_which_way_it_is_stricter(
    workspace: Workspace, rule: str, setting: str, softened: bool
) -> None:
    ground = {
        "required-guardrails": "metrics: [a, b]",
        "spending-allowed": "allowed: [pocock]",
        "sign-offs": "by_risk: {ai: [privacy], revenue: [finance]}",
        "cost-cap": "per_thousand: 2 USD",
    }.get(rule, "severity: error")
    text = f"rules: {{{rule}: {{severity: error, waivable: false}}}}\n".replace(
        "severity: error", f"severity: error, {ground}", ground != "severity: error"
    )
    text += f"overrides: [{{when: {{type: rollout}}, rules: {{{rule}: {{{setting}}}}}}}]\n"
    if softened:
        assert mistake(workspace, text)[1].startswith(f"{rule} is not waivable")
    else:
        policy(workspace, text)


def test_options_without_a_direction_are_named_here() -> None:
    """Of most options one way is stricter; a new one without must be thought about."""
    without = {
        (rule_id, name)
        for rule_id in index()
        for name, option in load(rule_id).options.items()
        if not option.stricter
    }
    assert without == {
        ("enrolment-window", "new_units"),
        ("reachable-sample", "per_day_units"),
        ("shortcut-mde", "tolerance"),
        ("known-metric", "metrics"),
        ("guardrail-margin", "margins"),
        ("readout-cadence", "at_least"),
        ("alpha-budget", "days"),
        ("no-unplanned-looks", "win_rate"),  # what pages tell of a number that was seen, and no limit
        # Levels of the gate's alarms: what makes one deaf to noise makes it deaf to harm.
        ("hair-trigger", "weekly_false_alarm"),
        ("hair-trigger", "limit_alpha"),
        ("hair-trigger", "harm_alpha"),
        ("hair-trigger", "day_correlation"),
        ("hair-trigger", "week_correlation"),
    }


def test_a_later_override_cannot_take_back_what_an_earlier_one_tightens(workspace: Workspace) -> None:
    """A plan of both would be softened by one of its attributes; in the other order it is not."""
    strict = "  - {when: {type: rollout}, rules: {minimum-runtime: {days: 35}}}\n"
    less = "  - {when: {risk: ai}, rules: {minimum-runtime: {days: 28}}}\n"
    _, message, _ = mistake(workspace, BASE + "overrides:\n" + strict + less)
    assert message.endswith("`days: 28` where `35` holds (egp.yaml:3)")
    policy(workspace, BASE + "overrides:\n" + less + strict)


def test_overrides_for_different_plans_are_not_compared(workspace: Workspace) -> None:
    policy(
        workspace,
        BASE + "overrides:\n  - {when: {type: rollout}, rules: {minimum-runtime: {days: 35}}}\n"
        "  - {when: {type: holdback}, rules: {minimum-runtime: {days: 28}}}\n",
    )


def test_a_rule_that_another_override_makes_binding_cannot_be_softened_by_an_author(
    workspace: Workspace,
) -> None:
    ground = "rules: {escalation-path: {severity: error}}\noverrides:\n"
    binding = "  - {paths: ['ml/**'], rules: {escalation-path: {waivable: false}}}\n"
    chosen = "  - {when: {type: rollout}, rules: {escalation-path: {hours: 48}}}\n"
    for overrides in (binding + chosen, chosen + binding):
        assert mistake(workspace, ground + overrides)[1].startswith("escalation-path is not waivable")


def test_no_day_is_left_out(workspace: Workspace) -> None:
    """As strict as today's setting is not as strict as tomorrow's, and no softer entry may wait for its day."""
    dated = "rules:\n  minimum-runtime: [{severity: error, waivable: false}, {from: 2027-01-01, days: 21}]\noverrides:\n"
    for setting in ("{days: 15}", "[{days: 28}, {from: 2028-01-01, days: 14}]"):
        text = dated + f"  - {{when: {{type: rollout}}, rules: {{minimum-runtime: {setting}}}}}\n"
        assert "where `21` holds" in mistake(workspace, text)[1]
    policy(workspace, dated + "  - {when: {type: rollout}, rules: {minimum-runtime: {days: 21}}}\n")


def test_a_policy_put_on_top_for_some_plans_cannot_soften_either(workspace: Workspace) -> None:
    workspace.write("soft.yaml", "rules: {minimum-runtime: {severity: warning}}\n")
    (failure,) = mistakes(workspace, BASE + "overrides: [{when: {type: rollout}, extends: [soft.yaml]}]\n")
    assert failure.path == "soft.yaml"
    assert "minimum-runtime is not waivable" in failure.message


@pytest.mark.parametrize("rule", ["valid-yaml", "valid-plan"])
def test_what_every_policy_asks_is_not_softened_by_anybody(workspace: Workspace, rule: str) -> None:
    with pytest.raises(PolicyError, match="is an error under every policy"):
        policy(
            workspace,
            BASE + f"overrides: [{{when: {{type: rollout}}, rules: {{{rule}: {{severity: info}}}}}}]\n",
        )


@pytest.mark.parametrize(
    ("when", "message", "advice"),
    [
        (
            "{type: rolout}",
            "no plan is of type `rolout`, did you mean `rollout`?",
            "superiority, non_inferiority",
        ),
        ("{type: [rollout, a/b]}", "no plan is of type `a/b`", "types are"),
        ("{tier: [low, hgh]}", "there is no tier `hgh`", "tiers are low"),
        ("{tier: []}", "nothing is named", "a text, or a list"),
        ("{team: ''}", "nothing is named", "a text, or a list"),
        ("{risk: [3]}", "3 is not a text", "quotes"),
        ("{owner: pdp}", "unknown key `owner`", "layer, risk, surfaces, team, tier, type"),
    ],
)
def test_a_condition_that_no_plan_can_meet_is_a_mistake(
    workspace: Workspace, when: str, message: str, advice: str
) -> None:
    text = BASE + f"tiers: {{'*': low}}\noverrides: [{{paths: [a], when: {when}, rules: {{}}}}]"
    _, told, help_text = mistake(workspace, text)
    assert message in told
    assert advice in help_text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("rules: {minimum-runtime: , escalation-path: {severity: error}}", "rules.minimum-runtime"),
        ("rules: {escalation-path: {severity: error}}\ntiers: {a: low, b: }", "tiers.b"),
        ("rules: {escalation-path: {severity: error}}\nroles: {privacy: }", "roles.privacy"),
        ("rules: {escalation-path: {severity: error}}\ncalendars: {sale: null}", "calendars.sale"),
        ("rules: {escalation-path: {severity: error}}\noverrides: [{paths: [a], rules: {escalation-path: }}]", "overrides[0].rules.escalation-path"),
    ],
)  # fmt: skip
def test_a_name_without_a_value_does_not_make_the_others_silent(
    workspace: Workspace, text: str, name: str
) -> None:
    told = [each.message for each in mistakes(workspace, text)]
    silent = (
        f"the policy is invalid: {name} says",
        f"the policy is invalid: {name}: null",
        f"the policy is invalid: {name} is null",
    )
    assert any(each.startswith(silent) for each in told)


def test_a_time_zone_must_be_one(workspace: Workspace) -> None:
    assert policy(workspace, BASE + "timezone: America/Los_Angeles\n").timezone == "America/Los_Angeles"
    assert mistake(workspace, BASE + "timezone: Mars/Olympus")[1] == "`Mars/Olympus` is no IANA time zone"
