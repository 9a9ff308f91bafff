"""Changing an input: by its structure, so that it still reads as a plan, policy or lock, or by its bytes."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any

from egp.yaml.written import written

Steps = tuple[str | int, ...]

VALUES: tuple[object, ...] = (
    None, "", " ", "x", "0", "-1", "1e308", "9" * 60, "0%", "100%", "-5%", "1e-300%", "50bps", "0.8pp", "5", "inf", "nan",
    "0001-01-01", "9999-12-31", "2023-02-30", "2023-01-23T00:00:00+14:00", "48h", "-48h", "1e9w", "true", "null", "none",
    [], {}, ["x"], {"x": "y"}, [[[[]]]], "é", "e\u0301", "\u202e", "a\tb", "@xp-lead", "@XP-LEAD ", "../../etc/passwd",
    "control", "*", "**/*", "x" * 500, "1_000_000", "1.2M", "12 USD", "-12 USD", "12 XXX", True, False, 0, -1, 10**30, 0.5,
)  # fmt: skip
"""What keys are set to: extremes of each type that a file can state, and types that are not meant."""


def text_of(value: object, draw: random.Random | None = None) -> str:
    """A document's text, a line for each key: as egp writes values or, where it is drawn, as JSON, which is written faster."""
    write = written if draw is None or draw.random() < 0.1 else _as_json
    if isinstance(value, dict) and value:
        return "".join(f"{write(key)}: {write(item)}\n" for key, item in value.items())
    return write(value) + "\n"


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def places(value: object, above: Steps = ()) -> Iterator[Steps]:
    """Every path in a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield (*above, step)
        yield from places(item, (*above, step))


def inside(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def without(value: Any, steps: Steps) -> Any:
    """The value without what is at a path."""
    changed = copy.deepcopy(value)
    del inside(changed, steps[:-1])[steps[-1]]
    return changed


def changed(value: Any, draw: random.Random) -> Any:
    """The value with one to three parts deleted, set, doubled, renamed, nested or exchanged."""
    result = copy.deepcopy(value)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        paths = list(places(result))
        if not paths:
            return result
        *above, last = draw.choice(paths)
        parent = inside(result, tuple(above))
        match draw.randrange(6):
            case 0:
                del parent[last]
            case 1:
                parent[last] = copy.deepcopy(draw.choice(VALUES))
            case 2 if isinstance(parent, list):
                parent.append(copy.deepcopy(inside(parent, (last,))))
            case 3 if isinstance(parent, dict):
                parent[draw.choice(("x", "x-y", f"{last}s", str(last).upper(), "on", "é"))] = parent.pop(last)
            case 4:
                parent[last] = [parent[last]] if draw.random() < 0.5 else {"x": parent[last]}
            case _:
                parent[last] = copy.deepcopy(
                    inside(result, draw.choice(paths)) if draw.random() < 0.3 else _near(parent[last], draw)
                )
    return result


def _near(value: object, draw: random.Random) -> object:
    """A quantity a little or far away, in the same unit; another value where it is none."""
    if isinstance(value, str) and (number := re.search(r"\d[\d_]*(\.\d+)?", value)):
        factor = draw.choice((0, 0.5, 0.99, 1.01, 2, 10, 1e6))
        stated = float(number[0].replace("_", "")) * factor
        return f"{value[: number.start()]}{stated:.12g}{value[number.end() :]}"
    return copy.deepcopy(draw.choice(VALUES))


def garbled(content: bytes, draw: random.Random) -> bytes:
    """The bytes cut, doubled, exchanged, or with others put in."""
    at = draw.randrange(len(content) + 1)
    to = min(len(content), at + draw.randrange(1, 40))
    match draw.randrange(6):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + content[to:]
        case 2:
            return content[:to] + content[at:]
        case 3:
            return content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :]
        case 4:
            return content[:at] + draw.choice(_PIECES) + content[at:]
        case _:
            lines = content.splitlines(keepends=True)
            draw.shuffle(lines)
            return b"".join(lines)


_PIECES = (
    b"\n---\n", b"\n...\n", b"&a ", b"*a", b"<<: *a\n", b"!!python/object:x ", b"? ", b"- ", b": ", b"{", b"[", b"}", b"]", b"'", b'"',
    b"|\n", b"\t", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"#", b"%YAML 9.9\n", b"[" * 200, b"{a: " * 120, b"\xe2\x80\xa8", b"=======\n",
)  # fmt: skip


def without_rows(content: bytes, draw: random.Random) -> bytes:
    """A table of results with some rows dropped, garbled, or cells of them emptied."""
    head, *rows = content.splitlines(keepends=True)
    kept = []
    share = draw.choice((0.01, 0.1, 0.5, 0.9))
    column = draw.randrange(head.count(b",") + 1)
    how = draw.randrange(3)
    for row in rows:
        if draw.random() >= share:
            kept.append(row)
        elif how:
            cells = row.rstrip(b"\r\n").split(b",")
            cells[column % len(cells)] = (
                b"" if how == 1 else draw.choice((b"x", b"NaN", b"-1", b"1e999", b"10;8"))
            )
            kept.append(b",".join(cells) + b"\n")
    return head + b"".join(kept)


def cut_off(content: bytes, draw: random.Random) -> bytes:
    """A table in one of the orders that exports have, up to the end of a row or to the middle of one."""
    head, *rows = content.splitlines(keepends=True)
    columns = head.decode().strip().split(",")
    order = [columns.index(name) for name in ("stage", "variant", "date")]
    for at in draw.sample(order, draw.randrange(len(order) + 1)):
        rows.sort(key=lambda row: row.split(b",")[at], reverse=draw.random() < 0.3)
    whole = head + b"".join(rows)
    end = len(head) + draw.randrange(len(whole) - len(head))
    return whole[:end] if draw.random() < 0.5 else whole[: whole.rindex(b"\n", 0, end) + 1]
