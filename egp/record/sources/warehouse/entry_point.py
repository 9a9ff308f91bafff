"""A connection that an organisation's own function makes: installed beside egp, named on the command line.

It is for engines that no url of egp opens, such as Spark, and for logins of the organisation's own. As with packages of rules,
whose author may be the one whose plan is judged, the function must not lie in the repository under review.
"""

from __future__ import annotations

import sysconfig
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from egp.plan.finding import HelpfulError
from egp.plan.quantity import shown
from egp.yaml.files import is_inside, real_path

GROUP = "egp.warehouses"
"""Entry points whose value is a function without arguments that returns an Ibis connection."""


class EntryPointError(HelpfulError):
    """There is no such function, or it may not run, or it failed."""


def connection_of(name: str, root: str) -> Any:
    """The connection that the function of this name makes. Raises EntryPointError."""
    found = [point for point in entry_points(group=GROUP) if point.name == name]
    if len(found) != 1:
        names = ", ".join(sorted({shown(point.name) for point in entry_points(group=GROUP)})) or "none"
        message = "no connection of this name is installed" if not found else "two packages bring this name"
        raise EntryPointError(message, f"entry points of the group {GROUP}: {names}")
    _check_place(found[0], root)
    try:
        connection = found[0].load()()
    except Exception as error:  # it is somebody else's, and may fail in any way; its words may hold a secret
        message = f"the function of this entry point failed: {type(error).__name__}"
        raise EntryPointError(message, "run it on its own to see why") from None
    if not hasattr(connection, "to_pyarrow"):
        raise EntryPointError("the function of this entry point returns no Ibis connection", "return one")
    return connection


def _check_place(point: EntryPoint, root: str) -> None:
    """Raises EntryPointError for a module that a pull request could have put there."""
    spec = find_spec(point.module.partition(".")[0])
    places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
    own = [real_path(sysconfig.get_path(kind)) for kind in ("purelib", "platlib")]
    for place in (real_path(each) for each in places if each):
        if is_inside(place, real_path(root)) and not any(is_inside(place, folder) for folder in own):
            message = "the function lies in the repository under review, and is not run"
            raise EntryPointError(message, "install it into egp's environment, and not as editable from here")
