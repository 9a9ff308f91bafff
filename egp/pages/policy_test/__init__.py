"""Tests of a policy: plans that it has to reject or to pass, and whether they stand at its boundaries."""
