"""What a policy file may say under ``custom:``."""

# No postponed annotations here: shapes are read from the annotations themselves.

from egp.plan.typed_reader import Name, TypedMapping, field, listed
from egp.stats.hints import Literal


class CustomTest(TypedMapping):
    """A change to a sound plan, and what the rule has to say of it."""

    needs = ("expect",)

    plan: object | None = field(
        "What differs from a sound plan; `null` takes a key away.", {"sign_offs": None}
    )
    expect: Literal["passes", "fails", "not_checked", "does_not_apply"] | None = field(
        "What the rule has to say.", "fails"
    )
    at: str | None = field("JSON pointer of the finding, or of the missing input.", "/sign_offs")
    tier: str | None = field("The plan's tier.", "critical")


class CustomRule(TypedMapping):
    """A rule of the organisation's own: an expression that must hold, or a JSON Schema that must fit."""

    needs = ("id", "message")

    id: Name | None = field("Name of the rule, in kebab-case; no other rule has it.", "checkout-needs-legal")
    severity: Literal["error", "warning", "info", "shadow", "off"] | None = field(
        "What a finding weighs; error when it is not set.", "error"
    )
    waivable: bool | None = field(
        "Whether an approver may set the rule aside; true when it is not set.", True
    )
    when: str | None = field(
        "CEL expression: which plans the rule applies to; all when it is not set.",
        "plan.surfaces.exists(s, s.startsWith('checkout'))",
        prose=True,
    )
    require: str | None = field(
        "CEL expression over `plan` and `tier` that must be true.",
        "plan.sign_offs.exists(s, s.role == 'legal')",
        prose=True,
    )
    json_schema: object | None = field(
        "JSON Schema (draft 2020-12) that the part of the plan at `at` must fit, or the path of a file with one.",
        "schemas/owner.schema.json",
        key="schema",
    )
    at: str | None = field("JSON pointer of the place where a finding is reported.", "/sign_offs")
    message: str | None = field(
        "What is wrong, in one line.",
        "a plan that touches the checkout is not signed by legal",
        prose=True,
    )
    help: str | None = field(
        "The smallest change that passes.", "add a sign-off of the role `legal`", prose=True
    )
    why: str | None = field("Why the organisation requires it.", "Checkout texts are a contract.", prose=True)
    tests: tuple[CustomTest, ...] = listed("Plans, and what the rule has to say of them.")
