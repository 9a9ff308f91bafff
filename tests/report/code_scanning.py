"""What becomes of a log on its way into code scanning, by the published source of the action that uploads it.

It goes through the results: one whose first location is a line of a file that exists gets a hash of that line as its fingerprint, unless
it has one, which is kept with a warning. An alert is then known by tool, rule, file and fingerprint.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

KEY = "primaryLocationLineHash"
_WINDOW, _FACTOR, _BITS = 100, 37, (1 << 64) - 1


class Alert(NamedTuple):
    rule: str
    path: str
    fingerprint: str


def alerts(log: Any, root: Path) -> list[Alert]:
    """One for each result, after the upload."""
    return [
        Alert(each["ruleId"], path_of(each), fingerprint(each, root))
        for run in log["runs"]
        for each in run["results"]
    ]


def path_of(result: Any) -> str:
    return unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def fingerprint(result: Any, root: Path) -> str:
    kept = result.get("partialFingerprints", {}).get(KEY)
    if kept:
        return str(kept)
    line = int(result["locations"][0]["physicalLocation"]["region"]["startLine"])
    return str(line_hashes((root / path_of(result)).read_text(encoding="utf-8"))[line - 1])


def line_hashes(text: str) -> list[str]:
    """The hash of each line: of the hundred characters from its beginning, blanks left out, whatever lines they are of."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    units: list[int] = []
    begins: list[int] = []
    for at, line in enumerate(lines):
        last = at == len(lines) - 1
        begins.append(len(units))
        kept = [ord(each) for each in line if each not in " \t"]
        units += [*kept, 0xFFFF if last else ord("\n")]
    units += [0] * _WINDOW
    seen: Counter[str] = Counter()
    hashes = []
    for begin in begins:
        value = 0
        for unit in units[begin : begin + _WINDOW]:
            value = (value * _FACTOR + unit) & _BITS
        seen[f"{value:x}"] += 1
        hashes.append(f"{value:x}:{seen[f'{value:x}']}")
    return hashes
