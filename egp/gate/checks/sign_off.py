"""Every sign-off that the launch rests on is attested by the lock.

A line in a plan is typed in a second; what the lock attests was there when the plan was registered and went through
the review of the lock. The roles that have to sign are those of the policy's rule sign-offs. A sign-off that was added
or changed since is attested by registering the plan again.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.quantity import shown
from egp.plan.wording import listing
from egp.policy.model import adopting
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    if readout.move.kind == "monitor":
        return
    unsigned = list(_unsigned(readout))
    yield from unsigned
    entry = readout.registration
    if entry is None:
        message = "without an entry in the lock no sign-off is attested"
        yield Reading("not_checked", message, required="sign-offs in the lock", kind="repair")
        return
    named = [(each.role or "", each.by or "", each.on) for each in readout.plan.sign_offs]
    missing = [(role, by) for role, by, on in named if not entry.attests(role, by, on)]
    for role, by in missing:
        yield Reading(
            "fail",
            f"the sign-off of {shown(role)} ({shown(by)}) is not attested by the lock",
            observed="in the plan only",
            required="in the plan and in the lock",
            kind="repair",
            next="register the plan again, and have the lock reviewed",
        )
    if not unsigned and not missing:
        roles = listing(shown(role) for role, _, _ in named)
        signed = f"signed by {roles}, attested by the lock" if roles else "nobody has to sign, and nobody did"
        yield Reading("pass", signed, observed=roles or "no sign-off")


def _unsigned(readout: Readout) -> Iterator[Reading]:
    adopted = adopting(readout.rules, "signing_roles")
    if adopted is None:
        return
    for finding in adopted.rule.check(readout.plan, adopted.params, readout.organisation):
        yield Reading(
            "fail",
            finding.message,
            observed=finding.observed,
            required=finding.required,
            kind="repair",
            next=finding.help,
        )


PLAIN = "a sign-off is missing"
"""What it means that the check is open, for people who read no statistics."""
