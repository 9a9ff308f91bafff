"""Plans that are begun from a platform's experiment: its facts, its gaps marked, and what cannot be mapped named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from egp.advice.platforms import Begun, PlatformError, platform
from egp.plan.experiment import Experiment, Population, read_experiment
from egp.yaml import read_text
from tests.gate.calling import call

NIMBUS: dict[str, Any] = {
    "slug": "sidebar-tabs", "appName": "desktop", "channel": "release", "userFacingName": "Tabs in the sidebar",
    "featureIds": ["sidebar", "tabStrip"], "referenceBranch": "off", "targeting": "version >= 120", "locales": ["en-US", "fr"],
    "branches": [{"slug": "off", "ratio": 1}, {"slug": "left", "ratio": 1}, {"slug": "right", "ratio": 1}],
    "bucketConfig": {"count": 2000, "start": 0, "total": 10000, "namespace": "sidebar-1", "randomizationUnit": "group_id"},
    "startDate": "2026-03-02", "proposedEnrollment": 7, "proposedDuration": 35, "endDate": None,
    "outcomes": [{"slug": "retention", "priority": "primary"}, {"slug": "searches", "priority": "secondary"}],
}  # fmt: skip

GROWTHBOOK: dict[str, Any] = {"experiment": {
    "id": "exp_1", "trackingKey": "checkout-copy", "name": "Checkout copy", "hypothesis": "Plainer words help.", "hashAttribute": "id",
    "owner": "somebody", "type": "standard",
    "variations": [{"variationId": "v0", "key": "0", "name": "Control"}, {"variationId": "v1", "key": "1", "name": "Plain"},
                   {"variationId": "v2", "key": "2", "name": "Short"}],
    "phases": [{"dateStarted": "2026-01-05T00:00:00Z", "dateEnded": "2026-01-18T00:00:00Z", "coverage": 0.5,
                "trafficSplit": [{"variationId": "v0", "weight": 0.3334}, {"variationId": "v1", "weight": 0.3333}, {"variationId": "v2", "weight": 0.3333}],
                "targetingCondition": '{"country": "US"}', "savedGroupTargeting": [], "namespace": {"namespaceId": "checkout"}}],
    "settings": {"goals": [{"metricId": "orders"}, {"metricId": "revenue"}], "secondaryMetrics": [{"metricId": "visits"}],
                 "guardrails": [{"metricId": "refunds"}]},
}}  # fmt: skip

STATSIG: dict[str, Any] = {"data": {
    "name": "new_home", "description": "A new home page", "hypothesis": "It is easier to find things.", "idType": "userID",
    "experimentType": "BASE", "layerID": "home", "allocation": 20, "duration": 21, "startTime": 1772409600000, "targetingGateID": "adults",
    "groups": [{"name": "Control", "size": 50}, {"name": "Test", "size": 50}],
    "primaryMetrics": [{"name": "d7_retention"}], "secondaryMetrics": [],
}}  # fmt: skip


def begun(name: str, value: object) -> Begun:
    found: Begun = platform(name, "experiment").experiment(value)
    return found


def plan_from(folder: Path, name: str, value: object, *more: str) -> tuple[Experiment, str, str]:
    (folder / "experiment.json").write_text(json.dumps(value))
    done = call(
        folder,
        "new",
        "experiment",
        "--from",
        name,
        "experiment.json",
        "-o",
        "-",
        "--as-of",
        "2026-01-01",
        *more,
    )
    assert done.status == 0, done.err
    plan, problems = read_experiment(read_text(done.out)[0].value)
    assert {each.kind for each in problems} <= {"missing"}, problems
    return plan, done.out, done.err


def test_a_recipe_of_nimbus(tmp_path: Path) -> None:
    plan, text, _ = plan_from(tmp_path, "nimbus", NIMBUS)
    assert (plan.id, plan.switches, plan.layer, plan.unit) == (
        "sidebar-tabs",
        ("sidebar", "tabStrip"),
        "sidebar-1",
        "group_id",
    )
    assert plan.schedule is not None
    assert [str(each) for each in (plan.schedule.start, plan.schedule.enrolment_end, plan.schedule.end)] == [
        "2026-03-02", "2026-03-08", "2026-04-05",
    ]  # fmt: skip
    assert plan.schedule.exposure == 0.2
    assert [(each.id, each.weight, each.control) for each in plan.variants or ()] == [
        ("off", 1 / 3, True), ("left", 1 / 3, False), ("right", 1 / 3, False),
    ]  # fmt: skip
    assert isinstance(plan.population, Population)
    assert plan.population.where == {
        "appName": ("desktop",), "channel": ("release",), "locales": ("en-US", "fr"), "targeting": ("version >= 120",),
    }  # fmt: skip
    assert plan.population.known is None
    assert "  known:                                    # TODO before_exposure" in text
    assert "# not mapped: outcomes, each of which is a file with several metrics" in text
    assert plan.statistics is not None
    assert [str(each) for each in plan.statistics.looks or ()] == ["2026-04-06"]


def test_an_experiment_of_growthbook(tmp_path: Path) -> None:
    plan, text, _ = plan_from(tmp_path, "growthbook", GROWTHBOOK)
    assert (plan.id, plan.title, plan.hypothesis) == ("checkout-copy", "Checkout copy", "Plainer words help.")
    assert [each.weight for each in plan.variants or ()] == [1 / 3] * 3
    assert plan.schedule is not None
    assert (str(plan.schedule.start), str(plan.schedule.end), plan.schedule.exposure) == (
        "2026-01-05",
        "2026-01-18",
        0.5,
    )
    assert plan.primary_metric is not None
    assert plan.primary_metric.id == "orders"
    assert [each.id for each in plan.secondary_metrics] == ["revenue", "visits"]
    assert [each.id for each in plan.guardrail_metrics] == ["refunds"]
    assert "# not mapped: revenue, since one metric decides" in text
    assert "somebody" not in text.replace("# not mapped: the owner somebody", "")


def test_an_experiment_of_statsig(tmp_path: Path) -> None:
    plan, _, _ = plan_from(tmp_path, "statsig", STATSIG, "--type", "superiority")
    assert (plan.id, plan.feature_flag, plan.layer, plan.unit) == ("new_home", "new_home", "home", "userID")
    assert plan.schedule is not None
    assert (str(plan.schedule.start), str(plan.schedule.end), plan.schedule.exposure) == (
        "2026-03-02",
        "2026-03-22",
        0.2,
    )
    assert [(each.id, each.control) for each in plan.variants or ()] == [("Control", True), ("Test", False)]


def test_options_say_what_the_platform_does_not(tmp_path: Path) -> None:
    plan, _, _ = plan_from(tmp_path, "statsig", STATSIG, "--title", "Home, anew", "--kind", "proportion")
    assert plan.title == "Home, anew"
    assert plan.primary_metric is not None
    assert plan.primary_metric.kind == "proportion"


@pytest.mark.parametrize(
    ("name", "value", "design"),
    [
        (
            "growthbook",
            {"experiment": {**GROWTHBOOK["experiment"], "type": "multi-armed-bandit"}},
            "a bandit changes the weights",
        ),
        (
            "statsig",
            {"data": {**STATSIG["data"], "experimentType": "SWITCHBACK"}},
            "a switchback gives all units",
        ),
        ("statsig", {"data": {**STATSIG["data"], "experimentType": "GEO"}}, "a geo experiment has few units"),
    ],
)
def test_a_design_that_egp_cannot_judge_stays_what_it_is(
    tmp_path: Path, name: str, value: object, design: str
) -> None:
    (tmp_path / "experiment.json").write_text(json.dumps(value))
    assert (
        call(tmp_path, "new", "experiment", "--from", name, "experiment.json", "-o", "plan.yaml").status == 0
    )
    done = call(tmp_path, "check", "plan.yaml")
    assert done.status == 1
    assert design in done.out


def test_a_control_that_nothing_names_is_open() -> None:
    groups = [{"name": "A", "size": 50}, {"name": "B", "size": 50}]
    found = begun("statsig", {"data": {**STATSIG["data"], "groups": groups}})
    assert not any("control" in each for each in found.stated["variants"])  # type: ignore[attr-defined]
    assert any("which group is the control" in each for each in found.unmapped)


def test_the_name_of_a_platform_leads_into_no_other_folder(tmp_path: Path) -> None:
    (tmp_path / "experiment.json").write_text(json.dumps({**NIMBUS, "slug": "../../elsewhere"}))
    done = call(tmp_path, "new", "experiment", "--from", "nimbus", "experiment.json")
    assert done.status == 0, done.err
    assert (tmp_path / "experiments" / "elsewhere.yaml").exists() or list(
        (tmp_path / "experiments").iterdir()
    )
    assert not (tmp_path.parent / "elsewhere.yaml").exists()


@pytest.mark.parametrize(
    "value", [None, [], {}, {"slug": "x"}, {"experiment": {}}, {"data": {"groups": []}}, "x"]
)
@pytest.mark.parametrize("name", ["growthbook", "nimbus", "statsig"])
def test_a_file_of_another_kind_is_refused(name: str, value: object) -> None:
    with pytest.raises(PlatformError, match="this is no"):
        begun(name, value)


HOSTILE = ["", 0, -1, 1e308, 1e20, float("nan"), "x\x1b[31m", None, [], {}, True, [None, 1, {}], "9" * 400]


@pytest.mark.parametrize(
    ("name", "value"),
    [("nimbus", NIMBUS), ("growthbook", GROWTHBOOK["experiment"]), ("statsig", STATSIG["data"])],
)
@pytest.mark.parametrize("other", HOSTILE, ids=repr)
def test_no_value_of_a_file_ends_in_a_crash(name: str, value: dict[str, Any], other: object) -> None:
    for key in value:
        try:
            begun(name, {**value, key: other})
        except PlatformError:
            continue


def test_without_an_id_and_a_platform_there_is_no_experiment(tmp_path: Path) -> None:
    done = call(tmp_path, "new", "experiment")
    assert done.status == 2
    assert "a new experiment needs an id" in done.err
