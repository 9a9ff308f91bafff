"""What lets a plan pass although a rule objects: waivers that somebody approved, and the baseline."""

WAIVERS_FILE = "waivers.yaml"
BASELINE_FILE = "egp-baseline.yaml"

NO_PLAN = ""
"""The experiment of a flag that no plan names."""

FLAGS = "/rollouts/"
"""What the place of a flag in the baseline begins with: its environment and its name follow."""
