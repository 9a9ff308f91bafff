"""What a wheel has besides the sources: the code of all modules in one file, for the interpreter that builds it."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # sources that are edited are imported one by one
        sys.path.insert(0, self.root)
        from egp.cli.compiled import NAME, compiled

        file = Path(mkdtemp()) / NAME
        file.write_bytes(compiled(Path(self.root) / "egp"))
        build_data["force_include"][str(file)] = f"egp/shipped_files/{NAME}"
