"""Names are compared as people see them, and no character that nobody sees is let into one."""

from __future__ import annotations

import pytest

from egp.plan.analysis.people import identity
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.names import folded, is_plain
from egp.plan.results import Results
from egp.plan.typed_reader import TypedMapping, read
from egp.policy.file import PolicyFile
from egp.policy.scope import Condition, Traits, fits
from egp.record.lock import Registration
from egp.rules.rule_inputs import PortfolioIndex, entry_of

LEAD = [
    "@xp-lead", "@XP-Lead", "xp-lead", " @xp-lead ", "@@xp-lead", "@xp-lead\0", "@xp-lead\x1f", "@xp\u200b-lead", "@xp-lead\u2060",
    "\u202e@xp-lead", "@xp\u00ad-lead", "@\ufeffxp-lead", "@xp-lead\ufe0f", "@xp\u2011lead", "\uff20\uff58\uff50-lead",
    "@\u0445\u0440-lead", "@xp-l\u0435ad", "@\u03c7\u03c1-lead", "@xp-lead\u3164", "@xp-l\u0336ead", "@xp-lead\n", "@xp\u00a0-lead",
    "@XP-LE\u0410D", "@xp-lead\U000e0041",
]  # fmt: skip


@pytest.mark.parametrize("handle", LEAD)
def test_what_looks_like_a_person_is_that_person(handle: str) -> None:
    assert identity(handle) == "xp-lead"


@pytest.mark.parametrize("handle", ["@xp-leads", "@xp_lead", "@pdp-lead", "@\u00e4p-lead", "", "@"])
def test_other_people_are_others(handle: str) -> None:
    assert identity(handle) != "xp-lead"


@pytest.mark.parametrize(
    "name",
    [
        "\u043f\u0440\u043e\u0435\u043a\u0442",
        "\u691c\u7d22",
        "na\u00efve",
        "na\u0131ve",
        "\u0130stanbul",
        "stra\u00dfe",
        "A b",
    ],
)
def test_folding_is_done_once_and_for_all(name: str) -> None:
    assert folded(folded(name)) == folded(name)
    assert folded(name.upper()) == folded(name.upper().lower())


UNSEEN = [
    "\0",
    "\x1b[2J",
    "\u200b",
    "\u200d",
    "\u202e",
    "\u2066",
    "\u00ad",
    "\ufeff",
    "\u3164",
    "\u2028",
    "\ufe0f",
    "\n",
    "\t",
    "\U000e0041",
]
PLACES: list[tuple[type[TypedMapping], dict[str, object], str]] = [
    (Experiment, {"owner": {"dri": "@pm{}"}}, "owner.dri"),
    (Experiment, {"id": "pdp{}x"}, "id"),
    (Experiment, {"sign_offs": [{"role": "privacy{}", "by": "@p"}]}, "sign_offs[0].role"),
    (Experiment, {"sign_offs": [{"role": "privacy", "by": "@p{}"}]}, "sign_offs[0].by"),
    (Experiment, {"amendments": [{"approver": "@p{}"}]}, "amendments[0].approver"),
    (Experiment, {"waivers": [{"rule": "minimum-runtime", "approver": "@p{}"}]}, "waivers[0].approver"),
    (Experiment, {"feature_flag": "f{}"}, "feature_flag"),
    (Experiment, {"layer": "l{}"}, "layer"),
    (Experiment, {"surfaces": ["a", "b{}"]}, "surfaces[1]"),
    (Experiment, {"revision": "web{}"}, "revision"),
    (Experiment, {"rollback": {"comms": "a{}.md"}}, "rollback.comms"),
    (Experiment, {"escalation": {"to": "vp{}"}}, "escalation.to"),
    (Results, {"revision": "web{}"}, "revision"),
    (Registration, {"path": "plans/a{}.yaml"}, "path"),
    (PolicyFile, {"roles": {"lead{}": ["@x"]}}, "roles"),
    (PolicyFile, {"roles": {"lead": ["@x{}"]}}, "roles.lead[0]"),
    (PolicyFile, {"tiers": {"checkout{}.*": "critical"}}, "tiers"),
    (PolicyFile, {"plans": ["plans{}/*.yaml"]}, "plans[0]"),
    (PolicyFile, {"extends": ["egp:standard{}"]}, "extends[0]"),
]  # fmt: skip


def _with(value: object, unseen: str) -> object:
    if isinstance(value, dict):
        return {key.replace("{}", unseen): _with(each, unseen) for key, each in value.items()}
    if isinstance(value, list):
        return [_with(each, unseen) for each in value]
    return value.replace("{}", unseen) if isinstance(value, str) else value


@pytest.mark.parametrize("unseen", UNSEEN)
@pytest.mark.parametrize(("shape", "value", "place"), PLACES)
def test_characters_that_nobody_sees_are_refused(
    shape: type[TypedMapping], value: object, place: str, unseen: str
) -> None:
    assert [each for each in _problems(shape, _with(value, "")) if each.startswith(place)] == []
    assert [each for each in _problems(shape, _with(value, unseen)) if each.startswith(place)] != []


def _problems(shape: type[TypedMapping], value: object) -> list[str]:
    problems: list = []  # type: ignore[type-arg]
    read(shape, value, (), problems)
    return [each.message for each in problems if each.kind == "wrong-type"]


@pytest.mark.parametrize(
    "text",
    [
        "two\nlines",
        "a family: \U0001f468\u200d\U0001f469",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ],
)
def test_prose_may_have_them(text: str) -> None:
    assert not is_plain(text)
    assert _problems(Experiment, {"hypothesis": text}) == []


@pytest.mark.parametrize("kind", ["id", "layer", "feature_flag", "surface"])
@pytest.mark.parametrize("other", ["Pdp", "PDP", "\uff50dp", "\u0440dp"])
def test_plans_share_what_looks_the_same(kind: str, other: str) -> None:
    key = "surfaces" if kind == "surface" else kind
    plans = [read_experiment({key: [name] if kind == "surface" else name})[0] for name in ("pdp", other)]
    index = PortfolioIndex([entry_of(plan, f"{at}.yaml", 0) for at, plan in enumerate(plans)])
    assert len(index.sharing(kind, "pdp")) == 2


@pytest.mark.parametrize("surface", ["checkout.pay", "Checkout.Pay", "CHECKOUT.pay", "che\u0441kout.pay"])
def test_no_capital_takes_a_surface_out_of_its_tier(surface: str) -> None:
    assert fits(surface, "checkout.*")
    assert Condition(surfaces=("checkout.*",)).covers(Traits(surfaces=(surface,)))


def test_traits_are_compared_alike() -> None:
    assert Condition(team=("pdp",)).covers(Traits(team="PDP"))
    assert Condition(layer=("pdp",)).covers(Traits(layer="Pdp"))
    assert Condition(risk=("privacy",)).covers(Traits(risk=("Privacy",)))
