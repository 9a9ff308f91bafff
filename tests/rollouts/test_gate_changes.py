"""A repository whose flag is raised by pull requests: each is judged by what the base knows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from egp.gate.changes import _current, _FlagMoves
from egp.gate.moved import FlagChange
from egp.gate.plan_read import PlanRead
from egp.policy.plan_files import PlanSource
from egp.policy.shipped import ROOT
from egp.record.ledger import append, read_ledger
from egp.yaml import read_text
from tests.gate.calling import Call, call
from tests.gate.worlds import plan_of
from tests.published import require_declared
from tests.rollouts.reading import read

PLAN = "experiments/pdp-buy-now.yaml"
DAY_5, READOUT, STAGE_1 = (
    "2023-01-28T08:00:00-08:00",
    "2023-02-07T08:00:00-08:00",
    "2023-02-09T08:00:00-08:00",
)

ROLLOUTS = """
waivers: {approvers: [experimentation_lead]}
rollouts:
  - {files: "flags/*.flagd.yaml", format: flagd, environment: production}
"""

FLAG = """\
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[buy_now, BUY], [control, CONTROL]]}
"""


def flag(share: int) -> str:
    return FLAG.replace("BUY", str(share)).replace("CONTROL", str(100 - share))


class Shop:
    """A repository with plan, lock, policy and a flag at the share of the test; and results kept elsewhere."""

    def __init__(self, folder: Path, canary: str = "") -> None:
        self.folder = folder / "shop"
        self.results = folder / "results"
        self.folder.mkdir()
        examples = Path(ROOT, "examples")
        shutil.copytree(examples / "experiments", self.folder / "experiments")
        (self.folder / "experiments" / "ranking-model.yaml").unlink()
        if canary:
            plan = (self.folder / PLAN).read_text(encoding="utf-8")
            self.write(PLAN, re.sub("(?m)^canary: .*$", f"canary: {canary}", plan))
        policy = (examples / "egp.yaml").read_text(encoding="utf-8")
        self.write("egp.yaml", policy + ROLLOUTS)
        self.git("init", "-q", "-b", "main")
        done = self.egp("register", PLAN, "--as-of", "2023-01-17")
        assert done.status == 0, done.out + done.err
        self.write("flags/pdp.flagd.yaml", flag(45))
        self.commit()
        self.git("checkout", "-q", "-b", "raise")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def take(self, name: str, folder: Path | None = None) -> None:
        """Results of the example, alone in their folder."""
        place = folder or self.results
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for ending in ("yaml", "csv"):
            shutil.copy(Path(ROOT, "examples/results/pdp-buy-now", f"{name}.{ending}"), place)

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "as it is")

    def egp(self, *arguments: str) -> Call:
        return call(self.folder, *arguments)

    def judged(self, as_of: str, *arguments: str, results: bool = True) -> Call:
        named = ("--results", str(self.results)) if results else ()
        return self.egp("gate", "--base", "main", "--as-of", as_of, "--format", "json", *named, *arguments)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def the_move(answered: Call) -> dict[str, object]:
    (move,) = json.loads(answered.out)["moves"]
    return dict(move)


def test_a_raise_on_day_five_is_held_with_the_line_of_the_flag(shop: Shop) -> None:
    shop.take("day-05")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(DAY_5)
    move = the_move(answered)
    assert (answered.status, move["outcome"], move["stage"]) == (1, "hold", "70%")
    assert (move["path"], move["line"], move["experiment"]) == ("flags/pdp.flagd.yaml", 6, "pdp-buy-now")
    assert (move["share_before"], move["share_after"]) == (0.45, 0.7)


def test_a_raise_after_the_readout_goes_through(shop: Shop) -> None:
    shop.take("day-14")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(READOUT)
    assert (answered.status, the_move(answered)["outcome"]) == (0, "proceed"), answered.out


def test_a_stage_that_is_skipped_is_held(shop: Shop) -> None:
    shop.take("day-14")
    shop.write("flags/pdp.flagd.yaml", flag(90))
    answered = shop.judged(READOUT)
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (1, "hold")
    assert "90% comes after 70%" in str(move["reasons"])


def test_a_share_that_is_no_stage_is_refused(shop: Shop) -> None:
    shop.take("day-14")
    shop.write("flags/pdp.flagd.yaml", flag(60))
    answered = shop.judged(READOUT)
    assert (answered.status, the_move(answered)["outcome"]) == (1, "refused")
    assert "60 % is no stage of the plan, which has 45 %, 70 % and 90 %" in answered.out


@pytest.mark.parametrize(
    ("pattern", "path", "status"),
    [
        ("flags/**/*.flagd.yaml", "flags/more", 2),
        ("flags/*/*.flagd.yaml", "flags/more", 2),
        ("flags/*/*.flagd.yaml", "flags", 2),
        ("**/*.flagd.yaml", "elsewhere", 2),
        ("flags/*.flagd.yaml", "flags/more", 0),
        ("flags/*.flagd.yaml", "flagship", 0),
    ],
)
def test_a_submodule_that_is_not_checked_out_serves_what_nobody_can_tell(
    shop: Shop, pattern: str, path: str, status: int
) -> None:
    shop.git("checkout", "-q", "main")
    shop.write("egp.yaml", (shop.folder / "egp.yaml").read_text().replace("flags/*.flagd.yaml", pattern))
    shop.git("rm", "-rq", "flags")
    shop.commit()
    shop.git("checkout", "-q", "-B", "raise")
    shop.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
    shop.git("commit", "-q", "-m", "flags of others")
    answered = shop.judged(DAY_5, results=False)
    assert answered.status == status, answered.out
    assert ("it is a submodule that changes, and it is not checked out" in answered.out) == (status == 2)
    shop.git("branch", "-qf", "main")
    assert shop.judged(DAY_5, results=False).status == 0, "what the base has as well does not change"


def test_a_lowering_is_free_without_results(shop: Shop) -> None:
    shop.write("flags/pdp.flagd.yaml", flag(20))
    answered = shop.judged(DAY_5, results=False)
    assert (answered.status, the_move(answered)["outcome"]) == (0, "free")


def test_a_branch_cannot_bring_its_own_results(shop: Shop) -> None:
    shop.take("day-14", shop.folder / "results")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.egp(
        "gate", "--base", "main", "--as-of", READOUT, "--format", "json", "--results", "results"
    )
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (1, "refused")
    assert "its results come with the same change" in str(move["reasons"])


def test_results_that_the_base_has_are_taken(shop: Shop) -> None:
    shop.git("checkout", "-q", "main")
    shop.take("day-14", shop.folder / "results")
    shop.commit()
    shop.git("checkout", "-q", "-b", "later")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.egp(
        "gate", "--base", "main", "--as-of", READOUT, "--format", "json", "--results", "results"
    )
    assert (answered.status, the_move(answered)["outcome"]) == (0, "proceed"), answered.out


def edit_plan(shop: Shop) -> None:
    text = (shop.folder / PLAN).read_text(encoding="utf-8")
    shop.write(PLAN, text.replace("mde: 45bps", "mde: 90bps"))


def add_to_ledger(shop: Shop) -> None:
    done = shop.egp("enter", PLAN, "--rollback", "--reason", "a mistake", "--as-of", READOUT)
    assert done.status == 0, done.err


@pytest.mark.parametrize("meddle", [edit_plan, add_to_ledger])
def test_a_branch_cannot_change_what_judges_it(shop: Shop, meddle: Callable[[Shop], None]) -> None:
    shop.take("day-14")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    meddle(shop)
    answered = shop.judged(READOUT)
    move = the_move(answered)
    assert (answered.status, move["outcome"]) == (1, "refused")
    assert "of the same experiment changes with it" in str(move["reasons"])


def test_the_policy_of_the_branch_does_not_judge(shop: Shop) -> None:
    shop.take("day-05")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    shop.write("egp.yaml", 'extends: ["egp:standard"]\nplans: ["experiments/*.yaml"]\n')
    assert shop.judged(DAY_5).status == 1


def test_other_units_at_the_same_share_are_a_raise(shop: Shop) -> None:
    shop.take("day-05")
    text = flag(45).replace("[[buy_now, 45], [control, 55]]", "[[control, 55], [buy_now, 45]]")
    shop.write("flags/pdp.flagd.yaml", text)
    move = the_move(shop.judged(DAY_5))
    assert (move["kind"], move["outcome"]) == ("raise", "refused")
    assert "other units are treated" in str(move["reasons"])


def test_what_is_computed_elsewhere_cannot_be_judged(shop: Shop) -> None:
    shop.take("day-14")
    shop.write("flags/pdp.flagd.yaml", flag(70).replace("[buy_now, 70]", "[buy_now, {var: share}]"))
    answered = shop.judged(READOUT)
    assert (answered.status, the_move(answered)["outcome"]) == (2, "could_not_judge")


def test_a_flag_that_is_missing_cannot_be_judged_and_one_that_is_off_is_free(shop: Shop) -> None:
    shop.take("day-14")
    (shop.folder / "flags/pdp.flagd.yaml").unlink()
    assert shop.judged(READOUT).status == 2
    shop.write("flags/pdp.flagd.yaml", flag(45).replace("ENABLED", "DISABLED"))
    assert shop.judged(READOUT).status == 0


def test_nothing_is_said_of_a_file_that_is_written_otherwise(shop: Shop) -> None:
    text = "# a comment\n" + flag(45).replace("[buy_now, 45], [control, 55]", "[buy_now, 90], [control, 110]")
    shop.write("flags/pdp.flagd.yaml", text)
    answered = shop.judged(READOUT, results=False)
    assert (answered.status, json.loads(answered.out)["moves"]) == (0, [])


def test_a_file_that_cannot_be_read_is_named_where_it_was_changed(shop: Shop) -> None:
    shop.git("checkout", "-q", "main")
    shop.write("flags/broken.flagd.yaml", "flags: [")
    shop.commit()
    shop.git("checkout", "-q", "-B", "raise")
    same = shop.judged(READOUT, results=False)
    assert (same.status, json.loads(same.out)["moves"]) == (0, [])
    shop.write("flags/broken.flagd.yaml", "flagz: [")
    changed = shop.judged(READOUT, results=False)
    assert (changed.status, the_move(changed)["outcome"]) == (2, "could_not_judge")


@pytest.mark.parametrize(
    ("day", "current"), [("2023-03-01", "second"), ("2023-02-28", "first"), ("2022-12-31", "first")]
)
def test_of_two_plans_of_a_flag_the_one_that_began_last_is_meant(day: str, current: str) -> None:
    """From its first day on; before all of them the one that begins next."""
    found = [
        (
            start,
            PlanRead(
                PlanSource(start, start, start, True),
                read_text("")[0],
                plan_of(schedule={"start": start}),
                (),
                True,
            ),
        )
        for start in ("2023-01-23", "2023-03-01")
    ]
    meant, _ = _current(found, datetime.fromisoformat(f"{day}T12:00:00-08:00"))
    assert meant == {"first": "2023-01-23", "second": "2023-03-01"}[current]


@pytest.mark.parametrize(
    ("variants", "meant"),
    [
        (("control", "buy_now"), ""),
        (("control", "buy_now", "sticky"), "buy_now"),
    ],
)
def test_of_several_treatments_the_one_that_is_served_is_ramped(
    variants: tuple[str, ...], meant: str
) -> None:
    """A plan with one has nothing to choose."""
    control, *others = variants
    plan = plan_of(
        variants=[
            {"id": control, "weight": "40%", "control": True},
            *({"id": each, "weight": f"{60 / len(others):g}%"} for each in others),
        ]
    )
    (rollout,) = read(flag(45), "flagd").rollouts
    assert _FlagMoves(rollout, plan, FlagChange("raise", 0.0, 0.45)).variant == meant


def test_a_new_split_without_a_plan_is_named_and_one_whose_plan_comes_along_is_refused(shop: Shop) -> None:
    shop.write("flags/other.flagd.yaml", flag(50).replace("pdp_buy_now", "search_banner"))
    shop.take("day-14")
    answered = shop.judged(READOUT)
    assert (answered.status, the_move(answered)["outcome"]) == (0, "unplanned")
    plan = (shop.folder / PLAN).read_text(encoding="utf-8")
    new = plan.replace("id: pdp-buy-now", "id: banner").replace("pdp_buy_now", "search_banner")
    shop.write("experiments/banner.yaml", new)
    answered = shop.judged(READOUT)
    assert (answered.status, the_move(answered)["outcome"]) == (1, "refused")


def test_a_raise_whose_gate_rolls_back_ends_with_three(shop: Shop) -> None:
    shop.git("checkout", "-q", "main")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    shop.commit()
    shop.git("checkout", "-q", "-b", "more")
    shop.take("ramp-harm")
    stamp = next(
        line.partition(": ")[2]
        for line in (shop.results / "ramp-harm.yaml").read_text(encoding="utf-8").splitlines()
        if line.startswith("as_of")
    )
    shop.write("flags/pdp.flagd.yaml", flag(90))
    answered = shop.judged(stamp)
    assert (answered.status, the_move(answered)["outcome"]) == (3, "roll_back"), answered.out


@pytest.mark.parametrize("form", ["text", "markdown", "github"])
def test_every_format_has_a_line_for_the_flag_with_its_place(shop: Shop, form: str) -> None:
    shop.take("day-05")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    answered = shop.judged(DAY_5, "--format", form)
    assert answered.status == 1
    place = "file=flags/pdp.flagd.yaml,line=6" if form == "github" else "flags/pdp.flagd.yaml"
    assert place in answered.out
    assert "45 % → 70 %" in answered.out.replace("%25", "%")


def test_the_whole_way_by_the_ledger(shop: Shop, tmp_path: Path) -> None:
    receipt = str(tmp_path / "receipt.json")
    shop.take("day-14")
    enter = ("enter", PLAN, "--to", "70%", "--receipt", receipt)
    done = shop.egp(*enter, "--results", str(shop.results / "day-14.yaml"), "--as-of", READOUT)
    assert done.status == 2, "results lie in the repository, as of the gate"
    shop.take("day-14", shop.folder / "results")
    done = shop.egp(*enter, "--results", "results/day-14.yaml", "--as-of", READOUT)
    assert done.status == 0, done.out + done.err
    (entry,) = (shop.folder / "egp.ledger.d").rglob("*.yaml")
    assert entry.name == "0001.yaml"
    again = shop.egp(*enter, "--results", "results/day-14.yaml", "--as-of", READOUT)
    assert again.status == 1, "a stage is entered once"
    shop.git("checkout", "-q", "-B", "main")
    shop.write("flags/pdp.flagd.yaml", flag(70))
    shop.commit()
    shop.git("checkout", "-q", "-b", "ninety")
    shop.take("stage-1")
    shop.write("flags/pdp.flagd.yaml", flag(90))
    answered = shop.judged(STAGE_1)
    assert (answered.status, the_move(answered)["outcome"]) == (0, "proceed"), answered.out


def test_an_entry_of_another_instant_than_now_says_so_and_is_a_finding(shop: Shop) -> None:
    """Else a stage could be entered by what was true before the harm was seen, or by what may be true tomorrow."""
    shop.take("day-14", shop.folder / "results")
    enter = ("enter", PLAN, "--to", "70%", "--receipt", "receipt.json", "--results", "results/day-14.yaml")
    assert shop.egp(*enter, "--as-of", READOUT).status == 0
    (entry,) = (shop.folder / "egp.ledger.d").rglob("*.yaml")
    assert "as_if: true" in entry.read_text(encoding="utf-8")
    checked = shop.egp("check", PLAN, "--as-of", "2023-02-08")
    assert (checked.status, "70 % was entered as if it were 2023-02-07" in checked.out) == (1, True)


def test_a_stage_counts_from_the_later_of_its_entry_and_what_its_receipt_judged(shop: Shop) -> None:
    stage = {"kind": "enter", "stage": "70%", "treated": "70%", "verdict": "proceed", "receipt": "sha256:1"}
    at = {"at": "2023-02-01T08:00:00-08:00", "judged": READOUT}
    append(str(shop.folder), "pdp-buy-now", {**stage, **at})
    shop.take("stage-1", shop.folder / "results")
    early = "2023-02-09T07:00:00-08:00"
    told = shop.egp("gate", PLAN, "--to", "90%", "--results", "results/stage-1.yaml", "--as-of", early)
    assert "in 70 % since 2023-02-07 08:00" in told.out
    assert "1 h to go" in told.out


def test_after_a_rollback_a_raise_begins_at_the_canary(shop: Shop, tmp_path: Path) -> None:
    shop.take("day-14", shop.folder / "results")
    done = shop.egp(
        "enter", PLAN, "--rollback", "--reason", "refunds", "--as-of", "2023-02-07T07:00:00-08:00"
    )
    assert done.status == 0, done.err
    receipt = ("--receipt", str(tmp_path / "receipt.json"))
    entered = shop.egp(
        "enter", PLAN, "--to", "70%", *receipt, "--results", "results/day-14.yaml", "--as-of", READOUT
    )
    assert entered.status == 1
    assert "the treatment was rolled back" in entered.out
    shop.take("stage-1", shop.folder / "results")
    told = shop.egp("gate", PLAN, "--monitor", "--results", "results/stage-1.yaml", "--as-of", STAGE_1)
    said = " ".join(told.out.split())
    assert "the stage 70 % was not entered by then, or was withdrawn" in said
    assert "leave out the rows of a stage that was withdrawn" in said


def test_a_lowering_leaves_the_stages_above_it(shop: Shop) -> None:
    root = str(shop.folder)
    for share, at in (("70%", "07"), ("90%", "09")):
        stage = {"kind": "enter", "stage": share, "treated": share, "at": f"2023-02-{at}T08:00:00-08:00"}
        append(root, "pdp-buy-now", {**stage, "verdict": "proceed", "receipt": "sha256:1"})
    done = shop.egp("enter", PLAN, "--lower-to", "70%", "--as-of", "2023-02-10T08:00:00-08:00")
    assert done.status == 0, done.err
    ledger = read_ledger(root, "pdp-buy-now")
    assert [each.treated for each in ledger.stages()] == [0.7]
    assert ledger.share == 0.7
    higher = shop.egp("enter", PLAN, "--lower-to", "90%", "--as-of", "2023-02-10T08:00:00-08:00")
    assert higher.status == 2
    assert "90% is not lower" in higher.err


@pytest.mark.parametrize(
    ("share", "status", "word"), [(70, 0, "as entered"), (90, 1, "more"), (45, 0, "less")]
)
def test_what_is_served_is_compared_with_the_ledger(
    shop: Shop, tmp_path: Path, share: int, status: int, word: str
) -> None:
    stage = {
        "kind": "enter",
        "stage": "70%",
        "treated": "70%",
        "at": READOUT,
        "verdict": "proceed",
        "receipt": "sha256:1",
    }
    append(str(shop.folder), "pdp-buy-now", stage)
    export = tmp_path / "live.yaml"
    export.write_text(flag(share), encoding="utf-8")
    answered = shop.egp("gate", PLAN, "--monitor", "--served", f"flagd={export}", "--as-of", STAGE_1)
    assert (answered.status, word in answered.out) == (status, True), answered.out + answered.err


def watched(shop: Shop, share: int) -> tuple[str, ...]:
    """The call that watches the first stage, in a shop where the flag serves a share; it writes a receipt."""
    stage = {"kind": "enter", "stage": "70%", "treated": "70%", "at": READOUT}
    append(str(shop.folder), "pdp-buy-now", {**stage, "verdict": "proceed", "receipt": "sha256:1"})
    shop.take("stage-1", shop.folder / "results")
    shop.write("live.yaml", flag(share))
    receipt = ("--receipt", "receipt.json", "--as-of", STAGE_1)
    served = ("--served", "flagd=live.yaml")
    return ("gate", PLAN, "--monitor", "--results", "results/stage-1.yaml", *served, *receipt)


@pytest.mark.parametrize(("share", "status", "outcome"), [(70, 0, "same"), (90, 1, "more")])
def test_what_is_served_is_in_the_receipt_and_is_replayed(
    shop: Shop, share: int, status: int, outcome: str
) -> None:
    told = shop.egp(*watched(shop, share))
    assert told.status == status, told.out
    receipt = json.loads((shop.folder / "receipt.json").read_text(encoding="utf-8"))
    assert receipt["verdict"] == "proceed"
    assert (receipt["served"]["from"], receipt["call"]["served"]) == ("flagd=live.yaml", "flagd=live.yaml")
    assert (receipt["served"]["exit_status"], receipt["served"]["flags"][0]["outcome"]) == (status, outcome)
    require_declared("gate", json.dumps(receipt))
    again = shop.egp("gate", "--replay", "receipt.json")
    assert (again.status, "the receipt says the same" in again.out) == (status, True), again.out
    shop.write("live.yaml", flag(20))
    changed = shop.egp("gate", "--replay", "receipt.json")
    assert (changed.status, "served was" in changed.out) == (2, True), changed.out


def test_the_receipt_of_an_entry_replays_without_the_entry_that_it_led_to(shop: Shop) -> None:
    shop.take("day-14", shop.folder / "results")
    enter = ("enter", PLAN, "--to", "70%", "--receipt", "receipt.json", "--results", "results/day-14.yaml")
    assert shop.egp(*enter, "--as-of", READOUT).status == 0
    again = shop.egp("gate", "--replay", "receipt.json")
    assert (again.status, "the receipt says the same" in again.out) == (0, True), again.out


def test_a_receipt_still_replays_when_the_ledger_has_gone_on(shop: Shop) -> None:
    assert shop.egp(*watched(shop, 70)).status == 0
    assert shop.egp("enter", PLAN, "--rollback", "--as-of", "2023-02-10T08:00:00-08:00").status == 0
    again = shop.egp("gate", "--replay", "receipt.json")
    assert (again.status, "the receipt says the same" in again.out) == (0, True), again.out


def test_an_export_that_cannot_be_read_hides_no_verdict(shop: Shop) -> None:
    call = watched(shop, 70)
    (shop.folder / "live.yaml").unlink()
    told = shop.egp(*call)
    assert (told.status, "cannot read live.yaml" in told.out) == (2, True), told.out
    assert json.loads((shop.folder / "receipt.json").read_text(encoding="utf-8"))["verdict"] == "proceed"


CANARY = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: pdp_buy_now}
spec: {strategy: {canary: {steps: [{setWeight: 70}, {pause: {}}]}}}
"""

BY_THE_HOUR = """\
pdp_buy_now:
  variations: {control: false, buy_now: true}
  defaultRule:
    progressiveRollout:
      initial: {variation: control, percentage: 0, date: 2023-02-07T00:00:00Z}
      end: {variation: buy_now, percentage: 90, date: 2023-02-17T00:00:00Z}
"""


@pytest.mark.parametrize(
    ("form", "text", "why"),
    [
        ("argo-rollouts", CANARY, "a share of replicas is no share of units"),
        ("go-feature-flag", BY_THE_HOUR, "depends on the moment"),
        ("flagd", "flags: {{ .Values.flags }}\n", "it is a template"),
    ],
)
def test_an_export_that_does_not_say_how_many_units_are_treated_is_not_compared(
    shop: Shop, form: str, text: str, why: str
) -> None:
    watched(shop, 70)
    shop.write("live.yaml", text)
    told = shop.egp("gate", PLAN, "--monitor", "--served", f"{form}=live.yaml", "--as-of", STAGE_1)
    assert (told.status, why in told.out) == (2, True), told.out + told.err


def test_what_is_served_cannot_be_compared_without_a_ledger(shop: Shop, tmp_path: Path) -> None:
    export = tmp_path / "live.yaml"
    export.write_text(flag(45), encoding="utf-8")
    answered = shop.egp("gate", PLAN, "--monitor", "--served", f"flagd={export}", "--as-of", STAGE_1)
    assert (answered.status, "the ledger has no entry" in answered.out) == (2, True)
