"""Options of `egp new`. Loaded on every start of egp, so it imports nothing but argparse's types."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

TYPES = ("superiority", "non_inferiority", "rollout", "holdback")

EXPERIMENT_OPTIONS = {
    "title": ("TEXT", "what changes, in one line"),
    "hypothesis": ("TEXT", "who changes what, by how much, and why"),
    "team": ("TEAM", "the team that runs it"),
    "owner": ("HANDLE", "the one responsible person or role"),
    "surface": ("NAMES", "where the change appears, with commas between"),
    "population": ("NAME", "who could have been exposed: a population of the catalogue of metrics"),
    "layer": ("NAME", "the layer whose traffic it shares with other experiments"),
    "risk": ("NAMES", "revenue, brand, privacy, safety, partner, ai, with commas between, or none"),
    "flag": ("KEY", "the feature flag (default: made from the id)"),
    "revision": ("BUILD", "the build that is tested, as its pipeline names it"),
    "metric": ("ID", "the primary metric"),
    "kind": ("KIND", "its kind: proportion, mean, ratio or quantile"),
    "direction": ("WAY", "its good direction: increase or decrease"),
    "quantile": ("SHARE", "which quantile, for that kind"),
    "baseline": ("VALUE", "its value today, as in 12%%, 1900ms or 0.042"),
    "std_dev": ("VALUE", "its standard deviation per unit, for other kinds than proportion"),
    "mde": ("CHANGE", "the smallest effect that must be found, as in 2%% or 45bps"),
    "margin": ("CHANGE", "the largest acceptable harm, for non_inferiority"),
    "outcome_window": ("TIME", "time until an outcome is known, as in 7d"),
    "per_day": ("COUNT", "eligible units a day"),
    "units": ("COUNT", "distinct eligible units over the run"),
    "guardrail": ("NAMES", "guardrail metrics besides those that the policy requires, with commas between"),
}
"""Option → name of its value, meaning. On a terminal what only the author knows is requested when it is not given."""


def add_experiment_options(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="id of the experiment, such as pdp-buy-now")
    parser.add_argument(
        "--from",
        dest="platform",
        nargs=2,
        metavar=("PLATFORM", "FILE"),
        help="begin with what growthbook, statsig or nimbus has of it, as the JSON of its API; without ID under its name there",
    )
    parser.add_argument(
        "--type", choices=TYPES, default=TYPES[0], help=f"type of the experiment (default: {TYPES[0]})"
    )
    for name, (metavar, help_text) in EXPERIMENT_OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar=metavar, help=help_text)
    add_file(parser, "a place that the policy's `plans:` match, else experiments/ID.yaml")


def add_policy_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--extends",
        metavar="POLICY",
        default="egp:standard",
        help="shipped policy to build on (default: egp:standard)",
    )
    parser.add_argument(
        "--plans",
        metavar="PATTERN",
        default="experiments/**/*.yaml",
        help="where the plans are (default: experiments/**/*.yaml)",
    )
    add_file(parser, "egp.yaml")


def add_metrics_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        required=True,
        help="semantic models of dbt, fact metrics of GrowthBook, or certified metrics of Eppo; YAML or JSON",
    )
    parser.add_argument(
        "--unit",
        metavar="COLUMN",
        default="",
        help="column with the randomisation unit, where facts have several",
    )
    add_file(parser, "metrics.yaml")


def add_rule_options(parser: ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="id of the rule, such as links-declared")
    parser.add_argument(
        "--family", metavar="FAMILY", required=True, help="folder of the rule, such as governance"
    )
    add_file(parser, "egp/rules/FAMILY/ID.py")


def add_file(parser: ArgumentParser, default: str) -> None:
    parser.add_argument(
        "-o", dest="file", metavar="FILE", help=f"write this file, - for standard output (default: {default})"
    )


def given(options: Namespace) -> dict[str, str]:
    """The answers that the options give."""
    answers = {name: getattr(options, name) for name in EXPERIMENT_OPTIONS}
    return {name: answer for name, answer in answers.items() if answer is not None}
