"""The pages of the site. The index is the status with links; a page of an experiment says where it stands and what is when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from egp.output.page.charts import ScheduleBar, schedule
from egp.output.page.model import Block, Command, Facts, Figure, Link, Page, Points, Section, Table
from egp.output.page.text import plain
from egp.pages.emergencies import emergency_sections
from egp.pages.site.periods import Period, freezes, periods_of
from egp.pages.status.naming import name_of
from egp.pages.status.page import TONE, page, progress, why
from egp.plan.quantity import shown
from egp.plan.wording import listing

if TYPE_CHECKING:
    from datetime import date

    from egp.pages.status.portfolio import Status
    from egp.pages.status.standing import Standing

FOLDER = "experiments"


def index(status: Status, names: Sequence[str]) -> Page:
    """The status, where every experiment's name leads to its page, and below it what is when."""
    links = {
        name_of(each): f"{FOLDER}/{name}.html" for each, name in zip(status.standings, names, strict=True)
    }
    told = page(status)
    sections = [_linked(section, links) for section in told.sections]
    if found := _timeline(status):
        sections.insert(_before_folded(sections), Section("What is when", [found, _calendar()]))
    return Page(told.title, told.verdict, told.tone, sections, told.provenance)


def _linked(section: Section, links: dict[str, str]) -> Section:
    blocks = [_table_linked(each, links) if isinstance(each, Table) else each for each in section.blocks]
    return Section(section.title, blocks, section.tone, section.folded, section.paper)


def _table_linked(table: Table, links: dict[str, str]) -> Table:
    rows = [
        (Link(first, links[first]), *rest) if isinstance(first, str) and first in links else (first, *rest)
        for first, *rest in table.rows
    ]
    return Table(table.head, rows, table.caption, table.numeric, table.marked, table.not_at_terminals)


def _before_folded(sections: Sequence[Section]) -> int:
    return next((at for at, each in enumerate(sections) if each.folded), len(sections))


def _calendar() -> Table:
    return Table(("", ""), [(Link("calendar.ics", "calendar.ics"), "the same for a calendar")])


def _timeline(status: Status) -> Figure | None:
    """Canaries, tests, ramps and holdouts by layer, and the freezes of the policy."""
    bars = [
        ScheduleBar(shown(each.name), "freeze", each.first, each.last, 1.0, "freeze")
        for each in freezes(status.policy)
        if each.last >= _first_day(status)
    ]
    rows = [(shown(each.name), "policy", each) for each in freezes(status.policy)]
    for layer, standing in sorted(
        ((shown(each.known.plan.layer or ""), each) for each in status.standings if each.phase != "over"),
        key=lambda pair: (pair[0], name_of(pair[1])),
    ):
        there = [each for each in periods_of(standing.known.plan) if each.kind != "look"]
        last = [f"until {max(each.last for each in there)}"] if there else []
        note = ", ".join([*([f"layer {layer}"] if layer else []), *(each.name for each in there), *last])
        bars += [
            ScheduleBar(name_of(standing), note, each.first, each.last, each.share, each.kind)
            for each in there
        ]
        rows += [(name_of(standing), layer, each) for each in there]
    if not bars:
        return None
    numbers = Table(
        ("experiment", "layer", "what", "from", "to"),
        [(name, layer, each.name, str(each.first), str(each.last)) for name, layer, each in rows],
    )
    says = (
        "By layer, in order of time: canary and test (blue), stages of the ramp (green), the holdout as the thin line through them; "
        "and the days on which no traffic is raised (orange)."
    )
    return Figure("Tests, ramps, holdouts and freezes", schedule(bars), says, numbers)


def _first_day(status: Status) -> date:
    running = [
        each
        for standing in status.standings
        if standing.phase != "over"
        for each in periods_of(standing.known.plan)
    ]
    return min([status.day, *(each.first for each in running)])


def experiment(status: Status, each: Standing) -> Page:
    """One experiment's page. Nothing on it tells of a metric that is withheld."""
    where = "over" if each.colour is None else f"{each.phase}, {each.colour}"
    return Page(
        name_of(each),
        f"{where}: {why(each) or 'nothing keeps it from going on'}.",
        TONE[each.colour] if each.colour else "neutral",
        [*_sections(status, each)],
        [("policy", status.policy.title), ("as of", str(status.as_of)), ("plan", each.known.source.shown)],
    )


def _sections(status: Status, each: Standing) -> Iterator[Section]:
    plan = each.known.plan
    if each.steps:
        yield Section("What to do", [Points(each.steps)])
    raised = tuple(emergency for name, emergency in status.raised if name == plan.name)
    yield from emergency_sections(raised, status.day)
    if facts := [*_facts(each)]:
        yield Section("Where it stands", [Facts(facts)])
    if periods := periods_of(plan):
        yield Section("What is when", [_days(periods)])
    registration = each.known.registration
    if registration and registration.decisions:
        said = [
            f"{decided.on}: {plain(decided.means or decided.option or '')}"
            for decided in registration.decisions
        ]
        yield Section("Decided", [Points(said)])
    yield Section("More", [*_more(each)])


def _facts(each: Standing) -> Iterator[tuple[str, str]]:
    plan, registration = each.known.plan, each.known.registration
    if plan.title:
        yield "what", plain(plan.title)
    if plan.hypothesis:
        yield "hypothesis", plain(plan.hypothesis)
    if plan.owner:
        people = [person for person in (plan.owner.team, plan.owner.dri) if person]
        if people:
            yield "owner", listing(map(shown, people))
    if plan.layer:
        yield "layer", shown(plan.layer)
    if said := progress(each):
        yield "progress", said
    if each.next:
        yield "next", f"{each.next.what}, {each.next.on}" if each.next.on else each.next.what
    yield "registered", str(registration.registered) if registration else "not yet"


def _days(periods: Sequence[Period]) -> Table:
    return Table(("what", "from", "to"), [(each.name, str(each.first), str(each.last)) for each in periods])


def _more(each: Standing) -> Iterator[Block]:
    source = quote(plain(each.known.source.shown))
    yield Command(f"egp brief {source} --results FILE\negp explain {source}\negp history {source}")
