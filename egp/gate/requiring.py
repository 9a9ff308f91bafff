"""Which flags are served otherwise, and which others require one of them: whom that lets in nobody can tell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from egp.gate.moved import bare
from egp.plan.quantity import shown
from egp.record.rollouts.reading import says_the_same

if TYPE_CHECKING:
    from egp.policy.rollout_files import Served
    from egp.record.rollouts.rollout import Rollout, Unread


def pairs(
    before: Sequence[Rollout], after: Sequence[Rollout]
) -> Iterator[tuple[Rollout | None, Rollout | None]]:
    """Each flag of an environment as it was and as it will be: in the same file, else in the next one that has it."""
    old: dict[tuple[str, str], list[Rollout]] = {}
    new: dict[tuple[str, str], list[Rollout]] = {}
    for rollouts, found in ((before, old), (after, new)):
        for each in rollouts:
            found.setdefault((each.flag.value, each.environment), []).append(each)
    for key in {**old, **new}:
        left, coming = list(old.get(key, ())), []
        for will in new.get(key, ()):
            was = next(
                (each for each in left if (each.path, each.document) == (will.path, will.document)), None
            )
            if was is None:
                coming.append(will)
            else:
                left.remove(was)
                yield was, will
        yield from zip_longest(left, coming)


def changed(before: Served, after: Served) -> Iterator[tuple[Rollout | None, Rollout | None, bool]]:
    """Each flag as it was and as it will be, and whether it is another one, wherever that is written now."""
    lines = _FlagLines(before), _FlagLines(after)
    for was, will in pairs(before.rollouts, after.rollouts):
        yield was, will, not (was and will and _serve_alike(was, will, *lines))


def _serve_alike(was: Rollout, will: Rollout, before: _FlagLines, after: _FlagLines) -> bool:
    if was != will and bare(was) != bare(will):
        return False
    return (
        not is_unread(will) or before.around(was) == after.around(will) or before.says_what(after, will.path)
    )


def is_unread(rollout: Rollout) -> bool:
    """Whether a part of a flag is not known, so that it may change and read the same."""
    return bool(rollout.unread) or any(each.unread for each in rollout.audiences)


class _FlagLines:
    """The lines of files, by the flags that stand in them."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._lines: dict[str, list[str]] = {}
        self._starts: dict[str, list[int]] = {}
        for path, line in sorted({(each.path, each.flag.at.start.line) for each in served.rollouts}):
            self._starts.setdefault(path, []).append(line)
        self._same: dict[str, bool] = {}

    def around(self, rollout: Rollout) -> list[str]:
        """From the name of the flag before it to that of the next one, blanks aside."""
        path = rollout.path
        if path not in self._lines:
            self._lines[path] = [each.strip() for each in self._served.texts.get(path, "").splitlines()]
        lines, starts = self._lines[path], self._starts[path]
        own = bisect_left(starts, rollout.flag.at.start.line)
        first = starts[own - 1] if own else 1
        last = starts[own + 1] - 1 if own + 1 < len(starts) else len(lines)
        return list(filter(None, lines[first - 1 : last]))

    def says_what(self, other: _FlagLines, path: str) -> bool:
        """Whether a file says here what it says there."""
        if path not in self._same:
            self._same[path] = is_same(path, self._served, other._served)
        return self._same[path]


def is_same(path: str, before: Served, after: Served) -> bool:
    """Whether a file says what it said."""
    was, will = before.texts.get(path), after.texts.get(path)
    return was is not None and will is not None and says_the_same(path, was, will)


def unread_flags(before: Served, after: Served) -> Iterator[Unread]:
    """Flags of which nothing can be read, in files that change."""
    read = {each.flag.value for each in after.rollouts}
    for each in dict.fromkeys(after.unread):
        if each.flag and each.flag not in read and not is_same(each.path, before, after):
            yield each


class Requiring:
    """The flags that let in others than before, of all policies together: those that change, and those that require them.

    A flag may require one that is computed elsewhere: that may be any of its platform.
    """

    def __init__(self, served: Sequence[tuple[Served, Served]]) -> None:
        requiring: dict[str, list[Rollout]] = {}
        for _, after in served:
            for rollout in after.rollouts:
                for each in rollout.prerequisites if rollout.is_on else ():
                    requiring.setdefault(each.value or _any_of(rollout.format), []).append(rollout)
        self._off: dict[str, str] = {}
        self._how: dict[str, str] = {}
        waiting: list[str] = []
        for format, flag, may_be_on in _changed(served):
            for name in (flag, _any_of(format)):
                (self._how if may_be_on else self._off).setdefault(
                    name, f"{shown(flag)} changes" if may_be_on else f"{shown(flag)} is off now"
                )
                waiting.append(name)
        while waiting:
            for rollout in requiring.get(waiting.pop(), ()):
                flag = rollout.flag.value
                if flag not in self._how:
                    how = f"{shown(flag)} requires one that changes"
                    self._how[flag] = how
                    self._how.setdefault(_any_of(rollout.format), how)
                    waiting += [flag, _any_of(rollout.format)]

    def why(self, rollout: Rollout | None, treats: Callable[[str], bool]) -> str:
        """Why nobody can tell whom a flag treats; empty where it requires none of these, or is off."""
        if rollout is None or not rollout.is_on:
            return ""
        how = self._how
        if rollout.may_require_off or (rollout.off is not None and treats(rollout.off.value)):
            how = self._off | how
        for each in rollout.prerequisites:
            if (name := each.value or _any_of(rollout.format)) in how:
                which = "its prerequisite" if each.value else "its prerequisite is computed elsewhere,"
                return f"{which} {how[name]}, and whom that lets in nobody can tell"
        return ""


_PLATFORM = {"launchdarkly-terraform": "launchdarkly"}
"""Format → the one whose flags it configures as well."""


def _any_of(format: str) -> str:
    """Stands for a flag of a platform that nobody can name."""
    return f"\0{_PLATFORM.get(format, format)}"


def _changed(served: Sequence[tuple[Served, Served]]) -> Iterator[tuple[str, str, bool]]:
    """The flags that are served otherwise: format, name, and whether it may be on for anybody; of one that is missing nobody
    knows."""
    for before, after in served:
        for was, will, is_changed in changed(before, after):
            named = will or was
            if named is not None and is_changed:
                yield named.format, named.flag.value, will is None or will.is_on
        yield from (("", each.flag, True) for each in unread_flags(before, after))
