"""The roles that the policy requires have signed the plan before the first unit is treated.

A sign-off after the start approves what can no longer be changed. Which roles must sign follows from the policy, from
the tier of the surfaces and from the plan's own answers about risk, so `risk` is answered in every plan, with `[]` if
nothing applies. Where the policy says who holds a role, one of them signs. The date lies before the start of the test,
and before the canary if there is one, since a canary treats people too.

Passes:

```yaml
risk: [revenue]
sign_offs: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}]
```

Passes with `roles: {experimentation_lead: ["@XP-Lead", "@xp-deputy"]}`:

```yaml
sign_offs: {0: {by: "@xp-lead"}}
```

Fails at `/sign_offs`, saying "privacy (risk `privacy`)":

```yaml
risk: [privacy]
sign_offs: [{role: experimentation_lead, by: "@xp-lead", on: 2023-01-17}]
```

Fails at `/sign_offs` with `tier: critical, by_tier: {critical: [vp_commerce]}`, saying "vp_commerce (tier `critical`)":

```yaml
surfaces: [checkout.pay]
```

Fails at `/sign_offs`, saying "experimentation_lead (every plan)":

```yaml
sign_offs: []
```

Fails at `/sign_offs/0/by` with `roles: {experimentation_lead: ["@xp-lead"]}`, saying "@pdp-ds does not hold":

```yaml
sign_offs: {0: {by: "@pdp-ds"}}
```

Fails at `/sign_offs/0/by`, saying "without a name":

```yaml
sign_offs: {0: {by: null}}
```

Fails at `/sign_offs/0/by`, saying "without a name":

```yaml
sign_offs: {0: {by: "@..."}}
```

Fails at `/sign_offs/0/on`, saying "without a date":

```yaml
sign_offs: {0: {on: null}}
```

Fails at `/sign_offs/0/on`, saying "on 2023-01-18; the first units are treated on 2023-01-18":

```yaml
sign_offs: {0: {on: 2023-01-18}}
```

Passes:

```yaml
canary: null
sign_offs: {0: {on: 2023-01-22}}
```

Fails at `/risk`, saying "does not say":

```yaml
risk: null
```

Fails at `/risk/0`, saying "privcy":

```yaml
risk: [privcy]
```

Not checked without `/schedule/start`.

Not checked at `/surfaces` with `by_tier: {critical: [vp_commerce]}`:

```yaml
surfaces: null
```
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated

from egp.plan.analysis.days import day_after, first_exposure
from egp.plan.analysis.people import identity
from egp.plan.analysis.statements import somebody
from egp.plan.experiment import RISKS, Experiment, SignOff
from egp.plan.finding import Finding, need
from egp.plan.quantity import shown
from egp.plan.remedy import Remedies, Remedy, TradeOff, addition, advise, open_if, setting
from egp.plan.typed_reader import nearest
from egp.plan.wording import called, listing
from egp.rules import rule
from egp.rules.rule_inputs import Organisation
from egp.yaml.edits import APPEND, Addition


class Params(rule.Params):
    always: Annotated[
        tuple[str, ...], "roles that sign every plan", rule.Stricter("more"), rule.KnownAs("signing_roles")
    ] = ("experimentation_lead",)
    by_tier: Annotated[
        dict[str, tuple[str, ...]],
        "roles that sign plans of a tier",
        rule.Stricter("more"),
        rule.KnownAs("signing_roles_by_tier"),
    ] = {}  # noqa: RUF012
    by_risk: Annotated[
        dict[str, tuple[str, ...]],
        "roles that sign plans with an answer about risk",
        rule.Stricter("more"),
        rule.KnownAs("signing_roles_by_risk"),
    ] = {  # noqa: RUF012
        "privacy": ("privacy",)
    }


def check(plan: Experiment, params: Params, organisation: Organisation) -> Iterator[Finding]:
    yield from _risk_answers(plan, params)
    if params.by_tier and not organisation.tier:
        need(plan.surfaces, "surfaces")
    reasons = _required_roles(plan, params, organisation)
    signed: dict[str, list[int]] = {}
    for position, sign_off in enumerate(plan.sign_offs):
        signed.setdefault(sign_off.role or "", []).append(position)
    absent = [role for role in reasons if role not in signed]
    if absent:
        yield _unsigned(plan, absent, reasons, organisation)
    present = [role for role in reasons if role in signed]
    if not present:
        return
    start = first_exposure(plan)[0]
    for role in present:
        flaws = [_flaw(plan.sign_offs[at], at, role, start, organisation) for at in signed[role]]
        if None not in flaws:
            yield flaws[-1]  # type: ignore[misc]


def _risk_answers(plan: Experiment, params: Params) -> Iterator[Finding]:
    known = dict.fromkeys((*RISKS, *params.by_risk))
    if plan.risk is None and params.by_risk:
        yield Finding(
            ("risk",),
            "the plan does not say what it puts at risk, on which sign-offs depend",
            observed="missing",
            required=f"a list of {listing(known, 'or')}",
            remedies=[addition(("risk",), [], ", or what applies", open_if("nothing of it is at risk"))],
        )
    for position, answer in enumerate(plan.risk or ()):
        if answer not in known:
            guess = nearest(answer, known)
            hint = f", did you mean `{guess}`?" if guess else ""
            yield Finding(
                ("risk", position),
                f"`{shown(answer)}` is no answer about risk that the policy knows{hint}",
                observed=shown(answer),
                required=listing(known, "or"),
                remedies=[setting(("risk", position), guess)] if guess else (),
                help="" if guess else f"write one of {', '.join(known)}",
            )


def _required_roles(plan: Experiment, params: Params, organisation: Organisation) -> dict[str, str]:
    """Role → why it must sign, the first reason."""
    reasons = dict.fromkeys(params.always, "every plan")
    for role in params.by_tier.get(organisation.tier, ()):
        reasons.setdefault(role, f"tier `{organisation.tier}`")
    for answer in plan.risk or ():
        for role in params.by_risk.get(answer, ()):
            reasons.setdefault(role, f"risk `{answer}`")
    return reasons


def _unsigned(
    plan: Experiment, absent: list[str], reasons: dict[str, str], organisation: Organisation
) -> Finding:
    named = listing(f"{role} ({reasons[role]})" for role in absent)
    signed = [role for role in reasons if role not in absent]
    return Finding(
        ("sign_offs",),
        f"the plan is not signed by {named}",
        observed=f"signed by {listing(signed)}" if signed else "no sign-off",
        required=f"{'also ' if signed else ''}{listing(absent)}",
        remedies=_signatures(plan, absent, organisation),
    )


def _signatures(plan: Experiment, absent: list[str], organisation: Organisation) -> list[Remedy]:
    """Who can sign for each role, and the line to add where the policy names somebody who may."""
    before = f" before {first_exposure(plan)[0]}" if plan.schedule and plan.schedule.start else ""
    on = {"on": day_after(first_exposure(plan)[0], -1).isoformat()} if before else {}
    busy = {identity(sign_off.by) for sign_off in plan.sign_offs if sign_off.by}
    if plan.owner and plan.owner.dri:
        busy.add(identity(plan.owner.dri))
    lines, nobody = [], []
    for role in absent:
        free = [each for each in organisation.roles.get(role, ()) if identity(each) not in busy]
        if free:
            busy.add(identity(free[0]))
            lines.append(Addition(("sign_offs", APPEND), {"role": role, "by": free[0], **on}))
        else:
            nobody.append(role)
    also = f"have {listing(nobody)} sign{before}, and add who signed when to `sign_offs`" if nobody else ""
    if not lines:
        return [advise(also)]
    signed = f"they have signed{before}"
    price = open_if(signed, TradeOff.FACT)
    return [Remedy(tuple(lines), price, before=f"{also}; " if also else "", after=f" once {signed}")]


def _flaw(
    sign_off: SignOff, position: int, role: str, start: date, organisation: Organisation
) -> Finding | None:
    """What keeps a sign-off from counting."""
    at = ("sign_offs", position)
    holders = organisation.roles.get(role, ())
    remedies: Remedies = ()
    advice = ""
    if not somebody(sign_off.by):
        message, key, required = f"{role} signs without a name", "by", "who signed"
        price = open_if("that is who signed", TradeOff.FACT)
        remedies = [setting((*at, "by"), each, " if that is who signed", price) for each in holders]
        advice = "" if holders else "set `by:` to the handle of the person who signed"
    elif holders and identity(sign_off.by or "") not in map(identity, holders):
        message, key = f"{called(sign_off.by, 'nobody')} does not hold the role {role}", "by"
        required, advice = listing(holders, "or"), f"have it signed by {listing(holders, 'or')}"
    elif sign_off.on is None:
        message, key, required = f"{role} signs without a date", "on", f"before {start}"
        remedies = [addition((*at, "on"), day_after(start, -1), ", or the earlier day of the sign-off")]
    elif sign_off.on >= start:
        message, key = f"{role} signs on {sign_off.on}; the first units are treated on {start}", "on"
        required, advice = f"before {start}", f"start after the sign-off, on a later day than {sign_off.on}"
    else:
        return None
    observed = shown(getattr(sign_off, key)) if getattr(sign_off, key) else "missing"
    return Finding((*at, key), message, observed=observed, required=required, help=advice, remedies=remedies)


ACTOR = "approvers"
"""Who has to act on it."""
