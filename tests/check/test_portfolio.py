"""Rules that compare plans: all plans of the policy take part, only those asked for are reported."""

from __future__ import annotations

import subprocess

import pytest

from egp.policy.plan_files import PlanFinder
from egp.record.sources import git as git_sources
from egp.record.sources.git_command import GitAnswer, ask
from tests.check.workspace import PLAN, Workspace
from tests.gate.calling import call

SAME_LAYER = """
def check(portfolio: 'Portfolio'):
    for other in portfolio.others('layer', portfolio.plan.layer):
        related = (Related(('layer',), f'shared with {other.id}', plan=other.path, document=other.document),)
        yield Finding(('layer',), f'{portfolio.plan.id} shares its layer with {other.id}', related=related)
"""
POLICY = "plans: ['experiments/*.yaml']\nrules: {same-layer: {severity: error}}\n"


def plan(name: str, layer: str = "pdp") -> str:
    return PLAN.replace("buy-now", name) + f"layer: {layer}\n"


def repository(workspace: Workspace, policy: str = POLICY) -> Workspace:
    workspace.rule("same-layer", SAME_LAYER)
    workspace.write("egp.yaml", policy)
    workspace.write("experiments/a.yaml", plan("a"))
    workspace.write("experiments/b.yaml", plan("b"))
    workspace.write("experiments/c.yaml", plan("c", layer="checkout"))
    workspace.write("drafts/d.yaml", plan("d"))
    return workspace


def messages(workspace: Workspace, *paths: str) -> list[str]:
    report = workspace.report(*paths)
    assert not report.failures
    return [each.message for each in report.diagnostics]


def test_all_plans_are_compared(workspace: Workspace) -> None:
    assert messages(repository(workspace)) == ["a shares its layer with b", "b shares its layer with a"]


def test_only_what_is_asked_for_is_reported(workspace: Workspace) -> None:
    repository(workspace)
    assert messages(workspace, "experiments/b.yaml") == ["b shares its layer with a"]
    assert messages(workspace, "experiments/c.yaml") == []


def test_a_plan_is_not_compared_with_itself_however_its_path_is_written(workspace: Workspace) -> None:
    repository(workspace)
    for path in (
        "./experiments/a.yaml",
        "drafts/../experiments/a.yaml",
        str(workspace.root / "experiments/a.yaml"),
    ):
        assert messages(workspace, path) == ["a shares its layer with b"]


def test_a_plan_is_not_compared_with_itself_through_a_link(workspace: Workspace) -> None:
    repository(workspace)
    (workspace.root / "shortcut").symlink_to(workspace.root / "experiments")
    assert "a shares its layer with a" not in messages(workspace, "shortcut/a.yaml")


def test_a_plan_outside_the_patterns_is_judged_alone(workspace: Workspace) -> None:
    repository(workspace)
    assert messages(workspace, "drafts/d.yaml") == []
    assert messages(workspace, "drafts/d.yaml", "experiments/a.yaml") == ["a shares its layer with b"]


@pytest.mark.parametrize(
    "others", [(), ("experiments/b.yaml",), ("drafts/d.yaml",), ("experiments",), (".",)]
)
def test_without_patterns_a_plan_is_compared_with_those_in_its_folder(
    workspace: Workspace, others: tuple[str, ...]
) -> None:
    """Whatever else is in the call: the verdict on a plan is that of a call of its own."""
    repository(workspace, POLICY.partition("\n")[2])
    workspace.write("experiments/deployment.yaml", "kind: Deployment\nlayer: pdp\n")
    workspace.write("experiments/broken.yaml", "layer: [")
    (workspace.root / "experiments/link.yaml").symlink_to("/etc/hostname")
    report = workspace.report("experiments/a.yaml", *others)
    assert [each.message for each in report.diagnostics if each.experiment == "a"] == [
        "a shares its layer with b"
    ]


def test_without_patterns_a_plan_in_a_folder_of_its_own_has_no_others(workspace: Workspace) -> None:
    repository(workspace, POLICY.partition("\n")[2])
    assert [
        line for line in messages(workspace, "experiments/a.yaml", "drafts/d.yaml") if line.startswith("d ")
    ] == []


AS_A_WHOLE = """
def check(portfolio: 'Portfolio'):
    if portfolio.reported_elsewhere:
        raise DoesNotApply
    yield Finding(('id',), f'{portfolio.plan.id} says it of {len(portfolio.index.entries)} plans')
"""


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ((), "a says it of 3 plans"),
        (("experiments/a.yaml",), "a says it of 3 plans"),
        (("experiments/b.yaml",), "b says it of 3 plans"),
        (("experiments/c.yaml", "experiments/b.yaml"), "c says it of 3 plans"),
        (("experiments",), "a says it of 3 plans"),
    ],
)
def test_the_portfolio_as_a_whole_is_reported_once_on_a_plan_of_the_call(
    workspace: Workspace, paths: tuple[str, ...], says: str
) -> None:
    repository(workspace, POLICY.replace("same-layer", "as-a-whole"))
    workspace.rule("as-a-whole", AS_A_WHOLE)
    assert messages(workspace, *paths) == [says]


def test_each_policy_reports_of_the_portfolio_as_a_whole(workspace: Workspace) -> None:
    (workspace.root / ".git").mkdir()
    alpha = "statistics: {alpha: 5%, sides: two}\n"
    for team, most in (("ads", "0.05"), ("shop", "0.01"), ("web", "9")):
        workspace.write(
            f"{team}/egp.yaml",
            f"plans: ['*.yaml']\nrules: {{alpha-budget: {{severity: error, false_wins: {most}}}}}\n",
        )
        for number in (1, 2):
            workspace.write(f"{team}/{number}.yaml", PLAN.replace("buy-now", f"{team}-{number}") + alpha)
    for paths, reporting in (
        (("ads", "shop", "web"), ["ads/1.yaml", "shop/1.yaml"]),
        (("web", "shop/2.yaml"), ["shop/2.yaml"]),
        (("shop", "ads/2.yaml"), ["shop/1.yaml", "ads/2.yaml"]),
    ):
        told = call(workspace.root, "check", *paths, "--as-of", "2023-01-18", "--format", "json").json
        found = [each["path"] for each in told["diagnostics"] if each["rule"] == "alpha-budget"]
        assert sorted(found) == sorted(reporting)


def test_a_rule_that_is_off_for_the_first_plan_reports_of_the_portfolio_on_the_next(
    workspace: Workspace,
) -> None:
    alpha = "statistics: {alpha: 5%, sides: two}\n"
    workspace.write(
        "egp.yaml",
        "plans: ['*.yaml']\nrules: {alpha-budget: {severity: error, false_wins: 0.05}}\n"
        "overrides: [{paths: ['1.yaml'], rules: {alpha-budget: {severity: off}}}]\n",
    )
    for number in (1, 2, 3):
        workspace.write(f"{number}.yaml", PLAN.replace("buy-now", f"plan-{number}") + alpha)
    assert [each.place.path for each in workspace.report("1.yaml", "2.yaml", "3.yaml").diagnostics] == [
        "2.yaml"
    ]
    assert workspace.report("1.yaml").diagnostics == []


def test_the_other_place_is_shown_from_the_other_file(workspace: Workspace) -> None:
    repository(workspace)
    (diagnostic,) = workspace.report("experiments/b.yaml").diagnostics
    (related,) = diagnostic.related
    assert (related.place.path, related.place.pointer, related.line) == (
        "experiments/a.yaml",
        "/layer",
        "layer: pdp",
    )


def test_documents_of_one_file_are_compared(workspace: Workspace) -> None:
    repository(workspace)
    workspace.write("experiments/c.yaml", f"{plan('c', 'home')}---\n{plan('e', 'home')}")
    report = workspace.report("experiments/c.yaml")
    assert [
        (each.message, each.place.document, each.related[0].place.document) for each in report.diagnostics
    ] == [
        ("c shares its layer with e", 0, 1),
        ("e shares its layer with c", 1, 0),
    ]


def test_a_piped_plan_takes_the_place_of_the_file_it_stands_for(workspace: Workspace) -> None:
    repository(workspace)
    finder = PlanFinder(str(workspace.root), ("experiments/*.yaml",), str(workspace.root))
    edited = finder.piped(plan("a").encode(), "experiments/a.yaml")
    assert [each.message for each in workspace.report(extra=[edited]).diagnostics] == [
        "a shares its layer with b"
    ]


def test_a_piped_plan_is_shown_as_the_other_place_too(workspace: Workspace) -> None:
    repository(workspace, POLICY.partition("\n")[2])
    workspace.write("a.yaml", plan("a"))
    finder = PlanFinder(str(workspace.root))
    piped = finder.piped(f"# not on disk\n{plan('e')}".encode(), "<stdin>")
    report = workspace.report("a.yaml", extra=[piped])
    related = {each.message: each.related[0] for each in report.diagnostics}["a shares its layer with e"]
    assert (related.place.path, related.place.span.start.line) == ("<stdin>", 9)


def test_a_broken_file_elsewhere_is_not_reported_as_a_plan_that_was_asked_for(workspace: Workspace) -> None:
    repository(workspace)
    workspace.write("experiments/broken.yaml", "- [")
    assert messages(workspace, "experiments/a.yaml") == ["a shares its layer with b"]


def test_a_link_out_of_the_repository_elsewhere_stops_the_judgement_of_the_portfolio(
    workspace: Workspace,
) -> None:
    repository(workspace)
    (workspace.root / "experiments" / "link.yaml").symlink_to(__file__)
    report = workspace.report("experiments/a.yaml")
    assert [each.path for each in report.failures] == ["experiments/link.yaml"]
    assert report.exit_status() == 2


def test_overrides_apply_to_rules_that_compare_plans(workspace: Workspace) -> None:
    scope = "overrides: [{paths: ['experiments/a.yaml'], rules: {same-layer: {severity: off}}}]\n"
    repository(workspace, POLICY + scope)
    assert messages(workspace) == ["b shares its layer with a"]


def test_a_crash_of_a_rule_that_compares_plans_is_no_verdict(workspace: Workspace) -> None:
    workspace.rule("same-layer", "def check(portfolio: 'Portfolio'):\n    raise KeyError('layer')\n")
    workspace.write("egp.yaml", POLICY)
    workspace.write("experiments/a.yaml", plan("a"))
    report = workspace.report()
    assert report.exit_status() == 2
    assert [each.rule for each in report.failures] == ["same-layer"]


def test_a_missing_input_of_a_rule_that_compares_plans_is_an_error(workspace: Workspace) -> None:
    workspace.rule("same-layer", "def check(portfolio: 'Portfolio'):\n    raise NotChecked(('layer',))\n")
    workspace.write("egp.yaml", POLICY)
    workspace.write("experiments/a.yaml", PLAN)
    report = workspace.report()
    assert [(each.rule, each.missing) for each in report.diagnostics] == [("same-layer", "layer")]
    assert report.exit_status() == 1


def test_a_missing_input_is_named_once_by_rules_of_both_kinds(workspace: Workspace) -> None:
    workspace.rule(
        "same-layer", "def check(portfolio: 'Portfolio'):\n    raise NotChecked(('schedule', 'end'))\n"
    )
    workspace.write("egp.yaml", POLICY.replace("rules: {", "rules: {minimum-runtime: {severity: error}, "))
    workspace.write("experiments/a.yaml", PLAN.replace("end: 2023-02-05", "exposure: 90%"))
    report = workspace.report()
    assert [(each.rule, each.missing) for each in report.diagnostics] == [("minimum-runtime", "end")]
    assert {each.rule: each.blocked_by for each in report.unchecked} == {
        "minimum-runtime": "minimum-runtime",
        "same-layer": "minimum-runtime",
    }


@pytest.mark.parametrize("second", ["Buy-Now", "BUY-NOW", "bu\u0443-now"])
def test_an_id_that_looks_like_another_one_is_not_unique(workspace: Workspace, second: str) -> None:
    workspace.write("egp.yaml", "plans: ['*.yaml']\nrules: {duplicate-id: {severity: error}}\n")
    for name, number in (("buy-now", 1), (second, 2)):
        workspace.write(f"{number}.yaml", f"id: {name}\ntype: superiority\nvariants: []\n")
    assert [each.rule for each in workspace.report("1.yaml").diagnostics if each.rule == "duplicate-id"] == [
        "duplicate-id"
    ]


@pytest.mark.parametrize("name", ["a\n.yaml", "a\x1b[2J.yaml", "a\u202elmay.yaml", "a\u200b.yaml"])
def test_a_file_whose_name_is_not_what_it_looks_like_is_not_judged(workspace: Workspace, name: str) -> None:
    workspace.write("egp.yaml", "plans: ['**/*.yaml']\nrules: {duplicate-id: {severity: error}}\n")
    workspace.write(f"plans/{name}", PLAN)
    report = workspace.report("plans")
    assert [each.message for each in report.failures] == [
        "the name of this file has a character that nobody sees"
    ]
    assert report.exit_status() == 2


def copied(workspace: Workspace, policy: str = POLICY) -> Workspace:
    """The repository, committed, with a copy of a plan that git does not know yet."""
    repository(workspace, policy)
    git(workspace, "init", "-q")
    git(workspace, "add", "-A")
    workspace.write("experiments/a-copy.yaml", plan("a"))
    return workspace


def git(workspace: Workspace, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=workspace.root, check=True, capture_output=True)


@pytest.mark.parametrize("policy", [POLICY, POLICY.partition("\n")[2]], ids=["patterns", "folder"])
def test_what_git_does_not_track_says_nothing_against_the_plan_that_it_is_a_copy_of(
    workspace: Workspace, policy: str
) -> None:
    """In the call or not; the copy itself is compared with every plan."""
    copied(workspace, policy)
    of_copy = ["a shares its layer with a", "a shares its layer with b"]
    of_plans = ["a shares its layer with b", "b shares its layer with a"]
    assert messages(workspace, "experiments/a.yaml", "experiments/b.yaml") == of_plans
    assert messages(workspace, "experiments/a-copy.yaml") == of_copy
    assert messages(workspace, "experiments") == [*of_copy, *of_plans]
    git(workspace, "add", "experiments/a-copy.yaml")
    assert messages(workspace, "experiments/a.yaml") == of_copy


def test_every_file_counts_where_nobody_can_tell_which_one_is_the_copy(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(workspace)
    git(workspace, "rm", "-q", "-r", "--cached", ".")
    together = ["a shares its layer with a", "a shares its layer with b"]
    assert messages(workspace, "experiments/a.yaml") == together
    git(workspace, "add", "experiments/a.yaml")
    assert messages(workspace, "experiments/a.yaml") == together[1:]
    monkeypatch.setenv("PATH", str(workspace.root))
    assert messages(workspace, "experiments/a.yaml") == together


def test_an_untracked_plan_with_an_id_of_its_own_is_a_plan_as_any_other(workspace: Workspace) -> None:
    copied(workspace)
    workspace.write("experiments/new.yaml", plan("new"))
    assert messages(workspace, "experiments/b.yaml") == [
        "b shares its layer with a",
        "b shares its layer with new",
    ]


def test_git_is_not_called_where_every_plan_has_an_id_of_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied(workspace)
    calls: list[tuple[str, ...]] = []

    def counted(folder: str, *asked: str) -> GitAnswer:
        calls.append(asked)
        return ask(folder, *asked)

    monkeypatch.setattr(git_sources, "ask", counted)
    messages(workspace, "experiments/a.yaml")
    assert "ls-files" in {each[0] for each in calls}
    (workspace.root / "experiments/a-copy.yaml").unlink()
    calls.clear()
    messages(workspace)
    assert calls == []
