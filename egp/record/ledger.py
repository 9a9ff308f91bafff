"""The ledger: which stages of an experiment were entered, when, and by which receipt. A pipeline writes it, and only adds.

Each entry is a file of its own, ``egp.ledger.d/<shard>/<experiment>/<number>.yaml``, and has the digest of the one before:
none can be changed, left out or put between others without its successor saying so.
"""

# No postponed annotations here: shapes are read from the annotations themselves.

import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date as Day
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from egp.plan.finding import Failure
from egp.plan.quantity import Moment, Share
from egp.plan.results import CANARY, TEST, StageEntry
from egp.plan.typed_reader import Name, TypedMapping, ValueProblem, field, read
from egp.record.entry_files import ENDING, in_other_letters, ledger_folder, names_in
from egp.record.lock_error import LockError
from egp.stats.values import frozen
from egp.yaml import read_bytes
from egp.yaml.atomic import write_anew
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.claim import ClaimError, claimed
from egp.yaml.files import read_regular, shown_path
from egp.yaml.flow import flow
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.record.sources.git import Repository

VERSION = 1
NONE = "none"
"""The predecessor of the first entry."""

_FILE = re.compile(r"[0-9]{4}" + re.escape(ENDING))
_MOST = 1000
_HEADER = "# Written by egp enter, never changed: each entry has the digest of the one before.\n"
_RESTORE = "egp writes this file; restore it from git"


class LedgerEntry(TypedMapping):
    """One step: a stage that was entered, a share that was lowered, or a treatment that was withdrawn."""

    needs = ("ledger", "experiment", "kind", "treated", "at", "previous")
    ledger: int | None = field("Version of the form.", VERSION)
    experiment: Name | None = field("Id of the experiment.", "pdp-buy-now")
    kind: Literal["enter", "lower", "rollback"] | None = field("What was done.", "enter")
    stage: str | None = field("The stage, as results spell it.", "70%")
    treated: Share | None = field("Treated share from then on.", "70%")
    variant: str | None = field("The treatment, of a plan with several.", "buy_now")
    at: Moment | None = field("The instant, with its offset.", "2023-02-07T08:00:00-08:00")
    commit: str | None = field("The commit that was judged.")
    verdict: str | None = field("What the gate said.", "proceed")
    receipt: str | None = field("Digest of the gate's receipt.")
    judged: Moment | None = field("The instant that the receipt judged.", "2023-02-07T08:00:00-08:00")
    as_if: bool | None = field(
        "Whether another instant than that of the call was judged, which opens nothing."
    )
    reason: str | None = field("Why, where no gate judged.", prose=True)
    ticket: str | None = field("Where an emergency was discussed.", "XP-17")
    approver: str | None = field("Who approved an emergency.", "@xp-lead")
    role: str | None = field("In which role.", "experimentation_lead")
    expires: Day | None = field("The last day on which that holds.", "2023-02-10")
    digest: str | None = field("Digest of the plan for which that was approved.")
    previous: str | None = field("Digest of the entry before, or none.", NONE)

    @property
    def is_judged(self) -> bool:
        """Whether the gate stands behind it: it said proceed, at the instant of the call."""
        return bool(self.receipt) and self.verdict == "proceed" and not self.as_if

    @property
    def is_emergency(self) -> bool:
        """Whether it was approved by somebody instead of judged."""
        return self.kind == "enter" and not self.receipt and bool(self.approver) and self.expires is not None

    @property
    def withdraws(self) -> bool:
        """Whether nobody is treated from then on."""
        return self.kind == "rollback" or (self.kind == "lower" and not self.treated)

    @property
    def begins(self) -> datetime:
        """The instant from which on it counts: not before what its receipt judged."""
        assert isinstance(self.at, datetime), "an entry that was read has an instant"
        return max(self.at, self.judged) if isinstance(self.judged, datetime) else self.at


@frozen
class Ledger:
    """The entries of one experiment, in their order."""

    experiment: str
    entries: tuple[LedgerEntry, ...] = ()
    last: str = NONE
    """Digest of the last entry."""

    @property
    def is_there(self) -> bool:
        return bool(self.entries)

    @property
    def since_rollback(self) -> tuple[LedgerEntry, ...]:
        """The entries that count: after a rollback everything begins anew."""
        ends = [at for at, each in enumerate(self.entries) if each.withdraws]
        return self.entries[ends[-1] + 1 :] if ends else self.entries

    @property
    def was_rolled_back(self) -> bool:
        """Whether the treatment is withdrawn, and nothing was entered since."""
        return bool(self.entries) and self.entries[-1].withdraws

    @property
    def canary_again(self) -> LedgerEntry | None:
        """The canary with which the treatment began anew after a rollback; None where it did not."""
        since = self.since_rollback
        if len(since) == len(self.entries):
            return None
        return next((each for each in reversed(since) if each.kind == "enter" and each.stage == CANARY), None)

    @property
    def is_in_canary_again(self) -> bool:
        """Whether that canary is where the treatment is."""
        last = next((each for each in reversed(self.entries) if each.kind != "lower"), None)
        return last is not None and last is self.canary_again

    def until(self, instant: datetime) -> "Ledger":
        """The ledger as it was at an instant."""
        later = (
            at for at, each in enumerate(self.entries) if isinstance(each.at, datetime) and each.at > instant
        )
        count = next(later, None)
        if count is None:
            return self
        return Ledger(self.experiment, self.entries[:count], self.entries[count].previous or NONE)

    def up_to(self, digest: str) -> "Ledger | None":
        """The ledger as it was when an entry of a digest was its last; None where it never was."""
        ends = [NONE, *(each.previous or NONE for each in self.entries[1:]), self.last][
            : len(self.entries) + 1
        ]
        if digest not in ends:
            return None
        count = ends.index(digest)
        return Ledger(self.experiment, self.entries[:count], digest)

    @property
    def unjudged(self) -> tuple[LedgerEntry, ...]:
        """Stages that hold, and that neither the gate nor anybody in an emergency stands behind."""
        before_ramp = [each for each in self.since_rollback if each.stage in (CANARY, TEST)]
        return tuple(
            each
            for each in (*before_ramp, *self._holding())
            if each.kind == "enter" and not each.is_judged and not each.is_emergency
        )

    def stages(self) -> tuple[StageEntry, ...]:
        """The stages of the ramp that hold: those above a share that was lowered were left."""
        return tuple(_stage(each) for each in self._holding())

    def _holding(self) -> list[LedgerEntry]:
        found: list[LedgerEntry] = []
        for each in self.since_rollback:
            if each.kind == "lower":
                found = [before for before in found if (before.treated or 0.0) <= (each.treated or 0.0)]
            elif each.stage not in (CANARY, TEST):
                found = [
                    before for before in found if before.treated != each.treated
                ]  # an emergency that is judged since
                found.append(each)
        return found

    @property
    def share(self) -> float | None:
        """The share that is served by the last entry; None before the first."""
        return self.entries[-1].treated if self.entries else None


def _stage(entry: LedgerEntry) -> StageEntry:
    stage = StageEntry()
    stage.treated, stage.entered, stage.revision = entry.treated, entry.begins, None
    return stage


def read_ledger(root: str, experiment: str) -> Ledger:
    """The ledger of an experiment beside the lock. Raises LockError for one that was changed, or cannot be read."""
    folder = ledger_folder(experiment)
    place = os.path.join(root, folder)
    _require_own_letters(
        folder,
        lambda above: names_in(os.path.join(root, above)),
        lambda path: shown_path(os.path.join(root, path)),
    )
    try:
        names = sorted(os.listdir(place))
    except FileNotFoundError:
        return Ledger(experiment)
    except OSError as error:
        raise _damaged(shown_path(place), f"cannot be read: {error.strerror}") from None
    contents: dict[str, bytes] = {}
    for name in names[: _MOST + 1]:
        path = os.path.join(place, name)
        try:
            contents[name] = read_regular(path, MAX_BYTES, root)
        except OSError as error:
            raise _damaged(shown_path(path), f"cannot be read: {error.strerror}") from None
    return _ledger(experiment, contents, shown_path(place))


def _require_own_letters(
    folder: str, names: Callable[[str], Iterable[str]], shown: Callable[[str], str]
) -> None:
    """Raises LockError where a ledger lies under the name of a folder in other letters: file systems that fold them find it."""
    if found := in_other_letters(folder, names):
        raise _damaged(shown(found), f"is the name of {folder} in other letters")


def ledger_at(repository: "Repository", commit: str, experiment: str) -> Ledger:
    """The same as a commit has it. Raises LockError, GitError."""
    folder = ledger_folder(experiment)
    _require_own_letters(
        folder, lambda above: repository.names_in(commit, above), lambda path: f"{commit[:12]}:{path}"
    )
    blobs = repository.files(commit, [folder])
    paths = sorted(blobs)
    contents = {
        path.rpartition("/")[2]: content or b""
        for path, content in zip(paths, repository.contents(blobs[path].id for path in paths), strict=True)
    }
    return _ledger(experiment, contents, f"{commit[:12]}:{folder}")


def _ledger(experiment: str, contents: Mapping[str, bytes], shown: str) -> Ledger:
    entries: list[LedgerEntry] = []
    last = NONE
    if len(contents) > _MOST:
        raise _damaged(shown, f"has more than {_MOST:,} entries")
    for number, name in enumerate(sorted(contents), start=1):
        path = f"{shown}/{name}"
        if not _FILE.fullmatch(name) or name != _name(number):
            raise _damaged(path, f"is not entry {number}, which comes next")
        entry = _entry(contents[name], path)
        if entry.experiment != experiment:
            raise _damaged(path, f"is of {entry.experiment}, and lies with {experiment}")
        if entry.previous != last:
            raise _damaged(path, "does not follow the entry before it, which was changed since")
        entries.append(entry)
        last = digest_of(contents[name])
    return Ledger(experiment, tuple(entries), last)


def _entry(content: bytes, path: str) -> LedgerEntry:
    document = read_bytes(content, path)[0]
    problems: list[ValueProblem] = []
    entry = read(LedgerEntry, document.value, (), problems)
    messages = [*(each.message for each in document.problems), *(each.message for each in problems)]
    said = next(iter(messages), "")
    if not said and entry.ledger != VERSION:
        said = f"is format {entry.ledger}, and this egp reads format {VERSION}"
    instants = [entry.at, *([] if entry.judged is None else [entry.judged])]
    if not said and not all(isinstance(each, datetime) and each.tzinfo for each in instants):
        said = "has no instant with its offset"
    if said:
        raise _damaged(path, said)
    return entry


def _damaged(path: str, message: str) -> LockError:
    return LockError((Failure(path, f"the ledger is damaged: {message}", help=_RESTORE),))


def _name(number: int) -> str:
    return f"{number:04d}{ENDING}"


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


def append(root: str, experiment: str, values: Mapping[str, object]) -> str:
    """Adds an entry, no other process in between, and returns its path relative to the root. Raises LockError."""
    try:
        with claimed(root):
            ledger = read_ledger(root, experiment)
            stated = {
                "ledger": VERSION,
                "experiment": experiment,
                **{key: value for key, value in values.items() if value not in (None, "")},
                "previous": ledger.last,
            }
            text = _HEADER + "".join(f"{key}: {flow(value)}\n" for key, value in stated.items())
            path = f"{ledger_folder(experiment)}/{_name(len(ledger.entries) + 1)}"
            _entry(text.encode("utf-8"), path)  # nothing is written that could not be read again
            write_anew(os.path.join(root, path), text.encode("utf-8"))
            return path
    except ClaimError as error:
        raise LockError((Failure("", str(error), help=error.help),)) from None
    except OSError as error:
        message = f"cannot write the ledger: {error.strerror or type(error).__name__}"
        raise LockError((Failure("", message, help="it is as it was before"),)) from None
