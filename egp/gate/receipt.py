"""The decision record: the verdict with the call that led to it, and judging it again a year later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from egp.finding import Failure
from egp.gate.call import Call, CannotJudge, as_text
from egp.gate.json import record
from egp.gate.schema import GATE_VERSION
from egp.quantity import QuantityError, moment, shown

if TYPE_CHECKING:
    from egp.gate.call import Judgement

MAX_BYTES = 10_000_000


def written(judgement: Judgement) -> str:
    """The receipt: what ``--format json`` says, and how the gate was called."""
    call = asdict(judgement.call)
    call["source"] = _without_secrets(judgement.call.source)
    call["as_of"] = judgement.call.as_of.isoformat() if judgement.call.as_of else None
    return as_text({**record(judgement), "call": call})


def _without_secrets(url: str) -> str:
    """The url without user, password and options."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.partition("?")[0].rpartition("@")[2] if separator else ""


def read_receipt(path: str) -> tuple[dict[str, Any], Call]:
    """A receipt and its call. Raises CannotJudge."""
    try:
        with open(path, "rb") as file:
            receipt = json.loads(file.read(MAX_BYTES), object_pairs_hook=_unambiguous)
    except OSError as error:
        raise CannotJudge(Failure(path, f"cannot read the receipt: {error.strerror}")) from None
    except (ValueError, RecursionError):
        raise _no_receipt(path) from None
    if not isinstance(receipt, dict) or not isinstance(receipt.get("call"), dict):
        raise _no_receipt(path)
    if receipt.get("gate") != GATE_VERSION:
        message = (
            f"the receipt has format {shown(receipt.get('gate'))}, and this egp reads format {GATE_VERSION}"
        )
        raise CannotJudge(Failure(path, message, help="replay it with the egp that wrote it"))
    return receipt, _call_of(path, receipt["call"])


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


def _call_of(path: str, stated: dict[str, Any]) -> Call:
    texts = {
        name: stated.get(name)
        for name in (
            "plan",
            "results",
            "to",
            "treatment_revision",
            "variant",
            "policy",
            "policy_from",
            "source",
        )
    }
    as_of = stated.get("as_of")
    if not all(isinstance(text, str) for text in texts.values()):
        raise _no_receipt(path)
    try:
        return Call(**{k: str(v) for k, v in texts.items()}, as_of=None if as_of is None else moment(as_of))
    except QuantityError:
        raise _no_receipt(path) from None


def differences(receipt: dict[str, Any], again: Judgement) -> Iterator[str]:
    """What is not as the receipt has it: inputs first, since they explain the rest."""
    now: dict[str, Any] = json.loads(written(again))
    for name, before in _mapping(receipt.get("inputs")).items():
        after = now["inputs"].get(name)
        if before != after:
            yield f"{shown(name)}: not what was judged, {_digest(before)} then and {_digest(after)} now"
    if receipt.get("tool") != now["tool"]:
        yield f"egp {_version(receipt)} judged then, egp {_version(now)} now"
    if receipt.get("verdict") != now["verdict"] or receipt.get("hold") != now["hold"]:
        yield f"the verdict was {_verdict(receipt)}, and is {_verdict(now)} now"
    yield from _checks(receipt, now)
    told = {"inputs", "tool", "verdict", "hold", "checks", "reasons", "next"}
    for key in [key for key in {**now, **receipt} if key not in told and receipt.get(key) != now.get(key)]:
        yield f"{shown(key)} was {_short(receipt.get(key))}, and is {_short(now.get(key))} now"


def _checks(receipt: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    before = receipt.get("checks") if isinstance(receipt.get("checks"), list) else []
    after = now["checks"]
    if before == after:
        return
    changed = [(then, today) for then, today in zip(before or [], after, strict=False) if then != today]
    for then, today in changed:
        name = shown(_mapping(then).get("check"))
        yield f"{name} said: {_short(_mapping(then).get('message'))}; it says: {_short(today['message'])}"
    if len(before or []) != len(after):
        yield f"there were {len(before or [])} readings, and there are {len(after)} now"


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
