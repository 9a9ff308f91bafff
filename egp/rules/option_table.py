"""What policies may set of every rule, known without its module."""

# Generated from the rules' modules by `python -m egp.cli.generate`.
# fmt: off

from datetime import timedelta

from egp.plan.quantity import Measure, MetricChange, Share
from egp.plan.typed_reader import Money
from egp.rules.options import Bound, RuleOption
from egp.stats.hints import Literal

OPTIONS: dict[str, dict[str, RuleOption]] = {
    'calendar-conflict': {
        'weekends': RuleOption(bool, 'whether a readout or a holdout may end on a Saturday or Sunday', False, None, 'less'),
    },
    'enrolment-window': {
        'observed': RuleOption(timedelta, 'time that whoever enters last is treated and observed; more than 0', timedelta(days=14), Bound(0, False), 'more'),
        'new_units': RuleOption(tuple[str, ...], 'randomisation units that are new every time, and cannot be observed later', ('session', 'pageview', 'request', 'impression'), None, ''),
    },
    'maximum-runtime': {
        'days': RuleOption(int, 'days from the first to the last that a plan may run, pauses included; at least 1', 56, Bound(1, True), 'less'),
    },
    'minimum-runtime': {
        'days': RuleOption(int, 'consecutive days at full exposure that a plan must have; at least 1', 14, Bound(1, True), 'more'),
    },
    'review-dates': {
        'every': RuleOption(timedelta, 'longest time without a review; more than 0', timedelta(days=91), Bound(0, False), 'less'),
    },
    'weekly-cycles': {
        'times': RuleOption(int, 'how often each weekday must be covered; at least 1', 2, Bound(1, True), 'more'),
    },
    'whole-weeks': {
        'weeks': RuleOption(int, 'whole weeks from which one day more or less does not matter; at least 1', 8, Bound(1, True), 'more'),
    },
    'decision-branches': {
        'wrongly': RuleOption(Share, 'largest chance to withdraw a change that does nothing; more than 0', 0.05, Bound(0, False), 'less'),
    },
    'decision-power': {
        'floor': RuleOption(Share, 'least chance to ship a true effect of the size of the MDE; more than 0', 0.8, Bound(0, False), 'more'),
    },
    'heavy-tails': {
        'excess': RuleOption(Share, "how far a test's error may exceed its level, as a share of it; more than 0", 0.2, Bound(0, False), 'less'),
    },
    'holdout-power': {
        'floor': RuleOption(Share, 'least power of a shared holdout at its MDE, where it states less or none; more than 0', 0.8, Bound(0, False), 'more'),
    },
    'oversized-sample': {
        'times': RuleOption(float, 'how many times the units it needs a sample may be; more than 0', 3.0, Bound(0, False), 'less'),
    },
    'power-floor': {
        'floor': RuleOption(Share, 'least power of the registered test of the primary metric; more than 0', 0.95, Bound(0, False), 'more'),
    },
    'reachable-sample': {
        'per_day_units': RuleOption(tuple[str, ...], 'randomisation units that are new every time, so that days add up', ('session', 'pageview', 'request', 'impression'), None, ''),
    },
    'shortcut-mde': {
        'tolerance': RuleOption(Share, 'how far from the shortcut an MDE still counts as the shortcut; at least 0', 0.05, Bound(0, True), ''),
    },
    'significance-level': {
        'alpha': RuleOption(Share, "largest significance level of the primary metric's test; more than 0", 0.05, Bound(0, False), 'less'),
        'one_sided_alpha': RuleOption(Share, 'largest significance level of a one-sided test of the primary; more than 0', 0.05, Bound(0, False), 'less'),
        'guardrail_alpha': RuleOption(Share, "largest one-sided level of a guardrail's non-inferiority test; more than 0", 0.05, Bound(0, False), 'less'),
        'least_guardrail_alpha': RuleOption(Share, "smallest one-sided level of a guardrail's non-inferiority test; more than 0", 0.001, Bound(0, False), 'more'),
        'srm_alpha': RuleOption(Share, 'largest level of the sample-ratio test; more than 0', 0.01, Bound(0, False), 'less'),
        'least_srm_alpha': RuleOption(Share, 'smallest level of the sample-ratio test; more than 0', 0.0001, Bound(0, False), 'more'),
    },
    'unbalanced-weights': {
        'efficiency': RuleOption(Share, 'least efficiency of the weakest comparison against an even split; more than 0', 0.9, Bound(0, False), 'more'),
    },
    'variance-reduction': {
        'max_correlation': RuleOption(float, 'strongest correlation that is taken without doubt; more than 0', 0.9, Bound(0, False), 'less'),
        'max_age': RuleOption(timedelta, 'how old the measured correlation may be at registration; more than 0', timedelta(days=90), Bound(0, False), 'less'),
    },
    'withdraw-power': {
        'floor': RuleOption(Share, 'least chance to withdraw a harm of the size of the MDE; more than 0', 0.8, Bound(0, False), 'more'),
    },
    'no-unplanned-looks': {
        'win_rate': RuleOption(Share, 'share of changes that truly work, by which pages say how many wins are false; more than 0', 0.1, Bound(0, False), '', True),
    },
    'segments-declared': {
        'max_segments': RuleOption(int, 'most segments with conclusions of their own; at least 0', 3, Bound(0, True), 'less'),
    },
    'spending-allowed': {
        'allowed': RuleOption(tuple[Literal['obrien_fleming', 'pocock', 'hwang_shih_decani', 'always_valid'], ...], 'spending functions that plans may use, and always_valid', (), None, 'less'),
    },
    'baseline-source': {
        'days': RuleOption(int, 'age in days at registration from which a baseline is too old; at least 1', 90, Bound(1, True), 'less'),
    },
    'business-primary': {
        'model_metrics': RuleOption(tuple[str, ...], 'names that measure a model; @k stands for any cut-off', ('auc', 'roc_auc', 'pr_auc', 'ndcg', 'ndcg@k', 'precision@k', 'recall@k', 'hit_rate@k', 'map@k', 'mrr', 'accuracy', 'f1', 'f1_score', 'log_loss', 'cross_entropy', 'perplexity', 'ece', 'calibration_error', 'brier_score', 'rmse', 'mse', 'mae', 'mape', 'bleu', 'rouge'), None, 'more'),
    },
    'known-metric': {
        'metrics': RuleOption(tuple[str, ...], 'ids of metrics whose definition is agreed elsewhere; empty requires nothing, unless the policy has a catalogue', (), None, ''),
    },
    'measurement-drift': {
        'most': RuleOption(Share, 'how far a declared number may be from the measured one, as a share of that; at least 0', 0.1, Bound(0, True), 'less'),
    },
    'negative-controls': {
        'floor': RuleOption(Share, 'least chance to notice the shift that each names; more than 0', 0.8, Bound(0, False), 'more'),
        'false_hold': RuleOption(Share, 'largest level at which any of them has moved; more than 0', 0.01, Bound(0, False), 'less'),
        'at_least': RuleOption(int, 'negative controls that every plan with a test must have; at least 0', 0, Bound(0, True), 'more'),
    },
    'single-primary': {
        'max': RuleOption(int, 'metrics that may decide; at least 1', 1, Bound(1, True), 'less'),
    },
    'any-harm': {
        'floor': RuleOption(Share, 'least chance to notice the harm that each names; more than 0', 0.8, Bound(0, False), 'more'),
    },
    'guardrail-coverage': {
        'kinds': RuleOption(tuple[Literal['quality', 'safety', 'performance', 'cost'], ...], 'kinds of harm that guardrails must cover', ('quality', 'safety', 'performance', 'cost'), None, 'more'),
    },
    'guardrail-margin': {
        'default': RuleOption(MetricChange, 'widest margin of a metric without a cap of its own; more than 0', MetricChange(value=0.1, unit='relative', text='10%'), Bound(0, False), 'less'),
        'margins': RuleOption(dict[str, MetricChange], 'widest margin by metric id; more than 0', {}, Bound(0, False), ''),
        'limit_times': RuleOption(float, 'how many times the default a limit without a margin may lie from the baseline; at least 1', 2.0, Bound(1, True), 'less'),
    },
    'guardrail-power': {
        'floor': RuleOption(Share, 'least power to rule out the margins, each and all together; more than 0', 0.8, Bound(0, False), 'more'),
    },
    'required-guardrails': {
        'metrics': RuleOption(tuple[str, ...], 'ids of the guardrail metrics every plan must have', (), None, 'more'),
        'at_least': RuleOption(int, 'guardrail metrics every plan must have, listed or not; at least 0', 1, Bound(0, True), 'more'),
    },
    'canary-size': {
        'min': RuleOption(Share, 'least share of the eligible units that a canary treats; more than 0', 0.05, Bound(0, False), 'more'),
        'max': RuleOption(Share, 'largest share of the eligible units that a canary treats; more than 0', 0.1, Bound(0, False), 'less'),
        'required_for': RuleOption(tuple[str, ...], 'types of plans that must have a canary', ('rollout',), None, 'more'),
    },
    'holdout-size': {
        'min': RuleOption(Share, 'least share of the eligible units in the holdout; more than 0', 0.05, Bound(0, False), 'more'),
        'after_ramp': RuleOption(timedelta, 'least time the holdout lasts after the earliest end of the ramp; at least 0', timedelta(days=7), Bound(0, True), 'more'),
        'allow_none': RuleOption(bool, 'whether a plan may give a reason for having no holdout', True, None, 'less'),
    },
    'stage-dates': {
        'readout_days': RuleOption(int, 'days after its last look for which a readout is good; at least 1', 30, Bound(1, True), 'less'),
    },
    'stage-dwell': {
        'hours': RuleOption(int, 'least hours in every stage of the ramp; at least 1', 48, Bound(1, True), 'more'),
    },
    'dead-stop-rule': {
        'times_margin': RuleOption(float, 'most times the margin of its metric, or the way to its limit, that a stop rule tolerates; more than 0', 3.0, Bound(0, False), 'less'),
    },
    'hair-trigger': {
        'false_alarm': RuleOption(Share, 'largest chance that an alarm rolls back without harm, and that any of them does; at least 0.01', 0.05, Bound(0.01, True), 'less'),
        'weekly_false_alarm': RuleOption(Share, 'chance without harm that bad weeks in a row roll back; the level of a week follows from it; more than 0', 0.01, Bound(0, False), ''),
        'limit_alpha': RuleOption(Share, 'one-sided level at which a limit is broken; more than 0', 0.05, Bound(0, False), ''),
        'harm_alpha': RuleOption(Share, 'one-sided level of the alarm that holds a stage, over all guardrails together; more than 0', 0.05, Bound(0, False), '', True),
        'day_correlation': RuleOption(Share, "correlation of the arms' differences between two days, because units return; at least 0", 0.1, Bound(0, True), ''),
        'week_correlation': RuleOption(Share, "correlation of the arms' differences between two weeks; at least 0", 0.2, Bound(0, True), '', True),
    },
    'rollback-owner': {
        'minutes': RuleOption(float, 'most minutes until a rollback is complete; more than 0', 60.0, Bound(0, False), 'less'),
    },
    'allowed-types': {
        'types': RuleOption(tuple[Literal['superiority', 'non_inferiority', 'rollout', 'holdback'], ...], 'types that plans may have', ('superiority', 'non_inferiority', 'rollout', 'holdback'), None, 'less'),
    },
    'decision-rule': {
        'options': RuleOption(int, 'least number of options to choose from; at least 1', 3, Bound(1, True), 'more'),
    },
    'escalation-path': {
        'hours': RuleOption(int, 'most hours until a tie is broken; at least 1', 24, Bound(1, True), 'less'),
    },
    'feature-flag': {
        'types': RuleOption(tuple[str, ...], 'types of plans that need a feature flag', ('superiority', 'non_inferiority', 'rollout'), None, 'more'),
    },
    'four-eyes': {
        'distinct_signers': RuleOption(bool, 'whether one person may sign for one role only', True, None, 'more'),
    },
    'readout-cadence': {
        'at_least': RuleOption(Literal['daily', 'twice_weekly', 'weekly', 'biweekly'], 'least frequent cadence that is allowed', 'weekly', None, ''),
    },
    'sign-offs': {
        'always': RuleOption(tuple[str, ...], 'roles that sign every plan', ('experimentation_lead',), None, 'more'),
        'by_tier': RuleOption(dict[str, tuple[str, ...]], 'roles that sign plans of a tier', {}, None, 'more'),
        'by_risk': RuleOption(dict[str, tuple[str, ...]], 'roles that sign plans with an answer about risk', {'privacy': ('privacy',)}, None, 'more'),
    },
    'aggregates-only': {
        'allowed': RuleOption(tuple[str, ...], 'kinds of data access that a plan may declare', ('aggregates',), None, 'less'),
    },
    'alpha-budget': {
        'false_wins': RuleOption(float, 'false wins that the portfolio may be expected to declare; more than 0', 5.0, Bound(0, False), 'less'),
        'days': RuleOption(int, 'length of the period over which they add up; at least 1', 365, Bound(1, True), ''),
    },
    'flag-reuse': {
        'days': RuleOption(int, 'days that a flag rests between two experiments; at least 0', 30, Bound(0, True), 'more'),
    },
    'cost-cap': {
        'per_thousand': RuleOption(Money, 'highest running cost of a thousand events; more than 0', Measure(value=2.0, unit='USD', text='2.00 USD'), Bound(0, False), 'less'),
    },
    'expected-value': {
        'floor': RuleOption(Money, 'lowest floor that a plan may declare; at least 0', Measure(value=0.0, unit='USD', text='0 USD'), Bound(0, True), 'more'),
    },
    'unplanned-rollout': {
        'environments': RuleOption(tuple[str, ...], 'environments in which people are served', ('production', 'prod', 'live'), None, 'more'),
    },
    'expiring-waiver': {
        'soon': RuleOption(timedelta, 'time before the last day from which on it is reported; more than 0', timedelta(days=7), Bound(0, False), 'more'),
    },
}
"""Rule → option → what a policy may set it to."""
