"""Which flags are served otherwise, and which others require one of them: whom that lets in nobody can tell."""

from __future__ import annotations

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


def serve_alike(was: Rollout | None, will: Rollout | None, before: Served, after: Served) -> bool:
    """Whether a flag is what it was, wherever that is written now."""
    if was is None or will is None or (was != will and bare(was) != bare(will)):
        return False
    return (
        not is_unread(will)
        or is_same(will.path, before, after)
        or _around(was, before) == _around(will, after)
    )


def is_unread(rollout: Rollout) -> bool:
    """Whether a part of a flag is not known, so that it may change and read the same."""
    return bool(rollout.unread) or any(each.unread for each in rollout.audiences)


def _around(rollout: Rollout, served: Served) -> list[str]:
    """The lines of a flag's file from the name of the flag before it to that of the next one, blanks aside."""
    lines = served.texts.get(rollout.path, "").splitlines()
    starts = sorted({each.flag.at.start.line for each in served.rollouts if each.path == rollout.path})
    own = starts.index(rollout.flag.at.start.line)
    first = starts[own - 1] if own else 1
    last = starts[own + 1] - 1 if own + 1 < len(starts) else len(lines)
    return [each.strip() for each in lines[first - 1 : last] if each.strip()]


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
        for was, will in pairs(before.rollouts, after.rollouts):
            named = will or was
            if named is not None and not serve_alike(was, will, before, after):
                yield named.format, named.flag.value, will is None or will.is_on
        yield from (("", each.flag, True) for each in unread_flags(before, after))
