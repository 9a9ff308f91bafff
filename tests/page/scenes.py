"""Pages that hold every block, and pages whose words would like to be markup."""

from __future__ import annotations

from datetime import date, timedelta

from egp.output.page import charts
from egp.output.page.model import (
    Bar,
    Block,
    Command,
    Facts,
    Figure,
    Light,
    Notice,
    Page,
    Paragraph,
    Points,
    Quotation,
    Section,
    Table,
)
from egp.plan.picture import Calendar, Interval, Intervals, Length, Lengths, Level, Share, Tally

HOSTILE = "<script>alert(1)</script>"

FIGURES = (
    Figure(
        "Exposure by layer",
        charts.exposure_by_layer(
            [
                charts.LayerPeriod("pdp", date(2023, 1, 23), date(2023, 2, 5), 0.9),
                charts.LayerPeriod("pdp", date(2023, 2, 6), date(2023, 3, 5), 0.4),
                charts.LayerPeriod("search", date(2023, 1, 23), date(2023, 2, 5), 1.2),
            ]
        ),
        "The layer search is promised to experiments to 120 %.",
        Table(("layer", "at most"), [("pdp", "90 %"), ("search", "120 %")], numeric=frozenset({1})),
    ),
)

MONDAY = date(2023, 1, 23)

PICTURES = (
    Figure(
        "Weekdays of the run",
        Calendar([(MONDAY + timedelta(at), "seen" if at < 5 else "missing") for at in range(14)], 2),
        "Saturday and Sunday are not seen at all.",
    ),
    Figure(
        "Forty launches that do nothing",
        Tally(
            [Share("five looks", 3, 40, "1 in 14"), Share("one look", 1, 40, "1 in 40")],
            "looks like a win",
            "does not",
        ),
        "Three of forty look like a win.",
    ),
    Figure(
        "The sample",
        Lengths(
            [Length("needed", 103_287, "103,287 units", "marked"), Length("declared", 62_000, "62,000 units")]
        ),
        "62,000 units are declared, and 103,287 needed.",
    ),
    Figure(
        "Refunds by week",
        Intervals(
            [
                Interval("first week", -0.02, 0.05, "+1.5 %", 0.015, "good", "refund_rate"),
                Interval("second week", 0.06, 0.12, "+9 %", 0.09, "bad", "refund_rate"),
            ],
            [Level(0, "no harm"), Level(0.08, "margin", "bad")],
        ),
        "The second week is perhaps beyond the margin.",
    ),
)

EVERYTHING = Page(
    "pdp-buy-now: five days are not enough",
    "Rejected: the plan breaks 2 rules of the policy.",
    "bad",
    [
        Section(
            "It runs too short",
            [
                Paragraph("The plan runs for 5 days at full exposure; the policy requires 14."),
                Paragraph("One weekend only is seen.", "caution"),
                Points(["run until 2023-02-05", "or withdraw the plan"]),
                Points(["ask the owner", "tell the reviewer"], numbered=True),
                Notice("failed", "the test of the boundary", "bad", ["it is rejected", "and should not be"]),
                Facts([("days", "5 of 14"), ("power", "67.2 %, asked: 95 %"), ("", "by the policy")]),
                Table(
                    ("experiment", "light", "reason", "days"),
                    [
                        ("pdp-buy-now", Light("bad", "red"), "the page load time rose", "9"),
                        ("ranking-model", Light("good", "green"), "nothing speaks against it", "14"),
                        ("search-box", Light("caution", "yellow"), "no results yet", "1"),
                        ("banner", Light("neutral", "over"), "it ended", "21"),
                    ],
                    caption="The portfolio",
                    numeric=frozenset({3}),
                ),
                Table(
                    ("units", "MDE", "", ""),
                    [("70,000", "63 bps", Bar(1), "too short"), ("280,000", "31 bps", Bar(0.5), "enough")],
                    numeric=frozenset({0, 1}),
                    marked=frozenset({1}),
                    not_at_terminals=frozenset({1}),
                ),
                Command("egp check experiments/pdp-buy-now.yaml\n  --as-of 2023-01-18"),
                Command("schedule:\n  end: 2023-02-05", "yaml"),
                Quotation("No early stopping.", "egp.yaml:12"),
                Section("What it costs", [Paragraph("About 1 in 5 harmless changes looks good.")], "caution"),
            ],
            "bad",
        ),
        Section("Charts", (*FIGURES, *PICTURES)),
        Section("Passed", [Paragraph("58 checks passed.")], "good", folded=True),
    ],
    [("policy", "examples/egp.yaml 2023.1"), ("as of", "2023-01-18")],
)


def saying(text: str) -> Page:
    """A page that quotes the text wherever text can stand."""
    blocks: list[Block] = [
        Paragraph(text),
        Paragraph(text, "bad"),
        Points([text]),
        Points([text], numbered=True),
        Facts([(text, text)]),
        Notice(text, text, "bad", [text]),
        Table((text, "b"), [(text, Light("good", text))], caption=text),
        Table(("a", "b", "c", "d"), [(text, text, text, text)], numeric=frozenset({3})),
        Command(text),
        Quotation(text, text),
        Section(text, [Paragraph(text)], folded=True),
    ]
    return Page(text, text, "bad", [Section(text, blocks), Section(text, blocks, "good")], [(text, text)])


CHARTED = (charts.exposure_by_layer([charts.LayerPeriod(HOSTILE, date(2023, 1, 1), date(2023, 1, 2), 0.5)]),)
"""Charts that are labelled with what would like to be markup."""

DRAWN = (
    Tally([Share(HOSTILE, 1, 20, HOSTILE)], HOSTILE, HOSTILE),
    Lengths([Length(HOSTILE, 1.0, HOSTILE)]),
    Intervals([Interval(HOSTILE, 0.0, 1.0, HOSTILE, group=HOSTILE)], [Level(0.5, HOSTILE)]),
)
"""Pictures, likewise."""

FIGURED = Page(
    HOSTILE,
    HOSTILE,
    "bad",
    [
        *saying(HOSTILE).sections,
        Section(HOSTILE, [Figure(HOSTILE, chart, HOSTILE) for chart in (*CHARTED, *DRAWN)]),
    ],
)
