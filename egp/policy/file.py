"""What a policy file may say."""

# No postponed annotations here: shapes are read from the annotations themselves.

from egp.quantity import Interval
from egp.shape import Shape, field, listed
from egp.sources.tables import WarehouseTables


class When(Shape):
    tier: str | None = field("Plans of this tier.", "standard")


class Override(Shape):
    paths: tuple[str, ...] = listed("Plans whose path matches one of these patterns.", ["experiments/ml/**"])
    when: When | None = field("Plans with these attributes.")
    extends: tuple[str, ...] = listed("Policies put on top for these plans.", ["egp:ml-launch"])
    rules: dict[str, object] | None = field("Settings of rules for these plans.")


class PolicyFile(Shape):
    """A governance policy: which rules apply, how severely, with which thresholds."""

    extends: tuple[str, ...] = listed(
        "Policies this one builds on, the later ones winning.", ["egp:standard"]
    )
    version: str | None = field("Version of the policy, shown in every report.", "2026.2")
    timezone: str | None = field("IANA time zone of the organisation.", "America/Los_Angeles")
    plans: tuple[str, ...] = listed(
        "Patterns of the plans, relative to this file.", ["experiments/**/*.yaml"]
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
    rules: dict[str, object] | None = field("Rule → its severity and options.")
    overrides: tuple[Override, ...] = listed("Settings for some of the plans; the last match wins.")
    sources: WarehouseTables | None = field("Tables that `egp gate --source` computes aggregates from.")
