"""Editing a document in its text: what an edit does not change keeps every character.

The edit works on plain values. What it changed is found by comparison and spliced into the text at the places that
the document knows; nothing else is written anew, so comments, quotes, indentation, alignment and line ends stay.
The result is read again and must say exactly what the edit made of the values.

What is removed goes with the comments on its lines and those below that stand further in, and a TODO behind a key that was
left open goes when the key gets its value. An edit cannot reach behind
an alias, because others stand on the same value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from egp.stats.values import NamedTuple
from egp.yaml import Document, Path, Position, Span, pointer, read_text
from egp.yaml.edits import Edit, EditError, LineRemoval, Removal, make, value_at
from egp.yaml.position import in_bytes
from egp.yaml.written import written, written_name, written_text

_MARK = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_LINE_END = re.compile(r"\r\n|\r|\n")
_COLON = re.compile(r"[ \t]*:")
_NOTHING = frozenset(("~", "null", "Null", "NULL"))
"""How YAML writes that there is no value, besides leaving it out."""
_STILL_OPEN = re.compile(r"[ \t]+#[ \t]*(?:TODO|TBD|FIXME)\b[^\r\n]*")


class _Splice(NamedTuple):
    """A stretch of the text, by its offsets, and what takes its place."""

    start: int
    end: int
    text: str


class Replacement(NamedTuple):
    """A stretch of a text, and what takes its place."""

    span: Span
    text: str
    in_bytes: Span
    """The stretch with columns that count bytes of UTF-8, those of a byte order mark included."""


def replacement(before: str, after: str) -> Replacement:
    """The one stretch in which two texts differ, in lines and columns that do not count a byte order mark."""
    mark, before = _without_mark(before)
    after = _without_mark(after)[1]
    start = _shared_length(before, after)
    if before[:start].endswith("\r"):
        start -= 1  # a line end stays whole
    same = _shared_length(before[start:][::-1], after[start:][::-1])
    if same and before[len(before) - same] == "\n":
        same -= 1
    ends = (start, len(before) - same)
    return Replacement(
        Span(*(_position(before, at) for at in ends)),
        after[start : len(after) - same],
        Span(*(_position_in_bytes(mark + before, len(mark) + at) for at in ends)),
    )


def replacements(before: str, after: str) -> list[Replacement]:
    """The stretches in which two texts differ, each within the lines that it changes."""
    from difflib import SequenceMatcher

    mark, before = _without_mark(before)
    lines, others = _LINE.findall(before), _LINE.findall(_without_mark(after)[1])
    found = []
    for kind, start, end, other_start, other_end in SequenceMatcher(
        None, lines, others, autojunk=False
    ).get_opcodes():
        if kind != "equal":
            above, changed = "".join(lines[:start]), "".join(others[other_start:other_end])
            whole = f"{above}{''.join(lines[start:end])}"
            found.append(replacement(mark + whole, mark + above + changed))
    return found


def _shared_length(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _position(text: str, offset: int) -> Position:
    ends = [found.end() for found in _LINE_END.finditer(text, 0, offset)]
    return Position(len(ends) + 1, offset - (ends[-1] if ends else 0) + 1)


def _position_in_bytes(text: str, offset: int) -> Position:
    position = _position(text, offset)
    return in_bytes(position, text[offset - position.column + 1 : offset])


def changed(text: str, edits: Sequence[Edit], document: int = 0, order: Sequence[str] = ()) -> str:
    """The text with edits made to one of its documents, one after the other. Raises EditError."""
    for edit in edits:
        if isinstance(edit, LineRemoval):
            text = _without_line(text, edit.number)
        elif not (isinstance(edit, Removal) and value_at(_read(text)[document].value, edit.path) is None):
            text = edited(text, lambda value, step=edit: make(step, value, order), document)  # type: ignore[misc]
    return text


@lru_cache(maxsize=3)
def _read(text: str) -> list[Document]:
    """The documents of a text, for which nobody changes them: what one edit leaves, the next begins with, and many are tried on one text."""
    return read_text(text)


def _without_line(text: str, number: int) -> str:
    mark, body = _without_mark(text)
    lines = _LINE.findall(body)
    if not 1 <= number <= len(lines):
        raise EditError(f"there is no line {number}")
    return mark + "".join(lines[: number - 1] + lines[number:])


def _without_mark(text: str) -> tuple[str, str]:
    """The byte order mark, if there is one, and the rest."""
    return (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)


def edited(text: str, edit: Callable[[dict[str, Any]], None], document: int = 0) -> str:
    """The text with one of its documents changed by ``edit``, which gets the document's mapping to modify in place.

    A key that the edit adds is written after the key it follows in the edited mapping. Raises EditError.
    """
    mark, body = _without_mark(text)
    before = _read(body)
    subject = before[document]
    if subject.problems:
        raise EditError(f"cannot edit a document that is not sound: {subject.problems[0].message}")
    if not isinstance(subject.value, dict):
        raise EditError("cannot edit a document that is no mapping of keys")
    wanted: dict[str, Any] = _unshared(subject.value)
    edit(wanted)
    result = _spliced(body, _Comparison(subject).splices(wanted))
    _verify(result, before, document, wanted)
    return mark + result


def _unshared(value: Any) -> Any:
    """A copy in which an alias has a value of its own."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _read_back(value: Any) -> Any:
    """The value as a document would hold it."""
    if isinstance(value, dict):
        return {key: _read_back(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_read_back(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def _spliced(text: str, splices: Sequence[_Splice]) -> str:
    parts, at = [], 0
    for splice in sorted(splices, key=lambda each: each.start):
        if splice.start < at:
            raise EditError("two changes of one edit meet at the same place")
        parts += [text[at : splice.start], splice.text]
        at = splice.end
    return "".join([*parts, text[at:]])


def _verify(text: str, before: Sequence[Document], number: int, wanted: object) -> None:
    after = _read(text)
    values = [_read_back(wanted) if at == number else each.value for at, each in enumerate(before)]
    if [each.value for each in after] != values or after[number].problems:
        shared = (
            None if after[number].problems else _shared(before[number], after[number].value, values[number])
        )
        if shared is None:
            raise EditError("the edit would change more of the document than was requested")
        line = before[number].span(shared).start.line
        how = "merges (`<<`)" if "<<" in before[number].line(line) else "repeats"
        raise EditError(
            f"line {line} {how} what would be edited, so that {pointer(shared)} would change too; "
            "make the change there by hand, or write the value out in both places"
        )


def _shared(before: Document, after: object, wanted: object) -> Path | None:
    """A path that the edit would change unasked, because it stands on the same text as what was to be edited."""
    return next(
        (path for path in _differences(after, wanted, ()) if before.definition(path) is not None), None
    )


def _differences(one: object, other: object, path: Path) -> Iterator[Path]:
    """The paths at which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from _differences(one.get(key), other.get(key), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for at, (item, its) in enumerate(zip(one, other, strict=True)):
            yield from _differences(item, its, (*path, at))
    elif one != other:
        yield path


class _Comparison:
    """Finds what an edit changed, and where that is written."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._source = document.text
        self._starts = [0, *(found.end() for found in _LINE_END.finditer(self._source))]
        self._found: list[_Splice] = []

    def splices(self, wanted: dict[str, Any]) -> list[_Splice]:
        self._compare(self._document.value, wanted, ())
        return self._found

    def _compare(self, before: object, after: object, path: Path) -> None:
        if isinstance(before, dict) and isinstance(after, dict) and before and (after or not path):
            self._compare_mappings(before, after, path)
        elif isinstance(before, list) and isinstance(after, (list, tuple)) and before and after:
            self._compare_lists(before, after, path)
        elif (
            isinstance(before, (dict, list))
            and isinstance(after, (dict, list, tuple))
            and before
            and not after
        ):
            self._empty(path, after)
        elif type(before) is not type(after) or before != after:
            self._set(path, after)

    def _compare_mappings(self, before: dict[str, Any], after: dict[str, Any], path: Path) -> None:
        renamed = dict(_renamed(before, after))
        gone = [at for at, key in enumerate(before) if key not in after and key not in renamed]
        if gone:
            self._remove(path, list(before), gone)
        for key, new in renamed.items():
            start, end = self._offsets((*path, key), key=True)
            self._splice(start, end, written_name(new, _quote(self._source[start])))
        previous = next(iter(before), "")
        for key, value in after.items():
            if key in before:
                self._compare(before[key], value, (*path, key))
                previous = key
            elif key in renamed.values():
                previous = next(old for old, new in renamed.items() if new == key)
            else:
                self._add_key((*path, previous), key, value)

    def _compare_lists(self, before: Sequence[Any], after: Sequence[Any], path: Path) -> None:
        if len(after) < len(before):
            self._shorten(before, after, path)
            return
        for at, (old, new) in enumerate(zip(before, after, strict=False)):
            self._compare(old, new, (*path, at))
        for item in after[len(before) :]:
            self._append(path, len(before) - 1, item)

    # Removing

    def _shorten(self, before: Sequence[Any], after: Sequence[Any], path: Path) -> None:
        """A list without some of its items; with others in their stead only if it is in brackets, without a comment."""
        gone, kept = [], list(after)
        for at, item in enumerate(before):
            if kept and kept[0] == item:
                del kept[0]
            else:
                gone.append(at)
        if not kept:
            self._remove(path, range(len(before)), gone)
            return
        start, end = self._offsets(path)
        if self._source[start] != "[" or "#" in self._source[start:end]:
            raise EditError(f"an edit cannot replace all of {pointer(path)}")
        self._refuse_alias((*path, 0))
        self._splice(start, end, written(after))

    def _remove(self, path: Path, steps: Sequence[str | int], gone: Sequence[int]) -> None:
        """Takes members out of a mapping or list that keeps others."""
        self._refuse_alias((*path, steps[gone[0]]))
        in_brackets = self._in_brackets(path)
        for first, last in _runs(gone):
            start, end = self._extent((*path, steps[first]))[0], self._extent((*path, steps[last]))[1]
            following = self._extent((*path, steps[last + 1]))[0] if last + 1 < len(steps) else None
            if in_brackets or not self._stands_first(start):
                if following is None and not in_brackets:
                    raise EditError(
                        f"an edit cannot remove {pointer((*path, steps[first]))}, which shares its line"
                    )
                before = self._extent((*path, steps[first - 1]))[1] if following is None and first else start
                self._take_out(before, end if following is None else following)
            else:
                self._take_lines_out(start, (*path, steps[last]))

    def _take_out(self, start: int, end: int) -> None:
        if "#" in self._source[start:end]:
            raise EditError("what would be removed has a comment among it")
        self._splice(start, end, "")

    def _take_lines_out(self, start: int, last: Path) -> None:
        """All lines from a member's first to the end of the last one, the comments below it included."""
        line = self._starts[self._line_of(start)]
        end = self._end_of_block(last, self._column_of(start) + 1)
        if found := _LINE_END.match(self._source, end):
            self._splice(line, found.end(), "")
        else:
            before = self._source[:line]
            self._splice(len(before.rstrip("\r\n")) if before.strip() else line, end, "")

    def _extent(self, member: Path) -> tuple[int, int]:
        """Where a member begins, its key or dash included, and ends."""
        start, end = self._offsets(member)
        if isinstance(member[-1], str):
            start, end_of_key = self._offsets(member, key=True)
            return start, max(end, end_of_key)
        return (start if self._in_brackets(member[:-1]) else self._dash(member, start)), end

    def _dash(self, member: Path, start: int) -> int:
        """The dash of an item: on its line or above, in the column of the first one."""
        column = self._column_of(self._offsets(member[:-1])[0])
        dashes = (each + column for each in self._starts[self._line_of(start) :: -1])
        return next(at for at in dashes if at <= start and self._source[at : at + 1] == "-")

    def _stands_first(self, offset: int) -> bool:
        return not self._source[self._starts[self._line_of(offset)] : offset].strip()

    def _empty(self, path: Path, after: Any) -> None:
        """A mapping or list of which nothing stays."""
        self._refuse_alias(path)
        start, end = self._offsets(path)
        if self._source[start] not in "{[":
            if not isinstance(path[-1], str):
                raise EditError(f"an edit cannot remove all of {pointer(path)}")
            start = self._source.index(":", self._offsets(path, key=True)[1]) + 1
            self._splice(start, end, f" {written(after)}")
        else:
            self._splice(start, end, written(after))

    # Setting

    def _set(self, path: Path, value: object) -> None:
        self._refuse_alias(path)
        old = self._document.scalar(path)
        start, end = self._offsets(path)
        if old == "":
            self._set_empty(path, value)
        elif old is None and not self._is_empty_collection(start, end):
            self._replace(path, value)
        elif old is None and self._wants_lines(path, value):
            self._set_lines(path, start, end, value)
        else:
            quote = "" if _is_count(value) else _quote(self._source[start])
            end = self._past_open_note(end) if old in _NOTHING else end
            self._splice(start, end, written_text(value, quote) if isinstance(value, str) else written(value))

    def _replace(self, path: Path, value: object) -> None:
        """A value on one line for a whole mapping or list, if no comment would be lost."""
        start, end = self._offsets(path)
        gap = ""
        if self._source[start] not in "{[" and isinstance(path[-1], str):
            start, gap = self._source.index(":", self._offsets(path, key=True)[1]) + 1, " "
        if "#" in self._source[start:end]:
            raise EditError(f"an edit cannot replace all of {pointer(path)}")
        self._splice(start, end, f"{gap}{written(value)}")

    def _set_empty(self, path: Path, value: object) -> None:
        """A value that was left empty comes behind its colon or dash."""
        at = self._offsets(path, key=True)[1]
        if isinstance(path[-1], str):
            colon = _COLON.match(self._source, at)
            if colon is None:
                self._splice(at, at, f": {written(value)}")
                return
            at = colon.end()
        end = self._past_open_note(at)
        if self._wants_lines(path, value):
            self._set_lines(path, at, end, value)
        else:
            self._splice(at, end, f" {written(value)}")

    def _past_open_note(self, at: int) -> int:
        """Behind the note that a value is still open, where one follows: it is open no more."""
        note = _STILL_OPEN.match(self._source, at)
        return note.end() if note else at

    def _set_lines(self, path: Path, start: int, end: int, value: object) -> None:
        """A list gets a line for each item, below its key; a comment behind the key stays there."""
        while self._source[start - 1] in " \t":
            start -= 1
        self._splice(start, end, "")
        at = self._line_end(end)
        self._splice(at, at, self._lines_below(self._column(path), value))

    def _wants_lines(self, path: Path, value: object) -> bool:
        """Whether the value is a list of mappings, and its key stands in a block."""
        return _is_list_of_mappings(value) and isinstance(path[-1], str) and not self._in_brackets(path[:-1])

    def _is_empty_collection(self, start: int, end: int) -> bool:
        return self._source[start:end].replace(" ", "") in ("[]", "{}")

    # Adding

    def _add_key(self, neighbour: Path, key: str, value: object) -> None:
        self._refuse_alias(neighbour)
        parent = neighbour[:-1]
        key_start = self._offsets(neighbour, key=True)[0]
        name = written_name(key, _quote(self._source[key_start]))
        if self._in_brackets(parent):
            self._after_in_brackets(neighbour, key_start, f"{name}: {written(value)}")
            return
        column = self._column(neighbour)
        at = self._end_of_block(neighbour, column + 1)
        below = self._lines_below(column, value) if _is_list_of_mappings(value) else f" {written(value)}"
        self._splice(at, at, f"{self._new_line(at)}{' ' * column}{name}:{below}")

    def _append(self, path: Path, last: int, item: object) -> None:
        neighbour = (*path, last)
        self._refuse_alias(neighbour)
        start, end = self._offsets(neighbour)
        if self._in_brackets(path):
            self._after_in_brackets(neighbour, start, written(item))
            return
        dash = self._column_of(self._offsets(path)[0])
        holder = self._column(path) if path and isinstance(path[-1], str) else dash - 1
        at = self._end_of_block(neighbour, max(dash, holder + 1))
        self._splice(at, at, self._new_line(at) + self._item(item, dash, start, end))

    def _item(self, item: object, dash: int, start: int, end: int) -> str:
        """An item in the style of the last one: a key a line, or all on one."""
        last = self._source[start:end]
        if not isinstance(item, dict) or _LINE_END.search(last) is None or last[0] in "{[":
            return f"{' ' * dash}- {written(item)}"
        column = self._column_of(start)
        gap = " " * (column - dash - 1)
        keys = [f"{written_name(key)}: {written(value)}" for key, value in item.items()]
        return f"{' ' * dash}-{gap}" + f"{self._new_line(start)}{' ' * column}".join(keys)

    def _after_in_brackets(self, neighbour: Path, start: int, addition: str) -> None:
        """Behind a member in brackets; on a line of its own if that member has one."""
        end = self._offsets(neighbour)[1]
        line = self._starts[self._line_of(start)]
        indent = self._source[line:start]
        has_line = indent.strip() == "" and self._line_of(start) > 0
        self._splice(end, end, f",{self._new_line(start)}{indent}{addition}" if has_line else f", {addition}")

    def _lines_below(self, column: int, items: Any) -> str:
        indent = " " * (column + 2)
        return "".join(f"{self._new_line(0)}{indent}- {written(item)}" for item in items)

    # Places

    def _splice(self, start: int, end: int, text: str) -> None:
        self._found.append(_Splice(start, end, text))

    def _refuse_alias(self, path: Path) -> None:
        if self._document.definition(path) is not None:
            raise EditError(f"{pointer(path)} stands behind an alias; write its value out to edit it")

    def _offsets(self, path: Path, *, key: bool = False) -> tuple[int, int]:
        span = self._document.span(path, key=key)
        return self._offset(span.start), self._offset(span.end)

    def _offset(self, position: Position) -> int:
        return self._starts[position.line - 1] + position.column - 1

    def _line_of(self, offset: int) -> int:
        return next(at for at in range(len(self._starts) - 1, -1, -1) if self._starts[at] <= offset)

    def _column_of(self, offset: int) -> int:
        return offset - self._starts[self._line_of(offset)]

    def _column(self, path: Path) -> int:
        return self._column_of(self._offsets(path, key=True)[0])

    def _in_brackets(self, path: Path) -> bool:
        """Whether the mapping or list at a path, or one around it, is written in brackets."""
        around = (path[:depth] for depth in range(len(path) + 1))
        return any(self._source[self._offsets(each)[0]] in "{[" for each in around)

    def _line_end(self, offset: int) -> int:
        found = _LINE_END.search(self._source, offset)
        return found.start() if found else len(self._source)

    def _end_of_block(self, path: Path, column: int) -> int:
        """The end of the last line of a value and of the comments below it that stand at the column or further in."""
        at = self._line_end(self._offsets(path)[1])
        end = at
        for line, stop in self._lines_from(at):
            text = line.lstrip(" ")
            if text.startswith("#") and len(line) - len(text) >= column:
                end = stop
            elif text.strip():
                break
        return end

    def _lines_from(self, offset: int) -> Iterator[tuple[str, int]]:
        """The lines after the one that ends at an offset, each with its end."""
        while found := _LINE_END.match(self._source, offset):
            offset = self._line_end(found.end())
            yield self._source[found.end() : offset], offset

    def _new_line(self, offset: int) -> str:
        """The line end that the text has around an offset."""
        found = _LINE_END.search(self._source, offset) or _LINE_END.search(self._source)
        return found[0] if found else "\n"


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, as first and last."""
    first = last = numbers[0]
    for number in numbers[1:]:
        if number > last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _renamed(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that are missing, each with a new key that has its value."""
    new = [key for key in after if key not in before]
    for old, value in before.items():
        if old not in after:
            same = next((key for key in new if after[key] == value), None)
            if same is not None:
                new.remove(same)
                yield old, same


def _quote(first: str) -> str:
    return first if first in "'\"" else ""


def _is_count(value: object) -> bool:
    """A number in groups, which needs none of the quotes that its old spelling had."""
    return isinstance(value, str) and re.fullmatch(r"\d{1,3}(_\d{3})+", value) is not None


def _is_list_of_mappings(value: object) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, dict) for item in value)
