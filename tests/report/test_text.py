"""The report for people: what it shows, how wide it is, and what never reaches a terminal."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from unicodedata import category, east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egp.output.report.text import Style, printable, render, wrapped
from egp.plan.finding import Advice, Diagnostic, Failure, Finding, Place, Related
from egp.yaml import Position, Span
from tests.report.scenes import PLAN, SCENES, WIDTHS, Scene, report_of, scene_rules

ESCAPE = re.compile("\x1b\\[[0-9;]*m")


def lines_of(scene: Scene, style: Style = Style()) -> list[str]:  # noqa: B008 - frozen
    with scene_rules():
        return list(render(report_of(scene), style))


def columns(text: str) -> int:
    """Columns by the rules of Unicode: marks take none, wide characters two."""
    return sum(0 if category(c) in ("Mn", "Me") else 2 if east_asian_width(c) in "WF" else 1 for c in text)


@pytest.mark.parametrize(
    "scene",
    sorted(
        set(SCENES)
        - {
            "could-not-judge",
            "not-checked",
            "related-place",
            "same-place",
            "hostile",
            "waived-by-hostile-words",
        }
    ),
)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(scene: str, width: int) -> None:
    """Paths, and the one line that says why egp cannot judge, are not broken: they are copied."""
    assert [line for line in lines_of(SCENES[scene], Style(width)) if columns(line) > width] == []


@pytest.mark.parametrize("scene", SCENES)
def test_colour_adds_nothing_but_colour(scene: str) -> None:
    plain, coloured = lines_of(SCENES[scene]), lines_of(SCENES[scene], Style(colour=True))
    assert [ESCAPE.sub("", line) for line in coloured] == plain
    assert not any("\x1b" in line for line in plain)


def test_findings_are_coloured_by_their_severity() -> None:
    coloured = "\n".join(lines_of(SCENES["error-and-warning"], Style(colour=True)))
    assert "\x1b[1;31merror[agreed-value]\x1b[0m" in coloured
    assert "\x1b[1;33mwarning[tidy-value]\x1b[0m" in coloured


def underlined(scene: Scene, width: int = 100) -> list[str]:
    """What stands above each row of carets."""
    lines = lines_of(scene, Style(width))
    marked = []
    for above, below in pairwise(lines):
        carets = re.search(r"\^+", below)
        if carets and re.match(r" *[0-9]+ \|", above):
            begin, end = columns(below[: carets.start()]), columns(below[: carets.end()])
            at = 0
            text = ""
            for character in above:
                if begin <= at < end:
                    text += character
                at += columns(character)
            marked.append(text)
    return marked


@pytest.mark.parametrize("width", [40, 60, 100])
@pytest.mark.parametrize("value", ["abc", "検索チーム", "e\u0301te\u0301", "😀", "ก\u0e31น", "a" * 30])
@pytest.mark.parametrize("before", ["", "x" * 70, "検" * 40, "e\u0301" * 50])
@pytest.mark.parametrize("after", ["", "y" * 90, "索" * 50])
def test_the_underline_stands_below_the_value(width: int, value: str, before: str, after: str) -> None:
    plan = f"id: buy-now\nx-note: {{a: '{before}', b: '{value}', c: '{after}'}}\n"
    (marked,) = underlined(Scene(plan, agreed=[Finding(("x-note", "b"), "this one")]), width)
    quoted = f"'{value}'"
    assert marked == quoted or (width == 40 and len(marked) > 2 and quoted.startswith(marked))


def test_a_tab_takes_one_column() -> None:
    scene = Scene("id: buy-now\nx-note:\t{a:\t'b'}\n", agreed=[Finding(("x-note", "a"), "this one")])
    assert underlined(scene) == ["'b'"]


def test_an_empty_place_is_underlined_where_it_is() -> None:
    at_the_end = Finding(Span(Position(1, 12), Position(1, 12)), "something is missing here")
    (line,) = [line for line in lines_of(Scene("id: buy-now\n", agreed=[at_the_end])) if "^" in line]
    assert line == "  |            ^"


HOSTILE = "a\x1b[31mb\x07c\u202ed\u2066e\u200bf\x9bg\u2028h\x7fi\rj"


@pytest.mark.parametrize("colour", [False, True])
def test_nothing_a_terminal_would_obey_reaches_it(colour: bool) -> None:
    finding = Finding(
        ("id",),
        f"message {HOSTILE}",
        observed=f"observed {HOSTILE}",
        required=f"required {HOSTILE}",
        help=f"help {HOSTILE}",
        related=(Related(("type",), f"label {HOSTILE}"),),
    )
    scene = Scene(
        PLAN + f"title: '\u202e{'x' * 5}\u2066'\n",
        agreed=[finding, Finding(("title",), "bidi")],
        path=f"experiments/{HOSTILE}.yaml",
        failures=[
            Failure(HOSTILE, HOSTILE, "", Span(Position(1, 1), Position(1, 3)), HOSTILE, HOSTILE),
            Failure(HOSTILE, HOSTILE),
        ],
    )
    for line in lines_of(scene, Style(colour=colour)):
        assert ESCAPE.sub("", line).isprintable() if colour else line.isprintable(), line


def test_hostile_source_lines_are_shown_without_their_controls() -> None:
    scene = Scene("id: buy-now\ntitle: 'a\u202eb'\n", agreed=[Finding(("title",), "turned around")])
    assert "2 | title: 'a\ufffdb'" in lines_of(scene)


@given(text=st.text())
def test_printable_keeps_every_position(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert shown.isprintable()
    changed = [old for new, old in zip(shown, text, strict=True) if new != old]
    assert all(old in "#:" or not old.isprintable() for old in changed)


def is_acted_on(line: str) -> bool:
    """Whether GitHub's or Azure's runner takes the line for a command: these look for `##` anywhere."""
    return line.lstrip().startswith("::") or re.search(r"##\w*\[", line) is not None


LOG_COMMANDS = st.lists(
    st.sampled_from(
        ["::error::", "::add-mask::x", "##[group]", "##vso[task.setvariable]", "#", ":", " ", "\t", "a"]
    )
).map("".join)


@given(text=LOG_COMMANDS, width=st.integers(1, 40))
def test_no_line_is_a_command_of_the_ci_that_logs_it(text: str, width: int) -> None:
    assert not any(map(is_acted_on, wrapped(printable(text), width, "  ")))


@pytest.mark.parametrize("scene", ["hostile", "waived-by-hostile-words"])
@pytest.mark.parametrize("width", WIDTHS)
def test_a_hostile_plan_commands_no_ci(scene: str, width: int) -> None:
    assert not any(map(is_acted_on, lines_of(SCENES[scene], Style(width))))


@pytest.mark.parametrize("text", ["a::b", "## heading", "x ##1", "12:00::5", "# [a]", ": :"])
def test_ordinary_colons_and_hashes_stay(text: str) -> None:
    assert printable(text) == text


def test_the_summary_counts_in_words() -> None:
    (summary,) = lines_of(SCENES["nothing-found"])
    assert (
        summary
        == "1 plan judged: nothing to report (2 checks passed; policy egp.yaml 2026.2, as of 2023-01-18)"
    )


def test_what_is_said_about_one_place_shares_a_frame() -> None:
    lines = lines_of(SCENES["same-place"])
    assert [line for line in lines if "-->" in line] == [
        " --> experiments/buy-now.yaml:1:1", " --> experiments/buy-now.yaml:3:36",
    ]  # fmt: skip
    assert lines.count("3 | schedule: {start: 2023-01-23, end: 2023-01-27}") == 2, (
        "once more for the related place"
    )
    assert "  | Friday; needs Sunday" in lines


def test_a_plan_that_is_not_filled_in_is_one_cause() -> None:
    lines = lines_of(SCENES["not-filled-in"])
    assert [line for line in lines if "-->" in line] == [
        " --> experiments/buy-now.yaml:7:7", " --> experiments/buy-now.yaml:2:1",
    ]  # fmt: skip
    assert "the plan is not filled in yet: 5 keys are open" in lines
    assert "6 | error[agreed-value]: the owner names no team" in lines
    assert "2 | warning[tidy-value]: title is left open" in lines
    assert "3 errors, 3 warnings" in lines[-1]


def test_a_few_open_keys_are_explained_each() -> None:
    scene = SCENES["not-filled-in"]
    lines = lines_of(replace(scene, tidy=scene.tidy[1:]))
    assert len([line for line in lines if "-->" in line]) == 5
    assert not any("not filled in" in line for line in lines)


def test_a_rule_gives_its_reason_once() -> None:
    lines = lines_of(SCENES["same-place"])
    for rule in ("agreed-value", "tidy-value"):
        assert len([line for line in lines if f"[{rule}]" in line]) == 2
        assert lines.count(f"  = more: egp explain {rule}") == 1
    assert len([line for line in lines if line.startswith("  = why:")]) == 2


def test_the_policy_is_named_where_egp_explain_would_find_another() -> None:
    with scene_rules():
        report = report_of(SCENES["missing-key"])
        lines = list(render(report, Style(), lambda _: " --policy examples/egp.yaml"))
    assert "  = more: egp explain agreed-value --policy examples/egp.yaml" in lines


def test_a_place_without_a_line_has_no_snippet() -> None:
    with scene_rules():
        report = report_of(SCENES["nothing-found"])
        report.diagnostics.append(diagnostic_without_line())
        lines = list(render(report, Style()))
    assert lines[:4] == ["error[agreed-value]: too large", " --> big.yaml:1:1", "  |", "  = help: divide it"]


def diagnostic_without_line() -> Diagnostic:
    place = Place("big.yaml", 0, "", Span(Position(1, 1), Position(1, 1)))
    return Diagnostic(
        "agreed-value", "error", "too large", place, "", "", "", "", Advice((), (), "divide it"), (), "", ""
    )


@pytest.mark.parametrize("width", [40, 60])
def test_a_program_finds_a_finding_on_one_line(width: int) -> None:
    lines = lines_of(SCENES["long-message"], Style(width, piped=True))
    (head,) = [line for line in lines if line.startswith("error[")]
    assert head.startswith("error[agreed-value]: the plan runs for five days")
    assert head.endswith("nobody decides on a Monday")


@pytest.mark.parametrize("width", range(10, 60))
def test_a_number_stays_beside_its_unit(width: int) -> None:
    text = "it takes 94,553 units, or (1.84 times that) ≥ 95 % power, at -3.5 pp and 1,900 ms on 2023-01-23 at the latest 7"
    lines = wrapped(text, width, "  ")
    assert " ".join(line.strip() for line in lines) == text
    for bound in ("94,553 units,", "(1.84 times", "95 % power", "-3.5 pp", "1,900 ms"):
        assert any(bound.removesuffix(" power") in line for line in lines), lines


def test_what_could_not_be_judged_is_in_the_summary() -> None:
    assert lines_of(SCENES["could-not-judge"])[-1].startswith("1 plan judged: 0 errors, 3 failures (")
    assert lines_of(SCENES["not-checked"])[-1].startswith(
        "1 plan judged: 0 errors (1 check passed, 1 not checked; "
    )


def test_a_waived_finding_is_short_and_says_who_let_it_pass() -> None:
    lines = lines_of(SCENES["waived"], Style(200))
    assert lines[:2] == [
        "waived[tidy-value]: superiority is a long word (baseline; egp-baseline.yaml:3)",
        "  --> experiments/buy-now.yaml:2:7",
    ]
    assert lines[3:6] == [
        "waived[agreed-value]: the plan runs 5 days at full exposure; the policy requires 14"
        " (waiver of @xp-lead, expires 2023-02-01; waivers.yaml:4)",
        "  --> experiments/buy-now.yaml:3:36",
        "  = reason: the sale ends on Friday, EXP-7",
    ]
    assert lines[-1].startswith("1 plan judged: 0 errors, 2 waived (0 checks passed; ")


def test_what_is_in_shadow_comes_last_and_does_not_count_as_an_error() -> None:
    lines = lines_of(SCENES["shadow"])
    heads = [line.partition("[")[0] for line in lines if re.match(r"\w+\[", line)]
    assert heads == ["warning", "shadow"]
    assert lines[-2].startswith("1 plan judged: 0 errors, 1 warning, 1 in shadow (0 checks passed; ")


def test_what_the_policy_announces_is_a_note() -> None:
    assert "  = coming: becomes an error on 2026-12-01" in lines_of(SCENES["shadow"])


def test_what_does_not_reject_is_dim() -> None:
    for scene, heads in (("waived", 2), ("shadow", 1)):
        coloured = lines_of(SCENES[scene], Style(colour=True))
        assert sum(line.startswith(("\x1b[2mwaived[", "\x1b[2mshadow[")) for line in coloured) == heads
