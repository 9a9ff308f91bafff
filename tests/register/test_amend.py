"""egp amend: a change of a registered plan is declared in the plan and in the lock, or in neither."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from egp.advice.amend import AmendmentStatement, StatementError, stated
from egp.cli.main import main
from egp.record.entry_files import entry_file
from tests.lock.first_release import as_first_release
from tests.register.house import STATEMENT, House

PLAN = "experiments/buy-now.yaml"
BLOCK = (
    'amendments:\n  - {on: 2023-01-20, reason: the holdout serves two readouts, approver: "@xp-lead", '
    "data_access: no_results_seen"
)


@pytest.fixture
def registered(house: House) -> House:
    """A house whose plan is registered, and then changed."""
    assert house.register() == 0
    house.commit()
    house.edit(PLAN, "until: 2023-05-10", "until: 2023-05-12")
    return house


def test_a_change_is_declared_in_plan_and_lock(registered: House) -> None:
    before = registered.text(PLAN)
    original = registered.lock()["buy-now"].digest
    assert registered.amend() == 0
    plan = registered.text(PLAN)
    start = plan.index("amendments:")
    assert plan[:start] == before[: before.index("amendments:")]
    assert plan[start:].startswith(BLOCK)
    assert plan.endswith("}\nwaivers: []\n")
    entry = registered.lock()["buy-now"]
    assert (entry.digest, entry.registered) == (original, date(2023, 1, 17))
    (amended,) = entry.amended
    assert (amended.on, amended.data_access) == (date(2023, 1, 20), "no_results_seen")
    assert entry.current_digest == amended.digest != original
    assert "amended buy-now on 2023-01-20" in registered.out
    assert registered.register(day="2023-01-21") == 0, "the amended plan is the registered one"


def test_what_changed_is_named_where_git_has_the_registered_plan(registered: House) -> None:
    assert registered.amend() == 0
    assert "changes: [/holdout/until]" in registered.text(PLAN)


def test_without_history_the_author_names_what_changed(registered: House) -> None:
    (registered.root / ".git").rename(registered.root / "git")
    assert registered.amend() == 0
    assert registered.text(PLAN).count("data_access: no_results_seen}") == 1


def test_amendments_follow_each_other(registered: House) -> None:
    registered.amend()
    registered.edit(PLAN, "until: 2023-05-12", "until: 2023-05-15")
    assert registered.amend(*STATEMENT[:2], "--data-access=results_seen", day="2023-02-01") == 0
    text = registered.text(PLAN)
    assert text.index("on: 2023-01-20") < text.index("on: 2023-02-01")
    assert [each.data_access for each in registered.lock()["buy-now"].amended] == [
        "no_results_seen",
        "results_seen",
    ]


def test_two_changes_of_one_day_are_two_amendments(registered: House) -> None:
    registered.amend()
    registered.edit(PLAN, "until: 2023-05-12", "until: 2023-05-15")
    assert registered.amend() == 0
    assert registered.text(PLAN).count("on: 2023-01-20") == 2
    assert len(registered.lock()["buy-now"].amended) == 2


def test_back_to_the_registered_plan_is_an_amendment_too(registered: House) -> None:
    registered.amend()
    registered.edit(PLAN, "until: 2023-05-12", "until: 2023-05-10")
    assert registered.register(day="2023-01-21") == 1
    assert "buy-now was amended on 2023-01-20 as v1:sha256:" in registered.out
    assert registered.amend(day="2023-01-21") == 0
    entry = registered.lock()["buy-now"]
    assert (entry.current_digest, len(entry.amended)) == (entry.digest, 2)


def test_nothing_to_amend(house: House) -> None:
    house.register()
    before = (house.lock_text, house.text(PLAN))
    assert house.amend() == 1
    assert "nothing that the registration pins has changed since 2023-01-17" in house.out
    assert (house.lock_text, house.text(PLAN)) == before


def test_a_benign_change_needs_no_amendment(house: House) -> None:
    house.register()
    house.edit(PLAN, "title: Persistent", "title: A persistent")
    assert house.amend() == 1
    assert "a title or a link needs no amendment" in house.out


def test_the_same_amendment_twice_is_one(registered: House) -> None:
    registered.amend()
    before = (registered.lock_text, registered.text(PLAN))
    assert registered.amend() == 0
    assert (registered.lock_text, registered.text(PLAN)) == before
    assert "is as it was pinned" in registered.out


def test_sign_offs_after_an_amendment_are_attested_by_repeating_it(registered: House) -> None:
    registered.amend()
    registered.edit(PLAN, "amendments:", '  - {role: privacy, by: "@privacy", on: 2023-01-20}\namendments:')
    assert registered.amend() == 0
    entry = registered.lock()["buy-now"]
    assert entry.attests("privacy", "@privacy", date(2023, 1, 20))
    assert len(entry.amended) == 1
    assert "buy-now, registered on 2023-01-17, is now signed by privacy (@privacy)" in registered.out


def test_an_amendment_that_reached_the_plan_alone_is_completed(registered: House) -> None:
    file = entry_file("buy-now")
    entry = registered.text(file)
    registered.amend()
    both = (registered.lock_text, registered.text(PLAN))
    registered.write(file, entry)
    assert registered.amend() == 0
    assert (registered.lock_text, registered.text(PLAN)) == both


def test_a_plan_that_is_not_registered(house: House) -> None:
    assert house.amend() == 1
    assert "buy-now is not registered, so that there is nothing to amend" in house.out
    assert "egp register experiments/buy-now.yaml --write-date" in house.out


def test_an_amended_plan_that_is_rejected_is_not_declared(registered: House) -> None:
    registered.edit(PLAN, "end: 2023-02-05", "end: 2023-01-27")
    before = (registered.lock_text, registered.text(PLAN))
    assert registered.amend() == 1
    assert "error[minimum-runtime]" in registered.out
    assert (registered.lock_text, registered.text(PLAN)) == before


def test_an_amendment_is_not_dated_before_the_last_entry(registered: House) -> None:
    before = registered.text(PLAN)
    assert registered.amend(day="2023-01-16") == 1
    assert "an amendment of 2023-01-16 would precede the entry of 2023-01-17 in the lock" in registered.out
    assert registered.text(PLAN) == before


def test_sign_offs_of_the_amended_plan_are_attested(registered: House) -> None:
    registered.edit(
        PLAN, "amendments: []", '  - {role: privacy, by: "@privacy", on: 2023-01-20}\namendments: []'
    )
    assert registered.amend() == 0
    assert registered.lock()["buy-now"].attests("privacy", "@privacy", date(2023, 1, 20))
    assert "amended buy-now on 2023-01-20, signed by privacy (@privacy)" in registered.out


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("", BLOCK),
        ("amendments: null\n", BLOCK.partition("- ")[2]),
        ("amendments:\n", BLOCK),
        ("amendments:   # none yet\n", BLOCK.replace("amendments:", "amendments:   # none yet")),
    ],
)
def test_the_block_finds_its_place(style: str, expected: str, registered: House) -> None:
    registered.edit(PLAN, "amendments: []\n", style)
    assert registered.amend() == 0
    assert expected in registered.text(PLAN)


def test_a_plan_behind_an_alias_is_not_edited(registered: House) -> None:
    registered.edit(PLAN, "amendments: []\nwaivers: []", "waivers: &none []\namendments: *none")
    before = (registered.lock_text, registered.text(PLAN))
    assert registered.amend() == 1
    assert "the amendment cannot be written: /amendments stands behind an alias" in registered.out
    assert (registered.lock_text, registered.text(PLAN)) == before


def test_an_amendment_is_about_one_plan(registered: House) -> None:
    registered.write(
        PLAN, registered.text(PLAN) + "---\n" + registered.text(PLAN).replace("id: buy", "id: also-buy")
    )
    assert registered.amend() == 1
    assert "there are 2 plans here, and an amendment is about one" in registered.out


def test_a_plan_that_is_not_there(house: House) -> None:
    assert house.egp("amend", "gone.yaml", *STATEMENT, "--on=2023-01-20") == 2
    assert "there is no such file" in house.out


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ((), "an amendment also needs --reason, --approver and --data-access"),
        (STATEMENT[:1], "an amendment also needs --approver and --data-access"),
        ((*STATEMENT[:2], "--data-access=some"), "--data-access is some"),
        (("--reason= \n", *STATEMENT[1:]), "--reason is empty"),
    ],
)
def test_without_a_terminal_flags_say_it_all(flags: tuple[str, ...], says: str, registered: House) -> None:
    before = registered.lock_text
    assert registered.egp("amend", PLAN, *flags) == 2
    assert f"egp: {says}" in registered.err
    assert registered.lock_text == before


class Answers:
    """Somebody at a terminal."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.left.pop(0)


def test_what_is_missing_is_asked_for() -> None:
    answers = Answers("", "because\n", "later\n", "nothing_run\n")
    assert stated(None, "@xp-lead", None, answers) == AmendmentStatement("because", "@xp-lead", "nothing_run")
    assert [question.split(" (")[0] for question in answers.asked] == [
        "Why does the plan change",
        "Why does the plan change",
        "What was known of the results then",
        "What was known of the results then",
    ]


def test_what_is_given_wrongly_is_not_asked_for_again() -> None:
    answers = Answers()
    with pytest.raises(StatementError, match="--data-access is seen"):
        stated("because", "@xp-lead", "seen", answers)
    assert answers.asked == []


def test_questions_at_a_terminal(registered: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        lines = ("@xp-lead\n", "results_seen\n")

        def __init__(self) -> None:
            self.rest = iter(self.lines)

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return next(self.rest, "")

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(
        "egp.cli.commands.terminal.style",
        lambda _: __import__("egp.output.report.text", fromlist=["Style"]).Style(),
    )
    assert registered.egp("amend", PLAN, STATEMENT[0], "--on=2023-01-20") == 0
    assert "Who approved the change: " in registered.err
    assert registered.lock()["buy-now"].amended[0].data_access == "results_seen"


def test_the_day_has_two_names(registered: House, tmp_path: Path) -> None:
    assert main(["amend", str(tmp_path / PLAN), *STATEMENT, "--on=2023-01-20"]) == 0
    assert registered.lock()["buy-now"].amended[0].on == date(2023, 1, 20)


class TestAnotherAnalysis:
    """A plan of an earlier release is judged by this one's analysis once an amendment says so, and only then."""

    @staticmethod
    def of_the_first_release(house: House) -> None:
        house.register()
        house.write("egp.lock", as_first_release(house.root).replace(", analysis: 2", ""))
        assert house.lock()["buy-now"].current_analysis == 1

    def test_the_amendment_is_in_plan_and_lock(self, house: House) -> None:
        self.of_the_first_release(house)
        assert house.amend() == 0, house.err
        entry = house.lock()["buy-now"]
        assert (entry.analysis, entry.current_analysis, entry.amended[-1].analysis) == (None, 2, 2)
        assert entry.digest == entry.current_digest, "the plan is as it was"
        assert "changes: [/analysis]" in house.text(PLAN)

    def test_registering_again_does_not_move_it(self, house: House) -> None:
        self.of_the_first_release(house)
        house.register()
        assert house.lock()["buy-now"].current_analysis == 1

    def test_once_amended_there_is_nothing_left_to_amend(self, house: House) -> None:
        self.of_the_first_release(house)
        assert house.amend() == 0
        before = house.lock_text
        assert house.amend("--reason=again", "--approver=@xp-lead", "--data-access=no_results_seen") == 1
        assert house.lock_text == before
