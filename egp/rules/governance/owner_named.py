"""One person or role is responsible for the experiment.

When two people own an experiment, each waits for the other on the evening it goes wrong. `owner.dri` names the one
directly responsible individual, as a role or handle; the team stands beside it in `owner.team`. A list of names, a
placeholder and the team's own name are not one person.

Passes:

```yaml
owner: {team: pdp, dri: "@pdp-pm"}
```

Passes:

```yaml
owner: {dri: head of search}
```

Fails at `/owner`, saying "names no owner":

```yaml
owner: null
```

Fails at `/owner/dri`, saying "names no responsible person":

```yaml
owner: {dri: null}
```

Fails at `/owner/dri`, saying "names several":

```yaml
owner: {dri: "@pdp-pm, @pdp-ds"}
```

Fails at `/owner/dri`, saying "names several":

```yaml
owner: {dri: the PM and the analyst}
```

Fails at `/owner/dri`, saying "names nobody":

```yaml
owner: {dri: TBD}
```

Fails at `/owner/dri`, saying "names nobody":

```yaml
owner: {dri: "@..."}
```

Fails at `/owner/dri`, saying "is the team":

```yaml
owner: {team: pdp, dri: "@PDP"}
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egp.plan.analysis.people import identity
from egp.plan.analysis.statements import somebody
from egp.plan.experiment import Experiment, Owner
from egp.plan.finding import Finding

SEPARATOR = r"(?is)[,;&+|\n]|@.*@|\b(?:and|or)\b"


def check(plan: Experiment) -> Iterator[Finding]:
    if plan.owner is None:
        advice = "add `owner:` with one person or role as `dri:`, beside the `team:`"
        yield _unnamed(("owner",), "the plan names no owner", advice)
        return
    problem = _problem(plan.owner)
    if problem:
        advice = "name one person or role as `dri`; the others belong to the team"
        yield _unnamed(("owner", "dri"), problem, advice)


def _problem(owner: Owner) -> str:
    dri = (owner.dri or "").strip()
    if not dri:
        return "the owner names no responsible person"
    if not _is_handle(dri) and re.search(SEPARATOR, dri):
        return "`dri` names several people; one of them is responsible"
    if not somebody(dri):
        return "`dri` names nobody yet"
    if owner.team and identity(dri) == identity(owner.team):
        return "`dri` is the team; one person or role in it is responsible"
    return ""


def _is_handle(name: str) -> bool:
    """Whether a name is one handle, as most are, for which no pattern has to be compiled."""
    parts = name[1:].casefold().split("-")
    return (
        name[:1] == "@"
        and all(part.replace("_", "a").isalnum() for part in parts)
        and not {"and", "or"} & {*parts}
    )


def _unnamed(at: tuple[str, ...], message: str, advice: str) -> Finding:
    return Finding(at, message, observed="no single owner", required="one person or role", help=advice)
