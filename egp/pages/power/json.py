"""The answer for programs. Its schema is published as ``schemas/power.schema.json`` and versioned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from egp import VERSION, stats
from egp.pages.power.schema import POWER_REPORT_VERSION
from egp.plan.power import calculator
from egp.plan.power.calculator import PowerAnswer
from egp.plan.power.curve import curve
from egp.plan.power.mistakes import mistakes, reach

if TYPE_CHECKING:
    from egp.plan.finding import Failure
    from egp.plan.power.plan import MetricRow, PlanPower
    from egp.plan.quantity import Measure, MetricChange
    from egp.policy.model import Policy

_TOOL = {"name": "egp", "version": VERSION}


def render(answer: PowerAnswer) -> str:
    """One JSON object on the question and its answer, numbers unrounded, ending in a newline."""
    found = reach(answer)
    return _written(
        {
            "power_report": POWER_REPORT_VERSION,
            "tool": _TOOL,
            "asked": answer.solved,
            "inputs": _inputs(answer),
            "answer": _answer(answer),
            "assumptions": _assumptions(answer),
            "mistakes": [
                {"id": each.id, "name": each.name, "says": each.says, "delivers": each.delivers}
                for each in mistakes(answer)
            ],
            "reach": None
            if found is None
            else {"power": found.power, "units": found.units, "effect": found.distance},
            "curve": {
                "power": answer.planned_power,
                "points": [
                    {
                        "days": point.days,
                        "units": point.units,
                        "effect": point.distance,
                        "is_answer": point.is_answer,
                    }
                    for point in curve(answer)
                ],
            },
        }
    )


def _written(report: dict[str, object]) -> str:
    return json.dumps(report, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _inputs(answer: PowerAnswer) -> dict[str, object]:
    question = answer.question
    clusters = question.clusters
    return {
        "kind": question.kind,
        "baseline": _measure(question.baseline),
        "std_dev": _measure(question.std_dev),
        "direction": question.direction,
        "mde": None if question.non_inferiority else _change(question.change),
        "margin": _change(question.change) if question.non_inferiority else None,
        "non_inferiority": question.non_inferiority,
        "units": question.units,
        "days": question.days,
        "per_day": question.per_day,
        "power": question.power,
        "power_assumed": question.power_assumed,
        "alpha": question.alpha,
        "sides": question.sides,
        "weights": list(question.weights),
        "correction": question.correction,
        "correlation": question.correlation,
        "clusters": None
        if clusters is None
        else {"size": clusters.size, "icc": clusters.icc, "cv": clusters.cv},
        "guardrails": question.guardrails,
        "power_scope": question.power_scope,
        "looks": None if question.looks is None else list(question.looks),
        "spending": question.spending,
        "gamma": question.gamma,
        "always_valid": question.always_valid,
    }


def _measure(value: Measure | None) -> dict[str, object] | None:
    return None if value is None else {"value": value.value, "unit": value.unit, "text": value.text}


def _change(value: MetricChange | None) -> dict[str, object] | None:
    return None if value is None else {"value": value.value, "unit": value.unit, "text": value.text}


def _answer(answer: PowerAnswer) -> dict[str, object]:
    baseline = answer.question.baseline.value
    return {
        "units": answer.units,
        "units_per_variant": list(answer.units_per_variant),
        "total_units": sum(answer.units_per_variant),
        "effect": answer.distance,
        "relative_effect": answer.distance / abs(baseline) if baseline else None,
        "power": answer.power,
        "decision_power": answer.decision_power,
        "days": answer.days,
        "days_to_run": answer.days_to_run,
    }


def _assumptions(answer: PowerAnswer) -> dict[str, object]:
    question, test = answer.question, answer.design.test
    sequence = answer.design.sequence
    bounds = sequence.boundaries(test.alpha, test.sides) if sequence else []
    return {
        "variance": _variance(answer),
        "distribution": calculator.distribution(answer),
        "comparison_alpha": test.alpha,
        "critical_z": stats.z_upper(test.alpha / test.sides),
        "allocation_ratio": test.ratio,
        "cuped_factor": calculator.cuped_factor(question),
        "design_effect": calculator.design_effect(question),
        "inflation": calculator.inflation(answer),
        "boundaries": [
            {"information": share, "z": z}
            for share, z in zip(sequence.looks if sequence else (), bounds, strict=True)
        ],
        "naive_type1": calculator.naive_type1(question),
        "family_error": calculator.family_error(question),
        "minimum_days": calculator.MINIMUM_DAYS,
    }


def _variance(answer: PowerAnswer) -> str:
    if answer.question.kind != "proportion":
        return "declared"
    if answer.design.test.variance == "score":
        return "farrington_manning" if answer.question.non_inferiority else "pooled"
    return "farrington_manning_or_unpooled" if answer.question.non_inferiority else "pooled_or_unpooled"


def render_plans(plans: Sequence[PlanPower], failures: Sequence[Failure], policy: Policy) -> str:
    """One JSON object on the metrics of plans."""
    return _written(
        {
            "power_report": POWER_REPORT_VERSION,
            "tool": _TOOL,
            "policy": {"name": policy.name, "version": policy.version, "digest": policy.digest},
            "plans": [_plan(plan) for plan in plans],
            "errors": [{"path": each.path, "message": each.message, "help": each.help} for each in failures],
        }
    )


def _plan(plan: PlanPower) -> dict[str, object]:
    binding = plan.binding
    return {
        "path": plan.path,
        "document": plan.document,
        "experiment": plan.experiment,
        "declared_units": plan.declared,
        "arriving_units": plan.arriving,
        "run_days": plan.run_days,
        "binding": None
        if binding is None
        else {
            "metric": binding.name,
            "pointer": binding.pointer,
            "units": binding.needed,
            "days": binding.days,
        },
        "unknown_needs": plan.unknown_needs,
        "metrics": [_row(row) for row in plan.rows],
        "guardrails_together": plan.guardrails_together,
    }


def _row(row: MetricRow) -> dict[str, object]:
    return {
        "metric": row.name,
        "pointer": row.pointer,
        "role": row.role,
        "test": row.test,
        "effect": row.distance,
        "unit": row.unit,
        "power_asked": row.asked,
        "power_asked_by": row.asked_by,
        "units_needed": row.needed,
        "days_needed": row.days,
        "power": row.power,
        "detectable": row.detectable,
        "needs": list(row.needs),
        "reason": row.reason or None,
    }
