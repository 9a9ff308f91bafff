"""Values of a platform's file, taken for what they are: a key that is missing or of another type says nothing, and is no error."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta


class PlatformValue:
    """A value of a JSON file, or a row of a CSV."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __bool__(self) -> bool:
        """Whether it is a mapping that says something."""
        return isinstance(self._value, dict) and bool(self._value)

    def raw(self, key: str) -> object:
        return self._value.get(key) if isinstance(self._value, dict) else None

    def get(self, key: str) -> PlatformValue:
        return PlatformValue(self.raw(key))

    def items(self, key: str) -> list[PlatformValue]:
        """The mappings of a list."""
        found = self.raw(key)
        return (
            [PlatformValue(each) for each in found if isinstance(each, dict)]
            if isinstance(found, list)
            else []
        )

    def text(self, key: str) -> str:
        return _text(self.raw(key))

    def texts(self, key: str) -> list[str]:
        """The texts of a list that say something."""
        found = self.raw(key)
        return [text for each in found if (text := _text(each))] if isinstance(found, list) else []

    def number(self, key: str) -> float | None:
        """A finite number, also where it is written as a text; None for anything else."""
        value = self.raw(key)
        try:
            found = (
                float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
            )
        except (ValueError, OverflowError):
            return None
        return found if found is not None and abs(found) < 1e300 else None

    def day(self, key: str) -> date | None:
        """The day that a text begins with."""
        value = self.raw(key)
        try:
            return date.fromisoformat(value[:10]) if isinstance(value, str) else None
        except ValueError:
            return None

    def instant(self, key: str) -> datetime | None:
        """An instant with its offset."""
        value = self.raw(key)
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None
        return found if found is not None and found.tzinfo is not None else None

    def in_small_letters(self) -> PlatformValue:
        """The same mapping with plain keys, of a platform that spells them in several ways."""
        value = self._value if isinstance(self._value, dict) else {}
        return PlatformValue({str(key).replace("_", "").lower(): each for key, each in value.items()})


def parsed_json(text: str) -> PlatformValue | None:
    """The mapping of a JSON text; None for a text that is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return PlatformValue(value) if isinstance(value, dict) else None


def records(text: str) -> list[dict[str, str]]:
    """The rows of a CSV by its header."""
    return list(_records(text))


def _records(text: str) -> Iterator[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    for row in reader:
        yield {
            key: (value or "").strip()
            for key, value in row.items()
            if isinstance(key, str) and not isinstance(value, list)
        }


def last_of(start: date, days: float | None) -> date | None:
    """The last of so many days; None where no calendar has it."""
    try:
        return start + timedelta(days=int(days) - 1) if days is not None and days >= 1 else None
    except OverflowError:
        return None


def as_id(name: str) -> str:
    """A name as an id of egp, which is the name of a file, too."""
    plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in name)
    return plain.strip("-.")[:100]


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""
