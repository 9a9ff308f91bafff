"""Every stage in the ledger was entered by a receipt that says proceed.

The ledger is what the next question to the gate rests on: a stage that it has need not be entered again. An entry that no
receipt stands behind is a raise that nobody judged, and so is one whose receipt judged another instant than that of its call
(`--as-of`), which opens nothing. `egp enter` judges and writes in one step. An emergency that does not
wait for it (`egp enter --emergency`) has an approver and a last day in its entry: until then it is waived, and afterwards the stage needs the
gate's word, or to be lowered.

Passes with `ledger: [{kind: enter, treated: 70%, verdict: proceed, receipt: "sha256:1"}]`:
Passes with `ledger: [{kind: rollback, treated: 0%}]`:

```yaml
id: sound-plan
```

Fails at `text` with `ledger: [{kind: enter, treated: 70%}]`, saying "70 % was entered without a receipt":
Fails at `text` with `ledger: [{kind: enter, treated: 70%, verdict: hold, receipt: "sha256:1"}]`, saying "and its receipt says hold":
Fails at `text` with `ledger: [{kind: enter, treated: 70%, verdict: proceed, receipt: "sha256:1", judged: "2023-02-07T08:00:00-08:00", as_if: true}]`, saying "as if it were 2023-02-07":

```yaml
id: sound-plan
```

Fails at `text` with `ledger: [{kind: enter, treated: 70%, approver: "@xp-lead", role: experimentation_lead, expires: 2023-02-10, reason: refunds}]`, saying "approved by @xp-lead until 2023-02-10":

```yaml
id: sound-plan
```

Passes with `ledger: [{kind: enter, treated: 70%, approver: "@xp-lead", role: experimentation_lead, expires: 2023-02-10, reason: refunds}, {kind: rollback, treated: 0%}]`:

```yaml
id: sound-plan
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import as_day, shown
from egp.plan.wording import share_text
from egp.record.emergencies import emergencies, entry_path
from egp.rules.rule_inputs import ServedFlag

if TYPE_CHECKING:
    from egp.record.ledger import LedgerEntry

PROCEED = "proceed"


def check(served: ServedFlag) -> Iterator[Finding]:
    if served.ledger is None or not served.ledger.is_there:
        raise DoesNotApply
    for emergency in emergencies(served.ledger):
        if not emergency.is_settled:
            yield Finding(
                served.rollout.flag.at,
                emergency.sentence(served.as_of),
                observed="no receipt",
                required=PROCEED,
                help=f"enter {share_text(emergency.share)} with `egp enter`, or lower it",
                speaks_for=(entry_path(emergency.number),),
                related=served.beside("the plan's stages", "ramp"),
            )
    for number, entry in enumerate(served.ledger.entries, start=1):
        if entry.kind != "enter" or entry.is_judged or entry.is_emergency:
            continue
        share, (why, observed) = share_text(entry.treated or 0.0), _lacking(entry)
        yield Finding(
            served.rollout.flag.at,
            f"{share} was entered {why} (entry {number} of the ledger)",
            observed=observed,
            required=PROCEED,
            help="lower to the stage before, and enter it with `egp enter`",
            related=served.beside("the plan's stages", "ramp"),
        )


def _lacking(entry: LedgerEntry) -> tuple[str, str]:
    """Why the gate does not stand behind an entry, and in short."""
    if not entry.receipt:
        return "without a receipt", "no receipt"
    if entry.verdict != PROCEED:
        return f"and its receipt says {shown(entry.verdict)}", shown(entry.verdict)
    day = f" {as_day(entry.judged)}" if entry.judged else " another instant"
    return f"as if it were{day}, which opens nothing", "another instant"


ACTOR = "approvers"
"""Who has to act on it."""


IS_WAIVED_IN_EMERGENCY = True
"""A raise that somebody answers for does not wait for the gate."""
