"""The contract of the JSON of ``egp power``: published as a schema, versioned by its ``power_report`` key."""

from __future__ import annotations

from typing import Any

from egp.output.report.contract import list_of, object_of

POWER_REPORT_VERSION = 1

_TEXT = {"type": "string"}
_NUMBER = {"type": "number"}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
_COUNT = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL = {"type": ["integer", "null"], "minimum": 0}
_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_SHARE_OR_NULL = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_FLAG = {"type": "boolean"}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _described(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {**schema, "description": description}


_QUANTITY = object_of(
    "A quantity: its value in its unit (a share as a fraction, a time in seconds), and as it was written.",
    value=_NUMBER,
    unit=_TEXT,
    text=_TEXT,
)
_HEAD = {
    "power_report": {"const": POWER_REPORT_VERSION, "description": "Version of this format."},
    "tool": object_of("The program.", name={"const": "egp"}, version=_TEXT),
}
_EFFECT = "Absolute, positive, in the metric's unit: the MDE, or the margin of a test of non-inferiority."
_SMALLEST = "Units of the smallest variant, not rounded."

_INPUTS = object_of(
    "The question as it was understood; null where nothing was said.",
    kind={"enum": ["proportion", "mean", "ratio", "quantile"]},
    baseline=_QUANTITY,
    std_dev=_or_null(_QUANTITY),
    direction={"enum": ["increase", "decrease"]},
    mde=_or_null(_QUANTITY),
    margin=_or_null(_QUANTITY),
    non_inferiority=_FLAG,
    units=_NUMBER_OR_NULL,
    days=_NUMBER_OR_NULL,
    per_day=_COUNT_OR_NULL,
    power=_described(
        _SHARE_OR_NULL, "Of the test, or of the decision by power_scope; null when it was asked for."
    ),
    power_assumed=_described(_FLAG, "Whether the power is the default and not the user's."),
    alpha=_SHARE,
    sides={"enum": [1, 2]},
    weights=_described(list_of(_SHARE), "Control first; they sum to 1."),
    correction={"enum": ["none", "bonferroni", "holm", "dunnett"]},
    correlation=_NUMBER_OR_NULL,
    clusters=_or_null(object_of("Clusters that are randomised.", size=_NUMBER, icc=_NUMBER, cv=_NUMBER)),
    guardrails=_COUNT,
    power_scope={"enum": ["primary", "decision"]},
    looks=_or_null(_described(list_of(_SHARE), "Share of the units at each look.")),
    spending={"enum": ["obrien_fleming", "pocock", "hwang_shih_decani", None]},
    gamma=_NUMBER_OR_NULL,
    always_valid=_FLAG,
)

_ANSWER = object_of(
    "A consistent set of size, effect and power.",
    units=_described(_POSITIVE, _SMALLEST),
    units_per_variant=_described(list_of(_COUNT), "Whole units, control first, each rounded up."),
    total_units=_COUNT,
    effect=_described(_POSITIVE, _EFFECT),
    relative_effect=_described(_NUMBER_OR_NULL, "Over the size of the baseline; null if that is 0."),
    power=_described(_SHARE, "Of this one test."),
    decision_power=_described(
        _SHARE, "Least chance that this test and every guardrail pass (power_scope decision)."
    ),
    days=_described(_NUMBER_OR_NULL, "Days until the units are there, not rounded; null without a rate."),
    days_to_run=_described(_COUNT_OR_NULL, "Whole weeks, two at least."),
)

_ASSUMPTIONS = object_of(
    "What the numbers rest on.",
    variance=_described(
        {
            "enum": [
                "pooled",
                "farrington_manning",
                "pooled_or_unpooled",
                "farrington_manning_or_unpooled",
                "declared",
            ]
        },
        "Of rates as their score test has it; the larger of that and the unpooled one where CUPED or clusters "
        "make it a test of means.",
    ),
    distribution={"enum": ["normal", "noncentral_t"]},
    comparison_alpha=_described(_SHARE, "Level of one comparison, after the correction."),
    critical_z=_NUMBER,
    allocation_ratio=_described(_POSITIVE, "Units of the smallest treatment for each of control."),
    cuped_factor=_POSITIVE,
    design_effect=_POSITIVE,
    inflation=_described(_POSITIVE, "Units of the sequential design over those of a single look."),
    boundaries=list_of(object_of("A look and the z that stops there.", information=_SHARE, z=_NUMBER)),
    naive_type1=_described(_SHARE_OR_NULL, "Type I error of looks without a correction."),
    family_error=_described(
        _SHARE_OR_NULL, "Chance of an effect that is not there among uncorrected treatments."
    ),
    minimum_days=_COUNT,
)

_MISTAKE = object_of(
    "What a mistake would have said, in what was asked for, and the power of the registered test with that.",
    id={
        "enum": [
            "power_80",
            "shortcut",
            "one_sided",
            "no_correction",
            "single_look",
            "primary_only",
            "other_reading",
        ]
    },
    name=_TEXT,
    says=_NUMBER,
    delivers=_SHARE,
)

_CALCULATION = object_of(
    "One question and its answer.",
    **_HEAD,
    asked={"enum": ["units", "mde", "margin", "power"]},
    inputs=_INPUTS,
    answer=_ANSWER,
    assumptions=_ASSUMPTIONS,
    mistakes=list_of(_MISTAKE),
    reach=_or_null(
        object_of(
            "What the usual power takes, where the power of a given test was asked for.",
            power=_SHARE,
            units=_NUMBER_OR_NULL,
            effect=_NUMBER_OR_NULL,
        )
    ),
    curve=object_of(
        "Smallest effect against size.",
        power=_SHARE,
        points=list_of(
            object_of(
                "A size.",
                days=_NUMBER_OR_NULL,
                units=_described(_POSITIVE, _SMALLEST),
                effect=_described(_NUMBER_OR_NULL, "Null where no possible effect is found."),
                is_answer=_FLAG,
            )
        ),
    ),
)

_METRIC = object_of(
    "A metric's test at the plan's readout; numbers are null where they could not be computed.",
    metric=_TEXT,
    pointer=_described(_TEXT, "RFC 6901 pointer to the metric."),
    role={"enum": ["primary", "co-primary", "guardrail"]},
    test={"enum": ["superiority", "non_inferiority", None]},
    effect=_described(_NUMBER_OR_NULL, _EFFECT),
    unit=_described({"type": ["string", "null"]}, "Unit of the baseline."),
    power_asked=_SHARE_OR_NULL,
    power_asked_by=_described({"type": ["string", "null"]}, "What asks for that power."),
    units_needed=_described(_NUMBER_OR_NULL, _SMALLEST),
    days_needed=_described(
        _NUMBER_OR_NULL, "Days of exposure at the plan's rate; null without eligible_units."
    ),
    power=_described(_SHARE_OR_NULL, "At the declared units."),
    detectable=_described(
        _NUMBER_OR_NULL, "Smallest effect or margin at the declared units and the power asked."
    ),
    needs=_described(list_of(_TEXT), "Pointers of the keys without which some of it cannot be computed."),
    reason=_described({"type": ["string", "null"]}, "Why the numbers do not exist, where no key is missing."),
)

_PLANS = object_of(
    "The metrics of plans.",
    **_HEAD,
    policy=object_of("The policy that asks for power.", name=_TEXT, version=_TEXT, digest=_TEXT),
    plans=list_of(
        object_of(
            "A plan.",
            path=_TEXT,
            document=_described(_COUNT, "Number of the YAML document in the file, from 0."),
            experiment=_TEXT,
            declared_units=_COUNT_OR_NULL,
            arriving_units=_described(_NUMBER_OR_NULL, "Units that the run brings to the smallest variant."),
            run_days=_COUNT_OR_NULL,
            binding=_or_null(
                object_of(
                    "The metric that needs the most units.",
                    metric=_TEXT,
                    pointer=_TEXT,
                    units=_POSITIVE,
                    days=_NUMBER_OR_NULL,
                )
            ),
            unknown_needs=_described(_COUNT, "Tested metrics whose need is not known; any of them may bind."),
            metrics=list_of(_METRIC),
            guardrails_together=_described(
                _SHARE_OR_NULL,
                "Chance that every computed guardrail passes at the declared units, if independent.",
            ),
        )
    ),
    errors=list_of(object_of("A file without an answer.", path=_TEXT, message=_TEXT, help=_TEXT)),
)

POWER_SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Report of egp power",
    "oneOf": [_CALCULATION, _PLANS],
}
