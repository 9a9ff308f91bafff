"""PyYAML's C parser, without the rest of PyYAML.

The extension needs the package's events and the names of what else it could make: tokens, nodes, and from eight modules
one exception class each. Importing those modules and the package around them takes 15 ms, ten times what the extension
itself takes, and every check of a single plan would pay it.
The package left behind in ``sys.modules`` completes itself as soon as somebody uses it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

_PACKAGE = "yaml"
_EXTENSION = "yaml._yaml"
_NEEDED = ("error", "events")
_UNUSED = ("tokens", "nodes")
"""Of classes that a parser of events makes nothing of."""
_EXCEPTIONS = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}


def load() -> ModuleType:
    """The extension module; ImportError where PyYAML is missing or was built without libyaml."""
    if _PACKAGE not in sys.modules:
        spec = next(filter(None, (finder.find_spec(_PACKAGE, None) for finder in sys.meta_path)), None)
        if spec is None or spec.loader is None:
            raise ImportError("PyYAML is not installed")
        loaded = set(sys.modules)
        try:
            return _load_alone(spec)
        except Exception:  # a PyYAML that is built differently: importing all of it is slower, and certain
            _forget(set(sys.modules) - loaded)
    return import_module(_EXTENSION)


def _load_alone(spec: ModuleSpec) -> ModuleType:
    package: Any = ModuleType(_PACKAGE)
    place = {"__file__": spec.origin, "__path__": spec.submodule_search_locations}
    vars(package).update(__spec__=spec, __loader__=spec.loader, __package__=_PACKAGE, **place)
    sys.modules[_PACKAGE] = package
    for name in _NEEDED:
        import_module(f"{_PACKAGE}.{name}")
    for name in (*_EXCEPTIONS, *_UNUSED):
        stand_in: Any = ModuleType(f"{_PACKAGE}.{name}")
        sys.modules[stand_in.__name__] = stand_in
        setattr(package, name, stand_in)
        if name in _UNUSED:
            stand_in.__getattr__ = _nothing
        else:
            exception = _EXCEPTIONS[name]
            setattr(stand_in, exception, type(exception, (package.error.MarkedYAMLError,), {}))
    extension = import_module(_EXTENSION)
    for name in (*_EXCEPTIONS, *_UNUSED):
        del sys.modules[f"{_PACKAGE}.{name}"]
        delattr(package, name)
    package.__getattr__ = _Completion(package, spec, extension)
    return extension


def _nothing(name: str) -> None:
    """What a name stands for that nobody uses; one of Python's own is lacking, as it would be."""
    if name.startswith("__"):
        raise AttributeError(name)


class _Completion:
    """Answers for an attribute that the package does not have yet by executing the package."""

    def __init__(self, package: Any, spec: ModuleSpec, extension: ModuleType) -> None:
        self._package = package
        self._spec = spec
        self._extension = extension

    def __call__(self, name: str) -> Any:
        vars(self._package).pop("__getattr__", None)
        if self._spec.loader is not None:
            self._spec.loader.exec_module(self._package)
        for module, exception in _EXCEPTIONS.items():
            setattr(self._extension, exception, getattr(import_module(f"{_PACKAGE}.{module}"), exception))
        for module in _UNUSED:
            for each, value in vars(import_module(f"{_PACKAGE}.{module}")).items():
                if isinstance(value, type):
                    setattr(self._extension, each, value)
        return getattr(self._package, name)


def _forget(modules: set[str]) -> None:
    for name in modules:
        if name.split(".")[0] == _PACKAGE:
            del sys.modules[name]
