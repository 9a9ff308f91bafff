"""What a policy file may say."""

# No postponed annotations here: shapes are read from the annotations themselves.

from datetime import timedelta

from egp.plan.quantity import Interval
from egp.plan.typed_reader import TypedMapping, Words, field, listed
from egp.record.sources.tables import WarehouseTables
from egp.rules.custom.file import CustomRule
from egp.stats.hints import Literal


class When(TypedMapping):
    """Attributes of plans; a plan must have one of the values of each. All but the tier are its author's choice."""

    tier: Words | None = field("Plans of this tier, or of one of these.", "standard")
    type: Words | None = field("Plans of this type.", "rollout")
    risk: Words | None = field("Plans with this answer about risk, beside others or not.", "privacy")
    surfaces: Words | None = field("Plans on a surface that matches this pattern.", "checkout.*")
    layer: Words | None = field("Plans in this layer.", "pdp")
    team: Words | None = field("Plans whose owner is this team.", "pdp")


class Override(TypedMapping):
    paths: tuple[str, ...] = listed("Plans whose path matches one of these patterns.", ["experiments/ml/**"])
    when: When | None = field("Plans with these attributes.")
    extends: tuple[str, ...] = listed("Policies put on top for these plans.", ["egp:ml-launch"])
    rules: dict[str, object] | None = field("Settings of rules for these plans.")
    defaults: object | None = field(
        "What these plans need not say; for plans by path and tier alone.", {"statistics": {"power": "90%"}}
    )


class WaiverTerms(TypedMapping):
    """Who may waive a rule, and for how long."""

    approvers: tuple[str, ...] = listed(
        "Roles that may approve a waiver; without any, every waiver is refused.", ["experimentation_lead"]
    )
    longest: timedelta | None = field(
        "Longest time from the day a waiver is granted to the last day it holds; without it 30 days.", "30d"
    )
    attested_by: Literal["base", "lock"] | None = field(
        "Who says, beside its author, that a waiver was approved: `base` lets one hold once the base branch has it, "
        "`lock` once `egp register` has written it into the lock."
    )


class RolloutFiles(TypedMapping):
    """Files that say what is served in an environment."""

    needs = ("files", "format", "environment")
    files: Words | None = field(
        "Pattern of the files, relative to this one, or several.", "flags/*.flagd.json"
    )
    format: str | None = field("What they are written for, one of the formats of docs/rollouts.md.", "flagd")
    environment: str | None = field("The environment that they are served in.", "production")


class PolicyFile(TypedMapping):
    """A governance policy: which rules apply, how severely, with which thresholds."""

    extends: tuple[str, ...] = listed(
        "Policies this one builds on, the later ones winning.", ["egp:standard"]
    )
    version: str | None = field("Version of the policy, shown in every report.", "2026.2")
    caution: str | None = field(
        "What every report says of plans that this policy judges, or one that builds on it.",
        "no policy to launch on",
    )
    timezone: str | None = field("IANA time zone of the organisation.", "America/Los_Angeles")
    plans: tuple[str, ...] = listed(
        "Patterns of the plans, relative to this file.", ["experiments/**/*.yaml"]
    )
    delegates: tuple[str, ...] = listed(
        "Folders whose plans the policies there judge, above the floor of this one.", ["shop/**"]
    )
    metrics: tuple[str, ...] = listed(
        "Patterns of the files that define metrics, relative to this file.", ["metrics.yaml"]
    )
    defaults: object | None = field(
        "What plans need not say; a list of mappings with `from:` changes it on a day.",
        {"statistics": {"alpha": "5%", "power": "95%"}},
    )
    holdouts: dict[str, object] | None = field(
        "Shared holdout → its share, dates and analysis; plans name it under `holdout.of`.",
        {
            "shop-2026h1": {
                "share": "5%",
                "start": "2026-01-05",
                "until": "2026-06-30",
                "unit": "user",
                "flag": "holdout_2026h1",
            }
        },
    )
    tiers: dict[str, str] | None = field(
        "Pattern of a surface → tier; the first match wins, and tiers named first weigh most.",
        {"checkout.*": "critical", "*": "standard"},
    )
    roles: dict[str, tuple[str, ...]] | None = field(
        "Role → who holds it.", {"experimentation_lead": ["@xp-lead"]}
    )
    calendars: dict[str, tuple[Interval, ...]] | None = field(
        "Calendar → its periods.", {"peak_sale": ["2026-11-20/2026-12-01"]}
    )
    waivers: WaiverTerms | None = field("Who may waive a rule, and for how long.")
    rules: dict[str, object] | None = field("Rule → its severity and options.")
    custom: tuple[CustomRule, ...] = listed("Rules of the organisation's own, without code.")
    overrides: tuple[Override, ...] = listed("Settings for some of the plans; the last match wins.")
    gate: dict[str, object] | None = field(
        "Check of the gate → its options, for all plans.", {"complete-data": {"max_silence": "24h"}}
    )
    rollouts: tuple[RolloutFiles, ...] = listed("Files that say what is served, compared with the plans.")
    not_an_experiment: dict[str, str] | None = field(
        "Flag → why it needs no plan although chance decides whom it serves.",
        {"log_sampling": "one request in a hundred is logged, nobody is treated"},
    )
    sources: WarehouseTables | None = field("Tables that `egp gate --source` computes aggregates from.")
