"""What the lock says of an experiment: its registration, sign-offs, amendments and decisions."""

# No postponed annotations here: shapes are read from the annotations themselves.

from datetime import date

from egp.plan.results import FrozenReadout
from egp.plan.typed_reader import TypedMapping, field, listed, read
from egp.stats.hints import Any, Literal, TypeVar

S = TypeVar("S", bound=TypedMapping)


class Signed(TypedMapping):
    """A sign-off that the lock attests."""

    needs = ("role", "by")
    role: str | None = field("Role that signed.", "experimentation_lead")
    by: str | None = field("Who signed.", "@xp-lead")
    on: date | None = field("The date of the sign-off.", "2023-01-17")


class PinnedPolicy(TypedMapping):
    """The policy that a plan was registered under."""

    needs = ("name", "digest")
    name: str | None = field("Name of the policy, or its file relative to the lock.", "egp:standard")
    version: str | None = field("Version that the policy states.", "2026.2")
    digest: str | None = field("Digest of the policy's files.")


class SuppliedThen(TypedMapping):
    """What completed a plan when it was registered or last amended."""

    defaults: dict[str, object] | None = field("What the policy's defaults added, as they wrote it.")
    metrics: dict[str, object] | None = field(
        "Metric → what the catalogue stated of it, and the digest of its definition."
    )
    population: str | None = field("Digest of who is in the population that the plan names.")
    holdout: dict[str, str] | None = field(
        "Of the shared holdout that the plan is in: name, share, last day, and the digest of its definition."
    )
    holdout_terms: dict[str, object] | None = field("What that definition said, as the policy wrote it.")


class Amended(TypedMapping):
    """A change of material fields after registration."""

    needs = ("digest", "on")
    digest: str | None = field("Digest of the plan after the amendment.")
    on: date | None = field("When it was amended.", "2023-01-30")
    data_access: Literal["nothing_run", "no_results_seen", "results_seen"] | None = field(
        "What was known of the results then."
    )
    analysis: int | None = field("Number of the analysis that the plan is judged by since.", 2)


class Waived(TypedMapping):
    """A waiver that the lock attests."""

    needs = ("rule", "waiver", "on")
    rule: str | None = field("Rule that is waived.", "stage-dwell")
    approver: str | None = field("Who approved it.", "@xp-lead")
    expires: date | None = field("Last day it holds.", "2023-02-16")
    on: date | None = field("When it was attested.", "2023-01-17")
    waiver: str | None = field("Digest of all that the waiver says.")


class Overruled(TypedMapping):
    """A closed option that was chosen all the same: who did, and why."""

    needs = ("role", "because", "closed")
    role: str | None = field("Role that overruled.", "vp_commerce")
    by: str | None = field("Who overruled.", "@vp")
    because: str | None = field("Why.", prose=True)
    closed: str | None = field("Why the option was closed then.", "the gate says roll back", prose=True)


class RecordedPosition(TypedMapping):
    """What somebody wants done, and what it would take for them to agree to something else."""

    needs = ("role", "on", "wants")
    role: str | None = field("Role that holds it.", "marketing_director")
    by: str | None = field("Who holds it.", "@mkt")
    on: date | None = field("When.", "2023-03-01")
    wants: str | None = field("What they want done.", "roll back", prose=True)
    because: str | None = field("Why.", prose=True)
    agrees_if: str | None = field("What it would take for them to agree.", prose=True)


class Decided(TypedMapping):
    """What people decided on an experiment, why, and who disagreed and committed."""

    needs = ("option", "role", "on", "because", "plan")
    option: str | None = field(
        "The option, as a letter of the brief or as the plan's decision rule has it.", "B"
    )
    means: str | None = field("What the letter stood for then.", "roll back", prose=True)
    role: str | None = field("Role that decided.", "experimentation_lead")
    by: str | None = field("Who decided.", "@xp-lead")
    on: date | None = field("When.", "2023-03-02")
    because: str | None = field("Why.", prose=True)
    dissent: str | None = field("What somebody held against it before committing to it.", prose=True)
    plan: str | None = field("Digest of the plan that was decided on.")
    receipt: str | None = field("Digest of the gate's receipt that it rests on.")
    readout: FrozenReadout | None = field("Rows of a look that the gate judges by from then on.")
    checkpoint: date | None = field(
        "Half way through a delay: without the repair by then the narrower launch takes its place.",
        "2023-09-04",
    )
    overruled: Overruled | None = field("Who chose an option that was closed, and why.")


class Registration(TypedMapping):
    """An experiment's entry in the lock."""

    needs = ("path", "digest", "registered", "policy")
    path: str | None = field("The plan's file, relative to the lock.", "experiments/pdp-buy-now.yaml")
    digest: str | None = field("Digest of the plan as it was registered.")
    registered: date | None = field("When the plan was registered.", "2023-01-17")
    analysis: int | None = field("Number of the analysis that the plan was registered for; without it 1.", 2)
    policy: PinnedPolicy | None = field("The policy in force then.")
    supplied: SuppliedThen | None = field("What completed the plan that its digest is of.")
    signed: tuple[Signed, ...] = listed("Sign-offs the plan had.")
    amended: tuple[Amended, ...] = listed("Amendments since, in order.")
    waived: tuple[Waived, ...] = listed("Waivers that hold, where the policy has the lock attest them.")
    decisions: tuple[Decided, ...] = listed("Decisions on the experiment, in order.")
    positions: tuple[RecordedPosition, ...] = listed("What those who have a say want, in order.")
    archived: date | None = field(
        "When the experiment was put away; its plan may be removed since.", "2024-01-08"
    )

    @property
    def current_digest(self) -> str:
        """Digest that the plan must have today: of its last amendment, or of its registration."""
        return (self.amended[-1].digest if self.amended else self.digest) or ""

    @property
    def current_analysis(self) -> int:
        """Number of the analysis that the plan is to be judged by: of its last amendment that names one."""
        named = [each.analysis for each in self.amended if each.analysis is not None]
        return named[-1] if named else self.analysis or 1

    def attests(self, role: str | None, by: str | None, on: date | None) -> bool:
        """Whether this sign-off was there when the plan was registered or registered again."""
        return any(
            signed.role == role and signed.by == by and signed.on in (None, on) for signed in self.signed
        )


def made(mapping_type: type[S], **values: Any) -> S:
    """A part of a lock with these values, the others at their defaults."""
    part = read(mapping_type, {})
    part.__dict__.update(values)
    return part


def said(value: object) -> object:
    """A part of a lock as a mapping of what it says; equal where the parts say the same."""
    if isinstance(value, TypedMapping):
        stated = ((each, getattr(value, attribute)) for each, attribute, _, _ in type(value).fields())
        return {each: said(item) for each, item in stated if item not in (None, ())}
    return [said(item) for item in value] if isinstance(value, tuple) else value
