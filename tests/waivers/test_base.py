"""Against a base: a new waiver is dated today, and the baseline does not grow."""

from __future__ import annotations

import pytest

from tests.waivers.office import PLAN, Office, rules_in

LATER = "2023-01-25"


@pytest.fixture(params=["plan", "beside"])
def granting(request: pytest.FixtureRequest, office: Office) -> Office:
    """An office that keeps waivers in the plan, or one that keeps them beside the policy."""

    def waive(**changed: object) -> None:
        office.list_waivers(office.waiver(**{"experiment": "buy-now", **changed}))

    if request.param == "beside":
        office.waive = waive  # type: ignore[method-assign, assignment]
    return office


def test_a_new_one_is_dated_on_the_day_of_the_change(granting: Office) -> None:
    granting.house.commit()
    granting.waive(granted="2023-01-20")
    report = granting.report("--base=HEAD", as_of=LATER)
    assert granting.status == 1
    [refusal] = [each for each in report["diagnostics"] if each["rule"] == "waiver-valid"]
    assert "it is new, and dated 2023-01-20; today is 2023-01-25" in refusal["message"]
    assert rules_in(report, waived=True) == []


def test_one_that_the_base_has_keeps_its_date(granting: Office) -> None:
    granting.waive(granted="2023-01-20")
    granting.house.commit()
    granting.house.edit(PLAN, "title: Persistent", "title: Always persistent")
    report = granting.report("--base=HEAD", as_of=LATER)
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert "waiver-valid" not in rules_in(report, waived=False)


def test_one_of_today_holds_and_is_shown_as_new(granting: Office) -> None:
    """Nobody but whoever reviews the change knows whether the approver approved."""
    granting.house.commit()
    granting.waive(granted=LATER)
    report = granting.report("--base=HEAD", as_of=LATER)
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert [each["waiver"]["new"] for each in report["diagnostics"] if each["waiver"]] == [True]
    granting.house.egp("check", f"--as-of={LATER}", "--base=HEAD")
    assert "; new in this change)" in granting.house.out
    granting.house.commit()
    report = granting.report("--base=HEAD", as_of=LATER)
    assert [each["waiver"]["new"] for each in report["diagnostics"] if each["waiver"]] == [False]


@pytest.mark.parametrize("granted", [LATER, "2023-01-20"])
def test_a_policy_may_let_the_base_alone_attest_waivers(granting: Office, granted: str) -> None:
    granting.house.edit("egp.yaml", "approvers:", "attested_by: base, approvers:")
    granting.house.commit()
    granting.waive(granted=granted)
    report = granting.report("--base=HEAD", as_of=LATER)
    assert granting.status == 1
    assert rules_in(report, waived=True) == []
    refused = [each["message"] for each in report["diagnostics"] if each["rule"] == "waiver-valid"]
    assert any("nobody but its author says that it was approved" in each for each in refused)
    granting.house.commit()
    report = granting.report("--base=HEAD", as_of=LATER)
    assert rules_in(report, waived=True) == ["stage-dwell"]
