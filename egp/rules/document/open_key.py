"""Every key that is written has a value.

An empty key is a question that its author meant to answer: `egp new` leaves one wherever only a person can. It reads as if the
key were not there, so that what it was to say is said by nobody. A key that was meant to say nothing is removed, or is `null`.
`TODO`, `TBD` and `<a template>` are no answers either: as a name or a source they would pass for one.

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

Fails at `/layer`, saying "layer is left open (TODO)":

```yaml
layer: TODO
```

Fails at `/eligible_units/source`, saying "eligible_units.source is left open":

```yaml
eligible_units: {source: "TODO: ask for the query"}
```

Fails at `/surfaces/0`, saying "surfaces[0] is left open":

```yaml
surfaces: [<surface>]
```

Passes:

```yaml
x-review: "TODO: ask marketing"
title: Tbilisi sees today's deals first
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from egp.plan.analysis.statements import NOTES_BEGIN, stands_in
from egp.plan.finding import Finding
from egp.plan.quantity import shown
from egp.plan.typed_reader import label
from egp.rules.rule_inputs import PlanFile
from egp.yaml import Key, Path


def check(file: PlanFile) -> Iterator[Finding]:
    for path, value in _without_answer(file.document.value):
        if value is not None or file.document.scalar(path) == "":
            note = "" if value is None else shown(value)
            yield Finding(
                path,
                f"{label(path)} is left open ({note})" if note else f"{label(path)} is left open",
                observed=note or "nothing",
                required="a value",
                help="state it, or remove the key",
                yields_in_place=True,
            )


def _without_answer(value: object) -> list[tuple[Path, str | None]]:
    """Where a value is missing, and where only a note stands, in the order of the file."""
    found: list[tuple[Path, str | None]] = []
    _look_into(value, (), found)
    return found


def _look_into(value: object, path: Path, found: list[tuple[Path, str | None]]) -> None:
    """Most values are scalars, and they are not looked at one by one in a call of their own: there are a hundred in a plan."""
    if value.__class__ is dict:
        members: Iterable[tuple[Key, object]] = value.items()
    elif value.__class__ is list:
        members = enumerate(value)
    else:
        return
    for key, item in members:
        if item is None:
            found.append(((*path, key), None))
        elif item.__class__ is str:
            if item[:1] in NOTES_BEGIN and stands_in(item) and not _is_ones_own((*path, key)):
                found.append(((*path, key), item))
        elif item.__class__ is dict or item.__class__ is list:
            _look_into(item, (*path, key), found)


def _is_ones_own(path: Path) -> bool:
    """Whether it stands below a key that egp reads nothing of."""
    return any(isinstance(key, str) and key.startswith("x-") for key in path)
