"""A shared holdout that a plan names is one of the policy.

Whoever names a holdout takes its share, its last day and its units from it. A name that the policy does not have keeps nobody out:
the plan treats everybody, and the others of the holdout measure against people who were treated.

Passes with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Fails at `/holdout/of` with `holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "did you mean shop-2023h1?":

```yaml
holdout: {of: shop-2023-h1, share: null, until: null}
```

Fails at `/holdout/of`, saying "the policy has no shared holdout shop-2023h1":

```yaml
holdout: {of: shop-2023h1, share: null, until: null}
```

Does not apply to the sound plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.experiment import Experiment
from egp.plan.finding import DoesNotApply, Finding
from egp.plan.quantity import shown
from egp.plan.remedy import setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import listing

needs = ("shared_holdout",)

AT = ("holdout", "of")


def check(plan: Experiment) -> Iterator[Finding]:
    name = plan.shared_holdout
    if not name:
        raise DoesNotApply
    known = plan.supplied.holdouts if plan.supplied else {}
    if name in known:
        return
    meant = nearest(name, known)
    hint = f", did you mean {shown(meant)}?" if meant else ""
    others = (
        f"one of {listing(map(shown, known), 'or')}" if known else "a holdout under `holdouts:` of the policy"
    )
    yield Finding(
        AT,
        f"the policy has no shared holdout {shown(name)}{hint}",
        observed=shown(name),
        required=others,
        remedies=[setting(AT, meant)] if meant else (),
        help="" if meant else "have it defined in the policy first, or keep a holdout of the plan's own",
    )
