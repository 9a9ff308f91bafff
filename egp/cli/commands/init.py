"""egp init: what a repository begins with. Shows what it would write, and writes nothing that is there."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.options import day, judging_day
from egp.output.report.text import printable
from egp.plan.wording import counted
from egp.policy.error import PolicyError

if TYPE_CHECKING:
    import argparse

    from egp.advice.first_files import FirstFile

_YES = ("y", "yes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Exit status 0: written, or nothing was missing. 1: nothing was agreed to. 2: it could not be written."
    parser.add_argument("--yes", action="store_true", help="write without a question, for scripts")
    parser.add_argument(
        "--ci",
        choices=("github", "gitlab"),
        help="code host (default: by what the repository has and where it is pushed)",
    )
    parser.add_argument(
        "--extends",
        metavar="POLICY",
        default="egp:standard",
        help="shipped policy to begin with, such as egp:starter (default: egp:standard)",
    )
    parser.add_argument(
        "--owner",
        metavar="TEAM",
        help="who approves changes of the policy: a handle, a team or an address, as in @acme/experimentation-leads",
    )
    parser.add_argument(
        "--package",
        metavar="SPEC",
        default="",
        help="what pip installs in CI: a name, a file or an address of git",
    )
    parser.add_argument("--as-of", type=day, metavar="DATE", help="begin as of this day (default: today)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from egp.advice.first_files import PACKAGE, PLACEHOLDER, first_files, host_of, is_owner, owners_there
    from egp.policy.reading import shipped_policy
    from egp.yaml.files import repository_root

    try:
        shipped_policy(options.extends)
    except PolicyError as error:
        raise terminal.Stop(str(error), error.failures[0].help) from None
    if options.owner is not None and not is_owner(options.owner):
        raise terminal.Stop(
            f"{printable(options.owner)!r} is no owner that a code host knows",
            "--owner @acme/experimentation-leads, or another handle, team or address",
        )
    folder = repository_root(os.getcwd()) or os.getcwd()
    host = options.ci or host_of(folder, _remotes(folder))
    package = options.package or PACKAGE
    files = first_files(
        host, options.extends, options.owner or PLACEHOLDER, package, judging_day(options.as_of, "")
    )
    owned = owners_there(folder)
    there = [each for each in files if os.path.lexists(os.path.join(folder, each.path))]
    there += [each for each in files if each.path.endswith("CODEOWNERS") and owned and each not in there]
    missing = [each for each in files if each not in there]
    _show(folder, missing, there, owned)
    if not missing:
        return 0
    if not options.yes and not _is_agreed(len(missing)):
        terminal.complain("nothing is written")
        return 1
    _write(folder, missing)
    _say_next([each.path for each in missing], _differing(folder, there), options)
    return 0


def _differing(folder: str, there: list[FirstFile]) -> list[FirstFile]:
    """Files of other tools that are there and are not what egp would write."""
    from egp.advice.first_files import EXAMPLE, MESSAGE_PATH
    from egp.yaml.files import read_regular

    own = ("egp.yaml", EXAMPLE, MESSAGE_PATH)

    def is_other(each: FirstFile) -> bool:
        try:
            return read_regular(os.path.join(folder, each.path), len(each.text) * 4) != each.text.encode()
        except (OSError, ValueError):
            return True

    return [each for each in there if each.path not in own and is_other(each)]


def _show(folder: str, missing: list[FirstFile], there: list[FirstFile], owned: str | None) -> None:
    differing = _differing(folder, there)
    lines = [f"in {printable(folder)}:"]
    for each in missing:
        lines += [
            "",
            f"{each.path} (new): {each.does}",
            *(f"  | {line}".rstrip() for line in each.text.splitlines()),
        ]
    for each in there:
        path = owned if each.path.endswith("CODEOWNERS") and owned else each.path
        lines += ["", f"{path} is there and stays as it is: {each.does}"]
        if each in differing:
            lines += [
                "  what you can add to it by hand:",
                *(f"  | {line}".rstrip() for line in each.text.splitlines()),
            ]
    terminal.write_out("\n".join([*lines, ""]))


def _is_agreed(count: int) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise terminal.Stop("there is nobody to agree to it", "--yes writes without a question")
    return terminal.answer_to(f"\nWrite {counted(count, 'file')}? [y/N]").strip().lower() in _YES


def _write(folder: str, missing: list[FirstFile]) -> None:
    from egp.advice.new.files import NewError, write_new

    for each in missing:
        try:
            write_new(os.path.join(folder, each.path), each.text)
        except NewError as error:
            raise terminal.Stop(str(error), error.help) from None
        terminal.write_out(f"wrote {each.path}\n")


def _say_next(wrote: list[str], differing: list[FirstFile], options: argparse.Namespace) -> None:
    from egp.advice.first_files import PLACEHOLDER

    has_hooks = any(each.path == ".pre-commit-config.yaml" for each in differing)
    steps = [
        "egp check                      judges the example",
        "egp new experiment ID          begins a plan of your own",
        "the hooks above, then pre-commit install, once you have added them to .pre-commit-config.yaml"
        if has_hooks
        else "pre-commit install             has the hooks run",
    ]
    if not options.package:
        steps.append(
            "EGP in the CI file             names what pip installs: a wheel, or your copy of egp's repository"
        )
    owners = next((each for each in wrote if each.endswith("CODEOWNERS")), "")
    if owners and options.owner is None:
        steps.append(f"{PLACEHOLDER} in {owners} is a placeholder: name the team that owns the policy")
    terminal.write_out("\n".join(["next:", *(f"  {step}" for step in steps), ""]))


def _remotes(folder: str) -> str:
    """Where the repository is pushed to; empty without git."""
    from egp.record.sources.git_command import GitError, ask

    try:
        return ask(folder, "remote", "--verbose").output.decode("utf-8", "replace")
    except (GitError, OSError):
        return ""
