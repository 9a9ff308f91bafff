"""The folder of pages of ``egp status --site``: written below the folder alone, and nothing removed that egp did not write."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from egp.cli.commands import terminal
from egp.cli.commands.paging import as_html
from egp.cli.commands.progress import Steps
from egp.output.page.model import Link
from egp.pages.site.calendar import calendar
from egp.pages.site.pages import FOLDER, experiment, index
from egp.pages.status.naming import page_names
from egp.yaml.atomic import make_folder_of, take_back, write_atomically
from egp.yaml.files import is_inside, read_regular, real_path
from egp.yaml.sha import sha256

if TYPE_CHECKING:
    from egp.pages.status.portfolio import Status

LIST = "egp-site.json"
"""What was written: the name of each file with its digest, by which the next call knows what is its own."""
_NAME = re.compile(rf"index\.html|calendar\.ics|{FOLDER}/[a-z0-9-]{{1,90}}\.html")
_LARGEST = 20_000_000


def write_site(folder: str, status: Status) -> None:
    """Writes the pages, and takes back those of experiments that there are no more. Raises Stop."""
    before = _written_before(folder)
    digests: dict[str, str] = {}
    with Steps("writing the site") as steps:
        for name, content in _files(status):
            steps.step(name)
            digests[name] = sha256(content).hexdigest()
            _write(folder, name, content, before)
    for name, digest in before.items():
        if name not in digests and _digest(folder, name) == digest:
            take_back(_place(folder, name))
    _write(folder, LIST, (json.dumps(digests, indent=2, sort_keys=True) + "\n").encode(), {LIST: ""})


def _files(status: Status) -> Iterator[tuple[str, bytes]]:
    names = page_names(status.standings)
    yield "index.html", as_html(index(status, names)).encode("utf-8")
    home = Link("All experiments", "../index.html")
    for each, name in zip(status.standings, names, strict=True):
        yield f"{FOLDER}/{name}.html", as_html(experiment(status, each), home).encode("utf-8")
    yield "calendar.ics", calendar(status).encode("utf-8")


def _written_before(folder: str) -> dict[str, str]:
    """File → the digest that an earlier call wrote it with. A list that names other files than a site has is no list."""
    try:
        listed = json.loads(read_regular(os.path.join(folder, LIST), _LARGEST))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise terminal.Stop(
            f"cannot read {folder}/{LIST}: {error}", "remove it, or name another folder"
        ) from None
    if not isinstance(listed, dict) or not all(_NAME.fullmatch(name) for name in listed):
        raise terminal.Stop(f"{folder}/{LIST} is no list of a site", "remove it, or name another folder")
    return {str(name): str(digest) for name, digest in listed.items()}


def _write(folder: str, name: str, content: bytes, before: dict[str, str]) -> None:
    """Writes a file that is new, or one that egp wrote, whoever changed it since. Raises Stop."""
    path = _place(folder, name)
    if name not in before and os.path.lexists(path) and _digest(folder, name) != sha256(content).hexdigest():
        raise terminal.Stop(
            f"{path} is there, and egp did not write it", "name another folder, or move the file away"
        )
    try:
        make_folder_of(path)
        _require_below(folder, path)
        write_atomically(path, content)
    except OSError as error:
        raise terminal.Stop(f"cannot write {path}: {error.strerror or error}") from None


def _place(folder: str, name: str) -> str:
    path = os.path.join(folder, *name.split("/"))
    _require_below(folder, path)
    return path


def _require_below(folder: str, path: str) -> None:
    """Raises Stop where a link below the folder leads out of it."""
    if not is_inside(real_path(os.path.dirname(os.path.abspath(path))), real_path(os.path.abspath(folder))):
        raise terminal.Stop(f"{path} leads out of {folder}", "remove the link")


def _digest(folder: str, name: str) -> str:
    """Of the file as it is; empty where there is none that can be read."""
    try:
        return sha256(read_regular(_place(folder, name), _LARGEST)).hexdigest()
    except (OSError, ValueError):
        return ""
