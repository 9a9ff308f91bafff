"""Every plan has one owner, whose policy judges it above the floor of those that delegate to it, whatever else is asked."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from egp.record.lock import Registration, made
from egp.record.lock.writing import update_lock
from tests.check.workspace import PLAN, SHORT, Workspace
from tests.gate.calling import Call, call

DAY = ("--as-of", "2023-01-18")
ROOT = """\
version: root
plans: ["experiments/*.yaml"]
delegates: ["shop/**"]
rules:
  minimum-runtime: {severity: error, days: 7, waivable: false}
  duplicate-id: {severity: error}
  flag-reuse: {severity: error}
"""
SHOP = """\
version: shop
plans: ["*.yaml"]
rules: {duplicate-id: {severity: error}, flag-reuse: {severity: error}}
"""


def git(root: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True)


def plan(name: str, days: int = 5) -> str:
    text = SHORT if days == 5 else PLAN.replace("2023-02-05", f"2023-01-{22 + days}")
    return text.replace("buy-now", name) + f"feature_flag: {name}\n"


@pytest.fixture
def root(workspace: Workspace) -> Path:
    """A repository whose root delegates a folder."""
    git(workspace.root, "init", "--quiet", "--initial-branch=main")
    for path, text in {
        "egp.yaml": ROOT,
        "shop/egp.yaml": SHOP,
        "experiments/a.yaml": plan("a"),
        "shop/b.yaml": plan("b"),
        "shop/c.yaml": plan("c", 8),
    }.items():
        workspace.write(path, text)
    return workspace.root


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message=change")


def told(root: Path, *arguments: str) -> Call:
    return call(root, "check", *arguments, *DAY, "--format", "json")


def found(told: Call, *rules: str) -> dict[str, list[str]]:
    """File → what is said of it."""
    said: dict[str, list[str]] = {}
    for each in told.json["diagnostics"]:
        if not rules or each["rule"] in rules:
            said.setdefault(each["path"], []).append(f"{each['rule']}: {each['message']}")
    return said


def judges(told: Call) -> list[str]:
    return [each["name"] for each in told.json["policies"]]


def policy(root: Path, rules: str, folder: str = "shop") -> None:
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / "egp.yaml").write_text(f'plans: ["*.yaml"]\n{rules}\n', encoding="utf-8")


def test_each_plan_is_judged_by_its_owner(root: Path) -> None:
    both = told(root)
    assert set(found(both, "minimum-runtime")) == {"experiments/a.yaml", "shop/b.yaml"}
    assert judges(both) == ["egp.yaml", "shop/egp.yaml"]
    assert judges(told(root, "shop")) == ["shop/egp.yaml"]
    assert judges(told(root, "experiments/a.yaml")) == ["egp.yaml"]


@pytest.mark.parametrize("folder", [".", "shop", "experiments"])
def test_wherever_egp_is_called(root: Path, folder: str) -> None:
    for path in ("experiments/a.yaml", "shop/b.yaml"):
        named = str(root / path)
        (said,) = (
            each["message"]
            for each in told(root / folder, named).json["diagnostics"]
            if each["rule"] == "minimum-runtime"
        )
        assert said.endswith("requires 7")
    assert told(root / folder).json["summary"]["plans"] == (2 if folder == "shop" else 3)


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ("rules: {minimum-runtime: {severity: error, days: 10}}", 10),
        ("rules: {minimum-runtime: {severity: error, days: 10, waivable: false}}", 10),
        ('extends: ["../egp.yaml"]\nrules: {minimum-runtime: {days: 10}}', 10),
        ('extends: ["../egp.yaml"]', 7),
        ('extends: ["egp:standard"]', 14),
        ("rules: {duplicate-id: {severity: error}}", 7),
        ("rules: {minimum-runtime: {severity: error, days: 7}}", 7),
        ("rules: {minimum-runtime: [{severity: error, days: 9}, {from: 2023-01-01, days: 12}]}", 12),
    ],
)
def test_a_delegated_policy_may_tighten(root: Path, rules: str, days: int) -> None:
    policy(root, rules)
    (said,) = found(told(root, "shop/b.yaml"), "minimum-runtime")["shop/b.yaml"]
    assert said.endswith(f"requires {days}")


@pytest.mark.parametrize(
    "rules",
    [
        "rules: {minimum-runtime: {severity: error, days: 3}}",
        "rules: {minimum-runtime: {severity: warning}}",
        "rules: {minimum-runtime: {severity: shadow}}",
        "rules: {minimum-runtime: {severity: off}, duplicate-id: {severity: error}}",
        "rules: {minimum-runtime: {severity: error, waivable: true}}",
        'extends: ["../egp.yaml"]\nrules: {minimum-runtime: {days: 3}}',
        "rules: {minimum-runtime: [{severity: error, days: 7}, {from: 2023-01-01, days: 3}]}",
        "rules: {minimum-runtime: [{severity: error, days: 7}, {from: 2999-01-01, severity: off}]}",
        "rules: {minimum-runtime: {severity: error}}\noverrides: [{paths: ['b.yaml'], rules: {minimum-runtime: {days: 3}}}]",
        "rules: {duplicate-id: {severity: error}}\noverrides: [{paths: ['**'], rules: {minimum-runtime: {severity: off}}}]",
    ],
)
def test_a_delegated_policy_never_loosens(root: Path, rules: str) -> None:
    policy(root, rules)
    result = call(root, "check", "shop/b.yaml", *DAY)
    assert result.status == 2
    assert "minimum-runtime is not waivable, and a delegated policy could soften it" in result.err
    assert "shop/egp.yaml" in result.err


@pytest.mark.parametrize("severity", ["off", "shadow", "warning"])
def test_what_a_shipped_policy_says_is_raised_to_the_floor(root: Path, severity: str) -> None:
    """What comes with a policy that is built upon is no line of the team's, and holds as far as the floor lets it."""
    (root / "egp.yaml").write_text(ROOT.replace("days: 7", "days: 21"), encoding="utf-8")
    policy(root, f'extends: ["egp:standard"]\nrules: {{holdout-size: {{severity: {severity}}}}}')
    (said,) = found(told(root, "shop/b.yaml"), "minimum-runtime")["shop/b.yaml"]
    assert said.endswith("requires 21")


def test_an_override_of_the_root_is_part_of_the_floor(root: Path) -> None:
    over = 'overrides: [{paths: ["shop/**"], rules: {minimum-runtime: {days: 10}}}]\n'
    (root / "egp.yaml").write_text(ROOT + over, encoding="utf-8")
    (said,) = found(told(root, "shop/c.yaml"), "minimum-runtime")["shop/c.yaml"]
    assert said.endswith("requires 10")


def test_what_the_root_lets_pass_in_a_folder_its_policy_may_let_pass(root: Path) -> None:
    over = 'overrides: [{paths: ["shop/**"], rules: {minimum-runtime: {days: 3}}}]\n'
    (root / "egp.yaml").write_text(ROOT + over, encoding="utf-8")
    policy(root, "rules: {minimum-runtime: {severity: error, days: 4}}")
    assert found(told(root, "shop/b.yaml"), "minimum-runtime") == {}


@pytest.mark.parametrize(
    ("above", "below", "message"),
    [
        (
            "roles: {privacy: ['@privacy']}\n",
            "roles: {privacy: ['@me']}",
            "says who holds the role `privacy`",
        ),
        ("tiers: {'*': critical}\n", "tiers: {'*': standard}", "maps the surfaces of all plans to tiers"),
        (
            "gate: {complete-data: {max_silence: 24h}}\n",
            "gate: {complete-data: {max_silence: 2400h}}",
            "sets `max_silence` of the gate's complete-data",
        ),
    ],
)
def test_what_the_root_says_of_the_organisation_stays(
    root: Path, above: str, below: str, message: str
) -> None:
    (root / "egp.yaml").write_text(ROOT + above, encoding="utf-8")
    policy(root, f"{below}\nrules: {{duplicate-id: {{severity: error}}}}")
    result = call(root, "check", "shop/b.yaml", *DAY)
    assert result.status == 2
    assert message in " ".join(result.err.split())


@pytest.mark.parametrize("text", ["", "shop/sub/x", "deep"])
def test_floors_add_up(root: Path, text: str) -> None:
    """A delegated policy that delegates further adds to the floor."""
    shop = "rules: {minimum-runtime: {severity: error, days: 9}, duplicate-id: {severity: error}}\ndelegates: ['sub/**']"
    policy(root, shop)
    policy(root, f"version: '{text}'\nrules: {{duplicate-id: {{severity: error}}}}", "shop/sub")
    (root / "shop/sub/d.yaml").write_text(plan("d", 5), encoding="utf-8")
    result = told(root, "shop/sub/d.yaml")
    assert judges(result) == ["shop/sub/egp.yaml"]
    (said,) = found(result, "minimum-runtime")["shop/sub/d.yaml"]
    assert said.endswith("requires 9"), "what nobody may waive above, nobody may waive here"
    policy(root, shop.replace("days: 9", "days: 12"))
    (said,) = found(told(root, "shop/sub/d.yaml"), "minimum-runtime")["shop/sub/d.yaml"]
    assert said.endswith("requires 12")


@pytest.mark.parametrize("folder", ["experiments", "experiments/new", "elsewhere/deep"])
def test_a_policy_that_nobody_delegates_to_judges_nothing_and_is_told(root: Path, folder: str) -> None:
    policy(root, "rules: {duplicate-id: {severity: info}}", folder)
    (root / folder / "d.yaml").write_text(plan("d"), encoding="utf-8")
    result = told(root, f"{folder}/d.yaml")
    assert result.status == 2
    assert judges(result) == ["egp.yaml"]
    assert f"{folder}/d.yaml" in found(result, "minimum-runtime")
    (error,) = result.json["errors"]
    assert error["path"] == f"{folder}/egp.yaml"
    assert f'add `delegates: ["{folder}/**"]` to egp.yaml' in error["help"]


@pytest.mark.parametrize(
    "pattern", ["**", "*", "shop", "shop/*", "**/*.yaml", "../shop/**", "/shop/**", "shop\\**"]
)
def test_hostile_patterns_are_refused(root: Path, pattern: str) -> None:
    (root / "egp.yaml").write_text(ROOT.replace('"shop/**"', json.dumps(pattern)), encoding="utf-8")
    result = call(root, "check", "experiments/a.yaml", *DAY)
    assert result.status == 2
    assert "egp.yaml:3:13" in result.err


@pytest.mark.parametrize("path", ["shop/b.yaml", "shop", "shop/deep/e.yaml"])
def test_a_delegated_folder_without_a_policy_is_not_judged(root: Path, path: str) -> None:
    (root / "shop/deep").mkdir()
    (root / "shop/deep/e.yaml").write_text(plan("e"), encoding="utf-8")
    (root / "shop/egp.yaml").unlink()
    result = told(root, path, "experiments/a.yaml")
    assert result.status == 2
    assert any("this policy is not there" in each["message"] for each in result.json["errors"])
    assert set(found(result, "minimum-runtime")) == {"experiments/a.yaml"}


@pytest.mark.parametrize("kind", ["folder", "bracket", "empty"])
def test_a_delegated_policy_that_cannot_judge_does_not_silence_the_others(root: Path, kind: str) -> None:
    (root / "shop/egp.yaml").unlink()
    if kind == "folder":
        (root / "shop/egp.yaml").mkdir()
    else:
        (root / "shop/egp.yaml").write_text("rules: [" if kind == "bracket" else "", encoding="utf-8")
    result = told(root, "experiments/a.yaml", "shop/b.yaml")
    assert result.status == 2
    assert set(found(result, "minimum-runtime")) == {"experiments/a.yaml"}
    assert {each["path"] for each in result.json["errors"]} == {"shop/egp.yaml"}
    assert told(root, "shop/b.yaml").status == 2


@pytest.mark.parametrize("target", ["../lax.yaml", "nowhere.yaml", "/etc/hostname"])
def test_a_delegation_to_a_link_is_refused(root: Path, target: str) -> None:
    (root / "lax.yaml").write_text(SHOP, encoding="utf-8")
    (root / "shop/egp.yaml").unlink()
    (root / "shop/egp.yaml").symlink_to(target)
    result = told(root, "shop/b.yaml")
    assert result.status == 2
    assert "a link leads to this policy" in json.dumps(result.json["errors"])


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("shop/x.yaml", "../experiments/a.yaml"),
        ("experiments/x.yaml", "../shop/b.yaml"),
        ("shop/x", "../experiments"),
    ],
)
def test_a_link_brings_no_plan_into_the_folder_of_another_owner(root: Path, link: str, target: str) -> None:
    (root / link).symlink_to(target)
    result = told(root, link if link.endswith(".yaml") else f"{link}/a.yaml")
    assert result.status == 2
    assert "this link leads into a folder that another policy owns" in json.dumps(result.json["errors"])


def test_a_folder_that_is_a_link_is_delegated_to_nobody(root: Path) -> None:
    (root / "egp.yaml").write_text(ROOT.replace("shop/**", "store/**"), encoding="utf-8")
    (root / "store").symlink_to("shop")
    assert told(root, "store/b.yaml").status == 2


@pytest.mark.parametrize("asked", [("shop/d.yaml",), ("experiments/a.yaml",), ("shop", "experiments"), ()])
def test_ids_are_compared_across_policies(root: Path, asked: tuple[str, ...]) -> None:
    (root / "shop/d.yaml").write_text(plan("a"), encoding="utf-8")
    said = found(told(root, *asked), "duplicate-id")
    files = {"shop/d.yaml", "experiments/a.yaml"}
    assert set(said) == (files & set(asked) if asked and asked[0].endswith(".yaml") else files)


def test_flags_are_compared_across_policies(root: Path) -> None:
    for path in ("experiments/a.yaml", "shop/b.yaml"):
        text = (root / path).read_text(encoding="utf-8")
        (root / path).write_text(re.sub("feature_flag: .", "feature_flag: same", text), encoding="utf-8")
    assert set(found(told(root), "flag-reuse")) == {"experiments/a.yaml", "shop/b.yaml"}
    assert set(found(told(root, "shop/b.yaml"), "flag-reuse")) == {"shop/b.yaml"}


def register(root: Path, path: str) -> None:
    (root / path).write_text(plan("a", 8) + "registered: 2023-01-18\n", encoding="utf-8")
    registered = call(root, "register", path, *DAY)
    assert registered.status == 0, registered.out


def test_a_registered_plan_has_the_owner_of_the_place_in_the_lock_and_a_new_one_that_of_its_folder(
    root: Path,
) -> None:
    register(root, "experiments/a.yaml")
    assert judges(told(root, "shop/b.yaml")) == ["shop/egp.yaml"]
    (root / "experiments/a.yaml").rename(root / "shop/a.yaml")
    assert judges(told(root, "shop/a.yaml")) == ["egp.yaml"]
    assert judges(told(root, "shop/b.yaml")) == ["shop/egp.yaml"]


def test_a_plan_that_the_root_s_patterns_match_is_one_whatever_the_team_s_say(root: Path) -> None:
    (root / "egp.yaml").write_text(ROOT.replace("experiments/*.yaml", "**/*.yaml"), encoding="utf-8")
    (root / "shop/egp.yaml").write_text(SHOP.replace('"*.yaml"', '"none/*.yaml"'), encoding="utf-8")
    assert told(root).json["summary"]["plans"] == 3


@pytest.mark.parametrize("seed", range(12))
def test_the_verdict_on_a_plan_does_not_depend_on_which_others_are_asked_about(root: Path, seed: int) -> None:
    files = ["experiments/a.yaml", "shop/b.yaml", "shop/c.yaml"]
    for number, folder in enumerate(["shop", "experiments", "ads", "web/deep"]):
        if folder in ("ads", "web/deep"):
            policy(
                root,
                "rules: {minimum-runtime: {severity: warning, days: 20}, duplicate-id: {severity: error}}",
                folder,
            )
        path = f"{folder}/more-{number}.yaml"
        (root / path).write_text(plan(random.Random(seed + number).choice("abd"), 7), encoding="utf-8")
        files.append(path)
    (root / "egp.yaml").write_text(ROOT.replace('"shop/**"', '"shop/**", "web/*/**"'), encoding="utf-8")
    chosen = random.Random(seed).sample(files, random.Random(seed).randint(2, len(files)))
    together = told(root, *chosen)
    for path in chosen:
        alone = told(root, path)
        assert about(together, path) == about(alone, path)
        assert {json.dumps(each) for each in alone.json["errors"]} <= {
            json.dumps(each) for each in together.json["errors"]
        }


def about(told: Call, path: str) -> list[Any]:
    lists = (told.json["diagnostics"], told.json["not_checked"], told.json["shadow"])
    return [[each for each in some if each["path"] == path] for some in lists]


@pytest.mark.parametrize("paths", [("experiments",), ("shop/b.yaml",), ("experiments/a.yaml", "shop")])
def test_an_option_overrides_all_owners_and_every_report_says_so(root: Path, paths: tuple[str, ...]) -> None:
    (root / "lax.yaml").write_text(SHOP, encoding="utf-8")
    asked = (*paths, "--policy", "lax.yaml")
    assert told(root, *asked).status == 0
    assert told(root, *asked).json["overrides_owners"] is True
    assert "policy lax.yaml shop for all plans, as --policy requires" in " ".join(
        call(root, "check", *asked, *DAY).out.split()
    )
    sarif = json.loads(call(root, "check", *asked, *DAY, "--format", "sarif").out)
    assert sarif["runs"][0]["properties"]["overridesOwners"] is True
    assert told(root, *paths).json["overrides_owners"] is False
    status = call(root, "status", *asked, *DAY)
    assert "lax.yaml shop for all plans, as --policy requires" in " ".join(status.out.split())


def test_a_delegated_policy_that_is_named_keeps_its_floor(root: Path) -> None:
    said = found(told(root, "experiments/a.yaml", "--policy", "shop/egp.yaml"), "minimum-runtime")
    assert set(said) == {"experiments/a.yaml"}


class TestUnderABase:
    @pytest.fixture(autouse=True)
    def at_base(self, root: Path) -> None:
        commit(root)
        git(root, "checkout", "--quiet", "-b", "topic")

    def judges(self, root: Path, *paths: str) -> list[str]:
        return judges(told(root, *paths, "--base", "main"))

    @pytest.mark.parametrize("folder", ["experiments", "ads", "shop/deep"])
    def test_a_policy_does_not_judge_the_change_that_brings_it(self, root: Path, folder: str) -> None:
        policy(root, "rules: {duplicate-id: {severity: info}}", folder)
        (root / folder / "d.yaml").write_text(plan("d"), encoding="utf-8")
        owner = "shop/egp.yaml@main" if folder.startswith("shop") else "egp.yaml@main"
        result = told(root, f"{folder}/d.yaml", "--base", "main")
        assert judges(result) == [owner]
        assert f"{folder}/d.yaml" in found(result, "minimum-runtime")
        assert result.status == 2, "the policy that nobody delegates to is reported"

    @pytest.mark.parametrize("pattern", ["ads/**", "*/**", "experiments/**"])
    def test_a_delegation_does_not_hold_in_the_change_that_brings_it(self, root: Path, pattern: str) -> None:
        folder = "experiments" if pattern == "experiments/**" else "ads"
        (root / "egp.yaml").write_text(ROOT.replace('"shop/**"', json.dumps(pattern)), encoding="utf-8")
        policy(root, "rules: {duplicate-id: {severity: info}}", folder)
        (root / folder / "d.yaml").write_text(plan("d"), encoding="utf-8")
        assert self.judges(root, f"{folder}/d.yaml") == ["egp.yaml@main"]
        assert self.judges(root, "shop/b.yaml") == ["shop/egp.yaml@main"]

    def test_a_softened_floor_does_not_hold_in_its_change(self, root: Path) -> None:
        (root / "egp.yaml").write_text(ROOT.replace("days: 7", "days: 1"), encoding="utf-8")
        result = told(root, "shop/b.yaml", "--base", "main")
        assert set(found(result, "minimum-runtime")) == {"shop/b.yaml"}

    @pytest.mark.parametrize("to", ["shop/a.yaml", "shop/new/a.yaml", "shop/renamed.yaml"])
    def test_a_plan_that_moves_stays_with_its_owner(self, root: Path, to: str) -> None:
        (root / to).parent.mkdir(exist_ok=True)
        git(root, "mv", "experiments/a.yaml", to)
        assert self.judges(root, to) == ["egp.yaml@main"]
        assert judges(told(root, to)) == ["shop/egp.yaml"]

    def test_a_registered_plan_stays_with_the_owner_in_the_lock_wherever_the_base_has_it(
        self, root: Path
    ) -> None:
        git(root, "checkout", "--quiet", "main")
        register(root, "experiments/a.yaml")
        (root / "experiments/a.yaml").rename(root / "shop/a.yaml")
        commit(root)
        git(root, "checkout", "--quiet", "-B", "topic")
        assert self.judges(root, "shop/a.yaml") == ["egp.yaml@main"]

    def test_a_plan_that_moves_within_its_owner_is_judged_where_it_lies_now(self, root: Path) -> None:
        git(root, "checkout", "--quiet", "main")
        longer = "overrides: [{paths: ['experiments/long/*'], rules: {minimum-runtime: {days: 9}}}]\n"
        (root / "egp.yaml").write_text(ROOT.replace("s/*.yaml", "s/**/*.yaml") + longer, encoding="utf-8")
        (root / "experiments/long").mkdir()
        git(root, "mv", "experiments/a.yaml", "experiments/long/a.yaml")
        commit(root)
        git(root, "checkout", "--quiet", "-B", "topic")
        before = found(told(root, "experiments/long/a.yaml", "--base", "main"), "minimum-runtime")
        assert [each[-10:] for each in before["experiments/long/a.yaml"]] == ["requires 9"]
        git(root, "mv", "experiments/long/a.yaml", "experiments/a.yaml")
        after = found(told(root, "experiments/a.yaml", "--base", "main"), "minimum-runtime")
        assert [each[-10:] for each in after["experiments/a.yaml"]] == ["requires 7"]

    @pytest.mark.parametrize("place", ["shop/a.yaml", "shop/new.yaml", "shop/deep/new.yaml"])
    def test_an_entry_that_the_branch_writes_chooses_no_owner(self, root: Path, place: str) -> None:
        (root / "experiments/new.yaml").write_text(plan("new") + "registered: 2023-01-18\n", encoding="utf-8")
        (root / "lax.yaml").write_text(SHOP, encoding="utf-8")
        status = call(root, "register", "experiments/new.yaml", "--policy", "lax.yaml", *DAY)
        assert status.status == 0, status.err

        def forge(entries: MutableMapping[str, Registration]) -> None:
            entries["new"] = made(Registration, **{**vars(entries["new"]), "path": place})

        update_lock(str(root), forge)
        result = told(root, "experiments/new.yaml", "--base", "main")
        assert judges(result) == ["egp.yaml@main"]
        assert "experiments/new.yaml" in found(result, "minimum-runtime")

    @pytest.mark.parametrize("is_committed", [False, True])
    def test_without_a_root_a_new_policy_does_not_judge_either(self, root: Path, is_committed: bool) -> None:
        git(root, "checkout", "--quiet", "main")
        (root / "egp.yaml").unlink()
        commit(root)
        git(root, "checkout", "--quiet", "-B", "topic")
        policy(root, "rules: {duplicate-id: {severity: info}}", "lax")
        (root / "lax/d.yaml").write_text(plan("d"), encoding="utf-8")
        if is_committed:
            commit(root)
        assert self.judges(root, "lax/d.yaml") == ["egp:standard"]
        assert self.judges(root, "shop/b.yaml") == ["shop/egp.yaml@main"]

    def test_a_policy_that_is_deleted_goes_on_judging(self, root: Path) -> None:
        (root / "shop/egp.yaml").unlink()
        assert self.judges(root, "shop/b.yaml") == ["shop/egp.yaml@main"]

    @pytest.mark.parametrize("paths", [(), ("shop/b.yaml", "experiments/a.yaml"), ("shop", "experiments")])
    def test_all_owners_are_those_of_the_base(self, root: Path, paths: tuple[str, ...]) -> None:
        assert self.judges(root, *paths) == ["egp.yaml@main", "shop/egp.yaml@main"]


MOVED = {
    "moved whole": ("shop", "moved"),
    "another case": ("shop", "Shop"),
    "further down": ("shop", "a/b"),
}


@pytest.mark.parametrize("way", [*MOVED, "a folder that is new"])
def test_without_a_root_a_folder_that_a_branch_brings_with_its_policy_is_looked_into(
    root: Path, way: str
) -> None:
    """The base owns nothing there, and a policy that comes with the plan judges nothing: neither hides the plan."""
    (root / "egp.yaml").unlink()
    policy(root, "rules: {minimum-runtime: {severity: error, days: 7}}")
    commit(root)
    git(root, "checkout", "--quiet", "-b", "topic")
    if way in MOVED:
        was, will = MOVED[way]
        (root / will).parent.mkdir(parents=True, exist_ok=True)
        git(root, "mv", was, will)
    else:
        will = "new"
        policy(root, "", folder=will)
        (root / will / "d.yaml").write_text(plan("d"), encoding="utf-8")
    (root / will / "egp.yaml").write_text(
        "plans: ['*.yaml']\nrules: {minimum-runtime: off}\n", encoding="utf-8"
    )
    commit(root)
    name = f"{will}/{'b' if way in MOVED else 'd'}.yaml"
    answered = told(root, "--base", "main")
    assert name in found(answered, "minimum-runtime"), answered.out
    assert (
        found(answered, "minimum-runtime")[name]
        == found(told(root, "--base", "main", name), "minimum-runtime")[name]
    )
