"""`egp history`: the life of a plan as git has it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from egp.cli.main import main
from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.yaml import read_text
from tests.integrity.team import BUY_NOW, WISH_LIST, Team
from tests.published import require_declared

LATER_LOOK = ("looks: [2023-02-06]", "looks: [2023-02-08]")


def history(team: Team, path: str = BUY_NOW) -> dict[str, Any]:
    status, said = team.egp("history", path, "--format=json")
    assert status == 0, said
    require_declared("history", said)
    (life,) = json.loads(said)["experiments"]
    assert isinstance(life, dict)
    return life


def events(team: Team, path: str = BUY_NOW) -> list[tuple[str | None, str]]:
    """(day, kind) of every event."""
    return [(each["date"], each["event"]) for each in history(team, path)["events"]]


def digest_of(team: Team, path: str = BUY_NOW) -> str:
    return plan_digest(read_experiment(read_text(team.read(path))[0].value)[0])


def test_a_plan_is_written_and_registered(team: Team) -> None:
    life = history(team)
    written, registered = life["events"]
    assert (written["event"], written["date"], written["path"]) == ("written", "2023-01-16", BUY_NOW)
    assert (registered["event"], registered["date"], registered["path"]) == (
        "registered",
        "2023-01-17",
        team.entry_place("buy-now")[0],
    )
    assert written["commit"] == team.git("rev-parse", "HEAD~1")
    assert written["digest"] == registered["digest"] == life["digest"] == digest_of(team)
    entry = life["registration"]
    assert (entry["registered"], entry["policy"]["name"], entry["policy"]["version"]) == (
        "2023-01-17",
        "egp.yaml",
        "2023.1",
    )
    assert {each["role"] for each in entry["signed"]} == {"experimentation_lead", "privacy"}
    assert life["is_as_registered"]
    assert not life["is_exploratory"]


def test_a_declared_change_has_its_amendment_and_its_fields(team: Team) -> None:
    team.replace(BUY_NOW, *LATER_LOOK)
    team.amend(BUY_NOW, "the readout is on a Wednesday", "2023-01-20", "no_results_seen")
    team.commit("2023-01-20")
    changed, amended = history(team)["events"][2:]
    assert (changed["event"], amended["event"]) == ("changed", "amended")
    assert [each["reason"] for each in changed["amendments"]] == ["the readout is on a Wednesday"]
    assert {(each["pointer"], each["before"], each["after"]) for each in changed["changes"]} == {
        ("/statistics/looks", "2023-02-06", "2023-02-08"),
    }
    assert {each["weight"] for each in changed["changes"]} == {"inferential"}
    assert (
        changed["digest"]
        == amended["digest"]
        == amended["registration"]["amended"][0]["digest"]
        == digest_of(team)
    )
    assert history(team)["is_as_registered"]


def test_an_undeclared_change_is_told_as_one(team: Team) -> None:
    team.replace(BUY_NOW, "non_inferiority_margin: 8%", "non_inferiority_margin: 9%")
    team.commit("2023-01-30")
    life = history(team)
    (change,) = life["events"][-1]["changes"]
    assert (change["pointer"], change["effect"]) == (
        "/guardrail_metrics/refund_rate/non_inferiority_margin",
        "loosens",
    )
    assert not life["is_as_registered"]
    _, said = team.egp("history", BUY_NOW)
    assert "no amendment" in said
    assert "The plan is not as it was registered on 2023-01-17" in said


def test_a_change_before_the_registration_needs_no_amendment(team: Team) -> None:
    """Until a plan is registered its author may change it as often as they like."""
    later = "experiments/later.yaml"
    team.write(later, team.read(BUY_NOW).replace("id: buy-now", "id: later"))
    team.commit("2023-01-18")
    team.replace(later, *LATER_LOOK)
    team.commit("2023-01-19")
    assert events(team, later) == [("2023-01-18", "written"), ("2023-01-19", "changed")]
    said = team.egp("history", later)[1]
    assert "changed to" in said
    assert "no amendment" not in said


def test_a_change_with_results_seen_is_told_as_exploratory(team: Team) -> None:
    team.replace(BUY_NOW, *LATER_LOOK)
    team.amend(BUY_NOW, "two days more would do", "2023-01-30", "results_seen")
    assert history(team)["is_exploratory"]
    assert "Its analysis is exploratory: it was changed with results seen." in " ".join(
        team.egp("history", BUY_NOW)[1].split()
    )


def test_what_is_not_committed_comes_last(team: Team) -> None:
    team.replace(BUY_NOW, *LATER_LOOK)
    team.amend(BUY_NOW, "a Wednesday", "2023-01-20", "no_results_seen")
    assert events(team)[2:] == [(None, "changed"), (None, "amended")]
    assert [each["commit"] for each in history(team)["events"][2:]] == [None, None]


def test_comments_alone_are_no_news_until_they_are_committed(team: Team) -> None:
    team.replace(BUY_NOW, "id: buy-now\n", "id: buy-now  # the button\n")
    assert len(events(team)) == 2
    team.commit("2023-01-20")
    assert events(team)[2:] == [("2023-01-20", "changed")]
    assert history(team)["events"][-1]["changes"] == []
    assert history(team)["is_as_registered"]


def test_a_file_that_moved_keeps_its_life(team: Team) -> None:
    team.git("mv", BUY_NOW, "experiments/button.yaml")
    team.replace("experiments/button.yaml", *LATER_LOOK)
    team.commit("2023-01-30")
    assert events(team, "experiments/button.yaml") == [
        ("2023-01-16", "written"),
        ("2023-01-17", "registered"),
        ("2023-01-30", "moved"),
        ("2023-01-30", "changed"),
    ]


def test_a_removed_plan_is_remembered(team: Team) -> None:
    (team.root / BUY_NOW).unlink()
    assert events(team)[2:] == [(None, "removed")]
    team.commit("2023-01-30")
    team.commit("2023-01-31")
    assert events(team)[2:] == [("2023-01-30", "removed")]
    assert "The plan is missing. It was registered on 2023-01-17." in team.egp("history", BUY_NOW)[1]
    team.git("checkout", "HEAD~2", "--", BUY_NOW)
    team.commit("2023-02-01")
    assert events(team)[2:] == [("2023-01-30", "removed"), ("2023-02-01", "restored")]


@pytest.mark.parametrize("more", ["title: again\n", "revision: *gone\n", 'title: "a\\u0007b"\n\0'])
def test_a_plan_with_a_part_that_cannot_be_read_has_no_digest(more: str, team: Team) -> None:
    """Of two values of one key nobody knows which was meant: what only one of them says is not told as a change."""
    team.write(BUY_NOW, team.read(BUY_NOW) + more)
    assert events(team)[2:] == [(None, "unreadable")]
    assert not history(team)["digest"]


def test_a_plan_that_could_not_be_read_for_a_while(team: Team) -> None:
    whole = team.read(BUY_NOW)
    team.write(BUY_NOW, "id: [")
    team.commit("2023-01-20")
    team.write(BUY_NOW, "id: {")
    team.commit("2023-01-21")
    team.write(BUY_NOW, whole)
    team.commit("2023-01-22")
    assert events(team)[2:] == [("2023-01-20", "unreadable"), ("2023-01-22", "restored")]


def test_another_id_in_the_same_file_is_a_change_of_the_id(team: Team) -> None:
    team.replace(BUY_NOW, "id: buy-now\n", "id: buy-later\n")
    team.commit("2023-01-30")
    life = history(team)
    assert life["experiment"] == "buy-later"
    assert [(each["pointer"], each["before"]) for each in life["events"][-1]["changes"]] == [
        ("/id", "buy-now")
    ]


def test_the_lock_written_anew_or_robbed_is_told(team: Team) -> None:
    file, _ = team.entry_place("buy-now")
    lock = team.read(file)
    team.replace(BUY_NOW, *LATER_LOOK)
    team.remove_lock()
    team.register(BUY_NOW)
    team.commit("2023-01-30")
    assert events(team)[2:] == [("2023-01-30", "changed"), ("2023-01-30", "registration-rewritten")]
    assert events(team, WISH_LIST)[2:] == [("2023-01-30", "registration-removed")]
    team.write(file, "<<<<<<< ours\n" + lock)
    team.commit("2023-01-31")
    team.write(file, lock)
    team.commit("2023-02-01")
    assert events(team)[4:] == [("2023-01-31", "lock-unreadable"), ("2023-02-01", "registration-rewritten")]


def test_a_sign_off_that_is_attested_later(team: Team) -> None:
    team.replace(BUY_NOW, "sign_offs:\n", 'sign_offs:\n  - {role: legal, by: "@legal", on: 2023-01-18}\n')
    team.register(BUY_NOW, on="2023-01-18")
    team.commit("2023-01-18")
    changed, signed = history(team)["events"][2:]
    assert (changed["event"], signed["event"]) == ("changed", "signed")
    assert "the lock attests legal (@legal)" in team.egp("history", BUY_NOW)[1]


def test_of_a_merge_the_line_it_went_into_tells(team: Team) -> None:
    team.git("checkout", "--quiet", "-b", "other")
    team.replace(BUY_NOW, "target: 50bps", "target: 51bps")
    team.commit("2023-01-20")
    team.replace(BUY_NOW, "target: 51bps", "target: 52bps")
    team.commit("2023-01-21")
    team.git("checkout", "--quiet", "main")
    team.git("merge", "--quiet", "--no-ff", "--message=Merge", "other", day="2023-01-25")
    last = history(team)["events"][-1]
    assert last["date"] == "2023-01-25"
    assert [(each["before"], each["after"]) for each in last["changes"]] == [("50bps", "52bps")]


def test_the_life_reads_in_the_order_in_which_it_happened(team: Team) -> None:
    team.replace(BUY_NOW, *LATER_LOOK)
    team.amend(BUY_NOW, "a Wednesday", "2023-01-20", "no_results_seen")
    team.commit("2023-01-20")
    status, said = team.egp("history", BUY_NOW)
    commits = [team.git("rev-parse", "--short=8", f"HEAD~{back}") for back in (2, 1, 0)]
    digest = digest_of(team).rpartition(":")[2][:12]
    first = history(team)["events"][0]["digest"].rpartition(":")[2][:12]
    assert status == 0
    assert said.splitlines() == [
        "buy-now (experiments/buy-now.yaml)",
        f"  2023-01-16 {commits[0]}  written as experiments/buy-now.yaml, v1:sha256:{first}…",
        f"  2023-01-17 {commits[1]}  registered on 2023-01-17 under egp.yaml 2023.1, signed by privacy (@privacy)",
        f"                       and experimentation_lead (@xp-lead), v1:sha256:{first}…",
        f"  2023-01-20 {commits[2]}  changed to v1:sha256:{digest}…",
        "                         amendment of 2023-01-20, no_results_seen: a Wednesday (approved by",
        "                           @xp-lead)",
        "                         /statistics/looks: 2023-02-06 → 2023-02-08 (inferential)",
        f"  2023-01-20 {commits[2]}  amended on 2023-01-20, no_results_seen, v1:sha256:{digest}… in the lock",
        "  now                  The plan is as it was registered on 2023-01-17 and last amended on",
        "                       2023-01-20.",
    ]


def test_control_characters_of_old_versions_reach_no_terminal(team: Team) -> None:
    team.replace(BUY_NOW, "title: Persistent", 'title: "\\e[2JPersistent"\nx-old: Persistent')
    team.commit("2023-01-20")
    team.replace(BUY_NOW, 'title: "\\e[2JPersistent"', "title: Persistent")
    team.commit("2023-01-21")
    assert "\x1b" not in team.egp("history", BUY_NOW)[1]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("experiments/none.yaml", "neither git nor the working tree has a plan in experiments/none.yaml"),
        ("experiments", "neither git nor the working tree has a plan in experiments"),
        ("../plan.yaml", "lies outside of this repository"),
        ("--", "arguments are required"),
    ],
)
def test_what_has_no_life_cannot_be_told(team: Team, path: str, message: str) -> None:
    status, said = team.egp("history", path)
    assert status == 2
    assert message in said


def test_without_git_there_is_no_history(
    team: Team, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("nowhere")
    (folder / "plan.yaml").write_text(team.read(BUY_NOW), encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path(folder).parent))
    status, said = team.egp("history", "plan.yaml")
    assert status == 2
    assert "lies in no git repository" in said


@pytest.mark.parametrize("branch", ["main", "topic"])
def test_a_repository_without_a_commit_is_no_place_to_fetch_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], branch: str
) -> None:
    subprocess.run(["git", "init", "-q", f"--initial-branch={branch}", str(tmp_path)], check=True)
    (tmp_path / "plan.yaml").write_text("id: a\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["history", "plan.yaml"]) == 2
    told = capsys.readouterr().err
    assert "has no commit yet" in told
    assert "fetch" not in told
