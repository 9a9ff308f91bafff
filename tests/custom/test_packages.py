"""Rules of installed distributions, and those that a repository would like to have run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from egp.cli.main import main
from egp.rules.custom.packages import PackageError, rules_from
from tests.check.workspace import PLAN, Workspace

RULE = '''"""The owner names a team of ours.

Whoever answers for an experiment is one of us.

Passes:

```yaml
owner: {team: acme}
```
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.rules import rule
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need


class Params(rule.Params):
    prefix: Annotated[str, "how our teams begin"] = "acme"


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    owner = need(plan.owner, "owner")
    if not (owner.team or "").startswith(params.prefix):
        yield Finding(("owner", "team"), "this team is none of ours", help="name one of our teams")
'''


class Site:
    """A folder of installed distributions."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, module: str, files: dict[str, str], points: str | None = None) -> None:
        entry_points = f"[egp.rules]\nacme = {module}\n" if points is None else points
        metadata = f"{name.replace('-', '_')}-1.0.dist-info"
        written = {
            f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
            f"{metadata}/entry_points.txt": entry_points,
            **files,
        }
        for path, content in written.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")


@pytest.fixture
def repository(workspace: Workspace) -> Workspace:
    (workspace.root / ".git").mkdir()
    workspace.write("egp.yaml", "rules: {acme-owner: {severity: error, prefix: acme}}\n")
    workspace.write("plan.yaml", PLAN + "owner: {team: pdp}\n")
    return workspace


@pytest.fixture
def site(
    repository: Workspace, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """One outside of the repository, where Python looks for modules."""
    assert repository.root
    found = Site(tmp_path_factory.mktemp("site"))
    monkeypatch.syspath_prepend(str(found.folder))
    for name in [name for name in sys.modules if name.startswith("acme")]:
        monkeypatch.delitem(sys.modules, name)
    return found


def install(site: Site, folder: str = "acme_rules/people") -> None:
    files = {"acme_rules/__init__.py": "", f"{folder}/__init__.py": "", f"{folder}/acme_owner.py": RULE}
    site.install("acme-egp-rules", "acme_rules", files)


def forget() -> None:
    for name in [name for name in sys.modules if name.startswith("acme")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("folder", "family"), [("acme_rules/people", "people"), ("acme_rules", "acme-egp-rules")]
)
def test_a_policy_adopts_rules_of_a_named_distribution(
    site: Site, folder: str, family: str, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    install(site, folder)
    named = ["--rules-from", "acme-egp-rules"]
    assert main(["check", "plan.yaml", "--as-of=2023-01-18", *named]) == 1
    told = capsys.readouterr().out
    assert "error[acme-owner]: this team is none of ours" in told
    assert "egp explain acme-owner --rules-from acme-egp-rules" in told
    assert main(["explain", "acme-owner", *named]) == 0
    assert f"acme-owner ({family})" in capsys.readouterr().out
    assert main(["rules", *named]) == 0
    assert "\n  error  acme-owner " in capsys.readouterr().out
    forget()


def test_a_module_may_be_one_rule(site: Site) -> None:
    forget()
    site.install("acme-egp-rules", "acme_owner", {"acme_owner.py": RULE})
    assert [*rules_from(["acme-egp-rules", "acme-egp-rules"], [])] == ["acme-owner"]
    forget()


def test_a_package_without_a_module_of_its_own_is_one_too(site: Site) -> None:
    forget()
    site.install("acme-egp-rules", "acme_rules", {"acme_rules/acme_owner.py": RULE})
    assert [*rules_from(["acme-egp-rules"], [])] == ["acme-owner"]
    forget()


def test_nothing_is_loaded_that_is_not_named(
    site: Site, repository: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    install(site)
    assert main(["check", "plan.yaml"]) == 2
    assert "there is no rule `acme-owner`" in capsys.readouterr().err
    assert "acme_rules" not in sys.modules
    repository.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    assert main(["check", "plan.yaml", "--as-of=2023-01-18", "--rules-from", "acme-egp-rules"]) == 0


def refused(*names: str) -> str:
    with pytest.raises(PackageError) as refusal:
        rules_from(names, [str(Path.cwd())])
    assert refusal.value.help
    return str(refusal.value)


def test_a_distribution_in_the_repository_is_refused_and_not_run(
    repository: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    Site(repository.root).install(
        "acme-egp-rules", "acme_rules", {"acme_rules/__init__.py": "raise SystemExit('run')"}
    )
    monkeypatch.syspath_prepend(str(repository.root))
    assert main(["check", "plan.yaml", "--rules-from", "acme-egp-rules"]) == 2
    assert "acme-egp-rules lies in the repository under review" in capsys.readouterr().err
    assert "acme_rules" not in sys.modules


@pytest.mark.parametrize("module", ["acme_rules", "acme_rules.inner"])
def test_a_package_in_the_repository_is_refused_and_not_run(
    site: Site, repository: Workspace, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    forget()
    site.install("acme-egp-rules", module, {})
    repository.write("acme_rules/__init__.py", "raise SystemExit('run')")
    repository.write("acme_rules/inner.py", "raise SystemExit('run')")
    monkeypatch.syspath_prepend(str(repository.root))
    assert "lies in the repository under review" in refused("acme-egp-rules")
    assert "acme_rules" not in sys.modules


def test_a_link_into_the_repository_is_followed(site: Site, repository: Workspace) -> None:
    forget()
    site.install("acme-egp-rules", "acme_rules", {})
    repository.write("hidden/__init__.py", "raise SystemExit('run')")
    (site.folder / "acme_rules").symlink_to(repository.root / "hidden")
    assert "lies in the repository under review" in refused("acme-egp-rules")


def test_names_that_are_no_rules_are_refused(site: Site) -> None:
    forget()
    install(site)
    assert refused("acme-egp-rule") == (
        "no distribution acme-egp-rule is installed, did you mean acme-egp-rules?"
    )
    assert "brings no rules" in refused("pytest")
    site.install("acme-empty", "acme_nothing", {})
    assert "which are not installed" in refused("acme-empty")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"acme_bad/minimum_runtime.py": RULE}, "has a rule minimum-runtime, and there is one of this id already"),
        ({"acme_bad/a/acme_x.py": RULE, "acme_bad/b/acme_x.py": RULE}, "has a rule acme-x, and there is one"),
        ({"acme_bad/acme_x.py": "x = 1"}, "acme_bad.acme_x of acme-bad cannot be loaded (TypeError: "),
        ({"acme_bad/acme_x.py": "1 / 0"}, "cannot be loaded (ZeroDivisionError: "),
        ({"acme_bad/acme_x.py": "def check(): pass"}, "check looks at nothing, which is no input of rules"),
        ({"acme_bad/acme_x.py": "def check(plan: 'Plan'): pass"}, "check looks at Plan, which is no input of rules"),
        ({"acme_bad/waivers/acme_x.py": RULE}, "rules of the family waivers, and no others, look at a Judgement"),
    ],
)  # fmt: skip
def test_modules_that_are_no_rules_are_refused(site: Site, files: dict[str, str], message: str) -> None:
    forget()
    site.install(
        "acme-bad", "acme_bad", {"acme_bad/__init__.py": "", "acme_bad/_private.py": "1 / 0", **files}
    )
    assert message in refused("acme-bad")
    forget()


def test_a_custom_rule_does_not_take_the_id_of_a_packaged_one(
    site: Site, repository: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    forget()
    install(site)
    repository.write("egp.yaml", "custom: [{id: acme-owner, require: 'true == true', message: no}]\n")
    assert main(["check", "plan.yaml", "--as-of=2023-01-18"]) == 0
    assert main(["check", "plan.yaml", "--rules-from", "acme-egp-rules"]) == 2
    assert "there is a rule of this id already" in capsys.readouterr().err
    forget()
