"""The text of a new policy: what is commented out is an example of what an organisation adds."""

from __future__ import annotations

from datetime import date

from egp.yaml.written import quoted

_TEXT = """\
# The experiment governance policy of this repository. Changes of it need an owner: name one in CODEOWNERS.
# `egp rules` lists every rule and what this policy makes of it, `egp explain RULE` its reason and its options.
extends: [{extends}]
version: {version}
plans: [{plans}]

# Surface → tier. The first match wins, and tiers named first weigh most. A plan cannot choose its own tier.
# tiers: {{checkout.*: critical, "*": standard}}

# Role → who holds it. A sign-off by somebody else does not count.
# roles: {{experimentation_lead: ["@xp-lead"], privacy: ["@privacy"]}}

# Who may approve a waiver, and for how long at most; nobody may as long as this is not said.
# waivers: {{approvers: [experimentation_lead], longest: 30d}}

# Days on which no experiment starts, ramps or ends; both ends are included.
# calendars: {{peak_sale: [{peak}-11-20/{peak}-12-01]}}

# Rule → severity and options, on top of what is extended.
# rules:
#   required-guardrails: {{metrics: [refund_rate, cs_contacts]}}
#   minimum-runtime: {{days: 14}}
"""


def policy_text(extends: str, plans: str, as_of: date) -> str:
    """A policy that judges by a shipped one, with a version of its own."""
    return _TEXT.format(
        extends=quoted(extends), plans=quoted(plans), version=quoted(f"{as_of.year}.1"), peak=as_of.year
    )
