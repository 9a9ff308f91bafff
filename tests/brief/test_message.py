"""The message of a rollback: a text with a closed set of names, from inside the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.brief.asking import BUY_NOW, TWO_BAD_WEEKS, ask, edit, section, shown
from tests.gate.calling import call

TEMPLATE = "experiments/comms/rollback.md"


def message(folder: Path) -> str:
    return shown(ask(folder, BUY_NOW, TWO_BAD_WEEKS).page).partition("The message that goes out\n")[2]


def fault(folder: Path) -> str:
    told = ask(folder, BUY_NOW, TWO_BAD_WEEKS)
    assert told.fault is not None
    assert section(told.page, "The message that goes out").tone == "bad"
    assert "The gate says roll back" in told.page.verdict, "the rest of the page is reported all the same"
    return f"{told.fault.path}: {told.fault.message}"


def write(folder: Path, text: str, path: str = TEMPLATE) -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_example_is_filled_in(repository: Path) -> None:
    text = message(repository)
    assert "Persistent Buy Now button on mobile product pages is being rolled back." in text
    assert "the agreed stop rule on cs_contacts has fired" in text
    assert "p <" not in text, "a message is for everybody"
    assert "back to control by feature_flag, within 15 minutes (@pdp-oncall)" in text
    assert "2023-03-17 09:00 PDT" in text
    assert "{{" not in text


def test_what_a_plan_says_is_not_looked_at_for_names(repository: Path) -> None:
    edit(
        repository,
        BUY_NOW,
        ("title: Persistent Buy Now button on mobile product pages", 'title: "{{owner}} {% x %}"'),
    )
    assert "**{{owner}} {% x %} is being rolled back.**" in message(repository)


def test_what_the_plan_leaves_out_is_said(repository: Path) -> None:
    edit(repository, BUY_NOW, (", max_minutes: 15", ""))
    assert "within not stated minutes" in message(repository)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "one\n{{experimant}}\n",
            "comms/rollback.md:2: unknown placeholder {{experimant}}, did you mean {{experiment}}?",
        ),
        ("{{ title.__class__ }}", "comms/rollback.md:1: unknown placeholder {{title.__class__}}"),
        ("{{}}", 'comms/rollback.md:1: unknown placeholder {{""}}'),
        ("{{title}}\n\n{{title", "comms/rollback.md:3: a placeholder is not closed"),
    ],
)
def test_an_unknown_name_is_an_error(repository: Path, text: str, says: str) -> None:
    write(repository, text)
    assert fault(repository).startswith(says)


def test_the_command_prints_the_page_and_says_what_is_wrong(repository: Path) -> None:
    write(repository, "{{experimant}}")
    done = call(repository, "brief", BUY_NOW, "--results", TWO_BAD_WEEKS)
    assert done.status == 2
    assert "The gate says roll back" in done.out
    assert "unknown placeholder" in done.err
    assert "escalation_deadline" in done.err, "the placeholders that there are"


def test_before_the_launch_the_page_warns(repository: Path) -> None:
    assert "The message that goes out" not in shown(ask(repository, BUY_NOW, as_of="2023-01-18").page)
    (repository / TEMPLATE).unlink()
    told = ask(repository, BUY_NOW, as_of="2023-01-18")
    assert told.fault is None
    assert "there is no such template" in shown(told.page)


@pytest.mark.parametrize("named", ["../outside.md", "comms/../../../outside.md", "/etc/motd.md"])
def test_outside_of_the_repository_nothing_is_read(repository: Path, named: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    write(repository.parent, "secret")
    write(repository.parent, "secret", "outside.md")
    path = f"../{named}" if named.startswith("../") else named
    edit(repository, BUY_NOW, ("comms: comms/rollback.md", f"comms: {path}"))
    assert fault(repository).endswith("the template lies outside the repository")
    assert "secret" not in message(repository)


@pytest.mark.parametrize("target", ["file", "folder"])
def test_a_link_out_of_the_repository_is_not_followed(repository: Path, target: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    secret = write(repository.parent, "secret", "elsewhere/rollback.md")
    (repository / TEMPLATE).unlink()
    if target == "file":
        (repository / TEMPLATE).symlink_to(secret)
    else:
        (repository / TEMPLATE).parent.rmdir()
        (repository / TEMPLATE).parent.symlink_to(secret.parent)
    assert fault(repository) == "comms/rollback.md: the template lies outside the repository"
    assert "secret" not in message(repository)


@pytest.mark.parametrize("named", [".git/config", ".git/notes.md", "../.env.txt", "pdp-buy-now.yaml"])
def test_what_is_no_text_for_people_is_not_quoted(repository: Path, named: str) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    edit(repository, BUY_NOW, ("comms: comms/rollback.md", f"comms: {named}"))
    assert fault(repository).endswith("a template is a text that people read")


def test_a_template_at_the_root_of_the_policy(repository: Path) -> None:
    (repository / TEMPLATE).rename(write(repository, "", "comms/rollback.md"))
    assert "is being rolled back." in message(repository)


def test_a_template_that_is_no_text(repository: Path) -> None:
    (repository / TEMPLATE).write_bytes(b"\xff\xfe")
    assert fault(repository).endswith("the template is not UTF-8 text")
    (repository / TEMPLATE).unlink()
    (repository / TEMPLATE).mkdir()
    assert fault(repository).endswith("the template is not a file")
