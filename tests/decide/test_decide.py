"""egp decide: what was decided is recorded beside the registration, and stays."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.record.lock import Decided, made, read_lock
from egp.yaml import read_text
from tests.gate.calling import PLAN, Call, call, gate
from tests.lock.entries import forge, remove_lock, whole_lock

BECAUSE = "contacts up for two weeks"


def decide(folder: Path, *arguments: str, option: str = "B", by: str = "experimentation_lead", day: str = "2023-03-02",
           because: str = BECAUSE) -> Call:  # fmt: skip
    return call(
        folder,
        "decide",
        PLAN,
        f"--option={option}",
        f"--by={by}",
        f"--because={because}",
        f"--as-of={day}",
        *arguments,
    )


def decisions(folder: Path) -> tuple[Decided, ...]:
    return read_lock(str(folder)).entries["pdp-buy-now"].decisions


def lock_text(folder: Path) -> str:
    return whole_lock(folder) or ""


def receipt(folder: Path, results: str = "two-bad-weeks") -> str:
    gate(folder, results, "--monitor", "--receipt=r.json")
    return "r.json"


def test_a_decision_is_recorded(repository: Path) -> None:
    path = receipt(repository)
    done = decide(repository, "--dissent=the campaign ends on Friday", f"--receipt={path}")
    assert done.status == 0, done.err
    (decided,) = decisions(repository)
    assert vars(decided) == {
        "option": "B",
        "means": "roll back",
        "role": "experimentation_lead",
        "by": "@xp-lead",
        "on": date(2023, 3, 2),
        "because": BECAUSE,
        "dissent": "the campaign ends on Friday",
        "plan": plan_digest(read_experiment(read_text((repository / PLAN).read_text())[0].value)[0]),
        "receipt": f"sha256:{sha256((repository / path).read_bytes()).hexdigest()}",
        "readout": None,
    }
    assert "experimentation_lead (@xp-lead) decided on 2023-03-02 for B (roll back)" in done.out
    assert "disagreed and committed: the campaign ends on Friday" in done.out


def test_decisions_are_added_and_never_rewritten(repository: Path) -> None:
    assert decide(repository, option="A", day="2023-02-20").status == 0
    before = lock_text(repository)
    assert decide(repository, because="a second week").status == 0
    after = lock_text(repository)
    assert [each.option for each in decisions(repository)] == ["A", "B"]
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert len(added) == 2, "a line of its own, and the sum"
    kept = [line for line in after.splitlines() if line not in added]
    assert kept == [line for line in before.splitlines() if line in kept]
    assert len(kept) == len(before.splitlines()) - 1


def test_the_same_decision_is_recorded_once(repository: Path) -> None:
    decide(repository)
    before = lock_text(repository)
    again = decide(repository)
    assert (again.status, lock_text(repository)) == (0, before)
    assert again.out.startswith("recorded already:")


@pytest.mark.parametrize(
    ("day", "option", "means"),
    [
        ("2023-01-20", "A", "launch now, guarded"),
        ("2023-01-20", "c", "a narrower launch"),
        ("2023-01-23", "A", "freeze the ramp"),
        ("2023-01-23", "C", "a narrower experiment"),
        ("2023-03-02", "B: roll back", "roll back"),
        ("2023-03-02", "Roll  back", "roll back"),
        ("2023-02-06", "Narrower_Rerun", None),
    ],
)
def test_what_an_option_means_depends_on_the_day(
    repository: Path, day: str, option: str, means: str | None
) -> None:
    assert decide(repository, option=option, day=day).status == 0
    (decided,) = decisions(repository)
    letters = {"launch now, guarded": "A", "freeze the ramp": "A", "roll back": "B"}
    assert (decided.option, decided.means) == (letters.get(means, "C") if means else option.lower(), means)


@pytest.mark.parametrize(
    ("by", "handle", "role", "who"),
    [
        ("experimentation_lead", "", "experimentation_lead", "@xp-lead"),
        ("@XP-Lead", "", "experimentation_lead", "@XP-Lead"),
        ("@pdp-pm", "", "owner", "@pdp-pm"),
        ("vp_commerce", "", "vp_commerce", None),
        ("vp_commerce", "@vp", "vp_commerce", "@vp"),
    ],
)
def test_who_may_decide(repository: Path, by: str, handle: str, role: str, who: str | None) -> None:
    assert decide(repository, *([f"--handle={handle}"] if handle else []), by=by).status == 0
    (decided,) = decisions(repository)
    assert (decided.role, decided.by) == (role, who)


@pytest.mark.parametrize(
    ("arguments", "changed", "says", "help"),
    [
        ((), {"option": "D"}, "D is none of the options", "A: freeze the ramp, B: roll back, C: a narrower experiment, ship"),
        ((), {"option": "launch now, guarded"}, "is none of the options while the experiment is under way", "A: freeze the ramp"),
        ((), {"option": "A: roll back"}, "is none of the options while", "B: roll back"),
        ((), {"because": " "}, "the decision has no reason", "--because says why"),
        ((), {"because": "TBD"}, "the decision has no reason", "--because says why"),
        ((), {"by": "nobody"}, "the decision has no decider", "--by says who"),
        ((), {"by": "@marketing"}, "@marketing holds no role that decides", "privacy"),
        (("--handle=@pdp-pm",), {}, "@pdp-pm does not hold the role experimentation_lead", "@xp-lead"),
        ((), {"day": "2023-01-16"}, "a decision of 2023-01-16 would precede the entry of 2023-01-17", "has the date"),
    ],
)  # fmt: skip
def test_refusals(
    repository: Path, arguments: tuple[str, ...], changed: dict[str, str], says: str, help: str
) -> None:
    before = lock_text(repository)
    done = decide(repository, *arguments, **changed)
    assert (done.status, done.out, lock_text(repository)) == (1, "", before)
    assert says in done.err
    assert help in done.err


def test_a_role_that_several_hold_needs_a_name(repository: Path) -> None:
    policy = repository / "egp.yaml"
    policy.write_text(policy.read_text().replace('["@xp-lead"]', '["@xp-lead", "@xp-deputy"]'))
    done = decide(repository)
    assert done.status == 1
    assert "2 people hold the role experimentation_lead" in done.err
    assert decide(repository, "--handle=@xp-deputy").status == 0


def test_a_plan_that_is_not_registered_is_not_decided_on(repository: Path) -> None:
    remove_lock(repository)
    done = decide(repository)
    assert done.status == 1
    assert "pdp-buy-now is not registered" in done.err
    assert f"egp register {PLAN}" in done.err


def test_a_receipt_of_another_experiment_is_refused(repository: Path) -> None:
    path = repository / receipt(repository)
    stated = json.loads(path.read_text())
    path.write_text(json.dumps({**stated, "experiment": "another"}))
    done = decide(repository, "--receipt=r.json")
    assert done.status == 1
    assert "the receipt is of another" in done.err


@pytest.mark.parametrize("content", ["", "{}", "[1]", None])
def test_what_is_no_receipt(repository: Path, content: str | None) -> None:
    if content is not None:
        (repository / "r.json").write_text(content)
    done = decide(repository, "--receipt=r.json")
    assert (done.status, done.out, decisions(repository)) == (2, "", ())
    assert "nothing is recorded" in done.err


def test_a_receipt_from_before_the_start_is_of_a_launch(repository: Path) -> None:
    results = repository / "results" / "pdp-buy-now" / "day-05.yaml"
    early = "2023-01-20T08:00:00-08:00"
    call(
        repository, "gate", PLAN, f"--results={results}", f"--as-of={early}", "--monitor", "--receipt=r.json"
    )
    path = repository / "r.json"
    assert decide(repository, "--receipt=r.json", option="A", day="2023-01-20").status == 0
    stated = json.loads(path.read_text())
    path.write_text(json.dumps({**stated, "stage": "70%"}))
    assert decide(repository, "--receipt=r.json", option="A", day="2023-01-20").status == 0
    assert [each.means for each in decisions(repository)] == ["launch now, guarded", "freeze the ramp"]


def test_a_placeholder_is_no_dissent(repository: Path) -> None:
    assert decide(repository, "--dissent=…").status == 0
    assert [each.dissent for each in decisions(repository)] == [None]


def test_a_decision_changes_no_verdict(repository: Path) -> None:
    path = receipt(repository)
    done = decide(repository, f"--receipt={path}", option="A")
    assert "the receipt says roll back, and no decision changes that answer" in done.out
    assert call(repository, "gate", "--replay", path).status == 3, "decided on, a receipt still replays"


def test_a_plan_that_has_changed_is_said_to_have(repository: Path) -> None:
    path = repository / PLAN
    assert "not as it was registered" not in decide(repository).out
    path.write_text(path.read_text().replace("until: 2023-05-10", "until: 2023-05-12"))
    assert "not as it was registered" in decide(repository, because="another").out


def test_what_people_type_stays_one_line_of_text(repository: Path) -> None:
    typed = 'first\n  ]}\npolicies: {} # "quoted" \x1b[31m <b>bold</b>'
    done = decide(repository, because=typed, option="B")
    assert done.status == 0
    assert "\x1b" not in done.out
    (decided,) = decisions(repository)
    assert decided.because == " ".join(typed.split())


def test_history_tells_decisions(repository: Path) -> None:
    git(repository, "init", "--quiet")
    commit(repository, "2023-01-17")
    decide(repository, option="A", day="2023-02-20")
    commit(repository, "2023-02-20")
    decide(repository, "--dissent=too late", because="<i>a second</i> week")
    commit(repository, "2023-03-02")
    (life,) = json.loads(call(repository, "history", PLAN, "--format=json").out)["experiments"]
    decided = [each for each in life["events"] if each["event"] == "decided"]
    assert [(each["date"], [one["option"] for one in each["decisions"]]) for each in decided] == [
        ("2023-02-20", ["A"]),
        ("2023-03-02", ["B"]),
    ]
    assert [each["dissent"] for each in life["registration"]["decisions"]] == [None, "too late"]
    text = " ".join(call(repository, "history", PLAN).out.split())
    assert "experimentation_lead (@xp-lead) decided on 2023-03-02 for B (roll back): <i>a second</i>" in text
    assert "disagreed and committed: too late" in text


def test_a_decision_that_is_gone_or_changed_is_found(repository: Path) -> None:
    git(repository, "init", "--quiet")
    decide(repository)
    commit(repository, "2023-03-02")
    check = ("check", PLAN, "--base=HEAD", "--as-of=2023-03-03", "--format=json")
    assert "registration-kept" not in call(repository, *check).out
    (decided,) = decisions(repository)
    rewritten = made(Decided, **{**vars(decided), "because": "no reason at all"})
    forge(repository, "pdp-buy-now", decisions=(rewritten,))
    found = json.loads(call(repository, *check).out)["diagnostics"]
    (said,) = [each for each in found if each["rule"] == "registration-kept"]
    assert "has decisions that are missing or changed" in said["message"]


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=egp", "-c", "user.email=egp@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, day: str) -> None:
    git(folder, "add", "--all")
    subprocess.run(
        [
            "git",
            "-c",
            "user.name=egp",
            "-c",
            "user.email=egp@example.com",
            "commit",
            "--quiet",
            "--message=change",
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        env={
            "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
            "GIT_AUTHOR_DATE": f"{day}T12:00:00Z",
            "PATH": "/usr/bin:/bin",
        },
    )
