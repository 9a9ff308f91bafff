"""What lets a plan pass although a rule objects: waivers that somebody approved, and the baseline."""

WAIVERS_FILE = "waivers.yaml"
BASELINE_FILE = "egp-baseline.yaml"
