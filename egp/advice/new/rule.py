"""The module of a new rule: a page whose examples pass, to be rewritten example by example."""

from __future__ import annotations

import os
import re

from egp.advice.new.files import NewError
from egp.rules.rule import FAMILIES, index

_RULE_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

_TEXT = '''\
"""The plan links what was written about the experiment.

Say here in one sentence why that matters: it is the `why:` line of every finding of this rule. Then say what
the rule compares or recomputes, and what it leaves to others. The examples are changes to a sound plan.

Passes:

```yaml
links: ["https://example.com/brief"]
```

Fails at `/links`, saying "the plan has no link; the policy requires 1":

```yaml
links: []
```

Fails at `/links` with `at_least: 2`, saying "the plan has 1 link; the policy requires 2":

```yaml
links: ["https://example.com/brief"]
```
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from egp.rules import rule
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding
from egp.plan.wording import counted


class Params(rule.Params):
    at_least: Annotated[int, "links every plan must have"] = 1


def check(plan: Experiment, params: Params) -> Iterator[Finding]:
    found = len(plan.links)
    if found < params.at_least:
        yield Finding(
            ("links",),
            f"the plan has {counted(found, 'link') if found else 'no link'}; the policy requires {params.at_least}",
            observed=counted(found, "link"),
            required=counted(params.at_least, "link"),
            help="add the missing links under `links`",
        )
'''


def rule_text() -> str:
    """A whole rule, small enough to be replaced line by line."""
    return _TEXT


def rule_path(rule_id: str, family: str, folder: str) -> str:
    """Where the rule belongs in egp's source tree below the folder. Raises NewError."""
    require_rule_id(rule_id)
    families = os.path.join(folder, "egp", "rules")
    if not os.path.isdir(families):
        raise NewError("there is no folder egp/rules here", "run this in egp's source tree, or give -o FILE")
    if family not in FAMILIES:
        raise NewError(f"{family!r} is no family of rules", f"families are {', '.join(FAMILIES)}")
    return os.path.join(families, family, rule_id.replace("-", "_") + ".py")


def require_rule_id(rule_id: str) -> None:
    """Raises NewError for an id that cannot be one, or that a rule has."""
    if not _RULE_ID.fullmatch(rule_id):
        raise NewError(
            f"{rule_id!r} cannot be the id of a rule", "write words of small letters with `-` between"
        )
    if rule_id in index():
        raise NewError(f"there is a rule {rule_id} already", f"egp explain {rule_id}")
