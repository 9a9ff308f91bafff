"""What the gate's page and its JSON say beside the readings: the headline, reasons, next steps and what a pipeline is to do.

After a change that is meant, `python -m tests.gate.answers` writes `answers.txt` anew; read the diff.
"""

from __future__ import annotations

import json as reading_json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from egp.gate import json
from egp.gate.judgement import GateJudgement
from egp.gate.page import page
from egp.gate.verdict import Crash, decide
from egp.output.page import text
from egp.output.report.text import Style
from egp.policy.layers import Origin, SettingValue
from egp.stats.values import replace

from .scenes import WEEKS, bad_weeks, judged_after, lacking, monitored, refused
from .test_peeking import LOOKS, day_5, sequential
from .worlds import DAY, GOOD, Truth, World, judgement_of, readout_world, stage_world

GOLDEN = Path(__file__).parent / "answers.txt"
LOOKS_END = date(2023, 2, 5)
OPTIONS = {
    "fresh-results": {"max_age": SettingValue(timedelta(hours=24), Origin("egp.yaml", 3))},
    "complete-data": {"blind_after": SettingValue({"test": timedelta(hours=72)}, Origin("egp.yaml", 4))},
}


def as_if(judgement: GateJudgement) -> GateJudgement:
    return replace(judgement, readout=replace(judgement.readout, as_if=True))


def crashed(judgement: GateJudgement) -> GateJudgement:
    crash = Crash("registered", "egp.lock: it is damaged")
    return replace(judgement, decision=decide(judgement.readout, (crash,)))


def third_stage(**first: Any) -> World:
    """From 70 % on there are 90 % and 95 %."""
    ramp = [
        {"treated": "70%", **first},
        {"treated": "90%", "min_dwell": "24h"},
        {"treated": "95%", "min_dwell": "24h"},
    ]
    return readout_world(ramp=ramp, holdout=None)


def without_results(judgement: GateJudgement) -> GateJudgement:
    return replace(judgement, inputs=replace(judgement.inputs, results=""))


def with_options(judgement: GateJudgement) -> GateJudgement:
    return replace(judgement, policy=replace(judgement.policy, gate=OPTIONS))


WORLDS: dict[str, Callable[[], World]] = {
    "into the first stage": readout_world,
    "into a stage that no other follows": stage_world,
    "into a stage without a dwell": third_stage,
    "into a stage with one": lambda: third_stage(min_dwell="36h"),
    "in a stage that is well": monitored,
    "before the look": lambda: day_5(GOOD),
    "before the look, when outcomes mature later than it": lambda: day_5(GOOD, guardrail_metrics={0: {"judged_on": "all_units"}}),
    "at a look that leaves it open": lambda: sequential(0.1213, "2023-02-06T08:00:00-08:00", LOOKS_END, LOOKS),
    "outcomes that mature after the look": lambda: readout_world(guardrail_metrics={0: {"judged_on": "all_units"}}),
    "no effect": lambda: readout_world(Truth()),
    "no effect, and refused rows": lambda: readout_world(Truth()).but(more=refused(2).more),
    "a dwell that is not over": lambda: stage_world().but(as_of=stage_world().as_of - timedelta(hours=3)),
    "not registered": lambda: readout_world().but(registration=None),
    "two bad weeks": lambda: bad_weeks(*WEEKS[1:3]),
    "harm": lambda: stage_world(Truth(refund_rate=0.036)),
    "harm, and the plan does not say how to roll back": lambda: stage_world(Truth(refund_rate=0.036), rollback=None),
    "harm, and the same day of two metrics is missing": lambda: lacking(
        stage_world(Truth(refund_rate=0.036)), window="cohort", date=(stage_world().as_of - DAY).date()
    ),
    "no results at all": lambda: readout_world().but(rows=()),
    "results that are old": lambda: judged_after(stage_world(), hours=40),
}  # fmt: skip
JUDGED: dict[str, Callable[[], GateJudgement]] = {
    **{name: (lambda make=make: judgement_of(make())) for name, make in WORLDS.items()},  # type: ignore[misc]
    "a proceed as if": lambda: as_if(judgement_of(readout_world())),
    "a roll back as if": lambda: as_if(judgement_of(stage_world(Truth(refund_rate=0.036)))),
    "a crash": lambda: crashed(judgement_of(readout_world())),
    "a crash, and harm": lambda: crashed(judgement_of(stage_world(Truth(refund_rate=0.036)))),
    "a policy that sets options": lambda: with_options(judgement_of(stage_world())),
    "no results were read": lambda: without_results(judgement_of(stage_world())),
}
"""What is so → the judgement."""


def answer(judgement: GateJudgement) -> str:
    """The page without its readings, which the scenes have, and the JSON without them and without digests."""
    lines = text.render(page(judgement), Style()).splitlines()
    blank = [at for at, line in enumerate(lines) if not line.strip()]
    kept = [*lines[: blank[0]], "…", *lines[blank[-1] :]] if len(blank) > 1 else lines
    stated = reading_json.loads(json.render(judgement))
    parts = ("asked", "stage", "as_of", "as_if", "verdict", "hold", "next", "action", "errors")
    shown = (f"{name}: {reading_json.dumps(stated[name], ensure_ascii=False)}" for name in parts)
    return re.sub(r"results [0-9a-f]{12}", "results …", "\n".join([*kept, *shown]))


def main() -> None:
    texts = (f"=== {name}\n{answer(judged())}" for name, judged in JUDGED.items())
    GOLDEN.write_text("\n\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
