"""What is served at this moment beside the stage that was entered last: a share that nobody entered is found where it runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from egp.plan.finding import NotChecked
from egp.plan.names import folded
from egp.plan.quantity import shown
from egp.plan.wording import listing, share_text
from egp.record.rollouts.reading import RolloutFile, formats, read_rollouts
from egp.record.rollouts.rollout import VariantShare
from egp.rules.rule_inputs import ServedFlag
from egp.rules.served import decisive, known, known_part, same, treated
from egp.stats.values import NamedTuple
from egp.yaml.bounds import MAX_BYTES
from egp.yaml.files import read_regular, shown_path
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from datetime import date

    from egp.plan.experiment import Experiment
    from egp.policy.model import Policy
    from egp.record.ledger import Ledger
    from egp.record.rollouts.rollout import Rollout

Outcome = Literal["same", "less", "more", "could_not_judge"]

STATUS: dict[Outcome, int] = {"same": 0, "less": 0, "more": 1, "could_not_judge": 2}
WORDS: dict[Outcome, str] = {
    "same": "as entered",
    "less": "less",
    "more": "more",
    "could_not_judge": "could not judge",
}

HEAVIEST = (3, 2, 1, 0)
"""Exit statuses: a roll back comes before what could not be judged, and that before a hold."""

IN_PRODUCTION = "production"
"""The environment of an export whose format the policy names no environment for."""


class LiveShare(NamedTuple):
    """What one flag of the plan serves, and what the ledger has."""

    outcome: Outcome
    message: str
    next: str = ""

    @property
    def status(self) -> int:
        return STATUS[self.outcome]


class ServedNow(NamedTuple):
    """An export of what is served now, compared with the ledger."""

    stated: str
    """FORMAT=FILE, as given."""
    digest: str
    """Of the file; empty for one that cannot be read."""
    shares: tuple[LiveShare, ...]

    @property
    def status(self) -> int:
        """0 where no more is served than was entered, 1 where more is, 2 where nobody can tell."""
        return heaviest(each.status for each in self.shares)


def heaviest(statuses: Iterator[int] | Sequence[int]) -> int:
    found = set(statuses)
    return next(status for status in HEAVIEST if status in found)


def form_and_file(stated: str) -> tuple[str, str]:
    """The parts of FORMAT=FILE. Raises ValueError with what it should be."""
    form, equals, path = stated.partition("=")
    if not equals or not path or form not in formats():
        raise ValueError(f"FORMAT is one of {', '.join(formats())}")
    return form, path


def served_now(
    stated: str, plan: Experiment, ledger: Ledger | None, policy: Policy, as_of: date
) -> ServedNow:
    """Reads the export, and compares each flag of the plan. What cannot be read is not compared, and says why."""
    try:
        form, path = form_and_file(stated)
    except ValueError as error:
        return _unknown(stated, f"--served {stated} is not FORMAT=FILE", str(error))
    try:
        content = read_regular(path, MAX_BYTES)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        return _unknown(stated, f"cannot read {path}: {why}")
    digest = f"sha256:{sha256(content).hexdigest()}"
    if ledger is None:
        return _unknown(stated, "the ledger cannot be read", digest=digest)
    environment = next((each.environment for each in policy.rollouts if each.format == form), None)
    files = [RolloutFile(shown_path(path), text)]
    reading = read_rollouts(files, form, environment or IN_PRODUCTION)
    if not reading.rollouts and reading.unread:
        return _unknown(stated, f"{shown_path(path)}: {reading.unread[0].reason}", digest=digest)
    return ServedNow(stated, digest, tuple(live_shares(plan, ledger, reading.rollouts, as_of)))


def _unknown(stated: str, message: str, next: str = "", digest: str = "") -> ServedNow:
    return ServedNow(stated, digest, (LiveShare("could_not_judge", message, next),))


def live_shares(
    plan: Experiment, ledger: Ledger, rollouts: Sequence[Rollout], as_of: date
) -> Iterator[LiveShare]:
    """Each flag of the plan in an export of what is served, beside the ledger."""
    if not ledger.is_there:
        yield LiveShare("could_not_judge", "the ledger has no entry to compare with", "egp enter writes one")
        return
    names = {folded(each) for each in plan.switches}
    mine = [each for each in rollouts if folded(each.flag.value) in names]
    if not mine:
        named = listing(map(shown, plan.switches), "or") or "a flag"
        message = f"the export has no flag of the plan ({named})"
        yield LiveShare("could_not_judge", message, "name the export of its flag")
    for rollout in mine:
        yield _live(plan, ledger, rollout, as_of)


def _live(plan: Experiment, ledger: Ledger, rollout: Rollout, as_of: date) -> LiveShare:
    served = ServedFlag(rollout, plan, as_of)
    flag, entered = shown(rollout.flag.value), ledger.share or 0.0
    try:
        share = _served(served)
    except NotChecked as unknown:
        return LiveShare("could_not_judge", f"{flag}: {unknown.reason or 'the plan does not say enough'}")
    said = f"{flag} serves {share_text(share)}, and the ledger has {share_text(entered)}"
    if same(share, entered):
        return LiveShare("same", said)
    if share < entered:
        return LiveShare("less", said, f"egp enter PLAN --lower-to {share * 100:g}% writes it down")
    return LiveShare("more", said, f"lower it to {share_text(entered)}: nobody entered more")


def _served(served: ServedFlag) -> float:
    """The largest share of an audience that is treated; of a flag that is off what everybody gets. Raises NotChecked."""
    rollout = served.rollout
    if rollout.share_of != "units":
        raise NotChecked((), f"a share of {rollout.share_of} is no share of units")
    if not rollout.is_on:
        off = rollout.off
        return treated(served, [VariantShare(off.value, 1.0, off.at)]) if off else 0.0
    known_part(served)
    if rollout.continuous or rollout.stages:
        raise NotChecked(
            (), "what it serves depends on the moment, and the export does not say which step it is at"
        )
    return max((treated(served, known(each).shares) for each in decisive(rollout)), default=0.0)
