"""The plan of an experiment: the pre-registration file as a model with units.

Every field may be absent in Python, because a missing field is a rule's finding and not a crash; what an
experiment cannot be named without is in ``Experiment.needs``. The JSON Schema is generated from this module.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

import re
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

from egp.plan.quantity import Count, Interval, Measure, MetricChange, Moment, Share
from egp.plan.typed_reader import (
    Field,
    Keys,
    Money,
    Name,
    TypedMapping,
    ValueProblem,
    Words,
    field,
    label,
    listed,
    missing_key,
    read,
)
from egp.stats.hints import Literal
from egp.yaml import Document, Path
from egp.yaml.bounds import MAX_ITEMS

if TYPE_CHECKING:
    from egp.plan.supplied import Supplied

    Named = tuple[tuple[Path, "Metric"], ...]
    """Metrics with their paths."""


class Owner(TypedMapping):
    team: str | None = field("The team that runs the experiment.", "pdp", stricter="neither")
    dri: str | None = field(
        "The one directly responsible individual, as a role or handle.", "@pdp-pm", stricter="neither"
    )
    contact: str | None = field(
        "Where to reach the owner.",
        "#pdp-experiments",
        weight="benign",
        because="where to reach somebody moves no goalpost",
    )


class EligibleUnits(TypedMapping):
    distinct_over_run: Count | None = field(
        "Distinct eligible units over the whole run. Distinct units do not add up over days.",
        "340_000",
        measured=True,
    )
    per_day: Count | None = field("Distinct eligible units on one day.", "41_000", measured=True)
    source: str | None = field(
        "The query or dashboard the counts come from.", "pdp uniques, 28 days", prose=True
    )
    as_of: date | None = field("The day the counts were taken.", "2023-01-10")


class Variant(TypedMapping):
    needs = ("id",)
    id: Name | None = field("Name of the variant, unique in the plan.", "buy_now")
    weight: Share | None = field(
        "Share of the exposed units that see this variant. Weights add up to 100%.", "50%"
    )
    control: bool = field("True for the variant the others are compared with.", default=False)
    description: str | None = field("What a unit in this variant sees.", prose=True)
    revision: str | None = field("The build of this variant, when it differs from the plan's revision.")


class Schedule(TypedMapping):
    start: Moment | None = field("First day at full exposure (whole day), or an instant.", "2023-01-23")
    end: Moment | None = field(
        "Last day at full exposure (whole day), or an instant (exclusive).", "2023-02-05"
    )
    enrolment_end: Moment | None = field(
        "Last day on which units enter (whole day), or an instant; they are treated and observed until `end`. Without it units enter on every day of the run.",
        "2023-01-29",
    )
    exposure: Share | None = field(
        "Share of the eligible units in the test, all variants together.", "90%", stricter="less"
    )
    timezone: str | None = field("IANA time zone in which days are counted.", "America/Los_Angeles")
    reviews: tuple[date, ...] = listed(
        "Days on which a holdback without an end is reviewed: continued with a further review, or ended.",
        ["2023-04-24", "2023-07-24"],
        weight="operational",
        because="decide how long a holdback lasts, not what it shows",
        stricter="neither",
    )
    pauses: tuple[Interval, ...] = listed("Days on which exposure stopped.", ["2023-01-28/2023-01-29"])


class Source(TypedMapping):
    from_: str | None = field("Query, dashboard or period a number comes from.", key="from", prose=True)
    as_of: date | None = field("The day the number was taken.", "2023-01-10")


class Limit(TypedMapping):
    max: Measure | None = field("The metric must not exceed this value.", "2100ms", stricter="less")
    min: Measure | None = field("The metric must not fall below this value.", "99.9%", stricter="more")


class Cluster(TypedMapping):
    method: Literal["delta_method", "cluster_robust"] | None = field(
        "How the analysis accounts for several analysis units in one randomisation unit."
    )
    mean_size: float | None = field(
        "Mean number of analysis units in a randomisation unit.", 4.2, measured=True
    )
    icc: float | None = field("Intra-cluster correlation of the metric, 0 to 1.", 0.02, measured=True)
    cv: float | None = field("Coefficient of variation of the cluster size.", 0.6)


class Metric(TypedMapping):
    needs = ("id",)
    id: Name | None = field("Name of the metric, unique in the plan.", "add_to_cart_rate")
    kind: Literal["proportion", "mean", "ratio", "quantile"] | None = field(
        "How the metric is computed: share of units, mean per unit, ratio of two sums, or a quantile.",
        "proportion",
    )
    direction: Literal["increase", "decrease"] | None = field("The direction that is good.", "increase")
    quantile: Share | None = field("Which quantile, for kind quantile.", "95%")
    baseline: Measure | None = field(
        "The value in control before the experiment.", "12%", "1900ms", 0.042, measured=True
    )
    baseline_source: Source | None = field("Where the baseline comes from.")
    std_dev: Measure | None = field(
        "Standard deviation per randomisation unit (ratio: of the linearised metric).",
        0.21,
        measured=True,
    )
    cap: Measure | None = field(
        "The largest value that a unit counts with; what is above is set to it before rows are summed.",
        "500 USD",
    )
    skewness: float | None = field(
        "Skewness of the units' values, as they are summed: third central moment over the cubed standard deviation.",
        4.5,
    )
    influence_std_dev: Measure | None = field(
        "Standard deviation of the quantile's influence function, per randomisation unit.",
        "5200ms",
        measured=True,
    )
    mde: MetricChange | None = field(
        "Smallest effect the experiment must be able to detect.", "45bps", "2%", "0.8pp"
    )
    target: MetricChange | None = field("Effect the business hopes for.", "30bps")
    non_inferiority_margin: MetricChange | None = field(
        "Largest harm that is still acceptable; the readout must rule out more.",
        "8%",
        "0.05pp",
        stricter="less",
    )
    limit: Limit | None = field("Absolute bound that holds in every stage.", stricter="present")
    outcome_window: timedelta | None = field("Time a unit's outcome needs to mature after exposure.", "7d")
    judged_on: Literal["all_units", "matured_cohort"] | None = field(
        "Units the readout judges: all, or those whose outcome window has passed."
    )
    action: Literal["rollback", "hold", "monitor"] | None = field(
        "What a breach leads to.", "rollback", stricter=("monitor", "hold", "rollback")
    )
    any_harm: Literal["inform"] | None = field(
        "For a guardrail of which no harm is tolerated and that decides nothing: significant harm is reported.",
        "inform",
        stricter="neither",
    )
    covers: Literal["quality", "safety", "performance", "cost"] | None = field(
        "The kind of harm this guardrail watches."
    )
    expected_zero: bool | None = field(
        "Whether next to nothing is expected in every variant, so that no event is no sign of lost events.",
        True,
    )
    segment: str | None = field("The segment this guardrail is restricted to.", "new_users")
    segment_share: Share | None = field(
        "Share of the exposed units that are in the segment.", "15%", measured=True
    )
    description: str | None = field("What the metric measures.", prose=True)
    label: str | None = field(
        "What people call the metric; without it what the catalogue calls it.",
        "Add-to-cart rate",
        prose=True,
        weight="benign",
        because="what people call it changes nothing that is measured",
    )
    worth: Money | None = field(
        "What one unit of the metric is worth, or costs where less is better; without it what the catalogue says.",
        "1.10 USD",
        weight="benign",
        because="pages are priced by it, and no verdict rests on a price",
    )

    @property
    def name(self) -> str:
        """Its id; empty for a metric that has none."""
        return self.id or ""


class VarianceReduction(TypedMapping):
    method: Literal["cuped", "none"] | None = field("Variance reduction method.", "cuped")
    correlation: float | None = field(
        "Correlation of the metric with its pre-period value over all experiment units, 0 to 1; of a ratio, that of the two linearised values.",
        0.5,
        measured=True,
    )
    pre_period: timedelta | None = field("Length of the pre-period the covariate is taken from.", "28d")
    source: str | None = field("Where the correlation was measured.", prose=True)
    as_of: date | None = field("The day it was measured.", "2023-01-10")
    covers: Literal["all_units", "returning_units"] | None = field(
        "Units the correlation was measured over. New units have no pre-period."
    )


class Statistics(TypedMapping):
    alpha: Share | None = field("Significance level of the primary metric's test.", "5%", stricter="less")
    sides: Literal["one", "two"] | None = field("One-sided or two-sided test.", "two")
    sides_reason: str | None = field("Why a one-sided test is justified.", prose=True)
    power: Share | None = field("Power at the MDE.", "95%", stricter="more")
    guardrail_alpha: Share | None = field(
        "One-sided level of each guardrail's non-inferiority test.", "5%", stricter="less"
    )
    power_scope: Literal["primary", "decision"] | None = field(
        "Power of the primary metric's test, or of the whole decision with every guardrail passing."
    )
    method: Literal["fixed_horizon", "group_sequential", "always_valid"] | None = field(
        "How often the primary may be analysed.", "fixed_horizon"
    )
    spending: Literal["obrien_fleming", "pocock", "hwang_shih_decani"] | None = field(
        "Alpha-spending function of a group-sequential design."
    )
    spending_parameter: float | None = field("Gamma of the Hwang-Shih-DeCani spending function.", -4)
    guardrail_spending: Literal["obrien_fleming", "pocock", "hwang_shih_decani"] | None = field(
        "Alpha-spending function of the guardrails' tests, where the primary has several looks."
    )
    looks: tuple[Moment, ...] | None = field(
        "When the primary metric is read; without it once, on the day after the run.", ["2023-02-06"]
    )
    correction: Literal["none", "bonferroni", "holm", "dunnett"] | None = field(
        "Correction for several treatments or primary metrics."
    )
    variance_reduction: VarianceReduction | None = field("Variance reduction of the analysis.")
    clustering: Cluster | None = field(
        "How the analysis treats units that differ from the randomisation unit."
    )
    srm_alpha: Share | None = field("Level of the sample-ratio test.", "0.1%")
    negative_control_alpha: Share | None = field(
        "Two-sided level at which a negative control has moved, all of them together.", "0.1%"
    )


class Withdrawal(TypedMapping):
    max_ci_upper: MetricChange | None = field(
        "Withdraw if the interval's upper end is at most this.", "0%", stricter="more"
    )
    max_lift: MetricChange | None = field(
        "Withdraw only if the point estimate is at most this.", "-0.5%", stricter="more"
    )
    then: str | None = field("What withdrawing means.", "keep_control")


class DecisionRule(TypedMapping):
    min_ci_lower: MetricChange | None = field(
        "Ship only if the interval's lower end is at least this.", "0%", stricter="more"
    )
    min_lift: MetricChange | None = field(
        "Ship only if the point estimate is at least this.", "0.5%", stricter="more"
    )
    withdraw: Withdrawal | None = field(
        "When the treatment is withdrawn; between shipping and that the result is inconclusive.",
        stricter="present",
    )
    otherwise: str | None = field(
        "What happens when the rule is not met, nor that for withdrawing.", "keep_control"
    )
    options: tuple[str, ...] = listed(
        "The decisions to choose from.", ["ship", "keep_control", "rerun_narrower"]
    )


class Canary(TypedMapping):
    none: str | None = field("Why there is no canary.", prose=True, stricter="neither")
    treated: Share | None = field("Share of the eligible units that receive the treatment.", "5%")
    start: Moment | None = field("First day of the canary.", "2023-01-18")
    end: Moment | None = field("Last day of the canary.", "2023-01-22")


class Stage(TypedMapping):
    treated: Share | None = field("Share of the eligible units that receive the treatment.", "70%")
    min_dwell: timedelta | None = field("Least time in this stage.", "48h")
    start: Moment | None = field("Earliest start of the stage.", "2023-02-07")


class Holdout(TypedMapping):
    none: str | None = field("Why there is no holdout.", prose=True, stricter="neither")
    of: str | None = field(
        "The shared holdout of the policy, which says share and last day.", "shop-2026h1", stricter="neither"
    )
    share: Share | None = field("Share of the eligible units that is never treated.", "10%", stricter="more")
    until: date | None = field("Last day of the holdout.", "2023-05-10", stricter="more")


class Prior(TypedMapping):
    mean: MetricChange | None = field("Mean of the normal prior on the harm.", "0%")
    std_dev: MetricChange | None = field("Standard deviation of the normal prior on the harm.", "1%")


class StopRule(TypedMapping):
    needs = ("id",)
    id: Name | None = field("Name of the stop rule, unique in the plan.", "refunds")
    metric: str | None = field("Id of the metric the rule watches.", "refund_rate")
    harm_exceeds: MetricChange | None = field("Harm beyond which the rule may fire.", "5%", stricter="less")
    probability: Share | None = field(
        "Posterior probability of that harm at which the rule fires.", "95%", stricter="less"
    )
    prior: Prior | Literal["flat"] | None = field("Prior on the harm, flat or normal.", "flat")
    evaluated: Literal["hourly", "daily", "weekly"] | None = field(
        "How often the rule is evaluated.",
        "daily",
        stricter=("weekly", "daily", "hourly"),
    )
    significant_harm_for: timedelta | None = field(
        "Fire after significant harm in this many whole weeks.",
        "2w",
        stricter="less",
    )
    for_: timedelta | None = field("Fire when the harm lasts this long.", "2d", key="for", stricter="less")
    min_units_per_variant: Count | None = field(
        "Units per variant below which the rule stays silent.",
        "20_000",
        stricter="less",
    )
    action: Literal["rollback", "hold"] | None = field(
        "What the rule does when it fires.", "rollback", stricter=("hold", "rollback")
    )


class Rollback(TypedMapping):
    method: str | None = field("How the treatment is withdrawn.", "feature_flag")
    to: str | None = field("What is served afterwards.", "control")
    owner: str | None = field("Who executes the rollback.", "@pdp-oncall", stricter="neither")
    max_minutes: float | None = field("Longest time until the rollback is complete.", 15, stricter="less")
    comms: str | None = field(
        "Template of the message that goes out.", "comms/rollback.md", stricter="neither"
    )


class Escalation(TypedMapping):
    to: str | None = field("Who breaks a tie.", "vp_commerce", stricter="neither")
    within: timedelta | None = field("How soon.", "24h", stricter="less")


class Readouts(TypedMapping):
    cadence: Literal["daily", "twice_weekly", "weekly", "biweekly"] | None = field(
        "How often.", "weekly", stricter=("biweekly", "weekly", "twice_weekly", "daily")
    )
    audience: tuple[str, ...] = listed("Who reads them.", ["pm", "marketing", "exec"], stricter="neither")


class Scenario(TypedMapping):
    name: str | None = field("Name of the scenario.", "base")
    probability: Share | None = field("How likely the scenario is.", "60%")
    p_success: Share | None = field("Share of events that succeed in it.", 0.40, measured=True)
    success_metric: str | None = field(
        "Id of the metric that counts these successes: its margin and its limit are held against `p_success`.",
        "precision_at_10_new_users",
    )
    segment: str | None = field("The segment the scenario is about.", "new_users")
    expected_value: Money | None = field("Declared expected value per event; egp recomputes it.", "0.166 USD")
    without_launch: Money | None = field(
        "What an event of this scenario earns with today's version, where it is not the same in all.",
        "0.142 USD",
        measured=True,
    )


class Delay(TypedMapping):
    weeks: float | None = field("Length of the delay that is the alternative to launching now.", 1.5)
    units_per_week: Count | None = field("Events in a week.", "3.2M")


class Economics(TypedMapping):
    per: str | None = field("The event that succeeds or fails.", "impression")
    scenarios: tuple[Scenario, ...] = listed("What may come, with probabilities that add up to 100%.")
    success_metric: str | None = field(
        "Id of the metric that counts the successes of all scenarios together.", "precision_at_10"
    )
    gain_per_success: Money | None = field("Gain of one success.", "0.52 USD")
    cost_per_error: Money | None = field("Cost of one failure.", "0.07 USD")
    cost_per_unit: Money | None = field("Running cost of one event.", "0.00003 USD", measured=True)
    floor: Money | None = field("Least acceptable expected value per event.", "0.08 USD")
    expected_value: Money | None = field("Declared expected value per event over all scenarios.", "0.166 USD")
    without_launch: Money | None = field(
        "What an event earns with today's version. Every amount on a page is the difference to it.",
        "0.154 USD",
        measured=True,
    )
    delay: Delay | None = field("The alternative: launch later.")


class StakeholderPosition(TypedMapping):
    """What somebody wants done, and what would change their mind."""

    by: str | None = field("Who holds it, as a role or handle.", "marketing_director")
    on: date | None = field("When they said so; without it before the launch.", "2023-03-01")
    wants: str | None = field("What they want done, in words or as an option of the page.", "ship on Friday")
    because: str | None = field("Why.", "the campaign is booked", prose=True)
    agrees_if: str | None = field(
        "What it would take for them to agree to something else.",
        "the two readings of this week show no more contacts",
        prose=True,
    )


class Population(TypedMapping):
    of: str | None = field("Population of the catalogue that the units are of.", "pdp_mobile")
    triggered: str | None = field("Event that brings a unit into the analysis.", "opened_product_page")
    logged_in: tuple[str, ...] = listed("Variants that log the event.", ["control", "buy_now"])
    where: dict[str, Words] | None = field(
        "Attribute → its value, or a list of values, of the units that can enter.",
        {"country": ["US", "CA"], "channel": "release"},
    )
    known: Literal["before_exposure", "after_exposure"] | None = field(
        "When the attributes of `where` are known: nothing that the treatment may change.", "before_exposure"
    )


class Measurement(TypedMapping):
    """What ``egp measure`` found in the past, and when."""

    window: timedelta | None = field("Time of which the past was measured, ending on the day.", "56d")
    as_of: date | None = field("The day before which it was measured.", "2023-01-10")
    query: str | None = field("Digest of what was measured: definitions, population, lengths of time.")
    values: dict[str, str] | None = field("Number of the plan → digest of what was measured.")


class SignOff(TypedMapping):
    role: str | None = field("Role that signs.", "experimentation_lead")
    by: str | None = field("Who signed.", "@xp-lead")
    on: date | None = field("When.", "2023-01-17", measured=True)


class Amendment(TypedMapping):
    on: date | None = field("When the plan was amended.", "2023-01-30", measured=True)
    reason: str | None = field("Why.", prose=True)
    approver: str | None = field("Who approved it.", "@xp-lead")
    data_access: Literal["nothing_run", "no_results_seen", "results_seen"] | None = field(
        "What was known of the results when the plan was amended."
    )
    changes: tuple[str, ...] = listed("Fields that changed.", ["/schedule/end"])
    effect: Literal["tightens", "loosens"] | None = field(
        "Whether the changes of ramp, canary, stop rules and other safeguards make them stricter or laxer.",
        "tightens",
    )


class Waiver(TypedMapping):
    rule: str | None = field("Rule that is waived.", "stage-dwell")
    experiment: str | None = field("Id of the experiment; a plan's own waiver may leave it out.")
    reason: str | None = field("Why.", prose=True)
    ticket: str | None = field("Where it was discussed.")
    approver: str | None = field("Who approved it.", "@xp-lead")
    role: str | None = field("Role of the approver.", "experimentation_lead")
    granted: date | None = field("When it was granted.", "2023-01-17")
    expires: date | None = field("Last day it holds.", "2023-02-16")
    digest: str | None = field("Digest of the plan it was granted for.")


NOTHING_SUPPLIED: "Supplied | None" = None


RISKS = ("revenue", "brand", "privacy", "safety", "partner", "ai")
"""Answers about risk under every policy; one that says who signs for another risk knows that, too."""


class Experiment(TypedMapping):
    """A plan as rules see it."""

    __slots__ = ("_by_role",)
    if TYPE_CHECKING:
        _by_role: dict[str, "Named"]

    needs = ("id", "variants", "schedule", "primary_metric")
    supplied = NOTHING_SUPPLIED
    """What the policy's defaults and the catalogue of metrics add to what the plan's file says."""

    id: Name | None = field(
        "Name of the experiment, unique in the repository.",
        "pdp-buy-now",
        weight="inferential",
        because="an experiment under another id is another experiment",
    )
    title: str | None = field(
        "What the experiment is, in one line.", prose=True, weight="benign", because="no analysis reads it"
    )
    type: Literal["superiority", "non_inferiority", "rollout", "holdback"] | None = field(
        "What the experiment must show.",
        "superiority",
        weight="inferential",
        because="what must be shown decides which test is made",
    )
    design: Literal["parallel"] | None = field(
        "How units get their variant: all variants at the same time, each unit one of them. egp judges no other design.",
        "parallel",
        weight="inferential",
        because="the design decides which arithmetic holds",
    )
    hypothesis: str | None = field(
        "Who changes what, by how much, and why.",
        prose=True,
        weight="inferential",
        because="a hypothesis written after the result is a story",
    )
    owner: Owner | None = field(
        "Who runs the experiment.",
        weight="operational",
        because="who runs the experiment does not change what it shows",
        stricter="neither",
    )
    links: tuple[str, ...] = listed(
        "Documents and tickets.", weight="benign", because="they lead to what others keep"
    )
    risk: tuple[str, ...] | None = field(
        f"Answers that make sign-offs necessary: {', '.join(RISKS)}.",
        ["revenue"],
        weight="operational",
        because="decides who must sign, not what is measured",
        stricter="present",
    )
    surfaces: tuple[str, ...] | None = field(
        "Where the change appears; a policy maps surfaces to tiers.",
        ["pdp.mobile"],
        weight="inferential",
        because="another surface has other visitors",
    )
    layer: str | None = field(
        "Experiments of one layer share its traffic.",
        "pdp",
        weight="inferential",
        because="another layer has other units",
    )
    feature_flag: str | None = field(
        "The flag that switches the treatment.",
        "pdp_buy_now",
        weight="inferential",
        because="another flag switches another treatment",
    )
    flags: tuple[str, ...] = listed(
        "Further flags or deployments that serve the treatment, besides the feature flag.",
        ["pdp_buy_now_ios"],
        weight="inferential",
        because="another flag switches another treatment",
    )
    revision: str | None = field(
        "The build that is tested and ramped.",
        "web-8841",
        weight="inferential",
        because="what is ramped is what was tested",
    )
    unit: str | None = field(
        "Randomisation unit.",
        "user",
        weight="inferential",
        because="the randomisation unit decides what is independent",
    )
    analysis_unit: str | None = field(
        "Analysis unit, when it differs from the randomisation unit.",
        "session",
        weight="inferential",
        because="the analysis unit decides the standard error",
    )
    population: Population | Literal["assigned"] | None = field(
        "Units that are analysed: all assigned, those of a population of the catalogue, or those that met a trigger.",
        "assigned",
        weight="inferential",
        because="whoever chooses the population chooses the result",
    )
    eligible_units: EligibleUnits | None = field(
        "How many units can enter the experiment.",
        weight="inferential",
        because="the sample and its duration follow from them",
    )
    variants: tuple[Variant, ...] | None = field(
        "Control and treatments.",
        weight="inferential",
        because="every further variant is a further chance of a false win",
    )
    schedule: Schedule | None = field(
        "When the experiment runs, and on whom.",
        weight="inferential",
        because="whoever chooses the end after seeing results chooses the result",
    )
    primary_metric: Metric | None = field(
        "The metric that decides.",
        weight="inferential",
        because="a metric chosen after the result always wins",
    )
    co_primary_metrics: tuple[Metric, ...] = listed(
        "Further metrics that decide. Most policies allow none.",
        weight="inferential",
        because="every further metric that decides is a further chance of a false win",
    )
    guardrail_metrics: tuple[Metric, ...] = listed(
        "Metrics that must not be harmed.",
        weight="inferential",
        because="a margin widened to the harm that was seen protects nobody",
        stricter="present",
    )
    secondary_metrics: tuple[Metric, ...] = listed(
        "Metrics that inform, and decide nothing.",
        weight="inferential",
        because="a metric that moved between the lists changes what decides",
    )
    negative_controls: tuple[Metric, ...] = listed(
        "Metrics that the treatment cannot move: if one moves, the data are suspect.",
        weight="inferential",
        because="a control taken away after it moved hides that the data are suspect",
        stricter="present",
    )
    segments: tuple[str, ...] = listed(
        "Segments with conclusions of their own.",
        ["new_users"],
        weight="inferential",
        because="every further segment is a further chance of a false win",
    )
    diagnostic_segments: tuple[str, ...] = listed(
        "Segments that serve root-cause work on guardrails.",
        ["device"],
        weight="inferential",
        because="a segment that may conclude is one that was declared",
    )
    statistics: Statistics | None = field(
        "The registered analysis.",
        weight="inferential",
        because="level, power, method and looks are the test",
    )
    sample_size_per_variant: Count | None = field(
        "Units in the smallest variant at the readout.",
        "140_000",
        weight="inferential",
        because="the sample size is the stopping rule of a fixed horizon",
    )
    decision_rule: DecisionRule | None = field(
        "When to ship, agreed before any result.",
        weight="inferential",
        because="the rule for shipping is agreed before there is something to ship",
    )
    canary: Canary | None = field(
        "Safety-only stage before the test, never pooled with it.",
        weight="operational",
        because="a safety stage before the test, never pooled with it",
        stricter="present",
    )
    ramp: tuple[Stage, ...] = listed(
        "Stages after the readout.", weight="operational", because="comes after the readout", in_order=True
    )
    holdout: Holdout | None = field(
        "Units reserved before the start and never treated.",
        weight="operational",
        because="is reserved before the start and never treated",
        stricter="present",
    )
    stop_rules: tuple[StopRule, ...] = listed(
        "Pre-committed rollback criteria.",
        weight="operational",
        because="protect people while the test runs",
        stricter="present",
    )
    rollback: Rollback | None = field(
        "How the treatment is withdrawn.",
        weight="operational",
        because="how the treatment is withdrawn",
        stricter="present",
    )
    escalation: Escalation | None = field(
        "Who breaks a tie, and how soon.",
        weight="operational",
        because="who breaks a tie",
        stricter="present",
    )
    readouts: Readouts | None = field(
        "Who hears what, how often.",
        weight="operational",
        because="who hears what, how often",
        stricter="present",
    )
    economics: Economics | None = field(
        "Expected value of the launch.", weight="inferential", because="expected value decides on the launch"
    )
    positions: tuple[StakeholderPosition, ...] = listed(
        "What those who have a say want, and what it would take for them to agree.",
        weight="benign",
        because="people may change their mind, and no analysis reads it",
    )
    data_access: str | None = field(
        "The data analysts work with; never user-level exports.",
        "aggregates",
        weight="operational",
        because="which data analysts may see",
    )
    registered: date | None = field(
        "Registration date; the lock's date is what counts.",
        "2023-01-17",
        weight="inferential",
        because="the policy in force on that day judges the plan",
    )
    measured: Measurement | None = field(
        "What egp measure found; it writes this itself.",
        weight="benign",
        because="the numbers count, and not where they are from",
    )
    sign_offs: tuple[SignOff, ...] = listed(
        "Approvals before the start.", weight="benign", because="the lock attests them one by one"
    )
    amendments: tuple[Amendment, ...] = listed(
        "Changes after registration.", weight="benign", because="they declare changes, and are none"
    )
    waivers: tuple[Waiver, ...] = listed(
        "Rules that an approver set aside for this plan.",
        weight="benign",
        because="who may grant them is judged anew each time",
    )

    @property
    def control_position(self) -> int | None:
        """Position of the control variant; None when the plan does not name exactly one."""
        marked = [position for position, variant in enumerate(self.variants or ()) if variant.control]
        return marked[0] if len(marked) == 1 else None

    @property
    def name(self) -> str:
        """Its id; empty for a plan that has none."""
        return self.id or ""

    @property
    def shared_holdout(self) -> str:
        """The holdout of the policy that it is in; empty for one that has its own or none."""
        return (self.holdout.of if self.holdout else None) or ""

    @property
    def switches(self) -> tuple[str, ...]:
        """Every flag or deployment that serves the treatment."""
        return tuple(dict.fromkeys(filter(None, (self.feature_flag, *self.flags))))

    @property
    def primaries(self) -> "Named":
        """Every metric that decides, with its path."""
        return self._named("primaries")

    @property
    def guardrails(self) -> "Named":
        """Every guardrail metric that decides, with its path."""
        return self._named("guardrails")

    @property
    def informing(self) -> "Named":
        """Every guardrail metric that only informs, with its path."""
        return self._named("informing")

    @property
    def unmoved(self) -> "Named":
        """Every metric that must not move, with its path."""
        return self._named("unmoved")

    @property
    def metrics(self) -> "Named":
        """Every metric of the plan, with its path."""
        return self._named("metrics")

    def _named(self, role: str) -> "Named":
        """Worked out once: a plan does not change, and its rules need it a hundred times."""
        try:
            known = self._by_role
        except AttributeError:
            known = self._by_role = _by_role(self)
        return known[role]


def _by_role(plan: Experiment) -> "dict[str, Named]":
    primary = () if plan.primary_metric is None else ((("primary_metric",), plan.primary_metric),)
    primaries = (*primary, *_listed("co_primary_metrics", plan.co_primary_metrics))
    watching = _listed("guardrail_metrics", plan.guardrail_metrics)
    guardrails = tuple(each for each in watching if each[1].any_harm is None)
    informing = tuple(each for each in watching if each[1].any_harm is not None)
    unmoved = _listed("negative_controls", plan.negative_controls)
    secondary = _listed("secondary_metrics", plan.secondary_metrics)
    every = (*primaries, *guardrails, *informing, *secondary, *unmoved)
    return {"primaries": primaries, "guardrails": guardrails, "informing": informing, "unmoved": unmoved, "metrics": every}  # fmt: skip


def _listed(key: str, metrics: tuple[Metric, ...]) -> "Named":
    return tuple(((key, position), metric) for position, metric in enumerate(metrics))


@cache
def declarations() -> dict[Keys, Field]:
    """Every key of a plan, by the keys that lead to it, with its declaration."""
    return dict(Experiment.declarations())


_DEEPEST_LIST = 3
"""Mappings within each other that a plan's lists lie in."""


def read_experiment(value: object) -> tuple[Experiment, list[ValueProblem]]:
    """The plan in a document's value, and what does not fit; the same keys misread are absent from the plan."""
    problems: list[ValueProblem] = []
    plan = read(Experiment, _bounded(value, (), problems), (), problems)
    if isinstance(value, dict) and value.get("type") is None:
        # An editor cannot know whether the policy's defaults say it; whoever reads the plan does.
        problems.append(missing_key("type", ()))
    return plan, problems


def _bounded(value: object, path: Path, problems: list[ValueProblem]) -> object:
    """The value without lists that are longer than any plan's: rules compare the items of a list with each other."""
    if not isinstance(value, dict):
        return value
    for key, item in value.items():
        is_long = isinstance(item, list) and len(item) > MAX_ITEMS
        if not is_long and not isinstance(item, dict):
            continue
        if key.startswith("x-"):
            continue  # no rule of egp's looks at it, and rules of a policy's own have limits of theirs
        if is_long:
            message = f"{label((*path, key))} has {len(item):,} items; at most {MAX_ITEMS} are read"
            problems.append(
                ValueProblem((*path, key), "wrong-type", message, "check that this is the right file")
            )
            value = {**value, key: None}
        elif len(path) < _DEEPEST_LIST:
            bounded = _bounded(item, (*path, key), problems)
            value = value if bounded is item else {**value, key: bounded}
    return value


_OF_RESULTS = ("experiment", "as_of")
"""Keys that results have and a plan has not."""


def are_results(document: Document) -> bool:
    """Whether it is a file of results, which shares some keys with a plan."""
    value = document.value
    return (
        isinstance(value, dict)
        and all(key in value for key in _OF_RESULTS)
        and not any(key in value for key in Experiment.needs)
    )


def is_plan_alone(value: object) -> bool:
    """Whether it has what every plan needs, and what results need it has not."""
    return (
        isinstance(value, dict)
        and any(key in value for key in Experiment.needs)
        and not any(key in value for key in _OF_RESULTS)
    )


def may_be_plan(document: Document) -> bool:
    """Whether somebody meant to write a plan here: nothing yet, or one of a plan's keys, in whatever state the rest is."""
    value = document.value
    if isinstance(value, dict):
        return any(key in value for key, *_ in Experiment.fields()) and not are_results(document)
    if not document.problems:
        return False
    is_unwritten = not document.text.strip() or any(problem.kind == "empty" for problem in document.problems)
    return is_unwritten or _plan_key().search(document.text) is not None


@cache
def _plan_key() -> re.Pattern[str]:
    """A plan's key at the start of a line, in YAML that may be broken anywhere."""
    keys = "|".join(key for key, *_ in Experiment.fields())
    return re.compile(rf"""^[\s{{"']*(?:{keys})["']?\s*:""", re.MULTILINE)
