"""The command line: parse arguments, call a verb, print, exit."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, NoReturn

from egp.policy.error import PolicyError
from egp.version import VERSION

if TYPE_CHECKING:
    from egp.finding import Failure
    from egp.fix.files import Repaired
    from egp.plan_files import PlanFinder, PlanSource
    from egp.policy.model import Policy
    from egp.register import Outcome
    from egp.report.model import Report
    from egp.report.text import Style

COULD_NOT_JUDGE = 2
INTERRUPTED = 130
PIPED_WIDTH = 100
FORMATS = ("text", "json")


class Stop(Exception):
    """Ends the run with exit status 2 and one clear line."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.help = help


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are egp's: one line, exit status 2."""

    def error(self, message: str) -> NoReturn:
        raise Stop(message, f"{self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs egp and returns its exit status."""
    gc.disable()  # what a run makes is needed to its end; looking for garbage took 15 % of it
    try:
        options = _parser().parse_args(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    except Stop as stop:
        _complain(str(stop), stop.help)
    except PolicyError as error:
        _print_failures(error.failures)
        _complain(f"the policy cannot judge: {_errors(len(error.failures))} in it")
    except BrokenPipeError:
        _abandon_standard_output()  # the reader has gone, as in `egp check | head`
    except OSError as error:
        _abandon_standard_output()
        _complain(f"cannot write the report: {error.strerror}")
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except Exception:
        # Python would end with the status that means "rejected".
        sys.excepthook(*sys.exc_info())
        _complain("this is a bug of egp, and nothing is judged", "please report it")
    return COULD_NOT_JUDGE


def _complain(message: str, help: str = "") -> None:
    from egp.report.text import printable

    sys.stderr.write(f"egp: {printable(message)}\n" + (f"  help: {printable(help)}\n" if help else ""))


def _abandon_standard_output() -> None:
    """Nothing more can be written to it, not even when the interpreter ends and flushes."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="egp", description="Checks plans of experiments against a governance policy.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"egp {VERSION}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    _add_check(verbs)
    _add_explain(verbs)
    _add_rules(verbs)
    _add_power(verbs)
    _add_register(verbs)
    _add_amend(verbs)
    _add_history(verbs)
    _add_new(verbs)
    _add_completion(verbs)
    return parser


def _add_check(verbs: argparse._SubParsersAction[_Parser]) -> None:
    check = verbs.add_parser("check", help="check plans against the policy", allow_abbrev=False)
    check.add_argument(
        "paths", nargs="*", metavar="PATH", help="plans or folders; - for standard input; none for the policy's plans"
    )
    _add_policy(check)
    check.add_argument("--format", choices=FORMATS, default="text", help="format of the report (default: text)")
    check.add_argument("-o", dest="file", metavar="FILE", help="write the report to a file instead of standard output")
    check.add_argument(
        "--output", action="append", default=[], metavar="FORMAT=FILE", help="write a further report; may be repeated"
    )
    check.add_argument("--base", metavar="REF", default="", help="compare with where git's HEAD left this branch or commit")
    check.add_argument("--as-of", type=_day, metavar="DATE", help="judge as of this day (default: today)")
    check.add_argument(
        "--fail-level", choices=("error", "warning"), default="error", help="least severity that rejects (default: error)"
    )
    check.add_argument("--show-passed", action="store_true", help="list the checks that passed")
    check.add_argument(
        "--stdin-filename", metavar="FILE", default="<stdin>", help="path that standard input is judged as"
    )
    _add_fix(check)
    check.set_defaults(run=_check)


def _add_fix(check: _Parser) -> None:
    fix = check.add_argument_group("repairs")
    fix.add_argument("--fix", action="store_true", help="repair spellings that can mean one thing only, then check")
    fix.add_argument("--unsafe", action="store_true", help="with --fix, also repair what has to be guessed or computed")
    fix.add_argument("--diff", action="store_true", help="with --fix, print what would change, and write nothing")


def _add_explain(verbs: argparse._SubParsersAction[_Parser]) -> None:
    explain = verbs.add_parser("explain", help="explain a rule, with the values in force", allow_abbrev=False)
    explain.add_argument("rule", metavar="RULE", help="id of a rule, such as minimum-runtime")
    _add_policy(explain)
    explain.set_defaults(run=_explain)


def _add_rules(verbs: argparse._SubParsersAction[_Parser]) -> None:
    rules = verbs.add_parser("rules", help="list all rules and what the policy makes of them", allow_abbrev=False)
    _add_policy(rules)
    rules.add_argument("--format", choices=FORMATS, default="text", help="format of the list (default: text)")
    rules.set_defaults(run=_rules)


def _add_power(verbs: argparse._SubParsersAction[_Parser]) -> None:
    from egp.power.arguments import add_options

    power = verbs.add_parser("power", help="compute sample size, smallest effect or power", allow_abbrev=False)
    add_options(power)
    _add_policy(power)
    power.set_defaults(run=_power)


def _add_register(verbs: argparse._SubParsersAction[_Parser]) -> None:
    register = verbs.add_parser("register", help="pin plans that pass in egp.lock", allow_abbrev=False)
    register.add_argument("paths", nargs="+", metavar="PLAN", help="plans or folders of plans")
    _add_policy(register)
    register.add_argument("--as-of", type=_day, metavar="DATE", help="day of the registration (default: today)")
    register.add_argument("--write-date", action="store_true", help="set `registered:` in the plans to that day")
    register.set_defaults(run=_register)


def _add_amend(verbs: argparse._SubParsersAction[_Parser]) -> None:
    amend = verbs.add_parser("amend", help="declare a change of a registered plan", allow_abbrev=False)
    amend.add_argument("plan", metavar="PLAN", help="the plan, with its change already made")
    amend.add_argument("--reason", metavar="TEXT", help="why the plan changes; asked for when missing")
    amend.add_argument("--approver", metavar="WHO", help="who approved it; asked for when missing")
    amend.add_argument(
        "--data-access", metavar="ACCESS", help="what was known of the results then: nothing_run, no_results_seen or results_seen"
    )
    _add_policy(amend)
    amend.add_argument("--on", "--as-of", dest="as_of", type=_day, metavar="DATE", help="day of the amendment (default: today)")
    amend.set_defaults(run=_amend)


def _add_history(verbs: argparse._SubParsersAction[_Parser]) -> None:
    history = verbs.add_parser("history", help="tell the life of a plan from git", allow_abbrev=False)
    history.add_argument("plan", metavar="PLAN", help="the plan's file, or the file it had before it was removed")
    history.add_argument("--format", choices=FORMATS, default="text", help="format of the report (default: text)")
    history.set_defaults(run=_history)


def _add_new(verbs: argparse._SubParsersAction[_Parser]) -> None:
    from egp.new.arguments import add_experiment_options, add_policy_options, add_rule_options

    new = verbs.add_parser("new", help="begin a plan, a policy or a rule", allow_abbrev=False)
    kinds = new.add_subparsers(title="what", metavar="WHAT", required=True, parser_class=_Parser)
    experiment = kinds.add_parser("experiment", help="the plan of an experiment", allow_abbrev=False)
    add_experiment_options(experiment)
    experiment.add_argument("--start", type=_day, metavar="DATE", help="first day of the test (default: a Monday soon)")
    experiment.add_argument("--as-of", type=_day, metavar="DATE", help="plan as of this day (default: today)")
    _add_policy(experiment)
    experiment.set_defaults(run=_new_experiment)
    policy = kinds.add_parser("policy", help="a policy file, egp.yaml", allow_abbrev=False)
    add_policy_options(policy)
    policy.add_argument("--as-of", type=_day, metavar="DATE", help="day that its version is named by (default: today)")
    policy.set_defaults(run=_new_policy)
    rule = kinds.add_parser("rule", help="the module of a rule", allow_abbrev=False)
    add_rule_options(rule)
    rule.set_defaults(run=_new_rule)


def _add_completion(verbs: argparse._SubParsersAction[_Parser]) -> None:
    completion = verbs.add_parser("completion", help="print a completion script for a shell", allow_abbrev=False)
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")
    completion.set_defaults(run=_completion)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--policy", metavar="POLICY", help="policy file, or a shipped policy such as egp:standard (default: egp.yaml)"
    )


def _day(text: str) -> date:
    from egp.quantity import QuantityError, day

    try:
        return day(text)
    except QuantityError as error:
        raise argparse.ArgumentTypeError(f"{error}; write it as 2023-01-31") from None


def _policy(options: argparse.Namespace, paths: Sequence[str]) -> Policy:
    """The policy that judges. Raises PolicyError with every mistake in it."""
    from egp.policy.locate import find_policy
    from egp.policy.reading import STANDARD, read_policy, shipped_policy

    try:
        if options.policy and options.policy.startswith("egp:"):
            return shipped_policy(options.policy)
        path = options.policy or find_policy(os.getcwd(), paths)
        return read_policy(path, _shown(path)) if path else shipped_policy(STANDARD)
    except OSError as error:
        raise Stop(f"cannot read the policy {_shown(str(error.filename))}: {error.strerror}") from None


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"


def _print_failures(failures: Sequence[Failure]) -> None:
    from egp.report.text import failure_lines

    style = _style(sys.stderr)
    for failure in failures:
        sys.stderr.write("\n".join(failure_lines(failure, style)) + "\n")


def _shown(path: str) -> str:
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative.replace(os.sep, "/")


def _style(stream: object) -> Style:
    """Colour and width of the terminal; neither when piped, so that the same input gives the same bytes."""
    from egp.report.text import Style

    is_terminal = getattr(stream, "isatty", bool)()
    if not is_terminal:
        return Style(PIPED_WIDTH)
    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(max(40, min(120, os.get_terminal_size(stream.fileno()).columns)), colour)  # type: ignore[attr-defined]


def _check(options: argparse.Namespace) -> int:
    outputs = [_output(text) for text in options.output]
    try:
        policy = _policy(options, [options.stdin_filename if path == "-" else path for path in options.paths])
        if options.fix or options.unsafe or options.diff:
            status = _fix(options, policy)
            if options.diff or status:
                return status
        report = _judged(options, policy)
    except PolicyError as error:
        if "json" not in (options.format, *(form for form, _ in outputs)):
            raise
        report = _without_policy(options, error)
    for form, path in outputs:
        _write(path, _rendered(report, form, None))
    main_report = _rendered(report, options.format, None if options.file else _style(sys.stdout))
    if options.file:
        _write(options.file, main_report)
    else:
        _print(main_report)
    return report.exit_status(options.fail_level)


def _without_policy(options: argparse.Namespace, error: PolicyError) -> Report:
    """The report of a run that ended before it began, for programs that read nothing else."""
    from egp.policy.model import Policy
    from egp.report.model import Report

    unusable = Policy(name=error.failures[0].path, version="", digest="", root="", layers=())
    return Report(failures=list(error.failures), policy=unusable, as_of=options.as_of or date.today())


def _fix(options: argparse.Namespace, policy: Policy) -> int:
    """Repairs the plans, or shows how; 0, or with --diff 1 where something would change, 2 where it cannot."""
    from egp.fix.files import Fixer
    from egp.fix.text import told

    if not options.fix:
        raise Stop(f"{'--unsafe' if options.unsafe else '--diff'} says how to repair", "add --fix")
    if "-" in options.paths and not options.diff:
        raise Stop("standard input cannot be repaired in place", "--fix --diff prints what would change")
    sources, finder = _sources(options, policy)
    fixer = Fixer(finder, policy, options.as_of or date.today(), unsafe=options.unsafe)
    changed = False
    for repaired in fixer.fix(sources):
        changed = changed or repaired.before != repaired.after
        sys.stderr.write(told(repaired, written=not options.diff))
        if options.diff:
            _print(repaired.diff())
        else:
            _write_repaired(repaired)
    _print_failures(fixer.failures)
    return COULD_NOT_JUDGE if fixer.failures else int(changed and options.diff)


def _write_repaired(repaired: Repaired) -> None:
    try:
        repaired.write()
    except OSError as error:
        raise Stop(f"cannot write {repaired.shown}: {error.strerror}") from None


def _sources(options: argparse.Namespace, policy: Policy) -> tuple[list[PlanSource], PlanFinder]:
    """The plans that are asked for. Raises Stop when there are none."""
    from egp.document.bounds import MAX_BYTES
    from egp.plan_files import STANDARD_INPUT, PlanFinder

    finder = PlanFinder(os.getcwd(), policy.plans, policy.root)
    if options.paths:
        sources = finder.asked([path for path in options.paths if path != STANDARD_INPUT])
        if STANDARD_INPUT in options.paths:
            sources.append(finder.piped(sys.stdin.buffer.read(MAX_BYTES + 1), options.stdin_filename))
    elif policy.plans:
        sources = finder.portfolio()
    else:
        raise Stop("which plans? the policy names none", "egp check PATH, or `plans:` in egp.yaml")
    if not sources and not finder.failures:
        raise Stop(f"no plan matches {', '.join(policy.plans)}", "egp check PATH, or correct `plans:` in the policy")
    return sources, finder


def _judged(options: argparse.Namespace, policy: Policy) -> Report:
    from egp.check import check

    sources, finder = _sources(options, policy)
    with _Progress() as progress:
        as_of = options.as_of or date.today()
        return check(sources, finder, policy, as_of, progress.show, options.show_passed, options.base)


def _rendered(report: Report, form: str, style: Style | None) -> str:
    if form == "json":
        from egp.report import json

        return json.render(report)
    from egp.report import text

    return "\n".join(text.render(report, style or text.Style(PIPED_WIDTH))) + "\n"


def _output(text: str) -> tuple[str, str]:
    form, equals, path = text.partition("=")
    if not equals or not path or form not in FORMATS:
        raise Stop(f"--output {text} is not FORMAT=FILE", f"FORMAT is one of {', '.join(FORMATS)}")
    return form, path


def _write(path: str, content: str) -> None:
    """Writes the whole file or nothing. A pipe or a device, such as /dev/stdout, is written to and not replaced."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            _write_text(path, content)
        else:
            _replace(os.path.realpath(path), content)
    except OSError as error:
        raise Stop(f"cannot write {path}: {error.strerror}") from None


def _replace(path: str, content: str) -> None:
    partial = f"{path}.{os.getpid()}.partial"
    try:
        _write_text(partial, content)
        os.replace(partial, path)
    finally:
        with suppress(FileNotFoundError):
            os.remove(partial)


def _write_text(path: str, content: str) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)


def _print(content: str) -> None:
    """Prints UTF-8 whatever the locale says; a terminal that cannot show a character gets a stand-in."""
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stdout.write(content)
    sys.stdout.flush()


class _Progress:
    """A bar on standard error once a terminal has waited for a second; silent when piped."""

    def __init__(self) -> None:
        from time import monotonic

        self._now = monotonic
        self._begun = monotonic()
        self._drawn = -1
        self._wanted = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn >= 0:
            sys.stderr.write("\r\x1b[K")

    def show(self, done: int, total: int) -> None:
        if not self._wanted or self._now() - self._begun < 1:
            return
        filled = done * 30 // total
        if filled != self._drawn:
            self._drawn = filled
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {done} of {total} plans")
            sys.stderr.flush()


def _explain(options: argparse.Namespace) -> int:
    from egp.explain import explain_rule
    from egp.rule import index
    from egp.shape import nearest

    if options.rule not in index():
        guess = nearest(options.rule, index())
        hint = f", did you mean {guess}?" if guess else ""
        raise Stop(f"there is no rule {options.rule!r}{hint}", "egp rules lists all rules")
    _print(explain_rule(options.rule, _policy(options, [])))
    return 0


def _rules(options: argparse.Namespace) -> int:
    from egp.explain import list_rules, rules_as_json

    policy = _policy(options, [])
    _print(rules_as_json(policy) if options.format == "json" else list_rules(policy))
    return 0


def _power(options: argparse.Namespace) -> int:
    from egp.power.arguments import EXAMPLE, USAGE, given

    calculator_options = given(options)
    if options.plan is not None:
        if calculator_options:
            raise Stop(f"{calculator_options[0]} and a plan are both given", "a plan has its own numbers; give one of the two")
        return _power_of_plan(options)
    if options.policy is not None:
        raise Stop("--policy serves a plan, and none is given", "egp power PLAN --policy POLICY")
    if not calculator_options:
        raise Stop(f"power of what? usage: {USAGE}", EXAMPLE)
    _print(_calculated(options))
    return 0


def _calculated(options: argparse.Namespace) -> str:
    from egp.power import json, text
    from egp.power.calculator import answered
    from egp.power.question import PowerError, understood

    try:
        answer = answered(understood(vars(options)))
    except PowerError as error:
        raise Stop(str(error), error.advice) from None
    if options.format == "json":
        return json.render(answer)
    return "\n".join(text.render(answer, _style(sys.stdout))) + "\n"


def _power_of_plan(options: argparse.Namespace) -> int:
    from egp.plan_files import STANDARD_INPUT, PlanFinder
    from egp.power import json, plan_text
    from egp.power.plan_reading import powers

    is_piped = options.plan == STANDARD_INPUT
    policy = _policy(options, [] if is_piped else [options.plan])
    finder = PlanFinder(os.getcwd(), policy.plans, policy.root)
    sources = [finder.piped(sys.stdin.buffer.read(), "<stdin>")] if is_piped else finder.asked([options.plan])
    plans, failures = powers(sources, finder, policy)
    if options.format == "json":
        _print(json.render_plans(plans, failures, policy))
    elif plans:
        _print("\n".join(plan_text.render(plans, policy, _style(sys.stdout))) + "\n")
    _print_failures(failures)
    return COULD_NOT_JUDGE if failures or not all(plan.is_computed for plan in plans) else 0


def _register(options: argparse.Namespace) -> int:
    from egp.register import register

    def verb(sources: list[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> Outcome:
        return register(sources, finder, policy, as_of, options.write_date)

    return _pinned(options, options.paths, verb)


def _amend(options: argparse.Namespace) -> int:
    from egp.amend import StatementError, amend, stated

    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    try:
        statement = stated(options.reason, options.approver, options.data_access, ask)
    except StatementError as error:
        raise Stop(str(error), error.help) from None

    def verb(sources: list[PlanSource], finder: PlanFinder, policy: Policy, as_of: date) -> Outcome:
        return amend(sources, finder, policy, as_of, statement)

    return _pinned(options, [options.plan], verb)


def _new_experiment(options: argparse.Namespace) -> int:
    from egp.new.arguments import given
    from egp.new.dialogue import NewExperiment
    from egp.new.files import NewError, require_new
    from egp.new.place import in_policy, plan_path

    policy = _policy(options, [])
    folder = os.getcwd()
    try:
        path = options.file or plan_path(policy, options.id, folder)
        require_new(path)
        judged_at = in_policy(policy, plan_path(policy, options.id, folder) if path == "-" else path, folder)
        as_of = options.as_of or date.today()
        plan = NewExperiment(options.id, options.type, policy, judged_at, as_of, options.start)
        plan.take(given(options))
    except NewError as error:
        raise Stop(str(error), error.help) from None
    if sys.stdin.isatty() and sys.stderr.isatty():
        plan.converse(_answer, lambda line: print(line, file=sys.stderr))
    draft = plan.draft()
    if power := draft.power_told(plan.answers):
        sys.stderr.write(f"{power}\n")
    return _begin(path, draft.text)


def _new_policy(options: argparse.Namespace) -> int:
    from egp.new.policy import policy_text
    from egp.policy.locate import POLICY_FILE
    from egp.policy.reading import shipped_policy

    try:
        shipped_policy(options.extends)
    except PolicyError as error:
        raise Stop(str(error), error.failures[0].help) from None
    text = policy_text(options.extends, options.plans, options.as_of or date.today())
    return _begin(options.file or POLICY_FILE, text)


def _new_rule(options: argparse.Namespace) -> int:
    from egp.new.files import NewError
    from egp.new.rule import require_rule_id, rule_path, rule_text

    try:
        require_rule_id(options.id)
        path = options.file or rule_path(options.id, options.family, os.getcwd())
    except NewError as error:
        raise Stop(str(error), error.help) from None
    return _begin(path, rule_text())


def _begin(path: str, text: str) -> int:
    """Writes a new file, or prints it."""
    from egp.new.files import NewError, write_new

    if path == "-":
        _print(text)
        return 0
    try:
        write_new(path, text)
    except NewError as error:
        raise Stop(str(error), error.help) from None
    open_fields = text.count("# TODO ")
    still = f"; {open_fields} fields are open, marked TODO" if open_fields else ""
    sys.stderr.write(f"wrote {_shown(path)}{still}\n")
    return 0


def _history(options: argparse.Namespace) -> int:
    from egp.history import json, text
    from egp.history.life import lives
    from egp.lock import LockError
    from egp.sources.git import GitError, Repository

    try:
        repository = Repository.at(os.getcwd())
        path = repository.inside(os.path.join(os.getcwd(), options.plan))
        if path is None:
            raise Stop(f"{options.plan} lies outside of this repository", "run egp in the repository that has the plan")
        told = lives(repository, path)
    except GitError as error:
        raise Stop(str(error), error.help) from None
    except LockError as error:
        _print_failures(error.failures)
        raise Stop(f"the lock cannot be read: {_errors(len(error.failures))} in it") from None
    _print(json.render(told) if options.format == "json" else "\n".join(text.render(told, _style(sys.stdout))) + "\n")
    return 0


def _completion(options: argparse.Namespace) -> int:
    from egp.completion import CompletionError, script

    try:
        _print(script(_parser(), options.shell))
    except CompletionError as error:
        raise Stop(str(error), "pip install shtab") from None
    return 0


def _answer(question: str) -> str:
    """What is answered on the terminal; empty at its end."""
    sys.stderr.write(f"{question}: ")
    sys.stderr.flush()
    return sys.stdin.readline()


def _ask(question: str) -> str:
    answer = _answer(question)
    if not answer:
        raise Stop("the questions are not answered, and nothing is amended")
    return answer


def _pinned(options: argparse.Namespace, paths: Sequence[str], verb: Callable[..., Outcome]) -> int:
    """Runs a verb that writes the lock, and tells what came of it."""
    from egp.lock import LockError
    from egp.plan_files import PlanFinder
    from egp.register import told
    from egp.report.text import printable

    policy = _policy(options, paths)
    finder = PlanFinder(os.getcwd(), policy.plans, policy.root)
    try:
        outcome = verb(finder.asked(paths), finder, policy, options.as_of or date.today())
    except LockError as error:
        _print_failures(error.failures)
        raise Stop("nothing is pinned") from None
    except OSError as error:
        raise Stop(f"cannot write {_shown(str(error.filename))}: {error.strerror}") from None
    report = _rendered(outcome.report, "text", _style(sys.stdout))
    _print(report + "".join(f"{printable(line)}\n" for line in told(outcome)))
    return outcome.exit_status
