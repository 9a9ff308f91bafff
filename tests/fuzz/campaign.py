"""What is mutated, what egp is asked about it, and what the answer must not be."""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from egp.plan.experiment import read_experiment
from egp.record.changes import changes
from egp.record.lock import EntryFolder
from egp.yaml import read_bytes
from tests.fuzz.mutations import Steps, changed, garbled, inside, places, text_of, without, without_rows
from tests.fuzz.world import ROOT, Tally, World

PLAN, POLICY, DAY = "experiments/pdp-buy-now.yaml", "egp.yaml", "2023-01-18"
RESULTS = "results/pdp-buy-now"
MONITOR = ("--monitor",)
MOVES: dict[str, tuple[str, ...]] = {
    "day-05": ("--to", "70%"), "day-14": ("--to", "70%"), "stage-1": ("--to", "90%"), "stage-2": MONITOR, "monitor": MONITOR,
    "ramp-harm": ("--to", "90%"), "two-bad-weeks": MONITOR, "srm": ("--to", "70%"),
}  # fmt: skip
ACCEPTED, PROCEED = 0, 0
TELLING = ("explain",)
"""Commands whose 0 says that they have told why a plan is rejected, one that cannot be read included."""


class Exempt(NamedTuple):
    """A key whose deletion may accept a rejected plan, and why that is right."""

    key: str
    why: str


def exemptions() -> list[Exempt]:
    """The reviewed list."""
    text = (Path(__file__).parent / "exempt.yaml").read_bytes()
    listed = read_bytes(text, "exempt.yaml")[0].value
    assert isinstance(listed, list)
    return [Exempt(str(each["key"]), str(each["why"])) for each in listed]


class Campaign:
    """Inputs drawn from a seed, one after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.tally = Tally()
        self.world = World(folder, self.tally)
        self.draw = random.Random(seed)
        self._exempt = [each.key for each in exemptions()]
        self._plan = self._value(PLAN)
        self._policy = self._value(POLICY)
        self._entry_path = next(iter(EntryFolder(str(folder)).paths()))
        self._rejected = self._rejected_plans()
        self._receipt = self._written_receipt()
        self._kinds: Sequence[Callable[[], None]] = (
            self.a_plan, self.a_plan, self.a_plan_that_is_rejected, self.a_plan_that_is_rejected, self.a_policy, self.a_lock,
            self.results, self.a_table, self.waivers, self.a_receipt,
        )  # fmt: skip

    def step(self) -> None:
        """One more input."""
        self.draw.choice(self._kinds)()
        if sum(self.tally.inputs.values()) % 50 == 0:
            gc.collect()

    def _value(self, path: str) -> Any:
        return read_bytes((self.world.folder / path).read_bytes(), path)[0].value

    def _rejected_plans(self) -> list[tuple[str, Any]]:
        found = []
        for file in sorted((self.world.folder / "rejected").glob("*.yaml")):
            value = read_bytes(file.read_bytes(), file.name)[0].value
            path = f"rejected/{file.name}"
            call = ("check", path, "--as-of", DAY)
            # What only the text has wrong, such as a key that is there twice, is no longer wrong in a mutation.
            if self.world.ask(path, text_of(value).encode("utf-8", "surrogatepass"), *call).status == 1:
                found.append((path, value))
        assert found
        return found

    def _written_receipt(self) -> Any:
        path = self.world.folder / "receipt.json"
        self.world.egp(
            "gate", PLAN, "--results", f"{RESULTS}/stage-1.yaml", "--to", "90%", "--receipt", "receipt.json"
        )
        return read_bytes(path.read_bytes(), "receipt.json")[0].value

    def _mutated(self, path: str, value: Any) -> bytes:
        if self.draw.random() < 0.7:
            return text_of(changed(value, self.draw)).encode("utf-8", "surrogatepass")
        return garbled((self.world.folder / path).read_bytes(), self.draw)

    def _again(self) -> bool:
        return self.draw.random() < 0.05

    def _asked(self, path: str, content: bytes, *arguments: str) -> None:
        answer = self.world.ask(path, content, *arguments, again=self._again())
        if arguments[0] not in TELLING:
            self.world.must_refuse(path, content, answer, arguments)

    def a_plan(self) -> None:
        results = self.draw.choice([*MOVES])
        verbs: tuple[tuple[str, ...], ...] = (
            ("check", PLAN, "--as-of", DAY), ("check", PLAN, "--as-of", DAY, "--format", "json"),
            ("check", PLAN, "--as-of", DAY, "--format", "sarif"), ("explain", PLAN, "--as-of", DAY),
            ("explain", PLAN, "--as-of", DAY, "--if-stopped", "2023-01-27"), ("power", PLAN), ("brief", PLAN, "--as-of", DAY),
            ("gate", PLAN, "--results", f"{RESULTS}/{results}.yaml", *MOVES[results]),
            ("check", PLAN, "--fix", "--diff", "--as-of", DAY), ("policy", "show", PLAN, "--as-of", DAY),
        )  # fmt: skip
        self._asked(PLAN, self._mutated(PLAN, self._plan), *self.draw.choice(verbs))

    def a_plan_that_is_rejected(self) -> None:
        """Deleting a key, or loosening it as its declaration means it, never makes a rejected plan an accepted one."""
        path, value = self.draw.choice(self._rejected)
        is_deletion = self.draw.random() < 0.6
        steps: Steps = self.draw.choice(list(places(value)))
        if is_deletion:
            after = without(value, steps)
        else:
            after = changed(value, self.draw)
            if not self._only_loosens(value, after):
                return
        content = text_of(after).encode("utf-8", "surrogatepass")
        call = ("check", path, "--as-of", DAY)
        answer = self.world.ask(path, content, *call)
        if answer.status == ACCEPTED and not (is_deletion and self._is_exempt(value, steps)):
            what = f"without {self._named(value, steps)}" if is_deletion else "loosened"
            self.world.note("escape", call, f"{what} the plan is accepted", content)

    @staticmethod
    def _only_loosens(before: Any, after: Any) -> bool:
        (old, _), (new, problems) = read_experiment(before), read_experiment(after)
        moved = [] if problems else list(changes(old, new))
        return bool(moved) and all(each.effect == "loosens" for each in moved)

    def _is_exempt(self, value: Any, steps: Steps) -> bool:
        return self._named(value, steps) in self._exempt

    @staticmethod
    def _named(value: Any, steps: Steps) -> str:
        """The path with `*` for the items of lists."""
        return "/" + "/".join(
            "*" if isinstance(inside(value, steps[:at]), list) else str(step) for at, step in enumerate(steps)
        )

    def a_policy(self) -> None:
        verb = self.draw.choice(
            (("check", PLAN, "--as-of", DAY), ("policy", "show", PLAN, "--as-of", DAY), ("rules",))
        )
        self._asked(POLICY, self._mutated(POLICY, self._policy), *verb, "--policy", POLICY)

    def a_lock(self) -> None:
        path = self.draw.choice(("egp.lock", self._entry_path))
        verb = self.draw.choice(
            (
                ("check", "experiments", "--as-of", DAY),
                ("gate", PLAN, "--results", f"{RESULTS}/stage-1.yaml", "--to", "90%"),
                ("status", "--results", "results", "--as-of", DAY),
            )
        )
        content = self._mutated(path, self._value(path))
        answer = self.world.ask(path, content, *verb, again=self._again())
        if answer.status == 0 and content.replace(b"\r", b"") != (self.world.folder / path).read_bytes():
            intact = path == "egp.lock" and self._says_the_same(path, content)
            if not intact and (path == "egp.lock" or self._is_of(PLAN) or verb[0] == "check"):
                self.world.note("silent", verb, f"status 0 with a changed {path}", content)

    def _is_of(self, plan: str) -> bool:
        return Path(plan).stem in self._entry_path

    def _says_the_same(self, path: str, content: bytes) -> bool:
        """Whether only comments, spaces, and spelling differ."""
        return any(not document.problems for document in read_bytes(content, path))

    def results(self) -> None:
        name = self.draw.choice([*MOVES])
        path = f"{RESULTS}/{name}.yaml"
        content = self._mutated(path, self._value(path))
        self._asked(path, content, "gate", PLAN, "--results", path, *MOVES[name])

    def a_table(self) -> None:
        """Dropping or garbling rows never turns hold or roll back into proceed."""
        name = self.draw.choice([*MOVES])
        path = f"{RESULTS}/{name}.csv"
        before = self.world.egp("gate", PLAN, "--results", f"{RESULTS}/{name}.yaml", *MOVES[name])
        content = without_rows((self.world.folder / path).read_bytes(), self.draw)
        call = ("gate", PLAN, "--results", f"{RESULTS}/{name}.yaml", *MOVES[name])
        answer = self.world.ask(path, content, *call, again=self._again())
        if before.status in (1, 3) and answer.status == PROCEED:
            self.world.note("escape", call, f"status {before.status} turned into proceed", content)

    def waivers(self) -> None:
        path = "waivers.yaml"
        value = {
            "waivers": [
                {"experiment": "pdp-buy-now", "rule": "guardrail-power", "reason": "one more week", "approver": "@xp-lead",
                 "on": "2023-01-17", "expires": "2023-02-10"}
            ]
        }  # fmt: skip
        content = text_of(changed(value, self.draw)).encode("utf-8", "surrogatepass")
        if self.draw.random() < 0.3:
            content = garbled(text_of(value).encode(), self.draw)
        self._asked(path, content, "check", PLAN, "--as-of", DAY)

    def a_receipt(self) -> None:
        path = "receipt.json"
        content = self._mutated(path, self._receipt)
        self._asked(path, content, "gate", "--replay", path)


def run(folder: Path, seed: int, is_over: Callable[[Tally], bool]) -> Tally:
    """Inputs until it is over."""
    campaign = Campaign(folder, seed)
    while not is_over(campaign.tally):
        campaign.step()
    return campaign.tally


__all__ = ["ROOT", "Campaign", "Exempt", "exemptions", "run"]
