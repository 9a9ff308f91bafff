"""Pins: a policy that was copied into the repository is what was reviewed, or nothing is judged."""

from __future__ import annotations

import json

import pytest

from tests.register.house import DAY, House

VENDORED = "version: '1'\nrules: {minimum-runtime: {days: 14}}\n"
PLAN = "experiments/buy-now.yaml"


@pytest.fixture
def vendoring(house: House) -> House:
    """A repository whose policy builds on a copied one, which builds on another."""
    house.write("egp.yaml", 'extends: ["egp:standard", vendor/acme.yaml]\nplans: ["experiments/**/*.yaml"]\n')
    house.write("vendor/acme.yaml", f"extends: [ground.yaml]\n{VENDORED}")
    house.write("vendor/ground.yaml", "rules: {weekly-cycles: {times: 2}}\n")
    return house


def refusal(house: House) -> str:
    """What a check says that cannot judge."""
    assert house.egp("check", PLAN, f"--as-of={DAY}") == 2
    assert house.out == ""
    return house.err


def test_every_file_that_the_policy_extends_is_pinned(vendoring: House) -> None:
    assert vendoring.egp("policy", "pin") == 0
    assert vendoring.out.splitlines()[0].startswith("pinned vendor/acme.yaml as sha256:")
    assert vendoring.out.splitlines()[-1] == "commit egp.lock together with 2 pinned files"
    assert vendoring.lock_text is not None
    assert 'policies: {"vendor/acme.yaml": "sha256:' in vendoring.lock_text
    assert '"vendor/ground.yaml": "sha256:' in vendoring.lock_text
    assert vendoring.egp("check", PLAN, f"--as-of={DAY}") == 0


def test_a_changed_file_is_an_error_until_it_is_pinned_again(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    vendoring.edit("vendor/acme.yaml", "days: 14", "days: 7")
    told = refusal(vendoring)
    assert "cannot judge: vendor/acme.yaml: this policy is not as it was pinned: sha256:" in told
    assert "`egp policy pin`" in told
    for verb in (["policy", "show"], ["register", PLAN, f"--as-of={DAY}"], ["rules"]):
        assert vendoring.egp(*verb) == 2
    assert vendoring.egp("policy", "pin") == 0
    assert "vendor/ground.yaml is as it was pinned" in vendoring.out
    assert vendoring.egp("check", PLAN, f"--as-of={DAY}") == 0


def test_a_single_byte_counts(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    vendoring.write("vendor/ground.yaml", "rules: {weekly-cycles: {times: 2}}\n\n")
    assert "vendor/ground.yaml" in refusal(vendoring)


def test_programs_are_told_too(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    vendoring.edit("vendor/acme.yaml", "days: 14", "days: 7")
    assert vendoring.egp("check", PLAN, f"--as-of={DAY}", "--format=json") == 2
    (error,) = json.loads(vendoring.out)["errors"]
    assert error["path"] == "vendor/acme.yaml"


def test_pins_survive_registrations(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    pins = vendoring.text("egp.lock")
    assert vendoring.register() == 0
    assert vendoring.text("egp.lock") == pins


def test_pinning_again_changes_nothing(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    before = vendoring.lock_text
    assert vendoring.egp("policy", "pin") == 0
    assert vendoring.lock_text == before
    assert "commit" not in vendoring.out


def test_the_pin_of_a_file_that_is_gone_goes(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    (vendoring.root / "vendor" / "ground.yaml").unlink()
    vendoring.edit("vendor/acme.yaml", "extends: [ground.yaml]\n", "")
    vendoring.egp("policy", "pin")
    assert "vendor/ground.yaml is missing, and so is its pin" in vendoring.out
    assert "ground" not in (vendoring.lock_text or "")


def test_another_policy_of_the_repository_keeps_its_pins(vendoring: House) -> None:
    vendoring.egp("policy", "pin")
    vendoring.write("other.yaml", 'extends: ["egp:standard", vendor/third.yaml]\n')
    vendoring.write("vendor/third.yaml", VENDORED)
    assert vendoring.egp("policy", "pin", "--policy", "other.yaml") == 0
    for name in ("acme", "ground", "third"):
        assert f'"vendor/{name}.yaml": ' in (vendoring.lock_text or "")


def test_files_that_nobody_pinned_are_read_as_they_are(vendoring: House) -> None:
    assert vendoring.egp("check", PLAN, f"--as-of={DAY}") == 0
    vendoring.edit("vendor/acme.yaml", "days: 14", "days: 21")
    assert vendoring.egp("check", PLAN, f"--as-of={DAY}") == 1


@pytest.mark.parametrize(
    ("pins", "told"),
    [
        ('{"vendor/acme.yaml": yes}', "the lock pins vendor/acme.yaml to yes, which is no digest"),
        ('{"vendor/acme.yaml": null}', "policies.vendor/acme.yaml says nothing"),
        ('{"vendor/acme.yaml": ["sha256:aa"]}', "which is no digest"),
        ("[]", "the lock is damaged"),
        *(
            (f'{{"{path}": "sha256:{"0" * 64}"}}', f"the lock pins {path}, which is no path")
            for path in (
                "vendor/./acme.yaml",
                "./vendor/acme.yaml",
                "../acme.yaml",
                "/vendor/acme.yaml",
                "vendor//acme.yaml",
            )
        ),
    ],
)
def test_a_damaged_pin_is_no_pin_that_is_ignored(vendoring: House, pins: str, told: str) -> None:
    vendoring.write("egp.lock", f"lock: 1\nexperiments: {{}}\npolicies: {pins}\n")
    assert told in refusal(vendoring)


def test_there_is_nothing_to_pin_of_a_shipped_policy(house: House) -> None:
    assert house.egp("policy", "pin", "--policy", "egp:standard") == 2
    assert "nothing of it can be pinned" in house.err
    assert house.egp("policy", "pin") == 0
    assert house.out == "egp.yaml extends no file of this repository\n"
    assert house.lock_text is None
