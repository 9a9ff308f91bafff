"""One comment of egp on a pull request, written by the action's own script to a server that answers as GitHub does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from egp.policy.shipped import ROOT

SCRIPT = Path(ROOT, "templates", "pull_request_comment.py")
MARKER = "<!-- egp: check -->"


class GitHub(ThreadingHTTPServer):
    """What GitHub has of one pull request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.comments: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.refuses = False

    def add(self, body: str, kind: str = "Bot") -> None:
        self.comments.append({"id": 1000 + len(self.comments), "body": body, "user": {"type": kind}})

    @property
    def bodies(self) -> list[str]:
        return [each["body"] for each in self.comments]


class _Answer(BaseHTTPRequestHandler):
    server: GitHub

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        size, page = int(asked["per_page"][0]), int(asked["page"][0])
        self._answer(200, self.server.comments[(page - 1) * size : page * size])

    def do_POST(self) -> None:
        if self._is_taken("/repos/shop/plans/issues/7/comments"):
            self.server.add(self._content()["body"])
            self._answer(201, self.server.comments[-1])

    def do_PATCH(self) -> None:
        number = int(self.path.rpartition("/")[2])
        if self._is_taken(f"/repos/shop/plans/issues/comments/{number}"):
            (comment,) = [each for each in self.server.comments if each["id"] == number]
            comment["body"] = self._content()["body"]
            self._answer(200, comment)

    def _is_taken(self, path: str) -> bool:
        assert (self.path, self.headers["Authorization"]) == (path, "Bearer secret")
        self.server.calls.append(self.command)
        if self.server.refuses:
            self._answer(403, {"message": "Resource not accessible by integration"})
        return not self.server.refuses

    def _content(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, content: object) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def comment(
    github: GitHub,
    folder: Path,
    report: str | None,
    outcome: str = "failure",
    command: str = "check",
    event: object = None,
) -> str:
    """What the script prints."""
    event = {"pull_request": {"number": 7}} if event is None else event
    (folder / "event.json").write_text(json.dumps(event), encoding="utf-8")
    file = folder / "report.md"
    if report is not None:
        file.write_text(report, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), command, outcome, str(file)],
        env={
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "GITHUB_API_URL": f"http://127.0.0.1:{github.server_port}",
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REPOSITORY": "shop/plans",
            "GITHUB_TOKEN": "secret",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "secret" not in done.stdout + done.stderr
    return done.stdout


def test_one_comment_is_posted_and_then_updated(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, "rejected ⅓")
    comment(github, tmp_path, "still rejected")
    assert github.bodies == [f"{MARKER}\nstill rejected"]
    comment(github, tmp_path, "accepted", "success")
    assert github.bodies == [f"{MARKER}\naccepted"]
    assert github.calls == ["POST", "PATCH", "PATCH"]


def test_where_nothing_is_wrong_nothing_is_said(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, "accepted", "success")
    assert github.bodies == []


def test_it_is_found_among_many_and_no_comment_of_a_person_is_touched(github: GitHub, tmp_path: Path) -> None:
    github.add(f"{MARKER}\nI quote egp", "User")
    for number in range(130):
        github.add(f"comment {number}", "User")
    github.add(f"see {MARKER}")
    comment(github, tmp_path, "first")
    comment(github, tmp_path, "second")
    assert github.bodies[-1] == f"{MARKER}\nsecond"
    assert len(github.bodies) == 133
    assert github.bodies[0] == f"{MARKER}\nI quote egp"


def test_each_command_has_its_own(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, "checked")
    comment(github, tmp_path, "gated", command="gate-changes")
    assert github.bodies == [f"{MARKER}\nchecked", "<!-- egp: gate-changes -->\ngated"]


def test_what_is_longer_than_github_takes_is_cut(github: GitHub, tmp_path: Path) -> None:
    comment(github, tmp_path, "x" * 100_000)
    assert len(github.bodies[0]) <= 65_536


def test_what_cannot_be_written_is_a_warning(github: GitHub, tmp_path: Path) -> None:
    github.refuses = True
    told = comment(github, tmp_path, "rejected")
    assert re.fullmatch(r"::warning title=egp::the comment .* 403; the job needs `permissions: .*`\n", told)


@pytest.mark.parametrize(("event", "report"), [({"push": 1}, "rejected"), (None, None), ([], "rejected")])
def test_without_a_pull_request_or_a_report_there_is_a_warning(
    github: GitHub, tmp_path: Path, event: object, report: str | None
) -> None:
    assert comment(github, tmp_path, report, event=event).startswith("::warning title=egp::there is no ")
    assert github.calls == []


def test_without_a_server_there_is_a_warning(github: GitHub, tmp_path: Path) -> None:
    github.shutdown()
    github.server_close()
    assert comment(github, tmp_path, "rejected").startswith(
        "::warning title=egp::the comment could not be written"
    )
