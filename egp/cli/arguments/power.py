"""The options of ``egp power``, and what each of them means to the letter."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

USAGE = "egp power --kind KIND --baseline VALUE --mde CHANGE [...], or egp power PLAN"
EXAMPLE = "egp power --kind proportion --baseline 12% --mde 30bps --per-day 20_000"

_DESCRIPTION = (
    "Solves for the one that is left out of size, effect and power, or goes through a plan metric by metric. "
    "Without --power a size or an effect is computed for 95% power."
)

_Options = tuple[tuple[str, str | tuple[str, ...], str], ...]
"""Option, its metavar or its choices, its meaning."""

_METRIC: _Options = (
    ("--kind", ("proportion", "mean", "ratio", "quantile"), "how the metric is computed"),
    ("--baseline", "VALUE", "its value in control, such as 12%%, 0.042, 1900ms or 0.85USD"),
    (
        "--std-dev",
        "VALUE",
        "standard deviation per unit: plain (mean), of the linearised metric (ratio), of the influence function "
        "(quantile); a proportion has its own",
    ),
    (
        "--direction",
        ("increase", "decrease"),
        "where the effect goes; with --margin the direction that is good (default: increase)",
    ),
)
_QUESTION: _Options = (
    (
        "--mde",
        "CHANGE",
        "smallest effect to detect: 2%% is relative to the baseline, 30bps and 0.3pp are points of a rate, 40ms, "
        "0.02USD and '0.002 abs' are absolute",
    ),
    (
        "--margin",
        "[CHANGE]",
        "in place of --mde, a non-inferiority margin: harm that is to be ruled out when there is none; without a "
        "value the smallest margin is computed",
    ),
    ("--units", "N", "units of the smallest variant, as sample_size_per_variant in a plan"),
    ("--days", "D", "size as a duration, such as 28d or 4w; needs --per-day"),
    ("--per-day", "M", "new units a day, all variants together; a unit that comes back is not new"),
    ("--power", "SHARE", "power to reach; with size and effect given, leave it out and it is computed"),
)
_TEST: _Options = (
    ("--alpha", "SHARE", "significance level, of all treatments together under a correction (default: 5%%)"),
    ("--sides", ("one", "two"), "sides of the test (default: two; one with --margin)"),
    ("--weights", "LIST", "weights of the variants, control first (default: 50,50)"),
    (
        "--correction",
        ("none", "bonferroni", "holm", "dunnett"),
        "correction for several treatments (default: none)",
    ),
    ("--correlation", "R", "CUPED: correlation of the metric with its covariate over all units, 0 to 1"),
    (
        "--clusters",
        "SIZE,ICC[,CV]",
        "clusters are randomised: mean number of units in one, intra-cluster correlation, coefficient of variation "
        "of the size; units stay the units that are analysed",
    ),
    ("--guardrails", "G", "number of guardrails that must all pass before shipping"),
    (
        "--power-scope",
        ("primary", "decision"),
        "power of this test, or of the whole decision with every guardrail passing (default: primary)",
    ),
)
_LOOKS: _Options = (
    (
        "--looks",
        "K",
        "number of evenly spaced looks, or the share of the units at each, as in 25%%,50%%,100%%; without --spending "
        "every look tests at the full alpha, and the type I error of that is reported",
    ),
    (
        "--spending",
        ("obrien-fleming", "pocock", "hwang-shih-decani"),
        "alpha spending of a group-sequential test (Lan-DeMets)",
    ),
    ("--gamma", "G", "parameter of hwang-shih-decani, such as -4"),
    ("--always-valid", "", "a test that may be looked at after every unit"),
)
_GROUPS = {
    "the metric": _METRIC,
    "the question: give two of size, effect and power": _QUESTION,
    "the test": _TEST,
    "looks": _LOOKS,
}


def add_options(parser: ArgumentParser) -> None:
    """Declares everything but the policy. Values stay texts, read when they are needed."""
    parser.description = _DESCRIPTION
    parser.epilog = f"example: {EXAMPLE}"
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan, to go through metric by metric")
    for title, options in _GROUPS.items():
        group = parser.add_argument_group(title)
        for option, values, meaning in options:
            if isinstance(values, tuple):
                group.add_argument(option, choices=values, help=meaning)
            elif values.startswith("["):
                group.add_argument(option, nargs="?", const="", metavar=values.strip("[]"), help=meaning)
            elif values:
                group.add_argument(option, metavar=values, help=meaning)
            else:
                group.add_argument(option, action="store_true", help=meaning)
    parser.add_argument("--format", choices=("text", "json"), default="text", help="format (default: text)")


def given(options: Namespace) -> list[str]:
    """The options of the calculator that are on the command line; a plan answers them by itself."""
    values = vars(options)
    names = [option for group in _GROUPS.values() for option, _, _ in group]
    return [name for name in names if values[name[2:].replace("-", "_")] not in (None, False)]
