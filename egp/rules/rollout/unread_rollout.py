"""What is served stands in the file, or is known to be computed elsewhere.

What Terraform, Helm, Kustomize or CUE compute, and what lies with the platform, egp cannot compare with a plan. That is no
finding about the rollout; it is said so that nobody takes silence for a comparison. Of a flag that a plan names, the rules
that need the part say themselves that they are not checked.

Passes with `is_planned: true, reason: "it is computed by Terraform"`:

```yaml
id: sound-plan
```

Fails at `text` with `is_planned: false, reason: "it is computed by Terraform"`, saying "not compared: it is computed by Terraform":

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.rules.rule_inputs import UnreadRollout


def check(part: UnreadRollout) -> Iterator[Finding]:
    unread = part.unread
    if part.is_planned:
        return
    what = f"{shown(unread.flag)} is" if unread.flag else "this is"
    yield Finding(
        unread.at,
        f"{what} not compared: {unread.reason}",
        observed="not compared",
        required="what is served",
        help="name the files that are served, rendered where they are templates",
    )
