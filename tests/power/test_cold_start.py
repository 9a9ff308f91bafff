"""The calculator starts without the libraries that take longer than its answer."""

from __future__ import annotations

import subprocess
import sys

from tests.power.transcripts import command

HEAVY = ("pydantic", "scipy", "numpy", "statsmodels", "yaml", "ruamel", "jsonschema")


def test_no_heavy_import() -> None:
    program = (
        "import sys; from egp.cli.main import main; status = main(sys.argv[1:]); "
        f"print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr); sys.exit(status)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "power", *command("group-sequential")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr.split() == []
    assert " units per variant" in result.stdout
