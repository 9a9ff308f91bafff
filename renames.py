"""Renames, each of one symbol: in the module that defines it and in every file that imports it. Safe to run again.

    python renames.py        # in the root of a checkout

A rename of a class also reaches comments and docstrings of these files; one of a function only names in code.
"""
import io, re, sys, tokenize
from pathlib import Path

SYMBOLS = """
egp.plan.quantity Change MetricChange
egp.plan.wording odds one_in
egp.plan.typed_reader Shape TypedMapping
egp.plan.typed_reader Problem ValueProblem
egp.plan.finding Waived Suppression
egp.plan.results Refusal RowRefusal
egp.plan.analysis.watch Watched WatchedPart
egp.plan.analysis.false_wins Expected ExpectedFalseWins
egp.plan.power.calculator Answer PowerAnswer
egp.plan.power.question Question PowerQuestion
egp.yaml.outline Place NodePlace
egp.yaml.decoding Refusal ContentRefusal
egp.yaml.position Source SourceText
egp.record.sources Source RowSource
egp.record.sources.table Table RecordTable
egp.record.sources.git_command Answer GitAnswer
egp.record.migrate Moved MigratedLock
egp.record.migrate told migration_lines
egp.record.waivers.baseline Baseline FindingsBaseline
egp.record.waivers.baseline Entry WrittenEntry
egp.record.waivers.baseline Recorded BaselineEntry
egp.record.waivers.baseline Found FindingKey
egp.record.waivers.baseline Excuse AppliedEntry
egp.record.waivers.allowed Allowed PlanSuppressions
egp.record.waivers.grant Terms WaiverTerms
egp.rules.rule Page RulePage
egp.rules.rule Subject InputType
egp.rules.rule_inputs Entry PortfolioEntry
egp.rules.custom.reading Found CustomRules
egp.rules.custom.reading Mistake RuleMistake
egp.rules.custom.page Placed HasPlace
egp.policy.plan_history Past PlanHistories
egp.policy.plan_history PlanPast PlanHistory
egp.policy.plan_history PastError PlanHistoryError
egp.policy.plan_history read_past read_plan_histories
egp.policy.removed_plans Gone RemovedPlan
egp.policy.removed_plans gone removed_plans
egp.policy.settings Entry SettingsEntry
egp.policy.layers Value SettingValue
egp.policy.params Option RuleOption
egp.check.answers Outcome RuleOutcome
egp.check.answers Answers RuleAnswers
egp.check.waivers Case WaiverCase
egp.check.placing Placed Placer
egp.check.root_causes settle keep_root_causes
egp.check.suppressions Leniency Suppressor
egp.check.suppressions Allowances SharedSuppressions
egp.gate.call Judgement GateJudgement
egp.gate.deciding Verdict TestVerdict
egp.gate.checks.complete_data Life SignsOfLife
egp.advice.register Outcome RegistrationOutcome
egp.advice.register Candidate PlanAsRead
egp.advice.register Terms RegistrationTerms
egp.advice.register Refusal RegistrationRefusal
egp.advice.register told registration_lines
egp.advice.baseline Outcome BaselineOutcome
egp.advice.baseline told baseline_lines
egp.advice.waive Outcome WaiverOutcome
egp.advice.waive told waiver_lines
egp.advice.decide Recorded RecordedDecision
egp.advice.decide Statement DecisionStatement
egp.advice.decide told decision_lines
egp.advice.amend Statement AmendmentStatement
egp.advice.archive told archive_lines
egp.advice.fix.text told repairs_text
egp.advice.new.answers Question AuthorQuestion
egp.advice.options.trade_offs GivenUp TradeOff
egp.advice.options.trade_offs Delay LaterDays
egp.output.page.charts Row ChartRow
egp.pages.policy_test.outcome Outcome PolicyTestOutcome
egp.pages.policy_test.reading Case ReadTest
egp.pages.policy_test.file Expected ExpectedFinding
egp.pages.policy_test.boundaries Moved MovedNumber
egp.pages.policy_diff.flips Comparison PolicyComparison
egp.pages.policy_diff.settings Difference SettingDifference
egp.pages.policy_show Judged ShownPlan
egp.pages.brief.drafts Draft JudgedDraft
egp.pages.brief.guardrails Watched WatchedGuardrail
egp.pages.status.answers Answers GateAnswers
egp.pages.status.standing Progress UnitProgress
egp.pages.status.evidence ResultsFile ResultsHead
egp.pages.history.life Life PlanLife
egp.pages.memo.consequences stakes consequences_of
egp.cli.gate_call Answer GateAnswer
"""


NAMES = """
subject input_type egp/rules/rule.py egp/rules/custom/own_rule.py
subject judgement egp/check/waivers.py
leniency suppressor egp/check/*.py
leniency_of suppressor_of egp/check/*.py
past histories egp/check/*.py egp/policy/plan_history.py egp/policy/removed_plans.py
is_past_known is_history_known egp/check/*.py
waived suppressed egp/check/answers.py egp/check/reporting.py egp/check/root_causes.py egp/check/suppressions.py
_pass _suppress egp/check/suppressions.py
given_up trade_off egp/advice/options/*.py egp/pages/memo/*.py tests/memo/*.py
shape mapping_type egp/plan/typed_reader.py egp/plan/digest.py egp/cli/schemas.py egp/advice/fix/spelling.py egp/record/lock/*.py egp/rules/custom/reading.py egp/advice/options/advised.py
"""
"""Old and new name, and the files in which every such name in code is meant, attributes and arguments too."""

TEXTS = [
    (r"\brule\.subject\b", "rule.input_type"),
    (r"which is no subject of rules", "which is no input of rules"),
    (r"\bleniency\b(?= lets)", "suppressor"),
]


def everywhere(text: str, old: str, new: str) -> str:
    """Every NAME token, wherever it stands."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    edits = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        change = token.string
        if token.type == tokenize.NAME and token.string == old:
            change = new
        elif token.type == tokenize.STRING and re.match(r"[rR]?[fF]", token.string):
            change = re.sub(r"\{[^{}]*\}", lambda found: re.sub(rf"\b{old}\b", new, found[0]), token.string)
        if change != token.string:
            edits.append((token.start, token.end, change))
    for (row, column), (end_row, end_column), change in reversed(edits):
        text = text[: starts[row - 1] + column] + change + text[starts[end_row - 1] + end_column :]
    return text


def module_file(module: str) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imports(text: str, module: str, name: str) -> bool:
    found = re.finditer(rf"from {re.escape(module)} import (\([^)]*\)|[^\n(]*)", text)
    return any(re.search(rf"\b{name}\b", each[1]) for each in found)


def renamed(text: str, old: str, new: str) -> str:
    is_class = old[0].isupper()
    lines = text.splitlines(keepends=True)
    edits = []
    previous = None
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for number, token in enumerate(tokens):
        if token.type == tokenize.NAME and token.string == old and previous != ".":
            following = tokens[number + 1].string if number + 1 < len(tokens) else ""
            before = tokens[number - 1].string if number else ""
            is_keyword = following == "=" and before in ("(", ",") and not is_class
            if not is_keyword:
                edits.append((token.start, token.end, new))
        elif token.type == tokenize.STRING:
            word = re.compile(rf"(?<![\w.]){old}\b")
            change = token.string
            if token.string.lstrip("rR").startswith('"""'):
                if re.search("[a-z][A-Z]", old):
                    change = word.sub(new, token.string)
                elif is_class:
                    change = re.sub(rf"(`|Raises |:){old}\b", rf"\g<1>{new}", token.string)
            elif re.match(r"[rR]?[fF]", token.string):
                change = re.sub(r"\{[^{}]*\}", lambda found: word.sub(new, found[0]), token.string)
            elif is_class and re.fullmatch(rf'"[^"\n ]*\b{old}\b[^"\n ]*"', token.string):
                is_bound = [each.string for each in tokens[max(0, number - 2):number]] == ["bound", "="]
                if is_bound or re.search(r"[\[\]|]", token.string):
                    change = word.sub(new, token.string)
            if change != token.string:
                edits.append((token.start, token.end, change))
        if token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE):
            previous = token.string
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for (row, column), (end_row, end_column), change in reversed(edits):
        start, end = starts[row - 1] + column, starts[end_row - 1] + end_column
        text = text[:start] + change + text[end:]
    return text


def main() -> None:
    files = [*Path("egp").rglob("*.py"), *Path("tests").rglob("*.py"), *Path("benchmarks").rglob("*.py")]
    for line in SYMBOLS.strip().splitlines():
        module, old, new = line.split()
        home = module_file(module)
        if not home.exists():
            print("no module", module)
            continue
        package, _, last = module.rpartition(".")
        for file in files:
            text = file.read_text(encoding="utf-8")
            if not re.search(rf"\b{old}\b", text):
                continue
            result = text
            several = len(set(re.findall(rf"from (\S+) import [^\n]*\b{old}\b", text))) > 1 and old.islower()
            if several:
                at = text.find(f"from {module} import")
                if at >= 0:  # of several functions of one name, each is imported where it is called
                    end = text.find("\ndef ", at)
                    end = len(text) if end < 0 else end
                    start = text.rfind("\ndef ", 0, at)
                    part = re.sub(rf"\b{old}\b", new, text[start:end])
                    result = text[:start] + part + text[end:]
            elif file == home and re.search(rf"^(class|def) {old}\b|^{old} = ", text, re.M) or imports(text, module, old):
                result = renamed(text, old, new)
            if re.search(rf"from {re.escape(package)} import [^\n]*\b{last}\b|import {re.escape(module)}\b", result):
                result = re.sub(rf"\b{last}\.{old}\b", f"{last}.{new}", result)
            if result != text:
                file.write_text(result, encoding="utf-8")

    for line in NAMES.strip().splitlines():
        old, new, *globs = line.split()
        for file in {file for each in globs for file in Path().glob(each)}:
            text = file.read_text(encoding="utf-8")
            result = everywhere(text, old, new)
            if result != text:
                file.write_text(result, encoding="utf-8")
    for file in files:
        text = file.read_text(encoding="utf-8")
        result = text
        for pattern, new in TEXTS:
            result = re.sub(pattern, new, result)
        if result != text:
            file.write_text(result, encoding="utf-8")


main()
