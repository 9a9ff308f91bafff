"""The ways out that diagnostics themselves offer, with their price."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from egp.plan.experiment import declarations
from egp.plan.remedy import FREE, PROPOSAL, Candidate, Concession, Remedy, TradeOff, open_if
from egp.plan.typed_reader import label
from egp.plan.wording import listing
from egp.yaml.edits import APPEND, Addition, Edit, LineRemoval, Setting


@cache
def measured() -> frozenset[str]:
    """Keys that state facts: writing another value makes none."""
    return frozenset(keys[-1] for keys, each in declarations().items() if each.measured)


def offered(remedies: Iterable[Remedy]) -> Iterator[Candidate]:
    """The remedies of a diagnostic, with the price that their rule names or that follows from what they set."""
    for remedy in remedies:
        if not remedy.edits:
            continue
        price = remedy.price if remedy.price != FREE else _price(remedy.edits)
        yield Candidate(remedy.edits, "", *price, _lever(remedy.edits))


def _price(edits: Sequence[Edit]) -> Concession:
    facts = list(_facts(edits))
    if facts:
        are = "is" if len(facts) == 1 else "are"
        return open_if(f"{listing(facts)} {are} measured to be so", TradeOff.FACT)
    is_new = any(isinstance(each, Addition) and each.path[-1] == APPEND for each in edits)
    return PROPOSAL if is_new else FREE


def _facts(settings: Sequence[Edit]) -> Iterator[str]:
    """Keys among the settings that state facts."""
    for each in settings:
        if isinstance(each, (Setting, Addition)) and each.path[-1] != APPEND:
            keys = each.value if isinstance(each.value, dict) else (each.path[-1],)
            yield from (str(key) for key in keys if key in measured())


def _lever(settings: Sequence[Edit]) -> str:
    """The input that a single setting moves, named as the solver's levers name it."""
    if len(settings) > 1 or isinstance(settings[0], LineRemoval):
        return ""
    path = settings[0].path
    names = {"sample_size_per_variant": "sample", "mde": "mde", "exposure": "exposure"}
    if path[-1] == "non_inferiority_margin":
        return f"margin of {label(path[:-1])}"
    return names.get(str(path[-1]), "")
