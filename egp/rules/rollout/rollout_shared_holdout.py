"""The flags of a shared holdout keep out the same units, those of the holdout's own flag.

Every launch could leave five per cent of the units alone and no unit would be left alone by all of them: each flag hashes with a salt
of its own. So the holdout has one flag, which hashes once, and the flags of the plans require it; or, where a format knows no
prerequisites, their targeting names that flag or its salt. Of the flag itself the share, the unit and the salt are compared.
What a condition makes of the name is not evaluated, nor which variant of the holdout's flag is required.

Passes with `format: growthbook, holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`:

```yaml
holdout: {of: shop-2023h1}
---
features: [{id: pdp_buy_now, defaultValue: "control", environments: {production: {enabled: true, defaultValue: "control", rules: [{type: force, enabled: true, value: buy_now, prerequisites: [{id: holdout_2023h1, condition: '{"value": true}'}]}]}}}]
```

Fails at `text` with `format: growthbook, holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: holdout_2023h1}}`, saying "does not require holdout_2023h1":

```yaml
holdout: {of: shop-2023h1}
---
features: [{id: pdp_buy_now, defaultValue: "control", environments: {production: {enabled: true, defaultValue: "control", rules: [{type: rollout, enabled: true, value: buy_now, coverage: 0.9, hashAttribute: user_id}]}}}]
```

Fails at `text` with `is_planned: false, keeps: shop-2023h1, holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: pdp_buy_now}}`, saying "the shared holdout shop-2023h1 keeps 10 %":

```yaml
holdout: {of: shop-2023h1}
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {held: 0, released: 1}, defaultVariant: held, targeting: {fractional: [[held, 5], [released, 95]]}}
```

Fails at `text` with `is_planned: false, keeps: shop-2023h1, holdouts: {shop-2023h1: {share: 10%, start: 2023-01-02, until: 2023-06-30, unit: user, flag: pdp_buy_now, salt: holdout-2023}}`, saying "hashes pdp_buy_now":

```yaml
holdout: {of: shop-2023h1}
---
flags:
  pdp_buy_now: {state: ENABLED, variants: {held: 0, released: 1}, defaultVariant: held, targeting: {fractional: [[held, 10], [released, 90]]}}
```

Does not apply:

```yaml
id: sound-plan
```
"""

from __future__ import annotations

from collections.abc import Iterator

from egp.plan.finding import DoesNotApply, Finding
from egp.plan.holdouts import SharedHoldout
from egp.plan.quantity import shown
from egp.plan.wording import listing, share_text
from egp.record.rollouts.rollout import Audience
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import decisive, is_unit, known, known_part, requires_holdout, same, shared_holdout


def check(served: ServedFlag) -> Iterator[Finding]:
    rollout = served.rollout
    if rollout.share_of != "units" or not rollout.is_on:
        raise DoesNotApply
    if served.keeps is not None:
        yield from _of_holdout(served, served.keeps)
        return
    shared = shared_holdout(served)
    if shared is None:
        raise DoesNotApply
    if requires_holdout(served):
        return
    known_part(served)
    names = [each for each in (shared.terms.flag, shared.terms.salt) if each]
    if any(_names(audience, names) for audience in rollout.audiences):
        return
    named = listing(map(shown, names), "nor")
    yield Finding(
        rollout.flag.at,
        f"{shown(rollout.flag.value)} does not require {named}, and so keeps out other units than the shared holdout "
        f"{shown(shared.name)}",
        observed="units of its own",
        required=f"those of {shown(shared.name)}",
        help=f"make {shown(names[0])} a prerequisite of it, or name it in the targeting",
        related=served.beside("the plan is in it", "holdout", "of"),
    )


def _names(audience: Audience, names: list[str]) -> bool:
    """Whether the condition or the hash of an audience names the holdout."""
    said = (audience.condition, audience.means, audience.layout)
    return any(name in text for text in said for name in names)


def _of_holdout(served: ServedFlag, shared: SharedHoldout) -> Iterator[Finding]:
    """The holdout's own flag: one of its variants has the share, by the unit and the salt of the definition."""
    flag, kept = shown(served.rollout.flag.value), shared.terms.share or 0.0
    known_part(served)
    for audience in decisive(served.rollout):
        shares = [each for each in known(audience).shares if each.share > 0]
        if not any(same(each.share, kept) for each in shares) or len(shares) < 2:
            said = listing(
                f"{share_text(each.share)} {shown(each.variant) or 'the default'}" for each in shares
            )
            yield Finding(
                shares[0].at if shares else audience.at,
                f"{flag} serves {said or 'everybody alike'}, and the shared holdout {shown(shared.name)} keeps {share_text(kept)}",
                observed=said or "no split",
                required=share_text(kept),
                help=f"let it keep out {share_text(kept)}, or have the policy say what is kept",
            )
        salt = audience.salt.value if audience.salt else ""
        if shared.terms.salt and salt and salt != shared.terms.salt:
            yield Finding(
                audience.salt.at if audience.salt else audience.at,
                f"{flag} hashes {shown(salt)}, and the shared holdout {shown(shared.name)} is chosen by {shown(shared.terms.salt)}",
                observed=shown(salt),
                required=shown(shared.terms.salt),
                help="hash what the policy says, so that the units that are held out stay the same",
            )
        unit = audience.unit.value if audience.unit else ""
        if unit and not is_unit(unit, shared.terms.unit or ""):
            yield Finding(
                audience.unit.at if audience.unit else audience.at,
                f"{flag} hashes {shown(unit)}, and the shared holdout {shown(shared.name)} keeps {shown(shared.terms.unit)}",
                observed=shown(unit),
                required=shown(shared.terms.unit),
                help=f"hash the {shown(shared.terms.unit)}",
            )
