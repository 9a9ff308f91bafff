"""The message that goes out with a rollback is written beforehand.

A rollback that is explained while it happens is explained late, and the risk of one looks larger than it is. The plan
names the template of the message in `rollback.comms`, as a path inside the repository, so that it is reviewed with
the plan. egp looks at the path, not at the file.

Passes:

```yaml
rollback: {comms: comms/rollback.md}
```

Fails at `/rollback/comms`, saying "names no template":

```yaml
rollback: {comms: null}
```

Fails at `/rollback/comms`, saying "names no template":

```yaml
rollback: {comms: "..."}
```

Fails at `/rollback/comms`, saying "outside the repository":

```yaml
rollback: {comms: ../elsewhere/rollback.md}
```

Fails at `/rollback/comms`, saying "outside the repository":

```yaml
rollback: {comms: "https://wiki.example.com/rollback"}
```

Fails at `/rollback/comms`, saying "outside the repository":

```yaml
rollback: {comms: /etc/motd}
```

Not checked without `/rollback`.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.analysis.statements import stated
from egp.plan.experiment import Experiment
from egp.plan.finding import Finding, need
from egp.plan.quantity import shown
from egp.plan.remedy import setting

_COMMS = ("rollback", "comms")


def check(plan: Experiment) -> Iterator[Finding]:
    comms = stated(need(plan.rollback, "rollback").comms)
    if not comms:
        message, observed = "the rollback names no template of the message that goes out", "missing"
    elif comms[0] in "/~" or ":" in comms or ".." in comms.replace("\\", "/").split("/"):
        message, observed = f"{shown(comms)} lies outside the repository", shown(comms)
    else:
        return
    yield Finding(
        _COMMS,
        message,
        observed=observed,
        required="a path in the repository",
        remedies=[setting(_COMMS, "comms/rollback.md", ", or another path of the template")],
    )
