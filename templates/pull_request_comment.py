"""Keeps one comment of egp on a pull request up to date. The action calls it; it needs nothing but Python.

    python pull_request_comment.py COMMAND OUTCOME FILE

FILE is the report as Markdown, COMMAND says which of several comments is meant. Where nothing is wrong and there is no comment
yet, none is written. The exit status is 0 whatever happens: a comment is no verdict.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from typing import Any

PAGE = 100
"""Comments that GitHub lists at once, at most."""
PAGES = 30
PATIENCE = 20.0
LONGEST = 65_000


def main(command: str, outcome: str, file: str) -> None:
    number = _pull_request()
    if number is None:
        return _warn("there is no pull request to comment on")
    try:
        with open(file, encoding="utf-8") as report:
            said = report.read()
    except OSError as error:
        return _warn(f"there is no report to comment with: {error.strerror}")
    marker = f"<!-- egp: {re.sub(r'[^a-z-]', '', command)} -->"
    body = {"body": f"{marker}\n{said}"[:LONGEST]}
    comments = f"repos/{os.environ['GITHUB_REPOSITORY']}/issues"
    try:
        own = _own(f"{comments}/{number}/comments", marker)
        if own is not None:
            _call("PATCH", f"{comments}/comments/{own}", body)
        elif outcome != "success":
            _call("POST", f"{comments}/{number}/comments", body)
    except urllib.error.HTTPError as error:
        needs = "; the job needs `permissions: {pull-requests: write}`" if error.code in (403, 404) else ""
        _warn(f"the comment could not be written: GitHub answers {error.code}{needs}")
    except (OSError, ValueError) as error:
        _warn(f"the comment could not be written: {error}")


def _pull_request() -> int | None:
    """The number of the pull request that the job runs for."""
    try:
        with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
            event = json.load(file)
        return int(event["pull_request"]["number"])
    except (KeyError, TypeError, OSError, ValueError):
        return None


def _own(comments: str, marker: str) -> int | None:
    """The first comment of a program that begins with the marker: what people write is left alone."""
    for page in range(1, PAGES + 1):
        listed = _call("GET", f"{comments}?per_page={PAGE}&page={page}")
        for each in listed:
            is_program = (each.get("user") or {}).get("type") == "Bot"
            if is_program and str(each.get("body", "")).startswith(marker):
                return int(each["id"])
        if len(listed) < PAGE:
            break
    return None


def _call(method: str, path: str, content: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        f"{os.environ.get('GITHUB_API_URL', 'https://api.github.com')}/{path}",
        method=method,
        data=None if content is None else json.dumps(content).encode("utf-8"),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
            "User-Agent": "egp",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def _warn(message: str) -> None:
    print(f"::warning title=egp::{' '.join(message.split())}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
