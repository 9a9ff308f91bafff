"""What a repository begins with: a policy, a plan that passes, and what makes people and machines look at both."""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from typing import Literal

from egp import ADDRESS, VERSION
from egp.advice.new.experiment import SCHEMA_LINE
from egp.advice.new.policy import policy_text
from egp.stats.values import NamedTuple
from egp.yaml.files import read_regular
from egp.yaml.written import quoted

CodeHost = Literal["github", "gitlab"]
PLANS = "experiments"
EXAMPLE = f"{PLANS}/example.yaml"
MESSAGE_PATH = f"{PLANS}/comms/rollback.md"

_SOUND = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "rules", "sound_plan.yaml")
_LARGEST = 100_000
_SOUND_ON = date(2023, 1, 18)
"""A day on which the plan that the rules' pages begin with passes: it is registered, and has not begun."""
_WEEKS_AHEAD = 4
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_HEAD = f"""\
{SCHEMA_LINE}
# An example that passes, to read and to copy. `egp new experiment ID` begins one of your own; delete this one then.
# What a key means: egp explain RULE, or the schema that `egp schema` prints the place of, in an editor.
"""
MESSAGE = """\
**{{title}} is being rolled back.**

What happened: {{reasons}}.

What was done: back to {{rolled_back_to}} by {{method}}, within {{within_minutes}} minutes ({{rollback_owner}}). The criterion was agreed
before the start. What comes next: the {{team}} team looks for the cause. Questions go to {{owner}}.

({{experiment}} at {{stage}}, as of {{as_of}})
"""
"""What goes out when a stop rule fires, with placeholders that `egp brief` fills in."""
PLACEHOLDER = "@org/experimentation-leads"
"""Who owns the policy where nobody says who does."""
_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]*(/[\w.-]+)*|[^\s@#]+@[^\s@#]+\.[^\s@#]+")
_OWNED = (
    "egp.yaml",
    "egp.test.yaml",
    "egp.lock",
    "egp.lock.d/",
    "egp.ledger.d/",
    "waivers.yaml",
    "egp-baseline.yaml",
)
_HOOKS = """\
# pip install pre-commit && pre-commit install. egp itself is installed by you, so that the hook and CI have the same one.
repos:
  - repo: local
    hooks:
      - id: egp-check
        name: egp check
        entry: egp check
        language: system
        types: [yaml]
        files: ^experiments/
        require_serial: true
      - id: egp-policy
        name: egp policy check
        entry: egp policy check
        language: system
        files: '(^|/)egp(\\.test)?\\.yaml$'
        require_serial: true
"""
_GITHUB = """\
# Judges the plans of a pull request by the policy of the branch that it goes to.
name: egp
on: pull_request
permissions: {{contents: read}}
jobs:
  plans:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683  # v4.2.2
        with: {{fetch-depth: 0}}
      - uses: actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065  # v5.6.0
        with: {{python-version: "3.12"}}
      - run: python -m pip install "$EGP"
        env:
          EGP: {package}
      - run: egp check --base "origin/$GITHUB_BASE_REF" --format github
"""
_GITLAB = """\
# Judges the plans of a merge request by the policy of the branch that it goes to.
egp:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0"
    EGP: {package}
  script:
    - python -m pip install --quiet "$EGP"
    - egp check --base "origin/$CI_MERGE_REQUEST_TARGET_BRANCH_NAME" --output gitlab=egp-code-quality.json
  artifacts:
    when: always
    reports: {{codequality: egp-code-quality.json}}
"""
PACKAGE = f"egp @ git+{ADDRESS}@v{VERSION}"
"""What pip is given in CI where nobody says otherwise."""


class FirstFile(NamedTuple):
    path: str
    """From the root of the repository."""
    text: str
    does: str
    """What the file is for, in a few words."""


def first_files(host: CodeHost, extends: str, owner: str, package: str, as_of: date) -> list[FirstFile]:
    """The files in the order in which they are of use. Each passes what egp checks."""
    is_github = host == "github"
    ci = (_GITHUB if is_github else _GITLAB).format(package=quoted(package))
    return [
        FirstFile("egp.yaml", policy_text(extends, f"{PLANS}/**/*.yaml", as_of), "the policy"),
        FirstFile(EXAMPLE, _HEAD + example(as_of), "a plan that passes"),
        FirstFile(MESSAGE_PATH, MESSAGE, "the message that its rollback sends"),
        FirstFile(".pre-commit-config.yaml", _HOOKS, "hooks for those who commit"),
        FirstFile(
            ".github/workflows/egp.yml" if is_github else ".gitlab-ci.yml",
            ci,
            "the check of every change in CI",
        ),
        FirstFile(
            ".github/CODEOWNERS" if is_github else "CODEOWNERS",
            _owners(owner),
            "who approves changes of the policy",
        ),
    ]


def example(as_of: date) -> str:
    """The sound plan, moved by whole weeks: known by today is what has to be, and the run is weeks ahead.

    It is not registered. Who tries out the commands can register it; who has read it can delete it, since nothing runs.
    """
    past = (as_of - _SOUND_ON).days // 7

    def moved(found: re.Match[str]) -> str:
        day = date.fromisoformat(found[0])
        return str(day + timedelta(weeks=past if day < _SOUND_ON else past + _WEEKS_AHEAD))

    text = read_regular(_SOUND, _LARGEST).decode("utf-8")
    body = text.partition("\n")[2].replace("id: sound-plan", "id: example", 1)
    return _DAY.sub(moved, re.sub(r"^registered:.*\n", "", body, flags=re.MULTILINE))


def _owners(owner: str) -> str:
    lines = [f"/{path} {owner}" for path in _OWNED]
    return "\n".join(
        ["# Whoever may change these files decides what passes (egp: docs/security.md).", *lines, ""]
    )


def is_owner(text: str) -> bool:
    """Whether code hosts take a text for owners: handles, teams or addresses, with spaces between."""
    return bool(text) and all(_OWNER.fullmatch(each) for each in text.split(" "))


def host_of(folder: str, remotes: str) -> CodeHost:
    """The code host by what is there: a file of GitLab's, or the address that the repository is pushed to."""
    has_gitlab = os.path.lexists(os.path.join(folder, ".gitlab-ci.yml")) or "gitlab" in remotes.lower()
    return "gitlab" if has_gitlab and not os.path.lexists(os.path.join(folder, ".github")) else "github"


def owners_there(folder: str) -> str | None:
    """The CODEOWNERS that the repository has, wherever a code host looks for it."""
    places = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
    return next((each for each in places if os.path.lexists(os.path.join(folder, each))), None)
