"""What moves registered plans without their files: found once, at the line that does it, and at the gate."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from egp.record.lock import read_lock
from tests.integrity.team import SOUND_PLAN
from tests.metrics.shop import DAY, PLAN, Found, Shop

OTHER = "experiments/second.yaml"


@pytest.fixture
def agreed(shop: Shop) -> Shop:
    """A shop in which two plans are registered."""
    text = shop.read(PLAN).replace("mobile-buy-now", "second").replace("layer: pdp", "layer: second")
    text = text.replace("mobile_buy_now", "second").replace("pdp.mobile", "home.mobile")
    shop.write(OTHER, text)
    shop.register(PLAN, OTHER)
    shop.commit(DAY, "Two plans, agreed")
    assert shop.found() == []
    return shop


def moved(shop: Shop, *arguments: str) -> list[Found]:
    return [each for each in shop.found(*arguments) if each.rule == "definitions-kept"]


def test_the_digest_is_of_the_completed_plan(agreed: Shop) -> None:
    entry = read_lock(str(agreed.root)).entries["mobile-buy-now"]
    assert entry.digest
    assert entry.digest.startswith("v2:sha256:")
    assert entry.supplied
    assert entry.supplied.defaults
    assert entry.supplied.defaults["ramp"] == [
        {"treated": "70%", "min_dwell": "48h"}, {"treated": "90%", "min_dwell": "48h"},
    ]  # fmt: skip
    assert entry.supplied.metrics
    assert [*entry.supplied.metrics] == ["add_to_cart_rate", "refund_rate", "p95_page_load"]


BENIGN = {
    "label": ("metrics.yaml", "label: Refunds", "label: Refund rate"),
    "worth": ("metrics.yaml", "worth: 9 USD", "worth: 11 USD"),
    "owner": ("metrics.yaml", '"@pdp-ds"', '"@shop-ds"'),
    "name of a fact": (
        "metrics.yaml",
        "  events: {table",
        "  clicks: {table: x, unit: y, at: z}\n  events: {table",
    ),
    "comment of a policy": ("egp.yaml", "defaults:", "# ours\ndefaults:"),
    "spelling of a default": ("egp.yaml", "power: 95%", "power: 0.95"),
    "a default that the plans answer": ("egp.yaml", "plans:", "custom: []\nplans:"),
    "a metric that no plan names": ("metrics.yaml", "cap: 500 USD", "cap: 300 USD"),
    "a query that no plan rests on": ("sql/orders.sql", "NOT is_test", "is_test"),
}


@pytest.mark.parametrize(("path", "old", "new"), BENIGN.values(), ids=BENIGN)
def test_what_means_nothing_moves_nothing(agreed: Shop, path: str, old: str, new: str) -> None:
    agreed.edit(path, old, new)
    assert agreed.found() == []


MOVING = {
    "filter": (
        "metrics.yaml",
        "where: {name: refund}",
        "where: {name: refunded}",
        "refund_rate:",
        "refund_rate",
    ),
    "window": ("metrics.yaml", "outcome_window: 7d", "outcome_window: 6d", "refund_rate:", "refund_rate"),
    "unit of values": ("metrics.yaml", "value_unit: ms", "value_unit: s", "p95_page_load:", "p95_page_load"),
    "table": ("metrics.yaml", "table: page_loads", "table: page_loads_v2", "p95_page_load:", "p95_page_load"),
    "population": (
        "metrics.yaml",
        "device: mobile",
        "device: tablet",
        "pdp_mobile:",
        "pdp_mobile (population)",
    ),
}


@pytest.mark.parametrize(("path", "old", "new", "line", "name"), MOVING.values(), ids=MOVING)
def test_a_definition_that_changes_is_found_once_with_the_plans_it_moves(
    agreed: Shop, path: str, old: str, new: str, line: str, name: str
) -> None:
    agreed.edit(path, old, new)
    (found,) = moved(agreed)
    assert found.where == agreed.line_of(path, f"  {line}")
    plans = "2 registered plans (mobile-buy-now and second)"
    assert found.message == f"{name} is defined otherwise than when {plans} were registered"
    assert "locked-plan" not in {each.rule for each in agreed.found()}


def test_a_query_that_changes_is_found(agreed: Shop) -> None:
    agreed.edit(PLAN, "guardrail_metrics:", "secondary_metrics: [{id: revenue_per_user}]\nguardrail_metrics:")
    status, said = agreed.egp(
        "amend",
        PLAN,
        "--as-of=2023-01-18",
        "--reason=money",
        "--approver=@xp-lead",
        "--data-access=nothing_run",
    )
    assert status == 0, said
    agreed.edit("sql/orders.sql", "-- One row", "-- Each row\n-- One row")
    agreed.edit("sql/orders.sql", "SELECT user_id", "select   user_id")
    assert moved(agreed) == []
    agreed.edit("sql/orders.sql", "status = 'paid'", "status = 'Paid'")
    (found,) = moved(agreed)
    assert found.message == "revenue_per_user is defined otherwise than when mobile-buy-now was registered"


def test_a_definition_that_is_taken_away_is_found(agreed: Shop) -> None:
    text = re.sub(r"  refund_rate:\n.*\n", "", agreed.read("metrics.yaml"))
    agreed.write("metrics.yaml", text)
    assert [each.message for each in moved(agreed)] == [
        "refund_rate is not defined any more, and 2 registered plans (mobile-buy-now and second) were registered with its definition"
    ]


def test_a_reviewed_entry_lets_a_refactoring_through(agreed: Shop) -> None:
    agreed.edit("metrics.yaml", "where: {name: refund}", "where: {name: refunded}")
    (found,) = moved(agreed)
    step = re.search(r"`equivalent: \[(.*)\]`", found.help)
    assert step
    entry = step[1].replace("by: …, because: …", 'by: "@xp-lead", because: the event was renamed everywhere')
    agreed.write("metrics.yaml", f"{agreed.read('metrics.yaml')}equivalent: [{entry}]\n")
    assert agreed.found() == []
    agreed.edit("metrics.yaml", "where: {name: refunded}", "where: {name: refunds}")
    (again,) = moved(agreed)
    assert again.message == found.message


def test_reviewed_entries_follow_each_other_and_may_go_in_circles(agreed: Shop) -> None:
    steps = []
    before = None
    for name in ("refunded", "returned", "refund"):
        old = re.search(r"refund_rate:\n.*where: \{name: (\w+)\}", agreed.read("metrics.yaml"))
        assert old
        agreed.edit("metrics.yaml", f"where: {{name: {old[1]}}}", f"where: {{name: {name}}}")
        now = re.search(r'to: "(sha256:\w+)"', moved(agreed)[0].help) if name != "refund" else None
        first = re.search(r'from: "(sha256:\w+)"', moved(agreed)[0].help) if before is None else None
        before = before or (first and first[1])
        if now:
            steps.append(now[1])
    assert before
    chain = [before, *steps, before]
    entries = [
        f'  - {{metric: refund_rate, from: "{one}", to: "{two}", by: "@xp-lead", because: renamed}}'
        for one, two in pairwise(chain)
    ]
    agreed.edit("metrics.yaml", "where: {name: refund}", "where: {name: returned}")
    agreed.write("metrics.yaml", agreed.read("metrics.yaml") + "equivalent:\n" + "\n".join(entries) + "\n")
    assert agreed.found() == []


def test_a_default_that_changes_without_a_day_is_one_error(agreed: Shop) -> None:
    agreed.edit("egp.yaml", "power: 95%", "power: 96%")
    agreed.edit("egp.yaml", "cadence: weekly", "cadence: daily")
    agreed.edit("egp.yaml", "  data_access: aggregates\n", "")
    (found,) = moved(agreed)
    assert found.where == agreed.line_of("egp.yaml", "power: 96%")
    assert found.message == (
        "the default `statistics.power` was 95% and is 96%, the default `readouts.cadence` was weekly and is daily and"
        " the default `data_access` was aggregates and is removed, without a day: 2 registered plans (mobile-buy-now and"
        " second) were registered with what it was"
    )


def test_a_default_that_is_added_to_is_found_too(agreed: Shop) -> None:
    agreed.edit("egp.yaml", "  data_access:", "  secondary_metrics: [{id: revenue_per_user}]\n  data_access:")
    assert any(
        "`secondary_metrics[revenue_per_user].id` was not there" in each.message for each in moved(agreed)
    )


def test_with_a_day_it_holds_for_what_is_registered_from_then_on(agreed: Shop) -> None:
    text = agreed.read("egp.yaml")
    head, body = text.split("defaults:\n", 1)
    body, tail = body.split("\noverrides:", 1)
    lines = [f"    {line[2:]}" for line in body.splitlines()]
    dated = "\n".join(
        [
            "defaults:",
            "  - " + lines[0].strip(),
            *lines[1:],
            "  - {from: 2023-02-01, statistics: {power: 96%}}",
        ]
    )
    agreed.write("egp.yaml", f"{head}{dated}\n\noverrides:{tail}")
    assert agreed.found() == []
    status, said = agreed.egp("check", PLAN, "--as-of=2023-02-02")
    assert status == 0, said


def test_a_change_of_the_plan_is_the_plans(agreed: Shop) -> None:
    agreed.edit(PLAN, "registered:", "statistics: {power: 96%}\nregistered:")
    rules = {each.rule for each in agreed.found()}
    assert "locked-plan" in rules
    (found,) = (each for each in agreed.found() if each.rule == "locked-plan")
    assert found.message.startswith(
        "`/statistics/power` was 95% when the plan was registered on 2023-01-17, and is 96% now"
    )


def test_a_pull_request_that_moves_plans_is_found_by_the_base(agreed: Shop) -> None:
    agreed.edit("metrics.yaml", "where: {name: refund}", "where: {name: refunded}")
    agreed.commit("2023-01-18", "A wider filter")
    (found,) = moved(agreed, "--base=HEAD~1")
    assert found.where == agreed.line_of("metrics.yaml", "  refund_rate:")


def test_and_a_lock_that_comes_with_it_makes_it_no_better(agreed: Shop) -> None:
    before = agreed.git("rev-parse", "HEAD")
    agreed.edit("metrics.yaml", "where: {name: refund}", "where: {name: refunded}")
    for path in (PLAN, OTHER):
        status, said = agreed.egp(
            "amend",
            path,
            "--as-of=2023-01-18",
            "--reason=ours",
            "--approver=@xp-lead",
            "--data-access=nothing_run",
        )
        assert status == 0, said
    agreed.commit("2023-01-18", "A wider filter, amended")
    assert moved(agreed) == []
    assert len(moved(agreed, f"--base={before}")) == 1


def test_a_pull_request_with_a_broken_catalogue_cannot_be_judged(agreed: Shop) -> None:
    agreed.write("metrics.yaml", "metrics: [")
    report = agreed.report("--base=HEAD")
    assert [each["path"] for each in report["errors"]] == ["metrics.yaml"]


def test_an_amendment_pins_the_definition_as_it_is(agreed: Shop) -> None:
    agreed.edit("metrics.yaml", "where: {name: refund}", "where: {name: refunded}")
    status, said = agreed.egp(
        "amend", PLAN, "--as-of=2023-01-18", "--reason=events were renamed", "--approver=@xp-lead",
        "--data-access=nothing_run",
    )  # fmt: skip
    assert status == 0, said
    assert [each.message for each in moved(agreed)] == [
        "refund_rate is defined otherwise than when second was registered"
    ]


def test_registering_again_says_what_moved(agreed: Shop) -> None:
    agreed.edit("egp.yaml", "power: 95%", "power: 96%")
    agreed.edit(PLAN, "70_000", "71_000")
    status, said = agreed.egp("register", PLAN, f"--as-of={DAY}")
    assert status == 1
    assert "the default `statistics.power` was 95% and is 96%" in said


def test_a_plan_of_the_old_digest_goes_on_as_its_file_says(shop: Shop) -> None:
    policy = shop.read("egp.yaml")
    shop.write("egp.yaml", 'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n')
    (shop.root / PLAN).unlink()
    long = SOUND_PLAN.read_text(encoding="utf-8")
    shop.write("experiments/long.yaml", long)
    shop.register("experiments/long.yaml")
    shop.write("egp.yaml", policy.replace("alpha: 5%", "alpha: 1%").replace("roles:", "x-roles:"))
    entry = read_lock(str(shop.root)).entries["sound-plan"]
    assert entry.digest
    assert entry.digest.startswith("v1:")
    assert [each.rule for each in shop.found()] == []


def test_history_knows_the_registered_version(agreed: Shop) -> None:
    agreed.edit(PLAN, "70_000", "71_000")
    agreed.edit("egp.yaml", "power: 95%", "power: 96%")
    agreed.commit("2023-01-18", "more units")
    status, said = agreed.egp("history", PLAN, "--format=json")
    assert status == 0, said
    assert read_lock(str(agreed.root)).entries["mobile-buy-now"].digest in said  # type: ignore[operator]
