"""egp register: what passes is pinned, everything else leaves the lock as it was."""

from __future__ import annotations

import os
import re
from datetime import date

import pytest

from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.record.entry_files import entry_file
from egp.yaml import read_text
from tests.lock.first_release import as_first_release
from tests.register.house import DAY, House

PLAN = "experiments/buy-now.yaml"


def digest(text: str) -> str:
    return plan_digest(read_experiment(read_text(text)[0].value)[0])


def test_a_sound_plan_is_pinned(house: House) -> None:
    assert house.register() == 0
    (entry,) = house.lock().values()
    assert (entry.path, entry.registered) == (PLAN, date(2023, 1, 17))
    assert entry.digest == entry.current_digest == digest(house.text(PLAN))
    assert entry.policy is not None
    assert (entry.policy.name, entry.policy.version) == ("egp.yaml", "2023.1")
    assert [(each.role, each.by, str(each.on)) for each in entry.signed] == [
        ("privacy", "@privacy", "2023-01-16"),
        ("experimentation_lead", "@xp-lead", "2023-01-17"),
    ]
    assert (
        "registered buy-now on 2023-01-17, signed by privacy (@privacy) and experimentation_lead (@xp-lead)"
        in house.out
    )
    assert "commit egp.lock" in house.out


def test_a_shipped_policy_is_pinned_by_its_name(house: House) -> None:
    assert house.register(PLAN, "--policy=egp:standard") == 0
    policy = house.lock()["buy-now"].policy
    assert policy is not None
    assert policy.name == "egp:standard"


def test_several_plans_at_once(house: House) -> None:
    house.plan("experiments/wish-list.yaml")
    assert house.register("experiments") == 0
    assert set(house.lock()) == {"buy-now", "wish-list"}


def test_a_second_time_changes_nothing(house: House) -> None:
    house.register()
    first = house.lock_text
    assert house.register(day="2023-01-19") == 0
    assert house.lock_text == first
    assert "buy-now is as it was pinned: registered on 2023-01-17" in house.out
    assert "commit" not in house.out


def test_spelling_and_benign_fields_are_the_same_plan(house: House) -> None:
    house.register()
    house.edit(PLAN, "title: Persistent", 'title: "A persistent')
    house.edit(PLAN, "mobile product pages\n", 'mobile product pages"   # reworded\n')
    house.edit(PLAN, "mde: 45bps", "mde: 0.45pp")
    assert house.register(day="2023-01-19") == 0
    assert "as it was pinned" in house.out


def test_another_content_under_the_same_id_is_refused(house: House) -> None:
    house.register()
    before = house.lock_text
    house.edit(PLAN, "mde: 45bps", "mde: 44bps")
    assert house.register() == 1
    assert "buy-now was registered on 2023-01-17 as v1:sha256:" in house.out
    assert f"not pinned: {PLAN}:2:5:" in house.out
    assert "egp amend experiments/buy-now.yaml" in house.out
    assert house.lock_text == before


def test_a_rejected_plan_is_refused_with_its_report(house: House) -> None:
    house.edit(PLAN, "end: 2023-02-05", "end: 2023-01-27")
    assert house.register() == 1
    assert "error[minimum-runtime]" in house.out
    assert "egp.lock is as it was" in house.out
    assert house.lock_text is None


def test_one_rejected_plan_keeps_the_others_out(house: House) -> None:
    house.plan("experiments/wish-list.yaml", schedule="{start: 2023-01-23, end: 2023-01-27}")
    assert house.register("experiments") == 1
    assert house.lock_text is None


def test_what_egp_cannot_read_is_not_pinned_whatever_the_policy_asks(house: House) -> None:
    house.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    house.edit(PLAN, "mde: 45bps", "mde: 45")
    assert house.register() == 1
    assert "what egp cannot read it cannot pin: primary_metric.mde: 45 has no unit" in house.out
    assert house.lock_text is None


@pytest.mark.parametrize(
    ("written", "says"),
    [
        (
            "registered: 2023-01-16",
            "the plan says `registered: 2023-01-16`, and it is registered on 2023-01-17",
        ),
        (
            "registered: 2023-01-18",
            "the plan says `registered: 2023-01-18`, and it is registered on 2023-01-17",
        ),
        ("registered: null", "the plan does not say that it is registered on 2023-01-17"),
    ],
)
def test_the_plan_states_the_day_of_its_registration(written: str, says: str, house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17", written)
    assert house.register() == 1
    assert says in house.out
    assert "set `registered: 2023-01-17`, or have it set with --write-date" in house.out
    assert house.lock_text is None


@pytest.mark.parametrize("written", ["registered: 2023-01-02   # agreed", "registered: null   # agreed"])
def test_the_date_is_written_on_request_and_nothing_else(written: str, house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17", written)
    before = house.text(PLAN)
    assert house.register(PLAN, "--write-date") == 0
    assert house.text(PLAN) == before.replace(written, "registered: 2023-01-17   # agreed")
    assert house.lock()["buy-now"].digest == digest(house.text(PLAN))


def test_a_date_that_is_not_there_is_added(house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17\n", "")
    house.edit(PLAN, "title: Persistent", "title:   Persistent")
    assert house.register(PLAN, "--write-date") == 0
    assert "data_access: aggregates\nregistered: 2023-01-17\nsign_offs:" in house.text(PLAN)
    assert "title:   Persistent" in house.text(PLAN)


def test_the_date_is_not_written_into_a_rejected_plan(house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-02")
    house.edit(PLAN, "end: 2023-02-05", "end: 2023-01-27")
    before = house.text(PLAN)
    assert house.register(PLAN, "--write-date") == 1
    assert house.text(PLAN) == before


def test_the_date_of_a_registered_plan_is_not_written_anew(house: House) -> None:
    house.register()
    before = house.text(PLAN)
    assert house.register(PLAN, "--write-date", day="2023-01-19") == 0
    assert house.text(PLAN) == before


def test_a_plan_that_has_started_is_not_registered(house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-25")
    assert house.register(day="2023-01-25") == 1
    assert "error[registered-before-start]" in house.out
    assert house.lock_text is None


def test_sign_offs_that_came_later_are_attested_by_registering_again(house: House) -> None:
    house.edit(PLAN, '  - {role: privacy, by: "@privacy", on: 2023-01-16}\n', "")
    house.register()
    house.edit(PLAN, "amendments: []", '  - {role: finance, by: "@finance", on: 2023-01-19}\namendments: []')
    assert not house.lock()["buy-now"].attests("finance", "@finance", date(2023, 1, 19))
    assert house.register(day="2023-01-19") == 0
    entry = house.lock()["buy-now"]
    assert entry.attests("finance", "@finance", date(2023, 1, 19))
    assert entry.registered == date(2023, 1, 17)
    assert "is now signed by finance (@finance)" in house.out


def test_a_sign_off_of_tomorrow_is_none_yet(house: House) -> None:
    house.edit(PLAN, 'by: "@privacy", on: 2023-01-16', 'by: "@privacy", on: 2023-01-18')
    house.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    assert house.register() == 1
    assert "the sign-off is dated 2023-01-18, and the lock attests it on 2023-01-17" in house.out
    assert house.lock_text is None


def test_a_plan_that_moved_keeps_its_registration(house: House) -> None:
    house.register()
    (house.root / "experiments/2023").mkdir()
    (house.root / PLAN).rename(house.root / "experiments/2023/buy-now.yaml")
    assert house.register("experiments/2023/buy-now.yaml", day="2023-01-19") == 0
    assert house.lock()["buy-now"].path == "experiments/2023/buy-now.yaml"
    assert "has moved to experiments/2023/buy-now.yaml" in house.out


def test_a_link_in_the_repository_stands_for_its_file(house: House) -> None:
    (house.root / "experiments/latest.yaml").symlink_to("buy-now.yaml")
    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-02")
    assert house.register("experiments/latest.yaml", "--policy=egp:standard", "--write-date") == 0
    assert house.lock()["buy-now"].path == PLAN
    assert (house.root / "experiments/latest.yaml").is_symlink()
    assert "registered: 2023-01-17" in house.text(PLAN)


def test_a_copy_is_no_move(house: House) -> None:
    house.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    house.register()
    house.write("drafts/copy.yaml", house.text(PLAN))
    assert house.register("drafts/copy.yaml") == 1
    assert "buy-now is registered from experiments/buy-now.yaml, which is still there" in house.out


def test_the_lock_lies_at_the_root_whatever_the_folder(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(house.root / "experiments")
    assert house.register("buy-now.yaml") == 0
    assert house.lock()["buy-now"].path == PLAN
    assert os.listdir(house.root / "experiments") == ["buy-now.yaml"]


def test_a_policy_elsewhere_does_not_lead_to_another_lock(house: House) -> None:
    house.write("ci/policy.yaml", house.text("egp.yaml"))
    assert house.register(PLAN, "--policy=ci/policy.yaml") == 0
    policy = house.lock()["buy-now"].policy
    assert policy is not None
    assert policy.name == "ci/policy.yaml"


def test_a_plan_outside_of_the_repository_has_no_place_in_the_lock(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "buy-now.yaml"
    outside.write_text(house.text(PLAN))
    assert house.register(str(outside), "--policy=egp:standard") == 1
    assert "the plan lies outside of the folder that has the lock" in house.out
    assert house.lock_text is None


def test_a_link_out_of_the_repository_is_not_read(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "buy-now.yaml"
    (house.root / PLAN).rename(outside)
    (house.root / PLAN).symlink_to(outside)
    before = outside.read_text()
    assert house.register(PLAN, "--write-date", day="2023-01-16") == 2
    assert "this link leads out of the repository" in house.out
    assert (house.lock_text, outside.read_text()) == (None, before)


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        ("id: [", 1, "error[valid-yaml]"),
        ("root:x:0:0\n", 1, "this is not a plan"),
        ("", 1, "error[valid-yaml]"),
        ("- 1\n", 1, "error["),
        ("id: buy-now\n", 1, "error["),
    ],
)
def test_what_is_no_plan(content: str, status: int, says: str, house: House) -> None:
    house.write(PLAN, content)
    assert house.register(PLAN, "--write-date") == status
    assert says in house.out
    assert (house.lock_text, house.text(PLAN)) == (None, content)
    assert "root:x" not in house.out


def test_a_plan_that_is_not_there(house: House) -> None:
    assert house.register("experiments/gone.yaml") == 2
    assert "there is no such file" in house.out


def test_a_damaged_lock_is_refused_with_its_line(house: House) -> None:
    house.register()
    damaged = as_first_release(house.root).replace("2023-01-17, analysis", "2023-01-77, analysis")
    house.write("egp.lock", damaged)
    assert house.register() == 2
    assert "egp.lock:4:" in house.err
    assert "2023-01-77 is not a date in the calendar" in house.err
    assert house.text("egp.lock") == damaged


def test_a_damaged_entry_is_refused_with_its_line(house: House) -> None:
    house.register()
    file = entry_file("buy-now")
    house.edit(file, "registered: 2023-01-17", "registered: 2023-01-16")
    damaged = house.lock_text
    assert house.register() == 2
    assert f"{file}:" in house.err
    assert "it is not as egp wrote it" in house.err
    assert house.lock_text == damaged


def test_a_lock_in_conflict_is_refused_with_its_line(house: House) -> None:
    house.register()
    text = house.text("egp.lock")
    conflict = f"<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> theirs\n"
    house.write("egp.lock", conflict)
    assert house.register() == 2
    assert "egp.lock:1:1" in house.err
    assert "a merge conflict that is not resolved" in house.err
    assert house.text("egp.lock") == conflict


def test_a_folder_that_cannot_be_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("egp.record.lock.writing.write_atomically", refuse)
    assert house.register() == 2
    assert "cannot write the lock: Permission denied" in house.err


def test_a_plan_that_cannot_be_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, _: bytes) -> None:
        raise PermissionError(13, "Permission denied", path)

    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-02")
    monkeypatch.setattr("egp.advice.register.write_atomically", refuse)
    assert house.register(PLAN, "--write-date") == 2
    assert f"{PLAN}: cannot write the plan: Permission denied" in house.err
    assert house.lock_text is None


def test_hostile_ids_are_pinned_and_shown_safely(house: House) -> None:
    name = "a: {b}\\n\\u202e#'"
    house.plan(id=f'"{name}"')
    house.write("egp.yaml", "rules: {minimum-runtime: {severity: error}}\n")
    assert house.register() == 1
    assert "cannot be an id" in house.out
    house.plan(id='"<<: {*b}, é"')
    assert house.register() == 0
    assert list(house.lock()) == ["<<: {*b}, é"]


def test_line_ends_of_the_plan_stay(house: House) -> None:
    house.edit(PLAN, "registered: 2023-01-17", "registered: 2023-01-02")
    path = house.root / PLAN
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    assert house.register(PLAN, "--write-date") == 0
    assert path.read_bytes() == before.replace(b"2023-01-02", DAY.encode())


def test_outside_of_git_the_lock_lies_beside_the_policy(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (house.root / ".git").rename(house.root / "git")
    monkeypatch.chdir(house.root / "experiments")
    assert house.register("buy-now.yaml", "--policy=../egp.yaml") == 0
    assert house.lock()["buy-now"].path == PLAN


@pytest.mark.parametrize(
    "advising",
    [
        ("explain", PLAN, f"--as-of={DAY}"),
        ("status", f"--as-of={DAY}"),
        ("brief", PLAN, f"--as-of={DAY}"),
        ("amend", PLAN, "--reason=a", "--approver=@b", "--data-access=no_results_seen", f"--as-of={DAY}"),
        ("decide", PLAN, "--option=A", "--by=privacy", "--because=it is time", f"--as-of={DAY}"),
    ],
    ids=lambda arguments: arguments[0],
)
@pytest.mark.parametrize("stated", ["", "registered: 2023-01-17\n", "registered: 2023-01-16\n"])
def test_the_command_that_egp_advises_registers_the_plan(
    house: House, advising: tuple[str, ...], stated: str
) -> None:
    """Whether the plan states the day, another one or none."""
    house.edit(PLAN, "registered: 2023-01-17\n", stated)
    house.egp(*advising)
    (command,) = re.findall(r"egp (register \S+(?: --[a-z-]+)*)", " ".join((house.out + house.err).split()))
    assert house.egp(*command.split(), f"--as-of={DAY}") == 0
    assert house.lock()["buy-now"].registered == date(2023, 1, 17)
