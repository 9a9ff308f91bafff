"""What is suppressed of a plan's findings: by its waivers, and by its part of the baseline.

Decided before one finding silences another, so that what is suppressed silences nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from egp.check.answers import RuleOutcome
from egp.check.placing import named_pointer
from egp.plan.analysis.days import first_exposure
from egp.plan.digest import plan_digest
from egp.plan.experiment import Experiment, Waiver
from egp.plan.finding import Finding, LineOfFile, NotChecked, Related, Suppression
from egp.policy.locate import waivers_folder
from egp.policy.model import Adopted, Policy
from egp.record.waivers import BASELINE_FILE, NO_PLAN, WAIVERS_FILE
from egp.record.waivers.allowed import PlanSuppressions
from egp.record.waivers.baseline import (
    NEVER,
    AppliedEntry,
    BaselineEntry,
    FindingKey,
    FindingsBaseline,
    read_baseline,
    recorded_in,
)
from egp.record.waivers.file import Listed, read_waivers, waivers_in
from egp.record.waivers.grant import LONGEST, Grant, GrantTerms, granted
from egp.rules.rule_inputs import Change
from egp.stats.values import field, frozen, replace
from egp.yaml import Document, Path, Span, read_bytes
from egp.yaml.files import shown_path

if TYPE_CHECKING:
    from egp.policy.plan_files import PlanFinder
    from egp.policy.plan_history import PlanHistories
    from egp.record.lock import Waived


NOWHERE = "\0"
"""The place of what has none; no entry of a baseline can name it."""


@frozen
class Before:
    """The waivers and the baseline beside the policy at the base, as far as they can be read."""

    waivers: Mapping[str, Sequence[Waiver]]
    """Id of an experiment → its waivers."""
    baseline: Mapping[FindingKey, BaselineEntry] | None
    """None where the base has no baseline."""


@frozen
class SharedSuppressions:
    """What a run has beside its plans: the waivers and the baseline beside the policy."""

    listed: Listed = field(default_factory=Listed)
    baseline: FindingsBaseline = field(default_factory=FindingsBaseline)
    are_in_force: bool = True
    """Whether findings are suppressed; an auditor sees it as if nothing were."""
    before: Before | None = None
    """What the base has of it; None without a base."""

    def concern(self, name: str) -> bool:
        """Whether any of it is about the experiment."""
        return name in self.listed.by_experiment or name in self.baseline.by_experiment

    def of(
        self,
        document: Document,
        plan: Experiment,
        terms: GrantTerms,
        rules: Sequence[Adopted],
    ) -> PlanSuppressions:
        """What may be suppressed of a plan, before anything was found."""
        name = plan.name
        return PlanSuppressions(
            name,
            tuple(
                granted(waiver, ("waivers", at), _place(document, ("waivers", at)), terms)
                for at, waiver in enumerate(plan.waivers)
            ),
            self.grants(name, terms),
            self.excuses(name, terms, rules) if terms.digest else (),
        )

    def of_flags(self, as_of: date, rules: Sequence[Adopted], policy: Policy) -> PlanSuppressions:
        """What may be suppressed of the flags that no plan names: what the baseline has of them."""
        waivable = {each.rule.id: each.waivable for each in rules}
        terms = GrantTerms(NO_PLAN, as_of, rules=waivable, families=policy.catalogue.families())
        return PlanSuppressions(NO_PLAN, excuses=self.excuses(NO_PLAN, terms, rules))

    def grants(self, name: str, terms: GrantTerms) -> tuple[Grant, ...]:
        """The waivers that the file beside the policy has for an experiment."""
        return tuple(
            granted(waiver, ("waivers", at), _place(self.listed.document, ("waivers", at)), terms)
            for at, waiver in self.listed.by_experiment.get(name, ())
        )

    def excuses(self, name: str, terms: GrantTerms, rules: Sequence[Adopted]) -> tuple[AppliedEntry, ...]:
        """The entries that the baseline has for an experiment."""
        adopted = {each.rule.id: each for each in rules}
        return tuple(
            AppliedEntry(
                ("findings", each.position),
                each,
                _place(self.baseline.document, ("findings", each.position)),
                self._grown(each, terms) or _lapsed(each, adopted.get(each.found.rule), terms),
                is_new=self.before is not None
                and (self.before.baseline is None or each.found not in self.before.baseline),
            )
            for each in self.baseline.by_experiment.get(name, ())
        )

    def _grown(self, entry: BaselineEntry, terms: GrantTerms) -> str:
        """Why an entry that the base does not have suppresses nothing."""
        if self.before is None:
            return ""
        if self.before.baseline is None:
            return _come_with_it(entry, terms)
        if entry.is_of_flag and not any(each.is_of_flag for each in self.before.baseline.values()):
            return ""
        before = self.before.baseline.get(entry.found)
        is_there = before is not None and entry.times <= before.times and entry.digest == before.digest
        return "" if is_there else "it is new since the base, and a baseline only shrinks"


def _come_with_it(entry: BaselineEntry, terms: GrantTerms) -> str:
    """Why an entry of the first baseline suppresses nothing: it is about what was there, and not about what is new."""
    if entry.is_of_flag and not terms.experiment:
        return ""
    if terms.at_base == "":
        return "the base has no such plan, and a baseline is for what was there before it"
    if entry.digest and terms.at_base not in (None, entry.digest):
        return f"the plan is not as the base has it, and {entry.found.rule} is not waivable"
    return ""


def read_allowances(
    finder: PlanFinder,
    policy: Policy,
    histories: PlanHistories | None,
    baseline: FindingsBaseline | None,
    are_in_force: bool,
) -> SharedSuppressions:
    """What lies beside the policy; a given baseline stands in for the file. Raises PastError where git cannot tell."""
    folder = waivers_folder(finder.folder, policy.root)
    listed = read_waivers(folder, _shown(folder, WAIVERS_FILE, finder))
    if baseline is None:
        baseline = read_baseline(folder, _shown(folder, BASELINE_FILE, finder))
    return SharedSuppressions(listed, baseline, are_in_force, _before(histories, folder))


def _before(histories: PlanHistories | None, folder: str) -> Before | None:
    if histories is None or histories.base is None:
        return None
    waivers = _at_base(histories, os.path.join(folder, WAIVERS_FILE))
    baseline = _at_base(histories, os.path.join(folder, BASELINE_FILE))
    recorded = recorded_in(baseline) if baseline else None
    return Before(
        waivers_in(waivers) if waivers else {},
        None if recorded is None else {each.found: each for each in recorded},
    )


def _at_base(histories: PlanHistories, path: str) -> Document | None:
    content = histories.at_base(histories.inside(path))
    return None if content is None else read_bytes(content, path)[0]


def _shown(folder: str, name: str, finder: PlanFinder) -> str:
    """A file as messages name it."""
    return shown_path(os.path.join(folder, name), finder.folder)


def terms_of(
    change: Change,
    digest: str,
    rules: Iterable[Adopted],
    policy: Policy,
    listed_before: Sequence[Waiver] = (),
    in_lock: Sequence[Waived] = (),
) -> GrantTerms:
    """What a waiver of the plan must fit. The digest is empty for a plan that was not read whole.

    No waiver is for a rule about waivers, nor for one about plans that are missing.
    """
    waivable = {each.rule.id: each.waivable and each.rule.input_type != "Removal" for each in rules}
    families = policy.catalogue.families()
    waivable |= {rule_id: False for rule_id, family in families.items() if family == "waivers"}
    asked, plan = policy.waivers, change.plan
    own_before = change.before.waivers if change.before else ()
    return GrantTerms(
        experiment=plan.name,
        as_of=change.as_of,
        owner=(plan.owner.dri if plan.owner else None) or "",
        digest=digest,
        registered=change.registered,
        first_commit=change.first_commit,
        rules=waivable,
        families=families,
        approvers=asked.approvers if asked else (),
        roles=policy.roles,
        longest=(asked.longest if asked else None) or LONGEST,
        attested_by=(asked.attested_by if asked else None) or "",
        in_lock=in_lock,
        earlier=(*own_before, *listed_before) if change.under_base else None,
        at_base=_digest_at_base(change, policy),
        has_begun=has_begun(plan, change.as_of),
    )


def _digest_at_base(change: Change, policy: Policy) -> str | None:
    """The plan's digest at the base; None where there is none to compare with, or the policy is as new as the plan."""
    is_new_policy = bool(policy.root) and not policy.ref
    if not change.under_base or is_new_policy:
        return None
    return plan_digest(change.before) if change.before else ""


def has_begun(plan: Experiment, day: date) -> bool:
    """Whether the first unit was exposed by a day: the plan cannot be made anew."""
    try:
        return first_exposure(plan)[0] <= day
    except NotChecked:
        return False


def _place(document: Document | None, at: Path) -> LineOfFile:
    return LineOfFile(document.path, document.span(at).start.line) if document else LineOfFile()


def _lapsed(entry: BaselineEntry, adopted: Adopted | None, terms: GrantTerms) -> str:
    """Why an entry suppresses nothing."""
    rule = entry.found.rule
    if terms.families.get(rule) in NEVER:
        return f"no baseline suppresses what {rule} finds"
    if adopted is None or adopted.waivable:
        return ""
    if not entry.digest:
        return f"{rule} was waivable when this was recorded, and is not"
    if entry.digest != terms.digest:
        return f"the plan has changed since it was recorded, and {rule} is not waivable"
    return "" if terms.has_begun else f"the plan has not begun, and {rule} is not waivable"


class Suppressor:
    """Suppresses findings of one plan, or of one flag."""

    def __init__(
        self, allowed: PlanSuppressions, document: Document, is_in_force: bool, flag: str = ""
    ) -> None:
        self._allowed = allowed
        self._document = document
        self._is_in_force = is_in_force
        self._flag = flag

    def waive(self, outcomes: Sequence[RuleOutcome]) -> None:
        """Suppresses findings. Those of a plan that cannot do what it promises never are."""
        found = [
            (outcome, finding)
            for outcome in outcomes
            for finding in outcome.findings
            if not finding.impossible
        ]
        self._excuse(found)
        for outcome, finding in found:
            grants = [each for each in self._grants if each.waiver.rule == outcome.adopted.rule.id]
            for grant in grants:
                grant.used += 1
            if grants:
                self._suppress(outcome, finding, _by_waiver(grants[0]))
        for outcome in outcomes if self._is_in_force else ():
            rule_id = outcome.adopted.rule.id
            outcome.findings = [self._explained(rule_id, each) for each in outcome.findings]

    def _explained(self, rule_id: str, finding: Finding) -> Finding:
        """The finding, and beside it why a waiver that nothing speaks against does not waive it."""
        for grant in (*self._allowed.own, *self._allowed.listed):
            is_void = not grant.holds and not grant.objections
            if is_void and grant.waiver.rule == rule_id and not finding.impossible:
                return replace(finding, related=(*finding.related, self._void(grant, finding)))
        return finding

    def _void(self, grant: Grant, finding: Finding) -> Related:
        reason = "waives nothing while the plan is invalid, since it is for one version of a valid plan"
        if grant in self._allowed.own:
            return Related(grant.at, f"this waiver {reason}")
        return Related(finding.at, f"the waiver in {grant.place} {reason}")

    def excuse_missing(self, spoken: Sequence[tuple[RuleOutcome, Finding]]) -> bool:
        """Sets aside that inputs are missing, where the baseline has it; whether it has any of them.

        A waiver is for what its rule finds.
        """
        self._excuse(spoken)
        return any(finding in outcome.suppressed for outcome, finding in spoken)

    @property
    def _grants(self) -> list[Grant]:
        return [each for each in (*self._allowed.own, *self._allowed.listed) if each.holds]

    def _excuse(self, found: Sequence[tuple[RuleOutcome, Finding]]) -> None:
        excuses = {each.entry.found: each for each in self._allowed.excuses}
        if not excuses:
            return
        of_entry: list[tuple[AppliedEntry, RuleOutcome, Finding]] = []
        for outcome, finding in found:
            excuse = excuses.get(self._key(outcome, finding.at))
            if excuse:
                excuse.used += 1
                of_entry.append((excuse, outcome, finding))
        for excuse, outcome, finding in of_entry:
            if excuse.holds:
                self._suppress(outcome, finding, Suppression("baseline", excuse.place, is_new=excuse.is_new))

    def _key(self, outcome: RuleOutcome, at: Path | Span) -> FindingKey:
        """What the baseline calls a finding; nothing that it could have for one about a text."""
        named = self._flag if isinstance(at, Span) else named_pointer(self._document, at)
        return FindingKey(self._allowed.experiment, outcome.adopted.rule.id, named or NOWHERE)

    def _suppress(self, outcome: RuleOutcome, finding: Finding, suppressed: Suppression) -> None:
        if self._is_in_force:
            outcome.suppressed[finding] = suppressed


def _by_waiver(grant: Grant) -> Suppression:
    waiver = grant.waiver
    return Suppression(
        "waiver",
        grant.place,
        waiver.reason or "",
        waiver.ticket or "",
        waiver.approver or "",
        waiver.role or "",
        waiver.granted,
        waiver.expires,
        grant.is_new,
    )
