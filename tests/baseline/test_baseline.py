"""The baseline excuses what was found on the day of adoption, and only shrinks."""

from __future__ import annotations

import pytest

from egp.advice.baseline import shrink as shrink_baseline
from egp.advice.baseline import start as start_baseline
from egp.check.suppressions import Before, SharedSuppressions
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy
from egp.record.waivers.baseline import BaselineEntry, FindingKey, baseline_of
from egp.record.waivers.grant import GrantTerms
from egp.yaml import read_text
from tests.check.test_settling import severities
from tests.check.workspace import AS_OF, Workspace
from tests.check.workspace import PLAN as SOUND
from tests.waivers.office import DAY, PLAN, Office, rules_in

RUNNING = "2023-01-25"
FILE = "egp-baseline.yaml"
SHORT_RUN = ("start: 2023-01-23, end: 2023-02-05", "start: 2023-01-23, end: 2023-01-29")


def entries(office: Office) -> list[dict[str, object]]:
    value = read_text(office.house.text(FILE))[0].value
    assert isinstance(value, dict)
    return list(value["findings"])


def recorded(office: Office) -> list[tuple[object, object]]:
    return [(each["rule"], each["pointer"]) for each in entries(office)]


def start(office: Office, as_of: str = DAY) -> None:
    assert office.house.egp("baseline", "--start", f"--as-of={as_of}") == 0, office.house.err


def shrink(office: Office, *arguments: str, as_of: str = DAY) -> None:
    assert office.house.egp("baseline", *arguments, f"--as-of={as_of}") == 0, office.house.err


def test_what_is_found_today_passes_and_is_told(office: Office) -> None:
    start(office)
    assert office.house.text(FILE) == (
        "# Written by egp baseline: what was found when the policy was adopted. It only shrinks.\n"
        "baseline: 1\n"
        "findings:\n"
        "  - {experiment: buy-now, rule: stage-dwell, pointer: /ramp/0/min_dwell}\n"
    )
    report = office.report()
    assert office.status == 0
    [diagnostic] = report["diagnostics"]
    assert diagnostic["severity"] == "error"
    assert (diagnostic["waiver"]["by"], diagnostic["waiver"]["place"]) == ("baseline", f"{FILE}:4")
    assert report["summary"]["waived"] == 1


def test_the_auditor_sees_it(office: Office) -> None:
    start(office)
    office.report("--no-waivers")
    assert office.status == 1


def test_the_auditor_hears_of_no_baseline(office: Office) -> None:
    """What its entries would excuse cannot be told while others speak for it."""
    office.house.edit(PLAN, "  mde: 45bps\n", "")
    start(office, as_of=RUNNING)
    report = office.report("--no-waivers", as_of=RUNNING)
    assert "mde-declared" in rules_in(report, waived=False)
    assert "stale-baseline" not in rules_in(report, waived=False)


def test_lines_do_not_matter_and_items_are_known_by_their_id(office: Office) -> None:
    office.house.edit(PLAN, "non_inferiority_margin: 7%", "non_inferiority_margin: 70%")
    start(office)
    assert any("/guardrail_metrics/cs_contacts/" in str(pointer) for _, pointer in recorded(office))
    text = office.house.text(PLAN)
    first = next(line for line in text.split("\n") if "id: refund_rate, kind" in line)
    moved = text.replace(f"{first}\n", "").replace("secondary_metrics: []", f"{first}\nsecondary_metrics: []")
    office.house.write(PLAN, "# one\n" * 10 + moved)
    report = office.report()
    assert office.status == 0
    assert rules_in(report, waived=False) == []


def test_a_new_finding_is_not_excused(office: Office) -> None:
    start(office)
    office.house.edit(PLAN, "{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 24h}")
    report = office.report()
    assert office.status == 1
    assert [each["pointer"] for each in report["diagnostics"] if not each["waiver"]] == ["/ramp/1/min_dwell"]
    shrink(office)
    assert recorded(office) == [("stage-dwell", "/ramp/0/min_dwell")]


def test_it_shrinks_and_never_grows(office: Office) -> None:
    office.house.edit(PLAN, "{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 24h}")
    start(office)
    assert len(recorded(office)) == 2
    office.house.edit(PLAN, "{treated: 70%, min_dwell: 24h}", "{treated: 70%, min_dwell: 48h}")
    report = office.report()
    assert office.status == 0
    [stale] = [each for each in report["diagnostics"] if not each["waiver"]]
    assert (stale["rule"], stale["severity"], stale["path"], stale["pointer"]) == (
        "stale-baseline", "warning", FILE, "/findings/0",
    )  # fmt: skip
    shrink(office)
    assert office.house.out.startswith("took out 1 finding\n")
    assert recorded(office) == [("stage-dwell", "/ramp/1/min_dwell")]
    assert rules_in(office.report(), waived=False) == []
    office.house.edit(PLAN, "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 24h}")
    shrink(office)
    assert recorded(office) == [("stage-dwell", "/ramp/1/min_dwell")]
    office.report()
    assert office.status == 1


def test_an_empty_baseline_is_not_started_again(office: Office) -> None:
    start(office)
    office.house.edit(PLAN, "{treated: 70%, min_dwell: 24h}", "{treated: 70%, min_dwell: 48h}")
    shrink(office)
    assert recorded(office) == []
    assert office.house.egp("baseline", "--start", f"--as-of={DAY}") == 2
    assert "it only shrinks" in office.house.err


def test_it_is_started_on_purpose(office: Office) -> None:
    assert office.house.egp("baseline", f"--as-of={DAY}") == 2
    assert "there is no baseline" in office.house.err
    assert not (office.house.root / FILE).exists()


def test_only_the_plans_asked_for_are_looked_at(office: Office) -> None:
    office.house.plan("experiments/other.yaml", surfaces="[home.mobile]")
    office.house.edit(
        "experiments/other.yaml", "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 24h}"
    )
    start(office)
    for path in (PLAN, "experiments/other.yaml"):
        office.house.edit(path, "{treated: 70%, min_dwell: 24h}", "{treated: 70%, min_dwell: 48h}")
    shrink(office, "experiments/other.yaml")
    assert [each["experiment"] for each in entries(office)] == ["buy-now"]


def test_an_entry_of_a_plan_that_is_gone_is_taken_out(office: Office) -> None:
    office.house.plan("experiments/other.yaml", surfaces="[home.mobile]")
    start(office)
    (office.house.root / PLAN).unlink()
    [stale] = office.report()["diagnostics"]
    assert stale["rule"] == "stale-baseline"
    assert "no plan has the id buy-now" in stale["message"]
    shrink(office)
    assert recorded(office) == []


def test_nothing_is_taken_out_while_a_plan_cannot_be_read(office: Office) -> None:
    start(office)
    before = office.house.text(FILE)
    text = office.house.text(PLAN)
    for broken in (
        "id: buy-now\nschedule: {\n",
        text.replace("title:", "titel:"),
        text.replace("id: buy-now", "id: [x]"),
    ):
        office.house.write(PLAN, broken)
        assert office.house.egp("baseline", f"--as-of={DAY}") == 2
        assert office.house.err.startswith(f"cannot judge: {PLAN}: it cannot be read whole")
        assert office.house.text(FILE) == before


def test_the_error_of_an_invalid_plan_says_that_its_entries_are_not_compared(office: Office) -> None:
    """Otherwise a stale entry is silent for as long as any mistake of reading is there."""
    start(office)
    office.house.edit(PLAN, "{treated: 70%, min_dwell: 24h}", "{treated: 70%, min_dwell: 48h}")
    text = office.house.text(PLAN)
    for broken, why in (
        (text.replace("title:", "titel:"), "while the plan is invalid"),
        (text.replace("alpha: 5%", "alpha: 5% x"), "while the plan is invalid"),
        (text.replace("id: buy-now", "id: [x]"), "while nobody can tell which plan this is"),
        ("id: buy-now\nschedule: {\n", "while nobody can tell which plan this is"),
    ):
        office.house.write(PLAN, broken)
        report = office.report()
        assert "stale-baseline" not in [each["rule"] for each in report["diagnostics"]]
        [beside] = [each for found in report["diagnostics"] for each in found["related"]]
        assert beside["label"] == f"{why}, 1 finding of the baseline is neither compared nor suppressed"
        assert (beside["path"], beside["span"]["start"]["line"]) == (FILE, 4)
        auditor = office.report("--no-waivers")
        assert not [each for found in auditor["diagnostics"] for each in found["related"]]


def test_of_plans_that_nobody_requested_nothing_is_said(office: Office) -> None:
    start(office)
    office.house.write("experiments/other.yaml", "id: [x]\n")
    report = office.report("experiments/other.yaml")
    assert report["diagnostics"]
    assert not [each for found in report["diagnostics"] for each in found["related"]]


class TestNotWaivable:
    """A rule that is not waivable is excused in plans that ran already, and only as they were."""

    def test_a_draft_is_planned_anew(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        start(office, as_of=DAY)
        assert "minimum-runtime" not in [rule for rule, _ in recorded(office)]
        assert "not suppressed, and reported as ever" in office.house.out
        report = office.report()
        assert office.status == 1
        assert "minimum-runtime" in rules_in(report, waived=False)

    def test_what_runs_cannot_be(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        start(office, as_of=RUNNING)
        [entry] = [each for each in entries(office) if each["rule"] == "minimum-runtime"]
        assert entry["digest"] == office.digest()
        assert all("digest" not in each for each in entries(office) if each["rule"] == "stage-dwell")
        office.report(as_of=RUNNING)
        assert office.status == 0

    def test_the_rule_it_silenced_is_recorded_too(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        assert "weekly-cycles" not in rules_in(office.report(as_of=RUNNING), waived=False)
        start(office, as_of=RUNNING)
        assert ("weekly-cycles", "/schedule/end") in recorded(office)

    def test_a_missing_input_is_excused_for_every_rule_that_it_blocks(self, office: Office) -> None:
        office.house.edit(PLAN, "  mde: 45bps\n", "")
        start(office, as_of=RUNNING)
        assert [rule for rule, pointer in recorded(office) if pointer == "/primary_metric/mde"] == [
            "mde-declared",
            "sample-size",
            "shortcut-mde",
        ]
        report = office.report(as_of=RUNNING)
        assert office.status == 0
        assert report["summary"]["not_checked"] > 0

    def test_a_digest_that_somebody_writes_excuses_no_draft(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        line = "{experiment: buy-now, rule: minimum-runtime, pointer: /schedule/end, digest: "
        office.house.write(FILE, f'baseline: 1\nfindings:\n  - {line}"{office.digest()}"}}\n')
        report = office.report()
        assert "minimum-runtime" in rules_in(report, waived=False)
        assert any("the plan has not begun" in each["message"] for each in report["diagnostics"])
        assert "minimum-runtime" in rules_in(office.report(as_of=RUNNING), waived=True)

    def test_a_material_edit_ends_it(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        start(office, as_of=RUNNING)
        office.house.edit(PLAN, "mde: 45bps", "mde: 46bps")
        report = office.report(as_of=RUNNING)
        assert office.status == 1
        assert "minimum-runtime" in rules_in(report, waived=False)
        assert "stage-dwell" in rules_in(report, waived=True)
        assert any("the plan has changed since" in each["message"] for each in report["diagnostics"])
        shrink(office, as_of=RUNNING)
        assert "minimum-runtime" not in [rule for rule, _ in recorded(office)]

    def test_a_digest_taken_out_by_hand_is_no_way_around(self, office: Office) -> None:
        office.house.edit(PLAN, *SHORT_RUN)
        start(office, as_of=RUNNING)
        office.house.write(FILE, office.house.text(FILE).replace(f", digest: {office.digest()}", ""))
        report = office.report(as_of=RUNNING)
        assert "minimum-runtime" in rules_in(report, waived=False)


def test_a_plan_that_cannot_be_what_it_promises_is_not_recorded(office: Office) -> None:
    office.house.edit(PLAN, "{min_ci_lower: 0%,", "{min_lift: 90bps, min_ci_lower: 0%,")
    found = rules_in(office.report(as_of=RUNNING), waived=False)
    assert "decision-power" in found
    start(office, as_of=RUNNING)
    assert "decision-power" not in [rule for rule, _ in recorded(office)]


@pytest.mark.parametrize("rule", ["valid-plan", "locked-plan", "no-personal-data", "waiver-valid"])
def test_some_rules_no_baseline_excuses(office: Office, rule: str) -> None:
    line = f"  - {{experiment: buy-now, rule: {rule}, pointer: /title}}\n"
    office.house.write(FILE, f"baseline: 1\nfindings:\n{line}")
    report = office.report()
    [stale] = [each for each in report["diagnostics"] if each["rule"] == "stale-baseline"]
    assert f"no baseline suppresses what {rule} finds" in stale["message"]


LINKS = "def check(plan: 'Experiment'):\n    for link in plan.links:\n        yield Finding(('links',), link, help='no')\n"


@pytest.mark.parametrize(
    ("links", "waived", "stale"),
    [(3, 0, 0), (2, 2, 0), (1, 1, 1), (0, 0, 1)],
    ids=["more", "as many", "fewer", "none"],
)
def test_findings_at_one_place_are_counted(workspace: Workspace, links: int, waived: int, stale: int) -> None:
    """More findings than were recorded are not what was recorded."""
    workspace.rule("no-links", LINKS)
    workspace.write("egp.yaml", severities(no_links="error", stale_baseline="warning"))
    workspace.write(
        FILE, "baseline: 1\nfindings: [{experiment: buy-now, rule: no-links, pointer: /links, count: 2}]\n"
    )
    workspace.write("plan.yaml", f"{SOUND}links: {[f'https://{n}.example' for n in range(links)]}\n")
    report = workspace.report("plan.yaml")
    assert len(report.waived) == waived
    assert [each.rule for each in report.effective].count("no-links") == links - waived
    assert [each.rule for each in report.effective].count("stale-baseline") == stale


def test_the_count_shrinks_with_the_findings(workspace: Workspace) -> None:
    workspace.rule("no-links", LINKS)
    workspace.write("egp.yaml", severities(no_links="error") + 'plans: ["*.yaml"]\n')
    workspace.write("plan.yaml", f"{SOUND}links: [a, b, c]\n")
    for expected, links in ((3, "[a, b, c]"), (2, "[a, b]"), (1, "[c]")):
        workspace.write("plan.yaml", f"{SOUND}links: {links}\n")
        verb = start_baseline if expected == 3 else shrink_baseline
        policy = read_policy(str(workspace.root / "egp.yaml"), "egp.yaml")
        finder = PlanFinder(str(workspace.root), policy.plans, policy.root)
        [entry] = verb(finder.portfolio(), finder, policy, AS_OF).entries
        assert entry.times == expected
        assert (f"count: {expected}" in (workspace.root / FILE).read_text()) is (expected > 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("findings: []\n", "baseline"),
        ("baseline: 2\nfindings: []\n", "this egp reads format 1"),
        ("baseline: 1\nfindings: [{rule: stage-dwell, experiment: buy-now}]\n", "pointer"),
        ("baseline: 1\nfindings: [{rule: a, experiment: b, pointer: /c, line: 4}]\n", "unknown key `line`"),
        (
            "baseline: 1\nfindings:\n  - {rule: a, experiment: b, pointer: /c}\n"
            "<<<<<<< HEAD\n  - {rule: a, experiment: b, pointer: /d}\n",
            "",
        ),
        (
            "baseline: 1\nfindings: [{rule: a, experiment: b, pointer: /c}, {rule: a, experiment: b, pointer: /c}]\n",
            "also entry 1",
        ),
        *(
            (
                f"baseline: 1\nfindings: [{{rule: a, experiment: b, pointer: /c, count: {times}}}]\n",
                "no number of findings",
            )
            for times in (0, -3)
        ),
    ],
)
def test_a_baseline_that_cannot_be_relied_on_excuses_nothing(
    office: Office, content: str, words: str
) -> None:
    office.house.write(FILE, content)
    report = office.report()
    assert office.status == 2
    assert rules_in(report, waived=False) == ["stage-dwell"]
    assert any(words in each["message"] for each in report["errors"])
    assert office.house.egp("baseline", f"--as-of={DAY}") == 2
    assert office.house.text(FILE) == content


class TestBase:
    """On a pull request the base's baseline is what may be excused."""

    def test_an_entry_that_the_base_lacks_excuses_nothing(self, office: Office) -> None:
        start(office)
        office.house.commit()
        office.house.edit(PLAN, "{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 24h}")
        added = "  - {experiment: buy-now, rule: stage-dwell, pointer: /ramp/1/min_dwell}\n"
        office.house.write(FILE, office.house.text(FILE) + added)
        report = office.report("--base=HEAD")
        assert office.status == 1
        assert [
            each["pointer"]
            for each in report["diagnostics"]
            if each["rule"] == "stage-dwell" and not each["waiver"]
        ] == ["/ramp/1/min_dwell"]
        assert any("it is new since the base" in each["message"] for each in report["diagnostics"])

    def test_a_baseline_that_was_started_again_excuses_no_more(self, office: Office) -> None:
        start(office)
        office.house.commit()
        office.house.edit(PLAN, "{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 24h}")
        (office.house.root / FILE).unlink()
        start(office)
        office.report("--base=HEAD")
        assert office.status == 1

    @pytest.mark.parametrize(
        ("now", "is_grown"),
        [((2, "v1:a"), False), ((1, "v1:a"), False), ((3, "v1:a"), True), ((2, ""), True)],
    )
    def test_an_entry_may_excuse_less_and_not_more(self, now: tuple[int, str], is_grown: bool) -> None:
        found = FindingKey("buy-now", "stage-dwell", "/ramp/0")
        before = Before({}, {found: BaselineEntry(0, found, 2, "v1:a")})
        allowances = SharedSuppressions(baseline=baseline_of([BaselineEntry(0, found, *now)]), before=before)
        [excuse] = allowances.excuses("buy-now", GrantTerms("buy-now", AS_OF), ())
        assert ("new since the base" in excuse.lapsed) is is_grown

    def test_the_first_one_is_what_adoption_is(self, office: Office) -> None:
        office.house.commit()
        start(office)
        report = office.report("--base=HEAD")
        assert office.status == 0
        assert [each["waiver"]["new"] for each in report["diagnostics"]] == [True]

    def test_the_first_one_excuses_no_plan_that_comes_with_it(self, office: Office) -> None:
        """Where the base is judged by its own policy, what is new is not what was there."""
        text = office.house.text(PLAN)
        (office.house.root / PLAN).unlink()
        office.house.commit()
        office.house.write(PLAN, text)
        start(office)
        report = office.report("--base=HEAD")
        assert office.status == 1
        assert "stage-dwell" in rules_in(report, waived=False)
        assert any("the base has no such plan" in each["message"] for each in report["diagnostics"])

    def test_the_first_one_excuses_no_edit_that_comes_with_it(self, office: Office) -> None:
        office.house.commit()
        office.house.edit(PLAN, *SHORT_RUN)
        start(office, as_of=RUNNING)
        report = office.report("--base=HEAD", as_of=RUNNING)
        assert {"minimum-runtime", "stage-dwell"} <= set(rules_in(office.report(as_of=RUNNING), waived=True))
        assert "minimum-runtime" in rules_in(report, waived=False)
        assert "stage-dwell" in rules_in(report, waived=True)
        assert any("not as the base has it" in each["message"] for each in report["diagnostics"])

    def test_the_first_one_may_come_with_the_policy_and_the_plans(self, office: Office) -> None:
        policy, plan = office.house.text("egp.yaml"), office.house.text(PLAN)
        (office.house.root / PLAN).unlink()
        (office.house.root / "egp.yaml").unlink()
        office.house.commit()
        office.house.write("egp.yaml", policy)
        office.house.write(PLAN, plan)
        start(office)
        office.report("--base=HEAD")
        assert office.status == 0


NEEDS_LAYER = "def check(plan: 'Experiment'):\n    need(plan.layer, 'layer')\n    return []\n"


def test_a_missing_input_is_excused_for_each_rule_by_itself(workspace: Workspace) -> None:
    """A rule that is adopted later, or is not waivable, does not hide behind the entry of another."""
    for rule in ("early-need", "later-need", "minor-need"):
        workspace.rule(rule, NEEDS_LAYER)
    workspace.write("egp.yaml", severities(early_need="error", later_need="error", minor_need="warning"))
    workspace.write("plan.yaml", SOUND)
    entry = "  - {{experiment: buy-now, rule: {0}, pointer: /layer}}\n"
    workspace.write(FILE, "baseline: 1\nfindings:\n" + entry.format("early-need"))
    report = workspace.report("plan.yaml")
    assert [each.rule for each in report.waived] == ["early-need"]
    assert [each.rule for each in report.effective] == ["later-need"]
    assert {each.rule: each.blocked_by for each in report.unchecked} == {
        "early-need": "early-need", "later-need": "later-need", "minor-need": "later-need",
    }  # fmt: skip
    workspace.write(
        FILE, "baseline: 1\nfindings:\n" + "".join(map(entry.format, ("early-need", "later-need")))
    )
    report = workspace.report("plan.yaml")
    assert [each.rule for each in report.waived] == ["early-need", "later-need"]
    assert (report.exit_status(), report.exit_status("warning")) == (0, 1)


def test_a_waiver_is_told_rather_than_the_baseline(office: Office) -> None:
    start(office)
    office.waive()
    [diagnostic] = office.report()["diagnostics"]
    assert diagnostic["waiver"]["by"] == "waiver"
    office.house.edit(PLAN, "expires", "x-expires")
    assert "stale-baseline" not in rules_in(office.report(), waived=False)


def test_branches_that_fix_different_findings_merge(office: Office) -> None:
    """Each entry is a line of its own, in an order that depends on nothing else."""
    office.house.edit(PLAN, "{treated: 90%, min_dwell: 48h}", "{treated: 90%, min_dwell: 24h}")
    office.house.edit(PLAN, 'owner: "@pdp-oncall", ', "")
    start(office)
    whole = office.house.text(FILE).split("\n")
    office.house.edit(PLAN, "{treated: 90%, min_dwell: 24h}", "{treated: 90%, min_dwell: 48h}")
    shrink(office)
    assert [line for line in whole if line not in office.house.text(FILE).split("\n")] == [
        "  - {experiment: buy-now, rule: stage-dwell, pointer: /ramp/1/min_dwell}"
    ]
