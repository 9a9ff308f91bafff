"""Files to begin with: a plan, a policy, a rule. What only a person can state is left open and marked TODO."""

from __future__ import annotations
