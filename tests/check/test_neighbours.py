"""Plans that are compared with, remembered from check to check: what is found is what a first check finds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given, settings
from hypothesis import strategies as st

from egp.check import check
from egp.check.neighbours import Neighbours
from egp.output.report.model import Report
from egp.policy.error import PolicyError
from egp.policy.owners import Owners
from egp.policy.plan_files import PlanFinder
from egp.policy.reading import read_policy, shipped_policy
from egp.policy.territories import territories_on_disk
from egp.yaml.files import before_disk

AS_OF = date(2023, 1, 18)
SOUND = (Path(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml").read_text(encoding="utf-8")
POLICY = 'extends: ["egp:standard"]\nplans: ["experiments/**/*.yaml"]\n'
POLICIES = [
    POLICY,
    POLICY + "defaults: {layer: shared}\n",
    POLICY + 'delegates: ["experiments/team/**"]\n',
    POLICY.replace("experiments/**", "experiments/team/**"),
    POLICY + "rules: {nothing: {}}\n",
]
PLANS = [
    SOUND,
    SOUND.replace("id: sound-plan", "id: other"),
    SOUND.replace("id: sound-plan", "id: third").replace("layer: pdp\n", ""),
    SOUND.replace("feature_flag: pdp_buy_now", "feature_flag: second"),
    "id: [",
    "",
]
PLACES = ["a.yaml", "b.yaml", "team/c.yaml", "team/egp.yaml"]


@dataclass
class Change:
    """What somebody does to a file: writes it, opens it without saving, takes it away."""

    place: str
    what: str
    text: str


CHANGES = st.builds(
    Change, st.sampled_from(PLACES), st.sampled_from(["write", "open", "remove"]), st.sampled_from(PLANS)
) | st.builds(Change, st.just("../egp.yaml"), st.just("write"), st.sampled_from(POLICIES))


@settings(max_examples=25)
@given(changes=st.lists(CHANGES, min_size=1, max_size=5))
@example(changes=[Change("a.yaml", "write", SOUND), Change("../egp.yaml", "write", POLICY)])
def test_what_is_remembered_makes_no_difference(changes: list[Change]) -> None:
    with TemporaryDirectory() as temporary:
        root = Path(temporary).resolve()
        plan, buffers, neighbours = root / "experiments" / "plan.yaml", {}, Neighbours()
        (root / "experiments" / "team").mkdir(parents=True)
        (root / ".git").mkdir()
        (root / "egp.yaml").write_text(POLICY)
        plan.write_text(SOUND)
        for change in changes:
            file = (plan.parent / change.place).resolve()
            if change.what == "open":
                buffers[str(file)] = change.text.encode()
            elif change.what == "write":
                file.write_text(change.text)
                long_ago = file.stat().st_mtime_ns - 10**10
                os.utime(file, ns=(long_ago, long_ago))
            else:
                file.unlink(missing_ok=True)
                buffers.pop(str(file), None)
            with before_disk(buffers):
                assert found(root, plan, neighbours) == found(root, plan, None)


def found(root: Path, plan: Path, neighbours: Neighbours | None) -> object:
    def read(file: str) -> object:
        return read_policy(file, os.path.relpath(file, root)) if file else shipped_policy("egp:standard")

    owners = Owners(territories_on_disk(str(root)), read)  # type: ignore[arg-type]
    try:
        policy = owners.policy(owners.territories.of(str(plan)))
    except PolicyError as error:
        return error.failures
    finder = PlanFinder(str(root), policy.plans, policy.root, owners)
    report: Report = check([finder.at(str(plan))], finder, policy, AS_OF, neighbours=neighbours)
    return report.diagnostics, report.failures, report.unchecked


def test_a_file_that_was_just_written_is_read_again(tmp_path: Path) -> None:
    """The clock of a file system may be too coarse to tell two writings apart."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "egp.yaml").write_text(POLICY)
    plan, other = tmp_path / "experiments" / "plan.yaml", tmp_path / "experiments" / "other.yaml"
    plan.parent.mkdir()
    plan.write_text(SOUND)
    other.write_text(SOUND.replace("id: sound-plan", "id: sound-plat"))
    neighbours, before = Neighbours(), other.stat()
    found(tmp_path, plan, neighbours)
    other.write_text(SOUND)
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert found(tmp_path, plan, neighbours) == found(tmp_path, plan, None)
