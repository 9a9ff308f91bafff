"""The gate judges the completed plan, and holds where a definition or a default is not the one that was registered."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.metrics.shop import PLAN, Shop
from tests.metrics.test_holdouts import HOLDOUT

RESULTS = Path(__file__).parents[2] / "examples" / "results" / "pdp-buy-now"
CALL = (
    "gate",
    PLAN,
    "--results=results.yaml",
    "--to=70%",
    "--as-of=2023-02-07T08:00:00-08:00",
    "--format=json",
)


@pytest.fixture
def registered(shop: Shop) -> Shop:
    """The shop's plan, registered, with the rows of another experiment of the same length."""
    rows = (RESULTS / "day-14.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    shop.write("rows.csv", "".join(row for row in rows if ",cs_contacts," not in row))
    head = (RESULTS / "day-14.yaml").read_text(encoding="utf-8")
    shop.write(
        "results.yaml",
        head.replace("experiment: pdp-buy-now", "experiment: mobile-buy-now").replace(
            "day-14.csv", "rows.csv"
        ),
    )
    shop.register()
    return shop


def judged(shop: Shop) -> dict[str, Any]:
    _, said = shop.egp(*CALL)
    found: dict[str, Any] = json.loads(said)
    return found


def checked(shop: Shop, check: str) -> list[tuple[str, str]]:
    """(state, sentence) of a check's readings."""
    return [(each["state"], each["message"]) for each in judged(shop)["checks"] if each["check"] == check]


def test_the_registered_plan_is_judged_with_all_that_completes_it(registered: Shop) -> None:
    assert checked(registered, "registered") == [("pass", "registered on 2023-01-17, and unchanged since")]
    guardrails = " ".join(message for _, message in checked(registered, "guardrail"))
    assert "refund_rate" in guardrails
    assert "p95_page_load" in guardrails


def test_a_metric_that_is_defined_otherwise_holds_and_is_named(registered: Shop) -> None:
    registered.edit("metrics.yaml", "where: {name: refund}", "where: {name: refunded}")
    ((outcome, message),) = checked(registered, "registered")
    assert outcome == "fail"
    assert (
        message == "the plan is not the one that was registered: the metric refund_rate is defined otherwise"
    )
    assert judged(registered)["verdict"] == "hold"


def test_and_so_does_a_default(registered: Shop) -> None:
    registered.edit("egp.yaml", "guardrail_alpha: 5%", "guardrail_alpha: 10%")
    ((outcome, message),) = checked(registered, "registered")
    assert outcome == "fail"
    assert message.endswith("the default `statistics.guardrail_alpha` was 5% and is 10%")


def test_and_so_does_a_shared_holdout(registered: Shop) -> None:
    registered.write("egp.yaml", registered.read("egp.yaml") + HOLDOUT)
    registered.edit(PLAN, "registered:", "holdout: {of: shop-2023h1}\nregistered:")
    (registered.root / "egp.lock").unlink()
    shutil.rmtree(registered.root / "egp.lock.d")
    registered.register()
    assert checked(registered, "registered") == [("pass", "registered on 2023-01-17, and unchanged since")]
    registered.edit("egp.yaml", "flag: holdout_2023h1", "flag: holdout_b")
    ((outcome, message),) = checked(registered, "registered")
    assert outcome == "fail"
    assert message.endswith("of the holdout shop-2023h1 `flag` was holdout_2023h1 and is holdout_b")


def test_a_catalogue_that_is_missing_keeps_the_gate_from_judging(registered: Shop) -> None:
    (registered.root / "metrics.yaml").unlink()
    status, said = registered.egp(*CALL)
    assert status == 2
    assert "no metric would be known" in said


def test_the_starter_policy_makes_the_gate_no_milder(registered: Shop) -> None:
    registered.edit("egp.yaml", '["egp:standard"]', '["egp:starter"]')
    registered.edit("egp.yaml", '  sign_offs: [{role: experimentation_lead, by: "@xp-lead"}]\n', "")
    shutil.rmtree(registered.root / "egp.lock.d")
    (registered.root / "egp.lock").unlink()
    registered.edit(PLAN, "sign_offs: [{role: experimentation_lead, on: 2023-01-17}]", "sign_offs: []")
    registered.register()
    outcomes = {outcome for outcome, _ in checked(registered, "sign-off")}
    assert outcomes == {"fail"}
    status, said = registered.egp(*CALL[:-1])
    assert status == 1
    assert "no policy to launch on" in " ".join(said.split())
