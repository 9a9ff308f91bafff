"""The decision record: the verdict with the call that led to it, and judging it again a year later."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from egp.gate.action import Action
from egp.gate.call import Call, CannotJudge, Frozen, FrozenRows
from egp.gate.clock import instant
from egp.gate.json import (
    GATE_VERSION,
    GateError,
    GateInputs,
    Input,
    Receipt,
    RecordedCall,
    in_order,
    record,
)
from egp.output.contract import TOOL, JudgingPolicy, as_text
from egp.plan.analysis.registered_test import ANALYSIS
from egp.plan.finding import Failure
from egp.plan.quantity import QuantityError, moment, shown
from egp.plan.wording import listing
from egp.record.ledger import NONE
from egp.record.sources.warehouse.named import without_secrets
from egp.yaml.files import read_regular, shown_path

if TYPE_CHECKING:
    from egp.gate.judgement import GateJudgement

MAX_BYTES = 10_000_000

_TEXTS = tuple(each.name for each in fields(RecordedCall) if each.name not in ("as_of", "served"))
"""What a call consists of, beside its instant and what receipts did not always have."""

_SINCE_THE_FIRST_RELEASE = ("as_if", "action", "readout", "readouts", "ledger", "emergencies", "served")
"""Keys that its receipts lack."""


def written(judgement: GateJudgement) -> str:
    """The receipt: what ``--format json`` says, and how the gate was called."""
    return as_text(Receipt.of(record(judgement), call=_call(judgement.call)))


def _call(call: Call) -> RecordedCall:
    """The call, without secrets. Judged without ``--as-of`` it was as of the `as_of` of the record."""
    as_of = call.as_of.isoformat() if call.as_of is not None else None
    source = without_secrets(call.source) if call.source else ""
    return RecordedCall.of(call, source=source, as_of=as_of)


def written_for_failure(
    call: Call, failures: Sequence[Failure], experiment: str, known: dict[str, str]
) -> str:
    """The receipt of a call that could not be judged: its errors, and the digests of what was read so far.

    It replaces the receipt of the call before, whose answer holds no longer, and keeps what that one remembered.
    """
    stated = call.as_of if call.as_of is not None else call.now
    if stated is None:
        raise ValueError("a replay has no receipt of its own")
    sources = {"plan": call.plan, "lock": "egp.lock", "results": call.results, "policy": call.policy}
    inputs = {
        name: Input(from_=shown_path(where), digest=known.get(name) or None)
        for name, where in sources.items()
    }
    return as_text(
        Receipt(
            gate=GATE_VERSION,
            tool=TOOL,
            analysis=ANALYSIS,
            experiment=experiment,
            asked=call.asked,
            stage="",
            as_of=instant(stated, UTC),
            as_if=call.as_of is not None,
            verdict="could_not_judge",
            hold=None,
            reasons=(),
            next=tuple(failure.help for failure in failures if failure.help),
            action=Action(
                do="stay",
                flag=None,
                share_now=None,
                share_asked=None,
                earliest_next_call=None,
                rollback=None,
                commit=call.commit or None,
            ),
            policy=JudgingPolicy(name=call.policy, version="", digest=known.get("policy", "")),
            inputs=GateInputs(**inputs),
            checks=(),
            errors=tuple(GateError(check="", message=_phrase(failure)) for failure in failures),
            readout=None,
            readouts=in_order(call.frozen),
            ledger=None,
            emergencies=(),
            served=None,
            call=_call(call),
        )
    )


def _phrase(failure: Failure) -> str:
    return f"{failure.path}: {failure.message}" if failure.path else failure.message


def remembered(path: str) -> Frozen:
    """The readouts of the receipt that a call is about to replace; none where there is no receipt."""
    try:
        if os.path.islink(path):
            return ()
        return frozen_in(json.loads(read_regular(path, MAX_BYTES)))
    except (OSError, ValueError, RecursionError):
        return ()


def frozen_in(receipt: object) -> Frozen:
    """The readouts that a receipt remembers, those that can be read."""
    stated = _mapping(receipt).get("readouts")
    found = (_frozen(_mapping(each)) for each in stated) if isinstance(stated, list) else ()
    return tuple(each for each in found if each is not None)


def _frozen(stated: dict[str, Any]) -> FrozenRows | None:
    name, rows = stated.get("experiment"), _mapping(stated.get("rows"))
    try:
        look = moment(stated.get("look"))
    except QuantityError:
        return None
    if not isinstance(name, str) or not isinstance(look, datetime) or look.tzinfo is None:
        return None
    kept = {metric: str(digest) for metric, digest in rows.items()}
    return FrozenRows(experiment=name, look=look, rows=kept)


def never_judged(receipt: dict[str, Any]) -> str:
    """Why the call of the receipt could not be judged; empty where it was."""
    if receipt.get("verdict") != "could_not_judge" or receipt.get("checks"):
        return ""
    errors = receipt.get("errors")
    messages = [str(_mapping(each).get("message")) for each in errors] if isinstance(errors, list) else []
    return listing(messages) or "it does not say why"


def read_receipt(path: str) -> tuple[dict[str, Any], Call]:
    """A receipt and its call. Raises CannotJudge."""
    try:
        receipt = json.loads(read_regular(path, MAX_BYTES), object_pairs_hook=_unambiguous)
    except OSError as error:
        raise CannotJudge(Failure(path, f"cannot read the receipt: {error.strerror}")) from None
    except (ValueError, RecursionError):
        raise _no_receipt(path) from None
    if not isinstance(receipt, dict) or not isinstance(receipt.get("call"), dict):
        raise _no_receipt(path)
    if not _is_same(receipt.get("gate"), GATE_VERSION):
        message = (
            f"the receipt has format {shown(receipt.get('gate'))}, and this egp reads format {GATE_VERSION}"
        )
        raise CannotJudge(Failure(path, message, help="replay it with the egp that wrote it"))
    return receipt, _call_of(path, receipt)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are all different. Raises ValueError."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_receipt(path: str) -> CannotJudge:
    return CannotJudge(
        Failure(path, "this is no receipt of egp gate", help="egp gate --receipt FILE writes one")
    )


def _call_of(path: str, receipt: dict[str, Any]) -> Call:
    """The call as it was. Receipts of the first release judged as of the results where no instant was stated."""
    stated: dict[str, Any] = receipt["call"]
    texts = {name: stated.get(name) for name in _TEXTS}
    if not all(isinstance(text, str) for text in texts.values()):
        raise _no_receipt(path)
    try:
        as_of = None if stated.get("as_of") is None else moment(stated["as_of"])
        judged = moment(receipt.get("as_of"))
    except QuantityError:
        raise _no_receipt(path) from None
    if not isinstance(judged, datetime) or judged.tzinfo is None:
        raise _no_receipt(path)
    as_if, served, ledger = receipt.get("as_if", False), stated.get("served"), receipt.get("ledger")
    if not isinstance(as_if, bool) or not all(isinstance(each, str | None) for each in (served, ledger)):
        raise _no_receipt(path)
    if as_if and as_of is None:  # as if it were when? Only the clock of a call needs no instant
        raise _no_receipt(path)
    return Call(
        **{name: str(text) for name, text in texts.items()},
        served=served or "",
        ledger=(ledger or NONE) if "ledger" in receipt else None,
        asking=None,
        as_of=as_of,
        now=None if as_if else judged,
        commit=str(_mapping(receipt.get("action")).get("commit") or ""),
        frozen=frozen_in(receipt),
        is_replay=True,
        analysis=_analysis(path, receipt),
    )


def _analysis(path: str, receipt: dict[str, Any]) -> int:
    """By which it was judged; receipts of the first release do not say that it was the first."""
    stated = receipt.get("analysis", 1)
    if not isinstance(stated, int) or isinstance(stated, bool):
        raise _no_receipt(path)
    return stated


def differences(receipt: dict[str, Any], again: GateJudgement) -> Iterator[str]:
    """What is not as the receipt has it: inputs first, since they explain the rest."""
    now: dict[str, Any] = json.loads(written(again))
    inputs = _mapping(receipt.get("inputs"))
    for name in {**now["inputs"], **inputs}:
        before, after = inputs.get(name), now["inputs"].get(name)
        if not _is_same(before, after):
            yield f"{shown(name)}: not what was judged, {_digest(before)} then and {_digest(after)} now"
    if not _is_same(receipt.get("tool"), now["tool"]):
        yield f"egp {_version(receipt)} judged then, egp {_version(now)} now"
    if again.call.analysis != ANALYSIS:
        yield f"judged by analysis {again.call.analysis} then, and by analysis {ANALYSIS} now"
    if receipt.get("verdict") != now["verdict"] or receipt.get("hold") != now["hold"]:
        yield f"the verdict was {_verdict(receipt)}, and is {_verdict(now)} now"
    yield from _checks(receipt, now)
    excepted = {"inputs", "tool", "analysis", "verdict", "hold", "checks", "reasons", "next"}
    if "as_if" not in receipt:
        excepted.update(_SINCE_THE_FIRST_RELEASE)
    excepted.update(key for key in ("ledger", "emergencies") if key not in receipt)
    receipt = {**receipt, "call": {"served": "", **_mapping(receipt.get("call"))}}
    for key in [
        key
        for key in {**now, **receipt}
        if key not in excepted and not _is_same(receipt.get(key), now.get(key))
    ]:
        yield f"{shown(key)} was {_short(receipt.get(key))}, and is {_short(now.get(key))} now"


def _checks(receipt: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    before = receipt.get("checks") if isinstance(receipt.get("checks"), list) else []
    known = {shown(_mapping(each).get("check")) for each in before or []}
    # A check that came later has nothing to compare; if it does not pass, the verdict tells.
    after = [each for each in now["checks"] if shown(each["check"]) in known or "as_if" in receipt]
    pairs = zip(before or [], after, strict=False)
    changed = [(then, today) for then, today in pairs if not _is_same(then, today)]
    for then, today in changed:
        name = shown(_mapping(then).get("check"))
        yield f"{name} said: {_short(_mapping(then).get('message'))}; it says: {_short(today['message'])}"
    if len(before or []) != len(after):
        yield f"there were {len(before or [])} readings, and there are {len(after)} now"


def _is_same(before: object, now: object) -> bool:
    """Whether both are written alike. For Python 1 is True, and 0 is False."""
    return json.dumps(before, sort_keys=True) == json.dumps(now, sort_keys=True)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _digest(stated: object) -> str:
    digest = _mapping(stated).get("digest")
    return f"…{str(digest)[-12:]}" if digest else "none"


def _version(record: dict[str, Any]) -> str:
    return shown(_mapping(record.get("tool")).get("version"))


def _verdict(record: dict[str, Any]) -> str:
    kind = _mapping(record.get("hold")).get("kind")
    return shown(record.get("verdict")).replace("_", " ") + (f" ({shown(kind)})" if kind else "")


def _short(value: object) -> str:
    return shown(value if isinstance(value, str) else json.dumps(value))
