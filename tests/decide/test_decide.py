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


def decide(folder: Path, *arguments: str, option: str = "B", by: str = "experimentation_lead", day: str = "2023-03-16",
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
        "on": date(2023, 3, 16),
        "because": BECAUSE,
        "dissent": "the campaign ends on Friday",
        "plan": plan_digest(read_experiment(read_text((repository / PLAN).read_text())[0].value)[0]),
        "receipt": f"sha256:{sha256((repository / path).read_bytes()).hexdigest()}",
        "readout": None,
        "checkpoint": None,
        "overruled": None,
    }
    assert "experimentation_lead (@xp-lead) decided on 2023-03-16 for B (roll back)" in done.out
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
        ("2023-01-23", "A", "raise nothing"),
        ("2023-01-23", "C", "a narrower experiment"),
        ("2023-03-16", "B: roll back", "roll back"),
        ("2023-03-16", "Roll  back", "roll back"),
        ("2023-02-06", "Narrower_Rerun", None),
    ],
)
def test_what_an_option_means_depends_on_the_day(
    repository: Path, day: str, option: str, means: str | None
) -> None:
    assert decide(repository, option=option, day=day).status == 0
    (decided,) = decisions(repository)
    letters = {"launch now, guarded": "A", "raise nothing": "A", "roll back": "B"}
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
        ((), {"option": "E"}, "E is none of the options", "A: raise nothing, B: roll back, C: a narrower experiment, D: go on, ship"),
        ((), {"option": "launch now, guarded"}, "is none of the options while the experiment is under way", "A: raise nothing"),
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
    assert f"egp register {PLAN} --write-date" in done.err


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
    assert [each.means for each in decisions(repository)] == ["launch now, guarded", "raise nothing"]


def test_a_placeholder_is_no_dissent(repository: Path) -> None:
    assert decide(repository, "--dissent=…").status == 0
    assert [each.dissent for each in decisions(repository)] == [None]


def test_a_decision_changes_no_verdict(repository: Path) -> None:
    path = receipt(repository)
    done = decide(
        repository, f"--receipt={path}", "--overrule", "vp_commerce", "the campaign is paid for", option="A"
    )
    assert done.status == 0, done.err
    assert "the receipt says roll back, and no decision changes that answer" in done.out
    assert call(repository, "gate", "--replay", path).status == 3, "decided on, a receipt still replays"


RESULTS = "results/pdp-buy-now"


@pytest.mark.parametrize(
    ("arguments", "option", "day", "says"),
    [
        ((), "D", "2023-01-28", "D is closed: it is read on 2023-02-06, the planned look"),
        ((), "ship", "2023-01-28", "ship is closed: it is read on 2023-02-06, the planned look"),
        ((), "ship", "2023-01-20", "ship is closed: it is read on 2023-02-06, the planned look"),
        ((), "D", "2023-02-07", "D is closed: nothing shows that the gate says proceed"),
        (
            (f"--results={RESULTS}/day-05.yaml",),
            "ship",
            "2023-01-28",
            "ship is closed: the gate says hold until 2023-02-07",
        ),
        (
            (f"--results={RESULTS}/two-bad-weeks.yaml",),
            "A",
            "2023-03-16",
            "A is closed: the gate says roll back",
        ),
        ((f"--results={RESULTS}/monitor.yaml",), "D", "2023-03-16", "D is closed: there is no further stage"),
        (("--receipt=r.json",), "A", "2023-03-16", "A is closed: the gate says roll back"),
    ],
)
def test_a_closed_option_is_refused(
    repository: Path, arguments: tuple[str, ...], option: str, day: str, says: str
) -> None:
    receipt(repository)
    before = lock_text(repository)
    done = decide(repository, *arguments, option=option, day=day)
    assert (done.status, done.out, lock_text(repository)) == (1, "", before)
    assert says in done.err
    assert "--overrule" in done.err


def test_results_of_a_later_day_decide_nothing(repository: Path) -> None:
    before = lock_text(repository)
    done = decide(repository, f"--results={RESULTS}/two-bad-weeks.yaml", option="B", day="2023-03-15")
    assert (done.status, lock_text(repository)) == (1, before)
    assert "the results were taken on 2023-03-16, after 2023-03-15, the day of the decision" in done.err


@pytest.mark.parametrize(
    ("results", "option", "day"),
    [
        ("day-14", "D", "2023-02-07"), ("day-14", "ship", "2023-02-07"), ("stage-1", "go on", "2023-02-09"),
        ("two-bad-weeks", "B", "2023-03-16"), ("two-bad-weeks", "C", "2023-03-16"), ("monitor", "A", "2023-03-16"),
    ],
)  # fmt: skip
def test_what_the_gate_leaves_open_needs_nobody_to_overrule(
    repository: Path, results: str, option: str, day: str
) -> None:
    done = decide(repository, f"--results={RESULTS}/{results}.yaml", option=option, day=day)
    assert done.status == 0, done.err
    assert decisions(repository)[-1].overruled is None


def test_a_launch_that_the_policy_rejects_is_closed(repository: Path) -> None:
    path = repository / PLAN
    path.write_text(path.read_text().replace("min_dwell: 48h}", "min_dwell: 1h}"))
    done = decide(repository, option="A", day="2023-01-20")
    assert done.status == 1
    assert "A is closed: the plan has" in done.err


def test_who_overrules_is_named_and_every_later_page_shows_it(repository: Path) -> None:
    done = decide(
        repository, f"--results={RESULTS}/two-bad-weeks.yaml", "--overrule", "vp_commerce", "the campaign is paid for",
        option="A",
    )  # fmt: skip
    assert done.status == 0, done.err
    (decided,) = decisions(repository)
    assert decided.overruled is not None
    assert vars(decided.overruled) == {
        "role": "vp_commerce", "by": None, "because": "the campaign is paid for", "closed": "the gate says roll back",
    }  # fmt: skip
    words = "on 2023-03-16 vp_commerce chose A (raise nothing), which was closed: the gate says roll back"
    for results in ("two-bad-weeks", "monitor"):
        page = call(
            repository, "brief", PLAN, f"--results={RESULTS}/{results}.yaml", "--as-of=2023-03-16"
        ).out
        assert words in " ".join(page.split())
    git(repository, "init", "--quiet")
    commit(repository, "2023-03-16")
    life = call(repository, "history", PLAN).out
    assert "overruled by vp_commerce" in " ".join(life.split())
    status = call(repository, "status", f"--results={RESULTS}", "--as-of=2023-03-16").out
    assert "overruled by vp_commerce" in " ".join(status.split())


@pytest.mark.parametrize(
    ("who", "why", "says"),
    [
        ("@marketing", "because", "@marketing holds no role that decides"),
        ("vp_commerce", " ", "overruling has no reason"),
    ],
)
def test_overruling_takes_a_say_and_a_reason(repository: Path, who: str, why: str, says: str) -> None:
    receipt(repository)
    done = decide(repository, "--receipt=r.json", "--overrule", who, why, option="A")
    assert done.status == 1
    assert says in done.err


def test_a_delay_has_a_checkpoint_that_falls_back_by_itself(repository: Path) -> None:
    ranking = "experiments/ranking-model.yaml"
    done = call(
        repository,
        "decide",
        ranking,
        "--option=B",
        "--by=@recs-ds",
        "--because=new users lose",
        "--as-of=2023-08-30",
    )
    assert done.status == 0, done.err
    assert "checkpoint on 2023-09-04: without the repair by then it is C (a narrower launch)" in done.out
    before = call(repository, "brief", ranking, "--as-of=2023-09-03").out
    after = call(repository, "brief", ranking, "--as-of=2023-09-05").out
    assert "checkpoint on 2023-09-04" in " ".join(before.split())
    assert "C (a narrower launch) has taken its place" in " ".join(after.split())


def test_positions_stand_beside_the_decision(repository: Path) -> None:
    held = (
        "--position=marketing_director",
        "--wants=B",
        "--because=the campaign suffers",
        "--agrees-if=two green readings",
    )
    done = call(repository, "decide", PLAN, *held, "--as-of=2023-03-15")
    assert done.status == 0, done.err
    assert "marketing_director wants on 2023-03-15: B" in done.out
    call(
        repository,
        "decide",
        PLAN,
        "--position=@pdp-pm",
        "--wants=go on",
        "--because=adoption",
        "--as-of=2023-03-15",
    )
    again = call(repository, "decide", PLAN, *held, "--as-of=2023-03-15")
    assert again.out.startswith("recorded already:")
    assert (
        decide(repository, f"--results={RESULTS}/two-bad-weeks.yaml", "--dissent=adoption suffers").status
        == 0
    )
    page = call(
        repository, "brief", PLAN, f"--results={RESULTS}/two-bad-weeks.yaml", "--as-of=2023-03-16"
    ).out
    said = " ".join(page.split())
    assert "two green readings" in said
    assert "adoption suffers" in said
    early = call(repository, "brief", PLAN, "--as-of=2023-01-18").out
    assert "marketing_director" not in early, "what was said later was not said then"


def test_a_decision_with_the_rows_of_a_look_is_kept_under_a_base(repository: Path) -> None:
    """Parts of a lock are compared by what they say."""
    gate(repository, "day-14", "--to=70%", "--receipt=r.json")
    assert decide(repository, "--receipt=r.json", option="ship", day="2023-02-07").status == 0
    again = decide(repository, "--receipt=r.json", option="ship", day="2023-02-07")
    assert again.out.startswith("recorded already:")
    git(repository, "init", "--quiet")
    commit(repository, "2023-02-07")
    done = call(repository, "check", PLAN, "--base=HEAD", "--as-of=2023-02-08")
    assert "decisions that are missing or changed" not in done.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--option=B",), "a decision needs --by and --because"),
        (("--position=pm", "--option=B"), "a position is no decision"),
        (
            ("--option=B", "--by=x", "--because=y", "--wants=z"),
            "--wants and --agrees-if belong to a position",
        ),
    ],
)
def test_a_decision_or_a_position(repository: Path, arguments: tuple[str, ...], says: str) -> None:
    done = call(repository, "decide", PLAN, *arguments)
    assert done.status == 2
    assert says in done.err


def test_a_position_says_what_is_wanted(repository: Path) -> None:
    done = call(repository, "decide", PLAN, "--position=pm")
    assert done.status == 1
    assert "the position has nothing that is wanted" in done.err


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
    commit(repository, "2023-03-16")
    (life,) = json.loads(call(repository, "history", PLAN, "--format=json").out)["experiments"]
    decided = [each for each in life["events"] if each["event"] == "decided"]
    assert [(each["date"], [one["option"] for one in each["decisions"]]) for each in decided] == [
        ("2023-02-20", ["A"]),
        ("2023-03-16", ["B"]),
    ]
    assert [each["dissent"] for each in life["registration"]["decisions"]] == [None, "too late"]
    text = " ".join(call(repository, "history", PLAN).out.split())
    assert "experimentation_lead (@xp-lead) decided on 2023-03-16 for B (roll back): <i>a second</i>" in text
    assert "disagreed and committed: too late" in text


def test_a_decision_that_is_gone_or_changed_is_found(repository: Path) -> None:
    git(repository, "init", "--quiet")
    decide(repository)
    commit(repository, "2023-03-16")
    check = ("check", PLAN, "--base=HEAD", "--as-of=2023-03-17", "--format=json")
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
