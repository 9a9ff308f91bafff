"""The status as a page: what needs somebody first, then the others, then what they take and risk together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from egp.output.page.charts import exposure_by_layer
from egp.output.page.model import Block, Figure, Light, Page, Paragraph, Points, Section, Table, Tone
from egp.pages.emergencies import TITLE
from egp.pages.status.answers import WORST_FIRST, Colour
from egp.pages.status.naming import name_of
from egp.pages.status.portfolio import EXPIRING
from egp.plan.quantity import shown
from egp.plan.wording import after_one_in, counted, length, listing, one_in, percent, significant

if TYPE_CHECKING:
    from egp.output.page.charts import LayerPeriod
    from egp.pages.status.portfolio import FalseWins, Governed, Status
    from egp.pages.status.standing import Standing, UnitProgress
    from egp.plan.finding import Failure

TONE: dict[Colour, Tone] = {"green": "good", "yellow": "caution", "red": "bad"}

_RARE = 0.2
"""Expected wins below which they are nearly the chance of one."""

_NAMED = 5
"""Flags without a plan that are named."""

_TOLD = 2
"""Reasons of an experiment in the table; the gate tells all of them."""


def page(status: Status) -> Page:
    """The page. Nothing on it tells of a metric that is withheld."""
    return Page(
        f"Experiments on {status.day}",
        _verdict(status),
        _worst(status.standings),
        [*_sections(status)],
        [
            ("policy", status.policy.title),
            ("as of", str(status.as_of)),
            ("results", status.results or "none"),
        ],
    )


def _verdict(status: Status) -> str:
    running = status.of("running")
    others = [f"{len(found)} {phase}" for phase in ("planned", "over") if (found := status.of(phase))]
    said = f"{counted(len(running), 'experiment')} running" if running else "No experiment runs"
    colours = [
        f"{count} {colour}"
        for colour in WORST_FIRST
        if (count := sum(each.colour == colour for each in running))
    ]
    if len(running) == 1:
        colours = [str(each.colour) for each in running]
    parts = [f"{said}: {listing(colours)}" if colours else said, *others]
    return "; ".join(parts) + "." + ("" if status.is_complete else " Not everything could be judged.")


def _worst(standings: Iterable[Standing]) -> Tone:
    colours = {each.colour for each in standings if each.phase == "running"}
    return next((TONE[colour] for colour in WORST_FIRST if colour in colours), "neutral")


def _sections(status: Status) -> Iterator[Section]:
    if todo := _todo(status.standings):
        yield Section("What needs somebody", [Points(todo)])
    if status.raised:
        said = [f"{shown(name)}: {each.sentence(status.day)}" for name, each in status.raised]
        is_history = all(each.is_settled for _, each in status.raised)
        yield Section(TITLE, [Points(said)], "neutral" if is_history else "caution", folded=is_history)
    if running := status.of("running"):
        yield Section("Running", [_running(running)])
    if planned := status.of("planned"):
        yield Section("Planned", [_planned(planned)])
    if status.expiring:
        yield Section("Waivers that are about to expire", [_waivers(status)], "caution")
    if status.layers:
        yield Section("Traffic", [_traffic(status.layers)])
    if status.false_wins:
        yield Section("False wins to expect", [_risk(status.false_wins)])
    if status.governed and status.governed.rolled_out:
        yield Section("Rolled out by chance", [_governed(status.governed)])
    if over := status.of("over"):
        yield Section("Over", [_over(over)], folded=True)
    if status.failures:
        yield Section("What could not be read", [Points([*map(_failure, status.failures)])], "bad")


def _governed(governed: Governed) -> Paragraph:
    """Which share of what is rolled out a plan stands behind."""
    flags = counted(governed.rolled_out, "flag")
    share = percent(governed.planned / governed.rolled_out)
    without = list(map(shown, governed.unplanned[:_NAMED]))
    more = len(governed.unplanned) - len(without)
    others = listing([*without, *([f"{more} more"] if more else [])])
    rest = f" Without a plan: {others}." if without else ""
    tone: Tone = "caution" if without else "good"
    return Paragraph(
        f"{flags} divide units by chance; a plan stands behind {governed.planned} ({share}).{rest}", tone
    )


def _todo(standings: Iterable[Standing]) -> list[str]:
    return [
        f"{name_of(each)} ({each.colour}): {'; '.join(each.steps)}"
        for each in standings
        if each.colour in ("red", "yellow") and each.steps
    ]


def _running(standings: Iterable[Standing]) -> Table:
    return Table(
        ("experiment", "light", "why", "progress", "next decision"),
        [(name_of(each), _light(each), why(each), progress(each), _next(each)) for each in standings],
        caption="The light is the gate's: red rolls back, yellow holds, green goes on as planned.",
    )


def _light(each: Standing) -> Light:
    return Light(TONE[each.colour], each.colour) if each.colour else Light("neutral", "over")


def why(each: Standing) -> str:
    """Its reasons, and what was decided."""
    said = [*each.reasons[:_TOLD]]
    if len(each.reasons) > _TOLD:
        said.append(f"and {len(each.reasons) - _TOLD} more")
    decided = each.decided
    if decided and decided.on:
        said.append(f"decided on {decided.on}: {shown(decided.means or decided.option)}")
        if decided.overruled is not None:
            by = decided.overruled
            said.append(f"overruled by {shown(by.by or by.role)}: {shown(by.because)}")
    return "; ".join(said)


def progress(each: Standing) -> str:
    """How far it has come, in days, in its sample and in its ramp."""
    where = "" if each.stage in ("", "test") else f"now {each.stage}"
    sample = f"{percent(each.units.done / each.units.of, 0)} of the sample" if each.units else ""
    return ", ".join(part for part in (_days(each.days), sample, where) if part)


def _days(days: UnitProgress | None) -> str:
    return f"{days.done} of {counted(days.of, 'day')}" if days else ""


def _next(each: Standing) -> str:
    if each.next is None:
        return ""
    return f"{each.next.what}, {each.next.on}" if each.next.on else each.next.what


def _planned(standings: Iterable[Standing]) -> Table:
    return Table(
        ("experiment", "light", "why", "starts", "days"),
        [
            (
                name_of(each),
                _light(each),
                why(each),
                str(each.next.on) if each.next else "",
                str(each.days.of) if each.days else "",
            )
            for each in standings
        ],
        caption="Green: registered, and the check passes.",
        numeric=frozenset({4}),
    )


def _over(standings: Iterable[Standing]) -> Table:
    return Table(("experiment", "was"), [(name_of(each), why(each)) for each in standings])


def _waivers(status: Status) -> Table:
    return Table(
        ("experiment", "rule", "last day", "approved by"),
        [
            (
                shown(each.experiment),
                shown(each.grant.waiver.rule),
                str(each.grant.waiver.expires),
                shown(each.grant.waiver.approver),
            )
            for each in status.expiring
        ],
        caption=f"Within {length(EXPIRING)}. After its last day the rule rejects the plan again.",
    )


def _traffic(periods: tuple[LayerPeriod, ...]) -> Figure:
    crowded = [_period(each) for each in periods if each.exposure > 1 + 1e-9]
    highest = max(periods, key=lambda each: each.exposure)
    says = (
        f"More than all of the traffic is promised in {listing(crowded)}."
        if crowded
        else f"At most {percent(highest.exposure)} of a layer is taken: {_period(highest)}."
    )
    numbers = Table(
        ("layer", "from", "to", "in experiments"),
        [(shown(each.layer), str(each.start), str(each.end), percent(each.exposure)) for each in periods],
        numeric=frozenset({3}),
    )
    return Figure("Share of each layer in experiments", exposure_by_layer(periods), says, numbers)


def _period(period: LayerPeriod) -> str:
    return f"{shown(period.layer)} from {period.start} to {period.end}"


def _risk(wins: FalseWins) -> Block:
    tests = counted(wins.tests, "test starts", "tests start")
    chance = f"{significant(wins.expected, 2)} false {'win' if wins.expected == 1 else 'wins'}"
    if wins.expected < _RARE:
        has = after_one_in(wins.expected, "has", "have")
        chance += f" ({one_in(wins.expected)} such portfolios {has} one)"
    allowed = (
        f"; the policy allows {significant(wins.allowed, 3)} in {counted(wins.days, 'day')}"
        if wins.allowed is not None
        else ""
    )
    when = f"on {wins.first}" if wins.first == wins.last else f"between {wins.first} and {wins.last}"
    they = "it" if wins.tests == 1 else "they"
    text = f"{tests} {when}. If no change had an effect, {they} would still declare {chance}{allowed}."
    over = wins.allowed is not None and wins.expected > wins.allowed
    return Paragraph(text, "caution" if over else "neutral")


def _failure(failure: Failure) -> str:
    where = f"{failure.path}: " if failure.path else ""
    return f"{where}{failure.message}" + (f" ({failure.help})" if failure.help else "")
