"""Exports of platforms as rows: what their numbers allow, and in words what they do not. The files are of these tests alone."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from egp.advice.platform_rows import PlatformRows, rows_from
from egp.advice.platforms import Export, PlatformError, growthbook, names, platform, statsig
from egp.plan.results import Row
from egp.stats.values import replace
from tests.gate.calling import call
from tests.gate.worlds import CONTROL, GOOD, TREATMENT, Truth, World, of, plan_of, readout_world

THROUGH = date(2023, 2, 6)
PLAIN: dict[str, Any] = {
    "statistics": {"variance_reduction": None},
    "guardrail_metrics": {0: {"outcome_window": None, "judged_on": None}},
}
"""Without what no export can tell: a covariate, and which outcomes have matured."""

CSV = """\
"metric","variation","riskOfChoosing","users","totalValue","perUserValue","perUserValueStdDev","chanceToBeatControl","percentChange"
"Add To Cart Rate","control",0,147000,17640,0.12,0.32496,,
"Add To Cart Rate","Variation 1",0,147000,18522,0.126,0.33185,0.99,0.05
"cs_contacts","control",0,147000,6174,0.042,0.21,,
"cs_contacts","Variation 1",0,147000,6174,0.042,0.21,0.5,0
"Orders per visit","control",0,147000,900,0.2,0.4,,
"""
NAMED = {"Variation 1": TREATMENT}


def rows(export: Export, named: dict[str, str] | None = None, **changes: Any) -> PlatformRows:
    return rows_from(export, plan_of(**{**PLAIN, **changes}), THROUGH, named or {})


def row(found: PlatformRows, metric: str, variant: str) -> dict[str, Any]:
    (one,) = [each for each in found.rows if (each["metric"], each["variant"]) == (metric, variant)]
    return dict(one)


class TestGrowthBook:
    def test_a_rate_is_counted(self) -> None:
        found = rows(growthbook.results(CSV), NAMED)
        assert row(found, "add_to_cart_rate", TREATMENT) == {
            "stage": "test", "window": "total", "variant": TREATMENT, "metric": "add_to_cart_rate", "units": 147_000,
            "sum": 18_522, "through": "2023-02-06",
        }  # fmt: skip

    def test_a_mean_has_the_squares_of_its_standard_deviation(self) -> None:
        one = row(rows(growthbook.results(CSV), NAMED), "cs_contacts", CONTROL)
        mean = one["sum"] / one["units"]
        spread = math.sqrt((one["sum_squares"] - one["units"] * mean**2) / (one["units"] - 1))
        assert [mean, spread] == pytest.approx([0.042, 0.21])

    def test_what_the_plan_does_not_have_is_named(self) -> None:
        found = rows(growthbook.results(CSV))
        assert any(
            "the metric Orders per visit, which the plan does not have" in each for each in found.unmapped
        )
        assert any("the variant Variation 1, which the plan does not have" in each for each in found.unmapped)

    def test_a_mean_that_is_not_its_total_over_the_users_is_adjusted(self) -> None:
        adjusted = CSV.replace("6174,0.042,0.21,,", "6174,0.043,0.19,,")
        found = rows(growthbook.results(adjusted), NAMED)
        assert any(
            "cs_contacts, since its mean is not its total over the units" in each for each in found.unmapped
        )

    def test_parts_of_a_dimension_are_no_whole(self) -> None:
        by_country = '"Country",' + CSV.replace('\n"', '\n"US","')
        found = rows(growthbook.results(by_country), NAMED)
        assert found.rows == []
        assert "the dimension Country" in found.unmapped[0]

    def test_the_api_says_the_same(self) -> None:
        analysis = {
            "engine": "frequentist",
            "numerator": 6174,
            "denominator": 0,
            "mean": 0.042,
            "stddev": 0.21,
        }
        value = {"result": {"dateUpdated": "2023-02-07T08:00:00.000Z", "dateEnd": "2023-02-06T00:00:00.000Z", "dimension": {"type": ""},
                 "results": [{"dimension": "", "totalUsers": 294000, "metrics": [{"metricId": "cs_contacts", "variations": [
                     {"variationId": "control", "users": 147000, "analyses": [analysis]},
                     {"variationId": TREATMENT, "users": 147000, "analyses": []}]}]}]}}  # fmt: skip
        export = growthbook.results(json.dumps(value))
        assert (export.through, str(export.taken)) == (THROUGH, "2023-02-07 08:00:00+00:00")
        assert row(rows(export), "cs_contacts", CONTROL) == row(
            rows(growthbook.results(CSV)), "cs_contacts", CONTROL
        )
        assert "cs_contacts, of which a variation has no analysis" in export.unmapped


SUMMARY = """\
name,rule,experiment_group,metric_type,metric_name,metric_dimension,start_date,end_date,units,mean,stderr
pdp,all,control,custom,add_to_cart_rate,!statsig_topline,2023-01-23,2023-02-06,147000,0.12,0.000848
pdp,all,buy_now,custom,add_to_cart_rate,!statsig_topline,2023-01-23,2023-02-06,147000,0.126,0.000866
pdp,all,control,custom,cs_contacts,!statsig_topline,2023-01-23,2023-02-06,147000,0.042,0.00054772
pdp,all,control,custom,cs_contacts,ios,2023-01-23,2023-02-06,40000,0.04,0.001
"""


class TestStatsig:
    def test_its_std_is_the_error_of_a_mean(self) -> None:
        one = row(rows(statsig.results(SUMMARY)), "cs_contacts", CONTROL)
        mean = one["sum"] / one["units"]
        spread = math.sqrt((one["sum_squares"] - one["units"] * mean**2) / (one["units"] - 1))
        assert spread == pytest.approx(0.21, rel=1e-4)

    def test_the_last_day_is_in_it_and_dimensions_are_left_out(self) -> None:
        export = statsig.results(SUMMARY)
        assert export.through == THROUGH
        assert export.unmapped == ["1 rows of single dimensions, which are parts of the others"]
        assert len(export.arms) == 3

    @pytest.mark.parametrize("camel", [False, True])
    def test_the_api_says_the_same_in_both_of_its_spellings(self, camel: bool) -> None:
        keys = (
            "metricID",
            "test_mean",
            "control_mean",
            "test_std",
            "control_std",
            "test_units",
            "control_units",
        )
        stated = dict(
            zip(
                keys, ("cs_contacts::user", 0.042, 0.042, 0.00054772, 0.00054772, 147000, 147000), strict=True
            )
        )
        if camel:
            stated = {
                "".join(part.capitalize() if at else part for at, part in enumerate(key.split("_"))): each
                for key, each in stated.items()
            }
        export = statsig.results(
            json.dumps({"message": "", "data": {"ds": "2023-02-06", "primaryMetrics": [stated]}})
        )
        found = rows(export)
        assert row(found, "cs_contacts", TREATMENT)["units"] == 147_000
        assert row(found, "cs_contacts", CONTROL) == pytest.approx(
            row(rows(statsig.results(SUMMARY)), "cs_contacts", CONTROL)
        )
        assert "adjusted by CUPED" in found.unmapped[0]

    def test_a_rate_that_is_no_count_is_not_rounded_to_one(self) -> None:
        found = rows(statsig.results(SUMMARY.replace("147000,0.12,", "147000,0.1200031,")))
        assert any("17640.5 of 147,000 is no number of units" in each for each in found.unmapped)


class TestWhatIsNotJudged:
    def test_outcomes_that_take_time(self) -> None:
        changed = rows(growthbook.results(CSV), NAMED, guardrail_metrics={1: {"outcome_window": "7d"}})
        assert any(each.startswith("cs_contacts, whose outcomes take time") for each in changed.unjudged)

    def test_cuped(self) -> None:
        found = rows_from(growthbook.results(CSV), plan_of(), THROUGH, NAMED)
        assert any("adjusted by CUPED: no export has the sums" in each for each in found.unjudged)

    def test_stop_rules_over_time_and_metrics_without_rows(self) -> None:
        unjudged = "; ".join(rows(growthbook.results(CSV), NAMED).unjudged)
        assert "the stop rules contacts and slow, which count days and weeks" in unjudged
        assert "refund_rate and p95_page_load, of which the file has no row" in unjudged

    def test_a_ratio_takes_sums_that_no_export_has(self) -> None:
        found = rows(growthbook.results(CSV), NAMED, guardrail_metrics={1: {"kind": "ratio"}})
        assert any("a ratio takes the sums of its denominator" in each for each in found.unmapped)

    def test_a_quantile_of_times_has_no_unit(self) -> None:
        found = rows(growthbook.results(CSV.replace("cs_contacts", "p95_page_load")), NAMED)
        assert any("in which unit of time" in each for each in found.unmapped)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "{}", "[1]", '{"data": {}}', "\x00", "metric,variation\n"]
)
@pytest.mark.parametrize("name", ["growthbook", "statsig"])
def test_a_file_of_another_kind_is_refused(name: str, text: str) -> None:
    with pytest.raises(PlatformError, match="this is no file of results"):
        platform(name, "results").results(text)


def test_platforms_are_their_modules() -> None:
    assert names("results") == ["growthbook", "statsig"]
    assert names("experiment") == ["growthbook", "nimbus", "statsig"]
    with pytest.raises(PlatformError) as refused:
        platform("optimizely", "results")
    assert refused.value.help == "it reads those of growthbook, statsig"


# The gate on what was exported, and on the rows that it was exported from.


def exported(world: World) -> str:
    """The CSV that a platform would export of the world's cohorts."""
    head = "metric,variation,riskOfChoosing,users,totalValue,perUserValue,perUserValueStdDev"
    lines = [head]
    for metric in ("add_to_cart_rate", "refund_rate", "cs_contacts"):
        for variant in (CONTROL, TREATMENT):
            of_both = [
                each
                for each in world.rows
                if (each.metric, each.variant, each.window) == (metric, variant, "cohort")
            ]
            lines.append(",".join(map(repr, _summed(metric, variant, of_both))).replace("'", ""))
    return "\n".join(lines) + "\n"


def _summed(metric: str, variant: str, cohorts: Iterable[Row]) -> list[Any]:
    cohorts = list(cohorts)
    units, total = sum(each.units for each in cohorts), math.fsum(each.sum or 0.0 for each in cohorts)
    squares = total if metric != "cs_contacts" else math.fsum(each.sum_squares or 0.0 for each in cohorts)
    spread = math.sqrt((squares - total**2 / units) / (units - 1))
    total = round(total) if metric != "cs_contacts" else total
    return [metric, variant, 0, units, total, total / units, spread]


@pytest.mark.parametrize(
    "treatment", [GOOD, Truth(add_to_cart_rate=0.12), Truth(add_to_cart_rate=0.126, refund_rate=0.0345)]
)
def test_the_gate_judges_an_export_as_the_rows_it_is_of(treatment: Truth) -> None:
    world = readout_world(treatment, **PLAIN)
    found = rows_from(growthbook.results(exported(world)), world.plan, THROUGH, {})
    total = [
        Row(**{"segment": "", "date": None, **each, "through": THROUGH})  # type: ignore[arg-type]
        for each in found.rows
    ]
    kept = [each for each in world.rows if each.window != "cohort"]
    by_export, by_cohorts = (each.decide() for each in (replace(world, rows=(*kept, *total)), world))
    assert by_export.verdict == by_cohorts.verdict
    for check, metric in (
        ("sample-ratio", ""),
        ("primary-outcome", ""),
        ("guardrail", "refund_rate"),
        ("guardrail", "cs_contacts"),
    ):
        numbers = dict(of(by_export, check, metric).numbers)
        assert numbers == pytest.approx(dict(of(by_cohorts, check, metric).numbers), rel=1e-3)


# The command.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = Path(__file__).parents[2] / "examples"
    (tmp_path / "egp.yaml").write_text((root / "egp.yaml").read_text())
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "pdp-buy-now.yaml").write_text(
        (root / "experiments" / "pdp-buy-now.yaml").read_text()
    )
    (tmp_path / "export.csv").write_text(CSV)
    return tmp_path


PLAN = ("--plan", "experiments/pdp-buy-now.yaml")
SAID = ("--through", "2023-02-06", "--taken", "2023-02-07T08:00:00-08:00", "--name", "Variation 1=buy_now")


def test_the_command_writes_a_file_that_the_gate_reads(folder: Path) -> None:
    done = call(folder, "results", "from", "growthbook", "export.csv", *PLAN, *SAID, "-o", "results.yaml")
    assert done.status == 0, done.err
    assert done.err.startswith("4 rows\nnot mapped: the metric Orders per visit")
    assert "not judged by these rows: add_to_cart_rate as it is registered, adjusted by CUPED" in done.err
    gate = call(
        folder,
        "gate",
        PLAN[1],
        "--results",
        "results.yaml",
        "--to",
        "70%",
        "--as-of",
        "2023-02-07T08:00:00-08:00",
    )
    assert gate.status == 1
    assert "refused" not in gate.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("statsig", "export.csv", *PLAN, *SAID), "this is no file of results of Statsig"),
        (("optimizely", "export.csv", *PLAN, *SAID), "egp reads no results of optimizely"),
        (("growthbook", "export.csv", *PLAN, *SAID[2:]), "through which day"),
        (("growthbook", "export.csv", *PLAN, *SAID[:2]), "when it was exported"),
        (("growthbook", "absent.csv", *PLAN, *SAID), "cannot read absent.csv"),
        (("growthbook", "export.csv", *PLAN, *SAID, "--name", "=x"), "names no id"),
        (("growthbook", "export.csv", "--plan", "egp.yaml", *SAID), "this is a policy, not a plan"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_says_why(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    done = call(folder, "results", "from", *arguments)
    assert done.status == 2
    assert said in done.err
