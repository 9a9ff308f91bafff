"""What the check of a whole repository said, kept for as long as everything is as it was.

It is said again where the call is the same and so are its surroundings (``egp/record/sources/surroundings.py``). Nothing is kept
of a run that could not judge, that ran what others wrote, or of which anything was changed while it ran or just before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import date
from hashlib import blake2b
from time import time_ns
from typing import TYPE_CHECKING, Any

import egp
from egp.cli.commands import terminal
from egp.cli.commands.options import judging_day
from egp.policy.shipped import ROOT
from egp.stats.values import NamedTuple
from egp.yaml.files import TICK, repository_root
from egp.yaml.kept import private_folder, read_kept, write_kept

if TYPE_CHECKING:
    import argparse

    from egp.policy.model import Policy
    from egp.record.sources.surroundings import Surroundings

MANY = 300
"""Plans from which on looking at everything, before and after, takes a small part of what judging them does."""

_MOST_ENTRIES = 200_000
_MOST_BYTES = 20_000_000
_MOST_ANSWERS = 20
"""Of more, those that were written longest ago are dropped."""
_ENDING = ".answer"
_FORMAT = "egp-answer-2"

_OF_EVERY_CALL = frozenset({"_", "OLDPWD", "SHLVL"})
"""Variables that a shell changes from call to call, and nobody here reads."""

_BY_OTHERS = frozenset({"launchdarkly-terraform"})
"""Formats of rollout files that packages of others read, which keep files of their own."""


class Said(NamedTuple):
    """What a check said on standard output, and how it ended."""

    status: int
    text: str


class KeptAnswer:
    """Of one call in one repository."""

    def __init__(self, path: str, root: str, options: argparse.Namespace) -> None:
        self._path = path
        self._root = root
        self._stated = options.as_of
        self._begun = time_ns()
        self._plans = 0
        self._days: list[list[str]] = []
        self._before: Surroundings | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> KeptAnswer | None:
        """None where nothing is kept of such a call, or there is no place of the caller's own for it."""
        if _does_more(options):
            return None
        root = repository_root(os.getcwd())
        folder = private_folder(root) if root else ""
        if not root or not folder:
            return None
        given = sorted((name, value) for name, value in vars(options).items() if name != "run")
        variables = sorted((name, value) for name, value in os.environ.items() if name not in _OF_EVERY_CALL)
        call = repr((os.getcwd(), given, variables, terminal.style(sys.stdout)))
        name = blake2b(call.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(os.path.join(folder, name + _ENDING), root, options)

    def said(self) -> Said | None:
        """What the call said before; None where that is not known, or might be something else now."""
        known = read_kept(self._path, _FORMAT, _MOST_BYTES)
        if known is None or not _has_its_shape(known):
            return None
        state, plans, days, status, text = known
        self._plans = plans
        self._before = self._now()
        is_as_it_was = self._before is not None and self._before.state == state
        if is_as_it_was and all(judging_day(self._stated, zone).isoformat() == day for zone, day in days):
            return Said(status, text)
        return None

    def begins(self, plans: int) -> None:
        """Before so many plans are read."""
        self._plans = plans
        if plans >= MANY and self._before is None:
            self._before = self._now()

    def rests_on(self, zone: str, day: date) -> None:
        """On which day it was judged in a time zone."""
        if [zone, day.isoformat()] not in self._days:
            self._days.append([zone, day.isoformat()])

    def keep(self, status: int, text: str, policies: Iterable[Policy]) -> None:
        """Keeps what was said, unless it may be something else the next time although nothing changed."""
        if self._before is None or status not in (0, 1) or any(map(_runs_what_others_wrote, policies)):
            return
        from egp.record.sources.git_command import has_failed_by_chance

        if has_failed_by_chance() or self._before.latest >= self._begun - TICK or self._now() != self._before:
            return
        known = [self._before.state, self._plans, self._days, status, text]
        write_kept(self._path, _FORMAT, known, _MOST_BYTES, _MOST_ANSWERS)

    def _now(self) -> Surroundings | None:
        """Everything, where to look at it takes no more than a small part of what it takes to judge the plans."""
        from egp.record.sources.surroundings import surroundings

        own = os.path.dirname(egp.__file__), os.path.join(ROOT, "policies")
        return surroundings(self._root, own, min(_MOST_ENTRIES, 10_000 + 20 * self._plans))


def _does_more(options: argparse.Namespace) -> bool:
    """Whether a call does more than to check a whole repository as it is, by a policy that it finds itself or that egp ships.

    The format of GitHub adds to the summary of a job.
    """
    writes = options.fix or options.unsafe or options.diff or options.output or options.format == "github"
    reads = options.paths or options.base or options.policy_from or options.rules_from
    to_file = options.file not in (None, terminal.STANDARD_OUTPUT)
    return bool(writes or reads or to_file) or not (options.policy or "egp:").startswith("egp:")


def _runs_what_others_wrote(policy: Policy) -> bool:
    return bool(policy.custom or policy.packages) or any(
        each.format in _BY_OTHERS for each in policy.rollouts
    )


def _has_its_shape(known: list[Any]) -> bool:
    """Whether it is made as this version makes it."""
    return (
        [each.__class__ for each in known] == [str, int, list, int, str]
        and known[3] in (0, 1)
        and all(isinstance(day, list) and [each.__class__ for each in day] == [str, str] for day in known[2])
    )
