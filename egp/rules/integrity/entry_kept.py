"""The entry of an experiment in the lock is never deleted.

What was registered is remembered when its plan was removed long ago: nobody can run it again under the same id as if it were new,
and nobody can make a result that displeased go away. An experiment that is over is archived with
`egp register --archive`; its plan may go then, and the entry stays.

Fails at `` with `is_unregistered: true, lock: {digest: plan}`, saying "sound-plan, registered on 2023-01-17, is missing from the lock":

Passes with `lock: {digest: plan}`:

```yaml
{}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.rules.rule_inputs import Removal

yields_to = frozenset({"deleted-while-running"})


def check(removal: Removal) -> Iterator[Finding]:
    if removal.lock is None:
        raise DoesNotApply
    if removal.is_unregistered:
        yield Finding(
            (),
            f"{shown(removal.id)}, registered on {removal.lock.registered}, is missing from the lock",
            observed="no entry",
            required=f"the entry of {removal.lock.registered}",
            help="restore the entry from the base; to put an experiment that is over away: egp register --archive",
        )


ACTOR = "registrar"
"""Who has to act on it."""
