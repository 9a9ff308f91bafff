"""Charts say what their data say."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
import vl_convert

from egp.output.page import charts
from egp.output.page.palette import BAD, SERIES

from .scenes import FIGURES


def data_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return list(spec["data"]["values"])


def words_of(spec: dict[str, Any]) -> str:
    """The words of the drawing."""
    drawn = vl_convert.vegalite_to_svg(spec, vl_version="5.20")
    return " | ".join(re.findall(r"([^<>]+)</(?:text|tspan)>", drawn))


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.title)
def test_a_chart_is_plain_data_that_is_drawn(figure: Any) -> None:
    assert json.loads(json.dumps(figure.chart)) == figure.chart
    assert vl_convert.vegalite_to_svg(dict(figure.chart), vl_version="5.20", allowed_base_urls=[])


def test_both_days_of_a_period_are_whole() -> None:
    period = charts.LayerPeriod("pdp", date(2023, 2, 7), date(2023, 2, 8), 0.7)
    (row,) = data_of(charts.exposure_by_layer([period]))
    assert (row["start"], row["end"]) == ("2023-02-07", "2023-02-09")


def test_a_layer_has_one_row_and_a_crowded_one_stands_out() -> None:
    day = date(2023, 1, 1)
    spec = charts.exposure_by_layer(
        [
            charts.LayerPeriod("pdp", day, day, 0.4),
            charts.LayerPeriod("search", day, day, 1.2),
            charts.LayerPeriod("pdp", date(2023, 1, 2), date(2023, 1, 2), 0.9),
        ]
    )
    rows = data_of(spec)
    assert rows[0]["bar_y"] == rows[2]["bar_y"] < rows[1]["bar_y"]
    assert [row["colour"] for row in rows] == [SERIES.light, BAD.light, SERIES.light]
    assert words_of(spec).endswith("pdp | search | at most 90 % | at most 120 %")
