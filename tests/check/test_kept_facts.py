"""What is kept of plans from call to call makes no difference: whatever changed in between, and whoever wrote it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from egp.check import kept_facts, portfolio
from egp.cli.main import main
from egp.plan.experiment import read_experiment
from egp.rules.rule_inputs import PortfolioEntry, entry_of
from egp.yaml import files, read_bytes, read_file
from egp.yaml.kept import head
from tests.check.test_neighbours import POLICIES, POLICY, SOUND

EXAMPLES = Path(__file__).parents[2] / "examples"
LONG_AGO = 1_600_000_000 * 10**9
SIZE = 6_000


def neighbour(name: str, **changes: str) -> str:
    text = SOUND.replace("id: sound-plan", f"id: {name}")
    for before, after in changes.items():
        assert f"{before}: " in text
        text = text.replace(f"{before}: ", f"{after} # ", 1)
    return text


WITHOUT_ALPHA = neighbour("a").replace("  alpha: 5%\n", "")
BUDGET = POLICY + "rules: {alpha-budget: {severity: warning, false_wins: 0.06}}\n"
INPUTS = {
    "experiments/a.yaml": [neighbour("a"), neighbour("sound-plan"), WITHOUT_ALPHA, "id: [", ""],
    "experiments/b.yaml": [neighbour("b"), neighbour("b") + "---\n" + neighbour("c"), neighbour("b", feature_flag="feature_flag: f")],
    "experiments/plan.yaml": [SOUND, SOUND.replace("id: sound-plan", "id: a"), "id: ["],
    "experiments/team/egp.yaml": ["", POLICY],
    "egp.yaml": [*POLICIES, BUDGET, BUDGET + "defaults: {statistics: {alpha: 5%}}\n"],
    "waivers.yaml": ["waivers: []\n", "waivers: [\n"],
    "egp.lock": ["lock: 2\nentries: egp.lock.d\npolicies: {}\n", "lock: 9\n"],
}  # fmt: skip
"""What a verdict rests on, and what each may be."""


class Desk:
    """A repository, and somebody who checks one of its plans."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        (root / ".git").mkdir(parents=True)

    def write(self, place: str, text: str) -> None:
        """As whoever hides it would: in place, as long as before, and with the time of before."""
        file = self.root / place
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.stat().st_ctime_ns if file.exists() else 0
        while not file.exists() or file.stat().st_ctime_ns == before:
            file.write_text(text + "\n" + "#" * (SIZE - len(text) - 1))
            os.utime(file, ns=(LONG_AGO, LONG_AGO))

    def check(self, *options: str, path: str = "experiments/plan.yaml") -> tuple[int, str, str]:
        status = main(["check", path, "--as-of", "2023-01-18", "--format", "json", *options])
        said = self._capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which everything is kept at once, at a time at which what was written was written long ago."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(portfolio, "MANY", 1)
    monkeypatch.setattr(kept_facts, "WORTH_WRITING", 1)
    monkeypatch.setattr(files, "time_ns", lambda: time.time_ns() + 10**10)
    return tmp_path / "cache" / "egp"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    made = Desk(tmp_path / "repository", capsys)
    monkeypatch.chdir(made.root)
    for place in ("experiments/a.yaml", "experiments/b.yaml", "experiments/plan.yaml", "egp.yaml"):
        made.write(place, INPUTS[place][0])
    return made


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files of which entries were made by parsing them."""
    seen: list[str] = []

    def reading(content: bytes, shown: str) -> object:
        seen.append(os.path.basename(shown))
        return files_read(content, shown)

    files_read = read_bytes
    monkeypatch.setattr(kept_facts, "read_bytes", reading)
    return seen


def test_whatever_changes_the_bytes_are_those_of_a_call_that_remembers_nothing(
    cache: Path, desk: Desk
) -> None:
    changes = [(place, text) for place, texts in INPUTS.items() for text in (*texts, None)]
    random.Random(18).shuffle(changes)
    outputs = set()
    for place, text in changes:
        if text is not None:
            desk.write(place, text)
        elif place != "experiments/plan.yaml":
            (desk.root / place).unlink(missing_ok=True)
        fresh = desk.check("--no-cache")
        assert desk.check() == fresh == desk.check(), (place, text)
        outputs.add(fresh)
    assert len(outputs) > 10
    assert list(cache.iterdir())


def test_a_file_that_is_as_it_was_is_not_parsed(desk: Desk, parsed: list[str]) -> None:
    first = desk.check()
    assert parsed == ["a.yaml", "b.yaml"]
    assert desk.check() == first
    assert len(parsed) == 2
    desk.write("experiments/b.yaml", INPUTS["experiments/b.yaml"][1])
    desk.check()
    assert parsed[2:] == ["b.yaml"]
    desk.write("experiments/b.yaml", INPUTS["experiments/b.yaml"][1])
    (desk.root / "experiments/a.yaml").rename(desk.root / "experiments/z.yaml")
    desk.check()
    assert parsed[3:] == [], "the content is known, whatever the file is called"


def test_more_than_a_line_has_is_kept_in_several(
    cache: Path, desk: Desk, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_facts, "_OF_A_LINE", 1)
    first = desk.check()
    (file,) = cache.glob("*.facts")
    head_line, *lines = file.read_bytes().splitlines()
    assert [len(json.loads(each)["files"]) for each in lines] == [1, 1]
    assert desk.check() == first
    assert parsed == ["a.yaml", "b.yaml"]
    file.write_bytes(b"\n".join((head_line, *lines[:1])))
    assert desk.check() == first
    assert parsed == ["a.yaml", "b.yaml"] * 2


def test_a_link_that_leads_out_is_said_each_time(desk: Desk, tmp_path: Path) -> None:
    desk.check()
    (desk.root / "experiments/a.yaml").rename(tmp_path / "a.yaml")
    (desk.root / "experiments/a.yaml").symlink_to(tmp_path / "a.yaml")
    said = desk.check()
    assert said == desk.check() == desk.check("--no-cache")
    assert "leads out of the repository" in said[1] + said[2]
    (desk.root / "experiments").rename(tmp_path / "elsewhere")
    (desk.root / "experiments").symlink_to(tmp_path / "elsewhere")
    assert desk.check() == desk.check("--no-cache"), "the files are those that they were"


TOLERANT = POLICY + "rules: {flag-reuse: {severity: warning}, layer-traffic: {severity: warning}}\n"
HOLDOUT = "holdouts: {shop: {share: 5%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: h}}\n"
DEFAULTS = {
    "egp.yaml": [
        BUDGET,
        BUDGET + "defaults: {statistics: {alpha: 5%}}\n",
        BUDGET + "defaults: {statistics: {alpha: 2%}}\n",
        BUDGET + "defaults: [{statistics: {alpha: 2%}}, {from: 2023-01-20, statistics: {alpha: 5%}}]\n",
        BUDGET + "defaults: {layer: shared, feature_flag: f, statistics: {alpha: 5%}}\n",
        BUDGET + "defaults: {statistics: {alpha: 5%}}\nmetrics: [metrics.yaml]\n",
        BUDGET + HOLDOUT + "defaults: {holdout: {of: shop}, statistics: {alpha: 5%}}\n",
        BUDGET + HOLDOUT.replace("06-30", "07-31") + "defaults: {holdout: {of: shop}}\n",
        BUDGET + "overrides: [{paths: [experiments/b.yaml], defaults: {statistics: {alpha: 5%}}}]\n",
    ],
    "metrics.yaml": [
        "metrics: {add_to_cart_rate: {kind: proportion, direction: increase, outcome_window: 0d}}\n",
        "metrics: {add_to_cart_rate: {kind: proportion, direction: increase, outcome_window: 1d}}\n",
    ],
    "experiments/a.yaml": [WITHOUT_ALPHA, neighbour("a"), WITHOUT_ALPHA.replace("layer: pdp\n", ""), "id: ["],
    "experiments/b.yaml": [WITHOUT_ALPHA.replace("id: a", "id: b"), neighbour("b") + "---\n" + WITHOUT_ALPHA],
}  # fmt: skip


def test_what_a_policy_completes_rests_on_the_policy_the_day_and_the_lock(
    desk: Desk, parsed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    draw, outputs, completed = random.Random(18), set(), 0
    days = ("2023-01-18", "2023-01-21")

    def register() -> None:
        """Where nothing keeps plans with the same layer and flag from running."""
        before = (desk.root / "egp.yaml").read_text()
        desk.write("egp.yaml", TOLERANT + "defaults: {statistics: {alpha: 5%}}\n")
        desk.write("experiments/a.yaml", WITHOUT_ALPHA)
        main(["register", "experiments/a.yaml", "--as-of", "2023-01-17"])
        desk.write("egp.yaml", before.rstrip("#\n") + "\n")

    def damage() -> None:
        for file in desk.root.glob("egp.lock.d/*/*"):
            file.write_text(file.read_text() + "# no longer what egp wrote\n")

    def remove() -> None:
        shutil.rmtree(desk.root / "egp.lock.d", ignore_errors=True)
        (desk.root / "egp.lock").unlink(missing_ok=True)

    steps: list[Callable[[], object]] = [
        *(partial(desk.write, place, text) for place, texts in DEFAULTS.items() for text in texts),
        register, register, register, damage, remove,
    ]  # fmt: skip
    for place, texts in DEFAULTS.items():
        desk.write(place, texts[0])
    for _ in range(100):
        draw.choice(steps)()
        capsys.readouterr()
        day = draw.choice(days)
        fresh = desk.check("--no-cache", "--as-of", day)
        assert desk.check("--as-of", day) == fresh
        parsed.clear()
        assert desk.check("--as-of", day) == fresh
        outputs.add(fresh)
        completed += any("supplied:" in each.read_text() for each in desk.root.glob("egp.lock.d/*/*"))
        assert parsed == [] or "is not as egp wrote it" in fresh[1] + fresh[2]
    assert len(outputs) > 20
    assert completed > 20


def test_what_a_policy_completes_is_kept_with_the_policy(desk: Desk, parsed: list[str]) -> None:
    desk.write("experiments/a.yaml", WITHOUT_ALPHA)
    desk.write("egp.yaml", BUDGET)
    alone = desk.check()
    desk.write("egp.yaml", BUDGET + "defaults: {statistics: {alpha: 5%}}\n")
    beside = desk.check()
    assert beside == desk.check() == desk.check("--no-cache")
    assert ("alpha-budget" in alone[1], "alpha-budget" in beside[1]) == (False, True)
    assert parsed == ["a.yaml", "b.yaml"] * 2
    desk.check("--as-of", "2023-01-19")
    assert parsed[4:] == ["a.yaml", "b.yaml"], "on another day other defaults may be in force"


def test_a_file_that_was_just_written_is_known_by_its_content_alone(
    desk: Desk, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "time_ns", time.time_ns)
    desk.check()
    monkeypatch.setattr(kept_facts, "sha256", lambda _: pytest.fail("hashed"))
    with pytest.raises(pytest.fail.Exception, match="hashed"):
        desk.check()
    assert parsed == ["a.yaml", "b.yaml"]


def _other_words(file: Path) -> None:
    """Which says that the neighbour has the plan's own id."""
    before = file.read_bytes()
    after = before.replace(b'[0,"a",', b'[0,"sound-plan",')
    assert before != after
    file.write_bytes(after)


def _of_shape(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """What says all that it should, checksum and version included, and is made differently."""

    def write(file: Path) -> None:
        known = json.loads(file.read_bytes().partition(b"\n")[2])
        change(known)
        text = json.dumps(known).encode()
        file.write_bytes(head(kept_facts._FORMAT, [text]) + b"\n" + text)

    return write


def _of_fact(change: Callable[[list[Any]], object]) -> Callable[[Path], None]:
    return _of_shape(lambda known: [change(fact) for each in known["facts"].values() for fact in each])


def _put_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _link(file: Path) -> None:
    file.rename(file.with_suffix(".elsewhere"))
    file.symlink_to(file.with_suffix(".elsewhere"))


def _link_folder(file: Path) -> None:
    file.parent.rename(file.parents[1] / "elsewhere")
    file.parent.symlink_to("elsewhere")


SPOILT: dict[str, Callable[[Path], object]] = {
    "other words": _other_words,
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-9]),
    "empty": lambda file: file.write_bytes(b""),
    "no JSON": lambda file: file.write_bytes(head(kept_facts._FORMAT, [b"{"]) + b"\n{"),
    "another JSON": lambda file: file.write_bytes(head(kept_facts._FORMAT, [b"[]"]) + b"\n[]"),
    "files that are none": _of_shape(lambda known: known.update(files=[])),
    "facts that are none": _of_shape(lambda known: known.update(facts=7)),
    "no facts": _of_shape(lambda known: known.pop("facts")),
    "a file without facts": _of_shape(lambda known: known["facts"].clear()),
    "a file without a hash": _of_shape(lambda known: [each.pop() for each in known["files"].values()]),
    "a file with a list of hashes": _of_shape(
        lambda known: [each.append([each.pop()]) for each in known["files"].values()]
    ),
    "a file that is a number": _of_shape(
        lambda known: known["files"].update(dict.fromkeys(known["files"], 1))
    ),
    "facts of a content that are a text": _of_shape(
        lambda known: known["facts"].update(dict.fromkeys(known["facts"], "a"))
    ),
    "facts that are numbers": _of_shape(
        lambda known: known["facts"].update({each: [1] for each in known["facts"]})
    ),
    "a fact too short": _of_fact(list.pop),
    "a fact too long": _of_fact(lambda fact: fact.append("")),
    "an id that is a number": _of_fact(lambda fact: fact.__setitem__(1, 7)),
    "an id that is a list": _of_fact(lambda fact: fact.__setitem__(1, [])),
    "surfaces that are a text": _of_fact(lambda fact: fact.__setitem__(4, "pdp")),
    "a surface that is a number": _of_fact(lambda fact: fact.__setitem__(4, [1])),
    "a day that is a text": _of_fact(lambda fact: fact.__setitem__(5, "2023-01-17")),
    "a day that no calendar has": _of_fact(lambda fact: fact.__setitem__(5, 10**9)),
    "a day before all": _of_fact(lambda fact: fact.__setitem__(6, -1)),
    "a level that is a text": _of_fact(lambda fact: fact.__setitem__(8, "5%")),
    "a move that is a text": _of_fact(lambda fact: fact.__setitem__(-2, ["moved"])),
    "a move of numbers": _of_fact(lambda fact: fact.__setitem__(-2, [["metric", "a", 1, "b", []]])),
    "a move to a number": _of_fact(lambda fact: fact.__setitem__(-2, [["metric", "a", "b", "c", [1]]])),
    "a registration that is a number": _of_fact(lambda fact: fact.__setitem__(-1, 1)),
    "a link": _link,
    "a folder": _put_folder,
    "written by anybody": lambda file: file.chmod(0o666),
    "a linked folder": _link_folder,
    "an open folder": lambda file: file.parent.chmod(0o755),
    "a folder that anybody writes to": lambda file: file.parent.chmod(0o777),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_is_damaged_or_may_be_somebody_elses_is_not_there(
    how: str, cache: Path, desk: Desk, parsed: list[str]
) -> None:
    fresh = desk.check()
    (file,) = cache.iterdir()
    SPOILT[how](file)
    assert desk.check() == fresh
    assert parsed[2:] in ([], ["a.yaml", "b.yaml"])
    assert (parsed[2:] == []) == ("folder" in how and how != "a folder"), (
        "in a folder of somebody else nothing is kept"
    )


def test_what_somebody_else_owns_is_not_there(
    cache: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = desk.check()
    before = [(each.name, each.stat().st_ino) for each in cache.iterdir()]
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    assert desk.check() == fresh
    assert [(each.name, each.stat().st_ino) for each in cache.iterdir()] == before


def test_another_version_knows_nothing(
    desk: Desk, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.check()
    monkeypatch.setattr(kept_facts, "VERSION", "0.0.1")
    desk.check()
    assert parsed == ["a.yaml", "b.yaml"] * 2


def test_the_folder_is_the_callers_alone(cache: Path, desk: Desk) -> None:
    desk.check()
    assert cache.stat().st_mode & 0o777 == 0o700
    assert len(list(cache.iterdir())) == 1
    assert desk.root not in cache.parents


def test_where_it_cannot_be_written_nothing_is_said(
    cache: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = desk.check("--no-cache")
    cache.parent.write_text("no folder")
    assert desk.check() == fresh
    monkeypatch.setenv("XDG_CACHE_HOME", str(desk.root))
    assert desk.check() == fresh
    assert not (desk.root / "egp").exists(), "what is under review is no place for it"


def test_ci_a_base_and_whoever_forbids_it_remember_nothing(
    cache: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.check("--no-cache")
    desk.check("--base", "main")
    monkeypatch.setenv("CI", "true")
    desk.check()
    assert not cache.exists()


def test_of_many_repositories_the_oldest_are_dropped(
    cache: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_facts, "_MOST_REPOSITORIES", 2)
    cache.mkdir(parents=True, mode=0o700)
    for at, name in enumerate(("first", "second", "third")):
        (cache / f"{name}.facts").write_text("")
        os.utime(cache / f"{name}.facts", ns=(LONG_AGO + at, LONG_AGO + at))
    (cache / "notes").write_text("")
    desk.check()
    kept = {each.name for each in cache.iterdir()}
    assert {"third.facts", "notes"} < kept
    assert len(kept) == 3


def examples() -> Iterator[PortfolioEntry]:
    for file in sorted(EXAMPLES.rglob("*.yaml")):
        for document in read_file(file, file.name):
            if isinstance(document.value, dict):
                yield entry_of(read_experiment(document.value)[0], file.name, document.index)


def test_every_entry_comes_back_as_it_was() -> None:
    entries = list(examples())
    assert len(entries) > 50
    assert {each.first is None for each in entries} == {True, False}
    for entry in entries:
        fact = json.loads(json.dumps(kept_facts._fact(entry)))
        assert kept_facts._entry(entry.path, fact) == entry
        assert repr(kept_facts._entry(entry.path, fact)) == repr(entry)


def test_a_day_that_time_zones_decide_is_not_kept(desk: Desk, parsed: list[str]) -> None:
    days = "schedule: {start: 2023-01-23,"
    assert days in SOUND
    desk.write("experiments/b.yaml", neighbour("b").replace(days, days.replace("23,", "23T23:00:00Z,")))
    desk.check()
    desk.check()
    assert parsed == ["a.yaml", "b.yaml", "b.yaml"]


def test_whatever_makes_an_entry_is_a_part_of_the_version() -> None:
    code = (
        "import sys\nfrom egp.check import kept_facts\n"
        "print(*(vars(each).get('__file__', '') for name, each in sys.modules.items() if name.startswith('egp.')))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    folders = {os.path.dirname(each).split("/egp/")[-1] for each in loaded.split()}
    reading = {each for each in folders if each.split("/")[0] in ("plan", "stats", "yaml")}
    assert {"plan", "stats", "yaml"} <= reading <= set(kept_facts._READING)
