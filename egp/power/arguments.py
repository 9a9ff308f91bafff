"""The options of ``egp power``, and what each of them means to the letter."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

KINDS = ("proportion", "mean", "ratio", "quantile")
SPENDINGS = ("obrien-fleming", "pocock", "hwang-shih-decani")

USAGE = "egp power --kind KIND --baseline VALUE (--mde CHANGE | --margin [CHANGE]) ... or egp power PLAN"
EXAMPLE = "egp power --kind proportion --baseline 12% --mde 30bps --per-day 20_000"

_DESCRIPTION = (
    "Solves for the one that is left out of size, effect and power, or goes through a plan metric by metric. "
    "Without --power a size or an effect is computed for 95% power."
)

_GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "the metric",
        (
            ("--baseline", "VALUE", "its value in control, such as 12%%, 0.042, 1900ms or 0.85USD"),
            (
                "--std-dev",
                "VALUE",
                "standard deviation per unit: plain (mean), of the linearised metric (ratio), of the influence "
                "function (quantile); a proportion has its own",
            ),
        ),
    ),
    (
        "the question: give two of size, effect and power",
        (
            (
                "--mde",
                "CHANGE",
                "smallest effect to detect: 2%% is relative to the baseline, 30bps and 0.3pp are points of a rate, "
                "40ms, 0.02USD and '0.002 abs' are absolute",
            ),
            ("--units", "N", "units of the smallest variant, as sample_size_per_variant in a plan"),
            ("--days", "D", "size as a duration, such as 28d or 4w; needs --per-day"),
            (
                "--per-day",
                "M",
                "new units a day, all variants together; a unit that comes back is not new",
            ),
            ("--power", "SHARE", "power to reach; with size and effect given, leave it out and it is computed"),
        ),
    ),
    (
        "the test",
        (
            ("--alpha", "SHARE", "significance level of the whole family of comparisons (default: 5%%)"),
            ("--weights", "LIST", "weights of the variants, control first (default: 50,50)"),
            ("--correlation", "R", "CUPED: correlation of the metric with its covariate over all units, 0 to 1"),
            (
                "--clusters",
                "SIZE,ICC[,CV]",
                "clusters of SIZE units are randomised: mean size, intra-cluster correlation, coefficient of variation of "
                "the size; units stay the units that are analysed",
            ),
            ("--guardrails", "G", "guardrails that must all pass before shipping"),
        ),
    ),
    (
        "looks",
        (
            (
                "--looks",
                "K",
                "number of evenly spaced looks, or the share of the units at each, as in 25%%,50%%,100%%; without "
                "--spending every look tests at the full alpha, and the type I error of that is told",
            ),
            ("--gamma", "G", "parameter of hwang-shih-decani, such as -4"),
        ),
    ),
)  # fmt: skip

_CHOICES: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("the metric", "--kind", KINDS, "how the metric is computed"),
    (
        "the metric",
        "--direction",
        ("increase", "decrease"),
        "where the effect goes; with --margin the direction that is good (default: increase)",
    ),
    ("the test", "--sides", ("one", "two"), "sides of the test (default: two; one with --margin)"),
    (
        "the test",
        "--correction",
        ("none", "bonferroni", "holm", "dunnett"),
        "correction for several treatments (default: none)",
    ),
    (
        "the test",
        "--power-scope",
        ("primary", "decision"),
        "power of this test, or of the whole decision with every guardrail passing (default: primary)",
    ),
    ("looks", "--spending", SPENDINGS, "alpha spending of a group-sequential test"),
)

CALCULATOR_OPTIONS = tuple(
    sorted(
        [option for _, options in _GROUPS for option, _, _ in options]
        + [option for _, option, _, _ in _CHOICES]
        + ["--margin", "--always-valid"]
    )
)
"""The options that a plan answers by itself."""


def add_options(parser: ArgumentParser) -> None:
    """Declares everything but the policy. Values stay texts, read when they are needed."""
    parser.description = _DESCRIPTION
    parser.epilog = f"example: {EXAMPLE.replace('%', '%%')}"
    parser.add_argument(
        "plan", nargs="?", metavar="PLAN", help="a plan whose metrics are gone through one by one"
    )
    groups = {title: parser.add_argument_group(title) for title, _ in _GROUPS}
    for title, option, choices, meaning in _CHOICES:
        groups[title].add_argument(option, choices=choices, help=meaning)
    for title, options in _GROUPS:
        for option, metavar, meaning in options:
            groups[title].add_argument(option, metavar=metavar, help=meaning)
    groups[_GROUPS[1][0]].add_argument(
        "--margin",
        nargs="?",
        const="",
        metavar="CHANGE",
        help="non-inferiority margin, in place of --mde: harm that must be ruled out if there is none; without a value the "
        "smallest margin is computed",
    )
    groups["looks"].add_argument(
        "--always-valid", action="store_true", help="a test that may be looked at after every unit"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="format (default: text)")


def given(options: Namespace) -> list[str]:
    """The options of the calculator that are on the command line."""
    values = vars(options)
    return [
        option for option in CALCULATOR_OPTIONS if values[option[2:].replace("-", "_")] not in (None, False)
    ]
