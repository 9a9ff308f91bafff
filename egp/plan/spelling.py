"""Other spellings of a value that can mean one thing only, for each type of value a plan has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from egp.plan.quantity import NUMBER, Count, Interval, Measure, MetricChange, Share
from egp.plan.typed_reader import Money, Name, TypedMapping, ValueProblem, nearest, reader_of, required_type
from egp.stats.hints import Literal, get_args, get_origin
from egp.stats.values import NamedTuple
from egp.yaml import Path


class Spelling(NamedTuple):
    """A value in another spelling. One that is not sure is a guess among the words that are known."""

    value: object
    sure: bool = True


LONGEST = 200
"""Characters of a value; a longer one is no slip."""

_AMOUNT = re.compile(rf"({NUMBER})\s*([^\s\d].*)")
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.]?)([0-9]{1,2})\2([0-9]{1,2})")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:[ '\u00a0\u2009\u202f][0-9]{3})+")
_RANGE = re.compile(r"(.*?[0-9])\s*(?:/|\bto\b|\.\.|–|\s-\s)\s*([0-9].*)")
_SEPARATORS = re.compile(r"[,;\n]")

_PER_CENT = dict.fromkeys(("percent", "per cent", "pct", "percents"), "%")
_POINTS = dict.fromkeys(
    ("percentage point", "percentage points", "%-point", "%-points", "% point", "% points", "ppt", "ppts"),
    "pp",
) | dict.fromkeys(("basis point", "basis points"), "bps")
_TIMES = (
    dict.fromkeys(("millisecond", "milliseconds", "msec", "msecs"), "ms")
    | dict.fromkeys(("second", "seconds", "sec", "secs"), "s")
    | dict.fromkeys(("minute", "minutes", "mins"), "min")
    | dict.fromkeys(("hour", "hours", "hr", "hrs"), "h")
    | dict.fromkeys(("day", "days"), "d")
    | dict.fromkeys(("week", "weeks", "wk", "wks"), "w")
)
_CURRENCIES = {"€": "EUR", "£": "GBP"}
_CURRENCY_CODES = frozenset(
    ("AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "INR", "JPY", "KRW", "MXN", "NOK",
     "NZD", "PLN", "SEK", "SGD", "TRY", "TWD", "USD", "ZAR")
)  # fmt: skip
"""Three capitals are a currency to egp; other three letters only if they are one of these."""
_COUNTS = dict.fromkeys(("million", "millions", "mio", "m"), "M") | {"thousand": "k", "billion": "B"}
_WORDS = {
    "yes": True,
    "on": True,
    "y": True,
    "true": True,
    "no": False,
    "off": False,
    "n": False,
    "false": False,
}


def spellings(mapping_type: type[TypedMapping], path: Path, value: object, text: str) -> list[Spelling]:
    """What a misread value at a path of the shape can only have meant. ``text`` is the value as written."""
    wanted = type_at(mapping_type, path)
    if wanted is None or isinstance(value, (dict, list)) or len(text) > LONGEST:
        return []
    read = reader_of(wanted)
    accepted: dict[object, Spelling] = {}
    for spelling in _candidates(wanted, value, text):
        problems: list[ValueProblem] = []
        if read(spelling.value, path, problems) is not None and not problems:
            accepted.setdefault(str(spelling.value), spelling)
    return list(accepted.values()) if len(accepted) == 1 else []


def type_at(mapping_type: type[TypedMapping], path: Path) -> Any:
    """The declared type of what stands at a path; None for a path that the shape does not have."""
    wanted: Any = mapping_type
    for step in path:
        if isinstance(step, int):
            wanted = get_args(wanted)[0] if get_origin(wanted) is tuple else None
        else:
            inner = _shape_in(wanted)
            wanted = next((of for key, _, of, _ in inner.fields() if key == step), None) if inner else None
        if wanted is None:
            return None
        wanted = required_type(wanted)
    return wanted


def _shape_in(wanted: Any) -> type[TypedMapping] | None:
    members = (wanted, *get_args(wanted))
    return next((each for each in members if isinstance(each, type) and issubclass(each, TypedMapping)), None)


def _candidates(wanted: Any, value: object, text: str) -> Iterator[Spelling]:
    if wanted in _BY_TYPE:
        yield from _BY_TYPE[wanted](text if not isinstance(value, str) else value.strip())
    elif wanted in (str, Name) and not isinstance(value, str):
        yield Spelling(text)
    elif get_origin(wanted) is tuple and not _SEPARATORS.search(text):
        yield Spelling([value])
    elif isinstance(value, str):
        words = [
            word
            for each in (wanted, *get_args(wanted))
            if get_origin(each) is Literal
            for word in get_args(each)
        ]
        yield from _word(value, words)


def same_letters(word: str, other: str) -> bool:
    """Whether two names differ in nothing but case and what joins their words."""
    return re.sub(r"[\s_-]", "", word).casefold() == re.sub(r"[\s_-]", "", other).casefold()


def _word(value: str, words: Sequence[str]) -> Iterator[Spelling]:
    exact = [word for word in words if same_letters(word, value)]
    if exact:
        yield from map(Spelling, exact)
    elif guess := nearest(value, words):
        yield Spelling(guess, sure=False)


def _in_units(text: str, *tables: dict[str, str]) -> Iterator[Spelling]:
    """The amount with its unit as egp writes it: a word becomes a sign, capitals small, a currency three letters."""
    found = _AMOUNT.fullmatch(text)
    if found:
        unit = " ".join(found[2].split())
        known = [table[unit.casefold()] for table in tables if unit.casefold() in table]
        for sign in known or [unit.lower()]:
            yield Spelling(f"{found[1]} {sign}" if sign in _CURRENCY_CODES else f"{found[1]}{sign}")
        if unit.upper() in _CURRENCY_CODES:
            yield Spelling(f"{found[1]} {unit.upper()}")
    elif text[:1] in _CURRENCIES:
        yield Spelling(f"{text[1:].strip()} {_CURRENCIES[text[0]]}")


def _share(text: str) -> Iterator[Spelling]:
    yield from _in_units(text, _PER_CENT)
    # 1 is a fraction, all of it, as well as a number of per cent.
    if re.fullmatch(NUMBER, text) and float(text.replace("_", "")) > 1:
        yield Spelling(f"{text}%")


def _change(text: str) -> Iterator[Spelling]:
    yield from _in_units(text, _PER_CENT, _POINTS, _TIMES, _CURRENCIES)
    if re.fullmatch(NUMBER, text) and float(text.replace("_", "")) == 0:
        yield Spelling("0%")


def _measure(text: str) -> Iterator[Spelling]:
    yield from _in_units(text, _PER_CENT, _TIMES, _CURRENCIES)


def _money(text: str) -> Iterator[Spelling]:
    yield from _in_units(text, _CURRENCIES)


def _duration(text: str) -> Iterator[Spelling]:
    yield from _in_units(text, _TIMES)


def _count(text: str) -> Iterator[Spelling]:
    if _GROUPED.fullmatch(text):
        yield Spelling(re.sub(r"[^0-9]", "_", text))
    else:
        yield from _in_units(text, _COUNTS)


def _day(text: str) -> Iterator[Spelling]:
    found = _YEAR_FIRST.fullmatch(text)
    if found and (found[2] or len(text) == 8):
        yield Spelling(f"{found[1]}-{found[3]:0>2}-{found[4]:0>2}")


def _interval(text: str) -> Iterator[Spelling]:
    yield from _day(text)
    found = _RANGE.fullmatch(text)
    if found:
        first, last = (_one_day(part.strip()) for part in found.groups())
        yield Spelling("/".join(sorted((first, last))))


def _one_day(text: str) -> str:
    return next((str(spelling.value) for spelling in _day(text)), text)


def _flag(text: str) -> Iterator[Spelling]:
    if text.casefold() in _WORDS:
        yield Spelling(_WORDS[text.casefold()])


_BY_TYPE: dict[object, Callable[[str], Iterator[Spelling]]] = {
    Share: _share, MetricChange: _change, Measure: _measure, Money: _money, Count: _count, timedelta: _duration,
    date: _day, date | datetime: _day, Interval: _interval, bool: _flag,
}  # fmt: skip
