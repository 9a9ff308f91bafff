"""egp checks the plans of experiments against a governance policy, and recomputes their statistics."""

from __future__ import annotations

import _imp
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

VERSION = "0.1.0"
ADDRESS = "https://github.com/egp-lint/egp"
"""Where the project is at home: the one place that says so to programs."""

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/"
_Spec = type(__spec__)
_COMPILED = os.path.join(_ROOT, "egp", "shipped_files", f"modules.{sys.implementation.cache_tag}")


class _Compiled:
    """Finds the modules of egp in one file, which a wheel has for the interpreter that built it.

    To look for two hundred small modules and to read them one by one takes a fifth of a cold start, and to compile them
    where no bytecode can be kept takes three quarters. ``egp/cli/compiled.py`` writes the file, and what a check of one
    plan imports as one piece of it. Where there is none, as in a checkout, where it is of another interpreter, and where
    a module has another size than it had then, Python imports as ever.
    """

    def __init__(
        self, file: int, begin: int, index: dict[str, tuple[int, int, bool, int]], together: Sequence[int]
    ) -> None:
        self._file = file
        self._begin = begin
        self._index = index
        """Module → where its code is, how long that is, whether it is a package, and the size of its source."""
        self._together = together
        """Where the code is that is read as one, and how long that is."""
        self._codes: dict[str, Any] | None = None

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        found = self._index.get(name)
        if found is None:
            return None
        is_package, size = found[2:]
        source = bare = _ROOT + name.replace(".", "/")
        source += "/__init__.py" if is_package else ".py"
        try:
            if os.stat(source).st_size != size:
                return None
        except OSError:
            return None
        spec = _Spec(name, self, origin=source, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        spec.cached = _COMPILED
        if is_package:
            spec.submodule_search_locations = [bare]
        return spec

    def create_module(self, spec: object) -> None:
        """As Python makes it."""

    def exec_module(self, module: ModuleType) -> None:
        code = self.get_code(module.__name__)
        _imp._fix_co_filename(code, module.__file__)  # type: ignore[attr-defined]  # where tracebacks find its lines
        exec(code, module.__dict__)

    def get_code(self, name: str) -> Any:
        start, length = self._index[name][:2]
        if length:
            return marshal.loads(os.pread(self._file, length, self._begin + start))
        if self._codes is None:
            start, length = self._together
            self._codes = marshal.loads(os.pread(self._file, length, self._begin + start))
        return self._codes[name]


def _use_compiled() -> None:
    """Looks for the file, and has modules found in it. Its name and its first bytes say by which interpreter it was written."""
    if sys.flags.optimize or not hasattr(os, "pread"):
        return
    try:
        file = os.open(_COMPILED, os.O_RDONLY)
    except OSError:
        return
    magic = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
    head = os.pread(file, len(magic) + 16, 0)
    begin = int.from_bytes(head[-16:-8], "little")
    whole = int.from_bytes(head[-8:], "little")
    if head[: len(magic)] != magic or os.fstat(file).st_size != whole:
        os.close(file)
        return
    index, *together = marshal.loads(os.pread(file, begin - len(head), len(head)))
    sys.meta_path.insert(0, _Compiled(file, begin, index, together))


_use_compiled()
