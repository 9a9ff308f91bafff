"""What is ramped is the build that was tested.

A readout says nothing about a build that nobody tested. The results name the build that is served, each stage of the
ledger may name its own, and the pipeline says with `--treatment-revision` which one it is about to serve. All of them
are the plan's `revision`, or the `revision` of one of its variants. Another build starts at the beginning: with the
canary, or with a registered experiment of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.quantity import shown
from egp.results import stage_name
from egp.rule import Params
from egp.wording import listing


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    plan, results = readout.plan, readout.evidence.results
    approved = {plan.revision, *(variant.revision for variant in plan.variants or ())} - {None}
    if not approved:
        message = "the plan does not say which build it is about"
        yield Reading("not_checked", message, kind="repair", next="name the build as `revision` in the plan")
        return
    if results.revision is None and not results.stages:
        message = "the results do not say which build is served"
        yield Reading("not_checked", message, kind="repair", next="add `revision:` to the results")
        return
    served = [("the results are of", results.revision)]
    served += [
        (f"the stage {stage_name(stage.treated or 0.0)} served", stage.revision) for stage in results.stages
    ]
    served += [("the pipeline is about to serve", readout.treatment_revision or None)]
    foreign = [(where, build) for where, build in served if build is not None and build not in approved]
    names = listing(sorted(shown(build) for build in approved if build), "or")
    if not foreign:
        yield Reading("pass", f"the build is {names} throughout", observed=names, required=names)
    for where, build in foreign:
        yield Reading(
            "fail",
            f"{where} {shown(build)}, and the plan was tested with {names}",
            observed=shown(build),
            required=names,
            kind="repair",
            next=f"serve {names}; another build restarts at the canary, with a plan that names it",
        )
