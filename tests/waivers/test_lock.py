"""With `attested_by: lock` a waiver holds as the lock has it, word for word, and not otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egp.record.entry_files import entry_file
from egp.record.lock.entries import sum_of
from tests.waivers.office import DAY, PLAN, WAIVER, Office, rules_in

LATER = "2023-01-25"


def refused(report: dict[str, Any]) -> str:
    return "; ".join(each["message"] for each in report["diagnostics"] if each["rule"] == "waiver-valid")


@pytest.fixture
def guarded(office: Office) -> Office:
    """An office whose policy has the lock attest waivers."""
    office.house.edit("egp.yaml", "approvers:", "attested_by: lock, approvers:")
    return office


@pytest.fixture(params=["plan", "beside"])
def attested(request: pytest.FixtureRequest, guarded: Office) -> Office:
    """A waiver that the lock attests, in the plan or beside the policy."""
    if request.param == "plan":
        guarded.waive()
    else:
        guarded.list_waivers(guarded.waiver(experiment="buy-now"))
    assert guarded.house.register(PLAN) == 0
    return guarded


def replaced(office: Office, old: str, new: str) -> None:
    """Changes the waiver wherever it is written."""
    for path in (PLAN, "waivers.yaml"):
        if (office.house.root / path).exists() and '"stage-dwell"' in office.house.text(path):
            office.house.edit(path, old, new)


def test_registering_attests_it_and_then_it_holds(attested: Office) -> None:
    assert "attested: the waiver of stage-dwell, approved by @xp-lead until 2023-02-16" in attested.house.out
    assert "waived:\n  - {rule: " in attested.house.text(entry_file("buy-now"))
    report = attested.report()
    assert attested.status == 0
    assert rules_in(report, waived=True) == ["stage-dwell"]


def test_registering_again_attests_what_came_later(guarded: Office) -> None:
    """Registered while the stage was long enough, and amended with a waiver."""
    guarded.house.edit(PLAN, "min_dwell: 24h", "min_dwell: 48h")
    assert guarded.house.register(PLAN) == 0
    guarded.house.commit()
    guarded.house.edit("egp.yaml", "stage-reach:", "stage-dwell: {hours: 96}\n  stage-reach:")
    guarded.waive(granted="2023-01-20")
    report = guarded.report(as_of="2023-01-20")
    assert guarded.status == 1
    assert "the lock does not attest it" in refused(report)
    assert guarded.house.register(PLAN, day="2023-01-20") == 0
    assert "buy-now, registered on 2023-01-17, has waivers that the lock attests" in guarded.house.out
    before = guarded.house.lock_text
    assert guarded.house.register(PLAN, day="2023-01-21") == 0
    assert guarded.house.lock_text == before
    guarded.report(as_of="2023-01-20")
    assert guarded.status == 0


def test_an_amended_plan_has_its_waivers_attested_anew(attested: Office) -> None:
    before = attested.digest()
    attested.house.edit(PLAN, "until: 2023-05-10", "until: 2023-05-12")
    replaced(attested, before, attested.digest())
    report = attested.report(as_of="2023-01-20")
    assert "it is not the waiver that the lock attests since 2023-01-17" in refused(report)
    assert attested.house.amend() == 0
    report = attested.report(as_of="2023-01-20")
    assert attested.status == 0
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert [each.rule for each in attested.house.lock()["buy-now"].waived] == ["stage-dwell"] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("the flag switches once a day", "the flag switches once a week"),
        ("the flag switches once a day", "the flag switches once a day "),
        ("the flag switches once a day", "the flag sw\\u0456tches once a day"),
        ("XP-17", "XP-18"),
        ('"approver": "@xp-lead"', '"approver": "@XP-lead"'),
        ('"approver": "@xp-lead", "role": "experimentation_lead"', '"approver": "@prod", "role": "product"'),
        ("2023-02-16", "2023-02-15"),
        (f'"granted": "{DAY}"', '"granted": "2023-01-18"'),
    ],
    ids=["reason", "space", "look-alike", "ticket", "spelling", "approver", "expires", "granted"],
)
def test_a_waiver_that_was_changed_afterwards_is_not_attested(attested: Office, old: str, new: str) -> None:
    attested.house.edit("egp.yaml", 'product: ["@pdp-pm"]', 'product: ["@prod"]')
    replaced(attested, old, new)
    report = attested.report(as_of=LATER)
    assert attested.status == 1
    assert rules_in(report, waived=True) == []
    assert rules_in(report, waived=False).count("stage-dwell") == 1
    assert "it is not the waiver that the lock attests since 2023-01-17" in refused(report)


def without_a_lock(_: Office) -> None:
    """A plan that nobody registered."""


def registered_before(office: Office) -> None:
    """The lock has the plan, registered with its finding let pass by a policy of that day, and no waiver."""
    office.house.edit("egp.yaml", "attested_by: lock, ", "")
    assert office.house.register(PLAN) == 0
    office.house.edit("egp.yaml", "approvers:", "attested_by: lock, approvers:")


def of_another_experiment(office: Office) -> None:
    """The lock attests the same words for another experiment."""
    registered_before(office)
    lines = attestation(office, "wish-list")
    forge(office, "buy-now", lines)


def of_another_rule(office: Office) -> None:
    """The lock attests a waiver; its rule is exchanged in the readable part."""
    registered_before(office)
    forge(office, "buy-now", attestation(office, "wish-list").replace("wish-list", "buy-now"))


def by_a_digest_of_nothing(office: Office) -> None:
    registered_before(office)
    forge(office, "buy-now", 'waived:\n  - {rule: "stage-dwell", on: 2023-01-17, waiver: ""}\n')


def attestation(office: Office, name: str) -> str:
    """The lines by which the lock attests a waiver of another experiment."""
    from egp.plan.experiment import Waiver
    from egp.plan.typed_reader import read
    from egp.record.waivers.attested import waiver_digest

    waiver = read(Waiver, {**WAIVER, "digest": office.digest()})
    stated = json.dumps({"rule": "stage-dwell", "on": DAY, "waiver": waiver_digest(waiver, name)})
    return f"waived:\n  - {stated}\n"


def forge(office: Office, name: str, lines: str) -> None:
    """Adds lines to an entry of the lock, with a sum that fits, as whoever may write there could."""
    path = entry_file(name)
    above = office.house.text(path).rpartition("sum: ")[0] + lines
    office.house.write(path, f'{above}sum: "{sum_of(above)}"\n')


@pytest.mark.parametrize(
    "forging",
    [without_a_lock, registered_before, of_another_experiment, of_another_rule, by_a_digest_of_nothing],
)
def test_what_the_lock_does_not_attest_waives_nothing(guarded: Office, forging: Any) -> None:
    guarded.waive()
    forging(guarded)
    report = guarded.report(as_of=LATER if (guarded.house.root / "egp.lock").exists() else DAY)
    assert guarded.status == 1
    assert rules_in(report, waived=True) == []
    assert "stage-dwell" in rules_in(report, waived=False)
    assert "attest" in refused(report)


def test_an_attestation_that_is_written_by_hand_is_damage(guarded: Office) -> None:
    guarded.waive()
    registered_before(guarded)
    path = entry_file("buy-now")
    above, sum_mark, total = guarded.house.text(path).rpartition("sum: ")
    guarded.house.write(path, above + attestation(guarded, "buy-now") + sum_mark + total)
    guarded.report()
    assert guarded.status == 2


def test_it_holds_against_a_base_too_and_is_shown_as_new(guarded: Office) -> None:
    guarded.house.commit()
    guarded.waive()
    assert rules_in(guarded.report("--base=HEAD"), waived=True) == []
    assert guarded.house.register(PLAN) == 0
    report = guarded.report("--base=HEAD")
    assert guarded.status == 0
    assert [each["waiver"]["new"] for each in report["diagnostics"] if each["waiver"]] == [True]


def test_a_branch_cannot_take_the_lock_out_of_the_policy(guarded: Office) -> None:
    guarded.house.commit()
    guarded.waive()
    guarded.house.edit("egp.yaml", "attested_by: lock, ", "")
    report = guarded.report("--base=HEAD")
    assert rules_in(report, waived=True) == []
    assert "attest" in refused(report)


def test_waiving_writes_what_is_to_be_attested(guarded: Office) -> None:
    given = [f"--{key}={value}" for key, value in WAIVER.items() if key != "rule"]
    assert guarded.house.egp("waive", PLAN, "stage-dwell", *given, f"--as-of={DAY}") == 0
    assert f"it holds once the lock attests it, by `egp register {PLAN} --write-date`" in guarded.house.out
    guarded.report()
    assert guarded.status == 1
    assert guarded.house.register(PLAN) == 0
    guarded.report()
    assert guarded.status == 0


def test_history_tells_when_it_was_attested(attested: Office) -> None:
    attested.house.commit()
    assert attested.house.egp("history", PLAN) == 0
    assert "the lock attests the waiver of stage-dwell, approved by @xp-lead," in attested.house.out
    assert attested.house.egp("history", PLAN, "--format=json") == 0
    events = json.loads(attested.house.out)["experiments"][0]["events"]
    [waived] = [each for each in events if each["event"] == "waived"]
    assert waived["waived"] == [
        {"rule": "stage-dwell", "approver": "@xp-lead", "expires": "2023-02-16", "on": DAY}
    ]


def test_every_part_of_a_waiver_is_in_its_digest() -> None:
    """A key that is added to waivers and not to the digest could be changed behind it."""
    from egp.plan.experiment import Waiver
    from egp.record.waivers import attested

    assert {*attested._PARTS, "experiment"} == {name for _, name, _, _ in Waiver.fields()}
