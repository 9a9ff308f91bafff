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

from collections.abc import Iterable, Iterator

from egp.plan.finding import Finding
from egp.plan.typed_reader import label
from egp.rules.rule_inputs import PlanFile
from egp.yaml import Key, Path


def check(file: PlanFile) -> Iterator[Finding]:
    for path in _without_value(file.document.value):
        if file.document.scalar(path) == "":
            yield Finding(
                path,
                f"{label(path)} is left open",
                observed="nothing",
                required="a value",
                help="state it, or remove the key",
                yields_in_place=True,
            )


def _without_value(value: object) -> list[Path]:
    """Where a value is missing, in the order of the file."""
    found: list[Path] = []
    _look_into(value, (), found)
    return found


def _look_into(value: object, path: Path, found: list[Path]) -> None:
    """Most values are scalars, and they are not looked at one by one in a call of their own: there are a hundred in a plan."""
    if value.__class__ is dict:
        members: Iterable[tuple[Key, object]] = value.items()
    elif value.__class__ is list:
        members = enumerate(value)
    else:
        return
    for key, item in members:
        if item is None:
            found.append((*path, key))
        elif item.__class__ is dict or item.__class__ is list:
            _look_into(item, (*path, key), found)
