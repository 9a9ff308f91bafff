"""Runs the examples on the rules' pages: each is a change to the sound plan, or a file of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from egp.check.suppressions import SharedSuppressions, terms_of
from egp.plan.analysis.measured import Measured
from egp.plan.catalogue import MetricCatalogue
from egp.plan.completing import read_plan
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, read_experiment
from egp.plan.finding import DoesNotApply, Finding, NotChecked
from egp.plan.holdouts import SharedHoldout
from egp.plan.measured import measurable
from egp.plan.quantity import interval
from egp.plan.results import StageEntry
from egp.plan.supplied import Moved
from egp.plan.typed_reader import ValueProblem, read
from egp.policy.file import WaiverTerms
from egp.policy.holdouts import read_holdouts
from egp.policy.metrics import NamedPattern, read_catalogue
from egp.policy.model import Adopted, Policy
from egp.policy.params import read_options
from egp.policy.resolving import resolved
from egp.policy.tree import WorkingTree
from egp.record.ledger import Ledger, LedgerEntry
from egp.record.lock import Registration
from egp.record.rollouts.reading import RolloutFile, read_rollouts
from egp.record.rollouts.rollout import Unread
from egp.record.waivers.baseline import BaselineEntry, FindingKey, baseline_of
from egp.rules.custom import trial
from egp.rules.rule import OF_ROLLOUTS, Example, Params, Rule, index, load
from egp.rules.rule_inputs import (
    Change,
    Judgement,
    Measuring,
    Organisation,
    PlanFile,
    Portfolio,
    PortfolioIndex,
    Removal,
    ServedFlag,
    UnreadRollout,
    entry_of,
)
from egp.stats.values import replace
from egp.yaml import Document, pointer, read_text
from egp.yaml.position import START

merged = trial.merged
SOUND_PLAN = FilePath(__file__).parents[2] / "egp" / "rules" / "sound_plan.yaml"
CONTEXT_KEYS = (
    "tier", "roles", "calendars", "as_of", "registered", "lock", "base_lock", "under_base", "first_commit", "is_attested", "is_unregistered", "path",
    "format", "environment", "entered", "ledger", "is_planned", "no_experiment", "reason",
    "approvers", "longest", "not_waivable", "found", "is_known", "baseline", "moved", "catalogue", "history", "holdouts", "defined", "keeps",
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    findings: list[Finding]
    not_checked: str | None
    applies: bool = True


@cache
def sound_text() -> str:
    return SOUND_PLAN.read_text(encoding="utf-8")


def sound_value() -> dict[str, object]:
    value = read_text(sound_text())[0].value
    assert isinstance(value, dict)
    return value


def plan_of(value: object) -> Experiment:
    return read_experiment(value)[0]


def documents_of(rule: Rule, example: Example) -> list[Document]:
    """The plans of an example. For a change the second one is the plan's earlier self."""
    patches = read_text(example.text)
    if example.whole_file:
        return patches
    if rule.input_type in OF_ROLLOUTS:
        return [
            *_plans(patches[:1]),
            *(read_text(json.dumps(each.value, indent=1))[0] for each in patches[1:]),
        ]
    values = [merged(sound_value(), patch.value) for patch in patches]
    for position, value in enumerate(values[1:], start=1):
        is_another = rule.input_type != "Change" and "id" not in _keys(patches[position])
        if isinstance(value, dict) and value.get("id") == "sound-plan" and is_another:
            value["id"] = f"other-plan-{position}"
    return [read_text(json.dumps(value, indent=1, ensure_ascii=False))[0] for value in values]


def _plans(patches: list[Document]) -> list[Document]:
    values = [merged(sound_value(), patch.value) for patch in patches]
    return [read_text(json.dumps(value, indent=1, ensure_ascii=False))[0] for value in values]


def _keys(document: Document) -> dict[str, object]:
    return document.value if isinstance(document.value, dict) else {}


def findings_after(rule: Rule, example: Example, documents: list[Document]) -> list[Finding]:
    """What the rule says of an example with documents in the stead of its own."""
    return question_of(rule, example, documents).outcome().findings


def run_example(rule: Rule, example: Example) -> Outcome:
    return question_of(rule, example, documents_of(rule, example)).outcome()


@dataclass(frozen=True)
class Question:
    """What a rule is called with for an example."""

    rule: Rule
    documents: list[Document]
    subject: object
    params: Params
    organisation: Organisation

    def outcome(self) -> Outcome:
        arguments = [self.subject, self.params, self.organisation][: self.rule.takes]
        try:
            return Outcome(list(self.rule.check(*arguments)), None)
        except DoesNotApply:
            return Outcome([], None, applies=False)
        except NotChecked as missing:
            return Outcome([], pointer(missing.path))


def question_of(rule: Rule, example: Example, documents: list[Document]) -> Question:
    context = read_text(f"{{{example.context}}}")[0].value if example.context else {}
    assert isinstance(context, dict)
    problems: list[ValueProblem] = []
    params = rule.params(
        **read_options(rule, {k: v for k, v in context.items() if k not in CONTEXT_KEYS}, (), problems)
    )
    assert not problems, problems
    return Question(rule, documents, subject_of(rule, documents, context), params, organisation_of(context))


def findings_of(rule: Rule, *arguments: object) -> list[Finding]:
    """What the rule says of a subject; nothing where it does not apply."""
    try:
        return list(rule.check(*arguments[: rule.takes]))
    except DoesNotApply:
        return []


def organisation_of(context: dict[str, object]) -> Organisation:
    calendars = context.get("calendars", {})
    roles = context.get("roles", {})
    assert isinstance(calendars, dict)
    assert isinstance(roles, dict)
    return Organisation(
        tier=str(context.get("tier", "")),
        roles={role: tuple(holders) for role, holders in roles.items()},
        calendars={name: tuple(map(interval, days)) for name, days in calendars.items()},
    )


def subject_of(rule: Rule, documents: list[Document], context: dict[str, object]) -> object:
    document = documents[0]
    if rule.input_type == "Document":
        return document
    holdouts = holdouts_of(context.get("holdouts"))
    if "catalogue" in context or holdouts:
        document = completed_by(document, context.get("catalogue"), holdouts)
    plan, problems = read_plan(document)
    if rule.input_type == "PlanFile":
        return PlanFile(document, plan, tuple(problems))
    if rule.input_type == "Portfolio":
        stated: Any = context.get("moved")
        moved = (
            None
            if stated is None
            else tuple(Moved(**{**each, "path": tuple(each.get("path", ()))}) for each in stated)
        )
        entries = [
            entry_of(plan_of(other.value), f"plan-{at}.yaml", 0, moved) for at, other in enumerate(documents)
        ]
        shared = holdouts.get(entries[0].holdout)
        if shared:
            elsewhere: Any = context.get("defined", [])
            defined = dict(enumerate(elsewhere, 1))
            entries = [
                replace(each, holdout_defined=each.holdout and defined.get(at, shared.place))
                for at, each in enumerate(entries)
            ]
        return Portfolio(entries[0], PortfolioIndex(entries), holdout=shared, whole=lambda: plan)
    if rule.input_type == "ServedFlag":
        served = served_of(plan, documents[1:], context)
        return replace(served, keeps=holdouts.get(str(context.get("keeps", ""))))
    if rule.input_type == "UnreadRollout":
        unread = Unread("flags.json", START, str(context["reason"]))
        return UnreadRollout(unread, bool(context["is_planned"]))
    if rule.input_type == "Change":
        return change_of(plan, plan_of(documents[1].value) if documents[1:] else None, context)
    if rule.input_type == "Measuring":
        return measuring_of(plan, context.get("history", {}))
    if rule.input_type == "Judgement":
        return judgement_of(document, plan, context)
    if rule.input_type == "Removal":
        return removal_of(plan, documents[1:], context)
    return plan


SOUND_FLAG = """\
flags:
  pdp_buy_now:
    state: ENABLED
    variants: {control: false, buy_now: true}
    defaultVariant: control
    targeting: {fractional: [[control, 55], [buy_now, 45]]}
"""


def served_of(plan: Experiment, documents: list[Document], context: dict[str, object]) -> ServedFlag:
    """The one flag of an example; without a file of its own it is served as the plan says during its run."""
    texts = [each.text for each in documents] or [SOUND_FLAG]
    files = [RolloutFile(f"flags-{at}.yaml", text) for at, text in enumerate(texts)]
    environment = str(context.get("environment", "production"))
    reading = read_rollouts(files, str(context.get("format", "flagd")), environment)
    stated = context.get("entered")
    entered = (
        [read(StageEntry, {"treated": each, "entered": "2023-02-07T08:00:00-08:00"}) for each in stated]
        if isinstance(stated, list)
        else None
    )
    return ServedFlag(
        rollout=reading.rollouts[0],
        plan=plan if context.get("is_planned", True) else None,
        as_of=_day(context.get("as_of")) or date(2023, 1, 25),
        path="experiments/plan.yaml",
        entered=None if entered is None else tuple(entered),
        no_experiment=str(context.get("no_experiment", "")),
        ledger=_ledger_of(context.get("ledger")),
    )


def measuring_of(plan: Experiment, history: object) -> Measuring:
    """The plan beside what an example says that history has."""
    assert isinstance(history, dict)
    stated = {".".join(map(str, path)): (path, value) for path, _, value in measurable(plan)}
    numbers = []
    for name, value in history.items():
        path, declared = stated[name]
        unit = "units" if path[0] == "eligible_units" else "share"
        metric = plan.primary_metric.name if plan.primary_metric and path[0] == "primary_metric" else ""
        words = name.rpartition(".")[2].replace("_", " ")
        numbers.append(Measured(path, metric, words, float(value), (float(value),), declared, unit))
    return Measuring(plan, tuple(numbers))


def holdouts_of(stated: object) -> dict[str, SharedHoldout]:
    """The shared holdouts of a policy. They have no mistakes."""
    if not isinstance(stated, dict):
        return {}
    policy = read_text(json.dumps({"holdouts": stated}), "egp.yaml")[0]
    found, failures = read_holdouts([(policy, policy.value["holdouts"])])  # type: ignore[index]
    assert not failures, failures
    return found


def completed_by(document: Document, stated: object, holdouts: Mapping[str, SharedHoldout]) -> Document:
    """A plan's document under a policy whose catalogue of metrics, and whose shared holdouts, an example states."""
    policy = Policy("egp.yaml", "", "", "", (), holdouts=holdouts)
    if stated is not None:
        policy.metrics = catalogue_of(json.dumps(stated))
    return resolved(document, policy, "", date(2023, 1, 17), None)


def catalogue_of(text: str) -> MetricCatalogue:
    """The catalogue in a text. It has no mistakes."""
    policy = read_text("metrics: [metrics.yaml]", "egp.yaml")[0]
    named = NamedPattern("/", "metrics.yaml", policy, ("metrics", 0))
    catalogue, failures = read_catalogue(
        [named], "/", OneFile("/metrics.yaml", text.encode()), list[str]().append
    )
    assert not failures, failures
    return catalogue


class OneFile(WorkingTree):
    """A tree with one file."""

    def __init__(self, path: str, content: bytes) -> None:
        self._files = {path: content}

    def has(self, path: str) -> bool:
        return path in self._files

    def content(self, path: str) -> bytes | None:
        return self._files.get(path)


def _ledger_of(stated: object) -> Ledger | None:
    if not isinstance(stated, list):
        return None
    head = {"ledger": 1, "experiment": "sound-plan", "at": "2023-02-07T08:00:00-08:00", "previous": "none"}
    return Ledger("sound-plan", tuple(read(LedgerEntry, {**head, **each}) for each in stated))


def change_of(plan: Experiment, before: Experiment | None, context: dict[str, object]) -> Change:
    """The change that an example describes. The earlier version is pinned if the lock's entry has its digest."""
    under_base = bool(context.get("under_base", False))
    lock = registration_of(context.get("lock"), plan, before)
    return Change(
        plan=plan,
        before=before,
        registered=_day(context.get("registered")) or (lock.registered if lock else plan.registered),
        as_of=_day(context.get("as_of")) or date(2023, 1, 17),
        lock=lock,
        base_lock=registration_of(context.get("base_lock"), plan, before),
        under_base=under_base,
        pinned=before if before and lock and lock.current_digest == plan_digest(before) else None,
        digest=plan_digest(plan),
        first_commit=_day(context.get("first_commit")),
        is_attested=bool(context.get("is_attested", False)),
    )


def removal_of(plan: Experiment, successors: list[Document], context: dict[str, object]) -> Removal:
    return Removal(
        id=plan.id or "",
        path=str(context.get("path", "experiments/plan.yaml")),
        before=plan if context.get("is_known", True) else None,
        lock=registration_of(context.get("lock"), plan, None),
        registered=plan.registered,
        as_of=_day(context.get("as_of")) or date(2023, 1, 17),
        successor=entry_of(plan_of(successors[0].value), "experiments/other.yaml", 0) if successors else None,
        is_unregistered=bool(context.get("is_unregistered", False)),
    )


def judgement_of(document: Document, plan: Experiment, context: dict[str, Any]) -> Judgement:
    """What became of the waivers that an example has, and of its entries of the baseline.

    A digest is called by the plan it is of, "plan" or "another"; what the rules in ``found`` find is let pass.
    """
    digests = {"plan": plan_digest(plan), "another": "v1:sha256:" + "0" * 64}
    change = change_of(plan, None, context)
    policy = Policy("egp.yaml", "", "", "", (), roles=organisation_of(context).roles)
    stated = {key: context[key] for key in ("approvers", "longest") if key in context}
    policy.waivers = read(WaiverTerms, stated) if stated else None
    rules = [Adopted(load(each), "error", Params(), {}, False) for each in context.get("not_waivable", ())]
    terms = terms_of(change, plan_digest(plan), rules, policy)
    for waiver in plan.waivers:
        waiver.digest = digests.get(waiver.digest or "", waiver.digest)
    entries = [_recorded(at, each, plan, digests) for at, each in enumerate(context.get("baseline", ()))]
    allowed = SharedSuppressions(baseline=baseline_of(entries)).of(document, plan, terms, rules)
    found = context.get("found", ())
    for grant in allowed.own:
        grant.used = int(grant.waiver.rule in found)
    for excuse in allowed.excuses:
        excuse.used = int(excuse.entry.found.rule in found)
    is_known = bool(context.get("is_known", True))
    return Judgement(plan.id or "", change.as_of, allowed.own, allowed.excuses, is_known)


def _recorded(at: int, stated: dict[str, Any], plan: Experiment, digests: dict[str, str]) -> BaselineEntry:
    found = FindingKey(plan.id or "", stated["rule"], stated["pointer"])
    return BaselineEntry(at, found, stated.get("count", 1), digests.get(stated.get("digest", ""), ""))


def registration_of(value: object, plan: Experiment, before: Experiment | None) -> Registration | None:
    """An entry of the lock in which a digest is called by the plan it is of: "plan", "before" or "another"."""
    if value is None:
        return None
    assert isinstance(value, dict)
    digests = {"plan": plan_digest(plan), "another": "v1:sha256:" + "0" * 64}
    if before is not None:
        digests["before"] = plan_digest(before)
    stated = {"path": "experiments/plan.yaml", "registered": "2023-01-17", "policy": _POLICY, **value}
    stated["digest"] = digests[stated["digest"]]
    stated["amended"] = [{**each, "digest": digests[each["digest"]]} for each in stated.get("amended", ())]
    problems: list[ValueProblem] = []
    registration = read(Registration, stated, (), problems)
    assert not problems, problems
    return registration


_POLICY = {"name": "egp:standard", "version": "2026.1", "digest": "sha256:1"}


def _day(value: object) -> date | None:
    return date.fromisoformat(str(value)) if value else None


def all_rules() -> list[Rule]:
    return [load(rule_id) for rule_id in index()]
