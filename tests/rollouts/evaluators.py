"""The evaluators of other formats, without a network: what each of them serves to how many units.

`python -m tests.rollouts.evaluators` asks each evaluator that is installed for 100,000 units a flag, and prints what it serves
beside what egp reads. The suite asks for fewer. Those of Flipt and GO Feature Flag bring engines of tens of megabytes, and
no extra has them: `pip install flipt-client gofeatureflag-python-provider`.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from math import inf, sqrt
from pathlib import Path
from typing import Any, NamedTuple

from egp.record.rollouts.rollout import DEFAULT
from egp.yaml import read_text
from tests.rollouts.reading import read

SURELY = 5.0
"""Standard errors that a share may be away; one in two million harmless runs of a variant is further."""

RANDOM_NUMBERS = 10_000
"""Unleash's engine draws one of so many where it draws anew every time, and hashes that: more units are no more chance."""

ROUNDING = 1e-12
UNITS = 100_000

Serve = Callable[[str, str], str]
"""(flag, unit) → the variant; empty for the application's own default."""


class Evaluator(NamedTuple):
    """Flags of a format as its files say them, and how its evaluator is begun."""

    flags: str
    begin: Callable[[Any], Any]
    modules: tuple[str, ...]
    """What has to be installed."""
    units: int
    """As many as the suite has time for."""


GROWTHBOOK = """
features:
  even: {defaultValue: control, rules: [{key: even, coverage: 0.9, hashAttribute: id, variations: [control, buy], weights: [0.5, 0.5]}]}
  seeded: {defaultValue: control, rules: [{key: even, seed: s, hashVersion: 2, hashAttribute: id, variations: [control, buy], weights: [0.3, 0.7]}]}
  forced: {defaultValue: control, rules: [{force: buy, coverage: 0.2, hashAttribute: id}]}
  spaced: {defaultValue: control, rules: [{key: spaced, hashAttribute: id, variations: [control, buy], namespace: [pricing, 0.1, 0.5]}]}
  ranged: {defaultValue: control, rules: [{key: ranged, hashVersion: 2, hashAttribute: id, variations: [control, buy], ranges: [[0, 0.4], [0.6, 0.75]]}]}
  twice: {defaultValue: control, rules: [{key: a, seed: a, coverage: 0.5, hashAttribute: id, variations: [control, buy], weights: [0.5, 0.5]}, {key: b, seed: other, hashAttribute: id, variations: [control, buy], weights: [0.2, 0.8]}]}
  second: {defaultValue: control, rules: [{key: a, coverage: 0.5, hashVersion: 2, hashAttribute: id, variations: [control, buy]}, {key: b, hashVersion: 2, hashAttribute: id, variations: [control, buy], weights: [0.2, 0.8]}]}
  mixed: {defaultValue: control, rules: [{force: buy, seed: a, coverage: 0.4, hashAttribute: id}, {force: buy, key: c, seed: a, coverage: 0.4, hashVersion: 2, hashAttribute: id}]}
  held: {defaultValue: control, rules: [{key: hld, hashVersion: 2, hashAttribute: id, variations: [kept, all], ranges: [[0, 0.1], [0.1, 1]], meta: [{}, {passthrough: true}]}, {key: held, hashVersion: 2, hashAttribute: id, variations: [control, buy], weights: [0.3, 0.7]}]}
  unmet: {defaultValue: control, rules: [{condition: {id: {$in: []}}, force: buy}, {force: buy, coverage: 0.2, hashAttribute: id}]}
  filtered: {defaultValue: control, rules: [{force: buy, coverage: 0.2, hashAttribute: id, filters: [{seed: f, ranges: [[0, 0.5]]}]}]}
  unsound: {defaultValue: control, rules: [{key: unsound, hashAttribute: id, variations: [control, buy, more], weights: [0.5, 0.2, 0.1]}]}
"""

UNLEASH = """
version: 2
features:
  - {name: even, enabled: true, strategies: [{name: flexibleRollout, parameters: {rollout: "90", stickiness: userId, groupId: even}, variants: [{name: control, weight: 500, stickiness: userId}, {name: buy, weight: 500, stickiness: userId}]}]}
  - {name: joined, enabled: true, strategies: [{name: flexibleRollout, parameters: {rollout: "20", stickiness: userId, groupId: a}}, {name: flexibleRollout, parameters: {rollout: "50", stickiness: userId, groupId: b}}, {name: flexibleRollout, parameters: {rollout: "30", stickiness: userId, groupId: a}}]}
  - {name: older, enabled: true, strategies: [{name: gradualRolloutUserId, parameters: {percentage: "35", groupId: older}}]}
  - {name: everybody, enabled: true, strategies: [{name: default}], variants: [{name: a, weight: 200}, {name: b, weight: 300}, {name: c, weight: 500}]}
  - {name: unmet, enabled: true, strategies: [{name: default, constraints: [{contextName: userId, operator: IN, values: []}]}, {name: default, constraints: [{contextName: userId, operator: NOT_IN, inverted: true, values: []}]}, {name: flexibleRollout, parameters: {rollout: "30", stickiness: userId, groupId: u}}]}
  - {name: by_chance, enabled: true, strategies: [{name: flexibleRollout, parameters: {rollout: "25", stickiness: random, groupId: c}}]}
"""

LAUNCHDARKLY = """
flags:
  even: {key: even, version: 1, on: true, salt: a, variations: [a, b], offVariation: 0, fallthrough: {rollout: {variations: [{variation: 0, weight: 55000}, {variation: 1, weight: 45000}]}}}
  short: {key: short, version: 1, on: true, salt: b, variations: [a, b], offVariation: 0, fallthrough: {rollout: {variations: [{variation: 0, weight: 20000}, {variation: 1, weight: 10000}]}}}
  seeded: {key: seeded, version: 1, on: true, salt: c, variations: [a, b, c], offVariation: 0, fallthrough: {rollout: {seed: 61, variations: [{variation: 2, weight: 10000}, {variation: 0, weight: 30000}, {variation: 1, weight: 60000}]}}}
  ruled: {key: ruled, version: 1, on: true, salt: d, variations: [a, b], offVariation: 0, targets: [{values: [nobody], variation: 1}], rules: [{id: r, clauses: [{attribute: country, op: in, values: [US]}], variation: 1}], fallthrough: {rollout: {variations: [{variation: 0, weight: 90000}, {variation: 1, weight: 10000}]}}}
  unmet: {key: unmet, version: 1, on: true, salt: g, variations: [a, b], offVariation: 0, rules: [{id: r, clauses: [{attribute: id, op: in, values: []}], variation: 1}], fallthrough: {rollout: {variations: [{variation: 0, weight: 70000}, {variation: 1, weight: 30000}]}}}
  off: {key: off, version: 1, on: false, salt: e, variations: [a, b], offVariation: 1, fallthrough: {variation: 0}}
  keyless: {key: keyless, version: 1, on: true, salt: f, variations: [a, b], offVariation: 0, fallthrough: {rollout: {bucketBy: id, contextKind: user, variations: [{variation: 0, weight: 40000}, {variation: 1, weight: 60000}]}}}
"""

FLIPT = """
version: "1.4"
namespace: {key: default}
flags:
  - {key: even, name: e, type: VARIANT_FLAG_TYPE, enabled: true, variants: [{key: a}, {key: b}], rules: [{segment: all, distributions: [{variant: a, rollout: 55}, {variant: b, rollout: 45}]}]}
  - {key: first, name: f, type: VARIANT_FLAG_TYPE, enabled: true, variants: [{key: a}, {key: b}], rules: [{segment: us, distributions: [{variant: b, rollout: 100}]}, {segment: all, distributions: [{variant: a, rollout: 80}, {variant: b, rollout: 20}]}]}
  - {key: unmet, name: u, type: VARIANT_FLAG_TYPE, enabled: true, variants: [{key: a}, {key: b}], rules: [{segment: nobody, distributions: [{variant: b, rollout: 100}]}, {segment: all, distributions: [{variant: a, rollout: 60}, {variant: b, rollout: 40}]}]}
  - {key: fast, name: b, type: BOOLEAN_FLAG_TYPE, enabled: false, rollouts: [{threshold: {percentage: 10, value: true}}, {threshold: {percentage: 30, value: true}}]}
  - {key: slow, name: b, type: BOOLEAN_FLAG_TYPE, enabled: true, rollouts: [{segment: {key: us, value: true}}, {threshold: {percentage: 40, value: false}}]}
segments:
  - {key: all, name: all, match_type: ALL_MATCH_TYPE}
  - {key: nobody, name: nobody, match_type: ALL_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: country, operator: isoneof, value: '[]'}]}
  - {key: us, name: us, match_type: ALL_MATCH_TYPE, constraints: [{type: STRING_COMPARISON_TYPE, property: country, operator: eq, value: US}]}
"""

GO_FEATURE_FLAG = """
even: {variations: {a: a, b: b}, defaultRule: {percentage: {a: 55, b: 45}}}
relative: {variations: {a: a, b: b, c: c}, defaultRule: {percentage: {a: 1, b: 2, c: 5}}}
keyed: {variations: {a: a, b: b}, bucketingKey: account, defaultRule: {percentage: {a: 30, b: 70}}}
ruled: {variations: {a: a, b: b}, targeting: [{query: country eq "US", variation: b}], defaultRule: {percentage: {a: 75, b: 25}}}
"""


@contextmanager
def _growthbook(value: Any) -> Iterator[Serve]:
    evaluator = import_module("growthbook").GrowthBook(features=value["features"])

    def serve(flag: str, unit: str) -> str:
        evaluator.set_attributes({"id": unit})
        return str(evaluator.eval_feature(flag).value)

    yield serve


@contextmanager
def _unleash(value: Any) -> Iterator[Serve]:
    evaluator = import_module("yggdrasil_engine.engine").UnleashEngine()
    evaluator.take_state(json.dumps(value))
    has_variants = {
        each["name"]
        for each in value["features"]
        if each.get("variants") or any(strategy.get("variants") for strategy in each["strategies"])
    }

    def serve(flag: str, unit: str) -> str:
        if flag in has_variants:
            return str(evaluator.get_variant(flag, {"userId": unit}).variant.name)
        return "enabled" if evaluator.is_enabled(flag, {"userId": unit}).is_enabled else "disabled"

    yield serve


@contextmanager
def _launchdarkly(value: Any) -> Iterator[Serve]:
    sdk = import_module("ldclient")
    files = import_module("ldclient.integrations").Files
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "flags.json")
        path.write_text(json.dumps(value), encoding="utf-8")
        source = files.new_data_source(paths=[str(path)])
        settings = import_module("ldclient.config").Config(
            "none", update_processor_class=source, send_events=False, diagnostic_opt_out=True
        )
        client = sdk.LDClient(settings)
        try:

            def serve(flag: str, unit: str) -> str:
                context = sdk.Context.builder(unit).set("id", unit).build()
                return str(client.variation(flag, context, ""))

            yield serve
        finally:
            client.close()


@contextmanager
def _flipt(value: Any) -> Iterator[Serve]:
    """The engine reads what a server sends, so that it has one of this process."""
    sdk = import_module("flipt_client")
    options = import_module("flipt_client.models").ClientOptions
    snapshot = json.dumps(_snapshot(value)).encode()

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("ETag", "1")
            self.end_headers()
            self.wfile.write(snapshot)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    booleans = {each["key"] for each in value["flags"] if each["type"] == "BOOLEAN_FLAG_TYPE"}
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = sdk.FliptClient(options(url=f"http://127.0.0.1:{server.server_port}"))
    try:

        def serve(flag: str, unit: str) -> str:
            if flag in booleans:
                return "true" if client.evaluate_boolean(flag, unit).enabled else "false"
            return str(client.evaluate_variant(flag, unit).variant_key)

        yield serve
    finally:
        client.close()
        server.shutdown()
        server.server_close()


def _snapshot(value: Any) -> dict[str, Any]:
    """What a server makes of an export."""
    stamps = {"createdAt": "2023-01-01T00:00:00Z", "updatedAt": "2023-01-01T00:00:00Z"}
    segments = {
        each["key"]: {
            "key": each["key"],
            "name": each["name"],
            "description": "",
            "matchType": "ALL_SEGMENT_MATCH_TYPE",
            "constraints": [
                {"id": "c", "type": "STRING_CONSTRAINT_COMPARISON_TYPE", "property": one["property"], "operator": one["operator"], "value": one["value"]}
                for one in each.get("constraints", ())
            ],
            **stamps,
        }
        for each in value["segments"]
    }  # fmt: skip
    flags = []
    for flag in value["flags"]:
        rules = [
            {
                "id": f"{rank}",
                "rank": rank,
                "segmentOperator": "OR_SEGMENT_OPERATOR",
                "segments": [segments[rule["segment"]]],
                "distributions": [
                    {"id": one["variant"], "ruleId": f"{rank}", "variantId": one["variant"], "variantKey": one["variant"], "variantAttachment": "", "rollout": one["rollout"]}
                    for one in rule["distributions"]
                ],
            }
            for rank, rule in enumerate(flag.get("rules", ()), start=1)
        ]  # fmt: skip
        rollouts = [
            {"rank": rank, "type": "THRESHOLD_ROLLOUT_TYPE", "threshold": one["threshold"]}
            if "threshold" in one
            else {
                "rank": rank,
                "type": "SEGMENT_ROLLOUT_TYPE",
                "segment": {"value": one["segment"]["value"], "segmentOperator": "OR_SEGMENT_OPERATOR", "segments": [segments[one["segment"]["key"]]]},
            }
            for rank, one in enumerate(flag.get("rollouts", ()), start=1)
        ]  # fmt: skip
        head = {key: flag[key] for key in ("key", "name", "type", "enabled")}
        flags.append({**head, "description": "", "rules": rules, "rollouts": rollouts, **stamps})
    return {"namespace": {"key": "default"}, "flags": flags}


@contextmanager
def _go_feature_flag(value: Any) -> Iterator[Serve]:
    model = import_module("gofeatureflag_python_provider.wasm.model")
    evaluator = import_module("gofeatureflag_python_provider.wasm.evaluate_wasm").EvaluateWasm(pool_size=1)
    evaluator.initialize()

    def serve(flag: str, unit: str) -> str:
        context = {"targetingKey": unit, "key": unit, "account": f"{unit}@example.com", "country": "DE"}
        asked = model.WasmInput(
            flagKey=flag,
            flag=value[flag],
            evalContext=context,
            flagContext=model.WasmFlagContext(defaultSdkValue=""),
        )
        return str(evaluator.evaluate(asked).variationType)

    try:
        yield serve
    finally:
        evaluator.dispose()


EVALUATORS: Mapping[str, Evaluator] = {
    "growthbook": Evaluator(GROWTHBOOK, _growthbook, ("growthbook",), 5_000),
    "unleash": Evaluator(UNLEASH, _unleash, ("yggdrasil_engine",), 3_000),
    "launchdarkly": Evaluator(LAUNCHDARKLY, _launchdarkly, ("ldclient",), 5_000),
    "flipt": Evaluator(FLIPT, _flipt, ("flipt_client",), 2_000),
    "go-feature-flag": Evaluator(
        GO_FEATURE_FLAG, _go_feature_flag, ("gofeatureflag_python_provider", "wasmtime"), 500
    ),
}


def expected(format: str) -> dict[str, dict[str, float]]:
    """Flag → the shares that egp reads for units that no rule with a condition is about."""
    found = {}
    for rollout in read(json.dumps(read_text(EVALUATORS[format].flags)[0].value), format, "json").rollouts:
        if not rollout.is_on:
            found[rollout.flag.value] = {rollout.off.value if rollout.off else DEFAULT: 1.0}
            continue
        found[rollout.flag.value] = {each.variant: each.share for each in rollout.audiences[-1].shares}
    return found


def served(format: str, units: int) -> dict[str, dict[str, float]]:
    """Flag → the shares that the evaluator serves."""
    evaluator = EVALUATORS[format]
    value = read_text(evaluator.flags)[0].value
    found = {}
    with evaluator.begin(value) as serve:
        for flag in expected(format):
            counts = Counter(serve(flag, f"unit-{number}") for number in range(units))
            found[flag] = {variant: count / units for variant, count in counts.items()}
    return found


class Deviation(NamedTuple):
    flag: str
    variant: str
    read: float
    served: float
    errors: float
    """Standard errors between the two; infinite where chance has no part."""


def drawn_anew(format: str) -> frozenset[str]:
    """The flags that draw again whenever they are evaluated."""
    rollouts = read(json.dumps(read_text(EVALUATORS[format].flags)[0].value), format, "json").rollouts
    sticky = {each.flag.value: each.audiences[-1].sticky for each in rollouts if each.audiences}
    return frozenset(flag for flag, said in sticky.items() if said and said.value is False)


def deviations(format: str, units: int) -> Iterator[Deviation]:
    observed, anew = served(format, units), drawn_anew(format)
    for flag, shares in expected(format).items():
        for variant in sorted({*shares, *observed[flag]}):
            share, got = shares.get(variant, 0.0), observed[flag].get(variant, 0.0)
            chances = 1 / units + (1 / RANDOM_NUMBERS if flag in anew else 0)
            error, away = sqrt(share * (1 - share) * chances), abs(got - share)
            errors = away / error if error > 0 else inf if away > ROUNDING else 0.0
            yield Deviation(flag, variant, share, got, errors)


def differences(format: str, units: int) -> Iterator[str]:
    """The flags of which more or less is served than is read, by more than chance makes of it."""
    return described(deviations(format, units))


def described(found: Iterable[Deviation]) -> Iterator[str]:
    for each in found:
        if each.errors > SURELY:
            yield f"{each.flag}: {each.variant} is read as {each.read:.2%} and served to {each.served:.2%}"


def main(names: list[str]) -> int:
    status = 0
    for format in names or EVALUATORS:
        try:
            found = list(deviations(format, UNITS))
        except ImportError as error:
            sys.stdout.write(f"{format}: {error}\n")
            continue
        flags, furthest = len(expected(format)), max(each.errors for each in found)
        wrong = "; ".join(described(found))
        said = wrong or f"as read, {len(found)} shares, the furthest {furthest:.1f} standard errors away"
        sys.stdout.write(f"{format}: {flags} flags, {UNITS:,} units each: {said}\n")
        sys.stdout.flush()
        status |= bool(wrong)
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
