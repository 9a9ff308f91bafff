"""What a file with tests of a policy may say."""

# No postponed annotations here: shapes are read from the annotations themselves.

from datetime import date

from egp.plan.quantity import Interval
from egp.plan.typed_reader import TypedMapping, field, listed
from egp.policy.file import WaiverTerms


class ExpectedFinding(TypedMapping):
    """A finding that there has to be."""

    needs = ("rule", "at")

    rule: str | None = field("Id of the rule.", "minimum-runtime")
    at: str | None = field(
        "JSON pointer of what it finds, or of the key that the plan lacks.", "/schedule/end"
    )
    severity: str | None = field("What the policy makes of it; any when it is not set.", "error")


class PolicyTest(TypedMapping):
    """A plan, and what the policy has to say of it. Rules that the test does not name may say anything."""

    needs = ("name",)

    name: str | None = field("What the test shows, in a few words.", "13 days are too short")
    plan: object | None = field(
        "What differs from a sound plan; `null` takes a key away.", {"schedule": {"end": "2023-02-04"}}
    )
    others: tuple[object, ...] = listed("Further plans of the portfolio, in the same manner.")
    as_of: date | None = field("The day on which is judged; else 2023-01-17.", "2023-01-17")
    registered: date | None = field(
        "When the lock has the plan registered; else it is not registered.", "2023-01-17"
    )
    alone: str | None = field(
        "Judge by this rule alone, where another one would say the same in its place.", "weekly-cycles"
    )
    settings: dict[str, dict[str, object]] | None = field(
        "Rule → options on top of the policy's, where another option would hide what the test shows.",
        {"significance-level": {"alpha": "10%"}},
    )
    path: str | None = field("Where the plan lies, as overrides see it.", "experiments/plan.yaml")
    tier: str | None = field("The plan's tier, whatever its surfaces.", "critical")
    expect: object | None = field(
        "What has to be found: a list of findings, or `none` for nothing at all.",
        [{"rule": "minimum-runtime", "at": "/schedule/end"}],
    )
    passes: tuple[str, ...] = listed("Rules that have to be checked, and to find nothing.", ["whole-weeks"])


class Given(TypedMapping):
    """What an organisation says that builds on the policy, where the policy leaves it open."""

    tiers: dict[str, str] | None = field("Pattern of a surface → tier.", {"checkout.*": "critical"})
    roles: dict[str, tuple[str, ...]] | None = field("Role → who holds it.")
    calendars: dict[str, tuple[Interval, ...]] | None = field("Calendar → its periods.")
    waivers: WaiverTerms | None = field("Who may waive a rule, and for how long.")


class PolicyTests(TypedMapping):
    """Tests of the policy beside which the file lies: `egp.test.yaml` of `egp.yaml`."""

    given: Given | None = field("What holds in every test.")
    tests: tuple[PolicyTest, ...] = listed("The tests.")
