"""Shared holdouts: what a policy defines once, plans name, rules compare, and the lock keeps."""

from __future__ import annotations

import json
import math
import re
from statistics import NormalDist

import pytest

from egp.record.lock import read_lock
from egp.record.lock.entries import sum_of
from tests.metrics.shop import DAY, PLAN, Found, Shop

OTHER = "experiments/second.yaml"

HOLDOUT = """
holdouts:
  shop-2023h1:
    share: 10%
    start: 2023-01-02
    until: 2023-06-30
    unit: user
    flag: holdout_2023h1
    description: what a half year of launches earns together
    owner: {team: growth, dri: "@xp-lead"}
    eligible_units: {distinct_over_run: 2_000_000}
    primary_metric: {id: add_to_cart_rate, baseline: 14%, mde: 40bps}
    statistics: {alpha: 5%, sides: two, power: 90%, method: fixed_horizon}
"""

REVIEWED = HOLDOUT.replace("until: 2023-06-30", "reviews: [2023-04-03, 2023-06-30]")


@pytest.fixture
def held(shop: Shop) -> Shop:
    """A shop in which two plans are in one holdout."""
    shop.write("egp.yaml", shop.read("egp.yaml") + HOLDOUT)
    text = shop.read(PLAN).replace("registered:", "holdout: {of: shop-2023h1}\nregistered:")
    shop.write(PLAN, text)
    text = text.replace("mobile-buy-now", "second").replace("layer: pdp", "layer: second")
    shop.write(OTHER, text.replace("mobile_buy_now", "second").replace("pdp.mobile", "home.mobile"))
    return shop


def rules(found: list[Found]) -> list[tuple[str, str]]:
    return [(each.rule, each.where) for each in found]


def test_plans_in_one_holdout_have_nothing_to_correct_and_are_no_collision(held: Shop) -> None:
    assert held.found() == []


def test_share_and_last_day_are_those_of_the_policy_with_their_lines(held: Shop) -> None:
    status, said = held.egp("show", PLAN, "--format=json", f"--as-of={DAY}")
    assert status == 0, said
    values = {each["name"]: each for each in json.loads(said)["plans"][0]["values"]}
    assert values["holdout.share"]["value"] == "10%"
    assert values["holdout.share"]["place"] == held.line_of("egp.yaml", "    share: 10%")
    assert values["holdout.until"]["place"] == held.line_of("egp.yaml", "until: 2023-06-30")
    assert values["holdout.until"]["source"] == "holdouts"


def test_a_default_can_name_the_holdout_of_all_plans(held: Shop) -> None:
    held.edit("egp.yaml", "holdout: {share: 10%, for: 90d}", "holdout: {of: shop-2023h1}")
    held.edit(PLAN, "holdout: {of: shop-2023h1}\n", "")
    assert held.found() == []
    held.edit(PLAN, "registered:", "holdout: {share: 20%, until: 2023-05-10}\nregistered:")
    assert {rule for rule, _ in rules(held.found())} == {"holdout-size"}  # an exposure of 90 % leaves no room


WRONG = {
    "unknown": ("{of: shop-2023h1}", "{of: shop-2023}", "known-holdout", "did you mean shop-2023h1?"),
    "share": ("{of: shop-2023h1}", "{of: shop-2023h1, share: 20%}", "holdout-agreement", "keeps 10 %"),
    "last day": (
        "{of: shop-2023h1}",
        "{of: shop-2023h1, until: 2023-05-31}",
        "holdout-agreement",
        "lasts until 2023-06-30",
    ),
    "ramp": (
        "{of: shop-2023h1}",
        "{of: shop-2023h1}\nramp: [{treated: 70%, min_dwell: 48h}, {treated: 95%, min_dwell: 48h}]",
        "ramp-declared",
        "the holdout keeps 10 %, together 105 %",
    ),
    "unit": ("{of: shop-2023h1}", "{of: shop-2023h1}\nunit: session", "holdout-agreement", "keeps user"),
}


@pytest.mark.parametrize(("old", "new", "rule", "saying"), WRONG.values(), ids=WRONG)
def test_a_plan_that_does_not_fit_its_holdout_is_found(
    held: Shop, old: str, new: str, rule: str, saying: str
) -> None:
    held.edit(PLAN, old, new)
    (found,) = [each for each in held.found() if each.rule == rule]
    assert found.where.startswith(PLAN)
    assert saying in found.message


def test_a_plan_outside_of_the_days_of_its_holdout_is_found(held: Shop) -> None:
    held.edit("egp.yaml", "start: 2023-01-02", "start: 2023-02-01")
    assert [each.rule for each in held.found()] == ["holdout-dates", "holdout-dates"]
    held.edit(
        "egp.yaml", "start: 2023-02-01\n    until: 2023-06-30", "start: 2023-01-02\n    until: 2023-02-08"
    )
    found = {each.rule for each in held.found()}
    assert found == {"holdout-size"}  # it says more: the ramp must end a week before


def test_a_holdout_that_finds_nothing_is_found_once_at_its_line(held: Shop) -> None:
    held.edit("egp.yaml", "distinct_over_run: 2_000_000", "distinct_over_run: 200_000")
    (found,) = held.found()
    assert (found.rule, found.where) == ("holdout-power", held.line_of("egp.yaml", "    share: 10%"))
    p, units, effect = 0.14, 20_000, 0.004
    error = math.sqrt(p * (1 - p) * (1 / units + 1 / (9 * units)))
    normal = NormalDist()
    power = normal.cdf(effect / error - normal.inv_cdf(0.975))
    said = float(found.message.partition(" % power")[0].rpartition(" ")[2])
    assert said == pytest.approx(100 * power, abs=1)


def test_what_a_holdout_is_to_find_may_be_left_open_and_is_then_not_checked(held: Shop) -> None:
    held.edit("egp.yaml", "    primary_metric: {id: add_to_cart_rate, baseline: 14%, mde: 40bps}\n", "")
    assert held.found() == []
    report = held.report()
    (missing,) = {
        (each["rule"], each["severity"]) for each in report["not_checked"] if "holdout" in each["rule"]
    }
    assert missing == ("holdout-power", "warning")


@pytest.fixture
def agreed(held: Shop) -> Shop:
    held.register(PLAN, OTHER)
    held.commit(DAY, "Two plans in one holdout, agreed")
    assert held.found() == []
    return held


def test_the_lock_keeps_what_the_holdout_was(agreed: Shop) -> None:
    entry = read_lock(str(agreed.root)).entries["mobile-buy-now"]
    assert entry.digest
    assert entry.digest.startswith("v2:sha256:")
    assert entry.supplied
    assert entry.supplied.holdout
    kept = dict(entry.supplied.holdout)
    assert kept.pop("definition").startswith("sha256:")
    assert kept == {"of": "shop-2023h1", "share": "10%", "until": "2023-06-30"}
    assert entry.supplied.holdout_terms
    assert {"start", "flag", "primary_metric"} < set(entry.supplied.holdout_terms)
    assert not {"owner", "description"} & set(entry.supplied.holdout_terms)


def the_change(shop: Shop, *arguments: str) -> Found:
    """The one finding that a definition is not what was registered."""
    (found,) = [each for each in shop.found(*arguments) if each.rule == "definitions-kept"]
    return found


MOVING = {
    "share": ("share: 10%", "share: 5%", "`share` was 10% and is 5%"),
    "start": ("start: 2023-01-02", "start: 2023-01-09", "`start` was 2023-01-02 and is 2023-01-09"),
    "flag": ("flag: holdout_2023h1", "flag: holdout_b", "`flag` was holdout_2023h1 and is holdout_b"),
    "MDE": ("mde: 40bps", "mde: 60bps", "`primary_metric.mde` was 40bps and is 60bps"),
    "level": (
        "{alpha: 5%, sides: two, power: 90%", "{alpha: 10%, sides: two, power: 90%", "`statistics.alpha` was 5% and is 10%"
    ),
    "another spelling": (
        "share: 10%\n    start: 2023-01-02", "share: 0.10\n    start: 2023-01-09", "`start` was 2023-01-02 and is 2023-01-09"
    ),
    "two keys": (
        "share: 10%\n    start: 2023-01-02", "share: 5%\n    salt: s\n    start: 2023-01-02",
        "`share` was 10% and is 5% and `salt` was not there and is s",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), MOVING.values(), ids=MOVING)
def test_a_change_under_registered_plans_is_found_once_and_names_them(
    agreed: Shop, old: str, new: str, said: str
) -> None:
    at = agreed.read("egp.yaml").index("holdouts:")
    agreed.write("egp.yaml", agreed.read("egp.yaml")[:at] + agreed.read("egp.yaml")[at:].replace(old, new, 1))
    found = the_change(agreed)
    changed = next(part for part in new.split("\n    ") if part not in old and "0.10" not in part)
    assert found.where == agreed.line_of("egp.yaml", changed)
    assert found.message == (
        "the shared holdout shop-2023h1 is defined otherwise than when 2 registered plans (mobile-buy-now and second) were "
        f"registered: {said}"
    )


def test_another_last_day_under_registered_plans_is_found_at_its_line(agreed: Shop) -> None:
    agreed.edit("egp.yaml", "until: 2023-06-30", "until: 2023-05-31")
    found = the_change(agreed)
    assert found.where == agreed.line_of("egp.yaml", "until: 2023-05-31")
    assert (
        "lasts until 2023-05-31, and 2 registered plans (mobile-buy-now and second) were registered with 2023-06-30"
        in found.message
    )


def test_a_lock_that_does_not_say_what_the_holdout_was_still_says_that_it_changed(agreed: Shop) -> None:
    for path in (agreed.root / "egp.lock.d").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        older = re.sub(r", holdout_terms: .*\}$", "}", text, flags=re.MULTILINE).rpartition("sum: ")[0]
        assert "holdout_terms" in text
        assert "holdout_terms" not in older
        path.write_text(f'{older}sum: "{sum_of(older)}"\n', encoding="utf-8")
    agreed.edit("egp.yaml", "mde: 40bps", "mde: 60bps")
    found = the_change(agreed)
    assert found.where == agreed.line_of("egp.yaml", "  shop-2023h1:")
    assert (
        "is defined otherwise than when 2 registered plans (mobile-buy-now and second) were registered"
        in found.message
    )


BENIGN = {
    "owner": ('dri: "@xp-lead"}\n    eligible', 'dri: "@growth-lead"}\n    eligible'),
    "description": ("what a half year", "what the first half year"),
    "spelling": ("share: 10%\n    start", "share: 0.10\n    start"),
    "another holdout": ("holdouts:\n", "holdouts:\n  b: {share: 1%, start: 2023-01-02, until: 2023-06-30, unit: user, salt: b}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), BENIGN.values(), ids=BENIGN)
def test_what_means_nothing_moves_nothing(agreed: Shop, old: str, new: str) -> None:
    agreed.edit("egp.yaml", old, new)
    assert agreed.found() == []


def test_a_removed_holdout_is_found_and_the_gate_holds(agreed: Shop) -> None:
    text = agreed.read("egp.yaml")
    agreed.write("egp.yaml", text[: text.index("holdouts:")])
    found = {each.rule: each.message for each in agreed.found()}
    assert "is not defined any more" in found["definitions-kept"]
    assert "known-holdout" in found


def test_another_review_continues_a_holdout_without_an_end_and_an_earlier_end_is_found(held: Shop) -> None:
    held.edit("egp.yaml", HOLDOUT, REVIEWED)
    held.register(PLAN, OTHER)
    held.commit(DAY, "Two plans in one holdout that is reviewed, agreed")
    held.edit("egp.yaml", "[2023-04-03, 2023-06-30]", "[2023-04-03, 2023-06-30, 2023-10-02]")
    assert held.found() == []
    held.edit("egp.yaml", "[2023-04-03, 2023-06-30, 2023-10-02]", "[2023-04-03]")
    found = the_change(held)
    assert "lasts until 2023-04-03, and 2 registered plans" in found.message


def test_an_amendment_takes_over_what_the_holdout_is_now(agreed: Shop) -> None:
    agreed.edit("egp.yaml", "mde: 40bps", "mde: 60bps")
    status, said = agreed.egp(
        "amend", PLAN, "--reason=the holdout looks for more", "--data-access=nothing_run",
        "--approver=@xp-lead", f"--as-of={DAY}",
    )  # fmt: skip
    assert status == 0, said
    found = the_change(agreed)
    assert "second" in found.message
    assert "mobile-buy-now" not in found.message


def test_a_pull_request_that_changes_a_holdout_is_compared_with_the_registrations_of_the_base(
    agreed: Shop,
) -> None:
    agreed.git("checkout", "--quiet", "-b", "smaller")
    agreed.edit("egp.yaml", "    share: 10%\n    start", "    share: 2%\n    start")
    agreed.commit(DAY, "A smaller holdout")
    found = the_change(agreed, "--base=main")
    assert "is defined otherwise" in found.message


MISTAKES = {
    "nobody": ("share: 10%\n    start", "share: 0%\n    start", "keeps nobody"),
    "no end": ("    until: 2023-06-30\n", "", "does not say how long it lasts"),
    "both": ("until: 2023-06-30", "until: 2023-06-30\n    reviews: [2023-04-03]", "say two things"),
    "backwards": ("until: 2023-06-30", "until: 2022-06-30", "is not after the start"),
    "nothing keeps them out": ("    flag: holdout_2023h1\n", "", "does not say what keeps its units out"),
    "unknown key": ("unit: user\n    flag", "units: user\n    flag", "unknown key"),
    "twice": (
        "holdouts:\n",
        "holdouts:\n  SHOP-2023H1: {share: 1%, start: 2023-01-02, until: 2023-06-30, unit: user, salt: b}\n",
        "is defined a second time",
    ),
}


@pytest.mark.parametrize(("old", "new", "saying"), MISTAKES.values(), ids=MISTAKES)
def test_a_holdout_that_cannot_be_is_refused_at_its_line(held: Shop, old: str, new: str, saying: str) -> None:
    held.edit("egp.yaml", old, new)
    assert any(saying in message and place.startswith("egp.yaml:") for place, message in held.mistakes())


FLAGS = """
rollouts:
  - {files: "flags/*.json", format: growthbook, environment: production}
"""


def growthbook(required: bool, coverage: float, held_out: float = 0.1, version: int = 2) -> str:
    """The plan's flag, and that of the holdout. Their names are of one length, which decides by the first version of the hash."""
    rule = {
        "type": "experiment-ref", "enabled": True, "trackingKey": "mobile_buy_now", "hashAttribute": "user_id",
        "coverage": coverage, "variations": [],
    }  # fmt: skip
    rule = {
        "type": "rollout",
        "enabled": True,
        "value": "buy_now",
        "coverage": coverage,
        "hashAttribute": "user_id",
        "hashVersion": version,
    }
    if required:
        rule["prerequisites"] = [{"id": "holdout_2023h1", "condition": '{"value": "released"}'}]
    own = {
        "type": "rollout", "enabled": True, "value": "released", "coverage": 1 - held_out, "hashAttribute": "user_id",
    }  # fmt: skip

    def feature(name: str, default: str, rule: dict[str, object]) -> dict[str, object]:
        environment = {"enabled": True, "defaultValue": default, "rules": [rule]}
        return {"id": name, "defaultValue": default, "environments": {"production": environment}}

    features = [feature("mobile_buy_now", "control", rule), feature("holdout_2023h1", "held_out", own)]
    return json.dumps({"features": features}, indent=1)


def served(shop: Shop, text: str) -> list[tuple[str, str]]:
    shop.write(
        "egp.yaml",
        shop.read("egp.yaml") + FLAGS if "rollouts:" not in shop.read("egp.yaml") else shop.read("egp.yaml"),
    )
    shop.write("flags/shop.json", text)
    report = shop.report("--as-of=2023-01-25")
    return [(each["rule"], each["message"]) for each in report["diagnostics"] if "rollout" in each["rule"]]


def test_a_flag_behind_the_flag_of_the_holdout_serves_a_share_of_those_who_are_left(held: Shop) -> None:
    assert served(held, growthbook(required=True, coverage=0.5)) == []
    (found,) = served(held, growthbook(required=True, coverage=0.45))
    assert "serves buy_now to 40.5 % of the units" in found[1]
    (found,) = served(held, growthbook(required=True, coverage=0.5, version=1))
    assert (
        "rule 1 of holdout_2023h1 and rule 1 hash user_id by version 1 with seeds of one length" in found[1]
    )
    assert "holdout_2023h1 and mobile_buy_now" in found[1]


def test_a_flag_that_keeps_units_of_its_own_is_found(held: Shop) -> None:
    (found,) = served(held, growthbook(required=False, coverage=0.45))
    assert found[0] == "rollout-shared-holdout"
    assert "does not require holdout_2023h1" in found[1]


def test_the_flag_of_a_holdout_is_governed_and_keeps_what_the_policy_says(held: Shop) -> None:
    (found,) = served(held, growthbook(required=True, coverage=0.5, held_out=0.05))
    assert found[0] == "rollout-shared-holdout"
    assert "keeps 10 %" in found[1]
    _status, said = held.egp("status", "--as-of=2023-01-25")
    assert "holdout_2023h1" not in said, said


def team(shop: Shop, name: str, policy: str) -> None:
    """A team's folder with a policy of its own and one plan."""
    shop.write(f"{name}/egp.yaml", f'extends: ["egp:standard"]\nplans: ["*.yaml"]\n{policy}')
    plan = (
        shop.read(OTHER)
        .replace("id: second", f"id: {name}")
        .replace("feature_flag: second", f"feature_flag: {name}")
    )
    shop.write(f"{name}/plan.yaml", plan.replace("layer: second", f"layer: {name}"))


def test_a_team_below_names_a_holdout_of_the_policy_above_and_may_not_define_it_again(held: Shop) -> None:
    held.edit("egp.yaml", "tiers:", 'delegates: ["search/**"]\ntiers:')
    team(held, "search", "")
    _status, said = held.egp("check", "search/plan.yaml", "--format=json", f"--as-of={DAY}")
    assert [each for each in json.loads(said)["diagnostics"] if "holdout" in each["rule"]] == []
    team(held, "search", HOLDOUT)
    status, said = held.egp("check", "search/plan.yaml", f"--as-of={DAY}")
    assert status == 2
    assert "the holdout `shop-2023h1` is defined a second time; the first is in egp.yaml:" in said


def test_two_teams_that_define_one_holdout_are_found(held: Shop) -> None:
    text = held.read("egp.yaml")
    held.write(
        "egp.yaml", text[: text.index("holdouts:")].replace("tiers:", 'delegates: ["a/**", "b/**"]\ntiers:')
    )
    team(held, "a", HOLDOUT)
    team(held, "b", HOLDOUT.replace("share: 10%", "share: 5%"))
    _status, said = held.egp("check", "a/plan.yaml", "--format=json", f"--as-of={DAY}")
    (found,) = [each for each in json.loads(said)["diagnostics"] if each["rule"] == "holdout-id"]
    assert "is defined in a/egp.yaml:5 and b/egp.yaml:5" in found["message"]


def test_a_plan_with_the_name_of_a_holdout_is_found(held: Shop) -> None:
    held.edit(OTHER, "id: second", "id: shop-2023h1")
    assert "holdout-id" in {each.rule for each in held.found()}
