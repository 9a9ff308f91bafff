"""What is read of a rollout file, as the pages of the formats write it."""

from __future__ import annotations

from datetime import timedelta

from egp.record.rollouts.reading import RolloutFile, RolloutReading, read_rollouts
from egp.record.rollouts.rollout import Audience, Rollout, RolloutStage, VariantShare

ENDINGS = {"hcl": "tf"}


def read(text: str, format: str, language: str = "yaml", environment: str = "production") -> RolloutReading:
    name = f"flags/file.{ENDINGS.get(language, language)}"
    return read_rollouts([RolloutFile(name, text)], format, environment)


def shares(written: tuple[VariantShare, ...]) -> dict[str, str]:
    return {each.variant: f"{round(each.share * 100, 6):g}%" for each in written}


def told(rollout: Rollout) -> dict[str, object]:
    """The parts of a rollout that a page may state."""
    return {
        "flag": rollout.flag.value,
        "enabled": rollout.enabled.value if rollout.enabled else None,
        "default": rollout.default.value if rollout.default else None,
        "off": rollout.off.value if rollout.off else None,
        "prerequisites": [each.value for each in rollout.prerequisites],
        "share_of": rollout.share_of,
        "continuous": rollout.continuous.value if rollout.continuous else None,
        "watched": None
        if rollout.watched is None
        else {each.metric.value: each.action for each in rollout.watched},
        "audiences": [_audience(each) for each in rollout.audiences],
        "stages": [_stage(each) for each in rollout.stages],
    }


def _audience(audience: Audience) -> dict[str, object]:
    return {
        "condition": audience.condition,
        "unit": audience.unit.value if audience.unit else None,
        "salt": audience.salt.value if audience.salt else None,
        "sticky": audience.sticky.value if audience.sticky else None,
        "shares": shares(audience.shares),
    }


def _stage(stage: RolloutStage) -> dict[str, object]:
    return {"shares": shares(stage.shares), "dwell": _hours(stage.dwell), "gate": stage.gate}


def _hours(dwell: timedelta | None) -> str | None:
    if dwell is None:
        return None
    minutes = dwell / timedelta(minutes=1)
    return f"{minutes / 60:g}h" if minutes % 60 == 0 else f"{minutes:g}m"


def matching(stated: object, found: object) -> bool:
    """Whether everything that is stated is found: of a mapping the keys that it has, of a list each item."""
    if isinstance(stated, dict) and isinstance(found, dict):
        if stated and set(stated) <= set(found) and "shares" not in found and "flag" not in found:
            return stated == found
        return all(key in found and matching(value, found[key]) for key, value in stated.items())
    if isinstance(stated, list) and isinstance(found, list):
        return len(stated) == len(found) and all(map(matching, stated, found))
    return stated == found
