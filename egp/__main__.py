"""``python -m egp``."""

from egp.cli.main import run

run()
