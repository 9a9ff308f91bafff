"""What is mutated, what egp is asked about it, and what the answer must not be."""

from __future__ import annotations

import gc
import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.policy.shipped import ROOT as SHIPPED
from egp.record.changes import changes
from egp.record.entry_files import entry_file
from egp.record.lock.entries import sum_of
from egp.yaml import read_bytes
from tests.fuzz.mutations import (
    VALUES,
    Steps,
    changed,
    cut_off,
    garbled,
    inside,
    places,
    text_of,
    without,
    without_rows,
)
from tests.fuzz.world import (
    FRESH,
    LISTED,
    PLAN,
    POLICY,
    RECEIPT,
    REGISTERED,
    ROOT,
    SMALL_POLICY,
    SMALL_TESTS,
    WAIVED,
    WHEN,
    Answer,
    Tally,
    World,
    command_of,
)

DAY, RUNNING = "2023-01-18", "2023-01-30"
MONITOR = ("--monitor",)
MOVES: dict[str, tuple[str, ...]] = {
    "day-05": ("--to", "70%"), "day-14": ("--to", "70%"), "stage-1": ("--to", "90%"), "stage-2": MONITOR, "monitor": MONITOR,
    "ramp-harm": ("--to", "90%"), "two-bad-weeks": MONITOR, "srm": ("--to", "70%"),
}  # fmt: skip
ACCEPTED, PROCEED, ROLL_BACK = 0, 0, 3
MILLISECONDS = {
    "status": 80,
    "explain": 60,
    "brief": 45,
    "policy diff": 25,
    "check": 15,
    "gate": 15,
    "baseline": 80,
    "history": 25,
}
"""What a call takes, about."""
TELLING = ("explain", "status", "policy diff", "history")
"""Commands whose 0 says that they have told what is wrong, a file that cannot be read included."""
FORMATS = ("text", "json", "sarif", "github", "gitlab", "rdjson", "junit", "markdown", "slack", "teams")

Call = tuple[str, ...]


class Exempt(NamedTuple):
    """A key whose deletion may accept a plan that only these rules reject, and why that is right."""

    key: str
    rules: frozenset[str]
    why: str


def shipped_texts() -> list[bytes]:
    """The policies that come with egp."""
    return [file.read_bytes() for file in Path(SHIPPED).rglob("*.yaml")]


def exemptions() -> list[Exempt]:
    """The reviewed list."""
    text = (Path(__file__).parent / "exempt.yaml").read_bytes()
    listed = read_bytes(text, "exempt.yaml")[0].value
    assert isinstance(listed, list)
    return [Exempt(str(each["key"]), frozenset(each["rules"]), str(each["why"])) for each in listed]


class RejectedPlan(NamedTuple):
    """An example that is rejected."""

    path: str
    value: Any
    rules: frozenset[str]
    """Those that reject it."""


_REJECTING = re.compile(r"^error\[([a-z-]+)\]", re.MULTILINE)


class Campaign:
    """Inputs drawn from a seed, one after the other."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.plain = World(folder / "plain", Tally())
        self.git = World(folder / "git", Tally(), has_git=True)
        self.world = self.plain
        self.draw = random.Random(seed)
        self._steps = 0
        self._exempt = {each.key: each.rules for each in exemptions()}
        self._values: dict[str, Any] = {}
        self._pinned = {path: self._digest(self._file(path)) for path in (PLAN, WAIVED)}
        self._calls = {
            name: (
                "gate",
                PLAN,
                "--results",
                f"results/pdp-buy-now/{name}.yaml",
                *move,
                "--as-of",
                self._taken(name),
            )
            for name, move in MOVES.items()
        }
        self._verdicts = {name: self.world.egp(*call).status for name, call in self._calls.items()}
        assert {*self._verdicts.values()} == {0, 1, 3}, (
            "some of each verdict, or an oracle has nothing to say"
        )
        self.rejected = self._rejected_plans()
        for world in (self.plain, self.git):
            world.as_begun()
            world.memory.keep(world.begun, shipped_texts())
        self.begin(Tally(), seed)
        # Each kind has a share of the time, and those that judge a plan a larger one: the weights are how often it is drawn.
        self._kinds: Sequence[tuple[Callable[[], None], int]] = (
            (self.a_plan, 50), (self.a_plan_that_is_rejected, 190), (self.a_plan_at_the_gate, 25), (self.a_plan_to_write, 40),
            (self.a_plan_against_its_base, 15), (self.a_policy, 80), (self.tests_of_a_policy, 120), (self.a_lock, 70),
            (self.results, 25), (self.a_table, 30), (self.waivers, 6), (self.a_waiver_that_is_attested, 20), (self.a_baseline, 8),
            (self.a_receipt, 100), (self.arguments, 270),
        )  # fmt: skip

    def begin(self, tally: Tally, seed: int | str) -> None:
        """Inputs from this seed, counted here, in repositories that are as they were."""
        self.tally = tally
        self.draw = random.Random(seed)
        for world in (self.plain, self.git):
            world.tally = tally
            world.as_begun()

    def step(self) -> None:
        """One more input."""
        kinds, weights = zip(*self._kinds, strict=True)
        self.draw.choices(kinds, weights)[0]()
        self._steps += 1
        if self._steps % 100 == 0:
            gc.collect()  # a call of egp leaves that to the end of its process

    def _drawn(self, calls: Sequence[Call]) -> Call:
        """One of the calls. A command that takes long is drawn less often, so that others are not kept waiting."""
        return self.draw.choices(calls, [1 / MILLISECONDS.get(command_of(each), 10) for each in calls])[0]

    def _file(self, path: str) -> bytes:
        return (self.world.folder / path).read_bytes()

    def _value(self, path: str) -> Any:
        if path not in self._values:
            self._values[path] = read_bytes(self._file(path), path)[0].value
        return self._values[path]

    def _taken(self, name: str) -> str:
        return str(self._value(f"results/pdp-buy-now/{name}.yaml")["as_of"])

    @staticmethod
    def _plan_in(content: bytes) -> Experiment | None:
        """The one plan that a file holds; None where it cannot be read whole."""
        documents = read_bytes(content, "")
        plan, problems = read_experiment(documents[0].value)
        return None if problems or len(documents) > 1 or documents[0].problems else plan

    def _digest(self, content: bytes) -> str:
        plan = self._plan_in(content)
        return plan_digest(plan) if plan else ""

    def _rejected_plans(self) -> list[RejectedPlan]:
        found = []
        for file in sorted((self.world.folder / "rejected").glob("*.yaml")):
            path = f"rejected/{file.name}"
            value = self._value(path)
            # What only the text has wrong, such as a key that is there twice, is no longer wrong in a mutation.
            answer = self.world.ask(path, self._written(value), "check", path, "--as-of", DAY)
            if answer.status == 1:
                found.append(RejectedPlan(path, value, frozenset(_REJECTING.findall(answer.said))))
        assert found
        return found

    def _written(self, value: object) -> bytes:
        return text_of(value, self.draw).encode("utf-8", "surrogatepass")

    def _mutated(self, value: Any, content: bytes | None = None) -> bytes:
        """A value changed by its structure or, less often, a text by its bytes."""
        if self.draw.random() < 0.7:
            return self._written(changed(value, self.draw))
        return garbled(self._written(value) if content is None else content, self.draw)

    def _mutated_file(self, path: str) -> bytes:
        return self._mutated(self._value(path), self._file(path))

    def _again(self) -> bool:
        return self.draw.random() < 0.05

    def _asked(self, path: str, content: bytes, *arguments: str) -> Answer:
        answer = self.world.ask(path, content, *arguments, again=self._again())
        if command_of(arguments) not in TELLING:
            self.world.must_refuse(path, content, answer, arguments)
        return answer

    def _told(self, path: str, content: bytes, *arguments: str) -> dict[str, bytes]:
        """Asks a command that writes. One that refuses has written nothing."""
        answer, written = self.world.ask_to_write(path, content, *arguments)
        if arguments[:2] not in _NEED_IT_NOT:
            self.world.must_refuse(path, content, answer, arguments)
        if answer.status != 0 and written and "--fix" not in arguments:
            self.world.note(
                "torn", arguments, f"status {answer.status}, and {sorted(written)} written", content
            )
        return written if answer.status == 0 else {}

    def a_plan(self) -> None:
        results = f"results/pdp-buy-now/{self.draw.choice([*MOVES])}.yaml"
        verbs: tuple[Call, ...] = (
            ("check", PLAN, "--as-of", DAY), ("check", PLAN, "--as-of", DAY, "--format", self.draw.choice(FORMATS)),
            ("explain", PLAN, "--as-of", DAY), ("explain", PLAN, "--as-of", DAY, "--if-stopped", "2023-01-27"),
            ("explain", PLAN, "--as-of", DAY, "--if-shortened", "7d"), ("power", PLAN), ("brief", PLAN, "--as-of", DAY),
            ("brief", PLAN, "--as-of", WHEN, "--results", results, "--format", "html"), ("check", PLAN, "--fix", "--diff", "--as-of", DAY),
            ("policy", "show", PLAN, "--as-of", DAY), ("policy", "diff", "small.yaml", POLICY, PLAN, "--as-of", DAY),
            ("status", "--results", "results", "--as-of", WHEN), ("check", "experiments", "--as-of", DAY),
        )  # fmt: skip
        call = self._drawn(verbs)
        content = self._mutated_file(PLAN)
        answer = self._asked(PLAN, content, *call)
        if call[:2] == ("check", PLAN) and "--fix" not in call:
            self._must_be_pinned(PLAN, content, answer, call)

    def _must_be_pinned(self, path: str, content: bytes, answer: Answer, call: Call) -> None:
        """A registered plan with a change that needs an amendment is never accepted; a safeguard may be tightened."""
        plan, before = self._plan_in(content), self._plan_in(self._file(path))
        if answer.status != ACCEPTED or not (plan and before) or plan.id != before.id:
            return
        if any(each.needs_amendment for each in changes(before, plan)):
            self.world.note("escape", call, "a registered plan was changed, and is accepted", content)

    def a_plan_at_the_gate(self) -> None:
        """Traffic is raised for the plan that was registered, and for no other."""
        call = self._calls[self.draw.choice([*MOVES])]
        content = self._mutated_file(PLAN)
        answer = self._asked(
            PLAN, content, *call, *self.draw.choice(((), ("--format", "json"), ("--format", "markdown")))
        )
        if answer.status == PROCEED and self._digest(content) != self._pinned[PLAN]:
            self.world.note(
                "escape", call, "the gate lets a plan proceed that is not the registered one", content
            )

    def a_plan_to_write(self) -> None:
        """What is pinned is what is in the file."""
        statement = (
            "--reason",
            "one more week",
            "--approver",
            "@xp-lead",
            "--data-access",
            "no_results_seen",
            "--on",
            DAY,
        )
        path, *call = self.draw.choice(
            (
                (FRESH, "register", FRESH, "--as-of", REGISTERED), (FRESH, "register", FRESH, "--write-date", "--as-of", DAY),
                (PLAN, "register", PLAN, "--as-of", DAY), (PLAN, "register", "--archive", PLAN, "--as-of", "2023-09-01"),
                (PLAN, "amend", PLAN, *statement), (PLAN, "amend", PLAN, *statement), (PLAN, "check", PLAN, "--fix", "--as-of", DAY),
                (PLAN, "baseline", "--start", "--as-of", DAY),
                (WAIVED, "waive", WAIVED, "stage-dwell", "--reason", "x", "--ticket", "X", "--approver", "@xp-lead", "--role",
                 "experimentation_lead", "--expires", "2023-02-10", "--as-of", DAY),
                (PLAN, "decide", PLAN, "--option=B", "--by=experimentation_lead", "--because=two bad weeks", "--as-of=2023-03-02"),
            )
        )  # fmt: skip
        content = self._mutated_file(path)
        written = self._told(path, content, *call)
        if call[0] in ("register", "amend") and "--archive" not in call:
            self._must_pin(written, path, content, tuple(call))

    def _must_pin(self, written: dict[str, bytes], path: str, content: bytes, call: Call) -> None:
        plan = self._plan_in(written.get(path, content))
        entry = written.get(entry_file(plan.id or "")) if plan else None
        if entry and plan and plan_digest(plan).encode() not in entry:
            self.world.note("escape", call, "the lock pins another plan than the file has", content)

    def a_plan_against_its_base(self) -> None:
        """A running plan that is not as the base has it is never accepted, and history can be told."""
        self.world = self.git
        content = self._mutated_file(PLAN)
        if self.draw.random() < 0.3:
            self._asked(PLAN, content, "history", PLAN)
        else:
            call = ("check", PLAN, "--base=HEAD", "--as-of", RUNNING)
            self._must_be_pinned(PLAN, content, self._asked(PLAN, content, *call), call)
        self.world = self.plain

    def a_plan_that_is_rejected(self) -> None:
        """Deleting a key, or loosening it as its declaration means it, never makes a rejected plan an accepted one."""
        rejected = self.draw.choice(self.rejected)
        path, value = rejected.path, rejected.value
        is_deletion = self.draw.random() < 0.6
        steps: Steps = self.draw.choice(list(places(value)))
        if is_deletion:
            after = without(value, steps)
        else:
            after = changed(value, self.draw)
            if not self._only_loosens(value, after):
                return
        content = self._written(after)
        call = ("check", path, "--as-of", DAY)
        answer = self.world.ask(path, content, *call)
        if answer.status == ACCEPTED and not (is_deletion and self.is_exempt(rejected, steps)):
            what = f"without {self.named(value, steps)}" if is_deletion else "loosened"
            self.world.note("escape", call, f"{what} the plan is accepted", content)

    def _only_loosens(self, before: Any, after: Any) -> bool:
        (old, _), (new, problems) = read_experiment(before), read_experiment(after)
        moved = [] if problems else list(changes(old, new))
        gone = {_pattern(each.earlier_path) for each in moved if each.after is None}
        return (
            bool(moved) and all(each.effect == "loosens" for each in moved) and gone.isdisjoint(self._exempt)
        )

    def is_exempt(self, rejected: RejectedPlan, steps: Steps) -> bool:
        return rejected.rules <= self._exempt.get(self.named(rejected.value, steps), frozenset())

    @staticmethod
    def named(value: Any, steps: Steps) -> str:
        """The path with `*` for the items of lists."""
        return "/" + "/".join(
            "*" if isinstance(inside(value, steps[:at]), list) else str(step) for at, step in enumerate(steps)
        )

    def a_policy(self) -> None:
        verbs: tuple[Call, ...] = (
            ("check", PLAN, "--as-of", DAY), ("policy", "show", PLAN, "--as-of", DAY), ("rules",), ("explain", "minimum-runtime"),
            ("policy", "diff", "small.yaml", POLICY, PLAN, "--as-of", DAY), self._calls["stage-1"], ("explain", PLAN, "--as-of", DAY),
        )  # fmt: skip
        verb = self._drawn(verbs)
        named = () if verb[:2] == ("policy", "diff") else ("--policy", POLICY)
        self._asked(POLICY, self._mutated_file(POLICY), *verb, *named)

    def tests_of_a_policy(self) -> None:
        path, text = self.draw.choice((("small.yaml", SMALL_POLICY), ("small.test.yaml", SMALL_TESTS)))
        content = self._mutated(self._value(path), text.encode())
        self._asked(
            path, content, "policy", "test", "small.yaml", "--format", self.draw.choice(("text", "json"))
        )

    def a_lock(self) -> None:
        path = self.draw.choice(("egp.lock", *[entry_file("pdp-buy-now")] * 3))
        writers: tuple[Call, ...] = (
            ("register", PLAN, "--as-of", DAY), ("register", "--migrate"), ("policy", "pin"),
            ("decide", PLAN, "--option=B", "--by=experimentation_lead", "--because=two bad weeks", "--as-of=2023-03-02"),
        )  # fmt: skip
        verbs: tuple[Call, ...] = (
            ("check", "experiments", "--as-of", DAY), self._calls["stage-1"], ("status", "--results", "results", "--as-of", WHEN),
            ("brief", PLAN, "--as-of", DAY), ("check", PLAN, "--as-of", DAY), *writers,
        )  # fmt: skip
        verb = self._drawn(verbs)
        if path != "egp.lock" and self.draw.random() < 0.5:
            content, is_forged = self._forged_entry(path), True
        else:
            content, is_forged = self._mutated_file(path), False
        if verb in writers:
            self._told(path, content, *verb)
            return
        answer = self.world.ask(path, content, *verb, again=self._again())
        is_judging = verb[0] in ("check", "gate")
        if answer.status == 0 and is_judging and self._is_damaged(path, content, is_forged):
            self.world.note("silent", verb, f"status 0 with a changed {path}", content)

    def _forged_entry(self, path: str) -> bytes:
        """A changed entry with a sum that fits, as whoever may write the lock could make it."""
        value = changed({key: item for key, item in self._value(path).items() if key != "sum"}, self.draw)
        above = text_of(value, self.draw)
        return f'{above}sum: "{sum_of(above)}"\n'.encode("utf-8", "surrogatepass")

    def _is_damaged(self, path: str, content: bytes, is_forged: bool) -> bool:
        """Whether nothing may be accepted by this lock."""
        if content.replace(b"\r", b"") == self._file(path):
            return False
        if is_forged:
            value: Any = read_bytes(content, path)[0].value
            digests = [value.get("digest"), *(each.get("digest") for each in value.get("amended") or ())]
            return bool(digests[-1] != self._pinned[PLAN])
        return path != "egp.lock" or any(document.problems for document in read_bytes(content, path))

    def results(self) -> None:
        name = self.draw.choice([*MOVES])
        path = f"results/pdp-buy-now/{name}.yaml"
        verbs: tuple[Call, ...] = (
            self._calls[name], self._calls[name], ("brief", PLAN, "--results", path, "--as-of", self._taken(name)),
            ("status", "--results", "results/pdp-buy-now", "--as-of", self._taken(name)),
        )  # fmt: skip
        self._asked(path, self._mutated_file(path), *self._drawn(verbs))

    def a_table(self) -> None:
        """Dropping or garbling rows never turns hold or roll back into proceed, and a cut-off file rolls nothing back."""
        name = self.draw.choice([*MOVES])
        path = f"results/pdp-buy-now/{name}.csv"
        is_cut = self.draw.random() < 0.3
        content = (
            cut_off(self._file(path), self.draw) if is_cut else without_rows(self._file(path), self.draw)
        )
        answer = self.world.ask(path, content, *self._calls[name], again=self._again())
        before = self._verdicts[name]
        if before in (1, 3) and answer.status == PROCEED:
            self.world.note("escape", self._calls[name], f"status {before} turned into proceed", content)
        if is_cut and before != ROLL_BACK and answer.status == ROLL_BACK:
            self.world.note(
                "escape",
                self._calls[name],
                "a file that was cut off is taken for a silent treatment",
                content,
            )

    def waivers(self) -> None:
        """A file of waivers that changed lets nothing pass: no approver of the policy's has seen it."""
        stated = {**self._value(WAIVED)["waivers"][0], "experiment": "waived"}
        value = {"waivers": [{key: str(item) for key, item in stated.items()}]}
        self._asked(LISTED, self._mutated(value), *self.draw.choice(
            (("check", PLAN, "--as-of", DAY), ("check", "experiments", "--as-of", DAY), ("status", "--results", "results", "--as-of", WHEN))
        ))  # fmt: skip

    def a_waiver_that_is_attested(self) -> None:
        """A waiver in which anything is changed is not the one that the lock attests."""
        value = self._value(WAIVED)
        waiver = changed(value["waivers"][0], self.draw)
        content = self._written({**value, "waivers": [waiver]})
        call = ("check", WAIVED, "--as-of", DAY)
        answer = self._asked(WAIVED, content, *call)
        plan = self._plan_in(content)
        is_same = plan and [vars(each) for each in plan.waivers] == self._attested()
        if answer.status == ACCEPTED and not is_same:
            self.world.note(
                "escape", call, "a waiver that the lock does not attest lets the plan pass", content
            )

    def _attested(self) -> list[dict[str, object]]:
        """The waiver as it is attested; its experiment may be named or left out."""
        plan = self._plan_in(self._file(WAIVED))
        assert plan
        return [vars(each) for each in plan.waivers]

    def a_baseline(self) -> None:
        entries = [
            {"experiment": "fresh", "rule": rule, "pointer": pointer}
            for rule, pointer in (
                ("stage-dwell", "/ramp/0/min_dwell"),
                ("sample-size", "/sample_size_per_variant"),
            )
        ]
        content = self._mutated({"baseline": 1, "findings": entries})
        if self.draw.random() < 0.5:
            self._asked("egp-baseline.yaml", content, "check", "experiments", "--as-of", DAY)
        else:
            self._told("egp-baseline.yaml", content, "baseline", "--as-of", DAY)

    def a_receipt(self) -> None:
        content = self._mutated_file(RECEIPT)
        verb = self.draw.choice(("--replay", "--replay", "--receipt", "decide"))
        if verb == "--replay":
            call = ("gate", "--replay", RECEIPT)
            answer = self._asked(RECEIPT, content, *call)
            recorded = None
            # As JSON, in which a tab is a blank, and not as YAML. What is neither is no proceed.
            with suppress(ValueError, RecursionError):
                recorded = json.loads(content)
            if answer.status == PROCEED and not (
                isinstance(recorded, dict) and recorded.get("verdict") == "proceed"
            ):
                self.world.note(
                    "escape", call, "a receipt that does not say proceed is replayed as proceed", content
                )
        elif verb == "--receipt":
            self.world.ask_to_write(RECEIPT, content, *self._calls["stage-1"], "--receipt", RECEIPT)
        else:
            self._told(
                RECEIPT, content, "decide", PLAN, "--option=B", "--by=experimentation_lead", "--because=x", "--receipt", RECEIPT,
                "--as-of=2023-03-02",
            )  # fmt: skip

    def arguments(self) -> None:
        """Commands that take their input from the command line; the file that changes is the policy, which stays as it is."""
        options = self.draw.sample(_NEW if self.draw.random() < 0.5 else _POWER, self.draw.randrange(1, 5))
        values = [f"{option}={self._a_value()}" for option in options]
        policy = self._file(POLICY)
        if options[0] in _NEW:
            self._told(POLICY, policy, "new", "experiment", self._a_value() or "x", f"--as-of={DAY}", *values)
        else:
            self.world.ask(POLICY, policy, "power", *_plain_power(values), again=self._again())

    def _a_value(self) -> str:
        return str(self.draw.choice(VALUES)).replace("\0", "").lstrip("-")


_NEED_IT_NOT = (("baseline", "--start"), ("policy", "pin"), ("register", "--migrate"))
"""Commands that do their work beside a file that cannot be read: its findings are not excused, pins and what is to be moved lie elsewhere."""

_NEW = (
    "--type", "--title", "--hypothesis", "--team", "--owner", "--surface", "--layer", "--risk", "--flag", "--metric", "--kind",
    "--direction", "--quantile", "--std-dev", "--margin", "--outcome-window", "--per-day", "--units", "--guardrail", "--start",
)  # fmt: skip
_POWER = (
    "--baseline",
    "--mde",
    "--units",
    "--power",
    "--alpha",
    "--per-day",
    "--days",
    "--correlation",
    "--clusters",
    "--looks",
    "--weights",
)


def _pattern(path: Steps) -> str:
    return "/" + "/".join("*" if isinstance(step, int) else step for step in path)


def _plain_power(values: Iterable[str]) -> list[str]:
    """A question that could be answered, with some of its values exchanged."""
    stated = dict(each.split("=", 1) for each in ("--baseline=12%", "--mde=45bps", "--power=95%"))
    return [f"{key}={value}" for key, value in (stated | dict(each.split("=", 1) for each in values)).items()]


def run(folder: Path, seed: int, is_over: Callable[[Tally], bool]) -> Tally:
    """Inputs until it is over."""
    campaign = Campaign(folder, seed)
    while not is_over(campaign.tally):
        campaign.step()
    return campaign.tally


__all__ = ["ROOT", "Campaign", "Exempt", "exemptions", "run"]
