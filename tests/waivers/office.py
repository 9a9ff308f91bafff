"""A repository whose plan breaks two rules, and people who may waive one of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.yaml import read_text
from tests.register.house import House

PLAN = "experiments/buy-now.yaml"
DAY = "2023-01-17"
POLICY = """\
extends: ["egp:standard"]
version: "2023.1"
timezone: America/Los_Angeles
plans: ["experiments/**/*.yaml"]
roles: {experimentation_lead: ["@xp-lead"], privacy: ["@privacy"], product: ["@pdp-pm"]}
waivers: {approvers: [experimentation_lead, product], longest: 30d}
rules:
  stage-reach: {severity: "off"}
"""
WAIVER = {
    "rule": "stage-dwell",
    "reason": "the flag switches once a day",
    "ticket": "XP-17",
    "approver": "@xp-lead",
    "role": "experimentation_lead",
    "granted": DAY,
    "expires": "2023-02-16",
}


class Office:
    """The repository, with a plan whose stages are too short, and egp called in it."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.write("egp.yaml", POLICY)
        house.edit(PLAN, "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 24h}")

    def digest(self, path: str = PLAN) -> str:
        return plan_digest(read_experiment(read_text(self.house.text(path))[0].value)[0])

    def waive(self, path: str = PLAN, /, **changed: object) -> None:
        """Puts a waiver into the plan by hand, some of its keys changed; None takes a key away."""
        self.house.edit(path, "waivers: []", f"waivers: [{self.waiver(path, **changed)}]")

    def waiver(self, path: str = PLAN, /, **changed: object) -> str:
        """A waiver as YAML on one line, with the plan's digest."""
        stated = {**WAIVER, "digest": self.digest(path), **changed}
        return json.dumps({key: value for key, value in stated.items() if value is not None})

    def list_waivers(self, *waivers: str) -> None:
        self.house.write("waivers.yaml", f"waivers: [{', '.join(waivers)}]\n")

    def report(self, *arguments: str, as_of: str = DAY) -> dict[str, Any]:
        """The JSON report of all plans."""
        self.status = self.house.egp("check", "--format=json", f"--as-of={as_of}", *arguments)
        report: dict[str, Any] = json.loads(self.house.out)
        return report

    def refusal(self, *arguments: str, as_of: str = DAY) -> dict[str, Any]:
        """The one diagnostic about waivers; what they would waive is reported beside it."""
        report = self.report(*arguments, as_of=as_of)
        assert self.status == 1
        assert report["summary"]["waived"] == 0
        rules = [each["rule"] for each in report["diagnostics"]]
        assert rules.count("stage-dwell") == 1
        assert len(rules) == 2, rules
        [diagnostic] = [each for each in report["diagnostics"] if each["rule"] != "stage-dwell"]
        assert diagnostic["rule"] == "waiver-valid"
        assert diagnostic["severity"] == "error"
        return dict(diagnostic)


def rules_in(report: dict[str, Any], waived: bool) -> list[str]:
    """The rules of the diagnostics that are waived, or of those that are not."""
    return [each["rule"] for each in report["diagnostics"] if bool(each["waiver"]) == waived]


@pytest.fixture
def office(house: House) -> Office:
    return Office(house)
