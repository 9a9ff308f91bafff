"""The light of an experiment is the gate's, and nothing turns green by what is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from egp.plan.digest import plan_digest
from egp.plan.experiment import read_experiment
from egp.yaml import read_file
from tests.fuzz.mutations import Steps, text_of, without
from tests.gate.calling import call
from tests.gate.test_examples import bent
from tests.lock.entries import forge, remove_lock

from .asking import FORMATS, ask, replaced, standing

PDP, RANKING = "pdp-buy-now", "ranking-model"
PLAN = "experiments/pdp-buy-now.yaml"


@pytest.mark.parametrize(
    ("as_of", "phase", "light", "reason"),
    [
        ("2023-01-22", "planned", "green", "registered, and the check passes"),
        ("2023-01-25", "running", "yellow", "no results in results: nobody can say how it does"),
        ("2023-01-28", "running", "green", "as planned; the primary metric is withheld until 2023-02-06"),
        ("2023-02-09", "running", "green", "may go on to 90%"),
        ("2023-02-16", "running", "green", "as planned"),
        ("2023-02-20", "running", "yellow", "the results were taken 2023-02-16 09:00, 4 days ago"),
        ("2023-02-28", "running", "red", "stop rule refunds on refund_rate fired"),
        ("2023-05-11", "over", None, "watched until 2023-05-10"),
    ],
)
def test_the_story(repository: Path, as_of: str, phase: str, light: str | None, reason: str) -> None:
    told = standing(repository, PDP, as_of)
    assert (told["phase"], told["light"]) == (phase, light)
    assert told["reasons"][0].startswith(reason)


@pytest.mark.parametrize(
    ("results", "onwards"),
    [
        ("day-05", "70%"),
        ("day-14", "70%"),
        ("srm", "70%"),
        ("late-data", "70%"),
        ("stage-1", "90%"),
        ("ramp-harm", "90%"),
        ("stage-2", ""),
        ("monitor", ""),
        ("two-bad-weeks", ""),
    ],
)
def test_the_light_is_read_off_what_the_gate_says(repository: Path, results: str, onwards: str) -> None:
    file = f"results/pdp-buy-now/{results}.yaml"
    told = standing(repository, PDP, "2023-05-10T00:00:00-07:00", results=("--results", file))
    asked = [["--monitor"], *([["--to", onwards]] if onwards else [])]
    as_of = ("--as-of", "2023-05-10T00:00:00-07:00", "--format", "json")
    verdicts = [call(repository, "gate", PLAN, "--results", file, *move, *as_of).json for move in asked]
    assert [each["verdict"] for each in told["gate"]] == [each["verdict"] for each in verdicts]
    assert told["light"] == _light([(each["verdict"], (each["hold"] or {}).get("kind")) for each in verdicts])


@pytest.mark.parametrize(
    ("results", "day", "light"),
    [("day-05", 28, "green"), ("day-14", 38, "green"), ("srm", 38, "yellow"), ("late-data", 38, "yellow")],
)
def test_a_hold_of_the_next_stage_is_yellow_unless_it_only_waits(
    repository: Path, results: str, day: int, light: str
) -> None:
    file = ("--results", f"results/pdp-buy-now/{results}.yaml")
    as_of = f"2023-01-{day}" if day < 32 else f"2023-02-0{day - 31}"
    assert standing(repository, PDP, as_of, results=file)["light"] == light


def _light(verdicts: list[tuple[str, str | None]]) -> str:
    if any(verdict == "roll_back" for verdict, _ in verdicts):
        return "red"
    is_fine = verdicts[0][0] == "proceed" and all(
        verdict == "proceed" or kind == "wait" for verdict, kind in verdicts[1:]
    )
    return "green" if is_fine else "yellow"


def test_of_two_files_of_one_instant_the_worse_counts(repository: Path) -> None:
    quiet = repository / "results/pdp-buy-now/monitor.yaml"
    later = (repository / "results/pdp-buy-now/two-bad-weeks.yaml").read_text(encoding="utf-8")
    (taken,) = [line for line in later.splitlines() if line.startswith("as_of:")]
    text = quiet.read_text(encoding="utf-8")
    quiet.write_text(re.sub("^as_of: .*$", taken, text, flags=re.MULTILINE), encoding="utf-8")
    told = standing(repository, PDP, "2023-03-16")
    assert told["results"]["from"] == "results/pdp-buy-now/two-bad-weeks.yaml"
    assert told["light"] == "red"


def test_results_from_after_the_day_do_not_count(repository: Path) -> None:
    assert standing(repository, PDP, "2023-02-08")["results"]["as_of"] == "2023-02-07T08:00:00-08:00"
    before = standing(repository, PDP, "2023-01-28T07:59:59-08:00")
    assert before["results"] is None
    assert before["light"] == "yellow"


@pytest.mark.parametrize("results", [(), ("--results", "experiments/../results/ranking-model")])
def test_running_without_results_is_never_green(repository: Path, results: tuple[str, ...]) -> None:
    told = standing(repository, PDP, "2023-01-28", results=results)
    assert told["light"] == "yellow"
    assert told["next"] == ["deliver its results"]


def test_an_unregistered_plan_is_not_green(repository: Path) -> None:
    remove_lock(repository)
    planned = standing(repository, PDP, "2023-01-22")
    assert planned["light"] == "yellow"
    assert "not registered yet" in planned["reasons"]
    assert standing(repository, PDP, "2023-01-28")["light"] == "yellow"


def test_a_plan_that_the_check_rejects_is_not_green(repository: Path) -> None:
    replaced(repository / "experiments/ranking-model.yaml", "layer: recommendations", "layer: pdp")
    replaced(repository / "experiments/ranking-model.yaml", "start: 2023-09-11", "start: 2023-01-30")
    told = standing(repository, PDP, "2023-01-28")
    assert told["rejected_by"] == ["layer-traffic"]
    assert [each["verdict"] for each in told["gate"]] == ["proceed", "hold"]
    assert told["light"] == "yellow"
    assert told["reasons"] == ["the check rejects the plan: layer-traffic"]


def test_a_plan_without_days_is_not_green(repository: Path) -> None:
    (repository / "experiments/new.yaml").write_text("id: new\ntype: superiority\n", encoding="utf-8")
    told = standing(repository, "new", "2023-01-28")
    assert told["light"] == "yellow"
    assert told["reasons"][0] == "the plan does not say when it runs"


@pytest.mark.parametrize("said", ["", "exposure: null, ", "exposure: much, "])
def test_a_layer_of_which_nobody_says_how_much_is_taken_is_not_told(repository: Path, said: str) -> None:
    for plan in (PLAN, "experiments/ranking-model.yaml"):
        file = repository / plan
        text = re.sub(r"exposure: [0-9]+%(, )?", said, file.read_text(encoding="utf-8"))
        file.write_text(text, encoding="utf-8")
    assert standing(repository, PDP, "2023-01-28")["light"] == "yellow"


def with_a_second_treatment(repository: Path, results: str) -> None:
    """Plan, lock and results with a second treatment that does what the first one does."""
    plan = repository / PLAN
    replaced(plan, "{id: control, weight: 50%", "{id: control, weight: 33.4%")
    replaced(
        plan, "{id: buy_now, weight: 50%}", "{id: buy_now, weight: 33.3%}\n  - {id: buy_soon, weight: 33.3%}"
    )
    forge(repository, PDP, digest=plan_digest(read_experiment(read_file(str(plan), PLAN)[0].value)[0]))
    rows = repository / f"results/pdp-buy-now/{results}.csv"
    first, *lines = rows.read_text(encoding="utf-8").splitlines(keepends=True)
    copies = [line.replace(",buy_now,", ",buy_soon,") for line in lines if ",buy_now," in line]
    rows.write_text("".join([first, *lines, *copies]), encoding="utf-8")


@pytest.mark.parametrize(
    ("results", "as_of", "reason", "decision"),
    [
        ("day-05", "2023-01-28", "the check rejects the plan", {"what": "readout", "on": "2023-02-06"}),
        (
            "day-14",
            "2023-02-07",
            "2 treatments were tested, and one is ramped",
            {"what": "choose the treatment", "on": "2023-02-07"},
        ),
    ],
)
def test_of_several_treatments_people_choose_after_the_look(
    repository: Path, results: str, as_of: str, reason: str, decision: dict[str, str]
) -> None:
    with_a_second_treatment(repository, results)
    told = standing(repository, PDP, as_of, results=("--results", f"results/pdp-buy-now/{results}.yaml"))
    assert [(each["asked"], each["verdict"]) for each in told["gate"]] == [("monitor", "proceed")]
    assert told["light"] == "yellow"
    assert told["reasons"][0].startswith(reason)
    assert told["next_decision"] == decision


def test_a_file_of_results_that_cannot_be_read_is_named_and_the_rest_is_told(repository: Path) -> None:
    (repository / "results/broken.yaml").write_text("experiment: [", encoding="utf-8")
    (repository / "results/nothing.yaml").write_text("as_of: 2023-01-28\n", encoding="utf-8")
    answered = ask(repository, "2023-02-16")
    assert answered.status == 2
    for told in (answered.out, answered.err):
        assert "results/broken.yaml" in told
        assert "results/nothing.yaml" in told
    assert "pdp-buy-now" in answered.out
    assert "Not everything could be judged." in answered.out


def test_results_that_the_gate_cannot_judge_are_not_green(repository: Path) -> None:
    (repository / "results/pdp-buy-now/stage-2.csv").unlink()
    answered = ask(repository, "2023-02-16", "--format", "json")
    told = answered.json["experiments"][0]
    assert answered.status == 2
    assert told["light"] == "yellow"
    assert not answered.json["complete"]


@pytest.mark.parametrize("output", FORMATS)
def test_nothing_before_the_look_depends_on_the_primary(repository: Path, output: str) -> None:
    first = ask(repository, "2023-01-28", "--format", output)
    bent(repository / "results/pdp-buy-now/day-05.csv")
    assert ask(repository, "2023-01-28", "--format", output).out == first.out
    assert "12." not in first.out or output == "html"


def test_results_may_be_one_file(repository: Path) -> None:
    answered = ask(
        repository,
        "2023-02-16",
        "--format",
        "json",
        results=("--results", "results/pdp-buy-now/stage-2.yaml"),
    )
    (told,) = (each for each in answered.json["experiments"] if each["id"] == "pdp-buy-now")
    assert (answered.status, answered.err, told["light"]) == (0, "", "green")


def test_a_folder_that_is_not_there_is_said_in_one_line(repository: Path) -> None:
    answered = ask(repository, "2023-01-28", results=("--results", "nowhere"))
    assert (answered.status, answered.out) == (2, "")
    assert "there is no folder nowhere" in answered.err


def test_a_decision_is_told_by_what_its_letter_meant(repository: Path) -> None:
    plan = "experiments/pdp-buy-now.yaml"
    said = ("--by=experimentation_lead", "--because=wait for the call", "--as-of=2023-02-20")
    assert standing(repository, "pdp-buy-now", "2023-03-02")["decided"] is None
    assert call(repository, "decide", plan, "--option=A", *said).status == 0
    decided = standing(repository, "pdp-buy-now", "2023-03-02")["decided"]
    assert decided == {"option": "A", "means": "raise nothing", "on": "2023-02-20"}
    assert "decided on 2023-02-20: raise nothing" in " ".join(
        ask(repository, "2023-03-02", "--format=markdown").out.split()
    )


@pytest.mark.parametrize(
    "steps", [("variants", 0), ("variants", 0, "id"), ("variants", 0, "control"), ("variants",)]
)
def test_a_plan_that_names_no_control_has_a_light_all_the_same(repository: Path, steps: Steps) -> None:
    path = repository / PLAN
    value = read_file(str(path), PLAN)[0].value
    path.write_text(text_of(without(value, steps)), encoding="utf-8")
    assert standing(repository, PDP, "2023-02-09")["light"] == "yellow"
