"""What is ramped is the build that was tested.

A readout says nothing about a build that nobody tested. The results name the build that is served, each stage of the
ledger may name its own, and the pipeline says with `--treatment-revision` which one it is about to serve. All of them
are the plan's `revision`, or the `revision` of one of its variants. A stage that names no build served that of the results;
where neither names one, nobody knows what was served, and the check is not passed. Another build starts at the beginning: with the
canary, or with a registered experiment of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.gate.reading import Reading
from egp.gate.readout import Readout
from egp.plan.quantity import shown
from egp.plan.results import stage_name
from egp.plan.wording import listing
from egp.rules.rule import Params


def check(readout: Readout, params: Params) -> Iterator[Reading]:  # noqa: ARG001
    plan, results = readout.plan, readout.evidence.results
    stated = [plan.revision, *(variant.revision for variant in plan.variants or ())]
    approved = {_plain(build): build.strip() for build in stated if build and build.strip()}
    if not approved:
        message = "the plan does not say which build it is about"
        yield Reading("not_checked", message, kind="repair", next="name the build as `revision` in the plan")
        return
    stages = {stage_name(stage.treated or 0.0): stage.revision for stage in results.stages}
    of_results = results.revision if results.revision and results.revision.strip() else None
    without = [name for name, build in stages.items() if not (build and build.strip())]
    is_unsaid = of_results is None and (bool(without) or not stages)
    if is_unsaid:
        message = "the results do not say which build is served" + (
            f" in {listing(without)}" if without else ""
        )
        yield Reading("not_checked", message, kind="repair", next="add `revision:` to the results")
    served = [("the results are of", of_results)]
    served += [(f"the stage {name} served", build) for name, build in stages.items()]
    served += [("the pipeline is about to serve", readout.treatment_revision)]
    known = [(where, build.strip()) for where, build in served if build and build.strip()]
    foreign = [(where, build) for where, build in known if _plain(build) not in approved]
    names = listing(sorted(map(shown, approved.values())), "or")
    for where, build in foreign:
        yield Reading(
            "fail",
            f"{where} {shown(build)}, and the plan was tested with {names}",
            observed=shown(build),
            required=names,
            kind="repair",
            next=f"serve {names}; another build restarts at the canary, with a plan that names it",
        )
    if not foreign and not is_unsaid:
        yield Reading("pass", f"the build is {names} throughout", observed=names, required=names)


def _plain(build: str) -> str:
    """Builds that differ in spaces around them or in capitals are one build."""
    return build.strip().casefold()


PLAIN = "what is served is not what was tested"
"""What it means that the check is open, for people who read no statistics."""
