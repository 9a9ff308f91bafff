"""What rules about plans that are gone are given, and where their findings stand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from egp.record.entry_files import LOCK_FILE, entry_file
from tests.check.workspace import where
from tests.history.comparing import Comparison, plan

A, B, C = "plans/a.yaml", "plans/b.yaml", "plans/c.yaml"


@pytest.fixture
def registered(compared: Comparison) -> Comparison:
    """Two registered plans."""
    for path, name in ((A, "a"), (B, "b")):
        compared.write(path, plan(name))
        compared.register(path)
    compared.commit("2023-01-17")
    return compared


def removals(comparison: Comparison, *paths: str, base: str = "") -> list[tuple[str, str]]:
    """(place, message) of every plan that is gone."""
    report = comparison.report(*paths, base=base)
    assert report.failures == []
    return [(where(each), each.message) for each in report.diagnostics if each.rule == "told-removal"]


@pytest.mark.parametrize("base", ["", "main"])
def test_a_deleted_plan_is_reported_at_its_entry_in_the_lock(registered: Comparison, base: str) -> None:
    (registered.root / A).unlink()
    told = "plans/a.yaml was=a lock=True registered=2023-01-17 heir=None"
    assert removals(registered, base=base) == [(registered.entry_place("a"), told)]


def test_without_a_base_it_is_still_found_after_the_deletion_was_committed(registered: Comparison) -> None:
    (registered.root / A).unlink()
    registered.commit("2023-01-20")
    registered.commit("2023-01-21")
    assert removals(registered) == [
        (registered.entry_place("a"), "plans/a.yaml was=a lock=True registered=2023-01-17 heir=None")
    ]


def test_a_base_that_did_not_have_it_either_says_nothing(registered: Comparison) -> None:
    (registered.root / A).unlink()
    registered.commit("2023-01-20")
    assert removals(registered, base="main") == []


def test_an_unregistered_plan_is_reported_at_the_top_of_the_file_that_had_it(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.write(B, plan("b"))
    compared.commit("2023-01-16")
    (compared.root / A).unlink()
    told = "plans/a.yaml was=a lock=False registered=2023-01-17 heir=None"
    assert removals(compared, base="main") == [("plans/a.yaml:1:1", told)]
    assert removals(compared) == []


def test_the_line_of_its_entry_is_shown_and_none_of_a_file_that_is_gone(compared: Comparison) -> None:
    for path, name in ((A, "a"), (B, "b")):
        compared.write(path, plan(name))
    compared.register(A)
    compared.commit("2023-01-17")
    place, number, _ = compared.entry_place("a").split(":")
    entry = compared.read(place).splitlines()[int(number) - 1]
    for path in (A, B):
        (compared.root / path).unlink()
    lines = {each.place.path: each.line for each in compared.report(base="main").diagnostics}
    assert lines == {place: entry, B: ""}


def test_an_entry_that_was_removed_with_its_plan_does_not_hide_it(registered: Comparison) -> None:
    (registered.root / A).unlink()
    registered.remove_entry("a")
    told = "plans/a.yaml was=a lock=True registered=2023-01-17 heir=None"
    assert removals(registered, base="main") == [("plans/a.yaml:1:1", told)]


@pytest.mark.parametrize("base", ["", "main"])
@pytest.mark.parametrize(
    ("path", "heir"),
    [
        (A, plan("other")),
        (C, plan("other", flag="a")),
        (C, plan("other", surface="pages.a")),
    ],
    ids=["in the same file", "with the same flag", "on the same surface"],
)
def test_who_goes_on_in_its_place_is_named(registered: Comparison, path: str, heir: str, base: str) -> None:
    (registered.root / A).unlink()
    registered.write(path, heir)
    told = "plans/a.yaml was=a lock=True registered=2023-01-17 heir=other"
    assert removals(registered, base=base) == [(registered.entry_place("a"), told)]


def test_a_renamed_file_is_recognised_under_another_id_flag_and_surface(registered: Comparison) -> None:
    registered.git("mv", A, C)
    for old, new in (("id: a\n", "id: other\n"), ("flag: a\n", "flag: new\n"), ("pages.a", "pages.new")):
        registered.replace(C, old, new)
    registered.commit("2023-01-20")
    told = "plans/a.yaml was=a lock=True registered=2023-01-17 heir=other"
    assert removals(registered, base="main~1") == [(registered.entry_place("a"), told)]


def test_a_file_that_shares_less_than_half_of_its_lines_is_no_renamed_one(registered: Comparison) -> None:
    registered.git("mv", A, C)
    registered.write(
        C, "id: other\ntype: superiority\nfeature_flag: new\nsurfaces: [pages.new]\nschedule: {}\n"
    )
    registered.commit("2023-01-20")
    assert [told.endswith("heir=None") for _, told in removals(registered, base="main~1")] == [True]


def _folder(registered: Comparison) -> None:
    registered.write(f"{A}/keep", "")


def _link_to_a_folder(registered: Comparison) -> None:
    registered.write("notes/keep", "")
    (registered.root / A).symlink_to("../notes")


def _link_to_another_plan(registered: Comparison) -> None:
    (registered.root / A).symlink_to("b.yaml")


def _link_to_nothing(registered: Comparison) -> None:
    (registered.root / A).symlink_to("nothing.yaml")


def _another_file(registered: Comparison) -> None:
    registered.write(A, "notes: [the plan was here]\n")


def _empty_file(registered: Comparison) -> None:
    registered.write(A, "# nothing\n")


@pytest.mark.parametrize(
    "put", [_folder, _link_to_a_folder, _link_to_another_plan, _link_to_nothing, _another_file, _empty_file]
)
@pytest.mark.parametrize("asked", [(), (B,)])
def test_what_only_has_the_name_of_a_deleted_plan_does_not_hide_it(
    registered: Comparison, put: Callable[[Comparison], None], asked: tuple[str, ...]
) -> None:
    (registered.root / A).unlink()
    put(registered)
    told = "plans/a.yaml was=a lock=True registered=2023-01-17 "
    report = registered.report(*asked, base="main")
    assert [
        each.message.partition("heir")[0] for each in report.diagnostics if each.rule == "told-removal"
    ] == [told]


def test_a_link_in_the_place_of_the_folder_does_not_hide_its_plans(registered: Comparison) -> None:
    (registered.root / "plans").rename(registered.root / "moved")
    (registered.root / "plans").symlink_to("moved/none")
    assert len(removals(registered, base="main")) == 2


def test_a_plan_that_was_there_before_is_no_successor(registered: Comparison) -> None:
    (registered.root / A).unlink()
    registered.replace(B, "pages.b", "pages.a")
    assert [told.endswith("heir=None") for _, told in removals(registered, base="main")] == [True]


def test_a_plan_outside_the_reach_of_the_policy_is_gone(registered: Comparison) -> None:
    registered.git("mv", A, "plans/a.yaml.old")
    assert len(removals(registered, base="main")) == 1


@pytest.mark.parametrize(
    ("paths", "count"), [((B,), 0), ((B, "plans/z.yaml"), 1), (("plans",), 1), (("plans/z.yaml",), 0)]
)
def test_where_no_pattern_says_which_plans_there_are_one_alone_is_not_all_of_them(
    registered: Comparison, paths: tuple[str, ...], count: int
) -> None:
    registered.write("egp.yaml", registered.read("egp.yaml").partition("\n")[2])
    registered.write("plans/z.yaml", plan("z"))
    (registered.root / A).unlink()
    assert len(removals(registered, *paths)) == count


@pytest.mark.parametrize("base", ["", "main"])
def test_one_that_is_requested_where_it_lies_now_is_not(registered: Comparison, base: str) -> None:
    registered.git("mv", A, "drafts.yaml")
    assert removals(registered, "drafts.yaml", B, base=base) == []


def test_a_plan_that_nobody_can_read_any_more_is_not_taken_for_deleted(registered: Comparison) -> None:
    registered.write(A, "id: [")
    assert removals(registered, base="main") == []


def test_other_peoples_plans_are_reported_with_a_base_or_when_all_are_asked_for(
    registered: Comparison,
) -> None:
    registered.write("plans/z.yaml", plan("z"))
    (registered.root / A).unlink()
    assert removals(registered, B) == []
    assert len(removals(registered, B, base="main")) == 1
    assert len(removals(registered, "plans")) == 1
    registered.write(C, plan("other", flag="a"))
    of_first_lock = len(removals(registered, C))
    assert of_first_lock == (1 if registered.has_first_lock else 0), "not all entries are read for one plan"
    assert len(removals(registered, C, base="main")) == 1
    assert removals(registered, B) == []


def test_history_that_lacks_the_plan_leaves_the_lock_as_witness(compared: Comparison) -> None:
    compared.write(A, plan("a"))
    compared.write(B, plan("b"))
    compared.register(A)
    compared.register(B)
    (compared.root / A).unlink()
    compared.commit("2023-01-17")
    told = "plans/a.yaml was=None lock=True registered=2023-01-17 heir=None"
    assert removals(compared) == [(compared.entry_place("a"), told)]


@pytest.mark.parametrize("other", ["EGP.LOCK", "Egp.Lock.D/{shard}/{name}", "EGP.LOCK.D/{shard}/{capitals}"])
@pytest.mark.parametrize("beside", [True, False])
def test_a_base_whose_lock_lies_in_other_letters_is_damaged(
    registered: Comparison, other: str, beside: bool
) -> None:
    """Where letters are folded it is the lock, and elsewhere what it says would be forgotten."""
    damage_in_base(registered, other, LOCK_FILE if other == "EGP.LOCK" else own_entry(registered), beside)


@pytest.mark.parametrize("other", ["egp.lock.d/{shard}/{capitals}", "egp.lock.d/{SHARD}/{name}"])
def test_a_base_whose_entry_lies_in_other_letters_is_damaged(registered: Comparison, other: str) -> None:
    damage_in_base(registered, other, own_entry(registered), beside=False)


def own_entry(registered: Comparison) -> str:
    if registered.has_first_lock:
        pytest.skip("the entries of the first release's lock are not files")
    return entry_file("a")


def damage_in_base(registered: Comparison, other: str, own: str, beside: bool) -> None:
    _, shard, name = entry_file("a").split("/")
    stray = other.format(shard=shard, SHARD=shard.upper(), name=name, capitals=name.replace("a", "A", 1))
    content = registered.read(own)
    registered.write(stray, content)
    if not beside:
        (registered.root / own).unlink()
    registered.commit("2023-01-18")
    (registered.root / stray).unlink()
    for folder in (registered.root / stray).parents:
        if folder != registered.root and folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
    registered.write(own, content)
    assert registered.report().failures == []
    failures = registered.report(base="main").failures
    assert ["in other letters" in each.message for each in failures] == [True]
