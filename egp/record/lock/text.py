"""The lock as written: the same entries give the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from egp.record.entry_files import ENTRIES, FOLDER, ONE_FILE
from egp.record.lock.entries import sum_of
from egp.record.lock.reading import Lock, Pins
from egp.record.lock.registration import Registration, made, said
from egp.yaml.flow import flow, key

_HEADER = "# Written by egp register, egp amend and egp decide. Branches merge; of a conflict keep the lines of both sides.\n"
_FOLDER_HEADER = f"# Written by egp. Each experiment has a file of its own in {ENTRIES}; both belong to those who register.\n"
_ENTRY_HEADER = "# Written by egp register, egp amend and egp decide. Of a conflict keep one side, and give the other command again.\n"


def rendered(lock: Lock) -> str:
    """The lock's text with all of its experiments in it: the same entries give the same bytes."""
    return lock_text(ONE_FILE, lock.entries, lock.policies, has_folder=False)


def lock_text(version: int, listed: Mapping[str, Registration], pins: Pins, has_folder: bool) -> str:
    """The text of ``egp.lock``.

    The name of the folder stands below the pins and so apart from the experiments. Two branches, of which one adds that
    line and the other one takes the experiments away, merge.
    """
    lines = [f"{_HEADER if version == ONE_FILE else _FOLDER_HEADER}lock: {version}"]
    if version == ONE_FILE:
        lines.append("experiments:" if listed else "experiments: {}")
        for name in sorted(listed):
            lines += _lines_of(name, listed[name])
    lines.append(f"policies: {flow(pins)}")
    lines += [f"entries: {ENTRIES}"] if has_folder else []
    return "\n".join(lines) + "\n"


def _lines_of(name: str, entry: Registration) -> Iterator[str]:
    """An entry in the lock file, each decision on a line of its own."""
    stated = flow(said(made(Registration, **{**vars(entry), "decisions": ()})))
    if not entry.decisions:
        yield f"  {key(name)}: {stated}"
        return
    yield f"  {key(name)}: {stated[:-1]}, decisions: ["
    yield from (f"    {flow(said(each))}," for each in entry.decisions)
    yield "  ]}"


def entry_text(name: str, entry: Registration) -> str:
    """The text of an experiment's own file.

    Its last line is a digest of the others: it tells a file that is not whole, and keeps git from merging two changes
    of one experiment into a third that nobody made.
    """
    lines = [f"{_ENTRY_HEADER}entry: {FOLDER}", f"experiment: {flow(name)}"]
    for part, value in _parts(said(entry)):
        lines += (
            [f"{key(part)}:", *(f"  - {flow(each)}" for each in value)]
            if isinstance(value, list)
            else [f"{key(part)}: {flow(value)}"]
        )
    above = "\n".join(lines) + "\n"
    return f'{above}sum: "{sum_of(above)}"\n'


def _parts(written: object) -> Iterable[tuple[str, object]]:
    assert isinstance(written, dict)
    return written.items()
