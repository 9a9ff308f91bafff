"""A team that moves its goalposts leaves tracks, whichever way it does it; one that says what it does is left in peace.

Everything happens in a git repository, and egp is called as in a pipeline: on a branch, compared with main.
"""

from __future__ import annotations

from tests.integrity.team import BUY_NOW, WISH_LIST, Found, Team

LATER_LOOK = ("looks: [2023-02-06]", "looks: [2023-02-08]")
GIFT_WRAP = "experiments/gift-wrap.yaml"
SOFT_POLICY = 'version: "2022.1"\nrules: {valid-yaml: {severity: error}}\n'


def swap_metric(team: Team) -> None:
    team.replace(BUY_NOW, "  id: add_to_cart_rate\n", "  id: product_page_clicks\n")


def loosen_margin(team: Team) -> None:
    team.replace(BUY_NOW, "non_inferiority_margin: 8%", "non_inferiority_margin: 16%")


def end_early(team: Team) -> None:
    team.replace(BUY_NOW, "end: 2023-02-05", "end: 2023-01-31")


def add_segment(team: Team) -> None:
    team.replace(BUY_NOW, "\nsegments: []", "\nsegments: [new_users]")


def found_by(rule: str, diagnostics: list[Found]) -> list[tuple[str, int]]:
    """(path, line) of everything the rule found."""
    return [(each.path, each.line) for each in diagnostics if each.rule == rule]


def said_at(diagnostics: list[Found], rule: str, path: str, line: int) -> str:
    (message,) = (each.message for each in diagnostics if each[:3] == (rule, path, line))
    return message


def test_what_was_agreed_passes(team: Team) -> None:
    assert team.check("2023-01-17") == (0, [])
    assert team.check("2023-01-17", "--base=main") == (0, [])
    assert team.check("2023-01-17", "--base=main~1") == (0, []), "the registration itself, too"


def test_the_primary_metric_is_swapped_on_day_six(team: Team) -> None:
    swap_metric(team)
    team.commit("2023-01-28")
    status, diagnostics = team.check("2023-01-28", "--base=main")
    assert status == 1
    said = said_at(diagnostics, "locked-plan", BUY_NOW, team.line(BUY_NOW, "id: product_page_clicks"))
    assert (
        "was add_to_cart_rate when the plan was registered on 2023-01-17, and is product_page_clicks now"
        in said
    )
    assert found_by("locked-plan", team.check("2023-01-28")[1]) == found_by("locked-plan", diagnostics)


def test_a_margin_is_loosened_on_day_nine(team: Team) -> None:
    loosen_margin(team)
    team.commit("2023-01-31")
    status, diagnostics = team.check("2023-01-31", "--base=main")
    said = said_at(diagnostics, "locked-plan", BUY_NOW, team.line(BUY_NOW, "{id: refund_rate"))
    assert status == 1
    assert "was 8% when the plan was registered on 2023-01-17, and is 16% now, which loosens it" in said


def test_the_end_is_brought_forward(team: Team) -> None:
    end_early(team)
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    said = said_at(diagnostics, "locked-plan", BUY_NOW, team.line(BUY_NOW, "schedule:"))
    assert status == 1
    assert "which is in the past on 2023-02-01; the run has 9 days instead of 14" in said


def test_a_segment_is_added(team: Team) -> None:
    add_segment(team)
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    said = said_at(diagnostics, "locked-plan", BUY_NOW, team.line(BUY_NOW, "segments:"))
    assert status == 1
    assert "raises the chance of finding an effect where there is none from 5 % to as much as 9.75 %" in said


def backdate_amendment(team: Team) -> None:
    team.replace(BUY_NOW, *LATER_LOOK)
    team.write("soft.yaml", SOFT_POLICY)
    team.amend(BUY_NOW, "an earlier thought", "2023-01-17", "nothing_run", "soft.yaml")


def test_an_amendment_is_backdated_to_before_the_data(team: Team) -> None:
    backdate_amendment(team)
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    said = said_at(diagnostics, "no-backdating", BUY_NOW, team.line(BUY_NOW, "{on: 2023-01-17, reason"))
    assert status == 1
    assert said == "the amendment is new, and dated 2023-01-17; today is 2023-02-01"


def backdate_registration(team: Team) -> None:
    team.write("soft.yaml", SOFT_POLICY)
    team.plan(GIFT_WRAP, registered="2022-12-01")
    for day in ("2023-01-16", "2023-01-17"):
        team.replace(GIFT_WRAP, f"on: {day}", "on: 2022-12-01")
    team.register(GIFT_WRAP, on="2022-12-01", policy="soft.yaml")


def test_a_registration_is_backdated_to_reach_a_softer_policy(team: Team) -> None:
    backdate_registration(team)
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    said = said_at(diagnostics, "no-backdating", GIFT_WRAP, team.line(GIFT_WRAP, "registered:"))
    assert status == 1
    assert said == "the registration is new in the lock, and dated 2022-12-01; today is 2023-02-01"


def regenerate_lock(team: Team) -> None:
    """As if the plan had never been another one."""
    team.remove_lock()
    team.register(BUY_NOW, WISH_LIST)


def test_the_lock_is_regenerated_to_fit_the_plan(team: Team) -> None:
    swap_metric(team)
    regenerate_lock(team)
    team.commit("2023-02-01")
    assert found_by("locked-plan", team.check("2023-02-01")[1]) == [], "the lock alone cannot know"
    status, diagnostics = team.check("2023-02-01", "--base=main")
    assert status == 1
    said = said_at(diagnostics, "registration-kept", BUY_NOW, team.line(BUY_NOW, "id: buy-now"))
    assert said == "the registration of 2023-01-17 has another digest under the same date"
    metric = team.line(BUY_NOW, "id: product_page_clicks")
    assert "14 days after the first unit was treated" in said_at(diagnostics, "locked-plan", BUY_NOW, metric)
    assert {each.path for each in diagnostics} == {BUY_NOW}, "the other plan is registered as it was"


def test_the_lock_is_removed(team: Team) -> None:
    team.remove_lock()
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    assert status == 1
    assert found_by("registration-kept", diagnostics) == [(BUY_NOW, 2), (WISH_LIST, 2)]


def restart(team: Team) -> None:
    """The losing experiment goes on as another one, in another file, with the same flag."""
    again = "experiments/wish-list-2.yaml"
    team.git("mv", WISH_LIST, again)
    for old, new in (
        ("id: wish-list\n", "id: wish-list-2\n"),
        ("start: 2023-01-23, end: 2023-02-05", "start: 2023-02-03, end: 2023-02-16"),
        ("start: 2023-01-18, end: 2023-01-22", "start: 2023-02-02, end: 2023-02-02"),
        ("looks: [2023-02-06]", "looks: [2023-02-17]"),
        ("registered: 2023-01-17", "registered: 2023-02-01"),
    ):
        team.replace(again, old, new)


def test_a_plan_is_renamed_and_restarted_under_a_new_id_with_the_same_flag(team: Team) -> None:
    restart(team)
    team.register("experiments/wish-list-2.yaml", on="2023-02-01")
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    assert status == 1
    said = said_at(diagnostics, "deleted-while-running", *team.entry_place("wish-list"))
    assert "the plan of wish-list is missing on 2023-02-01, and it runs from 2023-01-18 to 2023-05-10" in said
    assert "wish-list-2 goes on with the flag wish_list" in said
    assert team.check("2023-02-01")[0] == 1, "the lock remembers it without a base"


def test_the_entry_goes_with_the_plan(team: Team) -> None:
    restart(team)
    team.remove_entry("wish-list")
    team.register("experiments/wish-list-2.yaml", on="2023-02-01")
    team.commit("2023-02-01")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    assert status == 1
    assert found_by("deleted-while-running", diagnostics) == [(WISH_LIST, 1)]


def test_all_of_it_is_found_when_it_comes_in_one_branch(team: Team) -> None:
    for day, cheat in (
        ("2023-01-27", backdate_amendment),
        ("2023-01-28", swap_metric),
        ("2023-01-31", loosen_margin),
        ("2023-02-01", end_early),
        ("2023-02-01", add_segment),
        ("2023-02-01", backdate_registration),
        ("2023-02-01", regenerate_lock_and_restart),
    ):
        cheat(team)
        team.commit(day, "Small improvements")
    status, diagnostics = team.check("2023-02-01", "--base=main")
    assert status == 1
    assert found_by("locked-plan", diagnostics) == [
        (BUY_NOW, team.line(BUY_NOW, "schedule:")),
        (BUY_NOW, team.line(BUY_NOW, "id: product_page_clicks")),
        (BUY_NOW, team.line(BUY_NOW, "{id: refund_rate")),
        (BUY_NOW, team.line(BUY_NOW, "segments:")),
    ]
    assert found_by("no-backdating", diagnostics) == [
        (BUY_NOW, team.line(BUY_NOW, "{on: 2023-01-17, reason")),
        (GIFT_WRAP, team.line(GIFT_WRAP, "registered:")),
    ]
    assert found_by("registration-kept", diagnostics) == [(BUY_NOW, team.line(BUY_NOW, "id: buy-now"))]
    assert found_by("deleted-while-running", diagnostics) == [(WISH_LIST, 1)]


def regenerate_lock_and_restart(team: Team) -> None:
    restart(team)
    team.remove_lock()
    team.register(BUY_NOW, policy="soft.yaml")
    team.register(GIFT_WRAP, on="2022-12-01", policy="soft.yaml")
    team.register("experiments/wish-list-2.yaml", on="2023-02-01")


def test_what_was_merged_unseen_is_found_by_the_lock(team: Team) -> None:
    for day, cheat in (
        ("2023-01-28", swap_metric),
        ("2023-01-31", loosen_margin),
        ("2023-02-01", end_early),
        ("2023-02-01", add_segment),
        ("2023-02-01", restart),
    ):
        cheat(team)
        team.commit(day)
        team.merge()
    status, diagnostics = team.check("2023-02-02")
    assert status == 1
    assert len(found_by("locked-plan", diagnostics)) == 4
    assert found_by("deleted-while-running", diagnostics) == [team.entry_place("wish-list")]


def fix_typos(team: Team) -> None:
    team.replace(BUY_NOW, "title: Persistent Buy Now button on", "title: A persistent Buy Now button for")


def add_link(team: Team) -> None:
    team.replace(
        BUY_NOW, "type: superiority\n", 'type: superiority\nlinks: ["https://tracker.example/PDP-1"]\n'
    )


def spell_differently(team: Team) -> None:
    team.replace(BUY_NOW, "  mde: 45bps\n", "  mde: 0.45pp  # as in the forecast\n")


def ramp_slower(team: Team) -> None:
    team.replace(BUY_NOW, "{treated: 70%, min_dwell: 48h}", "{treated: 70%, min_dwell: 96h}")


def amend_before_data(team: Team) -> None:
    team.replace(BUY_NOW, "end: 2023-02-05", "end: 2023-02-12")
    team.replace(BUY_NOW, "looks: [2023-02-06]", "looks: [2023-02-13]")
    team.amend(BUY_NOW, "one week more covers the holiday", "2023-01-17", "nothing_run")


def add_experiment(team: Team) -> None:
    team.plan(
        GIFT_WRAP,
        schedule="{start: 2023-02-13, end: 2023-02-26, exposure: 90%, timezone: America/Los_Angeles}",
        canary="{treated: 5%, start: 2023-02-08, end: 2023-02-12}",
        registered="2023-02-01",
    )
    team.replace(GIFT_WRAP, "looks: [2023-02-06]", "looks: [2023-02-27]")
    team.register(GIFT_WRAP, on="2023-02-01")


def test_an_honest_team_is_left_in_peace(team: Team) -> None:
    for day, work in (
        ("2023-01-17", fix_typos),
        ("2023-01-17", amend_before_data),
        ("2023-01-20", add_link),
        ("2023-01-25", spell_differently),
        ("2023-01-30", ramp_slower),
        ("2023-02-01", add_experiment),
    ):
        work(team)
        team.commit(day, work.__name__)
        assert team.check(day, "--base=main") == (0, []), work.__name__
        team.merge()
        assert team.check(day) == (0, []), f"{work.__name__}, merged"


def test_a_draft_that_could_not_be_read_may_be_repaired(team: Team) -> None:
    whole = "start: 2023-02-13, end: 2023-02-26"
    for schedule in ("start: soon, end: 2023-02-26", "end: 2023-02-26", whole):
        team.plan(
            GIFT_WRAP, schedule=f"{{{schedule}, exposure: 90%, timezone: America/Los_Angeles}}", canary="null"
        )
        team.replace(GIFT_WRAP, "looks: [2023-02-06]", "looks: [2023-02-27]")
        team.replace(GIFT_WRAP, "registered: 2023-01-17\n", "")
        for day in ("2023-01-16", "2023-01-17"):
            team.replace(GIFT_WRAP, f"on: {day}", "on: 2023-02-01")
        if schedule != whole:
            team.commit("2023-02-01")
            team.merge()
    status, found = team.check("2023-02-01", "--base=main")
    assert [(each.rule, each.line, each.message) for each in found] == []
    assert status == 0


def test_an_archived_experiment_leaves_its_entry_behind(team: Team) -> None:
    status, said = team.egp("register", "--archive", WISH_LIST, "--as-of=2023-05-10")
    assert (status, "is watched until 2023-05-10" in said) == (1, True)
    assert team.egp("register", "--archive", WISH_LIST, "--as-of=2023-05-11")[0] == 0
    (team.root / WISH_LIST).unlink()
    status, said = team.egp("gate", WISH_LIST, "--results=results.yaml", "--to=70%", "--as-of=2023-05-12")
    assert (status, "wish-list was archived on 2023-05-11, and its plan is missing" in said) == (2, True), (
        said
    )
    team.commit("2023-05-11", "Over")
    status, said = team.egp("history", WISH_LIST)
    assert "archived on 2023-05-11: its plan may go, and its id stays taken" in said
    assert team.check("2023-05-11", "--base=main") == (0, []), "the plan of what is over may go"
    team.merge()
    assert team.check("2023-05-11") == (0, [])
    team.plan(WISH_LIST, registered="2023-05-11")
    team.replace(WISH_LIST, "mde: 45bps", "mde: 44bps")
    assert team.egp("register", WISH_LIST, "--as-of=2023-05-11")[0] == 1, "the id stays taken"
    (team.root / WISH_LIST).unlink()
    team.remove_entry("wish-list")
    team.commit("2023-05-12", "Never heard of it")
    status, diagnostics = team.check("2023-05-12", "--base=main")
    assert status == 1
    (said,) = (each.message for each in diagnostics if each.rule == "entry-kept")
    assert said == "wish-list, registered on 2023-01-17, is missing from the lock"
    assert len(diagnostics) == 1


def test_an_entry_that_is_gone_is_found_without_a_base(team: Team) -> None:
    team.remove_entry("wish-list")
    status, diagnostics = team.check("2023-02-01")
    assert status == 1
    said = said_at(diagnostics, "registration-date", WISH_LIST, team.line(WISH_LIST, "registered:"))
    assert said == "the plan says that it was registered on 2023-01-17, and the lock has no entry of it"
