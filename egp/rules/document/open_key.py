"""Every key that is written has a value.

An empty key is a question that its author meant to answer: `egp new` leaves one wherever only a person can. It reads as if the
key were not there, so that what it was to say is said by nobody. A key that was meant to say nothing is removed, or is `null`.

Passes:

```yaml
layer: pdp
```

Fails at `/layer`, saying "layer is left open" (whole file):

```yaml
id: open
type: superiority
layer:                # TODO the traffic it shares with other experiments
title: A key without its value
```

Fails at `/owner/team`, saying "owner.team is left open" (whole file):

```yaml
id: open
owner: {team: , dri: "@pdp-pm"}
```

Passes:

```yaml
layer: null
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import Finding
from egp.plan.typed_reader import label
from egp.rules.rule_inputs import PlanFile
from egp.yaml import Path


def check(file: PlanFile) -> Iterator[Finding]:
    for path in _without_value(file.document.value, ()):
        if file.document.scalar(path) == "":
            yield Finding(
                path,
                f"{label(path)} is left open",
                observed="nothing",
                required="a value",
                help="state it, or remove the key",
                yields_in_place=True,
            )


def _without_value(value: object, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _without_value(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _without_value(item, (*path, at))
    elif value is None and path:
        yield path
