"""Hostile policies and waivers: each gives one clear refusal, and none is silently ignored."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from egp.cli.main import main
from tests.check.workspace import Workspace
from tests.lock.entries import forge
from tests.register.house import House
from tests.rules.examples import sound_text
from tests.waivers.office import DAY, PLAN, Office, rules_in

ANOTHER_PLAN = "experiments/another.yaml"
SOUND = sound_text()


class TestWaivers:
    """A waiver that is refused waives nothing: its rule's finding and one finding about it, both errors."""

    @pytest.mark.parametrize("pattern", ["*", "stage-*", "stage-dwel?", "[s]tage-dwell"])
    def test_for_all_rules(self, office: Office, pattern: str) -> None:
        office.waive(rule=pattern)
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/rule"
        assert refusal["message"].endswith(f"`{pattern}` is a pattern, and a waiver is for one rule")

    def test_for_all_experiments(self, office: Office) -> None:
        office.list_waivers(office.waiver(experiment="*"))
        report = office.report()
        assert office.status == 2
        assert [each["rule"] for each in report["diagnostics"]] == ["stage-dwell"]
        [refusal] = report["errors"]
        assert "`*` is a pattern, and a waiver is for one experiment" in refusal["message"]
        assert refusal["span"]["start"]["line"] == 1

    @pytest.mark.parametrize(
        "approver",
        [
            "@pdp-pm",
            "pdp-pm",
            " @PDP-PM ",
            "@@pdp-pm",
            "@ pdp-pm",
            "@pdp\u2011pm",
            "\uff20pdp-pm",
        ],
    )
    def test_approved_by_the_owner(self, office: Office, approver: str) -> None:
        office.waive(approver=approver, role="product")
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/approver"
        assert refusal["message"].endswith("approved it and is responsible for the experiment")

    @pytest.mark.parametrize("approver", ["@pdp-pm\u200b", "\u202e@pdp-pm", "@pdp\u00ad-pm"])
    def test_approved_by_the_owner_with_characters_that_nobody_sees(
        self, office: Office, approver: str
    ) -> None:
        office.waive(approver=approver, role="product")
        told = [(each["rule"], each["pointer"]) for each in office.report()["diagnostics"]]
        assert {("valid-plan", "/waivers/0/approver"), ("waiver-valid", "/waivers/0/approver")} <= set(told)

    @pytest.mark.parametrize("owner", ["@XP-lead", "@ xp-lead", "\uff20xp\u2010lead", "@xp\u200b-lead\u0336"])
    def test_approved_by_an_owner_in_disguise(self, office: Office, owner: str) -> None:
        office.house.edit(PLAN, 'dri: "@pdp-pm"', f'dri: "{owner}"')
        office.waive()
        report = office.report()
        assert "stage-dwell" in rules_in(report, waived=False)
        [refusal] = [each for each in report["diagnostics"] if each["rule"] == "waiver-valid"]
        assert refusal["message"].endswith("approved it and is responsible for the experiment")

    def test_backdated_before_the_plan(self, office: Office) -> None:
        office.waive(granted="2023-01-05", expires="2023-01-31")
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/granted"
        assert "it is dated 2023-01-05" in refusal["message"]

    def test_backdated_before_the_change(self, office: Office) -> None:
        office.house.commit()
        office.waive(granted="2023-01-20")
        refusal = office.refusal("--base=HEAD", as_of="2023-01-21")
        assert refusal["pointer"] == "/waivers/0/granted"
        assert "it is new, and dated 2023-01-20" in refusal["message"]

    def test_granted_tomorrow(self, office: Office) -> None:
        office.waive(granted="2023-01-18")
        assert "yet to come on 2023-01-17" in office.refusal()["message"]

    def test_expired_yesterday_at_a_minute_to_midnight_in_another_time_zone(self, office: Office) -> None:
        """The policy's day is over in Los Angeles; where the pipeline runs, in Honolulu, it is still that day."""
        office.waive(expires="2023-02-16")
        office.report(as_of="2023-02-16T21:59:00-10:00")
        assert office.status == 0
        refusal = office.refusal(as_of="2023-02-16T23:59:00-10:00")
        assert refusal["pointer"] == "/waivers/0/expires"
        assert refusal["message"].endswith("it expired at the end of 2023-02-16")

    def test_granted_for_another_plan(self, office: Office) -> None:
        office.house.plan(ANOTHER_PLAN, surfaces="[home.mobile]")
        office.waive(digest=office.digest(ANOTHER_PLAN))
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/digest"
        assert office.digest() in refusal["help"]

    def test_for_another_experiment(self, office: Office) -> None:
        office.waive(experiment="another")
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/experiment"

    def test_for_a_rule_that_is_not_there(self, office: Office) -> None:
        office.waive(rule="stage-dwel")
        refusal = office.refusal()
        assert refusal["pointer"] == "/waivers/0/rule"
        assert refusal["message"].endswith("there is no rule `stage-dwel`, did you mean `stage-dwell`?")

    @pytest.mark.parametrize(
        ("changed", "key", "words"),
        [
            ({"expires": "2023-02-17"}, "expires", "it holds for 31 days, and the policy allows 30 days"),
            ({"expires": "2023-01-16", "granted": DAY}, "expires", "it expired at the end of 2023-01-16"),
            ({"expires": None}, "expires", "it does not say when it expires"),
            ({"granted": None}, "granted", "it does not say when it was granted"),
            ({"reason": "  "}, "reason", "it gives no reason"),
            ({"ticket": None}, "ticket", "it names no ticket"),
            ({"digest": None}, "digest", "it does not say for which version of the plan it was granted"),
            ({"digest": "*"}, "digest", "it was granted for *, and the plan is"),
            ({"approver": None}, "approver", "nobody approved it"),
            ({"approver": "@marketing"}, "approver", "@marketing does not hold the role"),
            ({"role": None}, "role", "it names no role"),
            ({"role": "privacy", "approver": "@privacy"}, "role", "privacy may not approve waivers"),
        ],
    )
    def test_that_lacks_something(
        self, office: Office, changed: dict[str, object], key: str, words: str
    ) -> None:
        office.waive(**changed)
        refusal = office.refusal()
        assert refusal["pointer"] in (f"/waivers/0/{key}", "/waivers/0")
        assert words in refusal["message"]
        assert refusal["help"]

    def test_under_a_policy_that_names_nobody(self, office: Office) -> None:
        office.waive()
        text = office.house.text("egp.yaml")
        for gone, words in (
            ("waivers: {approvers: [experimentation_lead, product], longest: 30d}\n", "lets nobody approve"),
            ('experimentation_lead: ["@xp-lead"], ', "does not say who holds the role experimentation_lead"),
        ):
            assert gone in text
            office.house.write("egp.yaml", text.replace(gone, ""))
            assert words in office.refusal()["message"]

    def test_under_a_policy_that_asks_nothing_of_waivers(self, office: Office) -> None:
        """It is told although no rule about waivers is adopted."""
        text = office.house.text("egp.yaml").replace('extends: ["egp:standard"]\n', "")
        office.house.write(
            "egp.yaml", text.replace('stage-reach: {severity: "off"}', "stage-dwell: {severity: error}")
        )
        office.waive(rule="*")
        assert "`*` is a pattern" in office.refusal()["message"]

    def test_of_a_plan_that_nobody_owns(self, office: Office) -> None:
        """Without an owner nobody can tell whether somebody else approved."""
        office.house.edit(PLAN, 'owner: {team: pdp, dri: "@pdp-pm"}', "owner: {team: pdp}")
        office.waive()
        report = office.report()
        assert "stage-dwell" in [each["rule"] for each in report["diagnostics"] if not each["waiver"]]
        [refusal] = [each for each in report["diagnostics"] if each["rule"] == "waiver-valid"]
        assert refusal["message"].endswith("the plan names no owner, who must not be the approver")

    def test_longer_than_a_month_where_the_policy_says_nothing(self, office: Office) -> None:
        office.house.edit("egp.yaml", ", longest: 30d", "")
        office.waive(expires="2023-02-17")
        assert "the policy allows 30 days" in office.refusal()["message"]

    def test_longer_than_the_policy_below_allows(self, office: Office) -> None:
        """A policy on top that names the approvers anew has not said how long they may waive."""
        terms = "waivers: {approvers: [experimentation_lead, product], longest: 30d}\n"
        office.house.write("below.yaml", terms.replace("30d", "7d"))
        office.house.edit("egp.yaml", '["egp:standard"]', '["egp:standard", below.yaml]')
        office.house.edit("egp.yaml", ", longest: 30d", "")
        office.waive(expires="2023-01-25")
        assert "the policy allows 7 days" in office.refusal()["message"]

    def test_where_the_policy_on_top_names_no_approver(self, office: Office) -> None:
        office.house.write("below.yaml", "waivers: {approvers: [experimentation_lead], longest: 30d}\n")
        office.house.edit("egp.yaml", '["egp:standard"]', '["egp:standard", below.yaml]')
        office.house.edit("egp.yaml", "approvers: [experimentation_lead, product]", "approvers: []")
        office.waive()
        assert "the policy lets nobody approve" in office.refusal()["message"]

    def test_of_a_rule_that_is_not_waivable(self, office: Office) -> None:
        office.house.edit(PLAN, "sample_size_per_variant: 147_000", "sample_size_per_variant: 14_000")
        office.waive(rule="sample-size")
        report = office.report()
        assert office.status == 1
        assert [each["rule"] for each in report["diagnostics"] if "not waivable" in each["message"]] == [
            "waiver-valid"
        ]
        assert "sample-size" in [each["rule"] for each in report["diagnostics"] if not each["waiver"]]

    def test_a_limit_of_no_time_is_no_limit_that_a_policy_may_set(self, office: Office) -> None:
        office.house.edit("egp.yaml", "longest: 30d", "longest: 0d")
        report = office.report()
        assert office.status == 2
        assert "waivers.longest" in report["errors"][0]["message"]


class TestPolicies:
    """A policy with a mistake judges nothing: one refusal at its line, exit status 2, and no finding of any plan."""

    def refused(self, house: House, *options: str) -> dict[str, Any]:
        """The only error of a check."""
        assert (
            house.egp("check", "experiments/buy-now.yaml", f"--as-of={DAY}", "--format=json", *options) == 2
        )
        report = json.loads(house.out)
        assert report["diagnostics"] == []
        assert report["summary"]["passed"] == 0
        (error,) = report["errors"]
        assert error["help"]
        return dict(error)

    def test_of_an_unknown_rule(self, house: House) -> None:
        house.write("egp.yaml", 'extends: ["egp:standard"]\nrules:\n  minimum-runtme: {severity: off}\n')
        error = self.refused(house)
        assert "there is no rule `minimum-runtme`, did you mean `minimum-runtime`?" in error["message"]
        assert (error["path"], error["span"]["start"]["line"]) == ("egp.yaml", 3)

    @pytest.mark.parametrize(
        "outside",
        ["../soft.yaml", "policies/../../soft.yaml", "{}/soft.yaml", "link.yaml", "linked/soft.yaml"],
    )
    def test_that_extends_something_outside_the_repository(
        self, house: House, tmp_path_factory: pytest.TempPathFactory, outside: str
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        (elsewhere / "soft.yaml").write_text("rules: {minimum-runtime: {severity: off}}\n", encoding="utf-8")
        (house.root / "link.yaml").symlink_to(elsewhere / "soft.yaml")
        (house.root / "linked").symlink_to(elsewhere)
        house.write("egp.yaml", f'extends: ["egp:standard", "{outside.format(elsewhere)}"]\n')
        assert "lies outside the repository" in self.refused(house)["message"]

    @pytest.mark.parametrize("name", ["a\\0b.yaml", "policies/../\\0", "\\0.yaml"])
    def test_that_extends_what_no_file_can_be_called(self, house: House, name: str) -> None:
        house.write("egp.yaml", f'extends: ["egp:standard", "{name}"]\n')
        assert house.egp("check", "experiments/buy-now.yaml", f"--as-of={DAY}") == 2
        assert "extends[1] has a character that nobody sees" in house.err
        assert "Traceback" not in house.err

    @pytest.mark.parametrize("last", ["egp.yaml", "./a.yaml", "policies/../b.yaml", "b.yaml"])
    def test_that_extends_itself_by_way_of_others(self, house: House, last: str) -> None:
        house.write("egp.yaml", 'extends: ["egp:standard", a.yaml]\n')
        house.write("a.yaml", "extends: [b.yaml]\n")
        house.write("b.yaml", f"extends: [{last}]\n")
        error = self.refused(house)
        assert "policies extend each other: " in error["message"]
        assert error["path"] == "b.yaml"

    def test_whose_override_extends_in_a_circle(self, house: House) -> None:
        house.write(
            "egp.yaml", 'extends: ["egp:standard"]\noverrides: [{paths: ["ml/*"], extends: [a.yaml]}]\n'
        )
        house.write("a.yaml", "extends: [a.yaml]\n")
        assert "policies extend each other: a.yaml → a.yaml" in self.refused(house)["message"]

    def test_that_lets_an_author_out_of_a_rule(self, house: House) -> None:
        override = "overrides: [{when: {risk: none}, rules: {power-floor: {severity: warning}}}]\n"
        house.write("egp.yaml", f'extends: ["egp:standard"]\n{override}')
        assert "power-floor is not waivable" in self.refused(house)["message"]

    def test_whose_strict_day_is_put_off_for_ever(self, house: House) -> None:
        """Entries out of order would hide the one that counts."""
        dated = "[{severity: error}, {from: 2999-01-01, severity: error}, {from: 2023-01-01, severity: off}]"
        house.write("egp.yaml", f'extends: ["egp:standard"]\nrules: {{minimum-runtime: {dated}}}\n')
        assert "does not come after 2999-01-01" in self.refused(house)["message"]

    def test_a_backdated_plan_is_judged_by_the_day_it_is_judged_on(self, house: House) -> None:
        """The lock says when a plan was registered; what the plan says of it chooses no setting."""
        dated = "rules:\n  minimum-runtime: [{days: 14}, {from: 2023-01-10, days: 21}]\n"
        house.write("egp.yaml", f'extends: ["egp:standard"]\n{dated}')
        house.plan(registered="2023-01-05")
        house.egp("check", "experiments/buy-now.yaml", f"--as-of={DAY}", "--format=json")
        found = [each for each in json.loads(house.out)["diagnostics"] if each["rule"] == "minimum-runtime"]
        assert [each["required"] for each in found] == ["21 days"]

    @pytest.mark.parametrize("day", [date(2023, 1, 5), date(2022, 12, 31), date(1999, 12, 31)])
    def test_a_lock_that_is_backdated_by_hand_is_found_by_comparing(self, house: House, day: date) -> None:
        dated = "rules:\n  minimum-runtime: [{days: 14}, {from: 2023-01-10, days: 21}]\n"
        house.write("egp.yaml", f'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n{dated}')
        house.commit()
        house.write("earlier.yaml", 'extends: ["egp:standard"]\n')
        assert house.register("experiments/buy-now.yaml", "--policy=earlier.yaml") == 0
        forge(house.root, "buy-now", registered=day)
        house.egp("check", f"--as-of={DAY}", "--base=HEAD", "--format=json")
        found = {each["rule"] for each in json.loads(house.out)["diagnostics"] if each["severity"] == "error"}
        assert "no-backdating" in found


_TEN = "[0,1,2,3,4,5,6,7,8,9]"
_MILLIONS = "".join(f"{_TEN}.all({name}, " for name in "abcdefgh") + "true" + ")" * 8
_DOUBLING = "['aaaaaaaa']" + ".map(a, a + a)" * 60 + ".size() == 1"
_SEEN = "plan['x-seen']"
_OVER_THE_PLAN = f"{_SEEN}.all(a, {_SEEN}.all(b, {_SEEN}.all(c, a + b + c >= 0)))"


class TestCustomRules:
    """A rule that a policy writes and that cannot judge: exit status 2 and the policy's line."""

    @staticmethod
    def refusal(
        workspace: Workspace, capsys: pytest.CaptureFixture[str], rule: str, plan: str = SOUND
    ) -> dict[str, Any]:
        """The only thing that the run complains of."""
        workspace.write("egp.yaml", f"custom:\n  - id: own\n    message: no\n    {rule}\n")
        workspace.write("plan.yaml", plan)
        assert main(["check", "plan.yaml", "--as-of=2023-01-18", "--format=json"]) == 2
        report = json.loads(capsys.readouterr().out)
        assert report["diagnostics"] == []
        (error,) = report["errors"]
        assert (error["path"], error["span"]["start"]["line"]) == ("egp.yaml", 4)
        assert error["help"]
        found: dict[str, Any] = error
        return found

    @pytest.mark.parametrize("expression", [_MILLIONS, _DOUBLING], ids=["loops", "doubling"])
    def test_an_expression_that_asks_too_much_is_refused_before_any_plan(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str], expression: str
    ) -> None:
        error = self.refusal(workspace, capsys, f'require: "{expression}"')
        assert "`require` was stopped: it took more " in error["message"]

    def test_an_expression_that_loops_over_a_million_elements_of_the_plan(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plan = f"{SOUND}x-seen: [{'1, ' * 1000}1]\n"
        rule = f'require: "{_OVER_THE_PLAN}"\n    when: "\'x-seen\' in plan"'
        error = self.refusal(workspace, capsys, rule, plan)
        assert "`require` was stopped: it took more than 1 s of processor time" in error["message"]

    @pytest.mark.parametrize(
        "reference", ["https://example.org/a.json", "file:///etc/passwd", "a.json", "//example.org", "urn:a"]
    )
    @pytest.mark.parametrize("place", ["{{$ref: '{0}'}}", "{{properties: {{id: {{$dynamicRef: '{0}'}}}}}}"])
    def test_a_schema_with_a_reference_to_elsewhere(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str], place: str, reference: str
    ) -> None:
        error = self.refusal(workspace, capsys, f"schema: {place.format(reference)}")
        assert f"the schema refers to `{reference}`, and egp fetches nothing" in error["message"]

    def test_a_pattern_that_takes_for_ever(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        plan = SOUND.replace("title: ", f"title: {'a' * 60}! ")
        error = self.refusal(workspace, capsys, "schema: {properties: {title: {pattern: '^(a+)+$'}}}", plan)
        assert "the schema was stopped: it took more than 1 s of processor time" in error["message"]

    def test_a_schema_that_refers_to_itself_without_an_end(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str]
    ) -> None:
        error = self.refusal(workspace, capsys, "schema: {allOf: [{$ref: '#'}]}")
        assert "the schema refers to itself without an end" in error["message"]

    @pytest.mark.parametrize("path", ["../outside.json", "/etc/hostname", "link.json"])
    def test_a_schema_outside_of_the_repository(
        self, workspace: Workspace, capsys: pytest.CaptureFixture[str], path: str
    ) -> None:
        (workspace.root.parent / "outside.json").write_text("{}", encoding="utf-8")
        (workspace.root / "link.json").symlink_to("../outside.json")
        error = self.refusal(workspace, capsys, f"schema: {path}")
        assert f"`{path}` lies outside the repository" in error["message"]
