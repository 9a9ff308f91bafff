"""The portfolio as a folder of pages: what is in it, that it leads nowhere else, and what is written, kept and taken back."""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from icalendar import Calendar, Event

from egp.pages.site.calendar import _folded, _text
from tests.gate.calling import Call
from tests.page.browser import Browser, Scheme

from .asking import ask, replaced

DAY = "2023-02-28"
BUY_NOW = "experiments/pdp-buy-now.yaml"
HOSTILE = '<script>alert(1)</script>; BEGIN:VEVENT, \\n "x"'


def written(repository: Path, *arguments: str, as_of: str = DAY) -> Call:
    return ask(repository, as_of, "--site", "site", *arguments)


def files(repository: Path) -> dict[str, bytes]:
    site = repository / "site"
    return {
        path.relative_to(site).as_posix(): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file()
    }


class Links(HTMLParser):
    """What a page leads to or loads, and its scripts."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script" or any(name.startswith("on") for name, _ in attributes)
        self.found += [
            value or "" for name, value in attributes if name in ("href", "src", "action", "data", "srcset")
        ]


def test_every_experiment_has_a_page_and_all_links_lead_to_one(repository: Path) -> None:
    assert written(repository).status == 0
    found = files(repository)
    pages = [name for name in found if name.endswith(".html")]
    assert "index.html" in pages
    assert len(pages) == 1 + len(list((repository / "experiments").glob("*.yaml")))
    for name in pages:
        links = Links(found[name])
        assert links.scripts == 0
        for link in links.found:
            assert os.path.normpath(os.path.join(os.path.dirname(name), link)) in found
    assert set(Links(found["index.html"]).found) == {*pages, "calendar.ics"} - {"index.html"}


def test_the_same_status_gives_the_same_bytes(repository: Path) -> None:
    written(repository)
    before = files(repository)
    written(repository)
    assert files(repository) == before


def test_the_calendar_is_one_that_another_reader_reads(repository: Path) -> None:
    replaced(repository / BUY_NOW, "id: pdp-buy-now", f"id: pdp-buy-now\ntitle: {json.dumps(HOSTILE * 3)}")
    written(repository)
    raw = files(repository)["calendar.ics"]
    assert raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 75
    read = Calendar.from_ical(raw)
    events = [each for each in read.walk("VEVENT") if isinstance(each, Event)]
    assert all(not each.errors for each in events)
    assert len({str(each["UID"]) for each in events}) == len(events) > 5
    days = {str(each["SUMMARY"]): (each.decoded("DTSTART"), each.decoded("DTEND")) for each in events}
    assert days["pdp-buy-now: test"] == (date(2023, 1, 23), date(2023, 2, 6)), "its last day is whole"
    assert days["pdp-buy-now: readout"] == (date(2023, 2, 6), date(2023, 2, 7))
    assert days["pdp-buy-now: holdout 10 %"] == (date(2023, 1, 23), date(2023, 5, 11))
    kinds = set(re.findall(rb"(?m)^CATEGORIES:(\w+)", raw))
    assert kinds >= {b"test", b"look", b"ramp", b"holdout", b"freeze"}


@pytest.mark.parametrize(
    "text", [HOSTILE, "検索" * 60, "é" * 80, "a\nb", "x" * 74 + "é", "", "\r\nEND:VCALENDAR", "🙂" * 40]
)
def test_any_text_comes_back_as_it_was(text: str) -> None:
    lines = [*_folded(f"SUMMARY:{_text(text)}")]
    assert all(len(line.encode()) <= 75 for line in lines)
    event = Event.from_ical("BEGIN:VEVENT\r\n" + "".join(f"{each}\r\n" for each in lines) + "END:VEVENT\r\n")
    assert isinstance(event, Event)
    assert str(event["SUMMARY"]) == "\n".join(" ".join(line.split()) for line in text.split("\n"))


def test_pages_of_plans_that_were_removed_are_taken_back_and_nothing_else(repository: Path) -> None:
    written(repository)
    (repository / "site" / "experiments" / "notes.html").write_text("mine")
    (repository / "site" / "CNAME").write_text("plans.example")
    removed = repository / "experiments" / "ranking-model.yaml"
    removed.unlink()
    written(repository)
    found = files(repository)
    assert "experiments/ranking-model.html" not in found
    assert (found["experiments/notes.html"], found["CNAME"]) == (b"mine", b"plans.example")


def test_a_page_that_somebody_changed_is_not_taken_back(repository: Path) -> None:
    written(repository)
    (repository / "site" / "experiments" / "ranking-model.html").write_text("mine now")
    (repository / "experiments" / "ranking-model.yaml").unlink()
    written(repository)
    assert files(repository)["experiments/ranking-model.html"] == b"mine now"


@pytest.mark.parametrize("name", ["index.html", "calendar.ics", "experiments/pdp-buy-now.html"])
def test_a_file_of_somebody_else_is_not_overwritten(repository: Path, name: str) -> None:
    file = repository / "site" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    told = written(repository)
    assert told.status == 2
    assert "egp did not write it" in told.err
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "listed",
    ['{"../../plan.yaml": "x"}', '{"/etc/passwd": "x"}', "[]", "{", '{"experiments/../x.html": "x"}'],
)
def test_a_list_that_names_what_is_no_page_is_refused(repository: Path, listed: str) -> None:
    written(repository)
    (repository / "site" / "egp-site.json").write_text(listed)
    told = written(repository)
    assert (told.status, "egp-site.json" in told.err) == (2, True)


def test_no_link_leads_out_of_the_folder(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / "site").mkdir()
    (repository / "site" / "experiments").symlink_to(outside)
    told = written(repository)
    assert told.status == 2
    assert list(outside.iterdir()) == []


def test_no_file_that_is_a_link_is_written_through(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "index.html"
    outside.write_text("theirs")
    (repository / "site").mkdir()
    (repository / "site" / "index.html").symlink_to(outside)
    assert written(repository).status == 2
    assert outside.read_text() == "theirs"


def test_ids_that_are_no_names_of_files_have_pages_of_their_own(repository: Path) -> None:
    plan = (repository / BUY_NOW).read_text(encoding="utf-8")
    for number, name in enumerate(["../../escape", "PDP-Buy-Now", "pdp buy now", "検索", "x" * 300]):
        (repository / "experiments" / f"odd-{number}.yaml").write_text(
            re.sub(r"(?m)^id: .*$", f"id: {json.dumps(name, ensure_ascii=False)}", plan, count=1),
            encoding="utf-8",
        )
    written(repository)
    found = [name for name in files(repository) if name.startswith("experiments/")]
    assert (
        len(found)
        == len({name.lower() for name in found})
        == len(list((repository / "experiments").glob("*.yaml")))
    )
    assert all(re.fullmatch(r"experiments/[a-z0-9-]+\.html", name) for name in found)


def test_nothing_that_a_plan_says_is_markup(repository: Path) -> None:
    replaced(repository / BUY_NOW, "id: pdp-buy-now", f"id: pdp-buy-now\ntitle: {json.dumps(HOSTILE)}")
    written(repository)
    page = files(repository)["experiments/pdp-buy-now.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("as_of", "colour", "status"),
    [(DAY, "red", 1), (DAY, "yellow", 1), ("2023-01-28", "red", 0), ("2022-12-01", "yellow", 0)],
)
def test_a_colour_can_fail_a_pipeline(repository: Path, as_of: str, colour: str, status: int) -> None:
    assert ask(repository, as_of, "--fail-on", colour).status == status


def test_axe_finds_nothing(repository: Path, chromium: Browser) -> None:
    """Of every page of the site, at both widths, one of them dark."""
    written(repository)
    looks: tuple[tuple[int, Scheme], ...] = ((390, "dark"), (1280, "light"))
    for name in (each for each in files(repository) if each.endswith(".html")):
        for width, scheme in looks:
            chromium.open(repository / "site" / name, width=width, scheme=scheme)
            found = chromium.axe()
            assert not found, (name, width, scheme, json.dumps(found, indent=1))
            wide = chromium.run("return document.documentElement.scrollWidth - window.innerWidth;")
            assert wide <= 0, (name, width)


def test_a_holdout_ends_on_the_day_that_the_plan_says(repository: Path) -> None:
    written(repository)
    page = files(repository)["experiments/pdp-buy-now.html"].decode()
    assert str(date(2023, 5, 11) - timedelta(days=1)) in page
