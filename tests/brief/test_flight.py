"""While the treatment is out: the gate's verdict, the guardrails, what tripped and when, and what may be done."""

from __future__ import annotations

import csv
import shlex
from collections.abc import MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from egp.output.page.model import Command, Figure, Light, Page, Paragraph, Section, Table
from egp.output.page.text import cell_text
from egp.pages.brief.guardrails import Harm, SeenHarm, WatchedGuardrail
from egp.pages.brief.holdout import Confirmation
from egp.pages.brief.scene import Audience
from egp.plan.experiment import read_experiment
from egp.plan.quantity import day
from egp.record.lock import Decided, Registration, made, read_lock
from egp.record.lock.writing import update_lock
from egp.yaml import read_text
from tests.brief.asking import (
    BUY_NOW,
    RANKING,
    STOP_LOSS,
    TWO_BAD_WEEKS,
    ask,
    edit,
    facts,
    options,
    points,
    section,
    shown,
)
from tests.fuzz.mutations import Steps, text_of, without
from tests.gate.calling import call, taken
from tests.gate.worlds import ROOT, plan_of

RESULTS = sorted((ROOT / "examples" / "results").glob("*/*.yaml"))
EXIT_OF_TONE = {"good": 0, "neutral": 0, "caution": 1, "bad": 3}


def guardrail_rows(page: Page) -> list[list[str]]:
    """The table of guardrails, lights as words."""
    part = section(page, "Guardrails")
    blocks = [
        block for each in part.blocks for block in (each.blocks if isinstance(each, Section) else [each])
    ]
    (table,) = [each for each in blocks if isinstance(each, Table)]
    return [[cell_text(each) for each in row] for row in table.rows]


def test_two_stakeholders_and_two_bad_weeks(repository: Path) -> None:
    told = ask(repository, BUY_NOW, TWO_BAD_WEEKS)
    page = told.page
    assert told.fault is None
    assert page.tone == "bad"
    assert page.verdict.startswith("The gate says roll back: the treatment is withdrawn, as agreed")
    assert "Why: the agreed stop rule on cs_contacts has fired" in page.verdict
    rows = guardrail_rows(page)
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("refund_rate", "week of 2023-03-02", "within the margin"),
        ("refund_rate", "week of 2023-03-09", "within the margin, as in the week before"),
        ("refund_rate", "stage 90% so far, exposed by 2023-03-08", "within the margin"),
        ("cs_contacts", "week of 2023-03-02", "harmed"),
        ("cs_contacts", "week of 2023-03-09", "harmed, as in the week before"),
        ("cs_contacts", "stage 90% so far", "harmed"),
        ("p95_page_load", "stage 90% so far", "within the margin"),
    ]
    assert rows[4][2:4] == ["+14.8 % (+7.55 % to +23 %)", "7%"]
    tripped = points(section(page, "What tripped"))
    assert any(
        "in the weeks that began on 2023-03-02 (p < 0.001) and 2023-03-09 (p < 0.001), until 2023-03-15"
        in each
        for each in tripped
    )


def test_the_options_are_judged_and_freezing_is_closed(repository: Path) -> None:
    told = options(ask(repository, BUY_NOW, TWO_BAD_WEEKS).page)
    assert told["A"][2] == Light("bad", "closed: the gate says roll back")
    assert told["B"][0] == "back to control, by feature_flag, within 15 minutes"
    assert told["B"][2].tone == "good"
    assert told["C"][1].startswith("after the rollback")
    assert told["C"][2].tone == "caution"


@pytest.mark.parametrize("results", RESULTS, ids=lambda path: path.stem)
def test_the_gate_is_never_contradicted(results: Path, repository: Path) -> None:
    plan, path = f"experiments/{results.parent.name}.yaml", str(results.relative_to(ROOT / "examples"))
    when = ("--as-of", taken(repository, path))
    verdict = call(repository, "gate", plan, "--results", path, "--monitor", *when).status
    page = ask(repository, plan, path).page
    assert EXIT_OF_TONE[page.tone] == verdict
    closed = options(page)["A"][2].word.startswith("closed")
    assert closed == (verdict == 3)
    assert bool([each for each in page.sections if each.title == "The message that goes out"]) == closed


def test_a_week_counts_as_harmed_where_the_stop_rule_counts_it(repository: Path) -> None:
    """A week at p = 3 % is harmed at 5 %, and not at the level of two weeks in a row, which is 1.5 %."""
    harm_taken_off = 400
    path = repository / TWO_BAD_WEEKS.replace(".yaml", ".csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    (week,) = [
        row
        for row in rows
        if (row["window"], row["date"], row["metric"], row["variant"])
        == ("week", "2023-03-02", "cs_contacts", "buy_now")
    ]
    week["sum"] = str(float(week["sum"]) - harm_taken_off)
    _write(path, rows)
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS).page
    states = {(row[0], row[1]): row[4] for row in guardrail_rows(page)}
    assert states["cs_contacts", "week of 2023-03-02"] == "signs of harm"
    assert states["cs_contacts", "week of 2023-03-09"].startswith("harmed")
    tripped = points(section(page, "What tripped"))
    assert not any("stop rule" in each for each in tripped)
    assert (
        "cs_contacts was clearly worse in the week that began on 2023-03-09 (p < 0.001), until 2023-03-15"
        in tripped
    )


@pytest.mark.parametrize(
    ("low", "high", "is_harmed", "tripped", "light"),
    [
        (-0.01, 0.01, False, (), Light("good", "within the margin")),
        (-0.01, 0.09, False, (), Light("caution", "range reaches the margin")),
        (0.01, 0.05, False, (), Light("caution", "signs of harm")),
        (0.03, 0.09, True, (), Light("caution", "harmed")),
        (0.03, 0.09, True, ("stop-rule",), Light("bad", "harmed")),
        (0.01, 0.05, False, ("stop-rule",), Light("bad", "a stop rule fired")),
        (0.01, 0.05, False, ("stop-rule", "guardrail"), Light("bad", "harmed")),
        (-0.01, 0.01, False, ("limit",), Light("bad", "beyond its limit")),
    ],
)
def test_red_is_what_the_gate_says(
    low: float, high: float, is_harmed: bool, tripped: tuple[str, ...], light: Light
) -> None:
    metric = plan_of().guardrail_metrics[0]
    harm = Harm((low + high) / 2, low, high, 0.01)
    seen = SeenHarm(metric, "buy_now", "week", day("2023-03-02"), harm, harm, 0.08, 1.0, is_harmed)
    assert WatchedGuardrail(metric, "buy_now", (seen,), "", frozenset(tripped)).light(seen) == light


def test_a_test_that_runs_is_no_green_light(repository: Path) -> None:
    running = ask(repository, BUY_NOW, "results/pdp-buy-now/day-05.yaml").page
    assert running.tone == "neutral"
    assert running.verdict == (
        "On course: the test runs as planned, 5 of 14 days complete. Shipping is closed until the result is read on "
        "2023-02-06, and opens then only if it passes. By the plan alone, to ship today instead would gain $325 to $487 until then if the "
        "effect is there, and lose $3.64k if every guardrail with a price is worse by its whole margin."
    )
    assert options(running)["D"][2] == Light("bad", "closed until the result is read on 2023-02-06")
    assert "proceed" not in shown(running), "nobody can quote it as a word about shipping"
    assert "No stop rule or limit has fired in the test" in shown(running)


def test_the_readout_offers_to_go_on_first(repository: Path) -> None:
    over = ask(repository, BUY_NOW, "results/pdp-buy-now/day-14.yaml").page
    assert over.tone == "good"
    assert over.verdict.startswith(
        "Go: by the rule that was agreed before it, the result may start its ramp. Add-to-cart rate +0.58 pp"
    )
    assert next(iter(options(over))) == "D", "what is open leads"
    assert options(over)["D"] == (
        "raise to 70% for at least 48 h, watched; 90%, the last stage, from 2023-02-09 at the earliest", "as agreed before the start; about $0 (from -$40k to $40k) net, from 2023-02-07 to 2023-05-10",
        Light("good", "open: the gate says proceed"),
    )  # fmt: skip


def test_after_the_ramp_the_holdout_says_whether_the_gain_is_there(repository: Path) -> None:
    page = ask(repository, BUY_NOW, "results/pdp-buy-now/monitor.yaml").page
    assert page.tone == "neutral", "no day on which the holdout is read has come"
    assert "stay as it is until the holdout is read on 2023-05-10" in page.verdict
    assert "D" not in options(page), "there is no further stage"


def test_without_rows_of_the_holdout_nothing_is_validated(repository: Path) -> None:
    page = ask(repository, BUY_NOW, "results/pdp-buy-now/stage-2.yaml").page
    assert page.tone == "neutral"
    assert "The gain is not validated: no units of add_to_cart_rate have been counted" in page.verdict


@pytest.mark.parametrize(
    ("power", "low", "word", "is_validated"),
    [
        (0.79, 0.001, "The gain is not validated", False),
        (0.81, -0.001, "The gain is not confirmed", False),
        (0.81, 0.001, "The gain is validated", True),
    ],
)
def test_a_holdout_validates_if_it_could_have_said_otherwise(
    repository: Path, power: float, low: float, word: str, is_validated: bool
) -> None:
    due = "2023-05-10T09:00:00-07:00"
    edit(
        repository, "results/pdp-buy-now/monitor.yaml", ("as_of: 2023-03-02T09:00:00-08:00", f"as_of: {due}")
    )
    told = ask(repository, BUY_NOW, "results/pdp-buy-now/monitor.yaml", due).said.confirmed
    assert isinstance(told, Confirmation)
    changed = replace(told, power=power, low=low)
    assert changed.in_words.startswith(word)
    assert changed.is_validated is is_validated


def test_what_a_reader_needs_last_is_folded(repository: Path) -> None:
    page = ask(repository, RANKING, STOP_LOSS).page
    assert [each.title for each in page.sections if each.folded] == [
        "How the decision is recorded",
        "The draft for C: ranking-model-without-new-users",
        "The message that goes out",
        "What was agreed before any result",
        "What the policy insists on besides (2023.1)",
        "What it was expected to be worth, before any result",
    ]
    assert "Waiting" not in shown(page), "there is no launch to put off any more"


@pytest.mark.parametrize(
    ("results", "option"), [(TWO_BAD_WEEKS, "B: roll back"), ("results/pdp-buy-now/day-05.yaml", "…")]
)
def test_no_decision_is_put_into_the_mouth_of_people(repository: Path, results: str, option: str) -> None:
    page = ask(repository, BUY_NOW, results).page
    command, _ = [each.text for each in section(page, "How the decision").blocks if isinstance(each, Command)]
    assert f'--option "{option}" --by @pdp-pm' in command
    done = call(repository, *shlex.split(command)[1:], "--as-of=2023-03-02")
    assert (done.status, done.out) == (1, ""), "nothing is recorded before it has its words"


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2023-01-28T08:00:00-08:00", "withheld until 2023-02-06"),
        ("2023-02-10", "withheld, because the results were taken"),
    ],
)
@pytest.mark.parametrize("audience", get_args(Audience))
def test_no_number_of_a_metric_before_its_look(
    repository: Path, audience: Audience, as_of: str, words: str
) -> None:
    """Whatever is counted of the primary and the secondary, the page says the same."""
    results = "results/pdp-buy-now/day-05"
    asked = (f"--results={results}.yaml", f"--audience={audience}", f"--as-of={as_of}")
    before = call(repository, "brief", BUY_NOW, *asked).out
    _twice_as_good(repository / f"{results}.csv", {"add_to_cart_rate", "conversion_rate"})
    after = call(repository, "brief", BUY_NOW, *asked).out
    assert words in " ".join(before.split())
    assert _without_provenance(after) == _without_provenance(before)
    assert after != before, "the digest of the results is another"


def _twice_as_good(path: Path, metrics: set[str]) -> None:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["metric"] in metrics and row["variant"] == "buy_now":
            row["sum"] = str(int(float(row["sum"]) * 2))
    _write(path, rows)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _without_provenance(page: str) -> str:
    return page[: page.rindex("\nas of ")]


def test_the_deadline_of_the_escalation_is_an_instant(repository: Path) -> None:
    told = facts(ask(repository, BUY_NOW, TWO_BAD_WEEKS).page, "Who decides")
    assert told["if they cannot agree"] == (
        "vp_commerce breaks the tie, by 2023-03-17 09:00 PDT (within 1 day); until then the treatment is withdrawn; the "
        "tie is about what comes after"
    )
    assert told["who acts now"] == "@pdp-oncall rolls back, by 2023-03-16 09:15 PDT"
    assert (
        told["green is a reading"]
        == "in which no stop rule and no limit has fired, and no guardrail is harmed; two bring the old cadence back, and no treatment"
    )
    assert told["readouts"].startswith(
        "twice a week, the next on 2023-03-20 and 2023-03-23, until two in a row are green, on 2023-03-23 at the earliest; then every week"
    )
    edit(repository, BUY_NOW, ("within: 24h", "within: 4h"))
    later = facts(ask(repository, BUY_NOW, TWO_BAD_WEEKS, "2023-03-11T23:00:00-08:00").page, "Who decides")
    assert later["if they cannot agree"].find("by 2023-03-12 04:00 PDT (within 4 h)") > 0, "the clocks change"


def test_the_draft_of_the_narrower_experiment(repository: Path) -> None:
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS).page
    draft = section(page, "The draft for C")
    (yaml,) = [each.text for each in draft.blocks if isinstance(each, Command)]
    plan, _ = read_experiment(read_text(yaml)[0].value)
    assert plan.id == "pdp-buy-now-narrower"
    assert plan.schedule is not None
    assert str(plan.schedule.start) == "2023-03-27", "the first Monday that leaves a week to agree on it"
    assert plan.statistics is not None
    assert list(map(str, plan.statistics.looks or ())) == ["2023-04-10"]
    lacks = points(section(page, "The options"))
    assert (
        "C (a narrower experiment) is open once this is repaired by 2023-03-26, the day before its first users are treated."
        in lacks[0]
    )
    assert any("looking for the cause says so" in each for each in lacks)
    assert any("how many units can enter" in each for each in lacks)
    assert any("not signed by experimentation_lead" in each for each in lacks)


def test_a_segment_that_tripped_is_the_one_to_leave_out(repository: Path) -> None:
    page = ask(repository, RANKING, STOP_LOSS).page
    assert options(page)["C"][0].startswith(
        "a plan of its own, ranking-model-without-new-users, without new_users; read on "
    )


def test_what_was_agreed_is_told_in_words(repository: Path) -> None:
    page = ask(repository, BUY_NOW, TWO_BAD_WEEKS).page
    agreed = points(section(page, "What was agreed"))
    assert agreed == [
        "Stop rule refunds rolls back if refund_rate is worse than control by more than 5%, with a probability of at least 95 %; looked at daily; from 20,000 units per variant on.",
        "Stop rule contacts rolls back if cs_contacts is clearly worse in 2 weeks in a row; from 20,000 units per variant on.",
        "Stop rule slow rolls back if p95_page_load is worse than control by more than 12% on 2 days in a row; from 5,000 units per variant on.",
        "A limit rolls back once it is passed by more than noise, whatever control shows: p95_page_load above 2100ms (1900ms assumed today: 10.5 % to spare).",
        "A rollback goes back to control within 15 minutes, by feature_flag, by @pdp-oncall; nobody is consulted first.",
        "It ships if the whole range of the result is better than no change, and every guardrail is shown to stay within what was agreed; otherwise: keep_control.",
        "The options agreed for the readout: ship, keep_control or narrower_rerun.",
    ]
    policy = points(section(page, "What the policy insists on besides"))
    assert "Every weekday is in it at least twice." in policy
    once = "A test runs for at least 14 consecutive days at full exposure."
    assert shown(page).count(once) == 1, "it stands at the top, before anybody argues"
    assert once not in policy


@pytest.mark.parametrize("audience", get_args(Audience))
def test_a_split_that_is_wrong_makes_no_light_green(repository: Path, audience: Audience) -> None:
    page = ask(repository, BUY_NOW, "results/pdp-buy-now/srm.yaml", audience=audience).page
    assert "no number here can be trusted" in shown(page)
    (table,) = [each for each in section(page, "Guardrails").blocks if isinstance(each, Table)]
    lights = {cell for row in table.rows for cell in row if isinstance(cell, Light)}
    assert lights == {Light("caution", "not to be trusted")}
    assert not any(isinstance(each, Figure) for each in section(page, "Guardrails").blocks)
    assert "[green]" not in shown(page)


def test_decisions_are_shown_as_they_were_made(repository: Path) -> None:
    _decide(repository, option="B", means="roll back", because="<b>two</b> bad weeks", dissent="*too early*")
    page = call(repository, "brief", BUY_NOW, "--results", TWO_BAD_WEEKS, "--format=markdown").out
    assert "\\<b\\>two\\</b\\> bad weeks" in page
    assert "\\*too early\\*" in page
    assert "experimentation\\_lead \\(@" in page


def test_a_rollback_that_people_decided_has_its_message(repository: Path) -> None:
    results = "results/pdp-buy-now/stage-1.yaml"
    assert "The message that goes out" not in shown(ask(repository, BUY_NOW, results).page)
    _decide(repository, option="B", means="roll back", because="the campaign ends")
    assert "What happened: the campaign ends." in shown(ask(repository, BUY_NOW, results).page)
    _decide(repository, option="A", means="raise nothing", because="it was extended")
    assert "The message that goes out" not in shown(ask(repository, BUY_NOW, results).page)


def _decide(folder: Path, **stated: str) -> None:
    def append(entries: MutableMapping[str, Registration]) -> None:
        entry = entries["pdp-buy-now"]
        decided = made(
            Decided,
            role="experimentation_lead",
            by="@xp-lead",
            on=day("2023-03-02"),
            plan=entry.digest,
            **stated,
        )
        entries["pdp-buy-now"] = made(
            Registration, **{**vars(entry), "decisions": (*entry.decisions, decided)}
        )

    update_lock(str(folder), append)
    assert read_lock(str(folder)).entries["pdp-buy-now"].decisions


@pytest.mark.parametrize("audience", ["team", "exec"])
@pytest.mark.parametrize(
    "steps",
    [
        ("variants", 0), ("variants", 0, "id"), ("variants", 0, "control"), ("statistics",), ("statistics", "guardrail_alpha"),
        ("guardrail_metrics",), ("schedule",),
    ],
)  # fmt: skip
def test_a_plan_that_lacks_what_a_comparison_needs_has_a_page_all_the_same(
    repository: Path, steps: Steps, audience: Audience
) -> None:
    """Deletion by deletion: what cannot be compared is said, and is no bug of egp."""
    path = repository / BUY_NOW
    plan = read_text(path.read_text(encoding="utf-8"))[0].value
    path.write_text(text_of(without(plan, steps)), encoding="utf-8")
    page = ask(repository, BUY_NOW, "results/pdp-buy-now/stage-2.yaml", audience=audience).page
    assert page.tone != "good"
    if steps[0] in ("variants", "statistics") and not (audience == "exec" and steps[0] == "statistics"):
        [said] = [each.text for each in section(page, "Guardrails").blocks if isinstance(each, Paragraph)][:1]
        assert said.startswith("No guardrail can be compared with control: the plan does not say")


@pytest.mark.parametrize(
    "said", ["weight: 50%", "weight: 50%, control: false", "weight: 50%, control: 'perhaps'"]
)
def test_a_plan_that_names_no_control_has_a_page_before_its_look(repository: Path, said: str) -> None:
    edit(repository, BUY_NOW, ("weight: 50%, control: true", said))
    page = ask(repository, BUY_NOW, "results/pdp-buy-now/day-14.yaml", "2023-02-09T08:00:00-08:00").page
    assert "stay in the test, complete it as planned" in {what for what, *_ in options(page).values()}
