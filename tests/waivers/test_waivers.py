"""A waiver that holds lets findings of its rule pass, and nothing else."""

from __future__ import annotations

import pytest

from tests.waivers.office import DAY, PLAN, Office, rules_in


def test_a_waived_finding_is_shown_and_counted_and_does_not_reject(office: Office) -> None:
    office.waive()
    report = office.report()
    assert office.status == 0
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert rules_in(report, waived=False) == []
    assert (report["summary"]["waived"], report["summary"]["error"]) == (1, 0)
    [diagnostic] = report["diagnostics"]
    line = office.house.text(PLAN).split("\n").index(f"waivers: [{office.waiver()}]") + 1
    assert diagnostic["severity"] == "error"
    assert diagnostic["waiver"] == {
        "by": "waiver",
        "place": f"{PLAN}:{line}",
        "reason": "the flag switches once a day",
        "ticket": "XP-17",
        "approver": "@xp-lead",
        "role": "experimentation_lead",
        "granted": "2023-01-17",
        "expires": "2023-02-16",
        "new": False,
    }


def test_the_auditor_sees_it_as_if_nothing_were_waived(office: Office) -> None:
    plain = office.report()["diagnostics"]
    office.waive()
    report = office.report("--no-waivers")
    assert office.status == 1
    assert report["diagnostics"] == plain
    assert report["summary"]["waived"] == 0


def test_what_its_rule_silenced_speaks(office: Office) -> None:
    """stage-reach is about the same dwell, and silent beside stage-dwell's error."""
    office.house.edit("egp.yaml", 'stage-reach: {severity: "off"}', "stage-reach: {severity: error}")
    assert rules_in(office.report(), waived=False) == ["stage-dwell"]
    office.waive()
    report = office.report()
    assert office.status == 1
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert rules_in(report, waived=False) == ["stage-reach"]


def test_a_material_edit_ends_it_and_another_edit_does_not(office: Office) -> None:
    office.waive()
    office.house.edit(PLAN, "title: Persistent", "title: Always persistent")
    office.report()
    assert office.status == 0
    office.house.edit(PLAN, "mde: 45bps", "mde: 46bps")
    refusal = office.refusal()
    assert refusal["pointer"] == "/waivers/0/digest"
    assert f'`digest: "{office.digest()}"`' in refusal["help"]


def test_it_survives_its_registration(office: Office) -> None:
    office.waive()
    assert office.house.register(PLAN) == 0
    office.report(as_of="2023-02-16")
    assert office.status == 0


def test_beside_the_policy(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="buy-now"))
    report = office.report()
    assert office.status == 0
    assert rules_in(report, waived=True) == ["stage-dwell"]
    assert report["diagnostics"][0]["waiver"]["place"] == "waivers.yaml:1"


def test_one_beside_the_policy_that_is_refused_is_told_there(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="buy-now", reason=" "))
    refusal = office.refusal()
    assert (refusal["path"], refusal["pointer"]) == ("waivers.yaml", "/waivers/0/reason")
    assert refusal["experiment"] == "buy-now"


def test_one_for_an_experiment_that_is_not_there_is_told_where_all_plans_are_asked_for(
    office: Office,
) -> None:
    office.list_waivers(office.waiver(experiment="buy-now"), office.waiver(experiment="sell-later"))
    report = office.report()
    [diagnostic] = [each for each in report["diagnostics"] if each["rule"] == "unused-waiver"]
    assert "no plan has the id sell-later" in diagnostic["message"]
    assert (diagnostic["path"], diagnostic["pointer"]) == ("waivers.yaml", "/waivers/1")
    office.list_waivers(office.waiver(experiment="sell-later"))
    assert "unused-waiver" in rules_in(office.report(), waived=False), "though no plan has a waiver"
    office.house.plan("elsewhere/other.yaml")
    assert "unused-waiver" not in rules_in(office.report("elsewhere/other.yaml"), waived=False)


def test_nobody_is_missed_while_a_plan_cannot_be_read(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="buy-now"), office.waiver(experiment="sell-later"))
    office.house.write("experiments/sell-later.yaml", "id: sell-later\nschedule: {\n")
    assert "unused-waiver" not in rules_in(office.report(), waived=False)


def test_nobody_is_missed_while_a_plan_has_no_name_or_a_file_is_none(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="sell-later"))
    nameless = office.house.text(PLAN).replace("id: buy-now\n", "", 1)
    office.house.write("experiments/nameless.yaml", nameless)
    assert "unused-waiver" not in rules_in(office.report(), waived=False)
    (office.house.root / "experiments/nameless.yaml").unlink()
    assert "unused-waiver" in rules_in(office.report(), waived=False)
    (office.house.root / "experiments/link.yaml").symlink_to("/etc/hostname")
    assert "unused-waiver" not in rules_in(office.report(), waived=False)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("waivers: [", "closing bracket"),
        ("waivers: {}\n", "where a list is meant"),
        ("", "empty"),
        ("waivers: [{rule: stage-dwell, experiment: buy-now, until: 2023-02-16}]\n", "unknown key `until`"),
        ("waivers: [{rule: stage-dwell}]\n", "names no experiment"),
        ("waivers: [{rule: stage-dwell, experiment: '*'}]\n", "`*` is a pattern"),
        ("waivers: [{experiment: buy-now, expires: tomorrow}]\n", "tomorrow"),
        ("waivers: []\n---\nwaivers: []\n", "second document"),
    ],
)
def test_a_file_that_cannot_be_relied_on_ends_with_2_and_the_findings_are_told(
    office: Office, content: str, words: str
) -> None:
    office.house.write("waivers.yaml", content)
    report = office.report()
    assert office.status == 2
    assert rules_in(report, waived=False) == ["stage-dwell"]
    assert any(words in each["message"] for each in report["errors"]), report["errors"]
    assert {each["path"] for each in report["errors"]} == {"waivers.yaml"}


def test_a_link_is_not_followed(office: Office) -> None:
    office.house.write("elsewhere.yaml", f"waivers: [{office.waiver(experiment='buy-now')}]\n")
    (office.house.root / "waivers.yaml").symlink_to("elsewhere.yaml")
    office.report()
    assert office.status == 2


def test_the_file_is_no_plan(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="buy-now"))
    assert office.house.egp("check", "waivers.yaml", "--as-of=2023-01-17") == 2
    assert "these are waivers, not a plan" in office.house.out
    assert office.house.egp("check", ".", "--policy=egp:standard", "--as-of=2023-01-17") == 1
    assert "this is not a plan" not in office.house.out


def test_an_unused_waiver_is_told(office: Office) -> None:
    office.house.edit(PLAN, "{treated: 70%, min_dwell: 24h}", "{treated: 70%, min_dwell: 48h}")
    office.waive()
    report = office.report()
    assert office.status == 0
    [diagnostic] = report["diagnostics"]
    assert (diagnostic["rule"], diagnostic["severity"]) == ("unused-waiver", "warning")


@pytest.mark.parametrize(
    ("day", "is_told"), [("2023-02-08", False), ("2023-02-09", True), ("2023-02-16", True)]
)
def test_a_waiver_that_ends_soon_is_told(office: Office, day: str, is_told: bool) -> None:
    office.waive()
    report = office.report(as_of=day)
    assert office.status == 0
    assert ("expiring-waiver" in rules_in(report, waived=False)) is is_told


def test_waivers_of_one_plan_are_not_of_another(office: Office) -> None:
    office.waive()
    office.house.plan("experiments/other.yaml", feature_flag="other", surfaces="[home.mobile]")
    office.house.edit(
        "experiments/other.yaml", "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 24h}"
    )
    report = office.report()
    assert office.status == 1
    assert {each["path"]: bool(each["waiver"]) for each in report["diagnostics"]} == {
        PLAN: True,
        "experiments/other.yaml": False,
    }


class TestWritten:
    """egp waive writes what would hold, and nothing else."""

    ARGUMENTS = (
        "--reason=the flag switches once a day",
        "--ticket=XP-17",
        "--approver=@xp-lead",
        "--role=experimentation_lead",
        "--expires=2023-02-16",
        "--as-of=2023-01-17",
    )

    def test_it_is_written_with_the_digest(self, office: Office) -> None:
        before = office.house.text(PLAN)
        assert office.house.egp("waive", PLAN, "stage-dwell", *self.ARGUMENTS) == 0
        assert "until the end of 2023-02-16: it lets 1 finding pass" in office.house.out
        after = office.house.text(PLAN)
        assert after.startswith(before.removesuffix("waivers: []\n"))
        assert f"digest: {office.digest()}" in after
        office.report()
        assert office.status == 0

    def test_it_is_renewed_in_its_place(self, office: Office) -> None:
        office.house.egp("waive", PLAN, "stage-dwell", *self.ARGUMENTS)
        office.house.edit(PLAN, "mde: 45bps", "mde: 46bps")
        office.house.egp("waive", PLAN, "stage-dwell", *self.ARGUMENTS, "--expires=2023-02-10")
        assert office.house.text(PLAN).count("rule: stage-dwell") == 1
        assert "expires: 2023-02-10" in office.house.text(PLAN)
        office.report()
        assert office.status == 0

    @pytest.mark.parametrize(
        ("rule", "change", "words"),
        [
            ("sample-size", "--ticket=XP-18", "sample-size is not waivable"),
            ("stage-dwell", "--approver=@pdp-pm", "does not hold the role"),
            ("stage-dwell", "--expires=2023-06-01", "the policy allows 30 days"),
            ("rollback-owner", "--ticket=XP-18", "rollback-owner finds nothing"),
        ],
    )
    def test_what_would_not_hold_is_not_written(
        self, office: Office, rule: str, change: str, words: str
    ) -> None:
        before = office.house.text(PLAN)
        assert office.house.egp("waive", PLAN, rule, *self.ARGUMENTS, change) == 1
        assert words in office.house.out
        assert office.house.text(PLAN) == before


CUSTOM = """\
custom:
  - id: owner-as-finance-needs-it
    at: /owner
    schema: {required: [cost_centre]}
    message: the owner is not as finance needs it
    tests: [{plan: {}, expect: fails, at: /owner/cost_centre}]
"""


def test_a_rule_of_the_policys_own_is_waived_like_any_other(office: Office) -> None:
    policy = office.house.text("egp.yaml")
    office.house.write("egp.yaml", policy + CUSTOM)
    assert "owner-as-finance-needs-it" in rules_in(office.report(), waived=False)
    office.waive(rule="owner-as-finance-needs-it")
    report = office.report()
    assert rules_in(report, waived=True) == ["owner-as-finance-needs-it"]
    assert rules_in(report, waived=False) == ["stage-dwell"]
    office.house.write("egp.yaml", policy + CUSTOM + "    waivable: false\n")
    assert rules_in(office.report(), waived=True) == []


@pytest.mark.parametrize("is_beside", [False, True])
def test_a_finding_says_why_its_waiver_does_not_waive_it_while_the_plan_is_invalid(
    office: Office, is_beside: bool
) -> None:
    if is_beside:
        office.list_waivers(office.waiver(experiment="buy-now"))
    else:
        office.waive()
    assert not [each for each in office.report()["diagnostics"] if each["related"]]
    office.house.edit(PLAN, "mde: ", "mde: banana # ")
    found = {each["rule"]: each for each in office.report()["diagnostics"]}
    (beside,) = found["stage-dwell"]["related"]
    assert "waives nothing while the plan is invalid" in beside["label"]
    assert ("waivers.yaml:1" in beside["label"]) is is_beside


def test_the_memo_says_in_which_file_a_waiver_is_mended(office: Office) -> None:
    office.list_waivers(office.waiver(experiment="buy-now", expires="2023-04-12"))
    office.house.egp("explain", PLAN, f"--as-of={DAY}")
    assert "Who does what: In waivers.yaml, set `expires: 2023-02-16`." in office.house.out
    assert "waivers.yaml         2023-04-12" in office.house.out
