"""What may be done about a finding: edits of the plan and their price, as data; the sentence is rendered from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from enum import IntEnum
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from egp.plan.typed_reader import label
from egp.plan.wording import listing
from egp.stats.values import NamedTuple, frozen, replace
from egp.yaml.edits import APPEND, Addition, LineRemoval, Removal, Renaming, Setting, below

if TYPE_CHECKING:
    from egp.yaml import Path
    from egp.yaml.edits import Edit


class TradeOff(IntEnum):
    """What an option costs besides days and exposure, the least first."""

    NOTHING = 0
    EVIDENCE = 1
    """Something has to be agreed on, counted or measured first."""
    INSIGHT = 2
    """The experiment answers less: fewer variants, segments, metrics or looks."""
    SENSITIVITY = 3
    """Smaller effects or larger harms go unseen, or less is required of a launch."""
    FACT = 4
    """The change states what somebody measured, and is open only to those for whom it is so."""


class Concession(NamedTuple):
    """Something that is given up, and how much of a loss that is."""

    trade_off: TradeOff
    words: str


GAP = "TODO"
"""Stands for what only people know: no number and no source is one, so that what is proposed does not pass as it is."""

FREE = Concession(TradeOff.NOTHING, "")
PROPOSAL = Concession(
    TradeOff.EVIDENCE, "a proposal: agree on names and numbers of your own before any result"
)
"""Of what no rule can decide for people."""


def open_if(condition: str, trade_off: TradeOff = TradeOff.EVIDENCE) -> Concession:
    """The price of what is a way only for those of whom a condition holds."""
    return Concession(trade_off, f"open only if {condition}")


@frozen
class Remedy:
    """Edits that belong together and end a finding, as far as its rule can tell."""

    edits: tuple[Edit, ...]
    price: Concession = FREE
    before: str = ""
    """Words in front of the edits: what people do besides."""
    after: str = ""
    """Words behind them, with the space or comma that they begin with."""
    repair: Literal["", "safe", "unsafe"] = ""
    """Whether `--fix` makes it: one that is safe can mean one thing only, one that is not decides something."""

    def below(self, above: Path) -> Remedy:
        """The same of a mapping that stands at a path."""
        return replace(self, edits=tuple(below(each, above) for each in self.edits))


@frozen
class Candidate:
    """A change that may comply. Nobody has judged it yet."""

    changes: tuple[Edit, ...]
    words: str = ""
    """What it does; without them the settings speak for themselves."""
    trade_off: TradeOff = TradeOff.NOTHING
    price: str = ""
    """In words, what is given up or has to be true."""
    lever: str = ""
    """Candidates of one lever take more and more of the same input: the first that complies is the one."""


Remedies = Sequence[Remedy]
Offer = Remedies | Callable[[], Iterable[Remedy]]
"""What a finding offers; where that takes solving, it is solved when needed."""


def advise(words: str) -> Remedy:
    """What people can do and no edit says."""
    return Remedy((), after=words)


def setting(path: Path, value: object, after: str = "", price: Concession = FREE) -> Remedy:
    """The remedy of one value."""
    return Remedy((Setting(path, _as_written(value)),), price, after=after)


def addition(path: Path, value: object, after: str = "", price: Concession = FREE) -> Remedy:
    """The remedy of one key that the plan lacks."""
    return Remedy((Addition(path, _as_written(value)),), price, after=after)


def _as_written(value: object) -> object:
    """Days as a document holds them."""
    return value.isoformat() if isinstance(value, date) else value


def removal(path: Path, after: str = "", price: Concession = FREE) -> Remedy:
    return Remedy((Removal(path),), price, after=after)


def help_line(remedies: Remedies, at: Path, free: str = "") -> str:
    """The sentence of a finding at a path: each remedy, then what can be done and is no edit."""
    return ", or ".join(filter(None, (*(in_words(each, at) for each in remedies), free)))


class Way(NamedTuple):
    """One way out, for a reader who has room: a sentence, and what is copied below it, each with its place.

    A single block has its place in the sentence.
    """

    words: str
    blocks: tuple[tuple[str, str], ...] = ()


LONG = 60
"""Characters from which on a value is copied from a line of its own."""


def ways(remedies: Remedies, at: Path, free: str = "") -> list[Way]:
    """What a help line says in one sentence, apart; longer values on lines of their own."""
    return [*(_way(each, at) for each in remedies), *([Way(free)] if free else [])]


def _way(remedy: Remedy, at: Path) -> Way:
    long = [each for each in remedy.edits if isinstance(each, Addition) and len(_line(each)) > LONG]
    if not long:
        return Way(in_words(remedy, at))
    short = [each for each in remedy.edits if each not in long]
    begun = f"{edits_in_words(short, at)}, and " if short else ""
    if len(long) == 1:
        words = f"{remedy.before}{begun}add {_place_of(long[0])}{remedy.after}"
        return Way(words, (("", _line(long[0])),))
    return Way(
        f"{remedy.before}{begun}add{remedy.after}", tuple((_place_of(each), _line(each)) for each in long)
    )


def _place_of(edit: Addition) -> str:
    holder = _appended_to(edit) or edit.path[:-1]
    return f"under `{label(holder)}:`" if holder else "to the plan"


def _line(edit: Addition) -> str:
    return f"- {_written(edit.value)}" if _appended_to(edit) else f"{edit.path[-1]}: {_written(edit.value)}"


def in_words(remedy: Remedy, at: Path) -> str:
    return f"{remedy.before}{edits_in_words(remedy.edits, at)}{remedy.after}"


def edits_in_words(edits: Sequence[Edit], at: Path) -> str:
    """Edits as a sentence tells them to somebody who looks at a path: set `end: 2023-02-05` and remove `looks:`."""
    names = _Names(edits, at)
    parts = [(verb, list(alike)) for verb, alike in groupby(edits, _verb)]
    phrases = [f"{verb} {listing(names.all_told(group))}" for verb, group in parts]
    is_long = any(len(group) > 1 for _, group in parts)
    return listing(phrases) if len(phrases) != 2 or not is_long else ", and ".join(phrases)


def _written(value: object) -> str:
    from egp.yaml.written import written

    return written(value)


def _appended_to(edit: Edit) -> Path:
    """The list that gets a further item; empty where none does."""
    return edit.path[:-1] if isinstance(edit, Addition) and edit.path[-1] == APPEND else ()


def _verb(edit: Edit) -> str:
    if isinstance(edit, Setting):
        return "set"
    if isinstance(edit, Addition):
        return "add"
    return "rename" if isinstance(edit, Renaming) else "remove"


class _Names:
    """Keys as a reader of one place finds them: alone where they stand at it or above it, else with their path."""

    def __init__(self, edits: Sequence[Edit], at: Path) -> None:
        self._at = at
        keys = [edit.path[-1] for edit in edits if not isinstance(edit, LineRemoval)]
        self._repeated = {key for key in keys if keys.count(key) > 1}

    def all_told(self, edits: Sequence[Edit]) -> Iterator[str]:
        """Each edit; what comes to the same list, together."""
        for appended_to, group in groupby(edits, _appended_to):
            if appended_to:
                items = (f"`- {_written(each.value)}`" for each in group if isinstance(each, Addition))
                yield f"{listing(items)} to `{self._name(appended_to)}`"
            else:
                yield from map(self._phrase, group)

    def _phrase(self, edit: Edit) -> str:
        if isinstance(edit, LineRemoval):
            return f"line {edit.number}"
        if isinstance(edit, Removal):
            return f"`{self._name(edit.path)}:`"
        if isinstance(edit, Renaming):
            return f"`{self._name(edit.path)}:` to `{edit.new}:`"
        return f"`{self._name(edit.path)}: {_written(edit.value)}`"

    def _name(self, path: Path) -> str:
        key = path[-1]
        is_alone = isinstance(key, str) and self._is_near(path) and key not in self._repeated
        return str(key) if is_alone else label(path)

    def _is_near(self, path: Path) -> bool:
        return path[:-1] == self._at[: len(path) - 1]
