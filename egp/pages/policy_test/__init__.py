"""Tests of a policy: plans that it has to reject or let pass, and whether they stand at its boundaries."""
